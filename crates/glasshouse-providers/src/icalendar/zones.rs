use crate::formats::contentline::{Property, lines, micros};
use calcard::common::timezone::Tz;
use jiff::civil::DateTime;
use jiff::tz::{TimeZone, TimeZoneDatabase};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

/// The zones of the file itself never change what a run gives: only the database that is built in is asked.
static DATABASE: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

/// What a file says of its zones, and what became of the names it uses.
pub(super) struct Zones {
    defined: BTreeMap<String, Defined>,
    found: BTreeMap<String, Option<Found>>,
}

/// A zone that the file defines.
#[derive(Default)]
struct Defined {
    /// Seconds east of UTC that it is ever at.
    offsets: BTreeSet<i32>,
    /// The public name that some programs add (`X-LIC-LOCATION`).
    location: Option<String>,
}

#[derive(Clone)]
enum Found {
    Public(TimeZone, String),
    Fixed(i32),
}

impl Zones {
    /// Reads the zones that a file defines, wherever they stand in it.
    pub fn read(bytes: &[u8]) -> Self {
        const MOST_ZONES: usize = 1000;
        let mut defined: BTreeMap<String, Defined> = BTreeMap::new();
        let mut current: Option<(String, Defined)> = None;
        for line in lines(bytes) {
            // Most lines are of events: only those that can matter are taken apart.
            let matters =
                line.bytes.first().is_some_and(|b| matches!(b.to_ascii_uppercase(), b'B' | b'E' | b'T' | b'X'));
            let Some(property) = matters.then(|| Property::read(&line)).flatten() else { continue };
            match (property.name.as_str(), &mut current) {
                ("BEGIN", _) if property.value.eq_ignore_ascii_case("VTIMEZONE") => {
                    current = Some((String::new(), Defined::default()));
                }
                ("END", Some(_)) if property.value.eq_ignore_ascii_case("VTIMEZONE") => {
                    if let Some((name, zone)) = current.take()
                        && !name.is_empty()
                        && defined.len() < MOST_ZONES
                    {
                        defined.insert(name, zone);
                    }
                }
                ("TZID", Some((name, _))) => *name = property.value.clone(),
                ("TZOFFSETTO", Some((_, zone))) => zone.offsets.extend(offset(&property.value)),
                ("X-LIC-LOCATION", Some((_, zone))) => zone.location = Some(property.value.clone()),
                _ => {}
            }
        }
        Zones { defined, found: BTreeMap::new() }
    }

    /// Returns the instant of a wall clock in the zone that the file calls `name`, and the zone's public name.
    pub fn instant(&mut self, name: &str, local: DateTime) -> Option<(i64, String)> {
        let found = match self.found.get(name) {
            Some(found) => found.clone(),
            None => {
                const MOST_NAMES: usize = 10_000;
                let found = self.find(name);
                if self.found.len() < MOST_NAMES {
                    self.found.insert(name.to_owned(), found.clone());
                }
                found
            }
        };
        match found? {
            Found::Fixed(seconds) => Some((micros(local, seconds)?, name.to_owned())),
            Found::Public(zone, public) => {
                let timestamp = zone.to_ambiguous_zoned(local).compatible().ok()?.timestamp();
                if public != name {
                    // A name that had to be translated is believed only as far as the file's own rules agree.
                    let offset = zone.to_offset(timestamp).seconds();
                    if self.defined.get(name).is_some_and(|d| !d.offsets.is_empty() && !d.offsets.contains(&offset)) {
                        return None;
                    }
                }
                Some((timestamp.as_microsecond(), public))
            }
        }
    }

    fn find(&self, name: &str) -> Option<Found> {
        if let Some(zone) = public(name) {
            return Some(zone);
        }
        let defined = self.defined.get(name);
        if let Some(zone) = defined.and_then(|d| public(d.location.as_deref()?)) {
            return Some(zone);
        }
        if let Ok(Tz::Tz(zone)) = name.parse::<Tz>()
            && let Some(zone) = public(zone.name())
        {
            return Some(zone);
        }
        // `/mozilla.org/20050126_1/Europe/Berlin`: the end of the path is the public name.
        let parts: Vec<&str> = name.split('/').filter(|part| !part.is_empty()).collect();
        for length in [3, 2] {
            if let Some(start) = parts.len().checked_sub(length)
                && let Some(zone) = public(&parts[start..].join("/"))
            {
                return Some(zone);
            }
        }
        // A zone that never changes needs no rules.
        let offsets = &defined?.offsets;
        match (offsets.len(), offsets.first()) {
            (1, Some(seconds)) => Some(Found::Fixed(*seconds)),
            _ => None,
        }
    }
}

