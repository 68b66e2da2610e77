//! What is known of a value before the model runs.

use super::proto::Tensor;

/// The longest list of integers that is followed: shapes and indices, no weights.
pub const LONGEST: u64 = 4096;

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Value {
    /// None where it is not known.
    pub shape: Option<Vec<u64>>,
    /// The value itself where it is a few integers, as shapes are.
    pub ints: Option<Vec<i64>>,
}

impl Value {
    pub fn of(shape: impl Into<Vec<u64>>) -> Value {
        Value { shape: Some(shape.into()), ints: None }
    }

    /// A list of integers.
    pub fn list(ints: Vec<i64>) -> Value {
        Value { shape: Some(vec![ints.len() as u64]), ints: Some(ints) }
    }
}

const INT32: i32 = 6;
const INT64: i32 = 7;
const BOOL: i32 = 9;

/// A small tensor of integers.
pub fn integers(tensor: &Tensor) -> Option<Vec<i64>> {
    let count = tensor.dims.iter().try_fold(1u64, |product, &dim| product.checked_mul(u64::try_from(dim).ok()?))?;
    if count > LONGEST {
        return None;
    }
    let raw = &tensor.raw_data;
    let ints: Vec<i64> = match tensor.data_type {
        INT64 if raw.is_empty() => tensor.int64_data.clone(),
        INT64 => raw.chunks_exact(8).map(|b| i64::from_le_bytes(b.try_into().unwrap_or_default())).collect(),
        INT32 | BOOL if raw.is_empty() => tensor.int32_data.iter().map(|&i| i.into()).collect(),
        INT32 => raw.chunks_exact(4).map(|b| i32::from_le_bytes(b.try_into().unwrap_or_default()).into()).collect(),
        BOOL => raw.iter().map(|&b| b.into()).collect(),
        _ => return None,
    };
    // Else its data lies in another file.
    (ints.len() as u64 == count).then_some(ints)
}
