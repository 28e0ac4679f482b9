//! Who is in which record: parties of all records in memory, each distinct one kept once.

use super::coded::Coded;
use super::ids::{Id, Ids, parse};
use super::order::Order;
use crate::EngineError;
use crate::search::Searcher;
use crate::segment::typed;
use datafusion::arrow::array::{Array, StringArray};
use datafusion::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use std::collections::HashMap;
use std::fs::File;
use std::hash::{DefaultHasher, Hash, Hasher};

/// The roles of parties; an item keeps a role in four bits.
pub(super) const ROLES: [&str; 13] = [
    "sender",
    "to",
    "cc",
    "bcc",
    "reply-to",
    "author",
    "participant",
    "organizer",
    "attendee",
    "subject",
    "tagged",
    "owner",
    "other",
];

/// A name and an identifier as a record states them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Named {
    pub name: Option<String>,
    /// `email`, `phone`, `account`, `url`.
    pub kind: Option<String>,
    pub identifier: Option<String>,
    /// The service that the name is one of, where it means nothing elsewhere: user names, and names alone.
    pub service: Option<u32>,
}

impl Named {
    /// Returns what a list shows: the name, or else the identifier.
    pub fn label(&self) -> Option<&str> {
        let said = |text: &Option<String>| text.as_deref().map(str::trim).is_some_and(|t| !t.is_empty());
        if said(&self.name) { self.name.as_deref() } else { self.identifier.as_deref() }
    }
}

/// The parties of all records. Many records of a chat or a list have the same parties: each distinct list of them is
/// kept once, and whoever counts a set counts how often it has each.
pub(super) struct Parties {
    pub named: Vec<Named>,
    /// The list of each position; the first list is empty.
    lists: Vec<u32>,
    /// Where the items of each list begin; one more than there are lists.
    starts: Vec<u32>,
    /// Number of a party, shifted by four bits, and its role.
    items: Vec<u32>,
    /// The service of the records that have each list, as a number of its column.
    services: Vec<u32>,
}

/// Finds the number of a list that is there already.
#[derive(Default)]
struct Distinct {
    /// The last list with a hash, and of each list the one before it with the same.
    last: HashMap<u64, u32>,
    before: Vec<u32>,
}

/// No list.
const NONE: u32 = u32::MAX;

impl Distinct {
    /// Returns the number of a list, which is added if it is new.
    fn number(&mut self, parties: &mut Parties, service: u32, items: &[u32]) -> u32 {
        let mut hasher = DefaultHasher::new();
        (service, items).hash(&mut hasher);
        let new = parties.services.len() as u32;
        let head = self.last.entry(hasher.finish()).or_insert(NONE);
        let mut at = *head;
        while at != NONE {
            if parties.service(at) == service && parties.list(at) == items {
                return at;
            }
            at = self.before.get(at as usize).copied().unwrap_or(NONE);
        }
        self.before.push(*head);
        *head = new;
        parties.add(service, items);
        new
    }
}

impl Parties {
    pub fn load(searcher: &Searcher, ids: &Ids, service: &Coded, order: &Order) -> Result<Self, EngineError> {
        let mut parties =
            Parties { named: Vec::new(), lists: Vec::new(), starts: vec![0], items: Vec::new(), services: Vec::new() };
        // The empty list is the first; its service says nothing.
        let mut distinct = Distinct::default();
        distinct.number(&mut parties, 0, &[]);
        let mut numbers: HashMap<Named, u32> = HashMap::new();
        let mut by_row: Vec<u32> = Vec::with_capacity(order.rows.len());
        let mut items = Vec::new();
        let mut base = 0u32;
        for open in searcher.segments() {
            let rows = open.segment.rows as u32;
            let path = open.columns.folder().join("parties.parquet");
            let mut found: Vec<(u32, u32)> = Vec::new();
            if path.exists() {
                let of: HashMap<&Id, u32> = (base..base + rows).filter_map(|r| Some((ids.bits(r)?, r))).collect();
                let file = File::open(&path).map_err(|e| EngineError::io(&path, "open", e))?;
                for batch in ParquetRecordBatchReaderBuilder::try_new(file)?.with_batch_size(8192).build()? {
                    let batch = batch?;
                    let text = |name| typed::<StringArray>(&batch, name);
                    let (record, role, name) = (text("record_id")?, text("role")?, text("name")?);
                    let (kind, identifier) = (text("kind")?, text("identifier")?);
                    for i in 0..batch.num_rows() {
                        let Some(row) = parse(record.value(i)).and_then(|id| of.get(&id).copied()) else { continue };
                        let own = |column: &StringArray| column.is_valid(i).then(|| column.value(i).to_owned());
                        let mut party =
                            Named { name: own(name), kind: own(kind), identifier: own(identifier), service: None };
                        if matches!(party.kind.as_deref(), None | Some("account")) {
                            party.service = Some(service.code(row));
                        }
                        let number = match numbers.get(&party) {
                            Some(number) => *number,
                            None => {
                                let number = parties.named.len() as u32;
                                numbers.insert(party.clone(), number);
                                parties.named.push(party);
                                number
                            }
                        };
                        let role = ROLES.iter().position(|r| *r == role.value(i)).unwrap_or(ROLES.len() - 1);
                        found.push((row, number << 4 | role as u32));
                    }
                }
                // The order within a record stays as its parser gave it.
                found.sort_by_key(|(row, _)| *row);
            }
            let mut next = found.into_iter().peekable();
            for row in base..base + rows {
                items.clear();
                while let Some((_, item)) = next.next_if(|(of, _)| *of == row) {
                    items.push(item);
                }
                let service = if items.is_empty() { 0 } else { service.code(row) };
                by_row.push(if items.is_empty() { 0 } else { distinct.number(&mut parties, service, &items) });
            }
            base += rows;
        }
        let list = |row: &u32| by_row.get(*row as usize).copied().unwrap_or(0);
        parties.lists = order.rows.iter().map(list).collect();
        Ok(parties)
    }

