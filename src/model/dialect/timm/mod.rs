//! Image towers that an open_clip file only names, by their public dimensions in timm.

mod convnext;
mod eva;
mod fastvit;
mod head;
mod name;
mod relative;
mod resnet;
mod swin;
mod vit;
mod vitamin;

use crate::model::json::Keys;
use crate::model::spec::*;
use crate::{Error, Result};

use head::Head;
use name::Name;

/// A family of timm's models: what it makes of a name, if the name is one of its own.
type Family = fn(&Name, &Keys, &Head) -> Option<Result<ImageTower>>;

/// Each with the names that it knows.
const FAMILIES: [(Family, &[&str]); 8] = [
    (vit::tower, vit::KNOWN),
    (eva::tower, eva::KNOWN),
    (convnext::tower, convnext::KNOWN),
    (fastvit::tower, fastvit::KNOWN),
    (vitamin::tower, vitamin::KNOWN),
    (swin::tower, swin::KNOWN),
    (relative::tower, relative::KNOWN),
    (resnet::tower, resnet::KNOWN),
];

/// Apple's own name of a tower that timm has too; Apple maps its output without a bias.
pub fn mobileclip(keys: Keys, embed_dim: u64) -> Result<ImageTower> {
    let model = keys.text("model_name")?.unwrap_or_default();
    let timm = match model {
        "vit_b16" => "vit_base_mci_224".to_string(),
        "mci0" | "mci1" | "mci2" | "mci3" | "mci4" => format!("fastvit_{model}"),
        other => {
            return Err(keys
                .bad("model_name", format!("{other:?} is not one of MobileCLIP's image towers"))
                .remedy("known by name: mci0 to mci4, vit_b16"));
        }
    };
    let projection = Projection::Linear { bias: false };
    let head = Head { pool: head::Pool::Average, attention: None, projection, embed_dim };
    let pool = if model == "vit_b16" { head::Pool::ClassToken } else { head.pool };
    find(&Name::of(&timm), keys, &Head { pool, ..head }).unwrap_or_else(|| Err(unknown(&keys, "model_name", &timm)))
}

pub fn image_tower(keys: Keys, model: &str, embed_dim: u64) -> Result<ImageTower> {
    let head = Head::read(keys, embed_dim)?;
    let name = Name::of(model);
    if head.attention.is_some() && !resnet::knows(&name) {
        return Err(keys
            .bad("timm_pool", format!("attention over a grid is not known for timm's {model:?}"))
            .remedy(format!("give \"\" or \"avg\"; known with it: {}", resnet::KNOWN.join(", "))));
    }
    let tower = find(&name, keys, &head).unwrap_or_else(|| Err(unknown(&keys, "timm_model_name", model)))?;
    match &tower {
        // The tower's own width is the embedding's.
        ImageTower::Vit(vit) if vit.projection == Projection::None && vit.encoder.width != embed_dim => Err(keys
            .bad(
                "timm_proj",
                format!("without a projection the width {} is no embedding of {embed_dim}", vit.encoder.width),
            )
            .remedy("give \"linear\", or an embed_dim like the tower's width")),
        _ => Ok(tower),
    }
}

fn find(name: &Name, keys: Keys, head: &Head) -> Option<Result<ImageTower>> {
    FAMILIES.iter().find_map(|(family, _)| family(name, &keys, head))
}

fn unknown(keys: &Keys, key: &str, model: &str) -> Error {
    let known = FAMILIES.map(|(_, known)| known).concat().join(", ");
    keys.bad(key, format!("the dimensions of timm's {model:?} are not known"))
        .remedy(format!("give its dimensions with --tower-config FILE; known by name: {known}"))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::model::terms::{self, Tower};
    use crate::model::{ClipSpec, parameters, parse};

    fn read(model: &str, pool: &str, proj: Value, image: [u64; 2]) -> crate::Result<ClipSpec> {
        let vision = json!({"timm_model_name": model, "timm_pool": pool, "timm_proj": proj, "image_size": image});
        let text = json!({"width": 512, "heads": 8, "layers": 12});
        let file = json!({"embed_dim": 512, "vision_cfg": vision, "text_cfg": text});
        parse(model, &file.to_string())
    }

    /// Counted by torch's FlopCounterMode on timm's own code, at sizes that no stride divides and
    /// for names that no configuration of open_clip has.
    #[test]
    fn towers_are_counted_as_timm_runs_them() {
        let null = || Value::Null;
        let towers = [
            ("convnext_atto", "avg", null(), [250, 250], 1_259_396_160, 3_538_872),
            ("convnext_base", "avg", null(), [330, 97], 18_883_446_784, 88_091_264),
            ("fastvit_mci0", "avg", null(), [97, 224], 1_808_461_824, 11_406_976),
            ("fastvit_mci3", "avg", null(), [250, 250], 29_593_353_600, 124_448_960),
            ("vitamin_large_256", "avg", null(), [200, 337], 220_225_778_432, 333_148_576),
            ("swin_tiny_patch4_window7_224", "avg", null(), [100, 333], 6_929_682_432, 27_909_338),
            ("swin_large_patch4_window12_384", "avg", null(), [384, 384], 207_836_676_096, 195_985_460),
            ("vit_relpos_base_patch16_224", "avg", null(), [160, 240], 26_511_267_840, 86_054_288),
            ("vit_relpos_base_patch16_cls_224", "token", null(), [224, 224], 35_158_259_712, 86_055_056),
            ("resnet50", "abs_attn", json!(""), [250, 193], 10_146_009_984, 37_248_576),
            ("resnet101", "rot_attn", json!("linear"), [224, 224], 16_982_867_968, 56_400_448),
            ("resnet152", "avg", json!("mlp"), [250, 193], 24_257_344_384, 60_766_272),
        ];
        for (model, pool, proj, image, flops, learnt) in towers {
            let spec = read(model, pool, proj, image).unwrap();
            let all = terms::terms(&spec);
            let of_image = all.iter().filter(|term| term.tower == Some(Tower::Image));
            assert_eq!((terms::flops(of_image), parameters(&spec, &all).image), (flops, learnt), "{model}");
        }
    }

    #[test]
    fn poolings_that_a_network_does_not_have_are_refused() {
        for (model, pool, proj, part) in [
            ("convnext_tiny", "map", "linear", "by the mean of all positions only"),
            ("swin_tiny_patch4_window7_224", "abs_attn", "", "attention over a grid is not known"),
            ("vit_relpos_base_patch16_224", "token", "linear", "no such pooling"),
            ("convnext_tiny", "", "", "pools nothing"),
            ("resnet50", "median", "linear", "\"median\" is not supported"),
        ] {
            let error = read(model, pool, json!(proj), [224, 224]).unwrap_err().to_string();
            assert!(error.contains("vision_cfg.timm_pool") && error.contains(part), "{error}");
        }
        let error = read("convnext_tiny", "avg", json!("linear"), [224, 31]).unwrap_err().to_string();
        assert!(error.contains("vision_cfg.image_size") && error.contains("224 x 31"), "{error}");
    }
}
