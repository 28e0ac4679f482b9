//! Times as a lens describes them.

use super::model::{Names, TimeRule};
use crate::formats::time;
use glasshouse_model::{Moment, Precision, ZoneBasis};
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::fmt::strtime::{self, BrokenDownTime};
use jiff::tz::TimeZoneDatabase;
use std::str::FromStr;
use std::sync::LazyLock;

static ZONES: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

/// How a time is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum TimeFormat {
    /// ISO 8601 with `Z` or an offset.
    Iso,
    /// A count since 1970: how many microseconds a unit has, and the unit. Fractions are read.
    Count(i64, Precision),
    /// A pattern with the letters of strptime.
    Pattern(String),
    /// A date whose order of day and month nobody knows: kept as it is.
    Kept,
}

impl FromStr for TimeFormat {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(match text {
            "iso" => TimeFormat::Iso,
            "kept" => TimeFormat::Kept,
            "epoch-seconds" => TimeFormat::Count(1_000_000, Precision::Second),
            "epoch-millis" => TimeFormat::Count(1_000, Precision::Millisecond),
            "epoch-micros" => TimeFormat::Count(1, Precision::Microsecond),
            // A pattern that is none is refused now and not at the first time it meets.
            _ if text.contains('%') && well_formed(text) => TimeFormat::Pattern(text.to_owned()),
            _ => {
                return Err(
                    "iso, kept, epoch-seconds, epoch-millis, epoch-micros, or a pattern such as \"%Y-%m-%d %H:%M:%S\"",
                );
            }
        })
    }
}

fn well_formed(pattern: &str) -> bool {
    let letters = "YmdeHIMSfpbBhaAyjzFTRDQk";
    let mut chars = pattern.chars();
    while let Some(char) = chars.next() {
        if char == '%' {
            let letter = match chars.next() {
                Some('.' | ':' | '-') => chars.next(),
                letter => letter,
            };
            if !letter.is_some_and(|l| letters.contains(l) || l == '%') {
                return false;
            }
        }
    }
    pattern.len() <= 100
}

impl TimeFormat {
    pub fn as_str(&self) -> &str {
        match self {
            TimeFormat::Iso => "iso",
            TimeFormat::Kept => "kept",
            TimeFormat::Count(..) => "epoch",
            TimeFormat::Pattern(pattern) => pattern,
        }
    }

    pub fn is_count(&self) -> bool {
        matches!(self, TimeFormat::Count(..))
    }

    /// Returns whether the text itself says its zone.
    pub fn has_zone(&self) -> bool {
        match self {
            TimeFormat::Iso => true,
            TimeFormat::Count(..) | TimeFormat::Kept => false,
            TimeFormat::Pattern(pattern) => ["%z", "%:z", "%Q", "%:Q"].iter().any(|letter| pattern.contains(letter)),
        }
    }

    /// Returns whether each text that the pattern fits says itself that it is in UTC.
    pub fn says_utc(&self) -> bool {
        let TimeFormat::Pattern(pattern) = self else { return false };
        let mut words = pattern.split(|c: char| !c.is_ascii_alphanumeric() && c != '%');
        words.any(|word| matches!(word, "UTC" | "GMT")) || pattern.ends_with("SZ") || pattern.ends_with("fZ")
    }
}

/// Where the zone of a time comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Zone {
    /// The text says it.
    Text,
    /// The format is in UTC.
    Utc,
    AccountLocal,
    DeviceLocal,
    /// Nobody knows.
    Unknown,
    /// Another member names it (`Europe/Berlin`).
    Field(Names),
}

impl Zone {
    pub fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "text" => Zone::Text,
            "utc" => Zone::Utc,
            "unknown" => Zone::Unknown,
            "account-local" => Zone::AccountLocal,
            "device-local" => Zone::DeviceLocal,
            _ => Zone::Field(vec![text.strip_prefix("field:").filter(|name| !name.is_empty())?.to_owned()]),
        })
    }
}

/// Reads a time; `zone` is what the member that names its zone holds. False when the text could not be read.
pub(super) fn moment(rule: &TimeRule, text: &str, zone: Option<&str>) -> (Moment, bool) {
    for format in &rule.formats {
        if let Some((instant, basis, precision)) = read(format, &rule.zone, text.trim(), zone.map(str::trim)) {
            return (Moment { role: rule.role, instant, text: text.to_owned(), basis, precision }, true);
        }
    }
    let (basis, precision) = (ZoneBasis::Ambiguous, Precision::Second);
    (Moment { role: rule.role, instant: None, text: text.to_owned(), basis, precision }, false)
}

type Read = (Option<i64>, ZoneBasis, Precision);

