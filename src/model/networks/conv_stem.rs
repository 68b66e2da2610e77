//! MobileCLIP's base tower: a vision transformer whose patches three convolutions embed.

use crate::model::listing::Listing;
use crate::model::spec::{Network, Size, Vit};
use crate::model::terms::{Role, Tower};
use crate::model::towers;

/// The tower with its patch embedding replaced.
pub fn before(vit: &Vit, embed_dim: u64) -> Network {
    let mut list = Listing::new(Tower::Image);
    let width = vit.encoder.width;
    let channels = width / 4;
    let Size { height, width: across } = vit.image;
    let quarter = Size { height: height / 4, width: across / 4 };
    let eighth = Size { height: quarter.height / 2, width: quarter.width / 2 };
    convolution(&mut list, "patch_embed.conv1", (3, channels, 4), quarter, Role::PatchEmbed);
    convolution(&mut list, "patch_embed.conv2", (channels, channels, 2), eighth, Role::Conv);
    // The last one has a bias in place of a norm and an activation.
    list.product_at("patch_embed.conv3", Role::Conv, (vit.patches(), width, channels * 4), 1);
    list.elements_at("patch_embed.conv3.bias", Role::ConvBias, (vit.patches(), width), 1);
    let mut terms = list.into_terms();
    let embedding = [Role::PatchEmbed, Role::PatchBias];
    terms.extend(towers::vit(vit, embed_dim).into_iter().filter(|term| !embedding.contains(&term.role)));
    Network::new("ViT after three convolutions", terms)
}

fn convolution(list: &mut Listing, path: &str, (inputs, outputs, kernel): (u64, u64, u64), at: Size, role: Role) {
    list.product_at(path, role, (at.area(), outputs, inputs * kernel * kernel), 1);
    list.elements_at(&format!("{path}.norm"), Role::BatchNorm, (at.area(), outputs), 1);
    list.elements_at(&format!("{path}.act"), Role::Act, (at.area(), outputs), 1);
}
