//! Transformer blocks.

use flopledger::model::spec::{Encoder, NormPlacement};

use crate::engine::Engine;
use crate::gemm::Product;
use crate::ops;
use crate::weights::{Block, Norm};

/// Runs the blocks over x: batch x tokens x width.
pub fn run(engine: &mut Engine, encoder: &Encoder, blocks: &[Block], x: &mut [f32], tokens: usize, causal: bool) {
    for (place, block) in blocks.iter().enumerate() {
        engine.region(&format!("block.{place}"), |engine| {
            branch(engine, encoder, x, ("ln_1", &block.ln_1), ("attn", scale(block, 0)), |engine, x| {
                attention(engine, encoder, block, x, tokens, causal)
            });
            branch(engine, encoder, x, ("ln_2", &block.ln_2), ("mlp", scale(block, 1)), |engine, x| {
                mlp(engine, block, x)
            });
        });
    }
}

fn scale(block: &Block, branch: usize) -> Option<&[f32]> {
    block.scales.as_ref().map(|scales| if branch == 0 { scales.0.as_slice() } else { scales.1.as_slice() })
}

/// x + body(norm(x)), or x + norm(body(x)).
fn branch(
    engine: &mut Engine,
    encoder: &Encoder,
    x: &mut [f32],
    (norm_name, norm): (&str, &Norm),
    (name, scale): (&str, Option<&[f32]>),
    body: impl FnOnce(&mut Engine, &[f32]) -> Vec<f32>,
) {
    let mut y = if encoder.norm == NormPlacement::Pre {
        let normed = layer_norm(engine, norm_name, norm, x);
        body(engine, &normed)
    } else {
        let y = body(engine, x);
        layer_norm(engine, norm_name, norm, &y)
    };
    let width = norm.weight.len();
    let shape = [x.len() / width, width];
    if let Some(scale) = scale {
        engine.operator(&format!("{name}.layer_scale"), "mul", &[&shape, &[width]], || {
            ops::multiply_rows(&mut y, scale);
        });
    }
    engine.operator(&format!("{name}.residual"), "add", &[&shape, &shape], || ops::add_rows(x, &y));
}

pub fn layer_norm(engine: &mut Engine, region: &str, norm: &Norm, x: &[f32]) -> Vec<f32> {
    let width = norm.weight.len();
    let mut y = vec![0.0; x.len()];
    engine.operator(region, "layer_norm", &[&[x.len() / width, width], &[width], &[width]], || {
        ops::layer_norm(x, &norm.weight, &norm.bias, &mut y);
    });
    y
}

fn attention(
    engine: &mut Engine,
    encoder: &Encoder,
    block: &Block,
    x: &[f32],
    tokens: usize,
    causal: bool,
) -> Vec<f32> {
    let [width, heads, head] = [encoder.width, encoder.heads, encoder.head_width()].map(|size| size as usize);
    let mut qkv = engine.linear("attn.qkv", x, &block.qkv);
    let rows = x.len() / width;
    engine
        .operator("attn.scale", "mul", &[&[rows, width]], || ops::scale(&mut qkv, width, 3 * width, block.query_scale));

    let all_heads = rows / tokens * heads;
    let mut scores = vec![0.0; all_heads * tokens * tokens];
    let products = operands(&qkv, (tokens, width, head))
        .zip(scores.chunks_mut(tokens * tokens))
        .map(|((q, k, _), c)| product((tokens, tokens, head), (q, 3 * width), (k, 3 * width), true, c))
        .collect();
    let shapes: [&[usize]; 2] = [&[all_heads, tokens, head], &[all_heads, head, tokens]];
    engine.products("attn.qk", "matmul", &shapes, products);

    let shape = [all_heads, tokens, tokens];
    if causal {
        let mask = mask(tokens);
        engine.add_rows("attn.mask", &mut scores, &shape, &mask);
    }
    engine.operator("attn.softmax", "softmax", &[&shape], || ops::softmax(&mut scores, tokens));

    let mut mixed = vec![0.0; all_heads * tokens * head];
    let products = operands(&qkv, (tokens, width, head))
        .zip(scores.chunks(tokens * tokens))
        .zip(mixed.chunks_mut(tokens * head))
        .map(|(((_, _, v), a), c)| product((tokens, head, tokens), (a, tokens), (v, 3 * width), false, c))
        .collect();
    engine.products("attn.av", "matmul", &[&shape, &[all_heads, tokens, head]], products);
    let joined = join(&mixed, (tokens, width, head));
    engine.linear("attn.out", &joined, &block.out)
}

/// Each head's queries, keys and values: views into qkv from their first element, rows 3 widths apart.
fn operands(
    qkv: &[f32],
    (tokens, width, head): (usize, usize, usize),
) -> impl Iterator<Item = (&[f32], &[f32], &[f32])> {
    qkv.chunks(tokens * 3 * width).flat_map(move |qkv| {
        (0..width).step_by(head).map(move |from| (&qkv[from..], &qkv[from + width..], &qkv[from + 2 * width..]))
    })
}

fn product<'a>(
    (m, n, k): (usize, usize, usize),
    (a, a_stride): (&'a [f32], usize),
    (b, b_stride): (&'a [f32], usize),
    b_transposed: bool,
    c: &'a mut [f32],
) -> Product<'a> {
    Product { m, n, k, a, a_stride, b, b_stride, b_transposed, c }
}

/// 0 for what a token sees, minus infinity for what comes after it.
fn mask(tokens: usize) -> Vec<f32> {
    let see = |row: usize, column: usize| if column > row { f32::NEG_INFINITY } else { 0.0 };
    (0..tokens).flat_map(|row| (0..tokens).map(move |column| see(row, column))).collect()
}

/// Heads x tokens x head into tokens x width, for each of the batch.
fn join(x: &[f32], (tokens, width, head): (usize, usize, usize)) -> Vec<f32> {
    let mut out = vec![0.0; x.len()];
    for (x, out) in x.chunks(tokens * width).zip(out.chunks_mut(tokens * width)) {
        for (place, head_rows) in x.chunks(tokens * head).enumerate() {
            for (row, out) in head_rows.chunks(head).zip(out.chunks_mut(width)) {
                out[place * head..][..head].copy_from_slice(row);
            }
        }
    }
    out
}

fn mlp(engine: &mut Engine, block: &Block, x: &[f32]) -> Vec<f32> {
    let mut hidden = engine.linear("mlp.fc1", x, &block.fc1);
    let shape = [x.len() / block.fc1.inputs, block.fc1.outputs];
    engine.operator("mlp.act", block.activation.name(), &[&shape], || block.activation.apply(&mut hidden));
    engine.linear("mlp.fc2", &hidden, &block.fc2)
}
