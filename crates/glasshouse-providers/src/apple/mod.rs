#![doc = include_str!("README.md")]

mod activity;
mod health;
mod icloud;
mod parts;
mod photos;
mod sheets;
mod tables;
mod wallet;

use crate::formats::stacked::Headers;
use crate::{Opened, Provider, Sink, Survey, Tree, TreeEntry};
use glasshouse_model::{Claim, EntryId, Family, Format, Framing, Link, Links, Manifest, Tier};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Apple: Data & Privacy, iCloud Photos, Health.
pub struct Apple;

static MANIFEST: Manifest = Manifest {
    id: "apple",
    title: "Apple Data & Privacy, iCloud Photos and Health",
    formats: &[
        format(
            sheets::ACCOUNT,
            "Account, devices, sign-ons and data requests",
            &[Family::Account, Family::Device, Family::Login, Family::Activity],
            Tier::Documented,
        ),
        format(
            sheets::STORE,
            "Apple Media Services: purchases, downloads, plays, preferences, clicks",
            &[
                Family::Purchase,
                Family::Play,
                Family::Reaction,
                Family::Activity,
                Family::App,
                Family::Device,
                Family::Setting,
            ],
            Tier::Documented,
        ),
        format(
            sheets::SUPPORT,
            "AppleCare, online orders, marketing",
            &[Family::Purchase, Family::Device, Family::Activity, Family::Ad],
            Tier::Documented,
        ),
        format(sheets::APPS, "Installations and push notifications", &[Family::App], Tier::Unverified),
        format(sheets::SAFARI, "Safari's history", &[Family::WebVisit], Tier::Unverified),
        format(tables::TABLE, "Tables of the export that no fact describes", &[Family::Activity], Tier::Unverified),
        format(activity::TV, "What was watched in the TV app", &[Family::Play], Tier::Unverified),
        format(activity::GAMES, "Game Center", &[Family::Activity], Tier::Unverified),
        format(
            icloud::LISTS,
            "Recent addresses of Mail and known networks",
            &[Family::Contact, Family::Setting],
            Tier::Unverified,
        ),
        format(icloud::NOTES, "iCloud notes", &[Family::Note], Tier::Unverified),
        format(icloud::VOICE, "Recordings of Siri", &[Family::Voice], Tier::Unverified),
        format(photos::FORMAT, "iCloud photos with their lists", &[Family::Media], Tier::Documented),
        format(photos::ALBUMS, "Albums and memories of iCloud Photos", &[Family::Media], Tier::Documented),
        format(
            health::FORMAT,
            "Apple Health records and workouts",
            &[Family::Health, Family::Activity, Family::Account, Family::Setting],
            Tier::Documented,
        ),
        format(health::ECG, "Electrocardiograms", &[Family::Health], Tier::Unverified),
        format(wallet::FORMAT, "Passes of Wallet", &[Family::File], Tier::Documented),
    ],
    general: false,
    not_covered: &[
        "Contacts, calendars, mail and workout routes are read by the readers of those formats.",
        "Cards of Apple Pay in Wallet, iCloud Drive's own files, JSON beside those named, and the clinical document of Health.",
        "Returns under legal process.",
    ],
    references: &[
        "https://privacy.apple.com/",
        "https://github.com/simulot/immich-go",
        "https://github.com/jaimetur/PhotoMigrator",
        "https://github.com/timelinize/timelinize",
        "https://github.com/WISPR-lab/data-export-gui",
        "https://developer.apple.com/documentation/healthkit/data_types",
        "https://developer.apple.com/documentation/walletpasses/pass",
    ],
};

const fn format(id: &'static str, title: &'static str, families: &'static [Family], tier: Tier) -> Format {
    Format { id, title, families, tier, version: 2 }
}

impl Provider for Apple {
    fn manifest(&self) -> &'static Manifest {
        &MANIFEST
    }

    fn recognise(&self, tree: &Tree<'_>) -> Vec<Claim> {
        let mut claims = photos::claims(tree);
        let taken: BTreeSet<EntryId> = claims.iter().map(|c| c.main).collect();
        for entry in tree.entries().iter().filter(|e| e.size > 0 && !taken.contains(&e.id)) {
            claims.extend(claim(tree, entry));
        }
        parts::mark(tree, &mut claims);
        claims
    }

    fn parse(&self, opened: &Opened<'_>, out: &mut Sink) {
        parts::warn(opened, out);
        match opened.claim.format {
            photos::FORMAT | photos::ALBUMS => photos::parse(opened, out),
            health::FORMAT => health::parse(opened, out),
            health::ECG => health::ecg(opened, out),
            activity::TV => activity::tv(opened, out),
            activity::GAMES => activity::games(opened, out),
            icloud::NOTES => icloud::note(opened, out),
            icloud::VOICE => icloud::voice(opened, out),
            icloud::LISTS => icloud::lists(opened, out),
            wallet::FORMAT => wallet::parse(opened, out),
            _ => tables::parse(opened, out),
        }
    }

    fn survey(&self, claim: &Claim) -> Option<Box<dyn Survey>> {
        tables::is_stacked(claim.format).then(|| Box::<Headers>::default() as Box<dyn Survey>)
    }
}

fn claim(tree: &Tree<'_>, entry: &TreeEntry) -> Option<Claim> {
    match entry.extension().as_str() {
        "csv" => {
            let head = tree.head(entry.id);
            if entry.dir().to_lowercase().ends_with("electrocardiograms") {
                return Some(Claim::of(health::ECG, entry.id, Framing::Whole));
            }
            tables::format(entry, &head).map(|format| Claim::of(format, entry.id, Framing::Rows))
        }
        "xml" if health::is_export(&tree.head(entry.id)) => {
            let mut claim = Claim::of(health::FORMAT, entry.id, Framing::XmlChildren);
            claim.links = Arc::new(routes(tree, entry));
            Some(claim)
        }
        "json" if entry.name() == "pass.json" && wallet::is_ours(&tree.head(entry.id)) => {
            Some(Claim::of(wallet::FORMAT, entry.id, Framing::Whole))
        }
        "json" if tables::is_within(entry) => {
            let head = tree.head(entry.id);
            if activity::is_tv(&head) {
                Some(Claim::of(activity::TV, entry.id, activity::TV_FRAMING))
            } else if activity::is_games(&head) {
                Some(Claim::of(activity::GAMES, entry.id, activity::GAMES_FRAMING))
            } else {
                None
            }
        }
        _ => icloud::claim(tree, entry),
    }
}

/// Returns the routes of workouts beside an export.
fn routes(tree: &Tree<'_>, export: &TreeEntry) -> Links {
    let routes = tree.below(export.dir()).iter().filter(|e| e.extension() == "gpx");
    routes.map(|e| Link { name: e.name().to_owned(), entry: e.id, size: e.size }).collect()
}
