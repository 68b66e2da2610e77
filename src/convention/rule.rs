//! The lines of a coverage table: which terms, and what a tool counts for them.

use std::fmt;

use crate::model::ClipSpec;
use crate::model::spec::{Family, Projection, TextTower};
use crate::model::terms::{Role, Tower};
use crate::units::Count;

/// What a tool counts for a term.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Weight {
    Nothing,
    /// So many for each multiply-accumulate.
    Macs(Count),
    /// So many for each multiply-accumulate, and the same again: the tool meets the product at
    /// two levels.
    MacsTwice(Count),
    /// So many for each multiply-accumulate, and as many again for each of so many earlier profiles.
    MacsAndEarlier(Count, Count),
    /// k multiplications and k - 1 additions for each sum of k products.
    MultiplyAdds,
    /// One for each multiply-accumulate, and one for each number of the result.
    MacsAndOutputs,
    /// So many for each pair of tokens: the tool takes the length of a sequence for the widths of a
    /// linear layer.
    TokenPairs(Count),
    /// So many for each element, for each row and for each execution, whatever its size.
    Work(Work),
    /// The same of what is run only where both towers are.
    JointWork(Work),
    /// n exponentials, n - 1 additions and n divisions for each row of n.
    SoftmaxSteps,
    /// So many for each element.
    Elements(Count),
    /// So many for each element where the activation is one library function, as GELU is.
    /// QuickGELU is a product and a sigmoid, which no tool counts.
    Gelu(Count),
    /// So many for each element of a GELU by its definition, and so many of a QuickGELU.
    Activations {
        gelu: Count,
        quick: Count,
    },
    /// Its learnt numbers once, however many tokens they meet.
    Parameters,
    /// Its learnt numbers once for each token, however many examples a batch has: the first
    /// dimension of the output, which is the sequence.
    ParametersEachToken,
}

/// Element-wise work: so many for each element, for each row, and for each execution whatever its size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Work {
    pub element: Count,
    pub row: Count,
    pub execution: Count,
}

impl fmt::Display for Work {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Work { element, row, execution } = *self;
        let parts = [(element, "element"), (row, "row"), (execution, "execution")];
        let said =
            parts.into_iter().filter(|(each, _)| *each > 0).map(|(each, what)| format!("{each} for each {what}"));
        f.write_str(&said.collect::<Vec<_>>().join(", "))
    }
}

impl Weight {
    /// What a batch multiplies the count by.
    pub fn batched(self, batch: Count) -> Count {
        match self {
            Weight::ParametersEachToken => 1,
            _ => batch,
        }
    }
}

/// What is counted, in words.
impl fmt::Display for Weight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Weight::Nothing => f.write_str("nothing"),
            Weight::Macs(each) => write!(f, "{each} for each multiply-accumulate"),
            Weight::MacsTwice(each) => write!(f, "{each} for each multiply-accumulate, met twice"),
            Weight::MacsAndEarlier(each, earlier) => {
                write!(f, "{each} for each multiply-accumulate, {} times over", earlier + 1)
            }
            Weight::MultiplyAdds => f.write_str("k multiplications and k - 1 additions for each sum of k products"),
            Weight::MacsAndOutputs => f.write_str("1 for each multiply-accumulate and each number of the result"),
            Weight::TokenPairs(each) => write!(f, "{each} for each pair of tokens, whatever the widths"),
            Weight::Work(work) => work.fmt(f),
            Weight::JointWork(work) => write!(f, "{work}, where both towers are run"),
            Weight::SoftmaxSteps => f.write_str("3n - 1 for each row of n"),
            Weight::Elements(each) => write!(f, "{each} for each element"),
            Weight::Gelu(each) => write!(f, "{each} for each element of a GELU, 0 of a QuickGELU"),
            Weight::Activations { gelu, quick } => {
                write!(f, "{quick} for each element of a QuickGELU, {gelu} of a GELU")
            }
            Weight::Parameters => f.write_str("1 for each learnt number"),
            Weight::ParametersEachToken => f.write_str("1 for each learnt number and token, whatever the batch"),
        }
    }
}

