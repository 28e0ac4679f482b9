//! What is the same for every page (HTML) of an export.

use crate::{Opened, Sink};
use glasshouse_model::Locator;

/// How pages begin, in small letters, and how they end.
const SHAPES: &[(&[u8], &[u8])] = &[(b"<!doctype netscape-bookmark", b"</dl>"), (b"<html", b"</html>")];
/// Blanks and comments may stand behind the end.
const TAIL: usize = 1024;

/// Tells of a page that begins as a document and does not end as one; its last frame is where that shows.
pub fn check_end(opened: &Opened<'_>, out: &mut Sink) {
    let Some(last) = opened.frames.iter().find(|f| f.offset + f.bytes.len() as u64 == opened.entry.size) else {
        return;
    };
    let has = |bytes: &[u8], wanted: &[u8]| memchr::memmem::find(&bytes.to_ascii_lowercase(), wanted).is_some();
    let Some((_, end)) = SHAPES.iter().find(|(begin, _)| has(opened.head, begin)) else { return };
    let tail = last.bytes.get(last.bytes.len().saturating_sub(TAIL)..).unwrap_or_default();
    if !last.truncated && !has(tail, end) {
        let at = opened.at(Locator::bytes(last.offset, last.bytes.len() as u64));
        out.warn(at, "html.truncated", "The page ends before it is closed; what followed is missing.");
    }
}
