//! Reading keys of a configuration, with errors that name file, key, value and remedy.

use serde_json::{Map, Value};

use super::limits::{self, Dimension};
use super::reads::Reads;
use super::spec::Size;
use crate::{Error, Result};

/// What a user wants otherwise than the file has it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Height and width in pixels.
    pub image_size: Option<Size>,
    /// Tokens of a text.
    pub context: Option<u64>,
    /// The dimensions of towers that files only name.
    pub towers: Vec<TowerFile>,
}

impl Wanted {
    /// Refuses what no file may have either.
    pub fn check(&self) -> Result<()> {
        let sides = self.image_size.map(|size| [size.height, size.width]);
        let sides = sides.into_iter().flatten().map(|side| ("image_size", side, Dimension::Image));
        let context = self.context.map(|tokens| ("context", tokens, Dimension::Context));
        match sides.chain(context).find(|(_, number, dimension)| !dimension.admits(*number)) {
            Some((key, number, dimension)) => Err(limits::impossible(number, dimension).at(key)),
            None => Ok(()),
        }
    }
}

/// A configuration of one tower.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TowerFile {
    pub name: String,
    pub keys: Map<String, Value>,
}

/// Sections within sections that a key may stand in.
const DEEPEST: usize = 4;

/// One object of a configuration file and where it stands. Whatever is asked of it is written
/// down as looked at.
#[derive(Clone, Copy)]
pub struct Keys<'a> {
    file: &'a str,
    wanted: &'a Wanted,
    reads: &'a Reads,
    /// The keys that lead to the object; empty at the top level.
    sections: [&'a str; DEEPEST],
    map: Option<&'a Map<String, Value>>,
}

impl<'a> Keys<'a> {
    pub fn top(file: &'a str, map: &'a Map<String, Value>, wanted: &'a Wanted, reads: &'a Reads) -> Self {
        reads.section(map);
        Keys { file, wanted, reads, sections: [""; DEEPEST], map: Some(map) }
    }

    /// A section that the file does not have.
    pub fn none(&self) -> Self {
        Keys { map: None, ..*self }
    }

