#![doc = include_str!("README.md")]

use crate::formats::meta::roots::{self, Roots, Service};
use crate::formats::meta::{messages, page};
use crate::{Opened, Provider, Sink, Tree, TreeEntry};
use glasshouse_model::{Claim, Family, Format, Framing, Links, Manifest, Tier};
use std::collections::BTreeMap;
use std::sync::Arc;

/// An export of a Facebook account.
pub struct Facebook;

static MANIFEST: Manifest = Manifest {
    id: "facebook",
    title: "Facebook and Messenger export",
    formats: &[
        format(
            messages::FORMAT,
            "Messages and calls: of every root, as JSON and HTML, and of end-to-end encrypted chats",
            &[Family::Message, Family::Call],
            Tier::Documented,
        ),
        format(messages::THREADS, "What an export says about a conversation", &[Family::Activity], Tier::Documented),
    ],
    general: false,
    not_covered: &[],
    references: &[
        "https://github.com/kenn-io/msgvault",
        "https://github.com/timelinize/timelinize",
        "https://github.com/abrignoni/RLEAPP",
    ],
};

const fn format(id: &'static str, title: &'static str, families: &'static [Family], tier: Tier) -> Format {
    Format { id, title, families, tier, version: 1 }
}

impl Provider for Facebook {
    fn manifest(&self) -> &'static Manifest {
        &MANIFEST
    }

    fn recognise(&self, tree: &Tree<'_>) -> Vec<Claim> {
        let roots = Roots::of(tree);
        let mut links: BTreeMap<&str, Arc<Links>> = BTreeMap::new();
        let mut claims = Vec::new();
        for entry in tree.entries().iter().filter(|entry| entry.size > 0) {
            let found = roots.service(entry);
            if found.is_some_and(|(_, service)| service != Service::Facebook) {
                continue;
            }
            let Some(mut claim) = claim(tree, entry, found.is_some()) else { continue };
            claim.links = match found {
                Some((root, _)) => links.entry(root).or_insert_with(|| Arc::new(roots::links(tree, root))).clone(),
                None => {
                    links.entry(entry.dir()).or_insert_with(|| Arc::new(roots::media_beside(tree, entry.dir()))).clone()
                }
            };
            claims.push(claim);
        }
        claims
    }

    fn parse(&self, opened: &Opened<'_>, out: &mut Sink) {
        match opened.claim.framing {
            Framing::Whole => page::parse(opened, out),
            _ => messages::parse(opened, out),
        }
    }
}

/// Claims an entry; `rooted` says that it lies below a folder that exports have.
fn claim(tree: &Tree<'_>, entry: &TreeEntry, rooted: bool) -> Option<Claim> {
    let mut claim = match entry.extension().as_str() {
        "json" if rooted || !entry.name().starts_with('.') => {
            let head = tree.head(entry.id);
            (messages::is_ours(entry.name(), &head))
                .then(|| Claim::of(messages::FORMAT, entry.id, messages::FRAMING))?
        }
        "html" if rooted && messages::number(entry.name()).is_some() => {
            Claim::of(messages::FORMAT, entry.id, page::FRAMING)
        }
        _ => return None,
    };
    // Each part of a conversation says again what the conversation is.
    claim.group = Some(format!("{} {}", entry.dir(), messages::conversation(entry)));
    Some(claim)
}
