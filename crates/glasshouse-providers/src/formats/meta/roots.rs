//! Where an export begins, whose it is, and which of its files records name.
//!
//! The folders below which everything lies were renamed several times (`messages/…`,
//! `your_activity_across_facebook/messages/…`, `your_facebook_activity/messages/…`), and what records call
//! files by follows with a delay.

use crate::{Tree, TreeEntry};
use glasshouse_model::{Link, Links};
use std::collections::BTreeMap;

/// A service whose exports have Meta's form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Service {
    Facebook,
    Instagram,
}

/// Folders that only wrap others, and came and went.
const WRAPPERS: &[&str] =
    &["your_facebook_activity", "your_activity_across_facebook", "your_instagram_activity", "your_messenger_activity"];

/// Folders that exports have at their top, below a wrapper or not.
#[rustfmt::skip]
const TOP: &[&str] = &[
    "about_you", "account_activity", "account_information", "activity_messages", "ads", "ads_and_businesses", "ads_and_content",
    "ads_and_topics", "ads_information", "apps_and_websites", "apps_and_websites_off_of_facebook", "apps_and_websites_off_of_instagram",
    "autofill_information", "avatars_store", "comments", "comments_and_reactions", "connections", "contacts", "content", "dating",
    "device_information", "events", "facebook_gaming", "facebook_marketplace", "facebook_payments", "feed", "followers_and_following",
    "following_and_followers", "friends", "friends_and_followers", "gaming", "groups", "information_about_you", "instagram_ads_and_businesses",
    "interactions", "likes", "likes_and_reactions", "location", "logged_information", "login_and_account_creation", "marketplace", "media", "messages",
    "notifications", "other_activity", "pages", "past_instagram_insights", "payment_history", "personal_information", "photos_and_videos", "polls",
    "posts", "preferences", "profile_information", "recent_search", "recent_searches", "reels", "saved", "saved_items_and_collections", "search",
    "search_history", "security_and_login_information", "shopping", "short_videos", "stories", "story_interactions", "story_sticker_interactions",
    "subscriptions", "support_requests", "threads", "voice_recording_and_transcription", "your_address_books", "your_places", "your_problem_reports",
    "your_topics",
];

/// Folders that only one of the services has; `posts` and `likes` others have, too.
const FACEBOOK: &[&str] = &[
    "your_facebook_activity",
    "your_activity_across_facebook",
    "apps_and_websites_off_of_facebook",
    "comments_and_reactions",
    "about_you",
    "profile_information",
    "friends_and_followers",
    "following_and_followers",
    "photos_and_videos",
    "your_places",
    "facebook_marketplace",
    "facebook_payments",
    "your_address_books",
];
const INSTAGRAM: &[&str] = &[
    "your_instagram_activity",
    "apps_and_websites_off_of_instagram",
    "followers_and_following",
    "login_and_account_creation",
    "login_and_profile_creation",
    "story_sticker_interactions",
    "instagram_ads_and_businesses",
    "past_instagram_insights",
    "recent_searches",
    "account_information",
];

/// Folders that hold the files which records name.
const MEDIA: &[&str] = &[
    "messages",
    "posts",
    "photos_and_videos",
    "media",
    "stories",
    "profile_information",
    "groups",
    "comments_and_reactions",
    "facebook_marketplace",
    "marketplace",
    "voice_recording_and_transcription",
    "reels",
    "short_videos",
    "events",
];

/// Returns the folder that an export begins in, and how much of the path it takes.
pub(crate) fn root(path: &str) -> Option<&str> {
    let mut start = 0;
    for name in path.split('/') {
        if start + name.len() == path.len() {
            return None;
        }
        if WRAPPERS.contains(&name) || TOP.contains(&name) {
            return path.get(..start.max(1) - 1);
        }
        start += name.len() + 1;
    }
    None
}

/// Which service each export of a case is of.
pub(crate) struct Roots<'t> {
    /// By root and part, and by root alone.
    parts: BTreeMap<(&'t str, u32), Service>,
    roots: BTreeMap<&'t str, Service>,
}

impl<'t> Roots<'t> {
    /// Looks at the folders of all entries.
    pub(crate) fn of(tree: &Tree<'t>) -> Self {
        let mut roots = Roots { parts: BTreeMap::new(), roots: BTreeMap::new() };
        let mut last = ("", u32::MAX);
        for entry in tree.entries() {
            // Most entries lie in the folder of the one before, and only lists tell by their names.
            let here = (entry.dir(), entry.part);
            let list = entry.path.ends_with(".json") || entry.path.ends_with(".html");
            if std::mem::replace(&mut last, here) == here && !list {
                continue;
            }
            let Some(root) = root(entry.path) else { continue };
            let below = entry.path.get(root.len()..).unwrap_or_default();
            let Some(service) = says(root, below) else { continue };
            roots.parts.entry((root, entry.part)).or_insert(service);
            roots.roots.entry(root).or_insert(service);
        }
        roots
    }

    /// Returns the service of the export that begins in a folder.
    pub(crate) fn at(&self, folder: &str) -> Option<Service> {
        self.roots.get(folder).copied()
    }

