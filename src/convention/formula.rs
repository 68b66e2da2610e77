//! Formulas over a transformer's dimensions, as papers on utilisation have them. They know nothing
//! of CLIP: each tower is taken for a model of its own, its tokens for a sequence.

use num_rational::BigRational;

use super::{Account, Cause, Scope, Subject, coverage};
use crate::model::ClipSpec;
use crate::model::spec::Stack;
use crate::model::terms::{Role, Term, Tower};
use crate::units::{Amount, Count};

#[derive(Debug)]
pub struct Formula {
    pub kind: Kind,
    pub passes: Passes,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Megatron's (arXiv 2104.04473): l (24 s h^2 + 4 s^2 h) and 2 s h V for the vocabulary.
    Megatron,
    /// 2 N D: parameters times tokens, with the embedding tables or without.
    ParametersTimesTokens { embeddings: bool },
    /// 2 N times the numbers of a model's main input, for HuggingFace's own CLIP.
    MainInput,
    /// PaLM's (arXiv 2204.02311): 2 N and 4 L H Q T for each token, N without embedding tables.
    Palm,
}

/// What of a training step is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Passes {
    Forward,
    /// And the gradients: 3 times as much.
    Training,
    /// And the blocks' forward pass once more: 4 times as much.
    Recomputed,
}

impl Formula {
    pub fn count(&self, subject: &Subject, scope: Scope) -> Option<Count> {
        let towers = Tower::ALL.into_iter().filter(|tower| scope.runs(*tower) && subject.spec.has(*tower));
        let each: Option<Vec<Count>> = towers.map(|tower| self.tower(subject, tower, scope)).collect();
        let each: Count = each.filter(|each| !each.is_empty())?.into_iter().sum();
        Some(each + self.scalars(subject, scope))
    }

    /// The learnt numbers outside all towers, where they count.
    fn scalars(&self, subject: &Subject, scope: Scope) -> Count {
        let joint = self.kind == Kind::MainInput && scope == Scope::Total && subject.joins();
        let input = main_input(subject.spec, scope).filter(|_| joint);
        6 * Count::from(subject.spec.scalars) * input.unwrap_or_default()
    }

    fn tower(&self, subject: &Subject, tower: Tower, scope: Scope) -> Option<Count> {
        let Stack { tokens, encoder } = subject.spec.stack(tower)?;
        let [s, h, l] = [tokens, encoder.width, encoder.layers].map(Count::from);
        let (blocks, rest) = match self.kind {
            Kind::Megatron => (l * (24 * s * h * h + 4 * s * s * h), 2 * s * h * vocabulary(subject, tower)),
            Kind::ParametersTimesTokens { embeddings } => (2 * s * parameters(subject, tower, embeddings), 0),
            Kind::MainInput => {
                let own = coverage::of_clip(subject.spec, tower);
                let learnt = subject.tower_terms().iter().filter(|term| term.tower == Some(tower) && !in_table(term));
                let learnt: Count = learnt.map(|term| term.parameters).sum();
                (2 * main_input(subject.spec, scope).filter(|_| own)? * learnt, 0)
            }
            Kind::Palm => {
                let width = Count::from(encoder.inner_width);
                (s * (2 * parameters(subject, tower, false) + 4 * l * width * s), 0)
            }
        };
        Some(match self.passes {
            Passes::Forward => blocks + rest,
            Passes::Training => 3 * (blocks + rest),
            Passes::Recomputed => 4 * blocks + 3 * rest,
        })
    }

    pub fn accounts(&self, subject: &Subject, scope: Scope) -> Vec<Account> {
        subject.terms().iter().map(|term| self.account(subject, term, scope)).collect()
    }

    fn account(&self, subject: &Subject, term: &Term, scope: Scope) -> Account {
        if let Some(account) = Account::out_of_scope(term, scope) {
            return account;
        }
        let stack = term.tower.and_then(|tower| Some((tower, subject.spec.stack(tower)?)));
        let Some((tower, stack)) = stack else {
            let scalars = self.scalars(subject, scope) as Amount;
            return Account::faithful(term).with(Cause::ParametersTimesTokens, scalars);
        };
        let account = match self.kind {
            Kind::Megatron => gpt(term, stack),
            Kind::ParametersTimesTokens { embeddings } => times_tokens(term, stack, embeddings),
            Kind::MainInput => times_main_input(term, stack, main_input(subject.spec, scope).unwrap_or_default()),
            Kind::Palm if attention(term) => Account::faithful(term),
            Kind::Palm => times_tokens(term, stack, false),
        };
        let value = account.value();
        let words = match (self.kind, term.role) {
            (Kind::Megatron, Role::TokenEmbed) => {
                let [s, h] = [stack.tokens, stack.encoder.width].map(Amount::from);
                2 * s * h * vocabulary(subject, tower) as Amount
            }
            _ => 0,
        };
        let account = account.with(Cause::VocabularyLogits, words);
        match self.passes {
            Passes::Forward => account,
            Passes::Training => account.with(Cause::BackwardPass, 2 * (value + words)),
            Passes::Recomputed => {
                account.with(Cause::BackwardPass, 2 * (value + words)).with(Cause::Recomputation, value)
            }
        }
    }

