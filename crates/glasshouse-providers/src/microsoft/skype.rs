//! Skype and Teams (free): `messages.json` of the export, and the devices in `endpoints.json`.

use crate::formats::element::{keep, keep_found, place, text};
use crate::formats::json::is_text;
use crate::formats::json::{Object, as_text};
use crate::formats::mail::html_to_text;
use crate::formats::time;
use crate::framing::{Span, frame_all};
use crate::{Frame, Opened, Sink, Tree, TreeEntry};
use glasshouse_model::{
    Attachment, Claim, Family, Framing, IdentifierKind, Link, Locator, MomentRole, Party, PartyRole, Place, Record, Ref,
};
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use std::borrow::Cow;
use std::sync::Arc;

pub(super) const FORMAT: &str = "skype";
pub(super) const ENDPOINTS: &str = "skype-endpoints";

const CONVERSATIONS: Framing = Framing::JsonArrays(&["conversations"]);
const MESSAGES: Framing = Framing::JsonArrays(&["MessageList"]);

/// Says whether first bytes are those of an export's messages.
pub(super) fn is_messages(head: &[u8]) -> bool {
    let has = |needle: &[u8]| memchr::memmem::find(head, needle).is_some();
    has(b"\"conversations\"") && (has(b"\"exportDate\"") || has(b"\"MessageList\""))
}

/// Says whether first bytes are those of the devices.
pub(super) fn is_endpoints(head: &[u8]) -> bool {
    memchr::memmem::find(head, b"\"endpoint").is_some()
}

/// Claims messages with the media beside them: messages name a file by its id, the first part of its name.
pub(super) fn claim(tree: &Tree<'_>, entry: &TreeEntry) -> Claim {
    let mut claim = Claim::of(FORMAT, entry.id, CONVERSATIONS);
    let beside = tree.below(entry.dir()).iter().filter(|e| e.id != entry.id && e.size > 0 && e.extension() != "json");
    let links = beside.map(|e| Link { name: id_of(e.name()).to_owned(), entry: e.id, size: e.size });
    claim.links = Arc::new(links.collect());
    claim
}

pub(super) fn endpoints_claim(entry: &TreeEntry) -> Claim {
    Claim::of(ENDPOINTS, entry.id, Framing::JsonArrays(&["", "endpoints"]))
}

fn id_of(name: &str) -> &str {
    name.split('.').next().unwrap_or(name)
}

/// Reads conversations, and who exported them.
pub(super) fn parse(opened: &Opened<'_>, out: &mut Sink) {
    let owner = owner(opened.head);
    for frame in opened.frames {
        let at = place(opened, frame);
        match (frame.element, frame.name) {
            (true, _) => conversation(opened, frame, owner.as_deref(), out),
            (false, "userId") => {
                let mut record = Record::new(Family::Account, FORMAT);
                record.account = owner.clone();
                let id = owner.clone().unwrap_or_default();
                record.parties.push(Party::with(PartyRole::Owner, None, IdentifierKind::Account, id));
                keep_found(&mut record.fields, "userId", frame.bytes);
                out.record(at, record);
            }
            (false, "exportDate") if frame.bytes.starts_with(b"\"") => {}
            (false, name) => {
                out.drift(FORMAT, name);
                out.warn(at, "json.member", "A member of the document that is not known; it was not read.");
            }
        }
    }
}

/// Returns whose export it is: it says so before the conversations.
fn owner(head: &[u8]) -> Option<String> {
    let (spans, _) = frame_all(CONVERSATIONS, head);
    let span = spans.iter().find(|s| !s.element && s.name == "userId" && !s.truncated)?;
    let raw = std::str::from_utf8(head.get(span.start as usize..span.end as usize)?).ok()?;
    as_text(raw).map(Cow::into_owned).filter(|id| !id.is_empty())
}

