//! Stands in for the image decoder where it was not built in.

use std::path::Path;

use flopledger::{Error, Result};

pub fn planes(path: &Path, _: (usize, usize, usize)) -> Result<Vec<u8>> {
    Err(Error::input(format!("--image {}: this flopledger-clip was built without image files", path.display()))
        .remedy("build it with: cargo build --release -p flopledger-clip --features image"))
}
