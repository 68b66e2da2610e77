//! The operator trace: JSON lines that a workload writes to the file that `FLOPLEDGER_TRACE`
//! names. A header with the schema, then a line an operator executed, in order.

use std::collections::HashMap;
use std::path::Path;

use serde::Deserialize;
use serde_json::Value;

use super::{GemmCall, Operator, Operators, Unsupported, registry};
use crate::{Error, Result};

/// The variable that tells a workload where to write its trace.
pub const VARIABLE: &str = "FLOPLEDGER_TRACE";
const SCHEMA: &str = "flopledger.trace/1";

#[derive(Deserialize)]
struct Line {
    name: String,
    path: String,
    #[serde(default)]
    shapes: Vec<Vec<u64>>,
    #[serde(default)]
    gemm: Vec<GemmCall>,
}

pub fn read(file: &Path) -> Result<Operators> {
    let text = std::fs::read_to_string(file).map_err(|e| {
        Error::input(format!("{}: cannot read: {e}", file.display()))
            .remedy(format!("name a trace that a workload wrote with {VARIABLE} set"))
    })?;
    parse(&text).map_err(|e| e.at(file.display()))
}

fn parse(text: &str) -> Result<Operators> {
    let mut lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let header = lines.next().and_then(|(_, line)| serde_json::from_str::<Value>(line).ok());
    if header.as_ref().and_then(|h| h.get("schema")).and_then(Value::as_str) != Some(SCHEMA) {
        return Err(Error::input(format!("not an operator trace: its first line has no \"schema\":\"{SCHEMA}\""))
            .remedy("record one with `FLOPLEDGER_TRACE=trace.jsonl flopledger-clip --preset tiny`"));
    }
    let mut reader = Reader::default();
    let mut lost = None;
    for (number, line) in &mut lines {
        match serde_json::from_str(line) {
            Ok(line) => reader.add(line),
            Err(e) => {
                let rest = 1 + lines.count();
                lost = Some(format!("line {}: {e}; this and what follows ({rest} in all) was not counted", number + 1));
                break;
            }
        }
    }
    Ok(Operators {
        schema: "flopledger.operators/1",
        header,
        operators: reader.operators,
        unsupported: reader.unsupported,
        lost,
    })
}

#[derive(Default)]
struct Reader {
    operators: Vec<Operator>,
    unsupported: Vec<Unsupported>,
    /// (name, path, shapes) -> place in `operators`.
    places: HashMap<(String, String, Vec<Vec<u64>>), usize>,
}

impl Reader {
    fn add(&mut self, line: Line) {
        let work = match registry::work(&line.name, &line.shapes) {
            Some(Ok(work)) => work,
            Some(Err(problem)) => return self.refuse(line.name, problem),
            None => return self.refuse(line.name, "no shape function counts it".into()),
        };
        let key = (line.name, line.path, line.shapes);
        if let Some(&place) = self.places.get(&key) {
            let known = &mut self.operators[place];
            known.calls += 1;
            known.macs += work.macs;
            known.elements += work.elements;
            return;
        }
        self.places.insert(key.clone(), self.operators.len());
        let (name, path, shapes) = key;
        self.operators.push(Operator {
            name,
            kind: work.kind,
            path,
            shapes,
            calls: 1,
            macs: work.macs,
            elements: work.elements,
            gemm: line.gemm,
        });
    }

    fn refuse(&mut self, name: String, reason: String) {
        match self.unsupported.iter_mut().find(|u| u.name == name && u.reason == reason) {
            Some(known) => known.calls += 1,
            None => self.unsupported.push(Unsupported { name, calls: 1, reason }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = r#"{"schema":"flopledger.trace/1","workload":"clip"}"#;
    const QK: &str = r#"{"name":"matmul","path":"image/block.0/attn.qk","shapes":[[3,10,16],[3,16,10]]}"#;

    #[test]
    fn the_same_operator_twice_is_one_with_two_calls() {
        let read = parse(&[HEADER, QK, "", QK].join("\n")).unwrap();
        assert_eq!(read.operators.len(), 1);
        assert_eq!((read.operators[0].calls, read.macs()), (2, 2 * 3 * 10 * 10 * 16));
        assert_eq!(read.lost, None);
    }

    #[test]
    fn an_unknown_operator_is_listed_with_its_calls() {
        let unknown = r#"{"name":"fft","path":"image","shapes":[[8]]}"#;
        let read = parse(&[HEADER, unknown, unknown].join("\n")).unwrap();
        assert_eq!((read.unsupported[0].name.as_str(), read.unsupported[0].calls), ("fft", 2));
    }

    #[test]
    fn a_truncated_trace_gives_what_could_be_read() {
        let read = parse(&[HEADER, QK, &QK[..20]].join("\n")).unwrap();
        assert_eq!(read.macs(), 3 * 10 * 10 * 16);
        assert!(read.lost.unwrap().starts_with("line 3: "));
    }

    #[test]
    fn what_is_no_trace_is_refused() {
        assert!(parse("{}").unwrap_err().to_string().contains("not an operator trace"));
        assert!(parse("").is_err());
    }
}
