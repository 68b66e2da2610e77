//! Whose number it is, printed.

use std::io::{self, Write};

use super::ledger::write_ledger;
use super::text::{Align, Table};
use super::{Report, write_json};
use crate::ledger::identify::{Identification, Match, Nearest};
use crate::units::{Amount, Unit, grouped};

pub struct Identified<'a> {
    pub found: &'a Identification,
    /// Every match in the table, not the likeliest alone.
    pub all: bool,
}

/// Matches that a table has unless all are asked for.
const SHOWN: usize = 10;
/// A hit that chance gives as often as this is called one.
const LIKELY_CHANCE: f64 = 0.5;

impl Report for Identified<'_> {
    fn table(&self, out: &mut dyn Write, _unit: Unit) -> io::Result<()> {
        let found = self.found;
        writeln!(out, "{}\n", headline(found))?;
        for parameters in &found.parameters {
            let part = match parameters.tower {
                "total" => "all".to_string(),
                tower => format!("the {tower} tower's"),
            };
            let value = grouped(parameters.value as Amount);
            writeln!(out, "a number of parameters: {value} are {part} parameters of {}", parameters.model)?;
        }
        if let Some(first) = found.matches.first() {
            writeln!(out, "likeliest: {} of {}: {}\n", count(first), first.model, first.likely)?;
            let shown = if self.all { found.matches.len() } else { SHOWN };
            write_matches(found.matches.iter().take(shown), out)?;
            if let Some(more) = found.matches.len().checked_sub(shown).filter(|more| *more > 0) {
                writeln!(out, "and {more} less likely ones, which --all prints")?;
            }
            writeln!(out, "\n{}: {}", count(first), first.reason)?;
            writeln!(out, "{}", by_chance(found, first))?;
        }
        match &found.nearest {
            Some(nearest) => write_nearest(nearest, out)?,
            None if !found.found() => writeln!(out, "no count comes within 3 % of it")?,
            None => {}
        }
        for note in &found.notes {
            writeln!(out, "note: {note}")?;
        }
        Ok(())
    }

    fn json(&self, out: &mut dyn Write) -> io::Result<()> {
        write_json(self.found, out)
    }

    fn csv(&self, out: &mut csv::Writer<&mut dyn Write>) -> csv::Result<()> {
        let columns = ["record", "model", "convention", "setting", "tower", "unit", "reading", "batch", "value"];
        let more = ["relative_error", "frames", "samples", "passes", "class_token", "chance", "likely", "reason"];
        out.write_record(columns.into_iter().chain(more))?;
        for parameters in &self.found.parameters {
            let (value, off) = (parameters.value.to_string(), parameters.relative_error.to_string());
            let fields = ["parameters", &parameters.model, "", "", parameters.tower, "", "", "", &value, &off];
            out.write_record(fields.into_iter().chain([""; 7]))?;
        }
        let matches = self.found.matches.iter().map(|found| ("match", found));
        for (record, found) in matches.chain(self.found.nearest.iter().map(|nearest| ("nearest", &nearest.found))) {
            let Match { model, convention, setting, tower, unit, reading, likely, reason, .. } = found;
            let (batch, value) = (found.batch.to_string(), found.value.to_string());
            let fields =
                [record, model, convention, setting.unwrap_or(""), tower, unit.slug(), reading.slug(), &batch, &value];
            let optional = |number: Option<u64>| number.map(|number| number.to_string()).unwrap_or_default();
            let (frames, samples) = (optional(found.frames), optional(found.samples));
            let [off, passes, token, chance] = [
                found.relative_error.to_string(),
                found.passes.to_string(),
                found.class_token.to_string(),
                found.chance.to_string(),
            ];
            let rest = [&off, &frames, &samples, &passes, &token, &chance, likely, reason].map(String::as_str);
            out.write_record(fields.into_iter().chain(rest))?;
        }
        Ok(())
    }
}

fn headline(found: &Identification) -> String {
    let rounding = match found.rounding {
        0 => "exactly".to_string(),
        rounding => format!("give or take {}", grouped(rounding as Amount)),
    };
    let models = match found.models.as_slice() {
        [only] => only.clone(),
        models => format!("{} presets", models.len()),
    };
    let yielding = match found.matches.len() {
        0 => "no count yields it".to_string(),
        1 => "1 count yields it".to_string(),
        several => format!("{several} counts yield it"),
    };
    let (number, tried) = (grouped(found.number as Amount), grouped(found.tried as Amount));
    format!("{number}, {rounding}, in {models}: {yielding}, of {tried} tried")
}

/// How far the first match may be trusted.
fn by_chance(found: &Identification, first: &Match) -> String {
    let expected = match found.expected_by_chance {
        few if few < 0.1 => "fewer than 0.1".to_string(),
        several => format!("{several:.1}"),
    };
    let tried = grouped(found.tried as Amount);
    let all = format!("of {tried} counts tried, {expected} would agree by chance at this precision");
    let share = percent(first.chance);
    if first.chance >= LIKELY_CHANCE {
        format!("this may well be a chance hit: {all}; with probability {share} one as likely as the first would")
    } else {
        format!("{all}; with probability {share} one as likely as the first would")
    }
}

fn percent(probability: f64) -> String {
    match 100.0 * probability {
        little if little < 0.1 => "< 0.1 %".to_string(),
        share => format!("{share:.1} %"),
    }
}

/// The count's name, as explain takes it.
fn count(found: &Match) -> String {
    let setting = found.setting.map(|setting| format!("@{setting}")).unwrap_or_default();
    format!("{}{setting}:{}", found.convention, found.tower)
}

/// What the count is multiplied by.
fn examples(found: &Match) -> String {
    let token = if found.class_token { "" } else { ", no class token" };
    let of = match (found.frames, found.samples) {
        (Some(frames), _) => format!("{frames} frames"),
        (_, Some(samples)) if found.passes == 1 => format!("{samples} samples"),
        (_, Some(samples)) => format!("{samples} samples x {}", found.passes),
        _ => found.batch.to_string(),
    };
    format!("{of}{token}")
}

fn write_matches<'a>(matches: impl Iterator<Item = &'a Match>, out: &mut dyn Write) -> io::Result<()> {
    let mut table = Table::new(&[
        ("model", Align::Left),
        ("count", Align::Left),
        ("batch", Align::Right),
        ("value", Align::Right),
        ("unit", Align::Left),
        ("off by", Align::Right),
        ("by chance", Align::Right),
        ("why here", Align::Left),
    ]);
    for found in matches {
        let hit = if found.chance >= LIKELY_CHANCE { "chance hit? " } else { "" };
        table.row([
            found.model.clone(),
            count(found),
            examples(found),
            grouped(found.value as Amount),
            found.unit.to_string(),
            format!("{:+.3} %", 100.0 * found.relative_error),
            percent(found.chance),
            format!("{hit}{}", found.likely),
        ]);
    }
    table.write(out)
}

fn write_nearest(nearest: &Nearest, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "the nearest one, within 3 %:\n")?;
    write_matches([&nearest.found].into_iter(), out)?;
    writeln!(out, "\n{}: {}", count(&nearest.found), nearest.found.reason)?;
    writeln!(out, "\nfrom the true count to the nearest:\n")?;
    write_ledger(&nearest.ledger, out)?;
    writeln!(out, "\nof the number no cause explains {}", grouped(nearest.unexplained))
}
