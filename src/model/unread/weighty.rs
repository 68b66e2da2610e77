//! Keys that change FLOPs or parameters and that no dialect counts yet: they are refused.

use serde_json::Value;

/// What a key that nothing read is known to change, if it is on, and known.
pub fn changes(dialect: &str, path: &str, value: &Value) -> Option<&'static str> {
    if matches!(value, Value::Null | Value::Bool(false)) || value.as_f64() == Some(0.0) {
        return None;
    }
    let key = path.rsplit('.').next().unwrap_or(path);
    if path.contains("timm_model_kwargs.") {
        return Some("an argument of the timm tower that is not supported here");
    }
    if let Value::Object(section) = value
        && section.keys().any(|key| DIMENSIONS.contains(&key.as_str()))
    {
        return Some("the section describes a part of the model that is not supported yet");
    }
    if let Value::Array(list) = value
        && list.is_empty()
    {
        return None;
    }
    if matches!(value, Value::Object(section) if section.is_empty()) {
        return None;
    }
    if let Some((_, what)) = KNOWN.iter().find(|(known, _)| known.contains(&key)) {
        return Some(what);
    }
    // open_clip's sections have few keys: what other dialects call a dimension is none of a tower
    // of its own.
    let strict = ["open_clip", "eva_clip", "timm"].contains(&dialect);
    (strict && DIMENSIONS.contains(&key)).then_some("a dimension by its name, and none that this kind of tower has")
}

/// Names of dimensions, in any dialect.
#[rustfmt::skip]
const DIMENSIONS: &[&str] = &[
    "width", "layers", "heads", "depth", "depths", "dim", "dims", "embed_dim", "embed_dims", "hidden_size", "hidden_sizes",
    "num_hidden_layers", "num_layers", "n_layers", "n_layer", "num_attention_heads", "num_heads", "n_heads", "n_head",
    "intermediate_size", "mlp_ratio", "mlp_width", "mlp_dim", "d_model", "d_ff", "ffn_dim", "patch_size", "image_size",
    "img_size", "vocab_size", "context_length", "max_position_embeddings", "head_width", "head_dim", "in_chans",
    "num_channels", "in_channels", "channels", "num_experts", "num_registers", "reg_tokens", "num_register_tokens",
];

#[rustfmt::skip]
const KNOWN: &[(&[&str], &str)] = &[
    (&["cross_attn_ratio", "does_full_decoding", "has_mlp", "add_cross_attention"],
     "cross-attention in the text tower, as MaMMUT's, is not supported yet"),
    (&["fusion_layers", "bert_model_name", "bert_model_path"], "PMC-CLIP's BERT and fusion layers are not supported yet"),
    (&["genlip_cfg", "image_tokenizer_cfg", "text_decoder_cfg", "image_decoder_cfg", "audio_cfg", "decoder_cfg", "qformer_config",
       "audio_config", "prompt_cfg", "multimodal_config"],
     "the section describes a part of the model that is not supported yet"),
    (&["use_embedding"], "a tower that takes embeddings and has no table of words is not supported yet"),
    (&["input_patchnorm", "dual_patchnorm", "ln_pre", "use_ln_pre", "patch_norm", "pre_norm"], "norms that the tower does not have otherwise are not supported yet"),
    (&["image_seq_len", "max_seq_len", "timm_model_kwargs"], "it sets the tower's tokens or dimensions, and this kind of tower does not take it"),
    (&["num_experts", "moe_layers", "moe_experts", "num_moe_layers", "moe_freq", "num_local_experts", "n_experts", "moe"],
     "mixtures of experts are not supported yet"),
    (&["num_frames", "temporal_layers", "n_frames", "mit_hidden_size", "temporal_depth"], "towers over several frames are not supported yet"),
    (&["adapter_dim", "lora_rank", "lora_r", "adapter_layers", "n_ctx", "num_prompts", "prompt_length", "prompt_depth"],
     "adapters and learnt prompts are not supported yet"),
    (&["elementwise_affine"], "norms without learnt numbers are not supported here"),
    (&["pruned_heads"], "heads that were pruned are not supported yet"),
    (&["rope", "use_rope", "use_2d_rope"], "rotary positions are not supported in this tower yet"),
    (&["token_merge_r", "tome_r", "token_reduction", "pixel_shuffle", "drop_vision_last_layer_count"],
     "tokens that are merged or dropped on the way are not supported yet"),
    (&["use_shared_transformer", "share_layers", "num_hidden_groups"], "towers that share layers are not supported yet"),
];
