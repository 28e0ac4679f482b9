//! The pages of an export, read by their structure: class names are made anew with every layout.
//!
//! In all layouts the element with `role="main"` has one child an item, and an item has a heading, a body and a
//! foot with its time, of which any may be missing.

use crate::formats::mail::html_to_text;
use std::ops::Range;

/// Elements nested deeper than these end the reading of what is around them.
const DEEPEST: usize = 256;

/// One item of a page: where it is, and its children.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Block {
    pub range: Range<usize>,
    pub children: Vec<Range<usize>>,
}

/// A tag: where it is, its name, and whether it opens, closes, or does both.
struct Tag {
    range: Range<usize>,
    name: Range<usize>,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Open,
    Close,
    Alone,
}

/// Items of one page, and children of one item, beyond which no more are looked at.
const MOST_ITEMS: usize = 200_000;
const MOST_CHILDREN: usize = 64;

/// Elements that have no end.
const VOID: &[&str] =
    &["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"];

/// Returns the next tag at or after `at`.
fn next_tag(html: &str, mut at: usize) -> Option<Tag> {
    let bytes = html.as_bytes();
    loop {
        let open = at + memchr::memchr(b'<', bytes.get(at..)?)?;
        let rest = bytes.get(open..)?;
        if rest.starts_with(b"<!--") {
            at = open + 4 + memchr::memmem::find(bytes.get(open + 4..)?, b"-->")? + 3;
            continue;
        }
        let closing = rest.get(1) == Some(&b'/');
        let start = open + 1 + usize::from(closing);
        let length = bytes.get(start..)?.iter().take(20).take_while(|b| b.is_ascii_alphanumeric()).count();
        if length == 0 {
            at = open + 1;
            continue;
        }
        let end = tag_end(bytes, start + length)?;
        let name = html.get(start..start + length)?;
        // What scripts and styles hold is no markup.
        if !closing && (name.eq_ignore_ascii_case("script") || name.eq_ignore_ascii_case("style")) {
            at = end + memchr::memmem::find(bytes.get(end..)?, b"</")?;
            continue;
        }
        let alone = VOID.iter().any(|void| name.eq_ignore_ascii_case(void)) || bytes.get(end - 2) == Some(&b'/');
        let kind = match (closing, alone) {
            (true, _) => Kind::Close,
            (false, true) => Kind::Alone,
            (false, false) => Kind::Open,
        };
        return Some(Tag { range: open..end, name: start..start + length, kind });
    }
}

/// Returns where a tag ends, quoted values considered.
fn tag_end(bytes: &[u8], mut at: usize) -> Option<usize> {
    let limit = at + (1 << 16);
    let mut quote = None;
    while at < limit {
        match (*bytes.get(at)?, quote) {
            (b'>', None) => return Some(at + 1),
            (q @ (b'"' | b'\''), None) => quote = Some(q),
            (q, Some(open)) if q == open => quote = None,
            _ => {}
        }
        at += 1;
    }
    None
}

/// Returns the items of a page; none when it has no main part.
pub(crate) fn blocks(html: &str) -> Option<Vec<Block>> {
    let mut at = 0;
    let main = loop {
        let tag = next_tag(html, at)?;
        at = tag.range.end;
        let text = html.get(tag.range.clone()).unwrap_or_default();
        let main = html.get(tag.name.clone()).is_some_and(|name| name.eq_ignore_ascii_case("main"));
        if tag.kind == Kind::Open && (main || attribute(text, "role").as_deref() == Some("main")) {
            break at;
        }
    };
    let mut blocks = Vec::new();
    let (mut at, mut depth) = (main, 0usize);
    let (mut block, mut child) = (Block::default(), 0usize);
    while let Some(tag) = next_tag(html, at) {
        at = tag.range.end;
        match tag.kind {
            Kind::Open => {
                match depth {
                    0 => block = Block { range: tag.range.start..tag.range.end, children: Vec::new() },
                    1 => child = tag.range.start,
                    _ => {}
                }
                depth += 1;
                if depth > DEEPEST {
                    break;
                }
            }
            Kind::Alone => {}
            Kind::Close => {
                if depth == 0 {
                    break;
                }
                depth -= 1;
                match depth {
                    0 => {
                        block.range.end = tag.range.end;
                        blocks.push(std::mem::take(&mut block));
                        if blocks.len() == MOST_ITEMS {
                            break;
                        }
                    }
                    1 if block.children.len() < MOST_CHILDREN => block.children.push(child..tag.range.end),
                    _ => {}
                }
            }
        }
    }
    if depth > 0 && block.range.end > 0 {
        // The page ends inside an item: what it has of it counts.
        block.range.end = html.len();
        blocks.push(block);
    }
    Some(blocks)
}

