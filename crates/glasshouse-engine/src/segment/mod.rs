//! Segments: immutable folders of records in Parquet, with an index over their text.

mod growing;
mod index;
mod invert;
mod write;

use crate::EngineError;
use crate::text;
use datafusion::arrow::array::{
    Array, ArrayBuilder, ArrayRef, FixedSizeBinaryBuilder, Float64Builder, RecordBatch, StringArray, StringBuilder,
    TimestampMicrosecondBuilder, UInt32Array, UInt32Builder, UInt64Builder,
};
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use glasshouse_model::Record;
use std::fmt::Write as _;
use std::sync::{Arc, LazyLock};
use tantivy::schema::{Field as TextField, IndexRecordOption, TextFieldIndexing, TextOptions};

pub(crate) use growing::{Growing, write_segment};
pub use write::Written;
pub(crate) use write::{Table, hash, parquet_bytes, write_parquet};

/// The columns of `records.parquet`.
pub static RECORDS: LazyLock<SchemaRef> = LazyLock::new(|| {
    let text = |name: &str| Field::new(name, DataType::Utf8, true);
    Arc::new(Schema::new(vec![
        Field::new("id", DataType::Utf8, false),
        Field::new("family", DataType::Utf8, false),
        Field::new("provider", DataType::Utf8, false),
        Field::new("format", DataType::Utf8, false),
        Field::new("tier", DataType::Utf8, false),
        Field::new("service", DataType::Utf8, false),
        text("account"),
        Field::new("time", DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())), true),
        text("time_text"),
        text("time_role"),
        text("zone_basis"),
        text("precision"),
        text("title"),
        text("text"),
        Field::new("lat", DataType::Float64, true),
        Field::new("lon", DataType::Float64, true),
        Field::new("accuracy", DataType::Float64, true),
        Field::new("altitude", DataType::Float64, true),
        text("address"),
        text("conversation"),
        Field::new("source", DataType::Utf8, false),
        Field::new("entry", DataType::UInt32, false),
        Field::new("locator", DataType::Utf8, false),
        text("refs"),
        text("moments"),
        text("fields"),
        Field::new("claim", DataType::UInt32, false),
        Field::new("authority", DataType::Utf8, true),
        Field::new("same_as", DataType::FixedSizeBinary(16), true),
        // Number of the decision that released it, where it had been put aside.
        Field::new("decision", DataType::UInt32, true),
    ]))
});

/// The columns of `parties.parquet`.
pub static PARTIES: LazyLock<SchemaRef> = LazyLock::new(|| {
    Arc::new(Schema::new(vec![
        Field::new("record_id", DataType::Utf8, false),
        Field::new("role", DataType::Utf8, false),
        Field::new("name", DataType::Utf8, true),
        Field::new("kind", DataType::Utf8, true),
        Field::new("identifier", DataType::Utf8, true),
    ]))
});

/// The columns of `attachments.parquet`.
pub static ATTACHMENTS: LazyLock<SchemaRef> = LazyLock::new(|| {
    Arc::new(Schema::new(vec![
        Field::new("record_id", DataType::Utf8, false),
        Field::new("name", DataType::Utf8, true),
        Field::new("mime", DataType::Utf8, true),
        Field::new("size", DataType::UInt64, true),
        Field::new("sha256", DataType::Utf8, true),
        Field::new("entry", DataType::UInt32, true),
        Field::new("locator", DataType::Utf8, true),
    ]))
});

/// Names of the index's fields.
pub const TEXT: &str = "text";
/// Words of the names and identifiers of all parties but those of [`FROM`]: a question about anybody asks both. In segments
/// of earlier versions those of all.
pub const WHO: &str = "who";
/// Words of the names and identifiers of senders and authors.
pub const FROM: &str = "from";

/// What a record needs beside itself to become a row.
pub struct RowContext<'a> {
    pub provider: &'static str,
    pub tier: &'static str,
    pub source: &'a str,
    pub claim: u32,
    pub record_key: &'a [u8; 32],
    /// The version of the authority under which it is read.
    pub authority: &'a str,
    /// How many records before this one in its chunk have the same place.
    pub ordinal: u32,
}

/// Memory that a run of rows takes before it is written. Of few rows most stays near the processor.
pub(crate) const RUN: usize = 4 << 20;

/// Room for the columns that take most of a run: a column that grows by doubling is copied again and again.
const LONG: usize = RUN;

