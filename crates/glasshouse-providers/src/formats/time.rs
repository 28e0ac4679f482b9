//! Times as exports write them, read into [`Moment`]s that keep the original text.

use glasshouse_model::{Moment, MomentRole, Precision, ZoneBasis};
use jiff::Timestamp;

/// Reads an ISO 8601 / RFC 3339 time with `Z` or an offset.
///
/// Text that is none is kept, without an instant: a time that cannot be read is still what the provider wrote.
pub fn iso(role: MomentRole, text: &str) -> Moment {
    let (instant, precision) = match iso_micros(text) {
        Some((micros, precision)) => (Some(micros), precision),
        None => (None, Precision::Second),
    };
    let basis = if instant.is_some() { ZoneBasis::Offset } else { ZoneBasis::Ambiguous };
    Moment { role, instant, text: text.to_owned(), basis, precision }
}

/// Returns microseconds since 1970 and the precision of an ISO 8601 time with a zone.
pub fn iso_micros(text: &str) -> Option<(i64, Precision)> {
    let text = text.trim();
    let micros = fast_utc(text).or_else(|| Some(text.parse::<Timestamp>().ok()?.as_microsecond()))?;
    let precision = match text.find('.').map(|dot| text[dot + 1..].bytes().take_while(u8::is_ascii_digit).count()) {
        None | Some(0) => Precision::Second,
        Some(1..=3) => Precision::Millisecond,
        Some(_) => Precision::Microsecond,
    };
    Some((micros, precision))
}

/// Reads the one shape that large exports hold millions of: `YYYY-MM-DDTHH:MM:SS[.fff]Z`.
fn fast_utc(text: &str) -> Option<i64> {
    let b = text.as_bytes();
    if b.len() < 20
        || b[4] != b'-'
        || b[7] != b'-'
        || b[10] != b'T'
        || b[13] != b':'
        || b[16] != b':'
        || b[b.len() - 1] != b'Z'
    {
        return None;
    }
    let number = |range: std::ops::Range<usize>| {
        b[range].iter().try_fold(0i64, |n, d| d.is_ascii_digit().then(|| n * 10 + i64::from(d - b'0')))
    };
    let (year, month, day) = (number(0..4)?, number(5..7)?, number(8..10)?);
    let (hour, minute, second) = (number(11..13)?, number(14..16)?, number(17..19)?);
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let date = jiff::civil::Date::new(year as i16, month as i8, day as i8).ok()?;
    let days = days_since_epoch(date);
    let fraction = match &b[19..b.len() - 1] {
        [] => 0,
        [b'.', digits @ ..] if !digits.is_empty() && digits.len() <= 6 => {
            let n = number(20..20 + digits.len())?;
            n * 10i64.pow(6 - digits.len() as u32)
        }
        _ => return None,
    };
    Some((days * 86_400 + hour * 3600 + minute * 60 + second) * 1_000_000 + fraction)
}

