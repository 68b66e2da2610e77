//! The keyword arguments of the Python functions.

use flopledger::convention::{Logits, Options, Recompute, Setting, possible};
use flopledger::model::spec::Size;
use flopledger::model::terms::Tower;
use flopledger::model::{self, TowerFile, Wanted};
use flopledger::{Error, Result};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use super::refused;

/// Those that were given, and not None.
pub struct Keywords<'py>(Bound<'py, PyDict>);

impl<'a, 'py> FromPyObject<'a, 'py> for Keywords<'py> {
    type Error = PyErr;

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        Ok(Keywords(object.cast::<PyDict>()?.to_owned()))
    }
}

impl<'py> Keywords<'py> {
    fn get(&self, key: &str) -> PyResult<Option<Bound<'py, PyAny>>> {
        Ok(self.0.get_item(key)?.filter(|value| !value.is_none()))
    }

    fn whole(&self, key: &str) -> PyResult<Option<u64>> {
        self.get(key)?.map(|value| whole(key, &value)).transpose()
    }

    fn flag(&self, key: &str) -> PyResult<bool> {
        match self.get(key)? {
            None => Ok(false),
            Some(value) => value.extract().map_err(|_| impossible(key, &value, "give True or False")),
        }
    }

    /// One of these names.
    fn choice<T: Copy>(&self, key: &str, choices: &[(&str, T)]) -> PyResult<Option<T>> {
        let Some(value) = self.get(key)? else { return Ok(None) };
        let name: Option<String> = value.extract().ok();
        match choices.iter().find(|(known, _)| name.as_deref() == Some(known)) {
            Some((_, choice)) => Ok(Some(*choice)),
            None => {
                let names: Vec<String> = choices.iter().map(|(name, _)| format!("{name:?}")).collect();
                Err(impossible(key, &value, &format!("give {}", names.join(" or "))))
            }
        }
    }

    pub fn batch(&self) -> PyResult<u64> {
        let batch = self.whole("batch")?.unwrap_or(1);
        possible("batch", batch).map_err(refused)?;
        Ok(batch)
    }

    pub fn tower(&self) -> PyResult<Option<Tower>> {
        self.choice("tower", &Tower::ALL.map(|tower| (tower.name(), tower)))
    }

    pub fn wanted(&self) -> PyResult<Wanted> {
        Ok(Wanted { image_size: self.image_size()?, context: self.whole("context")?, towers: self.towers()? })
    }

    pub fn options(&self) -> PyResult<Options> {
        let recompute = [("none", Recompute::None), ("attention", Recompute::Attention), ("full", Recompute::Full)];
        let setting = Setting {
            batch: self.batch()?,
            backward: self.flag("backward")?,
            recompute: self.choice("recompute", &recompute)?.unwrap_or(Recompute::None),
            logits: self.choice("logits", &[("local", Logits::Local), ("global", Logits::Global)])?,
            ranks: self.whole("ranks")?.unwrap_or(1),
        };
        Ok(Options::new(setting, self.flag("elementwise")?))
    }

    fn image_size(&self) -> PyResult<Option<Size>> {
        let Some(value) = self.get("image_size")? else { return Ok(None) };
        let [height, width] = match value.extract::<(Bound<PyAny>, Bound<PyAny>)>() {
            Ok((height, width)) => [height, width],
            Err(_) => [value.clone(), value],
        };
        Ok(Some(Size { height: whole("image_size", &height)?, width: whole("image_size", &width)? }))
    }

    /// Pairs of a name and a text; a file where there is no text.
    fn towers(&self) -> PyResult<Vec<TowerFile>> {
        let Some(value) = self.get("tower_config")? else { return Ok(Vec::new()) };
        let towers: Vec<(std::path::PathBuf, Option<String>)> = value.extract()?;
        let read = towers.iter().map(|(name, text)| match text {
            Some(text) => model::tower(&name.to_string_lossy(), text),
            None => model::tower_file(name),
        });
        read.collect::<Result<_>>().map_err(refused)
    }
}

/// What the library's own limits admit is for it to say.
fn whole(key: &str, value: &Bound<PyAny>) -> PyResult<u64> {
    value.extract().map_err(|_| impossible(key, value, "give a whole number above 0"))
}

fn impossible(key: &str, value: &Bound<PyAny>, remedy: &str) -> PyErr {
    let shown = value.repr().map_or_else(|_| value.get_type().to_string(), |repr| repr.to_string());
    refused(Error::input(format!("{key}: {shown} is not possible here")).remedy(remedy))
}
