//! CLIPSeg's decoder: a narrow transformer over the tokens of several of the image tower's layers,
//! conditioned on a text, whose patches become pixels again.

use super::layers::Conv;
use crate::model::listing::Listing;
use crate::model::spec::{Encoder, Network, Vit};
use crate::model::terms::{Role, Tower};
use crate::model::towers::{Sequence, blocks};

pub struct Decoder {
    /// A block for each layer that is looked at.
    pub encoder: Encoder,
    /// Width of the text's embedding.
    pub embed_dim: u64,
    pub upsampling: Upsampling,
}

/// How each patch becomes its pixels.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Upsampling {
    /// By one transposed convolution.
    Once,
    /// By a convolution, then two transposed ones of a quarter of the patch each.
    Twice,
}

pub fn decoder(decoder: &Decoder, image: &Vit) -> Network {
    let mut list = Listing::new(Tower::Multimodal);
    let Encoder { width, layers, .. } = decoder.encoder;
    let tokens = image.tokens();
    list.product_at("reduce", Role::Linear, (tokens, width, image.encoder.width), layers);
    list.elements_at("reduce.bias", Role::LinearBias, (tokens, width), layers);
    if layers > 1 {
        list.elements_at("reduce.sum", Role::Residual, (tokens, width), layers - 1);
    }
    // One block's input is multiplied by a map of the text's embedding, and another added.
    list.product_at("condition", Role::Linear, (1, width, decoder.embed_dim), 2);
    list.elements_at("condition.bias", Role::LinearBias, (1, width), 2);
    list.elements_at("condition.scale", Role::MlpGate, (tokens, width), 1);
    list.elements_at("condition.shift", Role::Residual, (tokens, width), 1);
    blocks(&mut list, &decoder.encoder, Sequence::of(tokens));
    let (patches, side) = (image.patches(), image.patch.height);
    match decoder.upsampling {
        Upsampling::Once => transposed(&mut list, "upsample", (width, 1), side, patches),
        Upsampling::Twice => {
            let (half, side) = (width / 2, side / 4);
            Conv::dense(width, width, 3).biased(&mut list, "upsample.conv", image.grid(), 1);
            list.elements_at("upsample.conv.act", Role::Act, (patches, width), 1);
            transposed(&mut list, "upsample.first", (width, half), side, patches);
            list.elements_at("upsample.first.act", Role::Act, (patches * side * side, half), 1);
            transposed(&mut list, "upsample.second", (half, 1), side, patches * side * side);
        }
    }
    Network::new("CLIPSeg's decoder", list.into_terms())
}

/// Each position of the input becomes a square of positions of the output.
fn transposed(list: &mut Listing, path: &str, (inputs, outputs): (u64, u64), side: u64, positions: u64) {
    let square = side * side;
    list.product_at(path, Role::Conv, (positions, outputs * square, inputs), 1);
    list.elements_at(&format!("{path}.bias"), Role::ConvBias, (positions * square, outputs), 1);
}
