//! The encodings that mail travels in.

/// Writes bytes as base64 without line breaks.
pub(crate) fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let byte = |i: usize| u32::from(chunk.get(i).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for i in 0..4 {
            let letter = LETTERS[(bits >> (18 - 6 * i) & 63) as usize];
            out.push(if i > chunk.len() { '=' } else { letter as char });
        }
    }
    out
}

/// Writes bytes as base64 in lines of 76 characters.
pub(crate) fn base64_lines(bytes: &[u8]) -> String {
    // 57 bytes are 76 letters, so that every line but the last is full and none has to be cut.
    bytes.chunks(57).map(|line| base64(line) + "\r\n").collect()
}

/// Writes bytes as quoted-printable, with soft breaks; line ends stay.
pub(crate) fn quoted_printable(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len() * 5 / 4);
    let mut column = 0;
    for (i, byte) in bytes.iter().enumerate() {
        if matches!(byte, b'\r' | b'\n') {
            out.push(*byte as char);
            column = 0;
            continue;
        }
        let last = matches!(bytes.get(i + 1), None | Some(b'\r' | b'\n'));
        let plain = (33..127).contains(byte) && *byte != b'=' || *byte == b' ' && !last;
        let width = if plain { 1 } else { 3 };
        if column + width > 75 {
            out.push_str("=\r\n");
            column = 0;
        }
        if plain {
            out.push(*byte as char);
        } else {
            out.push_str(&format!("={byte:02X}"));
        }
        column += width;
    }
    out
}

/// Writes a header's text, as encoded words if it needs them.
pub(crate) fn header_text(text: &str) -> String {
    if text.is_ascii() {
        return text.to_owned();
    }
    // An encoded word may have 75 characters and must not cut a letter.
    let mut words = vec![String::new()];
    for letter in text.chars() {
        if words.last().is_some_and(|word| word.len() + letter.len_utf8() > 42) {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut() {
            word.push(letter);
        }
    }
    let words: Vec<String> = words.iter().map(|word| format!("=?UTF-8?B?{}?=", base64(word.as_bytes()))).collect();
    words.join("\r\n ")
}

/// Writes text in ISO 8859-1, if that has all its letters.
pub(crate) fn latin1(text: &str) -> Option<Vec<u8>> {
    text.chars().map(|c| u8::try_from(u32::from(c)).ok()).collect()
}

/// Writes text in windows-1251, if it is ASCII and Russian alone.
pub(crate) fn windows1251(text: &str) -> Option<Vec<u8>> {
    let byte = |c: char| match u32::from(c) {
        code @ 0..0x80 => Some(code as u8),
        code @ 0x410..=0x44f => Some((code - 0x410 + 0xc0) as u8),
        0x401 => Some(0xa8),
        0x451 => Some(0xb8),
        _ => None,
    };
    text.chars().map(byte).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodings() {
        for (plain, coded) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")] {
            assert_eq!(base64(plain.as_bytes()), coded);
        }
        assert_eq!(quoted_printable("a=é \r\nb".as_bytes()), "a=3D=C3=A9=20\r\nb");
        assert!(quoted_printable("é".repeat(90).as_bytes()).lines().all(|line| line.len() <= 76));
        assert_eq!(header_text("plain"), "plain");
        assert_eq!(header_text("é"), "=?UTF-8?B?w6k=?=");
        assert_eq!(windows1251("Аяё"), Some(vec![0xc0, 0xff, 0xb8]));
        assert_eq!(windows1251("ü"), None);
        assert_eq!(latin1("ü"), Some(vec![0xfc]));
        assert_eq!(latin1("я"), None);
    }
}
