//! What other features of iCloud leave: notes, recordings, recent addresses, known networks.

use crate::formats::exif::media_type;
use crate::formats::wall::Clock;
use crate::{Frame, Opened, Sink, Tree, TreeEntry};
use encoding_rs::WINDOWS_1252;
use glasshouse_model::{
    Attachment, Claim, Family, Framing, IdentifierKind, Link, Locator, LocatorKind, MomentRole, Party, PartyRole,
    Record,
};
use quick_xml::Reader;
use quick_xml::events::Event;
use std::sync::Arc;

pub(super) const NOTES: &str = "notes";
pub(super) const VOICE: &str = "voice";
pub(super) const LISTS: &str = "lists";

/// Claims an entry if it is one of these.
pub(super) fn claim(tree: &Tree<'_>, entry: &TreeEntry) -> Option<Claim> {
    let path = entry.path.to_lowercase();
    let in_icloud = path.contains("icloud");
    match entry.extension().as_str() {
        "txt" if is_notes(&path) => {
            let mut claim = Claim::of(NOTES, entry.id, Framing::Whole);
            // A folder holds one note; where several lie in one, nothing says whose the other files are.
            let beside: Vec<_> = tree.below(entry.dir()).iter().take(1000).filter(|e| e.id != entry.id).collect();
            if !beside.iter().any(|e| e.extension() == "txt") {
                let links = beside.iter().filter(|e| e.size > 0);
                let links = links.map(|e| Link { name: e.name().to_owned(), entry: e.id, size: e.size });
                claim.links = Arc::new(links.collect());
            }
            Some(claim)
        }
        "wav" | "m4a" | "caf" | "opus" if path.contains("siri") => Some(Claim::of(VOICE, entry.id, Framing::Whole)),
        "xml" | "plist" if in_icloud => {
            let head = tree.head(entry.id);
            let named = ["recents", "knownnetworks"].iter().any(|name| entry.name().to_lowercase().starts_with(name));
            let is_plist = memchr::memmem::find(&head, b"<plist").is_some();
            (named && is_plist).then(|| Claim::of(LISTS, entry.id, Framing::Whole))
        }
        _ => None,
    }
}

fn is_notes(path: &str) -> bool {
    let dir = path.rsplit_once('/').map_or("", |(dir, _)| dir);
    let notes = |name: &str| {
        ["icloud notes", "notes icloud", "icloud-notizen", "notas de icloud", "note di icloud"]
            .iter()
            .any(|n| name.starts_with(n))
    };
    dir.split('/').any(notes)
}

/// Reads a note: the file's text, with what lies beside it.
pub(super) fn note(opened: &Opened<'_>, out: &mut Sink) {
    for frame in opened.frames {
        let at = opened.at(Locator::whole(frame.bytes.len() as u64));
        let text = match std::str::from_utf8(frame.bytes) {
            Ok(text) => text.to_owned(),
            Err(_) => {
                out.warn(at.clone(), "text.utf8", "The note is not UTF-8; it is read as Windows-1252.");
                WINDOWS_1252.decode(frame.bytes).0.into_owned()
            }
        };
        if frame.truncated {
            out.warn(at.clone(), "note.partial", "The note is longer than the limit; its beginning was read.");
        }
        let mut record = Record::new(Family::Note, NOTES);
        let folder = opened.entry.dir().rsplit('/').next().unwrap_or_default();
        let stem = opened.entry.name().rsplit_once('.').map_or(opened.entry.name(), |(stem, _)| stem);
        record.title = Some(stem.to_owned());
        record.text = Some(text.trim_start_matches('\u{feff}').to_owned());
        record.fields.text("folder", folder);
        record.attachments = opened
            .claim
            .links
            .as_slice()
            .iter()
            .map(|link| Attachment {
                name: Some(link.name.clone()),
                size: Some(link.size),
                at: Some(link.whole()),
                ..Attachment::default()
            })
            .collect();
        out.record(at, record);
    }
}

/// Lists a recording.
pub(super) fn voice(opened: &Opened<'_>, out: &mut Sink) {
    for frame in opened.frames {
        let at = opened.at(Locator::whole(opened.entry.size));
        let mime = media_type(frame.bytes);
        if mime.is_none() {
            out.warn(at.clone(), "voice.kind", "The recording does not begin as sound of a kind that is known.");
        }
        let mut record = Record::new(Family::Voice, VOICE);
        record.title = Some(opened.entry.name().to_owned());
        record.fields.opt_text("folder", opened.entry.dir().rsplit('/').next().filter(|d| !d.is_empty()));
        record.attachments.push(Attachment {
            name: Some(opened.entry.name().to_owned()),
            mime: mime.map(Into::into),
            size: Some(opened.entry.size),
            sha256: None,
            at: Some(at.clone()),
        });
        out.record(at, record);
    }
}

/// Reads the dictionaries of a property list that hold a time: recent addresses (`t`), networks (`added_at`).
pub(super) fn lists(opened: &Opened<'_>, out: &mut Sink) {
    for frame in &opened.frames.iter().map(Frame::without_mark).collect::<Vec<_>>() {
        let whole = opened.at(Locator::bytes(frame.offset, frame.bytes.len() as u64));
        let (found, complete) = dictionaries(frame.bytes);
        if !complete || frame.truncated {
            out.warn(whole.clone(), "plist.syntax", "The property list is cut off or damaged; its beginning was read.");
        }
        if found.is_empty() {
            out.warn(whole, "plist.layout", "The property list holds nothing of the form that is known.");
        }
        for (number, found) in found.into_iter().enumerate() {
            dictionary(opened, frame, number, &found, out);
        }
    }
}

