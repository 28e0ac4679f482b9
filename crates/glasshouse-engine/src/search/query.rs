//! The query language: words for the text index, fields for everything else.
//!
//! ```text
//! from:alice family:message after:2024-01-01 before:2024-03 near:51.5,-0.12,2km "exact phrase" -spam one OR other begin*
//! ```

use crate::EngineError;
use crate::view::Kind;
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// A query, read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Query {
    /// All of these must hold; each is a list of alternatives.
    pub words: Vec<Vec<Words>>,
    /// None of these may hold.
    pub without: Vec<Words>,
    pub filters: Vec<Filter>,
}

/// Something to be found in the text index.
#[derive(Clone, Debug, PartialEq)]
pub struct Words {
    pub place: Place,
    pub text: String,
    /// The last word is only the beginning of one.
    pub begins: bool,
}

/// Which words of a record are searched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    Text,
    From,
    With,
}

/// A condition on a column, perhaps negated.
#[derive(Clone, Debug, PartialEq)]
pub struct Filter {
    pub not: bool,
    pub what: Condition,
}

/// A condition on a column.
#[derive(Clone, Debug, PartialEq)]
pub enum Condition {
    /// The column has this value (of `format`, what follows the dot is enough).
    Is(&'static str, String),
    /// At or after this instant, microseconds since 1970.
    From(i64),
    /// Before this instant.
    Until(i64),
    Near {
        lat: f64,
        lon: f64,
        metres: f64,
    },
    /// Of this kind; of any, if none is said.
    HasAttachment(Option<Kind>),
    HasPlace,
    HasTime,
    HasText,
}

/// Reads a query; an error says what is wrong and how to write it.
pub fn parse(text: &str) -> Result<Query, EngineError> {
    let mut query = Query::default();
    let mut or = false;
    for token in tokens(text)? {
        if token.text == "OR" && !token.quoted && token.field.is_none() {
            or = true;
            continue;
        }
        if let Some(filter) = filter(&token)? {
            if or {
                return Err(EngineError::Query("OR joins words only; a field like family: always narrows.".into()));
            }
            query.filters.push(filter);
            continue;
        }
        let place = match token.field.as_deref() {
            None => Place::Text,
            Some("from") => Place::From,
            Some("with" | "to") => Place::With,
            // A colon inside a word (a time, an address) is no field.
            Some(other) => {
                let words = Words { place: Place::Text, text: format!("{other}:{}", token.text), begins: false };
                add(&mut query, words, token.not, &mut or)?;
                continue;
            }
        };
        let begins = !token.quoted && token.text.ends_with('*');
        let words = Words { place, text: token.text.trim_end_matches('*').to_owned(), begins };
        add(&mut query, words, token.not, &mut or)?;
    }
    if or {
        return Err(EngineError::Query("OR stands between two words: one OR other.".into()));
    }
    Ok(query)
}

fn add(query: &mut Query, words: Words, not: bool, or: &mut bool) -> Result<(), EngineError> {
    match (std::mem::take(or), not) {
        (true, true) => return Err(EngineError::Query("OR and - cannot meet: write -one -other.".into())),
        (true, false) => match query.words.last_mut() {
            Some(last) => last.push(words),
            None => return Err(EngineError::Query("OR stands between two words: one OR other.".into())),
        },
        (false, true) => query.without.push(words),
        (false, false) => query.words.push(vec![words]),
    }
    Ok(())
}

struct Token {
    not: bool,
    field: Option<String>,
    text: String,
    quoted: bool,
}

fn tokens(text: &str) -> Result<Vec<Token>, EngineError> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let not = rest.len() > 1 && rest.starts_with('-');
        rest = if not { &rest[1..] } else { rest };
        let mut field = None;
        if let Some((name, after)) = rest.split_once(':')
            && !name.is_empty()
            && name.bytes().all(|b| b.is_ascii_alphabetic() || b == b'_')
        {
            field = Some(name.to_ascii_lowercase());
            rest = after;
        }
        let (value, quoted, after) = match rest.strip_prefix('"') {
            Some(inner) => {
                let Some((value, after)) = inner.split_once('"') else {
                    return Err(EngineError::Query("A quote is not closed: \"exact phrase\".".into()));
                };
                (value, true, after)
            }
            None => {
                let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
                (&rest[..end], false, &rest[end..])
            }
        };
        tokens.push(Token { not, field, text: value.to_owned(), quoted });
        rest = after.trim_start();
    }
    Ok(tokens)
}

fn filter(token: &Token) -> Result<Option<Filter>, EngineError> {
    let Some(field) = token.field.as_deref() else { return Ok(None) };
    let value = token.text.as_str();
    let is = |column: &'static str| Condition::Is(column, value.to_owned());
    let what = match field {
        "family" => is("family"),
        "service" | "provider" => is("service"),
        "format" => is("format"),
        "account" => is("account"),
        "tier" => is("tier"),
        "source" => is("source"),
        "in" | "conversation" => is("conversation"),
        "id" => is("id"),
        "after" => Condition::From(bounds(value)?.0),
        "before" => Condition::Until(bounds(value)?.0),
        "on" => {
            let (from, until) = bounds(value)?;
            return match token.not {
                true => Err(EngineError::Query("Write before: or after: instead of -on:.".into())),
                false => Ok(Some(Filter { not: false, what: Condition::Is("on", format!("{from} {until}")) })),
            };
        }
        "near" => near(value)?,
        "has" => match value {
            "attachment" => Condition::HasAttachment(None),
            "image" => Condition::HasAttachment(Some(Kind::Image)),
            "audio" => Condition::HasAttachment(Some(Kind::Audio)),
            "video" => Condition::HasAttachment(Some(Kind::Video)),
            "file" => Condition::HasAttachment(Some(Kind::Other)),
            "place" | "location" => Condition::HasPlace,
            "time" => Condition::HasTime,
            "text" => Condition::HasText,
            _ => {
                return Err(EngineError::Query(format!(
                    "has:{value} is unknown. Use has:attachment, has:image, has:audio, has:video, has:file (another), has:place, has:time or has:text."
                )));
            }
        },
        _ => return Ok(None),
    };
    Ok(Some(Filter { not: token.not, what }))
}

