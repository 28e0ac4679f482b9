//! Times as archives write them.

use crate::formats::months::english;
use crate::formats::time;
use glasshouse_model::{Moment, MomentRole, Precision, ZoneBasis};
use jiff::civil;

/// Reads `Thu Nov 14 03:37:58 +0000 2019`, `2013-01-05 16:34:57 +0000`, and ISO 8601.
///
/// A text without a zone (`2021-05-01 12:34:56`, `2020.06.05`) gives no instant: archives do not say whose clock
/// it is.
pub(super) fn moment(role: MomentRole, text: &str) -> Moment {
    let made = |wall: civil::DateTime, zone: &str| {
        let offset = offset_minutes(zone)?;
        let utc = wall.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
        utc.timestamp().as_microsecond().checked_sub(i64::from(offset) * 60_000_000)
    };
    let words: Vec<&str> = text.split_ascii_whitespace().take(7).collect();
    let instant = match words.as_slice() {
        [_, month, day, clock, zone, year] => wall(year, month, day, clock).and_then(|wall| made(wall, zone)),
        [date, clock, zone] => date.split_once('-').and_then(|(year, rest)| {
            let (month, day) = rest.split_once('-')?;
            made(wall(year, month, day, clock)?, zone)
        }),
        _ => None,
    };
    if instant.is_some() {
        return Moment { role, instant, text: text.to_owned(), basis: ZoneBasis::Offset, precision: Precision::Second };
    }
    let mut moment = time::iso(role, text);
    if moment.instant.is_none() && !text.contains(':') {
        moment.precision = Precision::Day;
    }
    moment
}

fn wall(year: &str, month: &str, day: &str, clock: &str) -> Option<civil::DateTime> {
    let month = english(month).or_else(|| month.parse().ok())?;
    let date = civil::Date::new(year.parse().ok()?, month, day.parse().ok()?).ok()?;
    let mut parts = clock.split(':').map(str::parse::<i8>);
    let (Some(Ok(hour)), Some(Ok(minute)), Some(Ok(second)), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return None;
    };
    Some(date.to_datetime(civil::Time::new(hour, minute, second, 0).ok()?))
}

/// Reads `+0000`.
fn offset_minutes(zone: &str) -> Option<i32> {
    let (sign, digits) = match zone.split_at_checked(1)? {
        ("+", digits) => (1, digits),
        ("-", digits) => (-1, digits),
        _ => return None,
    };
    if digits.len() != 4 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let number: i32 = digits.parse().ok()?;
    let (hours, minutes) = (number / 100, number % 100);
    (hours < 24 && minutes < 60).then_some(sign * (hours * 60 + minutes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_every_layout() {
        let at = Some(1_573_702_678_000_000);
        for (text, instant) in [
            ("Thu Nov 14 03:37:58 +0000 2019", at),
            ("Thu Nov 14 05:07:58 +0130 2019", at),
            ("2019-11-14 03:37:58 +0000", at),
            ("2019-11-14T03:37:58.000Z", at),
            ("2019-11-14 03:37:58", None),
            ("2019.11.14", None),
            ("Thu Nov 31 03:37:58 +0000 2019", None),
            ("Thu Nov 14 03:37:58 é000 2019", None),
            ("Thu Nov 14 03:37 +0000 2019", None),
            ("", None),
        ] {
            let moment = moment(MomentRole::Created, text);
            assert_eq!((moment.instant, moment.text.as_str()), (instant, text));
            assert_eq!(moment.basis, if instant.is_some() { ZoneBasis::Offset } else { ZoneBasis::Ambiguous });
        }
    }
}
