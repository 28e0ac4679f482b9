//! `Hangouts.json`: conversations with all that happened in them, in the layout since 2016 and in that before it.

use super::element::{keep, not_an_object, text, unread_member};
use crate::formats::json::Object;
use crate::formats::sheet::linked;
use crate::formats::time;
use crate::{Frame, Opened, Sink, Survey};
use glasshouse_model::{
    Attachment, Family, Framing, Identifier, IdentifierKind, Locator, MomentRole, Party, PartyRole, Record,
};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::BTreeMap;

pub(super) const FORMAT: &str = "hangouts";
pub(super) const FRAMING: Framing =
    Framing::JsonPaths(&["/conversations/*/events/*", "/conversation_state/*/conversation_state/event/*"]);

/// Says whether first bytes are those of such a file: a conversation tells who takes part before anything else.
pub(super) fn is_ours(head: &[u8]) -> bool {
    let has = |needle: &[u8]| memchr::memmem::find(head, needle).is_some();
    (has(b"\"conversations\"") || has(b"\"conversation_state\"")) && has(b"\"conversation_id\"") && has(b"\"gaia_id\"")
}

/// People and conversations of a file; events name both by id alone.
#[derive(Default, Serialize, Deserialize)]
struct Known {
    /// Name and telephone number of people by their ids.
    people: BTreeMap<String, (Option<String>, Option<String>)>,
    /// Name of a conversation, and who took part, by its id.
    talks: BTreeMap<String, (Option<String>, Vec<String>)>,
}

/// More people, conversations and parties than anybody has: what a hostile file adds is not kept.
const MOST: usize = 100_000;
const MOST_PARTIES: usize = 200;

/// Returns a first look through a file, for whom its ids mean.
pub(super) fn survey() -> Box<dyn Survey> {
    Box::new(Known::default())
}

impl Survey for Known {
    fn frame(&mut self, frame: &Frame<'_>) {
        if frame.element || frame.name.rsplit('/').next() != Some("conversation") {
            return;
        }
        let text = String::from_utf8_lossy(frame.bytes);
        let Ok(outer) = Object::parse(&text) else { return };
        // The newer layout has the conversation within one of that name.
        let inner = outer.object("conversation");
        let talk = inner.as_ref().unwrap_or(&outer);
        let mut all = Vec::new();
        for person in talk.objects("participant_data").into_iter().take(MOST_PARTIES) {
            let Some(id) = person.object("id").and_then(|id| id_of(&id)) else { continue };
            let short = |text: Cow<'_, str>| text.chars().take(200).collect::<String>();
            let name = person.text("fallback_name").filter(|name| !name.is_empty()).map(short);
            let phone = person.object("phone_number").and_then(|number| number.text("e164").map(short));
            if self.people.len() < MOST && (name.is_some() || phone.is_some()) {
                self.people.entry(id.clone()).or_insert((name, phone));
            }
            all.push(id);
        }
        let id = ["id", "conversation_id"].iter().find_map(|key| talk.object(key)?.text("id").map(Cow::into_owned));
        let id = id.or_else(|| outer.object("conversation_id")?.text("id").map(Cow::into_owned));
        let name = talk.text("name").filter(|name| !name.is_empty()).map(|name| name.chars().take(500).collect());
        if let Some(id) = id.filter(|_| self.talks.len() < MOST) {
            self.talks.insert(id, (name, all));
        }
    }

    fn finish(self: Box<Self>) -> Vec<u8> {
        serde_json::to_vec(&*self).unwrap_or_default()
    }
}

/// Returns the id of a person; a person of another network has no Google id.
fn id_of(id: &Object<'_>) -> Option<String> {
    ["gaia_id", "chat_id"].iter().find_map(|key| id.text(key).filter(|id| !id.is_empty())).map(Cow::into_owned)
}

/// Reads events.
pub(super) fn parse(opened: &Opened<'_>, out: &mut Sink) {
    let known: Known = serde_json::from_slice(opened.survey).unwrap_or_default();
    for frame in opened.frames {
        if frame.element {
            event(opened, frame, &known, out);
        } else if frame.name.rsplit('/').next() == Some("conversation") {
            conversation(opened, frame, &known, out);
        } else if !is_about(frame.name) || !is_readable(frame) {
            unread_member(opened, frame, FORMAT, out);
        }
    }
}

/// Reads what is said of a conversation: who takes part in it, and how it is set up.
fn conversation(opened: &Opened<'_>, frame: &Frame<'_>, known: &Known, out: &mut Sink) {
    let at = opened.at(Locator::json(frame.name, frame.offset, frame.bytes.len() as u64));
    let raw = text(frame, &at, out);
    let Ok(outer) = Object::parse(&raw) else {
        return not_an_object(frame, at, out);
    };
    // The newer layout has the conversation within one of that name.
    let inner = outer.object("conversation");
    let talk = inner.as_ref().unwrap_or(&outer);
    let id = [talk, &outer].into_iter().find_map(|of| {
        ["id", "conversation_id"].iter().find_map(|key| of.object(key)?.text("id").map(Cow::into_owned))
    });
    let mut record = Record::new(Family::Activity, FORMAT);
    record.fields.text("kind", "conversation");
    let all = id.as_ref().and_then(|id| known.talks.get(id));
    record.title = all.and_then(|(name, _)| name.clone());
    let people = all.map(|(_, people)| people.as_slice()).unwrap_or_default();
    record.parties.extend(people.iter().map(|id| person(PartyRole::Participant, id, known)));
    record.conversation = id;
    for (key, raw) in outer.members() {
        keep(&mut record.fields, key, raw.get());
    }
    out.record(at, record);
}