    /// The object itself, to tell what kind of file it is.
    pub fn object(&self) -> Option<&'a Map<String, Value>> {
        self.map
    }

    /// Writes down that these keys are dealt with: a note says that nothing runs by them.
    pub fn settle(&self, keys: &[&str]) {
        for key in keys {
            self.map.inspect(|map| self.reads.settle(map, key));
        }
    }

    /// A note that what names a tower leaves these keys without effect, for those that are there.
    pub fn overruled(&self, by: &str, keys: &[&str]) -> Option<String> {
        let there: Vec<&str> = keys.iter().copied().filter(|key| self.peek(key).is_some()).collect();
        self.settle(&there);
        let places = there.iter().map(|key| self.path(key)).collect::<Vec<_>>().join(", ");
        (!there.is_empty()).then(|| format!("{} names the tower: {places} not looked at", self.path(by)))
    }

    /// Without writing down that it was looked at: for what is no count of the model.
    pub fn peek(&self, key: &str) -> Option<&'a Value> {
        self.map?.get(key).filter(|value| !value.is_null())
    }

    /// Is the key there, be it null?
    pub fn written(&self, key: &str) -> bool {
        self.look(key).is_some()
    }

    fn look(&self, key: &str) -> Option<&'a Value> {
        let map = self.map?;
        self.reads.key(map, key);
        map.get(key)
    }

    /// The image size that the user wants, else the file's.
    pub fn image_size(&self, key: &str, default: u64) -> Result<Size> {
        let written = self.size(key, default, Dimension::Image)?;
        Ok(self.wanted.image_size.unwrap_or(written))
    }

    pub fn wants_image_size(&self) -> bool {
        self.wanted.image_size.is_some()
    }

    /// The text length that the user wants, else this one.
    pub fn context(&self, written: u64) -> u64 {
        self.wanted.context.unwrap_or(written)
    }

    /// The first given tower that has one of these keys.
    pub fn given_tower(&self, marks: &[&str]) -> Option<Keys<'a>> {
        let tower = self.wanted.towers.iter().find(|tower| marks.iter().any(|mark| tower.keys.contains_key(*mark)))?;
        Some(Keys::top(&tower.name, &tower.keys, self.wanted, self.reads))
    }

    pub fn wants_context(&self) -> Option<u64> {
        self.wanted.context
    }

    /// A value, where the key is there and not null.
    pub fn get(&self, key: &str) -> Option<&'a Value> {
        self.look(key).filter(|value| !value.is_null())
    }

    /// Is it there and not null? A section is not looked at by this.
    pub fn has(&self, key: &str) -> bool {
        match self.peek(key) {
            Some(Value::Object(_)) => true,
            Some(_) => self.get(key).is_some(),
            None => false,
        }
    }

    /// The object under a key; one without any keys where the file leaves it out.
    pub fn section(&self, key: &'a str) -> Result<Keys<'a>> {
        let map = match self.peek(key) {
            None => None,
            Some(Value::Object(map)) => {
                self.reads.section(map);
                Some(map)
            }
            Some(other) => {
                return Err(self
                    .bad(key, format!("{} is not a section", shown(other)))
                    .remedy("give an object, { .. }, with the tower's dimensions"));
            }
        };
        let mut sections = self.sections;
        if let Some(free) = sections.iter_mut().find(|section| section.is_empty()) {
            *free = key;
        }
        Ok(Keys { sections, map, ..*self })
    }

    /// The object under a key that must be there.
    pub fn required_section(&self, key: &'a str) -> Result<Keys<'a>> {
        if !self.has(key) {
            return Err(self.missing(key, "give the tower's section with its dimensions"));
        }
        self.section(key)
    }

    pub fn dimension(&self, key: &str, default: u64, dimension: Dimension) -> Result<u64> {
        match self.get(key) {
            None => Ok(default),
            Some(value) => limits::whole(value, dimension).map_err(|e| e.at(self.place(key))),
        }
    }

    pub fn required_dimension(&self, key: &str, dimension: Dimension) -> Result<u64> {
        if !self.has(key) {
            return Err(self.missing(key, "this dialect has no default for it: add it"));
        }
        self.dimension(key, 0, dimension)
    }

    /// A number of pixels, or a list of two: height and width.
    pub fn size(&self, key: &str, default: u64, dimension: Dimension) -> Result<Size> {
        let one = |value: &Value| limits::whole(value, dimension).map_err(|e| e.at(self.place(key)));
        match self.get(key) {
            None => Ok(Size { height: default, width: default }),
            Some(Value::Array(pair)) => match pair.as_slice() {
                [height, width] => Ok(Size { height: one(height)?, width: one(width)? }),
                _ => Err(self
                    .bad(key, format!("a list of {} is not a size", pair.len()))
                    .remedy("give one number, or a list of height and width")),
            },
            Some(value) => one(value).map(|side| Size { height: side, width: side }),
        }
    }

    pub fn number(&self, key: &str, default: f64) -> Result<f64> {
        match self.get(key) {
            None => Ok(default),
            Some(value) => value.as_f64().filter(|n| n.is_finite() && *n > 0.0).ok_or_else(|| {
                self.bad(key, format!("{} is not possible here", shown(value))).remedy("give a number above 0")
            }),
        }
    }

    pub fn flag(&self, key: &str, default: bool) -> Result<bool> {
        match self.get(key) {
            None => Ok(default),
            Some(Value::Bool(flag)) => Ok(*flag),
            Some(value) => Err(self.bad(key, format!("{} is not a flag", shown(value))).remedy("give true or false")),
        }
    }

    pub fn text(&self, key: &str) -> Result<Option<&'a str>> {
        match self.get(key) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(value) => Err(self.bad(key, format!("{} is not a name", shown(value))).remedy("give a string")),
        }
    }

    /// Refuses a key that changes the model in a way which is not modelled yet.
    pub fn refuse(&self, keys: &[&str], what: &str) -> Result<()> {
        for key in keys {
            match self.get(key) {
                None | Some(Value::Bool(false)) => {}
                Some(value) => return Err(self.unsupported(key, value, what)),
            }
        }
        Ok(())
    }

    /// Refuses a list or a section that is not empty.
    pub fn refuse_filled(&self, key: &str, what: &str) -> Result<()> {
        match self.get(key) {
            Some(Value::Object(map)) if map.is_empty() => Ok(()),
            Some(Value::Array(list)) if list.is_empty() => Ok(()),
            Some(value) => Err(self.unsupported(key, value, what)),
            None => Ok(()),
        }
    }

    pub fn unsupported(&self, key: &str, value: &Value, what: &str) -> Error {
        self.bad(key, format!("{}: {what} is not supported yet", shown(value)))
            .remedy("use a model whose towers are plain vision and text transformers")
    }

    pub fn bad(&self, key: &str, message: impl std::fmt::Display) -> Error {
        Error::input(message.to_string()).at(self.place(key))
    }

    fn missing(&self, key: &str, remedy: &str) -> Error {
        self.bad(key, "the key is missing").remedy(remedy)
    }

    /// A list, where the key holds one.
    pub fn list(&self, key: &str) -> Option<&'a [Value]> {
        self.get(key)?.as_array().map(Vec::as_slice)
    }

    /// The key after the sections that it stands in.
    fn path(&self, key: &str) -> String {
        let sections = self.sections.iter().filter(|section| !section.is_empty());
        sections.map(|section| format!("{section}.")).chain([key.to_owned()]).collect()
    }

    pub fn place(&self, key: &str) -> String {
        format!("{}: {}", self.file, self.path(key))
    }
}

/// A value as an error message shows it: short.
pub fn shown(value: &Value) -> String {
    const LONGEST: usize = 60;
    let text = value.to_string();
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}..", &text[..end]),
        None => text,
    }
}
