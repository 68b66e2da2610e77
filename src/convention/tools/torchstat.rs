//! torchstat 0.0.7, with its assertion on the input of linear modules removed (as released it
//! stops there): leaf modules of a model that takes a single image.

use super::{CLIP_MODULES, EVA_MODULES, rule};
use crate::convention::coverage::{Beyond, Coverage};
use crate::convention::rule::{Rule, Weight, Where};
use crate::convention::{Convention, Method, Scope};
use crate::model::spec::{Family, NormSpan};
use crate::units::Unit;

pub const SETTINGS: [Convention; 2] = [
    setting(
        "flops",
        Unit::Mac,
        &[&EVA_MACS, &CLIP_MACS],
        "the column it calls Flops, which holds multiply-accumulates; its assertion removed, image tower only",
    ),
    setting(
        "madd",
        Unit::Flop,
        &[&EVA_MADDS, &CLIP_MADDS],
        "the column it calls MAdd: k multiplications and k - 1 additions a sum; assertion removed, image tower only",
    ),
];

const EVA: Where = Where::Image(Family::Eva);
const CLIP: Where = Where::Image(Family::Clip);

const EVA_MACS: [Rule; 1] = [rule(EVA, &EVA_MODULES, Weight::Macs(1))];
const CLIP_MACS: [Rule; 1] = [rule(CLIP, &CLIP_MODULES, Weight::Macs(1))];
const EVA_MADDS: [Rule; 1] = [rule(EVA, &EVA_MODULES, Weight::MultiplyAdds)];
const CLIP_MADDS: [Rule; 1] = [rule(CLIP, &CLIP_MODULES, Weight::MultiplyAdds)];

const fn setting(
    slug: &'static str,
    unit: Unit,
    rules: &'static [&'static [Rule]],
    description: &'static str,
) -> Convention {
    Convention {
        name: "torchstat",
        setting: Some(slug),
        unit,
        default_scope: Scope::IMAGE,
        description,
        documented: "https://github.com/Swall0w/torchstat",
        method: Method::Coverage(Coverage {
            rules,
            final_norm: NormSpan::AllTokens,
            image_only: true,
            beyond: Beyond::Nothing,
        }),
    }
}
