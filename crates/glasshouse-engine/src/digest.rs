//! One line over all records, the same for the same bytes.

use crate::EngineError;
use crate::cores::in_parts;
use crate::rewrite::{read_all, read_columns_of};
use crate::segment::{ATTACHMENTS, PARTIES, typed};
use datafusion::arrow::array::{
    Array, Float64Array, RecordBatch, StringArray, TimestampMicrosecondArray, UInt32Array, UInt64Array,
};
use glasshouse_layout::{RunFile, Segment, paths};
use serde::Deserialize;
use std::collections::HashMap;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

/// Records whose hashes are in memory at once; more are taken in several passes.
const AT_ONCE: u64 = 16 << 20;

/// Numbers of the members. They are part of the format: a number is never used again for something else.
mod member {
    pub const TIME: u8 = 10;
    pub const ROLE: u8 = 20;
    pub const ATTACHED_NAME: u8 = 50;
    pub const MIME: u8 = 51;
    pub const SIZE: u8 = 52;
    pub const SHA256: u8 = 53;
    pub const ATTACHMENT: u8 = 54;
    pub const ENTRY: u8 = 70;
    pub const LOCATOR: u8 = 71;
}

/// Columns of `records` that are texts, with the numbers of their members.
const TEXTS: [(u8, &str); 13] = [
    (1, "format"),
    (2, "family"),
    (3, "account"),
    (11, "time_text"),
    (12, "time_role"),
    (13, "zone_basis"),
    (14, "precision"),
    (15, "moments"),
    (30, "title"),
    (31, "text"),
    (45, "address"),
    (60, "conversation"),
    (61, "fields"),
];

/// Columns of `records` that are numbers of a place.
const NUMBERS: [(u8, &str); 4] = [(41, "lat"), (42, "lon"), (43, "accuracy"), (44, "altitude")];

/// Returns the digest over the records of a run (`docs/format.md`, section 6).
pub fn digest(case: &Path, run: &RunFile) -> Result<String, EngineError> {
    let entries = Entries::read(&case.join(paths::run(&run.run)).join("entries.parquet"))?;
    over(case, &run.segments, &|entry| entries.path(entry))
}

/// Returns the digest over the records of some segments; `path` says how an entry is called.
fn over<'p>(case: &Path, segments: &[Segment], path: &(dyn Fn(u32) -> &'p str + Sync)) -> Result<String, EngineError> {
    let rows: u64 = segments.iter().map(|s| s.rows).sum();
    let passes = (rows / AT_ONCE + 1).next_power_of_two().min(256);
    let mut all = blake3::Hasher::new();
    for pass in 0..passes {
        let hashes = Mutex::new(Vec::with_capacity((rows / passes) as usize));
        in_parts(segments.len(), |number| {
            let Some(segment) = segments.get(number) else { return Ok(()) };
            let mut own = Vec::with_capacity((segment.rows / passes) as usize);
            of_segment(&case.join(&segment.path), path, &mut |hash| {
                if u64::from(hash.as_bytes()[0]) * passes / 256 == pass {
                    own.push(*hash.as_bytes());
                }
            })?;
            hashes.lock().unwrap_or_else(PoisonError::into_inner).extend(own);
            Ok(())
        })?;
        let mut hashes: Vec<[u8; 32]> = hashes.into_inner().unwrap_or_else(PoisonError::into_inner);
        hashes.sort_unstable();
        for hash in hashes {
            all.update(&hash);
        }
    }
    Ok(format!("glasshouse-3:{}:{rows}", all.finalize().to_hex()))
}

