//! What the review page asks of a case: lists by rank, filters, bars, facets, maps, conversations, people.
//!
//! Answers come from columns that are held in memory, about sixty bytes a record when all of them are in use
//! (`docs/performance.md`). Each is read when it is first needed, or by [`View::warm`].

mod attached;
mod beside;
mod bits;
mod coded;
mod complete;
mod facets;
mod ids;
mod joined;
mod made_by;
mod media;
mod newest;
mod order;
mod owner;
mod parties;
mod people;
mod places;
mod record;
mod reveals;
mod rows;
mod select;
mod services;
mod set;
mod talks;
mod tally;
mod threads;

pub use attached::{Attachment, Attachments, Kind};
pub use complete::{Completion, Offer};
pub use facets::{Facet, Facets};
pub use made_by::{MadeBy, Maker};
pub use media::{Medium, Shown};
pub use newest::{ids, search};
pub use people::{ByPeople, Edge, Graph, Identifier, Node, Part, Person};
pub use places::{Cell, Map, Window};
pub use record::{Detail, Moment, Nearby, PartyOf, Place};
pub use reveals::{Counted, Held, Reveals, Seen, ServiceHeld, Stay};
pub use rows::Row;
pub use services::Deleting;
pub use set::{Set, Sorted};
pub use talks::{Said, Talk};

use crate::EngineError;
use crate::search::{Interval, Searcher, query};
use attached::Attached;
use coded::Coded;
use ids::Ids;
use order::Order;
use parties::Parties;
use places::Places;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

/// Memory that the sets of recent queries may take together.
const MOST_KEPT: usize = 64 << 20;
/// Queries whose sets are kept.
const MOST_QUERIES: usize = 32;

/// The records of one case as its newest run left them.
pub struct View {
    searcher: Searcher,
    /// The first row of each segment, and the number of all rows.
    bases: Vec<u32>,
    order: Lazy<Order>,
    ids: Lazy<Ids>,
    places: Lazy<Places>,
    parties: Lazy<Parties>,
    attached: Lazy<Attached>,
    with_text: Lazy<Vec<u64>>,
    threads: Lazy<threads::Threads>,
    people: Lazy<people::People>,
    reveals: Mutex<Option<(Arc<people::People>, Arc<Reveals>)>>,
    made_by: Lazy<BTreeMap<String, MadeBy>>,
    coded: Mutex<HashMap<&'static str, Arc<Coded>>>,
    recent: Mutex<VecDeque<(String, Arc<Lazy<Set>>)>>,
}

type Lazy<T> = Mutex<Option<Arc<T>>>;

impl View {
    /// Opens the newest run of a case.
    pub fn open(case: &Path) -> Result<Self, EngineError> {
        Self::over(Searcher::open(case)?)
    }

    /// Returns the view of some segments.
    fn over(searcher: Searcher) -> Result<Self, EngineError> {
        let mut bases = Vec::with_capacity(searcher.segments().len() + 1);
        let mut rows = 0u32;
        for open in searcher.segments() {
            bases.push(rows);
            rows = u32::try_from(open.segment.rows).ok().and_then(|n| rows.checked_add(n)).ok_or_else(|| {
                EngineError::other("The case has more records than one page can number (four thousand million).")
            })?;
        }
        bases.push(rows);
        Ok(View {
            searcher,
            bases,
            order: Lazy::default(),
            ids: Lazy::default(),
            places: Lazy::default(),
            parties: Lazy::default(),
            attached: Lazy::default(),
            with_text: Lazy::default(),
            threads: Lazy::default(),
            people: Lazy::default(),
            reveals: Mutex::default(),
            made_by: Lazy::default(),
            coded: Mutex::default(),
            recent: Mutex::default(),
        })
    }

    /// Reads the columns that most answers need, so that the first question need not wait for them, and counts what
    /// every view shows of all records.
    pub fn warm(&self) -> Result<(), EngineError> {
        // The first rows wait for this one, which takes all cores; the rest takes one, for somebody looks by then.
        self.order()?;
        self.parties()?;
        self.attached()?;
        self.ids()?.sorted();
        for column in ["service", "family", "format", "account", "tier", "source", "conversation"] {
            self.coded(column)?;
        }
        self.places()?;
        self.threads()?;
        self.people()?;
        let all = self.select("")?;
        self.held(&all)?;
        self.tallied(&all)?;
        self.with_text()?;
        self.reveals()?;
        Ok(())
    }

    /// Returns the case's folder.
    pub fn case(&self) -> &Path {
        self.searcher.case()
    }

    /// Returns the number of all records.
    pub fn rows(&self) -> u32 {
        self.bases.last().copied().unwrap_or(0)
    }