fn conversation(opened: &Opened<'_>, frame: &Frame<'_>, owner: Option<&str>, out: &mut Sink) {
    let at = place(opened, frame);
    if !frame.bytes.starts_with(b"{") {
        return crate::formats::element::not_an_object(frame, at, out);
    }
    if frame.truncated {
        out.warn(at.clone(), "json.truncated", "The conversation is cut off or too long; its beginning was read.");
    }
    // The messages are framed again, so that a conversation that is cut off loses its last message only.
    let (spans, troubles) = frame_all(MESSAGES, frame.bytes);
    if !troubles.is_empty() && !frame.truncated {
        out.warn(at.clone(), "json.syntax", "The conversation is not valid JSON; what could be found in it was read.");
    }
    let bytes = |span: &Span| frame.bytes.get(span.start as usize..span.end as usize).unwrap_or_default();
    let member = |name: &str| {
        let span = spans.iter().find(|s| !s.element && s.name == name)?;
        as_text(std::str::from_utf8(bytes(span)).ok()?).map(Cow::into_owned)
    };
    let (id, name) = (member("id"), member("displayName"));
    let mut about = Record::new(Family::Activity, FORMAT);
    about.account = owner.map(Into::into);
    about.conversation = id.clone();
    about.title = name.clone();
    about.fields.text("kind", "conversation");
    // The list of messages is none of these, unless it is no list.
    for span in spans.iter().filter(|s| !s.element && (s.name != "MessageList" || !is_list(bytes(s)))) {
        if !["id", "displayName", "version", "properties", "threadProperties"].contains(&span.name.as_str()) {
            out.drift(FORMAT, &span.name);
        }
        keep_found(&mut about.fields, &format!("conversation.{}", span.name), bytes(span));
    }
    let group = Conversation { id: id.as_deref(), name: name.as_deref(), owner };
    out.record(at.clone(), about);
    for span in spans.iter().filter(|s| s.element) {
        let pointer = format!("{}/MessageList/{}", at.locator.detail, span.index);
        let place = Locator::json(pointer, frame.offset + span.start, span.end - span.start);
        let inner = Frame {
            name: "MessageList",
            element: true,
            index: span.index,
            offset: frame.offset + span.start,
            bytes: bytes(span),
            truncated: span.truncated,
        };
        message(opened, &inner, opened.at(place), &group, out);
    }
}

fn is_list(bytes: &[u8]) -> bool {
    matches!(bytes.first(), Some(b'[')) || bytes == b"null"
}

struct Conversation<'a> {
    id: Option<&'a str>,
    name: Option<&'a str>,
    owner: Option<&'a str>,
}

fn message(opened: &Opened<'_>, frame: &Frame<'_>, at: Ref, group: &Conversation<'_>, out: &mut Sink) {
    let raw = text(frame, &at, out);
    let Ok(object) = Object::parse(&raw) else {
        return crate::formats::element::not_an_object(frame, at, out);
    };
    let kind = object.text("messagetype").unwrap_or_default();
    let family = match kind.as_ref() {
        "Event/Call" => Family::Call,
        kind if kind.starts_with("ThreadActivity/") => Family::Activity,
        _ => Family::Message,
    };
    let mut record = Record::new(family, FORMAT);
    record.account = group.owner.map(Into::into);
    record.conversation = object.text("conversationid").map(Cow::into_owned).or_else(|| group.id.map(Into::into));
    match object.text("originalarrivaltime") {
        Some(time) => {
            let moment = time::iso(MomentRole::Sent, &time);
            if moment.instant.is_none() {
                out.warn(at.clone(), "time.syntax", "The message's time cannot be read or says no zone.");
            }
            record.moments.push(moment);
        }
        None => out.warn(at.clone(), "time.missing", "The message's time is missing."),
    }
    let from = object.text("from").map(Cow::into_owned).filter(|from| !from.is_empty());
    if let Some(from) = &from {
        let name = object.text("displayName").map(Cow::into_owned).filter(|name| !name.is_empty());
        record.parties.push(Party::with(PartyRole::Sender, name, IdentifierKind::Account, from.clone()));
        // In a conversation of two its id is the other's; groups begin with 19:.
        let to = match (group.id, group.owner) {
            (Some(id), Some(owner)) if id.starts_with("8:") => Some(if from == owner { id } else { owner }),
            _ => None,
        };
        record.parties.extend(to.map(|to| Party::with(PartyRole::To, None, IdentifierKind::Account, to)));
    }
    if let Some(content) = object.text("content").filter(|content| !content.is_empty()) {
        // What a call or a change of a group holds are names and numbers without anything between them.
        if family == Family::Message {
            let shown = html_to_text(&content);
            record.text = Some(shown.trim().to_owned()).filter(|text| !text.is_empty());
        }
        if content.contains('<') {
            markup(&content, &mut record);
        }
        record.fields.text("content", &content);
    }
    attachments(opened, &object, &mut record);
    for (key, raw) in object.members().filter(|(key, raw)| *key != "content" || !is_text(raw.get())) {
        if !KNOWN.contains(&key) {
            out.drift(FORMAT, key);
        }
        keep(&mut record.fields, key, raw.get());
    }
    record.fields.opt_text("conversation_name", group.name);
    out.record(at, record);
}

