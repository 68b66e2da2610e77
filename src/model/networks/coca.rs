//! CoCa's multimodal decoder: blocks of the text, each followed by one whose queries are the
//! text's and whose keys and values are the image's.

use crate::model::listing::Listing;
use crate::model::spec::{Encoder, Network};
use crate::model::terms::{Role, Tower};
use crate::model::towers::{Sequence, attention, blocks, mlp};

/// Tokens that meet in the decoder.
#[derive(Clone, Copy)]
pub struct Tokens {
    pub text: u64,
    pub image: u64,
}

/// Every token of the text ends in a score for each word.
pub fn decoder(encoder: &Encoder, tokens: Tokens, vocab: u64) -> Network {
    let mut list = Listing::new(Tower::Multimodal);
    let (text, width) = (tokens.text, encoder.width);
    blocks(&mut list, encoder, Sequence { masked: true, ..Sequence::of(text) });
    cross(&mut list, encoder, tokens);
    list.elements(Role::LnPost, (text, width), 1);
    list.product(Role::Proj, (text, vocab, width), 1);
    Network::new("CoCa's decoder", list.into_terms())
}

/// As many blocks again, whose keys and values come from the image.
fn cross(list: &mut Listing, encoder: &Encoder, tokens: Tokens) {
    list.under("cross", |list| {
        let (width, layers) = (encoder.width, encoder.layers);
        // Once as keys and once as values.
        list.elements_at("blocks.ln_1_kv", Role::Norm, (2 * tokens.image, width), layers);
        attention(list, encoder, Sequence { keys: Some(tokens.image), ..Sequence::of(tokens.text) });
        mlp(list, encoder, tokens.text);
    });
}