struct Found {
    start: usize,
    end: usize,
    /// The key that it stands under.
    under: Option<String>,
}

/// Finds the dictionaries with a key of interest directly in them; false when the document does not end well.
fn dictionaries(bytes: &[u8]) -> (Vec<Found>, bool) {
    const DEEPEST: usize = 64;
    let mut reader = Reader::from_reader(bytes);
    reader.config_mut().check_end_names = false;
    let mut stack: Vec<(bool, usize, bool, Option<String>)> = Vec::new();
    let mut found = Vec::new();
    // The key before a value, and where the text of the key in progress starts.
    let (mut key, mut key_from): (Option<String>, Option<usize>) = (None, None);
    loop {
        let before = usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX);
        let Ok(event) = reader.read_event() else { return (found, false) };
        let after = usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX);
        match event {
            Event::Start(tag) => {
                if stack.len() >= DEEPEST {
                    return (found, false);
                }
                let name = tag.local_name();
                key_from = (name.as_ref() == "key").then_some(after);
                let under = if key_from.is_some() { None } else { key.take() };
                stack.push((name.as_ref() == "dict", before, false, under));
            }
            Event::Empty(_) => key = None,
            Event::End(_) => {
                let Some((is_dict, start, wanted, under)) = stack.pop() else { return (found, false) };
                if let Some(from) = key_from.take() {
                    let raw = String::from_utf8_lossy(bytes.get(from..before).unwrap_or_default());
                    let name = quick_xml::escape::unescape(&raw).map_or_else(|_| raw.to_string(), |n| n.into_owned());
                    if let (Some(holder), "t" | "added_at") = (stack.last_mut(), name.trim()) {
                        holder.2 = true;
                    }
                    key = Some(name);
                } else if is_dict && wanted {
                    found.push(Found { start, end: after, under });
                }
            }
            Event::Eof => return (found, stack.is_empty()),
            _ => {}
        }
    }
}

fn dictionary(opened: &Opened<'_>, frame: &Frame<'_>, number: usize, found: &Found, out: &mut Sink) {
    let raw = frame.bytes.get(found.start..found.end).unwrap_or_default();
    let place =
        Locator::new(LocatorKind::Node, format!("dict {number}"), frame.offset + found.start as u64, raw.len() as u64);
    let at = opened.at(place);
    let document = [b"<plist version=\"1.0\">", raw, b"</plist>"].concat();
    let value = plist::Value::from_reader_xml(document.as_slice()).ok().and_then(plist::Value::into_dictionary);
    let Some(values) = value else {
        return out.warn(at, "plist.syntax", "A dictionary of the property list cannot be read.");
    };
    let network = values.contains_key("added_at");
    let mut record = Record::new(if network { Family::Setting } else { Family::Contact }, LISTS);
    record.fields.text("kind", if network { "known network" } else { "recent address" });
    for (key, value) in &values {
        for date in dates(value) {
            let moment = match key.as_str() {
                "t" => Clock::UTC.moment(MomentRole::Observed, &date),
                "added_at" => Clock::UTC.moment(MomentRole::Created, &date),
                _ => continue,
            };
            if moment.instant.is_none() {
                out.warn(at.clone(), "time.syntax", "A time cannot be read.");
            }
            record.moments.push(moment);
        }
        match (key.as_str(), value.as_string()) {
            // One time or a list of them.
            ("t", _) => record.fields.list(key, dates(value)),
            (_, Some(text)) => record.fields.text(key, text),
            _ => record.fields.raw(key, &json(value).to_string()),
        };
    }
    let text = |key: &str| values.get(key).and_then(plist::Value::as_string).map(str::to_owned);
    if network {
        record.title = found.under.clone().or_else(|| text("SSID_STR"));
    } else if let Some(address) = text("address") {
        let name = text("display-name").or_else(|| text("dn"));
        let kind = if address.contains('@') { IdentifierKind::Email } else { IdentifierKind::Account };
        record.title = Some(name.clone().unwrap_or_else(|| address.clone()));
        record.parties.push(Party::with(PartyRole::Subject, name, kind, address));
    }
    out.record(at, record);
}

fn dates(value: &plist::Value) -> Vec<String> {
    match value {
        plist::Value::Array(values) => values.iter().filter_map(date).collect(),
        other => date(other).into_iter().collect(),
    }
}

fn date(value: &plist::Value) -> Option<String> {
    match value {
        plist::Value::Date(date) => Some(date.to_xml_format()),
        plist::Value::String(text) => Some(text.clone()),
        _ => None,
    }
}

fn json(value: &plist::Value) -> serde_json::Value {
    use serde_json::Value as Json;
    match value {
        plist::Value::Array(values) => values.iter().map(json).collect(),
        plist::Value::Dictionary(values) => Json::Object(values.iter().map(|(k, v)| (k.clone(), json(v))).collect()),
        plist::Value::Boolean(truth) => Json::Bool(*truth),
        plist::Value::Data(bytes) => Json::String(hex::encode(bytes)),
        plist::Value::Date(date) => Json::String(date.to_xml_format()),
        plist::Value::Real(number) => serde_json::Number::from_f64(*number).map_or(Json::Null, Json::Number),
        plist::Value::Integer(number) => match (number.as_signed(), number.as_unsigned()) {
            (Some(n), _) => n.into(),
            (None, Some(n)) => n.into(),
            _ => Json::Null,
        },
        plist::Value::String(text) => Json::String(text.clone()),
        _ => Json::Null,
    }
}
