//! How open_clip ends a timm tower: `timm_pool` and `timm_proj`.

use crate::Result;
use crate::model::json::Keys;
use crate::model::spec::Projection;

pub struct Head {
    pub pool: Pool,
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

impl Head {
    pub fn read(keys: Keys, embed_dim: u64) -> Result<Head> {
        let pool = match keys.text("timm_pool")? {
            Some("") => Pool::Default,
            None | Some("avg") => Pool::Average,
            Some("token") => Pool::ClassToken,
            Some("map") => Pool::Map,
            Some(other) => {
                return Err(keys
                    .bad("timm_pool", format!("{other:?} is not supported"))
                    .remedy("give \"\", \"avg\", \"token\" or \"map\""));
            }
        };
        let bias = keys.flag("timm_proj_bias", false)?;
        let written = keys.map().is_some_and(|map| map.contains_key("timm_proj"));
        let projection = match keys.text("timm_proj")? {
            // The network's own classifier, with its bias, is the map into the embedding space.
            None if written => Projection::Linear { bias: true },
            Some("") => Projection::Linear { bias: true },
            None | Some("linear") => Projection::Linear { bias },
            Some("none") => Projection::None,
            Some("mlp") => Projection::Mlp { width: 2 * embed_dim, biases: [true, bias] },
            Some(other) => {
                return Err(keys
                    .bad("timm_proj", format!("{other:?} is not supported"))
                    .remedy("give null, \"none\", \"linear\" or \"mlp\""));
            }
        };
        Ok(Head { pool, projection, embed_dim })
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
