//! Whether the times of a record lie within a window of dates.

use super::Reason;
use crate::authority::{Span, Window};
use glasshouse_model::{Moment, MomentRole, Precision, Record, ZoneBasis};
use jiff::civil::{Date, DateTime, Time};
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
    let wall = wall_clock(&moment.text)?;
    let wall = wall.to_zoned(TimeZone::UTC).ok()?.timestamp().as_microsecond();
    match moment.basis {
        // The order of its parts is doubtful, or more: only what any reading allows would be safe.
        ZoneBasis::Ambiguous if !moment.text.trim().get(..4).is_some_and(|y| y.bytes().all(|b| b.is_ascii_digit())) => {
            None
        }
        _ => Some(Span { start: wall.saturating_sub(AHEAD), end: wall.saturating_add(BEHIND).saturating_add(length) }),
    }
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

/// Reads a clock's text that begins with the year: `2024-01-30 13:00:01`, `2024:01:30 …`, `20240130T130001`.
fn wall_clock(text: &str) -> Option<DateTime> {
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
    // A twelve-hour clock is off by half a day: that is not known from the digits.
    let lower = text.to_lowercase();
    if lower.contains("am") || lower.contains("pm") {
        return None;
    }
    let time = Time::new(number(3, 0)?, number(4, 0)?, number(5, 0)?.min(59), 0).ok()?;
    Some(date.to_datetime(time))
}
