//! Pages of the account itself: who subscribed, what changed, which devices are configured.
//!
//! They are lists of `name: value` and tables, under headings.

use super::element::text;
use super::tags::{Piece, pieces};
use crate::formats::wall::Clock;
use crate::{Opened, Sink};
use glasshouse_model::{Family, IdentifierKind, Locator, LocatorKind, MomentRole, Party, PartyRole, Record, ZoneBasis};

pub(super) const FORMAT: &str = "account";

/// Lists longer than this become several records.
const MOST_VALUES: usize = 200;
const MOST_COLUMNS: usize = 200;

/// Returns a heading or a name that many records will repeat, cut to what one can be.
fn short(text: &str) -> String {
    text.trim().chars().take(200).collect()
}

/// Says whether a page of the account's folders is one of ours, by what its tables and lists are called.
pub(super) fn is_ours(name: &str, head: &[u8]) -> bool {
    let has = |needle: &str| memchr::memmem::find(head, needle.as_bytes()).is_some();
    let lower = name.to_lowercase();
    (lower.contains("subscriberinfo") || lower.contains("changehistory") || lower.starts_with("device-"))
        && ["<table", "<li", "<ul", "<html", "<!DOCTYPE", "<h"].iter().any(|tag| has(tag))
}

/// A row or list that is being read.
#[derive(Default)]
struct State {
    heading: String,
    columns: Vec<String>,
    cells: Vec<String>,
    header_row: bool,
    row_start: usize,
    /// Values of the lists up to the next table, with the place of the first.
    values: Vec<(String, String)>,
    values_start: usize,
    values_end: usize,
    rows: u64,
}

/// Reads a page.
pub(super) fn parse(opened: &Opened<'_>, out: &mut Sink) {
    for frame in opened.frames {
        let whole = opened.at(Locator::bytes(frame.offset, frame.bytes.len() as u64));
        if frame.truncated {
            out.warn(whole.clone(), "html.truncated", "The page is longer than the limit; its beginning was read.");
        }
        let html = text(frame, &whole, out);
        let exact = html.len() == frame.bytes.len();
        let place = |detail: String, start: usize, end: usize| {
            let length = end.saturating_sub(start) as u64;
            let locator = Locator::new(LocatorKind::Node, detail, frame.offset + start as u64, length);
            if exact { opened.at(locator) } else { whole.clone() }
        };
        let mut state = State::default();
        let (mut said, mut said_at, mut any) = (String::new(), 0, false);
        for (start, piece) in pieces(&html) {
            let tag = match piece {
                Piece::Text(text) => {
                    if said.trim().is_empty() {
                        said_at = start;
                    }
                    said.push_str(&text);
                    if state.values.len() >= MOST_VALUES {
                        any |= values(opened, &mut state, &place, out);
                    }
                    continue;
                }
                Piece::Tag(tag) => tag,
            };
            let end = start + tag.text.len();
            match (tag.name.as_str(), tag.closing) {
                ("h1" | "h2" | "h3" | "h4" | "title", true) => {
                    any |= values(opened, &mut state, &place, out);
                    state.heading = short(&std::mem::take(&mut said));
                }
                ("li", true) => {
                    // An item without a name is still one of the list.
                    if !said.trim().is_empty() && !said.contains(':') {
                        said.insert_str(0, "text:");
                    }
                    pair(&mut said, said_at, start, &mut state);
                }
                ("li" | "p" | "ul" | "br", _) => pair(&mut said, said_at, start, &mut state),
                ("table", false) => {
                    pair(&mut said, said_at, start, &mut state);
                    any |= values(opened, &mut state, &place, out);
                    state.columns.clear();
                }
                ("tr", false) => {
                    state.cells.clear();
                    (state.header_row, state.row_start) = (false, start);
                    said.clear();
                }
                ("th" | "td", false) => said.clear(),
                ("th" | "td", true) => {
                    state.header_row |= tag.name == "th";
                    state.cells.push(std::mem::take(&mut said).trim().to_owned());
                }
                ("tr", true) => any |= row(opened, &mut state, end, &place, out),
                ("b" | "strong" | "span" | "a" | "i" | "em" | "code" | "font", _) => {}
                _ => pair(&mut said, said_at, start, &mut state),
            }
        }
        pair(&mut said, said_at, html.len(), &mut state);
        any |= values(opened, &mut state, &place, out);
        if !any {
            out.warn(whole, "html.layout", "The page holds no list and no table that is known; it was not read.");
        }
    }
}

/// Takes `name: value`.
fn pair(said: &mut String, start: usize, end: usize, state: &mut State) {
    let text = std::mem::take(said);
    let Some((name, value)) = text.trim().split_once(':') else { return };
    if name.len() > 100 || value.trim().is_empty() {
        return;
    }
    if state.values.is_empty() {
        state.values_start = start;
    }
    state.values_end = end;
    match state.values.iter_mut().find(|(known, _)| known == name.trim()) {
        Some((_, known)) => {
            known.push('\n');
            known.push_str(value.trim());
        }
        None => state.values.push((name.trim().to_owned(), value.trim().to_owned())),
    }
}

