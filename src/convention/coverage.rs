//! Conventions that weigh each term by its role: the tools that look at a model's layers or
//! operators as they run.

use num_rational::BigRational;

use super::rule::{Rule, Site, Weight, Work};
use super::{Account, Cause, Scope, Subject};
use crate::model::spec::{
    Activation, ClipSpec, Encoder, Family, ImagePooling, NormPlacement, NormSpan, Stack, TextPooling,
};
use crate::model::terms::{Kind, Role, Term, Tower};
use crate::units::{Amount, Count};

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
    /// Towers beyond CLIP's own and EVA's that the rules are known to hold for.
    pub beyond: Beyond,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Beyond {
    /// Not even EVA's.
    ClipAlone,
    /// Not even EVA's, and of CLIP's own those alone whose activation is QuickGELU or GELU by its definition.
    ClipWithoutTanh,
    Nothing,
    /// timm's vision transformers, whose maps are all modules.
    Timm,
    /// These, and networks of the names that are listed.
    Networks(&'static [&'static str]),
    /// A tool that sees every product of every network.
    Everything,
}

impl Coverage {
    /// The counts of these scopes, for so many images and as many texts.
    pub fn counts<const N: usize>(&self, subject: &Subject, scopes: [Scope; N], batch: Count) -> [Option<Count>; N] {
        let mut counts = scopes.map(|scope| self.runs(subject.spec, scope).then_some(0));
        for term in subject.terms() {
            let weight = self.weight(subject.spec, term);
            let times = match term.role {
                // Every image with every text.
                Role::Logits => batch * batch,
                _ => weight.batched(batch),
            };
            let counted = times * self.weighed(subject.spec, term, weight);
            let joint = matches!(weight, Weight::JointWork(_));
            let runs = |scope: &Scope| scope.covers(term) && (!joint || *scope == Scope::Total);
            let covered = counts.iter_mut().zip(scopes).filter(|(_, scope)| runs(scope));
            covered.filter_map(|(count, _)| count.as_mut()).for_each(|count| *count += counted);
        }
        counts
    }

    fn runs(&self, spec: &ClipSpec, scope: Scope) -> bool {
        let known = Tower::ALL.into_iter().all(|tower| !scope.runs(tower) || self.holds_for(spec, tower));
        known && (!self.image_only || scope == Scope::IMAGE)
    }

    /// Is it known what the tool makes of this tower?
    fn holds_for(&self, spec: &ClipSpec, tower: Tower) -> bool {
        if !self.admits(spec, tower) {
            return false;
        }
        let (ordinary, timm) = match tower {
            Tower::Image => (ordinary_image(spec), spec.family() == Family::Timm),
            Tower::Text => (ordinary_text(spec), false),
            Tower::Multimodal => (spec.multimodal.is_none(), false),
        };
        ordinary
            || match self.beyond {
                Beyond::Everything => true,
                Beyond::Timm => timm,
                Beyond::Networks(names) => {
                    let known = spec.network().is_some_and(|network| names.contains(&network.name));
                    timm || (known && tower == Tower::Image)
                }
                Beyond::ClipAlone | Beyond::ClipWithoutTanh | Beyond::Nothing => false,
            }
    }

    /// Is this tower of CLIP's own kind, where the rules are for no other?
    fn admits(&self, spec: &ClipSpec, tower: Tower) -> bool {
        let without_tanh = || spec.stack(tower).is_none_or(|stack| stack.encoder.activation != Activation::GeluTanh);
        let own = tower != Tower::Image || spec.family() == Family::Clip;
        match self.beyond {
            Beyond::ClipAlone => own,
            Beyond::ClipWithoutTanh => own && without_tanh(),
            Beyond::Nothing | Beyond::Timm | Beyond::Networks(_) | Beyond::Everything => true,
        }
    }

    pub fn accounts(&self, subject: &Subject, scope: Scope) -> Vec<Account> {
        subject.terms().iter().map(|term| self.account(subject.spec, term, scope)).collect()
    }

    /// The part of the count that is a multiple of tokens x width^2 x layers, as that multiple.
    pub fn coefficient(&self, subject: &Subject, tower: Tower, stack: Stack) -> BigRational {
        let terms = subject.terms().iter().filter(|term| term.tower == Some(tower) && term.scales_with_width());
        let value: Count = terms.map(|term| self.value(subject.spec, term)).sum();
        let Stack { tokens, encoder } = stack;
        let width = Count::from(encoder.width);
        BigRational::new(value.into(), (Count::from(tokens) * width * width * Count::from(encoder.layers)).into())
    }