fn days_since_epoch(date: jiff::civil::Date) -> i64 {
    // Howard Hinnant's count of days in the proleptic Gregorian calendar.
    let (y, m, d) = (i64::from(date.year()), i64::from(date.month()), i64::from(date.day()));
    let y = if m <= 2 { y - 1 } else { y };
    let era = y.div_euclid(400);
    let year_of_era = y - era * 400;
    let day_of_year = (153 * (if m > 2 { m - 3 } else { m + 9 }) + 2) / 5 + d - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// Reads `2018-07-19 23:09:04`, with or without a fraction, an offset or `UTC` behind it, of a provider whose times
/// are UTC.
pub fn wall_utc(role: MomentRole, text: &str) -> Moment {
    let trimmed = text.trim();
    let (wall, named) = match trimmed.strip_suffix("UTC") {
        Some(wall) => (wall.trim_end(), true),
        None => (trimmed, false),
    };
    let stamp = wall.replacen(' ', "T", 1);
    if let Some((micros, precision)) = iso_micros(&stamp).filter(|_| !named) {
        return Moment { role, instant: Some(micros), text: text.to_owned(), basis: ZoneBasis::Offset, precision };
    }
    let read = iso_micros(&format!("{stamp}Z"));
    let basis = match read {
        Some(_) if named => ZoneBasis::Named("UTC".to_owned()),
        Some(_) => ZoneBasis::Utc,
        None => ZoneBasis::Ambiguous,
    };
    let (instant, precision) = read.map_or((None, Precision::Second), |(micros, precision)| (Some(micros), precision));
    Moment { role, instant, text: text.to_owned(), basis, precision }
}

/// Returns the moment of a count of seconds since 1970 that the provider documents as UTC.
pub fn epoch_seconds(role: MomentRole, text: &str) -> Moment {
    epoch(role, text, 1_000_000, Precision::Second)
}

/// Returns the moment of a count of milliseconds since 1970 that the provider documents as UTC.
pub fn epoch_millis(role: MomentRole, text: &str) -> Moment {
    epoch(role, text, 1_000, Precision::Millisecond)
}

/// Returns the moment of a count of microseconds since 1970 that the provider documents as UTC.
pub fn epoch_micros(role: MomentRole, text: &str) -> Moment {
    epoch(role, text, 1, Precision::Microsecond)
}

fn epoch(role: MomentRole, text: &str, micros: i64, precision: Precision) -> Moment {
    let count: Option<i64> = text.trim().parse().ok();
    let instant = count.and_then(|n| n.checked_mul(micros)).filter(|n| Timestamp::from_microsecond(*n).is_ok());
    Moment { role, instant, text: text.to_owned(), basis: ZoneBasis::Utc, precision }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn iso_times() {
        for (text, micros, precision) in [
            ("2013-01-01T00:00:00Z", 1_356_998_400_000_000, Precision::Second),
            ("2024-02-29T23:59:59.5Z", 1_709_251_199_500_000, Precision::Millisecond),
            ("2024-02-29T23:59:59.123456Z", 1_709_251_199_123_456, Precision::Microsecond),
            ("2024-03-01T01:59:59+02:00", 1_709_251_199_000_000, Precision::Second),
            ("1969-12-31T23:59:59.999Z", -1_000, Precision::Millisecond),
        ] {
            let moment = iso(MomentRole::Created, text);
            assert_eq!((moment.instant, moment.precision), (Some(micros), precision), "{text}");
            assert_eq!((moment.text.as_str(), moment.basis), (text, ZoneBasis::Offset));
        }
        for bad in ["", "2024-02-30T00:00:00Z", "2024-02-29T24:00:00Z", "2024-02-29 10:00", "yesterdayZ........0123"] {
            let moment = iso(MomentRole::Created, bad);
            assert_eq!((moment.instant, moment.text.as_str()), (None, bad));
        }
    }

    #[test]
    fn the_fast_way_agrees_with_the_library() {
        for n in (-4_000_000_000i64..8_000_000_000).step_by(86_399_999) {
            let text = Timestamp::from_second(n).expect("in range").to_string();
            assert_eq!(fast_utc(&text), Some(n * 1_000_000), "{text}");
        }
    }

    #[test]
    fn walls_that_are_utc() {
        let micros = Some(1_532_041_744_000_000);
        for (text, instant, basis) in [
            ("2018-07-19 23:09:04", micros, "utc"),
            ("2018-07-19 23:09:04 UTC", micros, "named:UTC"),
            ("2018-07-19 23:09:04.000000+00:00", micros, "offset"),
            ("2018-07-20T01:09:04+02:00", micros, "offset"),
            ("2018-07-19", None, "ambiguous"),
            ("UTC", None, "ambiguous"),
            ("", None, "ambiguous"),
        ] {
            let moment = wall_utc(MomentRole::Sent, text);
            assert_eq!((moment.instant, moment.basis.to_text().as_str()), (instant, basis), "{text}");
        }
    }

    #[test]
    fn epochs() {
        assert_eq!(epoch_seconds(MomentRole::Taken, "1420070400").instant, Some(1_420_070_400_000_000));
        assert_eq!(epoch_millis(MomentRole::Taken, "-1").instant, Some(-1_000));
        assert_eq!(epoch_micros(MomentRole::Taken, "9223372036854775807").instant, None);
        assert_eq!(epoch_seconds(MomentRole::Taken, "x").instant, None);
    }
}
