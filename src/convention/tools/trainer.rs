//! What HuggingFace's Trainer adds to `total_flos` in its state for each example: 6 x the numbers of the
//! model's main input x its parameters without embedding tables. The main input of a CLIP of two
//! towers is the text; that of an image tower alone are the pixels.

use crate::convention::formula::{Formula, Kind, Passes};
use crate::convention::{Convention, Method, Scope};
use crate::units::Unit;

pub const SETTINGS: [Convention; 1] = [Convention {
    name: "hf-trainer",
    setting: None,
    unit: Unit::Flop,
    default_scope: Scope::Total,
    description: "what the Trainer of transformers 5.24 adds to total_flos for each example of an epoch: 6 x tokens of \
                  the text (of an image tower alone, its pixels) x parameters without embedding tables",
    documented: "https://github.com/huggingface/transformers/blob/main/src/transformers/trainer.py",
    method: Method::Formula(Formula { kind: Kind::MainInput, passes: Passes::Training }),
}];
