//! Google Chat: messages of a group or a direct conversation, and what is known of a user.

use super::element::{keep, not_an_object, place, text, unread_member};
use super::when;
use crate::formats::json::Object;
use crate::{Frame, Opened, Sink, Tree, TreeEntry};
use glasshouse_model::{
    Attachment, Claim, Family, Framing, IdentifierKind, Link, Locator, MomentRole, Party, PartyRole, Record, Ref,
};
use std::sync::Arc;

pub(super) const FORMAT: &str = "chat";
pub(super) const GROUPS: &str = "chat-groups";
pub(super) const MESSAGES: Framing = Framing::JsonArrays(&["messages"]);

/// Says whether first bytes are those of a group's messages, wherever they lie.
pub(super) fn is_messages(head: &[u8]) -> bool {
    let has = |needle: &[u8]| memchr::memmem::find(head, needle).is_some();
    has(b"\"messages\"") && has(b"\"creator\"") && has(b"\"created_date\"")
}

/// Reads messages (framed by element) or a user's information (whole).
pub(super) fn parse(opened: &Opened<'_>, out: &mut Sink) {
    if opened.claim.framing == Framing::Whole {
        for frame in opened.frames {
            if opened.claim.format == GROUPS { group(opened, frame, out) } else { user(opened, frame, out) }
        }
        return;
    }
    let group = Group::of(opened);
    // Once an entry, however many calls its messages take.
    let first = opened.frames.iter().any(|frame| frame.element && frame.index == 0);
    if first && group.at.is_none() {
        let at = opened.at(Locator::json("", 0, 0));
        out.warn(at, "chat.group", "What the export says about the group is missing or cannot be read.");
    }
    for frame in opened.frames {
        if frame.element {
            message(opened, frame, &group, out);
        } else {
            unread_member(opened, frame, FORMAT, out);
        }
    }
}

/// What the messages' folder says about them.
struct Group {
    /// The folder's name: `DM <id>` or `Space <id>`.
    id: String,
    name: Option<String>,
    /// Name and address of each member.
    members: Vec<(Option<String>, String)>,
    at: Option<Ref>,
}

impl Group {
    fn of(opened: &Opened<'_>) -> Self {
        let mut group = Group { id: folder(opened), name: None, members: Vec::new(), at: None };
        let Some(info) = opened.companions.iter().find(|c| c.entry.name() == "group_info.json") else { return group };
        let text = String::from_utf8_lossy(info.bytes);
        let Ok(object) = Object::parse(text.trim_start_matches('\u{feff}')) else { return group };
        group.name = object.text("name").map(Into::into);
        group.members = object
            .objects("members")
            .iter()
            .filter_map(|m| Some((m.text("name").map(Into::into), m.text("email")?.into_owned())))
            .collect();
        group.at = Some(Ref { entry: info.entry.id, locator: Locator::json("", 0, info.bytes.len() as u64) });
        group
    }
}

fn message(opened: &Opened<'_>, frame: &Frame<'_>, group: &Group, out: &mut Sink) {
    let at = place(opened, frame);
    let raw = text(frame, &at, out);
    let Ok(object) = Object::parse(&raw) else {
        return not_an_object(frame, at, out);
    };
    let mut record = Record::new(Family::Message, FORMAT);
    record.fields.reserve(raw.len());
    record.conversation = Some(group.id.clone());
    let mut sender = None;
    for (key, raw) in object.members() {
        let value = object.text(key);
        match (key, value) {
            ("created_date", Some(text)) => record.moments.insert(0, when::moment(MomentRole::Sent, &text)),
            ("updated_date", Some(text)) => record.moments.push(when::moment(MomentRole::Modified, &text)),
            ("text", Some(text)) => record.text = Some(text.into_owned()),
            ("creator", None) => {
                if let Some(creator) = object.object(key) {
                    sender = creator.text("email").map(|e| e.into_owned());
                    record.parties.push(party(PartyRole::Sender, &creator));
                }
                keep(&mut record.fields, key, raw);
            }
            ("attached_files", None) => {
                record.attachments = object.objects(key).iter().map(|file| attachment(file, opened)).collect();
                keep(&mut record.fields, key, raw);
            }
            (
                "deleted_date"
                | "annotations"
                | "topic_id"
                | "message_id"
                | "message_state"
                | "deletion_metadata"
                | "previous_message_versions"
                | "quoted_message_metadata"
                | "reactions"
                | "creator"
                | "attached_files"
                | "created_date"
                | "updated_date"
                | "text",
                _,
            ) => {
                keep(&mut record.fields, key, raw);
            }
            _ => {
                out.drift(FORMAT, key);
                keep(&mut record.fields, key, raw);
            }
        }
    }
    record.fields.opt_text("group_name", group.name.as_deref());
    if let (2, Some(sender)) = (group.members.len(), &sender) {
        for (name, email) in group.members.iter().filter(|(_, email)| email != sender) {
            record.parties.push(Party::with(PartyRole::To, name.clone(), IdentifierKind::Email, email.clone()));
        }
    }
    if record.moments.first().is_none_or(|m| m.instant.is_none()) {
        out.warn(at.clone(), "time.missing", "The message's time is missing or no instant follows from it.");
    }
    out.record_from(at, group.at.clone(), record);
}

