//! Semantic Location History (visits and trips by month), its edits and settings.

use super::element::{keep, not_an_object, place as place_of, text, unread_member};
use super::location::{coordinates, moment};
use crate::formats::json::Object;
use crate::{Frame, Opened, Sink};
use glasshouse_model::{Family, Framing, Locator, MomentRole, Place, Record, Ref};

pub(super) const FORMAT: &str = "location-semantic";
pub(super) const FRAMING: Framing = Framing::JsonArrays(&["timelineObjects", "timelineEdits"]);

/// Says whether first bytes are those of a month's objects or of edits.
pub(super) fn is_ours(head: &[u8]) -> bool {
    let has = |needle: &[u8]| memchr::memmem::find(head, needle).is_some();
    has(b"\"timelineObjects\"") || has(b"\"timelineEdits\"")
}

/// Says whether first bytes are those of the location settings.
pub(super) fn is_settings(head: &[u8]) -> bool {
    let has = |needle: &[u8]| memchr::memmem::find(head, needle).is_some();
    has(b"\"historyEnabled\"") || has(b"\"deviceSettings\"")
}

/// Reads a month's objects, edits, settings, or says what only names data held elsewhere.
pub(super) fn parse(opened: &Opened<'_>, out: &mut Sink) {
    for frame in opened.frames {
        match opened.claim.framing {
            Framing::Whole if opened.entry.extension() == "json" => settings(opened, frame, out),
            Framing::Whole => blob(opened, frame, out),
            Framing::Lines => tombstone(opened, frame, out),
            _ if !frame.element => unread_member(opened, frame, FORMAT, out),
            _ if frame.name == "timelineEdits" => edit(opened, frame, out),
            _ => object(opened, frame, out),
        }
    }
}

fn object(opened: &Opened<'_>, frame: &Frame<'_>, out: &mut Sink) {
    let at = place_of(opened, frame);
    let raw = text(frame, &at, out);
    let Ok(object) = Object::parse(&raw) else {
        return not_an_object(frame, at, out);
    };
    let mut found = false;
    for (key, value) in object.members() {
        let inner = Object::parse(value.get()).ok();
        match (key, inner) {
            ("placeVisit", Some(visit)) => read_visit(&visit, &at, 0, out),
            ("activitySegment", Some(segment)) => read_segment(&segment, &at, out),
            _ => {
                out.drift(FORMAT, key);
                out.warn(at.clone(), "json.member", "The element holds a member that is not known; it was not read.");
            }
        }
        found = true;
    }
    if !found {
        out.warn(at, "json.empty", "The element is empty.");
    }
}

/// Visits lie inside visits (a shop in a mall); nothing real goes deeper.
const DEEPEST_VISIT: u32 = 4;

fn read_visit(visit: &Object<'_>, at: &Ref, depth: u32, out: &mut Sink) {
    let mut record = Record::new(Family::Visit, FORMAT);
    duration(visit, &mut record);
    let location = visit.object("location");
    if let Some(location) = &location {
        record.title = location.text("name").map(Into::into);
        record.place = spot(location);
    }
    if record.place.is_none() {
        record.place = coordinates(visit.int("centerLatE7"), visit.int("centerLngE7"));
    }
    if let (Some(place), Some(location)) = (&mut record.place, &location) {
        place.address = location.text("address").map(Into::into);
    }
    for (key, raw) in visit.members() {
        if !matches!(
            key,
            "location"
                | "centerLatE7"
                | "centerLngE7"
                | "duration"
                | "placeConfidence"
                | "visitConfidence"
                | "locationConfidence"
                | "otherCandidateLocations"
                | "childVisits"
                | "sectionId"
                | "simplifiedRawPath"
                | "placeVisitLevel"
                | "editConfirmationStatus"
                | "editActionMetadata"
                | "lastEditedTimestamp"
                | "placeVisitType"
                | "placeVisitImportance"
                | "locationAssertionType"
                | "checkin"
        ) {
            out.drift(FORMAT, key);
        }
        keep(&mut record.fields, key, raw.get());
    }
    finish(record, at, out);
    path(visit, at, out);
    for child in visit.objects("childVisits") {
        if depth < DEEPEST_VISIT {
            read_visit(&child, at, depth + 1, out);
        } else {
            out.warn(at.clone(), "json.depth", "Visits are nested deeper than is read.");
        }
    }
}

