//! Architectures that are no plain transformers, each written down operation by operation.

pub mod coca;
pub mod conv_stem;
pub mod modified_resnet;
