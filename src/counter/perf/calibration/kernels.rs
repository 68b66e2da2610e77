//! The programs that a PMU is tried on: each a loop of one instruction.

use iced_x86::IcedError;
use iced_x86::code_asm::{CodeAssembler, eax, ecx, edi, st0, xmm0, xmm1, xmm2, ymm0, ymm1, ymm2, zmm0, zmm1, zmm2};

use crate::isa::Precision;
use crate::{Error, Result};

/// Executions of the instruction. Many, so that what the CPU begins on a mispredicted path, a reorder buffer
/// full at most, is little beside it.
pub const EXECUTIONS: u32 = 20_000;

/// One instruction, all operands zero: no denormals, no exceptions, nothing but arithmetic.
pub struct Kernel {
    /// Precision, width in bits (the element's where it is scalar), `fma`. Prefixed with `cal-`, it names the thread that opens the events.
    pub name: &'static str,
    pub precision: Precision,
    flops: u32,
    needs: Needs,
    emit: fn(&mut CodeAssembler) -> std::result::Result<(), IcedError>,
}

#[derive(Clone, Copy)]
enum Needs {
    Sse2,
    Avx,
    Fma,
    Avx512,
    Fp16,
    Bf16,
}

impl Needs {
    /// What the processor itself says: /proc/cpuinfo may be another's.
    fn met(self) -> bool {
        match self {
            Needs::Sse2 => true,
            Needs::Avx => is_x86_feature_detected!("avx"),
            Needs::Fma => is_x86_feature_detected!("fma"),
            Needs::Avx512 => is_x86_feature_detected!("avx512f"),
            Needs::Fp16 => is_x86_feature_detected!("avx512fp16") && is_x86_feature_detected!("avx512vl"),
            Needs::Bf16 => is_x86_feature_detected!("avx512bf16"),
        }
    }
}

/// Those that this CPU can execute.
pub fn executable() -> impl Iterator<Item = &'static Kernel> {
    KERNELS.iter().filter(|kernel| kernel.needs.met())
}

impl Kernel {
    pub fn flops(&self) -> u64 {
        u64::from(self.flops) * u64::from(EXECUTIONS)
    }

    /// The name of the thread that opens its events, at most 15 bytes long.
    pub fn thread(&self) -> String {
        format!("cal-{}", self.name)
    }

    pub fn code(&self) -> Result<Vec<u8>> {
        self.assemble(EXECUTIONS).map_err(|e| Error::failed(format!("calibration: {}: {e}", self.name)))
    }

    fn assemble(&self, executions: u32) -> std::result::Result<Vec<u8>, IcedError> {
        let mut a = CodeAssembler::new(64)?;
        let mut again = a.create_label();
        if self.precision == Precision::X87 {
            // Its register stack is empty at first.
            a.fldz()?;
        }
        a.mov(ecx, executions)?;
        a.set_label(&mut again)?;
        (self.emit)(&mut a)?;
        a.dec(ecx)?;
        a.jnz(again)?;
        a.mov(eax, libc::SYS_exit as u32)?;
        a.xor(edi, edi)?;
        a.syscall()?;
        a.assemble(0)
    }
}

const fn kernel(
    name: &'static str,
    precision: Precision,
    flops: u32,
    needs: Needs,
    emit: fn(&mut CodeAssembler) -> std::result::Result<(), IcedError>,
) -> Kernel {
    Kernel { name, precision, flops, needs, emit }
}

use Precision::{Bf16, Fp16, Fp32, Fp64, X87};

