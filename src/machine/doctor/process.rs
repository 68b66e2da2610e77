//! What this process may do: its user, capabilities and seccomp filter.

use serde::Serialize;

use super::root::Root;

const STATUS: &str = "/proc/self/status";

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Process {
    /// The effective user.
    pub uid: Option<u32>,
    pub capabilities: Capabilities,
    /// In a user namespace capabilities are worth nothing to perf, which asks for those of the host.
    pub user_namespace: bool,
    pub seccomp: Option<Seccomp>,
    pub no_new_privs: bool,
}

/// Those in force of the three that matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Capabilities {
    #[serde(rename = "CAP_PERFMON")]
    pub perfmon: bool,
    #[serde(rename = "CAP_SYS_ADMIN")]
    pub sys_admin: bool,
    #[serde(rename = "CAP_SYS_PTRACE")]
    pub sys_ptrace: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Seccomp {
    Off,
    Strict,
    Filter,
}

impl Process {
    pub fn of(root: &Root) -> Process {
        let field = |key: &str| root.field(STATUS, key);
        Process {
            uid: field("Uid").and_then(|uids| uids.split_whitespace().nth(1)?.parse().ok()),
            capabilities: field("CapEff").map_or_else(Capabilities::default, |mask| Capabilities::of(&mask)),
            user_namespace: root.text("/proc/self/uid_map").is_some_and(|map| !is_initial(&map)),
            seccomp: field("Seccomp").and_then(|mode| match mode.as_str() {
                "0" => Some(Seccomp::Off),
                "1" => Some(Seccomp::Strict),
                "2" => Some(Seccomp::Filter),
                _ => None,
            }),
            no_new_privs: field("NoNewPrivs").as_deref() == Some("1"),
        }
    }
}

impl Capabilities {
    /// `mask` in hexadecimal; the bits are those of linux/capability.h.
    fn of(mask: &str) -> Capabilities {
        const SYS_PTRACE: u32 = 19;
        const SYS_ADMIN: u32 = 21;
        const PERFMON: u32 = 38;
        let mask = u64::from_str_radix(mask, 16).unwrap_or(0);
        let has = |bit: u32| mask & (1 << bit) != 0;
        Capabilities { perfmon: has(PERFMON), sys_admin: has(SYS_ADMIN), sys_ptrace: has(SYS_PTRACE) }
    }
}

/// The host's own namespace maps all users onto themselves.
fn is_initial(map: &str) -> bool {
    map.split_whitespace().eq(["0", "0", "4294967295"])
}
