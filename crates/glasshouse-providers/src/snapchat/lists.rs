//! Files that hold lists of one kind of thing: friends, locations, memories, calls, searches, changes.

use super::{at, key, object};
use crate::formats::element::{keep, text};
use crate::formats::json::{Object, as_text};
use crate::formats::time;
use crate::{Frame, Opened, Sink};
use glasshouse_model::{Attachment, Family, IdentifierKind, Moment, MomentRole, Party, PartyRole, Place, Record};
use std::borrow::Cow;

pub(super) const FORMAT: &str = "lists";
/// Files of which no public fact says what their members are.
pub(super) const OTHER: &str = "other";

const COORDINATES: &str = "Latitude, Longitude";

/// Says whether a name is that of another file of the export.
pub(super) fn is_other(name: &str) -> bool {
    const OTHERS: &[&str] = &[
        "bitmoji.json",
        "bitmoji_kit_user.json",
        "cameos_metadata.json",
        "community_history.json",
        "community_lenses.json",
        "connected_apps.json",
        "countdowns.json",
        "email_campaign_history.json",
        "in_app_reports.json",
        "in_app_surveys.json",
        "netsuite_orders.json",
        "purchase_history.json",
        "ranking.json",
        "scans.json",
        "shared_story.json",
        "shop_history.json",
        "snap_ads.json",
        "snap_ai.json",
        "snap_games.json",
        "snap_games_and_minis.json",
        "snap_map_places_history.json",
        "snap_pro.json",
        "snap_tokens_order_history.json",
        "spotlight.json",
        "story_history.json",
        "subscriptions.json",
        "support_history.json",
        "support_note.json",
        "terms_history.json",
        "user_profile.json",
    ];
    OTHERS.binary_search(&name).is_ok()
}

/// Returns keys of which a file of that name has at least one, if its name is known.
pub(super) fn keys(name: &str) -> Option<&'static [&'static str]> {
    Some(match name {
        "friends.json" => &["Friends", "Deleted Friends", "Blocked Users"],
        "location_history.json" => &[
            "Location History",
            "Frequent Locations",
            "Latest Location",
            "Locations You Have Visited",
            "Top Locations Per Six-Day Period",
            "Daily Top Locations",
        ],
        "memories_history.json" => &["Saved Media"],
        "talk_history.json" => &["Outgoing Calls", "Incoming Calls", "Completed Calls"],
        "search_history.json" => &["Search Terms", "Search Term"],
        "account_history.json" => &[
            "Display Name Change",
            "Email Change",
            "Mobile Number Change",
            "Password Change",
            "Download My Data Reports",
        ],
        _ => return None,
    })
}

/// Reads one element.
pub(super) fn read(opened: &Opened<'_>, frame: &Frame<'_>, out: &mut Sink) {
    let here = at(opened, frame);
    let list = key(frame);
    let (file, format) = (opened.entry.name(), opened.claim.format);
    if !frame.element {
        // Numbers and texts beside the lists are few; each is worth its own record.
        let raw = text(frame, &here, out);
        if frame.truncated || matches!(raw.as_ref(), "null" | "\"\"") {
            return;
        }
        let mut record = Record::new(Family::Activity, format);
        record.fields.text("file", file).text("list", &list);
        // A value in an object goes by its own name.
        let name = frame.name.split('/').nth(2).map(|name| name.replace("~1", "/").replace("~0", "~"));
        record.fields.opt_text("name", name.as_deref());
        let value = as_text(&raw).unwrap_or(Cow::Borrowed(raw.as_ref()));
        record.fields.text("value", &value);
        return out.record(here, record);
    }
    let raw = text(frame, &here, out);
    if format == OTHER && !raw.trim_start().starts_with('{') {
        // A list of names alone.
        let mut record = Record::new(Family::Activity, format);
        record.fields.text("file", file).text("list", &list);
        record.fields.text("value", &as_text(&raw).unwrap_or(Cow::Borrowed(raw.as_ref())));
        return out.record(here, record);
    }
    if raw.trim_start().starts_with('[')
        && let Ok(values) = serde_json::from_str::<Vec<Cow<'_, str>>>(&raw)
    {
        return out.record(here, pair(&list, &values, &raw));
    }
    let Some(object) = object(opened, frame, &raw, out) else { return };
    let family = match file {
        "friends.json" => Family::Contact,
        "location_history.json" if object.text("Time").is_some() => Family::Location,
        "location_history.json" => Family::Visit,
        "memories_history.json" => Family::Media,
        "talk_history.json" => Family::Call,
        "search_history.json" => Family::Search,
        "purchase_history.json" | "shop_history.json" | "snap_tokens_order_history.json" | "netsuite_orders.json" => {
            Family::Purchase
        }
        _ => Family::Activity,
    };
    let mut record = Record::new(family, format);
    if format == OTHER {
        record.fields.text("file", file);
    }
    record.fields.text("list", &list);
    moments(&object, &mut record);
    match family {
        Family::Contact => friend(&object, &mut record),
        Family::Location | Family::Visit => place(&object, COORDINATES, &mut record),
        Family::Media => memory(&object, &mut record),
        Family::Search => {
            record.text = object.text("Search Term").or_else(|| object.text("Search Terms")).map(Cow::into_owned);
        }
        _ => {}
    }
    for (name, value) in object.members() {
        // The length of a call is a number in one layout and a text in another.
        let number = as_text(value.get()).filter(|n| name == "Length (sec)" && !n.is_empty() && n.len() < 10);
        match number.filter(|n| n.bytes().all(|byte| byte.is_ascii_digit()) && (n.len() == 1 || !n.starts_with('0'))) {
            Some(number) => keep(&mut record.fields, name, &number),
            None => keep(&mut record.fields, name, value.get()),
        }
    }
    if record.moments.iter().any(|m| m.instant.is_none()) {
        out.warn(here.clone(), "time.unread", "A time of the element cannot be read; it is kept as written.");
    }
    if family == Family::Location && record.place.is_none() && object.raw(COORDINATES).is_some() {
        out.warn(
            here.clone(),
            "place.unread",
            "The element's place is missing or not on Earth; it is kept as written.",
        );
    }
    out.record(here, record);
}

