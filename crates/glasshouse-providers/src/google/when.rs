//! Times as Google writes them for people: `Jan 30, 2024, 1:27:33 PM UTC` and its relatives.

use crate::formats::months::month;
use glasshouse_model::{Moment, MomentRole, Precision, ZoneBasis};
use jiff::civil;

/// Reads a time for people, with what follows from its zone and no more.
///
/// An instant follows from `UTC` and `Z`. Other abbreviations are those of the zone at the time of the export,
/// put beside times when they did not apply: `GMT` is believed from November to February, when no summer time
/// could hide behind it, and nothing else is.
pub(super) fn moment(role: MomentRole, text: &str) -> Moment {
    let Some((wall, zone, seconds)) = read(text) else {
        return Moment {
            role,
            instant: None,
            text: text.to_owned(),
            basis: ZoneBasis::Ambiguous,
            precision: Precision::Second,
        };
    };
    let certain = match zone {
        Some("UTC" | "Z") => true,
        Some("GMT") => matches!(wall.month(), 11 | 12 | 1 | 2),
        _ => false,
    };
    let instant = wall.to_zoned(jiff::tz::TimeZone::UTC).ok().filter(|_| certain);
    Moment {
        role,
        instant: instant.map(|i| i.timestamp().as_microsecond()),
        text: text.to_owned(),
        basis: zone.map_or(ZoneBasis::AccountLocal, |z| ZoneBasis::Named(z.to_owned())),
        precision: if seconds { Precision::Second } else { Precision::Minute },
    }
}

/// Says whether a line holds a clock and enough digits for a date, in whatever language.
pub(super) fn looks_like_time(text: &str) -> bool {
    let bytes = text.as_bytes();
    let clock = bytes.windows(5).any(|w| {
        w[0] == b':' && w[1].is_ascii_digit() && w[2].is_ascii_digit() && w[3] == b':' && w[4].is_ascii_digit()
    });
    let digits = bytes.iter().filter(|b| b.is_ascii_digit()).count();
    (clock && digits >= 10 && bytes.len() < 120) || read(text).is_some()
}

/// Returns the wall clock, the zone's text and whether seconds are stated.
fn read(text: &str) -> Option<(civil::DateTime, Option<&str>, bool)> {
    if text.len() > 120 {
        return None;
    }
    let mut words: Vec<&str> = text.split(|c: char| c.is_whitespace() || c == ',').filter(|w| !w.is_empty()).collect();
    let clock_at = words.iter().position(|w| clock(w).is_some())?;
    let (mut hour, minute, second) = clock(words.get(clock_at)?)?;
    let mut rest = words.split_off(clock_at + 1).into_iter();
    let mut zone = rest.next();
    if let Some(half) = zone.and_then(half) {
        if !(1..=12).contains(&hour) {
            return None;
        }
        hour = hour % 12 + half;
        zone = rest.next();
    }
    if rest.next().is_some() {
        return None;
    }
    words.pop();
    if words.last().is_some_and(|w| matches!(*w, "at" | "um" | "à" | "às" | "alle" | "om")) {
        words.pop();
    }
    // `30 de enero de 2024`
    words.retain(|w| *w != "de");
    let date = date(&words)?;
    let time = civil::Time::new(hour, minute, second.unwrap_or(0), 0).ok()?;
    Some((date.to_datetime(time), zone, second.is_some()))
}

fn half(word: &str) -> Option<i8> {
    match word {
        "AM" | "am" | "a.m." => Some(0),
        "PM" | "pm" | "p.m." => Some(12),
        _ => None,
    }
}

fn clock(word: &str) -> Option<(i8, i8, Option<i8>)> {
    let mut parts = word.split(':');
    let number = |part: &str| {
        (matches!(part.len(), 1 | 2) && part.bytes().all(|b| b.is_ascii_digit())).then(|| part.parse().ok())?
    };
    let (hour, minute) = (number(parts.next()?)?, number(parts.next()?)?);
    let second = match parts.next() {
        Some(part) => Some(number(part)?),
        None => None,
    };
    parts.next().is_none().then_some((hour, minute, second))
}

