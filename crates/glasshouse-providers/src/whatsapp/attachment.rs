//! Files that a message names: `<attached: NAME>` on iOS, `NAME (file attached)` on Android.

use super::words;
use crate::formats::stamp::is_mark;
use glasshouse_model::{Attachment, Links};
use memchr::memchr2_iter;

/// Says whether a message may name a file, at the price of a look for two characters.
pub(super) fn may_be(message: &[u8]) -> bool {
    let behind_blank = |at: usize| at.checked_sub(1).and_then(|at| message.get(at)) == Some(&b' ');
    memchr2_iter(b'<', b'(', message).any(|at| message.get(at) == Some(&b'<') || behind_blank(at))
}

/// Returns the names of the files that a text says are attached.
///
/// The words around a name are in the language of the phone. A form that is known, the mark that WhatsApp puts
/// before it, or a file of that name beside the chat tells it from what people write.
pub(super) fn names<'a>(text: &'a str, links: &'a Links) -> impl Iterator<Item = &'a str> {
    // A caption follows the file on Android and precedes it on iOS; nobody attaches hundreds to one message.
    const MOST_LINES: usize = 64;
    let first = text.lines().next().and_then(move |line| behind(line, links));
    let tagged = text.lines().take(MOST_LINES).filter_map(move |line| tagged(line, links));
    first.into_iter().chain(tagged)
}

/// Returns the attachments of a text.
pub(super) fn all(text: &str, links: &Links) -> Vec<Attachment> {
    names(text, links)
        .map(|name| {
            let link = links.get(name);
            let (size, at) = (link.map(|l| l.size), link.map(|l| l.whole()));
            Attachment { name: Some(name.to_owned()), size, at, ..Attachment::default() }
        })
        .collect()
}

/// Reads `NAME (file attached)`.
fn behind<'a>(line: &'a str, links: &Links) -> Option<&'a str> {
    let line = line.trim_matches(|c: char| is_mark(c) || c.is_whitespace());
    let (name, words) = line.strip_suffix(')')?.rsplit_once(" (")?;
    let known = || words::means_attached(words.trim()) && name.len() <= 255 && name.contains('.');
    (links.get(name).is_some() || known()).then_some(name)
}

/// Reads `<attached: NAME>` at the end of a line.
fn tagged<'a>(line: &'a str, links: &Links) -> Option<&'a str> {
    let line = line.trim_end_matches(|c: char| is_mark(c) || c.is_whitespace());
    let inner = line.strip_suffix('>')?;
    let (before, inner) = inner.rsplit_once('<')?;
    let (label, name) = inner.split_once([':', '：'])?;
    let name = name.trim_matches(|c: char| is_mark(c) || c.is_whitespace());
    let plain = !label.is_empty() && label.chars().all(|c| c.is_alphabetic() || c.is_whitespace() || !c.is_ascii());
    let numbered = || {
        let (number, rest) = name.split_once('-').unwrap_or_default();
        number.len() >= 6 && number.bytes().all(|b| b.is_ascii_digit()) && rest.contains('.')
    };
    let marked = || before.ends_with(is_mark) && name.contains('.');
    (plain && name.len() <= 255 && (links.get(name).is_some() || marked() || numbered())).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use glasshouse_model::{EntryId, Link};

    #[test]
    fn files_that_messages_name() {
        let links: Links =
            [Link { name: "Invoice (final).pdf".into(), entry: EntryId(1), size: 9 }].into_iter().collect();
        for (text, found) in [
            ("IMG-20250330-WA0010.jpg (file attached)", Some("IMG-20250330-WA0010.jpg")),
            ("\u{200e}IMG-1.jpg (Datei angehängt)\nlook", Some("IMG-1.jpg")),
            ("AUD-20190101-WA0000. (file attached)", Some("AUD-20190101-WA0000.")),
            ("\u{200e}<attached: 00000012-PHOTO-2018.jpg>", Some("00000012-PHOTO-2018.jpg")),
            ("two pages \u{200e}<angehängt: report.pdf>", Some("report.pdf")),
            ("<adjunto: 00000042-PHOTO-2024.jpg>", Some("00000042-PHOTO-2024.jpg")),
            // In a language that nobody knows, the file beside the chat tells.
            ("Invoice (final).pdf (ekki vitað)", Some("Invoice (final).pdf")),
            ("file.txt (see above)", None),
            ("I mean (file attached)", None),
            ("<note: to self>", None),
            ("<b>: x.jpg", None),
            ("", None),
        ] {
            assert_eq!(names(text, &links).collect::<Vec<_>>(), found.into_iter().collect::<Vec<_>>(), "{text}");
        }
        let all = all("Invoice (final).pdf (x)", &links);
        assert_eq!(all.first().and_then(|a| a.size), Some(9));
    }
}
