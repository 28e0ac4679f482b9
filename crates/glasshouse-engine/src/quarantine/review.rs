//! What the privilege reviewer sees: batches by sender, thread and term, and records out of them.

use super::{Standing, Tables, decide, texts, times};
use crate::EngineError;
use crate::rewrite::concat;
use crate::session::{About, Session};
use crate::view::iso;
use crate::words::Words;
use datafusion::arrow::array::{BooleanArray, RecordBatch};
use datafusion::arrow::compute::filter_record_batch;
use glasshouse_layout::Segment;
use glasshouse_store::seal::Seal;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::Path;

/// Records that are given at once.
const MOST_ITEMS: usize = 1000;

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

    /// Returns what a look at it is about, for the log.
    pub(super) fn about(&self, words: &Words) -> Result<About, EngineError> {
        Ok(About { objects: Vec::new(), content: vec![("batch", words.shut(&self.in_words())?)] })
    }

    fn has(&self, one: &One<'_>) -> bool {
        match self {
            Which::Sender(name) => one.from.iter().any(|from| from == name),
            Which::Thread(name) => one.thread == Some(name.as_str()),
            // As the list names it, or as the authority does.
            Which::Term(name) => {
                one.met == name || ["term ", "party "].iter().any(|what| one.met.strip_prefix(what) == Some(name))
            }
            Which::Item(id) => one.id == id,
        }
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

/// What a batch is made by: no text of the record is read for it.
struct One<'a> {
    id: &'a str,
    time: Option<i64>,
    thread: Option<&'a str>,
    from: &'a [String],
    met: &'a str,
    authority: &'a str,
}

/// The records of a batch.
#[derive(Default)]
pub(super) struct Members {
    pub(super) ids: Vec<String>,
    /// The versions of authorities that put them aside.
    pub(super) authorities: BTreeSet<String>,
}

/// Returns the batches, those with most that is undecided first.
pub fn batches(session: &Session) -> Result<Vec<Batch>, EngineError> {
    session.consult("quarantine.review", About::object("batches"))?;
    let decided = decide::standing(session.root())?;
    let mut found: BTreeMap<(&'static str, String), (Batch, Option<i64>, Option<i64>)> = BTreeMap::new();
    each(session.root(), &session.seal()?, &mut |one| {
        let decision = decision(&decided, one.id);
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
            let (batch, first, last) = found.entry((by, name.to_owned())).or_insert_with(|| (new(), None, None));
            batch.records += 1;
            match decision {
                "released" => batch.released += 1,
                "withheld" => batch.withheld += 1,
                _ => batch.undecided += 1,
            }
            *first = first.iter().copied().chain(one.time).min();
            *last = last.iter().copied().chain(one.time).max();
        };
        one.from.iter().for_each(|sender| count("sender", sender));
        one.thread.iter().for_each(|thread| count("thread", thread));
        count("term", one.met);
    })?;
    let dated = |(batch, first, last): (Batch, Option<i64>, Option<i64>)| Batch {
        first: first.map(iso),
        last: last.map(iso),
        ..batch
    };
    let mut found: Vec<Batch> = found.into_values().map(dated).collect();
    found.sort_by(|a, b| (a.by, b.undecided, b.records, &a.name).cmp(&(b.by, a.undecided, a.records, &b.name)));
    Ok(found)
}

/// Returns some records of a batch, at most 1,000, evenly over its time, and how many it has; the look is in the log
/// first.
pub fn items(session: &Session, which: &Which, most: usize) -> Result<(u64, Vec<Item>), EngineError> {
    let seal = session.seal()?;
    session.consult("quarantine.review", which.about(&Words::of(&seal)?)?)?;
    let mut found = Vec::new();
    each(session.root(), &seal, &mut |one| {
        if which.has(&one) {
            found.push((one.time, one.id.to_owned()));
        }
    })?;
    found.sort();
    let all = found.len();
    let step = all.div_ceil(most.clamp(1, MOST_ITEMS)).max(1);
    let wanted: HashSet<String> = found.into_iter().step_by(step).map(|(_, id)| id).collect();
    let mut items = read_items(session.root(), &seal, &wanted)?;
    // A record without a time comes last.
    items.sort_by(|a, b| (a.time.is_none(), &a.time, &a.id).cmp(&(b.time.is_none(), &b.time, &b.id)));
    session.seen(items.iter().map(|item| item.id.clone()));
    Ok((all as u64, items))
}

/// Returns the records of a batch.
pub(super) fn members(case: &Path, seal: &Seal, which: &Which) -> Result<Members, EngineError> {
    let mut found = Members::default();
    each(case, seal, &mut |one| {
        if which.has(&one) {
            found.ids.push(one.id.to_owned());
            if !found.authorities.contains(one.authority) {
                found.authorities.insert(one.authority.to_owned());
            }
        }
    })?;
    Ok(found)
}

fn decision(decided: &Standing, id: &str) -> &'static str {
    match decided.released(id) {
        Some(_) => "released",
        None if decided.withheld(id) => "withheld",
        None => "undecided",
    }
}

fn segments(case: &Path) -> Result<Vec<Segment>, EngineError> {
    Ok(glasshouse_store::read_run(case)?.map_or_else(Vec::new, |run| run.quarantine))
}

