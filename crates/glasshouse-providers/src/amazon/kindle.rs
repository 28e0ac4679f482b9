//! `Digital.Content.Ownership`: one JSON file a book, app or film, with the rights to it.

use super::media::KINDLE_LIBRARY;
use crate::formats::json::Object;
use crate::formats::sheet::{is_null, key, moment};
use crate::{Opened, Sink};
use glasshouse_model::{Family, Locator, MomentRole, Record};

/// Says whether first bytes are those of such a file.
pub(super) fn is_ours(head: &[u8]) -> bool {
    let has = |needle: &[u8]| memchr::memmem::find(head, needle).is_some();
    let start = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
    start.starts_with(b"{") && has(b"\"resource\"") && has(b"\"rights\"") && has(b"\"resourceType\"")
}

/// Makes the record of one file: what is owned, since when, and by which rights.
pub(super) fn parse(opened: &Opened<'_>, out: &mut Sink) {
    for frame in opened.frames {
        let at = opened.at(Locator::json("", frame.offset, frame.bytes.len() as u64));
        if frame.truncated {
            out.warn(at.clone(), "json.truncated", "The file is longer than the limit; only its beginning was read.");
        }
        let text = String::from_utf8_lossy(frame.bytes);
        let Ok(object) = Object::parse(text.trim_start_matches('\u{feff}')) else {
            out.warn(at, "json.syntax", "The file is not valid JSON; it was not read.");
            continue;
        };
        let mut record = Record::new(Family::Purchase, KINDLE_LIBRARY);
        for right in object.objects("rights") {
            if let Some(date) = right.text("acquiredDate").filter(|date| !is_null(date)) {
                record.moments.push(moment(MomentRole::Start, "acquiredDate", &date));
            }
        }
        record.moments.sort_by_key(|m| m.instant.unwrap_or(i64::MAX));
        if let Some(date) = object.text("lastUpdatedDate").filter(|date| !is_null(date)) {
            record.moments.push(moment(MomentRole::Modified, "lastUpdatedDate", &date));
        }
        for (name, raw) in object.members() {
            match name {
                "lastUpdatedDate" if object.text(name).is_some() => {}
                // Its members are the item; they come up one level.
                "resource" => match Object::parse(raw.get()) {
                    Ok(resource) => item(&resource, &mut record, out),
                    Err(_) => {
                        record.fields.text(name, raw.get());
                    }
                },
                "rights" => {
                    record.fields.text(name, &one_line(raw.get()));
                }
                _ => {
                    out.drift(KINDLE_LIBRARY, name);
                    record.fields.text(name, &value(raw.get()));
                }
            }
        }
        out.record(at, record);
    }
}

fn item(resource: &Object<'_>, record: &mut Record, out: &mut Sink) {
    for (name, raw) in resource.members() {
        let text = value(raw.get());
        if is_null(&text) {
            record.fields.raw(&format!("resource.{name}"), "null");
        } else if key(name) == "productname" && record.title.is_none() {
            record.title = Some(text);
        } else {
            if !matches!(key(name).as_str(), "asin" | "resourcetype" | "productname") {
                out.drift(KINDLE_LIBRARY, name);
            }
            record.fields.text(&format!("resource.{name}"), &text);
        }
    }
}

/// Returns a string's text, and anything else as its JSON.
fn value(raw: &str) -> String {
    crate::formats::json::as_text(raw).map_or_else(|| one_line(raw), |text| text.into_owned())
}

fn one_line(raw: &str) -> String {
    raw.split(['\n', '\r']).map(str::trim).collect()
}
