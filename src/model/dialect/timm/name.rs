//! The parts of a timm model's name.

/// `vit_base_patch16_siglip_224.webli` -> stem `vit_base_patch16_siglip`, patch 16, image 224.
pub struct Name<'a> {
    /// Without the tag after the dot and the image size at the end.
    pub stem: &'a str,
    pub patch: Option<u64>,
    pub image: Option<u64>,
}

impl<'a> Name<'a> {
    pub fn of(model: &'a str) -> Name<'a> {
        let model = model.strip_prefix("timm/").unwrap_or(model);
        let (model, _tag) = model.split_once('.').unwrap_or((model, ""));
        let (stem, image) = match model.rsplit_once('_') {
            Some((stem, size)) if size.parse::<u64>().is_ok() => (stem, size.parse().ok()),
            _ => (model, None),
        };
        let patch = stem.split('_').find_map(|part| part.strip_prefix("patch")?.parse().ok());
        Name { stem, patch, image }
    }

    /// The stem without its patch size: the architecture.
    pub fn architecture(&self) -> String {
        let parts = self.stem.split('_').filter(|part| !part.starts_with("patch"));
        parts.collect::<Vec<_>>().join("_")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_taken_apart() {
        let name = Name::of("vit_base_patch16_siglip_224.webli");
        assert_eq!((name.stem, name.patch, name.image), ("vit_base_patch16_siglip", Some(16), Some(224)));
        assert_eq!(name.architecture(), "vit_base_siglip");
        let name = Name::of("timm/convnext_base");
        assert_eq!((name.stem, name.patch, name.image), ("convnext_base", None, None));
    }
}
