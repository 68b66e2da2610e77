//! How a convention comes from a term's true FLOPs to what it counts for it.

use super::{Cause, Scope};
use crate::model::terms::Term;
use crate::units::Amount;

/// One cause and what it does to a term's count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    pub cause: Cause,
    pub amount: Amount,
}

/// What a convention makes of one term.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Account {
    /// Nothing, for one cause.
    Uncounted(Cause),
    /// The true FLOPs, changed by the steps.
    Counted { flops: Amount, steps: Vec<Step> },
}

impl Account {
    /// The account that adds nothing to the term's true FLOPs and takes nothing away.
    pub fn faithful(term: &Term) -> Account {
        Account::Counted { flops: flops(term), steps: Vec::new() }
    }

    pub fn with(mut self, cause: Cause, amount: Amount) -> Account {
        if let Account::Counted { steps, .. } = &mut self
            && amount != 0
        {
            steps.push(Step { cause, amount });
        }
        self
    }

    /// The account of a term that is not executed because of the scope, if so.
    pub fn out_of_scope(term: &Term, scope: Scope) -> Option<Account> {
        let tower = term.tower?;
        (!scope.runs(tower)).then_some(Account::Uncounted(Cause::TowerNotRun(tower)))
    }

    /// The term's share of the count.
    pub fn value(&self) -> Amount {
        match self {
            Account::Uncounted(_) => 0,
            Account::Counted { flops, steps } => flops + steps.iter().map(|step| step.amount).sum::<Amount>(),
        }
    }
}

/// FLOPs of a term in the true count, which is about the towers only.
fn flops(term: &Term) -> Amount {
    if term.tower.is_some() { 2 * term.macs as Amount } else { 0 }
}