/// Collects rows until they are written as a run of a segment.
pub struct SegmentBuilder {
    id: StringBuilder,
    family: StringBuilder,
    provider: StringBuilder,
    format: StringBuilder,
    tier: StringBuilder,
    account: StringBuilder,
    time: TimestampMicrosecondBuilder,
    time_text: StringBuilder,
    time_role: StringBuilder,
    zone_basis: StringBuilder,
    precision: StringBuilder,
    title: StringBuilder,
    text: StringBuilder,
    lat: Float64Builder,
    lon: Float64Builder,
    accuracy: Float64Builder,
    altitude: Float64Builder,
    address: StringBuilder,
    conversation: StringBuilder,
    source: StringBuilder,
    entry: UInt32Builder,
    locator: StringBuilder,
    refs: StringBuilder,
    moments: StringBuilder,
    fields: StringBuilder,
    claim: UInt32Builder,
    authority: StringBuilder,
    same_as: FixedSizeBinaryBuilder,
    /// For each row, the words of its parties (those that are no senders, then senders).
    who: StringBuilder,
    from: StringBuilder,
    parties: [StringBuilder; 5],
    attachment_texts: [StringBuilder; 5],
    attachment_size: UInt64Builder,
    attachment_entry: UInt32Builder,
    rows: usize,
    bytes: usize,
    scratch: String,
}

impl Default for SegmentBuilder {
    fn default() -> Self {
        let text = StringBuilder::new;
        SegmentBuilder {
            id: text(),
            family: text(),
            provider: text(),
            format: text(),
            tier: text(),
            account: text(),
            time: TimestampMicrosecondBuilder::new().with_timezone("UTC"),
            time_text: text(),
            time_role: text(),
            zone_basis: text(),
            precision: text(),
            title: text(),
            text: StringBuilder::with_capacity(1024, LONG),
            lat: Float64Builder::new(),
            lon: Float64Builder::new(),
            accuracy: Float64Builder::new(),
            altitude: Float64Builder::new(),
            address: text(),
            conversation: text(),
            source: text(),
            entry: UInt32Builder::new(),
            locator: text(),
            refs: text(),
            moments: text(),
            fields: StringBuilder::with_capacity(1024, LONG),
            claim: UInt32Builder::new(),
            authority: text(),
            same_as: FixedSizeBinaryBuilder::new(16),
            who: text(),
            from: text(),
            parties: std::array::from_fn(|_| text()),
            attachment_texts: std::array::from_fn(|_| text()),
            attachment_size: UInt64Builder::new(),
            attachment_entry: UInt32Builder::new(),
            rows: 0,
            bytes: 0,
            scratch: String::new(),
        }
    }
}

impl SegmentBuilder {
    /// Returns the number of rows taken.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Returns about how many bytes of memory the rows take.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Adds a record and returns its id.
    pub fn push(&mut self, record: &Record, context: &RowContext<'_>) -> Result<String, EngineError> {
        let scratch = &mut self.scratch;
        let Some(main) = record.refs.first() else {
            return Err(EngineError::other("A record without a place was given; this is a fault of its parser."));
        };
        scratch.clear();
        main.locator.write_to(scratch);
        let id = record_id(context, record, main.entry.0, scratch);
        self.id.append_value(&id);
        self.locator.append_value(&*scratch);
        self.family.append_value(record.family.as_str());
        self.provider.append_value(context.provider);
        scratch.clear();
        scratch.extend([context.provider, ".", record.format]);
        self.format.append_value(&*scratch);
        self.tier.append_value(context.tier);
        self.account.append_option(record.account.as_deref());
        let moment = record.moments.first();
        self.time.append_option(moment.and_then(|m| m.instant));
        self.time_text.append_option(moment.map(|m| &m.text));
        self.time_role.append_option(moment.map(|m| m.role.as_str()));
        match moment.map(|m| m.basis.words()) {
            Some((basis, "")) => self.zone_basis.append_value(basis),
            Some((basis, zone)) => self.zone_basis.append_value([basis, zone].concat()),
            None => self.zone_basis.append_null(),
        }
        self.precision.append_option(moment.map(|m| m.precision.as_str()));
        self.title.append_option(record.title.as_deref());
        self.text.append_option(record.text.as_deref());
        let place = record.place.as_ref();
        self.lat.append_option(place.and_then(|p| p.lat));
        self.lon.append_option(place.and_then(|p| p.lon));
        self.accuracy.append_option(place.and_then(|p| p.accuracy));
        self.altitude.append_option(place.and_then(|p| p.altitude));
        self.address.append_option(place.and_then(|p| p.address.as_deref()));
        self.conversation.append_option(record.conversation.as_deref());
        self.source.append_value(context.source);
        self.entry.append_value(main.entry.0);
        self.refs.append_option((record.refs.len() > 1).then(|| refs_json(record)));
        self.moments.append_option((record.moments.len() > 1).then(|| moments_json(record)));
        if record.fields.is_empty() {
            self.fields.append_null();
        } else {
            // What is written to the builder becomes the value that is appended next.
            record.fields.write_json(&mut self.fields);
            self.fields.append_value("");
            self.bytes += record.fields.json_len();
        }
        self.claim.append_value(context.claim);
        self.authority.append_value(context.authority);
        match &record.same_as {
            Some(key) => self.same_as.append_value(same_as(key))?,
            None => self.same_as.append_null(),
        }
        self.push_parties(record, &id);
        self.push_attachments(record, &id);
        self.rows += 1;
        self.bytes += 300 + record.text.as_ref().map_or(0, String::len) + record.title.as_ref().map_or(0, String::len);
        Ok(id)
    }

