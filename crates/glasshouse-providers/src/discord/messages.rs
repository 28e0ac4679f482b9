//! Messages that the account's owner wrote, one file a channel, as JSON or (until 2024) as a table.

use crate::formats::element::{keep, not_an_object, place, text};
use crate::formats::json::{Object, is_nested, is_text};
use crate::formats::table::Header;
use crate::formats::time;
use crate::{Frame, Opened, Sink};
use glasshouse_model::{
    Attachment, Family, Framing, IdentifierKind, Locator, LocatorKind, MomentRole, Party, PartyRole, Record, Ref,
};
use std::borrow::Cow;

pub(super) const FORMAT: &str = "messages";
pub(super) const JSON: Framing = Framing::JsonArrays(&[""]);
pub(super) const TABLE: Framing = Framing::Rows;

/// Says whether first bytes are those of a channel's messages, in either form.
pub(super) fn is_json(head: &[u8]) -> bool {
    let has = |needle: &[u8]| memchr::memmem::find(head, needle).is_some();
    let start = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
    let empty = start.strip_prefix(b"[").is_some_and(|rest| rest.trim_ascii_start().starts_with(b"]"));
    start.starts_with(b"[") && (empty || (has(b"\"Timestamp\"") && has(b"\"Contents\"")))
}

pub(super) fn is_table(head: &[u8]) -> bool {
    Header::with(head, &["ID", "Timestamp", "Contents"]).is_some()
}

/// Reads messages of either form.
pub(super) fn parse(opened: &Opened<'_>, out: &mut Sink) {
    let channel = Channel::of(opened);
    if opened.frames.iter().any(|f| f.index == 0) && channel.at.is_none() {
        let at = opened.at(Locator::bytes(0, 0));
        out.warn(at, "discord.channel", "What the package says about the channel is missing or cannot be read.");
    }
    if opened.frames.iter().any(|f| f.index == 0) && channel.unread {
        let at = opened.at(Locator::bytes(0, 0));
        out.warn(at, "discord.index", "The list of all channels cannot be read; the channel may lack its name.");
    }
    if let Some(odd) = channel.odd.clone().filter(|_| opened.frames.iter().any(|f| f.index == 0)) {
        let message = "Something that the package says about the channel is of another type than is read.";
        out.warn(odd, "discord.channel", message);
    }
    if opened.claim.framing == JSON {
        for frame in opened.frames.iter().filter(|f| f.element) {
            element(opened, frame, &channel, out);
        }
        return;
    }
    let Some(header) = Header::with(opened.head, &["ID", "Timestamp", "Contents"]) else { return };
    for frame in opened.frames.iter().filter(|f| f.index > header.index) {
        let row = header.row(frame.bytes);
        if row.is_empty() {
            continue;
        }
        let locator = Locator::new(LocatorKind::Row, frame.index.to_string(), frame.offset, frame.bytes.len() as u64);
        let at = opened.at(locator);
        if frame.truncated || row.len() != header.names().len() {
            out.warn(at.clone(), "table.row", "The row has other columns than the header, or is cut off.");
        }
        let mut record = channel.record();
        // Contents keep their blanks: a column by name, and not by `get`, which trims.
        for (name, value) in row.cells() {
            member(&mut record, &name, Some(Cow::Borrowed(value)), None, out);
        }
        finish(record, at, &channel, out);
    }
}

fn element(opened: &Opened<'_>, frame: &Frame<'_>, channel: &Channel, out: &mut Sink) {
    let at = place(opened, frame);
    let raw = text(frame, &at, out);
    let Ok(object) = Object::parse(&raw) else {
        return not_an_object(frame, at, out);
    };
    let mut record = channel.record();
    for (key, value) in object.members() {
        member(&mut record, key, object.text(key), Some(value.get()), out);
    }
    finish(record, at, channel, out);
}

/// Takes in one member or column.
fn member(record: &mut Record, key: &str, value: Option<Cow<'_, str>>, raw: Option<&str>, out: &mut Sink) {
    match (key, value) {
        ("Timestamp", Some(text)) => record.moments.push(time::wall_utc(MomentRole::Sent, &text)),
        ("Contents", Some(text)) => record.text = Some(text.into_owned()).filter(|t| !t.is_empty()),
        ("Attachments", Some(text)) => {
            record.attachments = text.split_ascii_whitespace().map(attachment).collect();
            if !text.is_empty() {
                record.fields.text(key, &text);
            }
        }
        // A number in JSON, text in tables.
        ("ID", value) => {
            let id = value.or_else(|| raw.map(Cow::Borrowed)).unwrap_or_default();
            record.fields.text(key, &id);
        }
        (_, value) => {
            if !matches!(key, "Timestamp" | "Contents" | "Attachments") {
                out.drift(FORMAT, key);
            }
            match (raw, value) {
                (Some(raw), _) => keep(&mut record.fields, key, raw),
                (None, Some(text)) => {
                    record.fields.text(key, &text);
                }
                (None, None) => {}
            }
        }
    }
}

