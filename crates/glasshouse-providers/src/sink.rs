use glasshouse_model::{Record, Ref, Warning};
use std::collections::BTreeMap;

/// Where a parser puts what it finds.
#[derive(Debug, Default)]
pub struct Sink {
    records: Vec<Record>,
    warnings: Vec<Warning>,
    /// How many warnings there were of each kind, and where the first was that is only counted.
    kinds: Vec<(&'static str, u64, Option<Ref>)>,
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

    /// Warnings of one kind that are kept in full; a file of millions of broken items gets no millions of warnings.
    pub const MOST_WARNINGS: u64 = 100;

    /// Notes something that could not be read, or only in part. Of each kind the first are kept, and the others counted.
    ///
    /// `code` is short and stable (`json.syntax`), `message` one sentence for people.
    pub fn warn(&mut self, at: Ref, code: &'static str, message: impl Into<String>) {
        let known = self.kinds.iter().position(|(kind, ..)| *kind == code).unwrap_or_else(|| {
            self.kinds.push((code, 0, None));
            self.kinds.len() - 1
        });
        let Some((_, count, more)) = self.kinds.get_mut(known) else { return };
        *count += 1;
        if *count <= Self::MOST_WARNINGS {
            self.warnings.push(Warning { at: Some(at), code, message: message.into() });
        } else {
            more.get_or_insert(at);
        }
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
    pub fn into_parts(mut self) -> (Vec<Record>, Vec<Warning>, BTreeMap<(&'static str, String), u64>) {
        for (code, count, at) in self.kinds.into_iter().filter(|(.., at)| at.is_some()) {
            let more = count - Self::MOST_WARNINGS;
            let message =
                format!("{more} more warnings of the kind {code} follow from here on; only their number was kept.");
            self.warnings.push(Warning { at, code: "warnings.more", message });
        }
        (self.records, self.warnings, self.drift)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use glasshouse_model::{EntryId, Locator};

    #[test]
    fn warnings_beyond_a_bound_are_counted_by_kind() {
        let mut out = Sink::new();
        let at = |n: u64| Ref { entry: EntryId(1), locator: Locator::bytes(n, 1) };
        for n in 0..1000 {
            out.warn(at(n), "a.often", "often");
        }
        out.warn(at(5), "b.once", "once");
        let (_, warnings, _) = out.into_parts();
        assert_eq!(warnings.len(), 102);
        assert_eq!(warnings[100].code, "b.once");
        let more = &warnings[101];
        assert_eq!((more.code, more.at.clone()), ("warnings.more", Some(at(100))));
        assert!(more.message.starts_with("900 more warnings of the kind a.often"), "{}", more.message);
    }
}
