//! Builds the kernels with known answers and reads what they say of themselves.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// One `class` line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Class {
    pub mnemonic: String,
    pub precision: String,
    pub width: u64,
    pub masked: bool,
    pub executions: u64,
    pub lanes: u64,
    pub flops: u64,
    /// None where Intel does not say.
    pub pmu: Option<u64>,
}

#[derive(Debug, Clone)]
pub struct Kernel {
    pub name: String,
    pub program: PathBuf,
    pub needs: Vec<String>,
    pub classes: Vec<Class>,
    /// Calls and FLOPs by path.
    pub regions: BTreeMap<String, (u64, u64)>,
    /// FLOPs by precision, and `pmu`.
    pub totals: BTreeMap<String, Option<u64>>,
    pub processes: u64,
    pub threads: u64,
    /// `("code", 0)` or `("signal", 11)`.
    pub exit: (String, i64),
}

impl Kernel {
    /// A flag that this CPU lacks.
    pub fn lacks(&self) -> Option<&str> {
        self.needs.iter().map(String::as_str).find(|need| !flags().iter().any(|flag| flag == need))
    }

    fn parse(source: &Path, programs: &Path) -> Kernel {
        let name = source.file_stem().unwrap().to_str().unwrap().to_owned();
        let text = fs::read_to_string(source).unwrap();
        let mut kernel = Kernel {
            program: programs.join(&name),
            name,
            needs: Vec::new(),
            classes: Vec::new(),
            regions: BTreeMap::new(),
            totals: BTreeMap::new(),
            processes: 1,
            threads: 1,
            exit: ("code".into(), 0),
        };
        for line in text.lines().filter_map(|line| line.strip_prefix("// ")) {
            let words: Vec<&str> = line.split(' ').collect();
            match words[..] {
                ["needs", ref flags @ ..] => kernel.needs = flags.iter().map(|&flag| flag.into()).collect(),
                ["class", mnemonic, precision, width, mask @ ("plain" | "masked"), ref counts @ ..] => {
                    let [executions, lanes, flops, pmu] = counts else { panic!("{}: {line}", kernel.name) };
                    kernel.classes.push(Class {
                        mnemonic: mnemonic.into(),
                        precision: precision.into(),
                        width: width.parse().unwrap(),
                        masked: mask == "masked",
                        executions: executions.parse().unwrap(),
                        lanes: lanes.parse().unwrap(),
                        flops: flops.parse().unwrap(),
                        pmu: pmu.parse().ok(),
                    });
                }
                ["region", path, calls, flops] => {
                    kernel.regions.insert(path.into(), (calls.parse().unwrap(), flops.parse().unwrap()));
                }
                ["total", ref totals @ ..] => {
                    kernel.totals = totals.chunks(2).map(|total| (total[0].into(), total[1].parse().ok())).collect();
                }
                ["processes", count] => kernel.processes = count.parse().unwrap(),
                ["threads", count] => kernel.threads = count.parse().unwrap(),
                ["exit", kind, number] => kernel.exit = (kind.into(), number.parse().unwrap()),
                _ => {}
            }
        }
        assert!(!kernel.totals.is_empty(), "{}: no totals", kernel.name);
        kernel
    }
}

/// Every kernel, built; once for all the tests of a program.
pub fn all() -> &'static [Kernel] {
    static ALL: OnceLock<Vec<Kernel>> = OnceLock::new();
    ALL.get_or_init(|| {
        let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("workloads/kernels");
        let programs = Path::new(env!("CARGO_TARGET_TMPDIR")).join("kernels");
        let built = Command::new("sh").arg(sources.join("build.sh")).arg(&programs).output().unwrap();
        assert!(built.status.success(), "build.sh: {}", String::from_utf8_lossy(&built.stderr));
        let mut files: Vec<_> = fs::read_dir(sources).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.sort();
        let sources = files.iter().filter(|file| file.extension().is_some_and(|end| end == "c"));
        sources.map(|source| Kernel::parse(source, &programs)).collect()
    })
}

fn flags() -> &'static [String] {
    static FLAGS: OnceLock<Vec<String>> = OnceLock::new();
    FLAGS.get_or_init(|| {
        let cpus = fs::read_to_string("/proc/cpuinfo").unwrap();
        let flags = cpus.lines().find_map(|line| line.strip_prefix("flags")).unwrap_or_default();
        flags.split_whitespace().map(String::from).collect()
    })
}
