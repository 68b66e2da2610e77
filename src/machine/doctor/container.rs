//! Which container, if any, we run in. The kernel does not tell; runtimes leave traces.

use serde::Serialize;

use super::root::Root;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Runtime {
    Docker,
    Podman,
    Lxc,
    Kubernetes,
    SystemdNspawn,
    Bubblewrap,
    Gvisor,
    /// One whose name we do not know.
    Other,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Container {
    pub runtime: Runtime,
    pub evidence: String,
}

impl Runtime {
    pub fn name(self) -> &'static str {
        match self {
            Runtime::Docker => "Docker",
            Runtime::Podman => "Podman",
            Runtime::Lxc => "LXC",
            Runtime::Kubernetes => "Kubernetes",
            Runtime::SystemdNspawn => "systemd-nspawn",
            Runtime::Bubblewrap => "Bubblewrap",
            Runtime::Gvisor => "gVisor",
            Runtime::Other => "unknown runtime",
        }
    }
}

impl Container {
    pub fn of(root: &Root) -> Option<Container> {
        let found = |runtime, evidence: String| Some(Container { runtime, evidence });
        if root.text("/proc/version").is_some_and(|version| version.contains("gVisor")) {
            return found(Runtime::Gvisor, "/proc/version names gVisor".into());
        }
        // Before Docker and Podman, which run its containers.
        let groups = root.text("/proc/self/cgroup").unwrap_or_default();
        if root.exists("/var/run/secrets/kubernetes.io") || root.exists("/run/secrets/kubernetes.io") {
            return found(Runtime::Kubernetes, "there is /run/secrets/kubernetes.io".into());
        }
        if groups.contains("kubepods") {
            return found(Runtime::Kubernetes, "/proc/self/cgroup names kubepods".into());
        }
        if root.exists("/run/.containerenv") {
            return found(Runtime::Podman, "there is /run/.containerenv".into());
        }
        if root.exists("/.dockerenv") {
            return found(Runtime::Docker, "there is /.dockerenv".into());
        }
        // systemd writes the name that the runtime told it; others only set it for their first process.
        if let Some((name, file)) = named(root) {
            return found(runtime(&name), format!("{file} names {name}"));
        }
        for (mark, runtime) in [
            ("/docker", Runtime::Docker),
            ("libpod", Runtime::Podman),
            ("/lxc", Runtime::Lxc),
            ("machine.slice/systemd-nspawn", Runtime::SystemdNspawn),
        ] {
            if groups.contains(mark) {
                return found(runtime, format!("/proc/self/cgroup names {mark}"));
            }
        }
        None
    }
}

fn named(root: &Root) -> Option<(String, &'static str)> {
    const SYSTEMD: &str = "/run/systemd/container";
    const FIRST: &str = "/proc/1/environ";
    if let Some(name) = root.text(SYSTEMD).filter(|name| !name.is_empty()) {
        return Some((name, SYSTEMD));
    }
    let environment = root.text(FIRST)?;
    let name = environment.split('\0').find_map(|variable| variable.strip_prefix("container="))?;
    Some((name.to_owned(), FIRST))
}

fn runtime(name: &str) -> Runtime {
    match name {
        "docker" => Runtime::Docker,
        "podman" | "libpod" => Runtime::Podman,
        "lxc" | "lxc-libvirt" => Runtime::Lxc,
        "systemd-nspawn" => Runtime::SystemdNspawn,
        "bubblewrap" => Runtime::Bubblewrap,
        "kube" | "kubernetes" => Runtime::Kubernetes,
        _ => Runtime::Other,
    }
}
