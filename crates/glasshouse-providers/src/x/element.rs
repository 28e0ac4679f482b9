//! What all files of an archive have in common: an element is an object, mostly wrapped in one that names its kind.

use crate::formats::element::{keep, not_an_object, place, text};
use crate::formats::json::{Object, as_text};
use crate::{Frame, Opened, Sink};
use glasshouse_model::{Fields, IdentifierKind, Locator, Party, PartyRole, Ref};
use std::borrow::Cow;

/// Members that hold times, in the layouts of all files that are read by no code of their own.
pub(super) const TIMES: &[&str] = &["createdAt", "created_at", "timeStamp", "updatedAt", "changedAt", "approvedAt"];

/// Calls `read` with each frame's place, text, kind and object.
pub(super) fn each(
    opened: &Opened<'_>,
    out: &mut Sink,
    mut read: impl FnMut(&Ref, &str, &str, &Object<'_>, &mut Sink),
) {
    // A bare element is of the kind that the script's name says.
    let script = match super::names::Script::of(opened.head) {
        Some(super::names::Script::Data(name)) => name,
        _ => String::new(),
    };
    for frame in opened.frames {
        let at = place(opened, frame);
        let text = text(frame, &at, out);
        let Ok(object) = Object::parse(&text) else {
            not_an_object(frame, at, out);
            continue;
        };
        let (kind, inner) = unwrap(&object);
        match inner {
            Some(inner) => read(&at, &text, kind, &inner, out),
            None => read(&at, &text, &script, &object, out),
        }
    }
}

/// Returns the kind and the object within `{"kind": {…}}`; archives before 2019 have the object bare.
pub(super) fn unwrap<'a, 'o>(object: &'o Object<'a>) -> (&'o str, Option<Object<'a>>) {
    let mut members = object.members();
    match (members.next(), members.next()) {
        (Some((kind, value)), None) => (kind, Object::parse(value.get()).ok()),
        _ => ("", None),
    }
}

/// Returns the place of `inner`, which is a part of a frame's `text`, at `pointer` below the frame's own.
pub(super) fn within(frame: &Ref, text: &str, inner: &str, pointer: &str) -> Ref {
    let start = (inner.as_ptr() as usize).checked_sub(text.as_ptr() as usize);
    let length = inner.len() as u64;
    // Where bytes had to be replaced, places shift: then the whole frame is named.
    let start = start.filter(|start| start + inner.len() <= text.len() && text.len() as u64 == frame.locator.length);
    let (start, length) = start.map_or((0, frame.locator.length), |start| (start as u64, length));
    Ref {
        entry: frame.entry,
        locator: Locator::json(format!("{}{pointer}", frame.locator.detail), frame.locator.start + start, length),
    }
}

/// Adds a member, numbers as text: archives since 2018 write them so, older ones do not.
pub(super) fn keep_text(fields: &mut Fields, key: &str, raw: &str) {
    if raw.starts_with(|c: char| c == '-' || c.is_ascii_digit()) {
        fields.text(key, raw);
    } else {
        keep(fields, key, raw);
    }
}

/// Returns a member that is a text or a number as text.
pub(super) fn string<'a>(object: &Object<'a>, key: &str) -> Option<Cow<'a, str>> {
    let raw = object.raw(key)?;
    as_text(raw).or_else(|| raw.starts_with(|c: char| c == '-' || c.is_ascii_digit()).then_some(Cow::Borrowed(raw)))
}

/// Whose archive it is.
#[derive(Debug, Default)]
pub(super) struct Owner {
    pub id: Option<String>,
    pub user: Option<String>,
    pub name: Option<String>,
}

impl Owner {
    /// Reads it from the entries beside the claim's.
    pub(super) fn of(opened: &Opened<'_>) -> Self {
        opened.companions.iter().find_map(|beside| Self::read(beside.bytes)).unwrap_or_default()
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(assigned(bytes)).ok()?;
        let own = |object: &Object<'_>, id: &str, user: &str, name: &str| {
            let owned = |key: &str| string(object, key).map(Cow::into_owned);
            let owner = Owner { id: owned(id), user: owned(user), name: owned(name) };
            (owner.id.is_some() || owner.user.is_some()).then_some(owner)
        };
        if let Ok(list) = serde_json::from_str::<Vec<&serde_json::value::RawValue>>(text) {
            let account = Object::parse(list.first()?.get()).ok()?;
            let (_, inner) = unwrap(&account);
            return own(inner.as_ref().unwrap_or(&account), "accountId", "username", "accountDisplayName");
        }
        let object = Object::parse(text).ok()?;
        match object.object("userInfo") {
            Some(info) => own(&info, "accountId", "userName", "displayName"),
            None => own(&object, "id", "screen_name", "full_name"),
        }
    }

    /// Returns the owner as a party.
    pub(super) fn party(&self, role: PartyRole) -> Option<Party> {
        let ids = [&self.id, &self.user].into_iter().flatten();
        let identifiers: Vec<_> = ids.map(|id| account(id.clone())).collect();
        (!identifiers.is_empty()).then(|| Party { role, name: self.name.clone(), identifiers })
    }

    /// Returns what the account is called in records.
    pub(super) fn account(&self) -> Option<String> {
        self.user.clone().or_else(|| self.id.clone())
    }
}

/// Returns an identifier of an account.
pub(super) fn account(id: impl Into<String>) -> glasshouse_model::Identifier {
    glasshouse_model::Identifier { kind: IdentifierKind::Account, value: id.into() }
}

/// Returns the JSON behind `name =` and before a semicolon.
pub(super) fn assigned(bytes: &[u8]) -> &[u8] {
    let head = bytes.get(..200.min(bytes.len())).unwrap_or_default();
    let start = memchr::memchr(b'=', head).map_or(0, |at| at + 1);
    let json = bytes.get(start..).unwrap_or_default().trim_ascii();
    json.strip_suffix(b";").unwrap_or(json).trim_ascii_end()
}

/// Returns whether a frame begins the entry's elements: what is said once a file is said with it.
pub(super) fn first(frames: &[Frame<'_>]) -> bool {
    frames.iter().any(|frame| frame.element && frame.index == 0)
}
