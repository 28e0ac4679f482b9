//! UTF-7, in which some exports of Mi Fitness arrive: `+AF8-` for `_`, `+ACIAIg-` for two quotes.

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use std::borrow::Cow;

const ENGINE: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// Says whether first bytes are UTF-7: quotes or underscores are written as its runs.
pub(super) fn is_utf7(head: &[u8]) -> bool {
    let has = |needle: &[u8]| memchr::memmem::find(head, needle).is_some();
    has(b"+ACI") || has(b"+AF8-")
}

/// Decodes runs of UTF-7; what is none stays as it is.
pub(super) fn decode(bytes: &[u8]) -> Cow<'_, [u8]> {
    if memchr::memchr(b'+', bytes).is_none() {
        return Cow::Borrowed(bytes);
    }
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some(plus) = memchr::memchr(b'+', rest) {
        let (before, from) = rest.split_at(plus);
        out.extend_from_slice(before);
        let run = from.iter().skip(1).take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/')).count();
        let (whole, after) = from.split_at(run + 1);
        let closed = after.first() == Some(&b'-');
        match whole.get(1..).filter(|run| !run.is_empty()) {
            None if closed => out.push(b'+'),
            Some(run)
                if closed
                    && text(run).is_some_and(|text| {
                        out.extend_from_slice(text.as_bytes());
                        true
                    }) => {}
            _ => {
                out.extend_from_slice(whole);
                rest = after;
                continue;
            }
        }
        rest = after.get(1..).unwrap_or_default();
    }
    out.extend_from_slice(rest);
    Cow::Owned(out)
}

fn text(run: &[u8]) -> Option<String> {
    let bytes = ENGINE.decode(run).ok()?;
    let units: Vec<u16> = bytes.chunks_exact(2).filter_map(|b| Some(u16::from_be_bytes(b.try_into().ok()?))).collect();
    String::from_utf16(&units).ok().filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_decoded_and_the_rest_stays() {
        let decoded = |text: &str| String::from_utf8_lossy(&decode(text.as_bytes())).into_owned();
        assert_eq!(decoded("heart+AF8-rate,+AHs-+ACIAIg-bpm+ACIAIg-:70+AH0-"), "heart_rate,{\"\"bpm\"\":70}");
        assert_eq!(decoded("1+-1, a+b, +2125550123, x+"), "1+1, a+b, +2125550123, x+");
        assert_eq!(decoded("caf+AOk-"), "café");
        assert_eq!(decoded("+2D0-"), "+2D0-", "half a character is none");
    }
}
