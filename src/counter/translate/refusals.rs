//! What the kernel would refuse to a program that asks for executable memory, were it told of that: since it is not,
//! the tracer refuses instead.

use std::collections::HashMap;
use std::fs;

use libc::c_int;
use nix::errno::Errno;
use nix::unistd::Pid;

use super::Tracer;
use super::syscalls::Call;
use crate::counter::maps::Maps;

/// PR_SET_MDWE(2const): "Calling mmap() with the PROT_EXEC and PROT_WRITE ... will fail".
const PR_SET_MDWE: u64 = 65;
const PR_GET_MDWE: u64 = 66;
const REFUSE_EXEC_GAIN: u64 = 1;
const NO_INHERIT: u64 = 2;

/// Whether file systems are mounted so that nothing on them may be executed, by the numbers of their mounts.
#[derive(Debug, Default)]
pub struct Mounts {
    known: HashMap<u32, bool>,
}

impl Mounts {
    /// Of the mount that a descriptor's file is on.
    fn forbids_execution(&mut self, pid: Pid, descriptor: c_int) -> bool {
        let info = fs::read_to_string(format!("/proc/{pid}/fdinfo/{descriptor}")).unwrap_or_default();
        let number = info.lines().find_map(|line| line.strip_prefix("mnt_id:")?.trim().parse().ok());
        let Some(number) = number else { return false };
        *self.known.entry(number).or_insert_with(|| {
            // 36 35 98:0 /mnt1 /mnt2 rw,noexec master:1 - ext3 /dev/root rw
            mounts(pid).lines().any(|line| {
                let first = line.split(' ').next();
                first.and_then(|field| field.parse().ok()) == Some(number) && is_noexec(line)
            })
        })
    }
}

fn mounts(pid: Pid) -> String {
    fs::read_to_string(format!("/proc/{pid}/mountinfo")).unwrap_or_default()
}

/// Of one line of mountinfo.
fn is_noexec(mount: &str) -> bool {
    /// Of which nothing is ever executed, however they are mounted (SB_I_NOEXEC in the kernel).
    const NEVER: [&str; 3] = ["proc", "sysfs", "mqueue"];
    let options = mount.split(' ').nth(5).unwrap_or_default();
    let kind = mount.split_once(" - ").and_then(|(_, rest)| rest.split(' ').next()).unwrap_or_default();
    options.split(',').any(|option| option == "noexec") || NEVER.contains(&kind)
}

/// Whether all mounts of a device forbid execution.
fn device_forbids_execution(pid: Pid, (major, minor): (u32, u32)) -> bool {
    let device = format!("{major}:{minor}");
    let mounts = mounts(pid);
    let mut of_device = mounts.lines().filter(|line| line.split(' ').nth(2) == Some(&device)).map(is_noexec);
    of_device.next().is_some_and(|first| first && of_device.all(|noexec| noexec))
}

impl Tracer {
    /// What a call returns instead of being made.
    pub(super) fn answer(&mut self, pid: Pid, call: &Call) -> Option<Result<u64, Errno>> {
        let r = &call.before;
        let protection = r.rdx as c_int;
        let (executes, writes) = (protection & libc::PROT_EXEC != 0, protection & libc::PROT_WRITE != 0);
        let process = self.processes.get_mut(&pid)?;
        match call.number {
            libc::SYS_prctl if r.rdi == PR_SET_MDWE => {
                let wanted = r.rsi;
                let valid = wanted & !(REFUSE_EXEC_GAIN | NO_INHERIT) == 0 && wanted != NO_INHERIT;
                if !valid || [r.rdx, r.r10, r.r8] != [0; 3] {
                    return Some(Err(Errno::EINVAL));
                }
                if process.refuses_gain != 0 && process.refuses_gain != wanted {
                    return Some(Err(Errno::EPERM));
                }
                process.refuses_gain = wanted;
                Some(Ok(0))
            }
            libc::SYS_prctl if r.rdi == PR_GET_MDWE && [r.rsi, r.rdx, r.r10, r.r8] == [0; 4] => {
                Some(Ok(process.refuses_gain))
            }
            libc::SYS_mmap if executes => {
                let file = r.r10 as c_int & libc::MAP_ANONYMOUS == 0;
                if file && self.mounts.forbids_execution(pid, r.r8 as c_int) {
                    return Some(Err(Errno::EPERM));
                }
                (process.refuses_gain != 0 && writes).then_some(Err(Errno::EACCES))
            }
            libc::SYS_mprotect | libc::SYS_pkey_mprotect if executes => {
                let space = self.spaces.get(&process.space?)?;
                let before = space.code.at(r.rdi);
                if process.refuses_gain != 0 && (writes || before.is_none()) {
                    return Some(Err(Errno::EACCES));
                }
                if before.is_some() || space.code.memory(r.rdi).anonymous {
                    return None;
                }
                let file = Maps::of(pid).find(r.rdi).map(|mapping| mapping.file)?;
                (!file.is_none() && device_forbids_execution(pid, file.device)).then_some(Err(Errno::EACCES))
            }
            _ => None,
        }
    }
}

/// What a process starts with, of one whose refusals are these.
pub fn inherited(refusals: u64) -> u64 {
    if refusals & NO_INHERIT != 0 { 0 } else { refusals }
}
