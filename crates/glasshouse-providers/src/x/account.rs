//! What an archive says about the account: itself, its profile, logins, devices, connections; and every other file.

use super::element::{Owner, TIMES, account, each, keep_text, string};
use super::messages::{GROK, grok};
use super::tweets::{base_name, of_id, own, url};
use super::when;
use crate::formats::element::{keep, not_an_object, text};
use crate::formats::json::{Object, as_text};
use crate::{Opened, Sink};
use glasshouse_model::{
    Attachment, Family, Fields, Framing, Identifier, IdentifierKind, Locator, MomentRole, Party, PartyRole, Record, Ref,
};

pub(super) const FORMAT: &str = "account";
pub(super) const LOGINS: &str = "logins";
pub(super) const CONNECTIONS: &str = "connections";
pub(super) const DEVICES: &str = "devices";
pub(super) const SEARCHES: &str = "searches";
pub(super) const OTHER: &str = "other";

/// Reads every file that is neither tweets nor messages nor ads.
pub(super) fn parse(opened: &Opened<'_>, out: &mut Sink) {
    if opened.claim.format == GROK {
        return grok(opened, out);
    }
    if opened.claim.framing == Framing::Whole {
        return user_details(opened, out);
    }
    let owner = Owner::of(opened);
    each(opened, out, |at, _, kind, object, out| match opened.claim.format {
        FORMAT => about(opened, at, kind, object, &owner, out),
        LOGINS => plain(Shape::LOGIN, at, kind, object, &owner, out),
        CONNECTIONS => connection(at, kind, object, &owner, out),
        DEVICES => device(at, kind, object, &owner, out),
        SEARCHES => search(at, kind, object, &owner, out),
        _ => other(at, kind, object, &owner, out),
    });
}

/// What a plain list's records are like.
struct Shape {
    family: Family,
    format: &'static str,
    role: PartyRole,
    /// Member and the role of the time that it holds, the first being what records are sorted by.
    times: &'static [(&'static str, MomentRole)],
    /// Members that are kept; others are counted as well.
    known: &'static [&'static str],
}

impl Shape {
    const LOGIN: Shape = Shape {
        family: Family::Login,
        format: LOGINS,
        role: PartyRole::Owner,
        times: &[("createdAt", MomentRole::Observed)],
        known: &["accountId", "loginIp", "loginPortNumber"],
    };
    const DEVICE: Shape = Shape {
        family: Family::Device,
        format: DEVICES,
        role: PartyRole::Owner,
        times: &[
            ("createdAt", MomentRole::Created),
            ("createdDate", MomentRole::Created),
            ("lastSeenAt", MomentRole::Observed),
            ("updatedDate", MomentRole::Modified),
        ],
        known: &[
            "clientApplicationId",
            "token",
            "clientApplicationName",
            "deviceVersion",
            "deviceType",
            "carrier",
            "phoneNumber",
            "userId",
            "registeredDevices",
            "udid",
        ],
    };
    const APP: Shape = Shape {
        family: Family::App,
        times: &[("approvedAt", MomentRole::Created)],
        known: &["organization", "name", "description", "permissions", "id", "appId", "appNames"],
        ..Shape::DEVICE
    };
}

/// Reads an object of plain members.
fn record(shape: &Shape, kind: &str, object: &Object<'_>, owner: &Owner, out: &mut Sink) -> Record {
    let mut record = own(shape.family, shape.format, owner, shape.role);
    record.fields.text("kind", kind);
    for (name, role) in shape.times {
        record.moments.extend(object.text(name).map(|text| when::moment(*role, &text)));
    }
    for (key, raw) in object.members() {
        if shape.times.iter().any(|(name, _)| *name == key) && as_text(raw.get()).is_some() {
            continue;
        }
        if !shape.known.contains(&key) {
            out.drift(shape.format, key);
        }
        keep_text(&mut record.fields, key, raw.get());
    }
    record
}

