//! What a list is of, by the names that its service gives files, folders and lists.

use super::roots::Service;
use glasshouse_model::{Family, Tier};

/// What the items of a list become.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Kind {
    pub format: &'static str,
    pub family: Family,
    /// Its items are of many shapes: their members stay together, since one name may mean several things.
    pub whole: bool,
    /// Members that are not known are no drift.
    pub open: bool,
}

/// A part of a name, and what it says.
type Word = (&'static str, Kind);

const fn of(format: &'static str, family: Family) -> Kind {
    Kind { format, family, whole: false, open: false }
}

const fn mixed(format: &'static str, family: Family) -> Kind {
    Kind { format, family, whole: true, open: true }
}

const POSTS: Kind = of("posts", Family::Post);
const COMMENTS: Kind = of("comments", Family::Post);
const REACTIONS: Kind = of("reactions", Family::Reaction);
const CONNECTIONS: Kind = of("connections", Family::Contact);
const LOGINS: Kind = of("logins", Family::Login);
const DEVICES: Kind = of("devices", Family::Device);
const SEARCHES: Kind = of("searches", Family::Search);
const PROFILE: Kind = mixed("profile", Family::Account);
const LOCATIONS: Kind = of("locations", Family::Location);
const ADS: Kind = mixed("ads", Family::Ad);
const GROUPS: Kind = mixed("groups", Family::Activity);
const EVENTS: Kind = of("events", Family::Event);
const PAYMENTS: Kind = of("payments", Family::Payment);
const APPS: Kind = of("apps", Family::App);
const MEDIA: Kind = of("media", Family::Media);
const SETTINGS: Kind = mixed("settings", Family::Setting);
const OFF: Kind = of("off-service", Family::Activity);
const OTHER: Kind = mixed("other", Family::Activity);

/// Looked for in the list's key, then in the file's name, then in its folders: the first that is found counts.
#[rustfmt::skip]
const FACEBOOK: &[Word] = &[
    ("preferences", SETTINGS), ("settings", SETTINGS), ("saved", OTHER), ("collections", OTHER),
    ("off_facebook", OFF), ("off-facebook", OFF), ("off_meta", OFF),
    ("group_comments", COMMENTS), ("comments", COMMENTS), ("group_posts", POSTS), ("reactions", REACTIONS), ("likes_on", REACTIONS), ("your_posts", POSTS),
    ("posts_on", POSTS), ("other_people's_posts", POSTS), ("wall_posts", POSTS), ("archived_stories", POSTS), ("edits_you_made", POSTS), ("check-ins", POSTS), ("notes", POSTS),
    ("address_book", CONNECTIONS), ("uploaded_contacts", CONNECTIONS), ("friend", CONNECTIONS), ("follow", CONNECTIONS), ("contacts", CONNECTIONS),
    ("recognized_devices", DEVICES), ("mobile_devices", DEVICES), ("your_devices", DEVICES), ("devices", DEVICES),
    ("account_activity", LOGINS), ("account_access", LOGINS), ("login", LOGINS), ("active_sessions", LOGINS), ("logged_in", LOGINS), ("used_ip", LOGINS), ("ip_address", LOGINS),
    ("record_details", LOGINS), ("browser_cookies", LOGINS),
    ("search", SEARCHES), ("profile", PROFILE), ("last_location", LOCATIONS), ("primary_location", LOCATIONS), ("primary_public_location", LOCATIONS), ("location", LOCATIONS),
    ("advertiser", ADS), ("ads_", ADS), ("ad_", ADS), ("custom_audiences", ADS), ("event", EVENTS), ("payment", PAYMENTS), ("group", GROUPS), ("apps", APPS),
    ("album", MEDIA), ("photos", MEDIA), ("videos", MEDIA), ("posts", POSTS), ("stories", POSTS),
];

#[rustfmt::skip]
const INSTAGRAM: &[Word] = &[
    ("preferences", SETTINGS), ("settings", SETTINGS), ("recs_hidden", SETTINGS), ("saved", OTHER),
    ("off_meta", OFF), ("off-meta", OFF), ("comments", COMMENTS), ("likes_", REACTIONS), ("liked_", REACTIONS), ("story_likes", REACTIONS), ("reactions", REACTIONS),
    ("profile_photo", POSTS), ("archived_posts", POSTS), ("ads_", ADS), ("advertiser", ADS), ("seen", OTHER), ("viewed", OTHER), ("videos_watched", OTHER),
    ("not_interested", SETTINGS), ("last_known_location", LOCATIONS), ("locations_of_interest", LOCATIONS), ("based_in", LOCATIONS), ("primary_location", LOCATIONS),
    ("privacy", SETTINGS), ("login", LOGINS), ("logout", LOGINS), ("password", LOGINS), ("two-factor", LOGINS), ("2fa", LOGINS), ("signup", LOGINS), ("registration", LOGINS),
    ("devices", DEVICES), ("camera_information", DEVICES), ("search", SEARCHES), ("relationships_", CONNECTIONS), ("follow", CONNECTIONS), ("close_friends", CONNECTIONS),
    ("blocked", CONNECTIONS), ("restricted", CONNECTIONS), ("synced_contacts", CONNECTIONS), ("contacts", CONNECTIONS), ("removed_suggestions", CONNECTIONS),
    ("profile", PROFILE), ("personal_information", PROFILE), ("account_information", PROFILE), ("payment", PAYMENTS), ("purchase", PAYMENTS), ("apps_and_websites", APPS),
    ("ig_stories", POSTS), ("stories.json", POSTS), ("posts_", POSTS), ("posts.", POSTS), ("reels", POSTS), ("igtv", POSTS), ("ig_", POSTS),
    ("media", POSTS), ("content", POSTS), ("event", EVENTS),
];

/// Returns what the items of a list are: `key` is the list's, `""` where the file is the list.
pub(crate) fn kind(service: Service, path: &str, key: &str) -> Kind {
    let words = match service {
        Service::Facebook => FACEBOOK,
        Service::Instagram => INSTAGRAM,
    };
    let lower = path.to_lowercase();
    let mut parts = lower.rsplit('/');
    let name = parts.next().unwrap_or_default().to_owned();
    let key = key.to_lowercase();
    // The wrapping folders and those of the disk say nothing.
    let folders = parts
        .take(3)
        .filter(|name| !name.starts_with("your_") && !name.contains("facebook-") && !name.contains("instagram-"));
    let folders: Vec<&str> = folders.filter(|name| !matches!(*name, "connections" | "logged_information")).collect();
    let said = |text: &str| words.iter().find(|(word, _)| begins(text, word)).map(|(_, kind)| *kind);
    said(&key).or_else(|| said(&name)).or_else(|| folders.iter().find_map(|folder| said(folder))).unwrap_or(OTHER)
}

/// Says whether a name has a word that begins so: `threads_viewed` is nothing of `ads_`.
fn begins(name: &str, word: &str) -> bool {
    name.match_indices(word).any(|(at, _)| {
        let before = name.get(..at).and_then(|before| before.chars().next_back());
        before.is_none_or(|before| !before.is_alphanumeric())
    })
}

/// The formats of items: id, title, families, tier.
pub(crate) type ItemFormat = (&'static str, &'static str, &'static [Family], Tier);

/// Those that both services have.
pub(crate) const SHARED: &[ItemFormat] = &[
    ("posts", "Posts, stories and their pictures", &[Family::Post], Tier::Documented),
    ("comments", "Comments", &[Family::Post], Tier::Documented),
    ("reactions", "Reactions and likes", &[Family::Reaction], Tier::Documented),
    (
        "connections",
        "Friends, followers, requests, blocked accounts, uploaded contacts",
        &[Family::Contact],
        Tier::Documented,
    ),
    (
        "logins",
        "Logins, sessions, addresses and other acts on the account's security",
        &[Family::Login],
        Tier::Documented,
    ),
    ("devices", "Devices", &[Family::Device], Tier::Documented),
    ("searches", "Searches", &[Family::Search], Tier::Documented),
    ("profile", "Profile", &[Family::Account], Tier::Documented),
    ("locations", "Places that the service keeps", &[Family::Location], Tier::Documented),
    ("ads", "Ads and advertisers", &[Family::Ad], Tier::Documented),
    ("events", "Events", &[Family::Event], Tier::Unverified),
    ("payments", "Payments", &[Family::Payment], Tier::Unverified),
    ("apps", "Apps and websites", &[Family::App], Tier::Documented),
    ("settings", "Settings and their changes", &[Family::Setting], Tier::Unverified),
    ("off-service", "What businesses told the service", &[Family::Activity], Tier::Documented),
    (
        "index",
        "The start page of an export as pages, and notices that a folder holds no data",
        &[Family::File],
        Tier::Unverified,
    ),
    ("other", "All other lists of known shapes", &[Family::Activity], Tier::Unverified),
];

/// Those of Facebook alone: what Instagram has of pictures and films is posts.
pub(crate) const OF_FACEBOOK: &[ItemFormat] = &[
    ("groups", "Groups", &[Family::Activity], Tier::Unverified),
    ("media", "Albums, photos and films", &[Family::Media], Tier::Documented),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_known_by_key_then_file_then_folder() {
        let facebook = |path: &str, key: &str| kind(Service::Facebook, path, key).format;
        for (path, key, format) in [
            ("your_facebook_activity/comments_and_reactions/comments.json", "comments_v2", "comments"),
            ("comments_and_reactions/posts_and_comments.json", "reactions_v2", "reactions"),
            ("your_facebook_activity/posts/your_posts__check_ins__photos_and_videos_1.json", "", "posts"),
            ("your_facebook_activity/groups/your_comments_in_groups.json", "group_comments_v2", "comments"),
            ("connections/friends/your_friends.json", "friends_v2", "connections"),
            ("security_and_login_information/account_activity.json", "account_activity_v2", "logins"),
            ("ads_information/advertisers_you've_interacted_with.json", "history_v2", "ads"),
            (
                "apps_and_websites_off_of_facebook/your_off-facebook_activity.json",
                "off_facebook_activity_v2",
                "off-service",
            ),
            ("logged_information/search/your_search_history.json", "searches_v2", "searches"),
            ("personal_information/profile_information/profile_information.json", "profile_v2", "profile"),
            ("your_facebook_activity/pages/pages_you've_liked.json", "page_likes_v2", "other"),
        ] {
            assert_eq!(facebook(path, key), format, "{path} {key}");
        }
        let instagram = |path: &str, key: &str| kind(Service::Instagram, path, key).format;
        for (path, key, format) in [
            ("connections/followers_and_following/followers_1.json", "", "connections"),
            ("your_instagram_activity/likes/liked_posts.json", "likes_media_likes", "reactions"),
            ("your_instagram_activity/media/posts_1.json", "", "posts"),
            ("content/stories.json", "ig_stories", "posts"),
            ("your_instagram_activity/comments/post_comments_1.json", "", "comments"),
            (
                "security_and_login_information/login_and_profile_creation/login_activity.json",
                "account_history_login_history",
                "logins",
            ),
            ("personal_information/device_information/devices.json", "devices_devices", "devices"),
            ("your_instagram_activity/saved/saved_posts.json", "", "other"),
            ("your_instagram_activity/threads/threads_viewed.json", "text_post_app_text_post_app_posts_seen", "other"),
            ("preferences/reels_preferences.json", "label_values", "settings"),
            ("logged_information/recent_searches/profile_searches.json", "searches_user", "searches"),
            ("ads_information/ads_and_topics/ads_viewed.json", "impressions_history_ads_seen", "ads"),
        ] {
            assert_eq!(instagram(path, key), format, "{path} {key}");
        }
        for kind in FACEBOOK.iter().chain(INSTAGRAM).map(|(_, kind)| kind).chain([&OTHER]) {
            let listed = SHARED.iter().chain(OF_FACEBOOK).find(|(id, ..)| *id == kind.format);
            assert!(listed.is_some_and(|(_, _, families, _)| families.contains(&kind.family)), "{}", kind.format);
        }
    }
}
