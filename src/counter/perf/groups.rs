//! Events that are on the counters together, so that they speak of the same time.

use std::io;

use super::event::{Opened, Request};
use super::refusal;
use super::target::Target;
use crate::{Error, Result};

/// An event by name, not open yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    pub name: String,
    pub request: Request,
}

/// Which event was refused, and how.
struct Refused {
    name: String,
    error: io::Error,
}

impl Refused {
    /// What the kernel says of a group that the PMU has too few counters for.
    fn too_many(&self) -> bool {
        self.error.raw_os_error() == Some(libc::EINVAL)
    }

    fn error(&self) -> Error {
        refusal::error(&self.name, &self.error)
    }
}

/// Opens events on a target: as one group where they fit, else one by
/// one, so that they take turns.
pub fn open(wanted: &[Wanted], target: &Target) -> Result<Vec<Opened>> {
    match group(wanted, target) {
        Err(refused) if refused.too_many() => {
            wanted.iter().map(|one| alone(one, target)).collect::<std::result::Result<_, _>>().map_err(|r| r.error())
        }
        opened => opened.map_err(|refused| refused.error()),
    }
}

/// The fewest parts, in their order, of which each fits the PMU as a group.
pub fn fitting<T: Clone>(events: &[T], wanted: impl Fn(&[T]) -> Vec<Wanted> + Copy) -> Result<Vec<Vec<T>>> {
    // On this process, where nothing counts: they are enabled by an exec.
    match group(&wanted(events), &Target::ourselves()) {
        Ok(_) => Ok(vec![events.to_vec()]),
        Err(refused) if refused.too_many() && events.len() > 1 => {
            let (first, second) = events.split_at(events.len().div_ceil(2));
            Ok([fitting(first, wanted)?, fitting(second, wanted)?].concat())
        }
        Err(refused) => Err(refused.error()),
    }
}

fn group(wanted: &[Wanted], target: &Target) -> std::result::Result<Vec<Opened>, Refused> {
    let Some((first, rest)) = wanted.split_first() else { return Ok(Vec::new()) };
    let mut opened = vec![alone(first, target)?];
    for one in rest {
        let member = Opened::in_group(&mut opened[0], &one.name, one.request, target);
        opened.push(accepted(one, member)?);
    }
    Ok(opened)
}

fn alone(wanted: &Wanted, target: &Target) -> std::result::Result<Opened, Refused> {
    accepted(wanted, Opened::on(&wanted.name, wanted.request, target))
}

fn accepted(wanted: &Wanted, opened: Opened) -> std::result::Result<Opened, Refused> {
    opened.accepted().map_err(|error| Refused { name: wanted.name.clone(), error })
}
