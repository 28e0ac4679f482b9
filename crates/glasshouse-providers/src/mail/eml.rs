use super::has_mail_header;
use crate::formats::mail::{Options, header_name, read_message};
use crate::formats::time::epoch_seconds;
use crate::{Frame, Opened, Sink};
use glasshouse_model::{Locator, MomentRole, Record};
use memchr::{memchr, memmem};
use quick_xml::events::Event;

pub(super) const ID: &str = "eml";

/// Says whether bytes begin as a message does.
pub(super) fn begins(head: &[u8]) -> bool {
    let head = &head[lead(head)..];
    let first_line_fits = header_name(head).is_some() || head.starts_with(b"From ") || head.starts_with(b">From ");
    first_line_fits && has_mail_header(head)
}

/// Says whether bytes begin as Apple Mail's files do: a line with a length, and a message after it.
pub(super) fn begins_as_emlx(head: &[u8]) -> bool {
    length_line(head).is_some_and(|(_, message)| has_mail_header(&head[message..]))
}

pub(super) fn parse(opened: &Opened<'_>, out: &mut Sink) {
    for frame in opened.frames {
        if opened.entry.extension() == "emlx" {
            read_emlx(opened, frame, out);
            continue;
        }
        // Some programs write a byte order mark or blank lines before the first header.
        let lead = lead(frame.bytes);
        let bytes = &frame.bytes[lead..];
        let options = Options { format: ID, mbox: bytes.starts_with(b"From "), take: &[] };
        let offset = frame.offset + lead as u64;
        let read = read_message(bytes, offset, opened.entry.id, frame.truncated, &options, out);
        let Some(mut message) = read else { continue };
        let in_maildir = matches!(opened.entry.dir().rsplit('/').next(), Some("cur" | "new"));
        if let Some(flags) = maildir_flags(opened.entry.name()).filter(|_| in_maildir) {
            message.record.fields.text("maildir flags", flags);
        }
        out.record(message.at, message.record);
    }
}

/// Returns how many bytes precede the first header.
fn lead(bytes: &[u8]) -> usize {
    let mark = if bytes.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
    mark + bytes[mark..].iter().take_while(|b| matches!(b, b'\r' | b'\n')).count()
}

/// Returns the flags at the end of a Maildir file's name (`:2,FS`; `!` or `;` where `:` cannot be written).
fn maildir_flags(name: &str) -> Option<&str> {
    let at = name.rfind([':', '!', ';'])?;
    name[at + 1..].strip_prefix("2,")
}

/// Returns the message's length and where it begins.
fn length_line(bytes: &[u8]) -> Option<(usize, usize)> {
    let end = memchr(b'\n', &bytes[..bytes.len().min(40)])?;
    let digits = std::str::from_utf8(bytes[..end].trim_ascii()).ok()?;
    Some((digits.parse().ok()?, end + 1))
}

fn read_emlx(opened: &Opened<'_>, frame: &Frame<'_>, out: &mut Sink) {
    let (length, start) = length_line(frame.bytes).unwrap_or((usize::MAX, 0));
    let rest = &frame.bytes[start..];
    let plist_at = match rest.get(length..) {
        Some(tail) if tail.trim_ascii_start().starts_with(b"<?xml") || tail.trim_ascii().is_empty() => length,
        tail => {
            // The length is wrong or bytes are missing: the properties at the end say where the message ends.
            let found = memmem::rfind(rest, b"<?xml").filter(|at| memmem::find(&rest[*at..], b"<plist").is_some());
            if tail.is_some() || found.is_some() || !frame.truncated {
                let at = opened.at(Locator::bytes(frame.offset, start as u64));
                out.warn(at, "mail.emlx", "The length at the beginning does not lead to the properties at the end.");
            }
            found.unwrap_or(rest.len())
        }
    };
    let (message, plist) = rest.split_at(plist_at);
    let options = Options { format: ID, mbox: false, take: &[] };
    let offset = frame.offset + start as u64;
    let cut = frame.truncated && plist.is_empty();
    let Some(mut read) = read_message(message, offset, opened.entry.id, cut, &options, out) else { return };
    let at = opened.at(Locator::bytes(offset + plist_at as u64, plist.len() as u64));
    if plist.trim_ascii().is_empty() {
        out.record(read.at, read.record);
        return;
    }
    if !read_plist(plist, &mut read.record) {
        out.warn(at.clone(), "mail.plist", "The properties after the message are damaged; some are missing.");
    }
    out.record_from(read.at, [at], read.record);
}

/// Adds the properties that Apple Mail writes after the message; false if they are damaged.
fn read_plist(plist: &[u8], record: &mut Record) -> bool {
    let Ok(text) = std::str::from_utf8(plist) else { return false };
    let mut reader = quick_xml::Reader::from_str(text);
    let (mut element, mut key, mut value) = (String::new(), None::<String>, String::new());
    let mut depth = 0usize;
    let mut seen = std::collections::HashSet::new();
    loop {
        match reader.read_event() {
            Ok(Event::Start(start)) => {
                depth += 1;
                element = start.name().as_ref().to_owned();
                value.clear();
            }
            Ok(Event::Text(part)) => value.push_str(&part),
            Ok(Event::GeneralRef(entity)) => match quick_xml::escape::unescape(&format!("&{};", &*entity)) {
                Ok(text) => value.push_str(&text),
                Err(_) => value.push('\u{fffd}'),
            },
            Ok(Event::End(_)) => {
                depth = depth.saturating_sub(1);
                match (element.as_str(), key.take()) {
                    // Only what stands directly in the outer dictionary: `<plist><dict><key>`.
                    ("key", _) if depth == 2 => key = Some(value.clone()),
                    ("string" | "integer" | "real" | "date", Some(key)) if depth == 2 && seen.insert(key.clone()) => {
                        let no_received = record.moments.iter().all(|m| m.role != MomentRole::Received);
                        if key == "date-received" && no_received {
                            record.moments.push(epoch_seconds(MomentRole::Received, value.trim()));
                        }
                        record.fields.text(&format!("plist {key}"), &value);
                    }
                    _ => {}
                }
                element.clear();
                value.clear();
            }
            Ok(Event::Eof) => return depth == 0,
            Ok(_) => {}
            Err(_) => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_carry_flags() {
        assert_eq!(maildir_flags("1.M2.host:2,FRS"), Some("FRS"));
        assert_eq!(maildir_flags("1.M2.host!2,"), Some(""));
        assert_eq!(maildir_flags("1.M2.host,S=12"), None);
    }

    #[test]
    fn properties_are_read() {
        let plist = br#"<?xml version="1.0"?><plist version="1.0"><dict><key>flags</key><integer>8590195713</integer>
            <key>date-received</key><integer>1262426400</integer><key>subject</key><string>A &amp; B</string>
            <key>other</key><dict><key>x</key><string>y</string></dict></dict></plist>"#;
        let mut record = Record::new(glasshouse_model::Family::Mail, ID);
        assert!(read_plist(plist, &mut record));
        let fields: serde_json::Value = serde_json::from_str(&record.fields.to_json()).expect("JSON");
        assert_eq!(fields["plist flags"], "8590195713");
        assert_eq!(fields["plist subject"], "A & B");
        assert_eq!(record.moments[0].instant, Some(1_262_426_400_000_000));
        assert!(!read_plist(b"<?xml version=\"1.0\"?><plist><dict><key>x", &mut record));
    }
}
