//! Messages, service messages, calls and reactions of a chat.

use super::FORMAT;
use super::survey::{Chat, Owner};
use crate::formats::element::{inner_place, keep, not_an_object};
use crate::formats::json::{Object, as_text};
use crate::formats::json::{is_nested, is_text};
use crate::formats::time;
use crate::{Frame, Opened, Sink};
use glasshouse_model::{
    Attachment, Family, Fields, IdentifierKind, Links, Locator, Moment, MomentRole, Party, PartyRole, Place, Precision,
    Record, Ref, ZoneBasis,
};
use std::borrow::Cow;

/// Members that Telegram Desktop writes into a message; anything else is drift.
const KNOWN: &[&str] = &[
    "id",
    "type",
    "date",
    "date_unixtime",
    "edited",
    "edited_unixtime",
    "from",
    "from_id",
    "actor",
    "actor_id",
    "action",
    "text",
    "text_entities",
    "reply_to_message_id",
    "reply_to_peer_id",
    "forwarded_from",
    "forwarded_from_id",
    "forwarded_date",
    "forwarded_date_unixtime",
    "saved_from",
    "saved_from_id",
    "via_bot",
    "author",
    "photo",
    "photo_file_size",
    "file",
    "file_name",
    "file_size",
    "thumbnail",
    "thumbnail_file_size",
    "media_type",
    "media_spoiler",
    "mime_type",
    "sticker_emoji",
    "performer",
    "title",
    "duration_seconds",
    "duration",
    "width",
    "height",
    "self_destruct_period_seconds",
    "live_location_period_seconds",
    "location_information",
    "place_name",
    "address",
    "contact_information",
    "contact_vcard",
    "contact_vcard_file_size",
    "poll",
    "todo_list",
    "game_title",
    "game_description",
    "game_link",
    "game_message_id",
    "invoice_information",
    "invoice_message_id",
    "reactions",
    "members",
    "inviter",
    "message_id",
    "score",
    "amount",
    "currency",
    "recurring",
    "discard_reason",
    "information_text",
    "reason_domain",
    "reason_app_id",
    "reason_app_name",
    "values",
    "to",
    "to_id",
    "distance",
    "period",
    "schedule_date",
    "emoticon",
    "cost",
    "months",
    "days",
    "new_title",
    "new_icon_emoji_id",
    "button_id",
    "peer_id",
    "inline_bot_buttons",
    "giveaway_information",
    "giveaway_results",
    "boosts",
    "stars",
    "gift_id",
    "is_limited",
    "is_anonymous",
    "gift_text",
    "boost_peer_id",
    "gift_code",
    "unclaimed",
    "via_giveaway",
    "transaction_id",
    "winners",
    "paid_stars_amount",
    "quote",
    "topic_id",
    "story",
    "has_spoiler",
];

/// What is wrong with the files of a message, told once an export.
const FILES: [&str; 3] = ["photo", "file", "contact_vcard"];

/// Returns the paths of the files that belong to a message, with their keys.
pub(super) fn paths<'a>(object: &Object<'a>) -> Vec<(&'static str, Cow<'a, str>)> {
    FILES.iter().filter_map(|key| Some((*key, object.text(key)?))).filter(|(_, path)| !path.is_empty()).collect()
}

