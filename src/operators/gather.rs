//! Calls of operators, gathered: identical ones are one operator, those that nobody counts are listed.

use std::collections::HashMap;

use super::registry::{self, Attributes, Work};
use super::{GemmCall, Operator, Operators, Part, SCHEMA, Unsupported};

/// One call of an operator, as a framework tells it.
#[derive(Debug, Clone, Default)]
pub struct Call {
    pub name: String,
    pub path: String,
    pub shapes: Vec<Vec<u64>>,
    /// Shapes of the results, where the framework tells.
    pub results: Vec<Vec<u64>>,
    pub attributes: Attributes,
    pub gemm: Vec<GemmCall>,
}

/// What makes two calls the same operator.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Key {
    name: String,
    path: String,
    shapes: Vec<Vec<u64>>,
    results: Vec<Vec<u64>>,
    attributes: Attributes,
}

#[derive(Debug, Default)]
pub struct Gathering {
    operators: Vec<Operator>,
    unsupported: Vec<Unsupported>,
    places: HashMap<Key, usize>,
}

impl Gathering {
    /// Counts a call by its shapes; lists it where they do not tell.
    pub fn call(&mut self, call: Call) {
        match registry::work(&call.name, &registry::Shapes::of(&call)) {
            Some(Ok(work)) => self.add(call, work),
            Some(Err(problem)) => self.refuse(call.name, problem),
            None => self.refuse(call.name, "no shape function counts it".into()),
        }
    }

    /// A call whose work is known.
    pub fn add(&mut self, call: Call, work: Work) {
        let Call { name, path, shapes, results, attributes, gemm } = call;
        let key = Key { name, path, shapes, results, attributes };
        if let Some(&place) = self.places.get(&key) {
            let known = &mut self.operators[place];
            known.calls += 1;
            known.macs += work.macs;
            known.elements += work.elements;
            for (known, (_, macs)) in known.parts.iter_mut().zip(work.parts) {
                known.macs += macs;
            }
            return;
        }
        self.places.insert(key.clone(), self.operators.len());
        self.operators.push(Operator {
            name: key.name,
            kind: work.kind,
            path: key.path,
            shapes: key.shapes,
            calls: 1,
            macs: work.macs,
            elements: work.elements,
            gemm,
            parts: work.parts.into_iter().map(|(name, macs)| Part { name: name.into(), macs }).collect(),
        });
    }

    /// A call that cannot be counted.
    pub fn refuse(&mut self, name: String, reason: String) {
        match self.unsupported.iter_mut().find(|u| u.name == name && u.reason == reason) {
            Some(known) => known.calls += 1,
            None => self.unsupported.push(Unsupported { name, calls: 1, reason }),
        }
    }

    pub fn finish(self, header: Option<serde_json::Value>, lost: Option<String>) -> Operators {
        let Gathering { operators, unsupported, .. } = self;
        Operators { schema: SCHEMA.into(), header, operators, unsupported, other_counts: Vec::new(), lost }
    }
}
