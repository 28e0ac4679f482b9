//! Items of a text: blocks of `name: value` between blank lines, or lines that begin alike with what follows them.

use super::LensFile;
use super::items::{Cell, Raw};
use super::model::Kind;
use super::work::Work;
use crate::Frame;
use glasshouse_model::Locator;
use std::borrow::Cow;

/// The member that holds an item which is not made of names and values.
const LINE: &str = "line";
/// Longer beginnings of a line are no name.
const LONGEST_NAME: usize = 60;

/// Returns whether a text begins with what the lens asks for, each at the beginning of some line.
pub(super) fn accepts(file: &LensFile, head: &[u8]) -> bool {
    let head = String::from_utf8_lossy(head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head));
    let begins = |name: &String| head.lines().any(|line| line.starts_with(name.as_str()));
    file.guards.iter().all(|guard| guard.iter().any(begins))
}

/// An item while its lines are read.
#[derive(Default)]
struct Open {
    start: usize,
    end: usize,
    members: Vec<(String, String)>,
    /// Blank lines since the last line of the item.
    blank: usize,
}

impl Open {
    fn began_with(&self, name: &str) -> bool {
        self.members.first().is_some_and(|(first, _)| first == name)
    }

    fn add(&mut self, end: usize, text: &str) {
        if let Some((_, value)) = self.members.last_mut() {
            value.extend(std::iter::repeat_n('\n', self.blank + 1));
            value.push_str(text);
        }
        (self.end, self.blank) = (end, 0);
    }

    fn member(&mut self, end: usize, name: &str, value: &str) {
        self.members.push((name.to_owned(), value.to_owned()));
        (self.end, self.blank) = (end, 0);
    }
}

/// Hands each item of a frame to the kind that reads its file.
pub(super) fn text(work: &mut Work<'_, '_>, frame: &Frame<'_>) {
    let file = work.file;
    let path = work.opened.entry.path.to_lowercase();
    let fits = |kind: &Kind| kind.files.is_empty() || kind.files.iter().any(|pattern| pattern.matches(&path));
    let Some(number) = file.kinds.iter().position(fits) else { return };
    let whole = Locator::bytes(frame.offset, frame.bytes.len() as u64);
    if frame.truncated {
        work.warn(whole.clone(), "text.partial", "The text is longer than the limit; what follows was not read.");
    }
    let mut key = String::new();
    let mut open: Option<Open> = None;
    let (mut unread, mut mended, mut at) = (0, 0, 0);
    for raw in frame.bytes.split_inclusive(|byte| *byte == b'\n') {
        let start = at;
        at += raw.len();
        let raw = raw.strip_suffix(b"\n").unwrap_or(raw);
        let raw = raw.strip_suffix(b"\r").unwrap_or(raw);
        let end = start + raw.len();
        let raw = if frame.offset + start as u64 == 0 { raw.strip_prefix(b"\xef\xbb\xbf").unwrap_or(raw) } else { raw };
        let line = String::from_utf8_lossy(raw);
        mended += usize::from(matches!(line, Cow::Owned(_)));
        let line = line.as_ref();
        if line.trim().is_empty() {
            if let Some(open) = &mut open {
                open.blank += 1;
            }
            continue;
        }
        if file.lines.ignore.iter().any(|known| line.trim() == known) {
            continue;
        }
        if !file.lines.heading.is_empty()
            && let Some(rest) = line.strip_prefix(file.lines.heading.as_str())
        {
            close(work, number, frame, open.take(), &key);
            key = rest.trim_end_matches([':', ' ']).to_owned();
            continue;
        }
        if !file.lines.end.is_empty() && line.starts_with(file.lines.end.as_str()) {
            close(work, number, frame, open.take(), &key);
            continue;
        }
        if !file.lines.items.is_empty() {
            if file.lines.items.iter().any(|item| begins(item, line)) {
                close(work, number, frame, open.take(), &key);
                let mut item = Open { start, ..Open::default() };
                item.member(end, LINE, line);
                open = Some(item);
            } else if let Some(item) = &mut open {
                item.add(end, line);
            } else {
                unread += 1;
            }
            continue;
        }
        let member = match file.lines.end.is_empty() {
            true => member(file.kinds.get(number), line),
            false => member_of_block(file.kinds.get(number), line, open.as_ref()),
        };
        match (member, &mut open) {
            // A blank line ends an item where the next line is a member; else it belongs to what was said. So does
            // the name that an item began with.
            (Some((name, value)), Some(item))
                if (item.blank == 0 && !item.began_with(name)) || !file.lines.end.is_empty() =>
            {
                item.member(end, name, value);
            }
            (Some((name, value)), _) => {
                close(work, number, frame, open.take(), &key);
                let mut item = Open { start, ..Open::default() };
                item.member(end, name, value);
                open = Some(item);
            }
            (None, Some(item)) => item.add(end, line),
            (None, None) => unread += 1,
        }
    }
    close(work, number, frame, open.take(), &key);
    if mended > 0 {
        work.warn(
            whole.clone(),
            "text.encoding",
            format!("{mended} lines are not UTF-8; what is not stands as U+FFFD."),
        );
    }
    if unread > 0 {
        work.warn(
            whole,
            "text.unread",
            format!("{unread} lines before the first item are not known; they were not read."),
        );
    }
}

