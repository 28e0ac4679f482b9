//! Parts of a message for whoever looks at it: one decoded, or its HTML.

use super::head::{Head, line_end};
use super::parts::{decode, take_apart};
use super::{charset, content, html_charset, without_separator};

/// Returns a part of a message by its number (`1.2`), decoded; none if there is no such part.
///
/// The bytes are the message's as its record's place names them, with the line `From ` before it in a mailbox.
pub fn part(bytes: &[u8], path: &str) -> Option<Vec<u8>> {
    let (message, mbox) = message(bytes);
    let (parts, _) = take_apart(&Head::read(message), message, false);
    // `2/tnef/1` is the first file in what part 2 wraps.
    let (path, inside) = path.split_once("/tnef/").map_or((path, None), |(path, number)| (path, Some(number)));
    let part = parts.iter().find(|part| part.path == path)?;
    let bytes = decode(part.encoding, &content(part, mbox)).0.into_owned();
    match inside {
        Some(number) => crate::formats::tnef::file(&bytes, number.parse().ok()?),
        None => Some(bytes),
    }
}

/// Returns the first HTML text of a message that is no attachment, in its charset; none if there is none.
pub fn html(bytes: &[u8]) -> Option<String> {
    let (message, mbox) = message(bytes);
    let (parts, _) = take_apart(&Head::read(message), message, false);
    let part = parts.iter().find(|part| part.mime == "text/html" && !part.is_attachment() && part.within == 0)?;
    let raw = content(part, mbox);
    let (decoded, _) = decode(part.encoding, &raw);
    let stated = part.content_type.as_ref().and_then(|t| t.attribute("charset")).or_else(|| html_charset(&decoded));
    Some(charset::decode(&decoded, stated).0.into_owned())
}

/// Returns a message without the line of the mailbox before it, and whether there was one.
fn message(bytes: &[u8]) -> (&[u8], bool) {
    if bytes.starts_with(b"From ") {
        let rest = bytes.get(line_end(bytes, 0)..).unwrap_or_default();
        return (without_separator(rest), true);
    }
    (bytes, false)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MESSAGE: &[u8] = b"From x Mon Jan  1 00:00:00 2024\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\
        Content-Type: text/plain\n\n>From here\n--b\nContent-Type: text/html; charset=iso-8859-1\n\
        Content-Transfer-Encoding: quoted-printable\n\n<p>caf=E9</p>\n--b\nContent-Type: image/png\n\
        Content-Transfer-Encoding: base64\n\naGVsbG8=\n--b--\n\n";

    #[test]
    fn parts_are_found_by_number_and_decoded() {
        assert_eq!(part(MESSAGE, "1").as_deref(), Some(&b"From here"[..]));
        assert_eq!(part(MESSAGE, "3").as_deref(), Some(&b"hello"[..]));
        assert_eq!(part(MESSAGE, "4"), None);
        assert_eq!(part(b"", "1").as_deref(), Some(&b""[..]));
    }

    #[test]
    fn html_is_in_its_charset() {
        assert_eq!(html(MESSAGE).as_deref(), Some("<p>café</p>"));
        assert_eq!(html(b"Subject: x\n\nplain"), None);
    }
}
