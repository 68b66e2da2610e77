//! A model from its bytes, of which the end may be missing.

use prost::Message;
use prost::bytes::{Buf, Bytes};
use prost::encoding::{self, WireType};

use super::proto::Model;

/// The model, and what of it could not be read. None where the bytes are no model.
pub fn decode(bytes: Vec<u8>) -> Option<(Model, Option<String>)> {
    let bytes = Bytes::from(bytes);
    let missing = missing(bytes.clone())?;
    let mut model = Model::default();
    let lost = match missing {
        0 => model.merge(bytes).err().map(|e| format!("the model is damaged: {e}; what follows was not read")),
        _ => {
            // Zeros are no field, so that merging ends where the file does and keeps what it has read.
            let ended = model.merge(bytes.chain(Zeros(missing))).is_err();
            debug_assert!(ended);
            Some(format!(
                "the model is cut off: {missing} bytes are missing; nodes, weights or inputs after that were not read"
            ))
        }
    };
    model.graph.is_some().then_some((model, lost))
}

/// How many bytes the outermost fields lack. None where they are no fields.
fn missing(mut bytes: Bytes) -> Option<usize> {
    while bytes.has_remaining() {
        let (_, wire_type) = encoding::decode_key(&mut bytes).ok()?;
        let length = match wire_type {
            WireType::Varint => encoding::decode_varint(&mut bytes).map(|_| 0).ok()?,
            WireType::SixtyFourBit => 8,
            WireType::ThirtyTwoBit => 4,
            WireType::LengthDelimited => usize::try_from(encoding::decode_varint(&mut bytes).ok()?).ok()?,
            WireType::StartGroup | WireType::EndGroup => return None,
        };
        if length > bytes.remaining() {
            return Some(length - bytes.remaining());
        }
        bytes.advance(length);
    }
    Some(0)
}

/// So many bytes of zero.
struct Zeros(usize);

impl Buf for Zeros {
    fn remaining(&self) -> usize {
        self.0
    }

    fn chunk(&self) -> &[u8] {
        static ZEROS: [u8; 4096] = [0; 4096];
        &ZEROS[..self.0.min(ZEROS.len())]
    }

    fn advance(&mut self, count: usize) {
        self.0 -= count;
    }
}
