//! Finds the program that a command names and explains why one cannot be run.

use std::env;
use std::ffi::{CString, OsStr, OsString};
use std::fs::File;
use std::io::Read;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::unistd::{AccessFlags, access};

use crate::{Error, Result, shell};

/// Where execvp looks when PATH is not set.
const DEFAULT_PATH: &str = "/bin:/usr/bin";

/// Finds `name` as execvp does: as it stands if it has a slash, else in the folders of PATH.
pub fn find(name: &OsStr) -> Result<PathBuf> {
    if name.is_empty() {
        return Err(Error::not_found("the command's name is empty").remedy("give a program after `--`"));
    }
    if name.as_bytes().contains(&b'/') {
        let path = PathBuf::from(name);
        return runnable(&path).map(|()| path);
    }
    let folders = env::var_os("PATH").unwrap_or_else(|| DEFAULT_PATH.into());
    let mut refusal = None;
    for folder in env::split_paths(&folders) {
        let path = if folder.as_os_str().is_empty() { Path::new(".").join(name) } else { folder.join(name) };
        match runnable(&path) {
            Ok(()) => return Ok(path),
            Err(error) if path.is_file() => refusal = refusal.or(Some(error)),
            Err(_) => {}
        }
    }
    Err(refusal.unwrap_or_else(|| not_on_path(name)))
}

fn not_on_path(name: &OsStr) -> Error {
    let shown = shell::word(&name.to_string_lossy());
    let error = Error::not_found(format!("{shown}: not found on PATH"));
    let here = shell::word(&format!("./{}", name.to_string_lossy()));
    match Path::new(name).is_file() {
        true => error.remedy(format!("PATH does not have this folder; give the path: {here}")),
        false => error.remedy("check the spelling, or give the path of the program"),
    }
}

fn runnable(path: &Path) -> Result<()> {
    let shown = shell::word(&path.to_string_lossy());
    let metadata = path.metadata().map_err(|e| match e.kind() {
        std::io::ErrorKind::PermissionDenied => {
            Error::cannot_run(format!("{shown}: {e}")).remedy("ask for the right to search the folders that lead to it")
        }
        _ => Error::not_found(format!("{shown}: {e}")).remedy("check the path"),
    })?;
    if metadata.is_dir() {
        return Err(Error::cannot_run(format!("{shown}: is a directory")).remedy("give a program in it"));
    }
    if metadata.permissions().mode() & 0o111 == 0 || access(path, AccessFlags::X_OK).is_err() {
        return Err(Error::cannot_run(format!("{shown}: is not executable"))
            .remedy(format!("make it executable: chmod +x {shown}")));
    }
    Ok(())
}

/// Why execve refused a program that is there and executable.
pub fn refused(path: &Path, errno: Errno) -> Error {
    let shown = shell::word(&path.to_string_lossy());
    let start = first_bytes(path);
    match (errno, interpreter(&start)) {
        (Errno::ENOENT, Some(interpreter)) => Error::cannot_run(format!("{shown}: bad interpreter: {interpreter}"))
            .remedy(format!("install {interpreter}, or correct the first line of {shown}")),
        (Errno::ENOENT, None) if is_elf(&start) => {
            Error::cannot_run(format!("{shown}: its dynamic loader does not exist on this machine"))
                .remedy(format!("see which one it asks for: readelf -l {shown} | grep interpreter"))
        }
        (Errno::ENOEXEC, _) => Error::cannot_run(format!("{shown}: not a program for this machine"))
            .remedy(format!("see what it is: file {shown}")),
        (Errno::E2BIG, _) => Error::cannot_run(format!("{shown}: arguments and environment are too long"))
            .remedy("raise the stack limit (ulimit -s) or shorten them"),
        (errno, _) => Error::cannot_run(format!("{shown}: {}", errno.desc())),
    }
}

/// True if a file that the kernel cannot run may be handed to /bin/sh, as execvp does.
pub fn may_be_shell_script(path: &Path) -> bool {
    let start = first_bytes(path);
    !is_elf(&start) && !start.contains(&0)
}

fn first_bytes(path: &Path) -> Vec<u8> {
    let mut start = Vec::new();
    // An unreadable file simply cannot be explained further.
    let _ = File::open(path).and_then(|file| file.take(256).read_to_end(&mut start));
    start
}

fn is_elf(start: &[u8]) -> bool {
    start.starts_with(b"\x7fELF")
}

fn interpreter(start: &[u8]) -> Option<String> {
    let line = start.strip_prefix(b"#!")?.split(|&b| b == b'\n').next()?;
    let line = String::from_utf8_lossy(line);
    line.split_whitespace().next().map(str::to_owned)
}

/// A string for execve.
pub fn c_string(text: &OsStr) -> Result<CString> {
    CString::new(OsString::from(text).into_vec())
        .map_err(|_| Error::input(format!("{}: holds a NUL byte", text.to_string_lossy())))
}
