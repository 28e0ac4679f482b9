//! The members of a JSON object found in one pass, where it is written as nearly all are.
//!
//! It vouches for what it returns and for nothing else: an object that it does not know how to read is for a reader
//! that knows all of JSON. It needs no stack, so that no nesting can exhaust anything.

use glasshouse_model::first_escaped;
use std::borrow::Cow;

/// Values that lie deeper in themselves are left to others.
const DEEPEST: u32 = 64;
/// Numbers with as many digits may be more than a double holds.
const MOST_DIGITS: usize = 200;

/// JSON that was found valid, and what is known of it beyond that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Raw<'a> {
    text: &'a str,
    readable: bool,
    lines: bool,
}

impl<'a> Raw<'a> {
    /// Returns the JSON as it is written.
    pub fn get(self) -> &'a str {
        self.text
    }

    /// Says whether any reader of JSON is certain to read it; where not, it may be all the same.
    pub fn is_readable(self) -> bool {
        self.readable
    }

    /// Says whether it may be written on more than one line.
    pub fn has_lines(self) -> bool {
        self.lines
    }
}

/// JSON of which no more is known than a look at a short scalar tells.
impl<'a, T: AsRef<str> + ?Sized> From<&'a T> for Raw<'a> {
    fn from(text: &'a T) -> Self {
        let text = text.as_ref();
        let readable = match text.as_bytes() {
            [b'"', inner @ .., b'"'] => memchr::memchr(b'\\', inner).is_none(),
            other => other.len() < 20 && other.iter().all(|b| matches!(b, b'0'..=b'9' | b'-' | b'.')),
        };
        Raw { text, readable, lines: !readable }
    }
}

/// Returns the members of an object in the order written, if it is one of the common kind.
pub(super) fn of(text: &str) -> Option<Vec<(Cow<'_, str>, Raw<'_>)>> {
    let mut scan = Scan { text, bytes: text.as_bytes(), at: 0, readable: true, lines: false };
    let mut members = Vec::with_capacity(16);
    scan.blanks();
    scan.take(b'{')?;
    scan.blanks();
    if scan.peek()? == b'}' {
        scan.at += 1;
    } else {
        loop {
            let key = scan.key()?;
            (scan.readable, scan.lines) = (true, false);
            let start = scan.at;
            scan.value()?;
            let text = text.get(start..scan.at)?;
            members.push((Cow::Borrowed(key), Raw { text, readable: scan.readable, lines: scan.lines }));
            scan.blanks();
            match scan.next()? {
                b',' => scan.blanks(),
                b'}' => break,
                _ => return None,
            }
        }
    }
    scan.blanks();
    (scan.at == text.len()).then_some(members)
}

struct Scan<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    /// What was passed since the two were set last.
    readable: bool,
    lines: bool,
}

