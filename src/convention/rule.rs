//! The lines of a coverage table: which terms, and what a tool counts for them.

use std::fmt;

use crate::model::spec::Family;
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
    /// k multiplications and k - 1 additions for each sum of k products.
    MultiplyAdds,
    /// So many for each element.
    Elements(Count),
    /// So many for each element where the activation is one library function, as GELU is.
    /// QuickGELU is a product and a sigmoid, which no tool counts.
    Gelu(Count),
    /// Its learnt numbers once, however many tokens they meet.
    Parameters,
    /// Its learnt numbers once for each token, however many examples a batch has: the first
    /// dimension of the output, which is the sequence.
    ParametersEachToken,
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
            Weight::MultiplyAdds => f.write_str("k multiplications and k - 1 additions for each sum of k products"),
            Weight::Elements(each) => write!(f, "{each} for each element"),
            Weight::Gelu(each) => write!(f, "{each} for each element of a GELU, 0 of a QuickGELU"),
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

/// A line of a coverage table.
#[derive(Debug)]
pub struct Rule {
    pub place: Where,
    pub roles: Roles,
    pub weight: Weight,
}

impl Rule {
    /// Is it about this role in this tower, where image towers are of this family?
    pub fn fits(&self, tower: Option<Tower>, family: Family, role: Role) -> bool {
        if !self.roles.contains(role) {
            return false;
        }
        match self.place {
            Where::Anywhere => true,
            Where::Text => tower == Some(Tower::Text),
            Where::AnyImage => tower == Some(Tower::Image),
            Where::Image(own) => tower == Some(Tower::Image) && family == own,
        }
    }
}
