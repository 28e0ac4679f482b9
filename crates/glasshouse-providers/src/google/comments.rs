//! Comments and live chats of YouTube as pages, which exports held until 2023: an item of a list each.
//!
//! A first line says what was done, where and when, in the language of the account; what was written stands behind
//! a line break.

use super::element::text;
use super::lists::YOUTUBE;
use super::tags::{Piece, pieces};
use crate::formats::wall::Clock;
use crate::{Frame, Opened, Sink};
use glasshouse_model::{Family, Framing, Locator, LocatorKind, Moment, MomentRole, Record};

const MARKER: &[u8] = b"<li";
pub(super) const FRAMING: Framing = Framing::Marker(MARKER);

/// Says whether first bytes are those of such a page: a list whose items lead to films.
pub(super) fn is_ours(head: &[u8]) -> bool {
    let has = |needle: &[u8]| memchr::memmem::find(head, needle).is_some();
    has(MARKER) && has(b"youtube.com/") && !has(b"content-cell") && !has(b"mdl-")
}

/// Reads the items of a page.
pub(super) fn parse(opened: &Opened<'_>, out: &mut Sink) {
    for frame in opened.frames.iter().filter(|frame| frame.bytes.starts_with(MARKER)) {
        item(opened, frame, out);
    }
}

fn item(opened: &Opened<'_>, frame: &Frame<'_>, out: &mut Sink) {
    let locator = Locator::new(LocatorKind::Node, frame.index.to_string(), frame.offset, frame.bytes.len() as u64);
    let at = opened.at(locator);
    let html = text(frame, &at, out);
    let (mut said, mut written, mut links) = (String::new(), None::<String>, Vec::new());
    let mut ended = false;
    for (_, piece) in pieces(&html) {
        match piece {
            // The last item is followed by the end of the page.
            Piece::Tag(tag) if tag.closing && matches!(tag.name.as_str(), "li" | "ul") => {
                ended = true;
                break;
            }
            Piece::Tag(tag) if tag.name == "br" => match &mut written {
                Some(written) => written.push('\n'),
                None => written = Some(String::new()),
            },
            Piece::Tag(tag) => links.extend(tag.attribute("href").filter(|_| tag.name == "a" && !tag.closing)),
            Piece::Text(text) => written.as_mut().unwrap_or(&mut said).push_str(&text),
        }
    }
    if frame.truncated || !ended {
        out.warn(at.clone(), "html.truncated", "The page ends inside an item, or the item is too long.");
    }
    let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
    let comment = links.iter().find_map(|link| parameter(link, "lc"));
    let (family, kind) = if comment.is_some() { (Family::Post, "comment") } else { (Family::Message, "live chat") };
    let mut record = Record::new(family, YOUTUBE);
    record.fields.text("kind", kind);
    let role = if comment.is_some() { MomentRole::Created } else { MomentRole::Sent };
    match time(role, &said) {
        Some(moment) => record.moments.push(moment),
        None => out.warn(at.clone(), "time.missing", "The item does not say when, or in a way that is not known."),
    }
    record.text = written.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    record.conversation = links.iter().find_map(|link| parameter(link, "v")).map(Into::into);
    record.fields.text("said", &said).opt_text("Comment ID", comment);
    if !links.is_empty() {
        record.fields.list("links", &links);
    }
    out.record(at, record);
}

/// Returns the value of a parameter of an address.
fn parameter<'l>(link: &'l str, name: &str) -> Option<&'l str> {
    let (_, query) = link.split_once('?')?;
    let mut pairs = query.split(['&', '#']).filter_map(|pair| pair.split_once('='));
    pairs.find(|(key, value)| *key == name && !value.is_empty()).map(|(_, value)| value)
}

/// Reads the time in a sentence: it is written for machines in every language, `2019-07-07 12:54:34 UTC`.
fn time(role: MomentRole, said: &str) -> Option<Moment> {
    let words: Vec<&str> = said.split(' ').collect();
    let clean = |word: &'_ str| word.trim_end_matches(['.', ',', ':']).to_owned();
    let date = |word: &str| {
        let word = clean(word);
        word.len() == 10
            && word.bytes().enumerate().all(|(i, b)| if i == 4 || i == 7 { b == b'-' } else { b.is_ascii_digit() })
    };
    let at = words.iter().rposition(|word| date(word))?;
    let rest: Vec<String> = words.iter().skip(at).take(3).map(|word| clean(word)).collect();
    let zoned = matches!(rest.get(2).map(String::as_str), Some("UTC" | "GMT"));
    let text = rest.get(..if zoned { 3 } else { 2 })?.join(" ");
    Clock::UNKNOWN.read(role, &text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_stand_in_sentences() {
        let at = |said| time(MomentRole::Created, said).map(|m| (m.instant, m.text));
        let noon = Some((Some(1_562_504_074_000_000), "2019-07-07 12:54:34 UTC".to_owned()));
        assert_eq!(at("You added a comment on a video at 2019-07-07 12:54:34 UTC."), noon);
        assert_eq!(at("Sent at 2019-07-07 12:54:34 UTC while watching a video."), noon);
        assert_eq!(at("el 2019-07-07 12:54:34.").map(|m| m.0), Some(None));
        assert_eq!(at("at 12:54"), None);
        assert_eq!(at(""), None);
    }

    #[test]
    fn parameters_of_addresses() {
        assert_eq!(parameter("http://www.youtube.com/watch?v=a_b&lc=Ugx#t", "lc"), Some("Ugx"));
        assert_eq!(parameter("http://www.youtube.com/watch?v=a_b&lc=", "lc"), None);
        assert_eq!(parameter("x", "v"), None);
    }
}