fn public(name: &str) -> Option<Found> {
    let zone = DATABASE.get(name).ok()?;
    let name = zone.iana_name()?.to_owned();
    Some(Found::Public(zone, name))
}

/// Reads `+HHMM` or `+HHMMSS`.
fn offset(text: &str) -> Option<i32> {
    let text = text.trim();
    let sign = match text.as_bytes().first()? {
        b'-' => -1,
        b'+' => 1,
        _ => return None,
    };
    let digits = &text[1..];
    if !matches!(digits.len(), 4 | 6) || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let number = |range: std::ops::Range<usize>| digits.get(range).unwrap_or("0").parse::<i32>().unwrap_or(0);
    let seconds = number(0..2) * 3600 + number(2..4) * 60 + number(4..6);
    (seconds < 86_400).then_some(sign * seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zones(text: &str) -> Zones {
        Zones::read(text.as_bytes())
    }

    #[test]
    fn names_lead_to_public_zones() {
        let summer = DateTime::constant(2024, 7, 1, 12, 0, 0, 0);
        for (name, public, hour) in [
            ("Europe/Berlin", Some("Europe/Berlin"), 10),
            ("europe/berlin", Some("Europe/Berlin"), 10),
            ("/mozilla.org/20050126_1/Europe/Berlin", Some("Europe/Berlin"), 10),
            ("/softwarestudio.org/Olson_20011030_5/America/Indiana/Knox", Some("America/Indiana/Knox"), 17),
            ("W. Europe Standard Time", Some("Europe/Berlin"), 10),
            ("(UTC-05:00) Eastern Time (US & Canada)", Some("America/New_York"), 16),
            ("Nowhere", None, 0),
            ("", None, 0),
        ] {
            let found = zones("").instant(name, summer);
            assert_eq!(found.as_ref().map(|(_, name)| name.as_str()), public, "{name}");
            if let Some((micros, _)) = found {
                assert_eq!(micros / 3_600_000_000 % 24, hour, "{name}");
            }
        }
    }

    #[test]
    fn the_files_own_zones_are_considered() {
        let file = "BEGIN:VTIMEZONE\nTZID:Mine\nBEGIN:STANDARD\nTZOFFSETTO:+0530\nEND:STANDARD\nEND:VTIMEZONE\n\
                    BEGIN:VTIMEZONE\nTZID:Changing\nBEGIN:STANDARD\nTZOFFSETTO:+0100\nEND:STANDARD\n\
                    BEGIN:DAYLIGHT\nTZOFFSETTO:+0200\nEND:DAYLIGHT\nEND:VTIMEZONE\n\
                    BEGIN:VTIMEZONE\nTZID:Lic\nX-LIC-LOCATION:Asia/Tokyo\nEND:VTIMEZONE\n\
                    BEGIN:VTIMEZONE\nTZID:Eastern\nBEGIN:STANDARD\nTZOFFSETTO:+1000\nEND:STANDARD\n\
                    BEGIN:DAYLIGHT\nTZOFFSETTO:+1100\nEND:DAYLIGHT\nEND:VTIMEZONE\n";
        let noon = DateTime::constant(1970, 1, 1, 12, 0, 0, 0);
        let mut zones = zones(file);
        assert_eq!(zones.instant("Mine", noon), Some((23_400_000_000, "Mine".into())));
        assert_eq!(zones.instant("Changing", noon), None);
        assert_eq!(zones.instant("Lic", noon).map(|(_, name)| name).as_deref(), Some("Asia/Tokyo"));
        assert_eq!(zones.instant("Eastern", noon), None, "the file says that it is not New York's");
    }
}
