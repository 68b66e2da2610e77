//! MKL's lines: `SGEMM(T,N,3072,50,768,0x7ffe..,..) 20.42ms CNR:OFF ..`, arguments as Fortran has them.

use crate::model::terms::Kind;
use crate::operators::gather::{Call, Gathering};
use crate::operators::registry::{self, Work};
use crate::units::Count;

/// A line after its marker.
pub fn line(call: &str, gathering: &mut Gathering) -> Result<(), String> {
    // The first line names the library; others that have no arguments tell of its settings.
    let Some((name, rest)) = call.split_once('(').filter(|(name, _)| is_name(name)) else { return Ok(()) };
    let (arguments, after) = rest.split_once(')').unwrap_or_else(|| {
        // A long list is cut off before its bracket; the time follows all the same.
        rest.rsplit_once(',').and_then(|(cut, last)| Some((cut, last.split_once(' ')?.1))).unwrap_or((rest, ""))
    });
    if !after.contains("CNR:") {
        return Err(format!("{name} is cut off"));
    }
    let arguments: Vec<&str> = arguments.split(',').collect();
    let Some(shape) = Shape::of(name) else {
        gathering.refuse(name.into(), "no shape function counts it".into());
        return Ok(());
    };
    let sizes: Option<Vec<u64>> = shape.sizes.iter().map(|&place| arguments.get(place)?.parse().ok()).collect();
    match (sizes, shape.batched) {
        (_, true) => {
            gathering
                .refuse(name.into(), "not recoverable from the log: it has addresses for the shapes of a batch".into());
        }
        (None, false) => return Err(format!("{name} has other arguments than its shapes")),
        (Some(sizes), false) => {
            let call = Call { name: name.into(), path: "MKL".into(), ..Call::default() };
            match shape.work(&sizes) {
                Ok((shapes, work)) => gathering.add(Call { shapes, ..call }, work),
                Err(problem) => gathering.refuse(call.name, problem),
            }
        }
    }
    Ok(())
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_')
}

/// Where a routine's arguments have its sizes.
struct Shape {
    /// Places of m, n and k; of m and n where it multiplies a vector.
    sizes: &'static [usize],
    /// Each size is an array, of which the log has the address.
    batched: bool,
    complex: bool,
}

impl Shape {
    fn of(name: &str) -> Option<Shape> {
        let mut letters = name.chars();
        let complex = match letters.next()? {
            'S' | 'D' | 'H' => false,
            'C' | 'Z' => true,
            // The mixed ones: GEMM_BF16BF16F32, GEMM_F16F16F32.
            'G' if name.starts_with("GEMM_") && name.ends_with("F32") => {
                return Some(Shape { sizes: &[2, 3, 4], batched: false, complex: false });
            }
            _ => return None,
        };
        let (sizes, batched): (&[usize], bool) = match letters.as_str() {
            "GEMM" | "GEMM3M" | "GEMM_COMPUTE" => (&[2, 3, 4], false),
            "GEMM_BATCH" | "GEMM3M_BATCH" => (&[], true),
            "GEMV" => (&[1, 2], false),
            _ => return None,
        };
        Some(Shape { sizes, batched, complex })
    }

    fn work(&self, sizes: &[u64]) -> Result<(Vec<Vec<u64>>, Work), String> {
        let (a, b) = match *sizes {
            [m, n, k] => (vec![m, k], vec![k, n]),
            [m, n] => (vec![m, n], vec![n]),
            _ => return Err("it has no sizes".into()),
        };
        let work = registry::product(Kind::Matmul, &a, &b)?;
        // A product of complex numbers is four of real ones.
        let each: Count = if self.complex { 4 } else { 1 };
        let macs = work.macs.checked_mul(each).ok_or("the count passes 2^128")?;
        Ok((vec![a, b], Work { macs, ..work }))
    }
}