/// What the body of an item holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Body {
    pub text: String,
    /// Targets of links and sources of pictures, films and sounds, each once.
    pub files: Vec<String>,
    /// Links that stand by themselves and show their own address.
    pub shared: Vec<String>,
    /// Lists, an entry an item.
    pub lists: Vec<String>,
    /// Rows of tables: labels, and the values that they stand for.
    pub rows: Vec<(String, String)>,
}

/// Files, links, and entries of lists of one item, beyond which no more are looked at; and rows of its tables.
const MOST: usize = 100;
const MOST_ROWS: usize = 500;
/// Tables in tables deeper than these are read as text.
const DEEPEST_TABLE: usize = 8;

/// Reads the body of an item; what is in rows of tables is not in its text.
pub(crate) fn body(html: &str) -> Body {
    let mut body = Body::default();
    read(html, &mut body, 0);
    body
}

fn read(html: &str, body: &mut Body, depth: usize) {
    let mut shown = String::new();
    let (mut at, mut kept) = (0, 0);
    while let Some(tag) = next_tag(html, at) {
        at = tag.range.end;
        if tag.kind == Kind::Close {
            continue;
        }
        let name = html.get(tag.name.clone()).unwrap_or_default().to_ascii_lowercase();
        let text = html.get(tag.range.clone()).unwrap_or_default();
        match name.as_str() {
            "tr" if tag.kind == Kind::Open && depth < DEEPEST_TABLE && body.rows.len() < MOST_ROWS => {
                let end = element_end(html, tag.range.end, "tr");
                let inner = html.get(tag.range.end..end).unwrap_or_default();
                if row(inner, body, depth) {
                    shown.push_str(html.get(kept..tag.range.start).unwrap_or_default());
                    (at, kept) = (end, end);
                }
            }
            "ul" if tag.kind == Kind::Open => {
                let end = element_end(html, tag.range.end, "ul");
                let inner = html.get(tag.range.end..end).unwrap_or_default();
                let items = inner.split("<li").skip(1).take(MOST);
                let items = items.filter_map(|item| item.split_once('>')).map(|(_, item)| html_to_text(item));
                body.lists.extend(items.map(|item| item.trim().to_owned()).filter(|item| !item.is_empty()));
                shown.push_str(html.get(kept..tag.range.start).unwrap_or_default());
                (at, kept) = (end, end);
            }
            "a" if tag.kind == Kind::Open => {
                let Some(target) = attribute(text, "href").filter(|target| !target.is_empty()) else { continue };
                let end = anchor_end(html, tag.range.end);
                let inner = html.get(tag.range.end..end).unwrap_or_default();
                let alone = html.get(..tag.range.start).is_some_and(|before| before.trim_ascii_end().ends_with('>'))
                    && html.get(end..).is_some_and(|after| after.trim_ascii_start().starts_with("</a>"));
                if alone && html_to_text(inner).trim() == target {
                    push(&mut body.shared, target, MOST);
                    shown.push_str(html.get(kept..tag.range.start).unwrap_or_default());
                    (at, kept) = (end, end);
                } else {
                    push(&mut body.files, target, MOST);
                }
            }
            "img" | "video" | "audio" | "source" => {
                let source = attribute(text, "src").filter(|source| !source.is_empty() && !source.starts_with("data:"));
                if let Some(source) = source {
                    push(&mut body.files, source, MOST);
                }
            }
            _ => {}
        }
    }
    shown.push_str(html.get(kept..).unwrap_or_default());
    body.text = html_to_text(&shown).trim().to_owned();
}

/// Reads a row; says whether it was one of a label and a value.
///
/// They are two cells, or one whose own text, or first element, is the label. A value may be a table again.
fn row(html: &str, body: &mut Body, depth: usize) -> bool {
    let cells = cells(html);
    let (label, value) = match cells.as_slice() {
        [label, value] => (*label, *value),
        [cell] => {
            let Some(first) = next_tag(cell, 0) else { return false };
            let own = cell.get(..first.range.start).unwrap_or_default();
            let split = match own.trim_ascii().is_empty() {
                false => first.range.start,
                true => {
                    let name = cell.get(first.name.clone()).unwrap_or_default();
                    let end = element_end(cell, first.range.end, name);
                    next_tag(cell, end).map_or(cell.len(), |tag| tag.range.end)
                }
            };
            (cell.get(..split).unwrap_or_default(), cell.get(split..).unwrap_or_default())
        }
        _ => return false,
    };
    let label = text(label);
    let before = body.rows.len();
    let mut inner = Body { rows: std::mem::take(&mut body.rows), ..Body::default() };
    read(value, &mut inner, depth + 1);
    body.rows = inner.rows;
    // A link that shows its own address is a value, and so is the only text there is.
    let value = if inner.text.is_empty() { inner.shared.join("\n") } else { inner.text };
    let nested = body.rows.len() > before;
    for (list, found) in [(&mut body.files, inner.files), (&mut body.lists, inner.lists)] {
        found.into_iter().for_each(|value| push(list, value, MOST));
    }
    if label.is_empty() && !nested {
        return false;
    }
    // A label may say something with nothing behind it; one over a table is the table's heading.
    if !value.is_empty() || !nested {
        body.rows.insert(before, (label, value));
    }
    true
}