fn read_segment(segment: &Object<'_>, at: &Ref, out: &mut Sink) {
    let mut record = Record::new(Family::Trip, FORMAT);
    duration(segment, &mut record);
    record.title = segment.text("activityType").map(Into::into);
    record.place = segment.object("startLocation").as_ref().and_then(spot);
    for (key, raw) in segment.members() {
        if !matches!(
            key,
            "startLocation"
                | "endLocation"
                | "duration"
                | "distance"
                | "activityType"
                | "activities"
                | "confidence"
                | "waypointPath"
                | "simplifiedRawPath"
                | "transitPath"
                | "parkingEvent"
                | "editConfirmationStatus"
                | "editActionMetadata"
                | "lastEditedTimestamp"
        ) {
            out.drift(FORMAT, key);
        }
        keep(&mut record.fields, key, raw.get());
    }
    finish(record, at, out);
    path(segment, at, out);
}

/// Gives each fix of a raw path a record of its own: they are where the device was, one by one.
fn path(object: &Object<'_>, at: &Ref, out: &mut Sink) {
    let Some(path) = object.object("simplifiedRawPath") else { return };
    for point in path.objects("points") {
        let mut record = Record::new(Family::Location, FORMAT);
        record.place = coordinates(point.int("latE7"), point.int("lngE7"));
        if let Some(place) = &mut record.place {
            place.accuracy = point.float("accuracyMeters");
        }
        let time = point.text("timestamp").or_else(|| point.text("timestampMs"));
        record.moments.extend(time.map(|t| moment(MomentRole::Observed, &t)));
        for (key, raw) in point.members() {
            keep(&mut record.fields, key, raw.get());
        }
        out.record(at.clone(), record);
    }
}

fn finish(record: Record, at: &Ref, out: &mut Sink) {
    if record.moments.first().is_none_or(|m| m.instant.is_none()) {
        out.warn(at.clone(), "time.missing", "The element's time is missing or cannot be read.");
    }
    out.record(at.clone(), record);
}

fn duration(object: &Object<'_>, record: &mut Record) {
    let Some(duration) = object.object("duration") else { return };
    for (names, role) in [
        (["startTimestamp", "startTimestampMs"], MomentRole::Start),
        (["endTimestamp", "endTimestampMs"], MomentRole::End),
    ] {
        let found = names.iter().find_map(|name| duration.text(name).or_else(|| duration.raw(name).map(Into::into)));
        record.moments.extend(found.map(|text| moment(role, &text)));
    }
}

/// Returns the place of a `location` object.
fn spot(location: &Object<'_>) -> Option<Place> {
    let mut place = coordinates(location.int("latitudeE7"), location.int("longitudeE7"))?;
    place.accuracy = location.float("accuracyMetres");
    Some(place)
}

fn edit(opened: &Opened<'_>, frame: &Frame<'_>, out: &mut Sink) {
    let at = place_of(opened, frame);
    let raw = text(frame, &at, out);
    let Ok(object) = Object::parse(&raw) else {
        return not_an_object(frame, at, out);
    };
    let mut record = Record::new(Family::Location, FORMAT);
    let signal = object.object("rawSignal").and_then(|s| s.object("signal"));
    if let Some(signal) = &signal {
        if let Some(position) = signal.object("position") {
            if let Some(point) = position.object("point") {
                record.place = coordinates(point.int("latE7"), point.int("lngE7"));
            }
            if let Some(place) = &mut record.place {
                place.accuracy = position.float("accuracyMm").map(|mm| mm / 1000.0);
                place.altitude = position.float("altitudeMeters");
            }
            record.moments.extend(position.text("timestamp").map(|t| moment(MomentRole::Observed, &t)));
        }
        for inner in ["activityRecord", "wifiScan"].iter().filter_map(|name| signal.object(name)) {
            let time = inner.text("timestamp").or_else(|| inner.text("deliveryTime"));
            record.moments.extend(time.map(|t| moment(MomentRole::Observed, &t)));
        }
    }
    if let Some(window) = object.object("placeAggregates").and_then(|p| p.object("processWindow")) {
        record.moments.extend(window.text("startTime").map(|t| moment(MomentRole::Start, &t)));
        record.moments.extend(window.text("endTime").map(|t| moment(MomentRole::End, &t)));
    }
    for (key, raw) in object.members() {
        if !matches!(key, "deviceId" | "rawSignal" | "placeAggregates") {
            out.drift(FORMAT, key);
        }
        keep(&mut record.fields, key, raw.get());
    }
    out.record(at, record);
}