/// Goes through all that is put aside, a batch of rows at a time; of each segment only senders and what is met are
/// held.
fn each(case: &Path, seal: &Seal, take: &mut dyn FnMut(One<'_>)) -> Result<(), EngineError> {
    for segment in &segments(case)? {
        let tables = Tables { case, seal, segment };
        let people = parties(&tables, None)?;
        let why = why(&tables, None)?;
        for batch in tables.read("records", &["id", "conversation", "time", "authority"])? {
            let batch = batch?;
            let (threads, authorities) = (texts(&batch, "conversation")?, texts(&batch, "authority")?);
            let rows = texts(&batch, "id")?.into_iter().zip(threads).zip(authorities).zip(times(&batch)?);
            for (((id, thread), authority), time) in rows {
                let id = id.unwrap_or_default();
                take(One {
                    id,
                    time,
                    thread,
                    from: people.get(id).map_or(&[], |(from, _)| from),
                    met: why.get(id).map_or("", |(_, met)| met),
                    authority: authority.unwrap_or_default(),
                });
            }
        }
    }
    Ok(())
}

/// Reads some records whole.
fn read_items(case: &Path, seal: &Seal, wanted: &HashSet<String>) -> Result<Vec<Item>, EngineError> {
    let decided = decide::standing(case)?;
    let mut items = Vec::new();
    for segment in &segments(case)? {
        let tables = Tables { case, seal, segment };
        let records = of_records(&tables, "records", "id", wanted)?;
        if records.num_rows() == 0 {
            continue;
        }
        let people = parties(&tables, Some(wanted))?;
        let why = why(&tables, Some(wanted))?;
        let attachments = of_records(&tables, "attachments", "record_id", wanted)?;
        let mut attached: HashMap<&str, Vec<String>> = HashMap::new();
        for (id, name) in texts(&attachments, "record_id")?.into_iter().zip(texts(&attachments, "name")?) {
            if let (Some(id), Some(name)) = (id, name) {
                attached.entry(id).or_default().push(name.to_owned());
            }
        }
        let column = |name: &str| texts(&records, name);
        let (ids, families, formats) = (column("id")?, column("family")?, column("format")?);
        let (threads, titles, bodies) = (column("conversation")?, column("title")?, column("text")?);
        let (authorities, times) = (column("authority")?, times(&records)?);
        for (i, id) in ids.into_iter().enumerate() {
            let id = id.unwrap_or_default();
            let text = |column: &[Option<&str>]| column.get(i).copied().flatten().map(str::to_owned);
            let (from, to) = people.get(id).cloned().unwrap_or_default();
            let (kind, met) = why.get(id).cloned().unwrap_or_default();
            items.push(Item {
                id: id.to_owned(),
                family: text(&families).unwrap_or_default(),
                format: text(&formats).unwrap_or_default(),
                time: times.get(i).copied().flatten().map(iso),
                thread: text(&threads),
                from,
                to,
                title: text(&titles),
                text: text(&bodies),
                attached: attached.remove(id).unwrap_or_default(),
                kind,
                met,
                authority: text(&authorities).unwrap_or_default(),
                decision: decision(&decided, id),
            });
        }
    }
    Ok(items)
}

/// Returns the rows of a table that belong to some records, by the column that names them.
fn of_records(
    tables: &Tables<'_>,
    table: &str,
    owner: &str,
    wanted: &HashSet<String>,
) -> Result<RecordBatch, EngineError> {
    let reader = tables.read(table, &[])?;
    let schema = datafusion::arrow::array::RecordBatchReader::schema(&reader);
    let mut found = Vec::new();
    for batch in reader {
        let batch = batch?;
        let mask: BooleanArray =
            texts(&batch, owner)?.into_iter().map(|id| Some(id.is_some_and(|id| wanted.contains(id)))).collect();
        if mask.true_count() > 0 {
            found.push(filter_record_batch(&batch, &mask)?);
        }
    }
    concat(&schema, &found)
}

type People = HashMap<String, (Vec<String>, Vec<String>)>;

/// Returns senders and all others of records, by address or number where there is one; of all records only senders.
fn parties(tables: &Tables<'_>, wanted: Option<&HashSet<String>>) -> Result<People, EngineError> {
    let mut people = People::new();
    for batch in tables.read("parties", &["record_id", "role", "name", "identifier"])? {
        let batch = batch?;
        let who = texts(&batch, "identifier")?.into_iter().zip(texts(&batch, "name")?);
        for ((id, role), (identifier, name)) in
            texts(&batch, "record_id")?.into_iter().zip(texts(&batch, "role")?).zip(who)
        {
            let (Some(id), Some(known)) = (id, identifier.or(name)) else { continue };
            let sender = matches!(role, Some("sender" | "author" | "organizer"));
            if !wanted.map_or(sender, |wanted| wanted.contains(id)) {
                continue;
            }
            let (from, to) = people.entry(id.to_owned()).or_default();
            let list = if sender { from } else { to };
            if !list.iter().any(|one| one == known) {
                list.push(known.to_owned());
            }
        }
    }
    Ok(people)
}

/// Returns the kind of exclusion of records, and what of it each meets.
fn why(
    tables: &Tables<'_>,
    wanted: Option<&HashSet<String>>,
) -> Result<HashMap<String, (String, String)>, EngineError> {
    let mut all = HashMap::new();
    for batch in tables.read("aside", &["record_id", "kind", "met"])? {
        let batch = batch?;
        let why = texts(&batch, "kind")?.into_iter().zip(texts(&batch, "met")?);
        for (id, (kind, met)) in texts(&batch, "record_id")?.into_iter().zip(why) {
            let id = id.unwrap_or_default();
            if wanted.is_none_or(|wanted| wanted.contains(id)) {
                let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
                all.insert(id.to_owned(), (text(kind), text(met)));
            }
        }
    }
    Ok(all)
}