fn date(words: &[&str]) -> Option<civil::Date> {
    let number = |word: &str| word.trim_end_matches('.').parse::<i16>().ok();
    let (year, month, day) = match words {
        [one] => numeric(one)?,
        [.., a, b, c] => {
            let year = number(c).filter(|y| *y > 1900)?;
            match (month(a), month(b)) {
                (Some(month), _) => (year, month, number(b)?),
                (_, Some(month)) => (year, month, number(a)?),
                _ => return None,
            }
        }
        _ => return None,
    };
    civil::Date::new(year, month, i8::try_from(day).ok()?).ok()
}

/// Reads `31.12.2024`, `2024-12-31` and `2024/12/31`; `03/04/2024` means two days and is not read.
fn numeric(word: &str) -> Option<(i16, i8, i16)> {
    let parts = |separator| {
        let mut parts = word.split(separator).map(str::parse::<i16>);
        match (parts.next()?, parts.next()?, parts.next()?, parts.next()) {
            (Ok(a), Ok(b), Ok(c), None) => Some((a, b, c)),
            _ => None,
        }
    };
    if let Some((day, month, year)) = parts('.').filter(|p| p.2 > 1900) {
        return Some((year, i8::try_from(month).ok()?, day));
    }
    let (year, month, day) = parts('-').or_else(|| parts('/')).filter(|p| p.0 > 1900)?;
    Some((year, i8::try_from(month).ok()?, day))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_for_people() {
        let utc = Some(1_706_621_253_000_000);
        for (text, instant, basis) in [
            ("Tuesday, January 30, 2024 at 1:27:33\u{202f}PM UTC", utc, "named:UTC"),
            ("Jan 30, 2024, 1:27:33 PM UTC", utc, "named:UTC"),
            ("30 Jan 2024, 13:27:33 GMT", utc, "named:GMT"),
            ("30.01.2024, 13:27:33 UTC", utc, "named:UTC"),
            ("30.01.2024, 13:27:33 MEZ", None, "named:MEZ"),
            ("30.01.2024, 13:27:33", None, "account-local"),
            ("Jul 30, 2024, 1:27:33 PM GMT", None, "named:GMT"),
            ("Jan 30, 2024, 1:27:33 PM GMT+02:00", None, "named:GMT+02:00"),
            ("2024-01-30 13:27:33 Z", utc, "named:Z"),
            ("03/04/2024, 13:27:33 UTC", None, "ambiguous"),
            ("30 janv. 2024, 13:27:33 UTC", utc, "named:UTC"),
            ("mardi 30 janvier 2024 à 13:27:33 UTC", utc, "named:UTC"),
            ("martes, 30 de enero de 2024, 13:27:33 UTC", utc, "named:UTC"),
            ("30 de jan. de 2024, 13:27:33 UTC", utc, "named:UTC"),
            ("30 gen 2024, 13:27:33 CET", None, "named:CET"),
            ("30 sty 2024, 13:27:33 UTC", None, "ambiguous"),
            ("Jan 32, 2024, 1:27:33 PM UTC", None, "ambiguous"),
            ("Jan 30, 2024, 13:27:33 PM UTC", None, "ambiguous"),
            ("", None, "ambiguous"),
        ] {
            let moment = moment(MomentRole::Sent, text);
            assert_eq!((moment.instant, moment.basis.to_text().as_str()), (instant, basis), "{text}");
            assert_eq!(moment.text, text);
        }
    }

    #[test]
    fn noon_and_midnight() {
        let hour = |text: &str| read(text).map(|r| r.0.hour());
        assert_eq!(hour("Jan 30, 2024, 12:00:00 AM UTC"), Some(0));
        assert_eq!(hour("Jan 30, 2024, 12:00:00 PM UTC"), Some(12));
    }

    #[test]
    fn lines_with_a_time_are_told_from_text() {
        assert!(looks_like_time("30 janv. 2024, 13:27:33 UTC"));
        assert!(looks_like_time("2024年1月30日 13:27:33 JST"));
        assert!(!looks_like_time("Watched at 10:30"));
        assert!(!looks_like_time("1:2:3"));
    }
}
