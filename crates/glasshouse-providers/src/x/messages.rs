//! Direct messages, of two people and of groups, and conversations with Grok.

use super::element::{Owner, account, each, keep_text, string};
use super::tweets::{HEADERS, base_name, of_id, own};
use super::when;
use crate::formats::element::{not_an_object, place, text};
use crate::formats::json::{Object, as_text};
use crate::framing::{Span, frame_all};
use crate::{Frame, Opened, Sink};
use glasshouse_model::{Attachment, Family, Framing, Locator, MomentRole, Party, PartyRole, Record, Ref};

pub(super) const FORMAT: &str = "direct-messages";
pub(super) const GROK: &str = "grok";

/// Reads conversations, message by message.
pub(super) fn parse(opened: &Opened<'_>, out: &mut Sink) {
    let owner = Owner::of(opened);
    for frame in opened.frames {
        conversation(opened, frame, &owner, out);
    }
}

/// Reads one conversation.
///
/// It is cut into messages by the same means as files are, so that one that is longer than a frame gives the
/// messages it holds up to there.
fn conversation(opened: &Opened<'_>, frame: &Frame<'_>, owner: &Owner, out: &mut Sink) {
    let at = place(opened, frame);
    if frame.truncated {
        out.warn(at.clone(), "json.truncated", "The conversation is cut off; what follows in it was not read.");
    }
    let (outer, _) = frame_all(Framing::JsonArrays(&[]), frame.bytes);
    let wrapper = outer.iter().find(|span| span.name == "dmConversation");
    // Archives before 2019 have the conversation bare.
    let (start, pointer) = wrapper.map_or((0, ""), |span| (span.start, "/dmConversation"));
    let bytes = slice(frame.bytes, start, wrapper.map_or(frame.bytes.len() as u64, |span| span.end));
    let (spans, _) = frame_all(Framing::JsonArrays(&["messages"]), bytes);
    let member = |name: &str| spans.iter().find(|span| !span.element && span.name == name);
    let id = member("conversationId").and_then(|span| text_of(bytes, span));
    if !spans.iter().any(|span| span.element) && id.is_none() {
        return not_an_object(frame, at, out);
    }
    let extra: Vec<(&str, &str)> = spans
        .iter()
        .filter(|span| !span.element && (span.name != "conversationId" || id.is_none()))
        .filter_map(|span| Some((span.name.as_str(), std::str::from_utf8(slice(bytes, span.start, span.end)).ok()?)))
        .collect();
    for (name, _) in &extra {
        out.drift(FORMAT, name);
    }
    if !spans.iter().any(|span| span.element) && member("messages").is_some() {
        out.warn(at.clone(), "json.layout", "The conversation's messages are no list; they were not read.");
    }
    let mut first = true;
    for span in spans.iter().filter(|span| span.element) {
        let locator = Locator::json(
            format!("{}{pointer}/messages/{}", at.locator.detail, span.index),
            frame.offset + start + span.start,
            span.end - span.start,
        );
        let inner = Frame {
            name: "messages",
            element: true,
            index: span.index,
            offset: locator.start,
            bytes: slice(bytes, span.start, span.end),
            truncated: span.truncated,
        };
        let extra = if std::mem::take(&mut first) { extra.as_slice() } else { &[] };
        message(opened, &inner, opened.at(locator), id.as_deref(), extra, owner, out);
    }
}

