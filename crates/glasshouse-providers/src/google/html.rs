//! One entry of a My Activity page, read tag by tag.
//!
//! Pages hold hundreds of thousands of entries in one document of plain, generated markup: a look at each tag
//! is enough, and costs a hundredth of a document tree.

/// A line of an entry's body.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Line {
    pub text: String,
    /// Target of the first link in it.
    pub url: Option<String>,
}

/// What an entry holds.
#[derive(Debug, Default)]
pub(super) struct Cell {
    pub header: String,
    pub lines: Vec<Line>,
    /// Bold label and lines of each section of the small print.
    pub captions: Vec<(String, Vec<String>)>,
    /// Every link: text and target.
    pub links: Vec<(String, String)>,
}

#[derive(Clone, Copy, PartialEq)]
enum Zone {
    Outside,
    Header,
    Body,
    Caption,
    Label,
}

/// Divisions nested deeper than these are read as if they were not nested.
const DEEPEST: usize = 64;

/// Reads an entry, from its opening tag on.
pub(super) fn read_cell(html: &str) -> Cell {
    let mut cell = Cell::default();
    let mut zone = Zone::Outside;
    // What surrounds the division being read: answers of assistants bring divisions of their own.
    let mut outer: Vec<Zone> = Vec::new();
    let mut line = Line::default();
    let mut link: Option<(String, String)> = None;
    let mut rest = html;
    while !rest.is_empty() {
        let Some(open) = memchr::memchr(b'<', rest.as_bytes()) else {
            add(&mut line, &mut link, &decode(rest));
            break;
        };
        let (before, from_tag) = rest.split_at(open);
        if !before.is_empty() {
            add(&mut line, &mut link, &decode(before));
        }
        let end = from_tag.find('>').map_or(from_tag.len(), |end| end + 1);
        let (tag, after) = from_tag.split_at(end);
        rest = after;
        let name = tag.trim_start_matches(['<', '/']);
        let name = name.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or("").to_ascii_lowercase();
        let closing = tag.starts_with("</");
        match name.as_str() {
            "br" => flush(&mut cell, zone, &mut line),
            "a" if closing => {
                if let Some(done) = link.take() {
                    cell.links.push(done);
                }
            }
            "a" => {
                if let Some(url) = attribute(tag, "href") {
                    line.url.get_or_insert_with(|| url.clone());
                    link = Some((String::new(), url));
                }
            }
            "b" if zone == Zone::Caption && !closing => {
                flush(&mut cell, zone, &mut line);
                zone = Zone::Label;
            }
            "b" if zone == Zone::Label => {
                flush(&mut cell, zone, &mut line);
                zone = Zone::Caption;
            }
            "p" if zone == Zone::Header => {}
            "p" | "li" | "tr" | "pre" | "ul" | "ol" | "table" | "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => {
                flush(&mut cell, zone, &mut line);
            }
            "div" if closing => {
                flush(&mut cell, zone, &mut line);
                zone = outer.pop().unwrap_or(Zone::Outside);
            }
            "div" => {
                flush(&mut cell, zone, &mut line);
                if outer.len() < DEEPEST {
                    outer.push(zone);
                }
                let class = attribute(tag, "class").unwrap_or_default();
                zone = if class.contains("header-cell") {
                    Zone::Header
                } else if class.contains("mdl-typography--caption") {
                    Zone::Caption
                } else if class.contains("content-cell") {
                    Zone::Body
                } else {
                    zone
                };
            }
            _ => {}
        }
    }
    flush(&mut cell, zone, &mut line);
    cell
}

fn add(line: &mut Line, link: &mut Option<(String, String)>, text: &str) {
    line.text.push_str(text);
    if let Some((name, _)) = link {
        name.push_str(text);
    }
}

