//! Keys that open_clip does not have: another program may count by them, so they are said.

use crate::model::json::Keys;

#[rustfmt::skip]
const IMAGE: [&str; 44] = [
    "layers", "width", "head_width", "mlp_ratio", "patch_size", "image_size", "ls_init_value", "patch_dropout",
    "attentional_pool", "attn_pooler_queries", "attn_pooler_heads", "no_ln_pre", "pos_embed_type",
    "final_ln_after_pool", "pool_type", "output_tokens", "act_kwargs", "norm_kwargs", "block_type", "qk_norm",
    "scaled_cosine_attn", "scale_heads", "scale_attn_inner", "scale_attn", "scale_fc", "timm_model_name",
    "timm_model_pretrained", "timm_pool", "timm_proj", "timm_proj_bias", "timm_drop", "timm_drop_path",
    "timm_model_kwargs", "global_average_pool", "input_patchnorm", "image_seq_len", "heads", "image_mean",
    "image_std", "interpolation", "n_queries", "dual_patchnorm", "in_chans", "grad_checkpointing",
];

/// A sentence about them, if there are any.
pub fn note(vision: Keys) -> Option<String> {
    let unknown: Vec<&str> = vision.map()?.keys().map(String::as_str).filter(|key| !IMAGE.contains(key)).collect();
    let many = unknown.join(", ");
    (!unknown.is_empty())
        .then(|| format!("vision_cfg has keys that open_clip does not have and that are not looked at: {many}"))
}
