//! The timeline that a phone exports itself: Android's `Timeline.json` and the array that iOS writes.

use super::element::{keep, not_an_object, place as place_of, text, unread_member};
use super::location::moment;
use crate::formats::json::{Object, as_text};
use crate::{Frame, Opened, Sink};
use glasshouse_model::{Family, Framing, Moment, MomentRole, Place, Record, Ref, ZoneBasis};

pub(super) const FORMAT: &str = "timeline";
pub(super) const FRAMING: Framing = Framing::JsonArrays(&["", "semanticSegments", "rawSignals"]);

/// Says whether first bytes are those of either system's export.
pub(super) fn is_ours(head: &[u8]) -> bool {
    let has = |needle: &[u8]| memchr::memmem::find(head, needle).is_some();
    let start = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
    has(b"\"semanticSegments\"")
        || (has(b"\"rawSignals\"") && has(b"\"signal\""))
        || (has(b"\"rawSignals\"") && has(b"\"LatLng\""))
        || (start.starts_with(b"[")
            && has(b"\"startTime\"")
            && (has(b"\"geo:") || has(b"durationMinutesOffsetFromStartTime")))
}

/// Reads segments, raw signals and the profile.
pub(super) fn parse(opened: &Opened<'_>, out: &mut Sink) {
    for frame in opened.frames {
        match (frame.element, frame.name) {
            (true, "rawSignals") => signal(opened, frame, out),
            (true, _) => segment(opened, frame, out),
            (false, "userLocationProfile") => profile(opened, frame, out),
            _ => unread_member(opened, frame, FORMAT, out),
        }
    }
}

fn segment(opened: &Opened<'_>, frame: &Frame<'_>, out: &mut Sink) {
    let at = place_of(opened, frame);
    let raw = text(frame, &at, out);
    let Ok(object) = Object::parse(&raw) else {
        return not_an_object(frame, at, out);
    };
    let mut record = Record::new(Family::Location, FORMAT);
    if let Some(visit) = object.object("visit") {
        record.family = Family::Visit;
        if let Some(top) = visit.object("topCandidate") {
            record.title = top.text("semanticType").map(Into::into);
            record.place = top.raw("placeLocation").and_then(point_in);
        }
    } else if let Some(activity) = object.object("activity") {
        record.family = Family::Trip;
        record.title = activity.object("topCandidate").and_then(|t| t.text("type").map(Into::into));
        record.place = activity.raw("start").and_then(point_in);
    } else if let Some(first) = object.objects("timelinePath").first() {
        record.family = Family::Trip;
        record.place = first.raw("point").and_then(point_in);
    } else if object.raw("timelineMemory").is_some() {
        record.family = Family::Trip;
    }
    for (name, role) in [("startTime", MomentRole::Start), ("endTime", MomentRole::End)] {
        record.moments.extend(object.text(name).map(|t| local(moment(role, &t))));
    }
    for (key, raw) in object.members() {
        if !matches!(
            key,
            "startTime"
                | "endTime"
                | "startTimeTimezoneUtcOffsetMinutes"
                | "endTimeTimezoneUtcOffsetMinutes"
                | "visit"
                | "activity"
                | "timelinePath"
                | "timelineMemory"
        ) {
            out.drift(FORMAT, key);
        }
        if !matches!(key, "startTime" | "endTime") || object.text(key).is_none() {
            keep(&mut record.fields, key, raw.get());
        }
    }
    warn_without_time(&record, &at, out);
    out.record(at.clone(), record);
    path(&object, &at, out);
}

/// Gives each point of a path a record of its own: they are where the person was, one by one.
fn path(segment: &Object<'_>, at: &Ref, out: &mut Sink) {
    let points = segment.array("timelinePath").unwrap_or_default();
    let start = segment.text("startTime").map(|t| moment(MomentRole::Observed, &t));
    for (index, raw) in points.into_iter().enumerate() {
        let Ok(point) = Object::parse(raw) else { continue };
        let mut record = Record::new(Family::Location, FORMAT);
        record.place = point.raw("point").and_then(point_in);
        record.fields.int("timelinePath_index", index as i64);
        for (key, raw) in point.members() {
            keep(&mut record.fields, key, raw.get());
        }
        if let Some(time) = point.text("time") {
            record.moments.push(local(moment(MomentRole::Observed, &time)));
        } else if let Some(minutes) = point.int("durationMinutesOffsetFromStartTime") {
            // iOS states minutes since the segment's start; both texts stay, the sum is ours.
            let base = start.as_ref().and_then(|s| s.instant);
            let instant = minutes.checked_mul(60_000_000).and_then(|m| base?.checked_add(m));
            record.moments.push(Moment {
                role: MomentRole::Observed,
                instant,
                text: format!("{} + {minutes} min", start.as_ref().map_or("", |s| s.text.as_str())),
                basis: if instant.is_some() { ZoneBasis::Offset } else { ZoneBasis::Ambiguous },
                precision: glasshouse_model::Precision::Minute,
            });
        }
        if record.place.is_none() {
            out.warn(at.clone(), "place.syntax", "A point of the path cannot be read as coordinates.");
        }
        out.record(at.clone(), record);
    }
}

