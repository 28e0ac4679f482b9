//! Days, hours and how the formats write them.

use jiff::Timestamp;
use jiff::fmt::strtime;
use jiff::tz::Offset;

/// Seconds of a day.
pub(crate) const DAY: i64 = 86_400;

/// Returns the days since 1970 of a date.
pub(crate) const fn day(year: i64, month: i64, date: i64) -> i64 {
    // Years that begin in March have their leap day last.
    let y = if month <= 2 { year - 1 } else { year };
    let era = y.div_euclid(400);
    let year_of_era = y.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + date - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// Returns the day of the week, Monday being zero.
pub(crate) const fn weekday(day: i64) -> i64 {
    (day + 3).rem_euclid(7)
}

/// Returns how many seconds Berlin is ahead of UTC.
pub(crate) fn home_offset(time: i64) -> i64 {
    // 2019 to 2024 are enough: the nearest year is found by the mean length of one.
    let year = 1970 + time.div_euclid(31_556_952);
    let last_sunday = |month| {
        let last = day(year, month, 31);
        last - (weekday(last) + 1) % 7
    };
    let hour = 3600;
    let summer = last_sunday(3) * DAY + hour..last_sunday(10) * DAY + hour;
    if summer.contains(&time) { 2 * hour } else { hour }
}

/// Writes a time by a pattern, so many seconds ahead of UTC.
pub(crate) fn write(time: i64, offset: i64, pattern: &str) -> String {
    let offset = i32::try_from(offset).ok().and_then(|o| Offset::from_seconds(o).ok()).unwrap_or(Offset::UTC);
    let Ok(stamp) = Timestamp::from_second(time) else { return String::new() };
    strtime::format(pattern, &stamp.to_zoned(offset.to_time_zone())).unwrap_or_default()
}

/// Writes a time as ISO 8601 in UTC; `millis` are those of the second.
pub(crate) fn iso(time: i64, millis: u64) -> String {
    let Ok(stamp) = Timestamp::new(time, (millis % 1000) as i32 * 1_000_000) else { return String::new() };
    format!("{stamp:.3}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_offsets() {
        assert_eq!(day(1970, 1, 1), 0);
        assert_eq!(day(2024, 2, 29), 19_782);
        assert_eq!(weekday(day(2024, 3, 4)), 0);
        assert_eq!(home_offset(day(2024, 3, 31) * DAY + 3599), 3600);
        assert_eq!(home_offset(day(2024, 3, 31) * DAY + 3600), 7200);
        assert_eq!(home_offset(day(2019, 10, 27) * DAY + 3600), 3600);
    }

    #[test]
    fn written_times() {
        let time = day(2024, 1, 30) * DAY + 13 * 3600 + 27 * 60 + 33;
        assert_eq!(iso(time, 71), "2024-01-30T13:27:33.071Z");
        assert_eq!(write(time, 3600, "%a, %d %b %Y %H:%M:%S %z"), "Tue, 30 Jan 2024 14:27:33 +0100");
        assert_eq!(write(time, 0, "%A, %B %-d, %Y at %-I:%M:%S %p UTC"), "Tuesday, January 30, 2024 at 1:27:33 PM UTC");
    }
}
