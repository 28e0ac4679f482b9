//! Content lines: what vCard and iCalendar files are made of (`group.NAME;PARAM=value:value`).
//!
//! Every line keeps its place in the file, so that a record can say which bytes it came from, and a damaged line
//! costs only itself.

use super::mail::{Reading, base64_lenient, decode_charset, quoted_printable};
use base64::Engine;
use glasshouse_model::{Moment, MomentRole, Precision, ZoneBasis};
use jiff::civil::DateTime;
use memchr::memchr;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// A line with its folded continuations joined.
#[derive(Clone, Debug)]
pub struct Line<'a> {
    /// Where it starts, counted from the start of the bytes given.
    pub start: usize,
    /// Where it ends, its line ending included.
    pub end: usize,
    /// Its bytes without line endings and folds. They are joined before any decoding: folds cut characters.
    pub bytes: Cow<'a, [u8]>,
}

/// Returns the logical lines of a file, blank ones left out.
pub fn lines(bytes: &[u8]) -> impl Iterator<Item = Line<'_>> {
    let mut at = if bytes.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
    std::iter::from_fn(move || {
        while at < bytes.len() {
            let line = next_line(bytes, at);
            at = line.end;
            if !line.bytes.trim_ascii().is_empty() {
                return Some(line);
            }
        }
        None
    })
}

fn physical(bytes: &[u8], at: usize) -> (&[u8], usize) {
    let end = memchr(b'\n', &bytes[at..]).map_or(bytes.len(), |skip| at + skip + 1);
    let line = &bytes[at..end];
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    (line.strip_suffix(b"\r").unwrap_or(line), end)
}

fn next_line(bytes: &[u8], start: usize) -> Line<'_> {
    let (first, mut end) = physical(bytes, start);
    let mut joined = Cow::Borrowed(first);
    // vCard 2.1 breaks quoted-printable values with `=` at the line's end and no fold.
    let soft = memchr(b':', first)
        .is_some_and(|colon| first[..colon].windows(16).any(|w| w.eq_ignore_ascii_case(b"QUOTED-PRINTABLE")));
    while end < bytes.len() {
        let folded = matches!(bytes[end], b' ' | b'\t');
        if soft && joined.ends_with(b"=") {
            let (next, next_end) = physical(bytes, end);
            let line = joined.to_mut();
            line.pop();
            line.extend_from_slice(next);
            end = next_end;
        } else if folded {
            let (next, next_end) = physical(bytes, end);
            joined.to_mut().extend_from_slice(&next[1..]);
            end = next_end;
        } else {
            break;
        }
    }
    Line { start, end, bytes: joined }
}

/// A line with more different parameters than this is no content line that anyone writes.
const MOST_PARAMS: usize = 200;

/// A content line taken apart.
#[derive(Clone, Debug)]
pub struct Property {
    pub start: usize,
    pub end: usize,
    pub group: Option<String>,
    /// In upper case.
    pub name: String,
    /// Names in upper case, values as written but without quotes; a bare vCard 2.1 parameter is a `TYPE`.
    pub params: Vec<(String, Vec<String>)>,
    /// The value with transfer encoding and charset undone, escapes still in it.
    pub value: String,
    /// The charset had to be guessed.
    pub guessed: bool,
    /// The bytes of an inline base64 value, which is then not in `value`.
    pub binary: Option<Vec<u8>>,
}

