//! The lenses that Glasshouse comes with.

use super::{Lens, model};
use crate::Provider;
use std::sync::LazyLock;

/// Their texts; lenses of one provider stand together, and of two that fit a file the first reads it.
const TEXTS: &[&str] = &[
    include_str!("../../lenses/box/listing.toml"),
    include_str!("../../lenses/chatgpt/account.toml"),
    include_str!("../../lenses/chatgpt/conversations.toml"),
    include_str!("../../lenses/chatgpt/documents.toml"),
    include_str!("../../lenses/chatgpt/feedback.toml"),
    include_str!("../../lenses/chatgpt/group-chats.toml"),
    include_str!("../../lenses/chatgpt/shared.toml"),
    include_str!("../../lenses/coinbase/data.toml"),
    include_str!("../../lenses/dropbox/listing.toml"),
    include_str!("../../lenses/fitbit/measures.toml"),
    include_str!("../../lenses/fitbit/sleep.toml"),
    include_str!("../../lenses/fitbit/weight.toml"),
    include_str!("../../lenses/kik/binds.toml"),
    include_str!("../../lenses/kik/contacts.toml"),
    include_str!("../../lenses/kik/delivery.toml"),
    include_str!("../../lenses/kik/groups.toml"),
    include_str!("../../lenses/kik/logs.toml"),
    include_str!("../../lenses/kik/messages.toml"),
    include_str!("../../lenses/linkedin/ads-clicked.toml"),
    include_str!("../../lenses/linkedin/certifications.toml"),
    include_str!("../../lenses/linkedin/comments.toml"),
    include_str!("../../lenses/linkedin/company-follows.toml"),
    include_str!("../../lenses/linkedin/connections.toml"),
    include_str!("../../lenses/linkedin/education.toml"),
    include_str!("../../lenses/linkedin/email-addresses.toml"),
    include_str!("../../lenses/linkedin/endorsements.toml"),
    include_str!("../../lenses/linkedin/inferences.toml"),
    include_str!("../../lenses/linkedin/invitations.toml"),
    include_str!("../../lenses/linkedin/logins.toml"),
    include_str!("../../lenses/linkedin/member-follows.toml"),
    include_str!("../../lenses/linkedin/messages.toml"),
    include_str!("../../lenses/linkedin/phone-numbers.toml"),
    include_str!("../../lenses/linkedin/positions.toml"),
    include_str!("../../lenses/linkedin/profile.toml"),
    include_str!("../../lenses/linkedin/reactions.toml"),
    include_str!("../../lenses/linkedin/recommendations.toml"),
    include_str!("../../lenses/linkedin/registration.toml"),
    include_str!("../../lenses/linkedin/searches.toml"),
    include_str!("../../lenses/linkedin/security-challenges.toml"),
    include_str!("../../lenses/linkedin/shares.toml"),
    include_str!("../../lenses/linkedin/skills.toml"),
    include_str!("../../lenses/linkedin/votes.toml"),
    include_str!("../../lenses/mewe/lists.toml"),
    include_str!("../../lenses/mewe/texts.toml"),
    include_str!("../../lenses/netflix/access.toml"),
    include_str!("../../lenses/netflix/account.toml"),
    include_str!("../../lenses/netflix/billing.toml"),
    include_str!("../../lenses/netflix/choices.toml"),
    include_str!("../../lenses/netflix/clicks.toml"),
    include_str!("../../lenses/netflix/devices.toml"),
    include_str!("../../lenses/netflix/games.toml"),
    include_str!("../../lenses/netflix/history.toml"),
    include_str!("../../lenses/netflix/ip-addresses.toml"),
    include_str!("../../lenses/netflix/messages.toml"),
    include_str!("../../lenses/netflix/my-list.toml"),
    include_str!("../../lenses/netflix/playback.toml"),
    include_str!("../../lenses/netflix/preferences.toml"),
    include_str!("../../lenses/netflix/profiles.toml"),
    include_str!("../../lenses/netflix/ratings.toml"),
    include_str!("../../lenses/netflix/searches.toml"),
    include_str!("../../lenses/netflix/subscriptions.toml"),
    include_str!("../../lenses/netflix/support.toml"),
    include_str!("../../lenses/netflix/terms.toml"),
    include_str!("../../lenses/netflix/viewing.toml"),
    include_str!("../../lenses/onedrive/listing.toml"),
    include_str!("../../lenses/reddit/account.toml"),
    include_str!("../../lenses/reddit/ad-preferences.toml"),
    include_str!("../../lenses/reddit/announcements.toml"),
    include_str!("../../lenses/reddit/awards.toml"),
    include_str!("../../lenses/reddit/chat.toml"),
    include_str!("../../lenses/reddit/checkfile.toml"),
    include_str!("../../lenses/reddit/comments.toml"),
    include_str!("../../lenses/reddit/drafts.toml"),
    include_str!("../../lenses/reddit/friends.toml"),
    include_str!("../../lenses/reddit/ip-logs.toml"),
    include_str!("../../lenses/reddit/linked-identities.toml"),
    include_str!("../../lenses/reddit/messages.toml"),
    include_str!("../../lenses/reddit/multireddits.toml"),
    include_str!("../../lenses/reddit/poll-votes.toml"),
    include_str!("../../lenses/reddit/posts.toml"),
    include_str!("../../lenses/reddit/purchases.toml"),
    include_str!("../../lenses/reddit/saved.toml"),
    include_str!("../../lenses/reddit/statistics.toml"),
    include_str!("../../lenses/reddit/subreddits.toml"),
    include_str!("../../lenses/reddit/votes.toml"),
    include_str!("../../lenses/spotify/account.toml"),
    include_str!("../../lenses/spotify/extended.toml"),
    include_str!("../../lenses/spotify/follow.toml"),
    include_str!("../../lenses/spotify/identifiers.toml"),
    include_str!("../../lenses/spotify/inferences.toml"),
    include_str!("../../lenses/spotify/library.toml"),
    include_str!("../../lenses/spotify/marquee.toml"),
    include_str!("../../lenses/spotify/payments.toml"),
    include_str!("../../lenses/spotify/playlists.toml"),
    include_str!("../../lenses/spotify/searches.toml"),
    include_str!("../../lenses/spotify/streaming.toml"),
    include_str!("../../lenses/spotify/technical.toml"),
    include_str!("../../lenses/tiktok/text-messages.toml"),
    include_str!("../../lenses/tiktok/text.toml"),
    include_str!("../../lenses/tiktok/user-data.toml"),
    include_str!("../../lenses/uber/app-analytics.toml"),
    include_str!("../../lenses/uber/driver-payments.toml"),
    include_str!("../../lenses/uber/driver-trips.toml"),
    include_str!("../../lenses/uber/eats-orders.toml"),
    include_str!("../../lenses/uber/payment-methods.toml"),
    include_str!("../../lenses/uber/profile.toml"),
    include_str!("../../lenses/uber/ratings.toml"),
    include_str!("../../lenses/uber/saved-places.toml"),
    include_str!("../../lenses/uber/support.toml"),
    include_str!("../../lenses/uber/trips.toml"),
];

