//! Loops that do nothing but arithmetic, each with its FLOPs.
//!
//! In assembly, so that no compiler decides what is measured. Twelve independent accumulators cover
//! the latency (up to 5 cycles) of two pipes.

use std::arch::asm;
use std::arch::is_x86_feature_detected as has;

use super::amx;
use crate::isa::Precision;

/// One loop.
#[derive(Debug, Clone, Copy)]
pub struct Kernel {
    pub instruction: &'static str,
    pub precision: Precision,
    /// Bits of a register; None for tiles.
    pub width: Option<u32>,
    /// A scalar in a register of 128 bits.
    pub scalar: bool,
    pub flops_per_iteration: u64,
    /// Only called where [`all`] offers it: the CPU has its instructions.
    run: unsafe fn(u64, *const Operands),
    operands: fn() -> Operands,
}

/// Two vectors: a factor and a summand.
#[repr(C, align(64))]
pub struct Operands([[u8; 64]; 2]);

const UNROLLED: u64 = 24;

impl Kernel {
    pub fn run(&self, iterations: u64) {
        let operands = (self.operands)();
        // SAFETY: `all` offers a kernel only where the CPU and the kernel have its instructions; it reads the
        // two vectors and writes registers only.
        unsafe { (self.run)(iterations.max(1), &operands) };
    }

    /// `256-bit`, `scalar`, `tile`.
    pub fn shape(&self) -> String {
        match (self.scalar, self.width) {
            (true, _) => "scalar".into(),
            (false, Some(bits)) => format!("{bits}-bit"),
            (false, None) => "tile".into(),
        }
    }
}

/// The kernels that this CPU can run.
pub fn all() -> Vec<Kernel> {
    let (avx, fma, wide) = (has!("avx"), has!("fma"), has!("avx512f"));
    let mut kernels = Vec::new();
    let mut add = |offered: bool, kernel: Kernel| kernels.extend(offered.then_some(kernel));
    use Precision::{Bf16, Fp16, Fp32, Fp64};
    add(fma, vector("vfmadd213ss", Fp32, (32, true), 2, fma_ss, fma_f32));
    add(fma, vector("vfmadd213ps", Fp32, (128, false), 2, fma_ps_128, fma_f32));
    add(fma, vector("vfmadd213ps", Fp32, (256, false), 2, fma_ps_256, fma_f32));
    add(wide, vector("vfmadd213ps", Fp32, (512, false), 2, fma_ps_512, fma_f32));
    add(fma, vector("vfmadd213sd", Fp64, (64, true), 2, fma_sd, fma_f64));
    add(fma, vector("vfmadd213pd", Fp64, (128, false), 2, fma_pd_128, fma_f64));
    add(fma, vector("vfmadd213pd", Fp64, (256, false), 2, fma_pd_256, fma_f64));
    add(wide, vector("vfmadd213pd", Fp64, (512, false), 2, fma_pd_512, fma_f64));
    // Without FMA, as many multiplications as additions.
    add(!fma, vector("mulss and addss", Fp32, (32, true), 1, mul_add_ss, ones_f32));
    add(!fma, vector("mulps and addps", Fp32, (128, false), 1, mul_add_ps_128, ones_f32));
    add(!fma && avx, vector("vmulps and vaddps", Fp32, (256, false), 1, mul_add_ps_256, ones_f32));
    add(!fma, vector("mulsd and addsd", Fp64, (64, true), 1, mul_add_sd, ones_f64));
    add(!fma, vector("mulpd and addpd", Fp64, (128, false), 1, mul_add_pd_128, ones_f64));
    add(!fma && avx, vector("vmulpd and vaddpd", Fp64, (256, false), 1, mul_add_pd_256, ones_f64));
    let half = has!("avx512fp16");
    add(half, vector("vfmadd213sh", Fp16, (16, true), 2, fma_sh, fma_f16));
    add(half, vector("vfmadd213ph", Fp16, (128, false), 2, fma_ph_128, fma_f16));
    add(half, vector("vfmadd213ph", Fp16, (256, false), 2, fma_ph_256, fma_f16));
    add(half, vector("vfmadd213ph", Fp16, (512, false), 2, fma_ph_512, fma_f16));
    let bf16 = has!("avx512bf16");
    // A lane of 16 bits does one multiplication and one addition.
    add(bf16 && has!("avx512vl"), vector("vdpbf16ps", Bf16, (128, false), 2, dot_bf16_128, ones_bf16));
    add(bf16 && has!("avx512vl"), vector("vdpbf16ps", Bf16, (256, false), 2, dot_bf16_256, ones_bf16));
    add(bf16, vector("vdpbf16ps", Bf16, (512, false), 2, dot_bf16_512, ones_bf16));
    let tiles = amx::available();
    add(tiles.bf16, tile("tdpbf16ps", Bf16, amx::dot_bf16));
    add(tiles.fp16, tile("tdpfp16ps", Fp16, amx::dot_fp16));
    kernels
}

