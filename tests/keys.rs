//! No key is passed over in silence: change any single key of any configuration of tests/configs,
//! and the model is another, or a note or a refusal names the key, or the table of harmless keys
//! says why not. And no key of that table is read.

use std::path::{Path, PathBuf};

use flopledger::model::{ClipSpec, Why, entries, harmless, looked_at, parse};
use serde_json::{Map, Value, json};

fn files() -> Vec<(PathBuf, Value)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/configs");
    let folders = ["open_clip", "huggingface", "eva_clip", "timm", "reference", "noted"];
    let mut paths: Vec<PathBuf> = folders
        .iter()
        .filter_map(|folder| root.join(folder).read_dir().ok())
        .flat_map(|folder| folder.map(|entry| entry.unwrap().path()))
        .filter(|path| path.extension().is_some_and(|end| end == "json") && !path.ends_with("reference/tower.json"))
        .collect();
    paths.sort();
    assert!(paths.len() > 240, "{}", paths.len());
    paths
        .into_iter()
        .map(|path| (path.clone(), serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap()))
        .collect()
}

fn read(config: &Value) -> Result<ClipSpec, String> {
    parse("config", &config.to_string()).map_err(|error| error.to_string())
}

/// What FLOPs, parameters and element-wise work depend on.
fn same(a: &ClipSpec, b: &ClipSpec) -> bool {
    (&a.image, &a.text, &a.multimodal, a.embed_dim, a.scalars)
        == (&b.image, &b.text, &b.multimodal, b.embed_dim, b.scalars)
}

/// Paths of all keys: the keys that lead to each.
fn paths(value: &Value, at: &[String], found: &mut Vec<Vec<String>>) {
    for (key, below) in value.as_object().into_iter().flatten() {
        let path = [at, std::slice::from_ref(key)].concat();
        paths(below, &path, found);
        found.push(path);
    }
}

fn object<'a>(config: &'a mut Value, path: &[String]) -> &'a mut Map<String, Value> {
    let below = path.iter().fold(config, |value, key| &mut value[key.as_str()]);
    below.as_object_mut().unwrap()
}

/// Other values of the same kind, so that at least one is possible in most places.
fn others(value: &Value) -> Vec<Value> {
    match value {
        Value::Bool(flag) => vec![json!(!flag)],
        Value::Number(number) => match number.as_u64() {
            Some(whole) => vec![json!(whole * 2), json!(whole + 1), json!(whole.max(2) / 2)],
            None => vec![json!(number.as_f64().unwrap() * 2.0)],
        },
        Value::String(text) => vec![json!(format!("{text}-other")), json!("")],
        Value::Array(list) => {
            let more: Vec<Value> = list.iter().cloned().chain([json!(2)]).collect();
            let other: Vec<Value> = list.iter().map(|value| others(value)[0].clone()).collect();
            vec![json!(more), json!(other), Value::Array(Vec::new())]
        }
        Value::Object(_) => vec![json!({"some_other_key": 5}), json!(7)],
        Value::Null => vec![json!(3), json!("other"), json!(true), json!({"some_other_key": 5})],
    }
}

/// Does some text name the key, or a section that it stands in, as a word of its own?
fn named(text: &str, path: &[String]) -> bool {
    let words: Vec<&str> = text
        .split(|c: char| !(c.is_alphanumeric() || c == '_' || c == '-' || c == '.'))
        .map(|word| word.trim_matches('.'))
        .collect();
    let is = |key: &String| words.iter().any(|word| word == key || word.ends_with(&format!(".{key}")));
    // Or a key that the section ought to have.
    let below = format!("{}.", path.join("."));
    path.iter().any(is) || words.iter().any(|word| word.starts_with(&below))
}

fn said(read: &Result<ClipSpec, String>, path: &[String]) -> bool {
    match read {
        Ok(spec) => named(&spec.notes.join("; "), path),
        Err(refusal) => named(refusal, path),
    }
}

/// Is the change seen, said, or known to be harmless?
fn accounted(before: &ClipSpec, after: &Result<ClipSpec, String>, path: &[String], only_a_value: bool) -> bool {
    let entry = harmless(before.dialect, &path.join("."));
    match after {
        Ok(spec) if !same(before, spec) => true,
        // Another dialect, or no file that is known: the refusal says what it looks like.
        Err(refusal) if refusal.contains("not a CLIP configuration") => true,
        _ if said(after, path) => true,
        _ => entry.is_some_and(|entry| entry.why != Why::Value || only_a_value),
    }
}

