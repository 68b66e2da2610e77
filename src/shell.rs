//! Words as a shell would need them, so that a command that is printed can be typed again.

/// Words of a shell's grammar, which name no program where they stand first.
const RESERVED: [&str; 21] = [
    "case",
    "coproc",
    "do",
    "done",
    "elif",
    "else",
    "esac",
    "fi",
    "for",
    "function",
    "if",
    "in",
    "namespace",
    "repeat",
    "select",
    "then",
    "time",
    "typeset",
    "until",
    "while",
    "foreach",
];

/// A command, quoted where a shell would read its words otherwise.
pub fn command<S: AsRef<str>>(words: &[S]) -> String {
    let quoted = words.iter().enumerate().map(|(place, word)| {
        let word = word.as_ref();
        // `NAME=VALUE` in the first place would be an assignment.
        let otherwise = place == 0 && (word.contains('=') || RESERVED.contains(&word));
        if otherwise { single(word) } else { self::word(word) }
    });
    quoted.collect::<Vec<_>>().join(" ")
}

/// One word, quoted if it has to be.
pub fn word(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./:=@%+,".contains(c);
    match word {
        _ if word.chars().any(char::is_control) => escaped(word),
        _ if !word.is_empty() && word.chars().all(plain) => word.to_owned(),
        _ => single(word),
    }
}

/// In single quotes, in which nothing but they themselves is special.
fn single(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// In `$'...'`, of which bash, zsh, ksh and the POSIX standard of 2024 know: without a character that would move a
/// terminal's cursor.
fn escaped(word: &str) -> String {
    let mut out = String::from("$'");
    for c in word.chars() {
        match c {
            '\n' => out.push_str(r"\n"),
            '\t' => out.push_str(r"\t"),
            '\r' => out.push_str(r"\r"),
            '\'' => out.push_str(r"\'"),
            '\\' => out.push_str(r"\\"),
            // Three octal digits for each byte: those of hexadecimal escapes have no end that all shells agree on.
            c if c.is_control() => {
                c.encode_utf8(&mut [0; 4]).bytes().for_each(|byte| out.push_str(&format!("\\{byte:03o}")))
            }
            c => out.push(c),
        }
    }
    out.push('\'');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_needs_it_is_quoted() {
        assert_eq!(command(&["./solver", "--size=10", "a,b:c@d%e+f_g"]), "./solver --size=10 a,b:c@d%e+f_g");
        assert_eq!(command(&["sh", "-c", "exit 3", ""]), "sh -c 'exit 3' ''");
        assert_eq!(command(&["a=b", "c=d"]), "'a=b' c=d");
        assert_eq!(command(&["time", "time"]), "'time' time");
        assert_eq!(word("it's"), r"'it'\''s'");
        assert_eq!(word("a\nb\u{1b}'\\"), r"$'a\nb\033\'\\'");
        assert_eq!(command::<&str>(&[]), "");
    }
}
