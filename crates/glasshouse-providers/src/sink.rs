use glasshouse_model::{Record, Ref, Warning};
use std::collections::BTreeMap;

/// Where a parser puts what it finds.
#[derive(Debug, Default)]
pub struct Sink {
    records: Vec<Record>,
    warnings: Vec<Warning>,
    drift: BTreeMap<(&'static str, String), u64>,
}

impl Sink {
    /// Returns an empty sink.
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns a sink that puts records where there were others before, so that the memory is used again.
    pub fn reusing(mut records: Vec<Record>) -> Self {
        records.clear();
        Self { records, ..Self::default() }
    }

    /// Takes a record together with the bytes it came from.
    pub fn record(&mut self, at: Ref, mut record: Record) {
        match record.refs.is_empty() {
            // Room for one: most records come from one place.
            true => record.refs = vec![at],
            false => record.refs.insert(0, at),
        }
        self.records.push(record);
    }

    /// Takes a record made from several places, the main one first.
    pub fn record_from(&mut self, at: Ref, others: impl IntoIterator<Item = Ref>, mut record: Record) {
        record.refs.clear();
        record.refs.push(at);
        record.refs.extend(others);
        self.records.push(record);
    }

    /// Notes something that could not be read, or only in part.
    ///
    /// `code` is short and stable (`json.syntax`), `message` one sentence for people.
    pub fn warn(&mut self, at: Ref, code: &'static str, message: impl Into<String>) {
        self.warnings.push(Warning { at: Some(at), code, message: message.into() });
    }

    /// Counts a key or column that the format's facts do not know; its value belongs in the record's fields.
    pub fn drift(&mut self, format: &'static str, key: &str) {
        // Keys are the evidence's: a hostile file must not fill the memory with names of its own.
        const MOST_KEYS: usize = 1000;
        const LONGEST_KEY: usize = 200;
        let key: String = key.chars().take(LONGEST_KEY).collect();
        if let Some(count) = self.drift.get_mut(&(format, key.clone())) {
            *count += 1;
        } else if self.drift.len() < MOST_KEYS {
            self.drift.insert((format, key), 1);
        }
    }

    /// Returns the records taken so far.
    pub fn records(&self) -> &[Record] {
        &self.records
    }

    /// Returns the warnings taken so far.
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }

    /// Returns records, warnings and drift counts.
    pub fn into_parts(self) -> (Vec<Record>, Vec<Warning>, BTreeMap<(&'static str, String), u64>) {
        (self.records, self.warnings, self.drift)
    }
}