fn plain(shape: Shape, at: &Ref, kind: &str, object: &Object<'_>, owner: &Owner, out: &mut Sink) {
    let record = record(&shape, kind, object, owner, out);
    if record.moments.iter().all(|m| m.instant.is_none()) && shape.family == Family::Login {
        out.warn(at.clone(), "time.missing", "The login's time is missing or no instant follows from it.");
    }
    out.record(at.clone(), record);
}

fn device(at: &Ref, kind: &str, object: &Object<'_>, owner: &Owner, out: &mut Sink) {
    // `niDeviceResponse` wraps once more: a device that gets notices, or a number that gets texts.
    let wrapped = ["pushDevice", "messagingDevice"].iter().find_map(|name| Some((*name, object.object(name)?)));
    let (kind, object) = wrapped.as_ref().map_or((kind, object), |(name, inner)| (name, inner));
    let shape = if matches!(kind, "connectedApplication" | "app") { Shape::APP } else { Shape::DEVICE };
    let mut record = record(&shape, kind, object, owner, out);
    record.title = object.text("name").or_else(|| object.text("clientApplicationName")).map(Into::into);
    if shape.family == Family::App {
        record.text = object.text("description").map(Into::into);
    }
    if let (Some(number), Some(party)) = (object.text("phoneNumber"), record.parties.first_mut()) {
        party.identifiers.push(Identifier { kind: IdentifierKind::Phone, value: number.into() });
    }
    out.record(at.clone(), record);
}

fn connection(at: &Ref, kind: &str, object: &Object<'_>, owner: &Owner, out: &mut Sink) {
    let mut record = Record::new(Family::Contact, CONNECTIONS);
    record.account = owner.account();
    record.fields.text("kind", kind);
    let mut identifiers = Vec::new();
    for (key, raw) in object.members() {
        let raw = raw.get();
        let id = |kind| move |value: String| Identifier { kind, value };
        match (key, as_text(raw)) {
            ("accountId", Some(id)) => identifiers.push(account(id)),
            ("userLink", Some(link)) => identifiers.push(url(link)),
            ("emails", None) => identifiers.extend(object.texts(key).into_iter().map(id(IdentifierKind::Email))),
            ("phoneNumbers", None) => identifiers.extend(object.texts(key).into_iter().map(id(IdentifierKind::Phone))),
            (key, _) if !matches!(key, "id" | "accountId" | "userLink" | "emails" | "phoneNumbers") => {
                out.drift(CONNECTIONS, key);
            }
            _ => {}
        }
        keep_text(&mut record.fields, key, raw);
    }
    if !identifiers.is_empty() {
        record.parties.push(Party { role: PartyRole::Subject, name: None, identifiers });
    }
    out.record(at.clone(), record);
}

fn search(at: &Ref, kind: &str, object: &Object<'_>, owner: &Owner, out: &mut Sink) {
    let shape = Shape {
        family: Family::Search,
        format: SEARCHES,
        role: PartyRole::Owner,
        times: &[],
        known: &["savedSearchId", "query"],
    };
    let mut record = record(&shape, kind, object, owner, out);
    record.text = object.text("query").map(Into::into);
    out.record(at.clone(), record);
}

