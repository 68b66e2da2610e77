//! ALIGN's image tower, an EfficientNet, by the library's rules of rounding.

use serde_json::Value;

use super::lists::numbers;
use crate::Result;
use crate::model::json::Keys;
use crate::model::limits::{self, Dimension};
use crate::model::networks::efficientnet::{self, Block, EfficientNet, Stride};
use crate::model::spec::Network;

/// Channels after the first convolution, before they are scaled.
const STEM: u64 = 32;

/// The tower and the channels that it ends in.
pub fn tower(keys: Keys) -> Result<(Network, u64)> {
    let net = EfficientNet {
        image: keys.image_size("image_size", 600)?,
        channels: keys.dimension("num_channels", 3, Dimension::Channels)?,
        stem: Scaling::read(keys)?.channels(keys, STEM)?,
        blocks: blocks(keys)?,
    };
    // Every stride of 2 halves, rounding down.
    let strides = net.blocks.iter().filter(|block| block.stride != Stride::One).count() + 1;
    limits::at_least(&keys, net.image, 1 << strides.min(u64::BITS as usize - 1))?;
    let width = net.blocks.last().map_or(net.stem, |block| block.outputs);
    Ok((efficientnet::tower(&net), width))
}

/// How a family's smallest network becomes a larger one.
struct Scaling {
    width: f64,
    depth: f64,
    divisor: u64,
}

impl Scaling {
    fn read(keys: Keys) -> Result<Scaling> {
        Ok(Scaling {
            width: keys.number("width_coefficient", 2.0)?,
            depth: keys.number("depth_coefficient", 3.1)?,
            divisor: keys.dimension("depth_divisor", 8, Dimension::Width)?,
        })
    }

    /// The nearest multiple of the divisor, but not less than nine tenths.
    fn channels(&self, keys: Keys, channels: u64) -> Result<u64> {
        let wanted = channels as f64 * self.width;
        let rounded = (wanted + self.divisor as f64 / 2.0) as u64 / self.divisor * self.divisor;
        let channels = rounded.max(self.divisor);
        let channels = if (channels as f64) < 0.9 * wanted { channels + self.divisor } else { channels };
        within(keys, "width_coefficient", channels, Dimension::Width)
    }

    fn repeats(&self, keys: Keys, repeats: u64) -> Result<u64> {
        within(keys, "depth_coefficient", (repeats as f64 * self.depth).ceil() as u64, Dimension::Layers)
    }
}

/// The keys that have a number for each stage, with the library's defaults.
struct Stages {
    kernels: Vec<u64>,
    inputs: Vec<u64>,
    outputs: Vec<u64>,
    strides: Vec<u64>,
    repeats: Vec<u64>,
    expansions: Vec<u64>,
}

impl Stages {
    fn read(keys: Keys) -> Result<Stages> {
        let width = (1, Dimension::Width);
        let inputs = numbers(keys, "in_channels", &[32, 16, 24, 40, 80, 112, 192], width, None)?;
        let like = Some(("in_channels", inputs.len()));
        let of = |key, default: &[u64], dimension| numbers(keys, key, default, (1, dimension), like);
        Ok(Stages {
            kernels: of("kernel_sizes", &[3, 3, 5, 3, 5, 5, 3], Dimension::Patch)?,
            outputs: of("out_channels", &[16, 24, 40, 80, 112, 192, 320], Dimension::Width)?,
            strides: of("strides", &[1, 2, 2, 2, 1, 2, 1], Dimension::Patch)?,
            repeats: of("num_block_repeats", &[1, 2, 2, 3, 3, 4, 1], Dimension::Layers)?,
            expansions: of("expand_ratios", &[1, 6, 6, 6, 6, 6, 6], Dimension::Channels)?,
            inputs,
        })
    }
}

