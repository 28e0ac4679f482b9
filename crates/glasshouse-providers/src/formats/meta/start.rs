//! What an export says of itself: by its start page which files it holds, and by notices which folders hold no data.

use super::roots::Roots;
use crate::formats::element;
use crate::{Opened, Sink, Tree, TreeEntry};
use glasshouse_model::{Claim, Family, Framing, Link, Locator, Record};
use std::collections::BTreeSet;
use std::sync::Arc;

pub(crate) const FORMAT: &str = "index";

/// The name of a notice; what it says is in the account's language, or nothing.
pub(crate) const NO_DATA: &str = "no-data.txt";
const LONGEST_NOTICE: u64 = 1 << 10;

/// Pages link to some hundreds of others; more is no start page.
const MOST: usize = 20_000;

/// Claims the start page of a service's export: it lies where the export's folders lie.
pub(crate) fn claim(tree: &Tree<'_>, entry: &TreeEntry, roots: &Roots<'_>, service: super::Service) -> Option<Claim> {
    let named = matches!(entry.name(), "start_here.html" | "index.html");
    if !named || roots.at(entry.dir()) != Some(service) {
        return None;
    }
    let head = tree.head(entry.id);
    memchr::memmem::find(&head, b"<html")?;
    let mut claim = Claim::of(FORMAT, entry.id, Framing::Whole);
    let below = tree.below(entry.dir()).iter();
    let name = |e: &TreeEntry| e.path.get(entry.dir().len()..).unwrap_or_default().trim_start_matches('/').to_owned();
    claim.present = Arc::new(below.map(|e| Link { name: name(e), entry: e.id, size: e.size }).collect());
    Some(claim)
}

/// Claims a notice that a folder of a service's export holds no data.
pub(crate) fn no_data<'t>(entry: &'t TreeEntry<'t>, roots: &Roots<'t>, service: super::Service) -> Option<Claim> {
    let named = entry.name() == NO_DATA && entry.size < LONGEST_NOTICE;
    let ours = named && roots.service(entry).is_some_and(|place| place.service == service);
    ours.then(|| Claim::of(FORMAT, entry.id, Framing::Whole))
}

/// Reads a start page: one record, and a warning if files that it links to are not there; of a notice, that it is one.
pub(crate) fn parse(opened: &Opened<'_>, out: &mut Sink) {
    if opened.entry.name() == NO_DATA {
        let at = opened.at(Locator::bytes(0, opened.entry.size));
        return out.warn(at, "export.no-data", "The service says that it has no data for this folder.");
    }
    for frame in opened.frames {
        let at = opened.at(Locator::bytes(frame.offset, frame.bytes.len() as u64));
        let html = element::text(frame, &at, out);
        let files = linked(&html);
        let missing: Vec<&String> = files.iter().filter(|name| opened.claim.present.get(name).is_none()).collect();
        if let Some(first) = missing.first() {
            let message = format!(
                "The start page links to {} files, of which {} did not arrive; the first is {first}.",
                files.len(),
                missing.len()
            );
            out.warn(at.clone(), "export.incomplete", message);
        }
        let mut record = Record::new(Family::File, FORMAT);
        record.title = super::html::title(&html).filter(|title| !title.is_empty());
        record.fields.text("kind", "start page").int("files_linked", i64::try_from(files.len()).unwrap_or(i64::MAX));
        out.record(at, record);
    }
}

/// Returns the files of the export that a page links to, once each.
fn linked(html: &str) -> BTreeSet<String> {
    let mut files = BTreeSet::new();
    for (at, quote) in html.match_indices("href=").filter_map(|(at, _)| Some((at + 6, html.get(at + 5..at + 6)?))) {
        let Some(target) = html.get(at..).filter(|_| quote == "\"" || quote == "'").and_then(|t| t.split(quote).next())
        else {
            continue;
        };
        let target = target.replace("&#039;", "'").replace("&amp;", "&");
        let path = target.split(['#', '?']).next().unwrap_or_default().trim_start_matches("./");
        // Addresses, mail, what begins at a disk's root, and what lies beside the export is none of its files.
        let ours = !path.is_empty() && !path.contains(':') && !path.starts_with(['/', '.']) && path.contains('.');
        if ours && files.len() < MOST {
            files.insert(decoded(path));
        }
    }
    files
}

/// Returns a path with its `%20` and the like undone.
fn decoded(path: &str) -> String {
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let hex = after.get(..2).filter(|_| *first == b'%').and_then(|hex| std::str::from_utf8(hex).ok());
        match hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_the_export_are_told_from_other_addresses() {
        let html = r##"<a href="a/b%20c.html#x">1</a><a href='./d&amp;e.html'>2</a><a href="https://example.com/x.html">3</a>
            <a href="#top">4</a><a href="mailto:a@example.com">5</a><a href="/x.html">6</a><a href="a/b%20c.html">7</a><a href="%zz.html"><a href="you&#039;re.html">"##;
        assert_eq!(linked(html).into_iter().collect::<Vec<_>>(), ["%zz.html", "a/b c.html", "d&e.html", "you're.html"]);
    }
}
