//! Weights from a safetensors file, with open_clip's or HuggingFace's names.

use std::fs;
use std::path::Path;

use flopledger::{Error, Result};
use safetensors::{Dtype, SafeTensors};

use super::names::huggingface;
use super::{Source, Values, transpose};

pub struct File<'a> {
    path: String,
    tensors: SafeTensors<'a>,
    huggingface: bool,
}

const REMEDY: &str = "give the path of a model's .safetensors file";

pub fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).map_err(|e| Error::input(format!("{}: cannot read the weights: {e}", path.display())).remedy(REMEDY))
}

impl<'a> File<'a> {
    pub fn new(path: &Path, bytes: &'a [u8]) -> Result<Self> {
        let path = path.display().to_string();
        let tensors = SafeTensors::deserialize(bytes)
            .map_err(|e| Error::input(format!("{path}: not a safetensors file: {e}")).remedy(REMEDY))?;
        let huggingface =
            tensors.names().iter().any(|name| name.starts_with("vision_model.") || name.starts_with("text_model."));
        Ok(File { path, tensors, huggingface })
    }

    /// The tensor that the file has under this very name, as f32.
    fn read(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>> {
        let tensor = self.tensors.tensor(name).map_err(|_| {
            Error::input(format!("{}: no tensor {name} (of shape {shape:?})", self.path))
                .remedy("give the weights of this very model, with open_clip's or HuggingFace's names")
        })?;
        if tensor.shape() != shape {
            return Err(Error::input(format!(
                "{}: tensor {name} has shape {:?}, the model needs {shape:?}",
                self.path,
                tensor.shape()
            ))
            .remedy("give the configuration that these weights were made for, with --config or --preset"));
        }
        let data = tensor.data();
        let halves = || data.chunks_exact(2).map(|b| u16::from_le_bytes([b[0], b[1]]));
        match tensor.dtype() {
            Dtype::F32 => Ok(data.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect()),
            Dtype::BF16 => Ok(halves().map(|bits| f32::from_bits(u32::from(bits) << 16)).collect()),
            Dtype::F16 => Ok(halves().map(widen).collect()),
            other => Err(Error::input(format!("{}: tensor {name} of shape {shape:?} holds {other:?}", self.path))
                .remedy("convert the weights to F32, F16 or BF16")),
        }
    }

    /// A tensor of the model, which HuggingFace may keep in several, row after row.
    fn rows(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>> {
        if !self.huggingface {
            return self.read(name, shape);
        }
        let parts = huggingface(name).ok_or_else(|| {
            Error::input(format!("{}: HuggingFace has no name for {name} (of shape {shape:?})", self.path))
                .remedy("give the weights with open_clip's names")
        })?;
        let mut part_shape = shape.to_vec();
        part_shape[0] /= parts.len();
        let parts = parts.iter().map(|part| self.read(part, &part_shape)).collect::<Result<Vec<_>>>()?;
        Ok(parts.concat())
    }
}

impl Source for File<'_> {
    fn tensor(&mut self, name: &str, shape: &[usize], _: Values) -> Result<Vec<f32>> {
        self.rows(name, shape)
    }

    fn matrix(&mut self, name: &str, shape: &[usize]) -> Result<Vec<f32>> {
        let (outputs, inputs) = (shape[0], shape[1..].iter().product());
        Ok(transpose(&self.rows(name, shape)?, outputs, inputs))
    }

    fn projection(&mut self, name: &str, inputs: usize, outputs: usize) -> Result<Vec<f32>> {
        if self.huggingface { self.matrix(name, &[outputs, inputs]) } else { self.read(name, &[inputs, outputs]) }
    }
}

/// IEEE half precision to single, by its bits.
fn widen(half: u16) -> f32 {
    let sign = u32::from(half & 0x8000) << 16;
    let exponent = u32::from(half >> 10 & 0x1f);
    let mantissa = u32::from(half & 0x3ff);
    f32::from_bits(match (exponent, mantissa) {
        (0, 0) => sign,
        (0, _) => {
            // Subnormal: shift the leading 1 out of the mantissa.
            let shift = mantissa.leading_zeros() - 21;
            sign | (113 - shift) << 23 | (mantissa << shift & 0x3ff) << 13
        }
        (31, _) => sign | 0x7f80_0000 | mantissa << 13,
        _ => sign | (exponent + 112) << 23 | mantissa << 13,
    })
}

#[cfg(test)]
mod tests {
    use crate::plain::Plain;
    use flopledger::model::preset;
    use safetensors::tensor::TensorView;

