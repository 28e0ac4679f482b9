//! Messages as JSON: `message_<n>.json` of an export, and the files of an export of end-to-end encrypted chats.

use super::roots::key;
use crate::formats::element::{keep, not_an_object, place, text};
use crate::formats::json::{Object, as_text};
use crate::formats::{meta_text, time};
use crate::framing::frame_all;
use crate::{Frame, Opened, Sink};
use glasshouse_model::{
    Attachment, Family, Fields, Framing, Links, Locator, Moment, MomentRole, Party, PartyRole, Record, Ref,
};
use std::borrow::Cow;

pub(crate) const FORMAT: &str = "messages";
/// Records of what an export says about a conversation.
pub(crate) const THREADS: &str = "threads";
pub(crate) const FRAMING: Framing = Framing::JsonAround(&["messages"]);

/// Lists of files that a message may have.
const FILES: &[&str] = &["photos", "videos", "audio_files", "gifs", "files", "media"];

/// Says whether first bytes are those of a conversation.
pub(crate) fn is_ours(name: &str, head: &[u8]) -> bool {
    let has = |needle: &[u8]| memchr::memmem::find(head, needle).is_some();
    let start = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
    start.starts_with(b"{")
        && has(b"\"participants\"")
        && (number(name).is_some()
            || has(b"\"sender_name\"")
            || has(b"\"senderName\"")
            || has(b"\"threadName\"")
            || has(b"\"thread_path\""))
}

/// Returns `n` of `message_<n>.json` or `.html`: by name `message_10` precedes `message_2`.
pub(crate) fn number(name: &str) -> Option<u32> {
    let (stem, ext) = name.rsplit_once('.')?;
    matches!(ext, "json" | "html").then(|| stem.strip_prefix("message_")?.parse().ok())?
}

/// Says whether a file is named as those of encrypted chats are: `<conversation>_<n>.json`.
pub(crate) fn is_named(name: &str) -> bool {
    let number = name.strip_suffix(".json").and_then(|stem| stem.rsplit_once('_')).map(|(_, number)| number);
    number.is_some_and(|number| !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()))
}

/// Returns what a conversation is called: the folder of its files, or the file of an encrypted chat.
pub(crate) fn conversation(entry: &crate::TreeEntry) -> String {
    let folder = entry.dir().rsplit('/').next().unwrap_or_default();
    if (number(entry.name()).is_some() || entry.name() == "message.json") && !folder.is_empty() {
        return folder.to_owned();
    }
    let stem = entry.name().rsplit_once('.').map_or(entry.name(), |(stem, _)| stem);
    stem.to_owned()
}

/// Reads messages, and behind the last what the file says about the conversation.
pub(crate) fn parse(opened: &Opened<'_>, out: &mut Sink) {
    let id = conversation(opened.entry);
    let people = participants(opened.head);
    for frame in opened.frames {
        if frame.element {
            message(opened, frame, &id, &people, out);
        } else {
            around(opened, frame, &id, out);
        }
    }
}

/// Returns the participants that stand before the messages.
fn participants(head: &[u8]) -> Vec<String> {
    const MOST: usize = 1000;
    let end = memchr::memmem::find(head, b"\"messages\"").unwrap_or(head.len());
    let head = head.get(..end).unwrap_or_default();
    let (spans, _) = frame_all(Framing::JsonArrays(&["participants"]), head);
    let elements = spans.iter().filter(|span| span.element && !span.truncated).take(MOST);
    elements
        .filter_map(|span| {
            let raw = std::str::from_utf8(head.get(span.start as usize..span.end as usize)?).ok()?;
            name(raw)
        })
        .collect()
}

/// Returns the name of a participant, written as an object or as a text.
fn name(raw: &str) -> Option<String> {
    if let Some(name) = meta_text::text(raw) {
        return Some(name.into_owned());
    }
    Object::parse(raw).ok()?.text("name").map(|name| meta_text::meant(name).into_owned())
}

