//! One item of a list, as a record: its times, people, text, place and files, under whichever of the known shapes.

use super::kinds::Kind;
use super::labels;
use super::messages::{attachment, keep_meant, meant, named};
use crate::formats::json::{Object, as_text};
use crate::formats::{meta_text, time};
use crate::{Opened, Sink};
use glasshouse_model::{Family, Identifier, IdentifierKind, Moment, MomentRole, Party, PartyRole, Place, Record, Ref};

/// How an item is read.
pub(super) struct Item<'i, 'o> {
    pub opened: &'i Opened<'o>,
    pub kind: Kind,
    /// The key of the list that it is of, `""` where the file is the list.
    pub key: &'i str,
    /// Members that are items of their own.
    pub without: &'i [&'i str],
}

/// Says whether an object has what items have.
pub(super) fn is_item(object: &Object<'_>) -> bool {
    object.members().any(|(key, _)| {
        role(key).is_some() || matches!(key, "label_values" | "string_map_data" | "string_list_data" | "uri" | "events")
    })
}

/// Returns what a member's time says, and whether it counts milliseconds.
fn role(key: &str) -> Option<(MomentRole, bool)> {
    let role = match key {
        "timestamp"
        | "timestamp_ms"
        | "registration_timestamp"
        | "creation_timestamp"
        | "created_timestamp"
        | "create_timestamp"
        | "added_timestamp"
        | "time_added"
        | "creation_timestamp_ms" => MomentRole::Created,
        "updated_timestamp"
        | "update_timestamp"
        | "last_modified_timestamp"
        | "last_updated_timestamp"
        | "removed_timestamp"
        | "expiration_timestamp" => MomentRole::Modified,
        "start_timestamp" | "start_time" => MomentRole::Start,
        "end_timestamp" | "end_time" => MomentRole::End,
        "taken_timestamp" => MomentRole::Taken,
        "view_timestamp"
        | "visit_timestamp"
        | "last_active_timestamp"
        | "last_seen_timestamp"
        | "last_login_timestamp" => MomentRole::Observed,
        _ => return None,
    };
    Some((role, key.ends_with("_ms")))
}

/// Returns the moment of a count; nought is how exports say that there is none.
pub(super) fn moment(role: MomentRole, raw: &str, millis: bool) -> Option<Moment> {
    let count = raw.trim_matches('"');
    if count == "0" || count.is_empty() || !count.bytes().all(|b| b.is_ascii_digit() || b == b'-') {
        return None;
    }
    Some(if millis { time::epoch_millis(role, count) } else { time::epoch_seconds(role, count) })
}

/// Members that are known; what they hold is read below or kept under their names.
#[rustfmt::skip]
const KNOWN: &[&str] = &[
    "title", "name", "text", "description", "data", "attachments", "tags", "media", "label_values", "string_map_data", "string_list_data",
    "media_map_data", "media_list_data", "fbid", "uri", "action", "ip_address", "user_agent", "datr_cookie", "city", "region", "country",
    "site", "site_name", "device", "app", "session_type", "session", "cookie_name", "location", "coordinate", "place", "type", "id", "value", "href", "email",
    "phone_number", "contact_info", "details", "address", "status", "amount", "currency", "sender", "receiver", "payment_method", "marketplace",
    "category", "user_app_scoped_id", "external_urls", "url", "host", "participants", "entries", "events", "photos", "cover_photo", "comments",
    "media_metadata", "unread", "rank", "advertiser_name", "latitude", "longitude", "author", "comment", "group", "reaction", "actor",
    "cross_post_source", "backup_uri", "ip", "os", "family_device_id", "device_locale", "redact_tokens", "dubbing_info", "media_variants",
];

impl Item<'_, '_> {
    /// Reads an object.
    pub(super) fn read(&self, at: Ref, object: &Object<'_>, out: &mut Sink) {
        self.read_named(at, object, None, out);
    }

