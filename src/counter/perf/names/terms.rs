//! The terms between the slashes of `cpu/event=0xc7,umask=0x1/`.

use super::super::event::Request;
use super::pmu::{Field, Pmu};
use crate::nearest::nearest;
use crate::{Error, Result};

/// The event that the terms describe, in all modes.
pub fn request(pmu: &Pmu, terms: &str) -> Result<Request> {
    let mut words = [0; 3];
    let written = format!("{}/{terms}/", pmu.name);
    for term in terms.split(',') {
        apply(pmu, term.trim(), &mut words).map_err(|error| error.at(&written))?;
    }
    let [config, config1, config2] = words;
    Ok(Request { pmu: pmu.kind, config, config1, config2, ..Request::default() })
}

fn apply(pmu: &Pmu, term: &str, words: &mut [u64; 3]) -> Result<()> {
    if let Some((name, value)) = term.split_once('=') {
        return match field(pmu, name)? {
            Some(field) => put(&field, name, number(name, value)?, words),
            None => Err(unknown(pmu, name)),
        };
    }
    if let Some(terms) = pmu.event(term) {
        // Events do not name other events.
        return terms.split(',').try_for_each(|term| {
            let (name, value) = term.split_once('=').unwrap_or((term, "1"));
            let field = field(pmu, name)?.ok_or_else(|| unknown(pmu, name))?;
            put(&field, name, number(name, value)?, words)
        });
    }
    if let Some(config) = raw(term) {
        words[0] = config;
        return Ok(());
    }
    // A field of one bit may stand alone.
    match field(pmu, term)? {
        Some(field) => put(&field, term, 1, words),
        None => Err(unknown(pmu, term)),
    }
}

/// The config of `rNNN`.
pub fn raw(name: &str) -> Option<u64> {
    let digits = name.strip_prefix('r')?;
    let hexadecimal = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    hexadecimal.then(|| u64::from_str_radix(digits, 16).ok())?
}

fn field(pmu: &Pmu, name: &str) -> Result<Option<Field>> {
    match name {
        "config" | "config1" | "config2" => Ok(format!("{name}:0-63").parse().ok()),
        _ => pmu.field(name),
    }
}

fn put(field: &Field, name: &str, value: u64, words: &mut [u64; 3]) -> Result<()> {
    if value > field.largest() {
        return Err(Error::input(format!("{name}={value:#x} does not fit: at most {:#x}", field.largest())));
    }
    field.put(value, words);
    Ok(())
}

fn number(name: &str, value: &str) -> Result<u64> {
    let parsed = match value.strip_prefix("0x").or_else(|| value.strip_prefix("0X")) {
        Some(digits) => u64::from_str_radix(digits, 16),
        None => value.parse(),
    };
    parsed.map_err(|_| {
        let error = Error::input(format!("{name}={value}: not a number"));
        match value {
            "?" => error.remedy(format!("the event wants a value of yours: add {name}=VALUE")),
            _ => error.remedy("give a decimal number, or 0x and hexadecimal digits"),
        }
    })
}

fn unknown(pmu: &Pmu, name: &str) -> Error {
    let known = [pmu.events(), pmu.fields()].concat();
    let near = nearest(name, known.iter().map(String::as_str));
    Error::input(format!("the PMU {} has no event or field {name:?}{near}", pmu.name))
        .remedy(format!("see /sys/bus/event_source/devices/{}/events and /format", pmu.name))
}
