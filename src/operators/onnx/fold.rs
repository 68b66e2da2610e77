//! Integers that follow from integers: the arithmetic on shapes that exporters leave in a model.

use super::infer::{axis, infer};
use super::proto::Node;
use super::value::{self, Value};

/// The results of a node, where they are integers that are known.
pub fn fold(node: &Node, inputs: &[&Value]) -> Option<Vec<Value>> {
    let ints = |place: usize| inputs.get(place)?.ints.as_deref();
    let result = match node.op_type.as_str() {
        "Constant" => return Some(vec![constant(node)]),
        "Shape" => shape(node, inputs.first()?.shape.as_deref()?)?,
        "Size" => {
            vec![inputs.first()?.shape.as_deref()?.iter().try_fold(1i64, |n, &d| n.checked_mul(d.try_into().ok()?))?]
        }
        "Identity" | "Cast" | "Squeeze" | "Unsqueeze" | "Reshape" | "Flatten" => ints(0)?.to_vec(),
        "Concat" => (0..inputs.len()).map(ints).collect::<Option<Vec<_>>>()?.concat(),
        "Gather" => gather(ints(0)?, ints(1)?)?,
        "Slice" => slice(ints(0)?, [ints(1)?, ints(2)?], ints(4))?,
        "Range" => range(*ints(0)?.first()?, *ints(1)?.first()?, *ints(2)?.first()?)?,
        "Add" => pairs(ints(0)?, ints(1)?, i64::checked_add)?,
        "Sub" => pairs(ints(0)?, ints(1)?, i64::checked_sub)?,
        "Mul" => pairs(ints(0)?, ints(1)?, i64::checked_mul)?,
        "Div" => pairs(ints(0)?, ints(1)?, i64::checked_div)?,
        "Mod" => pairs(ints(0)?, ints(1)?, i64::checked_rem_euclid)?,
        "Max" => pairs(ints(0)?, ints(1)?, |a, b| Some(a.max(b)))?,
        "Min" => pairs(ints(0)?, ints(1)?, |a, b| Some(a.min(b)))?,
        "Equal" => pairs(ints(0)?, ints(1)?, |a, b| Some((a == b).into()))?,
        "Where" => choose(ints(0)?, ints(1)?, ints(2)?)?,
        "ConstantOfShape" => filled(node, ints(0)?)?,
        _ => return None,
    };
    // The shape follows as it does for any other value.
    let shape = match node.op_type.as_str() {
        "Shape" | "Range" => vec![result.len() as u64],
        "Size" => Vec::new(),
        _ => infer(node, inputs, i64::MAX).into_iter().next()?.shape?,
    };
    let fits = shape.iter().product::<u64>() == result.len() as u64;
    fits.then(|| vec![Value { shape: Some(shape), ints: Some(result) }])
}

fn constant(node: &Node) -> Value {
    if let Some(tensor) = node.attribute("value").and_then(|attribute| attribute.t.as_ref()) {
        return super::constant(tensor);
    }
    match (node.int("value_int"), node.ints("value_ints")) {
        (Some(int), _) => Value { shape: Some(Vec::new()), ints: Some(vec![int]) },
        (None, Some(ints)) => Value::list(ints.to_vec()),
        // A number or a text: what it is does not matter, and lists of them are rare.
        (None, None) if node.attribute("value_float").is_some() => Value::of([]),
        (None, None) => Value::default(),
    }
}

fn shape(node: &Node, shape: &[u64]) -> Option<Vec<i64>> {
    let place = |name: &str, default: usize| match node.int(name) {
        Some(at) if at < 0 => shape.len().saturating_sub(at.unsigned_abs() as usize),
        Some(at) => (at as usize).min(shape.len()),
        None => default,
    };
    let (start, end) = (place("start", 0), place("end", shape.len()));
    shape.get(start..end.max(start))?.iter().map(|&dim| dim.try_into().ok()).collect()
}

fn gather(list: &[i64], indices: &[i64]) -> Option<Vec<i64>> {
    indices.iter().map(|&index| list.get(axis(index, list.len())?).copied()).collect()
}

/// Of a list: its first axis.
fn slice(list: &[i64], [starts, ends]: [&[i64]; 2], steps: Option<&[i64]>) -> Option<Vec<i64>> {
    let (&[start], &[end], &[step]) = (starts, ends, steps.unwrap_or(&[1])) else { return None };
    let positions = super::infer::positions(list.len() as u64, start, end, step)?;
    positions.map(|at| list.get(at as usize).copied()).collect()
}

fn range(start: i64, limit: i64, step: i64) -> Option<Vec<i64>> {
    let count = super::infer::steps(start, limit, step).filter(|&count| count <= value::LONGEST)?;
    (0..count as i64).map(|i| start.checked_add(i.checked_mul(step)?)).collect()
}

/// Element by element; a list of one goes with every element of the other.
fn pairs(a: &[i64], b: &[i64], f: impl Fn(i64, i64) -> Option<i64>) -> Option<Vec<i64>> {
    let length = match (a.len(), b.len()) {
        (1, n) | (n, 1) => n,
        (n, m) if n == m => n,
        _ => return None,
    };
    (0..length).map(|i| f(a[i.min(a.len() - 1)], b[i.min(b.len() - 1)])).collect()
}

fn choose(condition: &[i64], yes: &[i64], no: &[i64]) -> Option<Vec<i64>> {
    let same = condition.len() == yes.len() && yes.len() == no.len();
    same.then(|| (0..yes.len()).map(|i| if condition[i] != 0 { yes[i] } else { no[i] }).collect())
}

fn filled(node: &Node, shape: &[i64]) -> Option<Vec<i64>> {
    let count = shape.iter().try_fold(1u64, |n, &dim| n.checked_mul(dim.try_into().ok()?))?;
    let value = node.attribute("value").and_then(|attribute| attribute.t.as_ref());
    let value = *value::integers(value?)?.first()?;
    (count <= value::LONGEST).then(|| vec![value; count as usize])
}