impl Property {
    /// Takes a line apart; none if it has no name, no colon, or parameters without end.
    pub fn read(line: &Line<'_>) -> Option<Self> {
        let bytes = line.bytes.as_ref();
        let colon = value_colon(bytes)?;
        let (head, _) = decode_charset(&bytes[..colon], None);
        let raw = &bytes[colon + 1..];
        let mut pieces = split_outside_quotes(&head, ';');
        let full_name = pieces.next()?.trim();
        let (group, name) = match full_name.rsplit_once('.') {
            Some((group, name)) => (Some(group.to_owned()), name),
            None => (None, full_name),
        };
        if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'/')) {
            return None;
        }
        let mut params: Vec<(String, Vec<String>)> = Vec::new();
        let (mut charset, mut encoding) = (None, Transfer::None);
        for piece in pieces {
            let (key, values) = match piece.split_once('=') {
                Some((key, values)) => (key.trim().to_ascii_uppercase(), values),
                None if Transfer::of(piece) != Transfer::None => ("ENCODING".into(), piece),
                None => ("TYPE".into(), piece),
            };
            let values: Vec<String> = split_outside_quotes(values, ',').map(clean_parameter).collect();
            match (key.as_str(), values.first()) {
                ("ENCODING", Some(value)) => encoding = Transfer::of(value),
                ("CHARSET", Some(value)) => charset = Some(value.clone()),
                _ => {}
            }
            match params.iter().position(|(k, _)| *k == key) {
                Some(at) => params[at].1.extend(values),
                None if params.len() >= MOST_PARAMS => return None,
                None => params.push((key, values)),
            }
        }
        let mut property = Property {
            start: line.start,
            end: line.end,
            group,
            name: name.to_ascii_uppercase(),
            params,
            value: String::new(),
            guessed: false,
            binary: None,
        };
        let decoded = match encoding {
            Transfer::Base64 => {
                property.binary = Some(base64(raw));
                return Some(property);
            }
            Transfer::QuotedPrintable => quoted_printable(raw),
            Transfer::None => Cow::Borrowed(raw),
        };
        let (text, reading) = decode_charset(&decoded, charset.as_deref());
        property.guessed = matches!(reading, Reading::Guessed(_));
        property.value = text.trim().to_owned();
        if let Some(data) = property.value.strip_prefix("data:").and_then(|uri| uri.split_once(";base64,")) {
            // The media type of a data URI reads like any other.
            let (media, bytes) = (data.0.to_owned(), base64(data.1.as_bytes()));
            if property.param("MEDIATYPE").is_none() {
                property.params.push(("MEDIATYPE".into(), vec![media]));
            }
            property.binary = Some(bytes);
            property.value = String::new();
        }
        Some(property)
    }

    /// Returns the first value of a parameter.
    pub fn param(&self, name: &str) -> Option<&str> {
        self.params.iter().find(|(key, _)| key == name)?.1.first().map(String::as_str)
    }

    /// Returns the value as text, its escapes undone and its line breaks alike.
    pub fn text(&self) -> String {
        unescape(&self.value).replace("\r\n", "\n")
    }

    /// Appends it as a JSON object: its value as written, and what else the line says.
    pub fn push_json(&self, out: &mut String) {
        let string = |text: &str| serde_json::to_string(text).unwrap_or_else(|_| "\"\"".into());
        out.push('{');
        if self.binary.is_none() {
            out.push_str("\"value\":");
            out.push_str(&string(&self.value));
        } else {
            out.push_str("\"binary\":true");
        }
        if let Some(group) = &self.group {
            out.push_str(",\"group\":");
            out.push_str(&string(group));
        }
        if !self.params.is_empty() {
            out.push_str(",\"params\":{");
            for (i, (name, values)) in self.params.iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                out.push_str(&string(name));
                out.push(':');
                out.push_str(&serde_json::to_string(values).unwrap_or_else(|_| "[]".into()));
            }
            out.push('}');
        }
        out.push('}');
    }
}

/// Returns properties as members of a JSON object, name by name, each a list: any property may come again.
pub fn by_name<'p>(properties: impl IntoIterator<Item = &'p Property>) -> BTreeMap<&'p str, String> {
    let mut members: BTreeMap<&str, String> = BTreeMap::new();
    for property in properties {
        let list = members.entry(&property.name).or_default();
        list.push(if list.is_empty() { '[' } else { ',' });
        property.push_json(list);
    }
    members.values_mut().for_each(|list| list.push(']'));
    members
}

#[derive(Clone, Copy, PartialEq)]
enum Transfer {
    None,
    Base64,
    QuotedPrintable,
}

impl Transfer {
    fn of(name: &str) -> Self {
        match name.trim().to_ascii_uppercase().as_str() {
            "BASE64" | "B" => Transfer::Base64,
            "QUOTED-PRINTABLE" | "Q" => Transfer::QuotedPrintable,
            _ => Transfer::None,
        }
    }
}

fn base64(raw: &[u8]) -> Vec<u8> {
    base64::engine::general_purpose::STANDARD.decode(raw).unwrap_or_else(|_| base64_lenient(raw))
}

/// Returns where the value begins: at the first colon outside quotes, or the first of all if a quote stays open.
fn value_colon(line: &[u8]) -> Option<usize> {
    let mut quoted = false;
    for (i, byte) in line.iter().enumerate() {
        match byte {
            b'"' => quoted = !quoted,
            b':' if !quoted => return Some(i),
            _ => {}
        }
    }
    memchr(b':', line)
}

fn split_outside_quotes(text: &str, at: char) -> impl Iterator<Item = &str> {
    let mut quoted = false;
    text.split(move |c| {
        if c == '"' {
            quoted = !quoted;
        }
        c == at && !quoted
    })
}

/// Takes off quotes and undoes the escapes of RFC 6868.
fn clean_parameter(value: &str) -> String {
    let value = value.trim().trim_matches('"');
    if !value.contains('^') {
        return value.to_owned();
    }
    let mut out = String::with_capacity(value.len());
    let mut chars = value.chars().peekable();
    while let Some(c) = chars.next() {
        let escaped = if c == '^' { chars.peek() } else { None };
        out.push(match escaped {
            Some('n') => '\n',
            Some('^') => '^',
            Some('\'') => '"',
            _ => {
                out.push(c);
                continue;
            }
        });
        chars.next();
    }
    out
}

