//! The rules of every FLOP counter, as data over terms.
//!
//! A [`Convention`] gives two things for a model: its count, computed the way the tool computes
//! it, and one [`Account`] per term that leads from the term's true FLOPs to what the tool makes
//! of it, step by step, each step with its cause. The ledger between two conventions is the
//! difference of their accounts; that it closes is a statement about the counts.

mod account;
mod cause;
mod coverage;
mod elements;
mod estimate;
mod formula;
mod listing;
mod name;
mod rule;
mod seed_formula;
mod step;
mod tools;

use num_rational::BigRational;

pub use account::{Account, Step};
pub use cause::Cause;
pub use coverage::Coverage;
pub use elements::{Elementwise, KindCost, elementwise};
pub use estimate::{ConventionCount, Estimate, Options, SCHEMA, TowerFlops, estimate, estimate_with};
pub use formula::Formula;
pub use listing::{Covered, Listed, Listing, Weighed, listing};
pub use name::CountName;
pub use rule::Weight;
pub use step::{BatchStep, Logits, MOST, Recompute, Setting, possible, step};

use crate::model::terms::{self, Term, Tower};
use crate::model::{ClipSpec, Parameters, parameters};
use crate::units::{Count, Unit};

/// A rule set that turns a model into a count, as one tool in one setting does.
#[derive(Debug)]
pub struct Convention {
    pub name: &'static str,
    /// A slug; none where the name has one setting only.
    pub setting: Option<&'static str>,
    /// What one unit of the count stands for, whatever the tool calls it.
    pub unit: Unit,
    /// What the name means without a tower.
    pub default_scope: Scope,
    /// The setting in prose.
    pub description: &'static str,
    /// Where the tool describes itself.
    pub documented: &'static str,
    pub method: Method,
}

/// How a convention comes to its count.
#[derive(Debug)]
pub enum Method {
    /// A weight for each role of a term.
    Coverage(Coverage),
    /// A widely copied formula script, over the raw keys of the file.
    SeedFormula,
    /// A formula over a transformer's dimensions.
    Formula(Formula),
}

/// What of a model a count is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    Tower(Tower),
    /// Both towers in one forward pass, with whatever joins them.
    Total,
}

impl Scope {
    pub const IMAGE: Scope = Scope::Tower(Tower::Image);
    pub const TEXT: Scope = Scope::Tower(Tower::Text);

    pub const fn name(self) -> &'static str {
        match self {
            Scope::Tower(tower) => tower.name(),
            Scope::Total => "total",
        }
    }

    /// Is this tower run?
    pub fn runs(self, tower: Tower) -> bool {
        self == Scope::Total || self == Scope::Tower(tower)
    }

    /// Is this term executed? What belongs to no tower joins both.
    pub fn covers(self, term: &Term) -> bool {
        self == Scope::Total || term.tower.is_some_and(|tower| self.runs(tower))
    }
}

/// A model with its terms, made once for all conventions.
pub struct Subject<'a> {
    pub spec: &'a ClipSpec,
    /// The terms of all towers, and last the logits, where there are two towers to compare.
    terms: Vec<Term>,
    /// How many of them are towers'.
    towers: usize,
}

impl<'a> Subject<'a> {
    pub fn new(spec: &'a ClipSpec) -> Self {
        let mut terms = terms::terms(spec);
        let towers = terms.len();
        if spec.has(Tower::Image) && spec.has(Tower::Text) {
            terms.push(terms::logits(spec));
        }
        Subject { spec, terms, towers }
    }

    /// Are there two towers whose embeddings are compared?
    pub fn joins(&self) -> bool {
        self.terms.len() > self.towers
    }

    /// The terms of all towers.
    pub fn tower_terms(&self) -> &[Term] {
        &self.terms[..self.towers]
    }

    /// All terms, those that join the towers included.
    pub fn terms(&self) -> &[Term] {
        &self.terms
    }

    pub fn parameters(&self) -> Parameters {
        parameters(self.spec, self.tower_terms())
    }
}

impl Convention {
    /// What the tool prints for this scope, one image and one text; none where it cannot run it.
    pub fn count(&self, subject: &Subject, scope: Scope) -> Option<Count> {
        self.batch_count(subject, scope, 1)
    }

    /// What the tool prints for so many images and as many texts; none where it cannot run them.
    pub fn batch_count(&self, subject: &Subject, scope: Scope, batch: Count) -> Option<Count> {
        let [count] = self.batch_counts(subject, [scope], batch);
        count
    }

    /// The same for several scopes, in one pass over the terms.
    pub fn batch_counts<const N: usize>(
        &self,
        subject: &Subject,
        scopes: [Scope; N],
        batch: Count,
    ) -> [Option<Count>; N] {
        let mut counts = match &self.method {
            Method::Coverage(coverage) => coverage.counts(subject, scopes, batch),
            // The script knows of no batch.
            Method::SeedFormula if batch != 1 => [None; N],
            Method::SeedFormula => scopes.map(|scope| seed_formula::count(subject.spec, scope)),
            Method::Formula(formula) => scopes.map(|scope| Some(batch * formula.count(subject, scope)?)),
        };
        for (count, scope) in counts.iter_mut().zip(scopes) {
            count.take_if(|_| matches!(scope, Scope::Tower(tower) if !subject.spec.has(tower)));
        }
        counts
    }

    /// Does it look at a model's terms, and not at the file or at a few dimensions?
    pub fn counts_terms(&self) -> bool {
        matches!(self.method, Method::Coverage(_))
    }

    /// Does it count the backward pass as well?
    pub fn trains(&self) -> bool {
        matches!(&self.method, Method::Formula(formula) if formula.passes != formula::Passes::Forward)
    }

    /// One account per term of [`Subject::terms`], in its order.
    pub fn accounts(&self, subject: &Subject, scope: Scope) -> Vec<Account> {
        match &self.method {
            Method::Coverage(coverage) => coverage.accounts(subject, scope),
            Method::SeedFormula => seed_formula::accounts(subject, scope),
            Method::Formula(formula) => formula.accounts(subject, scope),
        }
    }

    /// What stands before tokens x width^2 x layers in this convention's count of a tower; none
    /// where the tower is no plain transformer.
    pub fn coefficient(&self, subject: &Subject, tower: Tower) -> Option<BigRational> {
        let stack = subject.spec.stack(tower)?;
        Some(match &self.method {
            Method::Coverage(coverage) => coverage.coefficient(subject, tower, stack),
            Method::SeedFormula => seed_formula::coefficient(subject.spec),
            Method::Formula(formula) => formula.coefficient(subject, tower, stack),
        })
    }
}

/// Every convention in every setting: the true count, then the tools, a tool's default setting
/// first.
pub fn all() -> impl Iterator<Item = &'static Convention> {
    tools::ALL.iter().flat_map(|tool| tool.iter())
}

/// The true count.
pub const ANALYTIC: &str = "analytic";
