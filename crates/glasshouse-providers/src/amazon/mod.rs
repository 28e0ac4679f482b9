#![doc = include_str!("README.md")]

mod alexa;
mod cift;
mod described;
mod kindle;
mod media;
mod retail;
mod voice;

use crate::formats::sheet::{self, Sheet};
use crate::{Opened, Provider, Sink, Tree, TreeEntry};
use glasshouse_model::{Claim, Family, Format, Framing, Link, Links, Manifest, Tier};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Amazon: orders, Alexa, Prime Video, Kindle, Audible, Fire TV.
pub struct Amazon;

static MANIFEST: Manifest = Manifest {
    id: "amazon",
    title: "Amazon and Alexa",
    formats: &[
        format(alexa::UTTERANCES, "What Alexa understood that was said", &[Family::Voice], Tier::Documented),
        format(alexa::VOICE, "Stored voice recordings of Alexa", &[Family::Voice], Tier::Documented),
        format(alexa::SKILLS, "Alexa skills that were enabled", &[Family::App], Tier::Documented),
        format(alexa::GEOLOCATION, "Places of Alexa devices", &[Family::Location], Tier::Documented),
        format(alexa::ROUTINES, "Alexa routines", &[Family::Setting], Tier::Documented),
        format(alexa::SESSIONS, "Sessions of Alexa and Echo devices", &[Family::Activity], Tier::Documented),
        format(alexa::QUESTIONS, "Questions as Alexa understood them", &[Family::Voice], Tier::Unverified),
        format(alexa::ACTIVITY, "What was done in the Alexa app", &[Family::Activity], Tier::Documented),
        format(alexa::DEVICE_EVENTS, "States and events of Echo devices", &[Family::Activity], Tier::Unverified),
        format(alexa::ADS, "Advertising data of Alexa", &[Family::Ad], Tier::Unverified),
        format(
            alexa::TABLES,
            "Other tables of Alexa: contacts, messages, calls, calendars, reminders, lists, settings, smart home",
            &[
                Family::Contact,
                Family::Message,
                Family::Event,
                Family::Call,
                Family::Task,
                Family::Activity,
                Family::App,
                Family::Device,
                Family::Setting,
                Family::Account,
                Family::Voice,
            ],
            Tier::Unverified,
        ),
        format(
            cift::FORMAT,
            "Alexa's cloud as the CIFT tool captured it",
            &[
                Family::Account,
                Family::Contact,
                Family::Device,
                Family::App,
                Family::Setting,
                Family::File,
                Family::Activity,
            ],
            Tier::Unverified,
        ),
        format(described::FORMAT, "What the export says of its files", &[Family::File], Tier::Documented),
        format(retail::ORDERS, "Items of orders", &[Family::Purchase], Tier::Documented),
        format(retail::DIGITAL, "Items of digital orders", &[Family::Purchase], Tier::Documented),
        format(retail::DIGITAL_HEADS, "Digital orders as a whole", &[Family::Purchase], Tier::Documented),
        format(retail::DIGITAL_PAYMENTS, "Amounts of digital orders", &[Family::Payment], Tier::Documented),
        format(retail::SUBSCRIPTIONS, "Digital subscriptions", &[Family::Purchase], Tier::Documented),
        format(
            retail::FEEDBACK,
            "Feedback to sellers, votes and other small reactions",
            &[Family::Post, Family::Reaction],
            Tier::Documented,
        ),
        format(retail::ADS, "Audiences and advertisers", &[Family::Ad], Tier::Documented),
        format(retail::REFUNDS, "Refunds and returns", &[Family::Payment], Tier::Documented),
        format(retail::CART, "Items that were put into the cart", &[Family::Activity], Tier::Documented),
        format(retail::SEARCHES, "Searches in the shop", &[Family::Search], Tier::Documented),
        format(retail::VIEWS, "Pages of products that were looked at", &[Family::WebVisit], Tier::Documented),
        format(retail::GIFT_CARDS, "Movements of gift cards", &[Family::Payment], Tier::Documented),
        format(retail::DELIVERY_PHOTOS, "Photos taken at delivery", &[Family::Media], Tier::Unverified),
        format(media::DEVICES, "Devices that were registered", &[Family::Device], Tier::Documented),
        format(media::VIDEO, "Prime Video: films and episodes watched", &[Family::Play], Tier::Documented),
        format(media::VIDEO_LIST, "Prime Video: watchlist", &[Family::Activity], Tier::Documented),
        format(media::VIDEO_SEARCHES, "Prime Video: searches", &[Family::Search], Tier::Documented),
        format(media::VIDEO_PURCHASES, "Prime Video: purchases and rentals", &[Family::Purchase], Tier::Documented),
        format(media::KINDLE, "Kindle: reading sessions", &[Family::Play], Tier::Documented),
        format(media::KINDLE_LIBRARY, "Kindle: ownership of books", &[Family::Purchase], Tier::Documented),
        format(media::KINDLE_SYNC, "Kindle: positions, notes and marks", &[Family::Activity], Tier::Documented),
        format(
            media::AUDIBLE,
            "Audible: listening, library, purchases, billing",
            &[Family::Play, Family::Purchase, Family::Payment],
            Tier::Documented,
        ),
        format(
            media::MUSIC,
            "Amazon Music: plays, searches, library, ratings",
            &[Family::Play, Family::Search, Family::Media, Family::Reaction],
            Tier::Documented,
        ),
        format(TABLES, "Other tables of the export", &[Family::Activity], Tier::Unverified),
    ],
    general: false,
    not_covered: &[
        "Columns of tables that no public source describes are kept as fields and not understood.",
        "Recordings are not listened to; nothing in the export seen by others ties one to its utterance.",
        "The raw answers of Alexa's cloud in a CIFT capture (Evidence_Library) are linked and not read, nor are its credentials.",
        "Invoices (PDF) and customer service chats in other forms than tables.",
    ],
    references: &[
        "https://github.com/glen-w/data_dumps",
        "https://github.com/happycollision/amazon-order-history-viewer",
        "https://github.com/dfrws/dfrws2018-challenge",
        "https://bitbucket.org/cift/pycift",
        "https://www.amazon.com/gp/help/customer/display.html?nodeId=GXPU3YPMBZQRWZK2",
    ],
};