    /// What the table has for a role in a tower of this kind.
    pub fn weight_of(&self, site: Site, role: Role) -> Weight {
        let fits = |rule: &&Rule| rule.fits(site, role);
        self.rules.iter().find_map(|rules| rules.iter().find(fits)).map_or(Weight::Nothing, |rule| rule.weight)
    }

    fn weight(&self, spec: &ClipSpec, term: &Term) -> Weight {
        match self.weight_of(Site::of(spec, term.tower), term.role) {
            Weight::Gelu(each) => match activation(spec, term) {
                Some(Activation::Gelu | Activation::GeluTanh) => Weight::Elements(each),
                _ => Weight::Nothing,
            },
            Weight::Activations { gelu, quick } => match activation(spec, term) {
                Some(Activation::QuickGelu) => Weight::Elements(quick),
                Some(Activation::Gelu) => Weight::Elements(gelu),
                _ => Weight::Nothing,
            },
            weight => weight,
        }
    }

    /// What the tool counts for a term, straight from the table.
    fn value(&self, spec: &ClipSpec, term: &Term) -> Count {
        self.weighed(spec, term, self.weight(spec, term))
    }

    fn weighed(&self, spec: &ClipSpec, term: &Term, weight: Weight) -> Count {
        match weight {
            Weight::Nothing | Weight::Gelu(_) | Weight::Activations { .. } => 0,
            Weight::Macs(each) => each * term.macs,
            Weight::MacsTwice(each) => 2 * each * term.macs,
            Weight::MacsAndEarlier(each, earlier) => each * (earlier + 1) * term.macs,
            Weight::MultiplyAdds => 2 * term.macs - term.outputs(),
            Weight::MacsAndOutputs => term.macs + term.outputs(),
            Weight::TokenPairs(each) => each * term.row_pairs(),
            Weight::Work(work) | Weight::JointWork(work) => {
                self.work_of_size(spec, term, work) + work.execution * Count::from(term.times)
            }
            Weight::SoftmaxSteps => 3 * term.elements - term.rows(),
            Weight::Elements(each) => each * self.elements(spec, term),
            Weight::Parameters => term.parameters,
            Weight::ParametersEachToken => term.macs + learnt_rows(term.role) * self.elements(spec, term),
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
            _ if term.role == Role::Logits => match scope {
                Scope::Total => faithful.with(Cause::Logits, self.value(spec, term) as Amount),
                Scope::Tower(_) => faithful,
            },
            Weight::Nothing if term.macs > 0 && term.tower.is_some() => Account::Uncounted(Cause::uncounted(term.role)),
            Weight::Nothing | Weight::Gelu(_) | Weight::Activations { .. } => faithful,
            Weight::Macs(each) => faithful.with(Cause::MacOnce, (each as Amount - 2) * macs),
            Weight::MacsTwice(each) => {
                let each = each as Amount;
                faithful.with(Cause::MacOnce, (each - 2) * macs).with(Cause::SeenTwice, each * macs)
            }
            Weight::MacsAndEarlier(each, earlier) => {
                let (each, earlier) = (each as Amount, earlier as Amount);
                faithful.with(Cause::MacOnce, (each - 2) * macs).with(Cause::EarlierProfiles, each * earlier * macs)
            }
            Weight::MultiplyAdds => faithful.with(Cause::AddsOneFewer, -(term.outputs() as Amount)),
            Weight::MacsAndOutputs => faithful.with(Cause::MacOnce, term.outputs() as Amount - macs),
            Weight::TokenPairs(each) => {
                faithful.with(Cause::TokensForWidths, (each * term.row_pairs()) as Amount - 2 * macs)
            }
            Weight::JointWork(_) if scope != Scope::Total => faithful,
            Weight::Work(work) | Weight::JointWork(work) => {
                let single = work.execution * Count::from(term.times);
                self.sized_work(spec, term, &|rows, elements| work.row * rows + work.element * elements, faithful)
                    .with(Cause::SingleNumbers, single as Amount)
            }
            Weight::SoftmaxSteps => {
                faithful.with(Cause::element_work(term), (3 * term.elements - term.rows()) as Amount)
            }
            Weight::Elements(each) => self.element_work(spec, term, each, faithful),
            Weight::Parameters if matches!(term.role, Role::TokenEmbed | Role::Position) => {
                faithful.with(Cause::EmbeddingTables, term.parameters as Amount)
            }
            Weight::ParametersEachToken => self.each_token(spec, term, faithful),
            Weight::Parameters => {
                let each_token = self.each_token(spec, term, faithful);
                let fewer = term.parameters as Amount - each_token.value();
                each_token.with(Cause::WeightsOnce, fewer)
            }
        }
    }

