//! Results that were saved as JSON, read back.

use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::ledger::diff::{Named, Saved};
use crate::{Error, Result, convention, counter, ledger};

/// The file, if that is what a user named: not a count.
pub fn named(text: &str) -> Option<PathBuf> {
    let path = PathBuf::from(text);
    path.is_file().then_some(path)
}

pub fn load(path: &Path) -> Result<Named<Saved>> {
    let value = read(path)?;
    let schema = value.get("schema").and_then(Value::as_str).map(str::to_owned);
    let result = match schema.as_deref() {
        Some(counter::SCHEMA) => Saved::Run(of(path, value)?),
        Some(ledger::reconcile::SCHEMA) => Saved::Reconcile(of(path, value)?),
        Some(convention::SCHEMA) => Saved::Estimate(of(path, value)?),
        Some(other) => {
            return Err(Error::input(format!("{}: results of {other} cannot be compared", path.display()))
                .remedy("compare results of run, reconcile or estimate, saved with --format json -o FILE"));
        }
        None if value.is_array() => {
            return Err(Error::input(format!("{}: holds several results", path.display()))
                .remedy("save one model a file: flopledger estimate --preset NAME --format json -o FILE"));
        }
        None => return Err(no_result(path)),
    };
    Ok(Named { name: path.display().to_string(), result })
}

/// A result of `run` alone.
pub fn load_run(path: &Path) -> Result<Named<counter::RunResult>> {
    let value = read(path)?;
    match value.get("schema").and_then(Value::as_str) {
        Some(counter::SCHEMA) => Ok(Named { name: path.display().to_string(), result: of(path, value)? }),
        Some(other) => Err(Error::input(format!("{}: is of {other}, not of {}", path.display(), counter::SCHEMA))
            .remedy("merge what `flopledger run --format json -o run.%r.json` wrote")),
        None => Err(no_result(path)),
    }
}

fn read(path: &Path) -> Result<Value> {
    let text = std::fs::read_to_string(path).map_err(|e| {
        Error::input(format!("{}: cannot read: {e}", path.display())).remedy("name a file that --format json -o wrote")
    })?;
    serde_json::from_str(&text).map_err(|e| {
        Error::input(format!("{}: not JSON: {e}", path.display()))
            .remedy("name a file that --format json -o wrote, to its end")
    })
}

fn of<T: DeserializeOwned>(path: &Path, value: Value) -> Result<T> {
    serde_json::from_value(value).map_err(|e| {
        Error::input(format!("{}: not a result of this version: {e}", path.display()))
            .remedy("make the result anew with this flopledger")
    })
}

fn no_result(path: &Path) -> Error {
    Error::input(format!("{}: no result of flopledger: it has no \"schema\"", path.display()))
        .remedy("name a file that --format json -o wrote")
}
