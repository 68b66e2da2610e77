//! Weights as a safetensors file with open_clip's names and layouts.

use std::collections::BTreeMap;
use std::path::Path;

use crate::plain::Plain;
use flopledger::{Error, Result};
use safetensors::Dtype;
use safetensors::tensor::TensorView;

use super::{Block, Linear, Norm, Weights, transpose};

/// Shape and little-endian values by name.
type Tensors = BTreeMap<String, (Vec<usize>, Vec<u8>)>;

impl Weights {
    pub fn dump(&self, spec: &Plain, path: &Path) -> Result<()> {
        let mut tensors = Tensors::new();
        if let Some(image) = &self.image {
            let width = image.class.len();
            let shape =
                [spec.image.channels, spec.image.patch.height, spec.image.patch.width].map(|size| size as usize);
            layer(&mut tensors, "visual.conv1.", &image.patch, &shape);
            put(&mut tensors, "visual.class_embedding", &[width], &image.class);
            put(&mut tensors, "visual.positional_embedding", &[image.position.len() / width, width], &image.position);
            if let Some(ln_pre) = &image.ln_pre {
                norm(&mut tensors, "visual.ln_pre", ln_pre);
            }
            blocks(&mut tensors, "visual.transformer.resblocks", &image.blocks);
            norm(&mut tensors, "visual.ln_post", &image.ln_post);
            projection(&mut tensors, "visual.proj", &image.proj);
        }
        if let Some(text) = &self.text {
            let width = text.proj.inputs;
            put(&mut tensors, "token_embedding.weight", &[text.token.len() / width, width], &text.token);
            put(&mut tensors, "positional_embedding", &[text.position.len() / width, width], &text.position);
            blocks(&mut tensors, "transformer.resblocks", &text.blocks);
            norm(&mut tensors, "ln_final", &text.ln_post);
            projection(&mut tensors, "text_projection", &text.proj);
        }
        write(path, &tensors).map_err(|e| {
            Error::input(format!("{}: cannot write the weights: {e}", path.display()))
                .remedy("give --dump-weights a file that can be written")
        })
    }
}

fn write(path: &Path, tensors: &Tensors) -> std::result::Result<(), safetensors::SafeTensorError> {
    let views = tensors
        .iter()
        .map(|(name, (shape, bytes))| Ok((name, TensorView::new(Dtype::F32, shape.clone(), bytes)?)))
        .collect::<std::result::Result<Vec<_>, safetensors::SafeTensorError>>()?;
    safetensors::serialize_to_file(views, None, path)
}

fn put(tensors: &mut Tensors, name: &str, shape: &[usize], values: &[f32]) {
    let bytes = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    tensors.insert(name.into(), (shape.into(), bytes));
}

/// A layer whose weight PyTorch has as outputs x inputs, the inputs in the shape given.
fn layer(tensors: &mut Tensors, prefix: &str, layer: &Linear, inputs: &[usize]) {
    let shape: Vec<_> = [&[layer.outputs], inputs].concat();
    put(tensors, &format!("{prefix}weight"), &shape, &transpose(&layer.weight, layer.inputs, layer.outputs));
    if let Some(bias) = &layer.bias {
        put(tensors, &format!("{prefix}bias"), &[layer.outputs], bias);
    }
}

fn projection(tensors: &mut Tensors, name: &str, proj: &Linear) {
    match proj.bias {
        None => put(tensors, name, &[proj.inputs, proj.outputs], &proj.weight),
        Some(_) => layer(tensors, &format!("{name}."), proj, &[proj.inputs]),
    }
}

fn norm(tensors: &mut Tensors, name: &str, norm: &Norm) {
    put(tensors, &format!("{name}.weight"), &[norm.weight.len()], &norm.weight);
    put(tensors, &format!("{name}.bias"), &[norm.bias.len()], &norm.bias);
}

fn blocks(tensors: &mut Tensors, prefix: &str, blocks: &[Block]) {
    for (place, block) in blocks.iter().enumerate() {
        let name = |part: &str| format!("{prefix}.{place}.{part}");
        layer(tensors, &name("attn.in_proj_"), &block.qkv, &[block.qkv.inputs]);
        layer(tensors, &name("attn.out_proj."), &block.out, &[block.out.inputs]);
        layer(tensors, &name("mlp.c_fc."), &block.fc1, &[block.fc1.inputs]);
        layer(tensors, &name("mlp.c_proj."), &block.fc2, &[block.fc2.inputs]);
        norm(tensors, &name("ln_1"), &block.ln_1);
        norm(tensors, &name("ln_2"), &block.ln_2);
        if let Some((first, second)) = &block.scales {
            put(tensors, &name("ls_1.gamma"), &[first.len()], first);
            put(tensors, &name("ls_2.gamma"), &[second.len()], second);
        }
    }
}
