use crate::formats::contentline::{Property, by_name, components, coordinates, lines, moment, stamp};
use crate::{Frame, Opened, Sink};
use glasshouse_model::{
    Attachment, Family, Identifier, IdentifierKind, Locator, Moment, MomentRole, Party, PartyRole, Place, Precision,
    Record, ZoneBasis,
};

pub(super) const ID: &str = "contacts";

/// Properties of the standards and those that address books are known to add.
const KNOWN: &[&str] = &[
    "ADR",
    "AGENT",
    "ANNIVERSARY",
    "BDAY",
    "CALADRURI",
    "CALURI",
    "CATEGORIES",
    "CLASS",
    "CLIENTPIDMAP",
    "EMAIL",
    "FBURL",
    "FN",
    "GENDER",
    "GEO",
    "IMPP",
    "KEY",
    "KIND",
    "LABEL",
    "LANG",
    "LOGO",
    "MAILER",
    "MEMBER",
    "N",
    "NAME",
    "NICKNAME",
    "NOTE",
    "ORG",
    "PHOTO",
    "PRODID",
    "PROFILE",
    "RELATED",
    "REV",
    "ROLE",
    "SORT-STRING",
    "SOUND",
    "SOURCE",
    "TEL",
    "TITLE",
    "TZ",
    "UID",
    "URL",
    "VERSION",
    "X-ABADR",
    "X-ABDATE",
    "X-ABLABEL",
    "X-ABRELATEDNAMES",
    "X-ABSHOWAS",
    "X-ABUID",
    "X-AIM",
    "X-ANDROID-CUSTOM",
    "X-ANNIVERSARY",
    "X-GENDER",
    "X-GOOGLE-TALK",
    "X-GTALK",
    "X-ICQ",
    "X-IMAGETYPE",
    "X-JABBER",
    "X-MAIDENNAME",
    "X-MSN",
    "X-PHONETIC-FIRST-NAME",
    "X-PHONETIC-LAST-NAME",
    "X-PHONETIC-MIDDLE-NAME",
    "X-SIP",
    "X-SKYPE",
    "X-SKYPE-USERNAME",
    "X-SOCIALPROFILE",
    "X-SPOUSE",
    "X-YAHOO",
];

/// Properties of one card beyond this number are not kept.
const MOST_PROPERTIES: usize = 10_000;

/// Says whether bytes begin as a card does.
pub(super) fn begins(head: &[u8]) -> bool {
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
    head.get(..11).is_some_and(|start| start.eq_ignore_ascii_case(b"BEGIN:VCARD"))
}

/// A card in the making.
struct Card {
    start: usize,
    properties: Vec<Property>,
    /// Cards opened inside it (the AGENT of vCard 2.1), whose lines are passed over.
    inner: usize,
    /// How many properties there were when the last inner card ended.
    agent_done: usize,
    unread: bool,
    overflow: bool,
}

impl Card {
    /// Says whether an inner card may begin here: right after an AGENT without a value.
    fn awaits_agent(&self) -> bool {
        let last = self.properties.last();
        self.agent_done != self.properties.len() && last.is_some_and(|p| p.name == "AGENT" && p.value.is_empty())
    }
}

pub(super) fn parse(opened: &Opened<'_>, frame: &Frame<'_>, out: &mut Sink) {
    let mut card: Option<Card> = None;
    let (mut end, mut stray) = (0, false);
    let place = |start: usize, end: usize| {
        opened.at(Locator::bytes(frame.offset + start as u64, end.saturating_sub(start) as u64))
    };
    for line in lines(frame.bytes) {
        let property = Property::read(&line);
        let mark =
            |name: &str| property.as_ref().is_some_and(|p| p.name == name && p.value.eq_ignore_ascii_case("VCARD"));
        if mark("BEGIN") {
            match &mut card {
                Some(open) if open.awaits_agent() => {
                    open.inner += 1;
                }
                Some(open) if open.inner > 0 => open.inner += 1,
                _ => {
                    if let Some(unclosed) = card.take() {
                        out.warn(place(unclosed.start, end), "vcard.unclosed", "A card ends without END:VCARD.");
                        finish(unclosed, end, &place, out);
                    }
                    card = Some(Card {
                        start: line.start,
                        properties: Vec::new(),
                        inner: 0,
                        agent_done: 0,
                        unread: false,
                        overflow: false,
                    });
                }
            }
        } else if mark("END") {
            match &mut card {
                Some(open) if open.inner > 0 => {
                    open.inner -= 1;
                    open.agent_done = open.properties.len();
                }
                Some(_) => {
                    if let Some(done) = card.take() {
                        finish(done, line.end, &place, out);
                    }
                }
                None if stray => {}
                None => {
                    out.warn(
                        place(line.start, line.end),
                        "vcard.stray",
                        "Lines stand outside any card; this is the first.",
                    );
                    stray = true;
                }
            }
        } else if let Some(open) = &mut card {
            match property {
                _ if open.inner > 0 => {}
                Some(property) if open.properties.len() < MOST_PROPERTIES => open.properties.push(property),
                Some(_) => open.overflow = true,
                None => open.unread = true,
            }
        } else {
            if !stray {
                out.warn(
                    place(line.start, line.end),
                    "vcard.stray",
                    "Lines stand outside any card; this is the first.",
                );
            }
            stray = true;
        }
        end = line.end;
    }
    if let Some(unclosed) = card {
        out.warn(place(unclosed.start, end), "vcard.unclosed", "A card ends without END:VCARD.");
        finish(unclosed, end, &place, out);
    }
    if frame.truncated {
        out.warn(
            place(0, frame.bytes.len()),
            "vcard.truncated",
            "The file is longer than the limit; its end is not read.",
        );
    }
}

