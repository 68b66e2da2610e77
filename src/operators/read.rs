//! Recognises what a file holds by its content.

use std::path::Path;

use super::{Operators, trace, verbose};
use crate::{Error, Result};

/// Operators of a trace or of a library's log.
pub fn read(file: &Path) -> Result<Operators> {
    let bytes = std::fs::read(file).map_err(|e| {
        Error::input(format!("{}: cannot read: {e}", file.display()))
            .remedy("name an operator trace or a log of oneDNN or MKL")
    })?;
    parse(&bytes).map_err(|e| e.at(file.display()))
}

fn parse(bytes: &[u8]) -> Result<Operators> {
    let text = String::from_utf8_lossy(bytes);
    if text.lines().next().is_some_and(|line| line.contains(trace::SCHEMA)) {
        return trace::parse(&text);
    }
    verbose::parse(bytes).ok_or_else(|| {
        Error::input("neither an operator trace nor a log of oneDNN or MKL").remedy(
            "record a trace with FLOPLEDGER_TRACE=FILE, or a log with ONEDNN_VERBOSE=1 MKL_VERBOSE=1 (see the README)",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn what_is_neither_is_refused_with_what_would_do() {
        let error = parse(b"\x7fELF\x02").unwrap_err();
        assert!(error.summary().contains("neither"), "{error}");
    }
}