fn vector(
    instruction: &'static str,
    precision: Precision,
    (width, scalar): (u32, bool),
    flops_per_lane: u64,
    run: unsafe fn(u64, *const Operands),
    operands: fn() -> Operands,
) -> Kernel {
    let lane = match precision {
        Precision::Fp64 => 64,
        Precision::Fp32 => 32,
        _ => 16,
    };
    let flops_per_iteration = u64::from(width / lane) * flops_per_lane * UNROLLED;
    Kernel { instruction, precision, width: Some(width), scalar, flops_per_iteration, run, operands }
}

fn tile(instruction: &'static str, precision: Precision, run: unsafe fn(u64, *const Operands)) -> Kernel {
    let flops_per_iteration = amx::FLOPS * amx::UNROLLED;
    Kernel { instruction, precision, width: None, scalar: false, flops_per_iteration, run, operands: ones_bf16 }
}

/// A kernel as the theory sees it; it is not run.
#[cfg(test)]
pub fn for_tests(precision: Precision, width: Option<u32>) -> Kernel {
    match width {
        Some(width) => vector("", precision, (width, false), 2, mul_add_ss, ones_f32),
        None => tile("", precision, amx::dot_bf16),
    }
}

/// `lane` repeated over each of the two vectors.
fn repeated<const N: usize>(factor: [u8; N], summand: [u8; N]) -> Operands {
    let fill = |lane: [u8; N]| std::array::from_fn(|at| lane[at % N]);
    Operands([fill(factor), fill(summand)])
}

/// x / 2 + 1 goes to 2: neither too large nor so small that it is slow.
fn fma_f32() -> Operands {
    repeated(0.5f32.to_le_bytes(), 1f32.to_le_bytes())
}

fn fma_f64() -> Operands {
    repeated(0.5f64.to_le_bytes(), 1f64.to_le_bytes())
}

fn fma_f16() -> Operands {
    const HALF: u16 = 0x3800;
    const ONE: u16 = 0x3c00;
    repeated(HALF.to_le_bytes(), ONE.to_le_bytes())
}

/// Products stay 1, sums grow until they stand.
fn ones_f32() -> Operands {
    repeated(1f32.to_le_bytes(), 1f32.to_le_bytes())
}

fn ones_f64() -> Operands {
    repeated(1f64.to_le_bytes(), 1f64.to_le_bytes())
}

fn ones_bf16() -> Operands {
    const ONE: u16 = 0x3f80;
    repeated(ONE.to_le_bytes(), ONE.to_le_bytes())
}

