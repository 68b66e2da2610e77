//! A page as the template takes it: words, numbers already written, and pictures.

use serde::Serialize;

#[derive(Debug, Serialize)]
pub struct Page {
    /// `reconcile`, `run`, ...
    pub subcommand: &'static str,
    pub title: String,
    pub subtitle: String,
    pub cards: Vec<Card>,
    /// What a reader has to know before believing the figures.
    pub notes: Vec<String>,
    pub sections: Vec<Section>,
    /// Machine and method, by name.
    pub method: Vec<(&'static str, String)>,
}

/// A figure that is seen first.
#[derive(Debug, Serialize)]
pub struct Card {
    pub label: String,
    pub value: String,
    pub unit: String,
    /// Where it comes from.
    pub source: String,
    pub tone: Tone,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Tone {
    #[default]
    Plain,
    Good,
    Bad,
}

#[derive(Debug, Serialize)]
pub struct Section {
    pub title: String,
    pub lead: String,
    /// Class of a colour, and what it stands for.
    pub legend: Vec<(&'static str, String)>,
    pub blocks: Vec<Block>,
    pub source: String,
}

#[derive(Debug, Serialize)]
#[serde(tag = "shape", rename_all = "lowercase")]
pub enum Block {
    Rows {
        rows: Vec<Row>,
        /// What the bars' axis is, where that is not plain.
        axis: String,
    },
    /// A picture for wide screens and paper, and one for phones.
    Picture { wide: String, narrow: String },
    Table {
        /// A folded table shows only this until it is asked for.
        title: String,
        folded: bool,
        columns: Vec<Column>,
        rows: Vec<Vec<String>>,
    },
}

/// A bar with its words and its number.
#[derive(Debug, Default, Serialize)]
pub struct Row {
    /// `total`, `rise`, `fall`, `residual` or `bar`.
    pub class: &'static str,
    pub label: String,
    /// How the number was obtained, in a word.
    pub tag: &'static str,
    pub note: String,
    pub value: String,
    pub unit: String,
    pub svg: String,
    /// What the number rests on, and its share.
    pub evidence: Vec<(String, String)>,
    /// How many more there are in the JSON.
    pub more: usize,
}

#[derive(Debug, Serialize)]
pub struct Column {
    pub name: &'static str,
    pub numeric: bool,
}

pub const fn text(name: &'static str) -> Column {
    Column { name, numeric: false }
}

pub const fn number(name: &'static str) -> Column {
    Column { name, numeric: true }
}

impl Card {
    pub fn new(label: &str, value: String, unit: &str, source: impl Into<String>) -> Card {
        Card { label: label.into(), value, unit: unit.into(), source: source.into(), tone: Tone::Plain }
    }

    pub fn tone(self, tone: Tone) -> Card {
        Card { tone, ..self }
    }
}
