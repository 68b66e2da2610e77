//! What the classes of some files add to the two towers, where the file names such a class.

use serde_json::Value;

use crate::Result;
use crate::model::json::Keys;
use crate::model::limits::{self, Dimension};
use crate::model::networks::clipseg::{self, Decoder, Upsampling};
use crate::model::networks::owlvit;
use crate::model::spec::*;

/// The part after the towers of the class that the file was saved from, if it has one.
pub fn of_class(class: Option<&str>, keys: Keys, image: &Vit, text: &TextTower) -> Result<Option<Network>> {
    match class {
        Some("CLIPSegForImageSegmentation") => clipseg(keys, image).map(Some),
        Some("OwlViTForObjectDetection") => Ok(Some(owlvit::heads(image, text.width(), false))),
        Some("Owlv2ForObjectDetection") => Ok(Some(owlvit::heads(image, text.width(), true))),
        _ => Ok(None),
    }
}

fn clipseg(keys: Keys, image: &Vit) -> Result<Network> {
    let layers = extracted(keys, image)?;
    let conditional = keys.get("conditional_layer").map_or(Some(0), Value::as_u64);
    if conditional.is_none_or(|layer| layer >= layers) {
        return Err(keys
            .bad("conditional_layer", format!("none of the decoder's {layers} layers"))
            .remedy(format!("give a number from 0 to {}", layers - 1)));
    }
    let width = keys.dimension("reduce_dim", 64, Dimension::Width)?;
    let heads = keys.dimension("decoder_num_attention_heads", 4, Dimension::Heads)?;
    limits::heads_divide(&keys, ("reduce_dim", width), ("decoder_num_attention_heads", heads))?;
    let mlp_width = keys.dimension("decoder_intermediate_size", 2048, Dimension::MlpWidth)?;
    let upsampling = match keys.flag("use_complex_transposed_convolution", false)? {
        true if image.patch.height < 4 || width < 2 => {
            return Err(keys
                .bad("use_complex_transposed_convolution", "it needs patches of 4 pixels and a reduce_dim of 2")
                .remedy("give false, or a larger patch_size and reduce_dim"));
        }
        true => Upsampling::Twice,
        false => Upsampling::Once,
    };
    let encoder = Encoder {
        // Whatever decoder_hidden_act says.
        activation: Activation::Relu,
        norm: NormPlacement::AfterResidual,
        ..Encoder::plain(width, layers, heads, mlp_width)
    };
    let embed_dim = keys.dimension("projection_dim", 512, Dimension::Width)?;
    Ok(clipseg::decoder(&Decoder { encoder, embed_dim, upsampling }, image))
}

/// How many of the image tower's layers the decoder looks at.
fn extracted(keys: Keys, image: &Vit) -> Result<u64> {
    let Some(written) = keys.get("extract_layers") else {
        return Ok(3);
    };
    let layers = image.encoder.layers;
    let known = |layer: &Value| layer.as_u64().is_some_and(|layer| layer < layers);
    match written.as_array() {
        Some(list) if !list.is_empty() && list.iter().all(known) => Ok(list.len() as u64),
        _ => Err(keys
            .bad("extract_layers", format!("{written} is no list of the image tower's {layers} layers"))
            .remedy(format!("give a list of numbers from 0 to {}", layers - 1))),
    }
}