fn moments(object: &Object<'_>, record: &mut Record) {
    for (name, role) in [
        ("Time", MomentRole::Observed),
        ("Date", MomentRole::Created),
        ("Date & Time (hourly)", MomentRole::Observed),
        ("Date & Time", MomentRole::Start),
        ("View Date", MomentRole::Observed),
        ("Story Date", MomentRole::Observed),
        ("Created", MomentRole::Created),
        ("Creation Timestamp", MomentRole::Created),
        ("Start Time", MomentRole::Start),
        ("End Time", MomentRole::End),
        ("Last Modified Timestamp", MomentRole::Modified),
    ] {
        if let Some(text) = object.text(name).filter(|t| !t.is_empty() && t != "N/A") {
            record.moments.push(utc(role, &text));
        }
    }
}

/// Reads a time, whose date may be written with slashes, the year first.
fn utc(role: MomentRole, text: &str) -> Moment {
    let slashes = text.len() > 10 && text.as_bytes().get(4) == Some(&b'/') && text.as_bytes().get(7) == Some(&b'/');
    if !slashes {
        return time::wall_utc(role, text);
    }
    Moment { text: text.to_owned(), ..time::wall_utc(role, &text.replacen('/', "-", 2)) }
}

/// Makes a record of an element that is a list: a time and a place, in newer layouts.
fn pair(list: &str, values: &[Cow<'_, str>], raw: &str) -> Record {
    let mut record = Record::new(Family::Location, FORMAT);
    record.fields.text("list", list);
    for value in values {
        let moment = utc(MomentRole::Observed, value);
        if moment.instant.is_some() && record.moments.is_empty() {
            record.moments.push(moment);
        } else if record.place.is_none() {
            record.place = coordinates(value);
        }
    }
    keep(&mut record.fields, "values", raw);
    record
}

fn friend(object: &Object<'_>, record: &mut Record) {
    let name = object.text("Display Name").filter(|n| !n.is_empty()).map(Cow::into_owned);
    record.title = name.clone();
    if let Some(username) = object.text("Username").filter(|u| !u.is_empty()) {
        record.parties.push(Party::with(PartyRole::Subject, name, IdentifierKind::Account, username));
    }
}

fn place(object: &Object<'_>, name: &str, record: &mut Record) {
    record.place = object.text(name).and_then(|text| coordinates(&text));
}

/// Reads `51.5 ± 14.2, -0.12 ± 14.2`, with or without the radius.
fn coordinates(text: &str) -> Option<Place> {
    let number = |part: &str| {
        let mut halves = part.split('±').map(|half| half.trim().parse::<f64>().ok());
        (halves.next().flatten(), halves.next().flatten())
    };
    let (lat, lon) = text.rsplit(": ").next().unwrap_or_default().split_once(',')?;
    let ((lat, one), (lon, other)) = (number(lat), number(lon));
    let (lat, lon) = (lat?, lon?);
    // Memories without a place say that they lie at zero.
    let nowhere = lat == 0.0 && lon == 0.0;
    Place::at(lat, lon).filter(|_| !nowhere).map(|place| Place { accuracy: one.or(other), ..place })
}

fn memory(object: &Object<'_>, record: &mut Record) {
    place(object, "Location", record);
    for moment in &mut record.moments {
        moment.role = MomentRole::Taken;
    }
    let address = object.text("Media Download Url").or_else(|| object.text("Download Link"));
    if address.is_some_and(|a| !a.is_empty()) {
        record.attachments.push(Attachment { mime: None, ..Attachment::default() });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coordinates_of_all_shapes() {
        for (text, found) in [
            ("51.5 ± 14.2, -0.12 ± 14.2", Some((51.5, -0.12, Some(14.2)))),
            ("51.5, -0.12", Some((51.5, -0.12, None))),
            ("Latitude, Longitude: 51.5, -0.12", Some((51.5, -0.12, None))),
            ("Latitude, Longitude: 0.0, 0.0", None),
            ("91, 0", None),
            ("nowhere", None),
        ] {
            let json = serde_json::json!({ "Location": text }).to_string();
            let object = Object::parse(&json).expect("an object");
            let mut record = Record::new(Family::Media, FORMAT);
            place(&object, "Location", &mut record);
            let place = record.place.and_then(|p| Some((p.lat?, p.lon?, p.accuracy)));
            assert_eq!(place, found, "{text}");
        }
    }
}
