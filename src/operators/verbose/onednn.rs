//! oneDNN's lines, read by the template line that each version prints of itself.

use std::collections::HashMap;

use crate::model::terms::Kind;
use crate::operators::gather::{Call, Gathering};
use crate::operators::registry::{self, Work};

/// The columns of all versions so far, where a log has lost its beginning.
const USUAL: &str = "operation,engine,primitive,implementation,prop_kind,memory_descriptors,attributes,auxiliary,problem_desc,exec_time";

#[derive(Debug, Default)]
pub struct Reader {
    /// Of executions of primitives.
    columns: Option<Vec<String>>,
    /// Executions that came before any template.
    without_template: u64,
}

/// Why a line could not be read.
pub type Problem = String;

impl Reader {
    /// A line after its marker.
    pub fn line(&mut self, record: &str, gathering: &mut Gathering) -> Result<(), Problem> {
        if let Some((before, columns)) = record.split_once("template:") {
            // Partitions of graphs have a template of their own.
            if !before.contains("graph") {
                self.columns = Some(columns.split(',').map(str::to_owned).collect());
            }
            return Ok(());
        }
        let fields: Vec<&str> = record.split(',').collect();
        let Some(operation) = fields.iter().position(|field| *field == "exec") else { return cut(&fields) };
        if fields[..operation].contains(&"graph") {
            let reason = "a partition of a graph: what it did without a line of its own for each primitive is not \
                          recoverable from the log";
            gathering.refuse("graph".into(), reason.into());
            return Ok(());
        }
        if self.columns.is_none() {
            self.without_template += 1;
        }
        let usual = || USUAL.split(',').map(str::to_owned).collect();
        let columns = self.columns.clone().unwrap_or_else(usual);
        // Before the operation come marks of the version and, if asked for, a time.
        let names = columns.iter().skip_while(|name| *name != "operation").map(String::as_str);
        let values = &fields[operation..];
        let names: Vec<&str> = names.collect();
        if names.len() != values.len() {
            return Err(format!("{} fields, where the log's template has {}", values.len(), names.len()));
        }
        execution(&names.into_iter().zip(values.iter().copied()).collect(), gathering)
    }

    pub fn lost(&self) -> Option<String> {
        let lines = self.without_template;
        (lines > 0).then(|| {
            format!("no template line precedes {lines} lines of oneDNN: their columns are taken to be the usual ones")
        })
    }
}

/// Lines that tell of no execution: information, creation, errors. One that ends before it says what it is
/// was cut off.
fn cut(fields: &[&str]) -> Result<(), Problem> {
    let whole = ["info", "create", "error", "warn", "warning"];
    let tells = |field: &&str| whole.iter().any(|word| field.starts_with(word));
    if fields.iter().any(|field| tells(&field)) { Ok(()) } else { Err("cut off".into()) }
}

fn execution(fields: &HashMap<&str, &str>, gathering: &mut Gathering) -> Result<(), Problem> {
    let field = |name: &str| fields.get(name).copied().ok_or_else(|| format!("the log's template has no {name}"));
    let (primitive, description) = (field("primitive")?, field("problem_desc")?);
    let path = format!("oneDNN/{}/{}", field("engine")?, field("implementation")?);
    let attributes = field("attributes")?;
    if attributes.contains("dw:") {
        gathering.refuse(
            format!("{primitive} with a depthwise convolution"),
            "not recoverable from the log: it does not tell the shape of the convolution that was fused".into(),
        );
        return Ok(());
    }
    if description.contains('*') {
        gathering.refuse(primitive.into(), "not recoverable from the log: it has `*` for its shapes".into());
        return Ok(());
    }
    let problem = || format!("{primitive} of `{description}`, which is no shape of its");
    let (shapes, work) = match primitive {
        "convolution" => convolution(description, false).ok_or_else(problem)?,
        "deconvolution" => convolution(description, true).ok_or_else(problem)?,
        "inner_product" => inner_product(description).ok_or_else(problem)?,
        "matmul" | "gemm" | "gemm_api" => {
            let shapes = dimensions(description).filter(|shapes| shapes.len() >= 2).ok_or_else(problem)?;
            let work = registry::product(Kind::Matmul, &shapes[0], &shapes[1]);
            (shapes, work)
        }
        other => match (kind(other), dimensions(description)) {
            (Some(kind), Some(shapes)) => {
                let work = shapes.first().map_or(Ok(0), |shape| registry::volume(shape));
                (shapes, work.map(|elements| Work { kind, macs: 0, elements, parts: Vec::new() }))
            }
            // Pooling and the like describe themselves as convolutions do.
            (Some(kind), None) => (Vec::new(), Ok(Work { kind, macs: 0, elements: 0, parts: Vec::new() })),
            (None, _) => {
                gathering.refuse(other.into(), "no shape function counts it".into());
                return Ok(());
            }
        },
    };
    let call = Call { name: primitive.into(), path, shapes, ..Call::default() };
    match work {
        Ok(work) => gathering.add(call, work),
        Err(problem) => gathering.refuse(call.name, problem),
    }
    Ok(())
}

