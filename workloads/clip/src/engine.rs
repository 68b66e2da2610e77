//! Runs operators: each in its region, each with its line in the trace.

use std::thread;

use flopledger::Result;
use flopledger::ledger::gemm::Call;

use crate::gemm::{Product, Sgemm};
use crate::ops;
use crate::region;
use crate::trace::Trace;
use crate::weights::Linear;

pub struct Engine {
    kernel: Box<dyn Sgemm>,
    threads: usize,
    trace: Trace,
    /// Path of the region that is open, its names joined by `/`.
    path: String,
}

impl Engine {
    pub fn new(kernel: Box<dyn Sgemm>, threads: usize, trace: Trace) -> Self {
        Engine { kernel, threads, trace, path: String::new() }
    }

    pub fn finish(self) -> Result<()> {
        self.trace.finish()
    }

    /// Runs `body` in a region of that name inside the one that is open.
    pub fn region<R>(&mut self, name: &str, body: impl FnOnce(&mut Self) -> R) -> R {
        let outer = self.path.len();
        if outer > 0 {
            self.path.push('/');
        }
        self.path.push_str(name);
        region::begin(name);
        let result = body(self);
        region::end();
        self.path.truncate(outer);
        result
    }

    /// An element-wise operator; `body` is all that its region holds.
    pub fn operator<R>(&mut self, region: &str, name: &str, shapes: &[&[usize]], body: impl FnOnce() -> R) -> R {
        self.traced(region, name, shapes, &[], |_| body())
    }

    fn traced<R>(
        &mut self,
        region: &str,
        name: &str,
        shapes: &[&[usize]],
        calls: &[Call],
        body: impl FnOnce(&Self) -> R,
    ) -> R {
        let mut path = String::new();
        let result = self.region(region, |engine| {
            path.push_str(&engine.path);
            body(engine)
        });
        self.trace.operator(name, &path, shapes, calls);
        result
    }

    /// Matrix products in one region, dealt out to the threads.
    pub fn products(&mut self, region: &str, name: &str, shapes: &[&[usize]], mut products: Vec<Product>) {
        let calls = calls(&products);
        self.traced(region, name, shapes, &calls, |engine| {
            let kernel = &*engine.kernel;
            let share = products.len().div_ceil(engine.threads).max(1);
            if share >= products.len() {
                products.iter_mut().for_each(|product| kernel.multiply(product));
                return;
            }
            thread::scope(|scope| {
                for share in products.chunks_mut(share) {
                    scope.spawn(move || share.iter_mut().for_each(|product| kernel.multiply(product)));
                }
            });
        });
    }

    /// `x` (rows x inputs) by the layer's weight; its bias is an operator of its own.
    pub fn linear(&mut self, region: &str, x: &[f32], layer: &Linear) -> Vec<f32> {
        let shapes: [&[usize]; 2] = [&[x.len() / layer.inputs, layer.inputs], &[layer.outputs, layer.inputs]];
        self.layer(region, "linear", &shapes, x, layer)
    }

    /// As `linear`, traced under another name and with other shapes.
    pub fn layer(&mut self, region: &str, name: &str, shapes: &[&[usize]], x: &[f32], layer: &Linear) -> Vec<f32> {
        let rows = x.len() / layer.inputs;
        let mut y = vec![0.0; rows * layer.outputs];
        let share = rows.div_ceil(self.threads).max(1);
        let products = x
            .chunks(share * layer.inputs)
            .zip(y.chunks_mut(share * layer.outputs))
            .map(|(a, c)| Product {
                m: a.len() / layer.inputs,
                n: layer.outputs,
                k: layer.inputs,
                a,
                a_stride: layer.inputs,
                b: &layer.weight,
                b_stride: layer.outputs,
                b_transposed: false,
                c,
            })
            .collect();
        self.products(region, name, shapes, products);
        if let Some(bias) = &layer.bias {
            self.add_rows(&format!("{region}.bias"), &mut y, &[rows, layer.outputs], bias);
        }
        y
    }

    /// Adds `row` to each row of `x`; it may be several rows that repeat.
    pub fn add_rows(&mut self, region: &str, x: &mut [f32], shape: &[usize], row: &[f32]) {
        let width = shape.last().map_or(1, |&width| width);
        let row_shape: &[usize] = if row.len() == width { &[width] } else { &[row.len() / width, width] };
        self.operator(region, "add", &[shape, row_shape], || ops::add_rows(x, row));
    }
}

/// Identical calls in a row become one entry with a count.
fn calls(products: &[Product]) -> Vec<Call> {
    let mut calls: Vec<Call> = Vec::new();
    for product in products {
        let call = product.call();
        match calls.last_mut() {
            Some(last) if (Call { count: 1, ..*last }) == call => last.count += 1,
            _ => calls.push(call),
        }
    }
    calls
}
