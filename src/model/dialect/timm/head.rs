//! How open_clip ends a timm tower: `timm_pool` and `timm_proj`.

use crate::model::json::Keys;
use crate::model::spec::Projection;
use crate::{Error, Result};

pub struct Head {
    pub pool: Pool,
    /// Attention over a grid of positions in place of the network's pooling.
    pub attention: Option<Grid>,
    pub projection: Projection,
    pub embed_dim: u64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Pool {
    /// The network's own.
    Default,
    Average,
    ClassToken,
    /// Attention of a learnt query.
    Map,
}

/// How attention over a grid of positions tells them apart.
#[derive(Clone, Copy)]
pub enum Grid {
    Learnt,
    Rotary,
}

impl Head {
    pub fn read(keys: Keys, embed_dim: u64) -> Result<Head> {
        let (pool, attention) = match keys.text("timm_pool")? {
            Some("") => (Pool::Default, None),
            None | Some("avg") => (Pool::Average, None),
            Some("token") => (Pool::ClassToken, None),
            Some("map") => (Pool::Map, None),
            Some("abs_attn") => (Pool::Default, Some(Grid::Learnt)),
            Some("rot_attn") => (Pool::Default, Some(Grid::Rotary)),
            Some(other) => {
                return Err(keys
                    .bad("timm_pool", format!("{other:?} is not supported"))
                    .remedy("give \"\", \"avg\", \"token\", \"map\", \"abs_attn\" or \"rot_attn\""));
            }
        };
        let bias = keys.flag("timm_proj_bias", false)?;
        let written = keys.written("timm_proj");
        let projection = match keys.text("timm_proj")? {
            None | Some("") if written && attention.is_some() => Projection::None,
            // The network's own classifier, with its bias, is the map into the embedding space.
            None | Some("") if written && pool == Pool::Default => return Err(unpooled(&keys)),
            None | Some("") if written => Projection::Linear { bias: true },
            None | Some("linear") => Projection::Linear { bias },
            Some("none") => Projection::None,
            Some("mlp") => Projection::Mlp { width: 2 * embed_dim, biases: [true, bias], norm: false },
            Some(other) => {
                return Err(keys
                    .bad("timm_proj", format!("{other:?} is not supported"))
                    .remedy("give null, \"none\", \"linear\" or \"mlp\""));
            }
        };
        Ok(Head { pool, attention, projection, embed_dim })
    }

    /// Refuses any pooling but the mean of all positions, for a network that has no other.
    pub fn mean_only(&self, keys: &Keys) -> Result<()> {
        match self.pool {
            Pool::Default | Pool::Average => Ok(()),
            Pool::ClassToken | Pool::Map => Err(keys
                .bad("timm_pool", "this network pools by the mean of all positions only")
                .remedy("give \"\" or \"avg\"")),
        }
    }
}

fn unpooled(keys: &Keys) -> Error {
    keys.bad("timm_pool", "with no timm_proj, \"\" pools nothing: every position would be an embedding")
        .remedy("give timm_pool \"avg\" or \"token\", or timm_proj \"linear\"")
}
