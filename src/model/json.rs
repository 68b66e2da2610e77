//! Reading keys of a configuration, with errors that name file, key, value and remedy.

use serde_json::{Map, Value};

use super::limits::{self, Dimension};
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

/// One object of a configuration file and where it stands.
#[derive(Clone, Copy)]
pub struct Keys<'a> {
    file: &'a str,
    wanted: &'a Wanted,
    /// The object's own key; empty at the top level.
    section: &'a str,
    map: Option<&'a Map<String, Value>>,
}

impl<'a> Keys<'a> {
    pub fn top(file: &'a str, map: &'a Map<String, Value>, wanted: &'a Wanted) -> Self {
        Keys { file, wanted, section: "", map: Some(map) }
    }

    /// A section that the file does not have.
    pub fn none(&self) -> Self {
        Keys { map: None, ..*self }
    }

    pub fn map(&self) -> Option<&'a Map<String, Value>> {
        self.map
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
        Some(Keys::top(&tower.name, &tower.keys, self.wanted))
    }

    pub fn wants_context(&self) -> Option<u64> {
        self.wanted.context
    }

    /// A value, where the key is there and not null.
    pub fn get(&self, key: &str) -> Option<&'a Value> {
        self.map?.get(key).filter(|value| !value.is_null())
    }

    pub fn has(&self, key: &str) -> bool {
        self.get(key).is_some()
    }

    /// The object under a key; one without any keys where the file leaves it out.
    pub fn section(&self, key: &'a str) -> Result<Keys<'a>> {
        let map = match self.get(key) {
            None => None,
            Some(Value::Object(map)) => Some(map),
            Some(other) => {
                return Err(self
                    .bad(key, format!("{} is not a section", shown(other)))
                    .remedy("give an object, { .. }, with the tower's dimensions"));
            }
        };
        Ok(Keys { section: key, map, ..*self })
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

    pub fn place(&self, key: &str) -> String {
        match self.section {
            "" => format!("{}: {key}", self.file),
            section => format!("{}: {section}.{key}", self.file),
        }
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