/// Reads one message.
pub(super) fn read(
    opened: &Opened<'_>,
    frame: &Frame<'_>,
    chat: &Chat,
    owner: Option<&Owner>,
    at: Ref,
    out: &mut Sink,
) {
    let raw = text_of(frame, &at, out);
    let Ok(object) = Object::parse(&raw) else {
        return not_an_object(frame, at, out);
    };
    let action = object.text("action");
    let call = matches!(action.as_deref(), Some("phone_call" | "group_call" | "conference_call"));
    let mut record = Record::new(if call { Family::Call } else { Family::Message }, FORMAT);
    record.account = owner.map(|o| o.id.clone());
    record.title = Some(chat.name.clone()).filter(|n| !n.is_empty());
    record.conversation = chat.conversation();
    let role = if call { MomentRole::Start } else { MomentRole::Sent };
    record.moments.extend(moment(&object, "date", role));
    record.moments.extend(moment(&object, "edited", MomentRole::Modified));
    // What the program could not export is a number alone.
    if record.moments.is_empty() && object.text("type").as_deref() != Some("unsupported") {
        out.warn(at.clone(), "time.missing", "The message has no time.");
    }
    parties(&object, chat, owner, &mut record);
    record.text = text(&object);
    record.attachments = attachments(&object, &opened.claim.links);
    record.place = place(&object);
    record.fields.text("chat_type", &chat.kind);
    if frame.name.starts_with("/left_chats/") {
        record.fields.bool("left", true);
    }
    for (key, value) in object.members() {
        if !KNOWN.contains(&key) {
            out.drift(FORMAT, key);
        }
        match value.get() {
            raw if said_elsewhere(key, raw, &object) => {}
            // A text of one piece is written as a list of pieces or as the piece itself.
            raw if key == "text" && raw.starts_with('{') => keep(&mut record.fields, key, &format!("[{raw}]")),
            raw => keep(&mut record.fields, key, raw),
        }
    }
    reactions(opened, frame, &raw, &object, &record, out);
    out.record(at, record);
}

/// Returns the text of a frame; control characters, which the export escapes in a way that JSON does not know
/// (`\x1F`), are written as JSON does.
fn text_of<'a>(frame: &Frame<'a>, at: &Ref, out: &mut Sink) -> Cow<'a, str> {
    let text = crate::formats::element::text(frame, at, out);
    if memchr::memmem::find(text.as_bytes(), b"\\x").is_none() {
        return text;
    }
    let mut repaired = String::with_capacity(text.len() + 16);
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        repaired.push(c);
        if c == '\\' {
            match chars.next() {
                Some('x') => repaired.push_str("u00"),
                Some(other) => repaired.push(other),
                None => {}
            }
        }
    }
    Cow::Owned(repaired)
}

/// Returns a time: the count of seconds if there is one, else the wall clock of the exporting computer.
pub(super) fn moment(object: &Object<'_>, key: &str, role: MomentRole) -> Option<Moment> {
    let counted = format!("{key}_unixtime");
    let counted = object.text(&counted).or_else(|| Some(object.int(&counted)?.to_string().into()));
    if let Some(counted) = counted.filter(|c| c.as_ref() != "0") {
        return Some(time::epoch_seconds(role, &counted));
    }
    let text = object.text(key)?;
    // Versions of before 2021 wrote 1970 where there is no time.
    if text.starts_with("1970-01-01T") && key != "date" {
        return None;
    }
    let precision = Precision::Second;
    Some(Moment { role, instant: None, text: text.into_owned(), basis: ZoneBasis::DeviceLocal, precision })
}

fn parties(object: &Object<'_>, chat: &Chat, owner: Option<&Owner>, record: &mut Record) {
    let actor = object.raw("actor").is_some() || object.raw("actor_id").is_some();
    let (name, id) = if actor { ("actor", "actor_id") } else { ("from", "from_id") };
    let sender_id = id_of(object, id);
    let sender_name = object.text(name).map(Cow::into_owned);
    if sender_name.is_some() || sender_id.is_some() {
        record.parties.push(party(PartyRole::Sender, sender_name, sender_id.clone()));
    }
    // Of a conversation of two the other one is known too.
    if !matches!(chat.kind.as_str(), "personal_chat" | "bot_chat") {
        return;
    }
    let Some(peer) = chat.conversation() else { return };
    match (sender_id, owner) {
        (Some(sender), Some(owner)) if sender == peer && owner.id != peer => {
            let name = Some(owner.name.clone()).filter(|n| !n.is_empty());
            record.parties.push(party(PartyRole::To, name, Some(owner.id.clone())));
        }
        (Some(sender), _) if sender != peer => {
            let name = Some(chat.name.clone()).filter(|n| !n.is_empty());
            record.parties.push(party(PartyRole::To, name, Some(peer)));
        }
        _ => {}
    }
}

/// Returns an id as `user123`; versions of before 2021 wrote the number alone.
fn id_of(object: &Object<'_>, key: &str) -> Option<String> {
    match object.text(key) {
        Some(text) => Some(text.into_owned()),
        None => object.int(key).map(|id| format!("user{id}")),
    }
}

