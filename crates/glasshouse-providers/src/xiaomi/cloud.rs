//! Records of Mi Cloud as a public tool shows them: short messages and contacts in JSON.

use crate::TreeEntry;
use crate::formats::element::{keep, not_an_object, place, text, unread_member};
use crate::formats::json::Object;
use crate::formats::time;
use crate::{Frame, Opened, Sink, Tree};
use glasshouse_model::{Family, Framing, Identifier, IdentifierKind, MomentRole, Party, PartyRole, Record};
use std::borrow::Cow;

pub(super) const FORMAT: &str = "cloud";
pub(super) const FRAMING: Framing = Framing::JsonArrays(&["", "entries", "data"]);

/// Says whether an entry holds such records.
pub(super) fn is_ours(tree: &Tree<'_>, entry: &TreeEntry) -> bool {
    // First bytes cost a read, and other exports hold JSON by the hundred thousand.
    let path = entry.path.to_lowercase();
    let named = ["xiaomi", "micloud", "mi cloud", "miui"].iter().any(|word| path.contains(word));
    if !named && !["sms", "message", "contact"].iter().any(|word| entry.name().to_lowercase().contains(word)) {
        return false;
    }
    let head = tree.head(entry.id);
    let has = |needle: &[u8]| memchr::memmem::find(&head, needle).is_some();
    let message = has(b"\"snippet\"") && has(b"\"localTime\"") && has(b"\"recipients\"");
    let contact = has(b"\"content\"") && has(b"\"displayName\"") && has(b"\"phoneNumbers\"");
    message || (contact && named)
}

/// Reads elements: `entry` holds a message, `content` a contact.
pub(super) fn parse(opened: &Opened<'_>, out: &mut Sink) {
    for frame in opened.frames {
        if frame.element {
            element(opened, frame, out);
        } else {
            unread_member(opened, frame, FORMAT, out);
        }
    }
}

fn element(opened: &Opened<'_>, frame: &Frame<'_>, out: &mut Sink) {
    let at = place(opened, frame);
    let raw = text(frame, &at, out);
    let Ok(object) = Object::parse(&raw) else {
        return not_an_object(frame, at, out);
    };
    let mut record = if let Some(entry) = object.object("entry") {
        let mut record = Record::new(Family::Message, FORMAT);
        record.text = entry.text("snippet").map(Cow::into_owned);
        let time = entry.raw("localTime").map(|raw| time::epoch_millis(MomentRole::Observed, raw.trim_matches('"')));
        match time {
            Some(moment) if moment.instant.is_some() => record.moments.push(moment),
            other => {
                record.moments.extend(other);
                out.warn(at.clone(), "time.syntax", "The message's time is missing or cannot be read.");
            }
        }
        let number = entry.text("recipients").map(Cow::into_owned).into_iter().chain(entry.texts("recipients"));
        // It is not said whether the message went to them or came from them.
        let party = |number| Party::with(PartyRole::Participant, None, IdentifierKind::Phone, number);
        record.parties.extend(number.map(party));
        record.conversation = entry.text("threadId").map(Cow::into_owned);
        record
    } else {
        let mut record = Record::new(Family::Contact, FORMAT);
        let content = object.object("content");
        if content.is_none() {
            out.warn(at.clone(), "cloud.layout", "The record is neither a message nor a contact.");
        }
        let name = content.as_ref().and_then(|c| c.text("displayName")).map(Cow::into_owned);
        let values = |list: &str, kind| {
            let items = content.as_ref().map(|c| c.objects(list)).unwrap_or_default();
            let value = move |item: Object<'_>| Some(Identifier { kind, value: item.text("value")?.into_owned() });
            items.into_iter().filter_map(value).collect::<Vec<_>>()
        };
        let mut identifiers = values("phoneNumbers", IdentifierKind::Phone);
        identifiers.extend(values("emails", IdentifierKind::Email));
        record.title = name.clone();
        if name.is_some() || !identifiers.is_empty() {
            record.parties.push(Party { role: PartyRole::Subject, name, identifiers });
        }
        record
    };
    object.members().for_each(|(key, raw)| keep(&mut record.fields, key, raw.get()));
    out.record(at, record);
}