/// Returns when a message was sent: in milliseconds, and in seconds in the first exports as JSON (2018).
///
/// Both went by the name `timestamp`; ten digits are seconds until 2286 and milliseconds of 1970.
fn sent(raw: &str) -> Moment {
    const SECONDS: std::ops::Range<i64> = 1_000_000_000..10_000_000_000;
    match raw.parse() {
        Ok(count) if SECONDS.contains(&count) => time::epoch_seconds(MomentRole::Sent, raw),
        _ => time::epoch_millis(MomentRole::Sent, raw),
    }
}

fn message(opened: &Opened<'_>, frame: &Frame<'_>, id: &str, people: &[String], out: &mut Sink) {
    let at = place(opened, frame);
    let raw = text(frame, &at, out);
    let Ok(object) = Object::parse(&raw) else { return not_an_object(frame, at, out) };
    let mut record = Record::new(Family::Message, FORMAT);
    record.conversation = Some(id.to_owned());
    let mut sender = None;
    for (key, raw) in object.members() {
        let (key, raw) = (meant(key), raw.get());
        match key.as_ref() {
            "timestamp_ms" | "timestamp" if as_text(raw).is_none() => {
                record.moments.reserve_exact(1);
                record.moments.insert(0, sent(raw));
            }
            "sender_name" | "senderName" if sender.is_none() => match meta_text::text(raw) {
                // Somebody who left the service has an empty name.
                Some(name) if !name.is_empty() => sender = Some(name.into_owned()),
                _ => keep_meant(&mut record.fields, &key, raw),
            },
            "content" | "text" if record.text.is_none() => match meta_text::text(raw) {
                Some(text) if !text.is_empty() => record.text = Some(text.into_owned()),
                _ => keep_meant(&mut record.fields, &key, raw),
            },
            key => {
                if !KNOWN.contains(&key) {
                    out.drift(FORMAT, key);
                }
                keep_meant(&mut record.fields, key, raw);
            }
        }
        if FILES.contains(&key.as_ref()) {
            for file in object.objects(&key) {
                record.attachments.extend(attachment(&file, &opened.claim.links));
            }
        } else if key == "sticker" {
            record.attachments.extend(object.object(&key).and_then(|file| attachment(&file, &opened.claim.links)));
        } else if key == "call_duration" || (key == "type" && raw == "\"Call\"") {
            record.family = Family::Call;
        }
    }
    if let Some(sender) = sender {
        record.parties.reserve_exact(2);
        // Who else took part at the time of a message is known of two alone.
        if let [one, other] = people
            && (*one == sender || *other == sender)
            && one != other
        {
            let other = if *one == sender { other } else { one };
            record.parties.push(Party::named(PartyRole::To, other.clone()));
        }
        record.parties.insert(0, Party::named(PartyRole::Sender, sender));
    }
    if record.moments.first().is_none_or(|m| m.instant.is_none()) {
        out.warn(at.clone(), "time.missing", "The message's time is missing or no instant follows from it.");
    }
    out.record(at, record);
}

/// Members of messages that are known; they are kept under their names.
#[rustfmt::skip]
const KNOWN: &[&str] = &[
    "type", "is_unsent", "is_taken_down", "is_geoblocked_for_viewer", "is_unsent_image_by_messenger_kid_parent", "photos", "videos",
    "audio_files", "gifs", "files", "media", "sticker", "share", "reactions", "call_duration", "missed", "users", "ip",
    "bumped_message_metadata", "content", "text", "sender_name", "senderName", "timestamp", "timestamp_ms", "isUnsent",
];

