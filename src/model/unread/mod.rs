//! What is said of the keys that the reading of a file did not look at.

mod harmless;
mod weighty;

use crate::model::json::shown;
use crate::model::reads::Unread;
use crate::{Error, Result};

pub use harmless::{Entry, Why, entries, harmless};

/// Nothing where every key stands in the table of harmless ones; else a note that names the
/// others, or a refusal where one of them is known to change the count.
pub fn judge(file: &str, dialect: &str, unread: Vec<Unread>) -> Result<Option<String>> {
    let unread: Vec<Unread> = unread.into_iter().filter(|key| harmless(dialect, &key.path).is_none()).collect();
    for key in &unread {
        if let Some(what) = weighty::changes(dialect, &key.path, &key.value) {
            return Err(Error::input(format!("{file}: {}: {}: {what}", key.path, shown(&key.value))).remedy(REMEDY));
        }
    }
    let paths: Vec<&str> = unread.iter().map(|key| key.path.as_str()).collect();
    Ok((!paths.is_empty())
        .then(|| format!("keys that are not looked at, and whatever they change is not counted: {}", paths.join(", "))))
}

const REMEDY: &str = "no spelling of this key is counted: where each tower is one that is known, give it as a file of \
                      its own; where you know that the key changes no operation, take it out of a copy of the file";