    /// Returns what a query finds; the sets of recent queries are kept.
    pub fn select(&self, query: &str) -> Result<Arc<Set>, EngineError> {
        let query = query.trim();
        let set = {
            let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
            let known = recent.iter().position(|(known, _)| known == query).and_then(|at| recent.remove(at));
            let (query, set) = known.unwrap_or_else(|| (query.to_owned(), Arc::default()));
            recent.push_back((query, set.clone()));
            set
        };
        // A page asks several things of one query at once: who comes second waits for the first.
        let found = once(&set, || self.find(&query::parse(query)?))?;
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        while recent.len() > MOST_QUERIES
            || recent.iter().map(|(q, s)| q.len() + bytes_of(s)).sum::<usize>() > MOST_KEPT
        {
            recent.pop_front();
        }
        Ok(found)
    }

    /// Returns the rank in a list at which an instant lies, in microseconds since 1970.
    pub fn rank(&self, set: &Set, sorted: Sorted, micros: i64) -> Result<u32, EngineError> {
        Ok(set.rank(&*self.order()?, sorted, micros))
    }

    /// Counts the records of a set by the time they have in UTC; those without one are left out.
    pub fn histogram(&self, set: &Set, unit: Interval) -> Result<BTreeMap<String, u64>, EngineError> {
        let order = self.order()?;
        let mut counts = BTreeMap::new();
        let mut place = 0;
        while place < set.timed() {
            let Some(time) = set.at(place).and_then(|position| order.time(position)) else { break };
            let (name, end) = unit.around(time)?;
            // A time at the very end of the calendar still moves on.
            let next = set.before(order.from(end)).max(place + 1);
            *counts.entry(name).or_default() += u64::from(next - place);
            place = next;
        }
        Ok(counts)
    }

    /// Returns the segment of a row, as its number, and the row within it.
    fn locate(&self, row: u32) -> Option<(usize, u32)> {
        let segment = self.bases.partition_point(|base| *base <= row).checked_sub(1)?;
        (row < self.rows()).then_some(())?;
        Some((segment, row - self.bases.get(segment)?))
    }

    fn order(&self) -> Result<Arc<Order>, EngineError> {
        once(&self.order, || Order::load(&self.searcher, self.rows()))
    }

    fn ids(&self) -> Result<Arc<Ids>, EngineError> {
        once(&self.ids, || Ids::load(&self.searcher, self.rows()))
    }

    fn places(&self) -> Result<Arc<Places>, EngineError> {
        once(&self.places, || Places::load(&self.searcher, self.rows()))
    }

    fn parties(&self) -> Result<Arc<Parties>, EngineError> {
        let (ids, service, order) = (self.ids()?, self.coded("service")?, self.order()?);
        once(&self.parties, || Parties::load(&self.searcher, &ids, &service, &order))
    }

    fn attached(&self) -> Result<Arc<Attached>, EngineError> {
        once(&self.attached, || {
            if Attached::is_any(&self.searcher) {
                Attached::load(&self.searcher, &*self.ids()?)
            } else {
                Ok(Attached { items: Vec::new() })
            }
        })
    }

    fn people(&self) -> Result<Arc<people::People>, EngineError> {
        once(&self.people, || people::People::load(self))
    }

    fn threads(&self) -> Result<Arc<threads::Threads>, EngineError> {
        once(&self.threads, || threads::Threads::load(self))
    }

    fn coded(&self, column: &'static str) -> Result<Arc<Coded>, EngineError> {
        let mut coded = self.coded.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = coded.get(column) {
            return Ok(known.clone());
        }
        let made = Arc::new(Coded::load(&self.searcher, column, self.rows())?);
        coded.insert(column, made.clone());
        Ok(made)
    }
}

/// Returns about how many bytes a set takes; one that is being found is counted when it is there.
fn bytes_of(set: &Lazy<Set>) -> usize {
    set.try_lock().ok().and_then(|set| set.as_ref().map(|set| set.bytes())).unwrap_or(0)
}

fn once<T>(cell: &Lazy<T>, make: impl FnOnce() -> Result<T, EngineError>) -> Result<Arc<T>, EngineError> {
    let mut cell = cell.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(made) = &*cell {
        return Ok(made.clone());
    }
    let made = Arc::new(make()?);
    *cell = Some(made.clone());
    Ok(made)
}

/// Returns an instant as the page writes it: milliseconds, or microseconds where there are some.
pub fn iso(micros: i64) -> String {
    let digits = if micros % 1000 == 0 { "%Y-%m-%dT%H:%M:%S.%3fZ" } else { "%Y-%m-%dT%H:%M:%S.%6fZ" };
    jiff::Timestamp::from_microsecond(micros).map_or_else(|_| micros.to_string(), |t| t.strftime(digits).to_string())
}

/// Reads an instant that a page sends: a date and time with an offset, or a date in UTC.
pub fn instant(text: &str) -> Option<i64> {
    let stamp = text.trim().parse::<jiff::Timestamp>().ok();
    let date = || text.trim().parse::<jiff::civil::Date>().ok()?.to_zoned(jiff::tz::TimeZone::UTC).ok();
    stamp.or_else(|| date().map(|z| z.timestamp())).map(|t| t.as_microsecond())
}