    /// Reads an object that is a part of something with a name.
    pub(super) fn read_named(&self, at: Ref, object: &Object<'_>, name: Option<&str>, out: &mut Sink) {
        let mut record = Record::new(self.kind.family, self.kind.format);
        record.title = name.map(Into::into);
        if !self.key.is_empty() {
            record.fields.text("list", self.key);
        }
        // What somebody wrote comes before the captions of what they attached.
        let said = object.objects("data");
        said.iter().for_each(|part| words(part, &mut record));
        let mut known = false;
        for (key, raw) in object.members().filter(|(key, _)| !self.without.contains(key)) {
            let (key, raw) = (meant(key), raw.get());
            if let Some((role, millis)) = role(&key) {
                match moment(role, raw, millis) {
                    Some(moment) => record.moments.push(moment),
                    None => keep_meant(&mut record.fields, &key, raw),
                }
                continue;
            }
            known |= KNOWN.contains(&key.as_ref());
            if !KNOWN.contains(&key.as_ref()) && !self.kind.open {
                out.drift(self.kind.format, &key);
            }
            if self.plain(&key, raw, &mut record) {
                continue;
            }
            self.nested(&key, raw, object, &mut record);
            if self.kind.whole {
                continue;
            }
            keep_meant(&mut record.fields, &key, raw);
        }
        if self.kind.whole {
            self.keep_whole(object, &mut record);
        }
        if record.place.is_none() {
            record.place = place(object);
        }
        said.iter().for_each(|part| times(part, &mut record));
        // Where files stand beside it, and not below attachments, a title is the caption.
        let beside = object.raw("uri").is_some() || object.raw("media").is_some_and(|raw| raw.starts_with('['));
        if beside && record.family == Family::Post && record.text.is_none() && object.raw("label_values").is_none() {
            record.text = record.title.take();
        }
        self.people(&mut record);
        if record.family == Family::Account {
            owner(object, &mut record);
        }
        let timed = record.moments.iter().any(|m| m.instant.is_some());
        if !timed
            && matches!(self.kind.family, Family::Post | Family::Reaction | Family::Login)
            && known
            && object.raw("label_values").is_none()
        {
            out.warn(at.clone(), "time.missing", "The item's time is missing or no instant follows from it.");
        }
        out.record(at, record);
    }

    /// Reads what is no object: a name in a list of names.
    pub(super) fn scalar(&self, at: Ref, raw: &str, out: &mut Sink) {
        let mut record = Record::new(self.kind.family, self.kind.format);
        if !self.key.is_empty() {
            record.fields.text("list", self.key);
        }
        match meta_text::text(raw) {
            Some(text) => record.title = Some(text.into_owned()),
            None => {
                record.fields.text("content", &meta_text::json(raw));
            }
        }
        self.people(&mut record);
        out.record(at, record);
    }

    /// Takes what a record has a member of its own for; returns whether nothing of it needs to be kept.
    fn plain(&self, key: &str, raw: &str, record: &mut Record) -> bool {
        let Some(text) = meta_text::text(raw).filter(|text| !text.is_empty()) else { return false };
        let slot = match key {
            "title" => &mut record.title,
            "name" if self.kind.family != Family::Account => &mut record.title,
            "text" | "description" | "comment" => &mut record.text,
            _ => return false,
        };
        if slot.is_some() {
            return false;
        }
        *slot = Some(text.into_owned());
        true
    }

