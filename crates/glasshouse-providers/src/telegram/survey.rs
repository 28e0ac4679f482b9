//! What a first look through an export learns: whose it is, what its chats are, which files it lacks.

use super::message::paths;
use crate::formats::json::{Object, as_text};
use crate::{Frame, Survey};
use glasshouse_model::{Claim, Links};
use memchr::memmem;
use std::sync::Arc;

/// A chat, as its own members describe it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Chat {
    pub kind: String,
    pub id: String,
    pub name: String,
}

impl Chat {
    /// Returns the chat's id with the prefix that ids of its kind have everywhere else in the export.
    pub(super) fn conversation(&self) -> Option<String> {
        let prefix = match self.kind.as_str() {
            "personal_chat" | "bot_chat" | "saved_messages" | "replies" | "verification_codes" => "user",
            "private_group" => "chat",
            "" => "",
            _ => "channel",
        };
        (!self.id.is_empty()).then(|| format!("{prefix}{}", self.id))
    }
}

/// Who exported.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Owner {
    /// As `user123`.
    pub id: String,
    pub name: String,
}

/// What the look learnt.
pub(super) struct Known<'a> {
    lines: Vec<&'a str>,
}

impl<'a> Known<'a> {
    pub(super) fn read(survey: &'a [u8]) -> Self {
        Known { lines: std::str::from_utf8(survey).unwrap_or_default().lines().collect() }
    }

    /// Returns the chat whose JSON pointer this is.
    pub(super) fn chat(&self, pointer: &str) -> Chat {
        let found = self.line("chat", pointer);
        match found.as_deref() {
            Some([_, _, kind, id, name, ..]) => Chat { kind: kind.clone(), id: id.clone(), name: name.clone() },
            _ => Chat::default(),
        }
    }

    pub(super) fn owner(&self) -> Option<Owner> {
        match self.line("owner", "")?.as_slice() {
            [_, _, id, name, ..] => Some(Owner { id: id.clone(), name: name.clone() }),
            _ => None,
        }
    }

    /// Returns how many files are `missing` or `skipped`, and the first of them.
    pub(super) fn files(&self, what: &str) -> Option<(u64, String)> {
        match self.line("files", what)?.as_slice() {
            [_, _, count, first, ..] => Some((count.parse().ok()?, first.clone())),
            _ => None,
        }
    }

    fn line(&self, what: &str, which: &str) -> Option<Vec<String>> {
        let head = format!("[\"{what}\",{},", serde_json::to_string(which).ok()?);
        let at = self.lines.binary_search_by(|line| line.get(..head.len()).unwrap_or(line).cmp(&head)).ok()?;
        serde_json::from_str(self.lines.get(at)?).ok()
    }
}

/// The look itself.
pub(super) struct Look {
    links: Arc<Links>,
    owner: Option<Owner>,
    /// Pointer and chat, in the order met; members of one chat follow each other.
    chats: Vec<(String, Chat)>,
    bytes: usize,
    missing: (u64, String),
    skipped: (u64, String),
}

impl Look {
    /// Chats beyond this many bytes of names have none.
    const MOST_BYTES: usize = 32 << 20;

    pub(super) fn new(claim: &Claim) -> Self {
        let none = || (0, String::new());
        Look { links: claim.links.clone(), owner: None, chats: Vec::new(), bytes: 0, missing: none(), skipped: none() }
    }

    fn member(&mut self, pointer: &str, key: &str, value: String) {
        if self.chats.last().is_none_or(|(last, _)| last != pointer) {
            self.bytes += pointer.len() + 64;
            if self.bytes > Self::MOST_BYTES {
                return;
            }
            self.chats.push((pointer.to_owned(), Chat::default()));
        }
        self.bytes += value.len();
        let Some((_, chat)) = self.chats.last_mut().filter(|_| self.bytes <= Self::MOST_BYTES) else { return };
        match key {
            "name" => chat.name = value,
            "type" => chat.kind = value,
            _ => chat.id = value,
        }
    }

