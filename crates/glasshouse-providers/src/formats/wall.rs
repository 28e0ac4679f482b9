//! Times as people and programs write them out, with what follows from their zone and no more.

use crate::formats::months::english;
use glasshouse_model::{Moment, MomentRole, Precision, ZoneBasis};
use jiff::civil;

/// How a format writes times that do not say their zone themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clock {
    pub zone: Zone,
    /// Whether `01/02/2024` is the second of January; without it such dates have no instant.
    pub month_first: bool,
}

/// The zone of a wall clock that does not name one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Zone {
    /// The provider documents its times as UTC.
    Utc,
    Account,
    Device,
    /// Nothing is known.
    Unknown,
}

impl Clock {
    /// UTC, with dates that leave no doubt.
    pub const UTC: Clock = Clock { zone: Zone::Utc, month_first: false };
    /// UTC, with dates in the American order.
    pub const UTC_MONTH_FIRST: Clock = Clock { zone: Zone::Utc, month_first: true };
    /// A wall clock of which nothing is known.
    pub const UNKNOWN: Clock = Clock { zone: Zone::Unknown, month_first: false };
    /// The wall clock of a device.
    pub const DEVICE: Clock = Clock { zone: Zone::Device, month_first: false };

    /// Reads a time; text that is none is kept, without an instant and with the basis `Ambiguous`.
    ///
    /// A date alone names a day and no instant.
    pub fn moment(self, role: MomentRole, text: &str) -> Moment {
        self.read(role, text).unwrap_or_else(|| Moment {
            role,
            instant: None,
            text: text.to_owned(),
            basis: ZoneBasis::Ambiguous,
            precision: Precision::Second,
        })
    }

    /// Reads a time, or returns nothing when the text is none.
    pub fn read(self, role: MomentRole, text: &str) -> Option<Moment> {
        let reading = read(text, self.month_first)?;
        let (shift, mut basis) = match (reading.zone, self.zone) {
            (Some(zone), _) => match offset_minutes(zone) {
                Some(minutes) if zone.eq_ignore_ascii_case("utc") || zone.eq_ignore_ascii_case("gmt") => {
                    (Some(minutes), ZoneBasis::Named(zone.to_owned()))
                }
                Some(minutes) => (Some(minutes), ZoneBasis::Offset),
                // Abbreviations stand for several zones.
                None => (None, ZoneBasis::Named(zone.to_owned())),
            },
            (None, Zone::Utc) => (Some(0), ZoneBasis::Utc),
            (None, Zone::Account) => (None, ZoneBasis::AccountLocal),
            (None, Zone::Device) => (None, ZoneBasis::DeviceLocal),
            (None, Zone::Unknown) => (None, ZoneBasis::Ambiguous),
        };
        let instant = match reading.wall {
            Some(wall) if reading.precision != Precision::Day => shift.and_then(|minutes| {
                let utc = wall.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp().as_microsecond();
                utc.checked_sub(i64::from(minutes) * 60_000_000)
            }),
            Some(_) => None,
            None => {
                basis = ZoneBasis::Ambiguous;
                None
            }
        };
        Some(Moment { role, instant, text: text.to_owned(), basis, precision: reading.precision })
    }
}

struct Reading<'a> {
    /// None when day and month may be meant either way.
    wall: Option<civil::DateTime>,
    zone: Option<&'a str>,
    precision: Precision,
}