    fn add(&mut self, service: u32, items: &[u32]) {
        self.items.extend_from_slice(items);
        self.starts.push(self.items.len() as u32);
        self.services.push(service);
    }

    /// Returns the number of distinct lists.
    pub fn lists(&self) -> usize {
        self.services.len()
    }

    /// Returns the list of a position.
    pub fn list_at(&self, position: u32) -> u32 {
        self.lists.get(position as usize).copied().unwrap_or(0)
    }

    /// Returns the service of the records that have a list, as a number of its column.
    pub fn service(&self, list: u32) -> u32 {
        self.services.get(list as usize).copied().unwrap_or(0)
    }

    /// Returns the parties of a list with their roles, as numbers of [`ROLES`].
    pub fn of_list(&self, list: u32) -> impl Iterator<Item = (u32, usize)> + '_ {
        self.list(list).iter().map(|item| (item >> 4, (item & 15) as usize))
    }

    /// Returns the parties at a position with their roles, as numbers of [`ROLES`].
    pub fn of(&self, position: u32) -> impl Iterator<Item = (u32, usize)> + '_ {
        self.of_list(self.list_at(position))
    }

    fn list(&self, list: u32) -> &[u32] {
        let start = |i: usize| self.starts.get(i).copied().unwrap_or(0) as usize;
        self.items.get(start(list as usize)..start(list as usize + 1)).unwrap_or_default()
    }

    pub fn get(&self, number: u32) -> Option<&Named> {
        self.named.get(number as usize)
    }

    /// Returns labels of the parties that sent a record, and of those it went to or that it is about.
    pub fn sides(&self, position: u32, most: usize) -> (Vec<String>, Vec<String>) {
        let (mut from, mut to): (Vec<String>, Vec<String>) = Default::default();
        for (number, role) in self.of(position) {
            let side = if is_sender(role) { &mut from } else { &mut to };
            if let Some(label) = self.get(number).and_then(Named::label)
                && side.len() < most
                && !side.iter().any(|known| known == label)
            {
                side.push(label.to_owned());
            }
        }
        (from, to)
    }
}

/// Says whether a role is that of who sent or made a record.
pub(super) fn is_sender(role: usize) -> bool {
    matches!(ROLES.get(role), Some(&"sender" | &"author" | &"organizer"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_distinct_list_is_kept_once() {
        let mut parties =
            Parties { named: Vec::new(), lists: Vec::new(), starts: vec![0], items: Vec::new(), services: Vec::new() };
        let mut distinct = Distinct::default();
        let given: [(u32, &[u32]); 7] =
            [(0, &[]), (1, &[16, 33]), (1, &[33, 16]), (2, &[16, 33]), (1, &[16, 33]), (1, &[16]), (0, &[])];
        let numbers = given.map(|(service, items)| distinct.number(&mut parties, service, items));
        assert_eq!(numbers, [0, 1, 2, 3, 1, 4, 0], "order and service tell lists apart");
        parties.lists = numbers.to_vec();
        assert_eq!(parties.of(3).collect::<Vec<_>>(), [(1, 0), (2, 1)]);
        assert_eq!((parties.lists(), parties.service(3), parties.of(6).count()), (5, 2, 0));
    }
}
