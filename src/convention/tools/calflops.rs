//! calflops 0.3.2: functions of torch, replaced while the model runs. It prints FLOPs (2 for each
//! multiply-accumulate, 5 for each element of a layer norm, 1 for each of a softmax or a GELU) and,
//! apart, the MACs of the products alone. Its replacement of `torch.bmm` is commented out.

use super::{
    BIASES_OF_PATCHES, FUSED_ATTENTION, GELU, LAYER_NORMS, LOGITS, NATIVE_ATTENTION, PARAMETER_PROJECTION, PRODUCTS,
    PROJECTION, rule,
};
use crate::convention::coverage::{Beyond, Coverage};
use crate::convention::rule::{Rule, Weight, Where};
use crate::convention::{Convention, Method, Scope};
use crate::model::spec::NormSpan::{self, AllTokens, Pooled};
use crate::model::terms::Role;
use crate::units::Unit::{self, Flop, Mac};

pub const SETTINGS: [Convention; 11] = [
    setting("open_clip", Flop, AllTokens, &[&UNSEEN, &FUSED_ATTENTION, &GELUS, &ELEMENTS, &TWICE], OPEN_CLIP),
    setting(
        "open_clip-fast-path",
        Flop,
        AllTokens,
        &[&NATIVE_ATTENTION, &UNSEEN, &FUSED_ATTENTION, &GELUS, &ELEMENTS, &TWICE],
        FAST_PATH,
    ),
    setting("openai", Flop, Pooled, &[&UNSEEN, &FUSED_ATTENTION, &GELUS, &ELEMENTS, &TWICE], OPENAI),
    setting("hf-eager", Flop, Pooled, &[&SOFTMAX, &ELEMENTS, &TWICE], HF_EAGER),
    setting("hf4.38-eager", Flop, Pooled, &[&FUSED_ATTENTION, &SOFTMAX, &ELEMENTS, &TWICE], HF_BMM),
    setting("hf-sdpa", Flop, Pooled, &[&FUSED_ATTENTION, &ELEMENTS, &TWICE], HF_SDPA),
    setting("open_clip-macs", Mac, Pooled, &[&PARAMETER_PROJECTION, &NO_LOGITS, &FUSED_ATTENTION, &ONCE], OPEN_CLIP),
    setting(
        "open_clip-fast-path-macs",
        Mac,
        Pooled,
        &[&NATIVE_ATTENTION, &PARAMETER_PROJECTION, &NO_LOGITS, &FUSED_ATTENTION, &ONCE],
        FAST_PATH,
    ),
    setting("hf-eager-macs", Mac, Pooled, &[&ONCE], HF_EAGER),
    setting("hf4.38-eager-macs", Mac, Pooled, &[&FUSED_ATTENTION, &ONCE], HF_BMM),
    setting("hf-sdpa-macs", Mac, Pooled, &[&FUSED_ATTENTION, &ONCE], HF_SDPA),
];

const OPEN_CLIP: &str = "open_clip 2.23 or later (its MACs: openai-clip too): \
                         attention is fused, the final projection and the logits are `x @ y`, all unseen";
const FAST_PATH: &str = "open_clip 3 on a CPU, evaluating without gradients: the attention of a tower without a \
                         mask is one native operator, unseen; so are fused attention and a final projection \
                         by `x @ y`";
const OPENAI: &str = "openai-clip: attention is fused, the final projection and the logits are `x @ y`, all unseen";
const HF_EAGER: &str =
    "HuggingFace's CLIP (transformers 5) with eager attention by matmul; the total includes the logits";
const HF_BMM: &str = "HuggingFace's CLIP (transformers 4.38) with eager attention by bmm, which is unseen; \
                      the total includes the logits";
const HF_SDPA: &str = "HuggingFace's CLIP with fused (sdpa) attention, which is unseen; the total includes the logits";

const TWICE: [Rule; 2] =
    [rule(Where::Anywhere, &PRODUCTS, Weight::Macs(2)), rule(Where::Anywhere, &LOGITS, Weight::Macs(2))];
const ONCE: [Rule; 2] =
    [rule(Where::Anywhere, &PRODUCTS, Weight::Macs(1)), rule(Where::Anywhere, &LOGITS, Weight::Macs(1))];
/// The final projection where it is `x @ parameter`, and the logits.
const UNSEEN: [Rule; 3] = [
    rule(Where::LinearProjection, &PROJECTION, Weight::Macs(2)),
    rule(Where::Anywhere, &PROJECTION, Weight::Nothing),
    rule(Where::Anywhere, &LOGITS, Weight::Nothing),
];
const NO_LOGITS: [Rule; 1] = [rule(Where::Anywhere, &LOGITS, Weight::Nothing)];
const ELEMENTS: [Rule; 2] = [
    rule(Where::Anywhere, &LAYER_NORMS, Weight::Elements(5)),
    rule(Where::Anywhere, &BIASES_OF_PATCHES, Weight::Elements(1)),
];
/// HuggingFace's activations keep the function as it was before it was replaced.
const GELUS: [Rule; 1] = [rule(Where::Anywhere, &GELU, Weight::Gelu(1))];
const SOFTMAX: [Rule; 1] = [rule(Where::Anywhere, &[Role::Softmax], Weight::Elements(1))];

const fn setting(
    slug: &'static str,
    unit: Unit,
    final_norm: NormSpan,
    rules: &'static [&'static [Rule]],
    description: &'static str,
) -> Convention {
    Convention {
        name: "calflops",
        setting: Some(slug),
        unit,
        default_scope: Scope::Total,
        description,
        documented: "https://github.com/MrYxJ/calculate-flops.pytorch",
        method: Method::Coverage(Coverage { rules, final_norm, image_only: false, beyond: Beyond::Nothing }),
    }
}
