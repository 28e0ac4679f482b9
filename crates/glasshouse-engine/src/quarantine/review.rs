//! What the privilege reviewer sees: batches by sender, thread and term, and records out of them.

use super::{Held, decide, read, texts, times};
use crate::EngineError;
use crate::session::{About, Session};
use crate::view::iso;
use glasshouse_store::seal::Seal;
use serde::Serialize;
use std::collections::{BTreeMap, HashMap};
use std::path::Path;

/// Which records a look or a decision is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Which {
    /// Whose they are: an address, a number or a name of a sender or author.
    Sender(String),
    /// The conversation they are in.
    Thread(String),
    /// The party or term of an exclusion that they meet.
    Term(String),
    /// One record.
    Item(String),
}

impl Which {
    /// Returns the kind of batch, as a decision names it.
    pub fn kind(&self) -> &'static str {
        match self {
            Which::Sender(_) => "sender",
            Which::Thread(_) => "thread",
            Which::Term(_) => "term",
            Which::Item(_) => "item",
        }
    }

    /// Returns what it is in words; content, since it names people.
    pub fn in_words(&self) -> String {
        let (Which::Sender(name) | Which::Thread(name) | Which::Term(name) | Which::Item(name)) = self;
        format!("{} {name}", self.kind())
    }
}

/// Records that are decided together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Batch {
    /// `sender`, `thread` or `term`.
    pub by: &'static str,
    pub name: String,
    pub records: u64,
    /// Of these, how many are not decided, released, and withheld.
    pub undecided: u64,
    pub released: u64,
    pub withheld: u64,
    pub first: Option<String>,
    pub last: Option<String>,
}

/// A record that is put aside, as the reviewer sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Item {
    pub id: String,
    pub family: String,
    pub format: String,
    pub time: Option<String>,
    pub thread: Option<String>,
    pub from: Vec<String>,
    pub to: Vec<String>,
    pub title: Option<String>,
    pub text: Option<String>,
    /// Names of what is attached.
    pub attached: Vec<String>,
    /// `privilege`, `journalism`, …
    pub kind: String,
    /// The party or term that it meets; `conversation` if only another record of its conversation does.
    pub met: String,
    /// The version of the authority that put it aside.
    pub authority: String,
    /// `undecided`, `released` or `withheld`.
    pub decision: &'static str,
}

/// A record of a batch.
pub(super) struct Member {
    pub(super) id: String,
    pub(super) authority: String,
}

/// Returns the batches, those with most that is undecided first.
pub fn batches(session: &Session) -> Result<Vec<Batch>, EngineError> {
    session.consult("quarantine.review", About::object("batches"))?;
    let mut found: BTreeMap<(&'static str, String), Batch> = BTreeMap::new();
    each(session.root(), &session.seal()?, &mut |item| {
        let mut count = |by: &'static str, name: &str| {
            let new = || Batch {
                by,
                name: name.to_owned(),
                records: 0,
                undecided: 0,
                released: 0,
                withheld: 0,
                first: None,
                last: None,
            };
            let batch = found.entry((by, name.to_owned())).or_insert_with(new);
            batch.records += 1;
            match item.decision {
                "released" => batch.released += 1,
                "withheld" => batch.withheld += 1,
                _ => batch.undecided += 1,
            }
            // Times as they are written sort as they follow each other.
            batch.first = batch.first.take().into_iter().chain(item.time.clone()).min();
            batch.last = batch.last.take().into_iter().chain(item.time.clone()).max();
        };
        item.from.iter().for_each(|sender| count("sender", sender));
        item.thread.iter().for_each(|thread| count("thread", thread));
        count("term", &item.met);
        Ok(())
    })?;
    let mut found: Vec<Batch> = found.into_values().collect();
    found.sort_by(|a, b| (a.by, b.undecided, b.records, &a.name).cmp(&(b.by, a.undecided, a.records, &b.name)));
    Ok(found)
}

/// Returns some records of a batch, evenly over its time, and how many it has; the look is in the log first.
pub fn items(session: &Session, which: &Which, most: usize) -> Result<(u64, Vec<Item>), EngineError> {
    session.consult("quarantine.review", About { objects: Vec::new(), content: vec![("batch", which.in_words())] })?;
    let mut found = Vec::new();
    each(session.root(), &session.seal()?, &mut |item| {
        if is_of(&item, which) {
            found.push((item.time.clone(), item.id.clone()));
        }
        Ok(())
    })?;
    found.sort();
    let all = found.len();
    let step = all.div_ceil(most.max(1)).max(1);
    let wanted: Vec<String> = found.into_iter().step_by(step).map(|(_, id)| id).collect();
    let mut items = Vec::new();
    each(session.root(), &session.seal()?, &mut |item| {
        if wanted.contains(&item.id) {
            items.push(item);
        }
        Ok(())
    })?;
    items.sort_by(|a, b| (&a.time, &a.id).cmp(&(&b.time, &b.id)));
    session.seen(items.iter().map(|item| item.id.clone()));
    Ok((all as u64, items))
}