#[test]
fn no_value_is_changed_without_a_word() {
    let mut silent = Vec::new();
    for (file, config) in files() {
        let before = read(&config).unwrap();
        let mut all = Vec::new();
        paths(&config, &[], &mut all);
        for path in &all {
            let (key, sections) = path.split_last().unwrap();
            // Some value comes to the same as another (a pooling that is the default, an image size between patches);
            // a key of which every value does is one that nothing looks at.
            let mut changes = Vec::new();
            for other in others(&object(&mut config.clone(), sections)[key]) {
                let mut changed = config.clone();
                object(&mut changed, sections).insert(key.clone(), other);
                changes.push((read(&changed), true));
            }
            let mut removed = config.clone();
            object(&mut removed, sections).shift_remove(key);
            changes.push((read(&removed), false));
            let seen = changes.iter().any(|(after, only_a_value)| accounted(&before, after, path, *only_a_value));
            if !seen && !said(&Ok(before.clone()), path) {
                silent.push(format!("{}: {}", file.display(), path.join(".")));
            }
        }
    }
    silent.sort();
    assert!(silent.is_empty(), "{} changes are not seen:\n{}", silent.len(), silent.join("\n"));
}

#[test]
fn a_foreign_or_misspelt_key_is_named() {
    let mut silent = Vec::new();
    for (file, config) in files() {
        let before = read(&config).unwrap();
        let mut all = Vec::new();
        paths(&config, &[], &mut all);
        let mut sections = vec![Vec::new()];
        sections.extend(
            all.iter().filter(|path| path.iter().fold(&config, |value, key| &value[key.as_str()]).is_object()).cloned(),
        );
        for section in sections {
            for value in [json!(3), json!("words"), json!(true), json!({"some_inner_key": 1}), json!([1, 2])] {
                let mut changed = config.clone();
                object(&mut changed, &section).insert("some_foreign_key".into(), value.clone());
                let path = [section.as_slice(), &["some_foreign_key".into()]].concat();
                if !accounted(&before, &read(&changed), &path, false) {
                    silent.push(format!("{}: {} = {value}", file.display(), path.join(".")));
                }
            }
        }
        for path in all {
            let (key, sections) = path.split_last().unwrap();
            let mut changed = config.clone();
            let map = object(&mut changed, sections);
            let value = map.shift_remove(key).unwrap();
            let misspelt = format!("{key}_misspelt");
            map.insert(misspelt.clone(), value.clone());
            let renamed = [sections, &[misspelt]].concat();
            let after = read(&changed);
            // A refusal is no wrong number, whichever of the keys it is for.
            if !value.is_null() && after.is_ok() && !accounted(&before, &after, &renamed, false) {
                silent.push(format!("{}: {} renamed", file.display(), path.join(".")));
            }
        }
    }
    silent.sort();
    assert!(silent.is_empty(), "{} keys are not named:\n{}", silent.len(), silent.join("\n"));
}

#[test]
fn no_harmless_key_is_read() {
    for (file, config) in files() {
        let (dialect, read) = looked_at("config", &config.to_string()).unwrap();
        for path in read {
            if let Some(entry) = harmless(dialect, &path) {
                assert_ne!(
                    entry.why,
                    Why::Never,
                    "{}: {path} is read, and the table has it: {}",
                    file.display(),
                    entry.reason
                );
            }
        }
    }
}

#[test]
fn every_entry_has_its_reason_and_no_key_stands_twice() {
    let mut seen = std::collections::BTreeSet::new();
    for entry in entries() {
        assert!(entry.reason.split_whitespace().count() > 3, "{:?}", entry.keys);
        for key in entry.keys {
            assert!(seen.insert((entry.dialects, *key)), "{key} stands twice");
        }
    }
}

/// Keys that a count depends on stand in no table, by whatever dialect they are read.
#[test]
fn what_changes_a_count_is_in_no_table() {
    for (file, config) in files() {
        let before = read(&config).unwrap();
        let mut all = Vec::new();
        paths(&config, &[], &mut all);
        for path in &all {
            let (key, sections) = path.split_last().unwrap();
            let Some(entry) = harmless(before.dialect, &path.join(".")) else { continue };
            if entry.why != Why::Never {
                continue;
            }
            for other in others(&object(&mut config.clone(), sections)[key]) {
                let mut changed = config.clone();
                object(&mut changed, sections).insert(key.clone(), other);
                let after = read(&changed).unwrap_or_else(|refusal| panic!("{}: {refusal}", file.display()));
                assert!(same(&before, &after), "{}: {}", file.display(), path.join("."));
            }
        }
    }
}
