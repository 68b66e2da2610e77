//! Arbitrary bytes as a configuration: every one ends in an estimate whose ledgers close, or in
//! an error with its remedy. Overflow panics, as cargo-fuzz builds with debug assertions.

#![no_main]

use flopledger::convention::{Logits, MOST, Options, Recompute, Setting, estimate, estimate_with};
use libfuzzer_sys::fuzz_target;

/// Every product that a count can have, at its largest.
const LARGEST: Setting =
    Setting { batch: MOST, backward: true, recompute: Recompute::Full, logits: None, ranks: MOST };

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let spec = match flopledger::model::parse("fuzz", text) {
        Ok(spec) => spec,
        Err(error) => {
            let message = error.to_string();
            assert!(message.starts_with("fuzz") && message.contains("\n  remedy: "), "{message}");
            return;
        }
    };
    let logits = (spec.image.is_some() && spec.text.is_some()).then_some(Logits::Global);
    let options = Options::new(Setting { logits, ..LARGEST }, true);
    estimate_with(&spec, &options).unwrap();
    assert_eq!(estimate(&spec).flops.total, flopledger::total_flops(&spec));
    for (from, to) in [("thop:total", "analytic"), ("fvcore", "torchinfo"), ("seed-formula", "flop-counter")] {
        if let Ok(explanation) = flopledger::explain(from, to, &spec) {
            assert_eq!(explanation.ledger.residual, 0, "{from} to {to}");
        }
    }
});