/// Reads what stands around the messages, once it is complete.
fn around(opened: &Opened<'_>, frame: &Frame<'_>, id: &str, out: &mut Sink) {
    let at = opened.at(Locator::bytes(frame.offset, frame.bytes.len() as u64));
    if frame.index == 0 {
        if frame.bytes.trim_ascii_end().ends_with(b"}") {
            out.warn(at, "json.layout", "The conversation has no list of messages.");
        }
        return;
    }
    if frame.truncated {
        return out.warn(at, "json.truncated", "What stands behind the messages is cut off; it was not read.");
    }
    let (spans, _) = frame_all(FRAMING, opened.head);
    let before = spans.first().filter(|span| !span.element && !span.truncated);
    let before_bytes =
        before.and_then(|span| opened.head.get(span.start as usize..span.end as usize)).unwrap_or_default();
    let mut record = Record::new(Family::Activity, THREADS);
    record.conversation = Some(id.to_owned());
    record.same_as = Some("thread".into());
    let mut others: Vec<Ref> = Vec::new();
    if let Some(span) = before {
        others.push(opened.at(Locator::bytes(span.start, span.end - span.start)));
    }
    for (bytes, open) in [(before_bytes, true), (frame.bytes, false)] {
        let text = String::from_utf8_lossy(bytes);
        let text = text.trim_start_matches('\u{feff}').trim();
        // The part before ends with `"messages":`, the one behind begins with a comma.
        let whole = if open { format!("{text}null}}") } else { format!("{{{}", text.trim_start_matches(',')) };
        match Object::parse(&whole) {
            Ok(object) => members(&object, &mut record, out),
            Err(_) if bytes.is_empty() => {}
            Err(_) => out.warn(at.clone(), "json.syntax", "What stands around the messages is not valid JSON."),
        }
    }
    for name in participants(opened.head) {
        record.parties.push(Party::named(PartyRole::Participant, name));
    }
    out.record_from(at, others, record);
}

fn members(object: &Object<'_>, record: &mut Record, out: &mut Sink) {
    for (key, raw) in object.members() {
        let (key, raw) = (meant(key), raw.get());
        match key.as_ref() {
            "title" | "threadName" if as_text(raw).is_some() => {
                record.title = meta_text::text(raw).map(Cow::into_owned);
            }
            "messages" => {}
            key => {
                if !matches!(
                    key,
                    "participants"
                        | "is_still_participant"
                        | "thread_path"
                        | "magic_words"
                        | "image"
                        | "joinable_mode"
                        | "thread_type"
                ) {
                    out.drift(THREADS, key);
                }
                keep_meant(&mut record.fields, key, raw);
            }
        }
    }
}

/// Returns a key as it was meant.
pub(crate) fn meant(key: &str) -> Cow<'_, str> {
    meta_text::meant(Cow::Borrowed(key))
}

/// Adds a member with every string in it as it was meant.
pub(crate) fn keep_meant(fields: &mut Fields, key: &str, raw: &str) {
    keep(fields, key, &meta_text::json(raw));
}

/// Returns the file that an object with a `uri` names; one that the export lacks has no place.
pub(crate) fn attachment(file: &Object<'_>, links: &Links) -> Option<Attachment> {
    let uri = meta_text::meant(file.text("uri")?).into_owned();
    (!uri.is_empty()).then(|| named(&uri, links))
}

/// Returns the file that records call `uri`.
pub(crate) fn named(uri: &str, links: &Links) -> Attachment {
    let remote = uri.contains("://");
    let found = if remote { None } else { links.get(key(uri)) };
    let path = uri.split(['?', '#']).next().unwrap_or(uri);
    Attachment {
        name: path.rsplit('/').next().map(Into::into),
        size: found.map(|link| link.size),
        at: found.map(|link| link.whole()),
        ..Attachment::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_a_conversation_have_numbers() {
        assert_eq!(number("message_10.json"), Some(10));
        assert_eq!(number("message_2.html"), Some(2));
        assert_eq!(number("message_x.json"), None);
        assert_eq!(number("messages.json"), None);
        assert!(is_named("Zoë Müller_4.json") && !is_named("IMG_1.jpg.json") && !is_named("a_.json"));
    }

    #[test]
    fn participants_are_found_in_first_bytes_alone() {
        let head = br#"{"participants":[{"name":"Ren\u00c3\u00a9"},"Ola",{"x":1}],"messages":[{"participants":["no"]}"#;
        assert_eq!(participants(head), ["René", "Ola"]);
        assert!(participants(br#"{"participants":[{"name":"cut"#).is_empty());
        assert!(participants(b"").is_empty());
    }
}