/// Hashes each record of a segment.
fn of_segment<'p>(
    folder: &Path,
    path: &(dyn Fn(u32) -> &'p str + Sync),
    found: &mut dyn FnMut(&blake3::Hash),
) -> Result<(), EngineError> {
    let parties = read_all(&folder.join("parties.parquet"), &PARTIES)?;
    let attachments = read_all(&folder.join("attachments.parquet"), &ATTACHMENTS)?;
    let (parties, attachments) = (Parties::of(&parties)?, Attachments::of(&attachments)?);
    let mut wanted: Vec<&str> = TEXTS.iter().chain(&NUMBERS).map(|(_, name)| *name).collect();
    wanted.extend(["id", "time", "entry", "locator", "refs"]);
    let mut members = Vec::new();
    for batch in read_columns_of(&folder.join("records.parquet"), &wanted)? {
        let texts = TEXTS.iter().map(|(number, name)| Ok((*number, typed::<StringArray>(&batch, name)?)));
        let texts = texts.collect::<Result<Vec<_>, EngineError>>()?;
        let numbers = NUMBERS.iter().map(|(number, name)| Ok((*number, typed::<Float64Array>(&batch, name)?)));
        let numbers = numbers.collect::<Result<Vec<_>, EngineError>>()?;
        let time: &TimestampMicrosecondArray = typed(&batch, "time")?;
        let (id, locator): (&StringArray, &StringArray) = (typed(&batch, "id")?, typed(&batch, "locator")?);
        let (entry, refs): (&UInt32Array, &StringArray) = (typed(&batch, "entry")?, typed(&batch, "refs")?);
        for row in 0..batch.num_rows() {
            members.clear();
            for (number, column) in &texts {
                put_text(&mut members, *number, column, row);
            }
            if time.is_valid(row) {
                put(&mut members, member::TIME, &time.value(row).to_le_bytes());
            }
            for (number, column) in numbers.iter().filter(|(_, column)| column.is_valid(row)) {
                put(&mut members, *number, &column.value(row).to_le_bytes());
            }
            parties.put(&mut members, id.value(row));
            attachments.put(&mut members, id.value(row), path);
            if refs.is_valid(row) {
                for at in serde_json::from_str::<Vec<At>>(refs.value(row)).map_err(|_| damaged(folder))? {
                    put_place(&mut members, path(at.entry), &at.locator);
                }
            } else {
                put_place(&mut members, path(entry.value(row)), locator.value(row));
            }
            found(&blake3::hash(&members));
        }
    }
    Ok(())
}

/// One place of a record's bytes, as the column `refs` holds it.
#[derive(Deserialize)]
struct At {
    entry: u32,
    locator: String,
}

/// Rows of a table by the record that they belong to. They stand together.
fn by_record(owner: &StringArray) -> HashMap<&str, std::ops::Range<usize>> {
    let mut all: HashMap<&str, std::ops::Range<usize>> = HashMap::new();
    for (row, id) in owner.iter().enumerate() {
        let rows = all.entry(id.unwrap_or_default()).or_insert(row..row);
        rows.end = row + 1;
    }
    all
}

struct Parties<'a> {
    rows: HashMap<&'a str, std::ops::Range<usize>>,
    /// Role, name, kind and identifier, in the order of their numbers.
    columns: [&'a StringArray; 4],
}

impl<'a> Parties<'a> {
    fn of(table: &'a RecordBatch) -> Result<Self, EngineError> {
        let column = |name| typed::<StringArray>(table, name);
        let columns = [column("role")?, column("name")?, column("kind")?, column("identifier")?];
        Ok(Parties { rows: by_record(column("record_id")?), columns })
    }

    fn put(&self, members: &mut Vec<u8>, id: &str) {
        for row in self.rows.get(id).cloned().unwrap_or_default() {
            for (number, column) in (member::ROLE..).zip(self.columns) {
                put_text(members, number, column, row);
            }
        }
    }
}