    fn push_parties(&mut self, record: &Record, id: &str) {
        let (mut has_others, mut has_senders) = (false, false);
        for party in &record.parties {
            let sender = matches!(
                party.role,
                glasshouse_model::PartyRole::Sender
                    | glasshouse_model::PartyRole::Author
                    | glasshouse_model::PartyRole::Organizer
            );
            let (column, has) = match sender {
                true => (&mut self.from, &mut has_senders),
                false => (&mut self.who, &mut has_others),
            };
            for word in party.name.iter().chain(party.identifiers.iter().map(|i| &i.value)) {
                // What is written to a builder becomes the value that is appended next.
                let _ = column.write_str(word);
                let _ = column.write_char('\n');
                *has = true;
                self.bytes += word.len() + 1;
            }
            let nobody = party.identifiers.is_empty().then_some(None);
            for identifier in party.identifiers.iter().map(Some).chain(nobody) {
                let [record_id, role, name, kind, value] = &mut self.parties;
                record_id.append_value(id);
                role.append_value(party.role.as_str());
                name.append_option(party.name.as_deref());
                kind.append_option(identifier.map(|i| i.kind.as_str()));
                value.append_option(identifier.map(|i| &i.value));
                self.bytes += 80;
            }
        }
        self.who.append_option(has_others.then_some(""));
        self.from.append_option(has_senders.then_some(""));
    }

    fn push_attachments(&mut self, record: &Record, id: &str) {
        for attachment in &record.attachments {
            let [record_id, name, mime, sha256, locator] = &mut self.attachment_texts;
            record_id.append_value(id);
            name.append_option(attachment.name.as_deref());
            mime.append_option(attachment.mime.as_deref());
            sha256.append_option(attachment.sha256.map(glasshouse_layout::hex));
            locator.append_option(attachment.at.as_ref().map(|at| at.locator.to_string()));
            self.attachment_size.append_option(attachment.size);
            self.attachment_entry.append_option(attachment.at.as_ref().map(|at| at.entry.0));
            self.bytes += 200;
        }
    }

    /// Returns the rows in the order in which they were added, and begins anew.
    pub(crate) fn finish(&mut self) -> Result<Rows, EngineError> {
        let decision = Arc::new(UInt32Array::new_null(self.rows));
        let service = end(&mut self.provider);
        let columns: Vec<ArrayRef> = vec![
            end(&mut self.id),
            end(&mut self.family),
            service.clone(),
            end(&mut self.format),
            end(&mut self.tier),
            service,
            end(&mut self.account),
            Arc::new(self.time.finish()),
            end(&mut self.time_text),
            end(&mut self.time_role),
            end(&mut self.zone_basis),
            end(&mut self.precision),
            end(&mut self.title),
            end(&mut self.text),
            Arc::new(self.lat.finish()),
            Arc::new(self.lon.finish()),
            Arc::new(self.accuracy.finish()),
            Arc::new(self.altitude.finish()),
            end(&mut self.address),
            end(&mut self.conversation),
            end(&mut self.source),
            Arc::new(self.entry.finish()),
            end(&mut self.locator),
            end(&mut self.refs),
            end(&mut self.moments),
            end(&mut self.fields),
            Arc::new(self.claim.finish()),
            end(&mut self.authority),
            Arc::new(self.same_as.finish()),
            decision,
        ];
        let records = RecordBatch::try_new(RECORDS.clone(), columns)?;
        let parties = RecordBatch::try_new(PARTIES.clone(), self.parties.iter_mut().map(end).collect())?;
        let [record_id, name, mime, sha256, locator] = self.attachment_texts.each_mut().map(end);
        let size = Arc::new(self.attachment_size.finish());
        let entry = Arc::new(self.attachment_entry.finish());
        let attachments =
            RecordBatch::try_new(ATTACHMENTS.clone(), vec![record_id, name, mime, size, sha256, entry, locator])?;
        let words = (self.who.finish(), self.from.finish());
        (self.rows, self.bytes) = (0, 0);
        Ok(Rows { records, words, parties, attachments })
    }
}

