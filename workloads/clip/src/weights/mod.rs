//! A model's weights: random, or from a safetensors file.

use flopledger::model::spec::{Encoder, QkvBias};
use flopledger::{Error, Result};

use crate::args::Args;
use crate::ops::Gelu;
use crate::plain::{Plain, has_bias};

mod dump;
mod file;
mod names;
mod random;

pub use random::mix;

/// A linear layer, or a convolution as the product it amounts to.
pub struct Linear {
    pub inputs: usize,
    pub outputs: usize,
    /// inputs x outputs: PyTorch's transposed, as a product by rows wants it.
    pub weight: Vec<f32>,
    pub bias: Option<Vec<f32>>,
}

pub struct Norm {
    pub weight: Vec<f32>,
    pub bias: Vec<f32>,
}

pub struct Block {
    pub ln_1: Norm,
    pub qkv: Linear,
    /// What queries are multiplied by: 1 / sqrt(head), worked out here, outside the model.
    pub query_scale: f32,
    pub out: Linear,
    pub ln_2: Norm,
    pub fc1: Linear,
    pub activation: Gelu,
    pub fc2: Linear,
    /// What the attention and the MLP branch are multiplied by, where the model has it.
    pub scales: Option<(Vec<f32>, Vec<f32>)>,
}

pub struct Image {
    pub patch: Linear,
    pub class: Vec<f32>,
    pub position: Vec<f32>,
    pub ln_pre: Option<Norm>,
    pub blocks: Vec<Block>,
    pub ln_post: Norm,
    pub proj: Linear,
}

pub struct Text {
    pub token: Vec<f32>,
    pub position: Vec<f32>,
    pub blocks: Vec<Block>,
    pub ln_post: Norm,
    pub proj: Linear,
}

/// The towers that were asked for.
pub struct Weights {
    image: Option<Image>,
    text: Option<Text>,
}

/// Where tensors come from. Names are open_clip's; shapes PyTorch's.
trait Source {
    fn tensor(&mut self, name: &str, shape: &[usize], values: Values) -> Result<Vec<f32>>;

    /// A weight of outputs x inputs, turned into inputs x outputs.
    fn matrix(&mut self, name: &str, shape: &[usize]) -> Result<Vec<f32>>;

    /// The one matrix that open_clip keeps inputs x outputs.
    fn projection(&mut self, name: &str, inputs: usize, outputs: usize) -> Result<Vec<f32>>;
}

/// What a tensor holds where it is random.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Values {
    /// As large as keeps a sum over so many inputs near 1.
    Spread(usize),
    /// A norm's weight: a little more than 1.
    AboutOne,
}

pub fn load(spec: &Plain, args: &Args) -> Result<Weights> {
    let mut random = random::Random::new(args.seed);
    let (bytes, mut file);
    let source: &mut dyn Source = match &args.weights {
        Some(path) => {
            bytes = file::read(path)?;
            file = file::File::new(path, &bytes)?;
            &mut file
        }
        None => {
            let told = format!("random weights (seed {}): the embeddings mean nothing", args.seed);
            flopledger::standard::tell_as("flopledger-clip", told);
            &mut random
        }
    };
    Ok(Weights {
        image: args.towers.image().then(|| Image::load(spec, source)).transpose()?,
        text: args.towers.text().then(|| Text::load(spec, source)).transpose()?,
    })
}

impl Weights {
    pub fn image(&self) -> Result<&Image> {
        self.image.as_ref().ok_or_else(|| Error::failed("the image tower was not loaded"))
    }

    pub fn text(&self) -> Result<&Text> {
        self.text.as_ref().ok_or_else(|| Error::failed("the text tower was not loaded"))
    }
}

impl Image {
    fn load(spec: &Plain, source: &mut dyn Source) -> Result<Self> {
        let tower = &spec.image;
        let width = tower.encoder.width as usize;
        let [channels, height, breadth] = [tower.channels, tower.patch.height, tower.patch.width].map(|n| n as usize);
        let inputs = channels * height * breadth;
        let patch_bias = tower.patch_bias.then(|| vector(source, "visual.conv1.bias", width, inputs)).transpose()?;
        let tokens = tower.tokens() as usize;
        Ok(Image {
            patch: Linear {
                inputs,
                outputs: width,
                weight: source.matrix("visual.conv1.weight", &[width, channels, height, breadth])?,
                bias: patch_bias,
            },
            class: vector(source, "visual.class_embedding", width, width)?,
            position: source.tensor("visual.positional_embedding", &[tokens, width], Values::Spread(width))?,
            ln_pre: tower.ln_pre.then(|| norm(source, "visual.ln_pre", width)).transpose()?,
            blocks: blocks(source, "visual.transformer.resblocks", &tower.encoder)?,
            ln_post: norm(source, "visual.ln_post", width)?,
            proj: projection(source, "visual.proj", width, spec.embed_dim as usize, has_bias(tower.projection))?,
        })
    }
}

