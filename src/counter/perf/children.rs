//! Children that outlive the command.

use std::fs;

use nix::sys::prctl;
use nix::unistd::Pid;

use crate::counter::ptrace::status;

/// While it lives, processes that lose their parent become our children, so that they can be
/// named and waited for.
pub struct Adoption;

impl Adoption {
    pub fn begin() -> Adoption {
        // A kernel without it just names no survivors.
        let _ = prctl::set_child_subreaper(true);
        Adoption
    }

    /// Those that are left, as `name (process 42)`.
    pub fn survivors(&self) -> Vec<String> {
        let own = Pid::this();
        let children = fs::read_to_string(format!("/proc/{own}/task/{own}/children")).unwrap_or_default();
        let pids = children.split_whitespace().filter_map(|pid| pid.parse().ok()).map(Pid::from_raw);
        pids.filter(|pid| status::is_running(*pid))
            .map(|pid| format!("{} (process {pid})", status::name(pid)))
            .collect()
    }
}

impl Drop for Adoption {
    fn drop(&mut self) {
        let _ = prctl::set_child_subreaper(false);
    }
}