/// Returns the records of a batch.
pub(super) fn members(case: &Path, seal: &Seal, which: &Which) -> Result<Vec<Member>, EngineError> {
    let mut found = Vec::new();
    each(case, seal, &mut |item| {
        if is_of(&item, which) {
            found.push(Member { id: item.id, authority: item.authority });
        }
        Ok(())
    })?;
    Ok(found)
}

fn is_of(item: &Item, which: &Which) -> bool {
    match which {
        Which::Sender(name) => item.from.contains(name),
        Which::Thread(name) => item.thread.as_ref() == Some(name),
        Which::Term(name) => item.met == *name,
        Which::Item(id) => item.id == *id,
    }
}

fn each(case: &Path, seal: &Seal, take: &mut dyn FnMut(Item) -> Result<(), EngineError>) -> Result<(), EngineError> {
    let decided = decide::standing(case)?;
    let run = glasshouse_store::read_run(case)?;
    for segment in run.iter().flat_map(|run| &run.quarantine) {
        let held = read(case, seal, segment)?;
        let (from, to) = parties(&held)?;
        let attached = of_records(&held.attachments, "name")?;
        let why: HashMap<&str, (&str, &str)> = texts(&held.why, "record_id")?
            .into_iter()
            .zip(texts(&held.why, "kind")?.into_iter().zip(texts(&held.why, "met")?))
            .filter_map(|(id, (kind, met))| Some((id?, (kind?, met?))))
            .collect();
        let column = |name: &str| texts(&held.records, name);
        let (ids, families, formats) = (column("id")?, column("family")?, column("format")?);
        let (threads, titles, bodies) = (column("conversation")?, column("title")?, column("text")?);
        let (authorities, times) = (column("authority")?, times(&held.records)?);
        for (i, id) in ids.into_iter().enumerate() {
            let id = id.unwrap_or_default();
            let text = |column: &[Option<&str>]| column.get(i).copied().flatten().map(str::to_owned);
            let list = |of: &HashMap<&str, Vec<&str>>| -> Vec<String> {
                of.get(id).into_iter().flatten().map(|name| (*name).to_owned()).collect()
            };
            let (kind, met) = why.get(id).copied().unwrap_or_default();
            let decision = match decided.released(id) {
                Some(_) => "released",
                None if decided.withheld(id) => "withheld",
                None => "undecided",
            };
            take(Item {
                id: id.to_owned(),
                family: text(&families).unwrap_or_default(),
                format: text(&formats).unwrap_or_default(),
                time: times.get(i).copied().flatten().map(iso),
                thread: text(&threads),
                from: list(&from),
                to: list(&to),
                title: text(&titles),
                text: text(&bodies),
                attached: list(&attached),
                kind: kind.to_owned(),
                met: met.to_owned(),
                authority: text(&authorities).unwrap_or_default(),
                decision,
            })?;
        }
    }
    Ok(())
}

type Named<'a> = HashMap<&'a str, Vec<&'a str>>;

fn of_records<'a>(batch: &'a datafusion::arrow::array::RecordBatch, name: &str) -> Result<Named<'a>, EngineError> {
    let mut all = Named::new();
    for (id, value) in texts(batch, "record_id")?.into_iter().zip(texts(batch, name)?) {
        if let (Some(id), Some(value)) = (id, value) {
            all.entry(id).or_default().push(value);
        }
    }
    Ok(all)
}

/// Returns senders and all others of each record, by address or number where there is one.
fn parties(held: &Held) -> Result<(Named<'_>, Named<'_>), EngineError> {
    let (mut from, mut to) = (Named::new(), Named::new());
    let batch = &held.parties;
    let who = texts(batch, "identifier")?.into_iter().zip(texts(batch, "name")?);
    for ((id, role), (identifier, name)) in texts(batch, "record_id")?.into_iter().zip(texts(batch, "role")?).zip(who) {
        let (Some(id), Some(known)) = (id, identifier.or(name)) else { continue };
        let sender = matches!(role, Some("sender" | "author" | "organizer"));
        let list = if sender { &mut from } else { &mut to }.entry(id).or_default();
        if !list.contains(&known) {
            list.push(known);
        }
    }
    Ok((from, to))
}
