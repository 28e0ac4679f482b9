//! Activities: `motion path detail data.json`, with the track inside a text.

use super::repair::{BREAK, Repaired, repair};
use super::track;
use crate::formats::element::{inner_place, keep, not_an_object, place, text, unread_member};
use crate::formats::json::{Object, as_text};
use crate::formats::time;
use crate::{Frame, Opened, Sink};
use glasshouse_model::{Family, MomentRole, Record};

pub(super) const FORMAT: &str = "activity";

/// Reads activities; until 2020 those of a day stood together under `motionPathData`.
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
    let original = text(frame, &at, out);
    if let Ok(object) = Object::parse(&original) {
        return activities(opened, frame, Whole { text: &original, taken: &[], group: None }, &object, out);
    }
    let Repaired { text: repaired, taken } = repair(&original);
    match Object::parse(&repaired) {
        Ok(object) => activities(opened, frame, Whole { text: &repaired, taken: &taken, group: None }, &object, out),
        Err(_) => not_an_object(frame, at, out),
    }
}

/// The text of an element, what was taken out of it, and what its activities share.
#[derive(Clone, Copy)]
struct Whole<'a> {
    text: &'a str,
    /// Sorted by place.
    taken: &'a [(usize, String)],
    group: Option<&'a Object<'a>>,
}

fn activities(opened: &Opened<'_>, frame: &Frame<'_>, whole: Whole<'_>, object: &Object<'_>, out: &mut Sink) {
    let Some(inner) = object.array("motionPathData") else {
        return activity(opened, frame, whole, whole.text.trim(), "", object, out);
    };
    let whole = Whole { group: Some(object), ..whole };
    for (i, raw) in inner.into_iter().enumerate() {
        let pointer = format!("/motionPathData/{i}");
        match Object::parse(raw) {
            Ok(object) => activity(opened, frame, whole, raw, &pointer, &object, out),
            Err(_) => {
                let at = inner_place(opened, frame, whole.text, raw, &pointer);
                out.warn(at, "json.syntax", "An activity is no object; it was not read.");
            }
        }
    }
}

fn activity(
    opened: &Opened<'_>,
    frame: &Frame<'_>,
    whole: Whole<'_>,
    raw: &str,
    pointer: &str,
    object: &Object<'_>,
    out: &mut Sink,
) {
    let at = inner_place(opened, frame, whole.text, raw, pointer);
    let mut record = Record::new(Family::Activity, FORMAT);
    for (key, role) in [("startTime", MomentRole::Start), ("endTime", MomentRole::End)] {
        let Some(value) = object.raw(key).filter(|raw| *raw != "null") else { continue };
        let moment = time::epoch_millis(role, value.trim_matches('"'));
        if moment.instant.is_none() {
            out.warn(at.clone(), "time.syntax", "A time of the activity cannot be read.");
        }
        record.moments.push(moment);
    }
    record.title = object.int("sportType").and_then(sport).map(Into::into);
    let start = object.int("startTime");
    let zone = object.text("timeZone").map(|zone| zone.into_owned());
    let id = object.text("recordId").map(|id| id.into_owned());
    let conversation = id.unwrap_or_else(|| format!("{}{pointer} {}", at.locator.detail, start.unwrap_or_default()));
    record.conversation = Some(conversation.clone());
    for (key, raw) in object.members() {
        let place = (raw.get().as_ptr() as usize).wrapping_sub(whole.text.as_ptr() as usize);
        let taken = whole.taken.binary_search_by_key(&place, |(at, _)| *at).ok().and_then(|i| whole.taken.get(i));
        if let Some((_, original)) = taken {
            record.fields.text(key, original);
        } else if key == "attribute" && raw.get().starts_with('"') {
            let pointer = format!("{pointer}/attribute");
            let context = track::Activity {
                start,
                zone: zone.as_deref(),
                conversation: &conversation,
                whole: whole.text,
                pointer: &pointer,
            };
            track::read(opened, frame, raw.get(), &context, &mut record, out);
        } else if let (true, Some(number)) = (matches!(key, "startTime" | "endTime"), object.int(key)) {
            // Some exports put the number in quotes.
            record.fields.int(key, number);
        } else if let Some(text) = as_text(raw.get()).filter(|text| text.contains(BREAK)) {
            record.fields.text(key, &text.replace(BREAK, "\n"));
        } else {
            keep(&mut record.fields, key, raw.get());
        }
        if !KNOWN.contains(&key) {
            out.drift(FORMAT, key);
        }
    }
    let shared = whole.group.into_iter().flat_map(Object::members).filter(|(key, _)| *key != "motionPathData");
    for (key, raw) in shared {
        keep(&mut record.fields, &format!("group.{key}"), raw.get());
    }
    out.record(at, record);
}

const KNOWN: &[&str] = &[
    "attribute",
    "startTime",
    "endTime",
    "totalDistance",
    "totalTime",
    "totalCalories",
    "totalSteps",
    "sportType",
    "timeZone",
    "recordId",
    "recordDay",
    "partTimeMap",
    "paceMap",
    "location",
    "deviceCode",
    "dataId",
    "version",
    "appType",
    "sportDataSource",
];

/// Returns the kinds of sport that public readers agree on.
fn sport(kind: i64) -> Option<&'static str> {
    Some(match kind {
        3 => "Cycling",
        4 => "Running",
        5 => "Walking",
        101 => "Indoor running",
        102 => "Pool swimming",
        103 => "Indoor cycling",
        104 => "Open water swimming",
        282 => "Hiking",
        _ => return None,
    })
}
