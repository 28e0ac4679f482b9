//! What is restricted when the rest is discarded: authorities that have ended cover it, and none that is in force does.
//!
//! Restriction is not erasure. Where it is to stay, the evidence is gone through once more for the places of such
//! records; nothing else is kept of them.

use super::claims::{Recognised, Standing};
use super::intake::Hashed;
use super::journal::{Hashes, Journal};
use super::limits::Limits;
use super::parts::Evidence;
use super::staying::Staying;
use super::work::{OpenClaim, Purpose, Work, run};
use super::{Options, Progress, Restricted, left};
use crate::EngineError;
use crate::scope::Reason;
use glasshouse_model::EntryId;
use glasshouse_providers::TreeEntry;
use glasshouse_store::Case;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::{Mutex, PoisonError};

/// All that is needed to look for it.
pub struct Looking<'a> {
    pub case: &'a Case,
    pub journal: &'a Journal,
    pub evidence: &'a Evidence,
    pub recognised: &'a Recognised,
    pub limits: &'a Limits,
    pub options: &'a Options,
    pub progress: &'a Progress,
}

impl Looking<'_> {
    /// Returns the authorities that it is restricted by, none where nothing is; and the sources of which an earlier
    /// discard left something that is.
    pub fn is_any(&self) -> Result<(Vec<String>, BTreeSet<String>), EngineError> {
        let entries: HashMap<u32, u32> = self.journal.claims()?.into_iter().collect();
        let counted = self.counted()?;
        let mut left: BTreeSet<u32> = counted.iter().filter_map(|claim| entries.get(claim).copied()).collect();
        for part in self.evidence.parts.iter().filter(|part| part.row.is_left()) {
            let statuses = left::statuses(self.journal, &part.row)?;
            left.extend(statuses.into_iter().filter(|(_, kept)| kept.is_restricted()).map(|(entry, _)| entry));
        }
        left.retain(|entry| self.evidence.is_left(EntryId(*entry)));
        if counted.is_empty() && left.is_empty() && self.unread().next().is_none() {
            return Ok((Vec::new(), BTreeSet::new()));
        }
        let source = |entry: &u32| self.evidence.find(EntryId(*entry)).map(|(part, _)| part.row.source.clone());
        Ok((self.limits.ended(), left.iter().filter_map(source).collect()))
    }

    /// Returns the places of what stays; none where it goes, or where nothing is restricted.
    pub fn stays(
        &self,
        ended: &[String],
        wanted: Option<Restricted>,
        tree: &[TreeEntry<'_>],
    ) -> Result<Option<Staying>, EngineError> {
        match (ended.is_empty(), wanted) {
            (true, None) | (false, Some(Restricted::Destroy)) => Ok(None),
            (false, Some(Restricted::Keep)) => self.places(tree).map(Some),
            (false, None) => Err(undecided(ended)),
            (true, Some(_)) => Err(EngineError::other(
                "Nothing of this case is restricted beside an authority that is in force. Leave out --restricted; where every authority has ended, `glasshouse case destroy` destroys all.",
            )),
        }
    }

    /// Returns the places of all that is restricted, in parts of which nothing was discarded yet.
    fn places(&self, tree: &[TreeEntry<'_>]) -> Result<Staying, EngineError> {
        let counted = self.counted()?;
        let read = self.recognised.claims.iter().filter(|standing| counted.contains(&standing.number));
        let open = |standing| OpenClaim { standing, number: standing.number, finished: BTreeSet::new() };
        let found = Mutex::new(Staying::default());
        self.progress.say("Looking for what is restricted");
        let look = Work {
            case: self.case,
            journal: self.journal,
            evidence: self.evidence,
            options: self.options,
            progress: self.progress,
            claims: read.chain(self.unread()).map(open).collect(),
            tree: tree.iter().map(|e| (e.id, e)).collect(),
            record_key: self.case.record_key()?,
            run: String::new(),
            known: Hashes::default(),
            hashed: Hashed::new(),
            limits: self.limits,
            linked: HashSet::new(),
            purpose: Purpose::Count,
            restricted: Some(&found),
        };
        run(&look, &[], &[])?;
        drop(look);
        Ok(found.into_inner().unwrap_or_else(PoisonError::into_inner))
    }

    /// Claims of which records are restricted.
    fn counted(&self) -> Result<BTreeSet<u32>, EngineError> {
        let restricted = |kind: &super::limits::Kind| kind.3 == Reason::Restricted.as_str();
        let out = self.journal.outside()?.into_iter();
        Ok(out.filter(|(_, out)| out.keys().any(restricted)).map(|(claim, _)| claim).collect())
    }

    /// Claims on entries that are not read any more.
    fn unread(&self) -> impl Iterator<Item = &Standing> {
        self.recognised.outside.iter().filter(|(_, why)| *why == Reason::Restricted).map(|(standing, _)| standing)
    }
}

/// Says that it has to be decided what becomes of it.
fn undecided(ended: &[String]) -> EngineError {
    EngineError::other(format!(
        "{} has ended, and what it covers is restricted: held, and not processed (DPA 2018 s.47(2)). Say what becomes of it. With --restricted keep its bytes stay in the evidence, and no command reads records from them again. With --restricted destroy it is destroyed, too: where nobody may need it for proceedings, or a court has ordered so.",
        ended.join(" and ")
    ))
}
