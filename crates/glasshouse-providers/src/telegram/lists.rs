//! What an export holds beside its chats: the person, contacts, sessions, pictures and stories.

use super::FORMAT;
use super::message::{keep_all, moment, party};
use super::survey::Owner;
use crate::formats::element::{keep, not_an_object, text};
use crate::formats::json::Object;
use crate::{Frame, Opened, Sink};
use glasshouse_model::{Attachment, Family, Identifier, IdentifierKind, MomentRole, PartyRole, Record, Ref};
use std::borrow::Cow;

/// Reads an element of a list.
pub(super) fn element(opened: &Opened<'_>, frame: &Frame<'_>, owner: Option<&Owner>, at: Ref, out: &mut Sink) {
    let raw = text(frame, &at, out);
    let Ok(object) = Object::parse(&raw) else {
        return not_an_object(frame, at, out);
    };
    let mut record = match frame.name {
        "/contacts/list" => contact(&object),
        "/frequent_contacts/list" => frequent(&object),
        "/sessions/list" => session(&object, "session"),
        "/web_sessions/list" => session(&object, "web_session"),
        "/stories" => picture(opened, &object, Family::Post, "media"),
        _ => picture(opened, &object, Family::Media, "photo"),
    };
    record.account = owner.map(|o| o.id.clone());
    out.record(at, record);
}

/// Reads the person whose export it is.
pub(super) fn person(frame: &Frame<'_>, at: Ref, out: &mut Sink) {
    let raw = text(frame, &at, out);
    let Ok(object) = Object::parse(&raw) else {
        return not_an_object(frame, at, out);
    };
    let mut record = Record::new(Family::Account, FORMAT);
    let name = name(&object);
    let id = object.raw("user_id").map(|id| format!("user{}", id.trim_matches('"')));
    record.account = id.clone();
    record.title = name.clone();
    let mut owner = party(PartyRole::Owner, name, id);
    identify(&mut owner.identifiers, &object);
    record.parties.push(owner);
    record.text = object.text("bio").map(Cow::into_owned);
    keep_all(&mut record.fields, &object, if record.text.is_some() { &["bio"] } else { &[] });
    out.record(at, record);
}

/// Keeps a member that is no list: what Telegram calls other data.
pub(super) fn other(frame: &Frame<'_>, owner: Option<&Owner>, at: Ref, out: &mut Sink) {
    let raw = text(frame, &at, out);
    if frame.truncated {
        return out.warn(at, "json.truncated", "The member is cut off; it was not read.");
    }
    let mut record = Record::new(Family::Setting, FORMAT);
    record.account = owner.map(|o| o.id.clone());
    record.title = Some("other_data".to_owned());
    match Object::parse(&raw) {
        Ok(object) => keep_all(&mut record.fields, &object, &[]),
        Err(_) if serde_json::from_str::<&serde_json::value::RawValue>(&raw).is_ok() => {
            keep(&mut record.fields, "other_data", &raw);
        }
        Err(_) => return out.warn(at, "json.syntax", "The member is not valid JSON; it was not read."),
    }
    out.record(at, record);
}

fn name(object: &Object<'_>) -> Option<String> {
    let names = [object.text("first_name"), object.text("last_name")];
    let name = names.iter().flatten().filter(|n| !n.is_empty()).map(|n| n.as_ref()).collect::<Vec<_>>().join(" ");
    (!name.is_empty()).then_some(name)
}

fn identify(identifiers: &mut Vec<Identifier>, object: &Object<'_>) {
    for (key, kind) in [("phone_number", IdentifierKind::Phone), ("username", IdentifierKind::Account)] {
        if let Some(value) = object.text(key).filter(|v| !v.is_empty()) {
            identifiers.push(Identifier { kind, value: value.into_owned() });
        }
    }
}

fn contact(object: &Object<'_>) -> Record {
    let mut record = Record::new(Family::Contact, FORMAT);
    record.title = name(object);
    record.moments.extend(moment(object, "date", MomentRole::Created));
    let id = object.int("user_id").filter(|id| *id != 0).map(|id| format!("user{id}"));
    let mut subject = party(PartyRole::Subject, name(object), id);
    identify(&mut subject.identifiers, object);
    record.parties.push(subject);
    keep_all(&mut record.fields, object, &["date_unixtime"]);
    record
}

fn frequent(object: &Object<'_>) -> Record {
    let mut record = Record::new(Family::Contact, FORMAT);
    let name = object.text("name").map(Cow::into_owned);
    record.title = name.clone();
    let prefix = match object.text("type").as_deref() {
        Some("user") => "user",
        Some("private_group") => "chat",
        _ => "channel",
    };
    let id = object.raw("id").map(|id| format!("{prefix}{}", id.trim_matches('"')));
    record.parties.push(party(PartyRole::Subject, name, id));
    keep_all(&mut record.fields, object, &[]);
    record
}

fn session(object: &Object<'_>, kind: &str) -> Record {
    let mut record = Record::new(Family::Login, FORMAT);
    record.moments.extend(moment(object, "last_active", MomentRole::Observed));
    record.moments.extend(moment(object, "created", MomentRole::Created));
    let app = object.text("application_name").or_else(|| object.text("domain_name"));
    record.title = app.map(Cow::into_owned);
    record.fields.text("kind", kind);
    keep_all(&mut record.fields, object, &["last_active_unixtime", "created_unixtime"]);
    record
}

fn picture(opened: &Opened<'_>, object: &Object<'_>, family: Family, key: &str) -> Record {
    let mut record = Record::new(family, FORMAT);
    record.moments.extend(moment(object, "date", MomentRole::Created));
    record.moments.extend(moment(object, "expires", MomentRole::End));
    if let Some(path) = object.text(key).filter(|p| !p.is_empty()) {
        let link = opened.claim.links.get(&path);
        record.attachments.push(Attachment {
            name: path.rsplit('/').next().filter(|_| link.is_some() || !path.ends_with(')')).map(str::to_owned),
            size: link.map(|l| l.size),
            at: link.map(|l| l.whole()),
            ..Attachment::default()
        });
        if link.is_some() {
            record.title = path.rsplit('/').next().map(str::to_owned);
        }
    }
    record.text = object.text("caption").filter(|c| !c.is_empty()).map(Cow::into_owned);
    keep_all(&mut record.fields, object, &["date_unixtime", "expires_unixtime"]);
    record
}
