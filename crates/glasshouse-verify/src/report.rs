//! What a verifier says.

use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt;

/// Most findings that are kept; the rest is counted. A hostile case could otherwise fill the memory.
const MAX_FINDINGS: usize = 10_000;

/// What could not be looked at for one reason is listed up to this number.
const MANY_ALIKE: usize = 20;

/// What is the matter with a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// Its bytes are not those that the log vouches for.
    Altered,
    /// The log vouches for it and it is not there.
    Missing,
    /// It was left in its place outside the case, and is not there any more.
    ExternalMissing,
    /// The log contradicts itself, its key, or what somebody outside kept.
    Unexpected,
    /// It is not of the form that `docs/format.md` describes.
    Malformed,
    /// It could not be read at all.
    Unreadable,
    /// No event mentions it.
    Unmentioned,
    /// An event says that it was erased.
    Erased,
    /// A certificate says that it was destroyed.
    Discarded,
    /// Nobody outside the case vouches for its key.
    Unanchored,
    /// What could not be looked at, and why.
    NotChecked,
}

impl Class {
    /// Returns the word that begins a line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Class::Altered => "altered",
            Class::Missing => "missing",
            Class::ExternalMissing => "external-missing",
            Class::Unexpected => "unexpected",
            Class::Malformed => "malformed",
            Class::Unreadable => "unreadable",
            Class::Unmentioned => "unmentioned",
            Class::Erased => "erased",
            Class::Discarded => "discarded",
            Class::Unanchored => "unanchored",
            Class::NotChecked => "not-checked",
        }
    }
}

/// One thing found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    pub class: Class,
    /// Path within the case; of an outside file as it was given.
    pub path: String,
    pub message: String,
    /// Whether it keeps the case from being proven. The others are notes.
    pub fault: bool,
}

impl fmt::Display for Finding {
    /// Writes one line, whatever the case's names hold: they are not trusted with a terminal.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let note = if self.fault { "" } else { "note: " };
        write!(f, "{note}{}: {}: {}", self.class.as_str(), printable(&self.path), printable(&self.message))
    }
}

/// How much was looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    pub events: u64,
    /// Payloads that an event erased.
    pub erased: u64,
    /// Files of evidence that a certificate says were destroyed, and certificates.
    pub discarded: u64,
    pub certificates: u64,
    /// Files that the log vouches for.
    pub files: u64,
    /// Bytes of those whose hash is right.
    pub bytes: u64,
    pub parts: u64,
    /// Lines of manifests.
    pub entries: u64,
    /// Entries whose content was hashed (`deep`).
    pub contents: u64,
    /// Entries whose content was not hashed, by reason (`deep`).
    pub contents_not_checked: BTreeMap<String, u64>,
}

/// The outcome of a verification.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    pub findings: Vec<Finding>,
    /// Faults and notes beyond those listed.
    pub omitted_faults: u64,
    pub omitted_notes: u64,
    pub counts: Counts,
    /// The case agrees with something that somebody outside kept.
    pub anchored: bool,
    /// What it agrees with, in words.
    pub anchors: Vec<String>,
    /// Tree size and root hash of the checkpoint in the case.
    pub tree_size: u64,
    pub root: String,
    /// Of the key in `case.toml`.
    pub fingerprint: String,
    /// Each authority of the case, and whose word it rests on.
    pub authorities: Vec<String>,
}

impl Report {
    /// Returns whether nothing contradicts the log.
    pub fn proven(&self) -> bool {
        self.faults() == 0
    }

    /// Returns the number of faults, those not listed included.
    pub fn faults(&self) -> u64 {
        self.findings.iter().filter(|finding| finding.fault).count() as u64 + self.omitted_faults
    }

    pub(crate) fn fault(&mut self, class: Class, path: impl Into<String>, message: impl Into<String>) {
        self.push(Finding { class, path: path.into(), message: message.into(), fault: true });
    }

    pub(crate) fn note(&mut self, class: Class, path: impl Into<String>, message: impl Into<String>) {
        self.push(Finding { class, path: path.into(), message: message.into(), fault: false });
    }

    pub(crate) fn push(&mut self, finding: Finding) {
        if self.findings.len() < MAX_FINDINGS {
            self.findings.push(finding);
        } else if finding.fault {
            self.omitted_faults += 1;
        } else {
            self.omitted_notes += 1;
        }
    }

