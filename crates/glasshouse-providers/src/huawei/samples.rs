//! Measurements: `health detail data.json` and `sport per minute merged data.json`.

use crate::formats::element::{inner_place, keep, not_an_object, place, text, unread_member};
use crate::formats::json::Object;
use crate::formats::time;
use crate::{Frame, Opened, Sink};
use glasshouse_model::{Family, MomentRole, Record, Ref};

pub(super) const FORMAT: &str = "samples";

/// Reads records of a day or a device: each of their measurements is a record here.
pub(super) fn parse(opened: &Opened<'_>, out: &mut Sink) {
    for frame in opened.frames {
        if frame.element {
            element(opened, frame, out);
        } else {
            unread_member(opened, frame, FORMAT, out);
        }
    }
}

fn element(opened: &Opened<'_>, frame: &Frame<'_>, out: &mut Sink) {
    let at = place(opened, frame);
    let whole = text(frame, &at, out);
    let Ok(object) = Object::parse(&whole) else {
        return not_an_object(frame, at, out);
    };
    let mut before = 0;
    for list in ["samplePoints", "sportDataUserData"] {
        for (i, raw) in object.array(list).unwrap_or_default().into_iter().enumerate() {
            before += 1;
            let at = inner_place(opened, frame, &whole, raw, &format!("/{list}/{i}"));
            match Object::parse(raw) {
                Ok(sample) => record(&object, Some(&sample), at, out),
                Err(_) => out.warn(at, "json.syntax", "A measurement is no object; it was not read."),
            }
        }
    }
    if before == 0 {
        record(&object, None, at, out);
    }
}

fn record(group: &Object<'_>, sample: Option<&Object<'_>>, at: Ref, out: &mut Sink) {
    let mut record = Record::new(Family::Health, FORMAT);
    let from = sample.unwrap_or(group);
    for (key, role) in [("startTime", MomentRole::Start), ("endTime", MomentRole::End)] {
        let Some(value) = from.raw(key).filter(|raw| *raw != "null") else { continue };
        let moment = time::epoch_millis(role, value.trim_matches('"'));
        if moment.instant.is_none() {
            out.warn(at.clone(), "time.syntax", "A time cannot be read.");
        }
        record.moments.push(moment);
    }
    if record.moments.is_empty() {
        out.warn(at.clone(), "time.missing", "The measurement says no time.");
    }
    record.title = from.text("key").map(|key| key.into_owned());
    for (key, raw) in sample.into_iter().flat_map(Object::members) {
        keep(&mut record.fields, key, raw.get());
    }
    for (key, raw) in group.members().filter(|(key, _)| !matches!(*key, "samplePoints" | "sportDataUserData")) {
        keep(&mut record.fields, &format!("record.{key}"), raw.get());
    }
    out.record(at, record);
}
