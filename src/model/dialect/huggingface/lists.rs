//! Keys that have a number for each stage of a network.

use serde_json::Value;

use crate::Result;
use crate::model::json::{Keys, shown};
use crate::model::limits::Dimension;

/// A list of whole numbers from `least` up to the dimension's limit, as long as another key's.
pub fn numbers(
    keys: Keys,
    key: &str,
    default: &[u64],
    (least, dimension): (u64, Dimension),
    like: Option<(&str, usize)>,
) -> Result<Vec<u64>> {
    let max = dimension.max();
    let list = match keys.get(key) {
        None => default.to_vec(),
        Some(Value::Array(list)) => {
            let one = |value: &Value| {
                value.as_u64().filter(|number| (least..=max).contains(number)).ok_or_else(|| {
                    keys.bad(key, format!("{} is not possible here", shown(value)))
                        .remedy(format!("give whole numbers from {least} to {max}"))
                })
            };
            list.iter().map(one).collect::<Result<_>>()?
        }
        Some(other) => {
            return Err(keys
                .bad(key, format!("{} is no list", shown(other)))
                .remedy("give a list with a number for each stage"));
        }
    };
    match like {
        Some((other, stages)) if stages != list.len() => Err(keys
            .bad(key, format!("it has {} numbers, and {other} {stages}", list.len()))
            .remedy("give each stage one number in each list")),
        _ => Ok(list),
    }
}
