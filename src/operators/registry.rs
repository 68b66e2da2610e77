//! Pure functions from shapes to counts, one a family of operators.

use crate::model::terms::Kind;
use crate::units::Count;

/// The count of one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Work {
    pub kind: Kind,
    pub macs: Count,
    pub elements: Count,
}

type Shapes<'a> = &'a [Vec<u64>];

/// Why shapes could not be counted.
pub type Problem = String;

/// The work of one call of `name`; None where no shape function knows the name.
pub fn work(name: &str, shapes: Shapes) -> Option<Result<Work, Problem>> {
    Some(match name {
        "linear" => linear(Kind::Linear, shapes),
        "dot" => linear(Kind::Matmul, shapes),
        "addmm" => product(Kind::Linear, shapes.get(1..).unwrap_or_default()),
        "mm" => product(Kind::Linear, shapes),
        "matmul" | "bmm" => product(Kind::Matmul, shapes),
        "baddbmm" => product(Kind::Matmul, shapes.get(1..).unwrap_or_default()),
        "conv2d" => conv2d(shapes),
        "layer_norm" => element_wise(Kind::LayerNorm, shapes),
        "softmax" => element_wise(Kind::Softmax, shapes),
        "gelu" | "gelu_tanh" | "quick_gelu" => element_wise(Kind::Activation, shapes),
        "add" => element_wise(Kind::Add, shapes),
        "mul" => element_wise(Kind::Scale, shapes),
        "mean" => element_wise(Kind::Pool, shapes),
        "l2_normalize" => element_wise(Kind::Normalize, shapes),
        "embedding" => element_wise(Kind::Embedding, shapes),
        _ => return None,
    })
}

/// The product of dimensions, or a problem where it passes 128 bits.
fn volume(dims: &[u64]) -> Result<Count, Problem> {
    dims.iter()
        .try_fold(1, |product: Count, &dim| product.checked_mul(Count::from(dim)))
        .ok_or_else(|| format!("{dims:?} has more than 2^128 elements"))
}

fn times(a: Count, b: Count) -> Result<Count, Problem> {
    a.checked_mul(b).ok_or_else(|| "the count passes 2^128".to_string())
}

/// input [.., k], weight [n, k].
fn linear(kind: Kind, shapes: Shapes) -> Result<Work, Problem> {
    let [input, _] = two(shapes)?;
    let [n, k] = matrix(shapes, 1)?;
    let (rows, inner) = split_last(input)?;
    same(inner, k, "the input's last dimension and the weight's")?;
    let elements = times(volume(rows)?, n.into())?;
    Ok(Work { kind, macs: times(elements, k.into())?, elements })
}

/// a [.., m, k], b [.., k, n].
fn product(kind: Kind, shapes: Shapes) -> Result<Work, Problem> {
    let [a, b] = two(shapes)?;
    let (rows, k) = split_last(a)?;
    let ([batch @ .., inner, n], true) = (b.as_slice(), b.len() <= a.len()) else {
        return Err(format!("{a:?} and {b:?} do not multiply"));
    };
    same(k, *inner, "the inner dimensions")?;
    if !batch.is_empty() && rows.get(..batch.len()) != Some(batch) {
        return Err(format!("the batches of {a:?} and {b:?} differ"));
    }
    let elements = times(volume(rows)?, (*n).into())?;
    Ok(Work { kind, macs: times(elements, k.into())?, elements })
}

/// input [b, c, height, width], weight [o, c, kh, kw], the stride being the kernel's size.
fn conv2d(shapes: Shapes) -> Result<Work, Problem> {
    let [input, weight] = two(shapes)?;
    let ([b, c, height, width], [o, channels, kh, kw]) = (input.as_slice(), weight.as_slice()) else {
        return Err(format!("{input:?} and {weight:?} are no image and kernel of 4 dimensions each"));
    };
    same(*c, *channels, "the channels")?;
    let (Some(rows), Some(columns)) = (height.checked_div(*kh), width.checked_div(*kw)) else {
        return Err(format!("{weight:?} is a kernel of size 0"));
    };
    let elements = volume(&[*b, *o, rows, columns])?;
    Ok(Work { kind: Kind::Conv, macs: times(elements, volume(&[*c, *kh, *kw])?)?, elements })
}

fn element_wise(kind: Kind, shapes: Shapes) -> Result<Work, Problem> {
    let shape = shapes.first().ok_or("there is no shape")?;
    Ok(Work { kind, macs: 0, elements: volume(shape)? })
}

fn two(shapes: Shapes<'_>) -> Result<[&Vec<u64>; 2], Problem> {
    match shapes {
        [a, b, ..] => Ok([a, b]),
        _ => Err(format!("two shapes are needed, {} given", shapes.len())),
    }
}

fn matrix(shapes: Shapes, place: usize) -> Result<[u64; 2], Problem> {
    match shapes.get(place).map(Vec::as_slice) {
        Some([rows, columns]) => Ok([*rows, *columns]),
        other => Err(format!("{other:?} is no matrix")),
    }
}

fn split_last(shape: &[u64]) -> Result<(&[u64], u64), Problem> {
    match shape {
        [rows @ .., last] => Ok((rows, *last)),
        [] => Err("a shape has no dimension".into()),
    }
}

fn same(a: u64, b: u64, what: &str) -> Result<(), Problem> {
    if a == b { Ok(()) } else { Err(format!("{what} differ: {a} and {b}")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn macs(name: &str, shapes: &[&[u64]]) -> Count {
        let shapes: Vec<Vec<u64>> = shapes.iter().map(|s| s.to_vec()).collect();
        work(name, &shapes).unwrap().unwrap().macs
    }

    /// By hand: ViT-B-32's patch embedding, qkv and scores, and torch's spellings of the same.
    #[test]
    fn products_count_their_macs() {
        assert_eq!(macs("conv2d", &[&[1, 3, 224, 224], &[768, 3, 32, 32]]), 115_605_504);
        assert_eq!(macs("linear", &[&[1, 50, 768], &[2304, 768]]), 88_473_600);
        assert_eq!(macs("addmm", &[&[2304], &[50, 768], &[768, 2304]]), 88_473_600);
        assert_eq!(macs("matmul", &[&[12, 50, 64], &[12, 64, 50]]), 1_920_000);
        assert_eq!(macs("baddbmm", &[&[12, 50, 50], &[12, 50, 64], &[12, 64, 50]]), 1_920_000);
        assert_eq!(macs("mm", &[&[1, 768], &[768, 512]]), 393_216);
        assert_eq!(macs("layer_norm", &[&[50, 768]]), 0);
    }

    #[test]
    fn shapes_that_do_not_fit_are_problems() {
        let problem = |name, shapes: &[&[u64]]| {
            let shapes: Vec<Vec<u64>> = shapes.iter().map(|s| s.to_vec()).collect();
            work(name, &shapes).unwrap().unwrap_err()
        };
        assert!(problem("linear", &[&[50, 768], &[2304, 767]]).contains("768 and 767"));
        assert!(problem("matmul", &[&[12, 50, 64], &[11, 64, 50]]).contains("batches"));
        assert!(problem("conv2d", &[&[1, 3, 8, 8], &[4, 3, 0, 2]]).contains("size 0"));
        assert!(problem("mm", &[&[u64::MAX, u64::MAX], &[u64::MAX, 9]]).contains("2^128"));
        assert!(work("fft", &[]).is_none());
    }
}
