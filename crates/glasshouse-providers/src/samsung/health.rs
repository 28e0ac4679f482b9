//! Samsung Health: tables of the app's export, and the details that they point to.

use crate::formats::element::{keep, not_an_object, place, text};
use crate::formats::json::Object;
use crate::formats::sheet::{is_none, linked, row_place};
use crate::formats::table::Header;
use crate::formats::time;
use crate::formats::wall::Clock;
use crate::framing::frame_all;
use crate::{Frame, Opened, Sink, Tree, TreeEntry};
use glasshouse_model::{
    Claim, Family, Framing, Link, Links, Locator, Moment, MomentRole, Place, Precision, Record, Ref, ZoneBasis,
};
use std::collections::BTreeMap;
use std::sync::Arc;

pub(super) const TABLES: &str = "health";
pub(super) const DETAILS: &str = "health-details";

const ROLES: &[(&str, MomentRole)] = &[
    ("start_time", MomentRole::Start),
    ("day_time", MomentRole::Start),
    ("end_time", MomentRole::End),
    ("create_time", MomentRole::Created),
    ("update_time", MomentRole::Modified),
];

/// Claims tables by their first line, and the details below `jsons/`.
pub(super) fn claims(tree: &Tree<'_>) -> Vec<Claim> {
    let mut claims = Vec::new();
    let mut details: BTreeMap<&str, Vec<Link>> = BTreeMap::new();
    for entry in tree.entries().iter().filter(|e| e.size > 0) {
        let Some((root, below)) = entry.path.split_once("jsons/").or_else(|| entry.path.split_once("files/")) else {
            continue;
        };
        if !below.starts_with("com.samsung.") {
            continue;
        }
        let link = Link { name: entry.name().to_owned(), entry: entry.id, size: entry.size };
        details.entry(root.trim_end_matches('/')).or_default().push(link);
        if entry.extension() == "json" {
            let head = tree.head(entry.id);
            let array = head.trim_ascii_start().strip_prefix(b"\xef\xbb\xbf").unwrap_or(head.trim_ascii_start());
            let framing = if array.starts_with(b"[") { Framing::JsonArrays(&[""]) } else { Framing::Whole };
            claims.push(Claim::of(DETAILS, entry.id, framing));
        }
    }
    let details: BTreeMap<&str, Arc<Links>> =
        details.into_iter().map(|(root, links)| (root, Arc::new(links.into_iter().collect()))).collect();
    for entry in tree.entries().iter().filter(|e| e.size > 0 && e.extension() == "csv") {
        if kind(&tree.head(entry.id)).is_some() {
            let mut claim = Claim::of(TABLES, entry.id, Framing::Rows);
            claim.links = details.get(entry.dir()).cloned().unwrap_or_default();
            claims.push(claim);
        }
    }
    claims
}

/// Returns the type of data that a table's first line names.
fn kind(head: &[u8]) -> Option<String> {
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    let first = head.split(|b| matches!(b, b'\n' | b'\r')).next()?;
    let name = std::str::from_utf8(first.split(|b| *b == b',').next()?).ok()?.trim_matches('"');
    let fits = name.len() < 200 && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'));
    ((name.starts_with("com.samsung.health.") || name.starts_with("com.samsung.shealth.")) && fits)
        .then(|| name.to_owned())
}

/// Returns a type's name without what all share.
fn short(kind: &str) -> &str {
    kind.strip_prefix("com.samsung.shealth.").or_else(|| kind.strip_prefix("com.samsung.health.")).unwrap_or(kind)
}

fn family(kind: &str) -> Family {
    match short(kind) {
        "device_profile" => Family::Device,
        "exercise" => Family::Activity,
        name if name.starts_with("user_profile") || name.starts_with("preferences") || name.contains("permission") => {
            Family::Setting
        }
        _ => Family::Health,
    }
}

/// Reads rows: the first line names the type, the second the columns.
pub(super) fn tables(opened: &Opened<'_>, out: &mut Sink) {
    let kind = kind(opened.head).unwrap_or_default();
    let (spans, _) = frame_all(Framing::Rows, opened.head);
    let names = spans.get(1).and_then(|s| opened.head.get(s.start as usize..s.end as usize));
    let Some(header) = names.map(|row| Header::of(row, 1)).filter(|h| h.names().len() > 1) else {
        if opened.frames.iter().any(|f| f.index == 0) {
            let at = opened.at(Locator::bytes(0, 0));
            out.warn(at, "table.header", "The table has no line with names of columns; it was not read.");
        }
        return;
    };
    for frame in opened.frames.iter().filter(|f| f.index > 1) {
        row(opened, frame, &header, &kind, out);
    }
}