/// Undoes the escapes of a text value.
pub fn unescape(value: &str) -> String {
    if !value.contains('\\') {
        return value.to_owned();
    }
    let mut out = String::with_capacity(value.len());
    let mut chars = value.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some('n' | 'N') => out.push('\n'),
                Some(c @ ('\\' | ',' | ';' | ':' | '"')) => out.push(c),
                Some(c) => out.extend(['\\', c]),
                None => out.push('\\'),
            },
            c => out.push(c),
        }
    }
    out
}

/// Splits a structured value at `at`, but not where it is escaped; the parts' escapes are undone.
pub fn components(value: &str, at: char) -> Vec<String> {
    let mut parts = Vec::new();
    let (mut start, mut escaped) = (0, false);
    for (i, c) in value.char_indices() {
        if c == at && !escaped {
            parts.push(unescape(value[start..i].trim()));
            start = i + c.len_utf8();
        }
        escaped = c == '\\' && !escaped;
    }
    parts.push(unescape(value[start..].trim()));
    parts
}

/// Reads `lat;lon`, `lat,lon` or `geo:lat,lon`.
pub fn coordinates(value: &str) -> Option<(f64, f64)> {
    let value = value.trim();
    let value = if value.get(..4).is_some_and(|s| s.eq_ignore_ascii_case("geo:")) { &value[4..] } else { value };
    let mut numbers = value.split([';', ',']);
    let mut number = || numbers.next()?.trim().parse::<f64>().ok().filter(|n| n.is_finite());
    Some((number()?, number()?))
}

/// A date or time as these formats write them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stamp {
    pub local: DateTime,
    /// Seconds east of UTC, where the text says them.
    pub offset: Option<i32>,
    pub precision: Precision,
}

/// Reads `YYYYMMDD`, `YYYYMMDDTHHMMSS[Z]` and the forms with separators and offsets; a full date is needed.
pub fn stamp(text: &str) -> Option<Stamp> {
    let text = text.trim();
    let (date, time) = match text.split_once(['T', 't', ' ']) {
        Some((date, time)) => (date, Some(time)),
        None => (text, None),
    };
    let digits = |text: &str| -> Option<(String, usize)> {
        let plain: String = text.chars().filter(|c| !matches!(c, '-' | ':')).collect();
        let count = plain.len();
        plain.bytes().all(|b| b.is_ascii_digit()).then_some((plain, count))
    };
    let (date, 8) = digits(date)? else { return None };
    let number = |text: &str, range: std::ops::Range<usize>| text.get(range)?.parse::<i16>().ok();
    let (year, month, day) = (number(&date, 0..4)?, number(&date, 4..6)?, number(&date, 6..8)?);
    let (mut offset, mut precision) = (None, Precision::Day);
    let (mut hour, mut minute, mut second) = (0, 0, 0);
    if let Some(time) = time {
        let zone_at = time.find(['Z', 'z', '+', '-']).unwrap_or(time.len());
        let (clock, zone) = time.split_at(zone_at);
        let clock = clock.split('.').next().unwrap_or("");
        let (clock, count) = digits(clock)?;
        (hour, minute) = (number(&clock, 0..2)?, number(&clock, 2..4)?);
        precision = Precision::Minute;
        if count == 6 {
            second = number(&clock, 4..6)?.min(59);
            precision = Precision::Second;
        } else if count != 4 {
            return None;
        }
        offset = match zone.as_bytes() {
            [] => None,
            [b'Z' | b'z'] => Some(0),
            [sign @ (b'+' | b'-'), ..] => {
                let (plain, count) = digits(&zone[1..])?;
                let hours = i32::from(number(&plain, 0..2)?);
                let minutes = if count >= 4 { i32::from(number(&plain, 2..4)?) } else { 0 };
                if hours > 23 || minutes > 59 {
                    return None;
                }
                Some(if *sign == b'-' { -1 } else { 1 } * (hours * 3600 + minutes * 60))
            }
            _ => return None,
        };
    }
    let small = |n: i16| i8::try_from(n).ok();
    let local =
        DateTime::new(year, small(month)?, small(day)?, small(hour)?, small(minute)?, small(second)?, 0).ok()?;
    Some(Stamp { local, offset, precision })
}

