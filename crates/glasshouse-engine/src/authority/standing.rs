//! How the authorities of a case stand: read from its folder, their signatures checked.

use super::{Authority, Kind, Span, check, lines};
use crate::EngineError;
use crate::gate::Situation;
use crate::organisation::Organisation;
use glasshouse_layout::{paths, states};
use glasshouse_store::sign;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// Why an authority ended before its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Ended {
    /// By whoever had given it, such as consent.
    Withdrawn,
    /// By a court.
    Quashed,
}

/// `authorities/<id>-withdrawn.toml`: that an authority has ended. Written once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Withdrawal {
    pub id: String,
    pub ended: Ended,
    /// When it ended, as the person states it; it holds from the moment it is recorded.
    pub at: String,
    pub recorded: String,
    pub recorded_by: String,
    pub reason: String,
}

/// Whose word an authority rests on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Enrolled {
    /// The account holder's own.
    Own,
    /// Two keys that nobody outside vouches for: they may be one person.
    SelfEnrolled,
    /// The organisation's file names the authoriser's key.
    Pinned(String),
}

impl Enrolled {
    /// Returns the words that stand beside the authority wherever it is shown.
    pub fn label(&self) -> String {
        match self {
            Enrolled::Own => "the holder's own word; no legal basis recorded".to_owned(),
            Enrolled::SelfEnrolled => {
                "self-enrolled: no organisation.toml says whose signature counts; two keys are not two people"
                    .to_owned()
            }
            Enrolled::Pinned(name) => format!("signature pinned by organisation.toml of {name}"),
        }
    }
}

/// One authority of a case, as it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Standing {
    /// Its newest version.
    pub authority: Authority,
    /// All its versions, the oldest first.
    pub versions: Vec<Authority>,
    pub enrolled: Enrolled,
    pub withdrawal: Option<Withdrawal>,
}

impl Standing {
    /// Says how it stands at an instant: `in force`, `not yet`, `expired`, `withdrawn` or `quashed`.
    pub fn state(&self, now: i64) -> &'static str {
        match (&self.withdrawal, self.authority.validity) {
            (Some(w), _) if w.ended == Ended::Withdrawn => "withdrawn",
            (Some(_), _) => "quashed",
            (None, None) => "in force",
            (None, Some(validity)) if now < validity.start => "not yet",
            (None, Some(validity)) if now >= validity.end => "expired",
            (None, Some(_)) => "in force",
        }
    }

    /// Says in sentences what of its dates has come: that a review is due, that data are kept for longer than was said.
    pub fn due(&self, now: i64) -> Vec<String> {
        let Some(retention) = self.authority.retention else { return Vec::new() };
        let id = &self.authority.id;
        // A date is a day of some zone: its noon is that day nearly everywhere.
        let day = |at: Span| {
            let noon = super::time::text(at.start + (at.end - at.start) / 2);
            noon.get(..10).unwrap_or_default().to_owned()
        };
        let mut due = Vec::new();
        // One that has ended is amended no more; what it covered is restricted until somebody destroys it.
        let (amend, next) = match self.withdrawal {
            None => (
                ", or amend the authority with the reason to keep it",
                "An amendment with the next date says that it was made.",
            ),
            Some(_) => (
                " with `glasshouse process --discard --restricted destroy`, or `glasshouse case destroy` where nothing else is in force",
                "It has ended and is not amended any more: where what is restricted by that is not needed, `glasshouse process --discard --restricted destroy` destroys it, or `glasshouse case destroy` where nothing else is in force.",
            ),
        };
        if now >= retention.until.end {
            let last = day(retention.until);
            due.push(format!(
                "What is held under {id} was to be kept until {last}, and is still held: destroy it{amend}."
            ));
        } else if now >= retention.review.start {
            let on = day(retention.review);
            due.push(format!("A review of {id} was due on {on}: whether what is held is still needed. {next}"));
        }
        due
    }

    /// Returns what the policies are to know of it.
    pub fn situation(&self, now: i64) -> Situation {
        let Some(people) = &self.authority.people else { return Situation::own() };
        Situation {
            own: false,
            state: self.state(now),
            records: super::IN_LINE,
            applicant: people.applicant.clone(),
            authoriser: people.authoriser.clone(),
            // Read only if its signature holds.
            signed: true,
            quarantined_by: String::new(),
            combines: self.authority.combines.clone(),
            others: Vec::new(),
            analytics: self.authority.analytics.clone(),
            analysis: String::new(),
        }
    }
}

