use super::charset;
use base64::Engine;
use std::borrow::Cow;

/// Decodes the encoded words (RFC 2047) of an unfolded header value.
///
/// Neighbouring words of one charset are decoded together, since many senders cut a character in two.
pub fn decode_words(value: &str) -> Cow<'_, str> {
    rewrite(value, |out, text| out.push_str(text))
}

/// Rewrites every run of encoded words as UTF-8 words, so that a structured header can be taken apart afterwards.
pub(super) fn rewrite_words(value: &str) -> Cow<'_, str> {
    rewrite(value, |out, text| {
        out.push_str("=?utf-8?B?");
        base64::engine::general_purpose::STANDARD.encode_string(text, out);
        out.push_str("?=");
    })
}

/// One encoded word: `=?charset*language?encoding?data?=`.
struct Word<'a> {
    charset: &'a str,
    bytes: Vec<u8>,
    /// Bytes of the value that it takes.
    length: usize,
}

fn rewrite<'a>(value: &'a str, write: impl Fn(&mut String, &str)) -> Cow<'a, str> {
    if !value.contains("=?") {
        return Cow::Borrowed(value);
    }
    let mut out = String::with_capacity(value.len());
    let mut rest = value;
    // Past the last end of a word there is none: without this, many beginnings would each look for an end.
    let last_end = value.rfind("?=").unwrap_or(0);
    while let Some(start) = rest.find("=?").filter(|at| value.len() - rest.len() + at < last_end) {
        let Some(word) = word(&rest[start..]) else {
            out.push_str(&rest[..start + 2]);
            rest = &rest[start + 2..];
            continue;
        };
        out.push_str(&rest[..start]);
        rest = &rest[start + word.length..];
        let (mut charset, mut bytes) = (word.charset, word.bytes);
        let mut text = String::new();
        // White space between two encoded words is not part of the text.
        while let Some(next) = self::word(rest.trim_start()) {
            rest = &rest.trim_start()[next.length..];
            if next.charset.eq_ignore_ascii_case(charset) {
                bytes.extend_from_slice(&next.bytes);
            } else {
                text.push_str(&charset::decode(&bytes, Some(charset)).0);
                (charset, bytes) = (next.charset, next.bytes);
            }
        }
        text.push_str(&charset::decode(&bytes, Some(charset)).0);
        write(&mut out, &text);
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// Reads the encoded word that `text` begins with.
fn word(text: &str) -> Option<Word<'_>> {
    const LONGEST_CHARSET: usize = 64;
    let rest = text.strip_prefix("=?")?;
    let charset_end = rest.bytes().take(LONGEST_CHARSET).position(|b| b == b'?')?;
    let charset = rest[..charset_end].split('*').next().unwrap_or("");
    if charset.is_empty() || charset.bytes().any(|b| b.is_ascii_whitespace() || !b.is_ascii_graphic()) {
        return None;
    }
    let rest = &rest[charset_end + 1..];
    let encoding = rest.bytes().next()?;
    let rest = rest.get(1..)?.strip_prefix('?')?;
    // In a quoted-printable word `?=` may come early, where the first data byte is itself encoded (`?=3D`).
    let end = match encoding {
        b'Q' | b'q' => rest
            .match_indices("?=")
            .map(|(at, _)| at)
            .find(|at| *at > 0 || !is_hex_pair(rest.as_bytes().get(at + 2..at + 4)))?,
        b'B' | b'b' => rest.find("?=")?,
        _ => return None,
    };
    let data = &rest[..end];
    let quoted_word = matches!(encoding, b'Q' | b'q');
    // Raw bytes in a word were decoded with the header; they go back into the charset that the word names.
    let data = match encoding_rs::Encoding::for_label(charset.as_bytes()) {
        Some(stated) if quoted_word && !data.is_ascii() => stated.encode(data).0,
        _ => Cow::Borrowed(data.as_bytes()),
    };
    let bytes = if quoted_word { quoted(&data) } else { base64_lenient(&data) };
    Some(Word { charset, bytes, length: text.len() - rest.len() + end + 2 })
}

fn is_hex_pair(pair: Option<&[u8]>) -> bool {
    pair.is_some_and(|p| p.iter().all(u8::is_ascii_hexdigit))
}

fn quoted(data: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(data.len());
    let mut at = 0;
    while let Some(&byte) = data.get(at) {
        at += 1;
        match byte {
            b'_' => out.push(b' '),
            b'=' => match data.get(at..at + 2).and_then(hex_byte) {
                Some(decoded) => {
                    out.push(decoded);
                    at += 2;
                }
                None => out.push(b'='),
            },
            _ => out.push(byte),
        }
    }
    out
}

/// Returns the byte that two hexadecimal digits stand for.
pub(super) fn hex_byte(pair: &[u8]) -> Option<u8> {
    let digit = |b: u8| char::from(b).to_digit(16);
    Some((digit(*pair.first()?)? * 16 + digit(*pair.get(1)?)?) as u8)
}

/// Decodes base64, passing over whatever is not of its alphabet, padding in the middle included.
pub(crate) fn base64_lenient(data: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(data.len() / 4 * 3 + 3);
    let (mut bits, mut count) = (0u32, 0);
    for byte in data {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            b'=' => {
                // Padding ends a group; what follows is a new one.
                (bits, count) = (0, 0);
                continue;
            }
            _ => continue,
        };
        bits = bits << 6 | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            out.push((bits >> count) as u8);
            bits &= (1 << count) - 1;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_decoded() {
        for (value, text) in [
            ("plain", "plain"),
            ("=?UTF-8?Q?caf=C3=A9?=", "café"),
            ("=?utf-8?b?Y2Fmw6k=?= au lait", "café au lait"),
            ("Re: =?iso-8859-1*en?Q?Gr=FC=DFe?= =?iso-8859-1?Q?_aus?=", "Re: Grüße aus"),
            // A character cut in two, in both encodings.
            ("=?UTF-8?Q?caf=C3?= =?UTF-8?Q?=A9?=", "café"),
            ("=?UTF-8?B?Y2Fmww==?=\t=?utf-8?B?qQ==?=", "café"),
            ("=?UTF-8?Q?a?= b =?UTF-8?Q?c?=", "a b c"),
            ("=?utf-8?Q?a?==?koi8-r?B?8NI=?=", "aПр"),
            ("=?utf-8?Q?two words?=", "two words"),
            ("=?utf-8?Q?=3D?=", "="),
            ("=?utf-8?Q??=", ""),
            ("=?iso-8859-1?Q?Grü=DFe?=", "Grüße"),
            ("=?broken", "=?broken"),
            ("=?utf-8?Q?a?= =?utf-8?Q?b", "a =?utf-8?Q?b"),
            ("=?utf-8?X?a?=", "=?utf-8?X?a?="),
            ("a =? b ?= c", "a =? b ?= c"),
            ("=?utf-8?B?Y2Fmw6k?=", "café"),
            ("=?é?Q?a?=", "=?é?Q?a?="),
        ] {
            assert_eq!(decode_words(value), text, "{value}");
        }
        assert_eq!(rewrite_words("=?UTF-8?Q?caf=C3?= =?UTF-8?Q?=A9?= <a@b>"), "=?utf-8?B?Y2Fmw6k=?= <a@b>");
    }
}
