//! The words that were added to Chrome's dictionary: one a line, without a header.

use super::element::text;
use super::lists::CHROME;
use crate::{Opened, Sink};
use glasshouse_model::{Family, Locator, Record};

/// Says whether first bytes are lines of one word each; nothing separates values in them.
pub(super) fn is_ours(head: &[u8]) -> bool {
    memchr::memchr3(b',', b';', b'\t', head).is_none()
        && std::str::from_utf8(head).is_ok_and(|text| !text.contains('<'))
}

/// Reads each line.
pub(super) fn parse(opened: &Opened<'_>, out: &mut Sink) {
    for frame in opened.frames {
        let at = opened.at(Locator::bytes(frame.offset, frame.bytes.len() as u64));
        let line = text(frame, &at, out);
        let word = line.trim_start_matches('\u{feff}').trim();
        if word.is_empty() {
            continue;
        }
        let mut record = Record::new(Family::Setting, CHROME);
        record.fields.text("kind", "dictionary word");
        record.title = Some(word.to_owned());
        out.record(at, record);
    }
}
