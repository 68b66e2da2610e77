//! What a counter has to know of the instruction at an address.

use std::collections::HashMap;

use iced_x86::{Code, Decoder, DecoderOptions, Instruction, Mnemonic, Register};

use crate::isa::{self, Classified, Marker};

/// The longest x86 instruction, in bytes.
pub const LONGEST: usize = 15;

const BITS: u32 = 64;

/// Instructions that a counter cannot treat like the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Special {
    Syscall,
    /// int 0x80 and sysenter: a system call by the 32-bit table.
    Syscall32,
    /// A string instruction with a rep prefix, which can be interrupted between its iterations.
    Repeat,
    /// Stores the flags where the program can see them.
    PushFlags,
    /// Loads the flags, the trap flag among them.
    PopFlags,
    /// Loads ss, after which the CPU holds back traps for one instruction.
    LoadStackSegment,
    /// Begins a transaction, which a trap aborts.
    Transaction,
}

#[derive(Debug, Clone, Copy)]
pub struct Site {
    pub instruction: Instruction,
    /// None where the instruction is not floating-point.
    pub class: Option<Classified>,
    pub marker: Option<Marker>,
    pub special: Option<Special>,
}

impl Site {
    /// Decodes the first instruction of `bytes`. One that the decoder does not know has the mnemonic
    /// `INVALID`.
    pub fn decode(address: u64, bytes: &[u8]) -> Site {
        let instruction = Decoder::with_ip(BITS, bytes, address, DecoderOptions::NONE).decode();
        Site {
            instruction,
            class: isa::classify(&instruction),
            marker: isa::marker(&instruction),
            special: special(&instruction),
        }
    }

    pub fn mnemonic(&self) -> Mnemonic {
        self.instruction.mnemonic()
    }
}

fn special(instruction: &Instruction) -> Option<Special> {
    let repeated = instruction.has_rep_prefix() || instruction.has_repne_prefix();
    match instruction.mnemonic() {
        Mnemonic::Syscall => Some(Special::Syscall),
        Mnemonic::Sysenter => Some(Special::Syscall32),
        Mnemonic::Int if instruction.immediate8() == 0x80 => Some(Special::Syscall32),
        Mnemonic::Pushf | Mnemonic::Pushfd | Mnemonic::Pushfq => Some(Special::PushFlags),
        Mnemonic::Popf | Mnemonic::Popfd | Mnemonic::Popfq => Some(Special::PopFlags),
        Mnemonic::Iret | Mnemonic::Iretd | Mnemonic::Iretq => Some(Special::PopFlags),
        Mnemonic::Xbegin => Some(Special::Transaction),
        Mnemonic::Mov if instruction.op0_register() == Register::SS => Some(Special::LoadStackSegment),
        _ if repeated && instruction.is_string_instruction() => Some(Special::Repeat),
        _ => None,
    }
}

/// Decoded instructions by address. An entry serves only while the bytes there are the same, so
/// code that changes needs no further care.
#[derive(Default)]
pub struct Sites {
    known: HashMap<u64, ([u8; LONGEST], Site)>,
}

impl Sites {
    /// The instruction that `bytes`, read at `address`, begin with. None where there are none.
    pub fn at(&mut self, address: u64, bytes: &[u8]) -> Option<Site> {
        if bytes.is_empty() {
            return None;
        }
        if let Some((code, site)) = self.known.get(&address) {
            let code = &code[..site.instruction.len()];
            if !code.is_empty() && bytes.starts_with(code) {
                return Some(*site);
            }
        }
        let site = Site::decode(address, bytes);
        if site.instruction.code() != Code::INVALID {
            let mut code = [0; LONGEST];
            let length = site.instruction.len().min(bytes.len());
            code[..length].copy_from_slice(&bytes[..length]);
            self.known.insert(address, (code, site));
        }
        Some(site)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn special_of(bytes: &[u8]) -> Option<Special> {
        Site::decode(0x1000, bytes).special
    }

    #[test]
    fn special_instructions_are_told_apart() {
        assert_eq!(special_of(&[0x0f, 0x05]), Some(Special::Syscall));
        assert_eq!(special_of(&[0xcd, 0x80]), Some(Special::Syscall32));
        assert_eq!(special_of(&[0xcd, 0x81]), None);
        assert_eq!(special_of(&[0xf3, 0xa4]), Some(Special::Repeat)); // rep movsb
        assert_eq!(special_of(&[0xa4]), None); // movsb
        assert_eq!(special_of(&[0xf3, 0x90]), None); // pause
        assert_eq!(special_of(&[0xf3, 0x0f, 0x58, 0xc1]), None); // addss
        assert_eq!(special_of(&[0x9c]), Some(Special::PushFlags));
        assert_eq!(special_of(&[0x66, 0x9d]), Some(Special::PopFlags));
        assert_eq!(special_of(&[0x48, 0xcf]), Some(Special::PopFlags)); // iretq
        assert_eq!(special_of(&[0x8e, 0xd0]), Some(Special::LoadStackSegment)); // mov ss, eax
    }

    #[test]
    fn changed_bytes_are_decoded_again() {
        let mut sites = Sites::default();
        let first = sites.at(0x1000, &[0x90, 0xc3]).map(|s| s.mnemonic());
        let second = sites.at(0x1000, &[0xc3]).map(|s| s.mnemonic());
        assert_eq!((first, second), (Some(Mnemonic::Nop), Some(Mnemonic::Ret)));
        assert!(sites.at(0x1000, &[]).is_none());
    }
}