struct Attachments<'a> {
    rows: HashMap<&'a str, std::ops::Range<usize>>,
    /// Each text with its number.
    texts: [(u8, &'a StringArray); 3],
    size: &'a UInt64Array,
    entry: &'a UInt32Array,
    locator: &'a StringArray,
}

impl<'a> Attachments<'a> {
    fn of(table: &'a RecordBatch) -> Result<Self, EngineError> {
        let column = |name| typed::<StringArray>(table, name);
        Ok(Attachments {
            rows: by_record(column("record_id")?),
            texts: [
                (member::ATTACHED_NAME, column("name")?),
                (member::MIME, column("mime")?),
                (member::SHA256, column("sha256")?),
            ],
            size: typed(table, "size")?,
            entry: typed(table, "entry")?,
            locator: column("locator")?,
        })
    }

    fn put<'p>(&self, members: &mut Vec<u8>, id: &str, path: &dyn Fn(u32) -> &'p str) {
        for row in self.rows.get(id).cloned().unwrap_or_default() {
            // Empty, so that two attachments of which nothing is known are two.
            put(members, member::ATTACHMENT, &[]);
            for (number, column) in self.texts {
                put_text(members, number, column, row);
            }
            if self.size.is_valid(row) {
                put(members, member::SIZE, &self.size.value(row).to_le_bytes());
            }
            if self.entry.is_valid(row) && self.locator.is_valid(row) {
                put_place(members, path(self.entry.value(row)), self.locator.value(row));
            }
        }
    }
}

fn put_place(members: &mut Vec<u8>, path: &str, locator: &str) {
    put(members, member::ENTRY, path.as_bytes());
    put(members, member::LOCATOR, locator.as_bytes());
}

fn put_text(members: &mut Vec<u8>, number: u8, column: &StringArray, row: usize) {
    if column.is_valid(row) {
        put(members, number, column.value(row).as_bytes());
    }
}

fn put(members: &mut Vec<u8>, number: u8, value: &[u8]) {
    members.reserve(5 + value.len());
    members.push(number);
    // No value comes near four gigabytes: what is read is cut into frames of 64 MiB.
    members.extend_from_slice(&(value.len() as u32).to_le_bytes());
    members.extend_from_slice(value);
}

fn damaged(folder: &Path) -> EngineError {
    EngineError::other(format!(
        "A record in {} does not say where its bytes are. Run `glasshouse verify` on the case.",
        folder.display()
    ))
}

/// The paths of the entries of a run.
struct Entries {
    paths: Vec<StringArray>,
    /// For each entry, its place in `paths`.
    places: HashMap<u32, (u32, u32)>,
}

impl Entries {
    fn read(list: &Path) -> Result<Self, EngineError> {
        let mut entries = Entries { paths: Vec::new(), places: HashMap::new() };
        for (n, batch) in (0..).zip(read_columns_of(list, &["entry", "path"])?) {
            let (entry, path): (&UInt32Array, &StringArray) = (typed(&batch, "entry")?, typed(&batch, "path")?);
            entries.places.extend((0..).zip(entry.values()).map(|(row, entry)| (*entry, (n, row))));
            entries.paths.push(path.clone());
        }
        Ok(entries)
    }