/// A loop over `instruction accumulator, factor, summand`.
macro_rules! three_operands {
    ($name:ident, $instruction:literal, $load:literal, $register:literal) => {
        unsafe fn $name(iterations: u64, operands: *const Operands) {
            macro_rules! load {
                ($at:literal) => {
                    concat!($load, " ", $register, $at, ", [rdx]\n")
                };
            }
            macro_rules! op {
                ($at:literal) => {
                    concat!($instruction, " ", $register, $at, ", ", $register, "12, ", $register, "13\n")
                };
            }
            // SAFETY: reads the two vectors of 64 bytes; changes vector registers, flags and its own counter.
            unsafe {
                asm!(
                    concat!(
                        load!("0"), load!("1"), load!("2"), load!("3"), load!("4"), load!("5"),
                        load!("6"), load!("7"), load!("8"), load!("9"), load!("10"), load!("11"), load!("12"),
                        $load, " ", $register, "13, [rdx + 64]\n",
                        ".p2align 5\n",
                        "2:\n",
                        op!("0"), op!("1"), op!("2"), op!("3"), op!("4"), op!("5"),
                        op!("6"), op!("7"), op!("8"), op!("9"), op!("10"), op!("11"),
                        op!("0"), op!("1"), op!("2"), op!("3"), op!("4"), op!("5"),
                        op!("6"), op!("7"), op!("8"), op!("9"), op!("10"), op!("11"),
                        "dec rcx\n",
                        "jnz 2b\n",
                        "vzeroupper\n",
                    ),
                    in("rdx") operands,
                    inout("rcx") iterations => _,
                    clobber_abi("C"),
                    options(nostack, readonly),
                );
            }
        }
    };
}

three_operands!(fma_ss, "vfmadd213ss", "vmovups", "xmm");
three_operands!(fma_ps_128, "vfmadd213ps", "vmovups", "xmm");
three_operands!(fma_ps_256, "vfmadd213ps", "vmovups", "ymm");
three_operands!(fma_ps_512, "vfmadd213ps", "vmovups", "zmm");
three_operands!(fma_sd, "vfmadd213sd", "vmovups", "xmm");
three_operands!(fma_pd_128, "vfmadd213pd", "vmovups", "xmm");
three_operands!(fma_pd_256, "vfmadd213pd", "vmovups", "ymm");
three_operands!(fma_pd_512, "vfmadd213pd", "vmovups", "zmm");
three_operands!(fma_sh, "vfmadd213sh", "vmovups", "xmm");
three_operands!(fma_ph_128, "vfmadd213ph", "vmovups", "xmm");
three_operands!(fma_ph_256, "vfmadd213ph", "vmovups", "ymm");
three_operands!(fma_ph_512, "vfmadd213ph", "vmovups", "zmm");
three_operands!(dot_bf16_128, "vdpbf16ps", "vmovups", "xmm");
three_operands!(dot_bf16_256, "vdpbf16ps", "vmovups", "ymm");
three_operands!(dot_bf16_512, "vdpbf16ps", "vmovups", "zmm");

