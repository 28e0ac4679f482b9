use encoding_rs::{Encoding, REPLACEMENT};
use std::borrow::Cow;

/// How a text came out of its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reading {
    /// As its charset was stated, or as UTF-8 where none was.
    Stated,
    /// In another charset than was stated, because the stated one is unknown or does not fit.
    Guessed(&'static str),
}

/// Decodes text of a stated charset; what is not decodable as stated is read in the likeliest other charset.
pub(crate) fn decode<'a>(bytes: &'a [u8], charset: Option<&str>) -> (Cow<'a, str>, Reading) {
    let label = charset.unwrap_or("").trim().trim_matches(['"', '\'']);
    let plain = label.is_empty() || matches_any(label, &["us-ascii", "ascii", "utf-8", "utf8"]);
    if plain {
        if let Ok(text) = std::str::from_utf8(bytes) {
            let text = text.strip_prefix('\u{feff}').unwrap_or(text);
            let ascii_only = matches_any(label, &["us-ascii", "ascii"]);
            let reading = if ascii_only && !text.is_ascii() { Reading::Guessed("utf-8") } else { Reading::Stated };
            return (Cow::Borrowed(text), reading);
        }
        return guess(bytes, label);
    }
    if let Some(encoding) = Encoding::for_label(label.as_bytes()).filter(|e| *e != REPLACEMENT) {
        let (text, _, wrong) = encoding.decode(bytes);
        return if wrong { guess(bytes, label) } else { (text, Reading::Stated) };
    }
    if bytes.is_ascii() && !label.to_ascii_lowercase().contains("utf-7") && !bytes.contains(&0x1b) {
        // Every other charset met in mail agrees with ASCII on these bytes.
        if let Ok(text) = std::str::from_utf8(bytes) {
            return (Cow::Borrowed(text), Reading::Stated);
        }
    }
    match mail_parser::decoders::charsets::map::charset_decoder(label.as_bytes()) {
        // The library reads ISO-2022-KR and HZ as one replacement character, which would lose the text.
        Some(decoder) if Encoding::for_label(label.as_bytes()).is_none() => {
            (Cow::Owned(decoder(bytes)), Reading::Stated)
        }
        _ => guess(bytes, label),
    }
}

/// Decodes bytes whose charset is unknown.
fn guess<'a>(bytes: &'a [u8], label: &str) -> (Cow<'a, str>, Reading) {
    if let Ok(text) = std::str::from_utf8(bytes) {
        return (Cow::Borrowed(text), Reading::Guessed("utf-8"));
    }
    let mut detector = chardetng::EncodingDetector::new(chardetng::Iso2022JpDetection::Allow);
    // The likeliest charset shows in the first kilobytes; damage further on must not decide.
    const ENOUGH: usize = 64 << 10;
    detector.feed(&bytes[..bytes.len().min(ENOUGH)], bytes.len() <= ENOUGH);
    let likely = detector.guess(None, chardetng::Utf8Detection::Deny);
    // Damaged UTF-8 is better read as UTF-8 than as the Western text that any bytes can be taken for.
    let stated = if label.is_empty() { None } else { Encoding::for_label(label.as_bytes()) };
    let stated = stated.filter(|e| *e != REPLACEMENT);
    let utf8 = String::from_utf8_lossy(bytes);
    let good = utf8.chars().filter(|c| !c.is_ascii() && *c != '\u{fffd}').count();
    let bad = utf8.chars().filter(|c| *c == '\u{fffd}').count();
    if good > bad * 4 {
        return (utf8, Reading::Guessed("utf-8"));
    }
    let (text, _, wrong) = likely.decode(bytes);
    if wrong && let Some(stated) = stated {
        return (stated.decode(bytes).0, Reading::Guessed(stated.name()));
    }
    (text, Reading::Guessed(likely.name()))
}

fn matches_any(label: &str, names: &[&str]) -> bool {
    names.iter().any(|name| label.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stated_charsets_are_followed() {
        for (bytes, charset, text) in [
            (&b"caf\xc3\xa9"[..], Some("UTF-8"), "café"),
            (b"caf\xe9", Some("\"iso-8859-1\""), "café"),
            (b"\x935\x94 \x80", Some("windows-1252"), "\u{201c}5\u{201d} €"),
            (b"\xf0\xd2\xc9\xd7\xc5\xd4", Some("KOI8-R"), "Привет"),
            (b"\x1b$B%O\x1b(B", Some("iso-2022-jp"), "ハ"),
            (b"+ZYeB9A-", Some("utf-7"), "文致"),
            (b"\xff\xfea\0b\0", Some("utf-16"), "ab"),
            (b"plain", Some("x-unknown"), "plain"),
            (b"\xef\xbb\xbfbom", None, "bom"),
        ] {
            assert_eq!(decode(bytes, charset), (text.into(), Reading::Stated), "{charset:?}");
        }
    }

    #[test]
    fn wrong_charsets_are_guessed_and_said() {
        for (bytes, charset, text) in [
            (&b"Gr\xfc\xdfe aus K\xf6ln, sch\xf6ne Zeit"[..], None, "Grüße aus Köln, schöne Zeit"),
            (b"Gr\xfc\xdfe aus K\xf6ln, sch\xf6ne Zeit", Some("utf-8"), "Grüße aus Köln, schöne Zeit"),
            (b"caf\xc3\xa9", Some("us-ascii"), "café"),
            (b"caf\xc3\xa9", Some("x-nobody-knows"), "café"),
        ] {
            let (found, reading) = decode(bytes, charset);
            assert_eq!(found, text);
            assert!(matches!(reading, Reading::Guessed(_)), "{charset:?}");
        }
    }
}
