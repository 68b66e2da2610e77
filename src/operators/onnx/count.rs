//! What an ONNX operator computes.

use super::infer::Inputs;
use super::proto::Node;
use super::value::Value;
use crate::model::terms::Kind;
use crate::operators::registry::{self, Problem, Work};

pub enum Counted {
    Work(Work),
    Problem(Problem),
    /// It is no computation.
    Nothing,
}

pub fn count(node: &Node, inputs: &[&Value], outputs: &[Value]) -> Counted {
    if node.op_type == "Constant" {
        return Counted::Nothing;
    }
    // Arithmetic on shapes is done in integers.
    if outputs.iter().all(|output| output.ints.is_some()) && !outputs.is_empty() {
        return elements(Kind::Move, &outputs[0]).into();
    }
    let own = matches!(node.domain.as_str(), "" | "ai.onnx" | "com.microsoft");
    let input = Inputs { node, values: inputs };
    match product(&input, outputs).filter(|_| own) {
        Some(counted) => counted.into(),
        None => match (kind(&node.op_type).filter(|_| own), outputs.first()) {
            (Some(kind), Some(output)) => elements(kind, output).into(),
            _ => Counted::Problem("no shape function counts it".into()),
        },
    }
}

impl From<Result<Work, Problem>> for Counted {
    fn from(counted: Result<Work, Problem>) -> Counted {
        counted.map_or_else(Counted::Problem, Counted::Work)
    }
}

fn unknown(what: &str) -> Problem {
    format!("the shape of its {what} is not known")
}

fn elements(kind: Kind, output: &Value) -> Result<Work, Problem> {
    let shape = output.shape.as_deref().ok_or_else(|| unknown("result"))?;
    Ok(Work { kind, macs: 0, elements: registry::volume(shape)?, parts: Vec::new() })
}

/// None where the operator is no product.
fn product(input: &Inputs, outputs: &[Value]) -> Option<Result<Work, Problem>> {
    let operand = |place: usize| input.shape(place).ok_or_else(|| unknown("operands"));
    let result = || outputs.first().and_then(|output| output.shape.as_ref()).ok_or_else(|| unknown("result"));
    let matrices = |kind| {
        let operands = input.matrix(0, "transA").zip(input.matrix(1, "transB")).ok_or_else(|| unknown("operands"));
        operands.and_then(|(a, b)| registry::product(kind, &a, &b))
    };
    Some(match input.node.op_type.as_str() {
        // A weight has no batch.
        "MatMul" | "FusedMatMul" if input.shape(1).is_some_and(|shape| shape.len() == 2) => matrices(Kind::Linear),
        "MatMul" | "FusedMatMul" => matrices(Kind::Matmul),
        "Gemm" => matrices(Kind::Linear),
        "Conv" => operand(1).and_then(|weight| registry::convolution(weight, result()?)),
        "ConvTranspose" => operand(1).and_then(|weight| registry::convolution(weight, operand(0)?)),
        "Attention" if input.node.domain != "com.microsoft" => attention(input),
        "MatMulInteger" | "QLinearMatMul" | "ConvInteger" | "QLinearConv" => {
            Err("a product of integers: no FLOPs".into())
        }
        _ => return None,
    })
}

/// Queries, keys and values of four dimensions, or of three with all heads side by side.
fn attention(input: &Inputs) -> Result<Work, Problem> {
    let heads =
        |name: &str| input.node.int(name).and_then(|heads| u64::try_from(heads).ok()).filter(|heads| *heads > 0);
    let shape = |place: usize, name: &str| -> Result<Vec<u64>, Problem> {
        match (input.shape(place).map(Vec::as_slice), heads(name)) {
            (Some(shape @ [_, _, _, _]), _) => Ok(shape.to_vec()),
            (Some(&[batch, rows, width]), Some(heads)) => Ok(vec![batch, heads, rows, width / heads]),
            _ => Err(unknown("operands")),
        }
    };
    let operands = [shape(0, "q_num_heads")?, shape(1, "kv_num_heads")?, shape(2, "kv_num_heads")?];
    if input.values.len() > 4 {
        return Err("attention that goes on from a cache".into());
    }
    let shapes = registry::Shapes { operands: &operands, results: &[], attributes: &registry::Attributes::default() };
    registry::work("scaled_dot_product_attention", &shapes).unwrap_or_else(|| Err(unknown("operands")))
}

fn kind(op_type: &str) -> Option<Kind> {
    Some(match op_type {
        "LayerNormalization"
        | "SkipLayerNormalization"
        | "SimplifiedLayerNormalization"
        | "BatchNormalization"
        | "InstanceNormalization"
        | "GroupNormalization"
        | "RMSNormalization" => Kind::LayerNorm,
        "Softmax" | "LogSoftmax" => Kind::Softmax,
        "Gelu" | "FastGelu" | "QuickGelu" | "BiasGelu" | "Relu" | "LeakyRelu" | "PRelu" | "Sigmoid" | "HardSigmoid"
        | "HardSwish" | "Tanh" | "Swish" | "Mish" | "Elu" | "Selu" | "Celu" | "Softplus" | "Softsign" => {
            Kind::Activation
        }
        "Add" | "Sub" | "Sum" => Kind::Add,
        "Mul" | "Div" => Kind::Scale,
        "ReduceMean" | "ReduceSum" | "ReduceProd" | "AveragePool" | "GlobalAveragePool" | "Mean" | "CumSum" => {
            Kind::Pool
        }
        "ReduceL1" | "ReduceL2" | "ReduceSumSquare" | "LpNormalization" => Kind::Normalize,
        "Erf" | "Exp" | "Log" | "Sqrt" | "Reciprocal" | "Pow" | "Sin" | "Cos" | "Mod" | "Resize"
        | "ReduceLogSumExp" => Kind::Function,
        "Reshape" | "Transpose" | "Concat" | "Slice" | "Gather" | "GatherElements" | "GatherND" | "Expand" | "Tile"
        | "ConstantOfShape" | "Squeeze" | "Unsqueeze" | "Flatten" | "Split" | "Pad" | "ArgMax" | "ArgMin"
        | "ReduceMax" | "ReduceMin" | "Identity" | "Cast" | "CastLike" | "Clip" | "Where" | "Equal" | "Greater"
        | "GreaterOrEqual" | "Less" | "LessOrEqual" | "And" | "Or" | "Xor" | "Not" | "IsNaN" | "IsInf" | "Neg"
        | "Abs" | "Sign" | "Floor" | "Ceil" | "Round" | "Max" | "Min" | "Trilu" | "ScatterND" | "ScatterElements"
        | "Shape" | "Size" | "Range" | "MaxPool" | "GlobalMaxPool" | "Dropout" | "BitShift" | "NonZero" | "TopK"
        | "OneHot" | "EyeLike" => Kind::Move,
        _ => return None,
    })
}
