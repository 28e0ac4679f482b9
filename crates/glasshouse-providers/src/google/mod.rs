#![doc = include_str!("README.md")]

mod account;
mod bookmarks;
mod chat;
mod comments;
mod fitbit;
mod hangouts;
mod html;
mod index;
mod items;
mod lists;
mod locale;
mod location;
mod mail;
mod my_activity;
mod pairing;
mod parts;
mod photos;
mod semantic;
mod sheets;
mod tags;
mod tasks;
mod timeline;
mod voice;
mod when;
mod words;

use crate::formats::{element, page};
use crate::{Opened, Provider, Sink, Survey, Tree, TreeEntry};
use glasshouse_model::{Claim, EntryId, Family, Format, Framing, Link, Links, Manifest, Tier};
use locale::{Product, product};
use parts::Parts;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Google Takeout.
pub struct Google;

static MANIFEST: Manifest = Manifest {
    id: "google",
    title: "Google Takeout",
    formats: &[
        Format { version: 2, ..format(mail::FORMAT, "Gmail mbox", &[Family::Mail], Tier::Documented) },
        format(chat::FORMAT, "Google Chat messages and users", &[Family::Message, Family::Account], Tier::Documented),
        format(chat::GROUPS, "Google Chat groups and who is in them", &[Family::Activity], Tier::Documented),
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
        Format {
            version: 2,
            ..format(
                lists::CHROME,
                "Chrome: history, bookmarks, forms, devices, extensions, settings",
                &[
                    Family::WebVisit,
                    Family::Activity,
                    Family::Contact,
                    Family::Device,
                    Family::App,
                    Family::Setting,
                    Family::Note,
                ],
                Tier::Documented,
            )
        },
        format(
            lists::YOUTUBE,
            "YouTube: subscriptions, comments, live chats, playlists",
            &[Family::Contact, Family::Post, Family::Message, Family::Play, Family::Setting, Family::Reaction],
            Tier::Documented,
        ),
        Format { version: 2, ..format(lists::KEEP, "Keep notes", &[Family::Note], Tier::Documented) },
        format(tasks::FORMAT, "Tasks", &[Family::Task], Tier::Unverified),
        Format {
            version: 2,
            ..format(
                lists::PLAY,
                "Play Store: installations, devices, orders, reviews",
                &[Family::App, Family::Device, Family::Purchase, Family::Post, Family::Payment],
                Tier::Unverified,
            )
        },
        format(
            sheets::ACCESS,
            "Access Log Activity: accesses and devices",
            &[Family::Login, Family::Device],
            Tier::Documented,
        ),
        format(
            account::FORMAT,
            "Pages of the account: subscriber, changes, devices",
            &[Family::Account, Family::Login, Family::Setting, Family::Device],
            Tier::Unverified,
        ),
        format(voice::FORMAT, "Voice: texts and calls", &[Family::Message, Family::Call], Tier::Documented),
        format(voice::BILLS, "Voice: charges and credits", &[Family::Payment], Tier::Unverified),
        Format {
            version: 2,
            ..format(index::FORMAT, "What the export says it holds", &[Family::File], Tier::Unverified)
        },
        format(sheets::SAVED, "Saved lists", &[Family::Note], Tier::Unverified),
        Format {
            version: 2,
            ..format(
                lists::FIT,
                "Fit: daily metrics, sessions, data points",
                &[Family::Health, Family::Setting],
                Tier::Documented,
            )
        },
        Format {
            version: 2,
            ..format(
                fitbit::FORMAT,
                "Fitbit: scores, nightly temperature, trackers, goals, profile",
                &[Family::Health, Family::Device, Family::Setting, Family::Account],
                Tier::Unverified,
            )
        },
        Format {
            version: 2,
            ..format(
                hangouts::FORMAT,
                "Hangouts: messages, calls and changes of conversations",
                &[Family::Message, Family::Call, Family::Activity],
                Tier::Documented,
            )
        },
        format(
            sheets::FI,
            "Fi: calls, texts and data, without what was said",
            &[Family::Call, Family::Message, Family::Activity],
            Tier::Unverified,
        ),
        format(
            lists::CONTRIBUTIONS,
            "Search Contributions: reviews, thumbs, what was watched",
            &[Family::Post, Family::Reaction, Family::Activity, Family::Setting],
            Tier::Unverified,
        ),
        format(sheets::PAY, "Google Pay transactions", &[Family::Payment], Tier::Unverified),
        format(lists::PROFILE, "Profile", &[Family::Account], Tier::Unverified),
    ],
    general: false,
    not_covered: &[
        "Other products of Takeout (the rest of Fitbit …); Drive's files as such.",
        "The times of Voice's charges (Bills.html) stay text: no public fact says in which form and zone they are. Of the Play Store's promotions and settings none says what is in them.",
        "The tables of legal returns; their My Activity and mboxes are read where they have Takeout's form.",
        "Contacts, calendars and workout tracks are read by the readers of those formats.",
    ],
    references: &[
        "https://github.com/CarlosBergillos/LocationHistoryFormat",
        "https://github.com/purarue/google_takeout_parser",
        "https://github.com/TheLastGimbus/GooglePhotosTakeoutHelper",
        "https://github.com/simulot/immich-go",
        "https://github.com/timelinize/timelinize",
        "https://github.com/Freika/dawarich",
        "https://github.com/abrignoni/RLEAPP",
        "https://github.com/d3i-infra/port",
        "https://github.com/hossain-khan/kotlin-google-hangouts-parser",
        "https://github.com/adrish96/Hangouts-JSON-Parser",
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
        let mut beside = Beside::new();
        let mut photo_folders: BTreeSet<&str> = BTreeSet::new();
        let parts = Parts::of(tree);
        for entry in tree.entries().iter().filter(|entry| entry.size > 0) {
            let product = product(entry.path);
            let at = product.map(|(product, _)| product);
            let ext = entry.extension();
            match (at, ext.as_str()) {
                (Some(Product::Photos), _) => {
                    in_photos.insert(entry.id);
                }
                (Some(Product::Location), "csv") if entry.name().starts_with("Tombstones") => {
                    claims.push(Claim::of(semantic::FORMAT, entry.id, Framing::Lines));
                }
                (_, "csv") | (Some(Product::Fi), "txt") => {
                    let head = tree.head(entry.id);
                    if let Some(format) = sheets::format(entry.path, &head) {
                        claims.push(Claim::of(format, entry.id, Framing::Rows));
                    } else if at == Some(Product::Chrome) && words::is_ours(&head) {
                        claims.push(Claim::of(lists::CHROME, entry.id, Framing::Lines));
                    }
                }
                (_, "json") => match json(tree, entry, at, &mut beside) {
                    Json::Ours(claim) => claims.push(claim),
                    Json::Sidecar => {
                        photo_folders.insert(entry.dir());
                    }
                    Json::Other => {}
                },
                (Some(Product::Chrome), "html" | "htm") if bookmarks::is_ours(&tree.head(entry.id)) => {
                    claims.push(Claim::of(lists::CHROME, entry.id, Framing::Whole));
                }
                (_, "html") if index::is_named(entry) && index::is_ours(entry, &tree.head(entry.id)) => {
                    let mut claim = Claim::of(index::FORMAT, entry.id, Framing::Whole);
                    claim.present = index::present(tree, entry);
                    claims.push(claim);
                }
                (Some(Product::Voice), "html" | "htm") => {
                    if let Some(framing) = voice::framing(&tree.head(entry.id)) {
                        let mut claim = Claim::of(voice::FORMAT, entry.id, framing);
                        let dir = entry.dir();
                        claim.links = beside.entry(dir.to_owned()).or_insert_with(|| media_in(tree, dir)).clone();
                        claims.push(claim);
                    } else if voice::is_bills(entry.name(), &tree.head(entry.id)) {
                        claims.push(Claim::of(voice::BILLS, entry.id, Framing::Whole));
                    }
                }
                (Some(Product::YouTube), "html" | "htm") if comments::is_ours(&tree.head(entry.id)) => {
                    claims.push(Claim::of(lists::YOUTUBE, entry.id, comments::FRAMING));
                }
                (Some(Product::Account | Product::AndroidConfiguration), "html" | "htm")
                    if account::is_ours(entry.name(), &tree.head(entry.id)) =>
                {
                    claims.push(Claim::of(account::FORMAT, entry.id, Framing::Whole));
                }
                (_, "html" | "htm") if activity_page(tree, entry, at) => {
                    let mut claim = Claim::of(my_activity::FORMAT, entry.id, my_activity::HTML);
                    let dir = entry.dir();
                    claim.links = beside.entry(dir.to_owned()).or_insert_with(|| media_in(tree, dir)).clone();
                    claims.push(claim);
                }
                (Some(Product::Location), "txt") if entry.name().starts_with("Encrypted Backups") => {
                    claims.push(Claim::of(semantic::FORMAT, entry.id, Framing::Whole));
                }
                (_, "mbox") => {
                    let head = tree.head(entry.id);
                    if mail::is_gmail(&head) || (at == Some(Product::Mail) && mail::is_mbox(&head)) {
                        let mut claim = Claim::of(mail::FORMAT, entry.id, mail::FRAMING);
                        claim.group = Some(parts.folder(entry.dir()));
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
            .map(|entry| (parts.folder(entry.dir()), entry))
            .collect();
        claims.extend(photos::claims(tree, &photos));
        claims
    }

    fn survey(&self, claim: &Claim) -> Option<Box<dyn Survey>> {
        (claim.format == hangouts::FORMAT).then(hangouts::survey)
    }

    fn parse(&self, opened: &Opened<'_>, out: &mut Sink) {
        if opened.entry.extension().starts_with("htm") {
            page::check_end(opened, out);
        }
        match opened.claim.format {
            location::FORMAT => location::parse(opened, out),
            my_activity::FORMAT => my_activity::parse(opened, out),
            photos::FORMAT => photos::parse(opened, out),
            chat::FORMAT | chat::GROUPS => chat::parse(opened, out),
            mail::FORMAT => mail::parse(opened, out),
            semantic::FORMAT => semantic::parse(opened, out),
            index::FORMAT => index::parse(opened, out),
            account::FORMAT => account::parse(opened, out),
            voice::FORMAT => voice::parse(opened, out),
            voice::BILLS => voice::bills(opened, out),
            tasks::FORMAT => tasks::parse(opened, out),
            timeline::FORMAT => timeline::parse(opened, out),
            hangouts::FORMAT => hangouts::parse(opened, out),
            lists::CHROME if opened.entry.extension().starts_with("htm") => bookmarks::parse(opened, out),
            lists::CHROME if opened.claim.framing == Framing::Lines => words::parse(opened, out),
            lists::YOUTUBE if opened.claim.framing == comments::FRAMING => comments::parse(opened, out),
            _ if opened.claim.framing == Framing::Rows => sheets::parse(opened, out),
            _ => items::parse(lists::DOCS, opened, out),
        }
    }
}

enum Json {
    Ours(Claim),
    /// A photo's sidecar: its folder is one of Google Photos.
    Sidecar,
    Other,
}

fn json(tree: &Tree<'_>, entry: &TreeEntry, product: Option<Product>, beside: &mut Beside) -> Json {
    if product == Some(Product::Chat) {
        return match entry.name() {
            "messages.json" => Json::Ours(chat_claim(tree, entry)),
            "user_info.json" => Json::Ours(Claim::of(chat::FORMAT, entry.id, Framing::Whole)),
            "group_info.json" => Json::Ours(chat::group_claim(tree, entry)),
            _ => Json::Other,
        };
    }
    let head = tree.head(entry.id);
    if hangouts::is_ours(&head) {
        let mut claim = Claim::of(hangouts::FORMAT, entry.id, hangouts::FRAMING);
        claim.links = beside.entry(entry.dir().to_owned()).or_insert_with(|| media_in(tree, entry.dir())).clone();
        return Json::Ours(claim);
    }
    if tasks::is_ours(product, &head) {
        return Json::Ours(Claim::of(tasks::FORMAT, entry.id, Framing::Whole));
    }
    if let Some(doc) = items::find(lists::DOCS, entry.path, &head) {
        let mut claim = Claim::of(doc.format, entry.id, doc.framing);
        if doc.format == lists::KEEP {
            claim.links = beside.entry(entry.dir().to_owned()).or_insert_with(|| media_in(tree, entry.dir())).clone();
        }
        return Json::Ours(claim);
    }
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
        let mut claim = Claim::of(my_activity::FORMAT, entry.id, my_activity::JSON);
        claim.links = beside.entry(entry.dir().to_owned()).or_insert_with(|| media_in(tree, entry.dir())).clone();
        Json::Ours(claim)
    } else if photos::is_sidecar(&head) {
        Json::Sidecar
    } else if product == Some(Product::Location) && semantic::is_settings(&head) {
        claim(semantic::FORMAT, Framing::Whole)
    } else {
        Json::Other
    }
}

/// The files of folders that notes or calls may name: listed once a folder, not once a note.
type Beside = BTreeMap<String, Arc<Links>>;

/// Returns the pictures, films and recordings of a folder.
fn media_in(tree: &Tree<'_>, dir: &str) -> Arc<Links> {
    const MEDIA: &[&str] = &["jpg", "jpeg", "png", "gif", "webp", "3gp", "amr", "m4a", "mp3", "mp4", "aac", "vcf"];
    let below = tree.below(dir).iter().filter(|e| e.dir() == dir);
    let files = below.filter(|e| MEDIA.contains(&e.extension().as_str()));
    Arc::new(files.map(|e| Link { name: e.name().to_owned(), entry: e.id, size: e.size }).collect())
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
    const HISTORY: &[&str] = &[
        "watch-history",
        "search-history",
        "Wiedergabeverlauf",
        "Suchverlauf",
        "kijkgeschiedenis",
        "zoekgeschiedenis",
        "historial de ",
        "cronologia ",
        "historique des ",
        "histórico de ",
        "histórico-de-",
    ];
    let named = |names: &[&str]| names.iter().any(|name| entry.name().starts_with(name));
    match product {
        // Whatever the page is called there: in that folder lie no others.
        Some(Product::MyActivity) => my_activity::is_page(&tree.head(entry.id)) || named(NAMES),
        Some(Product::YouTube) => named(HISTORY) || my_activity::is_html_there(&tree.head(entry.id)),
        _ => (named(NAMES) || entry.path.contains("Takeout/")) && my_activity::is_html(&tree.head(entry.id)),
    }
}
