//! What comes out: embeddings and how alike they are.

use std::fs::File;
use std::io::{self, ErrorKind, Write, stdout};
use std::path::{Path, PathBuf};

use crate::plain::Plain;
use flopledger::{Error, Result};
use serde_json::json;

use crate::engine::Engine;
use crate::ops;

/// The file that embeddings go to.
pub struct Sink {
    path: PathBuf,
    file: File,
}

/// Opened before the run, so that a bad path fails early.
pub fn open(path: Option<&Path>) -> Result<Option<Sink>> {
    let open = |path: &Path| {
        let file = File::create(path).map_err(|e| unwritable(path, e))?;
        Ok(Sink { path: path.into(), file })
    };
    path.map(open).transpose()
}

fn unwritable(path: &Path, error: io::Error) -> Error {
    Error::input(format!("{}: cannot write the embeddings: {error}", path.display()))
        .remedy("give --output a file that can be written")
}

/// Rows of the embedding's width; empty where the tower was not run.
#[derive(Default)]
pub struct Embeddings {
    pub image: Vec<f32>,
    pub text: Vec<f32>,
    /// Each image with each text.
    similarity: Vec<f32>,
}

impl Embeddings {
    /// Cosines, where both towers were run.
    pub fn compare(&mut self, engine: &mut Engine, width: usize) {
        let Embeddings { image, text, similarity } = self;
        if image.is_empty() || text.is_empty() {
            return;
        }
        let (images, texts) = (image.len() / width, text.len() / width);
        similarity.resize(images * texts, 0.0);
        engine.region("similarity", |engine| {
            let shapes: [&[usize]; 2] = [&[images, width], &[texts, width]];
            engine.operator("logits", "dot", &shapes, || ops::dot(image, text, width, similarity));
        });
    }

    /// As JSON to the file, or a line on stdout.
    pub fn write(&self, spec: &Plain, sink: Option<Sink>) -> Result<()> {
        let width = spec.embed_dim as usize;
        let Some(mut sink) = sink else {
            let summary = match self.similarity.first() {
                Some(cosine) => format!("similarity {cosine}"),
                None => format!("embedding of {width}"),
            };
            return print(&format!("{}: {summary}\n", spec.name));
        };
        let rows = |x: &[f32]| x.chunks(width).map(<[f32]>::to_vec).collect::<Vec<_>>();
        let texts = (self.text.len() / width).max(1);
        let similarity: Vec<_> = self.similarity.chunks(texts).collect();
        let json = json!({
            "schema": "flopledger.clip/1",
            "model": spec.name,
            "image": rows(&self.image),
            "text": rows(&self.text),
            "similarity": similarity,
        });
        sink.file.write_all(format!("{json}\n").as_bytes()).map_err(|e| unwritable(&sink.path, e))
    }
}

/// To stdout; a reader that has gone is no error.
pub fn print(text: &str) -> Result<()> {
    match stdout().write_all(text.as_bytes()) {
        Err(e) if e.kind() != ErrorKind::BrokenPipe => Err(Error::failed(format!("cannot write to stdout: {e}"))),
        _ => Ok(()),
    }
}
