//! An ONNX model: every node with the shapes that follow from its inputs', functions opened up.

use std::collections::HashMap;

use super::Operators;
use super::gather::{Call, Gathering};
use count::Counted;
use proto::{Attribute, Function, Graph, Node, Tensor, ValueInfo};

mod count;
mod decode;
mod fold;
mod infer;
mod proto;
mod value;

use value::Value;

/// Sizes that the user gave to a model's free dimensions.
pub type Dimensions = HashMap<String, u64>;

/// Functions may call functions; ONNX forbids circles.
const DEEPEST: usize = 64;

/// Every model begins with the version of its format, field 1; no text begins so.
pub fn may_be(bytes: &[u8]) -> bool {
    bytes.first() == Some(&0x08)
}

/// The operators of a model; None where the bytes are none.
pub fn parse(bytes: Vec<u8>, dimensions: &Dimensions) -> Option<Operators> {
    let (model, lost) = decode::decode(bytes)?;
    let functions = model.functions.iter().map(|f| ((f.domain.as_str(), f.name.as_str()), f)).collect();
    let graph = model.graph.as_ref()?;
    let version = model.opset_import.iter().find(|set| matches!(set.domain.as_str(), "" | "ai.onnx"));
    let mut walk = Walk {
        functions,
        dimensions,
        version: version.map_or(i64::MAX, |set| set.version),
        gathering: Gathering::default(),
        free: Vec::new(),
    };
    let mut values = walk.given(graph);
    let declared = graph.value_info.iter().map(|info| (info.name.as_str(), info)).collect();
    walk.nodes(&graph.node, &mut values, &declared, "", 0);
    let free = walk.free();
    let lost = match (lost, free) {
        (lost, None) => lost,
        (None, free) => free,
        (Some(lost), Some(free)) => Some(format!("{lost}; {free}")),
    };
    Some(walk.gathering.finish(None, lost))
}

type Values = HashMap<String, Value>;
type Declared<'a> = HashMap<&'a str, &'a ValueInfo>;

struct Walk<'a> {
    functions: HashMap<(&'a str, &'a str), &'a Function>,
    dimensions: &'a Dimensions,
    /// Of ONNX's own operators.
    version: i64,
    gathering: Gathering,
    /// Names of dimensions that nobody gave a size.
    free: Vec<String>,
}

impl Walk<'_> {
    /// Inputs and weights.
    fn given(&mut self, graph: &Graph) -> Values {
        let mut values: Values = graph.input.iter().map(|info| (info.name.clone(), self.declared(info))).collect();
        values.extend(graph.initializer.iter().map(|tensor| (tensor.name.clone(), constant(tensor))));
        values
    }

    fn declared(&mut self, info: &ValueInfo) -> Value {
        let shape = info.r#type.as_ref().and_then(|t| t.tensor.as_ref()?.shape.as_ref());
        let mut dim = |dim: &proto::Dim| match (dim.value, &dim.param) {
            (Some(value), _) => u64::try_from(value).ok(),
            (None, Some(name)) => {
                let size = self.dimensions.get(name).copied();
                if size.is_none() && !self.free.contains(name) {
                    self.free.push(name.clone());
                }
                size
            }
            (None, None) => None,
        };
        Value { shape: shape.and_then(|shape| shape.dim.iter().map(&mut dim).collect()), ints: None }
    }

    fn free(&self) -> Option<String> {
        let options: Vec<String> = self.free.iter().map(|name| format!("--dim {name}=N")).collect();
        (!options.is_empty()).then(|| format!("the model leaves dimensions free: give them with {}", options.join(" ")))
    }

    fn nodes(&mut self, nodes: &[Node], values: &mut Values, declared: &Declared, path: &str, depth: usize) {
        for node in nodes {
            let place = match (path, node.name.trim_matches('/')) {
                ("", name) => name.to_owned(),
                (path, "") => path.to_owned(),
                (path, name) => format!("{path}/{name}"),
            };
            match self.functions.get(&(node.domain.as_str(), node.op_type.as_str())).copied() {
                Some(function) if depth < DEEPEST => self.call(function, node, values, &place, depth),
                Some(_) => self.gathering.refuse(node.operator(), "its function calls itself".into()),
                None => self.node(node, values, declared, place),
            }
        }
    }

    fn node(&mut self, node: &Node, values: &mut Values, declared: &Declared, path: String) {
        let unknown = Value::default();
        let inputs: Vec<&Value> = node.input.iter().map(|name| values.get(name).unwrap_or(&unknown)).collect();
        let mut outputs = fold::fold(node, &inputs).unwrap_or_else(|| infer::infer(node, &inputs, self.version));
        outputs.resize(node.output.len(), Value::default());
        for (output, name) in outputs.iter_mut().zip(&node.output) {
            if let (None, Some(info)) = (&output.shape, declared.get(name.as_str())) {
                *output = self.declared(info);
            }
        }
        let shapes = |values: &[&Value]| values.iter().filter_map(|value| value.shape.clone()).collect();
        let results = shapes(&outputs.iter().collect::<Vec<_>>());
        let call = Call { name: node.operator(), path, shapes: shapes(&inputs), results, ..Call::default() };
        match count::count(node, &inputs, &outputs) {
            Counted::Work(work) => self.gathering.add(call, work),
            Counted::Problem(problem) => self.gathering.refuse(call.name, problem),
            // Made when the model is loaded.
            Counted::Nothing => {}
        }
        values.extend(node.output.iter().cloned().zip(outputs));
    }

    /// A node of a function of the model's own: its body, with the caller's values and attributes.
    fn call(&mut self, function: &Function, node: &Node, values: &mut Values, path: &str, depth: usize) {
        let value = |name: &String| values.get(name).cloned().unwrap_or_default();
        let mut inner: Values = function.input.iter().cloned().zip(node.input.iter().map(value)).collect();
        let body: Vec<Node> = function.node.iter().map(|inner| with_attributes(inner, node, function)).collect();
        self.nodes(&body, &mut inner, &Declared::new(), path, depth + 1);
        let results = function.output.iter().map(|name| inner.remove(name).unwrap_or_default());
        values.extend(node.output.iter().cloned().zip(results));
    }
}

/// A node of a function with the attributes that the caller gives, or else the function.
fn with_attributes(node: &Node, caller: &Node, function: &Function) -> Node {
    let resolve = |attribute: &Attribute| -> Option<Attribute> {
        let wanted = attribute.ref_attr_name.as_str();
        if wanted.is_empty() {
            return Some(attribute.clone());
        }
        let given = caller.attribute(wanted).or_else(|| function.attribute.iter().find(|a| a.name == wanted))?;
        Some(Attribute { name: attribute.name.clone(), ..given.clone() })
    };
    Node { attribute: node.attribute.iter().filter_map(resolve).collect(), ..node.clone() }
}

fn constant(tensor: &Tensor) -> Value {
    let shape = tensor.dims.iter().map(|&dim| u64::try_from(dim).ok()).collect();
    Value { shape, ints: value::integers(tensor) }
}