/// A loop over multiplications and additions in turn; `$middle` is the operand that only the
/// three-operand forms have.
macro_rules! mul_and_add {
    ($name:ident, $multiply:literal, $add:literal, $load:literal, $register:literal, $three:tt, $end:literal) => {
        unsafe fn $name(iterations: u64, operands: *const Operands) {
            macro_rules! load {
                ($at:literal) => {
                    concat!($load, " ", $register, $at, ", [rdx]\n")
                };
            }
            macro_rules! op {
                ($instruction:literal, $at:literal, $with:literal) => {
                    mul_and_add!(@form $three, $instruction, $register, $at, $with)
                };
            }
            // SAFETY: reads the two vectors of 64 bytes; changes vector registers, flags and its own counter.
            unsafe {
                asm!(
                    concat!(
                        load!("0"), load!("1"), load!("2"), load!("3"), load!("4"), load!("5"),
                        load!("6"), load!("7"), load!("8"), load!("9"), load!("10"), load!("11"), load!("12"),
                        $load, " ", $register, "13, [rdx + 64]\n",
                        ".p2align 5\n",
                        "2:\n",
                        op!($multiply, "0", "12"), op!($add, "1", "13"), op!($multiply, "2", "12"), op!($add, "3", "13"),
                        op!($multiply, "4", "12"), op!($add, "5", "13"), op!($multiply, "6", "12"), op!($add, "7", "13"),
                        op!($multiply, "8", "12"), op!($add, "9", "13"), op!($multiply, "10", "12"), op!($add, "11", "13"),
                        op!($multiply, "0", "12"), op!($add, "1", "13"), op!($multiply, "2", "12"), op!($add, "3", "13"),
                        op!($multiply, "4", "12"), op!($add, "5", "13"), op!($multiply, "6", "12"), op!($add, "7", "13"),
                        op!($multiply, "8", "12"), op!($add, "9", "13"), op!($multiply, "10", "12"), op!($add, "11", "13"),
                        "dec rcx\n",
                        "jnz 2b\n",
                        $end,
                    ),
                    in("rdx") operands,
                    inout("rcx") iterations => _,
                    clobber_abi("C"),
                    options(nostack, readonly),
                );
            }
        }
    };
    (@form yes, $instruction:literal, $register:literal, $at:literal, $with:literal) => {
        concat!($instruction, " ", $register, $at, ", ", $register, $at, ", ", $register, $with, "\n")
    };
    (@form no, $instruction:literal, $register:literal, $at:literal, $with:literal) => {
        concat!($instruction, " ", $register, $at, ", ", $register, $with, "\n")
    };
}

mul_and_add!(mul_add_ss, "mulss", "addss", "movups", "xmm", no, "");
mul_and_add!(mul_add_ps_128, "mulps", "addps", "movups", "xmm", no, "");
mul_and_add!(mul_add_ps_256, "vmulps", "vaddps", "vmovups", "ymm", yes, "vzeroupper\n");
mul_and_add!(mul_add_sd, "mulsd", "addsd", "movups", "xmm", no, "");
mul_and_add!(mul_add_pd_128, "mulpd", "addpd", "movups", "xmm", no, "");
mul_and_add!(mul_add_pd_256, "vmulpd", "vaddpd", "vmovups", "ymm", yes, "vzeroupper\n");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kernels_run_to_their_end() {
        let kernels = all();
        assert!(kernels.iter().any(|kernel| kernel.precision == Precision::Fp32));
        for kernel in kernels {
            kernel.run(1000);
            assert!(kernel.flops_per_iteration > 0, "{}", kernel.instruction);
        }
    }

    /// Those for CPUs without FMA too, which `all` does not offer on one that has it.
    #[test]
    fn multiplications_and_additions_run() {
        for run in [mul_add_ss, mul_add_ps_128, mul_add_sd, mul_add_pd_128] {
            // SAFETY: SSE2 is in every x86-64 CPU.
            unsafe { run(1000, &ones_f32()) };
        }
        if has!("avx") {
            for run in [mul_add_ps_256, mul_add_pd_256] {
                // SAFETY: the CPU has AVX.
                unsafe { run(1000, &ones_f64()) };
            }
        }
    }

    #[test]
    fn flops_by_hand() {
        let flops = |precision, width, of_a_lane| {
            vector("", precision, (width, false), of_a_lane, mul_add_ss, ones_f32).flops_per_iteration
        };
        // 24 instructions of 8 lanes, 2 FLOPs each.
        assert_eq!(flops(Precision::Fp32, 256, 2), 24 * 8 * 2);
        assert_eq!(flops(Precision::Fp64, 512, 2), 24 * 8 * 2);
        // vdpbf16ps: 16 lanes of 32 bits, 4 FLOPs each.
        assert_eq!(flops(Precision::Bf16, 512, 2), 24 * 16 * 4);
        assert_eq!(flops(Precision::Fp32, 32, 1), 24);
        // A tile product: 16 x 16 results of 32 multiply-accumulates.
        assert_eq!(tile("", Precision::Bf16, amx::dot_bf16).flops_per_iteration, 16 * 2 * 16 * 16 * 32);
    }
}
