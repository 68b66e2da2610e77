//! The page that a result can also be written to.

use std::path::{Path, PathBuf};

use clap::Args;

use super::rank;
use crate::report::html::{HtmlFile, Pictured};
use crate::{Error, Result};

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
        if self.html.as_deref().is_some_and(|file| file == Path::new("-")) {
            return Err(Error::input("--html -: stdout is for results, and a page needs a file")
                .remedy("name a file: --html report.html"));
        }
        let file = self.html.as_deref().map(rank::in_name).transpose()?;
        Ok(Page(file.as_deref().map(HtmlFile::create).transpose()?))
    }
}

impl Page {
    pub fn write(self, result: &dyn Pictured) -> Result<()> {
        self.0.map_or(Ok(()), |file| file.write(result))
    }
}