const KNOWN: &[&str] = &[
    "id",
    "displayName",
    "originalarrivaltime",
    "messagetype",
    "version",
    "conversationid",
    "from",
    "properties",
    "amsreferences",
];

/// Reads what the markup of a message says of files and of people in a call.
fn markup(content: &str, record: &mut Record) {
    const MOST: usize = 500;
    let mut reader = Reader::from_str(content);
    reader.config_mut().check_end_names = false;
    let (mut part, mut naming, mut name) = (None::<String>, false, String::new());
    for _ in 0..MOST {
        match reader.read_event() {
            Ok(Event::Start(tag) | Event::Empty(tag)) => match tag.local_name().as_ref() {
                "part" => part = attribute(&tag, "identity"),
                "location" if record.place.is_none() => record.place = shared_place(&tag),
                "name" => (naming, name) = (part.is_some(), String::new()),
                "OriginalName" => {
                    let original = attribute(&tag, "v");
                    record.attachments.extend(original.map(|v| Attachment { name: Some(v), ..Attachment::default() }));
                }
                _ => {}
            },
            Ok(Event::Text(text)) if naming => name.push_str(text.as_ref()),
            Ok(Event::GeneralRef(reference)) if naming => {
                let raw = format!("&{};", &*reference);
                name.push_str(&quick_xml::escape::unescape(&raw).unwrap_or(Cow::Borrowed(&raw)));
            }
            Ok(Event::End(tag)) => match tag.local_name().as_ref() {
                "name" => naming = false,
                "part" => {
                    if let Some(id) = part.take() {
                        let name = Some(std::mem::take(&mut name)).filter(|n| !n.is_empty());
                        record.parties.push(Party::with(PartyRole::Participant, name, IdentifierKind::Account, id));
                    }
                }
                _ => {}
            },
            Ok(Event::Eof) | Err(_) => break,
            Ok(_) => {}
        }
    }
}

/// Returns a place that was shared: millionths of degrees, `latitude="48500000"`.
fn shared_place(tag: &BytesStart<'_>) -> Option<Place> {
    let degrees =
        |name: &str| Some(attribute(tag, name)?.parse::<i32>().ok()?.into()).map(|millionths: f64| millionths / 1e6);
    let place = Place::at(degrees("latitude")?, degrees("longitude")?)?;
    Some(Place { address: attribute(tag, "address"), ..place })
}

fn attribute(tag: &BytesStart<'_>, name: &str) -> Option<String> {
    let found = tag.attributes().with_checks(false).filter_map(Result::ok).find(|a| a.key.as_ref() == name)?;
    let raw: &str = &found.value;
    Some(quick_xml::escape::unescape(raw).map_or_else(|_| raw.to_owned(), Cow::into_owned)).filter(|v| !v.is_empty())
}

/// Joins a message to its files: the ids that it names, under the names that its markup gives.
fn attachments(opened: &Opened<'_>, object: &Object<'_>, record: &mut Record) {
    let ids = object.texts("amsreferences");
    for (i, id) in ids.iter().enumerate() {
        let link = opened.claim.links.get(id);
        let attachment = Attachment {
            name: Some(id.clone()),
            size: link.map(|l| l.size),
            at: link.map(Link::whole),
            ..Attachment::default()
        };
        match record.attachments.get_mut(i) {
            Some(named) => (named.size, named.at) = (attachment.size, attachment.at),
            None => record.attachments.push(attachment),
        }
    }
}

/// Reads the devices that were signed in.
pub(super) fn endpoints(opened: &Opened<'_>, out: &mut Sink) {
    for frame in opened.frames {
        let at = place(opened, frame);
        if !frame.element {
            crate::formats::element::unread_member(opened, frame, ENDPOINTS, out);
            continue;
        }
        let raw = text(frame, &at, out);
        let Ok(object) = Object::parse(&raw) else {
            crate::formats::element::not_an_object(frame, at, out);
            continue;
        };
        let mut record = Record::new(Family::Device, ENDPOINTS);
        record.title = object.text("endpointId").map(Cow::into_owned);
        object.members().for_each(|(key, raw)| keep(&mut record.fields, key, raw.get()));
        out.record(at, record);
    }
}
