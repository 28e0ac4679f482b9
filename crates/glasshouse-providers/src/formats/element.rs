//! What readers of JSON do with a frame before they look at its members.

use super::json::as_text;
use super::members::Raw;
use crate::{Frame, Opened, Sink};
use glasshouse_model::{Fields, Locator, Ref};
use std::borrow::Cow;

/// Returns the text of a frame; bytes that are not UTF-8 are replaced, with a warning.
pub fn text<'a>(frame: &Frame<'a>, at: &Ref, out: &mut Sink) -> Cow<'a, str> {
    match std::str::from_utf8(frame.bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => {
            out.warn(at.clone(), "text.utf8", "Some bytes are not UTF-8; they are shown as U+FFFD.");
            String::from_utf8_lossy(frame.bytes)
        }
    }
}

/// Returns the place of a frame as the element of an array or as a member.
pub fn place(opened: &Opened<'_>, frame: &Frame<'_>) -> Ref {
    let key = frame.name;
    let pointer = if frame.element {
        let mut pointer = String::with_capacity(key.len() + 12);
        if !key.is_empty() {
            pointer.push('/');
            pointer.push_str(key);
        }
        pointer.push('/');
        push_number(&mut pointer, frame.index);
        pointer
    } else {
        format!("/{}", key.replace('~', "~0").replace('/', "~1"))
    };
    opened.at(Locator::json(pointer, frame.offset, frame.bytes.len() as u64))
}

/// Adds a number: the machinery of `format!` costs as much as all else of a short element's place.
fn push_number(out: &mut String, number: u64) {
    let mut digits = [0; 20];
    let (mut rest, mut count) = (number, 0);
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + (rest % 10) as u8;
        (rest, count) = (rest / 10, count + 1);
        if rest == 0 {
            break;
        }
    }
    out.extend(digits.iter().skip(digits.len() - count).map(|digit| char::from(*digit)));
}

/// Returns the place of a value inside an element: `raw` is a slice of `text`, the element's own text.
pub fn inner_place(opened: &Opened<'_>, frame: &Frame<'_>, text: &str, raw: &str, pointer: &str) -> Ref {
    let whole = place(opened, frame);
    let start = (raw.as_ptr() as usize).checked_sub(text.as_ptr() as usize);
    // Replaced bytes shift what follows; then the element as a whole is the place.
    let Some(start) = start.filter(|s| s + raw.len() <= text.len() && text.len() == frame.bytes.len()) else {
        return whole;
    };
    let pointer = format!("{}{pointer}", whole.locator.detail);
    opened.at(Locator::json(pointer, frame.offset + start as u64, raw.len() as u64))
}

/// Says that a frame is not the JSON object that was expected.
pub fn not_an_object(frame: &Frame<'_>, at: Ref, out: &mut Sink) {
    if frame.truncated {
        out.warn(at, "json.truncated", "The element is cut off; it was not read.");
    } else {
        out.warn(at, "json.syntax", "The element is not a valid JSON object; it was not read.");
    }
}

/// Says that a member of the document itself is not read, and counts it if it is not known.
pub fn unread_member(opened: &Opened<'_>, frame: &Frame<'_>, format: &'static str, out: &mut Sink) {
    out.drift(format, frame.name);
    out.warn(place(opened, frame), "json.member", "A member of the document that is not known; it was not read.");
}

/// Adds a member's JSON under its own name.
///
/// What Rust's JSON reader would refuse later (lone surrogates, numbers beyond a double, endless nesting) is
/// added as a text that holds the JSON, so that nothing is lost and the fields stay readable.
pub fn keep<'a>(fields: &mut Fields, key: &str, raw: impl Into<Raw<'a>>) {
    let known = raw.into();
    let raw = known.get();
    if known.is_readable() && !known.has_lines() {
        fields.raw(key, raw);
        return;
    }
    // A record is one line wherever it is written out, so line breaks between tokens go; inside strings JSON
    // allows none.
    let compacted;
    let raw = if known.has_lines() && memchr::memchr2(b'\n', b'\r', raw.as_bytes()).is_some() {
        compacted = compact(raw);
        compacted.as_str()
    } else {
        raw
    };
    if known.is_readable() || plain(raw.as_bytes()) || serde_json::from_str::<serde_json::Value>(raw).is_ok() {
        fields.raw(key, raw);
    } else if let Some(text) = as_text(raw) {
        fields.text(key, &text);
    } else {
        fields.text(key, raw);
    }
}

