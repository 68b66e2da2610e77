//! flopledger for Python. Results are JSON, which `flopledger/__init__.py` reads into dicts:
//! integers of any size stay exact in it, and the keys are those that the program prints.

mod keywords;

use pyo3::prelude::*;

pyo3::create_exception!(flopledger, ConfigError, pyo3::exceptions::PyValueError);

/// The error as Python code meets it, for which the command line's options are keywords.
fn refused(error: flopledger::Error) -> PyErr {
    const KEYWORDS: [(&str, &str); 7] = [
        ("--preset NAME", "a preset's name"),
        ("--tower-config FILE", "tower_config=FILE"),
        ("--tower-config", "tower_config"),
        ("--context", "context"),
        ("--backward", "backward=True"),
        ("--recompute", "recompute"),
        ("--logits", "logits"),
    ];
    let message = error.to_string();
    let message = KEYWORDS.iter().fold(message, |message, (option, keyword)| message.replace(option, keyword));
    ConfigError::new_err(message)
}

#[pymodule]
mod _native {
    use std::path::PathBuf;

    use flopledger::convention::{estimate_with, listing};
    use flopledger::model::{self, ClipSpec, Wanted};
    use flopledger::units::Count;
    use flopledger::{Error, Result};
    use pyo3::prelude::*;

    #[pymodule_export]
    use super::ConfigError;
    use super::keywords::Keywords;
    use super::refused;

    /// A model by its text, where there is one, else by its file or preset.
    fn load(name: &PathBuf, text: Option<&str>, wanted: &Wanted) -> Result<ClipSpec> {
        match text {
            Some(text) => model::parse_as(&name.to_string_lossy(), text, wanted),
            None => flopledger::model_as(name, wanted),
        }
    }

    fn json(result: &impl serde::Serialize) -> Result<String> {
        serde_json::to_string(result).map_err(|e| Error::failed(format!("no JSON: {e}")))
    }

    /// FLOPs of a tower, or of all where none is named.
    #[pyfunction]
    fn flops(py: Python, name: PathBuf, text: Option<String>, keywords: Keywords) -> PyResult<Count> {
        let (wanted, batch) = (keywords.wanted()?, keywords.batch()?);
        let tower = keywords.tower()?;
        py.detach(|| {
            let spec = load(&name, text.as_deref(), &wanted)?;
            let one = match tower {
                None => flopledger::total_flops(&spec),
                Some(tower) if spec.has(tower) => flopledger::flops_by_tower(&spec)[tower as usize],
                Some(tower) => {
                    let tower = tower.name();
                    return Err(Error::input(format!("{}: tower: the model has no {tower} tower", spec.name))
                        .remedy("name a tower that the file describes, or none for the whole model"));
                }
            };
            Ok(Count::from(batch) * one)
        })
        .map_err(refused)
    }

    #[pyfunction]
    fn estimate(py: Python, name: PathBuf, text: Option<String>, keywords: Keywords) -> PyResult<String> {
        let (wanted, options) = (keywords.wanted()?, keywords.options()?);
        py.detach(|| json(&estimate_with(&load(&name, text.as_deref(), &wanted)?, &options)?)).map_err(refused)
    }

    #[pyfunction]
    fn identify(
        py: Python,
        number: &str,
        model: Option<(PathBuf, Option<String>)>,
        keywords: Keywords,
    ) -> PyResult<String> {
        let wanted = keywords.wanted()?;
        py.detach(|| {
            let model = model.map(|(name, text)| load(&name, text.as_deref(), &wanted)).transpose()?;
            json(&flopledger::identify(number, model.as_slice())?)
        })
        .map_err(refused)
    }

    #[pyfunction]
    fn explain(
        py: Python,
        sides: (String, String),
        name: PathBuf,
        text: Option<String>,
        keywords: Keywords,
    ) -> PyResult<String> {
        let wanted = keywords.wanted()?;
        py.detach(|| json(&flopledger::explain(&sides.0, &sides.1, &load(&name, text.as_deref(), &wanted)?)?))
            .map_err(refused)
    }

    #[pyfunction]
    fn conventions() -> PyResult<String> {
        json(&listing()).map_err(refused)
    }

    #[pyfunction]
    fn presets() -> Vec<&'static str> {
        model::names().collect()
    }
}