/// Returns what an address of Discord's servers says of a file; the package holds no file itself.
fn attachment(url: &str) -> Attachment {
    let path = url.split(['?', '#']).next().unwrap_or(url);
    let name = path.rsplit('/').next().filter(|n| !n.is_empty()).map(str::to_owned);
    Attachment { name, ..Attachment::default() }
}

fn finish(record: Record, at: Ref, channel: &Channel, out: &mut Sink) {
    if record.moments.first().is_none_or(|m| m.instant.is_none()) {
        out.warn(at.clone(), "time.missing", "The message's time is missing or cannot be read.");
    }
    out.record_from(at, channel.at.clone(), record);
}

/// Says whether all that is read of a channel is of the type that is read.
fn is_read(channel: &Object<'_>) -> bool {
    let texts = |object: &Object<'_>, keys: &[&str]| keys.iter().all(|key| object.raw(key).is_none_or(is_text));
    let list = |raw: &str| raw == "null" || serde_json::from_str::<Vec<String>>(raw).is_ok();
    let guild =
        |raw: &str| raw == "null" || channel.object("guild").is_some_and(|guild| texts(&guild, &["id", "name"]));
    texts(channel, &["name"])
        && ["id", "type"].iter().all(|key| channel.raw(key).is_none_or(|raw| !is_nested(raw)))
        && channel.raw("recipients").is_none_or(list)
        && channel.raw("guild").is_none_or(guild)
}

/// What the package says about a channel and about who wrote in it.
struct Channel {
    id: String,
    name: Option<String>,
    kind: Option<String>,
    guild: Option<(Option<String>, Option<String>)>,
    recipients: Vec<String>,
    owner: Option<(String, Option<String>)>,
    at: Option<Ref>,
    /// The list of all channels is none.
    unread: bool,
    /// What is said of the channel is not of the types that are read.
    odd: Option<Ref>,
}

impl Channel {
    fn of(opened: &Opened<'_>) -> Self {
        let dir = opened.entry.dir();
        let folder = dir.rsplit('/').next().unwrap_or(dir);
        let id = folder.strip_prefix('c').filter(|id| id.bytes().all(|b| b.is_ascii_digit())).unwrap_or(folder);
        let mut channel = Channel {
            id: id.to_owned(),
            name: None,
            kind: None,
            guild: None,
            recipients: Vec::new(),
            owner: None,
            at: None,
            unread: false,
            odd: None,
        };
        for companion in opened.companions {
            let text = String::from_utf8_lossy(companion.bytes);
            let Ok(object) = Object::parse(text.trim_start_matches('\u{feff}')) else {
                channel.unread |= companion.entry.name() == "index.json";
                continue;
            };
            let said = |key: &str| {
                object
                    .text(key)
                    .or_else(|| object.raw(key).filter(|r| *r != "null").map(Cow::Borrowed))
                    .map(Cow::into_owned)
            };
            match companion.entry.name() {
                "channel.json" => {
                    channel.id = said("id").unwrap_or(channel.id);
                    channel.name = object.text("name").map(Cow::into_owned).or(channel.name);
                    channel.kind = said("type");
                    channel.recipients = object.texts("recipients");
                    let guild = object.object("guild");
                    channel.guild =
                        guild.map(|g| (g.text("id").map(Cow::into_owned), g.text("name").map(Cow::into_owned)));
                    let length = companion.bytes.len() as u64;
                    channel.at = Some(Ref { entry: companion.entry.id, locator: Locator::json("", 0, length) });
                    if !is_read(&object) {
                        channel.odd.clone_from(&channel.at);
                    }
                }
                "index.json" => {
                    let listed = object.text(&channel.id).map(Cow::into_owned);
                    if object.raw(&channel.id).is_some_and(|raw| !is_text(raw)) {
                        let locator = Locator::json("", 0, companion.bytes.len() as u64);
                        channel.odd = Some(Ref { entry: companion.entry.id, locator });
                    }
                    channel.name = channel.name.or(listed);
                }
                _ => {
                    let name = object.text("username").map(Cow::into_owned);
                    channel.owner = said("id").map(|id| (id, name));
                }
            }
        }
        channel
    }

    /// Returns a message of the channel that says nothing yet.
    fn record(&self) -> Record {
        let mut record = Record::new(Family::Message, FORMAT);
        record.conversation = Some(self.id.clone());
        record.title = self.name.clone();
        record.fields.opt_text("channel_type", self.kind.as_deref());
        if let Some((id, name)) = &self.guild {
            record.fields.opt_text("guild_id", id.as_deref()).opt_text("guild_name", name.as_deref());
        }
        // The package holds messages of its owner alone.
        if let Some((id, name)) = &self.owner {
            record.account = Some(id.clone());
            record.parties.push(Party::with(PartyRole::Sender, name.clone(), IdentifierKind::Account, id.clone()));
            for other in self.recipients.iter().filter(|r| *r != id) {
                record.parties.push(Party::with(PartyRole::To, None, IdentifierKind::Account, other.clone()));
            }
        } else {
            for one in &self.recipients {
                record.parties.push(Party::with(PartyRole::Participant, None, IdentifierKind::Account, one.clone()));
            }
        }
        record
    }
}
