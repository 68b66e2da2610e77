//! Loops over matrix tiles (AMX).

use std::arch::asm;
use std::arch::x86_64::{__cpuid, __cpuid_count};

use super::kernels::Operands;

/// FLOPs of one instruction: tiles of 16 x 32 times 32 x 16, a multiply-accumulate 2.
pub const FLOPS: u64 = 2 * 16 * 16 * 32;
pub const UNROLLED: u64 = 16;

#[derive(Debug, Clone, Copy, Default)]
pub struct Available {
    pub bf16: bool,
    pub fp16: bool,
}

/// What the CPU has and the kernel lets us use: the first use must be asked for.
pub fn available() -> Available {
    const EXTENDED: u32 = 7;
    if __cpuid(0).eax < EXTENDED {
        return Available::default();
    }
    let features = __cpuid_count(EXTENDED, 0);
    let (bf16, tile) = (features.edx & 1 << 22 != 0, features.edx & 1 << 24 != 0);
    let fp16 = features.eax >= 1 && __cpuid_count(EXTENDED, 1).eax & 1 << 21 != 0;
    let permitted = tile && (bf16 || fp16) && request();
    Available { bf16: bf16 && permitted, fp16: fp16 && permitted }
}

/// Asks the kernel for the state of tiles, for all threads of the process.
fn request() -> bool {
    const ARCH_REQ_XCOMP_PERM: libc::c_ulong = 0x1023;
    const XTILEDATA: libc::c_ulong = 18;
    // SAFETY: takes two numbers, and changes nothing but what this process may use.
    unsafe { libc::syscall(libc::SYS_arch_prctl, ARCH_REQ_XCOMP_PERM, XTILEDATA) == 0 }
}

/// Palette 1: eight tiles of 16 rows of 64 bytes.
#[repr(C, align(64))]
struct Configuration([u8; 64]);

impl Configuration {
    const FULL: Configuration = {
        let mut bytes = [0; 64];
        bytes[0] = 1;
        let mut tile = 0;
        while tile < 8 {
            bytes[16 + 2 * tile] = 64;
            bytes[48 + tile] = 16;
            tile += 1;
        }
        Configuration(bytes)
    };
}

macro_rules! tiles {
    ($name:ident, $instruction:literal) => {
        /// Four accumulators; both factors are the same 64 bytes in every row.
        pub unsafe fn $name(iterations: u64, operands: *const Operands) {
            macro_rules! four {
                () => {
                    concat!(
                        $instruction, " tmm0, tmm4, tmm6\n",
                        $instruction, " tmm1, tmm4, tmm7\n",
                        $instruction, " tmm2, tmm5, tmm6\n",
                        $instruction, " tmm3, tmm5, tmm7\n",
                    )
                };
            }
            let configuration = Configuration::FULL;
            // SAFETY: reads the configuration and, with a stride of 0, 64 bytes of the operands; tiles are
            // used by nobody else and are released.
            unsafe {
                asm!(
                    concat!(
                        "ldtilecfg [{configuration}]\n",
                        "tilezero tmm0\n", "tilezero tmm1\n", "tilezero tmm2\n", "tilezero tmm3\n",
                        "tileloadd tmm4, [{operands} + {stride}]\n",
                        "tileloadd tmm5, [{operands} + {stride}]\n",
                        "tileloadd tmm6, [{operands} + {stride}]\n",
                        "tileloadd tmm7, [{operands} + {stride}]\n",
                        ".p2align 5\n",
                        "2:\n",
                        four!(), four!(), four!(), four!(),
                        "dec {iterations}\n",
                        "jnz 2b\n",
                        "tilerelease\n",
                    ),
                    configuration = in(reg) &raw const configuration,
                    operands = in(reg) operands,
                    stride = in(reg) 0u64,
                    iterations = inout(reg) iterations => _,
                    options(nostack, readonly),
                );
            }
        }
    };
}

tiles!(dot_bf16, "tdpbf16ps");
tiles!(dot_fp16, "tdpfp16ps");
