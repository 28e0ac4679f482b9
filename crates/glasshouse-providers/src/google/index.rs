//! `archive_browser.html`: what the export itself says it holds, product by product.

use super::element::text;
use super::tags::{Piece, pieces};
use crate::{Opened, Sink, TreeEntry};
use glasshouse_model::{Family, Locator, LocatorKind, Record};

pub(super) const FORMAT: &str = "index";

/// Says whether an entry has the index's name.
pub(super) fn is_named(entry: &TreeEntry) -> bool {
    matches!(entry.name(), "archive_browser.html" | "Archiv_Übersicht.html")
}

/// Says whether an entry of that name is the index: its first bytes may be styles alone.
pub(super) fn is_ours(entry: &TreeEntry, head: &[u8]) -> bool {
    let has = |needle: &[u8]| memchr::memmem::find(head, needle).is_some();
    has(b"header_title") || has(b"service-detail") || entry.size > head.len() as u64
}

/// One product of the index.
struct Service {
    start: usize,
    title: String,
    says: String,
    listed: i64,
}

/// What the next text is.
#[derive(Clone, Copy, PartialEq)]
enum Next {
    Nothing,
    Title,
    Says,
}

/// Reads one record a product: its name, what the export says of it, and how many files are listed.
pub(super) fn parse(opened: &Opened<'_>, out: &mut Sink) {
    for frame in opened.frames {
        let whole = opened.at(Locator::bytes(frame.offset, frame.bytes.len() as u64));
        if frame.truncated {
            out.warn(whole.clone(), "html.truncated", "The page is longer than the limit; its beginning was read.");
        }
        let html = text(frame, &whole, out);
        let exact = html.len() == frame.bytes.len();
        let mut open: Option<Service> = None;
        let (mut next, mut count) = (Next::Nothing, 0u64);
        let mut finish = |open: &mut Option<Service>, end: usize, out: &mut Sink| {
            let Some(service) = open.take() else { return };
            count += 1;
            let length = end.saturating_sub(service.start) as u64;
            let locator =
                Locator::new(LocatorKind::Node, count.to_string(), frame.offset + service.start as u64, length);
            let mut record = Record::new(Family::File, FORMAT);
            record.title = Some(service.title.trim().to_owned()).filter(|t| !t.is_empty());
            record.text = Some(service.says.trim().to_owned()).filter(|t| !t.is_empty());
            record.fields.text("kind", "exported product").int("files_listed", service.listed);
            out.record(if exact { opened.at(locator) } else { whole.clone() }, record);
        };
        for (start, piece) in pieces(&html) {
            match piece {
                Piece::Text(text) => match (&mut open, next) {
                    (Some(service), Next::Title) => service.title.push_str(&text),
                    (Some(service), Next::Says) => service.says.push_str(&text),
                    _ => {}
                },
                Piece::Tag(tag) => match (tag.name.as_str(), tag.closing) {
                    ("div", false) if tag.has_class("service-detail") => {
                        finish(&mut open, start, out);
                        open = Some(Service { start, title: String::new(), says: String::new(), listed: 0 });
                    }
                    ("h1", false) if open.as_ref().is_some_and(|s| s.title.is_empty()) => next = Next::Title,
                    ("h1", true) if next == Next::Title => next = Next::Says,
                    ("div", _) => {
                        next = Next::Nothing;
                        if let Some(service) = open.as_mut().filter(|_| tag.has_class("extracted-file-name")) {
                            service.listed += 1;
                        }
                    }
                    _ => {}
                },
            }
        }
        finish(&mut open, html.len(), out);
        if count == 0 {
            out.warn(whole, "html.layout", "The index does not have the expected shape; it was not read.");
        }
    }
}
