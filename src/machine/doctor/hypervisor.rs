//! Which hypervisor, if any, runs this machine.

use serde::Serialize;

use super::processor::flag;
use super::root::Root;

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Hypervisor {
    pub name: String,
    /// What gave it away.
    pub evidence: String,
    /// The instance or machine type, where the firmware names it.
    pub machine: Option<String>,
}

/// What firmware calls its maker, and the hypervisor behind it; as systemd-detect-virt has them.
const FIRMWARE: [(&str, &str); 14] = [
    ("Amazon EC2", "Amazon EC2 (Nitro, KVM)"),
    ("Google Compute Engine", "Google Compute Engine (KVM)"),
    ("Google", "Google Compute Engine (KVM)"),
    ("Alibaba Cloud", "Alibaba Cloud (KVM)"),
    ("DigitalOcean", "DigitalOcean (KVM)"),
    ("OpenStack", "OpenStack (KVM)"),
    ("KubeVirt", "KubeVirt (KVM)"),
    ("QEMU", "QEMU"),
    ("KVM", "KVM"),
    ("VMware", "VMware"),
    ("innotek GmbH", "VirtualBox"),
    ("VirtualBox", "VirtualBox"),
    ("Parallels", "Parallels"),
    ("Xen", "Xen"),
];

impl Hypervisor {
    /// `signature`: what the CPUID instruction answers at leaf 0x40000000, where it was asked.
    pub fn of(root: &Root, signature: Option<&str>) -> Option<Hypervisor> {
        let dmi = |key: &str| root.text(&format!("/sys/class/dmi/id/{key}")).filter(|text| !text.is_empty());
        let machine = dmi("product_name");
        let found = |name: &str, evidence: String| Hypervisor { name: name.into(), evidence, machine: machine.clone() };
        if let Some(kind) = root.text("/sys/hypervisor/type") {
            // A Xen host's own system sees this too, and no `hypervisor` flag is masked there.
            return Some(found(if kind == "xen" { "Xen" } else { &kind }, format!("/sys/hypervisor/type is {kind}")));
        }
        for key in ["sys_vendor", "product_name", "board_vendor", "bios_vendor"] {
            let Some(text) = dmi(key) else { continue };
            // A physical EC2 or Google host has the firmware's name without the CPU's flag.
            if let Some((_, name)) = FIRMWARE.iter().find(|(maker, _)| text.contains(maker))
                && flag(root, "hypervisor")
            {
                return Some(found(name, format!("/sys/class/dmi/id/{key} is {text}")));
            }
            if text == "Microsoft Corporation" && machine.as_deref() == Some("Virtual Machine") {
                return Some(found("Hyper-V", "/sys/class/dmi/id/product_name is Virtual Machine".into()));
            }
        }
        if root.text("/proc/sys/kernel/osrelease").is_some_and(|release| release.to_lowercase().contains("microsoft")) {
            return Some(found("Hyper-V (WSL)", "the kernel's release names Microsoft".into()));
        }
        if !flag(root, "hypervisor") {
            return None;
        }
        match signature.and_then(name_of_signature) {
            Some(name) => Some(found(name, "the CPUID leaf 0x40000000 names it".into())),
            None => Some(found("unknown", "the CPU has the flag `hypervisor`".into())),
        }
    }
}

fn name_of_signature(signature: &str) -> Option<&'static str> {
    const SIGNATURES: [(&str, &str); 8] = [
        ("KVMKVMKVM", "KVM"),
        ("Microsoft Hv", "Hyper-V"),
        ("VMwareVMware", "VMware"),
        ("XenVMMXenVMM", "Xen"),
        ("TCGTCGTCGTCG", "QEMU without KVM"),
        ("VBoxVBoxVBox", "VirtualBox"),
        ("bhyve bhyve", "bhyve"),
        ("ACRNACRNACRN", "ACRN"),
    ];
    SIGNATURES.iter().find(|(text, _)| signature.starts_with(text)).map(|(_, name)| *name)
}

/// What the CPU itself says of its hypervisor; only below one is the leaf defined.
pub fn signature() -> Option<String> {
    use std::arch::x86_64::__cpuid;
    const FEATURES: u32 = 1;
    const HYPERVISOR_BIT: u32 = 1 << 31;
    const HYPERVISOR_LEAF: u32 = 0x4000_0000;
    if __cpuid(FEATURES).ecx & HYPERVISOR_BIT == 0 {
        return None;
    }
    let leaf = __cpuid(HYPERVISOR_LEAF);
    let bytes: Vec<u8> = [leaf.ebx, leaf.ecx, leaf.edx].iter().flat_map(|word| word.to_le_bytes()).collect();
    Some(String::from_utf8_lossy(&bytes).trim_end_matches('\0').to_owned())
}
