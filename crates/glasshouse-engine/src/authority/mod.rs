//! Authorities: the legal basis of a case, with its limits, read and checked.

mod ask;
pub mod fields;
mod kind;
mod line;
mod read;
mod refused;
mod sheet;
mod standing;
mod time;
mod wider;

pub use ask::{Asked, complete, strangers};
pub use kind::Kind;
pub use line::{IN_LINE, Line};
pub(crate) use read::moment_role;
pub use read::{check, is_name};
pub use sheet::{Fault, Sheet, lines};
pub use standing::{Ended, Enrolled, Standing, Withdrawal, enrolment, is_own, organisations, read as standings};
pub use time::Span;
pub use wider::{narrower, puts_more_aside, wider};

use glasshouse_model::{Family, MomentRole};
use std::collections::BTreeMap;

/// One version of an authority.
#[derive(Clone, Debug, PartialEq)]
pub struct Authority {
    pub id: String,
    pub version: u32,
    pub kind: Kind,
    /// What is authorised, in words.
    pub statement: String,
    /// When it was given, as written.
    pub given: String,
    /// The justifications that a search can be made under; none in the kind `self`.
    pub lines_of_enquiry: Vec<String>,
    /// Ids of the cases that this one may be combined with, or that are combined under it.
    pub combines: Vec<String>,
    /// What it lets through; none in the kind `self`, which has no limits.
    pub limits: Option<Limits>,
    /// When data may be taken and read; none in the kind `self`.
    pub validity: Option<Span>,
    /// Analytics that are permitted, by name.
    pub analytics: Vec<String>,
    /// Who applied and who authorised; none in the kind `self`.
    pub people: Option<Parties>,
    pub retention: Option<Retention>,
    /// Every field as it is written, by path, for whoever reads it.
    pub values: BTreeMap<String, String>,
}

/// Who stands behind an authority.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parties {
    pub applicant: String,
    pub authoriser: String,
    /// Verifier key of the authoriser, `name+hash+base64`.
    pub authoriser_key: String,
}

/// How long data are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    pub review: Span,
    pub until: Span,
}

/// The limits of an authority, as written.
#[derive(Clone, Debug, PartialEq)]
pub struct Limits {
    pub services: Vec<String>,
    pub accounts: Vec<String>,
    /// None: every family.
    pub families: Option<Vec<Family>>,
    /// None: the document sets no dates.
    pub window: Option<Window>,
    pub exclusions: Vec<Exclusion>,
    /// Identifiers of the subject; everybody else is a third party.
    pub subject: Vec<String>,
}

/// The dates that an authority covers.
#[derive(Clone, Debug, PartialEq)]
pub struct Window {
    /// First microsecond, and the first one after it.
    pub span: Span,
    /// The roles of times that are tested.
    pub moments: Vec<MomentRole>,
    /// Families whose records come in without a time (true) or are held back (false).
    pub timeless: BTreeMap<Family, bool>,
    /// The same for every other family.
    pub timeless_other: bool,
}

/// Whose conversations, and which words, are put aside for the privilege reviewer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exclusion {
    /// `privilege`, `journalism`, …
    pub kind: String,
    /// Addresses, numbers, names, or `@domain`.
    pub parties: Vec<String>,
    pub terms: Vec<String>,
    pub reason: String,
}

impl Authority {
    /// Says in sentences what limits it has, for the page and for reports.
    pub fn limits_in_words(&self) -> Vec<String> {
        let Some(limits) = &self.limits else { return vec!["No limits: the holder's own data.".to_owned()] };
        let mut words = vec![
            format!("Services: {}.", limits.services.join(", ")),
            format!("Accounts: {}.", limits.accounts.join(", ")),
            match &limits.families {
                None => "Every family of records.".to_owned(),
                Some(families) => {
                    format!("Families: {}.", families.iter().map(|f| f.as_str()).collect::<Vec<_>>().join(", "))
                }
            },
        ];
        match &limits.window {
            None => words.push("No window of dates.".to_owned()),
            Some(window) => {
                let roles: Vec<_> = window.moments.iter().map(|m| m.as_str()).collect();
                words.push(format!(
                    "From {} until before {} (times: {}).",
                    time::text(window.span.start),
                    time::text(window.span.end),
                    roles.join(", ")
                ));
                let named = |held: bool| {
                    let named: Vec<_> = window.timeless.iter().filter(|(_, v)| **v != held).collect();
                    named.into_iter().map(|(f, _)| f.as_str()).collect::<Vec<_>>().join(", ")
                };
                let other = if window.timeless_other { "come in" } else { "are held back" };
                let but = named(!window.timeless_other);
                words.push(if but.is_empty() {
                    format!("Records without such a time {other}.")
                } else {
                    format!("Records without such a time {other}, save {but}.")
                });
            }
        }
        for exclusion in &limits.exclusions {
            words.push(format!(
                "Put aside ({}): {} parties, {} terms.",
                exclusion.kind,
                exclusion.parties.len(),
                exclusion.terms.len()
            ));
        }
        if !self.combines.is_empty() {
            words.push(format!("May be combined: cases {}.", self.combines.join(", ")));
        }
        words
    }
}
