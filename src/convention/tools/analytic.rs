//! The true count: 2 FLOPs for each multiply-accumulate of the convolution and of every matrix
//! product, attention in full, logits left out.

use super::{PRODUCTS, rule};
use crate::convention::coverage::{Beyond, Coverage};
use crate::convention::rule::{Rule, Weight, Where};
use crate::convention::{ANALYTIC, Convention, Method, Scope};
use crate::model::spec::NormSpan;
use crate::units::Unit;

pub const SETTINGS: [Convention; 2] = [
    setting("flop", Unit::Flop, &[&TWICE], "every product of both towers, 2 FLOPs for each multiply-accumulate"),
    setting("mac", Unit::Mac, &[&ONCE], "every product of both towers, in multiply-accumulates"),
];

const TWICE: [Rule; 1] = [rule(Where::Anywhere, &PRODUCTS, Weight::Macs(2))];
const ONCE: [Rule; 1] = [rule(Where::Anywhere, &PRODUCTS, Weight::Macs(1))];

const fn setting(
    slug: &'static str,
    unit: Unit,
    rules: &'static [&'static [Rule]],
    description: &'static str,
) -> Convention {
    Convention {
        name: ANALYTIC,
        setting: Some(slug),
        unit,
        default_scope: Scope::Total,
        description,
        documented: "https://github.com/mlfoundations/open_clip/blob/main/docs/model_profile.csv",
        method: Method::Coverage(Coverage {
            rules,
            final_norm: NormSpan::AllTokens,
            image_only: false,
            beyond: Beyond::Everything,
        }),
    }
}
