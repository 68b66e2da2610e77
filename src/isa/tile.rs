//! AMX: the size of a tile product, which the tile configuration decides at execution.

use iced_x86::{Instruction, Register};

use super::{Kind, classify};

/// The shapes of the eight tile registers, as `ldtilecfg` loads and XSAVE component 17 keeps them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TileConfig {
    rows: [u8; TileConfig::TILES],
    /// Bytes a row.
    colsb: [u16; TileConfig::TILES],
}

impl TileConfig {
    pub const BYTES: usize = 64;
    const TILES: usize = 8;
    const COLSB_OFFSET: usize = 16;
    const ROWS_OFFSET: usize = 48;

    /// Byte 0 is the palette; from byte 16, two bytes a tile, the bytes of a row; from byte 48,
    /// one byte a tile, its rows. Palette 0 means that no tile is configured: all shapes are 0.
    pub fn parse(bytes: &[u8; TileConfig::BYTES]) -> TileConfig {
        if bytes[0] == 0 {
            return TileConfig { rows: [0; Self::TILES], colsb: [0; Self::TILES] };
        }
        TileConfig {
            rows: std::array::from_fn(|tile| bytes[Self::ROWS_OFFSET + tile]),
            colsb: std::array::from_fn(|tile| {
                let at = Self::COLSB_OFFSET + 2 * tile;
                u16::from_le_bytes([bytes[at], bytes[at + 1]])
            }),
        }
    }

    fn rows(&self, tile: Register) -> u64 {
        self.rows.get(tile.number()).copied().unwrap_or(0).into()
    }

    /// Rows are made of 32-bit words: results, or pairs of 16-bit factors.
    fn words(&self, tile: Register) -> u64 {
        u64::from(self.colsb.get(tile.number()).copied().unwrap_or(0) / 4)
    }
}

/// The lanes of a floating-point tile product: M x N x K, where the destination has M rows of N
/// results and the first source has rows of K 16-bit elements. None for any other instruction.
pub fn tile_product(instruction: &Instruction, tiles: &TileConfig) -> Option<u64> {
    if classify(instruction)?.class.kind != Kind::Tile {
        return None;
    }
    let (destination, source) = (instruction.op0_register(), instruction.op1_register());
    Some(tiles.rows(destination) * tiles.words(destination) * 2 * tiles.words(source))
}
