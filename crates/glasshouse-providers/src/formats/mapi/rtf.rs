//! Text of an RTF body, which Outlook stores compressed ([MS-OXRTFCP]) and into which it wraps HTML ([MS-OXRTFEX]).

use crate::formats::mail::{decode_charset, html_to_text};

/// An RTF body beyond this is not unpacked.
const LONGEST: usize = 64 << 20;
/// Groups inside groups beyond this are read as if they were one.
const DEEPEST: usize = 200;

/// Unpacks compressed RTF; none if it is damaged.
pub(super) fn decompress(bytes: &[u8]) -> Option<String> {
    let compressed = usize::try_from(super::le32(bytes, 0)?).ok()?;
    let raw = usize::try_from(super::le32(bytes, 4)?).ok()?;
    let end = compressed.checked_add(4)?;
    // The library trusts these lengths; a stream may have padding behind it.
    let stored = super::le32(bytes, 8)? == 0x414C_454D;
    if end < 16 || raw > LONGEST || raw > bytes.len().saturating_mul(20) || (stored && raw > end - 16) {
        return None;
    }
    compressed_rtf::decompress_rtf(bytes.get(..end)?).ok()
}

#[derive(Clone, Copy, Default)]
struct Group {
    /// Nothing of this group is text.
    skipped: bool,
    /// Its content is a tag of the HTML that the RTF was made from.
    tag: bool,
    /// It is there for readers of RTF, not part of the HTML.
    rtf_only: bool,
    /// Characters that stand for a `\u` before them.
    fallback: usize,
}

/// Returns the text of an RTF document, that of the HTML in it if it was made from HTML.
pub(super) fn text(rtf: &str) -> String {
    let mut out = Out { text: String::new(), bytes: Vec::new(), charset: "windows-1252".into() };
    let from_html = rtf.get(..rtf.len().min(2000)).unwrap_or(rtf).contains("\\fromhtml1");
    let mut group = Group { fallback: 1, ..Group::default() };
    let mut groups: Vec<Group> = Vec::new();
    let (mut deeper, mut pass) = (0usize, 0usize);
    let mut starred = false;
    let mut rest = rtf;
    while let Some(at) = rest.find(['\\', '{', '}', '\r', '\n']) {
        let (plain, from) = rest.split_at(at);
        out.plain(plain, &group, &mut pass, from_html);
        let mut chars = from.chars();
        let first = chars.next();
        rest = chars.as_str();
        match first {
            Some('{') if groups.len() < DEEPEST => groups.push(group),
            Some('{') => deeper += 1,
            Some('}') if deeper > 0 => deeper -= 1,
            Some('}') => group = groups.pop().unwrap_or(group),
            Some('\\') => {
                let (word, number, after) = control(rest);
                rest = after;
                match word {
                    "" => {
                        let symbol = rest.chars().next();
                        rest = rest.get(symbol.map_or(0, char::len_utf8)..).unwrap_or_default();
                        match symbol {
                            Some('\'') => {
                                let byte = rest.get(..2).and_then(|d| u8::from_str_radix(d, 16).ok());
                                rest = rest.get(2..).unwrap_or_default();
                                if pass > 0 {
                                    pass -= 1;
                                } else if let Some(byte) = byte.filter(|_| shown(&group, from_html)) {
                                    out.bytes.push(byte);
                                }
                            }
                            Some('*') => starred = true,
                            Some('~') => out.plain("\u{a0}", &group, &mut pass, from_html),
                            Some('_') => out.plain("-", &group, &mut pass, from_html),
                            Some('\r' | '\n') => out.plain("\n", &group, &mut pass, from_html),
                            Some(c @ ('\\' | '{' | '}')) => {
                                out.plain(c.encode_utf8(&mut [0; 4]), &group, &mut pass, from_html);
                            }
                            _ => {}
                        }
                        continue;
                    }
                    "htmltag" if starred => (group.tag, group.skipped) = (true, false),
                    "mhtmltag" | "fonttbl" | "colortbl" | "stylesheet" | "info" | "pict" | "object" | "header"
                    | "footer" | "themedata" | "listtable" | "listoverridetable" | "generator" | "fldinst" => {
                        group.skipped = true;
                    }
                    _ if starred => group.skipped = true,
                    "htmlrtf" => group.rtf_only = number != Some(0),
                    "ansicpg" => {
                        if let Some(charset) = number.and_then(super::charset_of) {
                            out.charset = charset;
                        }
                    }
                    "uc" => group.fallback = number.and_then(|n| usize::try_from(n).ok()).unwrap_or(1).min(8),
                    "u" => {
                        let unit = number.map(|n| if n < 0 { n + 0x1_0000 } else { n });
                        let c = unit.and_then(|n| u32::try_from(n).ok()).and_then(char::from_u32);
                        pass = 0;
                        out.plain(c.unwrap_or('\u{fffd}').encode_utf8(&mut [0; 4]), &group, &mut pass, from_html);
                        pass = group.fallback;
                    }
                    "par" | "line" | "row" => out.plain("\n", &group, &mut pass, from_html),
                    "tab" | "cell" => out.plain("\t", &group, &mut pass, from_html),
                    "lquote" => out.plain("\u{2018}", &group, &mut pass, from_html),
                    "rquote" => out.plain("\u{2019}", &group, &mut pass, from_html),
                    "ldblquote" => out.plain("\u{201c}", &group, &mut pass, from_html),
                    "rdblquote" => out.plain("\u{201d}", &group, &mut pass, from_html),
                    "bullet" => out.plain("\u{2022}", &group, &mut pass, from_html),
                    "endash" => out.plain("\u{2013}", &group, &mut pass, from_html),
                    "emdash" => out.plain("\u{2014}", &group, &mut pass, from_html),
                    _ => {}
                }
                starred = false;
            }
            _ => {}
        }
    }
    out.plain(rest, &group, &mut pass, from_html);
    out.settle();
    let text = if from_html { html_to_text(&out.text) } else { out.text };
    text.trim_end().to_owned()
}

