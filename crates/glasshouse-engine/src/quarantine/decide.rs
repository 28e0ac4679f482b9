//! Decisions on what is put aside: people's work, each an event, and the last one on a record stands.

use super::review::{self, Which};
use crate::EngineError;
use crate::ingest::{self, Options, Progress, Report};
use crate::session::Session;
use crate::words::Words;
use crate::work;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// What somebody decides on a batch, or on one record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chosen {
    pub which: Which,
    /// To let it out; else it is withheld.
    pub release: bool,
    pub reason: String,
}

/// The decisions that stand, by record.
#[derive(Clone, Debug, Default)]
pub(crate) struct Standing(BTreeMap<String, (u32, bool)>);

impl Standing {
    /// Returns the number of the decision that lets a record out.
    pub(crate) fn released(&self, id: &str) -> Option<u32> {
        self.0.get(id).filter(|(_, release)| *release).map(|(n, _)| *n)
    }

    /// Says whether somebody decided that a record stays where it is.
    pub(crate) fn withheld(&self, id: &str) -> bool {
        self.0.get(id).is_some_and(|(_, release)| !release)
    }

    /// Says whether nothing was decided.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns what tells these decisions from others.
    pub(crate) fn identity(&self) -> String {
        if self.is_empty() {
            return String::new();
        }
        let mut hasher = blake3::Hasher::new();
        for (id, (n, release)) in &self.0 {
            hasher.update(format!("{id} {n} {release}\n").as_bytes());
        }
        hasher.finalize().to_hex().to_string()
    }
}

/// Returns the decisions that stand in a case.
pub(crate) fn standing(case: &Path) -> Result<Standing, EngineError> {
    Ok(Standing(work::decided(case)?))
}

/// Decides, writes it down, and brings the records in line; returns how many records it is about.
///
/// Whoever wrote an exclusion does not decide on what it put aside. What is decided holds for the records that are
/// there now: one that comes later to the same thread is put aside anew.
pub fn decide(session: &Session, chosen: &Chosen, progress: &Progress) -> Result<(u64, Report), EngineError> {
    let reason = chosen.reason.trim();
    if reason.is_empty() {
        return Err(EngineError::Query("A decision needs its reason: --reason TEXT.".into()));
    }
    let root = session.root();
    let seal = session.seal()?;
    let found = review::members(root, &seal, &chosen.which)?;
    let mut applicants = BTreeSet::new();
    for standing in crate::authority::standings(root)? {
        for version in &standing.versions {
            if found.authorities.contains(&format!("{}/{}", version.id, version.version)) {
                applicants.extend(version.people.iter().map(|p| p.applicant.clone()));
            }
        }
    }
    session.may_decide(&applicants)?;
    if found.ids.is_empty() {
        return Err(EngineError::Query("Nothing that is put aside is of this batch. `glasshouse review CASE` lists the batches, each by the name that is to be given.".into()));
    }
    session.consult("quarantine.review", chosen.which.about(&Words::of(&seal)?)?)?;
    let case = session.open("quarantine.release")?;
    let (kind, what, ids) = (chosen.which.kind(), chosen.which.in_words(), found.ids);
    work::decide(&case, session.person().0, kind, &what, &ids, chosen.release, reason)?;
    let report = ingest::publish(&case, &Options::default(), progress)?;
    Ok((ids.len() as u64, report))
}
