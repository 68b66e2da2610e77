//! Just enough SVG for the page's pictures. Every word is escaped; colours come from the page's style, by class.

use std::fmt::Write;

/// A picture in its own coordinates.
pub struct Svg {
    width: f64,
    height: f64,
    label: String,
    body: String,
}

#[derive(Debug, Clone, Copy)]
pub enum Anchor {
    Start,
    Middle,
    End,
}

impl Svg {
    /// Keeps its proportions. The label is for who does not see it.
    pub fn new(width: f64, height: f64, label: &str) -> Svg {
        Svg { width, height, label: label.to_owned(), body: String::new() }
    }

    pub fn circle(&mut self, [x, y]: [f64; 2], radius: f64, class: &str, title: &str) {
        let (x, y, radius, class, title) = (n(x), n(y), n(radius), escape(class), escape(title));
        self.push(format_args!(
            "<circle cx=\"{x}\" cy=\"{y}\" r=\"{radius}\" class=\"{class}\"><title>{title}</title></circle>"
        ));
    }

    pub fn line(&mut self, from: [f64; 2], to: [f64; 2], class: &str) {
        let [[x1, y1], [x2, y2]] = [from, to].map(|point| point.map(n));
        self.push(format_args!("<line x1=\"{x1}\" y1=\"{y1}\" x2=\"{x2}\" y2=\"{y2}\" class=\"{}\"/>", escape(class)));
    }

    pub fn polygon(&mut self, points: &[[f64; 2]], class: &str) {
        let points: Vec<String> = points.iter().map(|[x, y]| format!("{},{}", n(*x), n(*y))).collect();
        self.push(format_args!("<polygon points=\"{}\" class=\"{}\"/>", points.join(" "), escape(class)));
    }

    pub fn text(&mut self, [x, y]: [f64; 2], anchor: Anchor, class: &str, text: &str) {
        let anchor = match anchor {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        };
        let (x, y, class, text) = (n(x), n(y), escape(class), escape(text));
        self.push(format_args!("<text x=\"{x}\" y=\"{y}\" text-anchor=\"{anchor}\" class=\"{class}\">{text}</text>"));
    }

    fn push(&mut self, markup: std::fmt::Arguments) {
        self.body.write_fmt(markup).expect("a String takes everything");
    }

    pub fn markup(&self) -> String {
        let Svg { width, height, body, .. } = self;
        let (width, height, label) = (n(*width), n(*height), escape(&self.label));
        format!("<svg viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"{label}\">{body}</svg>")
    }
}

/// Bars beside a text of any height: lengths in per cent of the strip, heights in pixels around its middle.
pub struct Strip {
    label: String,
    body: String,
}

impl Strip {
    pub fn new(label: &str) -> Strip {
        Strip { label: label.to_owned(), body: String::new() }
    }

    /// From left to right; its upper edge so many pixels below the middle.
    pub fn bar(&mut self, [left, right]: [f64; 2], [top, height]: [f64; 2], class: &str, title: &str) {
        let (left, width, top, height) = (p(left), p(right - left), n(top), n(height));
        let (class, title) = (escape(class), escape(title));
        self.body.push_str(&format!(
            "<rect x=\"{left}%\" width=\"{width}%\" y=\"50%\" height=\"{height}\" transform=\"translate(0 {top})\" \
             class=\"{class}\"><title>{title}</title></rect>"
        ));
    }

    /// A line from the middle to the upper or the lower edge.
    pub fn lead(&mut self, at: f64, up: bool) {
        let (at, end) = (p(at), if up { 0 } else { 100 });
        self.body.push_str(&format!("<line x1=\"{at}%\" y1=\"50%\" x2=\"{at}%\" y2=\"{end}%\" class=\"lead\"/>"));
    }

    /// Shows that a bar does not begin at 0.
    pub fn cut(&mut self) {
        self.body.push_str(
            "<svg y=\"50%\" overflow=\"visible\"><polygon points=\"16,-14 21,-14 15,14 10,14\" class=\"cut\"/></svg>",
        );
    }

    pub fn markup(&self) -> String {
        format!("<svg role=\"img\" aria-label=\"{}\">{}</svg>", escape(&self.label), self.body)
    }
}

/// Per cent to a thousandth.
fn p(value: f64) -> String {
    let text = format!("{value:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A coordinate to a tenth.
fn n(value: f64) -> String {
    let text = format!("{value:.1}");
    text.strip_suffix(".0").map(str::to_owned).unwrap_or(text)
}

/// Text as it may stand in markup and in attributes. Control characters, which XML does not know, are shown as
/// a question mark.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c if c.is_control() => out.push('?'),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_escaped() {
        let mut svg = Svg::new(10.0, 20.5, "a \"label\"");
        svg.text([1.0, 2.25], Anchor::End, "c", "<script>&\u{1b}");
        assert_eq!(
            svg.markup(),
            "<svg viewBox=\"0 0 10 20.5\" role=\"img\" aria-label=\"a &quot;label&quot;\">\
             <text x=\"1\" y=\"2.2\" text-anchor=\"end\" class=\"c\">&lt;script&gt;&amp;?</text></svg>"
        );
    }

    #[test]
    fn strips_are_in_per_cent() {
        let mut strip = Strip::new("'a'");
        strip.bar([25.0, 37.5], [-9.0, 18.0], "rise", "1 < 2");
        assert_eq!(
            strip.markup(),
            "<svg role=\"img\" aria-label=\"&#39;a&#39;\"><rect x=\"25%\" width=\"12.5%\" y=\"50%\" height=\"18\" \
             transform=\"translate(0 -9)\" class=\"rise\"><title>1 &lt; 2</title></rect></svg>"
        );
    }
}
