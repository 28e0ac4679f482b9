use super::has_mail_header;
use crate::formats::mail::{Options, header_name, read_message};
use crate::{Opened, Sink};

pub(super) const ID: &str = "mbox";

/// Says whether bytes begin as an mbox does: a `From ` line, and a header after it.
pub(super) fn begins(head: &[u8]) -> bool {
    if !head.starts_with(b"From ") {
        return false;
    }
    let Some(end) = memchr::memchr(b'\n', head) else { return false };
    let next = &head[end + 1..];
    (header_name(next).is_some() || next.starts_with(b">From ")) && has_mail_header(next)
}

pub(super) fn parse(opened: &Opened<'_>, out: &mut Sink) {
    let options = Options { format: ID, mbox: true, take: &[] };
    for frame in opened.frames {
        let read = read_message(frame.bytes, frame.offset, opened.entry.id, frame.truncated, &options, out);
        if let Some(message) = read {
            out.record(message.at, message.record);
        }
    }
}
