//! Which keys of a file the reading of it looked at, so that every other one is said.

use std::cell::RefCell;
use std::collections::HashSet;

use serde_json::{Map, Value};

/// The keys that were looked at, of all objects of one file. Objects are told apart by where they
/// stand in memory: each stands in one place as long as its file is read.
#[derive(Default)]
pub struct Reads {
    keys: RefCell<HashSet<(usize, String)>>,
    sections: RefCell<HashSet<usize>>,
    settled: RefCell<HashSet<(usize, String)>>,
}

impl Reads {
    pub fn key(&self, of: &Map<String, Value>, key: &str) {
        self.keys.borrow_mut().insert((place(of), key.to_owned()));
    }

    /// The key is dealt with, and all below it: something else says that nothing runs by it.
    pub fn settle(&self, of: &Map<String, Value>, key: &str) {
        self.settled.borrow_mut().insert((place(of), key.to_owned()));
    }

    /// The object is read key by key.
    pub fn section(&self, object: &Map<String, Value>) {
        self.sections.borrow_mut().insert(place(object));
    }

    /// Was anything of the object looked at?
    pub fn any(&self, object: &Map<String, Value>) -> bool {
        self.sections.borrow().contains(&place(object))
    }

    /// The paths of all keys that were looked at and are no sections.
    pub fn read(&self, top: &Map<String, Value>) -> Vec<String> {
        let unread: HashSet<String> = self.unread(top).into_iter().map(|unread| unread.path).collect();
        let mut found = Vec::new();
        self.leaves(top, "", &mut found);
        found.retain(|path| !unread.contains(path));
        found
    }

    fn leaves(&self, object: &Map<String, Value>, prefix: &str, found: &mut Vec<String>) {
        for (key, value) in object {
            if self.settled.borrow().contains(&(place(object), key.clone())) {
                continue;
            }
            let path = format!("{prefix}{key}");
            match value.as_object().filter(|inner| self.any(inner)) {
                Some(inner) => self.leaves(inner, &format!("{path}."), found),
                None if value.is_null() => {}
                None => found.push(path),
            }
        }
    }

    /// The paths of all keys that nothing looked at. A null is as if the key were not there; a
    /// section that nothing looked at is one path.
    pub fn unread(&self, top: &Map<String, Value>) -> Vec<Unread> {
        let mut found = Vec::new();
        self.collect(top, "", &mut found);
        found
    }

    fn collect(&self, object: &Map<String, Value>, prefix: &str, found: &mut Vec<Unread>) {
        for (key, value) in object {
            if self.settled.borrow().contains(&(place(object), key.clone())) {
                continue;
            }
            let path = format!("{prefix}{key}");
            let entered = value.as_object().filter(|inner| self.any(inner));
            match entered {
                Some(inner) => self.collect(inner, &format!("{path}."), found),
                None if value.is_null() || self.keys.borrow().contains(&(place(object), key.clone())) => {}
                None => found.push(Unread { path, value: value.clone() }),
            }
        }
    }
}

/// A key that nothing looked at.
#[derive(Debug, Clone, PartialEq)]
pub struct Unread {
    /// Its sections and itself, with dots between them.
    pub path: String,
    pub value: Value,
}

fn place(object: &Map<String, Value>) -> usize {
    std::ptr::from_ref(object).addr()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_not_read_is_told_by_its_path() {
        let file = json!({"read": 1, "not": 2, "null": null, "section": {"a": 1, "b": {"c": 1}}, "other": {"d": 1}});
        let top = file.as_object().unwrap();
        let section = file["section"].as_object().unwrap();
        let reads = Reads::default();
        reads.key(top, "read");
        reads.section(section);
        reads.key(section, "a");
        let paths: Vec<String> = reads.unread(top).into_iter().map(|unread| unread.path).collect();
        assert_eq!(paths, ["not", "section.b", "other"]);
    }
}
