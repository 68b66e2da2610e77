//! A result as one page that needs nothing else: no network, no script to be read, the raw JSON inside.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, UndefinedBehavior, Value};
use serde::Serialize;

use super::Report;
use crate::standard::tell;
use crate::{Error, Result};
use page::Page;

mod bars;
mod difference;
mod explain;
mod instructions;
mod mfu;
mod operators;
mod page;
mod reconcile;
mod roofline;
mod run;
mod side_by_side;
mod svg;
mod timed;
mod waterfall;

const TEMPLATE: &str = include_str!("page.html");
const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("script.js");

/// A result that can be shown as a page.
pub trait Pictured: Report {
    fn page(&self) -> Page;
}

/// Opened before the work starts, so that a bad path fails early.
pub struct HtmlFile {
    file: File,
    path: PathBuf,
}

impl HtmlFile {
    pub fn create(path: &Path) -> Result<HtmlFile> {
        let file = File::create(path).map_err(|e| {
            Error::input(format!("{}: cannot write: {e}", path.display()))
                .remedy("give --html a path in a folder that exists and is writable")
        })?;
        Ok(HtmlFile { file, path: path.to_owned() })
    }

    /// Writes the page and says where it is.
    pub fn write(mut self, result: &dyn Pictured) -> Result<()> {
        let page = render(result)?;
        self.file
            .write_all(page.as_bytes())
            .map_err(|e| Error::failed(format!("{}: cannot write: {e}", self.path.display())))?;
        tell(format_args!("wrote the report {}", self.path.display()));
        Ok(())
    }
}

#[derive(Serialize)]
struct Context<'a> {
    page: &'a Page,
    version: &'static str,
    style: Value,
    script: Value,
    json: Value,
}

fn render(result: &dyn Pictured) -> Result<String> {
    let mut json = Vec::new();
    result.json(&mut json).map_err(|e| Error::failed(format!("the page's JSON: {e}")))?;
    let json = String::from_utf8_lossy(&json);
    let context = Context {
        page: &result.page(),
        version: env!("CARGO_PKG_VERSION"),
        style: Value::from_safe_string(STYLE.to_owned()),
        script: Value::from_safe_string(SCRIPT.to_owned()),
        json: Value::from_safe_string(inside_script(&json)),
    };
    let mut environment = Environment::new();
    // Commands, paths and symbols are whatever somebody named them.
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    let rendered = environment.render_str(TEMPLATE, Value::from(Serde(&context)));
    rendered.map(printable).map_err(|e| Error::failed(format!("the page's template: {e:#}")))
}

/// Without control characters, which a name may have and a page may not. JSON has its own escaped.
fn printable(page: String) -> String {
    let is_bad = |c: char| c.is_control() && c != '\n';
    if page.contains(is_bad) { page.replace(is_bad, "?") } else { page }
}

/// JSON that no `</script>` or `<!--` in a string can end, and no `&` makes ill-formed: both occur in strings only.
fn inside_script(json: &str) -> String {
    json.replace('<', "\\u003c").replace('&', "\\u0026")
}
