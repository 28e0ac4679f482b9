#![doc = include_str!("README.md")]

mod chat;
mod html;
mod locale;
mod location;
mod mail;
mod my_activity;
mod pairing;
mod photos;
mod semantic;
mod timeline;
mod when;

use crate::formats::element;
use crate::{Opened, Provider, Sink, Tree, TreeEntry};
use glasshouse_model::{Claim, EntryId, Family, Format, Framing, Manifest, Tier};
use locale::{Product, product};
use std::collections::BTreeSet;

/// Google Takeout.
pub struct Google;

static MANIFEST: Manifest = Manifest {
    id: "google",
    title: "Google Takeout",
    formats: &[
        format(mail::FORMAT, "Gmail mbox", &[Family::Mail], Tier::Documented),
        format(chat::FORMAT, "Google Chat messages and users", &[Family::Message, Family::Account], Tier::Documented),
        format(location::FORMAT, "Location History records", &[Family::Location], Tier::Documented),
        format(
            semantic::FORMAT,
            "Semantic Location History, its edits and settings",
            &[Family::Visit, Family::Trip, Family::Location, Family::Setting, Family::Device, Family::Activity],
            Tier::Documented,
        ),
        format(
            timeline::FORMAT,
            "Timeline exported by a phone",
            &[Family::Visit, Family::Trip, Family::Location, Family::Setting],
            Tier::Documented,
        ),
        format(my_activity::FORMAT, "My Activity and YouTube history", &[Family::Activity], Tier::Documented),
        format(photos::FORMAT, "Google Photos with sidecars and albums", &[Family::Media], Tier::Documented),
    ],
    general: false,
    not_covered: &[
        "Other products of Takeout (Drive, Keep, Fit, Play Store, Chrome, Voice, Hangouts, Access Log Activity …).",
        "The tables of legal returns; their My Activity and mboxes are read where they have Takeout's form.",
        "Maps, playlists and comments of YouTube.",
    ],
    references: &[
        "https://github.com/CarlosBergillos/LocationHistoryFormat",
        "https://github.com/purarue/google_takeout_parser",
        "https://github.com/TheLastGimbus/GooglePhotosTakeoutHelper",
        "https://github.com/simulot/immich-go",
        "https://github.com/timelinize/timelinize",
        "https://github.com/Freika/dawarich",
        "https://github.com/abrignoni/RLEAPP",
    ],
};

const fn format(id: &'static str, title: &'static str, families: &'static [Family], tier: Tier) -> Format {
    Format { id, title, families, tier, version: 1 }
}

impl Provider for Google {
    fn manifest(&self) -> &'static Manifest {
        &MANIFEST
    }

    fn recognise(&self, tree: &Tree<'_>) -> Vec<Claim> {
        let mut claims = Vec::new();
        let mut in_photos: BTreeSet<EntryId> = BTreeSet::new();
        let mut photo_folders: BTreeSet<&str> = BTreeSet::new();
        for entry in tree.entries().iter().filter(|entry| entry.size > 0) {
            let product = product(&entry.path);
            let at = product.map(|(product, _)| product);
            let ext = entry.extension();
            match (at, ext.as_str()) {
                (Some(Product::Photos), _) => {
                    in_photos.insert(entry.id);
                }
                (_, "json") => match json(tree, entry, at) {
                    Json::Ours(claim) => claims.push(claim),
                    Json::Sidecar => {
                        photo_folders.insert(entry.dir());
                    }
                    Json::Other => {}
                },
                (_, "html" | "htm") if activity_page(tree, entry, at) => {
                    claims.push(Claim::of(my_activity::FORMAT, entry.id, my_activity::HTML));
                }
                (Some(Product::Location), "csv") if entry.name().starts_with("Tombstones") => {
                    claims.push(Claim::of(semantic::FORMAT, entry.id, Framing::Lines));
                }
                (Some(Product::Location), "txt") if entry.name().starts_with("Encrypted Backups") => {
                    claims.push(Claim::of(semantic::FORMAT, entry.id, Framing::Whole));
                }
                (_, "mbox") => {
                    let head = tree.head(entry.id);
                    if mail::is_gmail(&head) || (at == Some(Product::Mail) && mail::is_mbox(&head)) {
                        let mut claim = Claim::of(mail::FORMAT, entry.id, mail::FRAMING);
                        claim.group = Some(folder_key(entry.dir()));
                        claims.push(claim);
                    }
                }
                _ => {}
            }
        }
        // A folder in a language that the table lacks shows itself by its sidecars.
        for folder in photo_folders {
            in_photos.extend(tree.below(folder).iter().filter(|e| e.dir() == folder && e.size > 0).map(|e| e.id));
        }
        let photos: Vec<(String, &TreeEntry)> = tree
            .entries()
            .iter()
            .filter(|entry| in_photos.contains(&entry.id))
            .map(|entry| (folder_key(entry.dir()), entry))
            .collect();
        claims.extend(photos::claims(tree, &photos));
        claims
    }

    fn parse(&self, opened: &Opened<'_>, out: &mut Sink) {
        match opened.claim.format {
            location::FORMAT => location::parse(opened, out),
            my_activity::FORMAT => my_activity::parse(opened, out),
            photos::FORMAT => photos::parse(opened, out),
            chat::FORMAT => chat::parse(opened, out),
            mail::FORMAT => mail::parse(opened, out),
            semantic::FORMAT => semantic::parse(opened, out),
            _ => timeline::parse(opened, out),
        }
    }
}