    /// Reads what lies deeper.
    fn nested(&self, key: &str, raw: &str, object: &Object<'_>, record: &mut Record) {
        let links = &self.opened.claim.links;
        match key {
            "label_values" => labels::values(raw, record, links),
            "string_map_data" => labels::map(raw, record),
            "string_list_data" => labels::list(raw, record),
            "media_map_data" => {
                for (_, raw) in object.object(key).iter().flat_map(|map| map.members()) {
                    if let Ok(file) = Object::parse(raw.get()) {
                        media(&file, record, self.opened);
                    }
                }
            }
            "media" | "media_list_data" | "photos" if raw.starts_with('[') => {
                for file in object.objects(key) {
                    media(&file, record, self.opened);
                }
            }
            "media" | "cover_photo" => {
                if let Some(file) = object.object(key) {
                    media(&file, record, self.opened);
                }
            }
            "uri" => {
                if let Some(uri) = meta_text::text(raw).filter(|uri| !uri.is_empty()) {
                    record.attachments.push(named(&uri, links));
                }
            }
            "attachments" => {
                for group in object.objects(key) {
                    for part in group.objects("data") {
                        self.attached(&part, record);
                    }
                }
            }
            "tags" => {
                for raw in object.array(key).unwrap_or_default().into_iter().take(50) {
                    let name = meta_text::text(raw).map(Into::into).or_else(|| {
                        let tag = Object::parse(raw).ok()?;
                        Some(meta_text::meant(tag.text("name")?).into_owned())
                    });
                    record.parties.extend(name.map(|name: String| Party::named(PartyRole::Tagged, name)));
                }
            }
            "place" => record.place = object.object(key).as_ref().and_then(place),
            "media_metadata" => exif(object, record),
            "sender" | "receiver" | "author" | "actor" => {
                let role = match key {
                    "sender" => PartyRole::Sender,
                    "receiver" => PartyRole::To,
                    _ => PartyRole::Author,
                };
                let name = meta_text::text(raw).filter(|name| !name.is_empty());
                record.parties.extend(name.map(|name| Party::named(role, name)));
            }
            _ => {}
        }
    }

    /// Reads one thing that is attached to a post.
    fn attached(&self, part: &Object<'_>, record: &mut Record) {
        if let Some(file) = part.object("media") {
            media(&file, record, self.opened);
        }
        if let Some(found) = part.object("place").as_ref().and_then(place) {
            record.place = Some(found);
        }
    }

    /// Names whom an item is about, where its list is one of people.
    fn people(&self, record: &mut Record) {
        if self.kind.family != Family::Contact || record.parties.iter().any(|p| p.role == PartyRole::Subject) {
            return;
        }
        if let Some(name) = record.title.clone().filter(|title| !title.is_empty()) {
            record.parties.push(Party::named(PartyRole::Subject, name));
        }
    }

    /// Keeps all members together: their names mean different things from file to file.
    fn keep_whole(&self, object: &Object<'_>, record: &mut Record) {
        let mut members = glasshouse_model::Fields::new();
        for (key, raw) in object.members().filter(|(key, _)| !self.without.contains(key)) {
            keep_meant(&mut members, &meant(key), raw.get());
        }
        keep_meant(&mut record.fields, "element", &members.to_json());
    }
}

/// Reads what somebody wrote: `post`, or a comment or reaction with its author.
fn words(part: &Object<'_>, record: &mut Record) {
    let mut say = |said: Option<String>| {
        if let Some(said) = said {
            match &mut record.text {
                Some(text) if *text == said => {}
                Some(text) => {
                    text.push('\n');
                    text.push_str(&said);
                }
                none => *none = Some(said),
            }
        }
    };
    say(filled(part, "post"));
    say(filled(part, "text"));
    for (key, what, who) in WRITTEN {
        let Some(inner) = part.object(key) else { continue };
        say(filled(&inner, what));
        record.parties.extend(filled(&inner, who).map(|name| Party::named(PartyRole::Author, name)));
    }
}

/// Names the owner of a profile.
fn owner(object: &Object<'_>, record: &mut Record) {
    let name = object.object("name").and_then(|name| filled(&name, "full_name"));
    let emails = object.object("emails").map(|emails| emails.texts("emails")).unwrap_or_default();
    let identifiers: Vec<_> =
        emails.into_iter().map(|value| Identifier { kind: IdentifierKind::Email, value }).collect();
    if name.is_some() || !identifiers.is_empty() {
        record.title = name.clone().or(record.title.take());
        record.parties.push(Party { role: PartyRole::Owner, name, identifiers });
    }
}