/// Terms a rule is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Where {
    Anywhere,
    Text,
    /// The image tower, of whatever family.
    AnyImage,
    /// The image tower, if it is of this family.
    Image(Family),
    /// The image tower, if it is this network.
    Network(&'static str),
    /// Towers whose attention torch runs as one native operator where it evaluates without gradients.
    FastPath,
    /// Towers whose final projection is a linear module.
    LinearProjection,
    /// Those of them whose module adds a bias.
    BiasedProjection,
}

/// A set of roles, as the bits of a word: every term of a model is looked up in every table.
#[derive(Debug, Clone, Copy)]
pub struct Roles(u64);

impl Roles {
    pub const fn of(roles: &[Role]) -> Roles {
        let (mut bits, mut place) = (0, 0);
        while place < roles.len() {
            bits |= 1 << roles[place] as u32;
            place += 1;
        }
        Roles(bits)
    }

    const fn contains(self, role: Role) -> bool {
        self.0 & (1 << role as u32) != 0
    }
}

// A role beyond the word's bits would be another one's.
const _: () = assert!(Role::ALL.len() <= u64::BITS as usize);

/// What of a term's tower the rules ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Site {
    /// None for what joins the towers.
    pub tower: Option<Tower>,
    /// Code with which image towers are run.
    pub family: Family,
    /// The architecture of an image tower that is no vision transformer.
    pub network: Option<&'static str>,
    pub fast_path: bool,
    pub linear_projection: bool,
    pub biased_projection: bool,
}

impl Site {
    pub const JOIN: Site = Site {
        tower: None,
        family: Family::Clip,
        network: None,
        fast_path: false,
        linear_projection: false,
        biased_projection: false,
    };
    /// CLIP's own text tower, as most files have it: masked, its projection a parameter.
    pub const TEXT: Site = Site { tower: Some(Tower::Text), ..Site::JOIN };

    /// An image tower of this family, with an even number of heads.
    pub const fn image(family: Family) -> Site {
        let own = matches!(family, Family::Clip);
        Site {
            tower: Some(Tower::Image),
            family,
            network: None,
            fast_path: own,
            linear_projection: !own,
            biased_projection: matches!(family, Family::Eva),
        }
    }

    /// A term's tower, where the model is run by CLIP's own code or, its image tower, by timm's.
    pub fn of(spec: &ClipSpec, tower: Option<Tower>) -> Site {
        match tower {
            None | Some(Tower::Multimodal) => Site { tower, ..Site::JOIN },
            Some(Tower::Image) => {
                let ordinary = Site::image(spec.family());
                let even = spec.vit().is_some_and(|vit| vit.encoder.heads.is_multiple_of(2));
                let biased = spec.vit().is_some_and(|vit| vit.projection == BIASED);
                Site {
                    network: spec.network().map(|network| network.name),
                    fast_path: ordinary.fast_path && even,
                    biased_projection: ordinary.linear_projection && biased,
                    ..ordinary
                }
            }
            Some(Tower::Text) => spec.text.as_ref().map_or(Site::TEXT, Site::text),
        }
    }
}

impl Site {
    fn text(text: &TextTower) -> Site {
        // A mask of numbers keeps attention off the fast path, and so does an odd number of heads.
        let masked = text.causal || text.class_token;
        // Without a bias the projection is a parameter.
        let module = text.projection == BIASED;
        Site {
            fast_path: !masked && text.encoder.heads.is_multiple_of(2),
            linear_projection: module,
            biased_projection: module,
            ..Site::TEXT
        }
    }
}

const BIASED: Projection = Projection::Linear { bias: true };

/// A line of a coverage table.
#[derive(Debug)]
pub struct Rule {
    pub place: Where,
    pub roles: Roles,
    pub weight: Weight,
}

impl Rule {
    /// Is it about this role in a tower of this kind?
    pub fn fits(&self, site: Site, role: Role) -> bool {
        if !self.roles.contains(role) {
            return false;
        }
        match self.place {
            Where::Anywhere => true,
            Where::Text => site.tower == Some(Tower::Text),
            Where::AnyImage => site.tower == Some(Tower::Image),
            Where::Image(own) => site.tower == Some(Tower::Image) && site.family == own,
            Where::Network(name) => site.network == Some(name),
            Where::FastPath => site.fast_path,
            Where::LinearProjection => site.linear_projection,
            Where::BiasedProjection => site.biased_projection,
        }
    }
}
