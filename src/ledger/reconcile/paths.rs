//! The one vocabulary of places: terms, operators and regions of the same work share a path.

/// The term that a region or operator belongs to: `image/block.3/attn.qkv` is
/// `image.blocks.attn.qkv`.
pub fn term_path(region: &str) -> String {
    let names = region.split('/').map(|name| match name.strip_prefix("block.") {
        Some(number) if !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()) => "blocks",
        _ => name,
    });
    names.collect::<Vec<_>>().join(".")
}

#[cfg(test)]
mod tests {
    use super::term_path;

    #[test]
    fn blocks_lose_their_number() {
        assert_eq!(term_path("image/block.13/attn.qkv"), "image.blocks.attn.qkv");
        assert_eq!(term_path("text/ln_post"), "text.ln_post");
        assert_eq!(term_path("image/block.x"), "image.block.x");
    }
}
