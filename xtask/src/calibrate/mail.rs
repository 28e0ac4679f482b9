//! Splitting of an mbox and parsing of its messages.

use super::Done;
use crate::Fault;
use mail_parser::MessageParser;
use memchr::memmem;
use std::hint::black_box;

pub fn is_mbox(name: &str) -> bool {
    name.ends_with(".mbox")
}

/// Parses every message in full: headers, parts, transfer encodings and charsets.
pub fn parse_all(mboxes: &[Vec<u8>]) -> Result<Done, Fault> {
    let parser = MessageParser::default();
    let mut done = Done::default();
    for mbox in mboxes {
        for message in messages(mbox) {
            let parsed = parser.parse(message).ok_or("A message of the mbox is none.")?;
            black_box(&parsed);
            done.items += 1;
        }
        done.bytes += mbox.len() as u64;
    }
    Ok(done)
}

/// Returns the messages of an mbox whose bodies are quoted, without their separators.
pub fn messages(mbox: &[u8]) -> impl Iterator<Item = &[u8]> {
    let finder = memmem::Finder::new(b"\nFrom ");
    let mut rest = mbox;
    std::iter::from_fn(move || {
        let body = memchr::memchr(b'\n', rest).map(|end| &rest[end + 1..])?;
        let mut at = 0;
        let end = loop {
            match finder.find(&body[at..]) {
                // A blank line comes before every separator.
                Some(i) if body[..at + i].ends_with(b"\n") || body[..at + i].ends_with(b"\n\r") => break at + i + 1,
                Some(i) => at += i + 1,
                None => break body.len(),
            }
        };
        rest = &body[end..];
        Some(&body[..end])
    })
}

#[cfg(test)]
mod tests {
    use super::messages;

    #[test]
    fn an_mbox_is_split() {
        let mbox = b"From a\r\nX: 1\r\n\r\none\r\nFrom here\r\n\r\nFrom b\nX: 2\n\ntwo\n>From\n\nFrom c\n";
        let found: Vec<_> = messages(mbox).map(|m| String::from_utf8_lossy(m).into_owned()).collect();
        assert_eq!(found, ["X: 1\r\n\r\none\r\nFrom here\r\n\r\n", "X: 2\n\ntwo\n>From\n\n", ""]);
        assert_eq!(messages(b"").count(), 0);
    }
}
