//! The operator trace: JSON lines in the file that FLOPLEDGER_TRACE names.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::PathBuf;

use flopledger::ledger::elementwise::Functions;
use flopledger::ledger::gemm::{Call, Kernel};
use flopledger::{Error, Result};
use serde::Serialize;

use crate::ops;

/// What the first line says of the run and of the kernels that the predictions rest on.
pub struct Header<'a> {
    pub model: &'a str,
    pub batch: usize,
    pub threads: usize,
    pub gemm: Kernel,
}

#[derive(Serialize)]
struct HeaderLine<'a> {
    schema: &'static str,
    workload: &'static str,
    model: &'a str,
    batch: usize,
    threads: usize,
    /// Of every operand: all is f32.
    element_bytes: usize,
    gemm: Kernel,
    elementwise: Functions,
}

#[derive(Serialize)]
struct OperatorLine<'a> {
    name: &'a str,
    path: &'a str,
    shapes: &'a [&'a [usize]],
    #[serde(skip_serializing_if = "<[Call]>::is_empty")]
    gemm: &'a [Call],
}

pub struct Trace {
    sink: Option<(PathBuf, BufWriter<File>)>,
    /// The first failure to write, reported at the end: the run goes on.
    failure: Option<Error>,
}

impl Trace {
    /// A trace that goes nowhere where the variable is not set.
    pub fn open(header: &Header) -> Result<Self> {
        let Some(path) = std::env::var_os("FLOPLEDGER_TRACE").filter(|path| !path.is_empty()) else {
            return Ok(Trace { sink: None, failure: None });
        };
        let path = PathBuf::from(path);
        let file = File::create(&path).map_err(|e| {
            Error::input(format!("{}: cannot write the operator trace: {e}", path.display()))
                .remedy("set FLOPLEDGER_TRACE to a file that can be written, or unset it")
        })?;
        let mut trace = Trace { sink: Some((path, BufWriter::new(file))), failure: None };
        trace.line(&HeaderLine {
            schema: "flopledger.trace/1",
            workload: "clip",
            model: header.model,
            batch: header.batch,
            threads: header.threads,
            element_bytes: size_of::<f32>(),
            gemm: header.gemm,
            elementwise: ops::FUNCTIONS,
        });
        Ok(trace)
    }

    pub fn operator(&mut self, name: &str, path: &str, shapes: &[&[usize]], gemm: &[Call]) {
        self.line(&OperatorLine { name, path, shapes, gemm });
    }

    fn line(&mut self, line: &impl Serialize) {
        let Some((path, file)) = &mut self.sink else { return };
        let written = serde_json::to_writer(&mut *file, line).map_err(Into::into).and_then(|()| file.write_all(b"\n"));
        if let Err(error) = written {
            self.failure.get_or_insert_with(|| unwritable(path, error));
        }
    }

    pub fn finish(self) -> Result<()> {
        if let Some(failure) = self.failure {
            return Err(failure);
        }
        match self.sink {
            Some((path, mut file)) => file.flush().map_err(|e| unwritable(&path, e)),
            None => Ok(()),
        }
    }
}

fn unwritable(path: &std::path::Path, error: std::io::Error) -> Error {
    Error::failed(format!("{}: cannot write the operator trace: {error}", path.display()))
}