/// Returns the contents of the cells of a row.
fn cells(html: &str) -> Vec<&str> {
    let mut cells = Vec::new();
    let mut at = 0;
    while let Some(tag) = next_tag(html, at) {
        at = tag.range.end;
        let name = html.get(tag.name.clone()).unwrap_or_default();
        if tag.kind == Kind::Open && (name.eq_ignore_ascii_case("td") || name.eq_ignore_ascii_case("th")) {
            let end = element_end(html, tag.range.end, name);
            cells.push(html.get(tag.range.end..end).unwrap_or_default());
            at = end;
        }
        if cells.len() > 2 {
            break;
        }
    }
    cells
}

fn push(list: &mut Vec<String>, value: String, most: usize) {
    if list.len() < most && !list.contains(&value) {
        list.push(value);
    }
}

/// Returns where a link ends whose opening tag ends at `at`: links do not nest, so the next one ends it as well.
fn anchor_end(html: &str, mut at: usize) -> usize {
    while let Some(tag) = next_tag(html, at) {
        at = tag.range.end;
        if html.get(tag.name.clone()).is_some_and(|own| own.eq_ignore_ascii_case("a")) {
            return tag.range.start;
        }
    }
    html.len()
}

/// Returns where the closing tag of an element begins whose opening tag ends at `at`.
fn element_end(html: &str, mut at: usize, name: &str) -> usize {
    let mut depth = 0usize;
    while let Some(tag) = next_tag(html, at) {
        at = tag.range.end;
        if !html.get(tag.name.clone()).is_some_and(|own| own.eq_ignore_ascii_case(name)) {
            continue;
        }
        match tag.kind {
            Kind::Open => depth += 1,
            Kind::Close if depth == 0 => return tag.range.start,
            Kind::Close => depth -= 1,
            Kind::Alone => {}
        }
    }
    html.len()
}

/// Returns an attribute's value, decoded.
fn attribute(tag: &str, name: &str) -> Option<String> {
    let mut rest = tag;
    loop {
        let at = rest.find(name)?;
        let before = rest.get(..at)?.bytes().next_back()?;
        let after = rest.get(at + name.len()..)?;
        if before.is_ascii_whitespace()
            && let Some(value) = after.trim_ascii_start().strip_prefix('=')
        {
            let value = value.trim_ascii_start();
            let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''))?;
            let value = value.get(1..)?;
            let value = value.get(..value.find(quote)?)?;
            return Some(if value.contains('&') { html_to_text(value) } else { value.to_owned() });
        }
        rest = after;
    }
}

/// Returns the text of an element, in lines.
pub(crate) fn text(html: &str) -> String {
    html_to_text(html).trim().to_owned()
}

/// Returns a page's title.
pub(crate) fn title(html: &str) -> Option<String> {
    let start = memchr::memmem::find(html.as_bytes(), b"<title>")? + "<title>".len();
    let rest = html.get(start..)?;
    let title = text(rest.get(..rest.find("</title>")?)?);
    (!title.is_empty()).then_some(title)
}

/// Says whether a text is a time and nothing else: at least a day, a year, an hour and a minute, and few words.
pub(crate) fn is_only_time(text: &str) -> bool {
    const LONGEST: usize = 60;
    let numbers = text.split(|c: char| !c.is_ascii_digit()).filter(|part| !part.is_empty()).count();
    let words = text.split(|c: char| !c.is_alphabetic()).filter(|part| !part.is_empty()).count();
    is_time(text) && text.len() <= LONGEST && (4..=9).contains(&numbers) && words <= 5
}

