//! Reads the tables, once.

use std::collections::HashMap;
use std::sync::LazyLock;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::identity::{Identity, ranges};
use super::{CoreType, CountRule, Counters, EventGroup, FlopsPerCount, FpEvent, GroupKind, Quality};
use crate::isa::Precision;
use crate::machine::cpu;

const CORES: &str = include_str!("cores.csv");
const GROUPS: &str = include_str!("groups.csv");
const CAVEATS: &str = include_str!("caveats.csv");

/// Every core type. A table that cannot be read is a fault of the build, which the tests find: it is no input.
pub fn cores() -> &'static [CoreType] {
    static CORE_TYPES: LazyLock<Vec<CoreType>> = LazyLock::new(|| {
        let parsed = rows(CORES).and_then(|rows| rows.into_iter().map(CoreRow::resolve).collect());
        parsed.unwrap_or_else(|error| panic!("cores.csv: {error}"))
    });
    &CORE_TYPES
}

type Parsed<T> = Result<T, String>;

/// Models and steppings are hexadecimal numbers and ranges; so are the implementers that stand for the family in
/// Arm's rows.
#[derive(Deserialize)]
struct CoreRow {
    vendor: String,
    family: String,
    models: String,
    steppings: String,
    name: String,
    pmu: String,
    counters_smt: Option<u32>,
    counters_no_smt: Option<u32>,
    counters_limit: Option<u32>,
    fixed_counters: Option<u32>,
    quality: Quality,
    /// Names of groups and of caveats, separated by spaces.
    groups: String,
    caveats: String,
    reason: Option<String>,
    source: String,
}

impl CoreRow {
    fn resolve(self) -> Parsed<CoreType> {
        let name = self.name;
        let wrong = |what: &str, text: &str| format!("{name}: {what} {text:?}");
        let range = |what: &str, text: &str| ranges(text).ok_or_else(|| wrong(what, text));
        let radix = if self.vendor == cpu::ARM { 16 } else { 10 };
        let identity = Identity {
            family: u32::from_str_radix(&self.family, radix).map_err(|_| wrong("family", &self.family))?,
            models: range("models", &self.models)?,
            steppings: range("steppings", &self.steppings)?,
            vendor: self.vendor,
        };
        let counters = match (self.counters_smt, self.counters_no_smt, self.fixed_counters) {
            (Some(smt), Some(no_smt), Some(fixed)) => Some(Counters { smt, no_smt, limit: self.counters_limit, fixed }),
            _ => None,
        };
        let group = |slug| group(slug).ok_or_else(|| wrong("group", slug));
        let caveat = |slug| caveat(slug).ok_or_else(|| wrong("caveat", slug));
        Ok(CoreType {
            identity,
            pmu: self.pmu,
            counters,
            quality: self.quality,
            groups: self.groups.split_whitespace().map(group).collect::<Parsed<_>>()?,
            caveats: self.caveats.split_whitespace().map(caveat).collect::<Parsed<_>>()?,
            reason: self.reason,
            source: self.source,
            name,
        })
    }
}

/// One event of a group; what is the group's stands in each of its rows.
#[derive(Deserialize)]
struct EventRow {
    group: String,
    kind: GroupKind,
    /// Separated by spaces.
    covers: String,
    rule: CountRule,
    name: String,
    config: String,
    flops_per_count: String,
    precision: Option<Precision>,
    counters: u32,
    source: String,
}

impl EventRow {
    /// Its group, as far as the row tells of it, with the one event.
    fn resolve(self) -> Parsed<(String, EventGroup)> {
        let wrong = |what: &str, text: &str| format!("{} {}: {what} {text:?}", self.group, self.name);
        let config = self.config.strip_prefix("0x").and_then(|hex| u64::from_str_radix(hex, 16).ok());
        let flops_per_count = match self.flops_per_count.as_str() {
            "VL/128" => FlopsPerCount::VectorGranules,
            number => FlopsPerCount::Fixed(number.parse().map_err(|_| wrong("flops_per_count", number))?),
        };
        let covers = self.covers.split_whitespace().map(|name| precision(name).ok_or_else(|| wrong("covers", name)));
        let event = FpEvent {
            config: config.ok_or_else(|| wrong("config", &self.config))?,
            flops_per_count,
            precision: self.precision,
            counters: self.counters,
            name: self.name.clone(),
            source: self.source.clone(),
        };
        let covers = covers.collect::<Parsed<_>>()?;
        Ok((self.group, EventGroup { kind: self.kind, covers, rule: self.rule, events: vec![event] }))
    }
}

fn precision(name: &str) -> Option<Precision> {
    use Precision::{Bf16, Fp16, Fp32, Fp64, X87};
    [("fp16", Fp16), ("bf16", Bf16), ("fp32", Fp32), ("fp64", Fp64), ("x87", X87)]
        .into_iter()
        .find_map(|(known, precision)| (known == name).then_some(precision))
}

fn group(slug: &str) -> Option<&'static EventGroup> {
    static NAMED: LazyLock<HashMap<String, EventGroup>> = LazyLock::new(|| {
        let mut groups: HashMap<String, EventGroup> = HashMap::new();
        let rows = rows(GROUPS).and_then(|rows| rows.into_iter().map(EventRow::resolve).collect::<Parsed<Vec<_>>>());
        for (slug, row) in rows.unwrap_or_else(|error| panic!("groups.csv: {error}")) {
            match groups.get_mut(&slug) {
                Some(group) => group.events.extend(row.events),
                None => {
                    groups.insert(slug, row);
                }
            }
        }
        groups
    });
    NAMED.get(slug)
}

fn caveat(slug: &str) -> Option<&'static str> {
    #[derive(Deserialize)]
    struct Row {
        caveat: String,
        text: String,
    }
    static NAMED: LazyLock<HashMap<String, String>> = LazyLock::new(|| {
        let rows: Vec<Row> = rows(CAVEATS).unwrap_or_else(|error| panic!("caveats.csv: {error}"));
        rows.into_iter().map(|row| (row.caveat, row.text)).collect()
    });
    NAMED.get(slug).map(String::as_str)
}

fn rows<T: DeserializeOwned>(table: &str) -> Parsed<Vec<T>> {
    let rows = csv::Reader::from_reader(table.as_bytes()).into_deserialize().collect::<csv::Result<Vec<T>>>();
    rows.map_err(|error| error.to_string())
}
