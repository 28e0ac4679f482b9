//! Where a value of JSON ends, by its brackets and quotes alone: the one loop that sees every byte of a document.

use memchr::memchr2;

/// A value in progress, of which the first byte was seen.
///
/// It holds a depth and no stack, so that no nesting can exhaust anything; whether the value is valid JSON is for
/// the parser to say.
#[derive(Clone, Copy, Debug, Default)]
struct Value {
    depth: u64,
    in_string: bool,
    escaped: bool,
    scalar: bool,
}

/// What the bytes that matter outside of strings do.
const QUOTE: u8 = 1;
const OPEN: u8 = 2;
const CLOSE: u8 = 3;

/// What each byte does outside of a string; nought is nothing.
static ROLES: [u8; 256] = {
    let mut roles = [0; 256];
    roles[b'"' as usize] = QUOTE;
    roles[b'{' as usize] = OPEN;
    roles[b'[' as usize] = OPEN;
    roles[b'}' as usize] = CLOSE;
    roles[b']' as usize] = CLOSE;
    roles
};

fn role(byte: u8) -> u8 {
    ROLES.get(usize::from(byte)).copied().unwrap_or_default()
}

impl Value {
    /// Begins a value with its first byte.
    fn begin(byte: u8) -> Self {
        let opens = matches!(byte, b'{' | b'[');
        Value { depth: u64::from(opens), in_string: byte == b'"', escaped: false, scalar: !opens && byte != b'"' }
    }

    /// Looks at the bytes that follow, and returns how many of them belong to the value if it ends there.
    fn scan(&mut self, bytes: &[u8]) -> Option<usize> {
        if self.scalar {
            return bytes.iter().position(|b| matches!(b, b',' | b'}' | b']' | b' ' | b'\t' | b'\r' | b'\n'));
        }
        let mut at = 0;
        loop {
            if self.in_string {
                at += string_end(bytes.get(at..)?, &mut self.escaped)?;
                self.in_string = false;
                if self.depth == 0 {
                    return Some(at);
                }
            }
            let rest = bytes.get(at..)?;
            let found = rest.iter().position(|byte| role(*byte) != 0)?;
            at += found + 1;
            match rest.get(found).map_or(0, |byte| role(*byte)) {
                QUOTE => self.in_string = true,
                OPEN => self.depth += 1,
                _ => {
                    self.depth = self.depth.saturating_sub(1);
                    if self.depth == 0 {
                        return Some(at);
                    }
                }
            }
        }
    }
}

/// Keys are shorter, quotes included.
const LONGEST_KEY: u64 = 1 << 16;

/// Where a framer is in a document, and the key or value that it is in.
#[derive(Debug, Default)]
pub(super) struct Cursor {
    /// Next byte to look at.
    pub(super) at: u64,
    /// First byte of the key or value in progress.
    pub(super) start: u64,
    value: Value,
    /// A backslash came last in the key in progress.
    escaped: bool,
}

/// What became of a key when the bytes that are there were looked at.
pub(super) enum Key {
    Whole(String),
    GoesOn,
    TooLong,
}

impl Cursor {
    /// Begins the key whose opening quote is the next byte.
    pub(super) fn begin_key(&mut self) {
        (self.start, self.escaped) = (self.at, false);
        self.at += 1;
    }

    /// Begins the value whose first byte is the next one.
    pub(super) fn begin_value(&mut self, byte: u8) {
        self.start = self.at;
        self.value = Value::begin(byte);
        self.at += 1;
    }

    /// Moves behind the value in progress, or to the end of the window; returns whether the value ended.
    pub(super) fn end_value(&mut self, window: &[u8], base: u64) -> bool {
        let rest = window.get((self.at - base) as usize..).unwrap_or_default();
        let length = self.value.scan(rest);
        self.at += length.unwrap_or(rest.len()) as u64;
        length.is_some()
    }

    /// Moves behind the key in progress, or to the end of the window.
    pub(super) fn end_key(&mut self, window: &[u8], base: u64) -> Key {
        let rest = window.get((self.at - base) as usize..).unwrap_or_default();
        let Some(length) = string_end(rest, &mut self.escaped) else {
            self.at = base + window.len() as u64;
            return if self.at - self.start > LONGEST_KEY { Key::TooLong } else { Key::GoesOn };
        };
        self.at += length as u64;
        Key::Whole(key(window.get((self.start - base) as usize..(self.at - base) as usize).unwrap_or_default()))
    }
}