/// Members that hold what somebody wrote, the words in them, and who wrote them.
const WRITTEN: [(&str, &str, &str); 2] = [("comment", "comment", "author"), ("reaction", "reaction", "actor")];

/// Reads when somebody wrote it, where the item itself does not say.
fn times(part: &Object<'_>, record: &mut Record) {
    for inner in WRITTEN.iter().filter_map(|(key, ..)| part.object(key)) {
        if record.moments.is_empty() {
            record.moments.extend(inner.raw("timestamp").and_then(|raw| moment(MomentRole::Created, raw, false)));
        }
    }
    if let Some(raw) = part.raw("update_timestamp") {
        record.moments.extend(moment(MomentRole::Modified, raw, false));
    }
}

/// Adds a file, its caption and what it says about where it was taken.
pub(super) fn media(file: &Object<'_>, record: &mut Record, opened: &Opened<'_>) {
    const MOST: usize = 1000;
    if record.attachments.len() < MOST {
        record.attachments.extend(attachment(file, &opened.claim.links));
    }
    if record.moments.is_empty() && matches!(record.family, Family::Post | Family::Media) {
        record.moments.extend(file.raw("creation_timestamp").and_then(|raw| moment(MomentRole::Created, raw, false)));
    }
    for key in ["title", "description"] {
        // Of one picture alone the caption is the post's.
        let caption = file.text(key).map(|text| meta_text::meant(text).into_owned()).filter(|text| !text.is_empty());
        if record.text.is_none() && record.family == Family::Post {
            record.text = caption;
        }
    }
    exif(file, record);
}

/// Reads where a picture was taken, from what its description repeats of its EXIF.
fn exif(file: &Object<'_>, record: &mut Record) {
    let Some(metadata) = file.object("media_metadata") else { return };
    let lists = ["photo_metadata", "video_metadata"].iter().filter_map(|key| metadata.object(key));
    for data in lists.flat_map(|data| data.objects("exif_data")) {
        if record.place.is_none() {
            record.place = place(&data);
        }
        let taken = data.raw("taken_timestamp").and_then(|raw| moment(MomentRole::Taken, raw, false));
        if !record.moments.iter().any(|m| m.role == MomentRole::Taken) {
            record.moments.extend(taken);
        }
    }
}

/// Reads coordinates, bare or below `coordinate`, with name and address.
fn place(object: &Object<'_>) -> Option<Place> {
    let inner = object.object("coordinate").or_else(|| object.object("location"));
    let from = inner.as_ref().unwrap_or(object);
    // Both nought is how exports say that there are none.
    let (lat, lon) = (from.float("latitude")?, from.float("longitude")?);
    let mut place = Place::at(lat, lon).filter(|_| lat != 0.0 || lon != 0.0)?;
    let text = |key: &str| object.text(key).map(|text| meta_text::meant(text).into_owned()).filter(|t| !t.is_empty());
    let lines: Vec<String> = ["name", "address"].iter().filter_map(|key| text(key)).collect();
    place.address = (!lines.is_empty()).then(|| lines.join(", "));
    Some(place)
}

/// Returns a party that is known by a link or a name.
pub(super) fn linked(role: PartyRole, name: Option<String>, href: Option<String>) -> Option<Party> {
    match (name, href) {
        (name, Some(href)) => Some(Party::with(role, name, IdentifierKind::Url, href)),
        (Some(name), None) => Some(Party::named(role, name)),
        (None, None) => None,
    }
}

/// Returns a JSON string's text, if there is any.
pub(super) fn filled(object: &Object<'_>, key: &str) -> Option<String> {
    let text = as_text(object.raw(key)?)?;
    Some(meta_text::meant(text).into_owned()).filter(|text| !text.is_empty())
}