/// Checks an authority's file with its signature, and says whose word it rests on.
pub fn enrolment(
    file: &[u8],
    authority: &Authority,
    signature: Option<&[u8]>,
    organisations: &[Organisation],
) -> Result<Enrolled, String> {
    let Some(people) = &authority.people else { return Ok(Enrolled::Own) };
    let name = format!("{} {}", authority.id, authority.version);
    let signature = signature
        .ok_or_else(|| format!("it is not signed. {} signs it with `glasshouse authority sign`", people.authoriser))?;
    let said = sign::opened(signature, &people.authoriser_key).map_err(|why| {
        format!("its signature does not hold: {why}. {} signs it with `glasshouse authority sign`", people.authoriser)
    })?;
    if !states(&said, "authority", &name, file) {
        return Err(format!(
            "its signature is of another file or version: it was changed after {} signed it",
            people.authoriser
        ));
    }
    // An authoriser who left later was one when they signed: any version that the case keeps will do.
    let mut refused = None;
    for organisation in organisations.iter().rev() {
        match organisation.refuses(&people.authoriser, &people.authoriser_key, authority.kind) {
            None => return Ok(Enrolled::Pinned(organisation.name.clone())),
            Some(why) => refused = refused.or(Some(why)),
        }
    }
    refused.map_or(Ok(Enrolled::SelfEnrolled), |why| Err(format!("the signature does not count: {why}")))
}

/// Returns the authorities of a case, by id.
pub fn read(case: &Path) -> Result<Vec<Standing>, EngineError> {
    let folder = case.join("authorities");
    let mut names: Vec<String> = fs::read_dir(&folder)
        .map_err(|e| EngineError::io(&folder, "list", e))?
        .filter_map(|e| e.ok()?.file_name().into_string().ok())
        .filter(|name| name.ends_with(".toml"))
        .collect();
    names.sort();
    let bytes = |name: &str| {
        let path = folder.join(name);
        fs::read(&path).map_err(|e| EngineError::io(&path, "read", e))
    };
    let organisations = organisations(case)?;
    let mut standings: BTreeMap<String, Standing> = BTreeMap::new();
    let mut withdrawals: Vec<Withdrawal> = Vec::new();
    for name in &names {
        let broken = |why: String| {
            EngineError::other(format!(
                "authorities/{name} cannot be used: {why}. Nothing is read under it; run glasshouse-verify on the case."
            ))
        };
        if name.starts_with("organisation-") {
            continue;
        }
        let file = bytes(name)?;
        let text = std::str::from_utf8(&file).map_err(|_| broken("it is not UTF-8".into()))?;
        if name.ends_with("-withdrawn.toml") {
            withdrawals.push(toml::from_str(text).map_err(|e| broken(e.message().to_owned()))?);
            continue;
        }
        let authority = check(text).map_err(|faults| broken(lines(&faults)))?;
        if paths::authority(&authority.id, authority.version) != format!("authorities/{name}") {
            return Err(broken("it says that it is another authority".into()));
        }
        let signature = fs::read(folder.join(paths::signature(name))).ok();
        let enrolled = enrolment(&file, &authority, signature.as_deref(), &organisations).map_err(broken)?;
        let versions = standings.remove(&authority.id).map_or_else(Vec::new, |s| s.versions);
        let mut versions: Vec<Authority> = versions.into_iter().chain([authority]).collect();
        versions.sort_by_key(|a| a.version);
        let Some(newest) = versions.last().cloned() else { continue };
        let standing = Standing { authority: newest.clone(), versions, enrolled, withdrawal: None };
        standings.insert(newest.id, standing);
    }
    for withdrawal in withdrawals {
        if let Some(standing) = standings.get_mut(&withdrawal.id) {
            standing.withdrawal = Some(withdrawal);
        }
    }
    Ok(standings.into_values().collect())
}

/// Returns the versions of the organisation's file that a case keeps, the oldest first, their signatures checked.
pub fn organisations(case: &Path) -> Result<Vec<Organisation>, EngineError> {
    let folder = case.join("authorities");
    let entries = fs::read_dir(&folder).map_err(|e| EngineError::io(&folder, "list", e))?;
    let mut versions: Vec<u32> = entries
        .filter_map(|e| {
            let name = e.ok()?.file_name().into_string().ok()?;
            name.strip_prefix("organisation-")?.strip_suffix(".toml")?.parse().ok()
        })
        .collect();
    versions.sort_unstable();
    let read = |version: &u32| {
        let path = paths::organisation(*version);
        let broken = |why: String| EngineError::other(format!("{path} cannot be used: {why}"));
        let file = fs::read(case.join(&path)).map_err(|e| EngineError::io(&case.join(&path), "read", e))?;
        let signature =
            fs::read(case.join(paths::signature(&path))).map_err(|_| broken("its signature is gone".into()))?;
        Organisation::signed(&file, &signature).map_err(broken)
    };
    versions.iter().map(read).collect()
}

/// Returns whether an authority was given by the account holder on their own data.
pub fn is_own(standings: &[Standing]) -> bool {
    standings.iter().all(|s| s.authority.kind == Kind::Own)
}
