//! GroupViT: stages of blocks over patches and group tokens; after a stage, the patches are
//! gathered into its groups.

use crate::model::listing::Listing;
use crate::model::spec::{Encoder, Network, Projection, Size};
use crate::model::terms::{Role, Tower};
use crate::model::towers::{self, Sequence};

pub struct GroupVit {
    /// Whole patches of the image, each so large.
    pub grid: Size,
    pub patch: Size,
    pub channels: u64,
    /// Blocks of all stages; their number is each stage's own.
    pub encoder: Encoder,
    pub stages: Vec<Stage>,
    /// Widths of the MLPs of the groups: across the group tokens, and across their channels.
    pub assign_widths: [u64; 2],
}

#[derive(Clone, Copy)]
pub struct Stage {
    pub depth: u64,
    /// 0 where the stage gathers nothing.
    pub group_tokens: u64,
    pub groups: u64,
}

pub fn tower(net: &GroupVit, projection: Projection, embed_dim: u64) -> Network {
    let mut list = Listing::new(Tower::Image);
    let (patches, width) = (net.grid.area(), net.encoder.width);
    list.product(Role::PatchEmbed, (patches, width, net.channels * net.patch.area()), 1);
    list.elements(Role::PatchBias, (patches, width), 1);
    list.elements(Role::LnPre, (patches, width), 1);
    list.learnt(Role::Position, (patches, width), 1, patches * width);
    let mut tokens = patches;
    let mut before = 0;
    for (index, stage) in net.stages.iter().enumerate() {
        list.under(&format!("stages.{index}"), |list| {
            if stage.group_tokens > 0 {
                group_tokens(list, stage.group_tokens, before, width);
            }
            let encoder = Encoder { layers: stage.depth, ..net.encoder.clone() };
            towers::blocks(list, &encoder, Sequence::of(tokens + stage.group_tokens));
            if stage.group_tokens > 0 {
                list.under("gather", |list| gather(list, net, *stage, tokens));
                tokens = stage.groups;
            }
        });
        before = stage.groups;
    }
    list.elements(Role::LnPost, (tokens, width), 1);
    list.elements(Role::Pool, (tokens, width), 1);
    towers::embed(&mut list, projection, width, embed_dim);
    Network::new("GroupViT", list.into_terms())
}

/// Learnt tokens, and what a map of the stage before's makes of those.
fn group_tokens(list: &mut Listing, tokens: u64, before: u64, width: u64) {
    list.learnt_at("group_tokens", Role::ClassToken, (tokens, width), 1, tokens * width);
    if before > 0 {
        list.elements_at("group_tokens.norm", Role::Norm, (before, width), 1);
        mlp(list, "group_tokens.mlp", width, [before, width / 2, tokens]);
        list.elements_at("group_tokens.residual", Role::Residual, (tokens, width), 1);
    }
}

/// Group tokens become groups, look at the tokens, and each token's values go to one group.
fn gather(list: &mut Listing, net: &GroupVit, stage: Stage, tokens: u64) {
    let Stage { group_tokens, groups, .. } = stage;
    let width = net.encoder.width;
    let all = (groups, width);
    let [across_tokens, across_channels] = net.assign_widths;
    list.elements_at("norm_groups", Role::Norm, (group_tokens, width), 1);
    list.elements_at("norm_tokens", Role::Norm, (tokens, width), 1);
    mlp(list, "groups", width, [group_tokens, across_tokens, groups]);
    let once = Encoder { layers: 1, ..net.encoder.clone() };
    towers::attention(list, &once, Sequence { keys: Some(tokens), ..Sequence::of(groups) });
    towers::mlp(list, &once, groups);
    list.elements_at("norm_attended", Role::Norm, all, 1);
    assign(list, groups, tokens, width);
    list.elements_at("norm_new", Role::Norm, all, 1);
    mlp(list, "channels", groups, [width, across_channels, width]);
    list.elements_at("channels.residual", Role::Residual, all, 1);
}

/// Attention with one head, whose weights are a choice: a softmax for each token over the groups,
/// and once more for its gradient.
fn assign(list: &mut Listing, groups: u64, tokens: u64, width: u64) {
    let scores = (tokens, groups);
    list.product_at("assign.q", Role::Qkv, (groups, width, width), 1);
    list.elements_at("assign.q.bias", Role::QkvBias, (groups, width), 1);
    list.product_at("assign.kv", Role::Qkv, (tokens, 2 * width, width), 1);
    list.elements_at("assign.kv.bias", Role::QkvBias, (tokens, 2 * width), 1);
    list.product_at("assign.qk", Role::Scores, (groups, tokens, width), 1);
    list.elements_at("assign.scale", Role::AttnScale, scores, 1);
    list.elements_at("assign.softmax", Role::Softmax, scores, 2);
    list.elements_at("assign.share", Role::AttnScale, scores, 1);
    list.product_at("assign.av", Role::Values, (groups, width, tokens), 1);
    list.product_at("assign.out", Role::Out, (groups, width, width), 1);
    list.elements_at("assign.out.bias", Role::OutBias, (groups, width), 1);
    list.elements_at("assign.residual", Role::Residual, (groups, width), 1);
}

fn mlp(list: &mut Listing, path: &str, rows: u64, [inputs, between, outputs]: [u64; 3]) {
    let name = |end: &str| format!("{path}.{end}");
    list.product_at(&name("fc1"), Role::Fc1, (rows, between, inputs), 1);
    list.elements_at(&name("fc1.bias"), Role::Fc1Bias, (rows, between), 1);
    list.elements_at(&name("act"), Role::Act, (rows, between), 1);
    list.product_at(&name("fc2"), Role::Fc2, (rows, outputs, between), 1);
    list.elements_at(&name("fc2.bias"), Role::Fc2Bias, (rows, outputs), 1);
}