/// Adds bytes that a framer found and no parser has seen: as JSON if they are, as text if not.
pub fn keep_found(fields: &mut Fields, key: &str, bytes: &[u8]) {
    match serde_json::from_slice::<&serde_json::value::RawValue>(bytes) {
        Ok(raw) => keep(fields, key, raw.get()),
        Err(_) => {
            fields.text(key, &String::from_utf8_lossy(bytes));
        }
    }
}

/// Returns JSON without blanks between its tokens.
fn compact(raw: &str) -> String {
    let mut out = String::with_capacity(raw.len());
    let bytes = raw.as_bytes();
    let (mut start, mut at) = (0, 0);
    while let Some(byte) = bytes.get(at) {
        at += 1;
        if *byte == b'"' {
            // A string without an end goes on to the end of the text.
            loop {
                let found = bytes.get(at..).and_then(|rest| memchr::memchr2(b'"', b'\\', rest));
                at = found.map_or(bytes.len(), |found| at + found + 1);
                if found.is_none() || bytes.get(at - 1) == Some(&b'"') {
                    break;
                }
                at = (at + 1).min(bytes.len());
            }
        } else if byte.is_ascii_whitespace() {
            out.push_str(raw.get(start..at - 1).unwrap_or_default());
            // Blanks come in runs: the indentation of a line.
            at += bytes.get(at..).map_or(0, |rest| rest.iter().take_while(|b| b.is_ascii_whitespace()).count());
            start = at;
        }
    }
    out.push_str(raw.get(start..).unwrap_or_default());
    out
}

/// Says whether JSON that was scanned once is certain to be readable: no escapes of code points, no exponents,
/// no long numbers, little nesting.
fn plain(raw: &[u8]) -> bool {
    let (mut depth, mut digits, mut i) = (0u32, 0u32, 0usize);
    while let Some(byte) = raw.get(i) {
        match byte {
            b'"' => {
                i += 1;
                loop {
                    let Some(skip) = raw.get(i..).and_then(|rest| memchr::memchr2(b'"', b'\\', rest)) else {
                        return false;
                    };
                    i += skip + 1;
                    if raw.get(i - 1) == Some(&b'"') {
                        break;
                    }
                    if raw.get(i) == Some(&b'u') {
                        return false;
                    }
                    i += 1;
                }
                digits = 0;
                continue;
            }
            b'[' | b'{' => {
                depth += 1;
                if depth > 64 {
                    return false;
                }
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            b'0'..=b'9' => {
                digits += 1;
                if digits > 200 {
                    return false;
                }
            }
            // In `true`, `false` and exponents alike; those of numbers follow a digit.
            b'e' | b'E' if digits > 0 => return false,
            b'.' => {}
            _ => digits = 0,
        }
        i += 1;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_they_are() {
        for number in [0, 7, 10, 99, 1_000_000, u64::MAX] {
            let mut text = String::from("/");
            push_number(&mut text, number);
            assert_eq!(text, format!("/{number}"));
        }
    }

    #[test]
    fn what_was_found_is_readable_whatever_it_is() {
        for bytes in [&b"\"a\nb\""[..], b"1-2", b"{\"a\":", b"\"\xff\"", b"[1]", b""] {
            let mut fields = Fields::new();
            keep_found(&mut fields, "k", bytes);
            assert!(serde_json::from_str::<serde_json::Value>(&fields.to_json()).is_ok(), "{bytes:?}");
        }
    }

    #[test]
    fn what_is_kept_is_always_readable() {
        let deep = format!("{}{}", "[".repeat(500), "]".repeat(500));
        let long = "9".repeat(500);
        for raw in ["1", "\"a\"", "\"\\ud800\"", "1e999", "{\"a\":[true,1.5e3,\"\\u0041\"]}", &deep, &long, "null"] {
            let mut fields = Fields::new();
            keep(&mut fields, "k", raw);
            let json = fields.to_json();
            assert!(serde_json::from_str::<serde_json::Value>(&json).is_ok(), "{json}");
        }
        for (raw, expected) in
            [("[ 1 ,\n\t \"a \\\" b\" ]", "[1,\"a \\\" b\"]"), ("\"a b", "\"a b"), ("\" \\", "\" \\"), (" ", "")]
        {
            assert_eq!(compact(raw), expected, "{raw}");
        }
        let mut fields = Fields::new();
        keep(&mut fields, "k", "[1.10, true]");
        assert_eq!(fields.to_json(), "{\"k\":[1.10, true]}");
        let mut fields = Fields::new();
        keep(&mut fields, "k", "[1.10,\r\n {\"a b\\\" c\": \"x y\"}\n]");
        assert_eq!(fields.to_json(), "{\"k\":[1.10,{\"a b\\\" c\":\"x y\"}]}");
    }
}