fn read(text: &str, month_first: bool) -> Option<Reading<'_>> {
    if text.len() > 80 {
        return None;
    }
    let mut words: Vec<&str> = text.split(|c: char| c.is_whitespace() || c == ',').filter(|w| !w.is_empty()).collect();
    if let Some(first) = words.first().copied()
        && let (Some(day), Some("T" | "t"), Some(rest)) = (first.get(..10), first.get(10..11), first.get(11..))
    {
        words.splice(0..1, [day, rest]);
    }
    let weekday = |word: &str| {
        ["mon", "tue", "wed", "thu", "fri", "sat", "sun"].iter().any(|d| word.to_lowercase().starts_with(d))
    };
    if words.len() > 3 && words.first().is_some_and(|w| weekday(w)) {
        words.remove(0);
    }
    let (date, used) = match words.as_slice() {
        [one, ..] if one.contains(['-', '/', '.']) => (numeric(one, month_first)?, 1),
        [a, b, c, ..] => (Some(named(a, b, c)?), 3),
        _ => return None,
    };
    let rest = words.get(used..).unwrap_or_default();
    let Some((clock, mut rest)) = rest.split_first() else {
        let wall = date.map(|d| d.to_datetime(civil::Time::midnight()));
        return Some(Reading { wall, zone: None, precision: Precision::Day });
    };
    let end = clock.find(|c: char| !(c.is_ascii_digit() || matches!(c, ':' | '.'))).unwrap_or(clock.len());
    let (clock, suffix) = clock.split_at_checked(end)?;
    let (mut hour, minute, second, micros, precision) = time(clock)?;
    let mut zone = Some(suffix).filter(|s| !s.is_empty());
    let half_of = |word: &str| match word.to_ascii_lowercase().as_str() {
        "am" | "a.m." => Some(0),
        "pm" | "p.m." => Some(12),
        _ => None,
    };
    let mut half = zone.and_then(half_of);
    if half.is_some() {
        zone = None;
    } else if let Some((first, others)) = rest.split_first()
        && let Some(found) = half_of(first)
    {
        (half, rest) = (Some(found), others);
    }
    if let Some(half) = half {
        if !(1..=12).contains(&hour) {
            return None;
        }
        hour = hour % 12 + half;
    }
    match (zone, rest) {
        (_, []) => {}
        (None, [one]) => zone = Some(one),
        _ => return None,
    }
    if zone.is_some_and(|z| !z.starts_with(|c: char| c.is_ascii_alphabetic() || c == '+' || c == '-')) {
        return None;
    }
    let time = civil::Time::new(hour, minute, second, micros * 1000).ok()?;
    Some(Reading { wall: date.map(|d| d.to_datetime(time)), zone, precision })
}

/// Reads `13:27`, `13:27:33` and `13:27:33.000`.
fn time(clock: &str) -> Option<(i8, i8, i8, i32, Precision)> {
    let (clock, fraction) = clock.split_once('.').unwrap_or((clock, ""));
    let mut parts = clock.split(':').map(|part| if part.len() <= 2 { part.parse::<i8>().ok() } else { None });
    let (hour, minute) = (parts.next()??, parts.next()??);
    let (second, mut precision) = match parts.next() {
        Some(second) => (second?, Precision::Second),
        None => (0, Precision::Minute),
    };
    if parts.next().is_some() || !fraction.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let micros = if fraction.is_empty() {
        0
    } else {
        precision = if fraction.len() <= 3 { Precision::Millisecond } else { Precision::Microsecond };
        format!("{fraction:0<6}").get(..6)?.parse().ok()?
    };
    Some((hour, minute, second, micros, precision))
}

/// Reads a date in digits; the inner value is none when day and month may be meant either way.
fn numeric(word: &str, month_first: bool) -> Option<Option<civil::Date>> {
    let mut parts = word.split(['-', '/', '.']).map(|part| (part.len(), part.parse::<i16>()));
    let ((first, Ok(a)), (_, Ok(b)), (last, Ok(c)), None) = (parts.next()?, parts.next()?, parts.next()?, parts.next())
    else {
        return None;
    };
    let date = |y: i16, m: i16, d: i16| civil::Date::new(y, i8::try_from(m).ok()?, i8::try_from(d).ok()?).ok();
    if first == 4 {
        return date(a, b, c).map(Some);
    }
    if last != 4 {
        return None;
    }
    if month_first || b > 12 {
        return date(c, a, b).map(Some);
    }
    // A dot is never used in the American order.
    if a > 12 || word.contains('.') {
        return date(c, b, a).map(Some);
    }
    date(c, a, b).or_else(|| date(c, b, a)).map(|_| None)
}

/// Reads `January 15 2019` and `15 Jan 2019`.
fn named(a: &str, b: &str, c: &str) -> Option<civil::Date> {
    let (month, day) = match (english(a), english(b)) {
        (Some(month), _) => (month, b),
        (_, Some(month)) => (month, a),
        _ => return None,
    };
    civil::Date::new(c.parse().ok()?, month, day.trim_end_matches('.').parse().ok()?).ok()
}

