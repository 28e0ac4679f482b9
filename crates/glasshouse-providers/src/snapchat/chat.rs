//! Chats and snaps: lists by direction in old exports, by conversation in newer ones.

use super::{at, key, object};
use crate::formats::element::{keep, text};
use crate::formats::json::is_text;
use crate::formats::time;
use crate::{Frame, Opened, Sink};
use glasshouse_model::{Attachment, Family, IdentifierKind, MomentRole, Party, PartyRole, Record};
use std::borrow::Cow;

pub(super) const FORMAT: &str = "chat";

const KNOWN: &[&str] = &[
    "From",
    "To",
    "Media Type",
    "Created",
    "Content",
    "Text",
    "Conversation Title",
    "IsSender",
    "IsSaved",
    "Created(microseconds)",
    "Media IDs",
];

/// Reads one message.
pub(super) fn read(opened: &Opened<'_>, frame: &Frame<'_>, out: &mut Sink) {
    let here = at(opened, frame);
    if !frame.element {
        out.drift(FORMAT, &key(frame));
        return out.warn(here, "json.member", "A member of the document that is no list; it was not read.");
    }
    let raw = text(frame, &here, out);
    let Some(object) = object(opened, frame, &raw, out) else { return };
    let list = key(frame);
    // `Received Saved Chat History`, `Sent Snap History` and their like are directions, anything else is a conversation.
    let by_direction = list.ends_with(" History") && (list.starts_with("Received ") || list.starts_with("Sent "));
    let (from, to) = (object.text("From"), object.text("To"));
    let mut record = Record::new(Family::Message, FORMAT);
    if let Some(from) = from.as_deref().filter(|f| !f.is_empty()) {
        record.parties.push(Party::with(PartyRole::Sender, None, IdentifierKind::Account, from));
    }
    if let Some(to) = to.as_deref().filter(|t| !t.is_empty()) {
        record.parties.push(Party::with(PartyRole::To, None, IdentifierKind::Account, to));
    }
    let own = object.bool("IsSender");
    if !by_direction && own == Some(true) {
        record.account = from.as_deref().map(str::to_owned);
        // A group goes by an id and has a title; otherwise the list's key is the other person.
        if to.is_none() && object.text("Conversation Title").is_none() {
            record.parties.push(Party::with(PartyRole::To, None, IdentifierKind::Account, list.clone()));
        }
    }
    record.conversation = if by_direction { from.or(to).map(Cow::into_owned) } else { Some(list.clone()) };
    record.title = object.text("Conversation Title").map(Cow::into_owned);
    if let Some(created) = object.text("Created") {
        record.moments.push(time::wall_utc(MomentRole::Sent, &created));
    }
    if record.moments.first().is_none_or(|m| m.instant.is_none()) {
        out.warn(here.clone(), "time.missing", "The message's time is missing or cannot be read.");
    }
    record.text = object.text("Content").or_else(|| object.text("Text")).map(Cow::into_owned).filter(|t| !t.is_empty());
    let ids = object.text("Media IDs").unwrap_or_default();
    let ids = ids.split('|').map(str::trim).filter(|id| !id.is_empty());
    record.attachments = ids
        .map(|id| {
            let link = opened.claim.links.get(id);
            Attachment {
                name: Some(id.to_owned()),
                size: link.map(|l| l.size),
                at: link.map(|l| l.whole()),
                ..Attachment::default()
            }
        })
        .collect();
    if by_direction {
        record.fields.text("list", &list);
    }
    for (name, value) in object.members() {
        if !KNOWN.contains(&name) {
            out.drift(FORMAT, name);
        }
        let taken = matches!(name, "From" | "To" | "Created" | "Content" | "Text" | "Conversation Title");
        if !taken || !is_text(value.get()) {
            keep(&mut record.fields, name, value.get());
        }
    }
    out.record(here, record);
}
