//! `--html`, as a user sees it: a page that is whole, that needs nothing else and that says what the JSON says.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use roxmltree::Document;
use serde_json::Value;
use tempfile::TempDir;

fn flopledger(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_flopledger")).args(args).output().expect("flopledger starts")
}

/// A name that would end a script, an attribute and an element.
const HOSTILE: &str = "</script><img src=x onerror=\"alert(1)\">'&\u{1b}[31m";

/// Its name, the page, and the JSON of the same result.
type Made = (&'static str, PathBuf, Value);

/// A page of each subcommand.
fn pages() -> &'static [Made] {
    static PAGES: OnceLock<(TempDir, Vec<Made>)> = OnceLock::new();
    let make = || {
        let folder = tempfile::tempdir().expect("a folder");
        let mfu = "mfu --preset ViT-g-14 --task train --samples-per-second 559 --devices 8 --precision bf16 --device";
        let mfu: Vec<&str> = mfu.split(' ').chain(["A100 SXM4 80GB"]).collect();
        let commands: [(&str, Vec<&str>); 5] = [
            ("reconcile", "reconcile --preset tiny --time-runs 1 --peak measured".split(' ').collect()),
            ("explain", "explain thop analytic".split(' ').collect()),
            ("residual", "explain 100Mflop analytic --preset tiny".split(' ').collect()),
            ("mfu", mfu),
            ("run", vec!["run", "--counter", "translate", "--", "sh", "-c", ":", HOSTILE]),
        ];
        let pages = commands.into_iter().map(|(name, words)| {
            let (page, json) = (folder.path().join(format!("{name}.html")), folder.path().join(format!("{name}.json")));
            let mut args = vec![words[0], "--html", text(&page), "--format", "json", "-o", text(&json)];
            args.extend(&words[1..]);
            let output = flopledger(&args);
            let stderr = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{args:?}: {stderr}");
            assert!(stderr.contains(text(&page)), "the page is named: {stderr}");
            (name, page, serde_json::from_str(&fs::read_to_string(json).expect("written")).expect("JSON"))
        });
        let pages = pages.collect();
        (folder, pages)
    };
    &PAGES.get_or_init(make).1
}

fn text(path: &Path) -> &str {
    path.to_str().expect("text")
}

/// The page as XML has it, which every page is: no tag is left open, nothing is unescaped.
fn parsed<R>(page: &Path, look: impl FnOnce(&Document) -> R) -> R {
    let html = fs::read_to_string(page).expect("readable");
    let xml = html.strip_prefix("<!doctype html>\n").expect("a doctype");
    look(&Document::parse(xml).unwrap_or_else(|e| panic!("{}: {e}", page.display())))
}

/// Words and numbers that can be read.
fn visible(document: &Document) -> String {
    let hidden = ["script", "style"];
    let texts = document.descendants().filter(|node| node.is_text());
    let shown = texts.filter(|node| !node.ancestors().any(|above| hidden.contains(&above.tag_name().name())));
    shown.filter_map(|node| node.text()).collect::<Vec<_>>().join(" ")
}

/// `1234567` as `1,234,567`.
fn grouped(number: &Value) -> String {
    let digits = number.to_string();
    let (sign, digits) = digits.strip_prefix('-').map_or(("", digits.as_str()), |digits| ("-", digits));
    let groups: Vec<&[u8]> = digits.as_bytes().rchunks(3).rev().collect();
    sign.to_owned() + &groups.iter().map(|group| String::from_utf8_lossy(group)).collect::<Vec<_>>().join(",")
}

#[test]
fn pages_are_whole_and_need_nothing_else() {
    for (name, page, _) in pages() {
        assert!(fs::metadata(page).expect("there").len() < 1_000_000, "{name}");
        parsed(page, |document| {
            for node in document.descendants().filter(|node| node.is_element()) {
                let element = node.tag_name().name();
                assert!(
                    !["link", "img", "iframe", "object", "embed", "base", "image", "use"].contains(&element),
                    "{name}: {element}"
                );
                for attribute in node.attributes() {
                    let refers = ["src", "href", "srcset", "data", "action"].contains(&attribute.name());
                    assert!(!refers, "{name}: {element} {}={}", attribute.name(), attribute.value());
                }
                if element == "style" {
                    let style = node.text().expect("a style");
                    assert!(!style.contains("@import"), "{name}");
                    assert!(style.match_indices("url(").all(|(at, _)| style[at..].starts_with("url(#")), "{name}");
                    assert!(style.contains("prefers-color-scheme: dark") && style.contains("@media print"));
                }
            }
        });
    }
}

#[test]
fn the_raw_json_is_the_result() {
    for (name, page, json) in pages() {
        let raw: Value = parsed(page, |document| {
            let script = document.descendants().find(|node| node.attribute("id") == Some("result")).expect("JSON");
            serde_json::from_str(script.text().expect("text")).unwrap_or_else(|e| panic!("{name}: {e}"))
        });
        assert_eq!(&raw, json, "{name}");
    }
}

