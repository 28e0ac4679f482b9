//! Bookmarks and reading lists of Chrome: the format that browsers have shared since Netscape.

use super::element::text;
use super::lists::CHROME;
use super::tags::{Piece, pieces};
use crate::formats::time;
use crate::{Opened, Sink};
use glasshouse_model::{Family, Locator, LocatorKind, MomentRole, Record};

/// Folders below these lie in the deepest of them.
const DEEPEST: usize = 64;

/// Says whether first bytes are those of bookmarks.
pub(super) fn is_ours(head: &[u8]) -> bool {
    let start = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
    start.get(..32).is_some_and(|start| start.eq_ignore_ascii_case(b"<!DOCTYPE NETSCAPE-Bookmark-file"))
}

/// Reads every bookmark and every folder.
pub(super) fn parse(opened: &Opened<'_>, out: &mut Sink) {
    for frame in opened.frames {
        let whole = opened.at(Locator::bytes(frame.offset, frame.bytes.len() as u64));
        if frame.truncated {
            out.warn(whole.clone(), "html.truncated", "The page is longer than the limit; its beginning was read.");
        }
        let html = text(frame, &whole, out);
        let exact = html.len() == frame.bytes.len();
        let mut folders: Vec<String> = Vec::new();
        let mut open: Option<(Record, usize, bool)> = None;
        let mut count = 0u64;
        // A heading names the list that follows it.
        let mut next: Option<String> = None;
        let mut finish = |open: &mut Option<(Record, usize, bool)>,
                          end: usize,
                          next: &mut Option<String>,
                          out: &mut Sink| {
            let Some((mut record, start, folder)) = open.take() else { return };
            record.title = record.title.map(|t| t.trim().to_owned()).filter(|t| !t.is_empty());
            if folder {
                next.clone_from(&record.title);
            }
            let locator =
                Locator::new(LocatorKind::Node, count.to_string(), frame.offset + start as u64, (end - start) as u64);
            count += 1;
            let at = if exact { opened.at(locator) } else { whole.clone() };
            if record.moments.iter().any(|m| m.instant.is_none()) {
                out.warn(at.clone(), "time.syntax", "A time is not a count since 1970 that any calendar holds.");
            }
            out.record(at, record);
        };
        for (start, piece) in pieces(&html) {
            match piece {
                Piece::Text(text) => {
                    if let Some((record, _, _)) = &mut open {
                        record.title.get_or_insert_default().push_str(&text);
                    }
                }
                Piece::Tag(tag) if matches!(tag.name.as_str(), "a" | "h3") && !tag.closing => {
                    finish(&mut open, start, &mut next, out);
                    let folder = tag.name == "h3";
                    let mut record = Record::new(Family::Note, CHROME);
                    record.fields.text("kind", if folder { "bookmark folder" } else { "bookmark" });
                    record.fields.opt_text("folder", Some(folders.join("/")).filter(|f| !f.is_empty()).as_deref());
                    for (name, value) in tag.attributes() {
                        match name.as_str() {
                            "href" => record.fields.text("url", &value),
                            // Nought says that nobody knows: no bookmark is of 1970.
                            "add_date" if value != "0" => {
                                record.moments.push(time::epoch_seconds(MomentRole::Created, &value));
                                continue;
                            }
                            "last_modified" if value != "0" => {
                                record.moments.push(time::epoch_seconds(MomentRole::Modified, &value));
                                continue;
                            }
                            _ => record.fields.text(&name, &value),
                        };
                    }
                    open = Some((record, start, folder));
                }
                Piece::Tag(tag) => match (tag.name.as_str(), tag.closing) {
                    ("a" | "h3", true) => finish(&mut open, start + tag.text.len(), &mut next, out),
                    ("dt", _) => finish(&mut open, start, &mut next, out),
                    ("dl", false) => {
                        finish(&mut open, start, &mut next, out);
                        if folders.len() < DEEPEST {
                            // Each bookmark repeats the names of its folders.
                            folders.extend(next.take().map(|name| name.chars().take(200).collect()));
                        }
                    }
                    ("dl", true) => {
                        finish(&mut open, start, &mut next, out);
                        folders.pop();
                    }
                    _ => {}
                },
            }
        }
        if open.is_some() {
            out.warn(whole.clone(), "html.truncated", "The page ends inside a bookmark.");
        }
        finish(&mut open, html.len(), &mut next, out);
    }
}
