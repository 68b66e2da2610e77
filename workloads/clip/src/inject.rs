//! Work that no cause explains, on request: a ledger that leads to it must show it as residual.

use std::arch::asm;

use flopledger::{Error, Result};

/// Additions to execute in a region, or `outside` all of them.
#[derive(Debug, Clone)]
pub struct Injection {
    place: String,
    flops: u32,
}

const OUTSIDE: &str = "outside";

impl Injection {
    /// `image/block.0/attn.qkv:1000`
    pub fn parse(text: &str) -> Result<Self> {
        let parsed = text.rsplit_once(':').and_then(|(place, flops)| Some((place, flops.parse().ok()?)));
        let (place, flops) = parsed.ok_or_else(|| {
            Error::input(format!("--inject {text}: not REGION:FLOPS"))
                .remedy("name a region and a number of additions, e.g. image/block.0/attn.qkv:1000 or outside:1000")
        })?;
        Ok(Injection { place: place.into(), flops })
    }

    pub fn in_region(&self, path: &str) {
        if path == self.place {
            add(self.flops);
        }
    }

    pub fn outside(&self) {
        self.in_region(OUTSIDE);
    }
}

/// Executes that many scalar additions.
fn add(times: u32) {
    for _ in 0..times {
        // SAFETY: adds a register to itself.
        unsafe { asm!("addss {0}, {0}", inout(xmm_reg) 0.0_f32 => _, options(nomem, nostack)) };
    }
}