/// Each figure, entry, share of evidence and residual of every ledger can be read on the page.
#[test]
fn ledgers_are_on_the_page_to_the_last_digit() {
    let mut entries = 0;
    for (name, page, json) in pages() {
        let ledgers = json["ledgers"].as_array().cloned().unwrap_or_else(|| vec![json["ledger"].clone()]);
        let shown = parsed(page, visible);
        for ledger in ledgers.iter().filter(|ledger| !ledger.is_null()) {
            for figure in ["opening", "closing"] {
                let value = grouped(&ledger[figure]["value"]);
                assert!(shown.contains(&value), "{name}: {value} is missing");
            }
            assert!(shown.contains(&grouped(&ledger["residual"])), "{name}: the residual");
            for entry in ledger["entries"].as_array().expect("entries") {
                entries += 1;
                let (amount, text) = (grouped(&entry["flops"]), entry["text"].as_str().expect("text"));
                assert!(shown.contains(&amount) && shown.contains(text), "{name}: {amount} {text} is missing");
                for part in entry["evidence"].as_array().expect("evidence").iter().take(40) {
                    let (amount, what) = (grouped(&part["flops"]), part["what"].as_str().expect("text"));
                    assert!(shown.contains(&amount) && shown.contains(what), "{name}: {amount} {what} is missing");
                }
            }
        }
    }
    assert!(entries > 15, "{entries}");
}

fn page_of(name: &str) -> (&'static Path, &'static Value) {
    let (_, page, json) = pages().iter().find(|(of, ..)| *of == name).expect("a page");
    (page, json)
}

#[test]
fn operators_instructions_and_functions_are_on_the_page() {
    let (page, json) = page_of("reconcile");
    let shown = parsed(page, visible);
    let contains = |word: &str| assert!(shown.contains(word), "{word} is missing");
    for row in json["operators"].as_array().expect("operators") {
        contains(row["path"].as_str().expect("text"));
        for count in ["analytic", "operators", "predicted", "executed"] {
            contains(&grouped(&row[count]));
        }
    }
    for row in json["classes"].as_array().expect("classes") {
        contains(row["mnemonic"].as_str().expect("text"));
        contains(&grouped(&row["flops"]));
    }
    for row in json["functions"].as_array().expect("functions") {
        contains(row["symbol"].as_str().expect("text"));
    }
    for point in json["roofline"]["points"].as_array().expect("a roofline") {
        contains(&grouped(&point["bytes"]));
    }
    contains(json["machine"]["cpu"].as_str().expect("a CPU"));
    contains(json["counter_reason"].as_str().expect("a reason"));
}

#[test]
fn a_residual_is_shown_as_one() {
    let (page, json) = page_of("residual");
    assert_ne!(json["ledger"]["residual"], 0);
    parsed(page, |document| {
        let residual = document.descendants().find(|node| node.attribute("class") == Some("row residual"));
        let row = visible_in(&residual.expect("a row"));
        assert!(row.contains(&grouped(&json["ledger"]["residual"])) && row.contains("no cause explains"), "{row}");
    });
}

fn visible_in(node: &roxmltree::Node) -> String {
    node.descendants().filter(|node| node.is_text()).filter_map(|node| node.text()).collect()
}

/// What a command is named is text, and stays text.
#[test]
fn hostile_names_are_escaped() {
    let (page, json) = page_of("run");
    assert_eq!(json["command"][3], HOSTILE);
    let html = fs::read_to_string(page).expect("readable");
    assert!(!html.contains("<img") && !html.contains('\u{1b}'));
    let shown = parsed(page, visible);
    // As a shell would need it.
    assert!(shown.contains("$'</script><img src=x onerror=\"alert(1)\">\\'&\\033"), "{shown}");
}

#[test]
fn a_bad_path_fails_before_the_command_runs() {
    let folder = tempfile::tempdir().expect("a folder");
    let mark = folder.path().join("ran");
    let output = flopledger(&["run", "--html", "/no/such/folder/page.html", "--", "touch", text(&mark)]);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{stderr}");
    assert!(stderr.contains("/no/such/folder/page.html") && stderr.contains("remedy"), "{stderr}");
    assert!(!mark.exists());
}

/// The page as Chromium has it after its scripts ran, and what it logged on its console. None where it is not
/// installed.
fn chromium(page: &Path) -> Option<(String, Vec<String>)> {
    let profile = tempfile::tempdir().expect("a folder");
    let output = Command::new("chromium")
        .args(["--headless=new", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr", "--dump-dom"])
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .arg(format!("file://{}", page.display()))
        .output()
        .ok()?;
    let log = String::from_utf8_lossy(&output.stderr).into_owned();
    let console = log.lines().filter(|line| line.contains("CONSOLE")).map(str::to_owned).collect();
    Some((String::from_utf8_lossy(&output.stdout).into_owned(), console))
}

#[test]
#[cfg_attr(not(has = "chromium"), ignore = "skipped: no chromium")]
fn a_browser_has_nothing_to_complain_about() {
    // A page that does have an error shows that errors would be seen.
    let folder = tempfile::tempdir().expect("a folder");
    let broken = folder.path().join("broken.html");
    fs::write(&broken, "<!doctype html><title>t</title><script>no_such_function()</script>").expect("writable");
    let Some((_, console)) = chromium(&broken) else {
        eprintln!("left out: chromium is not installed");
        return;
    };
    assert!(!console.is_empty(), "the browser tells errors");
    for (name, page, _) in pages() {
        let (dom, console) = chromium(page).expect("it is installed");
        assert!(console.is_empty(), "{name}: {console:?}");
        // The script ran: the button is there for who has one.
        assert!(dom.contains("id=\"save\"") && !dom.contains("hidden=\"\""), "{name}");
    }
}
