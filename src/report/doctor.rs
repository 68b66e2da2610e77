//! Prints what a machine allows, on one screen.

use std::io::{self, Write};

use serde::Serialize;

use super::text::{Align, Table};
use super::{Report, write_json};
use crate::counter::trial::Trial;
use crate::machine::doctor::{Advice, Facts, Probe, Refusal, Seccomp, scope_words};
use crate::units::{Unit, grouped};

#[derive(Debug, Serialize)]
pub struct Diagnosis {
    pub schema: &'static str,
    #[serde(flatten)]
    pub facts: Facts,
    /// What perf_event_open answered.
    pub probe: Probe,
    /// The counters on a program of known FLOPs.
    #[serde(rename = "counters")]
    pub trials: Vec<Trial>,
    pub auto: Auto,
    pub advice: Vec<Advice>,
}

/// What `run --counter auto` uses.
#[derive(Debug, Serialize)]
pub struct Auto {
    pub counter: &'static str,
    pub works: bool,
    pub reason: String,
}

impl Diagnosis {
    /// Name and finding, one a line.
    fn findings(&self) -> Vec<(&'static str, String)> {
        let Facts { cpu, hypervisor, container, kernel, process } = &self.facts;
        let unknown = || "unknown".to_owned();
        let kernel_patched = match kernel.flavour {
            crate::machine::doctor::Flavour::Mainline => String::new(),
            flavour => format!(" ({flavour:?}'s patches)"),
        };
        let capabilities = [
            ("CAP_PERFMON", process.capabilities.perfmon),
            ("CAP_SYS_ADMIN", process.capabilities.sys_admin),
            ("CAP_SYS_PTRACE", process.capabilities.sys_ptrace),
        ];
        let held = |wanted: bool| {
            let names: Vec<&str> =
                capabilities.iter().filter(|(_, has)| *has == wanted).map(|(name, _)| *name).collect();
            names.join(", ")
        };
        let mut privileges = match (held(true), held(false)) {
            (held, missing) if missing.is_empty() => held,
            (held, _) if held.is_empty() => "none of CAP_PERFMON, CAP_SYS_ADMIN, CAP_SYS_PTRACE".into(),
            (held, missing) => format!("{held}; not {missing}"),
        };
        if process.user_namespace {
            privileges += " (of a user namespace: worth nothing to perf)";
        }
        vec![
            (
                "CPU",
                format!("{} ({})", cpu.name.clone().unwrap_or_else(unknown), cpu.id.clone().unwrap_or_else(unknown)),
            ),
            (
                "microarchitecture",
                match (&cpu.microarchitecture, cpu.hybrid) {
                    (Some(name), true) => format!("{name} (hybrid)"),
                    (Some(name), false) => name.clone(),
                    (None, _) => "no floating-point events are known for it".into(),
                },
            ),
            (
                "hypervisor",
                hypervisor.as_ref().map_or_else(|| "none seen".into(), |h| format!("{} ({})", h.name, h.evidence)),
            ),
            (
                "container",
                container
                    .as_ref()
                    .map_or_else(|| "none seen".into(), |c| format!("{} ({})", c.runtime.name(), c.evidence)),
            ),
            ("kernel", format!("{}{kernel_patched}", kernel.release.clone().unwrap_or_else(unknown))),
            (
                "perf_event_paranoid",
                match (kernel.perf_event_paranoid, kernel.paranoia_words()) {
                    (Some(level), Some(words)) => format!("{level}: {words}"),
                    _ => "not there: no perf, or it is hidden".into(),
                },
            ),
            ("user", process.uid.map_or_else(unknown, |uid| uid.to_string())),
            ("capabilities", privileges),
            (
                "seccomp",
                match process.seccomp {
                    Some(Seccomp::Off) => "off".into(),
                    Some(Seccomp::Strict) => "strict".into(),
                    Some(Seccomp::Filter) => "a filter is on".into(),
                    None => unknown(),
                },
            ),
            (
                "ptrace_scope",
                kernel.ptrace_scope.map_or_else(
                    || "no Yama: one's own children may be traced".into(),
                    |scope| format!("{scope}: {}", scope_words(scope)),
                ),
            ),
            (
                "NMI watchdog",
                kernel.nmi_watchdog.map_or_else(|| "not there".into(), |on| if on { "on" } else { "off" }.into()),
            ),
            ("software event", opened(&self.probe.software_event)),
            ("hardware event", opened(&self.probe.hardware_event)),
        ]
    }
}

fn opened(refusal: &Option<Refusal>) -> String {
    refusal.as_ref().map_or_else(|| "opens".into(), |refusal| format!("{}: {}", refusal.errno, refusal.cause))
}

/// What a trial showed, in words.
fn shown(trial: &Trial) -> String {
    let expected = grouped(trial.expected_flops.into());
    match (trial.counted_flops, &trial.error) {
        (Some(counted), _) => format!("{} of {expected} FLOPs", grouped(counted.into())),
        (None, Some(error)) => error.clone(),
        (None, None) => "not counted".into(),
    }
}

impl Report for Diagnosis {
    fn table(&self, out: &mut dyn Write, _unit: Unit) -> io::Result<()> {
        for (name, finding) in self.findings() {
            writeln!(out, "{name:<20}  {finding}")?;
        }
        writeln!(out)?;
        let mut table = Table::new(&[("counter", Align::Left), ("works", Align::Left), ("tried", Align::Left)]);
        for trial in &self.trials {
            table.row([trial.counter.to_owned(), if trial.works { "yes" } else { "no" }.into(), shown(trial)]);
        }
        table.write(out)?;
        let doubt = if self.auto.works { "" } else { ", which failed its trial" };
        writeln!(out, "\nauto uses {}{doubt}: {}", self.auto.counter, self.auto.reason)?;
        for advice in &self.advice {
            writeln!(out, "\n{}", advice.why)?;
            for command in &advice.commands {
                writeln!(out, "    {command}")?;
            }
        }
        Ok(())
    }

    fn json(&self, out: &mut dyn Write) -> io::Result<()> {
        write_json(self, out)
    }

    fn csv(&self, out: &mut csv::Writer<&mut dyn Write>) -> csv::Result<()> {
        out.write_record(["kind", "name", "value"])?;
        for (name, finding) in self.findings() {
            out.write_record(["fact", name, &finding])?;
        }
        for trial in &self.trials {
            let verdict = if trial.works { "works" } else { "does not work" };
            out.write_record(["counter", trial.counter, &format!("{verdict}: {}", shown(trial))])?;
        }
        out.write_record(["auto", self.auto.counter, &self.auto.reason])?;
        for (advice, command) in self.advice.iter().flat_map(|a| a.commands.iter().map(move |c| (a, c))) {
            out.write_record(["advice", &advice.why, command])?;
        }
        Ok(())
    }
}
