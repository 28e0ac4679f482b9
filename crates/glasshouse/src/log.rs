//! The log at the command line: filtered, and as an extract.

use crate::acting::As;
use crate::args::Json;
use crate::output;
use clap::{Args, Subcommand, ValueEnum};
use glasshouse_engine::EngineError;
use glasshouse_engine::erase;
use glasshouse_engine::events::{self, Filter, Redaction, Row};
use glasshouse_engine::search;
use glasshouse_engine::session::About;
use std::path::{Path, PathBuf};

#[derive(Args)]
pub struct Events {
    pub case: PathBuf,
    #[command(flatten)]
    pub which: Which,
    #[command(flatten)]
    pub json: Json,
}

/// Which events; all if nothing is said.
#[derive(Args, Clone, Debug)]
pub struct Which {
    /// Who did it.
    #[arg(long, value_name = "NAME")]
    person: Option<String>,
    /// collection, alteration, consultation, disclosure, combination or erasure.
    #[arg(long)]
    kind: Option<String>,
    /// What was done: search.run, record.shown, authority.added …
    #[arg(long)]
    action: Option<String>,
    /// Id of a record, or path of a file, that it was done with.
    #[arg(long, value_name = "ID")]
    object: Option<String>,
    /// A person in the data: events that name a record with this name, address or number.
    #[arg(long, value_name = "WHO")]
    subject: Option<String>,
    /// From this time on, UTC: 2026-11-21 or 2026-11-21T09:00.
    #[arg(long, value_name = "TIME")]
    from: Option<String>,
    /// Until this time, UTC; what begins with it is still in.
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
}

impl Which {
    /// Returns what was asked for, for the log.
    fn in_words(&self) -> String {
        let all = [
            ("person", &self.person),
            ("kind", &self.kind),
            ("action", &self.action),
            ("object", &self.object),
            ("subject", &self.subject),
            ("from", &self.from),
            ("until", &self.until),
        ];
        let said = all.iter().filter_map(|(name, value)| value.as_ref().map(|v| format!("{name}={v}")));
        said.collect::<Vec<_>>().join(" ")
    }
}

#[derive(Subcommand)]
pub enum LogCommand {
    /// Writes events with the proof that they are in the log; glasshouse-verify FILE checks it.
    Extract(Extract),
    /// Erases what events say, for good: that they happened, when and of what kind stays, and the log still proves.
    ///
    /// Events that vouch for files say what the case has to hold, and stay.
    Erase(Erase),
}

#[derive(Args)]
pub struct Erase {
    pub case: PathBuf,
    /// Numbers of events, as `events` lists them; may be given more than once.
    #[arg(long = "event", value_name = "N")]
    events: Vec<u64>,
    /// Only the content that is kept apart (words of queries, recipients); who did what stays.
    #[arg(long)]
    content: bool,
    /// Why; written down.
    #[arg(long, value_name = "TEXT")]
    reason: String,
    #[command(flatten)]
    pub which: Which,
}

