//! What the exports of Facebook and Instagram share: where they begin, messages, pages, lists of items.

mod html;
mod item;
mod items;
mod kinds;
mod labels;
mod messages;
mod page;
mod roots;
mod start;

pub(crate) use page::is_ours as is_page;
pub(crate) use roots::Service;

use crate::{Opened, Sink, Tree, TreeEntry};
use glasshouse_model::{Claim, Family, Format, Framing, Links, Tier};
use roots::Roots;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Every format of Facebook.
pub(crate) static FACEBOOK: [Format; 21] = formats(&[kinds::SHARED, kinds::OF_FACEBOOK]);
/// Every format of Instagram.
pub(crate) static INSTAGRAM: [Format; 19] = formats(&[kinds::SHARED]);

const fn formats<const N: usize>(lists: &[&[kinds::ItemFormat]]) -> [Format; N] {
    const MESSAGES: Format = Format {
        id: messages::FORMAT,
        title: "Messages and calls: of every root, as JSON and as pages, and of end-to-end encrypted chats",
        families: &[Family::Message, Family::Call],
        tier: Tier::Documented,
        version: 1,
    };
    const THREADS: Format = Format {
        id: messages::THREADS,
        title: "What an export says about a conversation",
        families: &[Family::Activity],
        ..MESSAGES
    };
    let mut all = [MESSAGES; N];
    all[1] = THREADS;
    let (mut list, mut next) = (0, 2);
    while list < lists.len() {
        let mut i = 0;
        while i < lists[list].len() {
            let (id, title, families, tier) = lists[list][i];
            all[next] = Format { id, title, families, tier, version: 2 };
            next += 1;
            i += 1;
        }
        list += 1;
    }
    assert!(next == N);
    all
}

/// Claims the files of one service.
pub(crate) fn recognise(tree: &Tree<'_>, service: Service) -> Vec<Claim> {
    let roots = Roots::of(tree);
    let mut links: BTreeMap<&str, Arc<Links>> = BTreeMap::new();
    let mut beside: BTreeMap<&str, Arc<Links>> = BTreeMap::new();
    let mut claims = Vec::new();
    for entry in tree.entries() {
        if let Some(claim) = start::no_data(entry, &roots, service) {
            claims.push(claim);
            continue;
        }
        if entry.size == 0 || !matches!(entry.extension().as_str(), "json" | "html") {
            continue;
        }
        if let Some(claim) = start::claim(tree, entry, &roots, service) {
            claims.push(claim);
            continue;
        }
        // Files of encrypted chats lie anywhere; nothing but Messenger writes them.
        let place = roots.service(entry);
        if place.map_or(Service::Facebook, |place| place.service) != service {
            continue;
        }
        let Some(mut claim) =
            claim(tree, entry, service, place.as_ref().is_some_and(|place| place.sure), place.is_some())
        else {
            continue;
        };
        claim.links = match place {
            Some(place) => links.entry(place.root).or_insert_with(|| Arc::new(roots::links(tree, place.root))).clone(),
            None => {
                beside.entry(entry.dir()).or_insert_with(|| Arc::new(roots::media_beside(tree, entry.dir()))).clone()
            }
        };
        claims.push(claim);
    }
    claims
}

/// Claims an entry; `sure` says that the export around it is known, `rooted` that it lies below one of its folders.
fn claim(tree: &Tree<'_>, entry: &TreeEntry, service: Service, sure: bool, rooted: bool) -> Option<Claim> {
    // Looking into a file costs a read: beyond the folders of exports only what is named `<conversation>_<n>`.
    if !rooted && (entry.extension() == "html" || !messages::is_named(entry.name())) {
        return None;
    }
    let head = tree.head(entry.id);
    if entry.extension() == "html" {
        if messages::number(entry.name()).is_some() {
            return Some(conversation(entry, Framing::Whole));
        }
        let shaped = sure && page::is_ours(&head) && !matches!(entry.name(), "index.html" | "start_here.html");
        return shaped.then(|| Claim::of(kinds::kind(service, entry.path, "").format, entry.id, Framing::Whole));
    }
    if messages::is_ours(entry.name(), &head) {
        return Some(conversation(entry, messages::FRAMING));
    }
    if !rooted {
        return None;
    }
    let framing = items::framing(&head, sure)?;
    let format = kinds::kind(service, entry.path, &items::first_key(&head)).format;
    Some(Claim::of(format, entry.id, framing))
}

fn conversation(entry: &TreeEntry, framing: Framing) -> Claim {
    let mut claim = Claim::of(messages::FORMAT, entry.id, framing);
    // Each part of a conversation says again what the conversation is.
    claim.group = Some(format!("{} {}", entry.dir(), messages::conversation(entry)));
    claim
}

/// Reads the frames of a claim.
pub(crate) fn parse(opened: &Opened<'_>, service: Service, out: &mut Sink) {
    let page = opened.entry.extension() == "html";
    if page {
        crate::formats::page::check_end(opened, out);
    }
    match (opened.claim.format, page) {
        (start::FORMAT, _) => start::parse(opened, out),
        (messages::FORMAT, true) => page::messages(opened, out),
        (messages::FORMAT, false) => messages::parse(opened, out),
        (_, true) => page::items(opened, service, kinds::kind(service, opened.entry.path, ""), out),
        (_, false) => items::parse(opened, service, out),
    }
}
