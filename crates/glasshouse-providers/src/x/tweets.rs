//! Tweets of every kind, and likes.

use super::element::{Owner, account, each, keep_text, string};
use super::when;
use crate::formats::escaped::decoded;
use crate::formats::json::{Object, as_text};
use crate::{Opened, Sink};
use glasshouse_model::{
    Attachment, Family, Identifier, IdentifierKind, Links, MomentRole, Party, PartyRole, Place, Record, Ref,
};

pub(super) const FORMAT: &str = "tweets";
pub(super) const HEADERS: &str = "headers";
pub(super) const LIKES: &str = "likes";

/// People named in one tweet beyond these stay in the fields alone.
const MOST_MENTIONED: usize = 50;

/// Reads tweets, headers of tweets, and likes.
pub(super) fn parse(opened: &Opened<'_>, out: &mut Sink) {
    let owner = Owner::of(opened);
    each(opened, out, |at, _, kind, object, out| match (opened.claim.format, kind) {
        (HEADERS, _) => header(at, kind, object, &owner, out),
        (LIKES, _) => like(at, kind, object, &owner, out),
        (_, "noteTweet") => note(at, kind, object, &owner, out),
        _ => tweet(opened, at, object, &owner, out),
    });
}

/// Begins a record of the owner's.
pub(super) fn own(family: Family, format: &'static str, owner: &Owner, role: PartyRole) -> Record {
    let mut record = Record::new(family, format);
    record.account = owner.account();
    record.parties.extend(owner.party(role));
    record
}

fn tweet(opened: &Opened<'_>, at: &Ref, object: &Object<'_>, owner: &Owner, out: &mut Sink) {
    let mut record = own(Family::Post, FORMAT, owner, PartyRole::Author);
    let text_key = if object.raw("full_text").is_some() { "full_text" } else { "text" };
    for (key, raw) in object.members() {
        let raw = raw.get();
        match key {
            "created_at" if as_text(raw).is_some() => {
                record.moments.insert(0, when::moment(MomentRole::Created, &as_text(raw).unwrap_or_default()));
            }
            "deleted_at" if as_text(raw).is_some() => {
                record.moments.push(when::moment(MomentRole::Modified, &as_text(raw).unwrap_or_default()));
                keep_text(&mut record.fields, key, raw);
            }
            key if key == text_key && as_text(raw).is_some() => {
                let text = as_text(raw).unwrap_or_default();
                match decoded(&text) {
                    Some(plain) => {
                        record.text = Some(plain);
                        keep_text(&mut record.fields, key, raw);
                    }
                    None => record.text = Some(text.into_owned()),
                }
            }
            _ => {
                if !KNOWN.contains(&key) {
                    out.drift(FORMAT, key);
                }
                keep_text(&mut record.fields, key, raw);
            }
        }
    }
    people(object, owner, &mut record);
    record.place = place(object, at, out);
    let id = string(object, "id_str").or_else(|| string(object, "id")).or_else(|| string(object, "tweet_id"));
    media(object, id.as_deref().unwrap_or_default(), &opened.claim.links, &mut record);
    if record.moments.first().is_none_or(|m| m.instant.is_none()) {
        out.warn(at.clone(), "time.missing", "The tweet's time is missing or no instant follows from it.");
    }
    out.record(at.clone(), record);
}

/// Members of tweets that are known; they are kept under their names.
#[rustfmt::skip]
const KNOWN: &[&str] = &[
    "edit_info", "retweeted", "source", "entities", "display_text_range", "favorite_count", "id_str", "truncated", "retweet_count",
    "id", "favorited", "lang", "in_reply_to_status_id", "in_reply_to_status_id_str", "in_reply_to_user_id", "in_reply_to_user_id_str",
    "in_reply_to_screen_name", "extended_entities", "possibly_sensitive", "coordinates", "geo", "place", "contributors",
    "retweeted_status", "quoted_status", "quoted_status_id", "quoted_status_id_str", "quoted_status_permalink", "user", "withheld_in_countries",
    "withheld_copyright", "withheld_scope", "scopes", "community_id", "community_id_str", "full_text", "text", "created_at",
    "tweet_id", "user_id", "deleted_at", "conversation_id", "conversation_id_str", "is_quote_status", "card_uri", "reply_count", "quote_count",
];

