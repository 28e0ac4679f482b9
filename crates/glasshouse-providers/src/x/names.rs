//! What a script of an archive holds, by the name that it assigns.

use super::{account, ads, completeness, messages, tweets};
use glasshouse_model::Framing;

/// Framing of a script that assigns an array.
pub(super) const ARRAY: Framing = Framing::JsonAssigned(&[""]);

/// What the beginning of a script says it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Script {
    /// `window.YTD.<name>.part<n> = […]`
    Data(String),
    /// `window.__THAR_CONFIG = {…}`: the archive's list of its files.
    Manifest,
    /// `Grailbird.data.tweets_<year>_<month> = […]`: tweets in the layout before 2018.
    Months,
    /// `var user_details = {…}`, of the same layout.
    UserDetails,
}

impl Script {
    /// Returns what first bytes say.
    pub(super) fn of(head: &[u8]) -> Option<Self> {
        let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
        let name = head.get(..memchr::memchr(b'=', head.get(..200.min(head.len()))?)?)?;
        let name = std::str::from_utf8(name).ok()?.trim_ascii_end();
        if let Some(data) = name.strip_prefix("window.YTD.") {
            let (data, part) = data.rsplit_once('.')?;
            return part.starts_with("part").then(|| Script::Data(data.to_owned()));
        }
        match name {
            "window.__THAR_CONFIG" => Some(Script::Manifest),
            "var user_details" => Some(Script::UserDetails),
            _ => name.strip_prefix("Grailbird.data.tweets_").map(|_| Script::Months),
        }
    }

    /// Returns the format that reads it.
    pub(super) fn format(&self) -> &'static str {
        let Script::Data(name) = self else {
            return match self {
                Script::Manifest => completeness::FORMAT,
                Script::UserDetails => account::FORMAT,
                _ => tweets::FORMAT,
            };
        };
        match name.as_str() {
            "tweet" | "tweets" | "deleted_tweet" | "deleted_tweets" | "community_tweet" | "community_tweets"
            | "note_tweet" | "note_tweets" => tweets::FORMAT,
            "tweet_headers" | "deleted_tweet_headers" => tweets::HEADERS,
            "like" | "likes" => tweets::LIKES,
            "direct_message"
            | "direct_messages"
            | "direct_message_group"
            | "direct_messages_group"
            | "direct_message_headers"
            | "direct_messages_headers"
            | "direct_message_group_headers"
            | "direct_messages_group_headers" => messages::FORMAT,
            "grok_chat_item" | "grok_chat_items" => messages::GROK,
            "account"
            | "profile"
            | "ageinfo"
            | "screen_name_change"
            | "email_address_change"
            | "phone_number"
            | "verified"
            | "verified_organization"
            | "account_timezone"
            | "account_label"
            | "account_creation_ip"
            | "account_suspension"
            | "protected_history"
            | "personalization"
            | "user_details" => account::FORMAT,
            "ip_audit" => account::LOGINS,
            "follower" | "following" | "block" | "mute" | "contact" => account::CONNECTIONS,
            "device_token" | "ni_devices" | "key_registry" | "connected_application" | "app" => account::DEVICES,
            "saved_search" => account::SEARCHES,
            name if name.starts_with("ad_") && name != "ad_free_article_visits" => ads::FORMAT,
            _ => account::OTHER,
        }
    }

    /// Returns how it is cut.
    pub(super) fn framing(&self) -> Framing {
        match self {
            Script::Manifest | Script::UserDetails => Framing::Whole,
            _ => ARRAY,
        }
    }

    /// Returns whether its records have pictures and films beside it.
    pub(super) fn has_media(&self) -> bool {
        matches!(self.format(), tweets::FORMAT | messages::FORMAT)
            || matches!(self, Script::Data(name) if name == "profile")
    }
}

/// Returns the folder that an archive's scripts and media lie in, given the folder of one of its scripts.
pub(super) fn folder(dir: &str) -> &str {
    // The layout before 2018 has its months in a folder of their own.
    dir.strip_suffix("/tweets").filter(|above| above.ends_with("data/js")).unwrap_or(dir)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_are_known_by_what_they_assign() {
        let data = |name: &str| Some(Script::Data(name.into()));
        for (head, script) in [
            ("window.YTD.tweets.part0 = [ {", data("tweets")),
            ("\u{feff}window.YTD.direct_messages_group.part12=[", data("direct_messages_group")),
            ("window.__THAR_CONFIG = {", Some(Script::Manifest)),
            ("Grailbird.data.tweets_2013_01 = \n [", Some(Script::Months)),
            ("var user_details =  {", Some(Script::UserDetails)),
            ("window.YTD.tweets = [", None),
            ("window.jQuery = function", None),
            ("var x", None),
            ("", None),
        ] {
            assert_eq!(Script::of(head.as_bytes()), script, "{head}");
        }
        assert_eq!(data("ad_engagements").map(|s| s.format()), Some(ads::FORMAT));
        assert_eq!(data("what_comes_next").map(|s| s.format()), Some(account::OTHER));
        assert_eq!((folder("a/data/js/tweets"), folder("a/data"), folder("tweets")), ("a/data/js", "a/data", "tweets"));
    }
}
