//! Programs of a few instructions, whose FLOPs are known because nothing else is in them.

use std::fs::{self, Permissions};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use nix::unistd::{AccessFlags, access};
use tempfile::TempPath;

use crate::{Error, Result};

/// Writes a static program of this machine code to a folder from which programs may be run. It is gone
/// when the path is dropped.
pub fn install(code: &[u8]) -> Result<TempPath> {
    let folders = [std::env::temp_dir(), PathBuf::from("/dev/shm"), PathBuf::from("/var/tmp"), PathBuf::from(".")];
    let mut refusals = Vec::new();
    for folder in &folders {
        match install_in(folder, code) {
            Ok(path) => return Ok(path),
            Err(error) => refusals.push(format!("{}: {error}", folder.display())),
        }
    }
    Err(Error::failed(format!("the trial program can be run from no folder ({})", refusals.join("; ")))
        .remedy("set TMPDIR to a folder that is writable and not mounted noexec"))
}

fn install_in(folder: &Path, code: &[u8]) -> std::io::Result<TempPath> {
    let mut file = tempfile::Builder::new().prefix("flopledger-trial-").tempfile_in(folder)?;
    file.write_all(&executable(code))?;
    // Closed: a file that is open for writing cannot be executed.
    let path = file.into_temp_path();
    fs::set_permissions(&path, Permissions::from_mode(0o755))?;
    access(&*path, AccessFlags::X_OK)?;
    Ok(path)
}

/// An executable for x86-64 without sections, libraries or data.
fn executable(code: &[u8]) -> Vec<u8> {
    const BASE: u64 = 0x40_0000;
    const HEADERS: u64 = 64 + 2 * 56;
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
