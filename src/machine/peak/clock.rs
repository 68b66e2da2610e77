//! The clock that a core really holds.

use std::arch::asm;
use std::time::Instant;

/// Additions of one slice: some tens of microseconds, in which a core does not change its clock.
const ADDITIONS: u64 = 64 * 1600;

/// Cycles a second, by a chain of additions that each wait for the one before: one a cycle on every
/// x86-64 CPU. Of registers, as newer CPUs skip chains of additions of constants.
pub fn measure() -> f64 {
    let start = Instant::now();
    chain(ADDITIONS / 64);
    ADDITIONS as f64 / start.elapsed().as_secs_f64()
}

fn chain(iterations: u64) {
    macro_rules! eight {
        () => {
            "add {x}, {y}\nadd {x}, {y}\nadd {x}, {y}\nadd {x}, {y}\nadd {x}, {y}\nadd {x}, {y}\nadd {x}, {y}\nadd {x}, {y}\n"
        };
    }
    // SAFETY: changes registers and flags only.
    unsafe {
        asm!(
            concat!(
                ".p2align 5\n2:\n",
                eight!(), eight!(), eight!(), eight!(), eight!(), eight!(), eight!(), eight!(),
                "dec {n}\njnz 2b\n",
            ),
            x = inout(reg) 1u64 => _,
            y = in(reg) 3u64,
            n = inout(reg) iterations => _,
            options(nostack, nomem),
        );
    }
}

/// The middle one.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    match values.len() {
        0 => f64::NAN,
        n if n % 2 == 1 => values[n / 2],
        n => (values[n / 2 - 1] + values[n / 2]) / 2.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_core_has_a_plausible_clock() {
        let hertz = median((0..20).map(|_| measure()).collect());
        assert!((3e8..1e10).contains(&hertz), "{hertz}");
    }

    #[test]
    fn medians() {
        assert_eq!(median(vec![3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(vec![4.0, 1.0, 2.0, 3.0]), 2.5);
        assert!(median(Vec::new()).is_nan());
    }
}
