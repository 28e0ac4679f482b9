//! Looking at evidence is an act of its own: outside `self` it is in the log before the answer leaves.

use super::Serving;
use super::answer::Problem;

/// What somebody is about to see.
#[derive(Clone, Copy, Debug)]
#[allow(dead_code)] // What each names is for the log of other kinds of cases.
pub enum Look<'a> {
    /// What a query finds, on any page that shows it: a list, a map, a graph.
    Search { view: &'static str, query: &'a str },
    /// One record.
    Record(&'a str),
    /// Bytes of the evidence that a record was made from.
    Bytes(&'a str),
    /// What is attached to a record, by its number.
    Attachment(&'a str, u32),
    /// The lists of what is held and of what could not be read.
    Lists(&'static str),
}

/// Notes what is looked at, before it is shown; an error means that it is not shown.
///
/// This is the one place where consultations become events. In a `self` case there are none: a trail beside the
/// holder's own data would endanger their sources.
pub fn consulted(serving: &Serving, _look: Look<'_>) -> Result<(), Problem> {
    let kind = glasshouse_store::read_case_file(&serving.case)?.kind;
    if kind == glasshouse_store::SELF_AUTHORITY {
        return Ok(());
    }
    Err(Problem::denied("In a case of this kind every look is logged, which this version cannot; nothing is shown."))
}