fn shown(group: &Group, from_html: bool) -> bool {
    !group.skipped && !(from_html && group.rtf_only && !group.tag)
}

/// Takes a control word with its number and the blank that ends it.
fn control(rest: &str) -> (&str, Option<i64>, &str) {
    let letters = rest.bytes().take(40).take_while(u8::is_ascii_alphabetic).count();
    let (word, after) = rest.split_at(letters);
    if word.is_empty() {
        return (word, None, after);
    }
    let sign = usize::from(after.starts_with('-'));
    let digits = after.bytes().skip(sign).take(10).take_while(u8::is_ascii_digit).count();
    let length = if digits > 0 { sign + digits } else { 0 };
    let (number, after) = after.split_at(length);
    (word, number.parse().ok(), after.strip_prefix(' ').unwrap_or(after))
}

struct Out {
    text: String,
    /// Bytes of the document's charset that are not decoded yet: a character may take two of them.
    bytes: Vec<u8>,
    charset: String,
}

impl Out {
    fn plain(&mut self, text: &str, group: &Group, pass: &mut usize, from_html: bool) {
        let mut text = text;
        while *pass > 0 && !text.is_empty() {
            let mut chars = text.chars();
            chars.next();
            text = chars.as_str();
            *pass -= 1;
        }
        if text.is_empty() || !shown(group, from_html) {
            return;
        }
        self.settle();
        self.text.push_str(text);
    }

    fn settle(&mut self) {
        if !self.bytes.is_empty() {
            let bytes = std::mem::take(&mut self.bytes);
            self.text.push_str(&decode_charset(&bytes, Some(&self.charset)).0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_rtf() {
        let rtf = r"{\rtf1\ansi\ansicpg1252{\fonttbl{\f0 Arial;}}\f0 Caf\'e9 \u8364?5\par {\*\unknown gone}a\\b\{c\}}";
        assert_eq!(text(rtf), "Café €5\na\\b{c}");
        assert_eq!(text("{\\rtf1 {{{\\'"), "");
    }

    #[test]
    fn html_inside_rtf() {
        let rtf = r"{\rtf1\ansi\ansicpg1252\fromhtml1 {\*\htmltag64 <p>}\htmlrtf \par \htmlrtf0 Hello{\*\htmltag84 <b>}\htmlrtf {\b\htmlrtf0 there\htmlrtf }\htmlrtf0 {\*\htmltag92 </b>}{\*\htmltag72 </p>}}";
        assert_eq!(text(rtf), "Hellothere");
    }

    #[test]
    fn compressed() {
        let packed = compressed_rtf::compress_rtf(r"{\rtf1 hello hello hello}").expect("compressed");
        assert_eq!(decompress(&packed).as_deref(), Some(r"{\rtf1 hello hello hello}"));
        for cut in 0..packed.len() {
            assert!(decompress(&packed[..cut]).is_none(), "{cut}");
        }
    }
}
