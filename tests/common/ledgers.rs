//! That ledgers between two counts of a model close.

use flopledger::convention::{CountName, Scope, Subject, all};
use flopledger::ledger::Entry;
use flopledger::ledger::explain::{Side, ledger};

/// Every count that can be asked for of this model.
pub fn counts(subject: &Subject) -> Vec<CountName> {
    let scopes = [Scope::IMAGE, Scope::TEXT, Scope::Total];
    let names = all().flat_map(|convention| scopes.map(|scope| CountName { convention, scope }));
    names.filter(|count| count.convention.count(subject, count.scope).is_some()).collect()
}

/// The ledger closes, its amounts rest on their evidence, and the way back is its negative.
pub fn check(subject: &Subject, a: CountName, b: CountName) -> Result<(), String> {
    let (a, b) = (Side::Count(a), Side::Count(b));
    let there = ledger(subject, &a, &b).map_err(|e| e.to_string())?;
    let back = ledger(subject, &b, &a).map_err(|e| e.to_string())?;
    let amounts = |sign: i128, entries: &[Entry]| -> Vec<(String, i128)> {
        entries.iter().map(|entry| (entry.cause.clone(), sign * entry.flops)).collect()
    };
    let evident =
        there.entries.iter().all(|entry| entry.flops == entry.evidence.iter().map(|part| part.flops).sum::<i128>());
    let ok = there.residual == 0 && evident && amounts(1, &there.entries) == amounts(-1, &back.entries);
    if ok { Ok(()) } else { Err(format!("{}: {there:#?}", subject.spec.name)) }
}