fn read(format: &TimeFormat, zone: &Zone, text: &str, named: Option<&str>) -> Option<Read> {
    let pattern = match format {
        TimeFormat::Iso => {
            let (micros, precision) = time::iso_micros(text)?;
            return Some((Some(micros), ZoneBasis::Offset, precision));
        }
        TimeFormat::Kept => return Some((None, ZoneBasis::Ambiguous, Precision::Day)),
        TimeFormat::Count(unit, precision) => return count(text, *unit, *precision),
        TimeFormat::Pattern(pattern) => pattern,
    };
    let parsed = strtime::parse(pattern, text).ok()?;
    let precision = precision(pattern, text);
    if format.has_zone() {
        let instant = parsed.to_timestamp().ok()?;
        return Some((Some(instant.as_microsecond()), ZoneBasis::Offset, precision));
    }
    let wall = wall(&parsed, precision)?;
    let basis = match zone {
        // A lens that knows better, as of a `Z` that is false, names another clock.
        Zone::Unknown | Zone::Text if format.says_utc() => ZoneBasis::Utc,
        Zone::Utc => ZoneBasis::Utc,
        Zone::AccountLocal => ZoneBasis::AccountLocal,
        Zone::Unknown => ZoneBasis::Ambiguous,
        Zone::DeviceLocal | Zone::Text => ZoneBasis::DeviceLocal,
        Zone::Field(_) => match named.and_then(|name| ZONES.get(name).ok()) {
            Some(zone) => {
                // An hour that a clock shows twice, or never, has no instant.
                let instant = wall.and_then(|wall| zone.to_ambiguous_zoned(wall).unambiguous().ok());
                let basis = ZoneBasis::Named(named.unwrap_or_default().to_owned());
                return Some((instant.map(|zoned| zoned.timestamp().as_microsecond()), basis, precision));
            }
            None => ZoneBasis::DeviceLocal,
        },
    };
    let utc = || wall?.to_zoned(jiff::tz::TimeZone::UTC).ok().map(|zoned| zoned.timestamp().as_microsecond());
    let instant = if basis == ZoneBasis::Utc { utc() } else { None };
    Some((instant, basis, precision))
}

/// Returns the wall clock that was read, where it is at least a day; none inside when only a month was.
fn wall(parsed: &BrokenDownTime, precision: Precision) -> Option<Option<DateTime>> {
    if matches!(precision, Precision::Month | Precision::Year) {
        return Some(None);
    }
    let date = parsed.to_date().ok()?;
    let time = if precision == Precision::Day { jiff::civil::Time::midnight() } else { parsed.to_time().ok()? };
    Some(Some(date.to_datetime(time)))
}

fn precision(pattern: &str, text: &str) -> Precision {
    let has = |letters: &[&str]| letters.iter().any(|letter| pattern.contains(letter));
    if has(&["%f", "%.f"]) {
        let digits = text.find('.').map_or(0, |dot| text[dot + 1..].bytes().take_while(u8::is_ascii_digit).count());
        return match digits {
            0 => Precision::Second,
            1..=3 => Precision::Millisecond,
            _ => Precision::Microsecond,
        };
    }
    match () {
        () if has(&["%S", "%T", "%-S"]) => Precision::Second,
        () if has(&["%M", "%R", "%-M"]) => Precision::Minute,
        () if has(&["%H", "%I", "%k", "%-H", "%-I"]) => Precision::Hour,
        () if has(&["%d", "%e", "%j", "%D", "%F", "%-d"]) => Precision::Day,
        () if has(&["%m", "%b", "%B", "%h", "%-m"]) => Precision::Month,
        () => Precision::Year,
    }
}

/// Reads a count since 1970 that may have a fraction, without a detour over floating point.
fn count(text: &str, unit: i64, precision: Precision) -> Option<Read> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let negative = whole.starts_with('-');
    let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    if !digits(whole.strip_prefix('-').unwrap_or(whole)) || !digits(fraction) {
        return None;
    }
    let mut micros = whole.parse::<i64>().ok()?.checked_mul(unit)?;
    let mut place = unit;
    for digit in fraction.bytes() {
        place /= 10;
        let part = i64::from(digit - b'0') * place;
        micros = if negative { micros.checked_sub(part)? } else { micros.checked_add(part)? };
    }
    Timestamp::from_microsecond(micros).ok()?;
    let precision = match (precision, fraction.len()) {
        (precision, 0) => precision,
        (Precision::Second, 1..=3) => Precision::Millisecond,
        _ => Precision::Microsecond,
    };
    Some((Some(micros), ZoneBasis::Utc, precision))
}

#[cfg(test)]
mod tests {
    use super::*;
    use glasshouse_model::MomentRole;