/// Says whether a member that is known and not read is as it is known: an id, a time or what the server said.
fn is_readable(frame: &Frame<'_>) -> bool {
    let is_id = frame.name.ends_with("conversation_id");
    let object = Object::from_slice(frame.bytes).ok();
    if is_id { object.is_some_and(|id| id.text("id").is_some()) } else { true }
}

/// Says whether a member beside the events is one that is known: ids, and what the server said.
fn is_about(name: &str) -> bool {
    const ABOUT: &[&str] =
        &["conversation_id", "response_header", "continuation_end_timestamp", "event_continuation_token"];
    name.rsplit('/').next().is_some_and(|last| ABOUT.contains(&last))
}

fn event(opened: &Opened<'_>, frame: &Frame<'_>, known: &Known, out: &mut Sink) {
    let pointer = format!("{}/{}", frame.name, frame.index);
    let at = opened.at(Locator::json(pointer, frame.offset, frame.bytes.len() as u64));
    let raw = text(frame, &at, out);
    let Ok(object) = Object::parse(&raw) else {
        return not_an_object(frame, at, out);
    };
    let (message, call) = (object.object("chat_message"), object.object("hangout_event"));
    let family = match (&message, &call) {
        (Some(_), _) => Family::Message,
        (None, Some(_)) => Family::Call,
        (None, None) => Family::Activity,
    };
    let mut record = Record::new(family, FORMAT);
    let talk = object.object("conversation_id").and_then(|id| id.text("id").map(Cow::into_owned));
    let of = talk.as_ref().and_then(|id| known.talks.get(id));
    record.title = of.and_then(|(name, _)| name.clone());
    record.conversation = talk;
    let role = match call.as_ref().and_then(|call| call.text("event_type")).as_deref() {
        Some("START_HANGOUT") => MomentRole::Start,
        Some("END_HANGOUT") => MomentRole::End,
        _ if message.is_some() => MomentRole::Sent,
        _ => MomentRole::Observed,
    };
    if let Some(count) = object.text("timestamp").or_else(|| object.raw("timestamp").map(Cow::Borrowed)) {
        record.moments.push(time::epoch_micros(role, &count));
    }
    if record.moments.first().is_none_or(|moment| moment.instant.is_none()) {
        out.warn(at.clone(), "time.missing", "The event's time is missing or cannot be read.");
    }
    let sender = object.object("sender_id").and_then(|id| id_of(&id));
    let from = if message.is_some() { PartyRole::Sender } else { PartyRole::Author };
    record.parties.extend(sender.as_deref().map(|id| person(from, id, known)));
    let others = of.map(|(_, all)| all.as_slice()).unwrap_or_default();
    if message.is_some() {
        let to = others.iter().filter(|id| Some(id.as_str()) != sender.as_deref());
        record.parties.extend(to.map(|id| person(PartyRole::To, id, known)));
    }
    // Who was in a call, came or went.
    for list in [call.as_ref(), object.object("membership_change").as_ref()].into_iter().flatten() {
        let there = list.objects("participant_id");
        let ids = there.iter().take(MOST_PARTIES).filter_map(id_of);
        record.parties.extend(ids.map(|id| person(PartyRole::Participant, &id, known)));
    }
    if let Some(content) = message.as_ref().and_then(|message| message.object("message_content")) {
        record.text = Some(said(&content)).filter(|text| !text.is_empty());
        record.attachments =
            content.objects("attachment").iter().take(MOST_PARTIES).map(|a| photo(a, opened)).collect();
    }
    for (key, raw) in object.members() {
        if !KNOWN.contains(&key) {
            out.drift(FORMAT, key);
        }
        keep(&mut record.fields, key, raw.get());
    }
    out.record(at, record);
}

const KNOWN: &[&str] = &[
    "conversation_id",
    "sender_id",
    "timestamp",
    "self_event_state",
    "chat_message",
    "hangout_event",
    "membership_change",
    "conversation_rename",
    "hangout_otr_modification",
    "otr_modification",
    "group_link_sharing_modification",
    "event_id",
    "advances_sort_timestamp",
    "event_otr",
    "delivery_medium",
    "event_type",
    "event_version",
    "expiration_timestamp",
];

/// Returns what was written: its pieces are texts, links and line breaks.
fn said(content: &Object<'_>) -> String {
    let mut said = String::new();
    for piece in content.objects("segment") {
        match (piece.text("type").as_deref(), piece.text("text")) {
            (Some("LINE_BREAK"), _) => said.push('\n'),
            (_, Some(text)) => said.push_str(&text),
            _ => {}
        }
    }
    said
}

/// Returns a picture by its address, with its place where the export holds a file of the name that ends it.
fn photo(attachment: &Object<'_>, opened: &Opened<'_>) -> Attachment {
    let item = attachment.object("embed_item");
    let photo =
        item.as_ref().and_then(|item| item.object("plus_photo").or_else(|| item.object("embeds.PlusPhoto.plus_photo")));
    let Some(url) = photo.as_ref().and_then(|photo| photo.text("url")) else { return Attachment::default() };
    let path = url.split(['?', '#']).next().unwrap_or(&url);
    let file = path.rsplit('/').next().filter(|name| name.contains('.'));
    linked(opened, file.unwrap_or(&url))
}

fn person(role: PartyRole, id: &str, known: &Known) -> Party {
    let (name, phone) = known.people.get(id).cloned().unwrap_or_default();
    let mut party = Party::with(role, name, IdentifierKind::Account, id);
    party.identifiers.extend(phone.map(|value| Identifier { kind: IdentifierKind::Phone, value }));
    party
}
