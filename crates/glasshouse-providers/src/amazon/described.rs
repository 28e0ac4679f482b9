//! `FileDescriptions.csv`: what the export says of its files, and so what it should hold.

use super::inside;
use crate::formats::sheet::{self, key};
use crate::formats::table::Header;
use crate::framing::frame_all;
use crate::{Opened, Sink, Tree, TreeEntry};
use glasshouse_model::{Attachment, Family, Framing, Link, Links, Locator, LocatorKind, Record};
use std::collections::BTreeSet;
use std::sync::Arc;

pub(super) const FORMAT: &str = "file-descriptions";

const FILE: &[&str] = &["File name", "FileName", "File"];
const DESCRIPTION: &[&str] = &["Description", "File Description"];

/// Says whether an entry is such a list.
pub(super) fn is_ours(entry: &TreeEntry, head: &[u8]) -> bool {
    key(entry.name()).contains("filedescription") && header(head).is_some()
}

fn header(head: &[u8]) -> Option<Header> {
    let has = |names: &[String], of: &[&str]| names.iter().any(|n| of.iter().any(|o| key(o) == key(n)));
    Header::find(head, |names| has(names, FILE) && has(names, DESCRIPTION))
}

/// Returns the files of Amazon exports by their [`stem`].
pub(super) fn files(tree: &Tree<'_>, roots: &BTreeSet<&str>) -> Arc<Links> {
    let ours = tree.entries().iter().filter(|entry| inside(entry.path).is_some_and(|(root, _)| roots.contains(root)));
    Arc::new(ours.map(|entry| Link { name: stem(entry.name()), entry: entry.id, size: entry.size }).collect())
}

/// Returns a file's name without what parts and versions add: ending, `-2`, `.1`, `-1-1`.
fn stem(name: &str) -> String {
    let name = name.trim().rsplit(['/', '\\']).next().unwrap_or_default();
    let bare = name.rsplit_once('.').map_or(name, |(stem, end)| {
        if end.len() <= 5 && end.bytes().all(|b| b.is_ascii_alphabetic()) { stem } else { name }
    });
    let bare = bare.trim_end_matches(|c: char| c.is_ascii_digit() || matches!(c, '-' | '.' | '_' | ' ' | '*'));
    key(bare)
}

/// Makes a record of each description, and a warning of each file that is not there.
pub(super) fn parse(opened: &Opened<'_>, out: &mut Sink) {
    const MOST_FILES: usize = 20;
    let Some(header) = header(opened.head) else { return };
    for frame in opened.frames {
        for span in frame_all(Framing::Rows, frame.bytes).0.iter().filter(|span| span.index > header.index) {
            let bytes = frame.bytes.get(span.start as usize..span.end as usize).unwrap_or_default();
            let row = header.row(bytes);
            let number = (span.index - header.index).to_string();
            let at = opened.at(Locator::new(LocatorKind::Row, number, frame.offset + span.start, bytes.len() as u64));
            if span.truncated {
                out.warn(at.clone(), "csv.truncated", "A quoted value does not end; what follows is part of it.");
            }
            if row.is_empty() {
                continue;
            }
            let mut record = Record::new(Family::File, FORMAT);
            for (name, value) in row.cells().filter(|(_, value)| !value.trim().is_empty()) {
                let is = |of: &[&str]| of.iter().any(|o| key(o) == key(&name));
                if is(FILE) {
                    record.title = Some(value.trim().to_owned());
                } else if sheet::is_null(value) {
                    record.fields.raw(&name, "null");
                } else if is(DESCRIPTION) {
                    record.text = Some(value.trim().to_owned());
                } else {
                    out.drift(FORMAT, &name);
                    record.fields.text(&name, value);
                }
            }
            if let Some(file) = &record.title {
                let found = opened.claim.links.all(&stem(file));
                for link in found.iter().take(MOST_FILES) {
                    let (size, at) = (Some(link.size), Some(link.whole()));
                    record.attachments.push(Attachment { name: Some(file.clone()), size, at, ..Attachment::default() });
                }
                if found.is_empty() {
                    let message = format!("The export describes {file}, which is not among the files given.");
                    out.warn(at.clone(), "export.incomplete", message);
                }
            }
            out.record(at, record);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_a_file_have_one_stem() {
        for name in ["Order History.csv", "order_history-2.json", "Your Amazon Orders/Order History.1.csv"] {
            assert_eq!(stem(name), "orderhistory", "{name}");
        }
        assert_eq!(stem("Retail.OrderHistory.1"), stem("Retail.OrderHistory.2.csv"));
        assert_eq!(stem("Intent-1-1.csv"), "intent");
    }
}
