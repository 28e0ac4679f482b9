#![doc = include_str!("README.md")]

mod messages;
mod people;
mod shown;

use crate::{Opened, Provider, Sink, Tree, TreeEntry};
use glasshouse_model::{Claim, EntryId, Family, Format, Framing, Manifest, Tier};
use memchr::memmem;
use std::collections::{BTreeMap, BTreeSet};

/// Slack.
pub struct Slack;

const ARRAY: Framing = Framing::JsonArrays(&[""]);
/// What tells names of people and conversations, beside the folders of conversations.
const LISTS: [&str; 6] = ["users.json", "org_users.json", "channels.json", "groups.json", "dms.json", "mpims.json"];

static MANIFEST: Manifest = Manifest {
    id: "slack",
    title: "Slack export",
    formats: &[
        Format {
            version: 3,
            ..format(
                messages::FORMAT,
                "Messages of channels and conversations",
                &[Family::Message, Family::Reaction, Family::Call],
            )
        },
        Format {
            version: 2,
            ..format(
                people::FORMAT,
                "People, conversations, and what was done to integrations",
                &[Family::Contact, Family::Activity],
            )
        },
    ],
    general: false,
    not_covered: &[
        "Files and canvases: the export holds addresses, and nothing is fetched; the lists of canvases, of conversations about files and of what was said in huddles, whose members nobody describes.",
        "Exports as text (`TXT`), and logs of access, which are tables.",
    ],
    references: &[
        "https://github.com/hfaran/slack-export-viewer",
        "https://slack.com/help/articles/220556107-How-to-read-Slack-data-exports",
        "https://api.slack.com/events/message",
    ],
};

const fn format(id: &'static str, title: &'static str, families: &'static [Family]) -> Format {
    Format { id, title, families, tier: Tier::Documented, version: 1 }
}

impl Provider for Slack {
    fn manifest(&self) -> &'static Manifest {
        &MANIFEST
    }

    fn recognise(&self, tree: &Tree<'_>) -> Vec<Claim> {
        let mut claims = Vec::new();
        let mut days: Vec<&TreeEntry> = Vec::new();
        // Days of each export, by part and by the folder that holds the conversations' folders.
        let mut count: BTreeMap<(u32, &str), u64> = BTreeMap::new();
        for entry in tree.entries().iter().filter(|e| e.size > 0 && e.extension() == "json") {
            if is_day(entry.name()) && is_messages(&tree.head(entry.id)) {
                *count.entry((entry.part, root(entry))).or_default() += 1;
                days.push(entry);
            } else if matches!(entry.name(), "users.json" | "org_users.json" | "integration_logs.json")
                && people::is_ours(entry.name(), &tree.head(entry.id))
            {
                claims.push(Claim::of(people::FORMAT, entry.id, ARRAY));
            }
        }
        // Lists of conversations, and those of people that their first bytes do not show, lie beside the folders.
        let known: BTreeSet<EntryId> = claims.iter().map(|claim| claim.main).collect();
        let lists = tree.entries().iter().filter(|e| e.size > 0 && LISTS.contains(&e.name()) && !known.contains(&e.id));
        for entry in lists.filter(|e| count.contains_key(&(e.part, e.dir()))) {
            claims.push(Claim::of(people::FORMAT, entry.id, ARRAY));
        }
        for entry in days {
            let days = count.get(&(entry.part, root(entry))).copied().unwrap_or(1);
            let mut claim = Claim::of(messages::FORMAT, entry.id, ARRAY);
            claim.companions = companions(tree, entry, days);
            claim.shared_companions = true;
            claims.push(claim);
        }
        claims
    }

    fn parse(&self, opened: &Opened<'_>, out: &mut Sink) {
        match opened.claim.format {
            messages::FORMAT => messages::parse(opened, out),
            _ => people::parse(opened, out),
        }
    }
}

/// Says whether a name is a day: `2024-05-01.json`.
fn is_day(name: &str) -> bool {
    let shape = name.bytes().map(|b| if b.is_ascii_digit() { b'0' } else { b });
    shape.eq(b"0000-00-00.json".iter().copied())
}

fn is_messages(head: &[u8]) -> bool {
    let has = |needle: &[u8]| memmem::find(head, needle).is_some();
    let start = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
    start.starts_with(b"[") && has(b"\"ts\"") && has(b"\"type\"")
}

/// Returns the folder above a conversation's folder.
fn root<'a>(entry: &TreeEntry<'a>) -> &'a str {
    entry.dir().rsplit_once('/').map_or("", |(root, _)| root)
}

/// Returns the lists that a day is read with. They are read again for each day; those for which that came to
/// gigabytes are left out, and people and conversations go by their ids.
fn companions(tree: &Tree<'_>, entry: &TreeEntry, days: u64) -> Vec<EntryId> {
    const MOST_BYTES: u64 = 2 << 30;
    let root = root(entry);
    let lists = LISTS.iter().filter_map(|name| {
        let path = if root.is_empty() { (*name).to_owned() } else { format!("{root}/{name}") };
        tree.at(&path).iter().find(|e| e.part == entry.part)
    });
    lists.filter(|list| list.size.saturating_mul(days) <= MOST_BYTES).map(|list| list.id).collect()
}