fn people(object: &Object<'_>, owner: &Owner, record: &mut Record) {
    // Archives before 2018 hold the author in each tweet.
    if let Some(user) = object.object("user") {
        let ids = ["id_str", "id", "screen_name"].iter().filter_map(|key| string(&user, key));
        let mut identifiers: Vec<Identifier> = Vec::new();
        for id in ids {
            if !identifiers.iter().any(|known| known.value == id) {
                identifiers.push(account(id));
            }
        }
        if !identifiers.is_empty() && owner.id.is_none() {
            record.parties.retain(|party| party.role != PartyRole::Author);
            let name = user.text("name").map(Into::into);
            record.parties.insert(0, Party { role: PartyRole::Author, name, identifiers });
        }
    }
    let answered = string(object, "in_reply_to_user_id_str").or_else(|| string(object, "in_reply_to_user_id"));
    let to: Vec<_> = answered.iter().cloned().chain(object.text("in_reply_to_screen_name")).map(account).collect();
    if !to.is_empty() {
        record.parties.push(Party { role: PartyRole::To, name: None, identifiers: to });
    }
    let mentions = object.object("entities").map(|e| e.objects("user_mentions")).unwrap_or_default();
    for mention in mentions.iter().take(MOST_MENTIONED) {
        let id = string(mention, "id_str").or_else(|| string(mention, "id"));
        let identifiers: Vec<_> = id.into_iter().chain(mention.text("screen_name")).map(account).collect();
        if !identifiers.is_empty() {
            record.parties.push(Party {
                role: PartyRole::Tagged,
                name: mention.text("name").map(Into::into),
                identifiers,
            });
        }
    }
}

/// Reads where a tweet was sent from: `coordinates` has longitude first, `geo` latitude.
///
/// Archives were seen that mix the two up: where both stand and disagree, no place follows.
fn place(object: &Object<'_>, at: &Ref, out: &mut Sink) -> Option<Place> {
    let pair = |key: &str| {
        let list = object.object(key)?.array("coordinates")?;
        let number =
            |raw: &str| -> Option<f64> { as_text(raw).map_or_else(|| raw.parse().ok(), |t| t.trim().parse().ok()) };
        Some((number(list.first()?)?, number(list.get(1)?)?))
    };
    let (lonlat, latlon) = (pair("coordinates"), pair("geo"));
    let found = match (lonlat, latlon) {
        (Some((lon, lat)), Some(geo)) if geo != (lat, lon) => None,
        (Some((lon, lat)), _) | (None, Some((lat, lon))) => Place::at(lat, lon),
        (None, None) => return None,
    };
    if found.is_none() {
        let message = "The tweet's coordinates contradict each other or lie nowhere; they stay in the fields.";
        out.warn(at.clone(), "place.order", message);
    }
    let mut place = found?;
    place.address = object.object("place").and_then(|place| place.text("full_name")).map(Into::into);
    Some(place)
}

/// Names the media of a tweet: files beside the archive's scripts begin with the tweet's id.
fn media(object: &Object<'_>, id: &str, links: &Links, record: &mut Record) {
    record.attachments = of_id(links, id);
    let lists = ["extended_entities", "entities"].iter().filter_map(|key| object.object(key));
    let mut named: Vec<String> = Vec::new();
    for item in lists.flat_map(|entities| entities.objects("media")).take(64) {
        let films = item.object("video_info").map(|info| info.objects("variants")).unwrap_or_default();
        let mut urls: Vec<String> = films.iter().filter_map(|film| film.text("url").map(Into::into)).collect();
        urls.extend(item.text("media_url_https").or_else(|| item.text("media_url")).map(Into::into));
        let names: Vec<&str> = urls.iter().filter_map(|url| base_name(url)).collect();
        let held = |name: &&str| record.attachments.iter().any(|a| a.at.is_some() && ends(a, name));
        // Of a film the archive holds one form, and its first picture stays at the service.
        if !names.iter().any(held) {
            named.extend(names.first().filter(|name| !named.iter().any(|n| n == *name)).map(|n| (*n).to_owned()));
        }
    }
    record.attachments.extend(named.into_iter().map(|name| Attachment { name: Some(name), ..Attachment::default() }));
}

