//! Text as Meta's JSON exports write it: each byte of the UTF-8 form escaped as if it were a character
//! (`\u00c3\u00a9` for `é`), in keys as well as in values, and not in every export.

use super::json::as_text;
use std::borrow::Cow;

/// Returns the text whose UTF-8 bytes stand in `text` as characters of Latin-1, or none.
///
/// It is strict: the whole string must be of such characters and be valid UTF-8 as bytes, so that what was
/// written rightly stays. A string that could be both (`Ã©` meant as such) is taken for what exports hold.
pub fn repair(text: &str) -> Option<String> {
    if text.is_ascii() {
        return None;
    }
    let mut bytes = Vec::with_capacity(text.len());
    for c in text.chars() {
        bytes.push(u8::try_from(u32::from(c)).ok()?);
    }
    String::from_utf8(bytes).ok()
}

/// Returns a text as it was meant.
pub fn meant(text: Cow<'_, str>) -> Cow<'_, str> {
    repair(&text).map_or(text, Cow::Owned)
}

/// Returns the text of a JSON string as it was meant.
pub fn text(raw: &str) -> Option<Cow<'_, str>> {
    as_text(raw).map(meant)
}

/// Returns JSON in which every string, keys included, stands as it was meant; the rest stays as it is written.
///
/// `raw` is valid JSON, as a parser hands it out.
pub fn json(raw: &str) -> Cow<'_, str> {
    // Without escaped or plain characters of Latin-1 there is nothing to repair.
    if raw.is_ascii() && memchr::memmem::find(raw.as_bytes(), b"\\u00").is_none() {
        return Cow::Borrowed(raw);
    }
    let bytes = raw.as_bytes();
    let mut out = String::new();
    let (mut kept, mut at) = (0, 0);
    while let Some(skip) = bytes.get(at..).and_then(|rest| memchr::memchr(b'"', rest)) {
        let start = at + skip;
        let Some(end) = string_end(bytes, start) else { break };
        at = end;
        let Some(string) = raw.get(start..end) else { break };
        if let Some(meant) = as_text(string).and_then(|text| repair(&text)) {
            out.push_str(raw.get(kept..start).unwrap_or_default());
            out.push_str(&serde_json::Value::String(meant).to_string());
            kept = end;
        }
    }
    if kept == 0 {
        return Cow::Borrowed(raw);
    }
    out.push_str(raw.get(kept..).unwrap_or_default());
    Cow::Owned(out)
}

/// Returns where the JSON string ends that starts at `start`, its quotes included.
fn string_end(bytes: &[u8], start: usize) -> Option<usize> {
    let mut at = start + 1;
    loop {
        at += memchr::memchr2(b'"', b'\\', bytes.get(at..)?)? + 1;
        if bytes.get(at - 1) == Some(&b'"') {
            return Some(at);
        }
        at += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_round_trips_is_repaired() {
        for (written, meant) in [
            ("Nov\u{c3}\u{a1}k", Some("Novák")),
            ("\u{f0}\u{9f}\u{98}\u{80}", Some("😀")),
            ("\u{e5}\u{86}\u{99}\u{e7}\u{9c}\u{9f} a", Some("写真 a")),
            ("plain", None),
            ("", None),
            ("Novák", None),
            ("写真", None),
            ("\u{c3}\u{a1} 写", None),
            ("\u{c3}", None),
            // An overlong form and a surrogate are not UTF-8.
            ("\u{c0}\u{af}", None),
            ("\u{ed}\u{a0}\u{80}", None),
        ] {
            assert_eq!(repair(written).as_deref(), meant, "{written:?}");
        }
    }

    #[test]
    fn every_string_of_json_is_repaired_by_itself() {
        let raw = r#"{"\u00c3\u00a9":["\u00e2\u009d\u00a4","\u00e9","a\"\u00c3\u00a1\\"],"n":1.50, "x":{"y":"写"}}"#;
        let meant = json(raw);
        assert_eq!(meant, r#"{"é":["❤","\u00e9","a\"á\\"],"n":1.50, "x":{"y":"写"}}"#);
        serde_json::from_str::<serde_json::Value>(&meant).expect("still JSON");
        assert!(matches!(json(r#"{"a":"b\n"}"#), Cow::Borrowed(_)));
        assert!(matches!(json("\"é\""), Cow::Borrowed(_)));
        assert_eq!(json("\"a\\\"\u{c3}\u{a9}"), "\"a\\\"\u{c3}\u{a9}", "a string that never ends stays");
    }
}