const fn format(id: &'static str, title: &'static str, families: &'static [Family], tier: Tier) -> Format {
    Format { id, title, families, tier, version: 2 }
}

const TABLES: &str = "tables";

/// Any other table: its rows are kept, and only its place in the export says what it is.
static OTHER: &[Sheet] = &[Sheet { format: TABLES, open: true, ..Sheet::NONE }];

/// Tables with known columns, in the order in which they are tried.
fn known() -> impl Iterator<Item = &'static Sheet> {
    alexa::SHEETS.iter().chain(cift::SHEETS).chain(retail::SHEETS).chain(media::SHEETS)
}

/// Tables that only their place tells.
fn open() -> impl Iterator<Item = &'static Sheet> {
    alexa::OPEN.iter().chain(retail::OPEN).chain(OTHER)
}

impl Provider for Amazon {
    fn manifest(&self) -> &'static Manifest {
        &MANIFEST
    }

    fn recognise(&self, tree: &Tree<'_>) -> Vec<Claim> {
        let mut claims = Vec::new();
        let mut roots: BTreeSet<&str> = BTreeSet::new();
        let mut later: Vec<&TreeEntry> = Vec::new();
        let mut recordings: Vec<&TreeEntry> = Vec::new();
        for entry in tree.entries().iter().filter(|entry| entry.size > 0) {
            let table = matches!(entry.extension().as_str(), "csv" | "json" | "tsv");
            if voice::is_recording(entry) {
                recordings.push(entry);
            } else if table {
                let head = tree.head(entry.id);
                if described::is_ours(entry, &head) {
                    claims.push(Claim::of(described::FORMAT, entry.id, Framing::Whole));
                    roots.insert(entry.dir());
                } else if entry.extension() == "json" && kindle::is_ours(&head) {
                    claims.push(Claim::of(media::KINDLE_LIBRARY, entry.id, Framing::Whole));
                    roots.insert(inside(entry.path).map_or(entry.dir(), |(root, _)| root));
                } else if entry.name().ends_with(".schema.json") {
                    // It describes the columns of the table beside it and holds nothing of the account.
                } else if let Some(sheet) = sheet::find(known(), entry.path, &head) {
                    claims.push(claim(sheet, entry));
                    roots.insert(inside(entry.path).map_or(entry.dir(), |(root, _)| root));
                } else {
                    later.push(entry);
                }
            }
        }
        // What columns cannot tell is ours if it lies in an export that shows itself as ours.
        for entry in later {
            if let Some((root, rest)) = inside(entry.path)
                && roots.contains(root)
                && let Some(sheet) = sheet::find(open(), rest, &tree.head(entry.id))
            {
                claims.push(claim(sheet, entry));
            }
        }
        claims.extend(recordings.iter().map(|entry| Claim::of(alexa::VOICE, entry.id, Framing::Whole)));
        link(tree, &recordings, &roots, &mut claims);
        claims
    }

    fn parse(&self, opened: &Opened<'_>, out: &mut Sink) {
        match opened.claim.format {
            alexa::VOICE => voice::parse(opened, out),
            described::FORMAT => described::parse(opened, out),
            media::KINDLE_LIBRARY => kindle::parse(opened, out),
            format => {
                // Formats with known columns may have tables whose place alone tells them.
                if sheet::find(known().filter(|s| s.format == format), opened.entry.path, opened.head).is_some() {
                    sheet::parse(known(), opened.entry.path, opened, out);
                } else if let Some((_, rest)) = inside(opened.entry.path) {
                    sheet::parse(open(), rest, opened, out);
                }
            }
        }
    }
}