static SHIPPED: LazyLock<Vec<&'static dyn Provider>> = LazyLock::new(|| {
    let mut providers: Vec<Vec<_>> = Vec::new();
    for text in TEXTS {
        // A lens of ours that cannot be read is caught by a test and left out here.
        let Ok(file) = model::read(text) else { continue };
        match providers.last_mut() {
            Some(files)
                if files.last().is_some_and(|(last, _): &(model::LensFile, _)| last.provider == file.provider) =>
            {
                files.push((file, *text));
            }
            _ => providers.push(vec![(file, *text)]),
        }
    }
    let lens = |files| -> &'static dyn Provider { Box::leak(Box::new(Lens::of(files))) };
    providers.into_iter().map(lens).collect()
});

/// Returns the providers whose formats are lenses that Glasshouse comes with.
pub fn shipped() -> &'static [&'static dyn Provider] {
    &SHIPPED
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shipped_lens_can_be_read() {
        for text in TEXTS {
            if let Err(error) = model::read(text) {
                let first: Vec<_> = text.lines().take(5).collect();
                panic!("{error}\n{}", first.join("\n"));
            }
        }
        let formats: usize = shipped().iter().map(|p| p.manifest().formats.len()).sum();
        assert_eq!(formats, TEXTS.len());
    }
}
