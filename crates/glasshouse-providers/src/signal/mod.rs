#![doc = include_str!("README.md")]

use crate::formats::element::{inner_place, keep, not_an_object, place, text};
use crate::formats::json::{Object, is_text};
use crate::formats::time;
use crate::{Frame, Opened, Provider, Sink, Survey, Tree};
use glasshouse_model::{
    Attachment, Claim, Family, Format, Framing, IdentifierKind, Manifest, MomentRole, Party, PartyRole, Record, Tier,
};
use memchr::memmem;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// Signal.
pub struct Signal;

const FORMAT: &str = "messages";
/// One program writes the name with a letter too many.
const FRAMING: Framing = Framing::JsonArrays(&["messsages", "messages"]);

static MANIFEST: Manifest = Manifest {
    id: "signal",
    title: "Signal (JSON of third-party programs)",
    formats: &[Format {
        id: FORMAT,
        title: "Messages of Signal Desktop, as third-party programs write them out",
        families: &[Family::Message, Family::Call, Family::Reaction],
        tier: Tier::Unverified,
        version: 2,
    }],
    general: false,
    not_covered: &[
        "Encrypted backups of phones and the encrypted database of Signal Desktop.",
        "Other forms that third-party programs write (HTML, Markdown, text).",
        "What Signal returns under legal process.",
    ],
    references: &["https://github.com/vdalex/signal_db_export", "https://github.com/carderne/signal-export"],
};

impl Provider for Signal {
    fn manifest(&self) -> &'static Manifest {
        &MANIFEST
    }

    fn recognise(&self, tree: &Tree<'_>) -> Vec<Claim> {
        let json = tree.entries().iter().filter(|e| e.size > 0 && e.extension() == "json");
        json.filter(|e| is_ours(&tree.head(e.id))).map(|e| Claim::of(FORMAT, e.id, FRAMING)).collect()
    }

    fn parse(&self, opened: &Opened<'_>, out: &mut Sink) {
        let names: BTreeMap<String, String> = serde_json::from_slice(opened.survey).unwrap_or_default();
        for frame in opened.frames {
            if frame.element {
                message(opened, frame, &names, out);
            } else if !is_known(frame) {
                crate::formats::element::unread_member(opened, frame, FORMAT, out);
            }
        }
    }

    fn survey(&self, _claim: &Claim) -> Option<Box<dyn Survey>> {
        Some(Box::new(Names::default()))
    }
}

fn is_ours(head: &[u8]) -> bool {
    let has = |needle: &[u8]| memmem::find(head, needle).is_some();
    let start = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
    let list = has(b"\"messsages\"") || has(b"\"messages\"");
    let groups = has(b"\"groups_name_id\"");
    start.starts_with(b"{") && ((list && has(b"\"conversationId\"") && has(b"\"sent_at\"")) || groups)
}

/// Says whether a member beside the messages is one that is known and was read: names of groups are texts.
fn is_known(frame: &Frame<'_>) -> bool {
    if frame.name != "groups_name_id" {
        return matches!(frame.name, "conversations" | "version");
    }
    let text = format!("{{\"list\":{}}}", String::from_utf8_lossy(frame.bytes));
    let list = Object::parse(&text).ok();
    let groups = list.as_ref().and_then(|list| list.array("list"));
    let is_read = |raw: &&str| Object::parse(raw).is_ok_and(|group| group.members().all(|(_, id)| is_text(id.get())));
    groups.is_some_and(|groups| groups.iter().all(|raw| is_read(raw)))
}

/// Names of conversations by their ids; they stand before or behind the messages.
#[derive(Default)]
struct Names {
    names: BTreeMap<String, String>,
}

impl Survey for Names {
    fn frame(&mut self, frame: &Frame<'_>) {
        const MOST: usize = 200_000;
        if frame.element || frame.name != "groups_name_id" {
            return;
        }
        let text = format!("{{\"list\":{}}}", String::from_utf8_lossy(frame.bytes));
        let Ok(list) = Object::parse(&text) else { return };
        for group in list.objects("list") {
            for (name, _) in group.members() {
                if let Some(id) = group.text(name).filter(|_| self.names.len() < MOST) {
                    self.names.insert(id.into_owned(), name.chars().take(500).collect());
                }
            }
        }
    }

