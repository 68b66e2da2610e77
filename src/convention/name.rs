//! Names of counts: `name[@setting][:tower]`, e.g. `thop@hf:image`.

use super::{ANALYTIC, Convention, Scope, all};
use crate::nearest::nearest;
use crate::units::Unit;
use crate::{Error, Result};

/// A convention and what of a model it counts.
#[derive(Debug, Clone, Copy)]
pub struct CountName {
    pub convention: &'static Convention,
    pub scope: Scope,
}

impl CountName {
    /// A convention by its name, in its default setting and scope.
    pub fn default_of(name: &str) -> Option<CountName> {
        let convention = all().find(|convention| convention.name == name)?;
        Some(CountName { convention, scope: convention.default_scope })
    }

    pub fn parse(text: &str) -> Result<CountName> {
        let (rest, tower) = match text.split_once(':') {
            Some((rest, tower)) => (rest, Some(tower)),
            None => (text, None),
        };
        let (name, setting) = match rest.split_once('@') {
            Some((name, setting)) => (name, Some(setting)),
            None => (rest, None),
        };
        let convention = find(text, name, setting)?;
        let scope = match tower {
            None => convention.default_scope,
            Some("image") => Scope::IMAGE,
            Some("text") => Scope::TEXT,
            Some("total" | "both") => Scope::Total,
            Some(other) => {
                return Err(Error::input(format!("{text}: there is no tower {other:?}"))
                    .remedy("write :image, :text or :total after the name"));
            }
        };
        Ok(CountName { convention, scope })
    }

    /// The true count in this unit; any other count stays what its tool prints.
    pub fn in_unit(self, unit: Unit) -> CountName {
        let wanted = |other: &&Convention| other.name == ANALYTIC && other.unit == unit;
        match all().find(wanted) {
            Some(convention) if self.convention.name == ANALYTIC => CountName { convention, ..self },
            _ => self,
        }
    }

    /// Is this the setting that the bare name means?
    pub fn is_default_setting(&self) -> bool {
        all().find(|other| other.name == self.convention.name).is_some_and(|first| std::ptr::eq(first, self.convention))
    }
}

/// The shortest name that means this count.
impl std::fmt::Display for CountName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.convention.name)?;
        if let Some(setting) = self.convention.setting.filter(|_| !self.is_default_setting()) {
            write!(f, "@{setting}")?;
        }
        if self.scope != self.convention.default_scope {
            write!(f, ":{}", self.scope.name())?;
        }
        Ok(())
    }
}

fn find(text: &str, name: &str, setting: Option<&str>) -> Result<&'static Convention> {
    let mut known: Vec<&str> = all().map(|convention| convention.name).collect();
    known.dedup();
    if !known.contains(&name) {
        return Err(Error::input(format!(
            "{text}: there is no count {name:?}{}",
            nearest(name, known.iter().copied())
        ))
        .remedy(format!("choose one of {}, or give a number with a unit, e.g. 116.5Gmac", known.join(", "))));
    }
    let mut settings = all().filter(|convention| convention.name == name);
    match settings.find(|convention| setting.is_none() || convention.setting == setting) {
        Some(convention) => Ok(convention),
        None => {
            let slugs: Vec<&str> = all().filter(|c| c.name == name).filter_map(|c| c.setting).collect();
            let wrong = setting.unwrap_or_default();
            let remedy = match slugs.as_slice() {
                [] => format!("{name} has no settings: leave out @{wrong}"),
                slugs => format!("choose one of {}", slugs.join(", ")),
            };
            Err(Error::input(format!(
                "{text}: {name} has no setting {wrong:?}{}",
                nearest(wrong, slugs.iter().copied())
            ))
            .remedy(remedy))
        }
    }
}