fn signal(opened: &Opened<'_>, frame: &Frame<'_>, out: &mut Sink) {
    let at = place_of(opened, frame);
    let raw = text(frame, &at, out);
    let Ok(object) = Object::parse(&raw) else {
        return not_an_object(frame, at, out);
    };
    let mut record = Record::new(Family::Location, FORMAT);
    for (key, raw) in object.members() {
        let inner = Object::parse(raw.get()).ok();
        if let (true, Some(inner)) = (matches!(key, "position" | "wifiScan" | "activityRecord"), &inner) {
            if key == "position" {
                record.place = inner.raw("LatLng").or_else(|| inner.raw("latLng")).and_then(point_in);
                if let Some(place) = &mut record.place {
                    place.accuracy = inner.float("accuracyMeters");
                    place.altitude = inner.float("altitudeMeters");
                }
            }
            let time = inner.text("timestamp").or_else(|| inner.text("deliveryTime"));
            record.moments.extend(time.map(|t| local(moment(MomentRole::Observed, &t))));
        } else {
            out.drift(FORMAT, key);
        }
        keep(&mut record.fields, key, raw.get());
    }
    warn_without_time(&record, &at, out);
    out.record(at, record);
}

fn profile(opened: &Opened<'_>, frame: &Frame<'_>, out: &mut Sink) {
    let at = place_of(opened, frame);
    let raw = text(frame, &at, out);
    let Ok(object) = Object::parse(&raw) else {
        return not_an_object(frame, at, out);
    };
    let mut record = Record::new(Family::Setting, FORMAT);
    record.title = Some("userLocationProfile".into());
    for (key, raw) in object.members() {
        if !matches!(key, "frequentPlaces" | "frequentTrips" | "persona") {
            out.drift(FORMAT, key);
        }
        keep(&mut record.fields, key, raw.get());
    }
    out.record(at.clone(), record);
    for place in object.objects("frequentPlaces") {
        let mut record = Record::new(Family::Location, FORMAT);
        record.title = place.text("label").map(Into::into);
        record.place = place.raw("placeLocation").and_then(point_in);
        for (key, raw) in place.members() {
            keep(&mut record.fields, key, raw.get());
        }
        out.record(at.clone(), record);
    }
}

fn warn_without_time(record: &Record, at: &Ref, out: &mut Sink) {
    if record.moments.first().is_none_or(|m| m.instant.is_none()) {
        out.warn(at.clone(), "time.missing", "The element's time is missing or cannot be read.");
    }
}

/// Marks a time without a zone as the phone's own.
fn local(mut moment: Moment) -> Moment {
    let digits = moment.text.bytes().filter(u8::is_ascii_digit).count();
    if moment.instant.is_none() && digits >= 12 {
        moment.basis = ZoneBasis::DeviceLocal;
    }
    moment
}

/// Reads coordinates wherever this format puts them: a string, or an object that holds one.
fn point_in(raw: &str) -> Option<Place> {
    if let Some(text) = as_text(raw) {
        return point(&text);
    }
    let object = Object::parse(raw).ok()?;
    point(&object.text("latLng").or_else(|| object.text("LatLng")).or_else(|| object.text("point"))?)
}

/// Reads `48.8566°, 2.3522°` and `geo:48.8566,2.3522`.
fn point(text: &str) -> Option<Place> {
    let text = text.strip_prefix("geo:").unwrap_or(text);
    let (lat, lon) = text.split_once(',')?;
    let number = |part: &str| part.trim().trim_end_matches(['°', 'º']).trim().parse::<f64>().ok();
    Place::at(number(lat)?, number(lon.split([';', ',']).next()?)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coordinates_of_both_systems() {
        for raw in ["\"48.8566°, 2.3522°\"", "\"geo:48.8566,2.3522\"", "{\"latLng\":\"48.8566\\u00b0, 2.3522\\u00b0\"}"]
        {
            assert_eq!(point_in(raw), Place::at(48.8566, 2.3522), "{raw}");
        }
        for raw in ["\"\"", "\"geo:91,0\"", "\"a,b\"", "{}", "1", "\"NaN,NaN\""] {
            assert_eq!(point_in(raw), None, "{raw}");
        }
    }
}