fn claim(sheet: &Sheet, entry: &TreeEntry) -> Claim {
    let mut claim = Claim::of(sheet.format, entry.id, sheet::framing(entry.path, entry.size));
    // Rows are repeated across the parts of an export, and across exports.
    claim.group = (!sheet.same.is_empty()).then(|| sheet.format.to_owned());
    claim
}

/// Gives claims the files that their rows may name.
fn link(tree: &Tree<'_>, recordings: &[&TreeEntry], roots: &BTreeSet<&str>, claims: &mut [Claim]) {
    let links = |entries: &mut dyn Iterator<Item = &TreeEntry>| -> Arc<Links> {
        let named = entries.flat_map(|entry| {
            let name = entry.name().to_lowercase();
            let stem = name.rsplit_once('.').map(|(stem, _)| stem.to_owned());
            let link = |name: String| Link { name, entry: entry.id, size: entry.size };
            [Some(name), stem].into_iter().flatten().map(link).collect::<Vec<_>>()
        });
        Arc::new(named.collect())
    };
    let voices = links(&mut recordings.iter().copied());
    let photos = links(&mut tree.entries().iter().filter(|entry| retail::is_delivery_photo(entry)));
    let raw = links(&mut tree.entries().iter().filter(|entry| cift::is_evidence(entry)));
    let files = described::files(tree, roots);
    for claim in claims {
        claim.links = match claim.format {
            alexa::UTTERANCES | alexa::QUESTIONS | alexa::TABLES => voices.clone(),
            retail::DELIVERY_PHOTOS => photos.clone(),
            cift::FORMAT => raw.clone(),
            described::FORMAT => files.clone(),
            _ => continue,
        };
    }
}

/// Splits a path where the export's own folders begin, if it has such a folder.
fn inside(path: &str) -> Option<(&str, &str)> {
    const PRODUCTS: &[&str] = &[
        "Additional Data",
        "Retail.",
        "Digital.",
        "Digital-Ordering.",
        "PrimeVideo.",
        "Kindle.",
        "Alexa.",
        "Alexa and Echo",
        "Audible.",
        "AmazonMusic.",
        "AmazonVideo.",
        "YourOrders.",
        "Your ",
        "Devices.",
        "Advertising.",
        "Payments.",
        "OutboundNotifications.",
        "CustomerCommunicationExperience.",
        "Request All Your Data.",
    ];
    let mut start = 0;
    for folder in path.split('/') {
        // The last part is the file.
        let end = start + folder.len();
        if end < path.len() && PRODUCTS.iter().any(|product| folder.starts_with(product)) {
            return Some((path.get(..start)?.trim_end_matches('/'), path.get(start..)?));
        }
        start = end + 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_export_begins_at_its_own_folders() {
        assert_eq!(inside("Additional Data/Alexa/a.csv"), Some(("", "Additional Data/Alexa/a.csv")));
        assert_eq!(inside("x/All.zip!/Your Amazon Orders/a.csv"), Some(("x/All.zip!", "Your Amazon Orders/a.csv")));
        assert_eq!(inside("Your Orders.csv"), None);
        assert_eq!(inside("a/b.csv"), None);
    }
}
