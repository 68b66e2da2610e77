//! Shapes of a node's results from those of its inputs. What does not follow is not known, and never guessed.

use super::proto::Node;
use super::value::Value;
use crate::operators::registry;

/// A value a result; none, where nothing follows.
pub fn infer(node: &Node, inputs: &[&Value], version: i64) -> Vec<Value> {
    shapes(node, inputs, version).map_or_else(Vec::new, |shapes| shapes.into_iter().map(Value::of).collect())
}

type Shape = Vec<u64>;

fn shapes(node: &Node, inputs: &[&Value], version: i64) -> Option<Vec<Shape>> {
    let input = Inputs { node, values: inputs };
    let one = |shape: Option<Shape>| Some(vec![shape?]);
    match node.op_type.as_str() {
        "Add" | "Sub" | "Mul" | "Div" | "Mod" | "Pow" | "Equal" | "Greater" | "GreaterOrEqual" | "Less"
        | "LessOrEqual" | "And" | "Or" | "Xor" | "Max" | "Min" | "Sum" | "Mean" | "Where" | "PRelu" | "BitShift" => {
            one(inputs.iter().try_fold(Vec::new(), |shape, value| registry::broadcast(&shape, value.shape.as_ref()?)))
        }
        "MatMul" | "FusedMatMul" | "MatMulInteger" => {
            one(matmul(&input.matrix(0, "transA")?, &input.matrix(1, "transB")?))
        }
        "Gemm" => one(matmul(&input.matrix(0, "transA")?, &input.matrix(1, "transB")?)),
        "Conv" | "AveragePool" | "MaxPool" => one(convolution(&input)),
        "GlobalAveragePool" | "GlobalMaxPool" => {
            let shape = input.shape(0)?;
            one(Some(shape.iter().enumerate().map(|(axis, &dim)| if axis < 2 { dim } else { 1 }).collect()))
        }
        "Reshape" => one(reshape(input.shape(0)?, input.ints(1)?, input.node.int("allowzero") == Some(1))),
        "Transpose" => one(transpose(input.shape(0)?, node.ints("perm"))),
        "Concat" => one(concat(&input)),
        "Slice" => one(slice(&input)),
        "Gather" => one(gather(&input)),
        "Expand" => one(registry::broadcast(input.shape(0)?, &sizes(input.ints(1)?)?)),
        "Tile" => {
            let repeats = sizes(input.ints(1)?)?;
            one(input.shape(0)?.iter().zip(&repeats).map(|(dim, times)| dim.checked_mul(*times)).collect())
        }
        "ConstantOfShape" => one(sizes(input.ints(0)?)),
        "Squeeze" => one(squeeze(&input)),
        "Unsqueeze" => one(unsqueeze(&input)),
        "Flatten" => one(flatten(&input)),
        "Split" => split(&input),
        "Pad" => one(pad(&input)),
        "ArgMax" | "ArgMin" => {
            one(reduced(input.shape(0)?, &[node.int("axis").unwrap_or(0)], node.int("keepdims") != Some(0)))
        }
        name if name.starts_with("Reduce") => one(reduce(&input)),
        "LayerNormalization" => normalized(&input),
        "SkipLayerNormalization" | "Dropout" => Some(vec![input.shape(0)?.clone()]),
        "Shape" => Some(vec![vec![input.shape(0)?.len() as u64]]),
        "Size" => Some(vec![Vec::new()]),
        "Attention" => attention(&input),
        // Softmax and LogSoftmax among them, whatever their axis means in this version.
        name if same_shape(name) && version > 0 => one(input.shape(0).cloned()),
        _ => None,
    }
}

/// Functions of each element by itself, or along an axis.
fn same_shape(name: &str) -> bool {
    matches!(
        name,
        "Identity"
            | "Cast"
            | "CastLike"
            | "Clip"
            | "Relu"
            | "LeakyRelu"
            | "Sigmoid"
            | "HardSigmoid"
            | "HardSwish"
            | "Tanh"
            | "Erf"
            | "Exp"
            | "Log"
            | "Sqrt"
            | "Reciprocal"
            | "Neg"
            | "Abs"
            | "Sign"
            | "Floor"
            | "Ceil"
            | "Round"
            | "Sin"
            | "Cos"
            | "Gelu"
            | "FastGelu"
            | "QuickGelu"
            | "BiasGelu"
            | "Swish"
            | "Mish"
            | "Elu"
            | "Selu"
            | "Celu"
            | "Softplus"
            | "Softsign"
            | "Softmax"
            | "LogSoftmax"
            | "Not"
            | "IsNaN"
            | "IsInf"
            | "Trilu"
            | "CumSum"
            | "InstanceNormalization"
            | "GroupNormalization"
            | "BatchNormalization"
            | "RMSNormalization"
            | "LpNormalization"
            | "ScatterND"
            | "ScatterElements"
            | "SimplifiedLayerNormalization"
    )
}