    fn finish(self: Box<Self>) -> Vec<u8> {
        serde_json::to_vec(&self.names).unwrap_or_default()
    }
}

fn message(opened: &Opened<'_>, frame: &Frame<'_>, names: &BTreeMap<String, String>, out: &mut Sink) {
    let at = place(opened, frame);
    let raw = text(frame, &at, out);
    let Ok(object) = Object::parse(&raw) else {
        return not_an_object(frame, at, out);
    };
    let kind = object.text("type");
    let call = kind.as_deref() == Some("call-history");
    let mut record = Record::new(if call { Family::Call } else { Family::Message }, FORMAT);
    record.conversation = object.text("conversationId").map(Cow::into_owned);
    record.title = record.conversation.as_ref().and_then(|id| names.get(id).cloned());
    let count = |key: &str| object.raw(key).filter(|raw| raw.bytes().all(|b| b.is_ascii_digit()));
    let sent = count("sent_at").or_else(|| count("timestamp"));
    let sent = sent.map(|sent| time::epoch_millis(if call { MomentRole::Start } else { MomentRole::Sent }, sent));
    if sent.as_ref().is_none_or(|m| m.instant.is_none()) {
        out.warn(at.clone(), "time.missing", "The message's time is missing or cannot be read.");
    }
    record.moments.extend(sent);
    // `received_at` is a counter in newer versions; the one in milliseconds has its own name.
    if let Some(received) = count("received_at_ms") {
        record.moments.push(time::epoch_millis(MomentRole::Received, received));
    }
    // What the account itself wrote bears no source that would tell it apart; only its direction is known.
    let ids = [
        ("sourceUuid", IdentifierKind::Account),
        ("sourceServiceId", IdentifierKind::Account),
        ("source", IdentifierKind::Phone),
    ];
    if kind.as_deref() != Some("outgoing") {
        let known = ids.iter().filter_map(|(key, kind)| {
            let value = object.text(key).filter(|v| !v.is_empty())?.into_owned();
            Some(glasshouse_model::Identifier { kind: *kind, value })
        });
        let mut identifiers: Vec<glasshouse_model::Identifier> = Vec::new();
        for one in known {
            // Newer versions write one id under two names.
            if !identifiers.contains(&one) {
                identifiers.push(one);
            }
        }
        if !identifiers.is_empty() {
            record.parties.push(Party { role: PartyRole::Sender, name: None, identifiers });
        }
    }
    record.text = object.text("body").map(Cow::into_owned).filter(|t| !t.is_empty());
    record.attachments = object
        .objects("attachments")
        .iter()
        .map(|file| Attachment {
            name: file.text("fileName").or_else(|| file.text("path")).map(Cow::into_owned),
            mime: file.text("contentType").map(Cow::into_owned),
            size: file.int("size").and_then(|s| u64::try_from(s).ok()),
            ..Attachment::default()
        })
        .collect();
    // What is no text was not taken above.
    let taken = |key: &str| matches!(key, "body" | "conversationId") && object.text(key).is_some();
    for (key, value) in object.members().filter(|(key, _)| !taken(key)) {
        keep(&mut record.fields, key, value.get());
    }
    for (i, one) in object.array("reactions").unwrap_or_default().into_iter().enumerate() {
        let Ok(reaction) = Object::parse(one) else { continue };
        let mut of = Record::new(Family::Reaction, FORMAT);
        of.conversation = record.conversation.clone();
        of.title = record.title.clone();
        of.text = reaction.text("emoji").map(Cow::into_owned);
        if let Some(when) = reaction.raw("timestamp") {
            of.moments.push(time::epoch_millis(MomentRole::Created, when));
        }
        if let Some(who) = reaction.text("fromId") {
            of.parties.push(Party::with(PartyRole::Author, None, IdentifierKind::Account, who));
        }
        for (key, value) in reaction.members().filter(|(key, _)| !matches!(*key, "emoji" | "fromId" | "timestamp")) {
            keep(&mut of.fields, key, value.get());
        }
        out.record(inner_place(opened, frame, &raw, one, &format!("/reactions/{i}")), of);
    }
    out.record(at, record);
}
