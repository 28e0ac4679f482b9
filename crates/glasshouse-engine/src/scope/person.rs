//! Whether two ways of writing a person or account mean the same one.

use glasshouse_model::Party;

/// Digits that a telephone number has at least; fewer match too much.
const DIGITS: usize = 7;

/// Returns one form of an address, number or name, however it is written.
pub fn normal(text: &str) -> String {
    let text = text.trim().trim_start_matches("mailto:").trim_start_matches("tel:").to_lowercase();
    if let Some(digits) = phone(&text) {
        return digits;
    }
    let text = text.trim_start_matches('@');
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Says whether a text is an address or number, and not a name.
pub fn is_identifier(text: &str) -> bool {
    text.contains('@') || phone(text).is_some()
}

/// Returns the digits of a telephone number without the sign of the international form.
fn phone(text: &str) -> Option<String> {
    let text = text.trim();
    if !text.chars().all(|c| c.is_ascii_digit() || "+-./() \u{a0}".contains(c)) {
        return None;
    }
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let digits = digits.strip_prefix("00").unwrap_or(&digits).to_owned();
    (digits.len() >= DIGITS).then_some(digits)
}

/// Somebody whom an exclusion names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Known {
    /// Everybody at a domain and below it.
    Domain(String),
    /// The last digits of a number, without the zero of a national form.
    Phone(String),
    /// An address, an account, or a name.
    Exactly(String),
}

impl Known {
    pub fn of(text: &str) -> Self {
        let trimmed = text.trim();
        if let Some(domain) = trimmed.strip_prefix('@').filter(|d| d.contains('.')) {
            return Known::Domain(domain.to_lowercase());
        }
        match phone(trimmed) {
            Some(digits) => Known::Phone(digits.trim_start_matches('0').to_owned()),
            None => Known::Exactly(normal(trimmed)),
        }
    }

    /// Says whether a party is this one. To put aside too much is mended by a look, too little by nothing.
    pub fn is(&self, party: &Party) -> bool {
        let mut values = party.identifiers.iter().map(|i| i.value.as_str()).chain(party.name.as_deref());
        values.any(|value| match self {
            Known::Domain(domain) => {
                let value = normal(value);
                value.rsplit_once('@').is_some_and(|(_, at)| {
                    let at = at.trim_end_matches(['>', '.']);
                    at == domain || at.strip_suffix(domain.as_str()).is_some_and(|rest| rest.ends_with('.'))
                })
            }
            Known::Phone(digits) => {
                // A messenger writes a number as the first part of an address.
                let local = value.split('@').next().unwrap_or(value);
                phone(local).is_some_and(|found| {
                    let found = found.trim_start_matches('0');
                    let shorter = found.len().min(digits.len());
                    shorter >= DIGITS && (found.ends_with(digits.as_str()) || digits.ends_with(found))
                })
            }
            Known::Exactly(known) => normal(value) == *known,
        })
    }
}