pub struct Inputs<'a> {
    pub node: &'a Node,
    pub values: &'a [&'a Value],
}

impl<'a> Inputs<'a> {
    pub fn shape(&self, place: usize) -> Option<&'a Shape> {
        self.values.get(place)?.shape.as_ref()
    }

    fn ints(&self, place: usize) -> Option<&'a [i64]> {
        self.values.get(place)?.ints.as_deref()
    }

    fn given(&self, place: usize) -> bool {
        self.node.input.get(place).is_some_and(|name| !name.is_empty())
    }

    /// Axes: an attribute in old versions of an operator, an input in new ones.
    fn axes(&self, place: usize) -> Option<Option<Vec<i64>>> {
        match (self.node.ints("axes"), self.given(place)) {
            (Some(axes), _) => Some(Some(axes.to_vec())),
            (None, true) => Some(Some(self.ints(place)?.to_vec())),
            (None, false) => Some(None),
        }
    }

    /// An operand of a product, the last two dimensions changed where the attribute says so.
    pub fn matrix(&self, place: usize, transposed: &str) -> Option<Shape> {
        let mut shape = self.shape(place)?.clone();
        if let (Some(1), [.., a, b]) = (self.node.int(transposed), shape.as_mut_slice()) {
            std::mem::swap(a, b);
        }
        Some(shape)
    }
}

/// The place of an axis that may be counted from the end.
pub fn axis(axis: i64, rank: usize) -> Option<usize> {
    let place = if axis < 0 { axis.checked_add(i64::try_from(rank).ok()?)? } else { axis };
    usize::try_from(place).ok().filter(|place| *place < rank)
}

fn sizes(ints: &[i64]) -> Option<Shape> {
    ints.iter().map(|&size| size.try_into().ok()).collect()
}

fn matmul(a: &[u64], b: &[u64]) -> Option<Shape> {
    let (batch_a, m) = a.split_at(a.len().saturating_sub(2));
    let (batch_b, n) = b.split_at(b.len().saturating_sub(2));
    let mut shape = registry::broadcast(batch_a, batch_b)?;
    shape.extend((m.len() == 2).then(|| m[0]));
    shape.extend((n.len() == 2).then(|| n[1]));
    Some(shape)
}

/// Convolutions and pooling over windows.
fn convolution(input: &Inputs) -> Option<Shape> {
    let (node, shape) = (input.node, input.shape(0)?);
    let (&[batch, channels], space) = shape.split_at_checked(2)? else { return None };
    let outputs = if node.op_type == "Conv" { *input.shape(1)?.first()? } else { channels };
    let kernel = match node.ints("kernel_shape") {
        Some(kernel) => sizes(kernel)?,
        None => input.shape(1)?.get(2..)?.to_vec(),
    };
    let of = |name: &str, default: i64| node.ints(name).map_or_else(|| vec![default; kernel.len()], <[i64]>::to_vec);
    let (strides, dilations) = (sizes(&of("strides", 1))?, sizes(&of("dilations", 1))?);
    let auto = node.attribute("auto_pad").and_then(|attribute| attribute.s.as_deref()).unwrap_or(b"NOTSET");
    let pads = sizes(node.ints("pads").unwrap_or(&vec![0; 2 * kernel.len()]))?;
    let same_lengths = [strides.len(), dilations.len(), pads.len() / 2].iter().all(|&n| n == space.len());
    if !same_lengths || kernel.len() != space.len() || node.int("ceil_mode") == Some(1) {
        return None;
    }
    let result = |at: usize| match auto {
        b"SAME_UPPER" | b"SAME_LOWER" => (strides[at] > 0).then(|| space[at].div_ceil(strides[at])),
        b"NOTSET" | b"VALID" => {
            let padding = if auto == b"VALID" { 0 } else { pads[at].checked_add(pads[at + space.len()])? };
            let window = dilations[at].checked_mul(kernel[at].checked_sub(1)?)?.checked_add(1)?;
            let places = space[at].checked_add(padding)?.checked_sub(window)?;
            places.checked_div(strides[at])?.checked_add(1)
        }
        _ => None,
    };
    let space: Option<Vec<u64>> = (0..space.len()).map(result).collect();
    Some([&[batch, outputs], space?.as_slice()].concat())
}