/// Says whether a text is a time as pages write it, in whatever language: a clock, and a year of four digits.
pub(crate) fn is_time(text: &str) -> bool {
    let bytes = text.as_bytes();
    let clock = bytes
        .windows(4)
        .any(|w| matches!(w, [a, b':', c, d] if a.is_ascii_digit() && c.is_ascii_digit() && d.is_ascii_digit()));
    let year =
        bytes.split(|b| !b.is_ascii_digit()).any(|digits| digits.len() == 4 && matches!(digits, [b'1' | b'2', ..]));
    clock && year && bytes.len() < 80 && !text.contains('\n')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_are_the_children_of_the_main_part() {
        let html = "<html><style>a<b</style><div class='x' role=\"main\"><div class=\"q\"><div>A</div><p>b<br>c<img src=x></p>\
                    </div><!-- <div> --><section><h2>t</h2></section></div><div>after</div>";
        let blocks = blocks(html).expect("a main part");
        let texts: Vec<Vec<&str>> =
            blocks.iter().map(|b| b.children.iter().map(|c| &html[c.clone()]).collect()).collect();
        assert_eq!(texts, [vec!["<div>A</div>", "<p>b<br>c<img src=x></p>"], vec!["<h2>t</h2>"]]);
        assert!(super::blocks("<div>no</div>").is_none());
        assert_eq!(super::blocks("<div role=\"main\"><div><p>cut").map(|b| b.len()), Some(1));
    }

    #[test]
    fn bodies() {
        let html = "<div><div></div><div>one &amp; <br />two</div><div><a target=\"_blank\" href=\"m/p/1.jpg\"><img src=\"m/p/1.jpg\" \
                    class=\"c\" /></a></div><div><a href=\"https://example.org/?a=1&amp;b\">https://example.org/?a=1&amp;b</a></div>\
                    <div><ul class=\"u\"><li>x Ola</li><li><span>y</span> Nora</li></ul></div></div>";
        let body = body(html);
        assert_eq!(body.text, "one &\ntwo");
        assert_eq!(body.files, ["m/p/1.jpg"]);
        assert_eq!(body.shared, ["https://example.org/?a=1&b"]);
        assert_eq!(body.lists, ["x Ola", "y Nora"]);
    }

    #[test]
    fn rows_of_both_shapes() {
        let html = "<p>first</p><table><tr><td class='a'>IP &amp; port</td><td>192.0.2.1</td></tr>\
                    <tr><td colspan=2>Comment<div><div>so <b>sch\u{f6}n</b></div></div></td></tr>\
                    <tr><td><div>Latitude</div><div><div>33.7</div></div></td></tr>\
                    <tr><td>URL<div><a href='https://example.org/'>https://example.org/</a></div></td></tr>\
                    <tr><td>Author<div><table><tr><td>Name</td><td>Kim</td></tr></table></div></td></tr>\
                    <tr><td>a</td><td>b</td><td>c</td></tr><tr><td>alone</td></tr>\
                    <tr><td>Nothing behind it</td><td></td></tr></table>";
        let body = body(html);
        let rows: Vec<(&str, &str)> = body.rows.iter().map(|(label, value)| (label.as_str(), value.as_str())).collect();
        let expected = [
            ("IP & port", "192.0.2.1"),
            ("Comment", "so sch\u{f6}n"),
            ("Latitude", "33.7"),
            ("URL", "https://example.org/"),
            ("Name", "Kim"),
            ("Nothing behind it", ""),
        ];
        assert_eq!(rows, expected);
        assert_eq!(body.text.split_whitespace().collect::<Vec<_>>(), ["first", "a", "b", "c", "alone"]);
        let deep = format!("{}x", "<table><tr><td>l<div>".repeat(2000));
        assert!(super::body(&deep).rows.len() <= DEEPEST_TABLE + 1);
    }

    #[test]
    fn what_was_said_about_a_time_is_not_one() {
        assert!(is_only_time("Sep 29, 2026 1:39 am") && is_only_time("ago 10, 2026 4:38 da manh\u{e3}"));
        assert!(!is_only_time("see you at 12:30 in 2026") && !is_only_time("2026"));
    }

    #[test]
    fn times_are_known_in_any_language() {
        for text in [
            "Oct 19, 2019, 2:37 PM",
            "19 Oct 2019, 14:37",
            "Oct 19, 2019 at 2:37 PM",
            "19.10.2019, 14:37:05",
            "ago 10, 2026 4:38 da manhã",
        ] {
            assert!(is_time(text), "{text}");
        }
        for text in ["at 2:37", "2019", "Oct 19, 2019", "", "a 12345 b 2:37"] {
            assert!(!is_time(text), "{text}");
        }
    }

    #[test]
    fn broken_markup_ends() {
        for html in
            ["<", "<a", "<a href=", "<!--", "</div>", "<ul><li", "<style>", "é<é>", "<div role=\"main\"></x></y>"]
        {
            let _ = (blocks(html), body(html), title(html), attribute(html, "href"));
        }
        let deep = format!("<div role=\"main\">{}", "<div>".repeat(100_000));
        assert_eq!(blocks(&deep).map(|b| b.len()), Some(1));
    }
}
