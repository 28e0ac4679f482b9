//! HTML as the generated pages of Takeout need it read: tags and texts in their order, with their places.

use super::html::decode;

/// A piece of a page.
#[derive(Debug, PartialEq)]
pub(super) enum Piece<'a> {
    /// Text between tags, decoded.
    Text(String),
    Tag(Tag<'a>),
}

/// A tag with its brackets.
#[derive(Debug, PartialEq)]
pub(super) struct Tag<'a> {
    /// In lower case.
    pub name: String,
    pub closing: bool,
    pub text: &'a str,
}

impl Tag<'_> {
    /// Returns names, in lower case, and values of the attributes.
    pub(super) fn attributes(&self) -> Vec<(String, String)> {
        let inner = self.text.trim_start_matches('<').trim_end_matches('>');
        let mut rest = inner.get(self.name.len()..).unwrap_or_default().trim_start();
        let mut found = Vec::new();
        while let Some((name, value)) = rest.split_once('=') {
            let name = name.rsplit(char::is_whitespace).next().unwrap_or(name).to_ascii_lowercase();
            let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''));
            let (value, after) = match quote {
                Some(quote) => {
                    let inner = value.get(1..).unwrap_or_default();
                    inner.split_once(quote).unwrap_or((inner, ""))
                }
                None => value.split_once(char::is_whitespace).unwrap_or((value, "")),
            };
            if !name.is_empty() {
                found.push((name, decode(value)));
            }
            rest = after.trim_start();
        }
        found
    }

    /// Returns the value of an attribute.
    pub(super) fn attribute(&self, name: &str) -> Option<String> {
        self.attributes().into_iter().find(|(n, _)| n == name).map(|(_, value)| value)
    }

    /// Says whether a class is among those of the tag.
    pub(super) fn has_class(&self, class: &str) -> bool {
        self.attribute("class").is_some_and(|all| all.split_whitespace().any(|one| one == class))
    }
}

/// Returns the pieces of a page with the byte each starts at; comments, styles and scripts are none.
pub(super) fn pieces(html: &str) -> impl Iterator<Item = (usize, Piece<'_>)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        loop {
            let rest = html.get(at..).filter(|rest| !rest.is_empty())?;
            let start = at;
            let open = memchr::memchr(b'<', rest.as_bytes()).unwrap_or(rest.len());
            if open > 0 {
                at += open;
                return Some((start, Piece::Text(decode(rest.get(..open)?))));
            }
            if rest.starts_with("<!--") {
                at += rest.find("-->").map_or(rest.len(), |end| end + 3);
                continue;
            }
            let end = rest.find('>').map_or(rest.len(), |end| end + 1);
            let text = rest.get(..end)?;
            at += end;
            let inner = text.trim_start_matches(['<', '/']);
            let name = inner.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or("").to_ascii_lowercase();
            let closing = text.starts_with("</");
            if !closing && matches!(name.as_str(), "style" | "script") {
                let close = format!("</{name}");
                let after = html.get(at..).unwrap_or_default();
                at += after.find(&close).unwrap_or(after.len());
            }
            return Some((start, Piece::Tag(Tag { name, closing, text })));
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_and_texts_have_places() {
        let html = "a<B CLASS=\"x y\" id=1>b &amp; c</b><!-- <i> --><style>p<q</style>";
        let found: Vec<_> = pieces(html).collect();
        assert_eq!(found.len(), 6, "{found:?}");
        assert_eq!(found[0], (0, Piece::Text("a".into())));
        let (1, Piece::Tag(tag)) = &found[1] else { panic!("{:?}", found[1]) };
        assert!(tag.has_class("y") && !tag.has_class("z"));
        assert_eq!(tag.attribute("id").as_deref(), Some("1"));
        assert_eq!(found[2], (21, Piece::Text("b & c".into())));
    }
}
