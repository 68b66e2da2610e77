//! Region markers: 8-byte NOPs that a counting engine recognises, and that cost nothing else.

use std::arch::asm;

/// `FLGB` in the displacement of `nop dword ptr [rax+rax*1+imm32]`; rdi = name, rsi = its length.
pub fn begin(name: &str) {
    // SAFETY: a NOP. Without `nomem`, so that no memory access of the region moves before it.
    unsafe {
        asm!(
            ".byte 0x0f, 0x1f, 0x84, 0x00, 0x46, 0x4c, 0x47, 0x42",
            in("rdi") name.as_ptr(),
            in("rsi") name.len(),
            options(nostack, preserves_flags)
        );
    }
}

/// `FLGE`: the end of the region that began last.
pub fn end() {
    // SAFETY: as in `begin`.
    unsafe {
        asm!(".byte 0x0f, 0x1f, 0x84, 0x00, 0x46, 0x4c, 0x47, 0x45", options(nostack, preserves_flags));
    }
}
