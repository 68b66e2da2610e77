//! The two towers: pixels or token ids to embeddings of length 1.

mod blocks;

use flopledger::model::spec::NormSpan;

use crate::engine::Engine;
use crate::ops;
use crate::plain::{Place, Plain};
use crate::weights::{Image, Linear, Text};

/// `pixels`: batch x channels x height x width.
pub fn image(engine: &mut Engine, spec: &Plain, weights: &Image, pixels: &[f32], batch: usize) -> Vec<f32> {
    engine.region("image", |engine| image_tower(engine, spec, weights, pixels, batch))
}

/// `ids`: one text, the same for all the batch.
pub fn text(engine: &mut Engine, spec: &Plain, weights: &Text, ids: &[u32], batch: usize) -> Vec<f32> {
    engine.region("text", |engine| text_tower(engine, spec, weights, ids, batch))
}

fn image_tower(engine: &mut Engine, spec: &Plain, weights: &Image, pixels: &[f32], batch: usize) -> Vec<f32> {
    let tower = &spec.image;
    let width = weights.class.len();
    let (patches, tokens) = (tower.patches() as usize, tower.tokens() as usize);
    let columns = patch_rows(spec, pixels);
    let [channels, height, breadth, patch_height, patch_width] =
        [tower.channels, tower.image.height, tower.image.width, tower.patch.height, tower.patch.width]
            .map(|size| size as usize);
    let shapes: [&[usize]; 2] = [&[batch, channels, height, breadth], &[width, channels, patch_height, patch_width]];
    let embedded = engine.layer("patch_embed", "conv2d", &shapes, &columns, &weights.patch);

    let mut x = Vec::with_capacity(batch * tokens * width);
    for patches in embedded.chunks(patches * width) {
        x.extend_from_slice(&weights.class);
        x.extend_from_slice(patches);
    }
    engine.add_rows("embed.position", &mut x, &[batch, tokens, width], &weights.position);
    if let Some(norm) = &weights.ln_pre {
        x = blocks::layer_norm(engine, "ln_pre", norm, &x);
    }
    blocks::run(engine, &tower.encoder, &weights.blocks, &mut x, tokens, false);

    if tower.ln_post == NormSpan::AllTokens {
        x = blocks::layer_norm(engine, "ln_post", &weights.ln_post, &x);
    }
    let mut pooled = if spec.averages {
        let mut pooled = vec![0.0; batch * width];
        engine.operator("pool", "mean", &[&[batch, patches, width]], || {
            for (x, pooled) in x.chunks(tokens * width).zip(pooled.chunks_mut(width)) {
                ops::mean(&x[width..], pooled);
            }
        });
        pooled
    } else {
        pick(&x, tokens, width, |_| 0)
    };
    if tower.ln_post == NormSpan::Pooled {
        pooled = blocks::layer_norm(engine, "ln_post", &weights.ln_post, &pooled);
    }
    embed(engine, &weights.proj, &pooled)
}

fn text_tower(engine: &mut Engine, spec: &Plain, weights: &Text, ids: &[u32], batch: usize) -> Vec<f32> {
    let tower = &spec.text;
    let (width, tokens) = (weights.proj.inputs, ids.len());
    let mut x = Vec::with_capacity(batch * tokens * width);
    engine.operator("embed.token", "embedding", &[&[tower.vocab as usize, width], &[batch, tokens]], || {
        for &id in (0..batch).flat_map(|_| ids) {
            x.extend_from_slice(&weights.token[id as usize * width..][..width]);
        }
    });
    engine.add_rows("embed.position", &mut x, &[batch, tokens, width], &weights.position);
    blocks::run(engine, &tower.encoder, &weights.blocks, &mut x, tokens, tower.causal);
    x = blocks::layer_norm(engine, "ln_post", &weights.ln_post, &x);
    let pooled = pick(&x, tokens, width, |_| match spec.place {
        // The first of the highest, as argmax has it.
        Place::Argmax => (0..tokens).rev().max_by_key(|&place| ids[place]).unwrap_or(0),
        Place::First => 0,
        Place::Last => tokens - 1,
    });
    embed(engine, &weights.proj, &pooled)
}

/// One token's vector of each text or image.
fn pick(x: &[f32], tokens: usize, width: usize, place: impl Fn(&[f32]) -> usize) -> Vec<f32> {
    x.chunks(tokens * width).flat_map(|x| &x[place(x) * width..][..width]).copied().collect()
}

fn embed(engine: &mut Engine, proj: &Linear, pooled: &[f32]) -> Vec<f32> {
    let mut x = engine.linear("proj", pooled, proj);
    let shape = [x.len() / proj.outputs, proj.outputs];
    engine.operator("normalize", "l2_normalize", &[&shape], || ops::l2_normalize(&mut x, proj.outputs));
    x
}

/// Each patch as a row, channel by channel: the convolution as a product (its stride is its size).
fn patch_rows(spec: &Plain, pixels: &[f32]) -> Vec<f32> {
    let tower = &spec.image;
    let [channels, height, width] = [tower.channels, tower.image.height, tower.image.width].map(|n| n as usize);
    let (rows, columns) = (tower.patch.height as usize, tower.patch.width as usize);
    let mut out = Vec::with_capacity(pixels.len());
    for image in pixels.chunks(channels * height * width) {
        for (top, left) in (0..height).step_by(rows).flat_map(|top| (0..width).step_by(columns).map(move |l| (top, l)))
        {
            for plane in image.chunks(height * width) {
                for row in top..top + rows {
                    out.extend_from_slice(&plane[row * width + left..][..columns]);
                }
            }
        }
    }
    out
}