/// Returns whether a line begins as the pattern says, `#` being a digit.
fn begins(pattern: &str, line: &str) -> bool {
    let line = line.as_bytes();
    pattern.bytes().enumerate().all(|(i, expected)| match line.get(i) {
        Some(found) if expected == b'#' => found.is_ascii_digit(),
        found => found == Some(&expected),
    })
}

/// Returns the name and the value of a line: the name is known, or looks like one.
fn member<'l>(kind: Option<&Kind>, line: &'l str) -> Option<(&'l str, &'l str)> {
    let (name, value) = line.split_once(':')?;
    let name = name.trim();
    let known = |kind: &Kind| kind.known.iter().chain(kind.names()).any(|known| known.eq_ignore_ascii_case(name));
    let looks = value.is_empty() || value.starts_with([' ', ':', '\t']);
    let like = name.len() <= LONGEST_NAME && name.starts_with(char::is_uppercase) && looks;
    // Some names are written with two colons.
    (kind.is_some_and(known) || like).then(|| (name, value.trim_start_matches(':').trim()))
}

/// Returns the name and the value of a line in a block with an end of its own: what was said goes on until a name
/// that is known, elsewhere one word before a colon is a name.
fn member_of_block<'l>(kind: Option<&Kind>, line: &'l str, open: Option<&Open>) -> Option<(&'l str, &'l str)> {
    let (name, value) = line.split_once(':')?;
    let same = |one: &str, other: &str| one.eq_ignore_ascii_case(other);
    let kind = kind?;
    let last = open.and_then(|open| open.members.last()).map_or("", |(name, _)| name.as_str());
    let word =
        !name.is_empty() && name.len() <= LONGEST_NAME && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    let like = word && value.starts_with(' ') && !kind.text.iter().any(|n| same(n, last));
    (like || kind.known.iter().chain(kind.names()).any(|n| same(n, name))).then(|| (name, value.trim()))
}

fn close(work: &mut Work<'_, '_>, number: usize, frame: &Frame<'_>, open: Option<Open>, key: &str) {
    let Some(open) = open else { return };
    let at = Locator::bytes(frame.offset + open.start as u64, open.end.saturating_sub(open.start) as u64);
    let members = open.members.into_iter().map(|(name, value)| (name.into(), Cell::Text(value.into()))).collect();
    work.item(number, Raw { members, at, json: "", key: key.to_owned(), again: false });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_begin_as_the_pattern_says() {
        assert!(begins("####-##-## ", "2024-01-30 a"));
        assert!(!begins("####-##-## ", "2024-01-3 a"));
        assert!(!begins("####-##-## ", "2024-01-30"));
    }

    #[test]
    fn names_and_values() {
        assert_eq!(member(None, "Date: 2024-01-30 13:27:33 UTC"), Some(("Date", "2024-01-30 13:27:33 UTC")));
        assert_eq!(member(None, "HashTag Link:: https://example.org/"), Some(("HashTag Link", "https://example.org/")));
        for line in ["no name", "https://example.org/", "at 13:27", "lower: case"] {
            assert_eq!(member(None, line), None, "{line}");
        }
    }
}
