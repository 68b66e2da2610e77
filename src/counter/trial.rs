//! Tries a counter on a program whose FLOPs are known.

use std::fs::{self, Permissions};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use nix::unistd::{AccessFlags, access};
use serde::Serialize;
use tempfile::TempPath;

use super::{Command, Counter, EventStatus, Options};
use crate::{Error, Result};

/// FLOPs that the program executes: one scalar double addition each.
pub const FLOPS: u32 = 1000;

/// How a counter did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Trial {
    pub counter: &'static str,
    /// It counted all FLOPs: to the last one, or nearly where it counts with hardware.
    pub works: bool,
    /// Every instruction is looked at.
    pub exact: bool,
    pub expected_flops: u64,
    /// None where it did not count.
    pub counted_flops: Option<u64>,
    /// Why it did not count.
    pub error: Option<String>,
}

/// Hardware events may count speculative work, and replays: this share, and no more, is forgiven.
const HARDWARE_TOLERANCE: u64 = (FLOPS / 100) as u64;

pub fn run(counter: &dyn Counter) -> Trial {
    let measured = measure(counter);
    let expected_flops = u64::from(FLOPS);
    let exact = counter.name() != "perf";
    let tolerance = if exact { 0 } else { HARDWARE_TOLERANCE };
    let (counted_flops, error) = match measured {
        Ok(flops) => (Some(flops), None),
        Err(error) => (None, error.to_string().lines().next().map(str::to_owned)),
    };
    let works = counted_flops.is_some_and(|counted| counted.abs_diff(expected_flops) <= tolerance);
    Trial { counter: counter.name(), works, exact, expected_flops, counted_flops, error }
}

fn measure(counter: &dyn Counter) -> Result<u64> {
    let program = install()?;
    let command =
        Command { program: program.as_os_str().to_owned(), args: Vec::new(), env: Vec::new(), stdout_to_stderr: false };
    let measured = counter.measure(&command, &Options::default())?;
    if measured.exit.code != Some(0) {
        return Err(Error::failed(format!("the trial program ended with status {}", measured.exit.status())));
    }
    let total = match (&measured.tally, measured.pmu_flops) {
        (Some(tally), _) => Some(tally.flops()),
        (None, pmu) => pmu.and_then(|flops| flops.total),
    };
    total.ok_or_else(|| {
        let never = measured.events.iter().find(|event| event.status == EventStatus::NotCounted);
        Error::failed(match never {
            Some(event) => format!("{} was never on a hardware counter: another tool may hold them", event.name),
            None => "its events shared the hardware's counters, and each ran for part of the time only".into(),
        })
    })
}

/// Writes the program to a folder from which programs may be run.
fn install() -> Result<TempPath> {
    let folders = [std::env::temp_dir(), PathBuf::from("/dev/shm"), PathBuf::from("/var/tmp"), PathBuf::from(".")];
    let mut refusals = Vec::new();
    for folder in &folders {
        match install_in(folder) {
            Ok(path) => return Ok(path),
            Err(error) => refusals.push(format!("{}: {error}", folder.display())),
        }
    }
    Err(Error::failed(format!("the trial program can be run from no folder ({})", refusals.join("; ")))
        .remedy("set TMPDIR to a folder that is writable and not mounted noexec"))
}

fn install_in(folder: &Path) -> std::io::Result<TempPath> {
    let mut file = tempfile::Builder::new().prefix("flopledger-trial-").tempfile_in(folder)?;
    file.write_all(&program())?;
    // Closed: a file that is open for writing cannot be executed.
    let path = file.into_temp_path();
    fs::set_permissions(&path, Permissions::from_mode(0o755))?;
    access(&*path, AccessFlags::X_OK)?;
    Ok(path)
}

/// A static program of 32 bytes of code: nothing but the additions, their loop, and exit(0).
fn program() -> Vec<u8> {
    const BASE: u64 = 0x40_0000;
    const HEADERS: u64 = 64 + 2 * 56;
    let mut code = vec![0xb9]; // mov ecx, FLOPS
    code.extend(FLOPS.to_le_bytes());
    code.extend([0xf2, 0x0f, 0x58, 0xc0]); // addsd xmm0, xmm0
    code.extend([0xff, 0xc9]); // dec ecx
    code.extend([0x75, 0xf8]); // jnz to the addsd
    code.extend([0xb8, 60, 0, 0, 0]); // mov eax, SYS_exit
    code.extend([0x31, 0xff]); // xor edi, edi
    code.extend([0x0f, 0x05]); // syscall
    let size = HEADERS + code.len() as u64;

    let mut file = b"\x7fELF\x02\x01\x01".to_vec(); // 64 bits, little endian, version 1
    file.resize(16, 0);
    let half = |value: u16| value.to_le_bytes();
    file.extend([half(2), half(62)].concat()); // an executable, for x86-64
    file.extend(1u32.to_le_bytes());
    file.extend([BASE + HEADERS, 64, 0].map(u64::to_le_bytes).concat()); // entry, program headers, no sections
    file.extend(0u32.to_le_bytes());
    file.extend([64, 56, 2, 64, 0, 0].map(half).concat()); // sizes and numbers of headers

    // What is mapped, and that the stack need not be executable.
    const LOAD: u32 = 1;
    const STACK: u32 = 0x6474_e551;
    for (kind, flags, address, size) in [(LOAD, 5u32, BASE, size), (STACK, 6, 0, 0)] {
        file.extend([kind, flags].map(u32::to_le_bytes).concat());
        file.extend([0, address, address, size, size, 0x1000].map(u64::to_le_bytes).concat());
    }
    file.extend(code);
    file
}
