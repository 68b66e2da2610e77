//! The text of a configuration: JSON, with what may stand around it, or what it is instead.

use serde_json::Value;

use crate::{Error, Result};

/// Reads JSON; a byte order mark before it is passed over.
pub fn value(name: &str, text: &str) -> Result<Value> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    serde_json::from_str(text).map_err(|e| {
        let conflict = |line: &str| line.starts_with("<<<<<<< ") || line.starts_with(">>>>>>> ");
        if text.lines().any(conflict) {
            return Error::input(format!("{name}: not JSON: the file has git's conflict markers"))
                .remedy("resolve the conflict: keep one of the two sides between the lines <<<<<<< and >>>>>>>");
        }
        if yaml(name, text) {
            return Error::input(format!("{name}: YAML, and not JSON: YAML is not read yet")).remedy(
                "write the model's section as JSON, with text_cfg and vision_cfg (open_clip) or text_config and \
                 vision_config (HuggingFace), and give that file",
            );
        }
        Error::input(format!("{name}: not JSON: {e}")).remedy("give a model's configuration file, such as config.json")
    })
}

/// By its name, or by its first lines: keys with a colon, and no brace before them.
fn yaml(name: &str, text: &str) -> bool {
    if name.ends_with(".yaml") || name.ends_with(".yml") {
        return true;
    }
    let lines = text.lines().filter(|line| !line.trim().is_empty() && !line.trim_start().starts_with('#')).take(5);
    let key = |line: &str| {
        let (key, _) = line.split_once(':').unwrap_or(("", ""));
        let key = key.trim_start().trim_start_matches("- ");
        !key.is_empty() && key.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '-')
    };
    let lines: Vec<&str> = lines.collect();
    lines.len() > 1 && lines.iter().all(|line| key(line) || line.trim() == "---")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_json_is_called_what_it_is() {
        assert_eq!(value("a", "\u{feff}{\"b\": 1}").unwrap()["b"], 1);
        let said = |text: &str| value("file", text).unwrap_err().to_string();
        assert!(said("{\n<<<<<<< ours\n}\n=======\n>>>>>>> theirs\n").contains("conflict markers"));
        assert!(said("# a comment\nmodel:\n  width: 3\n").contains("YAML"));
        assert!(said("{\"a\": }").contains("not JSON: expected value"));
    }
}