    use super::super::{Image, Linear, Text, random::Random};
    use super::*;

    /// Hands out tensors and keeps each as HuggingFace's files have it.
    struct Recorder {
        random: Random,
        kept: Vec<(String, Vec<usize>, Vec<f32>)>,
    }

    impl Recorder {
        fn keep(&mut self, name: &str, shape: &[usize], values: &[f32]) {
            let names = huggingface(name).unwrap();
            let mut shape = shape.to_vec();
            shape[0] /= names.len();
            for (name, rows) in names.into_iter().zip(values.chunks(shape.iter().product())) {
                self.kept.push((name, shape.clone(), rows.to_vec()));
            }
        }
    }

    impl Source for Recorder {
        fn tensor(&mut self, name: &str, shape: &[usize], values: Values) -> Result<Vec<f32>> {
            let tensor = self.random.tensor(name, shape, values)?;
            self.keep(name, shape, &tensor);
            Ok(tensor)
        }

        fn matrix(&mut self, name: &str, shape: &[usize]) -> Result<Vec<f32>> {
            let matrix = self.random.matrix(name, shape)?;
            self.keep(name, shape, &transpose(&matrix, shape[1..].iter().product(), shape[0]));
            Ok(matrix)
        }

        fn projection(&mut self, name: &str, inputs: usize, outputs: usize) -> Result<Vec<f32>> {
            let matrix = self.random.projection(name, inputs, outputs)?;
            self.keep(name, &[outputs, inputs], &transpose(&matrix, inputs, outputs));
            Ok(matrix)
        }
    }

    #[test]
    fn huggingface_files_hold_the_same_model() {
        let spec = Plain::of(preset("tiny").unwrap()).unwrap();
        let mut recorder = Recorder { random: Random::new(1), kept: Vec::new() };
        let (image, text) = (Image::load(&spec, &mut recorder).unwrap(), Text::load(&spec, &mut recorder).unwrap());
        let data: Vec<Vec<u8>> =
            recorder.kept.iter().map(|(_, _, x)| x.iter().flat_map(|x| x.to_le_bytes()).collect()).collect();
        let tensors = recorder
            .kept
            .iter()
            .zip(&data)
            .map(|((name, shape, _), data)| (name, TensorView::new(Dtype::F32, shape.clone(), data).unwrap()));
        let bytes = safetensors::serialize(tensors, None).unwrap();

        let mut file = File::new(Path::new("hf.safetensors"), &bytes).unwrap();
        assert!(file.huggingface);
        let (image_2, text_2) = (Image::load(&spec, &mut file).unwrap(), Text::load(&spec, &mut file).unwrap());
        let same = |a: &Linear, b: &Linear| assert_eq!((&a.weight, &a.bias), (&b.weight, &b.bias));
        same(&image.patch, &image_2.patch);
        same(&image.proj, &image_2.proj);
        same(&text.proj, &text_2.proj);
        for (a, b) in image.blocks.iter().chain(&text.blocks).zip(image_2.blocks.iter().chain(&text_2.blocks)) {
            same(&a.qkv, &b.qkv);
            same(&a.fc2, &b.fc2);
            assert_eq!((&a.ln_2.weight, &a.ln_2.bias), (&b.ln_2.weight, &b.ln_2.bias));
        }
        assert_eq!((&image.class, &image.position), (&image_2.class, &image_2.position));
        assert_eq!((&text.token, &text.position), (&text_2.token, &text_2.position));
    }

    #[test]
    fn halves_widen_exactly() {
        for (half, single) in
            [(0x3c00, 1.0), (0xc000, -2.0), (0x3555, 0.333_251_95), (0x7bff, 65504.0), (0x0001, 5.960_464_5e-8)]
        {
            assert_eq!(widen(half), single, "{half:#x}");
        }
        assert_eq!(widen(0x03ff), 1023.0 / 16_777_216.0);
        assert_eq!(widen(0xfc00), f32::NEG_INFINITY);
        assert!(widen(0x7e00).is_nan());
    }
}