fn settings(opened: &Opened<'_>, frame: &Frame<'_>, out: &mut Sink) {
    let at = opened.at(Locator::json("", frame.offset, frame.bytes.len() as u64));
    let raw = text(frame, &at, out);
    let Ok(object) = Object::parse(raw.trim_start_matches('\u{feff}')) else {
        return not_an_object(frame, at, out);
    };
    let mut record = Record::new(Family::Setting, FORMAT);
    record.title = Some("Location History settings".into());
    for (key, role) in [("modifiedTime", MomentRole::Modified), ("createdTime", MomentRole::Created)] {
        record.moments.extend(object.text(key).map(|t| moment(role, &t)));
    }
    for (key, raw) in object.members() {
        if !matches!(
            key,
            "createdTime"
                | "modifiedTime"
                | "historyEnabled"
                | "deviceSettings"
                | "retentionWindowDays"
                | "hasReportedLocations"
                | "hasSetRetention"
        ) {
            out.drift(FORMAT, key);
        }
        keep(&mut record.fields, key, raw.get());
    }
    out.record(at.clone(), record);
    for device in object.objects("deviceSettings") {
        let mut record = Record::new(Family::Device, FORMAT);
        record.title = device.text("devicePrettyName").map(Into::into);
        record.moments.extend(device.text("deviceCreationTime").map(|t| moment(MomentRole::Created, &t)));
        for (key, raw) in device.members() {
            keep(&mut record.fields, key, raw.get());
        }
        out.record(at.clone(), record);
    }
}

/// Keeps `Encrypted Backups.txt`, which says that the server holds a blob it cannot read.
fn blob(opened: &Opened<'_>, frame: &Frame<'_>, out: &mut Sink) {
    let at = opened.at(Locator::whole(opened.entry.size));
    let raw = text(frame, &at, out);
    let mut record = Record::new(Family::Setting, FORMAT);
    record.title = Some(opened.entry.name().to_owned());
    record.text = Some(raw.into_owned());
    out.warn(
        at.clone(),
        "location.encrypted",
        "The export says that the provider holds only an encrypted backup; those locations are not in it.",
    );
    out.record(at, record);
}

/// Keeps a row of `Tombstones.csv`: deletions, without what was deleted.
fn tombstone(opened: &Opened<'_>, frame: &Frame<'_>, out: &mut Sink) {
    let at = opened.at(Locator::new(
        glasshouse_model::LocatorKind::Row,
        frame.index.to_string(),
        frame.offset,
        frame.bytes.len() as u64,
    ));
    let raw = text(frame, &at, out);
    let row = raw.trim_start_matches('\u{feff}').trim_end();
    if frame.index == 0 || row.is_empty() {
        return;
    }
    let header = opened.head.split(|b| *b == b'\n').next().unwrap_or_default();
    let commas = |bytes: &[u8]| bytes.iter().filter(|b| **b == b',').count();
    if commas(frame.bytes) < commas(header) {
        out.warn(at.clone(), "table.width", "The row has fewer values than the table has columns.");
    }
    let mut record = Record::new(Family::Activity, FORMAT);
    record.title = Some(opened.entry.name().to_owned());
    record.fields.text("row", row);
    out.record(at, record);
}
