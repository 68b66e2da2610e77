//! GroupViT's image tower.

use serde_json::{Value, json};

use super::lists::numbers;
use super::text::activation;
use crate::Result;
use crate::model::json::{Keys, shown};
use crate::model::limits::{self, Dimension};
use crate::model::networks::groupvit::{self, GroupVit, Stage};
use crate::model::spec::*;

const WIDTH: u64 = 384;

/// The tower; it ends in an embedding of its own width where no other is given.
pub fn tower(keys: Keys, projection: Projection, embed_dim: Option<u64>) -> Result<(Network, u64)> {
    let image = keys.image_size("image_size", 224)?;
    let patch = keys.size("patch_size", 16, Dimension::Patch)?;
    limits::at_least_one_patch(&keys, image, patch)?;
    let width = keys.dimension("hidden_size", WIDTH, Dimension::Width)?;
    let heads = keys.dimension("num_attention_heads", 6, Dimension::Heads)?;
    limits::heads_divide(&keys, ("hidden_size", width), ("num_attention_heads", heads))?;
    let mlp_width = keys.dimension("intermediate_size", 1536, Dimension::MlpWidth)?;
    let net = GroupVit {
        grid: Size { height: image.height / patch.height, width: image.width / patch.width },
        patch,
        channels: keys.dimension("num_channels", 3, Dimension::Channels)?,
        encoder: Encoder {
            activation: activation(keys, Activation::Gelu)?,
            ..Encoder::plain(width, 1, heads, mlp_width)
        },
        stages: stages(keys)?,
        assign_widths: assign_widths(keys, width)?,
    };
    let embed_dim = embed_dim.unwrap_or(width);
    Ok((groupvit::tower(&net, projection, embed_dim), embed_dim))
}

fn stages(keys: Keys) -> Result<Vec<Stage>> {
    let depths = numbers(keys, "depths", &[6, 3, 3], (1, Dimension::Layers), None)?;
    let like = Some(("depths", depths.len()));
    let tokens = numbers(keys, "num_group_tokens", &[64, 8, 0], (0, Dimension::Width), like)?;
    let groups = numbers(keys, "num_output_groups", &[64, 8, 8], (1, Dimension::Width), like)?;
    let stages: Vec<Stage> = (0..depths.len())
        .map(|stage| Stage { depth: depths[stage], group_tokens: tokens[stage], groups: groups[stage] })
        .collect();
    // A stage's own tokens take up those of the stage before, of which there are as many as groups.
    for pair in stages.windows(2) {
        if pair[1].group_tokens > 0 && pair[0].group_tokens != pair[0].groups {
            let Stage { group_tokens, groups, .. } = pair[0];
            return Err(keys
                .bad("num_output_groups", format!("{groups} groups of {group_tokens} group tokens"))
                .remedy("give both the same number in every stage that another with group tokens follows"));
        }
    }
    Ok(stages)
}

/// Two ratios of the width, or one for both.
fn assign_widths(keys: Keys, width: u64) -> Result<[u64; 2]> {
    let written = keys.get("assign_mlp_ratio").cloned().unwrap_or_else(|| json!([0.5, 4]));
    let ratios = match &written {
        Value::Array(pair) => pair.iter().map(Value::as_f64).collect(),
        one => vec![one.as_f64(); 2],
    };
    let max = Dimension::MlpWidth.max();
    let scaled = |ratio: Option<f64>| {
        let wide = ratio? * width as f64;
        (1.0..=max as f64).contains(&wide).then_some(wide as u64)
    };
    let widths = match ratios[..] {
        [tokens, channels] => scaled(tokens).zip(scaled(channels)),
        _ => None,
    };
    widths.map(<[u64; 2]>::from).ok_or_else(|| {
        keys.bad("assign_mlp_ratio", format!("{} makes no MLP of a width of {width}", shown(&written)))
            .remedy(format!("give one number, or a list of two, that makes MLPs 1 to {max} wide"))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::model::terms::{self, Tower};
    use crate::model::{ClipSpec, parameters, parse};

    fn read(vision: Value) -> crate::Result<ClipSpec> {
        let file = json!({
            "model_type": "groupvit", "projection_dim": 40, "projection_intermediate_dim": 77,
            "vision_config": vision, "text_config": {}
        });
        parse("groupvit", &file.to_string())
    }

    /// Counted by torch's FlopCounterMode on transformers' own code.
    #[test]
    fn other_stages_are_counted_as_the_library_runs_them() {
        let vision = json!({
            "hidden_size": 96, "num_attention_heads": 4, "intermediate_size": 200, "image_size": 130,
            "patch_size": 20, "depths": [2, 1, 3, 1], "num_group_tokens": [12, 12, 5, 0],
            "num_output_groups": [12, 12, 5, 3], "assign_mlp_ratio": [0.7, 3]
        });
        let spec = read(vision).unwrap();
        let all = terms::terms(&spec);
        let of_image = all.iter().filter(|term| term.tower == Some(Tower::Image));
        assert_eq!((terms::flops(of_image), parameters(&spec, &all).image), (50_750_032, 1_183_612));
    }

    #[test]
    fn stages_that_do_not_fit_are_refused() {
        for (vision, part) in [
            (json!({"num_output_groups": [32, 8, 8]}), "vision_config.num_output_groups: 32 groups of 64 group tokens"),
            (json!({"depths": [6, 6]}), "vision_config.num_group_tokens: it has 3 numbers, and depths 2"),
            (json!({"depths": [6, 0, 3]}), "vision_config.depths: 0 is not possible"),
            (json!({"assign_mlp_ratio": [0.5, 1e30]}), "vision_config.assign_mlp_ratio: [0.5,1e+30] makes no MLP"),
        ] {
            let error = read(vision).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        }
    }
}