/// Reads what stands once in an archive, under the name of its kind; members of members are looked at for times.
fn about(opened: &Opened<'_>, at: &Ref, kind: &str, object: &Object<'_>, owner: &Owner, out: &mut Sink) {
    let family = if kind == "p13nData" || kind == "protectedHistory" { Family::Setting } else { Family::Account };
    let mut record = own(family, FORMAT, owner, PartyRole::Owner);
    record.fields.text("kind", kind);
    let mut inner = Vec::new();
    for (key, raw) in object.members() {
        keep_text(&mut record.fields, key, raw.get());
        inner.extend(Object::parse(raw.get()).ok());
    }
    for object in std::iter::once(object).chain(&inner) {
        for key in TIMES {
            record.moments.extend(object.text(key).map(|text| when::moment(MomentRole::Created, &text)));
        }
    }
    match kind {
        "account" => {
            record.title = object.text("accountDisplayName").map(Into::into);
            if let (Some(email), Some(party)) = (object.text("email"), record.parties.first_mut()) {
                party.identifiers.push(Identifier { kind: IdentifierKind::Email, value: email.into() });
            }
        }
        "profile" => {
            let bio = object.object("description").and_then(|d| d.text("bio").map(|bio| bio.into_owned()));
            record.text = bio.filter(|bio| !bio.is_empty());
            let ours = owner.id.as_deref().map(|id| of_id(&opened.claim.links, id)).unwrap_or_default();
            let urls = ["avatarMediaUrl", "headerMediaUrl"].iter().filter_map(|key| object.text(key));
            for url in urls {
                let Some(name) = base_name(&url) else { continue };
                let held = ours.iter().find(|held| held.name.as_deref().is_some_and(|own| own.ends_with(name)));
                let missing = || Attachment { name: Some(name.to_owned()), ..Attachment::default() };
                record.attachments.push(held.cloned().unwrap_or_else(missing));
            }
        }
        "device" => {
            if let (Some(number), Some(party)) = (object.text("phoneNumber"), record.parties.first_mut()) {
                party.identifiers.push(Identifier { kind: IdentifierKind::Phone, value: number.into() });
            }
        }
        _ => {}
    }
    out.record(at.clone(), record);
}

/// Keeps an element of any other file whole, under the name of its kind, with the times that its members state.
fn other(at: &Ref, kind: &str, object: &Object<'_>, owner: &Owner, out: &mut Sink) {
    let mut record = own(Family::Activity, OTHER, owner, PartyRole::Owner);
    record.fields.text("kind", kind);
    for key in TIMES {
        let time = object.text(key).map(|text| when::moment(MomentRole::Created, &text));
        record.moments.extend(time.filter(|time| time.instant.is_some()));
    }
    // One name may be of several types from file to file, so the members stay together.
    let mut members = Fields::new();
    for (key, raw) in object.members() {
        keep(&mut members, key, raw.get());
    }
    keep(&mut record.fields, "element", &members.to_json());
    out.record(at.clone(), record);
}

/// Reads who the account belongs to, in the layout before 2018.
fn user_details(opened: &Opened<'_>, out: &mut Sink) {
    for frame in opened.frames {
        let at = opened.at(Locator::json("", frame.offset, frame.bytes.len() as u64));
        let whole = text(frame, &at, out);
        let json = std::str::from_utf8(super::element::assigned(whole.as_bytes())).unwrap_or_default();
        let Ok(object) = Object::parse(json) else {
            not_an_object(frame, at, out);
            continue;
        };
        let mut record = Record::new(Family::Account, FORMAT);
        record.fields.text("kind", "user_details");
        record.account = object.text("screen_name").map(Into::into);
        record.title = object.text("full_name").map(Into::into);
        record.text = object.text("bio").filter(|bio| !bio.is_empty()).map(Into::into);
        record.moments.extend(object.text("created_at").map(|text| when::moment(MomentRole::Created, &text)));
        let ids: Vec<_> = string(&object, "id").into_iter().chain(object.text("screen_name")).map(account).collect();
        if !ids.is_empty() {
            record.parties.push(Party { role: PartyRole::Owner, name: record.title.clone(), identifiers: ids });
        }
        for (key, raw) in object.members() {
            if !matches!(
                key,
                "screen_name"
                    | "full_name"
                    | "bio"
                    | "id"
                    | "created_at"
                    | "location"
                    | "url"
                    | "expanded_url"
                    | "display_url"
            ) {
                out.drift(FORMAT, key);
            }
            keep_text(&mut record.fields, key, raw.get());
        }
        out.record(at, record);
    }
}
