use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

/// A stretch of time in microseconds since 1970, UTC; its end is not part of it. An instant has length 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    pub start: i64,
    pub end: i64,
}

impl Span {
    /// Returns whether an instant lies in it.
    pub fn holds(&self, instant: i64) -> bool {
        self.start <= instant && instant < self.end
    }
}

/// Reads a date, which stands for the whole day in `zone`, or a time with its offset.
pub fn parse(text: &str, zone: &TimeZone) -> Result<Span, &'static str> {
    const FORM: &str = "is neither a date (2026-01-31) nor a time with its offset (2026-01-31T09:00:00Z)";
    let text = text.trim();
    if text.len() == 10 {
        let date: Date = text.parse().map_err(|_| FORM)?;
        let next = date.checked_add(1.day()).map_err(|_| FORM)?;
        let at = |d: Date| d.to_zoned(zone.clone()).map(|z| z.timestamp().as_microsecond()).map_err(|_| FORM);
        return Ok(Span { start: at(date)?, end: at(next)? });
    }
    match text.parse::<Timestamp>() {
        Ok(time) => Ok(Span { start: time.as_microsecond(), end: time.as_microsecond() }),
        Err(_) if text.parse::<DateTime>().is_ok() => Err("is a time without its offset; end it in Z or in +01:00"),
        Err(_) => Err(FORM),
    }
}

/// Returns a time as text, to the second where that is exact.
pub fn text(micros: i64) -> String {
    Timestamp::from_microsecond(micros).map_or_else(|_| micros.to_string(), |t| t.to_string())
}
