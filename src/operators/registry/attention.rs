//! Fused attention: operators that hold several products. A causal mask takes nothing off them, as in the
//! analytic count.

use super::{Counted, Problem, Shapes, Work, plus, product, products, same, volume};
use crate::model::terms::Kind;
use crate::units::Count;

pub fn work(name: &str, shapes: &Shapes) -> Option<Counted> {
    Some(match name {
        "scaled_dot_product_attention"
        | "_scaled_dot_product_attention_math"
        | "_scaled_dot_product_flash_attention"
        | "_scaled_dot_product_flash_attention_for_cpu"
        | "_scaled_dot_product_efficient_attention"
        | "_scaled_dot_product_cudnn_attention"
        | "_scaled_dot_product_fused_attention_overrideable" => scaled_dot_product(shapes).and_then(sum),
        "_native_multi_head_attention" => multi_head(shapes).and_then(sum),
        "_transformer_encoder_layer_fwd" => encoder_layer(shapes).and_then(sum),
        _ => return None,
    })
}

type Parts = Vec<(&'static str, Work)>;

fn sum(parts: Parts) -> Counted {
    let macs = parts.iter().try_fold(0, |sum: Count, (_, work)| plus(sum, work.macs))?;
    let elements = parts.last().map_or(0, |(_, work)| work.elements);
    let parts = parts.into_iter().map(|(name, work)| (name, work.macs)).collect();
    Ok(Work { kind: Kind::Attention, macs, elements, parts })
}

/// Queries [.., heads, m, width], keys [.., heads, n, width], values [.., heads, n, width of a value]. Fewer
/// heads of keys and values serve several heads of queries each.
fn scaled_dot_product(shapes: &Shapes) -> Result<Parts, Problem> {
    let (queries, keys, values) = (shapes.operand(0)?, shapes.operand(1)?, shapes.operand(2)?);
    let ([batch @ .., m, width], [.., n, key_width], [.., rows, value_width]) = (queries, keys, values) else {
        return Err(format!("{queries:?}, {keys:?} and {values:?} are no matrices of queries, keys and values"));
    };
    same(*width, *key_width, "the widths of queries and keys")?;
    same(*n, *rows, "the numbers of keys and values")?;
    let scores = super::times(volume(batch)?, volume(&[*m, *n])?)?;
    let qk = Work::product(Kind::Matmul, scores, (*width).into())?;
    let mixed = super::times(volume(batch)?, volume(&[*m, *value_width])?)?;
    let av = Work::product(Kind::Matmul, mixed, (*n).into())?;
    Ok(vec![("qk", qk), ("av", av)])
}

/// Torch's fast path: queries, keys and values [b, tokens, width], the projection to all three [3 width,
/// width], its bias, the projection out [width, width].
fn multi_head(shapes: &Shapes) -> Result<Parts, Problem> {
    let (queries, keys, values) = (shapes.operand(0)?, shapes.operand(1)?, shapes.operand(2)?);
    if queries != keys || keys != values {
        return Err("attention between sequences of different lengths".into());
    }
    attention(queries, shapes.operand(3)?, shapes.operand(5)?)
}

fn attention(tokens: &[u64], qkv: &[u64], out: &[u64]) -> Result<Parts, Problem> {
    let &[batch, length, width] = tokens else { return Err(format!("{tokens:?} is no batch of sequences")) };
    Ok(vec![
        ("qkv", products::linear(Kind::Linear, tokens, qkv)?),
        // All heads together are as wide as the tokens.
        ("qk", product(Kind::Matmul, &[batch, length, width], &[batch, width, length])?),
        ("av", product(Kind::Matmul, &[batch, length, length], &[batch, length, width])?),
        ("out", products::linear(Kind::Linear, tokens, out)?),
    ])
}

/// Torch's whole layer: tokens, the projections of attention with their biases, two layer norms, two
/// linear layers.
fn encoder_layer(shapes: &Shapes) -> Result<Parts, Problem> {
    let tokens = shapes.operand(0)?;
    let names = ["attn.qkv", "attn.qk", "attn.av", "attn.out"];
    let attention = attention(tokens, shapes.operand(1)?, shapes.operand(3)?)?;
    let mut parts: Parts = names.into_iter().zip(attention).map(|(name, (_, work))| (name, work)).collect();
    let (fc1, fc2) = (shapes.operand(9)?, shapes.operand(11)?);
    parts.push(("mlp.fc1", products::linear(Kind::Linear, tokens, fc1)?));
    let &[batch, length, _] = tokens else { return Err(format!("{tokens:?} is no batch of sequences")) };
    parts.push(("mlp.fc2", products::linear(Kind::Linear, &[batch, length, fc1[0]], fc2)?));
    Ok(parts)
}
