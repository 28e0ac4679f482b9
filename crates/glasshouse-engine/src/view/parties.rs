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

/// The parties of all records, in the order of time: whoever counts a set goes through them one after another.
pub(super) struct Parties {
    pub named: Vec<Named>,
    /// Where the items of each position begin; one more than there are positions.
    starts: Vec<u32>,
    /// Number of a party, shifted by four bits, and its role.
    items: Vec<u32>,
}

impl Parties {
    pub fn load(searcher: &Searcher, ids: &Ids, service: &Coded, order: &Order) -> Result<Self, EngineError> {
        let all = order.rows.len();
        let mut named: Vec<Named> = Vec::new();
        let mut numbers: HashMap<Named, u32> = HashMap::new();
        let mut starts = Vec::with_capacity(all + 1);
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
                                let number = named.len() as u32;
                                numbers.insert(party.clone(), number);
                                named.push(party);
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
                starts.push(items.len() as u32);
                while let Some((_, item)) = next.next_if(|(of, _)| *of == row) {
                    items.push(item);
                }
            }
            base += rows;
        }
        starts.push(items.len() as u32);
        let by_row = Parties { named, starts, items };
        let (mut starts, mut items) = (Vec::with_capacity(all + 1), Vec::with_capacity(by_row.items.len()));
        for row in &order.rows {
            starts.push(items.len() as u32);
            items.extend_from_slice(by_row.items(*row));
        }
        starts.push(items.len() as u32);
        Ok(Parties { named: by_row.named, starts, items })
    }

    /// Returns the parties at a position with their roles, as numbers of [`ROLES`].
    pub fn of(&self, position: u32) -> impl Iterator<Item = (u32, usize)> + '_ {
        self.items(position).iter().map(|item| (item >> 4, (item & 15) as usize))
    }

    fn items(&self, at: u32) -> &[u32] {
        let (from, to) = (at as usize, at as usize + 1);
        let start = |i: usize| self.starts.get(i).copied().unwrap_or(0) as usize;
        self.items.get(start(from)..start(to)).unwrap_or_default()
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
