//! The one table of keys that may stay unread without a word: for each, why it cannot change
//! FLOPs or parameters.

/// Why nothing need be said of a key that was not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// It cannot change FLOPs or parameters of any model; nothing ever reads it.
    Never,
    /// Only whether it is there changes the model, or whether it is one of a few words.
    Value,
    /// Some other class of model reads it; in this one it says nothing.
    Elsewhere,
}

/// Keys with one reason.
#[derive(Debug, Clone, Copy)]
pub struct Entry {
    pub why: Why,
    /// The dialects that it holds for; all where there is none.
    pub dialects: &'static [&'static str],
    /// Ends of paths: a key, or sections and a key with dots between.
    pub keys: &'static [&'static str],
    pub reason: &'static str,
}

const fn never(keys: &'static [&'static str], reason: &'static str) -> Entry {
    Entry { why: Why::Never, dialects: &[], keys, reason }
}

const fn only(
    why: Why,
    dialects: &'static [&'static str],
    keys: &'static [&'static str],
    reason: &'static str,
) -> Entry {
    Entry { why, dialects, keys, reason }
}

const HUGGINGFACE: &[&str] = &["huggingface"];
const OPEN_CLIP: &[&str] = &["open_clip", "eva_clip"];

#[rustfmt::skip]
const TABLE: &[Entry] = &[
    never(&["_name_or_path", "_commit_hash", "name_or_path", "transformers_version", "diffusers_version", "_diffusers_version",
            "transformers.js_config", "auto_map", "ckpt_path", "license", "tags", "description", "comment", "_comment",
            "language", "library_name", "pipeline_tag", "revision", "citation", "url", "_use_default_values"],
        "it says where the file or its weights came from"),
    never(&["torch_dtype", "dtype", "use_bfloat16", "cast_dtype", "precision", "_attn_implementation",
            "_attn_implementation_internal", "_attn_implementation_autoset", "attn_implementation", "use_flash_attn",
            "use_flash_attention", "use_memory_efficient_attention", "use_xformers", "torchscript", "fusedLN", "xattn",
            "x_attention", "fused_layer_norm", "fused_rms_norm", "grad_checkpointing", "gradient_checkpointing",
            "use_gradient_checkpointing", "use_checkpoint", "fused_attn", "use_text_flash_attn", "use_vision_flash_attn",
            "tf_legacy_loss", "chunk_size_feed_forward", "device", "jit"],
        "it chooses the precision or the code that computes the same operations"),
    never(&["dropout", "attention_dropout", "hidden_dropout_prob", "attention_probs_dropout_prob", "hidden_dropout",
            "classifier_dropout", "activation_dropout", "layerdrop", "drop_path_rate", "drop_rate", "drop_path", "drop",
            "attn_drop_rate", "proj_drop_rate", "pos_drop_rate", "patch_drop_rate", "patch_dropout", "patch_drop",
            "timm_drop", "timm_drop_path", "emb_dropout", "resid_pdrop", "embd_pdrop", "attn_pdrop", "dropout_rate",
            "text_attention_probs_dropout_prob", "text_hidden_dropout_prob", "embed_dropout", "attn_dropout",
            "ffn_dropout", "dropout_prob", "drop_connect_rate", "projection_dropout", "attention_dropout_prob",
            "attentional_pool_dropout", "dropout_p", "classifier_dropout_prob", "mlp_drop", "summary_first_dropout"],
        "dropout happens in training only and does no counted work"),
    never(&["initializer_factor", "initializer_range", "text_initializer_range", "logit_scale_init_value",
            "logit_bias_init_value", "logit_scale", "init_logit_scale", "init_scale", "weight_init", "fix_init",
            "init_std", "hidden_size_std", "_fast_init", "pretrained", "timm_model_pretrained", "hf_model_pretrained",
            "load_pretrained", "pretrained_image", "pretrained_text", "clip_pretrained", "init_weights", "freeze",
            "frozen", "unlocked_layers", "freeze_output", "logit_scale_trainable", "temperature_init_value",
            "head_init_scale", "head_init_bias", "init_path", "layer_norm_bias_init"],
        "it says which numbers the weights start with or which of them are trained, not how many there are"),
    never(&["layer_norm_eps", "layer_norm_epsilon", "norm_eps", "rms_norm_eps", "batch_norm_eps", "batch_norm_momentum",
            "text_layer_norm_eps", "vision_layer_norm_eps", "bn_eps", "norm_epsilon", "eps"],
        "a small number that a norm adds"),
    never(&["eos_id", "bos_id", "pad_id", "sep_id", "cls_id", "unk_id", "bos_token_id", "eos_token_id", "pad_token_id", "sep_token_id",
            "cls_token_id", "mask_token_id", "unk_token_id", "decoder_start_token_id", "forced_bos_token_id",
            "forced_eos_token_id", "begin_suppress_tokens", "suppress_tokens", "image_token_id", "bos_token",
            "eos_token", "pad_token", "tokenizer", "tokenizer_class", "tokenizer_type", "tokenizer_name", "tokenizer_mode",
            "tokenizer_kwargs", "hf_tokenizer_name", "tiktoken_name", "variable_text", "text_tokenizer", "bpe_path", "sot_token_id",
            "clean", "strip_sep_token", "lowercase", "prefix", "tokenizer_path", "no_pad_token"],
        "it is about the tokenizer or names one token; the tower's vocabulary and length are other keys"),
    never(&["preprocess_cfg", "image_mean", "image_std", "mean", "std", "interpolation", "resize_mode", "crop_pct",
            "crop_mode", "fill_color", "rescale_factor", "processor_class", "image_processor_type",
            "feature_extractor_type", "do_resize", "do_normalize", "do_rescale", "do_center_crop", "do_convert_rgb"],
        "it is about how an image is prepared; the tower's image size is another key"),
    never(&["output_attentions", "output_hidden_states", "output_scores", "output_past", "output_tokens", "return_dict",
            "return_dict_in_generate", "use_return_dict", "use_cache", "return_loss", "remove_invalid_values", "output_dict",
            "return_features", "keys_to_ignore_at_inference"],
        "it chooses what the model hands out of what it computes anyway"),
    never(&["bad_words_ids", "diversity_penalty", "do_sample", "early_stopping", "encoder_no_repeat_ngram_size",
            "exponential_decay_length_penalty", "length_penalty", "max_length", "min_length", "no_repeat_ngram_size",
            "num_beam_groups", "num_beams", "num_return_sequences", "repetition_penalty", "temperature", "top_k", "top_p",
            "typical_p", "task_specific_params", "max_new_tokens", "renormalize_logits", "generation_config"],
        "it is about generating text, which a tower does not do"),
    never(&["problem_type", "finetuning_task", "label2id", "label_smoothing", "loss_type", "custom_loss"],
        "it names classes or the loss, not their number"),
    never(&["custom_text", "eva_model_name", "pos_embed_type", "intp_freq", "rope_theta", "rope_type",
            "rope_scaling", "rotary_base", "rope_temperature", "rope_rotate_half", "rope_normalize_coords", "rope_grid_indexing",
            "rope_grid_offset", "rope_mixed", "use_position_interpolation", "interpolation_keep_length",
            "interpolate_pos_encoding", "pos_embed_shift_coords", "pos_embed_jitter_coords", "pos_embed_rescale_coords",
            "rope_parameters"],
        "it is a name, or how fixed tables of positions are filled or resized: their size is another key"),
    only(Why::Never, HUGGINGFACE,
        &["pooler_fc_size", "pooler_num_attention_heads", "pooler_num_fc_layers", "pooler_size_per_head",
          "pooler_type", "directionality", "summary_type", "summary_use_proj", "summary_activation", "gradient_checkpointing_kwargs"],
        "keys of Google's BERT, which transformers' towers do not have"),
    only(Why::Never, HUGGINGFACE,
        &["apply_spec_augment", "mask_time_prob", "encoder_stride", "semantic_loss_ignore_index", "out_features", "out_indices",
          "stage_names", "reshape_hidden_states", "apply_layernorm", "use_auxiliary_head",
          "auxiliary_loss_weight", "auxiliary_channels", "auxiliary_num_convs", "auxiliary_concat_input",
          "pool_scales", "num_hidden_groups_of_decoder"],
        "keys of masked-image training, of backbones for detection and of segmentation heads"),
    only(Why::Never, HUGGINGFACE, &["tie_word_embeddings", "tie_encoder_decoder", "is_encoder_decoder"],
        "a tower has one table of words and no decoder"),
    only(Why::Elsewhere, HUGGINGFACE, &["is_decoder", "add_cross_attention", "cross_attention_hidden_size"],
        "of BERT's kind of tower, which reads it; CLIP's own has no such code"),
    only(Why::Never, OPEN_CLIP, &["multimodal_cfg.mlp_ratio", "multimodal_cfg.dim_head", "multimodal_cfg.n_queries",
                                  "multimodal_cfg.attn_pooler_heads", "multimodal_cfg.vocab_size"],
        "CoCa's decoder is built without it: the image section's queries and the text section's words decide"),
    only(Why::Never, OPEN_CLIP, &["tokenizer_cfg", "hf_tokenizer_cfg"], "a section about the tokenizer"),
    only(Why::Never, &["eva_clip", "jina_clip"], &["pt_hw_seq_len"], "the grid of rotary positions in pre-training"),
    only(Why::Value, &[], &["init_logit_bias", "ls_init_value", "init_values", "layer_scale_init_value", "layerscale_value",
                            "layer_scale_init"],
        "the number that learnt factors start with; whether it is there, or is 0, decides if there are any"),
    only(Why::Value, OPEN_CLIP, &["multimodal_cfg.context_length"],
        "the decoder's mask is cut to the tokens that the text tower gives it"),
    only(Why::Value, OPEN_CLIP, &["mask_image", "mask_text"],
        "whether it is there marks a model whose weights are masked, of which a note tells"),
    only(Why::Value, &["jina_clip"], &["architectures", "text_config.model_type", "vision_config.model_type"],
        "Jina's code makes one class of each tower"),
    only(Why::Value, HUGGINGFACE, &["architectures"], "a name: the class decides what runs, and what is no class is said"),
    only(Why::Elsewhere, HUGGINGFACE, &["id2label", "num_labels", "_num_labels"],
        "the number of classes: read where the class has a classifier"),
    only(Why::Elsewhere, HUGGINGFACE, &["projection_dim", "text_config.projection_dim", "vision_config.projection_dim"],
        "a width of a projection: read where the class ends in one"),
];

/// All of it.
pub fn entries() -> &'static [Entry] {
    TABLE
}

/// The entry for a key of a dialect's file, or for a section that it stands in.
pub fn harmless(dialect: &str, path: &str) -> Option<&'static Entry> {
    let ends: Vec<usize> = path.match_indices('.').map(|(at, _)| at).chain([path.len()]).collect();
    TABLE.iter().find(|entry| {
        let fits = entry.dialects.is_empty() || entry.dialects.contains(&dialect);
        fits && ends.iter().any(|&end| entry.keys.iter().any(|key| ends_in(&path[..end], key)))
    })
}

fn ends_in(path: &str, key: &str) -> bool {
    path.strip_suffix(key).is_some_and(|before| before.is_empty() || before.ends_with('.'))
}
