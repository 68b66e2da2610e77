//! The events that `-e` names, as `perf stat` takes them.

use perf_event_open_sys::bindings::{PERF_TYPE_HARDWARE, PERF_TYPE_HW_CACHE, PERF_TYPE_RAW, PERF_TYPE_SOFTWARE};

use super::event::Request;
use crate::nearest::nearest;
use crate::{Error, Result};
use pmu::Pmu;

mod cache;
mod kernel;
pub mod pmu;
mod terms;

/// An event to count, by the name that the result carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    pub name: String,
    pub request: Request,
    /// The user said in which modes to count.
    pub modes_given: bool,
}

/// The events of a list like `cycles,cpu/event=0xc7,umask=0x1/u`. On a hybrid CPU, a hardware event
/// becomes one for each kind of core.
pub fn parse(list: &str) -> Result<Vec<Named>> {
    let mut all = Vec::new();
    for text in split(list) {
        if text.is_empty() {
            return Err(Error::input(format!("-e {list}: an event without a name")));
        }
        all.extend(one(text).map_err(|error| error.at(format!("-e {text}")))?);
    }
    Ok(all)
}

/// At commas that are not between slashes.
fn split(list: &str) -> impl Iterator<Item = &str> {
    let mut in_terms = false;
    list.split(move |c| {
        in_terms ^= c == '/';
        c == ',' && !in_terms
    })
}

/// In which modes an event counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Modes {
    user: bool,
    kernel: bool,
}

impl Modes {
    fn parse(text: &str) -> Result<Option<Modes>> {
        let mut modes = Modes::default();
        for letter in text.chars() {
            match letter {
                'u' => modes.user = true,
                'k' => modes.kernel = true,
                other => {
                    return Err(Error::input(format!("the modifier {other:?} is not known here"))
                        .remedy("u counts in user mode, k in the kernel, uk in both"));
                }
            }
        }
        Ok((!text.is_empty()).then_some(modes))
    }
}

fn one(text: &str) -> Result<Vec<Named>> {
    let (event, modifiers) = match text.split_once('/') {
        Some((pmu, rest)) => {
            let (terms, modifiers) = rest.rsplit_once('/').ok_or_else(|| {
                Error::input("a slash is missing").remedy("write PMU/TERMS/, e.g. cpu/event=0xc7,umask=0x1/")
            })?;
            (vec![of_pmu(pmu, terms)?], modifiers.strip_prefix(':').unwrap_or(modifiers))
        }
        None => {
            let (name, modifiers) = text.split_once(':').unwrap_or((text, ""));
            (by_name(name)?, modifiers)
        }
    };
    let modes = Modes::parse(modifiers)?;
    let with_modes = |(name, request): (String, Request)| {
        let suffix = if modifiers.is_empty() { String::new() } else { format!(":{modifiers}") };
        let Modes { user, kernel } = modes.unwrap_or(Modes { user: true, kernel: true });
        Named {
            name: name + &suffix,
            request: Request { exclude_kernel: !kernel, exclude_user: !user, ..request },
            modes_given: modes.is_some(),
        }
    };
    Ok(event.into_iter().map(with_modes).collect())
}

fn of_pmu(name: &str, terms: &str) -> Result<(String, Request)> {
    let pmu = Pmu::named(name).ok_or_else(|| {
        let known = Pmu::all();
        let near = nearest(name, known.iter().map(|pmu| pmu.name.as_str()));
        let all: Vec<&str> = known.iter().map(|pmu| pmu.name.as_str()).collect();
        Error::input(format!("this machine has no PMU {name:?}{near}"))
            .remedy(format!("its PMUs are: {}", all.join(", ")))
    })?;
    Ok((format!("{name}/{terms}/"), terms::request(&pmu, terms)?))
}

fn by_name(name: &str) -> Result<Vec<(String, Request)>> {
    let of = |pmu, config| Request { pmu, config, ..Request::default() };
    if let Some(config) = kernel::software(name) {
        return Ok(vec![(name.to_owned(), of(PERF_TYPE_SOFTWARE, config))]);
    }
    if let Some(config) = terms::raw(name) {
        // Each kind of core has events of its own under the same number.
        return Ok(for_each_core(name, of(PERF_TYPE_RAW, config), |pmu| of(pmu.kind, config)));
    }
    let generic = kernel::hardware(name).map(|config| of(PERF_TYPE_HARDWARE, config));
    if let Some(request) = generic.or_else(|| cache::config(name).map(|config| of(PERF_TYPE_HW_CACHE, config))) {
        // The kernel takes the kind of core in the upper half.
        let on = |pmu: &Pmu| Request { config: request.config | u64::from(pmu.kind) << 32, ..request };
        return Ok(for_each_core(name, request, on));
    }
    let cores = Pmu::cores();
    let named: Vec<&Pmu> = cores.iter().filter(|pmu| pmu.event(name).is_some()).collect();
    if named.is_empty() {
        return Err(unknown(name, &cores));
    }
    named.into_iter().map(|pmu| of_pmu(&pmu.name, name)).collect()
}

/// One event, or on a hybrid CPU one for each kind of core.
fn for_each_core(name: &str, request: Request, on: impl Fn(&Pmu) -> Request) -> Vec<(String, Request)> {
    match &*Pmu::cores() {
        [] | [_] => vec![(name.to_owned(), request)],
        cores => cores.iter().map(|pmu| (format!("{}/{name}/", pmu.name), on(pmu))).collect(),
    }
}

fn unknown(name: &str, cores: &[Pmu]) -> Error {
    let generic = kernel::names().map(str::to_owned).chain(cache::names());
    let known: Vec<String> = generic.chain(cores.iter().flat_map(Pmu::events)).collect();
    let near = nearest(name, known.iter().map(String::as_str));
    Error::input(format!("no event has this name{near}"))
        .remedy("give a name that `perf list` has, rNNN, or PMU/event=..,umask=../")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(list: &str) -> Vec<String> {
        parse(list).expect("events").into_iter().map(|named| named.name).collect()
    }

    #[test]
    fn commas_between_slashes_part_terms() {
        assert_eq!(split("a,cpu/x=1,y=2/u,b").collect::<Vec<_>>(), ["a", "cpu/x=1,y=2/u", "b"]);
        assert_eq!(names("page-faults:u,cs"), ["page-faults:u", "cs"]);
    }

    #[test]
    fn modifiers_choose_modes() {
        let modes = |list: &str| {
            let named = &parse(list).expect("an event")[0];
            (!named.request.exclude_user, !named.request.exclude_kernel)
        };
        assert_eq!(modes("task-clock"), (true, true));
        assert_eq!(modes("task-clock:u"), (true, false));
        assert_eq!(modes("task-clock:k"), (false, true));
        assert_eq!(modes("task-clock:uk"), (true, true));
        assert!(parse("task-clock:p").is_err_and(|error| error.to_string().contains("'p'")));
    }

    #[test]
    fn raw_events_are_hexadecimal() {
        assert_eq!(parse("r1c7").expect("an event")[0].request.config, 0x1c7);
        assert!(parse("rxyz").is_err() && parse("r").is_err());
    }

    #[test]
    fn what_is_not_known_comes_with_its_nearest() {
        let says = |list: &str| parse(list).expect_err("not known").to_string();
        assert!(says("page-fault").contains("nearest: page-faults"), "{}", says("page-fault"));
        assert!(says("nopmu/event=1/").contains("no PMU \"nopmu\""));
        assert!(says("task-clock,,cs").contains("without a name"));
    }
}
