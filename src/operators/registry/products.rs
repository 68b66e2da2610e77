//! Products of matrices, and convolutions.

use super::{Counted, Problem, Shapes, Work, plus, same, times, volume};
use crate::model::terms::Kind;
use crate::units::Count;

pub fn work(name: &str, shapes: &Shapes) -> Option<Counted> {
    let multiply = |kind, shapes| two(shapes).and_then(|[a, b]| product(kind, a, b));
    let linear = |kind| two(*shapes).and_then(|[input, weight]| linear(kind, input, weight));
    let is_vector = |shape: &Vec<u64>| shape.len() == 1;
    Some(match name {
        "linear" => linear(Kind::Linear),
        "dot" | "vdot" if shapes.operands.iter().all(is_vector) => multiply(Kind::Matmul, *shapes),
        "dot" => linear(Kind::Matmul),
        "addmm" | "_addmm_activation" | "addmv" => multiply(Kind::Linear, shapes.without_addend()),
        "mm" | "mv" | "_int_mm" => multiply(Kind::Linear, *shapes),
        "matmul" | "bmm" => multiply(Kind::Matmul, *shapes),
        "baddbmm" | "addbmm" => multiply(Kind::Matmul, shapes.without_addend()),
        "conv2d" if shapes.results.is_empty() => patches(shapes),
        "convolution" | "_convolution" | "mkldnn_convolution" | "conv1d" | "conv2d" | "conv3d" => of_results(shapes),
        "convolution_backward" => gradient(shapes),
        _ => return None,
    })
}

/// input [.., k], weight [n, k].
pub fn linear(kind: Kind, input: &[u64], weight: &[u64]) -> Counted {
    let &[n, k] = weight else { return Err(format!("{weight:?} is no matrix")) };
    let (rows, inner) = split_last(input)?;
    same(inner, k, "the input's last dimension and the weight's")?;
    Work::product(kind, times(volume(rows)?, n.into())?, k.into())
}

/// a [.., m, k], b [.., k, n], with numpy's rules for batches that differ and for vectors.
pub fn product(kind: Kind, a: &[u64], b: &[u64]) -> Counted {
    let (rows, k) = split_last(a)?;
    let (batch_a, m) = rows.split_last().map_or((rows, 1), |(m, batch)| (batch, *m));
    let (batch_b, inner, n) = match b {
        [] => return Err("a shape has no dimension".into()),
        [inner] => (&b[..0], *inner, 1),
        [batch @ .., inner, n] => (batch, *inner, *n),
    };
    same(k, inner, "the inner dimensions")?;
    let batch = broadcast(batch_a, batch_b).ok_or_else(|| format!("the batches of {a:?} and {b:?} differ"))?;
    Work::product(kind, times(volume(&batch)?, volume(&[m, n])?)?, k.into())
}

/// The shape of elements of `a` and `b` together, by numpy's rules.
pub fn broadcast(a: &[u64], b: &[u64]) -> Option<Vec<u64>> {
    let (long, short) = if a.len() < b.len() { (b, a) } else { (a, b) };
    let mut shape = long.to_vec();
    for (place, &dim) in shape[long.len() - short.len()..].iter_mut().zip(short) {
        *place = match (*place, dim) {
            (1, other) => other,
            (one, other) if one == other || other == 1 => one,
            _ => return None,
        };
    }
    Some(shape)
}

/// input [b, c, height, width], weight [o, c, kh, kw], the stride being the kernel's size.
fn patches(shapes: &Shapes) -> Counted {
    let (input, weight) = (shapes.operand(0)?, shapes.operand(1)?);
    let (&[b, c, height, width], &[o, channels, kh, kw]) = (input, weight) else {
        return Err(format!("{input:?} and {weight:?} are no image and kernel of 4 dimensions each"));
    };
    same(c, channels, "the channels")?;
    let (Some(rows), Some(columns)) = (height.checked_div(kh), width.checked_div(kw)) else {
        return Err(format!("{weight:?} is a kernel of size 0"));
    };
    convolution(weight, &[b, o, rows, columns])
}

fn of_results(shapes: &Shapes) -> Counted {
    let (input, weight) = (shapes.operand(0)?, shapes.operand(1)?);
    let Some(result) = shapes.results.first() else { return Err("the shape of its result is not known".into()) };
    match shapes.attributes.transposed {
        false => convolution(weight, result),
        // Each element of the input meets a kernel of each of the outputs of its group.
        true => Ok(Work { elements: volume(result)?, ..convolution(weight, input)? }),
    }
}

/// weight [o, c / groups, kernel ..]: each element of the result is a sum over all but the first.
pub fn convolution(weight: &[u64], result: &[u64]) -> Counted {
    let Some((_, kernel)) = weight.split_first() else { return Err("the kernel has no dimension".into()) };
    Work::product(Kind::Conv, volume(result)?, volume(kernel)?)
}

/// Gradients by the input and by the weight: each costs as much as the convolution.
fn gradient(shapes: &Shapes) -> Counted {
    let (grad, input, weight) = (shapes.operand(0)?, shapes.operand(1)?, shapes.operand(2)?);
    let asked = match shapes.attributes.output_mask.as_slice() {
        [input, weight, _] => Count::from(*input) + Count::from(*weight),
        other => return Err(format!("an output mask of {other:?} says not which gradients were asked for")),
    };
    let result = if shapes.attributes.transposed { input } else { grad };
    let one = convolution(weight, result)?;
    let elements = (0..asked).try_fold(0, |sum, _| plus(sum, one.elements))?;
    Ok(Work { macs: times(one.macs, asked)?, elements, ..one })
}

fn two(shapes: Shapes<'_>) -> Result<[&[u64]; 2], Problem> {
    Ok([shapes.operand(0)?, shapes.operand(1)?])
}

fn split_last(shape: &[u64]) -> Result<(&[u64], u64), Problem> {
    match shape {
        [rows @ .., last] => Ok((rows, *last)),
        [] => Err("a shape has no dimension".into()),
    }
}