    /// Returns all that is to be told, in lines. What could not be looked at for one reason is told once, with its number:
    /// of a redacted extract that is nearly all. What was found is told each by itself.
    pub fn lines(&self) -> Vec<String> {
        let alone = |finding: &Finding| finding.fault || finding.class != Class::NotChecked;
        let mut alike: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
        for note in self.findings.iter().filter(|finding| !alone(finding)) {
            alike.entry(&note.message).or_default().0 += 1;
        }
        let mut lines = Vec::new();
        for finding in &self.findings {
            let Some((all, told)) = alike.get_mut(finding.message.as_str()).filter(|_| !alone(finding)) else {
                lines.push(finding.to_string());
                continue;
            };
            *told += 1;
            if *all <= MANY_ALIKE || *told <= 3 {
                lines.push(finding.to_string());
            } else if told == all {
                let (class, message) = (finding.class.as_str(), printable(&finding.message));
                lines.push(format!("note: {class}: {} more: {message}", *all - 3));
            }
        }
        for (count, what) in [(self.omitted_faults, "faults"), (self.omitted_notes, "notes")] {
            if count > 0 {
                lines.push(format!("note: not-listed: {count} more {what}"));
            }
        }
        for (why, count) in &self.counts.contents_not_checked {
            lines.push(format!("note: not-checked: content of {count} entries: {}", printable(why)));
        }
        lines.extend(self.authorities.iter().map(|authority| format!("authority: {}", printable(authority))));
        lines
    }

    /// Returns the last line: what is proven, and what that is worth.
    pub fn conclusion(&self) -> String {
        let c = &self.counts;
        if !self.proven() {
            let (faults, verb) = (count(self.faults(), "fault"), if self.faults() == 1 { "keeps" } else { "keep" });
            return format!("not proven: {faults} above {verb} the case from being proven");
        }
        let mut line = format!(
            "proven: {}, {}, {}; {} ({} bytes) as the log says",
            count(c.events, "event"),
            count(c.parts, "part"),
            entries(c.entries),
            count(c.files, "file"),
            thousands(c.bytes),
        );
        if c.contents > 0 || !c.contents_not_checked.is_empty() {
            let left: u64 = c.contents_not_checked.values().sum();
            line += &format!("; content of {} hashed, of {} not", entries(c.contents), thousands(left));
        }
        if c.erased > 0 {
            line += &format!("; {} erased, as the log says", count(c.erased, "payload"));
        }
        if c.discarded > 0 {
            let by = count(c.certificates, "certificate");
            line += &format!("; {} of evidence discarded as certified ({by})", count(c.discarded, "file"));
        }
        if self.anchored {
            line += &format!("; anchored by {}", self.anchors.join(" and "));
        } else {
            line += "; unanchored: nobody outside the case vouches for its key, so whoever holds the whole folder could \
                     have written it anew. Keep a copy of log/checkpoint where they cannot change it, and give it with \
                     --against next time";
        }
        line
    }
}

/// Returns a text without characters that could steer a terminal or break a line.
pub fn printable(text: &str) -> String {
    let steers = |c: char| c.is_control() || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let mut clean = String::with_capacity(text.len());
    for c in text.chars() {
        if steers(c) {
            clean.extend(c.escape_unicode());
        } else {
            clean.push(c);
        }
    }
    clean
}

fn entries(n: u64) -> String {
    if n == 1 { "1 entry".into() } else { format!("{} entries", thousands(n)) }
}

fn count(n: u64, noun: &str) -> String {
    format!("{} {noun}{}", thousands(n), if n == 1 { "" } else { "s" })
}

fn thousands(n: u64) -> String {
    let digits = n.to_string();
    let mut grouped = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hostile_name_stays_on_its_line() {
        let finding = Finding {
            class: Class::Altered,
            path: "a\nproven: \u{1b}[2J\u{202e}".into(),
            message: "m".into(),
            fault: true,
        };
        assert_eq!(finding.to_string(), "altered: a\\u{a}proven: \\u{1b}[2J\\u{202e}: m");
    }

    #[test]
    fn findings_are_bounded_and_none_is_forgotten() {
        let mut report = Report::default();
        for n in 0..MAX_FINDINGS + 5 {
            report.fault(Class::Missing, n.to_string(), "");
        }
        report.note(Class::Unmentioned, "x", "");
        assert_eq!(
            (report.findings.len(), report.faults(), report.omitted_notes),
            (MAX_FINDINGS, MAX_FINDINGS as u64 + 5, 1)
        );
        assert!(!report.proven());
    }

    #[test]
    fn what_is_not_checked_for_one_reason_is_told_once_and_what_is_found_each() {
        let mut report = Report::default();
        for n in 0..100 {
            report.note(Class::NotChecked, format!("event {n}"), "redacted");
            report.fault(Class::Altered, format!("event {n}"), "redacted");
        }
        report.note(Class::NotChecked, "event 7", "another");
        (0..100).for_each(|n| report.note(Class::Unmentioned, format!("{n}"), "unknown"));
        let lines = report.lines();
        assert_eq!(lines.len(), 100 + 3 + 1 + 1 + 100);
        assert!(lines.contains(&"note: not-checked: event 2: redacted".to_owned()));
        assert!(lines.contains(&"note: not-checked: 97 more: redacted".to_owned()), "{lines:?}");
        assert!(lines.contains(&"altered: event 99: redacted".to_owned()));
    }

    #[test]
    fn numbers_are_grouped() {
        assert_eq!([0, 999, 1000, 40_512, 1_234_567].map(thousands), ["0", "999", "1,000", "40,512", "1,234,567"]);
    }
}
