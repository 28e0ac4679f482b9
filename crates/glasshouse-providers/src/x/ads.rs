//! Ads that the account saw and acted upon.

use super::element::{Owner, account, each, keep_text, within};
use super::when;
use crate::formats::json::{Object, as_text};
use crate::{Opened, Sink};
use glasshouse_model::{Family, MomentRole, Party, PartyRole, Record, Ref};

pub(super) const FORMAT: &str = "ads";

/// Reads ads: each element holds lists of them, two objects deep.
pub(super) fn parse(opened: &Opened<'_>, out: &mut Sink) {
    let owner = Owner::of(opened);
    each(opened, out, |at, text, kind, object, out| {
        let pointer = if kind == "ad" { "/ad".to_owned() } else { String::new() };
        let user = object.object("adsUserData");
        let (base, pointer) =
            user.as_ref().map_or((object, pointer.clone()), |user| (user, format!("{pointer}/adsUserData")));
        let mut found = false;
        for (group, raw) in base.members() {
            let Ok(lists) = Object::parse(raw.get()) else { continue };
            for (list, _) in lists.members() {
                for (index, raw) in lists.array(list).unwrap_or_default().into_iter().enumerate() {
                    let Ok(item) = Object::parse(raw) else { continue };
                    let place = within(at, text, raw, &format!("{pointer}/{group}/{list}/{index}"));
                    ad(place, group, &item, &owner, out);
                    found = true;
                }
            }
        }
        if !found {
            // Nothing that is known to be a list of ads: one record of it all.
            ad(at.clone(), kind, object, &owner, out);
        }
    });
}

fn ad(at: Ref, kind: &str, item: &Object<'_>, owner: &Owner, out: &mut Sink) {
    let mut record = Record::new(Family::Ad, FORMAT);
    record.account = owner.account();
    record.fields.text("kind", kind);
    // What was acted upon is told as an ad that was seen, and a list of acts.
    let seen = item.object("impressionAttributes");
    let ad = seen.as_ref().unwrap_or(item);
    for key in ["impressionTime", "conversionTime"] {
        let time = ad.text(key).or_else(|| item.text(key));
        record.moments.extend(time.map(|text| when::moment(MomentRole::Observed, &text)));
    }
    for act in item.objects("engagementAttributes").iter().take(20) {
        record.moments.extend(act.text("engagementTime").map(|text| when::moment(MomentRole::Modified, &text)));
    }
    if let Some(advertiser) = ad.object("advertiserInfo") {
        let name = advertiser.text("advertiserName").map(|name| name.into_owned());
        let identifiers: Vec<_> =
            advertiser.text("screenName").map(|n| account(n.trim_start_matches('@'))).into_iter().collect();
        record.title.clone_from(&name);
        if name.is_some() || !identifiers.is_empty() {
            record.parties.push(Party { role: PartyRole::Author, name, identifiers });
        }
    }
    record.text = ad.object("promotedTweetInfo").and_then(|tweet| tweet.text("tweetText").map(|t| t.into_owned()));
    for (key, raw) in item.members() {
        if as_text(raw.get()).is_none() && !KNOWN.contains(&key) {
            out.drift(FORMAT, key);
        }
        keep_text(&mut record.fields, key, raw.get());
    }
    out.record(at, record);
}

/// Members that hold more than a text.
const KNOWN: &[&str] = &[
    "impressionAttributes",
    "engagementAttributes",
    "deviceInfo",
    "promotedTweetInfo",
    "publisherInfo",
    "advertiserInfo",
    "matchedTargetingCriteria",
    "adsUserData",
];