/// Makes the record of a card.
fn finish(card: Card, end: usize, place: &dyn Fn(usize, usize) -> glasshouse_model::Ref, out: &mut Sink) {
    let at = place(card.start, end);
    if card.unread {
        out.warn(at.clone(), "vcard.line", "A line of a card is no property; it is not in the record.");
    }
    if card.overflow {
        out.warn(at.clone(), "vcard.properties", "A card has more properties than are kept.");
    }
    if card.properties.iter().any(|p| p.guessed) {
        out.warn(at.clone(), "vcard.charset", "A text's charset is not stated or wrong; the likeliest is used.");
    }
    let mut record = Record::new(Family::Contact, ID);
    let first = |name: &str| card.properties.iter().find(|p| p.name == name && !p.value.is_empty());
    record.moments = moments(&card.properties);
    let name = first("FN").map(Property::text).or_else(|| first("N").map(full_name));
    let mut identifiers = Vec::new();
    for property in &card.properties {
        if !KNOWN.contains(&property.name.as_str()) {
            out.drift(ID, &property.name);
        }
        identifiers.extend(identifier(property));
        if property.binary.is_some() || is_media_link(property) {
            record.attachments.push(attachment(property, place(property.start, property.end)));
        }
    }
    let name = name.map(|n| n.trim().to_owned()).filter(|n| !n.is_empty());
    let fallback = || {
        let org = first("ORG").map(|p| components(&p.value, ';').join(", "));
        org.or_else(|| first("NICKNAME").map(Property::text))
    };
    record.title = name.clone().or_else(fallback).or_else(|| identifiers.first().map(|i| i.value.clone()));
    if name.is_some() || !identifiers.is_empty() {
        record.parties.push(Party { role: PartyRole::Subject, name, identifiers });
    }
    let notes: Vec<String> = card.properties.iter().filter(|p| p.name == "NOTE").map(Property::text).collect();
    record.text = Some(notes.join("\n\n")).filter(|t| !t.is_empty());
    record.place = place_of(&card.properties);
    // Whatever is carried as it stands need not stand twice.
    let carried = |p: &&Property| {
        let plain = p.params.is_empty() && p.group.is_none() && !p.value.contains('\\');
        let same = |text: &Option<String>| text.as_deref() == Some(p.value.as_str());
        plain && ((p.name == "FN" && same(&record.title)) || (p.name == "NOTE" && same(&record.text)))
    };
    for (name, list) in by_name(card.properties.iter().filter(|p| !carried(p))) {
        record.fields.raw(name, &list);
    }
    out.record(at, record);
}

/// Returns the time of the last change and the days that people keep.
///
/// A birthday is a day of the calendar wherever one is: it has no instant even where the text pretends to one.
fn moments(properties: &[Property]) -> Vec<Moment> {
    let revised = properties.iter().find(|p| p.name == "REV").map(|p| moment(MomentRole::Modified, &p.value));
    let days = properties.iter().filter(|p| {
        matches!(p.name.as_str(), "BDAY" | "ANNIVERSARY" | "X-ANNIVERSARY" | "X-ABDATE") && !p.value.is_empty()
    });
    let days = days.map(|p| Moment {
        role: MomentRole::Observed,
        instant: None,
        text: p.value.clone(),
        basis: if is_day(&p.value) { ZoneBasis::AccountLocal } else { ZoneBasis::Ambiguous },
        precision: day_precision(&p.value),
    });
    revised.into_iter().chain(days).collect()
}

/// Says whether a day can be read, with its year or without (`--0412`), or a part of one (`1980-04`).
fn is_day(value: &str) -> bool {
    stamp(value).is_some() || value.bytes().all(|b| b.is_ascii_digit() || b == b'-')
}