impl<'a> Scan<'a> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn next(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at += 1;
        Some(byte)
    }

    fn take(&mut self, byte: u8) -> Option<()> {
        (self.next()? == byte).then_some(())
    }

    fn blanks(&mut self) {
        while let Some(byte) = self.peek() {
            match byte {
                b' ' | b'\t' => {}
                b'\n' | b'\r' => self.lines = true,
                _ => return,
            }
            self.at += 1;
        }
    }

    /// Passes a key without escapes and the colon behind it.
    fn key(&mut self) -> Option<&'a str> {
        self.take(b'"')?;
        let start = self.at;
        self.at += first_escaped(self.bytes.get(start..)?)?;
        let key = self.text.get(start..self.at)?;
        self.take(b'"')?;
        self.blanks();
        self.take(b':')?;
        self.blanks();
        Some(key)
    }

    /// Passes a value. Of each bracket that is open a bit says whether it is that of an object.
    fn value(&mut self) -> Option<()> {
        let (mut objects, mut depth) = (0u64, 0);
        loop {
            match self.peek()? {
                b'"' => self.string()?,
                open @ (b'{' | b'[') => {
                    if depth == DEEPEST {
                        return None;
                    }
                    let object = open == b'{';
                    (objects, depth) = (objects << 1 | u64::from(object), depth + 1);
                    self.at += 1;
                    self.blanks();
                    let close = if object { b'}' } else { b']' };
                    if self.peek()? != close {
                        if object {
                            self.inner_key()?;
                        }
                        continue;
                    }
                    self.at += 1;
                    (objects, depth) = (objects >> 1, depth - 1);
                }
                _ => self.scalar()?,
            }
            loop {
                if depth == 0 {
                    return Some(());
                }
                self.blanks();
                match (self.next()?, objects & 1 == 1) {
                    (b',', object) => {
                        self.blanks();
                        if object {
                            self.inner_key()?;
                        }
                        break;
                    }
                    (b'}', true) | (b']', false) => (objects, depth) = (objects >> 1, depth - 1),
                    _ => return None,
                }
            }
        }
    }

    fn inner_key(&mut self) -> Option<()> {
        if self.peek()? != b'"' {
            return None;
        }
        self.string()?;
        self.blanks();
        self.take(b':')?;
        self.blanks();
        Some(())
    }

    /// Passes a string, of which the opening quote is the next byte.
    fn string(&mut self) -> Option<()> {
        self.at += 1;
        loop {
            self.at += first_escaped(self.bytes.get(self.at..)?)?;
            match self.next()? {
                b'"' => return Some(()),
                b'\\' => match self.next()? {
                    b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => {}
                    b'u' => {
                        let digits = self.bytes.get(self.at..self.at + 4)?;
                        if !digits.iter().all(u8::is_ascii_hexdigit) {
                            return None;
                        }
                        // It may be half of a pair.
                        self.readable = false;
                        self.at += 4;
                    }
                    _ => return None,
                },
                _ => return None,
            }
        }
    }

    fn scalar(&mut self) -> Option<()> {
        let rest = self.bytes.get(self.at..)?;
        for word in [&b"true"[..], b"false", b"null"] {
            if rest.starts_with(word) {
                self.at += word.len();
                return Some(());
            }
        }
        let start = self.at;
        if self.peek()? == b'-' {
            self.at += 1;
        }
        match self.peek()? {
            b'0' => self.at += 1,
            b'1'..=b'9' => self.digits()?,
            _ => return None,
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.readable = false;
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits()?;
        }
        self.readable &= self.at - start <= MOST_DIGITS;
        Some(())
    }

    /// Passes one digit or more.
    fn digits(&mut self) -> Option<()> {
        let rest = self.bytes.get(self.at..)?;
        let count = rest.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(rest.len());
        self.at += count;
        (count > 0).then_some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::value::RawValue;
    use std::collections::HashMap;

    const DOCUMENTS: &[&str] = &[
        r#" { "a" : 1 , "b":"x\"\\\/\b\f\n\r\t", "c":[ { "d" : [ ] , "e":{ } }, -0.5, true,false , null ],"f":{"g":"h"}} "#,
        "{}",
        "{\"k\":\n[1,\r\n2]}\n",
        r#"{"time":"2013-01-01T00:00:00.078Z","n":-12,"l":[["x"],[{"y":[0]}]],"u":"\u00e9\ud83d","e":1.5e-7}"#,
    ];

    /// Compares with the library; returns whether the object was read.
    fn agrees(text: &str) -> bool {
        let Some(found) = of(text) else { return false };
        let all: Result<HashMap<Cow<'_, str>, &RawValue>, _> = serde_json::from_str(text);
        let all = all.unwrap_or_else(|e| panic!("{e}: {text}"));
        for (key, raw) in &found {
            let last = found.iter().rev().find(|(k, _)| k == key).map(|(_, raw)| raw.get());
            assert_eq!(all.get(key).map(|raw| raw.get()), last, "{text}");
            assert_eq!(raw.has_lines(), raw.get().contains(['\n', '\r']), "{text}");
            if raw.is_readable() {
                assert!(serde_json::from_str::<serde_json::Value>(raw.get()).is_ok(), "{text}");
            }
        }
        assert!(all.keys().all(|key| found.iter().any(|(k, _)| k == key)), "{text}");
        true
    }

    #[test]
    fn members_are_those_that_the_library_finds() {
        for text in DOCUMENTS {
            assert!(agrees(text), "{text}");
        }
        let readable: Vec<bool> =
            of(DOCUMENTS[3]).expect("an object").iter().map(|(_, raw)| raw.is_readable()).collect();
        assert_eq!(readable, [true, true, true, false, false]);
    }

    #[test]
    fn whatever_is_damaged_is_not_vouched_for() {
        let mut read = 0;
        for text in DOCUMENTS {
            for at in 0..text.len() {
                // What is left out, cut off, or replaced by anything that has a meaning.
                let mut wrong = vec![format!("{}{}", &text[..at], &text[at + 1..]), text[..at].to_owned()];
                for other in "{}[]\",:\\0-.eE+u tn\n\u{1}\u{7f}x".chars() {
                    wrong.push(format!("{}{other}{}", &text[..at], &text[at + 1..]));
                    wrong.push(format!("{}{other}{}", &text[..at], &text[at..]));
                }
                read += wrong.iter().filter(|text| agrees(text)).count();
            }
        }
        assert!(read > 1000, "some of them are objects still: {read}");
        for text in
            ["", "[1]", "{\"a\":1", "{\"a\":1}x", "{\"a\":1,}", "{,}", "{\"a\":[1,]}", "{\"a\":{\"b\"}}", "{1:2}"]
        {
            assert_eq!(of(text), None, "{text}");
        }
    }

    #[test]
    fn what_lies_deep_or_is_long_is_left_to_others() {
        let nested = |depth: usize| format!("{{\"a\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
        assert!(agrees(&nested(64)));
        assert_eq!(of(&nested(65)), None);
        assert_eq!(of(&nested(100_000)), None);
        let long = format!("{{\"a\":{}}}", "9".repeat(500));
        assert!(of(&long).is_some_and(|members| members.iter().all(|(_, raw)| !raw.is_readable())));
    }
}