fn reshape(shape: &[u64], wanted: &[i64], zero_is_zero: bool) -> Option<Shape> {
    let volume = |dims: &[u64]| dims.iter().try_fold(1u64, |n, &dim| n.checked_mul(dim));
    let size = |(place, &dim): (usize, &i64)| match dim {
        0 if !zero_is_zero => shape.get(place).copied(),
        -1 => Some(1),
        _ => dim.try_into().ok(),
    };
    let mut result: Shape = wanted.iter().enumerate().map(size).collect::<Option<_>>()?;
    if let Some(free) = wanted.iter().position(|&dim| dim == -1) {
        result[free] = volume(shape)?.checked_div(volume(&result)?)?;
    }
    (volume(&result)? == volume(shape)?).then_some(result)
}

fn transpose(shape: &[u64], order: Option<&[i64]>) -> Option<Shape> {
    match order {
        Some(order) if order.len() == shape.len() => {
            order.iter().map(|&from| Some(shape[axis(from, shape.len())?])).collect()
        }
        Some(_) => None,
        None => Some(shape.iter().rev().copied().collect()),
    }
}

fn concat(input: &Inputs) -> Option<Shape> {
    let mut shape = input.shape(0)?.clone();
    let along = axis(input.node.int("axis")?, shape.len())?;
    for place in 1..input.values.len() {
        shape[along] = shape[along].checked_add(*input.shape(place)?.get(along)?)?;
    }
    Some(shape)
}

/// Elements of start, start + step .. before the limit.
pub fn steps(start: i64, limit: i64, step: i64) -> Option<u64> {
    let distance = limit.checked_sub(start)?;
    match step {
        0 => None,
        _ if (distance > 0) == (step > 0) => Some(distance.unsigned_abs().div_ceil(step.unsigned_abs())),
        _ => Some(0),
    }
}

/// The positions that a slice takes of an axis.
pub fn positions(length: u64, start: i64, end: i64, step: i64) -> Option<impl Iterator<Item = u64>> {
    let length = i64::try_from(length).ok()?;
    // Going backwards the slice may end before the first element.
    let (least, most) = if step > 0 { (0, length) } else { (-1, length - 1) };
    let clamp = |at: i64| (if at < 0 { at.saturating_add(length) } else { at }).clamp(least, most);
    let start = clamp(start).max(0);
    let count = steps(start, clamp(end), step)?;
    Some((0..count as i64).map(move |i| (start + i * step) as u64))
}

fn slice(input: &Inputs) -> Option<Shape> {
    let mut shape = input.shape(0)?.clone();
    let list = |name: &str, place: usize| match input.node.ints(name) {
        Some(ints) => Some(ints.to_vec()),
        None => Some(input.ints(place)?.to_vec()),
    };
    let (starts, ends) = (list("starts", 1)?, list("ends", 2)?);
    let axes = input.axes(3)?.unwrap_or_else(|| (0..starts.len() as i64).collect());
    let steps = if input.given(4) { input.ints(4)?.to_vec() } else { vec![1; starts.len()] };
    for (place, &along) in axes.iter().enumerate() {
        let along = axis(along, shape.len())?;
        let taken = positions(shape[along], *starts.get(place)?, *ends.get(place)?, *steps.get(place)?)?;
        shape[along] = taken.size_hint().0 as u64;
    }
    Some(shape)
}

fn gather(input: &Inputs) -> Option<Shape> {
    let (shape, indices) = (input.shape(0)?, input.shape(1)?);
    let along = axis(input.node.int("axis").unwrap_or(0), shape.len())?;
    Some([&shape[..along], indices, &shape[along + 1..]].concat())
}

fn squeeze(input: &Inputs) -> Option<Shape> {
    let shape = input.shape(0)?;
    let places: Option<Vec<usize>> = match input.axes(1)? {
        Some(axes) => axes.iter().map(|&at| axis(at, shape.len())).collect(),
        None => Some((0..shape.len()).filter(|&at| shape[at] == 1).collect()),
    };
    let places = places?;
    Some(shape.iter().enumerate().filter(|(at, _)| !places.contains(at)).map(|(_, &dim)| dim).collect())
}