/// Gives the values of a list as one record.
fn values(
    opened: &Opened<'_>,
    state: &mut State,
    place: &dyn Fn(String, usize, usize) -> glasshouse_model::Ref,
    out: &mut Sink,
) -> bool {
    if state.values.is_empty() {
        return false;
    }
    let device = opened.entry.name().to_lowercase().starts_with("device-");
    let mut record = Record::new(if device { Family::Device } else { Family::Account }, FORMAT);
    let mut owner = Party { role: PartyRole::Owner, name: None, identifiers: Vec::new() };
    if !state.heading.is_empty() {
        record.title = Some(state.heading.clone());
    }
    let at = place("list".to_owned(), state.values_start, state.values_end);
    for (name, value) in std::mem::take(&mut state.values) {
        let identifier = |kind| glasshouse_model::Identifier { kind, value: value.clone() };
        match name.to_lowercase().as_str() {
            "name" => owner.name = Some(value.clone()),
            "e-mail" | "email" => owner.identifiers.push(identifier(IdentifierKind::Email)),
            "google account id" => {
                record.account = Some(value.clone());
                owner.identifiers.push(identifier(IdentifierKind::Account));
            }
            "created on" => record.moments.push(moment(MomentRole::Created, &value)),
            "last updated date" => record.moments.push(moment(MomentRole::Modified, &value)),
            _ => {}
        }
        record.fields.text(&name, &value);
    }
    if owner.name.is_some() || !owner.identifiers.is_empty() {
        record.parties.push(owner);
    }
    out.record(at, record);
    true
}

/// Gives a row of a table; its columns say what it is.
fn row(
    opened: &Opened<'_>,
    state: &mut State,
    end: usize,
    place: &dyn Fn(String, usize, usize) -> glasshouse_model::Ref,
    out: &mut Sink,
) -> bool {
    /// Columns that public readers name.
    const KNOWN: &[&str] = &[
        "Timestamp",
        "IP Address",
        "Geo",
        "Activity Type",
        "Challenge Outcome",
        "Interactive",
        "Android ID",
        "Apple iOS IDFV",
        "Raw User Agents",
        "Change Type",
        "Old Value",
        "New Value",
        "IMEI(s)",
        "MEID(s)",
        "Serial Number(s)",
        "Manufacturer",
        "Model",
        "IP address from Last Data Connection",
        "Locale",
        "Timezone",
    ];
    if state.columns.is_empty() {
        // Some pages write the header in plain cells.
        let named = state.cells.iter().filter(|c| KNOWN.contains(&c.as_str())).count();
        if state.header_row || named > 1 {
            state.columns = state.cells.iter().take(MOST_COLUMNS).map(|name| short(name)).collect();
            return false;
        }
    }
    // A table of two columns without a header is a list.
    if let ([name, value], true) = (state.cells.as_slice(), state.columns.is_empty()) {
        let mut said = format!("{}: {value}", name.trim_end_matches(':'));
        let start = state.row_start;
        pair(&mut said, start, end, state);
        return true;
    }
    if state.cells.iter().all(|c| c.is_empty()) {
        return false;
    }
    state.rows += 1;
    let at = place(format!("row {}", state.rows), state.row_start, end);
    let has = |name: &str| state.columns.iter().any(|c| c == name);
    let family = if has("Activity Type") {
        Family::Login
    } else if has("Change Type") {
        Family::Setting
    } else if has("IMEI(s)") || has("Android ID") {
        Family::Device
    } else {
        Family::Account
    };
    let mut record = Record::new(family, FORMAT);
    for (i, value) in state.cells.iter().enumerate().filter(|(_, value)| !value.is_empty()) {
        let name = state.columns.get(i).cloned().unwrap_or_else(|| format!("column {}", i + 1));
        match name.as_str() {
            "Timestamp" => record.moments.push(moment(MomentRole::Observed, value)),
            "Activity Type" | "Change Type" | "Model" => record.title = Some(value.clone()),
            _ => {}
        }
        if !KNOWN.contains(&name.as_str()) {
            out.drift(FORMAT, &name);
        }
        record.fields.text(&name, value);
    }
    if state.cells.len() != state.columns.len() {
        let (cells, columns) = (state.cells.len(), state.columns.len());
        out.warn(at.clone(), "table.width", format!("The row has {cells} values, the header {columns} columns."));
    }
    if record.moments.iter().any(|m| m.basis == ZoneBasis::Ambiguous) {
        out.warn(at.clone(), "time.syntax", "A time cannot be read, or its zone is not known; no instant follows.");
    }
    let name = opened.entry.name();
    record.account = name.rsplit_once('@').and_then(|(user, rest)| {
        // `ana@example.com.SubscriberInfo.html`
        let host = rest.strip_suffix(".html")?.rsplit_once('.')?.0;
        Some(format!("{user}@{host}"))
    });
    out.record(at, record);
    true
}

fn moment(role: MomentRole, text: &str) -> glasshouse_model::Moment {
    Clock::UNKNOWN.moment(role, text)
}