/// Returns the first instant of a year, month or day in UTC, and the first after it.
fn bounds(text: &str) -> Result<(i64, i64), EngineError> {
    let wrong = || {
        EngineError::Query(format!(
            "{text} is not a date. Write 2024, 2024-03 or 2024-03-31 (UTC), or 2024-03-31T10:00:00Z."
        ))
    };
    if let Some((micros, _)) = glasshouse_providers::formats::time::iso_micros(text) {
        return Ok((micros, micros));
    }
    let mut parts = text.split('-');
    let mut number = || parts.next().map(|p| p.parse::<i16>().map_err(|_| wrong())).transpose();
    let (year, month, day) = (number()?.ok_or_else(wrong)?, number()?, number()?);
    if parts.next().is_some() {
        return Err(wrong());
    }
    let small = |n: Option<i16>| i8::try_from(n.unwrap_or(1)).map_err(|_| wrong());
    let start = Date::new(year, small(month)?, small(day)?).map_err(|_| wrong())?;
    let span = match (month, day) {
        (None, _) => jiff::Span::new().years(1),
        (_, None) => jiff::Span::new().months(1),
        _ => jiff::Span::new().days(1),
    };
    let micros = |date: Date| date.to_zoned(TimeZone::UTC).map(|z| z.timestamp().as_microsecond()).map_err(|_| wrong());
    Ok((micros(start)?, micros(start.checked_add(span).map_err(|_| wrong())?)?))
}

fn near(text: &str) -> Result<Condition, EngineError> {
    let wrong = || {
        EngineError::Query(format!(
            "near:{text} is not a place. Write near:LAT,LON,DISTANCE, for example near:51.5,-0.12,2km."
        ))
    };
    let parts: Vec<&str> = text.split(',').collect();
    let [lat, lon, distance] = parts[..] else { return Err(wrong()) };
    let (number, factor) = match distance.strip_suffix("km") {
        Some(km) => (km, 1000.0),
        None => (distance.strip_suffix('m').unwrap_or(distance), 1.0),
    };
    let read = |text: &str| text.trim().parse::<f64>().ok().filter(|n| n.is_finite()).ok_or_else(wrong);
    let (lat, lon, metres) = (read(lat)?, read(lon)?, read(number)? * factor);
    if !(-90.0..=90.0).contains(&lat) || !(-180.0..=180.0).contains(&lon) || metres <= 0.0 {
        return Err(wrong());
    }
    Ok(Condition::Near { lat, lon, metres })
}

/// Returns the day, UTC, of a count of seconds since 1970.
pub fn day(second: i64) -> String {
    jiff::Timestamp::from_second(second).map_or_else(|_| "unknown".into(), |t| t.strftime("%Y-%m-%d").to_string())
}

/// Returns the distance of two places in metres on a sphere.
pub fn distance(lat_a: f64, lon_a: f64, lat_b: f64, lon_b: f64) -> f64 {
    let (a, b) = (lat_a.to_radians(), lat_b.to_radians());
    let half = |x: f64| (x / 2.0).sin().powi(2);
    let h = half(b - a) + a.cos() * b.cos() * half((lon_b - lon_a).to_radians());
    2.0 * 6_371_008.8 * h.sqrt().min(1.0).asin()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Words {
        Words { place: Place::Text, text: text.into(), begins: false }
    }

    #[test]
    fn words_phrases_and_fields() {
        let query = parse("meeting \"flight hotel\" -spam one OR other inv* from:alice 10:30").expect("a query");
        assert_eq!(query.words.len(), 6);
        assert_eq!(query.words[1], [words("flight hotel")]);
        assert_eq!(query.words[2], [words("one"), words("other")]);
        assert_eq!(query.words[3], [Words { begins: true, ..words("inv") }]);
        assert_eq!(query.words[4], [Words { place: Place::From, ..words("alice") }]);
        assert_eq!(query.words[5], [words("10:30")]);
        assert_eq!(query.without, [words("spam")]);
        assert_eq!(parse("   ").expect("empty"), Query::default());
    }

    #[test]
    fn dates_are_utc_and_half_open() {
        let query = parse("after:2024-01-01 before:2024-03 -family:mail has:place").expect("a query");
        assert_eq!(query.filters[0].what, Condition::From(1_704_067_200_000_000));
        assert_eq!(query.filters[1].what, Condition::Until(1_709_251_200_000_000));
        assert!(query.filters[2].not);
        assert_eq!(bounds("2024").expect("a year").1, 1_735_689_600_000_000);
    }

    #[test]
    fn what_is_wrong_is_said() {
        for bad in [
            "\"open",
            "OR x",
            "x OR",
            "after:yesterday",
            "before:2024-13",
            "near:1,2",
            "near:99,0,1km",
            "has:wings",
            "one OR family:mail",
            "on:2024-02-30",
        ] {
            assert!(matches!(parse(bad), Err(EngineError::Query(_))), "{bad}");
        }
    }

    #[test]
    fn distances() {
        assert!((distance(52.52, 13.405, 48.8566, 2.3522) - 877_500.0).abs() < 1_000.0);
        assert_eq!(distance(1.0, 2.0, 1.0, 2.0), 0.0);
    }
}