    fn read(format: &str, zone: &str, text: &str, named: Option<&str>) -> (Option<i64>, String, &'static str, bool) {
        let rule = TimeRule {
            field: vec![],
            role: MomentRole::Sent,
            formats: vec![format.parse().expect("a format")],
            zone: Zone::parse(zone).expect("a zone"),
        };
        let (moment, read) = moment(&rule, text, named);
        assert_eq!(moment.text, text);
        (moment.instant, moment.basis.to_text(), moment.precision.as_str(), read)
    }

    #[test]
    fn times_are_read_as_the_lens_says() {
        let at = Some(1_673_793_000_000_000);
        for (format, zone, text, named, expected) in [
            ("iso", "text", "2023-01-15T14:30:00Z", None, (at, "offset", "second", true)),
            ("%Y-%m-%d %H:%M:%S UTC", "utc", "2023-01-15 14:30:00 UTC", None, (at, "utc", "second", true)),
            ("%Y-%m-%d %H:%M:%S %z UTC", "text", "2023-01-15 15:30:00 +0100 UTC", None, (at, "offset", "second", true)),
            ("%d %b %Y, %I:%M %p", "utc", "15 Jan 2023, 02:30 PM", None, (at, "utc", "minute", true)),
            ("%d %b %Y", "account-local", "15 Jan 2023", None, (None, "account-local", "day", true)),
            ("%d %b %Y", "utc", "15 Jan 2023", None, (Some(1_673_740_800_000_000), "utc", "day", true)),
            ("kept", "unknown", "01/02/24", None, (None, "ambiguous", "day", true)),
            ("%d %b %Y", "unknown", "15 Jan 2023", None, (None, "ambiguous", "day", true)),
            ("%b %Y", "account-local", "Jan 2023", None, (None, "account-local", "month", true)),
            ("%Y", "utc", "2023", None, (None, "utc", "year", true)),
            ("%a %b %d %H:%M:%S UTC %Y", "unknown", "Sun Jan 15 14:30:00 UTC 2023", None, (at, "utc", "second", true)),
            ("%Y-%m-%dT%H:%M:%SZ", "text", "2023-01-15T14:30:00Z", None, (at, "utc", "second", true)),
            (
                "%Y-%m-%dT%H:%M:%SZ",
                "device-local",
                "2023-01-15T14:30:00Z",
                None,
                (None, "device-local", "second", true),
            ),
            ("%Y-%m-%d %H:%M:%S", "unknown", "2023-01-15 14:30:00", None, (None, "ambiguous", "second", true)),
            ("epoch-seconds", "utc", "1673793000", None, (at, "utc", "second", true)),
            ("epoch-seconds", "utc", "1673793000.000000", None, (at, "utc", "microsecond", true)),
            ("epoch-millis", "utc", "-1", None, (Some(-1_000), "utc", "millisecond", true)),
            ("epoch-seconds", "utc", "-0.5", None, (Some(-500_000), "utc", "millisecond", true)),
            (
                "%Y-%m-%dT%H:%M:%S%.fZ",
                "field:zone",
                "2023-01-15T09:30:00.000Z",
                Some("America/New_York"),
                (at, "named:America/New_York", "millisecond", true),
            ),
            ("%Y-%m-%d %H:%M:%S", "field:zone", "2023-01-15 09:30:00", None, (None, "device-local", "second", true)),
            (
                "%Y-%m-%d %H:%M:%S",
                "field:zone",
                "2023-01-15 09:30:00",
                Some("Mars/X"),
                (None, "device-local", "second", true),
            ),
            // The clock was set back at three that night.
            (
                "%Y-%m-%d %H:%M",
                "field:z",
                "2023-10-29 02:30",
                Some("Europe/Berlin"),
                (None, "named:Europe/Berlin", "minute", true),
            ),
            ("iso", "text", "2023-01-15T14:30:00", None, (None, "ambiguous", "second", false)),
            ("%Y-%m-%d", "utc", "15.01.2023", None, (None, "ambiguous", "second", false)),
            ("%Y-%m-%d", "utc", "2023-02-30", None, (None, "ambiguous", "second", false)),
            ("epoch-seconds", "utc", "99999999999999999999", None, (None, "ambiguous", "second", false)),
            ("epoch-seconds", "utc", "1e9", None, (None, "ambiguous", "second", false)),
        ] {
            let found = read(format, zone, text, named);
            assert_eq!((found.0, found.1.as_str(), found.2, found.3), expected, "{format} {text}");
        }
    }

    #[test]
    fn formats_that_are_none_are_refused() {
        for bad in ["", "epoch", "%", "%K", "yyyy-mm-dd", "%Y-%"] {
            assert!(bad.parse::<TimeFormat>().is_err(), "{bad}");
        }
        assert!(Zone::parse("field:").is_none() && Zone::parse("Europe/Berlin").is_none());
    }
}