#[derive(Args)]
pub struct Extract {
    pub case: PathBuf,
    /// Where to write it.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Who gets it; written down.
    #[arg(long, value_name = "TEXT")]
    recipient: Option<String>,
    /// Leave out what is named: content (words of queries, names of evidence), or all payloads.
    #[arg(long, value_enum, num_args = 0..=1, default_missing_value = "content")]
    redact: Option<Redact>,
    #[command(flatten)]
    pub which: Which,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Redact {
    Content,
    Payloads,
}

/// `glasshouse events`.
pub fn events(asked: &Events, acting: &As) -> Result<u8, EngineError> {
    let about = About { objects: Vec::new(), content: vec![("filter", asked.which.in_words())] };
    let session = acting.session(&asked.case)?;
    session.consult("log.read", about)?;
    for row in events::list(&asked.case, &filter(&asked.case, &asked.which)?, &session.words())? {
        if asked.json.json { output::json_line(&row)? } else { line(&row) }
    }
    Ok(0)
}

/// `glasshouse log extract`.
pub fn extract(asked: &Extract, acting: &As) -> Result<u8, EngineError> {
    let session = acting.session(&asked.case)?;
    let recipient = asked.recipient.clone().unwrap_or_default();
    if recipient.trim().is_empty() && !session.is_own() {
        return Err(EngineError::other(
            "Say who gets it, with --recipient: a disclosure names its recipient (DPA 2018 s.62(3)).",
        ));
    }
    let about =
        About { objects: Vec::new(), content: vec![("recipient", recipient), ("filter", asked.which.in_words())] };
    session.consult("log.extract", about)?;
    let wanted: Vec<u64> = events::list(&asked.case, &filter(&asked.case, &asked.which)?, &session.words())?
        .iter()
        .map(|row| row.seq)
        .collect();
    let redaction = match asked.redact {
        None => Redaction::None,
        Some(Redact::Content) => Redaction::Content,
        Some(Redact::Payloads) => Redaction::Payloads,
    };
    let extract = events::extract(&asked.case, &wanted, redaction)?;
    let text = serde_json::to_string_pretty(&extract).map_err(|e| EngineError::other(e.to_string()))? + "\n";
    glasshouse_store::files::write_atomic(&asked.out, text.as_bytes())?;
    say!(
        "Wrote {} events to {}. Whoever gets it checks it with: glasshouse-verify {}",
        wanted.len(),
        asked.out.display(),
        asked.out.display()
    );
    Ok(0)
}

/// `glasshouse log erase`.
pub fn erase(asked: &Erase, acting: &As) -> Result<u8, EngineError> {
    let session = acting.session(&asked.case)?;
    session.permitted("log.erase")?;
    if asked.reason.trim().is_empty() {
        return Err(EngineError::other("Say why, with --reason: it stands in the log."));
    }
    let mut numbers = asked.events.clone();
    let words = asked.which.in_words();
    if numbers.is_empty() && words.is_empty() {
        return Err(EngineError::other(
            "Say which events: by --event and their numbers, or by --person, --subject, --kind and the others.",
        ));
    }
    if !words.is_empty() {
        let found = events::list(&asked.case, &filter(&asked.case, &asked.which)?, &session.words())?;
        numbers.extend(found.iter().map(|row| row.seq));
    }
    let reason = asked.reason.clone();
    let erased = erase::events(&session, &erase::Asked { events: numbers, content: asked.content, reason })?;
    say!("{} events are erased; that they happened, and when, stays.", output::count(erased.events));
    if erased.left > 0 {
        say!(
            "{} events stay as they are: they say what the case has to hold, or that something was erased.",
            output::count(erased.left)
        );
    }
    Ok(crate::args::found(erased.events > 0))
}

fn filter(case: &Path, which: &Which) -> Result<Filter, EngineError> {
    let subject = match &which.subject {
        None => None,
        Some(subject) => {
            let words = format!("with:\"{}\"", subject.replace('"', " "));
            Some(search::ids(case, &words)?.into_iter().collect())
        }
    };
    Ok(Filter {
        person: which.person.clone(),
        kind: which.kind.clone(),
        action: which.action.clone(),
        object: which.object.clone(),
        subject,
        from: which.from.clone(),
        until: which.until.clone(),
    })
}

fn line(row: &Row) {
    let mut text = format!("{}  {}  {:<13}  {}", row.seq, row.time, row.kind, row.action);
    match &row.who {
        None => text.push_str("  (erased)"),
        Some(who) => {
            let role = if row.role.is_empty() { String::new() } else { format!(" ({})", row.role) };
            text.push_str(&format!("  {who}{role} at {}", row.place));
        }
    }
    if !row.enquiry.is_empty() {
        text.push_str(&format!("  for: {}", row.enquiry));
    }
    for (name, content) in &row.content {
        text.push_str(&format!("  {name}={content}"));
    }
    if !row.detail.is_null() {
        text.push_str(&format!("  {}", row.detail));
    }
    say!("{}", output::plain(&text).replace('\n', "\u{240a}"));
}