fn row(opened: &Opened<'_>, frame: &Frame<'_>, header: &Header, kind: &str, out: &mut Sink) {
    let at = row_place(opened, frame, header);
    let row = header.row(frame.bytes);
    if row.is_empty() {
        return;
    }
    if frame.truncated {
        out.warn(at.clone(), "table.truncated", "The row is cut off or its quotes do not close; it was read as it is.");
    }
    let columns = header.names().iter().filter(|n| !n.is_empty()).count();
    // Each row ends in a comma.
    if row.cells().skip(columns).any(|(_, v)| !v.trim().is_empty()) || row.len() < columns {
        out.warn(at.clone(), "table.width", format!("The row has {} values, the header {columns} columns.", row.len()));
    }
    let mut record = Record::new(family(kind), TABLES);
    record.title = Some(short(kind).to_owned());
    record.fields.text("type", kind);
    let mut point = Place::default();
    for (name, value) in row.cells().filter(|(_, v)| !v.trim().is_empty()) {
        let value = value.trim();
        let column = name.rsplit('.').next().unwrap_or(&name);
        let number = || value.parse::<f64>().ok().filter(|n| n.is_finite());
        match column {
            "latitude" | "start_latitude" => point.lat = number(),
            "longitude" | "start_longitude" => point.lon = number(),
            "altitude" => point.altitude = number(),
            "accuracy" => point.accuracy = number(),
            _ if value.ends_with(".json") => record.attachments.push(linked(opened, value)),
            _ => {}
        }
        record.fields.text(&name, value);
    }
    for (column, role) in ROLES {
        let found = row.cells().find(|(name, v)| name.rsplit('.').next() == Some(*column) && !is_none(v));
        if let Some((_, value)) = found {
            record.moments.push(moment(column, *role, value.trim(), &at, out));
        }
    }
    record.place = located(point, &at, out);
    out.record(at, record);
}

/// Reads a time: UTC written out, or milliseconds. A `day_time` names the day of the person, not an instant.
fn moment(column: &str, role: MomentRole, value: &str, at: &Ref, out: &mut Sink) -> Moment {
    let counted = value.bytes().all(|b| b.is_ascii_digit());
    let mut moment = if counted { time::epoch_millis(role, value) } else { Clock::UTC.moment(role, value) };
    if moment.instant.is_none() && moment.precision != Precision::Day {
        out.warn(at.clone(), "time.syntax", "A time cannot be read; no instant follows.");
    } else if column == "day_time" {
        (moment.instant, moment.basis, moment.precision) = (None, ZoneBasis::DeviceLocal, Precision::Day);
    }
    moment
}

fn located(place: Place, at: &Ref, out: &mut Sink) -> Option<Place> {
    let (lat, lon) = (place.lat?, place.lon?);
    match Place::at(lat, lon) {
        Some(at) => Some(Place { altitude: place.altitude, accuracy: place.accuracy, ..at }),
        None => {
            out.warn(at.clone(), "place.syntax", "The coordinates are none on Earth.");
            None
        }
    }
}

/// Reads details: an array with one object a measurement, or one object.
pub(super) fn details(opened: &Opened<'_>, out: &mut Sink) {
    for frame in opened.frames {
        let mut at = place(opened, frame);
        if opened.claim.framing == Framing::Whole {
            at.locator.detail.clear();
        }
        detail(opened, frame, at, out);
    }
}

fn detail(opened: &Opened<'_>, frame: &Frame<'_>, at: Ref, out: &mut Sink) {
    let raw = text(frame, &at, out);
    let Ok(object) = Object::parse(raw.trim_start_matches('\u{feff}')) else {
        return not_an_object(frame, at, out);
    };
    let (kind, file) = detail_kind(opened.entry);
    let mut record = Record::new(Family::Health, DETAILS);
    let point = Place {
        lat: object.float("latitude"),
        lon: object.float("longitude"),
        accuracy: object.float("accuracy"),
        altitude: object.float("altitude"),
        address: None,
    };
    record.place = located(point, &at, out);
    if record.place.is_some() {
        record.family = Family::Location;
    }
    record.title = Some(format!("{} {file}", short(kind)));
    record.fields.text("type", kind);
    // The table's row names the file.
    record.conversation = Some(opened.entry.name().to_owned());
    for (column, role) in ROLES {
        if let Some(value) = object.raw(column) {
            record.moments.push(moment(column, *role, value.trim_matches('"'), &at, out));
        }
    }
    for (key, raw) in object.members() {
        let name = if key == "type" { "detail.type" } else { key };
        keep(&mut record.fields, name, raw.get());
    }
    out.record(at, record);
}

/// Returns the type of data, from the folder, and what the details are, from the file's name.
fn detail_kind<'a>(entry: &TreeEntry<'a>) -> (&'a str, &'a str) {
    let kind = entry.dir().split('/').find(|name| name.starts_with("com.samsung.")).unwrap_or_default();
    let stem = entry.name().strip_suffix(".json").unwrap_or(entry.name());
    (kind, stem.rsplit('.').next().filter(|part| *part != stem).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_names_the_type() {
        let found = |head: &str| kind(head.as_bytes());
        assert_eq!(
            found("\u{feff}com.samsung.health.weight,6305010,2\n").as_deref(),
            Some("com.samsung.health.weight")
        );
        assert_eq!(found("com.samsung.android.app,1\n"), None);
        assert_eq!(found("com.samsung.health.a b,1\n"), None);
        assert_eq!(family("com.samsung.shealth.exercise"), Family::Activity);
    }
}
