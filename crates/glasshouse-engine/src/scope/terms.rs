//! Whether the words of a record hold a term that an exclusion names.

use crate::text;
use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};
use glasshouse_model::Record;

/// Returns the words of a term as one run, as [`words_of`] has them.
pub fn run(term: &str) -> String {
    format!(" {} ", text::words(term).join(" "))
}

/// Finds the records that may hold a term without taking their words apart, for most hold none.
#[derive(Clone, Debug)]
pub enum Glance {
    /// There are no terms.
    Nothing,
    /// One word of each term that text of plain ASCII can hold; none where no term is of ASCII alone.
    Words(Option<AhoCorasick>),
    /// The words could not be made ready to search: any record may hold them.
    Anything,
}

impl Glance {
    /// Makes a glance of terms, each a [`run`] of words.
    pub fn of<'a>(terms: impl Iterator<Item = &'a String>) -> Self {
        let mut terms = terms.peekable();
        if terms.peek().is_none() {
            return Glance::Nothing;
        }
        // A word of ASCII stands in ASCII as it is but for its case. The longest is the rarest, as a rule.
        let words: Vec<&str> =
            terms.filter(|t| t.is_ascii()).filter_map(|t| t.split(' ').max_by_key(|word| word.len())).collect();
        if words.is_empty() {
            return Glance::Words(None);
        }
        let mut builder = AhoCorasick::builder();
        builder.ascii_case_insensitive(true).match_kind(MatchKind::Standard).kind(Some(AhoCorasickKind::DFA));
        builder.build(words).map_or(Glance::Anything, |words| Glance::Words(Some(words)))
    }

    /// Says whether a record may hold a term: it is never wrong where it says no.
    pub fn may_hold(&self, record: &Record) -> bool {
        match self {
            Glance::Nothing => false,
            Glance::Anything => true,
            Glance::Words(words) => {
                let may = |text: &str| !text.is_ascii() || words.as_ref().is_some_and(|words| words.is_match(text));
                // In JSON a letter may be written as its number. All other escapes are of what divides words.
                let fields = record.fields.members();
                texts(record).any(may) || may(fields) || fields.contains("\\u")
            }
        }
    }
}

/// Returns the texts of a record other than those of its fields.
fn texts(record: &Record) -> impl Iterator<Item = &str> {
    let place = record.place.as_ref().and_then(|p| p.address.as_deref());
    let texts = [record.title.as_deref(), record.text.as_deref(), place].into_iter().flatten();
    let names = record.attachments.iter().map(|a| &a.name).chain(record.parties.iter().map(|p| &p.name));
    texts.chain(names.flatten().map(AsRef::as_ref))
}

/// Returns all words of a record as one run, each part apart from the next.
pub fn words_of(record: &Record) -> String {
    let mut words = String::from(" ");
    texts(record).for_each(|text| add(text, &mut words));
    if record.fields.is_empty() {
        return words;
    }
    // Escapes of JSON hide letters: what is written there is read as it is meant.
    let json = record.fields.to_json();
    match serde_json::from_str::<serde_json::Value>(&json) {
        Ok(value) => each_text(&value, &mut |text| add(text, &mut words)),
        Err(_) => add(&json, &mut words),
    }
    words
}

/// Adds the words of a text to a run.
fn add(text: &str, words: &mut String) {
    let mut found = text::Found::new(text);
    while found.next(words).is_some() {
        words.push(' ');
    }
    // What ends one text and begins the next is no phrase.
    words.push_str("\u{0} ");
}

fn each_text(value: &serde_json::Value, add: &mut dyn FnMut(&str)) {
    match value {
        serde_json::Value::String(text) => add(text),
        serde_json::Value::Array(items) => items.iter().for_each(|item| each_text(item, add)),
        serde_json::Value::Object(map) => map.values().for_each(|item| each_text(item, add)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use glasshouse_model::{Family, Record};

    /// Every text that holds a term is looked at, however it is written; text that holds no part of one is not.
    #[test]
    fn the_glance_overlooks_nothing() {
        let long = "x".repeat(300);
        let terms: Vec<String> = ["Legal advice", "Straße 7", "договор", "請求書", &long].map(run).to_vec();
        let glance = Glance::of(terms.iter());
        let held = |record: &Record| {
            let words = words_of(record);
            terms.iter().any(|term| words.contains(term.as_str()))
        };
        let longer = format!("<{long}yz>");
        for (text, holds) in [
            ("my LEGAL\tadvice.", true),
            ("le\u{301}gal \u{ff21}dvice", true),
            ("legal, not medical", false),
            ("in der STRASSE 7", true),
            ("ДОГОВОР", true),
            ("月の請求書", true),
            (longer.as_str(), true),
            ("nothing of it", false),
        ] {
            let mut text_of = Record::new(Family::Note, "x.y");
            text_of.text = Some(text.into());
            let mut field_of = Record::new(Family::Note, "x.y");
            field_of.fields.text("any", text);
            for record in [text_of, field_of] {
                assert_eq!(held(&record), holds, "{text}");
                assert!(!holds || glance.may_hold(&record), "{text}");
            }
        }
        let mut record = Record::new(Family::Note, "x.y");
        record.text = Some("nothing of it".into());
        assert!(!glance.may_hold(&record));
        record.fields.raw("any", r#""leg\u0061l advice""#);
        assert!(held(&record) && glance.may_hold(&record), "a letter written as its number");
        assert!(!Glance::of(std::iter::empty()).may_hold(&record));
    }
}