impl Text {
    fn load(spec: &Plain, source: &mut dyn Source) -> Result<Self> {
        let tower = &spec.text;
        let [width, vocab, context] = [tower.encoder.width, tower.vocab, tower.context].map(|n| n as usize);
        Ok(Text {
            token: source.tensor("token_embedding.weight", &[vocab, width], Values::Spread(width))?,
            position: source.tensor("positional_embedding", &[context, width], Values::Spread(width))?,
            blocks: blocks(source, "transformer.resblocks", &tower.encoder)?,
            ln_post: norm(source, "ln_final", width)?,
            proj: projection(source, "text_projection", width, spec.embed_dim as usize, has_bias(tower.projection))?,
        })
    }
}

fn blocks(source: &mut dyn Source, prefix: &str, encoder: &Encoder) -> Result<Vec<Block>> {
    (0..encoder.layers).map(|layer| block(source, &format!("{prefix}.{layer}"), encoder)).collect()
}

fn block(source: &mut dyn Source, prefix: &str, encoder: &Encoder) -> Result<Block> {
    let width = encoder.width as usize;
    let mlp = encoder.mlp_width as usize;
    let mut layer = |name: &str, dot: &str, inputs: usize, outputs: usize, bias: bool| -> Result<Linear> {
        let name = format!("{prefix}.{name}");
        let bias = bias.then(|| vector(source, &format!("{name}{dot}bias"), outputs, inputs)).transpose()?;
        let weight = source.matrix(&format!("{name}{dot}weight"), &[outputs, inputs])?;
        Ok(Linear { inputs, outputs, weight, bias })
    };
    let mut qkv = layer("attn.in_proj", "_", width, 3 * width, encoder.qkv_bias != QkvBias::None)?;
    let out = layer("attn.out_proj", ".", width, width, true)?;
    let fc1 = layer("mlp.c_fc", ".", width, mlp, true)?;
    let fc2 = layer("mlp.c_proj", ".", mlp, width, true)?;
    if let (QkvBias::QueryValue, Some(bias)) = (encoder.qkv_bias, &mut qkv.bias) {
        bias[width..2 * width].fill(0.0);
    }
    let ln_1 = norm(source, &format!("{prefix}.ln_1"), width)?;
    let ln_2 = norm(source, &format!("{prefix}.ln_2"), width)?;
    let mut scale = |name: &str| vector(source, &format!("{prefix}.{name}.gamma"), width, width);
    let scales = if encoder.layer_scale { Some((scale("ls_1")?, scale("ls_2")?)) } else { None };
    let head = u32::try_from(encoder.head_width()).unwrap_or(u32::MAX);
    let query_scale = f64::from(head).sqrt().recip() as f32;
    let activation = Gelu::of(encoder.activation)?;
    Ok(Block { ln_1, qkv, query_scale, out, ln_2, fc1, activation, fc2, scales })
}

fn projection(source: &mut dyn Source, name: &str, inputs: usize, outputs: usize, bias: bool) -> Result<Linear> {
    if !bias {
        let weight = source.projection(name, inputs, outputs)?;
        return Ok(Linear { inputs, outputs, weight, bias: None });
    }
    let weight = source.matrix(&format!("{name}.weight"), &[outputs, inputs])?;
    let bias = vector(source, &format!("{name}.bias"), outputs, inputs)?;
    Ok(Linear { inputs, outputs, weight, bias: Some(bias) })
}

fn norm(source: &mut dyn Source, name: &str, width: usize) -> Result<Norm> {
    Ok(Norm {
        weight: source.tensor(&format!("{name}.weight"), &[width], Values::AboutOne)?,
        bias: vector(source, &format!("{name}.bias"), width, width)?,
    })
}

fn vector(source: &mut dyn Source, name: &str, width: usize, inputs: usize) -> Result<Vec<f32>> {
    source.tensor(name, &[width], Values::Spread(inputs))
}

/// `rows` x `columns` into `columns` x `rows`.
fn transpose(x: &[f32], rows: usize, columns: usize) -> Vec<f32> {
    let mut y = vec![0.0; x.len()];
    for (row, x) in x.chunks(columns).enumerate() {
        for (column, &x) in x.iter().enumerate() {
            y[column * rows + row] = x;
        }
    }
    y
}
