//! The operator trace: JSON lines that a workload writes to the file that `FLOPLEDGER_TRACE`
//! names. A header with the schema, then a line an operator executed, in order.

use serde::Deserialize;
use serde_json::Value;

use super::gather::{Call, Gathering};
use super::registry::Attributes;
use super::{CountedBy, GemmCall, Operators};
use crate::{Error, Result};

/// The variable that tells a workload where to write its trace.
pub const VARIABLE: &str = "FLOPLEDGER_TRACE";
pub(super) const SCHEMA: &str = "flopledger.trace/1";

#[derive(Deserialize)]
#[serde(untagged)]
enum Line {
    CountedBy(CountedBy),
    Operator(OperatorLine),
}

#[derive(Deserialize)]
struct OperatorLine {
    name: String,
    path: String,
    #[serde(default)]
    shapes: Vec<Vec<u64>>,
    /// Shapes of the results.
    #[serde(default)]
    results: Vec<Vec<u64>>,
    #[serde(default)]
    attributes: Attributes,
    #[serde(default)]
    gemm: Vec<GemmCall>,
}

impl From<OperatorLine> for Call {
    fn from(line: OperatorLine) -> Call {
        let OperatorLine { name, path, shapes, results, attributes, gemm } = line;
        Call { name, path, shapes, results, attributes, gemm }
    }
}

pub(super) fn parse(text: &str) -> Result<Operators> {
    let mut lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let header = lines.next().and_then(|(_, line)| serde_json::from_str::<Value>(line).ok());
    if header.as_ref().and_then(|h| h.get("schema")).and_then(Value::as_str) != Some(SCHEMA) {
        return Err(Error::input(format!("not an operator trace: its first line has no \"schema\":\"{SCHEMA}\""))
            .remedy("record one with `FLOPLEDGER_TRACE=trace.jsonl flopledger-clip --preset tiny`"));
    }
    let mut gathering = Gathering::default();
    let (mut other_counts, mut lost) = (Vec::new(), None);
    for (number, line) in &mut lines {
        match serde_json::from_str(line) {
            Ok(Line::Operator(line)) => gathering.call(line.into()),
            Ok(Line::CountedBy(counts)) => other_counts.push(counts),
            Err(e) => {
                let rest = 1 + lines.count();
                lost = Some(format!("line {}: {e}; this and what follows ({rest} in all) was not counted", number + 1));
                break;
            }
        }
    }
    Ok(Operators { other_counts, ..gathering.finish(header, lost) })
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
