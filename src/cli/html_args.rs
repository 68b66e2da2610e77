//! The page that a result can also be written to.

use std::path::PathBuf;

use clap::Args;

use super::rank;
use crate::Result;
use crate::report::html::{HtmlFile, Pictured};

#[derive(Args, Debug, Clone)]
pub struct HtmlArgs {
    /// Also write the result as a page with pictures, self-contained, to FILE (%r is the rank, as in -o)
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
}

/// Where the page goes, if anywhere.
pub struct Page(Option<HtmlFile>);

impl HtmlArgs {
    /// To be called before the work starts, so that a bad path fails early.
    pub fn open(&self) -> Result<Page> {
        let file = self.html.as_deref().map(rank::in_name).transpose()?;
        Ok(Page(file.as_deref().map(HtmlFile::create).transpose()?))
    }
}

impl Page {
    pub fn write(self, result: &dyn Pictured) -> Result<()> {
        self.0.map_or(Ok(()), |file| file.write(result))
    }
}