fn blocks(keys: Keys) -> Result<Vec<Block>> {
    let scaling = Scaling::read(keys)?;
    let stages = Stages::read(keys)?;
    let squeeze = keys.number("squeeze_expansion_ratio", 0.25)?;
    // Blocks whose input is padded on all sides alike, and not more right and below.
    let evenly: Vec<u64> = keys.list("depthwise_padding").unwrap_or(&[]).iter().filter_map(Value::as_u64).collect();
    let mut blocks: Vec<Block> = Vec::new();
    for (stage, &inputs) in stages.inputs.iter().enumerate() {
        let (inputs, outputs) = (scaling.channels(keys, inputs)?, scaling.channels(keys, stages.outputs[stage])?);
        let before = blocks.last().map_or(scaling.channels(keys, STEM)?, |block| block.outputs);
        if inputs != before {
            return Err(keys
                .bad("in_channels", format!("stage {stage} expects {inputs} channels and gets {before}"))
                .remedy(
                    "give 32 for the first stage, and for each other what out_channels has for the one before it",
                ));
        }
        for repeat in 0..scaling.repeats(keys, stages.repeats[stage])? {
            let inputs = if repeat > 0 { outputs } else { inputs };
            let kernel = stages.kernels[stage];
            let lost = kernel % 2 + u64::from(!evenly.contains(&(blocks.len() as u64)));
            let squeezed = ((inputs as f64 * squeeze) as u64).max(1);
            blocks.push(Block {
                inputs,
                outputs,
                expansion: stages.expansions[stage],
                kernel,
                stride: stride(keys, stages.strides[stage], repeat, lost)?,
                squeezed: within(keys, "squeeze_expansion_ratio", squeezed, Dimension::Width)?,
                residual: repeat > 0,
            });
        }
    }
    Ok(blocks)
}

/// A stage's first block has its stride.
fn stride(keys: Keys, written: u64, repeat: u64, lost: u64) -> Result<Stride> {
    match written {
        2 if repeat == 0 => Ok(Stride::Two { lost }),
        1 | 2 => Ok(Stride::One),
        other => Err(keys
            .bad("strides", format!("a stride of {other} is not supported"))
            .remedy("give 1 or 2 for each stage")),
    }
}

fn within(keys: Keys, key: &str, scaled: u64, dimension: Dimension) -> Result<u64> {
    let max = dimension.max();
    if (1..=max).contains(&scaled) {
        return Ok(scaled);
    }
    Err(keys
        .bad(key, format!("it makes {scaled} of a stage's number"))
        .remedy(format!("give one that keeps all of them from 1 to {max}")))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::model::terms::{self, Tower};
    use crate::model::{ClipSpec, parameters, parse};

    fn read(width: u64, vision: Value) -> crate::Result<ClipSpec> {
        let file = json!({"model_type": "align", "projection_dim": width, "vision_config": vision, "text_config": {}});
        parse("align", &file.to_string())
    }

    /// Counted by torch's FlopCounterMode on transformers' own code.
    #[test]
    fn other_coefficients_are_rounded_as_the_library_does() {
        let mixed = json!({
            "image_size": 251, "width_coefficient": 1.4, "depth_coefficient": 1.8, "depthwise_padding": [1, 5, 9]
        });
        let small = json!({
            "image_size": 130, "width_coefficient": 0.7, "depth_coefficient": 0.3, "squeeze_expansion_ratio": 0.3,
            "kernel_sizes": [3, 5, 7, 3, 5, 5, 3], "strides": [2, 1, 2, 2, 1, 2, 1], "num_channels": 4
        });
        for (width, vision, flops, learnt) in
            [(448, mixed, 3_271_033_584, 16_742_216), (224, small, 63_648_864, 933_600)]
        {
            let spec = read(width, vision).unwrap();
            let all = terms::terms(&spec);
            let of_image = all.iter().filter(|term| term.tower == Some(Tower::Image));
            assert_eq!((terms::flops(of_image), parameters(&spec, &all).image), (flops, learnt));
        }
    }

    #[test]
    fn stages_that_do_not_fit_are_refused() {
        for (width, vision, parts) in [
            (640, json!({"in_channels": [32, 16]}), ["vision_config.kernel_sizes", "7 numbers, and in_channels 2"]),
            (640, json!({"in_channels": [32, 17, 24, 40, 80, 112, 1920]}), ["vision_config.in_channels", "stage 6"]),
            (640, json!({"strides": [3, 2, 2, 2, 1, 2, 1]}), ["vision_config.strides", "a stride of 3"]),
            (640, json!({"depth_coefficient": 1e9}), ["vision_config.depth_coefficient", "a stage's number"]),
            (640, json!({"image_size": 31}), ["vision_config.image_size", "31 x 31"]),
            (512, json!({}), ["projection_dim", "ends in 640 channels"]),
        ] {
            let error = read(width, vision).unwrap_err().to_string();
            assert!(parts.iter().all(|part| error.contains(part)), "{error}");
        }
    }
}
