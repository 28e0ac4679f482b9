//! Messages of Teams as Microsoft's own interface (Graph) returns them, saved as JSON.

use crate::formats::element::{inner_place, keep, not_an_object, place, text, unread_member};
use crate::formats::json::Object;
use crate::formats::mail::html_to_text;
use crate::formats::time;
use crate::{Frame, Opened, Sink};
use glasshouse_model::{Attachment, Family, Framing, IdentifierKind, MomentRole, Party, PartyRole, Record};
use std::borrow::Cow;

pub(super) const FORMAT: &str = "teams";
pub(super) const FRAMING: Framing = Framing::JsonArrays(&["value", "messages", ""]);

/// Parties, files and reactions of one message beyond these stay in the fields alone.
const MOST: usize = 500;

/// Says whether first bytes are those of such messages.
pub(super) fn is_ours(head: &[u8]) -> bool {
    let has = |needle: &[u8]| memchr::memmem::find(head, needle).is_some();
    has(b"\"messageType\"") && has(b"\"createdDateTime\"") && (has(b"\"chatId\"") || has(b"\"channelIdentity\""))
}

/// Reads messages.
pub(super) fn parse(opened: &Opened<'_>, out: &mut Sink) {
    for frame in opened.frames {
        if frame.element {
            message(opened, frame, out);
        } else if !frame.name.starts_with("@odata.") || frame.bytes.starts_with(b"{") || frame.bytes.starts_with(b"[") {
            unread_member(opened, frame, FORMAT, out);
        }
    }
}

fn message(opened: &Opened<'_>, frame: &Frame<'_>, out: &mut Sink) {
    let at = place(opened, frame);
    let raw = text(frame, &at, out);
    let Ok(object) = Object::parse(&raw) else {
        return not_an_object(frame, at, out);
    };
    // What the service itself wrote: who was added, that a call began.
    let written = object.text("messageType").as_deref() == Some("message");
    let mut record = Record::new(if written { Family::Message } else { Family::Activity }, FORMAT);
    record.conversation = conversation(&object);
    record.title = object.text("subject").map(Cow::into_owned).filter(|title| !title.is_empty());
    for (key, role) in [
        ("createdDateTime", if written { MomentRole::Sent } else { MomentRole::Observed }),
        ("lastEditedDateTime", MomentRole::Modified),
        ("lastModifiedDateTime", MomentRole::Modified),
    ] {
        record.moments.extend(object.text(key).map(|text| time::iso(role, &text)));
    }
    if record.moments.first().is_none_or(|moment| moment.instant.is_none()) {
        out.warn(at.clone(), "time.missing", "The message's time is missing or cannot be read.");
    }
    record.parties.extend(object.object("from").and_then(|from| person(PartyRole::Sender, &from)));
    for mention in object.objects("mentions").iter().take(MOST) {
        record.parties.extend(mention.object("mentioned").and_then(|who| person(PartyRole::Tagged, &who)));
    }
    if let Some(body) = object.object("body") {
        let content = body.text("content").unwrap_or_default();
        let html = body.text("contentType").is_some_and(|kind| kind.eq_ignore_ascii_case("html"));
        let shown = if html { html_to_text(&content) } else { content.into_owned() };
        record.text = Some(shown.trim().to_owned()).filter(|text| !text.is_empty());
    }
    let files = object.objects("attachments");
    record.attachments.extend(files.iter().take(MOST).filter_map(|file| {
        let name = file.text("name").or_else(|| file.text("contentUrl")).filter(|name| !name.is_empty())?;
        // Of a reference to a file elsewhere the type says no more than that.
        let mime = file.text("contentType").filter(|kind| kind.contains('/')).map(Cow::into_owned);
        Some(Attachment { name: Some(name.into_owned()), mime, ..Attachment::default() })
    }));
    for (key, raw) in object.members() {
        if !KNOWN.contains(&key) {
            out.drift(FORMAT, key);
        }
        keep(&mut record.fields, key, raw.get());
    }
    for (i, one) in object.array("reactions").unwrap_or_default().into_iter().take(MOST).enumerate() {
        let Ok(reaction) = Object::parse(one) else { continue };
        let mut of = Record::new(Family::Reaction, FORMAT);
        of.conversation.clone_from(&record.conversation);
        of.moments.extend(reaction.text("createdDateTime").map(|text| time::iso(MomentRole::Created, &text)));
        of.text = reaction.text("reactionType").map(Cow::into_owned);
        of.parties.extend(reaction.object("user").and_then(|who| person(PartyRole::Author, &who)));
        of.fields.opt_text("to_message", object.text("id").as_deref());
        out.record(inner_place(opened, frame, &raw, one, &format!("/reactions/{i}")), of);
    }
    out.record(at, record);
}

/// Returns the chat, or the channel of a team.
fn conversation(object: &Object<'_>) -> Option<String> {
    let chat = object.text("chatId").map(Cow::into_owned).filter(|id| !id.is_empty());
    chat.or_else(|| object.object("channelIdentity")?.text("channelId").map(Cow::into_owned))
}

/// Returns the one of a set of identities that is filled: a person, a program or a device.
fn person(role: PartyRole, set: &Object<'_>) -> Option<Party> {
    let one = ["user", "application", "device"].iter().find_map(|key| set.object(key))?;
    let name = one.text("displayName").map(Cow::into_owned).filter(|name| !name.is_empty());
    match one.text("id").filter(|id| !id.is_empty()) {
        Some(id) => Some(Party::with(role, name, IdentifierKind::Account, id)),
        None => name.map(|name| Party::named(role, name)),
    }
}

const KNOWN: &[&str] = &[
    "@odata.type",
    "@odata.context",
    "id",
    "replyToId",
    "etag",
    "messageType",
    "createdDateTime",
    "lastModifiedDateTime",
    "lastEditedDateTime",
    "deletedDateTime",
    "subject",
    "summary",
    "chatId",
    "importance",
    "locale",
    "webUrl",
    "channelIdentity",
    "policyViolation",
    "eventDetail",
    "from",
    "body",
    "attachments",
    "mentions",
    "reactions",
    "messageHistory",
    "hostedContents",
    "onBehalfOf",
];