    fn each_token(&self, spec: &ClipSpec, term: &Term, faithful: Account) -> Account {
        let once = faithful.with(Cause::MacOnce, -(term.macs as Amount));
        self.element_work(spec, term, learnt_rows(term.role), once)
    }

    fn element_work(&self, spec: &ClipSpec, term: &Term, each: Count, faithful: Account) -> Account {
        self.sized_work(spec, term, &|_, elements| each * elements, faithful)
    }

    /// Work that depends on rows and elements, of the last norm first that of one row.
    fn sized_work(
        &self,
        spec: &ClipSpec,
        term: &Term,
        cost: &dyn Fn(Count, Count) -> Count,
        faithful: Account,
    ) -> Account {
        let work = Cause::element_work(term);
        match self.final_norm(spec, term) {
            Some((rows, width)) => {
                let (all, one) = (cost(rows, rows * width) as Amount, cost(1, width) as Amount);
                faithful.with(work, one).with(Cause::FinalNormOnAllTokens, all - one)
            }
            None => faithful.with(work, cost(term.rows(), term.elements) as Amount),
        }
    }

    fn work_of_size(&self, spec: &ClipSpec, term: &Term, work: Work) -> Count {
        let rows = self.final_norm(spec, term).map_or(term.rows(), |(rows, _)| rows);
        work.row * rows + work.element * self.elements(spec, term)
    }

    /// Elements a term works on as this library runs it.
    fn elements(&self, spec: &ClipSpec, term: &Term) -> Count {
        self.final_norm(spec, term).map_or(term.elements, |(rows, width)| rows * width)
    }

    /// Rows and width of CLIP's last image norm as this library runs it, where the library
    /// chooses.
    fn final_norm(&self, spec: &ClipSpec, term: &Term) -> Option<(Count, Count)> {
        let tower = spec.vit()?;
        let its_choice = (term.tower, term.role) == (Some(Tower::Image), Role::LnPost)
            && tower.family == Family::Clip
            && tower.pooling == ImagePooling::ClassToken;
        let rows = match self.final_norm {
            NormSpan::AllTokens => Count::from(tower.tokens()),
            NormSpan::Pooled | NormSpan::None => 1,
        };
        its_choice.then_some((rows, Count::from(tower.encoder.width)))
    }
}

/// Is this tower one of CLIP's own kind?
pub fn of_clip(spec: &ClipSpec, tower: Tower) -> bool {
    match tower {
        Tower::Image => spec.family() == Family::Clip && ordinary_image(spec),
        Tower::Text => ordinary_text(spec),
        Tower::Multimodal => false,
    }
}

/// No image tower, or one of those that the tools were run on: CLIP's and EVA's.
fn ordinary_image(spec: &ClipSpec) -> bool {
    if spec.image.is_none() {
        return true;
    }
    spec.vit().is_some_and(|vit| {
        matches!(vit.family, Family::Clip | Family::Eva)
            && matches!(vit.pooling, ImagePooling::ClassToken | ImagePooling::AveragePatches)
            // Without a class token to pool by: what papers count that leave it out.
            && (vit.prefix == 1 || (vit.prefix == 0 && vit.pooling == ImagePooling::ClassToken))
            && ordinary_blocks(&vit.encoder)
    })
}

fn ordinary_text(spec: &ClipSpec) -> bool {
    spec.text.as_ref().is_none_or(|text| {
        text.embedding.segments == 0
            && text.transformed.is_none()
            && !matches!(text.pooling, TextPooling::Pooler | TextPooling::Attention(_))
            && text.encoder.norm != NormPlacement::AfterResidual
            && ordinary_blocks(&text.encoder)
    })
}

fn ordinary_blocks(encoder: &Encoder) -> bool {
    let Encoder { width, layers, heads, mlp_width, .. } = *encoder;
    let plain = Encoder::plain(width, layers, heads, mlp_width);
    let Encoder { activation, norm, qkv_bias, layer_scale, .. } = *encoder;
    *encoder == Encoder { activation, norm, qkv_bias, layer_scale, ..plain }
}

fn activation(spec: &ClipSpec, term: &Term) -> Option<Activation> {
    Some(spec.stack(term.tower?)?.encoder.activation)
}

/// Learnt numbers that an element-wise operation has for each element of a row: a layer norm its
/// scale and its shift, a bias itself.
fn learnt_rows(role: Role) -> Count {
    match role.describe().1 {
        Kind::LayerNorm => 2,
        _ if role.is_bias() => 1,
        _ => 0,
    }
}

impl Term {
    /// Is its work a multiple of tokens x width^2 in every layer?
    pub fn scales_with_width(&self) -> bool {
        matches!(self.role, Role::Qkv | Role::Out | Role::Fc1 | Role::Fc2) && self.in_blocks()
    }
}
