//! JSON that Huawei writes wrongly: objects with bare numbers as keys, and line breaks inside texts.

/// Stands for a line break inside a text, which JSON forbids; the length of the text stays.
pub(super) const BREAK: char = '\u{7f}';

/// JSON made readable without moving a byte.
pub(super) struct Repaired {
    pub text: String,
    /// What was taken out, by its place: an object with bare keys became `null`.
    pub taken: Vec<(usize, String)>,
}

/// Replaces objects with bare keys by `null` and blanks, and control characters in texts by one that is allowed.
pub(super) fn repair(text: &str) -> Repaired {
    // An export has one or two such objects an activity.
    const MOST_TAKEN: usize = 10_000;
    let mut bytes = text.as_bytes().to_vec();
    let mut taken = Vec::new();
    let (mut in_string, mut escaped, mut i) = (false, false, 0);
    // The next closing bracket: looked for once, however many open before it.
    let mut close = 0usize;
    while let Some(byte) = bytes.get(i).copied() {
        if in_string {
            if byte < 0x20 {
                set(&mut bytes, i, BREAK as u8);
            }
            in_string = escaped || byte != b'"';
            escaped = byte == b'\\' && !escaped;
        } else if byte == b'"' {
            in_string = true;
        } else if byte == b'{' && taken.len() < MOST_TAKEN && is_bare(bytes.get(i + 1..).unwrap_or_default()) {
            if close <= i {
                let found = memchr::memchr(b'}', bytes.get(i..).unwrap_or_default());
                close = found.map_or(usize::MAX, |at| i + at);
            }
            let length = close.saturating_sub(i).saturating_add(1);
            // Too short to become `null`, or without an end.
            if length < 4 || close == usize::MAX {
                i += 1;
                continue;
            }
            if let Some(original) = text.get(i..i + length) {
                taken.push((i, original.to_owned()));
                for (offset, with) in b"null".iter().copied().chain(std::iter::repeat(b' ')).take(length).enumerate() {
                    set(&mut bytes, i + offset, with);
                }
            }
            i += length;
            continue;
        }
        i += 1;
    }
    // Only whole characters were replaced, by others of one byte.
    Repaired { text: String::from_utf8_lossy(&bytes).into_owned(), taken }
}

fn set(bytes: &mut [u8], at: usize, with: u8) {
    if let Some(slot) = bytes.get_mut(at) {
        *slot = with;
    }
}

/// Says whether an object begins with a number where a key should be.
fn is_bare(rest: &[u8]) -> bool {
    let first = rest.iter().take(100).find(|b| !b.is_ascii_whitespace());
    first.is_some_and(|b| b.is_ascii_digit() || *b == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_stay_where_they_are() {
        let text = "{\"partTimeMap\":{1.0:335.0, 2.0:600},\"a\":\"x\ny{1:2}\",\"é\":{\"1\":2}}";
        let repaired = repair(text);
        assert_eq!(repaired.text.len(), text.len());
        assert_eq!(repaired.taken, [(15, "{1.0:335.0, 2.0:600}".to_owned())]);
        let value: serde_json::Value = serde_json::from_str(&repaired.text).expect("valid JSON");
        assert_eq!((&value["partTimeMap"], value["a"].as_str()), (&serde_json::Value::Null, Some("x\u{7f}y{1:2}")));
        assert_eq!(value["é"]["1"], 2);
    }

    #[test]
    fn what_does_not_end_is_left() {
        for text in ["{1", "{\"a\":{1:2", "{1}", "\"\\", ""] {
            assert_eq!(repair(text).text.len(), text.len());
        }
    }
}