static KERNELS: &[Kernel] = &[
    kernel("f32-32", Fp32, 1, Needs::Sse2, |a| a.addss(xmm0, xmm0)),
    kernel("f64-64", Fp64, 1, Needs::Sse2, |a| a.addsd(xmm0, xmm0)),
    kernel("f32-128", Fp32, 4, Needs::Sse2, |a| a.addps(xmm0, xmm0)),
    kernel("f64-128", Fp64, 2, Needs::Sse2, |a| a.addpd(xmm0, xmm0)),
    kernel("f32-256", Fp32, 8, Needs::Avx, |a| a.vaddps(ymm0, ymm1, ymm2)),
    kernel("f64-256", Fp64, 4, Needs::Avx, |a| a.vaddpd(ymm0, ymm1, ymm2)),
    kernel("f32-512", Fp32, 16, Needs::Avx512, |a| a.vaddps(zmm0, zmm1, zmm2)),
    kernel("f64-512", Fp64, 8, Needs::Avx512, |a| a.vaddpd(zmm0, zmm1, zmm2)),
    kernel("f32-32-fma", Fp32, 2, Needs::Fma, |a| a.vfmadd231ss(xmm0, xmm1, xmm2)),
    kernel("f64-64-fma", Fp64, 2, Needs::Fma, |a| a.vfmadd231sd(xmm0, xmm1, xmm2)),
    kernel("f32-128-fma", Fp32, 8, Needs::Fma, |a| a.vfmadd231ps(xmm0, xmm1, xmm2)),
    kernel("f64-128-fma", Fp64, 4, Needs::Fma, |a| a.vfmadd231pd(xmm0, xmm1, xmm2)),
    kernel("f32-256-fma", Fp32, 16, Needs::Fma, |a| a.vfmadd231ps(ymm0, ymm1, ymm2)),
    kernel("f64-256-fma", Fp64, 8, Needs::Fma, |a| a.vfmadd231pd(ymm0, ymm1, ymm2)),
    kernel("f32-512-fma", Fp32, 32, Needs::Avx512, |a| a.vfmadd231ps(zmm0, zmm1, zmm2)),
    kernel("f64-512-fma", Fp64, 16, Needs::Avx512, |a| a.vfmadd231pd(zmm0, zmm1, zmm2)),
    kernel("f16-16", Fp16, 1, Needs::Fp16, |a| a.vaddsh(xmm0, xmm1, xmm2)),
    kernel("f16-128", Fp16, 8, Needs::Fp16, |a| a.vaddph(xmm0, xmm1, xmm2)),
    kernel("f16-256", Fp16, 16, Needs::Fp16, |a| a.vaddph(ymm0, ymm1, ymm2)),
    kernel("f16-512", Fp16, 32, Needs::Fp16, |a| a.vaddph(zmm0, zmm1, zmm2)),
    kernel("f16-16-fma", Fp16, 2, Needs::Fp16, |a| a.vfmadd231sh(xmm0, xmm1, xmm2)),
    kernel("x87", X87, 1, Needs::Sse2, |a| a.fadd_2(st0, st0)),
    kernel("bf16-512", Bf16, 64, Needs::Bf16, |a| a.vdpbf16ps(zmm0, zmm1, zmm2)),
    kernel("f16-512-fma", Fp16, 64, Needs::Fp16, |a| a.vfmadd231ph(zmm0, zmm1, zmm2)),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use iced_x86::{Decoder, DecoderOptions};

    use super::*;
    use crate::isa;

    /// The classifier of instructions, which the other counters go by, is the oracle of what a loop executes.
    #[test]
    fn flops_are_those_of_the_instruction() {
        for kernel in KERNELS {
            let code = kernel.assemble(3).expect("assembles");
            let mut flops = BTreeMap::new();
            for instruction in Decoder::with_ip(64, &code, 0, DecoderOptions::NONE) {
                assert!(!instruction.is_invalid(), "{}", kernel.name);
                if let Some(classified) = isa::classify(&instruction) {
                    let class = classified.class;
                    *flops.entry(class.precision).or_insert(0) += class.flops.count(1, class.lanes.into());
                }
            }
            assert_eq!(flops, BTreeMap::from([(kernel.precision, u64::from(kernel.flops))]), "{}", kernel.name);
        }
    }

    #[test]
    fn threads_can_have_their_names() {
        assert!(KERNELS.iter().all(|kernel| kernel.thread().len() <= 15));
    }
}