fn flush(cell: &mut Cell, zone: Zone, line: &mut Line) {
    let done = std::mem::take(line);
    let text = done.text.trim().to_owned();
    if text.is_empty() && done.url.is_none() {
        return;
    }
    match zone {
        Zone::Outside => {}
        Zone::Header => {
            if !cell.header.is_empty() {
                cell.header.push(' ');
            }
            cell.header.push_str(&text);
        }
        Zone::Body => cell.lines.push(Line { text, url: done.url }),
        Zone::Label => cell.captions.push((text, Vec::new())),
        Zone::Caption => match cell.captions.last_mut() {
            Some((_, lines)) => lines.push(text),
            None => cell.captions.push((String::new(), vec![text])),
        },
    }
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let start = tag.find(&format!("{name}="))? + name.len() + 1;
    let value = tag.get(start..)?;
    let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let value = value.get(1..)?;
    Some(decode(value.get(..value.find(quote)?)?))
}

/// Replaces the character references that such pages use, and the no-break space by a space.
pub(super) fn decode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let end = rest.bytes().take(12).position(|b| b == b';');
        let known = end.and_then(|end| Some((reference(rest.get(1..end)?)?, end)));
        match known {
            Some((character, end)) => {
                out.push(character);
                rest = &rest[end + 1..];
            }
            None => {
                out.push('&');
                rest = &rest[1..];
            }
        }
    }
    out.push_str(rest);
    if out.contains('\u{a0}') { out.replace('\u{a0}', " ") } else { out }
}

fn reference(name: &str) -> Option<char> {
    Some(match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        "nbsp" => '\u{a0}',
        "emsp" => '\u{2003}',
        _ => {
            let digits = name.strip_prefix('#')?;
            let code = match digits.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => digits.parse().ok()?,
            };
            char::from_u32(code)?
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_with_everything() {
        let cell = read_cell(concat!(
            "<div class=\"outer-cell mdl-cell\"><div class=\"mdl-grid\"><div class=\"header-cell mdl-cell\">",
            "<p class=\"mdl-typography--title\">Search<br></p></div>",
            "<div class=\"content-cell mdl-typography--body-1\">Searched for&nbsp;<a href=\"https://e.org/?a=1&amp;b\">x &lt; y</a>",
            "<br>second<br/>Jan 1, 2020, 1:02:03&#8239;PM UTC<br/><p>An answer</p></div>",
            "<div class=\"content-cell mdl-typography--body-1 mdl-typography--text-right\"></div>",
            "<div class=\"content-cell mdl-typography--caption\"><b>Products:</b><br>&emsp;Search<br><b>Why?</b><br>x</div></div></div>"
        ));
        assert_eq!(cell.header, "Search");
        assert_eq!(cell.lines[0].text, "Searched for x < y");
        assert_eq!(cell.lines[0].url.as_deref(), Some("https://e.org/?a=1&b"));
        assert_eq!(cell.lines[2].text, "Jan 1, 2020, 1:02:03\u{202f}PM UTC");
        assert_eq!(cell.lines[3].text, "An answer");
        assert_eq!(cell.captions.len(), 2);
        assert_eq!(cell.captions[0], ("Products:".into(), vec!["Search".into()]));
    }

    #[test]
    fn answers_with_divisions_of_their_own() {
        let cell = read_cell(concat!(
            "<div class=\"outer-cell\"><div class=\"mdl-grid\"><div class=\"content-cell mdl-typography--body-1\">Prompted x<br/>",
            "Jan 1, 2026, 1:02:03 PM UTC<br/><p>One</p><div><div>Two</div></div><ul><li>Three</li><li>Four</li></ul>Five</div>",
            "<div class=\"content-cell mdl-typography--caption\"><b>P:</b><br>Six</div></div></div>"
        ));
        let lines: Vec<_> = cell.lines.iter().map(|line| line.text.as_str()).collect();
        assert_eq!(lines, ["Prompted x", "Jan 1, 2026, 1:02:03 PM UTC", "One", "Two", "Three", "Four", "Five"]);
        assert_eq!(cell.captions, [("P:".to_string(), vec!["Six".to_string()])]);
    }

    #[test]
    fn broken_markup_ends() {
        for html in ["<", "<a", "&", "&#xffffffff;", "<div class=", "<div class='content-cell", "&é;<p", "</b></p>"] {
            read_cell(html);
        }
        assert_eq!(decode("a &unknown; b & c"), "a &unknown; b & c");
    }
}
