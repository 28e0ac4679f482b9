#![doc = include_str!("README.md")]

mod account;
mod ads;
mod completeness;
mod element;
mod messages;
mod names;
mod tweets;
mod when;

use crate::{Frame, Opened, Provider, Sink, Survey, Tree, TreeEntry};
use glasshouse_model::{Claim, EntryId, Family, Format, Link, Links, Manifest, Tier};
use names::Script;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The archive of a Twitter or X account.
pub struct X;

static MANIFEST: Manifest = Manifest {
    id: "x",
    title: "X (Twitter) archive",
    formats: &[
        format(
            tweets::FORMAT,
            "Tweets: sent, deleted, long, in communities, and those of the layout before 2018",
            &[Family::Post],
            Tier::Documented,
        ),
        format(messages::FORMAT, "Direct messages of two people and of groups", &[Family::Message], Tier::Documented),
        format(
            tweets::HEADERS,
            "Headers of tweets and messages, without their text",
            &[Family::Activity],
            Tier::Documented,
        ),
        format(tweets::LIKES, "Likes", &[Family::Reaction], Tier::Documented),
        format(
            account::FORMAT,
            "Account, profile, and changes of them",
            &[Family::Account, Family::Setting],
            Tier::Documented,
        ),
        format(account::LOGINS, "Addresses of logins", &[Family::Login], Tier::Documented),
        format(
            account::CONNECTIONS,
            "Followers, followed, blocked and muted accounts, contacts",
            &[Family::Contact],
            Tier::Documented,
        ),
        format(account::DEVICES, "Devices, keys and connected apps", &[Family::Device, Family::App], Tier::Documented),
        format(account::SEARCHES, "Saved searches", &[Family::Search], Tier::Documented),
        format(ads::FORMAT, "Ads seen and acted upon", &[Family::Ad], Tier::Documented),
        format(messages::GROK, "Conversations with Grok", &[Family::Message], Tier::Unverified),
        format(account::OTHER, "All other files, as they are", &[Family::Activity], Tier::Unverified),
        Format {
            version: 2,
            ..format(completeness::FORMAT, "The archive's own list of its files", &[Family::Activity], Tier::Documented)
        },
    ],
    general: false,
    not_covered: &[
        "Returns under legal process, which are signed text files.",
        "The text of quoted tweets and of tweets that were answered: an archive holds their ids alone.",
        "Counts of direct messages against the archive's list: what they count is not known.",
    ],
    references: &[
        "https://github.com/timhutton/twitter-archive-parser",
        "https://github.com/mrled/twarchive",
        "https://github.com/dogsheep/twitter-to-sqlite",
        "https://github.com/timelinize/timelinize",
    ],
};

const fn format(id: &'static str, title: &'static str, families: &'static [Family], tier: Tier) -> Format {
    Format { id, title, families, tier, version: 1 }
}

impl Provider for X {
    fn manifest(&self) -> &'static Manifest {
        &MANIFEST
    }

    fn recognise(&self, tree: &Tree<'_>) -> Vec<Claim> {
        let scripts: Vec<(&TreeEntry, Script)> = tree
            .entries()
            .iter()
            .filter(|entry| entry.size > 0 && entry.extension() == "js")
            .filter_map(|entry| Some((entry, Script::of(&tree.head(entry.id))?)))
            .collect();
        let about = About::of(&scripts);
        let mut media: BTreeMap<&str, Arc<Links>> = BTreeMap::new();
        let mut claims = Vec::new();
        for (entry, script) in &scripts {
            let dir = names::folder(entry.dir());
            let mut claim = Claim::of(script.format(), entry.id, script.framing());
            if *script == Script::Manifest {
                claim.links = Arc::new(files(tree, dir));
            } else {
                claim.companions = about.beside(entry);
                claim.shared_companions = true;
                if script.has_media() {
                    claim.links = media.entry(dir).or_insert_with(|| Arc::new(beside(tree, dir))).clone();
                }
            }
            claims.push(claim);
        }
        claims
    }

    fn parse(&self, opened: &Opened<'_>, out: &mut Sink) {
        match opened.claim.format {
            tweets::FORMAT | tweets::HEADERS | tweets::LIKES => tweets::parse(opened, out),
            messages::FORMAT => messages::parse(opened, out),
            ads::FORMAT => ads::parse(opened, out),
            completeness::FORMAT => completeness::parse(opened, out),
            _ => account::parse(opened, out),
        }
        completeness::compare(opened, out);
    }

    fn survey(&self, claim: &Claim) -> Option<Box<dyn Survey>> {
        // Only where the archive says how many there should be, and of what.
        let counted = claim.framing == names::ARRAY && claim.format != messages::FORMAT;
        (counted && !claim.companions.is_empty()).then(|| Box::new(Count(0)) as Box<dyn Survey>)
    }
}

/// Counts the elements of a file.
struct Count(u64);

impl Survey for Count {
    fn frame(&mut self, frame: &Frame<'_>) {
        self.0 += u64::from(frame.element);
    }

    fn finish(self: Box<Self>) -> Vec<u8> {
        self.0.to_string().into_bytes()
    }
}

/// The entries that say whose archive it is and what it holds, by folder and part, and by folder alone.
#[derive(Default)]
struct About<'t> {
    lists: Places<'t>,
    accounts: Places<'t>,
}

#[derive(Default)]
struct Places<'t> {
    parts: BTreeMap<(&'t str, u32), EntryId>,
    folders: BTreeMap<&'t str, EntryId>,
}

impl<'t> About<'t> {
    fn of(scripts: &[(&'t TreeEntry<'t>, Script)]) -> Self {
        const LARGEST: u64 = 4 << 20;
        let mut about = About::default();
        for (entry, script) in scripts.iter().filter(|(entry, _)| entry.size <= LARGEST) {
            let places = match script {
                Script::Manifest => &mut about.lists,
                Script::UserDetails => &mut about.accounts,
                Script::Data(name) if name == "account" => &mut about.accounts,
                _ => continue,
            };
            let dir = names::folder(entry.dir());
            places.parts.entry((dir, entry.part)).or_insert(entry.id);
            places.folders.entry(dir).or_insert(entry.id);
        }
        about
    }

    /// Returns those beside a script: of two archives in one case each part goes by its own, if it has one.
    fn beside(&self, script: &TreeEntry) -> Vec<EntryId> {
        let dir = names::folder(script.dir());
        let found = [&self.lists, &self.accounts]
            .into_iter()
            .filter_map(|places| places.parts.get(&(dir, script.part)).or_else(|| places.folders.get(dir)).copied());
        found.collect()
    }
}

/// Returns the media below an archive's folder by their file names, which begin with a tweet's or message's id.
fn beside(tree: &Tree<'_>, dir: &str) -> Links {
    let media = tree.below(dir).iter().filter(|entry| {
        let below = entry.path.get(dir.len()..).unwrap_or_default().trim_start_matches('/');
        below.split('/').next().is_some_and(|folder| folder.ends_with("_media")) && entry.size > 0
    });
    media.map(|entry| Link { name: entry.name().to_owned(), entry: entry.id, size: entry.size }).collect()
}

/// Returns the scripts of an archive by the paths that its list of files has.
fn files(tree: &Tree<'_>, dir: &str) -> Links {
    let scripts = tree.below(dir).iter().filter(|entry| entry.extension() == "js");
    let named = scripts.map(|entry| {
        let below = entry.path.get(dir.len()..).unwrap_or_default().trim_start_matches('/');
        Link { name: below.to_owned(), entry: entry.id, size: entry.size }
    });
    named.collect()
}
