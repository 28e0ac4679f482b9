//! Gmail's mboxes, one a label or one with everything.

use crate::formats::mail::{Options, decode_words, read_message};
use crate::{Opened, Sink};
use glasshouse_model::Framing;

pub(super) const FORMAT: &str = "mail";
pub(super) const FRAMING: Framing = Framing::Mbox;

const OPTIONS: Options = Options { format: FORMAT, mbox: true, take: &["x-gm-thrid", "x-gmail-labels", "message-id"] };

/// Says whether first bytes are those of an mbox.
pub(super) fn is_mbox(head: &[u8]) -> bool {
    head.starts_with(b"From ")
}

/// Says whether first bytes carry Gmail's own headers.
pub(super) fn is_gmail(head: &[u8]) -> bool {
    is_mbox(head) && memchr::memmem::find(head, b"\nX-GM-THRID:").is_some()
}

/// Reads messages.
pub(super) fn parse(opened: &Opened<'_>, out: &mut Sink) {
    for frame in opened.frames {
        let read = read_message(frame.bytes, frame.offset, opened.entry.id, frame.truncated, &OPTIONS, out);
        let Some(mut message) = read else { continue };
        let record = &mut message.record;
        let header = |name: &str| message.taken.iter().find(|(n, _)| *n == name).map(|(_, v)| v.trim());
        let thread = header("x-gm-thrid").filter(|thread| !thread.is_empty());
        let id = header("message-id").filter(|id| !id.is_empty());
        record.conversation = thread.map(Into::into).or_else(|| record.conversation.take());
        record.fields.opt_text("message-id", id).opt_text("x-gm-thrid", thread);
        if let Some(labels) = header("x-gmail-labels") {
            record.fields.text("x-gmail-labels", labels);
            record.fields.list("labels", split_labels(&decode_words(labels)));
        }
        for name in OPTIONS.take {
            let again: Vec<&str> =
                message.taken.iter().filter(|(n, _)| n == name).skip(1).map(|(_, v)| v.trim()).collect();
            if !again.is_empty() {
                record.fields.list(&format!("{name} again"), again);
            }
        }
        record.same_as = Some(match id {
            Some(id) => format!("{id} {}", thread.unwrap_or_default()),
            // The `From ` line may differ from copy to copy; what follows it does not.
            None => {
                let first = memchr::memchr(b'\n', frame.bytes).map_or(0, |end| end + 1);
                let body = frame.bytes.get(first..).unwrap_or_default().trim_ascii_end();
                format!("sha256:{}", hex::encode(ring::digest::digest(&ring::digest::SHA256, body)))
            }
        });
        out.record(message.at, message.record);
    }
}

/// Splits labels at commas, except inside quotes.
fn split_labels(text: &str) -> Vec<String> {
    let mut labels = vec![String::new()];
    let mut quoted = false;
    for character in text.chars() {
        match character {
            '"' => quoted = !quoted,
            ',' if !quoted => labels.push(String::new()),
            _ => labels.last_mut().into_iter().for_each(|label| label.push(character)),
        }
    }
    labels.into_iter().map(|label| label.trim().to_owned()).filter(|label| !label.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_with_commas_and_encoded_words() {
        let decoded = decode_words("=?UTF-8?Q?Wichtig,Ge=C3=B6ffnet?=");
        assert_eq!(split_labels(&decoded), ["Wichtig", "Geöffnet"]);
        assert_eq!(split_labels("Inbox,\"Berlin, 2020\", ,Unread"), ["Inbox", "Berlin, 2020", "Unread"]);
        assert!(split_labels("").is_empty());
    }
}
