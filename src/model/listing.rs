//! Writing down the terms of a tower, one after another.

use super::spec::NormKind;
use super::terms::{Dims, Kind, Role, Term, Tower};
use crate::units::Count;

/// The terms of one tower as they are listed.
pub struct Listing {
    tower: Tower,
    /// What every path begins with.
    prefix: String,
    terms: Vec<Term>,
}

impl Listing {
    pub fn new(tower: Tower) -> Listing {
        Listing { tower, prefix: String::new(), terms: Vec::new() }
    }

    /// Lists under a longer path.
    pub fn under(&mut self, name: &str, list: impl FnOnce(&mut Listing)) {
        let outer = self.prefix.len();
        self.prefix.push_str(name);
        self.prefix.push('.');
        list(self);
        self.prefix.truncate(outer);
    }

    pub fn into_terms(self) -> Vec<Term> {
        self.terms
    }

    /// A product of m x k by k x n; the k x n are learnt unless both sides are computed.
    pub fn product(&mut self, role: Role, dims: (u64, u64, u64), times: u64) {
        self.product_at(role.describe().0, role, dims, times);
    }

    /// The same under another path than the role's own.
    pub fn product_at(&mut self, path: &str, role: Role, (m, n, k): (u64, u64, u64), times: u64) {
        let learnt = match role.describe().1 {
            Kind::Matmul => 0,
            _ => Count::from(n) * Count::from(k) * Count::from(times),
        };
        self.push(path, role, Dims::Product { m, n, k }, times, learnt);
    }

    /// Element-wise work on so many rows of so many elements; biases and learnt scales have a
    /// number for each column.
    pub fn elements(&mut self, role: Role, dims: (u64, u64), times: u64) {
        self.elements_at(role.describe().0, role, dims, times);
    }

    pub fn elements_at(&mut self, path: &str, role: Role, (rows, width): (u64, u64), times: u64) {
        let each = match role {
            Role::AttnLayerScale | Role::MlpLayerScale => 1,
            _ if role.describe().1 == Kind::LayerNorm => NormKind::Layer.learnt(),
            // Running means and variances are no parameters.
            _ if role.describe().1 == Kind::BatchNorm => 2,
            role => u64::from(role.is_bias()),
        };
        self.learnt_at(path, role, (rows, width), times, each * width);
    }

    /// A norm of either kind.
    pub fn norm(&mut self, role: Role, (rows, width): (u64, u64), times: u64, kind: NormKind) {
        self.norm_at(role.describe().0, role, (rows, width), times, kind);
    }

    pub fn norm_at(&mut self, path: &str, role: Role, (rows, width): (u64, u64), times: u64, kind: NormKind) {
        self.learnt_at(path, role, (rows, width), times, kind.learnt() * width);
    }

    /// Element-wise work with so many learnt numbers in each execution.
    pub fn learnt(&mut self, role: Role, dims: (u64, u64), times: u64, learnt: u64) {
        self.learnt_at(role.describe().0, role, dims, times, learnt);
    }

    pub fn learnt_at(&mut self, path: &str, role: Role, (rows, width): (u64, u64), times: u64, learnt: u64) {
        let learnt = Count::from(learnt) * Count::from(times);
        self.push(path, role, Dims::Elements { rows, width }, times, learnt);
    }

    fn push(&mut self, path: &str, role: Role, dims: Dims, times: u64, parameters: Count) {
        let path = format!("{}{path}", self.prefix);
        self.terms.push(term(Some(self.tower), &path, role, dims, times, parameters));
    }
}

/// The similarity of one image and one text.
pub fn logits(embed_dim: u64) -> Term {
    let dims = Dims::Product { m: 1, n: 1, k: embed_dim };
    term(None, Role::Logits.describe().0, Role::Logits, dims, 1, 0)
}

fn term(tower: Option<Tower>, path: &str, role: Role, dims: Dims, times: u64, parameters: Count) -> Term {
    let (_, kind) = role.describe();
    let place = tower.map_or("similarity", Tower::name);
    let count = Count::from;
    let (macs, elements) = match dims {
        Dims::Product { m, n, k } => (count(m) * count(n) * count(k) * count(times), 0),
        Dims::Elements { .. } if kind == Kind::Embedding => (0, 0),
        Dims::Elements { rows, width } => (0, count(rows) * count(width) * count(times)),
    };
    Term { path: format!("{place}.{path}"), tower, kind, role, dims, times, macs, elements, parameters }
}