fn party(role: PartyRole, person: &Object<'_>) -> Party {
    let name = person.text("name").map(|n| n.into_owned());
    match person.text("email") {
        Some(email) => Party::with(role, name, IdentifierKind::Email, email),
        None => Party { role, name, identifiers: Vec::new() },
    }
}

fn attachment(file: &Object<'_>, opened: &Opened<'_>) -> Attachment {
    let export = file.text("export_name");
    let found = export.as_deref().and_then(|name| opened.companions.iter().find(|c| c.entry.name() == name));
    Attachment {
        name: file.text("original_name").or_else(|| export.clone()).map(Into::into),
        mime: found.and_then(|c| crate::formats::exif::media_type(c.bytes)).map(Into::into),
        size: found.map(|c| c.entry.size),
        sha256: None,
        at: found.map(|c| Ref { entry: c.entry.id, locator: Locator::whole(c.entry.size) }),
    }
}

fn group(opened: &Opened<'_>, frame: &Frame<'_>, out: &mut Sink) {
    let at = opened.at(Locator::json("", frame.offset, frame.bytes.len() as u64));
    let raw = text(frame, &at, out);
    let Ok(object) = Object::parse(raw.trim_start_matches('\u{feff}')) else {
        return not_an_object(frame, at, out);
    };
    if !opened.claim.present.as_slice().is_empty() && is_with_each_message(&object) {
        return;
    }
    let mut record = Record::new(Family::Activity, GROUPS);
    record.conversation = Some(folder(opened));
    record.title = object.text("name").map(Into::into);
    record.parties = object.objects("members").iter().map(|member| party(PartyRole::Participant, member)).collect();
    for (key, raw) in object.members() {
        if !matches!(key, "name" | "members") {
            out.drift(GROUPS, key);
        }
        keep(&mut record.fields, key, raw);
    }
    out.record(at, record);
}

/// Returns the claim on what is said of a group, with the messages beside it.
pub(super) fn group_claim(tree: &Tree<'_>, entry: &TreeEntry) -> Claim {
    let mut claim = Claim::of(GROUPS, entry.id, Framing::Whole);
    let beside = tree.at(&format!("{}/messages.json", entry.dir()));
    let links = beside.iter().map(|e| Link { name: e.name().to_owned(), entry: e.id, size: e.size });
    claim.present = Arc::new(links.collect());
    claim
}

/// Says whether all that is said of a group stands in its messages: a name, and people by name and address.
fn is_with_each_message(group: &Object<'_>) -> bool {
    let is_person = |person: &Object<'_>| {
        let known = |key: &str| match key {
            "name" | "email" => person.text(key).is_some(),
            "user_type" => person.text(key).as_deref() == Some("Human"),
            _ => false,
        };
        person.text("email").is_some() && person.members().all(|(key, _)| known(key))
    };
    group.members().all(|(key, _)| match key {
        "name" => group.text(key).is_some(),
        "members" => {
            let people = group.objects(key);
            group.array(key).is_some_and(|all| all.len() == people.len()) && people.iter().all(is_person)
        }
        _ => false,
    })
}

/// Returns the name of the folder that a group's files lie in.
fn folder(opened: &Opened<'_>) -> String {
    let dir = opened.entry.dir();
    dir.rsplit('/').next().unwrap_or(dir).to_owned()
}

fn user(opened: &Opened<'_>, frame: &Frame<'_>, out: &mut Sink) {
    let at = opened.at(Locator::json("", frame.offset, frame.bytes.len() as u64));
    let raw = text(frame, &at, out);
    let Ok(object) = Object::parse(raw.trim_start_matches('\u{feff}')) else {
        return not_an_object(frame, at, out);
    };
    let mut record = Record::new(Family::Account, FORMAT);
    if let Some(user) = object.object("user") {
        record.account = user.text("email").map(Into::into);
        record.title = user.text("name").map(Into::into);
        record.parties.push(party(PartyRole::Owner, &user));
    }
    for (key, raw) in object.members() {
        if !matches!(key, "user" | "membership_info") {
            out.drift(FORMAT, key);
        }
        keep(&mut record.fields, key, raw);
    }
    out.record(at, record);
}
