//! open_clip's tensor names as HuggingFace has them.

/// The tensors whose rows, one after another, make up `name`; None where HuggingFace has no such
/// tensor.
pub fn huggingface(name: &str) -> Option<Vec<String>> {
    for (ours, theirs) in [("visual.transformer.resblocks.", "vision_model"), ("transformer.resblocks.", "text_model")]
    {
        if let Some(rest) = name.strip_prefix(ours) {
            let (layer, part) = rest.split_once('.')?;
            return block(&format!("{theirs}.encoder.layers.{layer}"), part);
        }
    }
    let (stem, end) = match name.rsplit_once('.') {
        Some((stem, end @ ("weight" | "bias"))) => (stem, end),
        _ => (name, "weight"),
    };
    let stem = match stem {
        "visual.class_embedding" => return Some(vec!["vision_model.embeddings.class_embedding".into()]),
        "visual.conv1" => "vision_model.embeddings.patch_embedding",
        "visual.positional_embedding" => "vision_model.embeddings.position_embedding",
        // HuggingFace's own spelling.
        "visual.ln_pre" => "vision_model.pre_layrnorm",
        "visual.ln_post" => "vision_model.post_layernorm",
        "visual.proj" => "visual_projection",
        "token_embedding" => "text_model.embeddings.token_embedding",
        "positional_embedding" => "text_model.embeddings.position_embedding",
        "ln_final" => "text_model.final_layer_norm",
        "text_projection" => "text_projection",
        _ => return None,
    };
    Some(vec![format!("{stem}.{end}")])
}

fn block(prefix: &str, part: &str) -> Option<Vec<String>> {
    if let Some(end) = part.strip_prefix("attn.in_proj_") {
        return Some(["q", "k", "v"].map(|which| format!("{prefix}.self_attn.{which}_proj.{end}")).into());
    }
    let (stem, end) = part.rsplit_once('.')?;
    let stem = match stem {
        "attn.out_proj" => "self_attn.out_proj",
        "ln_1" => "layer_norm1",
        "ln_2" => "layer_norm2",
        "mlp.c_fc" => "mlp.fc1",
        "mlp.c_proj" => "mlp.fc2",
        _ => return None,
    };
    Some(vec![format!("{prefix}.{stem}.{end}")])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_both_dialects() {
        let theirs = |name| huggingface(name).unwrap().join(" ");
        assert_eq!(theirs("visual.proj"), "visual_projection.weight");
        assert_eq!(theirs("visual.conv1.weight"), "vision_model.embeddings.patch_embedding.weight");
        assert_eq!(theirs("transformer.resblocks.3.ln_2.bias"), "text_model.encoder.layers.3.layer_norm2.bias");
        assert_eq!(
            theirs("visual.transformer.resblocks.11.attn.in_proj_bias"),
            "vision_model.encoder.layers.11.self_attn.q_proj.bias \
             vision_model.encoder.layers.11.self_attn.k_proj.bias \
             vision_model.encoder.layers.11.self_attn.v_proj.bias"
        );
        assert_eq!(huggingface("visual.transformer.resblocks.0.ls_1.gamma"), None);
    }
}
