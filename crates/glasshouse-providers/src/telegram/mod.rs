#![doc = include_str!("README.md")]

mod lists;
mod message;
mod survey;

use crate::{Frame, Opened, Provider, Sink, Survey, Tree, TreeEntry};
use glasshouse_model::{Claim, Family, Format, Framing, Link, Links, Locator, Manifest, Ref, Tier};
use memchr::memmem;
use std::sync::Arc;
use survey::{Chat, Known, Look};

/// Telegram.
pub struct Telegram;

const FORMAT: &str = "export";
const FRAMING: Framing = Framing::JsonPaths(&[
    "/messages/*",
    "/chats/list/*/messages/*",
    "/left_chats/list/*/messages/*",
    "/contacts/list/*",
    "/frequent_contacts/list/*",
    "/sessions/list/*",
    "/web_sessions/list/*",
    "/profile_pictures/*",
    "/stories/*",
]);

static MANIFEST: Manifest = Manifest {
    id: "telegram",
    title: "Telegram",
    formats: &[Format {
        id: FORMAT,
        title: "Export of Telegram Desktop as JSON (`result.json`), of an account or of one chat",
        families: &[
            Family::Message,
            Family::Call,
            Family::Reaction,
            Family::Account,
            Family::Contact,
            Family::Login,
            Family::Post,
            Family::Media,
            Family::Setting,
        ],
        tier: Tier::Documented,
        version: 2,
    }],
    general: false,
    not_covered: &[
        "The same export as HTML pages.",
        "Databases of the apps, and what is returned under legal process.",
    ],
    references: &[
        "https://github.com/telegramdesktop/tdesktop/blob/dev/Telegram/SourceFiles/export/output/export_output_json.cpp",
        "https://core.telegram.org/import-export",
    ],
};

impl Provider for Telegram {
    fn manifest(&self) -> &'static Manifest {
        &MANIFEST
    }

    fn recognise(&self, tree: &Tree<'_>) -> Vec<Claim> {
        let json = tree.entries().iter().filter(|e| e.size > 0 && e.extension() == "json");
        json.filter(|entry| is_ours(&tree.head(entry.id)))
            .map(|entry| {
                let mut claim = Claim::of(FORMAT, entry.id, FRAMING);
                claim.links = Arc::new(files(tree, entry));
                claim
            })
            .collect()
    }

    fn parse(&self, opened: &Opened<'_>, out: &mut Sink) {
        let known = Known::read(opened.survey);
        let owner = known.owner();
        // Frames of one chat follow each other.
        let mut current: (&str, Chat) = ("-", Chat::default());
        for frame in opened.frames {
            let pointer = match frame.element {
                true => format!("{}/{}", frame.name, frame.index),
                false => frame.name.to_owned(),
            };
            let at = opened.at(Locator::json(pointer, frame.offset, frame.bytes.len() as u64));
            match (frame.element, frame.name.strip_suffix("/messages")) {
                (true, Some(of)) => {
                    if current.0 != of {
                        current = (of, known.chat(of));
                    }
                    message::read(opened, frame, &current.1, owner.as_ref(), at, out);
                }
                (true, None) => lists::element(opened, frame, owner.as_ref(), at, out),
                (false, _) => member(frame, &known, at, out),
            }
        }
    }

    fn survey(&self, claim: &Claim) -> Option<Box<dyn Survey>> {
        Some(Box::new(Look::new(claim)))
    }
}

/// Reads a value beside the lists.
fn member(frame: &Frame<'_>, known: &Known<'_>, at: Ref, out: &mut Sink) {
    let key = frame.name.rsplit('/').next().unwrap_or_default();
    let of_chat = frame.name.starts_with("/chats/list/") || frame.name.starts_with("/left_chats/list/");
    // Each form of export has one of these, once: the place to tell what it lacks.
    if matches!(frame.name, "/about" | "/type") {
        for (what, words) in [
            ("missing", "files that the export names are not in it"),
            ("skipped", "files were left out of the export by its settings or could not be fetched"),
        ] {
            if let Some((count, first)) = known.files(what).filter(|(count, _)| *count > 0) {
                out.warn(at.clone(), "export.incomplete", format!("{count} {words}; the first is {first}."));
            }
        }
    }
    let is_text = matches!(frame.bytes.first(), Some(b'"' | b'n'));
    let is_scalar = !matches!(frame.bytes.first(), Some(b'{' | b'['));
    match frame.name {
        "/personal_information" => lists::person(frame, at, out),
        "/other_data" => lists::other(frame, known.owner().as_ref(), at, out),
        _ if key == "about" && is_text => {}
        "/name" | "/type" | "/id" if is_scalar => {}
        _ if of_chat && matches!(key, "name" | "type" | "id") && is_scalar => {}
        _ => {
            out.drift(FORMAT, key);
            out.warn(at, "json.member", "A member of the document that is not known; it was not read.");
        }
    }
}

/// Says whether first bytes are those of an export of either kind.
fn is_ours(head: &[u8]) -> bool {
    const CHATS: [&str; 10] = [
        "personal_chat",
        "private_group",
        "private_supergroup",
        "public_supergroup",
        "private_channel",
        "public_channel",
        "saved_messages",
        "bot_chat",
        "replies",
        "verification_codes",
    ];
    let has = |needle: &[u8]| memmem::find(head, needle).is_some();
    let start = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
    let parts: [&[u8]; 6] = [
        b"\"personal_information\"",
        b"\"contacts\"",
        b"\"sessions\"",
        b"\"chats\"",
        b"\"profile_pictures\"",
        b"\"stories\"",
    ];
    let account = || has(b"Telegram") && has(b"\"about\"") && parts.iter().any(|part| has(part));
    let typed =
        |kind: &str| has(format!("\"type\": \"{kind}\"").as_bytes()) || has(format!("\"type\":\"{kind}\"").as_bytes());
    let chat = || has(b"\"messages\"") && CHATS.iter().any(|kind| typed(kind));
    start.starts_with(b"{") && (account() || chat())
}

/// Returns the files below the export's folder by the paths that messages name.
fn files(tree: &Tree<'_>, entry: &TreeEntry) -> Links {
    const FOLDERS: &[&str] = &[
        "chats",
        "photos",
        "video_files",
        "files",
        "voice_messages",
        "round_video_messages",
        "stickers",
        "contacts",
        "profile_pictures",
        "stories",
        "userpics",
        "animations",
        "audio_files",
    ];
    let dir = entry.dir();
    let skip = if dir.is_empty() { 0 } else { dir.len() + 1 };
    let below = tree.below(dir).iter().filter(|e| e.part == entry.part && e.id != entry.id);
    below
        .filter_map(|e| Some((e, e.path.get(skip..)?)))
        .filter(|(_, path)| {
            path.split_once('/').is_some_and(|(first, rest)| FOLDERS.contains(&first) && !rest.is_empty())
        })
        .map(|(e, path)| Link { name: path.to_owned(), entry: e.id, size: e.size })
        .collect()
}
