//! Times in tables: the column's name may say what the value does not.

use super::key;
use crate::formats::time;
use glasshouse_model::{Moment, MomentRole, Precision, ZoneBasis};
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;

/// Reads a time under its column's name.
///
/// A value with `Z` or an offset is an instant, and so is one whose column or suffix says UTC or GMT; month and
/// day between slashes are in the American order only where such a suffix follows, as services write them to
/// machines. A count is read where the name says that it is an epoch. Anything else has no instant.
pub fn moment(role: MomentRole, column: &str, text: &str) -> Moment {
    let read = time::iso(role, text);
    if read.instant.is_some() {
        return read;
    }
    let trimmed = text.trim();
    if !trimmed.is_empty() && trimmed.bytes().all(|b| b.is_ascii_digit()) {
        let name = key(column);
        return match (name.contains("epoch") || name.contains("timestamp"), name.contains("milli")) {
            (_, true) => time::epoch_millis(role, text),
            (true, false) if name.contains("second") => time::epoch_seconds(role, text),
            _ => read,
        };
    }
    let (wall, suffix) = match [" UTC", " GMT"].iter().find_map(|zone| trimmed.strip_suffix(zone)) {
        Some(wall) => (wall.trim_end(), true),
        None => (trimmed, false),
    };
    let slashes = if suffix { american(wall) } else { None };
    let Some((wall, precision)) = civil(wall).or(slashes) else { return read };
    let utc = suffix || says_utc(column);
    let instant = wall.to_zoned(TimeZone::UTC).ok().map(|z| z.timestamp().as_microsecond());
    // A day is no instant even where its zone is known.
    let instant = instant.filter(|_| utc && precision != Precision::Day);
    let basis = if utc { ZoneBasis::Utc } else { ZoneBasis::AccountLocal };
    Moment { role, instant, text: text.to_owned(), basis, precision }
}

/// Says whether a column's name ends in the zone of its values: `Search Time (GMT)`.
fn says_utc(column: &str) -> bool {
    let mut words = column.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty());
    words.next_back().is_some_and(|word| word.eq_ignore_ascii_case("utc") || word.eq_ignore_ascii_case("gmt"))
}

/// Reads `2024-05-01 10:00:00.123`, with a `T` as well, `2024-05-01` and `01-May-2024`.
fn civil(text: &str) -> Option<(DateTime, Precision)> {
    if let Ok(date) = Date::strptime("%d-%b-%Y", text) {
        return Some((date.to_datetime(jiff::civil::Time::midnight()), Precision::Day));
    }
    let year_first = text.len() >= 10 && text.as_bytes().get(4) == Some(&b'-') && text.as_bytes().get(7) == Some(&b'-');
    if !year_first {
        return None;
    }
    if text.len() == 10 {
        return Some((text.parse::<Date>().ok()?.to_datetime(jiff::civil::Time::midnight()), Precision::Day));
    }
    let wall: DateTime = text.parse().ok()?;
    let precision = match text.split_once('.').map(|(_, digits)| digits.len()) {
        None => Precision::Second,
        Some(0..=3) => Precision::Millisecond,
        Some(_) => Precision::Microsecond,
    };
    Some((wall, precision))
}

/// Reads `05/31/2021 10:00:00`.
fn american(text: &str) -> Option<(DateTime, Precision)> {
    let wall = DateTime::strptime("%m/%d/%Y %H:%M:%S", text).ok()?;
    Some((wall, Precision::Second))
}

/// Says whether a column's name speaks of a time, and in which role.
pub(super) fn role_of(column: &str) -> Option<MomentRole> {
    let words = words(column);
    let any = |starts: &[&str]| words.iter().any(|word| starts.iter().any(|start| word.starts_with(start)));
    let names_time = words.iter().any(|w| w.ends_with("date") || w.ends_with("time") || w.starts_with("timestamp"));
    if (!names_time && words.last().is_none_or(|w| w != "at")) || any(&["zone", "timezone", "duration"]) {
        return None;
    }
    Some(if any(&["creat"]) {
        MomentRole::Created
    } else if any(&["updat", "lastupdat", "modif", "change"]) {
        MomentRole::Modified
    } else if any(&["sent"]) {
        MomentRole::Sent
    } else if any(&["receiv"]) {
        MomentRole::Received
    } else if any(&["start", "begin"]) {
        MomentRole::Start
    } else if any(&["end", "expir", "finish"]) {
        MomentRole::End
    } else {
        MomentRole::Observed
    })
}

/// Returns the words of a name in lower case: `lastUpdatedTime` has three.
fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut before = ' ';
    for c in name.chars() {
        let new = !before.is_alphanumeric() || (c.is_uppercase() && !before.is_uppercase());
        if c.is_alphanumeric() {
            match words.last_mut().filter(|_| !new) {
                Some(word) => word.extend(c.to_lowercase()),
                None => words.push(c.to_lowercase().collect()),
            }
        }
        before = c;
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_needs_a_zone() {
        let read = |column: &str, text: &str| {
            let moment = moment(MomentRole::Created, column, text);
            assert_eq!(moment.text, text);
            (moment.instant, moment.basis.to_text(), moment.precision)
        };
        let noon = Some(1_714_557_600_000_000);
        let is = |instant, basis: &str, precision| (instant, basis.to_owned(), precision);
        assert_eq!(read("Date", "2024-05-01T10:00:00Z"), is(noon, "offset", Precision::Second));
        assert_eq!(read("First Search Time (GMT)", "2024-05-01 10:00:00"), is(noon, "utc", Precision::Second));
        assert_eq!(read("Date", "2024-05-01 10:00:00.000 UTC"), is(noon, "utc", Precision::Millisecond));
        assert_eq!(read("Created At", "2024-05-01 10:00:00"), is(None, "account-local", Precision::Second));
        assert_eq!(read("Date (UTC)", "2024-05-01"), is(None, "utc", Precision::Day));
        assert_eq!(read("creationTimeEpochMillis", "1714557600000"), is(noon, "utc", Precision::Millisecond));
        assert_eq!(read("Date", "05/01/2024 10:00:00 UTC"), is(noon, "utc", Precision::Second));
        assert_eq!(read("Date", "05/01/2024 10:00:00").1, "ambiguous");
        assert_eq!(read("Date", "01-May-2024"), is(None, "account-local", Precision::Day));
        assert_eq!(read("Date", "1714557600000").0, None);
        assert_eq!(read("Date", "05/01/2024").1, "ambiguous");
        assert_eq!(read("Date", "2024-13-01").1, "ambiguous");
    }

    #[test]
    fn names_of_times() {
        assert_eq!(role_of("Reminder Creation Date"), Some(MomentRole::Created));
        assert_eq!(role_of("lastUpdatedTime"), Some(MomentRole::Modified));
        assert_eq!(role_of("Seen Date"), Some(MomentRole::Observed));
        assert_eq!(role_of("createdAt"), Some(MomentRole::Created));
        for other in ["Time Zone", "Name", "Sentiment", "Duration in time"] {
            assert_eq!(role_of(other), None, "{other}");
        }
    }
}