enum Json {
    Ours(Claim),
    /// A photo's sidecar: its folder is one of Google Photos.
    Sidecar,
    Other,
}

fn json(tree: &Tree<'_>, entry: &TreeEntry, product: Option<Product>) -> Json {
    if product == Some(Product::Chat) {
        return match entry.name() {
            "messages.json" => Json::Ours(chat_claim(tree, entry)),
            "user_info.json" => Json::Ours(Claim::of(chat::FORMAT, entry.id, Framing::Whole)),
            _ => Json::Other,
        };
    }
    let head = tree.head(entry.id);
    let claim = |format, framing| Json::Ours(Claim::of(format, entry.id, framing));
    if semantic::is_ours(&head) {
        claim(semantic::FORMAT, semantic::FRAMING)
    } else if location::is_ours(&head) {
        claim(location::FORMAT, location::FRAMING)
    } else if timeline::is_ours(&head) {
        claim(timeline::FORMAT, timeline::FRAMING)
    } else if chat::is_messages(&head) {
        Json::Ours(chat_claim(tree, entry))
    } else if my_activity::is_json(&head) {
        claim(my_activity::FORMAT, my_activity::JSON)
    } else if photos::is_sidecar(&head) {
        Json::Sidecar
    } else if product == Some(Product::Location) && semantic::is_settings(&head) {
        claim(semantic::FORMAT, Framing::Whole)
    } else {
        Json::Other
    }
}

/// Claims messages with their group's information and the small files that are attached to them.
fn chat_claim(tree: &Tree<'_>, entry: &TreeEntry) -> Claim {
    // Companions are held in memory while messages are read.
    const MOST_BYTES: u64 = 32 << 20;
    const MOST_FILES: usize = 500;
    let mut claim = Claim::of(chat::FORMAT, entry.id, chat::MESSAGES);
    let mut room = MOST_BYTES;
    for beside in tree.below(entry.dir()).iter().filter(|e| e.dir() == entry.dir() && e.id != entry.id) {
        if beside.name() == "group_info.json" {
            claim.companions.insert(0, beside.id);
        } else if beside.name() != "messages.json" && beside.size <= room && claim.companions.len() < MOST_FILES {
            room -= beside.size;
            claim.companions.push(beside.id);
        }
    }
    claim
}

/// Says whether a page is one of My Activity or of YouTube's history: their first bytes are styles alone.
fn activity_page(tree: &Tree<'_>, entry: &TreeEntry, product: Option<Product>) -> bool {
    const NAMES: &[&str] = &["MyActivity", "My Activity", "MeineAktivitäten", "Meine Aktivitäten"];
    const HISTORY: &[&str] =
        &["watch-history", "search-history", "Wiedergabeverlauf", "Suchverlauf", "kijkgeschiedenis"];
    let named = |names: &[&str]| names.iter().any(|name| entry.name().starts_with(name));
    match product {
        Some(Product::MyActivity) => my_activity::is_html_there(&tree.head(entry.id)) || named(NAMES),
        Some(Product::YouTube) => named(HISTORY),
        _ => (named(NAMES) || entry.path.contains("Takeout/")) && my_activity::is_html(&tree.head(entry.id)),
    }
}

/// Returns a folder's path as it is in every part of one export.
///
/// Parts are archives `takeout-<stamp>-<n>.zip`, or folders of that name: the number goes, the stamp stays.
fn folder_key(dir: &str) -> String {
    let parts = dir.split('/').map(|name| {
        let inner = name.trim_end_matches('!');
        let lower = inner.to_ascii_lowercase();
        let bare = [".zip", ".tgz", ".tar.gz"].iter().find_map(|ext| lower.strip_suffix(ext)).unwrap_or(&lower);
        let Some(rest) = bare.strip_prefix("takeout-") else { return name.to_owned() };
        let stamp = rest.split('-').next().unwrap_or(rest);
        if stamp.len() >= 15 && stamp.as_bytes().get(8) == Some(&b't') {
            format!("takeout-{stamp}")
        } else if rest.bytes().all(|b| b.is_ascii_digit()) {
            "takeout".to_owned()
        } else {
            name.to_owned()
        }
    });
    parts.collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_one_export_share_their_folders() {
        for (one, other) in [
            ("takeout-20240101T000000Z-001.zip!/Takeout/Mail", "takeout-20240101T000000Z-012.zip!/Takeout/Mail"),
            ("takeout-20240101T000000Z-1-001/Takeout", "takeout-20240101T000000Z-3-002/Takeout"),
            ("takeout-001/Takeout", "takeout-002/Takeout"),
        ] {
            assert_eq!(folder_key(one), folder_key(other));
        }
        assert_ne!(folder_key("anna/Takeout/Mail"), folder_key("ben/Takeout/Mail"));
        assert_ne!(folder_key("takeout-20240101T000000Z-001"), folder_key("takeout-20250101T000000Z-001"));
    }
}
