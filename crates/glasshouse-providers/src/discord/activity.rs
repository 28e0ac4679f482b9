//! Events of the analytics folders: one JSON object a line.

use crate::formats::element::{keep, text};
use crate::formats::json::Object;
use crate::formats::time;
use crate::{Opened, Sink};
use glasshouse_model::{Family, Framing, Locator, LocatorKind, MomentRole, Record};
use std::borrow::Cow;

pub(super) const FORMAT: &str = "activity";
pub(super) const FRAMING: Framing = Framing::Lines;

/// Says whether first bytes are those of a file of events.
pub(super) fn is_ours(head: &[u8]) -> bool {
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    let line = head.split(|b| *b == b'\n').next().unwrap_or(head);
    let has = |needle: &[u8]| memchr::memmem::find(line, needle).is_some();
    line.starts_with(b"{") && (has(b"\"event_type\"") || (has(b"\"event_id\"") && has(b"\"timestamp\"")))
}

/// Reads events.
pub(super) fn parse(opened: &Opened<'_>, out: &mut Sink) {
    for frame in opened.frames {
        if frame.bytes.trim_ascii().is_empty() {
            continue;
        }
        let locator = Locator::new(LocatorKind::Row, frame.index.to_string(), frame.offset, frame.bytes.len() as u64);
        let at = opened.at(locator);
        let raw = text(frame, &at, out);
        let Ok(object) = Object::parse(raw.trim_start_matches('\u{feff}').trim()) else {
            out.warn(at, "json.syntax", "The line is not a valid JSON object; it was not read.");
            continue;
        };
        let mut record = Record::new(Family::Activity, FORMAT);
        record.title = object.text("event_type").map(Cow::into_owned);
        record.account = object.text("user_id").map(Cow::into_owned);
        // Some times are JSON strings inside a string.
        let stamp = object.text("timestamp").map(|t| t.trim_matches('"').to_owned());
        if let Some(stamp) = stamp.filter(|s| !s.is_empty() && s != "null") {
            record.moments.push(time::wall_utc(MomentRole::Observed, &stamp));
        }
        if record.moments.first().is_none_or(|m| m.instant.is_none()) {
            out.warn(at.clone(), "time.missing", "The event's time is missing or cannot be read.");
        }
        for (key, value) in object.members() {
            keep(&mut record.fields, key, value.get());
        }
        out.record(at, record);
    }
}