/// Returns a key by its bytes, quotes included; one that is no valid text stands as it is.
fn key(raw: &[u8]) -> String {
    serde_json::from_slice(raw).unwrap_or_else(|_| {
        let inner = raw.get(1..raw.len().saturating_sub(1)).unwrap_or_default();
        String::from_utf8_lossy(inner).into_owned()
    })
}

/// Returns how many bytes there are up to the quote that ends a string, that quote included; `escaped` says that a
/// backslash came last.
fn string_end(bytes: &[u8], escaped: &mut bool) -> Option<usize> {
    let mut at = 0;
    loop {
        if *escaped {
            bytes.get(at)?;
            *escaped = false;
            at += 1;
        }
        let found = quote_or_backslash(bytes.get(at..)?)?;
        at += found + 1;
        *escaped = bytes.get(at - 1) == Some(&b'\\');
        if !*escaped {
            return Some(at);
        }
    }
}

/// Returns where the first quote or backslash is.
///
/// Most strings are shorter than a call of the vectorised search is worth: the first bytes are looked at eight at once.
fn quote_or_backslash(bytes: &[u8]) -> Option<usize> {
    const SHORT: usize = 64;
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGHS: u64 = 0x8080_8080_8080_8080;
    // The lowest bit that is set in it is the high bit of the first such byte.
    let has = |word: u64, byte: u8| {
        let differs = word ^ (ONES * u64::from(byte));
        differs.wrapping_sub(ONES) & !differs & HIGHS
    };
    let (short, long) = bytes.split_at(bytes.len().min(SHORT));
    let (words, rest) = short.as_chunks::<8>();
    for (i, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        let found = has(word, b'"') | has(word, b'\\');
        if found != 0 {
            return Some(i * 8 + (found.trailing_zeros() / 8) as usize);
        }
    }
    let ends = |byte: &u8| matches!(byte, b'"' | b'\\');
    match rest.iter().position(ends) {
        Some(found) => Some(words.len() * 8 + found),
        None => memchr2(b'"', b'\\', long).map(|found| SHORT + found),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns how many bytes of a document its first value has, read in steps of one size.
    fn length(document: &[u8], step: usize) -> Option<usize> {
        let mut value = Value::begin(*document.first()?);
        let mut at = 1;
        for window in document.get(1..)?.chunks(step) {
            match value.scan(window) {
                Some(end) => return Some(at + end),
                None => at += window.len(),
            }
        }
        None
    }

    #[test]
    fn values_end_where_they_end_however_they_arrive() {
        let long = format!("{{\"{}\\\"{}\":[1,{{\"}}\":\"]\\\\\"}}]}}, 2", "k".repeat(63), "v".repeat(500));
        for (document, expected) in [
            (&b"{\"a\":[1,{\"}\":\"\\\"]\"}]}, 2"[..], Some(21)),
            (b"\"a\\\\\",", Some(5)),
            (b"\"a\\\",\"", Some(6)),
            (b"12.5 ,", Some(4)),
            (b"true}", Some(4)),
            (b"[[],[]]", Some(7)),
            (b"[\"open", None),
            (b"\"open\\", None),
            (b"12", None),
            (long.as_bytes(), Some(long.len() - 3)),
        ] {
            for step in [1, 2, 3, 7, 8, 9, 64, 1000] {
                assert_eq!(length(document, step), expected, "{} by {step}", String::from_utf8_lossy(document));
            }
        }
    }

    #[test]
    fn quotes_are_found_wherever_they_are() {
        for at in 0..200 {
            for byte in [b'"', b'\\'] {
                // Bytes that differ from the two in one bit, before and behind.
                let mut text: Vec<u8> = [b'#', b']', 0xa2, 0xdc, b'!'].into_iter().cycle().take(220).collect();
                text[at] = byte;
                assert_eq!(quote_or_backslash(&text), Some(at));
                assert_eq!(quote_or_backslash(&text[..at]), None);
            }
        }
    }
}
