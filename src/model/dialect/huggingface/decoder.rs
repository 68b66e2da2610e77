//! What the classes of some files add to the two towers, where the file names such a class.

use serde_json::{Value, json};

use crate::Result;
use crate::model::json::{Keys, shown};
use crate::model::limits::{self, Dimension};
use crate::model::networks::clipseg::{self, Decoder, Upsampling};
use crate::model::networks::owlvit;
use crate::model::spec::*;

/// The part after the towers that a kind's class with heads has.
pub fn of_kind(kind: &str, keys: Keys, image: &Vit, text: &TextTower) -> Result<Network> {
    match kind {
        "clipseg" => clipseg(keys, image),
        _ => owlvit(keys, image, text, kind == "owlv2"),
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
    let written = keys.get("extract_layers").cloned().unwrap_or_else(|| json!([3, 6, 9]));
    let layers = image.encoder.layers;
    let known = |layer: &Value| layer.as_u64().is_some_and(|layer| layer < layers);
    match written.as_array() {
        Some(list) if !list.is_empty() && list.iter().all(known) => Ok(list.len() as u64),
        _ => Err(keys
            .bad("extract_layers", format!("{} is no list of the image tower's {layers} layers", shown(&written)))
            .remedy(format!("give a list of numbers from 0 to {}", layers - 1))),
    }
}

/// OWL-ViT compares patches, mapped to the text tower's width, with the text's embedding.
fn owlvit(keys: Keys, image: &Vit, text: &TextTower, objectness: bool) -> Result<Network> {
    let embed_dim = keys.dimension("projection_dim", 512, Dimension::Width)?;
    if text.width() != embed_dim {
        let width = text.width();
        return Err(keys
            .bad("projection_dim", format!("{embed_dim} differs from the text tower's hidden_size {width}"))
            .remedy("detection compares vectors of both widths: give the same number"));
    }
    Ok(owlvit::heads(image, embed_dim, objectness))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::model::parse;

    fn error(class: &str, model_type: &str, changed: (&str, Value)) -> String {
        let mut file = json!({
            "architectures": [class], "model_type": model_type,
            "vision_config": {"num_hidden_layers": 5}, "text_config": {}
        });
        file[changed.0] = changed.1;
        parse("config.json", &file.to_string()).unwrap_err().to_string()
    }

    #[test]
    fn decoders_that_do_not_fit_their_towers_are_refused() {
        let segmentation = |changed| error("CLIPSegForImageSegmentation", "clipseg", changed);
        // The library's default layers are 3, 6 and 9.
        let deep = segmentation(("reduce_dim", json!(64)));
        assert!(deep.contains("extract_layers: [3,6,9] is no list of the image tower's 5 layers"), "{deep}");
        let odd = error("OwlViTForObjectDetection", "owlvit", ("projection_dim", json!(100)));
        assert!(odd.contains("projection_dim: 100 differs from the text tower's hidden_size 512"), "{odd}");
        let none = segmentation(("extract_layers", json!([])));
        assert!(none.contains("extract_layers: [] is no list"), "{none}");
    }
}
