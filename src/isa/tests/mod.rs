mod coverage;
mod derived;
mod encodings;
mod masks;
mod tiles;

use iced_x86::{Code, Decoder, DecoderOptions, Instruction};

use super::{Class, classify};

/// The bytes as one whole 64-bit instruction.
fn decode(bytes: &[u8]) -> Instruction {
    let instruction = Decoder::new(64, bytes, DecoderOptions::NONE).decode();
    assert!(!instruction.is_invalid(), "{bytes:02x?} does not decode");
    assert_eq!(instruction.len(), bytes.len(), "{bytes:02x?} is not one instruction");
    instruction
}

fn decode_hex(hex: &str) -> Instruction {
    let bytes: Vec<u8> = hex.split(' ').map(|byte| u8::from_str_radix(byte, 16).unwrap()).collect();
    decode(&bytes)
}

/// An instruction of this code, without operands.
fn class(code: Code) -> Option<Class> {
    let mut instruction = Instruction::default();
    instruction.set_code(code);
    classify(&instruction).map(|classified| classified.class)
}
