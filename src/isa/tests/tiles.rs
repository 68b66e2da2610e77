use super::super::{TileConfig, tile_product};
use super::decode_hex;

// The operands are tmm1 (destination), tmm2 and tmm3 (factors).
const TDPBF16PS: &str = "c4 e2 62 5c ca";
const TDPFP16PS: &str = "c4 e2 63 5c ca";
const TCMMRLFP16PS: &str = "c4 e2 60 6c ca";
const TCMMIMFP16PS: &str = "c4 e2 61 6c ca";
const TDPBSSD: &str = "c4 e2 63 5e ca";

/// A configuration with (rows, bytes a row) for tmm1, tmm2 and tmm3.
fn config(palette: u8, shapes: [(u8, u16); 3]) -> TileConfig {
    let mut bytes = [0; TileConfig::BYTES];
    bytes[0] = palette;
    for (tile, (rows, colsb)) in (1..).zip(shapes) {
        bytes[48 + tile] = rows;
        bytes[16 + 2 * tile..][..2].copy_from_slice(&colsb.to_le_bytes());
    }
    TileConfig::parse(&bytes)
}

fn product(hex: &str, tiles: &TileConfig) -> Option<u64> {
    tile_product(&decode_hex(hex), tiles)
}

#[test]
fn full_tiles() {
    // 16 rows of 16 results, each the sum of 32 products.
    let tiles = config(1, [(16, 64); 3]);
    for hex in [TDPBF16PS, TDPFP16PS, TCMMRLFP16PS, TCMMIMFP16PS] {
        assert_eq!(product(hex, &tiles), Some(16 * 16 * 32), "{hex}");
    }
}

#[test]
fn edge_tiles() {
    // C is 5 x 3 results, A 5 rows of 7 pairs, B 7 rows of 3 pairs.
    let tiles = config(1, [(5, 12), (5, 28), (7, 12)]);
    assert_eq!(product(TDPBF16PS, &tiles), Some(5 * 3 * 14));
}

#[test]
fn no_palette_no_product() {
    assert_eq!(product(TDPBF16PS, &config(0, [(16, 64); 3])), Some(0));
}

#[test]
fn other_instructions_are_no_products() {
    let tiles = config(1, [(16, 64); 3]);
    assert_eq!(product(TDPBSSD, &tiles), None);
    assert_eq!(product("0f 58 c1", &tiles), None);
}