fn message(
    opened: &Opened<'_>,
    frame: &Frame<'_>,
    at: Ref,
    conversation: Option<&str>,
    extra: &[(&str, &str)],
    owner: &Owner,
    out: &mut Sink,
) {
    let text = text(frame, &at, out);
    let Ok(outer) = Object::parse(&text) else { return not_an_object(frame, at, out) };
    let (kind, inner) = super::element::unwrap(&outer);
    let (kind, object) = inner.as_ref().map_or(("", &outer), |inner| (kind, inner));
    let mut record = Record::new(Family::Message, FORMAT);
    record.account = owner.account();
    record.conversation = conversation.map(Into::into);
    let role =
        if kind == "messageCreate" || kind == "welcomeMessageCreate" { PartyRole::Sender } else { PartyRole::Author };
    let party = |role, id: &str| match owner.party(role).filter(|_| owner.id.as_deref() == Some(id)) {
        Some(owner) => owner,
        None => Party { role, name: None, identifiers: vec![account(id)] },
    };
    let (mut from, mut others) = (Vec::new(), Vec::new());
    for (key, raw) in object.members() {
        let raw = raw.get();
        match (key, as_text(raw)) {
            ("createdAt", Some(text)) => record.moments.insert(0, when::moment(MomentRole::Sent, &text)),
            ("text", Some(text)) => record.text = Some(text.into_owned()),
            ("senderId" | "initiatingUserId", Some(id)) => {
                from.push(party(role, &id));
                keep_text(&mut record.fields, key, raw);
            }
            ("recipientId", Some(id)) => {
                // Messages to a group have no recipient, or `0`.
                others.extend(Some(id).filter(|id| !id.is_empty() && id != "0").map(|id| party(PartyRole::To, &id)));
                keep_text(&mut record.fields, key, raw);
            }
            ("userIds" | "participantsSnapshot", None) => {
                let ids = object.texts(key);
                others.extend(ids.iter().take(100).map(|id| party(PartyRole::Participant, id)));
                keep_text(&mut record.fields, key, raw);
            }
            ("mediaUrls", None) => {
                media(opened, object, &mut record);
                keep_text(&mut record.fields, key, raw);
            }
            _ => {
                if !matches!(
                    key,
                    "id" | "reactions"
                        | "urls"
                        | "editHistory"
                        | "name"
                        | "conversationId"
                        | "text"
                        | "createdAt"
                        | "senderId"
                        | "recipientId"
                        | "mediaUrls"
                ) {
                    out.drift(FORMAT, key);
                }
                keep_text(&mut record.fields, key, raw);
            }
        }
    }
    record.parties.append(&mut from);
    record.parties.append(&mut others);
    if kind != "messageCreate" {
        // Somebody joined, left, renamed the group, reacted.
        record.fields.text("kind", kind);
    } else if record.text.is_none() && object.raw("mediaUrls").is_none() {
        // The same message stands elsewhere with its text.
        (record.family, record.format) = (Family::Activity, HEADERS);
    }
    for (name, raw) in extra {
        keep_text(&mut record.fields, name, raw);
    }
    if record.moments.first().is_none_or(|m| m.instant.is_none()) {
        out.warn(at.clone(), "time.missing", "The message's time is missing or no instant follows from it.");
    }
    out.record(at, record);
}

fn media(opened: &Opened<'_>, object: &Object<'_>, record: &mut Record) {
    let urls = object.texts("mediaUrls");
    if urls.is_empty() {
        return;
    }
    let id = string(object, "id").unwrap_or_default();
    record.attachments = of_id(&opened.claim.links, &id);
    let missing = urls.iter().filter_map(|url| base_name(url)).filter(|name| {
        !record.attachments.iter().any(|held| held.name.as_deref().is_some_and(|own| own.ends_with(name)))
    });
    let missing: Vec<_> =
        missing.map(|name| Attachment { name: Some(name.to_owned()), ..Attachment::default() }).collect();
    record.attachments.extend(missing);
}

/// Reads what was said to and by Grok.
pub(super) fn grok(opened: &Opened<'_>, out: &mut Sink) {
    let owner = Owner::of(opened);
    each(opened, out, |at, _, _, object, out| {
        let mut record = own(Family::Message, GROK, &owner, PartyRole::Participant);
        for (key, raw) in object.members() {
            let raw = raw.get();
            match (key, as_text(raw)) {
                ("createdAt", Some(text)) => record.moments.insert(0, when::moment(MomentRole::Sent, &text)),
                ("message", Some(text)) => record.text = Some(text.into_owned()),
                ("chatId", Some(id)) => {
                    record.conversation = Some(id.into_owned());
                    keep_text(&mut record.fields, key, raw);
                }
                ("sender", None) => {
                    let name = object.object(key).and_then(|sender| sender.text("name").map(|n| n.into_owned()));
                    record.parties.extend(name.map(|name| Party::named(PartyRole::Sender, name)));
                    keep_text(&mut record.fields, key, raw);
                }
                _ => {
                    if !matches!(key, "accountId" | "grokMode" | "message" | "createdAt" | "chatId" | "sender") {
                        out.drift(GROK, key);
                    }
                    keep_text(&mut record.fields, key, raw);
                }
            }
        }
        out.record(at.clone(), record);
    });
}

fn slice(bytes: &[u8], start: u64, end: u64) -> &[u8] {
    bytes.get(start as usize..end as usize).unwrap_or_default()
}

fn text_of(bytes: &[u8], span: &Span) -> Option<String> {
    let raw = std::str::from_utf8(slice(bytes, span.start, span.end)).ok()?;
    as_text(raw).map(Into::into)
}