    fn path(&self, entry: u32) -> &str {
        let place = self.places.get(&entry).and_then(|(n, row)| Some((self.paths.get(*n as usize)?, *row as usize)));
        place.filter(|(paths, row)| *row < paths.len()).map_or("", |(paths, row)| paths.value(row))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::segment::{RowContext, SegmentBuilder, write_segment};
    use glasshouse_model::*;

    /// Returns the digest over a case of some records.
    fn of(records: &[Record]) -> String {
        let case = tempfile::tempdir().expect("a folder");
        let mut builder = SegmentBuilder::default();
        for (n, record) in (0..).zip(records) {
            let context = RowContext {
                provider: "mail",
                tier: "primary",
                source: "S1",
                claim: n,
                record_key: &[7; 32],
                authority: "self",
                ordinal: n,
            };
            builder.push(record, &context).expect("a row");
        }
        let rows = builder.finish().expect("rows");
        let (segment, _) =
            write_segment(case.path(), "runs/r0001/segments/000000", rows).expect("written").sync().expect("kept");
        over(case.path(), &[segment], &|entry| if entry == 4 { "p4" } else { "" }).expect("a digest")
    }

    fn record() -> Record {
        let mut record = Record::new(Family::Mail, "mbox");
        record.refs.push(Ref { entry: EntryId(4), locator: Locator::bytes(1, 2) });
        record
    }

    #[test]
    fn whatever_is_read_of_a_record_changes_the_digest() {
        let mut record = record();
        let mut seen = vec![of(&[record.clone()])];
        let changes: Vec<Box<dyn Fn(&mut Record)>> = vec![
            Box::new(|r| r.family = Family::Message),
            Box::new(|r| r.account = Some("me".into())),
            Box::new(|r| {
                r.moments.push(Moment {
                    role: MomentRole::Sent,
                    instant: None,
                    text: "then\n".into(),
                    basis: ZoneBasis::Named("UTC".into()),
                    precision: Precision::Day,
                });
            }),
            Box::new(|r| r.moments[0].instant = Some(-5)),
            Box::new(|r| r.moments[0].role = MomentRole::Received),
            Box::new(|r| r.moments[0].basis = ZoneBasis::Ambiguous),
            Box::new(|r| r.moments[0].precision = Precision::Second),
            Box::new(|r| r.moments.push(r.moments[0].clone())),
            Box::new(|r| r.moments[1].instant = Some(6)),
            Box::new(|r| r.parties.push(Party::named(PartyRole::Cc, "N"))),
            Box::new(|r| r.parties.push(Party::with(PartyRole::Cc, None, IdentifierKind::Email, "n@e"))),
            Box::new(|r| r.parties.reverse()),
            Box::new(|r| r.parties[0].role = PartyRole::To),
            Box::new(|r| r.title = Some("t".into())),
            Box::new(|r| r.text = Some("x".into())),
            Box::new(|r| r.place = Some(Place { lat: Some(0.5), ..Place::default() })),
            Box::new(|r| r.place = Some(Place { altitude: Some(0.5), ..Place::default() })),
            Box::new(|r| r.attachments.push(Attachment::default())),
            Box::new(|r| r.attachments.push(Attachment::default())),
            Box::new(|r| r.attachments[0].sha256 = Some([255; 32])),
            Box::new(|r| r.attachments[0].size = Some(3)),
            Box::new(|r| r.attachments[0].at = Some(Ref { entry: EntryId(4), locator: Locator::bytes(5, 6) })),
            Box::new(|r| r.conversation = Some("c".into())),
            Box::new(|r| {
                r.fields.int("i", 1);
            }),
            Box::new(|r| r.refs.push(Ref { entry: EntryId(5), locator: Locator::bytes(1, 2) })),
            Box::new(|r| r.refs[1].entry = EntryId(4)),
            Box::new(|r| r.refs[0].locator.start = 2),
        ];
        for (n, change) in changes.iter().enumerate() {
            change(&mut record);
            let now = of(&[record.clone()]);
            assert!(!seen.contains(&now), "change {n} was not seen");
            seen.push(now);
        }
    }

    /// What is in one member can never be taken for the next: a title that looks like a text stays a title.
    #[test]
    fn members_cannot_run_into_each_other() {
        let (mut one, mut other) = (record(), record());
        one.title = Some("a\u{1f}\u{1}\0\0\0b".into());
        (other.title, other.text) = (Some("a".into()), Some("b".into()));
        assert_ne!(of(&[one]), of(&[other]));
    }

    #[test]
    fn the_order_of_records_does_not_count_and_their_number_does() {
        let (mut one, mut other) = (record(), record());
        (one.title, other.title) = (Some("a".into()), Some("b".into()));
        let both = of(&[one.clone(), other.clone()]);
        assert_eq!(both, of(&[other, one.clone()]));
        assert_ne!(of(&[one.clone()]), of(&[one.clone(), one]));
    }
}
