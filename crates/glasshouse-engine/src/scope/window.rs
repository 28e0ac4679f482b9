//! Whether the times of a record lie within a window of dates.

use super::Reason;
use crate::authority::{Span, Window};
use glasshouse_model::{Moment, MomentRole, Precision, Record, ZoneBasis};
use glasshouse_providers::formats::months::english;
use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;

const HOUR: i64 = 3_600_000_000;
/// Clocks run from 12 hours behind to 14 hours before UTC.
const BEHIND: i64 = 12 * HOUR;
const AHEAD: i64 = 14 * HOUR;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Where {
    Inside,
    Outside,
    Perhaps,
}

/// Decides on a record by its times.
pub fn judge(window: &Window, record: &Record) -> Result<(), Reason> {
    let tested: Vec<&Moment> = record.moments.iter().filter(|m| window.moments.contains(&m.role)).collect();
    if tested.is_empty() {
        let comes_in = window.timeless.get(&record.family).copied().unwrap_or(window.timeless_other);
        return if comes_in { Ok(()) } else { Err(Reason::Timeless) };
    }
    let mut places: Vec<Where> = tested.iter().map(|m| place(window.span, possible(m))).collect();
    let of = |role: MomentRole| tested.iter().find(|m| m.role == role).and_then(|m| possible(m));
    if let (Some(start), Some(end)) = (of(MomentRole::Start), of(MomentRole::End)) {
        places.push(overlap(window.span, start, end));
    }
    if places.contains(&Where::Inside) {
        Ok(())
    } else if places.contains(&Where::Perhaps) {
        Err(Reason::TimeAmbiguous)
    } else {
        Err(Reason::Window)
    }
}

fn place(window: Span, possible: Option<Span>) -> Where {
    match possible {
        None => Where::Perhaps,
        Some(p) if window.start <= p.start && p.end <= window.end => Where::Inside,
        Some(p) if p.end <= window.start || window.end <= p.start => Where::Outside,
        Some(_) => Where::Perhaps,
    }
}

/// Something that lasts is within the window if part of it is.
fn overlap(window: Span, start: Span, end: Span) -> Where {
    if start.end <= window.end && window.start <= end.start && start.start <= end.end {
        Where::Inside
    } else if end.end <= window.start || window.end <= start.start {
        Where::Outside
    } else {
        Where::Perhaps
    }
}

/// Returns all instants at which a moment may have been, or nothing where its text does not tell.
fn possible(moment: &Moment) -> Option<Span> {
    let length = unit(moment.precision);
    if let Some(instant) = moment.instant {
        return Some(Span { start: instant, end: instant.saturating_add(length) });
    }
    let (date, time) = wall_clock(&moment.text).or_else(|| named_day(&moment.text).map(|date| (date, None)))?;
    let begins_with_year = moment.text.trim().get(..4).is_some_and(|y| y.bytes().all(|b| b.is_ascii_digit()));
    if moment.basis == ZoneBasis::Ambiguous && !begins_with_year && named_day(&moment.text).is_none() {
        // The order of its parts is doubtful, or more: only what any reading allows would be safe.
        return None;
    }
    // Where the hour is doubtful, it is some time of the day.
    let (wall, length) =
        time.map_or((date.to_datetime(Time::midnight()), 24 * HOUR), |time| (date.to_datetime(time), length));
    let wall = wall.to_zoned(TimeZone::UTC).ok()?.timestamp().as_microsecond();
    Some(Span { start: wall.saturating_sub(AHEAD), end: wall.saturating_add(BEHIND).saturating_add(length) })
}

fn unit(precision: Precision) -> i64 {
    match precision {
        Precision::Microsecond => 1,
        Precision::Millisecond => 1_000,
        Precision::Second => 1_000_000,
        Precision::Minute => 60_000_000,
        Precision::Hour => HOUR,
        Precision::Day => 24 * HOUR,
        Precision::Month => 31 * 24 * HOUR,
        Precision::Year => 366 * 24 * HOUR,
    }
}

/// Reads a clock's text that begins with the year: `2024-01-30 13:00:01`, `2024:01:30 …`, `20240130T130001`; without the
/// time where its clock has twelve hours.
fn wall_clock(text: &str) -> Option<(Date, Option<Time>)> {
    let mut numbers: Vec<&str> = text.trim().split(|c: char| !c.is_ascii_digit()).filter(|n| !n.is_empty()).collect();
    let mut compact = Vec::new();
    if let Some(first) = numbers.first().filter(|n| n.len() == 8) {
        compact.extend([first.get(..4)?, first.get(4..6)?, first.get(6..)?]);
        if let Some(time) = numbers.get(1).filter(|n| n.len() == 6) {
            compact.extend([time.get(..2)?, time.get(2..4)?, time.get(4..)?]);
        }
        numbers = compact;
    }
    if numbers.first()?.len() != 4 {
        return None;
    }
    let number = |i: usize, least: i8| numbers.get(i).map_or(Some(least), |n| n.parse::<i8>().ok());
    let date = Date::new(numbers.first()?.parse().ok()?, number(1, 1)?, number(2, 1)?).ok()?;
    let lower = text.to_lowercase();
    if lower.contains("am") || lower.contains("pm") {
        // The day has to be there: without it the numbers after the month are those of the hour.
        return (numbers.len() >= 5).then_some((date, None));
    }
    Some((date, Some(Time::new(number(3, 0)?, number(4, 0)?, number(5, 0)?.min(59), 0).ok()?)))
}

/// Reads the day of a text that names the month in English: `Apr 1, 2021, 6:47:59 AM CET`, `1 April 2021 06:47`.
fn named_day(text: &str) -> Option<Date> {
    let lower = text.to_lowercase();
    let tokens: Vec<&str> = lower.split(|c: char| !c.is_alphanumeric()).filter(|t| !t.is_empty()).collect();
    let mut named = tokens.iter().enumerate().filter_map(|(at, token)| Some((at, english(token)?)));
    let (at, month) = named.next()?;
    if named.next().is_some() {
        return None;
    }
    let day = |at: Option<usize>| tokens.get(at?).filter(|t| t.len() <= 2).and_then(|t| t.parse::<i8>().ok());
    let year = |at: usize| tokens.get(at).filter(|t| t.len() == 4).and_then(|t| t.parse::<i16>().ok());
    let (day, year) = match (day(Some(at + 1)), day(at.checked_sub(1))) {
        (Some(day), _) if year(at + 2).is_some() => (day, year(at + 2)?),
        (_, Some(day)) => (day, year(at + 1)?),
        _ => return None,
    };
    Date::new(year, month, day).ok()
}