    fn files(&mut self, frame: &Frame<'_>) {
        let has = |needle: &[u8]| memmem::find(frame.bytes, needle).is_some();
        if !(has(b"\"photo\"") || has(b"\"file\"") || has(b"\"contact_vcard\"")) {
            return;
        }
        let text = String::from_utf8_lossy(frame.bytes);
        let Ok(object) = Object::parse(&text) else { return };
        for (_, path) in paths(&object) {
            let counter = match self.links.get(&path) {
                Some(_) => continue,
                None if path.contains('(') && path.ends_with(')') => &mut self.skipped,
                None => &mut self.missing,
            };
            if counter.0 == 0 {
                counter.1 = path.chars().take(200).collect();
            }
            counter.0 += 1;
        }
    }
}

impl Survey for Look {
    fn frame(&mut self, frame: &Frame<'_>) {
        if frame.element {
            if frame.name.ends_with("/messages") {
                self.files(frame);
            }
            return;
        }
        if frame.name == "/personal_information" {
            let text = String::from_utf8_lossy(frame.bytes);
            let Ok(object) = Object::parse(&text) else { return };
            let names = [object.text("first_name"), object.text("last_name")];
            let name =
                names.iter().flatten().filter(|n| !n.is_empty()).map(|n| n.as_ref()).collect::<Vec<_>>().join(" ");
            if let Some(id) = object.raw("user_id") {
                self.owner = Some(Owner { id: format!("user{}", id.trim_matches('"')), name });
            }
            return;
        }
        let Some((pointer, key)) = frame.name.rsplit_once('/') else { return };
        let of_chat =
            pointer.is_empty() || pointer.starts_with("/chats/list/") || pointer.starts_with("/left_chats/list/");
        if of_chat && matches!(key, "name" | "type" | "id") && frame.bytes.len() < 1 << 16 {
            let raw = String::from_utf8_lossy(frame.bytes);
            let value = match as_text(&raw) {
                Some(text) => text.into_owned(),
                None if raw == "null" => String::new(),
                None => raw.trim().to_owned(),
            };
            self.member(pointer, key, value);
        }
    }

    fn finish(self: Box<Self>) -> Vec<u8> {
        let line = |parts: &[&str]| serde_json::to_string(parts).unwrap_or_default();
        let mut lines: Vec<String> = Vec::with_capacity(self.chats.len() + 3);
        lines.extend(self.owner.iter().map(|o| line(&["owner", "", &o.id, &o.name])));
        for (what, (count, first)) in [("missing", &self.missing), ("skipped", &self.skipped)] {
            lines.push(line(&["files", what, &count.to_string(), first]));
        }
        lines.extend(self.chats.iter().map(|(pointer, c)| line(&["chat", pointer, &c.kind, &c.id, &c.name])));
        lines.sort_unstable();
        lines.join("\n").into_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use glasshouse_model::{EntryId, Framing};

    #[test]
    fn chats_are_found_by_their_pointers() {
        let mut look = Look::new(&Claim::of("export", EntryId(0), Framing::Whole));
        for i in 0..30 {
            let pointer = format!("/chats/list/{i}");
            for (key, value) in
                [("name", format!("\"line\\n{i}\"")), ("type", "\"private_group\"".into()), ("id", i.to_string())]
            {
                let name = format!("{pointer}/{key}");
                look.frame(&Frame {
                    name: &name,
                    element: false,
                    index: 0,
                    offset: 0,
                    bytes: value.as_bytes(),
                    truncated: false,
                });
            }
        }
        let survey = Box::new(look).finish();
        let known = Known::read(&survey);
        let chat = known.chat("/chats/list/3");
        assert_eq!((chat.name.as_str(), chat.conversation().as_deref()), ("line\n3", Some("chat3")));
        assert_eq!(known.chat("/chats/list/30"), Chat::default());
        assert_eq!(known.owner(), None);
        assert_eq!(known.files("missing").map(|f| f.0), Some(0));
    }
}
