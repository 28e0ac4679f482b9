//! Passes of Wallet: `pass.json` of a `.pkpass`, or of a folder that holds what was one.

use crate::formats::element::{keep, not_an_object, text};
use crate::formats::json::Object;
use crate::formats::time;
use crate::{Opened, Sink};
use glasshouse_model::{Family, Locator, MomentRole, Party, PartyRole, Place, Record};
use std::borrow::Cow;

pub(super) const FORMAT: &str = "wallet";

/// Says whether first bytes are those of a pass.
pub(super) fn is_ours(head: &[u8]) -> bool {
    let has = |needle: &[u8]| memchr::memmem::find(head, needle).is_some();
    has(b"\"formatVersion\"") || (has(b"\"passTypeIdentifier\"") && has(b"\"serialNumber\""))
}

/// Fields of a pass beyond these stay in the fields alone.
const MOST: usize = 200;

/// Reads the one pass of a file.
pub(super) fn parse(opened: &Opened<'_>, out: &mut Sink) {
    for frame in opened.frames {
        let at = opened.at(Locator::json("", frame.offset, frame.bytes.len() as u64));
        let raw = text(frame, &at, out);
        let Ok(pass) = Object::parse(raw.trim_start_matches('\u{feff}')) else {
            not_an_object(frame, at, out);
            continue;
        };
        let mut record = Record::new(Family::File, FORMAT);
        record.title = pass.text("description").map(Cow::into_owned).filter(|title| !title.is_empty());
        let maker = pass.text("organizationName").filter(|name| !name.is_empty());
        record.parties.extend(maker.map(|name| Party::named(PartyRole::Author, name)));
        // When and where the pass is of use, and not when it was used.
        // Newer passes have a list of stretches in place of one date.
        let stretches = pass.objects("relevantDates");
        let stretch = |(key, role)| stretches.iter().filter_map(move |one| Some((one.text(key)?, role)));
        let stretches = [("date", MomentRole::Start), ("startDate", MomentRole::Start), ("endDate", MomentRole::End)]
            .into_iter()
            .flat_map(stretch);
        let single = [("relevantDate", MomentRole::Start), ("expirationDate", MomentRole::End)];
        let single = single.into_iter().filter_map(|(key, role)| Some((pass.text(key)?, role)));
        for (written, role) in single.chain(stretches).take(MOST) {
            let moment = time::iso(role, &written);
            if moment.instant.is_none() {
                out.warn(at.clone(), "time.syntax", "A time cannot be read or says no zone.");
            }
            record.moments.push(moment);
        }
        if let [one] = pass.objects("locations").as_slice()
            && let (Some(lat), Some(lon)) = (one.float("latitude"), one.float("longitude"))
        {
            match Place::at(lat, lon) {
                Some(place) => {
                    let address = one.text("relevantText").map(Cow::into_owned);
                    record.place = Some(Place { address, altitude: one.float("altitude"), ..place });
                }
                None => out.warn(at.clone(), "place.syntax", "The coordinates are none on Earth."),
            }
        }
        let style = STYLES.iter().find_map(|style| Some((*style, pass.object(style)?)));
        if let Some((style, shown)) = style {
            record.fields.text("kind", style);
            let lines: Vec<String> =
                FIELDS.iter().flat_map(|group| shown.objects(group)).take(MOST).map(line).collect();
            record.text = Some(lines.join("\n")).filter(|text| !text.is_empty());
        }
        for (key, raw) in pass.members() {
            if !STYLES.contains(&key) && !KNOWN.contains(&key) {
                out.drift(FORMAT, key);
            }
            keep(&mut record.fields, key, raw.get());
        }
        out.record(at, record);
    }
}

/// Returns a field as it is shown: its label and its value.
fn line(field: Object<'_>) -> String {
    let value = field.text("value").or_else(|| field.raw("value").map(Cow::Borrowed)).unwrap_or_default();
    match field.text("label").filter(|label| !label.is_empty()) {
        Some(label) => format!("{label}: {value}"),
        None => value.into_owned(),
    }
}

const STYLES: &[&str] = &["boardingPass", "coupon", "eventTicket", "generic", "storeCard"];
const FIELDS: &[&str] = &["headerFields", "primaryFields", "secondaryFields", "auxiliaryFields", "backFields"];
const KNOWN: &[&str] = &[
    "formatVersion",
    "passTypeIdentifier",
    "serialNumber",
    "teamIdentifier",
    "organizationName",
    "description",
    "relevantDate",
    "relevantDates",
    "expirationDate",
    "voided",
    "locations",
    "maxDistance",
    "beacons",
    "barcode",
    "barcodes",
    "nfc",
    "logoText",
    "backgroundColor",
    "foregroundColor",
    "labelColor",
    "groupingIdentifier",
    "suppressStripShine",
    "sharingProhibited",
    "webServiceURL",
    "authenticationToken",
    "appLaunchURL",
    "associatedStoreIdentifiers",
    "userInfo",
    "semantics",
];