pub(super) fn party(role: PartyRole, name: Option<String>, id: Option<String>) -> Party {
    match id {
        Some(id) => Party::with(role, name, IdentifierKind::Account, id),
        None => Party { role, name, identifiers: Vec::new() },
    }
}

/// Returns the text without its markup: a string, or strings and objects in turn.
fn text(object: &Object<'_>) -> Option<String> {
    let flat = match object.array("text") {
        None => match object.object("text") {
            Some(part) => part.text("text").map(Cow::into_owned).unwrap_or_default(),
            None => object.text("text").map(Cow::into_owned).unwrap_or_default(),
        },
        Some(parts) => parts
            .into_iter()
            .map(|part| match as_text(part) {
                Some(text) => text.into_owned(),
                None => Object::parse(part).ok().and_then(|o| Some(o.text("text")?.into_owned())).unwrap_or_default(),
            })
            .collect(),
    };
    if !flat.is_empty() {
        return Some(flat);
    }
    let question = object.object("poll").and_then(|poll| poll.text("question").map(Cow::into_owned));
    question.or_else(|| object.text("information_text").map(Cow::into_owned))
}

fn attachments(object: &Object<'_>, links: &Links) -> Vec<Attachment> {
    paths(object)
        .into_iter()
        .map(|(key, path)| {
            let link = links.get(&path);
            let named = if key == "file" { object.text("file_name") } else { None };
            let written = path.rsplit('/').next().filter(|_| link.is_some() || !path.ends_with(')'));
            let mime = if key == "file" { object.text("mime_type") } else { None };
            let stated = object.int(if key == "file" { "file_size" } else { "photo_file_size" });
            let stated = if key == "contact_vcard" { None } else { stated };
            Attachment {
                name: named.map(Cow::into_owned).or_else(|| written.map(str::to_owned)),
                mime: mime.map(Cow::into_owned),
                size: link.map(|l| l.size).or_else(|| stated.and_then(|s| u64::try_from(s).ok())),
                sha256: None,
                at: link.map(|l| l.whole()),
            }
        })
        .collect()
}

fn place(object: &Object<'_>) -> Option<Place> {
    let at = object.object("location_information");
    let at = at.and_then(|at| Place::at(at.float("latitude")?, at.float("longitude")?));
    let words = [object.text("place_name"), object.text("address")];
    let address = words.iter().flatten().filter(|w| !w.is_empty()).map(|w| w.as_ref()).collect::<Vec<_>>().join(", ");
    match (at, address.is_empty()) {
        (Some(at), _) => Some(Place { address: Some(address).filter(|a| !a.is_empty()), ..at }),
        (None, false) if object.raw("place_name").is_some() => {
            Some(Place { address: Some(address), ..Place::default() })
        }
        _ => None,
    }
}

/// Returns what the pieces of a text say, each a text or an object with one; none for what is another list.
fn pieces(raw: &str) -> Option<String> {
    if let Some(text) = as_text(raw) {
        return Some(text.into_owned());
    }
    if let Ok(object) = Object::parse(raw) {
        object.text("type")?;
        return object.text("text").map(Cow::into_owned);
    }
    let items: Vec<&serde_json::value::RawValue> = serde_json::from_str(raw).ok()?;
    let mut said = String::new();
    for item in items {
        match as_text(item.get()) {
            Some(text) => said.push_str(&text),
            None => {
                let object = Object::parse(item.get()).ok()?;
                object.text("type")?;
                said.push_str(&object.text("text")?);
            }
        }
    }
    Some(said)
}

fn entities(object: &Object<'_>) -> Option<String> {
    pieces(object.raw("text_entities")?).filter(|_| object.array("text_entities").is_some())
}

