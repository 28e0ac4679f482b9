//! `archive_browser.html`: what the export itself says it holds, product by product.

use super::element::text;
use super::tags::{Piece, pieces};
use crate::{Opened, Sink, Tree, TreeEntry};
use glasshouse_model::{Family, Link, Links, Locator, LocatorKind, Record};
use std::sync::Arc;

pub(super) const FORMAT: &str = "index";

const LONGEST_NAME: usize = 1000;

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
    /// Files that are listed and did not arrive: how many, and one of them.
    missing: i64,
    lacks: Option<String>,
}

/// What the next text is.
#[derive(Clone, Copy, PartialEq)]
enum Next {
    Nothing,
    Title,
    Says,
    File,
}

impl Service {
    /// Notes a file of the list that is not among what arrived.
    fn arrived(&mut self, opened: &Opened<'_>, listed: &str) {
        // The list may name folders, too; entries are known by their last name.
        let name = listed.trim().rsplit('/').next().unwrap_or_default();
        if !name.is_empty() && opened.claim.present.get(name).is_none() {
            self.missing += 1;
            self.lacks.get_or_insert_with(|| name.to_owned());
        }
    }
}

/// Returns the entries of the export that an index stands in, by their last names.
pub(super) fn present(tree: &Tree<'_>, index: &TreeEntry) -> Arc<Links> {
    let all = tree.below(index.dir()).iter();
    Arc::new(all.map(|e| Link { name: e.name().to_owned(), entry: e.id, size: e.size }).collect())
}

/// Reads one record a product: its name, what the export says of it, and how many files are listed. What is listed
/// and did not arrive is a warning.
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
        let mut file = String::new();
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
            let at = if exact { opened.at(locator) } else { whole.clone() };
            if let Some(lacks) = service.lacks {
                let title = record.title.as_deref().unwrap_or_default();
                let message = format!(
                    "The index lists {} files of \u{201c}{title}\u{201d}, of which {} did not arrive; the first is {lacks}.",
                    service.listed, service.missing
                );
                out.warn(at.clone(), "export.incomplete", message);
            }
            out.record(at, record);
        };
        for (start, piece) in pieces(&html) {
            match piece {
                Piece::Text(text) => match (&mut open, next) {
                    (Some(service), Next::Title) => service.title.push_str(&text),
                    (Some(service), Next::Says) => service.says.push_str(&text),
                    (Some(_), Next::File) if file.len() < LONGEST_NAME => file.push_str(&text),
                    _ => {}
                },
                Piece::Tag(tag) => match (tag.name.as_str(), tag.closing) {
                    ("div", false) if tag.has_class("service-detail") => {
                        finish(&mut open, start, out);
                        open = Some(Service {
                            start,
                            title: String::new(),
                            says: String::new(),
                            listed: 0,
                            missing: 0,
                            lacks: None,
                        });
                    }
                    ("h1", false) if open.as_ref().is_some_and(|s| s.title.is_empty()) => next = Next::Title,
                    ("h1", true) if next == Next::Title => next = Next::Says,
                    ("div", _) => {
                        if let (Next::File, Some(service)) = (next, &mut open) {
                            service.arrived(opened, &std::mem::take(&mut file));
                        }
                        next = Next::Nothing;
                        if let Some(service) = open.as_mut().filter(|_| tag.has_class("extracted-file-name")) {
                            service.listed += 1;
                            next = Next::File;
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