fn day_precision(value: &str) -> Precision {
    let digits = value.bytes().filter(u8::is_ascii_digit).count();
    match digits {
        4 if !value.starts_with('-') => Precision::Year,
        6 if !value.starts_with('-') => Precision::Month,
        2 if value.starts_with("--") && !value.starts_with("---") => Precision::Month,
        _ => Precision::Day,
    }
}

/// Joins the components of a name in the order they are spoken.
fn full_name(property: &Property) -> String {
    let parts = components(&property.value, ';');
    let part = |i: usize| parts.get(i).map(String::as_str).unwrap_or("");
    let spoken = [part(3), part(1), part(2), part(0), part(4)];
    spoken.into_iter().filter(|p| !p.is_empty()).collect::<Vec<_>>().join(" ")
}

fn identifier(property: &Property) -> Option<Identifier> {
    let text = property.text();
    let without = |scheme: &str| match text.get(..scheme.len()) {
        Some(start) if start.eq_ignore_ascii_case(scheme) => text[scheme.len()..].to_owned(),
        _ => text.clone(),
    };
    let (kind, value) = match property.name.as_str() {
        "EMAIL" => (IdentifierKind::Email, without("mailto:")),
        "TEL" => (IdentifierKind::Phone, without("tel:")),
        "URL" => (IdentifierKind::Url, text.clone()),
        "X-SOCIALPROFILE" if text.contains("://") => (IdentifierKind::Url, text.clone()),
        "IMPP" | "X-SOCIALPROFILE" | "X-AIM" | "X-ICQ" | "X-JABBER" | "X-MSN" | "X-YAHOO" | "X-SKYPE"
        | "X-SKYPE-USERNAME" | "X-GTALK" | "X-GOOGLE-TALK" | "X-SIP" => (IdentifierKind::Account, text.clone()),
        _ => return None,
    };
    let value = value.trim().to_owned();
    (!value.is_empty()).then_some(Identifier { kind, value })
}

/// Returns the first address and the first coordinates.
fn place_of(properties: &[Property]) -> Option<Place> {
    let address = properties.iter().filter(|p| p.name == "ADR").find_map(|p| {
        let parts: Vec<_> = components(&p.value, ';').into_iter().filter(|part| !part.is_empty()).collect();
        (!parts.is_empty()).then(|| parts.join(", "))
    });
    let position = properties.iter().find_map(|p| match p.name.as_str() {
        "GEO" => coordinates(&p.value),
        "ADR" => p.param("GEO").and_then(coordinates),
        _ => None,
    });
    let mut place = position.and_then(|(lat, lon)| Place::at(lat, lon));
    if address.is_some() {
        place.get_or_insert_with(Place::default).address = address;
    }
    place
}

/// Says whether a property names a picture or sound by its address.
fn is_media_link(property: &Property) -> bool {
    matches!(property.name.as_str(), "PHOTO" | "LOGO" | "SOUND") && property.value.contains("://")
}

fn attachment(property: &Property, at: glasshouse_model::Ref) -> Attachment {
    let stated = property.param("MEDIATYPE").or_else(|| property.param("TYPE")).map(str::to_ascii_lowercase);
    let mime = stated.map(|kind| match (property.name.as_str(), kind.contains('/')) {
        (_, true) => kind,
        ("SOUND", false) => format!("audio/{kind}"),
        ("KEY", false) => format!("application/{kind}"),
        _ => format!("image/{kind}"),
    });
    let Some(bytes) = &property.binary else {
        return Attachment { name: Some(property.value.clone()), mime, ..Attachment::default() };
    };
    Attachment {
        name: Some(property.name.to_lowercase()),
        mime,
        size: Some(bytes.len() as u64),
        sha256: ring::digest::digest(&ring::digest::SHA256, bytes).as_ref().try_into().ok(),
        at: Some(at),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_keep_what_they_say() {
        for (value, precision, basis) in [
            ("1980-04-12", Precision::Day, ZoneBasis::AccountLocal),
            ("--0412", Precision::Day, ZoneBasis::AccountLocal),
            ("--04", Precision::Month, ZoneBasis::AccountLocal),
            ("1980", Precision::Year, ZoneBasis::AccountLocal),
            ("1980-04", Precision::Month, ZoneBasis::AccountLocal),
            ("circa 1800", Precision::Year, ZoneBasis::Ambiguous),
        ] {
            let property = crate::formats::contentline::lines(format!("BDAY:{value}").as_bytes())
                .find_map(|line| Property::read(&line))
                .expect("a property");
            let found = moments(&[property]);
            assert_eq!((found[0].precision, &found[0].basis, found[0].instant), (precision, &basis, None), "{value}");
        }
    }
}
