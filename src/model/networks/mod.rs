//! Architectures that are no plain transformers, each written down operation by operation.

pub mod attention_pool;
pub mod clipseg;
pub mod coca;
pub mod conv_stem;
pub mod convnext;
pub mod efficientnet;
pub mod fastvit;
pub mod groupvit;
mod layers;
pub mod modified_resnet;
pub mod owlvit;
pub mod relative;
pub mod resnet;
pub mod swin;
pub mod vitamin;
