//! Recognises what a file holds by its content.

use std::path::Path;

use super::{Dimensions, Operators, onnx, trace, verbose};
use crate::{Error, Result};

/// Operators of a trace, of a library's log or of a model; `dimensions` are sizes that a model leaves free.
pub fn read(file: &Path, dimensions: &Dimensions) -> Result<Operators> {
    let bytes = std::fs::read(file).map_err(|e| {
        Error::input(format!("{}: cannot read: {e}", file.display()))
            .remedy("name an operator trace, a log of oneDNN or MKL, or an ONNX model")
    })?;
    parse(bytes, dimensions).map_err(|e| e.at(file.display()))
}

fn parse(bytes: Vec<u8>, dimensions: &Dimensions) -> Result<Operators> {
    let first = bytes.split(|&byte| byte == b'\n').next().unwrap_or_default();
    if String::from_utf8_lossy(first).contains(trace::SCHEMA) {
        return trace::parse(&String::from_utf8_lossy(&bytes));
    }
    let read = if onnx::may_be(&bytes) { onnx::parse(bytes, dimensions) } else { verbose::parse(&bytes) };
    read.ok_or_else(|| {
        Error::input("neither an operator trace nor a log of oneDNN or MKL nor an ONNX model").remedy(
            "record a trace with FLOPLEDGER_TRACE=FILE, or a log with ONEDNN_VERBOSE=1 MKL_VERBOSE=1 (see the README)",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::parse;
    use crate::operators::Dimensions;

    #[test]
    fn what_is_neither_is_refused_with_what_would_do() {
        let error = parse(b"\x7fELF\x02".to_vec(), &Dimensions::new()).unwrap_err();
        assert!(error.summary().contains("neither"), "{error}");
    }
}
