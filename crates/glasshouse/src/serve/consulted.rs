//! Looking at evidence is an act of its own: outside `self` it is in the log before the answer leaves.

use super::Serving;
use super::answer::Problem;
use glasshouse_engine::session::About;
use glasshouse_engine::view::Row;

/// What somebody is about to see.
#[derive(Clone, Copy, Debug)]
pub enum Look<'a> {
    /// What a query finds, in any view that shows it: a list, a map, a graph.
    Search { view: &'static str, query: &'a str },
    /// One record.
    Record(&'a str),
    /// Bytes of the evidence that a record was made from.
    Bytes(&'a str),
    /// What is attached to a record, by its number.
    Attachment(&'a str, u32),
    /// What the case is made of.
    Case,
    /// A list of what is held, of what could not be read, of what people wrote.
    List(&'static str),
    /// The log.
    Log,
}

/// Asks whether something may be looked at and notes that it is, before it is shown; an error means that it is not.
///
/// This is the one place where looking becomes an event. In a `self` case it becomes none: a trail beside the
/// holder's own data would endanger their sources.
pub fn consulted(serving: &Serving, look: Look<'_>) -> Result<(), Problem> {
    let (action, about) = match look {
        Look::Search { view, query } => {
            ("record.search", About { objects: vec![format!("view {view}")], ..About::query(query) })
        }
        Look::Record(id) => ("record.show", About::object(id)),
        Look::Bytes(id) => ("record.bytes", About::object(id)),
        Look::Attachment(id, n) => {
            ("record.bytes", About { objects: vec![id.to_owned(), format!("attachment {n}")], ..About::default() })
        }
        Look::Case => ("case.show", About::default()),
        Look::List(name) => ("list.show", About::object(name)),
        Look::Log => ("log.read", About::default()),
    };
    let session = serving.session();
    let words = match look {
        Look::Search { view, query } if !session.is_own() => format!("{view} {query}"),
        _ => return Ok(session.consult(action, about)?),
    };
    // Who scrolls looks on at what the log says that they look at; what they see is added to it.
    if session.may(action).is_ok() && serving.visit.looks_on(&words) {
        return Ok(());
    }
    session.consult(action, about)?;
    serving.visit.looked(words);
    Ok(())
}

/// Notes which records were shown.
pub fn seen(serving: &Serving, rows: &[Row]) {
    serving.session().seen(rows.iter().map(|row| row.id.clone()));
}