    /// Returns the root and the service of an entry; what says nothing is taken for Facebook's.
    pub(crate) fn service(&self, entry: &'t TreeEntry<'t>) -> Option<Place<'t>> {
        let root = root(entry.path)?;
        let found = self.parts.get(&(root, entry.part)).or_else(|| self.roots.get(root));
        Some(Place { root, service: found.copied().unwrap_or(Service::Facebook), sure: found.is_some() })
    }
}

/// Where an entry lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place<'t> {
    pub root: &'t str,
    pub service: Service,
    /// The folders around it say whose it is.
    pub sure: bool,
}

fn says(root: &str, below: &str) -> Option<Service> {
    let has = |names: &[&str]| below.split('/').any(|name| names.contains(&name));
    // A part may hold posts alone.
    if below.rsplit('/').next().is_some_and(|name| name.starts_with("your_posts")) {
        return Some(Service::Facebook);
    }
    if below.ends_with("content/posts_1.json") {
        return Some(Service::Instagram);
    }
    let last = root.rsplit('/').next().unwrap_or(root);
    // Names that the service gives the whole: `facebook-norafield-2024-05-01-AbCd`.
    match (last.starts_with("instagram-"), last.starts_with("facebook-"), has(INSTAGRAM), has(FACEBOOK)) {
        (true, _, _, _) => Some(Service::Instagram),
        (_, true, _, _) => Some(Service::Facebook),
        (_, _, true, false) => Some(Service::Instagram),
        (_, _, false, true) => Some(Service::Facebook),
        _ => None,
    }
}

/// Returns the files of an export by what records may call them.
pub(crate) fn links(tree: &Tree<'_>, root: &str) -> Links {
    let files = tree.below(root).iter().filter(|entry| {
        let below = below(entry.path, root);
        let top = below.split('/').find(|name| !WRAPPERS.contains(name));
        top.is_some_and(|name| MEDIA.contains(&name))
            && entry.size > 0
            && !matches!(entry.extension().as_str(), "json" | "html" | "htm" | "css" | "js")
            && entry.name() != super::start::NO_DATA
    });
    files
        .map(|entry| Link { name: key(below(entry.path, root)).to_owned(), entry: entry.id, size: entry.size })
        .collect()
}

/// Returns the files in `media/` beside an export of encrypted chats, by what it calls them.
pub(crate) fn media_beside(tree: &Tree<'_>, dir: &str) -> Links {
    let media = if dir.is_empty() { "media".to_owned() } else { format!("{dir}/media") };
    let files = tree.below(&media).iter().filter(|entry| entry.size > 0);
    files
        .map(|entry| Link { name: key(below(entry.path, dir)).to_owned(), entry: entry.id, size: entry.size })
        .collect()
}

fn below<'p>(path: &'p str, root: &str) -> &'p str {
    path.get(root.len()..).unwrap_or_default().trim_start_matches('/')
}

/// Returns what a file is looked up by, given its path below the root or what a record calls it.
///
/// It is the last three names, wrappers left out: what stands before changed from export to export.
pub(crate) fn key(uri: &str) -> &str {
    let uri = uri.trim_start_matches("./").trim_start_matches('/');
    let uri = WRAPPERS.iter().find_map(|wrapper| uri.strip_prefix(wrapper)?.strip_prefix('/')).unwrap_or(uri);
    uri.rmatch_indices('/').nth(2).and_then(|(at, _)| uri.get(at + 1..)).unwrap_or(uri)
}

#[cfg(test)]
mod tests {
    use super::*;
    use glasshouse_model::EntryId;

    #[test]
    fn exports_begin_above_the_folders_that_are_known() {
        for (path, expected) in [
            ("your_facebook_activity/messages/inbox/a_1/message_1.json", Some("")),
            ("messages/inbox/a_1/message_1.json", Some("")),
            ("x/facebook-nora/posts/a.json", Some("x/facebook-nora")),
            ("x/a.json", None),
            ("posts", None),
            ("", None),
        ] {
            assert_eq!(root(path), expected, "{path}");
        }
    }

    #[test]
    fn files_are_named_alike_with_and_without_wrappers() {
        for uri in [
            "messages/inbox/a_1/photos/1.jpg",
            "your_facebook_activity/messages/inbox/a_1/photos/1.jpg",
            "./a_1/photos/1.jpg",
            "/a_1/photos/1.jpg",
        ] {
            assert_eq!(key(uri), "a_1/photos/1.jpg");
        }
        assert_eq!(key("your_instagram_activity/media/x.jpg"), "media/x.jpg");
        assert_eq!(key(""), "");
    }

    #[test]
    fn two_services_in_one_case_are_told_apart() {
        let entry =
            |id, path: &'static str, part| TreeEntry { id: EntryId(id), path: path.into(), size: 1, crc32: None, part };
        let entries = [
            entry(0, "connections/followers_and_following/followers_1.json", 1),
            entry(1, "messages/inbox/a_1/message_1.json", 0),
            entry(2, "messages/inbox/b_1/message_1.json", 1),
            entry(3, "other/messages/inbox/b_1/message_1.json", 1),
            entry(4, "profile_information/profile_information.json", 0),
        ];
        let head = |_| Vec::new();
        let tree = Tree::new(&entries, &head);
        let roots = Roots::of(&tree);
        let services: Vec<_> = entries.iter().filter_map(|e| roots.service(e)).map(|place| place.service).collect();
        use Service::{Facebook, Instagram};
        assert_eq!(services, [Instagram, Facebook, Instagram, Facebook, Facebook]);
    }
}
