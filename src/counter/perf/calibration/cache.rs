//! Verdicts of this boot, so that a CPU is tried once.

use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::counter::perf::plan::Plan;
use crate::machine::Cpu;

const SCHEMA: &str = "flopledger.calibration/1";

/// What a verdict holds for. Any change of it asks for another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subject {
    boot: String,
    kernel: String,
    flopledger: String,
    cpu: String,
    /// PMU, configuration and weight of each.
    events: Vec<String>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Verdicts {
    schema: String,
    verdicts: Vec<Verdict>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Verdict {
    subject: Subject,
    /// None where the events count right.
    refusal: Option<String>,
}

impl Subject {
    /// None where the boot cannot be told from others.
    pub fn of(cpu: &Cpu, plan: &Plan) -> Option<Subject> {
        let setting = |name: &str| {
            fs::read_to_string(Path::new("/proc/sys/kernel").join(name)).ok().map(|text| text.trim().to_owned())
        };
        let events = plan.cores.iter().flat_map(|cores| {
            cores.events().map(|event| format!("{}/{:#x}/ x {}", cores.pmu, event.config, event.flops_per_count))
        });
        Some(Subject {
            boot: setting("random/boot_id")?,
            kernel: setting("osrelease")?,
            flopledger: env!("CARGO_PKG_VERSION").to_owned(),
            cpu: cpu.to_string(),
            events: events.collect(),
        })
    }

    /// What was found before in this boot.
    pub fn known(&self) -> Option<std::result::Result<(), String>> {
        let verdict = read(&file()?).verdicts.into_iter().find(|verdict| verdict.subject == *self)?;
        Some(verdict.refusal.map_or(Ok(()), Err))
    }

    /// A file that cannot be written costs the next run another calibration, and nothing else.
    pub fn remember(self, found: &std::result::Result<(), String>) {
        let Some(file) = file() else { return };
        let mut all = read(&file).verdicts;
        all.retain(|verdict| verdict.subject.boot == self.boot && verdict.subject != self);
        all.push(Verdict { subject: self, refusal: found.clone().err() });
        let _ = write(&file, all);
    }
}

fn file() -> Option<PathBuf> {
    let folder = |variable: &str| std::env::var_os(variable).map(PathBuf::from).filter(|path| path.is_absolute());
    let caches = folder("XDG_CACHE_HOME").or_else(|| Some(folder("HOME")?.join(".cache")))?;
    Some(caches.join("flopledger/calibration.json"))
}

/// What cannot be read, another version's file say, is as good as nothing.
fn read(file: &Path) -> Verdicts {
    let text = fs::read(file).unwrap_or_default();
    let read: Verdicts = serde_json::from_slice(&text).unwrap_or_default();
    if read.schema == SCHEMA { read } else { Verdicts::default() }
}

fn write(file: &Path, verdicts: Vec<Verdict>) -> std::io::Result<()> {
    let folder = file.parent().ok_or(std::io::ErrorKind::NotFound)?;
    fs::create_dir_all(folder)?;
    // In one step, as others may read it.
    let temporary = tempfile::NamedTempFile::new_in(folder)?;
    serde_json::to_writer_pretty(&temporary, &Verdicts { schema: SCHEMA.to_owned(), verdicts })?;
    temporary.persist(file)?;
    Ok(())
}