fn ends(attachment: &Attachment, name: &str) -> bool {
    attachment.name.as_deref().is_some_and(|own| own.ends_with(name))
}

/// Returns the files whose names begin with an id and a hyphen.
pub(super) fn of_id(links: &Links, id: &str) -> Vec<Attachment> {
    const MOST: usize = 64;
    if id.is_empty() {
        return Vec::new();
    }
    let prefix = format!("{id}-");
    let all = links.as_slice();
    let start = all.partition_point(|link| link.name < prefix);
    let ours = all.iter().skip(start).take_while(|link| link.name.starts_with(&prefix)).take(MOST);
    ours.map(|link| Attachment {
        name: Some(link.name.clone()),
        size: Some(link.size),
        at: Some(link.whole()),
        ..Attachment::default()
    })
    .collect()
}

/// Returns the last name of an address, without what follows a `?`.
pub(super) fn base_name(url: &str) -> Option<&str> {
    let path = url.split(['?', '#']).next().unwrap_or(url);
    path.rsplit('/').next().filter(|name| !name.is_empty())
}

fn note(at: &Ref, kind: &str, object: &Object<'_>, owner: &Owner, out: &mut Sink) {
    let mut record = own(Family::Post, FORMAT, owner, PartyRole::Author);
    record.fields.text("kind", kind);
    for (key, raw) in object.members() {
        let raw = raw.get();
        match (key, as_text(raw)) {
            ("createdAt", Some(text)) => record.moments.insert(0, when::moment(MomentRole::Created, &text)),
            ("updatedAt", Some(text)) => record.moments.push(when::moment(MomentRole::Modified, &text)),
            _ => {
                if !matches!(key, "noteTweetId" | "core" | "lifecycle" | "createdAt" | "updatedAt") {
                    out.drift(FORMAT, key);
                }
                keep_text(&mut record.fields, key, raw);
            }
        }
    }
    if let Some(core) = object.object("core") {
        record.text = core.text("text").map(Into::into);
    }
    if record.moments.first().is_none_or(|m| m.instant.is_none()) {
        out.warn(at.clone(), "time.missing", "The long tweet's time is missing or no instant follows from it.");
    }
    out.record(at.clone(), record);
}

fn header(at: &Ref, kind: &str, object: &Object<'_>, owner: &Owner, out: &mut Sink) {
    let mut record = own(Family::Activity, HEADERS, owner, PartyRole::Author);
    record.fields.text("kind", kind);
    for (key, raw) in object.members() {
        let raw = raw.get();
        match (key, as_text(raw)) {
            ("created_at", Some(text)) => record.moments.insert(0, when::moment(MomentRole::Created, &text)),
            ("deleted_at", Some(text)) => {
                record.moments.push(when::moment(MomentRole::Modified, &text));
                keep_text(&mut record.fields, key, raw);
            }
            _ => {
                if !matches!(key, "tweet_id" | "user_id" | "created_at") {
                    out.drift(HEADERS, key);
                }
                keep_text(&mut record.fields, key, raw);
            }
        }
    }
    out.record(at.clone(), record);
}

fn like(at: &Ref, kind: &str, object: &Object<'_>, owner: &Owner, out: &mut Sink) {
    let mut record = own(Family::Reaction, LIKES, owner, PartyRole::Author);
    record.fields.text("kind", kind);
    for (key, raw) in object.members() {
        let raw = raw.get();
        match (key, as_text(raw)) {
            ("fullText", Some(text)) => match decoded(&text) {
                Some(plain) => {
                    record.text = Some(plain);
                    keep_text(&mut record.fields, key, raw);
                }
                None => record.text = Some(text.into_owned()),
            },
            _ => {
                if !matches!(key, "tweetId" | "expandedUrl" | "fullText") {
                    out.drift(LIKES, key);
                }
                keep_text(&mut record.fields, key, raw);
            }
        }
    }
    out.record(at.clone(), record);
}

/// Returns an identifier that is an address on the web.
pub(super) fn url(value: impl Into<String>) -> Identifier {
    Identifier { kind: IdentifierKind::Url, value: value.into() }
}
