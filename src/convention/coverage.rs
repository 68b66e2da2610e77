//! Conventions that weigh each term by its role: the tools that look at a model's layers or
//! operators as they run.

use num_rational::BigRational;

use super::{Account, Cause, Scope, Subject};
use crate::model::spec::{ClipSpec, Family, ImagePooling, NormSpan};
use crate::model::terms::{Role, Term, Tower};
use crate::units::{Amount, Count};

/// What a tool counts for a term.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weight {
    Nothing,
    /// So many for each multiply-accumulate.
    Macs(Count),
    /// k multiplications and k - 1 additions for each sum of k products.
    MultiplyAdds,
    /// So many for each element.
    Elements(Count),
}

/// Terms a rule is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Where {
    Anywhere,
    Text,
    /// The image tower, if it is of this family.
    Image(Family),
}

/// A line of a coverage table.
#[derive(Debug)]
pub struct Rule {
    pub place: Where,
    pub roles: &'static [Role],
    pub weight: Weight,
}

/// A tool's coverage of the terms in one setting. The first rule that fits a term holds; a term
/// that none fits counts nothing.
#[derive(Debug)]
pub struct Coverage {
    pub rules: &'static [&'static [Rule]],
    /// Where the library run under the tool has CLIP's last layer norm when it pools by the class
    /// token: on all tokens and on that token alone come to the same, so each library chooses.
    pub final_norm: NormSpan,
    /// Some tools run a model on a single image input only.
    pub image_only: bool,
}

impl Coverage {
    pub fn count(&self, subject: &Subject, scope: Scope) -> Option<Count> {
        if self.image_only && scope != Scope::IMAGE {
            return None;
        }
        let terms = subject.terms().iter().filter(|term| scope.covers(term));
        Some(terms.map(|term| self.value(subject.spec, term)).sum())
    }

    pub fn accounts(&self, subject: &Subject, scope: Scope) -> Vec<Account> {
        subject.terms().iter().map(|term| self.account(subject.spec, term, scope)).collect()
    }

    /// The part of the count that is a multiple of tokens x width^2 x layers, as that multiple.
    pub fn coefficient(&self, subject: &Subject, tower: Tower) -> BigRational {
        let terms = subject.terms().iter().filter(|term| term.tower == Some(tower) && term.role.scales_with_width());
        let value: Count = terms.map(|term| self.value(subject.spec, term)).sum();
        let (encoder, tokens) = match tower {
            Tower::Image => (&subject.spec.image.encoder, subject.spec.image.tokens()),
            Tower::Text => (&subject.spec.text.encoder, subject.spec.text.context),
        };
        let width = Count::from(encoder.width);
        BigRational::new(value.into(), (Count::from(tokens) * width * width * Count::from(encoder.layers)).into())
    }

    fn weight(&self, spec: &ClipSpec, term: &Term) -> Weight {
        let fits = |rule: &&Rule| {
            let place = match rule.place {
                Where::Anywhere => true,
                Where::Text => term.tower == Some(Tower::Text),
                Where::Image(family) => term.tower == Some(Tower::Image) && spec.image.family == family,
            };
            place && rule.roles.contains(&term.role)
        };
        self.rules.iter().flat_map(|rules| rules.iter()).find(fits).map_or(Weight::Nothing, |rule| rule.weight)
    }

    /// What the tool counts for a term, straight from the table.
    fn value(&self, spec: &ClipSpec, term: &Term) -> Count {
        match self.weight(spec, term) {
            Weight::Nothing => 0,
            Weight::Macs(each) => each * term.macs,
            Weight::MultiplyAdds => 2 * term.macs - term.outputs(),
            Weight::Elements(each) => match self.final_norm_rows(spec, term) {
                Some(rows) => each * rows * Count::from(spec.image.encoder.width),
                None => each * term.elements,
            },
        }
    }

    /// How the tool comes from a term's true FLOPs to its value.
    fn account(&self, spec: &ClipSpec, term: &Term, scope: Scope) -> Account {
        if let Some(account) = Account::out_of_scope(term, scope) {
            return account;
        }
        let macs = term.macs as Amount;
        let faithful = Account::faithful(term);
        match self.weight(spec, term) {
            Weight::Macs(each) if term.role == Role::Logits => match scope {
                Scope::Total => faithful.with(Cause::Logits, each as Amount * macs),
                Scope::Tower(_) => faithful,
            },
            Weight::Nothing if term.macs > 0 && term.tower.is_some() => Account::Uncounted(Cause::uncounted(term.role)),
            Weight::Nothing => faithful,
            Weight::Macs(each) => faithful.with(Cause::MacOnce, (each as Amount - 2) * macs),
            Weight::MultiplyAdds => faithful.with(Cause::AddsOneFewer, -(term.outputs() as Amount)),
            Weight::Elements(each) => self.element_work(spec, term, each as Amount, faithful),
        }
    }

    fn element_work(&self, spec: &ClipSpec, term: &Term, each: Amount, faithful: Account) -> Account {
        let work = Cause::ElementWork(term.kind);
        match self.final_norm_rows(spec, term) {
            Some(rows) => {
                let one = each * spec.image.encoder.width as Amount;
                let others = (rows as Amount - 1) * one;
                faithful.with(work, one).with(Cause::FinalNormOnAllTokens, others)
            }
            None => faithful.with(work, each * term.elements as Amount),
        }
    }

    /// Rows of CLIP's last image norm as this library runs it, where the library chooses.
    fn final_norm_rows(&self, spec: &ClipSpec, term: &Term) -> Option<Count> {
        let tower = &spec.image;
        let its_choice = (term.tower, term.role) == (Some(Tower::Image), Role::LnPost)
            && tower.family == Family::Clip
            && tower.pooling == ImagePooling::ClassToken;
        its_choice.then(|| match self.final_norm {
            NormSpan::AllTokens => Count::from(tower.tokens()),
            NormSpan::Pooled => 1,
        })
    }
}

impl Role {
    /// Is the term's work a multiple of tokens x width^2 in every layer?
    pub fn scales_with_width(self) -> bool {
        matches!(self, Role::Qkv | Role::Out | Role::Fc1 | Role::Fc2)
    }
}
