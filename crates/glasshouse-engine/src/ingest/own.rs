//! What a personal case does not take in: what is plainly not an export that an account's holder made of their own data.
//! The kind `self` asks for one sentence, and is no way round an authority.

use super::claims::{self, Recognised};
use super::intake::clear_leftover;
use super::journal::Journal;
use super::parts::{Evidence, HeldPart, part_path};
use crate::EngineError;
use glasshouse_providers::{Tree, TreeEntry};
use glasshouse_store::{Case, SELF_AUTHORITY};

const RETURN: &str = "what a provider returned under legal process";
const GIVEN: &str = "what somebody gave away with Glasshouse";
const CASE: &str = "a case of Glasshouse";

/// Pieces of paths that returns of providers have, and exports that people make themselves do not.
const RETURNED: [&str; 10] = [
    "GoogleAccount.SubscriberInfo_",
    "GoogleAccount.ChangeHistory_",
    "GoogleAccountTargetAssociation.",
    ".Mail.MessageContent_",
    "AndroidDeviceConfigurationService.DeviceAndUserProfile_",
    "YoutubeAndYoutubeMusic.BasicSubscriberInfo_",
    "Reddit production/",
    "_iCloudLogs.xlsx",
    "_IDS_QueryLogs.xlsx",
    "_AccountDetails.xlsx",
];

/// Takes new parts that hold such things out of a personal case again, and says which they were.
pub(super) fn refuse(
    case: &Case,
    journal: &Journal,
    evidence: &Evidence,
    tree: &[TreeEntry<'_>],
    recognised: &Recognised,
) -> Result<(), EngineError> {
    if case.file().kind != SELF_AUTHORITY || evidence.parts.iter().all(|part| part.sealed) {
        return Ok(());
    }
    let mut refused: Vec<(&HeldPart, &str)> = Vec::new();
    let named = tree.iter().filter_map(|entry| Some((entry.id, what(evidence, entry)?)));
    let readers = recognised.claims.iter().filter(|c| c.provider.is_return(c.claim.format));
    for (entry, what) in named.chain(readers.map(|standing| (standing.claim.main, RETURN))) {
        let Some((part, _)) = evidence.find(entry) else { continue };
        let same = |(other, _): &(&HeldPart, &str)| {
            (&other.row.source, other.row.number) == (&part.row.source, part.row.number)
        };
        if !part.sealed && !refused.iter().any(same) {
            refused.push((part, what));
        }
    }
    let mut told = Vec::new();
    for (part, what) in refused {
        journal.forget_part(&part.row)?;
        if !part.row.external {
            clear_leftover(&part_path(case, &part.row))?;
        }
        told.push(format!("{} is {what}.", part.row.name));
    }
    if told.is_empty() {
        return Ok(());
    }
    Err(EngineError::Denied(format!(
        "{} That is no export of one's own account, so a personal case does not take it in, and nothing of it was kept. Make a case under the authority by which you have it: glasshouse authority new FILE, then glasshouse open PATH --authority FILE --as NAME. What else was given is held; glasshouse process {} reads it.",
        told.join(" "),
        case.root().display()
    )))
}

/// Says what an entry shows its part to be, if it is none of the holder's own.
fn what(evidence: &Evidence, entry: &TreeEntry<'_>) -> Option<&'static str> {
    let name = entry.name();
    let is = |wanted: &[&str]| wanted.iter().any(|wanted| name.eq_ignore_ascii_case(wanted));
    let says = |words: &[&str]| {
        // What cannot be read says nothing, and is told where it is read.
        let head = claims::head(evidence, entry.id, Tree::HEAD * 4);
        let head = String::from_utf8_lossy(&head);
        words.iter().all(|word| head.contains(word))
    };
    if is(&["export.json"]) {
        says(&["\"glasshouse-export-1\""]).then_some(GIVEN)
    } else if is(&["case.toml"]) {
        says(&["origin = \"glasshouse", "public_key = \""]).then_some(CASE)
    } else if is(&["records.html", "index.html"]) || name.starts_with("preservation") {
        says(&["Business Record Page"]).then_some(RETURN)
    } else {
        RETURNED.iter().any(|piece| entry.path.contains(piece)).then_some(RETURN)
    }
}