    /// What stands before tokens x width^2 x layers.
    pub fn coefficient(&self, subject: &Subject, tower: Tower, stack: Stack) -> BigRational {
        let accounts = self.accounts(subject, Scope::Tower(tower));
        let terms = subject.terms().iter().zip(accounts).filter(|(term, _)| term.scales_with_width());
        let value: Amount = terms.map(|(_, account)| account.value()).sum();
        let width = Amount::from(stack.encoder.width);
        let scale = Amount::from(stack.tokens) * width * width * Amount::from(stack.encoder.layers);
        BigRational::new(value.into(), scale.into())
    }
}

/// Rows of the table that a language model would end in, as often as a tower begins with one.
fn vocabulary(subject: &Subject, tower: Tower) -> Count {
    match (&subject.spec.text, tower) {
        (Some(text), Tower::Text) => text.vocab.into(),
        _ => 0,
    }
}

fn parameters(subject: &Subject, tower: Tower, embeddings: bool) -> Count {
    let terms = subject.tower_terms().iter().filter(|term| term.tower == Some(tower));
    terms.filter(|term| embeddings || !is_embedding(term)).map(|term| term.parameters).sum()
}

fn is_embedding(term: &Term) -> bool {
    matches!(term.role, Role::TokenEmbed | Role::Position | Role::Segment | Role::ClassToken)
}

/// Is it an embedding module's table, in HuggingFace's CLIP?
fn in_table(term: &Term) -> bool {
    matches!(term.role, Role::TokenEmbed | Role::Position | Role::Segment)
}

/// How many numbers the main input of HuggingFace's CLIP has: text where there is one, else pixels.
fn main_input(spec: &ClipSpec, scope: Scope) -> Option<Count> {
    match &spec.text {
        Some(text) if scope != Scope::IMAGE => Some(text.context.into()),
        _ => spec.vit().map(|vit| Count::from(vit.channels) * Count::from(vit.image.area())),
    }
}

fn times_main_input(term: &Term, stack: Stack, input: Count) -> Account {
    if term.macs > 0 && term.parameters == 0 {
        return Account::Uncounted(Cause::uncounted(term.role));
    }
    if in_table(term) {
        return Account::faithful(term);
    }
    let (learnt, tokens) = (2 * term.parameters as Amount, Amount::from(stack.tokens));
    Account::faithful(term)
        .with(Cause::ParametersTimesTokens, learnt * tokens - 2 * term.macs as Amount)
        .with(Cause::MainInputForTokens, learnt * (input as Amount - tokens))
}

fn attention(term: &Term) -> bool {
    matches!(term.role, Role::Scores | Role::Values) && term.in_blocks()
}

/// A term of GPT's blocks, whose MLP is two maps between h and 4 h.
fn gpt(term: &Term, stack: Stack) -> Account {
    let [s, h, l] = [stack.tokens, stack.encoder.width, stack.encoder.layers].map(Amount::from);
    let taken = match term.role {
        _ if !term.in_blocks() => None,
        Role::Qkv => Some(6 * s * h * h),
        Role::Out => Some(2 * s * h * h),
        Role::Fc1 | Role::Fc2 => Some(8 * s * h * h),
        Role::Scores | Role::Values => Some(2 * s * s * h),
        _ => None,
    };
    match taken {
        Some(taken) => Account::faithful(term).with(Cause::TakenForGpt, l * taken - 2 * term.macs as Amount),
        None if term.macs > 0 => Account::Uncounted(Cause::uncounted(term.role)),
        None => Account::faithful(term),
    }
}

fn times_tokens(term: &Term, stack: Stack, embeddings: bool) -> Account {
    if term.macs > 0 && term.parameters == 0 {
        return Account::Uncounted(Cause::uncounted(term.role));
    }
    if is_embedding(term) && !embeddings {
        return Account::faithful(term);
    }
    let value = 2 * term.parameters as Amount * Amount::from(stack.tokens);
    Account::faithful(term).with(Cause::ParametersTimesTokens, value - 2 * term.macs as Amount)
}