fn unsqueeze(input: &Inputs) -> Option<Shape> {
    let (shape, axes) = (input.shape(0)?, input.axes(1)??);
    let rank = shape.len() + axes.len();
    let places: Vec<usize> = axes.iter().map(|&at| axis(at, rank)).collect::<Option<_>>()?;
    let mut rest = shape.iter();
    (0..rank).map(|at| if places.contains(&at) { Some(1) } else { rest.next().copied() }).collect()
}

fn flatten(input: &Inputs) -> Option<Shape> {
    let shape = input.shape(0)?;
    let at = match input.node.int("axis").unwrap_or(1) {
        end if end == shape.len() as i64 => shape.len(),
        at => axis(at, shape.len())?,
    };
    let volume = |dims: &[u64]| dims.iter().try_fold(1u64, |n, &dim| n.checked_mul(dim));
    Some(vec![volume(&shape[..at])?, volume(&shape[at..])?])
}

fn split(input: &Inputs) -> Option<Vec<Shape>> {
    let shape = input.shape(0)?;
    let along = axis(input.node.int("axis").unwrap_or(0), shape.len())?;
    let parts = match (input.node.ints("split"), input.given(1)) {
        (Some(parts), _) => sizes(parts)?,
        (None, true) => sizes(input.ints(1)?)?,
        (None, false) => {
            let each = shape[along].div_ceil(input.node.output.len().max(1) as u64);
            let parts = input.node.output.len() as u64;
            (0..parts).map(|part| each.min(shape[along].saturating_sub(part * each))).collect()
        }
    };
    let part = |size: u64| [&shape[..along], &[size], &shape[along + 1..]].concat();
    Some(parts.into_iter().map(part).collect())
}

fn pad(input: &Inputs) -> Option<Shape> {
    let shape = input.shape(0)?;
    let pads = input.node.ints("pads").or_else(|| input.ints(1))?;
    if pads.len() != 2 * shape.len() || input.given(3) {
        return None;
    }
    let padded =
        |(at, &dim): (usize, &u64)| dim.checked_add_signed(pads[at])?.checked_add_signed(pads[at + shape.len()]);
    shape.iter().enumerate().map(padded).collect()
}

fn reduced(shape: &[u64], axes: &[i64], keep: bool) -> Option<Shape> {
    let places: Vec<usize> = axes.iter().map(|&at| axis(at, shape.len())).collect::<Option<_>>()?;
    let kept = |(at, &dim): (usize, &u64)| match (places.contains(&at), keep) {
        (false, _) => Some(dim),
        (true, true) => Some(1),
        (true, false) => None,
    };
    Some(shape.iter().enumerate().filter_map(kept).collect())
}

fn reduce(input: &Inputs) -> Option<Shape> {
    let shape = input.shape(0)?;
    let axes = input.axes(1)?.filter(|axes| !axes.is_empty());
    if axes.is_none() && input.node.int("noop_with_empty_axes") == Some(1) {
        return Some(shape.clone());
    }
    let axes = axes.unwrap_or_else(|| (0..shape.len() as i64).collect());
    reduced(shape, &axes, input.node.int("keepdims") != Some(0))
}

/// The result, and the mean and the inverse deviation of each row.
fn normalized(input: &Inputs) -> Option<Vec<Shape>> {
    let shape = input.shape(0)?;
    let from = axis(input.node.int("axis").unwrap_or(-1), shape.len())?;
    let rows: Shape = shape.iter().enumerate().map(|(at, &dim)| if at < from { dim } else { 1 }).collect();
    Some(vec![shape.clone(), rows.clone(), rows])
}

/// Of ONNX's own: queries and values of four dimensions, or of three with all heads side by side.
fn attention(input: &Inputs) -> Option<Vec<Shape>> {
    let (queries, values) = (input.shape(0)?, input.shape(2)?);
    let mut shape = queries.clone();
    let heads = |name: &str| input.node.int(name).and_then(|n| u64::try_from(n).ok());
    *shape.last_mut()? = match (queries.len(), heads("q_num_heads"), heads("kv_num_heads")) {
        (4, ..) => *values.last()?,
        (3, Some(q), Some(kv)) => values.last()?.checked_div(kv)?.checked_mul(q)?,
        _ => return None,
    };
    Some(vec![shape])
}