/// Returns the moment of a stamp that no zone accompanies.
pub fn moment(role: MomentRole, text: &str) -> Moment {
    let read = stamp(text);
    let offset = read.and_then(|s| s.offset);
    Moment {
        role,
        instant: read.zip(offset).and_then(|(s, offset)| micros(s.local, offset)),
        text: text.trim().to_owned(),
        basis: match (read, offset) {
            (None, _) => ZoneBasis::Ambiguous,
            (Some(_), Some(_)) => ZoneBasis::Offset,
            (Some(_), None) => ZoneBasis::AccountLocal,
        },
        precision: read.map_or(Precision::Second, |s| s.precision),
    }
}

/// Returns microseconds since 1970 of a wall clock at an offset.
pub fn micros(local: DateTime, offset: i32) -> Option<i64> {
    let offset = jiff::tz::Offset::from_seconds(offset).ok()?;
    Some(offset.to_timestamp(local).ok()?.as_microsecond())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<Property> {
        lines(text.as_bytes()).filter_map(|line| Property::read(&line)).collect()
    }

    #[test]
    fn folds_join_before_decoding() {
        let bytes = b"SUMMARY:caf\xc3\r\n \xa9 x\r\n\r\nB:1\r\n\t2";
        let all: Vec<_> = lines(bytes).collect();
        assert_eq!(all.len(), 2);
        assert_eq!(all[0].bytes.as_ref(), "SUMMARY:café x".as_bytes());
        assert_eq!((all[0].start, all[0].end, all[1].start, all[1].end), (0, 20, 22, 29));
        let qp = read("NOTE;QUOTED-PRINTABLE;CHARSET=ISO-8859-1:a=E9=\nb=0D=0Ac\nTEL:1");
        assert_eq!((qp[0].value.as_str(), qp[1].name.as_str()), ("aéb\r\nc", "TEL"));
    }

    #[test]
    fn parameters_and_groups() {
        let all = read(
            "item1.EMAIL;type=INTERNET;TYPE=\"a,b\",c;X=^n^^^'^x:a:b\nTEL;HOME;CELL:1\nbad line\n:x\nA;B=\"open:x",
        );
        assert_eq!(all.len(), 3);
        assert_eq!(
            (all[0].group.as_deref(), all[0].name.as_str(), all[0].value.as_str()),
            (Some("item1"), "EMAIL", "a:b")
        );
        assert_eq!(all[0].params[0].1, ["INTERNET", "a,b", "c"]);
        assert_eq!(all[0].param("X"), Some("\n^\"^x"));
        assert_eq!(all[1].params[0].1, ["HOME", "CELL"]);
        assert_eq!(all[2].value, "x");
        let mut json = String::new();
        all[1].push_json(&mut json);
        assert_eq!(json, r#"{"value":"1","params":{"TYPE":["HOME","CELL"]}}"#);
    }

    #[test]
    fn inline_bytes() {
        for text in ["PHOTO;ENCODING=b;TYPE=JPEG:YW\n Jj", "PHOTO;BASE64:YW Jj=", "PHOTO:data:image/png;base64,YWJj"] {
            let all = read(text);
            assert_eq!(all[0].binary.as_deref(), Some(&b"abc"[..]), "{text}");
        }
    }

    #[test]
    fn texts_and_components() {
        assert_eq!(unescape(r"a\, b\; c\nd\\n \x \"), "a, b; c\nd\\n \\x \\");
        assert_eq!(components(r"a;b\;c;;d\\;e", ';'), ["a", "b;c", "", "d\\", "e"]);
        assert_eq!(coordinates("geo:48.1,-11.5;u=10"), Some((48.1, -11.5)));
        assert_eq!(coordinates("48.1;11.5"), Some((48.1, 11.5)));
        assert_eq!(coordinates("here"), None);
    }

    #[test]
    fn stamps() {
        for (text, instant, basis, precision) in [
            ("20240229T235959Z", Some(1_709_251_199_000_000), ZoneBasis::Offset, Precision::Second),
            ("2024-02-29T23:59:59Z", Some(1_709_251_199_000_000), ZoneBasis::Offset, Precision::Second),
            ("2024-03-01T01:59:59.123+02:00", Some(1_709_251_199_000_000), ZoneBasis::Offset, Precision::Second),
            ("20240229T2359", None, ZoneBasis::AccountLocal, Precision::Minute),
            ("20240229", None, ZoneBasis::AccountLocal, Precision::Day),
            ("20240230", None, ZoneBasis::Ambiguous, Precision::Second),
            ("--0412", None, ZoneBasis::Ambiguous, Precision::Second),
            ("20240229T", None, ZoneBasis::Ambiguous, Precision::Second),
            ("20240229T240000Z", None, ZoneBasis::Ambiguous, Precision::Second),
            ("", None, ZoneBasis::Ambiguous, Precision::Second),
        ] {
            let read = moment(MomentRole::Start, text);
            assert_eq!((read.instant, read.basis, read.precision), (instant, basis, precision), "{text}");
        }
    }
}