/// Returns what a builder holds; it has as much room again at once, since the next run of rows is much like the last.
fn end(builder: &mut StringBuilder) -> ArrayRef {
    let (rows, bytes) = (builder.len(), builder.values_slice().len());
    let next = StringBuilder::with_capacity(rows, bytes);
    Arc::new(std::mem::replace(builder, next).finish())
}

/// What becomes a segment: records, the words of their parties (others, then senders), parties, attachments.
pub(crate) struct Rows {
    pub(crate) records: RecordBatch,
    pub(crate) words: (StringArray, StringArray),
    pub(crate) parties: RecordBatch,
    pub(crate) attachments: RecordBatch,
}

/// Returns what copies of one record have in common, as the column `same_as` holds it.
pub(crate) fn same_as(key: &str) -> [u8; 16] {
    let mut short = [0; 16];
    blake3::Hasher::new().update(key.as_bytes()).finalize_xof().fill(&mut short);
    short
}

/// The fields of a segment's index.
#[derive(Clone, Copy)]
pub struct IndexFields {
    pub text: TextField,
    pub who: TextField,
    pub from: TextField,
}

/// Returns the schema of a segment's index.
pub fn index_schema() -> (tantivy::schema::Schema, IndexFields) {
    let mut builder = tantivy::schema::Schema::builder();
    let options = |option| {
        // What is found is put in order by time, so that no text's length has to be known.
        let indexing = TextFieldIndexing::default().set_fieldnorms(false);
        let indexing = indexing.set_tokenizer(text::NAME).set_index_option(option);
        TextOptions::default().set_indexing_options(indexing)
    };
    let text = builder.add_text_field(TEXT, options(IndexRecordOption::WithFreqsAndPositions));
    let who = builder.add_text_field(WHO, options(IndexRecordOption::WithFreqsAndPositions));
    let from = builder.add_text_field(FROM, options(IndexRecordOption::WithFreqsAndPositions));
    (builder.build(), IndexFields { text, who, from })
}

/// Returns the tokenizers that a segment's index needs.
pub fn tokenizers() -> tantivy::tokenizer::TokenizerManager {
    let manager = tantivy::tokenizer::TokenizerManager::default();
    manager.register(text::NAME, text::Words::default());
    manager
}

/// Returns a column by name.
pub(crate) fn column<'a>(batch: &'a RecordBatch, name: &str) -> Result<&'a ArrayRef, EngineError> {
    batch.column_by_name(name).ok_or_else(|| EngineError::other(format!("A segment lacks the column {name}.")))
}

/// Returns a column by name as the type it is written in.
pub(crate) fn typed<'a, T: 'static>(batch: &'a RecordBatch, name: &str) -> Result<&'a T, EngineError> {
    let column = column(batch, name)?;
    column
        .as_any()
        .downcast_ref()
        .ok_or_else(|| EngineError::other(format!("The column {name} of a segment has another type than expected.")))
}

/// Returns a record's id: a keyed hash of its place, so that it tells nothing to who lacks the case's secret.
fn record_id(context: &RowContext<'_>, record: &Record, entry: u32, locator: &str) -> String {
    let mut hasher = blake3::Hasher::new_keyed(context.record_key);
    hasher.update(&entry.to_le_bytes());
    hasher.update(&context.ordinal.to_le_bytes());
    hasher.update(context.provider.as_bytes());
    hasher.update(b".");
    hasher.update(record.format.as_bytes());
    hasher.update(b"\0");
    hasher.update(locator.as_bytes());
    let hash = hasher.finalize();
    // 80 bits in Crockford's alphabet: sixteen characters that are easy to read out.
    const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
    let bits = hash.as_bytes().iter().take(10).fold(0u128, |n, b| n << 8 | u128::from(*b));
    (0..16).rev().map(|i| ALPHABET[(bits >> (i * 5) & 31) as usize] as char).collect()
}

fn refs_json(record: &Record) -> String {
    let refs: Vec<_> = record
        .refs
        .iter()
        .map(|at| serde_json::json!({ "entry": at.entry.0, "locator": at.locator.to_string() }))
        .collect();
    serde_json::Value::from(refs).to_string()
}

fn moments_json(record: &Record) -> String {
    let moments: Vec<_> = record
        .moments
        .iter()
        .map(|m| {
            serde_json::json!({
                "role": m.role.as_str(), "instant": m.instant, "text": m.text,
                "basis": m.basis.to_text(), "precision": m.precision.as_str(),
            })
        })
        .collect();
    serde_json::Value::from(moments).to_string()
}