/// Says whether the record holds a member in full outside its fields.
fn said_elsewhere(key: &str, raw: &str, object: &Object<'_>) -> bool {
    match key {
        "from" | "actor" => is_text(raw),
        "from_id" | "actor_id" | "date_unixtime" | "edited_unixtime" => !is_nested(raw),
        "date" => is_text(raw) && object.raw("date_unixtime").is_none(),
        "edited" => is_text(raw) && object.raw("edited_unixtime").is_none(),
        // The list of parts holds no more than `text_entities`, where there are any.
        "text" => is_text(raw) || pieces(raw).is_some_and(|said| entities(object).is_some_and(|all| all == said)),
        "text_entities" => {
            let parts = object.objects(key);
            if raw == "[]" {
                return true;
            }
            let plain = parts.iter().all(|e| e.text("type").as_deref() == Some("plain"));
            plain && entities(object).is_some_and(|said| object.raw("text").and_then(pieces).is_some_and(|t| t == said))
        }
        _ => false,
    }
}

/// Makes a record of each reaction that names who reacted; the others are numbers in the message's fields.
fn reactions(opened: &Opened<'_>, frame: &Frame<'_>, raw: &str, object: &Object<'_>, message: &Record, out: &mut Sink) {
    for (i, reaction) in object.array("reactions").unwrap_or_default().into_iter().enumerate() {
        let Ok(reaction) = Object::parse(reaction) else { continue };
        for (j, one) in reaction.array("recent").unwrap_or_default().into_iter().enumerate() {
            let Ok(who) = Object::parse(one) else { continue };
            let mut record = Record::new(Family::Reaction, FORMAT);
            record.account = message.account.clone();
            record.title = message.title.clone();
            record.conversation = message.conversation.clone();
            record.moments.extend(moment(&who, "date", MomentRole::Created));
            let name = who.text("from").map(Cow::into_owned);
            record.parties.push(party(PartyRole::Author, name, id_of(&who, "from_id")));
            record.text = reaction.text("emoji").map(Cow::into_owned);
            for (key, value) in [("id", object.raw("id")), ("type", reaction.raw("type"))] {
                if let Some(value) = value {
                    keep(&mut record.fields, key, value);
                }
            }
            for (key, value) in who.members().filter(|(key, _)| !matches!(*key, "from" | "from_id" | "date")) {
                keep(&mut record.fields, key, value.get());
            }
            for key in ["document_id", "path"] {
                if let Some(value) = reaction.raw(key) {
                    keep(&mut record.fields, key, value);
                }
            }
            let pointer = format!("/{}/reactions/{i}/recent/{j}", frame.index);
            let inner = inner_place(opened, frame, raw, one, "");
            let locator = Locator::json(format!("{}{pointer}", frame.name), inner.locator.start, inner.locator.length);
            out.record(opened.at(locator), record);
        }
    }
}

/// Adds every member of an object to the fields, but those that the record holds elsewhere.
pub(super) fn keep_all(fields: &mut Fields, object: &Object<'_>, elsewhere: &[&str]) {
    for (key, value) in object.members().filter(|(key, raw)| !elsewhere.contains(key) || is_nested(raw.get())) {
        keep(fields, key, value.get());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_all_shapes() {
        for (raw, found) in [
            (r#"{"text":"a"}"#, Some("a")),
            (r#"{"text":["a ",{"type":"bold","text":"b"}," c"]}"#, Some("a b c")),
            (r#"{"text":"","poll":{"question":"q?"}}"#, Some("q?")),
            (r#"{"text":""}"#, None),
            (r#"{"text":{"type":"plain","text":"c"}}"#, Some("c")),
            (r#"{"text":[1,null]}"#, None),
        ] {
            assert_eq!(text(&Object::parse(raw).expect("an object")).as_deref(), found, "{raw}");
        }
    }

    #[test]
    fn times_and_ids_of_all_versions() {
        let object = Object::parse(
            r#"{"date":"2020-01-01T10:00:00","edited":"1970-01-01T01:00:00","from_id":42,"actor_id":"user7"}"#,
        );
        let object = object.expect("an object");
        let sent = moment(&object, "date", MomentRole::Sent).expect("a time");
        assert_eq!((sent.instant, sent.basis), (None, ZoneBasis::DeviceLocal));
        assert!(moment(&object, "edited", MomentRole::Modified).is_none());
        assert_eq!(id_of(&object, "from_id").as_deref(), Some("user42"));
        assert_eq!(id_of(&object, "actor_id").as_deref(), Some("user7"));
    }
}