/// Returns minutes east of UTC for `Z`, `UTC`, `GMT`, `+0200`, `+02:00`, `UTC+0200`, `GMT-3`.
pub fn offset_minutes(zone: &str) -> Option<i32> {
    let lower = zone.trim().to_ascii_lowercase();
    if matches!(lower.as_str(), "z" | "utc" | "gmt") {
        return Some(0);
    }
    let rest = lower.strip_prefix("utc").or_else(|| lower.strip_prefix("gmt")).unwrap_or(&lower);
    let (sign, digits) = match rest.as_bytes().first()? {
        b'+' => (1, rest.get(1..)?),
        b'-' => (-1, rest.get(1..)?),
        _ => return None,
    };
    if !digits.bytes().all(|b| b.is_ascii_digit() || b == b':') {
        return None;
    }
    let (hours, minutes) = match digits.split_once(':') {
        Some(parts) => parts,
        None if digits.len() <= 2 => (digits, "0"),
        None => digits.split_at_checked(digits.len() - 2)?,
    };
    let (hours, minutes): (i32, i32) = (hours.parse().ok()?, minutes.parse().ok()?);
    (hours <= 18 && minutes < 60).then_some(sign * (hours * 60 + minutes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_in_all_shapes() {
        let utc = Some(1_706_621_253_000_000);
        let minute = Some(1_706_621_220_000_000);
        for (clock, text, instant, basis, precision) in [
            (Clock::UTC, "2024-01-30 13:27:33", utc, "utc", Precision::Second),
            (Clock::UTC, "2024-01-30T13:27:33.000Z", utc, "offset", Precision::Millisecond),
            (Clock::UTC, "2024-01-30 15:27:33 +0200", utc, "offset", Precision::Second),
            (Clock::UNKNOWN, "2024-01-30T08:27:33-05:00", utc, "offset", Precision::Second),
            (Clock::UNKNOWN, "2024-01-30 13:27:33 UTC", utc, "named:UTC", Precision::Second),
            (Clock::UNKNOWN, "2024-01-30 13:27:33", None, "ambiguous", Precision::Second),
            (Clock::DEVICE, "2024-01-30 13:27:33", None, "device-local", Precision::Second),
            (Clock::UNKNOWN, "2024-01-30 13:27:33 PST", None, "named:PST", Precision::Second),
            (Clock::UTC_MONTH_FIRST, "01/30/2024 13:27:33", utc, "utc", Precision::Second),
            (Clock::UTC, "30.01.2024 13:27", minute, "utc", Precision::Minute),
            (Clock::UTC, "01/02/2024 13:27:33", None, "ambiguous", Precision::Second),
            (Clock::UNKNOWN, "Tuesday January 30,2024 1:27 PM GMT", minute, "named:GMT", Precision::Minute),
            (Clock::UTC, "Jan 30 2024 13:27:33", utc, "utc", Precision::Second),
            (Clock::UTC, "30 Jan 2024", None, "utc", Precision::Day),
            (Clock::UTC, "2024-01-30", None, "utc", Precision::Day),
        ] {
            let moment = clock.read(MomentRole::Created, text).unwrap_or_else(|| panic!("{text}"));
            let found = (moment.instant, moment.basis.to_text(), moment.precision);
            assert_eq!(found, (instant, basis.to_owned(), precision), "{text}");
            assert_eq!(moment.text, text);
        }
    }

    #[test]
    fn what_is_no_time_is_none() {
        for text in [
            "",
            "N/A",
            "yesterday",
            "2024-02-30 10:00:00",
            "2024-01-30 25:00:00",
            "Friday January 15,2019 15:00 PM GMT",
            "1.2.3",
            "192.0.2.1",
            "2024-01-30 13:27:33 +0200 or so",
            "T",
            "é-é-é",
        ] {
            assert!(Clock::UTC.read(MomentRole::Created, text).is_none(), "{text}");
            let kept = Clock::UTC.moment(MomentRole::Created, text);
            assert_eq!((kept.instant, kept.text.as_str()), (None, text));
        }
    }

    #[test]
    fn noon_and_midnight() {
        let hour = |text: &str| read(text, false).and_then(|r| r.wall).map(|w| w.hour());
        assert_eq!(hour("Friday January 15,2019 12:05 AM GMT"), Some(0));
        assert_eq!(hour("Friday January 15,2019 12:05 PM GMT"), Some(12));
    }

    #[test]
    fn offsets() {
        for (zone, minutes) in [
            ("UTC+0200", Some(120)),
            ("UTC-0330", Some(-210)),
            ("+05:45", Some(345)),
            ("GMT-3", Some(-180)),
            ("+9999", None),
            ("PST", None),
            ("", None),
        ] {
            assert_eq!(offset_minutes(zone), minutes, "{zone}");
        }
    }
}
