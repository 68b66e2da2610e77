//! Takes the libraries' lines out of what a program prints, byte by byte: what is left is what it would have
//! printed without them.

use super::MARKERS;

/// A stream being separated. The libraries write a line at once, though it may follow text of the program's
/// that has no newline yet.
#[derive(Debug, Default)]
pub struct Separator {
    /// Not decided on: the beginning of a marker, or of a line that has one.
    pending: Vec<u8>,
}

impl Separator {
    /// Further bytes of the stream. `own` gets the program's, `line` the libraries' lines.
    pub fn feed(&mut self, bytes: &[u8], own: &mut dyn FnMut(&[u8]), line: &mut dyn FnMut(&str)) {
        self.pending.extend_from_slice(bytes);
        let mut done = 0;
        loop {
            let rest = &self.pending[done..];
            match find(rest) {
                Found::Marker(at) => {
                    own(&rest[..at]);
                    done += at;
                    let Some(length) = rest[at..].iter().position(|&byte| byte == b'\n') else { break };
                    line(&String::from_utf8_lossy(&rest[at..at + length]));
                    done += length + 1;
                }
                Found::PerhapsAt(at) => {
                    own(&rest[..at]);
                    done += at;
                    break;
                }
            }
        }
        self.pending.drain(..done);
    }

    /// The stream has ended.
    pub fn finish(self, own: &mut dyn FnMut(&[u8]), line: &mut dyn FnMut(&str)) {
        match find(&self.pending) {
            Found::Marker(at) => line(&String::from_utf8_lossy(&self.pending[at..])),
            Found::PerhapsAt(_) => own(&self.pending),
        }
    }
}

enum Found {
    /// A line of a library's begins here.
    Marker(usize),
    /// None does; what begins here might become one.
    PerhapsAt(usize),
}

fn find(bytes: &[u8]) -> Found {
    let begins = |at: &usize| MARKERS.iter().any(|marker| bytes[*at..].starts_with(marker.as_bytes()));
    let may_begin = |at: &usize| MARKERS.iter().any(|marker| marker.as_bytes().starts_with(&bytes[*at..]));
    match (0..bytes.len()).find(begins) {
        Some(at) => Found::Marker(at),
        None => Found::PerhapsAt((0..bytes.len()).find(may_begin).unwrap_or(bytes.len())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// (the program's own bytes, the lines) of a stream that comes in pieces of so many bytes.
    fn separated(stream: &[u8], piece: usize) -> (Vec<u8>, Vec<String>) {
        let (mut own, mut lines) = (Vec::new(), Vec::new());
        let mut separator = Separator::default();
        for bytes in stream.chunks(piece) {
            separator.feed(bytes, &mut |b| own.extend_from_slice(b), &mut |l| lines.push(l.to_owned()));
        }
        separator.finish(&mut |b| own.extend_from_slice(b), &mut |l| lines.push(l.to_owned()));
        (own, lines)
    }

    /// However the pieces fall: text before a line without a newline, marks that turn out to be none, bytes
    /// that are no text, a line that is cut off.
    #[test]
    fn what_is_left_is_what_the_program_printed() {
        let stream =
            b"50 %onednn_verbose,info,a\n 60 %\nonednn_verb\nMKL_VERBOSE b\n\xff\x00dnnl_dnnl_verbose,c\nMKL_VERBOSE d";
        for piece in 1..=stream.len() {
            let (own, lines) = separated(stream, piece);
            assert_eq!(own, b"50 % 60 %\nonednn_verb\n\xff\x00dnnl_", "in pieces of {piece}");
            assert_eq!(lines, ["onednn_verbose,info,a", "MKL_VERBOSE b", "dnnl_verbose,c", "MKL_VERBOSE d"]);
        }
    }

    #[test]
    fn text_is_passed_on_as_soon_as_it_is_no_mark() {
        let mut own = Vec::new();
        let mut separator = Separator::default();
        separator.feed(b"name? ", &mut |b| own.extend_from_slice(b), &mut |_| {});
        assert_eq!(own, b"name? ");
    }
}
