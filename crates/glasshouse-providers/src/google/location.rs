//! `Records.json` and its older forms: the raw fixes of a person's devices, a million and more in one array.

use super::element::{keep, not_an_object, place, text, unread_member};
use crate::formats::json::{Object, as_text};
use crate::formats::time;
use crate::{Frame, Opened, Sink};
use glasshouse_model::{Family, Framing, Moment, MomentRole, Place, Record};

pub(super) const FORMAT: &str = "location-records";
pub(super) const FRAMING: Framing = Framing::JsonArrays(&["locations"]);

/// Says whether first bytes are those of such a file.
pub(super) fn is_ours(head: &[u8]) -> bool {
    let has = |needle: &[u8]| memchr::memmem::find(head, needle).is_some();
    has(b"\"locations\"") && (has(b"\"latitudeE7\"") || has(b"\"timestampMs\""))
}

/// Reads elements of `locations`.
pub(super) fn parse(opened: &Opened<'_>, out: &mut Sink) {
    for frame in opened.frames {
        if frame.element {
            element(opened, frame, out);
        } else if frame.name == "locations" {
            out.warn(place(opened, frame), "json.layout", "`locations` is not an array; it was not read.");
        } else {
            unread_member(opened, frame, FORMAT, out);
        }
    }
}

fn element(opened: &Opened<'_>, frame: &Frame<'_>, out: &mut Sink) {
    let at = place(opened, frame);
    let text = text(frame, &at, out);
    let Ok(object) = Object::parse(&text) else {
        return not_an_object(frame, at, out);
    };
    let mut record = Record::new(Family::Location, FORMAT);
    // Nearly all members but the coordinates are kept, and nearly every element has one time.
    record.fields.reserve(text.len());
    record.moments.reserve_exact(1);
    let spot = coordinates(object.int("latitudeE7"), object.int("longitudeE7"));
    let placed = spot.is_some();
    if let Some(mut spot) = spot {
        spot.accuracy = object.float("accuracy");
        spot.altitude = object.float("altitude");
        record.place = Some(spot);
    }
    for (key, raw) in object.members() {
        match key {
            "timestamp" | "timestampMs" => match as_text(raw.get()) {
                Some(text) => record.moments.push(moment(MomentRole::Observed, &text)),
                None => record.moments.push(moment(MomentRole::Observed, raw.get())),
            },
            "accuracy" | "altitude" if placed && raw.get().parse::<f64>().is_ok_and(f64::is_finite) => {}
            "latitudeE7" | "longitudeE7" | "accuracy" | "altitude" | "verticalAccuracy" | "velocity" | "heading"
            | "activity" | "activitys" | "source" | "deviceTag" | "platformType" | "serverTimestamp"
            | "deviceTimestamp" | "batteryCharging" | "formFactor" | "activeWifiScan" | "locationMetadata"
            | "placeId" | "inferredLocation" | "deviceDesignation" | "osLevel" => keep(&mut record.fields, key, raw),
            _ => {
                out.drift(FORMAT, key);
                keep(&mut record.fields, key, raw);
            }
        }
    }
    if record.moments.is_empty() {
        out.warn(at.clone(), "time.missing", "The element has no timestamp.");
    } else if record.moments.iter().all(|m| m.instant.is_none()) {
        out.warn(at.clone(), "time.unreadable", "The element's timestamp cannot be read.");
    }
    if !placed && (object.raw("latitudeE7").is_some() || object.raw("longitudeE7").is_some()) {
        out.warn(at.clone(), "place.range", "The element's coordinates are none on Earth; it has no place.");
    }
    out.record(at, record);
}

/// Returns the place of two counts of 1e-7 degrees; old files hold some that wrapped at 2^32.
pub(super) fn coordinates(lat: Option<i64>, lon: Option<i64>) -> Option<Place> {
    let degrees = |e7: i64, most: i64| {
        let e7 = if e7.checked_abs()? > most { e7.checked_sub(1 << 32)? } else { e7 };
        Some(e7 as f64 / 1e7)
    };
    Place::at(degrees(lat?, 900_000_000)?, degrees(lon?, 1_800_000_000)?)
}

/// Reads a time in any form that Google's location files use: ISO 8601, or a count of (milli)seconds since 1970.
pub(super) fn moment(role: MomentRole, text: &str) -> Moment {
    let digits = text.strip_prefix('-').unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        time::iso(role, text)
    } else if digits.len() > 11 {
        time::epoch_millis(role, text)
    } else {
        time::epoch_seconds(role, text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coordinates_that_wrapped_are_read() {
        assert_eq!(coordinates(Some(523_000_001), Some(-134_000_000)), Place::at(52.3000001, -13.4));
        // -33.4567890 degrees, read as unsigned.
        assert_eq!(coordinates(Some(4_294_967_296 - 334_567_890), Some(1)), Place::at(-33.456789, 1e-7));
        assert_eq!(coordinates(Some(0), Some(4_294_967_296 - 1_234_567_890)), Place::at(0.0, -123.456789));
        for bad in [i64::MAX, i64::MIN, 2_000_000_000, -900_000_001] {
            assert_eq!(coordinates(Some(bad), Some(0)), None, "{bad}");
        }
        assert_eq!(coordinates(None, Some(1)), None);
    }

    #[test]
    fn times_in_all_forms() {
        for text in ["1700000000", "1700000000000", "2023-11-14T22:13:20Z"] {
            assert_eq!(moment(MomentRole::Observed, text).instant, Some(1_700_000_000_000_000), "{text}");
        }
        assert_eq!(moment(MomentRole::Observed, "").instant, None);
        assert_eq!(moment(MomentRole::Observed, "99999999999999999999").instant, None);
    }
}
