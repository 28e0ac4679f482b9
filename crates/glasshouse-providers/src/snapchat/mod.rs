#![doc = include_str!("README.md")]

mod account;
mod chat;
mod lists;

use crate::formats::element::not_an_object;
use crate::formats::json::Object;
use crate::{Frame, Opened, Provider, Sink, Tree, TreeEntry};
use glasshouse_model::{Claim, Family, Format, Framing, Link, Links, Locator, Manifest, Tier};
use memchr::memmem;
use std::sync::Arc;

/// Snapchat.
pub struct Snapchat;

/// Lists under any key, which may be a name of a user or of a list.
const LISTS: Framing = Framing::JsonPaths(&["/*/*"]);

static MANIFEST: Manifest = Manifest {
    id: "snapchat",
    title: "Snapchat (My Data)",
    formats: &[
        format(chat::FORMAT, "Chats and snaps (`chat_history.json`, `snap_history.json`)", &[Family::Message]),
        format(
            account::FORMAT,
            "Account, devices and logins (`account.json`)",
            &[Family::Account, Family::Device, Family::Login, Family::Setting],
        ),
        Format {
            version: 3,
            ..format(
                lists::FORMAT,
                "Friends, locations, memories, calls, searches, changes of the account",
                &[
                    Family::Contact,
                    Family::Location,
                    Family::Visit,
                    Family::Media,
                    Family::Call,
                    Family::Search,
                    Family::Activity,
                ],
            )
        },
        Format {
            id: lists::OTHER,
            title: "Other files of the export: purchases, stories, subscriptions, surveys, terms, Bitmoji, ranking",
            families: &[Family::Activity, Family::Purchase],
            tier: Tier::Unverified,
            version: 2,
        },
    ],
    general: false,
    not_covered: &[
        "The same export as HTML pages, and the tables of legal returns.",
        "What the members of other files of the export mean (stories, purchases, support, Bitmoji, advertising): they are kept as they are.",
        "Memories on Snapchat's servers: their addresses expire, and nothing is fetched.",
    ],
    references: &[
        "https://github.com/raleighlittles/Snapchat-Chats-And-Location-Analyzer",
        "https://help.snapchat.com/hc/en-us/articles/7012305371156",
        "https://github.com/abrignoni/RLEAPP",
    ],
};

const fn format(id: &'static str, title: &'static str, families: &'static [Family]) -> Format {
    Format { id, title, families, tier: Tier::Documented, version: 1 }
}

impl Provider for Snapchat {
    fn manifest(&self) -> &'static Manifest {
        &MANIFEST
    }

    fn recognise(&self, tree: &Tree<'_>) -> Vec<Claim> {
        let mut links: Option<Arc<Links>> = None;
        let mut claims = Vec::new();
        for entry in tree.entries().iter().filter(|e| e.size > 0 && e.extension() == "json") {
            let Some((format, framing)) = recognised(tree, entry) else { continue };
            let mut claim = Claim::of(format, entry.id, framing);
            if format != account::FORMAT {
                claim.links = links.get_or_insert_with(|| Arc::new(media(tree))).clone();
            }
            claims.push(claim);
        }
        claims
    }

    fn parse(&self, opened: &Opened<'_>, out: &mut Sink) {
        for frame in opened.frames {
            match opened.claim.format {
                chat::FORMAT => chat::read(opened, frame, out),
                account::FORMAT => account::read(opened, frame, out),
                _ => lists::read(opened, frame, out),
            }
        }
    }
}

/// Says what an entry is: the name says what to look for, the first bytes decide.
fn recognised(tree: &Tree<'_>, entry: &TreeEntry) -> Option<(&'static str, Framing)> {
    let name = entry.name();
    let known =
        matches!(name, "chat_history.json" | "snap_history.json" | "account.json") || lists::keys(name).is_some();
    if !known {
        // Their names are common words, so they count only beside what is certain.
        let beside = |name: &&str| {
            let path = if entry.dir().is_empty() { (*name).to_owned() } else { format!("{}/{name}", entry.dir()) };
            tree.at(&path).iter().find(|e| e.part == entry.part).is_some_and(|e| recognised(tree, e).is_some())
        };
        let ours =
            lists::is_other(name) && ["account.json", "friends.json", "chat_history.json"].iter().any(|n| beside(n));
        return ours.then_some((lists::OTHER, LISTS));
    }
    let head = tree.head(entry.id);
    let has = |needle: &str| memmem::find(&head, format!("\"{needle}\"").as_bytes()).is_some();
    match name {
        "chat_history.json" | "snap_history.json" => {
            (has("Media Type") && has("Created") || has("Received Saved Chat History")).then_some((chat::FORMAT, LISTS))
        }
        "account.json" => (has("Basic Information") && has("Username")).then_some((account::FORMAT, Framing::Whole)),
        _ => lists::keys(name)?.iter().any(|key| has(key)).then_some((lists::FORMAT, LISTS)),
    }
}

/// Returns media by what records call them: chats by the id behind the date, memories by the whole name.
fn media(tree: &Tree<'_>) -> Links {
    let of = |folder: &'static str| {
        tree.entries().iter().filter(move |e| e.dir().rsplit('/').next() == Some(folder) && !e.name().is_empty())
    };
    let chats = of("chat_media").filter_map(|e| {
        let (stem, _) = e.name().rsplit_once('.').unwrap_or((e.name(), ""));
        Some((stem.split_once('_')?.1.to_owned(), e))
    });
    chats.map(|(name, e)| Link { name, entry: e.id, size: e.size }).collect()
}

/// Returns the object of a frame with its place, or warns.
fn object<'a>(opened: &Opened<'_>, frame: &Frame<'_>, text: &'a str, out: &mut Sink) -> Option<Object<'a>> {
    match Object::parse(text) {
        Ok(object) => Some(object),
        Err(_) => {
            not_an_object(frame, at(opened, frame), out);
            None
        }
    }
}

/// Returns the place of a frame whose name is a pointer.
fn at(opened: &Opened<'_>, frame: &Frame<'_>) -> glasshouse_model::Ref {
    let pointer = if frame.element { format!("{}/{}", frame.name, frame.index) } else { frame.name.to_owned() };
    opened.at(Locator::json(pointer, frame.offset, frame.bytes.len() as u64))
}

/// Returns the key that a frame stands under, as written.
fn key(frame: &Frame<'_>) -> String {
    let first = frame.name.split('/').nth(1).unwrap_or_default();
    first.replace("~1", "/").replace("~0", "~")
}