/// Primitives without products.
fn kind(primitive: &str) -> Option<Kind> {
    Some(match primitive {
        "batch_normalization" | "layer_normalization" | "group_normalization" | "lrn" => Kind::LayerNorm,
        "softmax" => Kind::Softmax,
        "eltwise" | "prelu" => Kind::Activation,
        "sum" => Kind::Add,
        "binary" => Kind::Scale,
        "pooling" | "reduction" => Kind::Pool,
        "resampling" => Kind::Function,
        "reorder" | "concat" | "shuffle" | "zero_pad" => Kind::Move,
        _ => return None,
    })
}

type Shaped = (Vec<Vec<u64>>, Result<Work, Problem>);

/// `50x768:768x3072` and, of some versions, the result's shape.
fn dimensions(description: &str) -> Option<Vec<Vec<u64>>> {
    let shape = |text: &str| text.split('x').map(|dim| dim.parse().ok()).collect();
    description.split(':').map(shape).collect()
}

/// `mb1_ic3oc8_ih32oh8kh4sh4dh0ph0_iw32ow8kw4sw4dw0pw0`; `g2` before it where there are groups, depth as
/// height where there is one.
fn convolution(description: &str, transposed: bool) -> Option<Shaped> {
    let of = values(description)?;
    let get = |name: &str| of.get(name).copied();
    let axes = |letters: &str| -> Vec<u64> {
        ["d", "h", "w"].iter().filter_map(|axis| get(&format!("{letters}{axis}"))).collect()
    };
    let (batch, inputs, outputs, groups) = (get("mb")?, get("ic")?, get("oc")?, get("g").unwrap_or(1));
    let (input, result, kernel) = (axes("i"), axes("o"), axes("k"));
    if kernel.is_empty() || input.len() != kernel.len() || result.len() != kernel.len() {
        return None;
    }
    let channels = |count: u64| count.checked_div(groups);
    let shape = |channels, axes: &[u64]| [&[batch, channels], axes].concat();
    let (input, result) = (shape(inputs, &input), shape(outputs, &result));
    // The transposed one scatters each input: to the outputs of its group.
    let (weight, summed) = match transposed {
        false => ([&[outputs, channels(inputs)?], kernel.as_slice()].concat(), &result),
        true => ([&[inputs, channels(outputs)?], kernel.as_slice()].concat(), &input),
    };
    let work = registry::convolution(&weight, summed);
    Some((vec![input, weight], work))
}

/// `mb1ic768oc3072`, with the height and width of an image between.
fn inner_product(description: &str) -> Option<Shaped> {
    let of = values(description)?;
    let get = |name: &str| of.get(name).copied();
    let inner = ["id", "ih", "iw"].iter().filter_map(|axis| get(axis)).try_fold(get("ic")?, u64::checked_mul)?;
    let (input, weight) = (vec![get("mb")?, inner], vec![get("oc")?, inner]);
    let work = registry::linear(Kind::Linear, &input, &weight);
    Some((vec![input, weight], work))
}

/// Names of small letters, each with its number, `_` between some.
fn values(description: &str) -> Option<HashMap<String, u64>> {
    let mut values = HashMap::new();
    let mut rest = description;
    while !rest.is_empty() {
        rest = rest.trim_start_matches('_');
        let digits = rest.find(|c: char| c.is_ascii_digit())?;
        let (name, number) = rest.split_at(digits);
        let end = number.find(|c: char| !c.is_ascii_digit()).unwrap_or(number.len());
        values.insert(name.to_owned(), number[..end].parse().ok()?);
        rest = &number[end..];
    }
    Some(values)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn macs(shaped: Option<Shaped>) -> u128 {
        shaped.unwrap().1.unwrap().macs
    }

    /// By hand: 8 outputs of 3 x 4 x 4 taps at 8 x 8 places; in two groups half of them; the transposed one
    /// from its 3 x 32 x 32 inputs; in three dimensions.
    #[test]
    fn convolutions() {
        let plain = "mb1_ic3oc8_ih32oh8kh4sh4dh0ph0_iw32ow8kw4sw4dw0pw0";
        assert_eq!(macs(convolution(plain, false)), 8 * 64 * 48);
        assert_eq!(macs(convolution(plain, true)), 3 * 32 * 32 * 8 * 16);
        let grouped = "g2mb3_ic4oc8_ih32oh8kh4sh4dh0ph0_iw32ow8kw4sw4dw0pw0";
        assert_eq!(macs(convolution(grouped, false)), 3 * 8 * 64 * 2 * 16);
        let deep = "mb1_ic2oc5_id4od2kd2sd2dd0pd0_ih4oh2kh2sh2dh0ph0_iw4ow2kw2sw2dw0pw0";
        assert_eq!(macs(convolution(deep, false)), 5 * 8 * 2 * 8);
        assert!(convolution("mb1_ic3oc8", false).is_none());
        assert!(convolution("g0mb1_ic3oc8_iw4ow2kw2", false).is_none());
    }

    #[test]
    fn inner_products() {
        assert_eq!(macs(inner_product("mb2ic768oc3072")), 2 * 768 * 3072);
        assert_eq!(macs(inner_product("mb1ic16ih7iw7oc10")), 16 * 49 * 10);
        assert!(inner_product("mb1oc10").is_none());
    }
}
