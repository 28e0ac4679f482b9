#![doc = include_str!("README.md")]

mod attachment;
mod chat;
mod order;
mod report;
mod words;

use crate::formats::stamp::{self, is_mark};
use crate::{Opened, Provider, Sink, Survey, Tree, TreeEntry};
use glasshouse_model::{Claim, EntryId, Family, Format, Link, Links, Manifest, Tier};
use memchr::memmem;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// WhatsApp.
pub struct WhatsApp;

static MANIFEST: Manifest = Manifest {
    id: "whatsapp",
    title: "WhatsApp",
    formats: &[
        Format {
            id: chat::FORMAT,
            title: "Chat exported by a phone (`_chat.txt`, `WhatsApp Chat with NAME.txt`)",
            families: &[Family::Message],
            tier: Tier::Documented,
            version: 1,
        },
        Format {
            id: chat::SYSTEM,
            title: "What WhatsApp itself wrote into an exported chat",
            families: &[Family::Message],
            tier: Tier::Documented,
            version: 1,
        },
        Format {
            id: report::FORMAT,
            title: "Account report (`Request account info`), by its shape",
            families: &[
                Family::Account,
                Family::Contact,
                Family::Activity,
                Family::Setting,
                Family::Login,
                Family::Device,
            ],
            tier: Tier::Unverified,
            version: 1,
        },
    ],
    general: false,
    not_covered: &[
        "Dates with the name of a month or an era, and calendars other than the Gregorian and the Buddhist.",
        "Of the account report (`Request account info`) a page without the JSON that comes with it; the picture in it.",
        "Backups and databases of a phone (`msgstore.db`), and what is returned under legal process.",
    ],
    references: &[
        "https://github.com/Pustur/whatsapp-chat-parser",
        "https://github.com/rodrigogs/whats-reader",
        "https://github.com/lucasrodes/whatstk",
        "https://github.com/joweich/chat-miner",
        "https://github.com/linuswillner/whatsapp-export-inconsistencies",
        "https://github.com/starkdmi/whats_json",
        "https://github.com/abrignoni/RLEAPP",
        "https://faq.whatsapp.com/general/account-and-profile/how-to-request-your-account-information",
    ],
};

impl Provider for WhatsApp {
    fn manifest(&self) -> &'static Manifest {
        &MANIFEST
    }

    fn recognise(&self, tree: &Tree<'_>) -> Vec<Claim> {
        let chats: Vec<&TreeEntry> = tree.entries().iter().filter(|entry| is_chat(tree, entry)).collect();
        // The media of a chat lie beside it, in the same archive.
        let mut media: BTreeMap<(u32, &str), Vec<Link>> = BTreeMap::new();
        media.extend(chats.iter().map(|chat| ((chat.part, chat.dir()), Vec::new())));
        let ids: BTreeSet<EntryId> = chats.iter().map(|chat| chat.id).collect();
        let beside = tree.entries().iter().filter(|e| !ids.is_empty() && !ids.contains(&e.id) && !e.name().is_empty());
        for entry in beside {
            if let Some(links) = media.get_mut(&(entry.part, entry.dir())) {
                links.push(Link { name: entry.name().to_owned(), entry: entry.id, size: entry.size });
            }
        }
        let media: BTreeMap<_, Arc<Links>> =
            media.into_iter().map(|(place, links)| (place, Arc::new(links.into_iter().collect()))).collect();
        let chats = chats.into_iter().map(|entry| {
            let mut claim = Claim::of(chat::FORMAT, entry.id, chat::FRAMING);
            claim.links = media.get(&(entry.part, entry.dir())).cloned().unwrap_or_default();
            claim
        });
        chats.chain(report::recognise(tree)).collect()
    }

    fn parse(&self, opened: &Opened<'_>, out: &mut Sink) {
        match opened.claim.format {
            report::FORMAT => report::parse(opened, out),
            _ => chat::parse(opened, out),
        }
    }

    fn survey(&self, claim: &Claim) -> Option<Box<dyn Survey>> {
        (claim.format != report::FORMAT).then(|| Box::new(order::Look::new(claim)) as Box<dyn Survey>)
    }
}

/// Says whether an entry is a chat: by its name and one message, or by messages that only WhatsApp writes.
fn is_chat(tree: &Tree<'_>, entry: &TreeEntry) -> bool {
    if entry.extension() != "txt" || entry.size == 0 {
        return false;
    }
    let head = tree.head(entry.id);
    let stamps = head.split_inclusive(|b| *b == b'\n').filter(|line| stamp::scan(line).is_some()).count();
    let name = entry.name().to_lowercase();
    stamps > 0 && (name == "_chat.txt" || name.contains("whatsapp") || (stamps > 1 && is_telling(&head)))
}

/// Says whether first bytes hold what other logs do not: a notice of WhatsApp, or a file by its own kind of name.
fn is_telling(head: &[u8]) -> bool {
    let text = String::from_utf8_lossy(head);
    let numbered = || memmem::find_iter(head, b"-WA").any(|at| head.get(at + 3..at + 7).is_some_and(all_digits));
    let tagged = || {
        let marked = |at: usize| text.get(..at).is_some_and(|before| before.ends_with(is_mark));
        text.match_indices('<').any(|(at, _)| marked(at))
    };
    let notice = || {
        text.lines().any(|line| {
            let stamp = stamp::scan(line.as_bytes());
            stamp.and_then(|s| line.get(s.body..)).is_some_and(|rest| {
                words::is_encryption_notice(rest) || chat::split(rest).1.trim() == "<Media omitted>"
            })
        })
    };
    numbered() || tagged() || notice()
}

fn all_digits(bytes: &[u8]) -> bool {
    bytes.iter().all(u8::is_ascii_digit)
}
