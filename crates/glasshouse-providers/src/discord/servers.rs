//! The list of servers that the account is in: names by their ids.

use crate::formats::element::{keep_found, place, text};
use crate::formats::json::as_text;
use crate::{Opened, Sink, TreeEntry};
use glasshouse_model::{Family, Framing, Record};
use std::borrow::Cow;

pub(super) const FORMAT: &str = "servers";
pub(super) const FRAMING: Framing = Framing::JsonArrays(&[]);

/// Says whether an entry is the list: the one of channels has the same form, so the folder's name decides, which is
/// much the same in the languages that the package comes in (`Servers`, `Serveurs`, `Servidores`).
pub(super) fn is_ours(entry: &TreeEntry<'_>, head: &[u8]) -> bool {
    let folder = entry.dir().rsplit('/').next().unwrap_or_default().to_lowercase();
    let start = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
    let key = start.strip_prefix(b"{").map(|rest| rest.trim_ascii_start()).and_then(|rest| rest.strip_prefix(b"\""));
    let digits = key.map_or(0, |key| key.iter().take_while(|b| b.is_ascii_digit()).count());
    folder.starts_with("serv") && digits >= 15
}

/// Reads the list.
pub(super) fn parse(opened: &Opened<'_>, out: &mut Sink) {
    for frame in opened.frames {
        let at = place(opened, frame);
        let raw = text(frame, &at, out);
        let mut record = Record::new(Family::Setting, FORMAT);
        record.title = as_text(raw.trim()).map(Cow::into_owned).filter(|name| !name.is_empty());
        record.fields.text("id", frame.name);
        if record.title.is_none() {
            out.warn(at.clone(), "json.value", "The server has no name that is a text; what stands there is a field.");
            keep_found(&mut record.fields, "name", frame.bytes.trim_ascii());
        }
        out.record(at, record);
    }
}
