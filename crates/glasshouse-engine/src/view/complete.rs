//! What could be typed next: fields of the query language, and values that the case holds.

use super::View;
use super::facets::words_of;
use crate::EngineError;
use serde::Serialize;

/// Offers at once.
const MOST: usize = 20;
/// Distinct parties that are looked through.
const MOST_PARTIES: usize = 200_000;

/// Words that could stand at a place of a query.
#[derive(Clone, Debug, Serialize)]
pub struct Completion {
    /// What an offer replaces: characters (UTF-16 units, as a browser counts) from here …
    pub from: usize,
    /// … up to here.
    pub to: usize,
    pub options: Vec<Offer>,
}

/// Words that could be typed.
#[derive(Clone, Debug, Serialize)]
pub struct Offer {
    pub text: String,
    pub about: String,
}

/// The fields, with what they mean.
const FIELDS: [(&str, &str); 21] = [
    ("from:", "sent or written by"),
    ("with:", "anybody in the record"),
    ("family:", "kind of record"),
    ("service:", "where it comes from"),
    ("format:", "format of the export"),
    ("account:", "account it belongs to"),
    ("tier:", "how well the format is proven"),
    ("source:", "source it was taken in with"),
    ("in:", "conversation"),
    ("after:", "at or after a year, month or day (UTC)"),
    ("before:", "before a year, month or day (UTC)"),
    ("on:", "in a year, month or day (UTC)"),
    ("has:attachment", "with an attachment"),
    ("has:image", "with a picture"),
    ("has:audio", "with sound"),
    ("has:video", "with a film"),
    ("has:file", "with a file of another kind"),
    ("has:place", "with coordinates"),
    ("has:time", "with a known time"),
    ("has:text", "with text"),
    ("near:", "LAT,LON,DISTANCE, such as near:51.5,-0.12,2km"),
];

impl View {
    /// Returns what could be typed at a place of a query, given in UTF-16 units.
    pub fn complete(&self, query: &str, at: usize) -> Result<Completion, EngineError> {
        let units: Vec<u16> = query.encode_utf16().collect();
        let at = at.min(units.len());
        let blank = |unit: &u16| matches!(*unit, 0x20 | 0x09 | 0x0a | 0x0d);
        let before = units.get(..at).unwrap_or_default();
        let from = before.iter().rposition(blank).map_or(0, |i| i + 1);
        let to = at + units.get(at..).unwrap_or_default().iter().position(blank).unwrap_or(units.len() - at);
        let typed = String::from_utf16_lossy(units.get(from..at).unwrap_or_default());
        let (sign, typed) = match typed.strip_prefix('-') {
            Some(rest) => ("-", rest),
            None => ("", typed.as_str()),
        };
        let mut options = match typed.split_once(':') {
            None => fields(typed),
            Some((field, value)) => self.values(&field.to_ascii_lowercase(), value.trim_start_matches('"'))?,
        };
        for option in &mut options {
            option.text.insert_str(0, sign);
        }
        Ok(Completion { from, to, options })
    }

    fn values(&self, field: &str, begins: &str) -> Result<Vec<Offer>, EngineError> {
        let column = match field {
            "family" => "family",
            "service" | "provider" => "service",
            "format" => "format",
            "account" => "account",
            "tier" => "tier",
            "source" => "source",
            "in" | "conversation" => "conversation",
            "from" | "with" | "to" => return self.names(field, begins),
            "has" => return Ok(fields(&format!("has:{begins}"))),
            _ => return Ok(Vec::new()),
        };
        let coded = self.coded(column)?;
        let begins = begins.to_lowercase();
        let fits = |value: &&str| {
            let value = value.to_lowercase();
            value.starts_with(&begins) || value.rsplit_once('.').is_some_and(|(_, end)| end.starts_with(&begins))
        };
        let values = coded.values.iter().flatten().map(String::as_str).filter(fits);
        // A quote inside a value cannot be written in a query.
        let values = values.filter(|v| !v.contains('"')).take(MOST);
        Ok(values.map(|v| Offer { text: format!("{field}:{}", quoted(v)), about: String::new() }).collect())
    }

    fn names(&self, field: &str, begins: &str) -> Result<Vec<Offer>, EngineError> {
        let parties = self.parties()?;
        let begins = begins.to_lowercase();
        let mut offers: Vec<Offer> = Vec::new();
        for named in parties.named.iter().take(MOST_PARTIES) {
            let words = |text: &Option<String>| {
                text.as_deref().is_some_and(|t| t.to_lowercase().split([' ', '@', '.']).any(|w| w.starts_with(&begins)))
            };
            if !(words(&named.name) || words(&named.identifier)) {
                continue;
            }
            let Some(text) = words_of(named).map(|w| format!("{field}:{}", quoted(&w))) else { continue };
            if !offers.iter().any(|o| o.text == text) {
                offers.push(Offer { text, about: named.name.clone().unwrap_or_default() });
            }
            if offers.len() == MOST {
                break;
            }
        }
        Ok(offers)
    }
}

fn fields(begins: &str) -> Vec<Offer> {
    let begins = begins.to_ascii_lowercase();
    let offer = |(text, about): (&str, &str)| Offer { text: text.to_owned(), about: about.to_owned() };
    FIELDS.into_iter().filter(|(name, _)| name.starts_with(&begins)).map(offer).collect()
}

fn quoted(value: &str) -> String {
    if value.contains(char::is_whitespace) { format!("\"{value}\"") } else { value.to_owned() }
}
