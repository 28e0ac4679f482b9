//! Messages of a chat that a phone exported as text.

use super::order::{self, Chat, Order};
use super::{attachment, words};
use crate::formats::stamp::{self, Half, Stamp, is_mark};
use crate::{Frame, Opened, Sink};
use glasshouse_model::{
    Family, Framing, IdentifierKind, Locator, Moment, MomentRole, Party, PartyRole, Place, Precision, Record, ZoneBasis,
};
use memchr::{memchr, memrchr};
use std::borrow::Cow;

pub(super) const FORMAT: &str = "chat";
/// Lines without a sender: who joined, that messages are encrypted.
pub(super) const SYSTEM: &str = "system";
pub(super) const FRAMING: Framing = Framing::Stamped;

/// Reads messages.
pub(super) fn parse(opened: &Opened<'_>, out: &mut Sink) {
    let chat = Chat::read(opened.survey);
    let title = title(&opened.entry.path);
    let conversation = title.clone().unwrap_or_else(|| from_first_message(opened));
    let mut reading = Reading { opened, chat, title, conversation, local: String::new() };
    for frame in opened.frames {
        if frame.index == 0 {
            about_the_chat(opened, &reading.chat, out);
        }
        reading.message(frame, out);
    }
}

/// Returns the chat's name: from its file, or from the folder or archive that holds it (iOS names all `_chat.txt`).
fn title(path: &str) -> Option<String> {
    let mut names = path.rsplit('/');
    words::chat_name(names.next()?).or_else(|| {
        let folder = names.next()?;
        let folder = folder.trim_end_matches('!').trim_end_matches(".zip");
        folder.to_lowercase().contains("whatsapp").then(|| words::chat_name(folder))?
    })
}

/// Returns what tells a chat without a name from others: its file and its first time.
fn from_first_message(opened: &Opened<'_>) -> String {
    let mut lines = opened.head.split_inclusive(|b| *b == b'\n');
    let first = lines.find_map(|line| {
        let stamp = stamp::scan(line)?;
        Some(String::from_utf8_lossy(line.get(stamp.text)?).into_owned())
    });
    let name = opened.entry.name();
    first.map_or_else(|| name.to_owned(), |first| format!("{name} from {first}"))
}

fn about_the_chat(opened: &Opened<'_>, chat: &Chat, out: &mut Sink) {
    let at = || opened.at(Locator::bytes(0, 0));
    let open = chat.order == Order::Open && stamped(opened).is_some_and(|s| order::date(&s, Order::Open).is_none());
    if open {
        let message = "The dates fit more than one order of day, month and year; they are kept as written.";
        out.warn(at(), "time.order", message);
    }
    if chat.missing > 0 {
        let message = format!(
            "{} files that messages name are not beside the chat; the first is {}.",
            chat.missing, chat.first_missing
        );
        out.warn(at(), "export.incomplete", message);
    }
}

fn stamped(opened: &Opened<'_>) -> Option<Stamp> {
    opened.head.split_inclusive(|b| *b == b'\n').find_map(stamp::scan)
}

/// What all messages of a chat share.
struct Reading<'a> {
    opened: &'a Opened<'a>,
    chat: Chat,
    title: Option<String>,
    conversation: String,
    /// The wall clock of a message, in room that the next one uses again.
    local: String,
}

impl Reading<'_> {
    fn message(&mut self, frame: &Frame<'_>, out: &mut Sink) {
        let opened = self.opened;
        let at = || opened.at(Locator::bytes(frame.offset, frame.bytes.len() as u64));
        let Some(stamp) = stamp::scan(frame.bytes) else {
            if utf8(frame.bytes).contains(|c: char| !c.is_whitespace() && !is_mark(c)) {
                out.warn(at(), "chat.preamble", "What precedes the first message was not read.");
            }
            return;
        };
        if frame.truncated {
            out.warn(at(), "frame.truncated", "The message is longer than 64 MiB; only its beginning was read.");
        }
        let when = utf8(frame.bytes.get(stamp.text.clone()).unwrap_or_default());
        let rest = utf8(frame.bytes.get(stamp.body..).unwrap_or_default());
        if let Cow::Owned(_) = rest {
            out.warn(at(), "text.utf8", "Some bytes are not UTF-8; they are shown as U+FFFD.");
        }
        let (name, text) = split(&rest);
        let mut record = Record::new(Family::Message, FORMAT);
        record.title.clone_from(&self.title);
        record.conversation = Some(self.conversation.clone());
        let order = self.chat.order;
        self.local.clear();
        let known = wall_clock(&stamp, order, &mut self.local);
        if !known && (order != Order::Open || stamp.half == Half::Unknown) {
            out.warn(at(), "time.unread", "The message's time cannot be read; it is kept as written.");
        }
        // It has no zone.
        let basis = if known { ZoneBasis::DeviceLocal } else { ZoneBasis::Ambiguous };
        let precision = if stamp.second.is_some() { Precision::Second } else { Precision::Minute };
        let (role, text_of_it) = (MomentRole::Sent, when.into_owned());
        record.moments = vec![Moment { role, instant: None, text: text_of_it, basis, precision }];
        record.fields.opt_text("local", known.then_some(self.local.as_str()));
        let kind = match name {
            Some(name) => {
                let clean = clean(name);
                if clean != name {
                    record.fields.text("sender", name);
                }
                record.parties = vec![sender(&clean)];
                kind(text, Some(&clean))
            }
            None => kind(text, None),
        };
        if attachment::may_be(rest.as_bytes()) {
            record.attachments = attachment::all(text, &opened.claim.links);
        }
        let kind = if record.attachments.is_empty() || kind == Some("system") { kind } else { Some("attachment") };
        record.place = place(text);
        let kind = if record.place.is_some() { Some("location") } else { kind };
        record.fields.opt_text("kind", kind);
        // What WhatsApp itself wrote is nobody's message, and does not count as one.
        if kind == Some("system") {
            record.format = SYSTEM;
        }
        if words::is_edited(text) {
            record.fields.bool("edited", true);
        }
        quoted_messages(opened, frame, &stamp, out);
        record.text = Some(text.to_owned());
        out.record(at(), record);
    }
}

/// Returns bytes as text, copied only if they are none in places.
fn utf8(bytes: &[u8]) -> Cow<'_, str> {
    // The check of a whole is quicker than the search for what is wrong.
    std::str::from_utf8(bytes).map_or_else(|_| String::from_utf8_lossy(bytes), Cow::Borrowed)
}

/// Splits what follows the time into the sender's name and the text.
///
/// Lines of the system have no name. Some of them quote one, or a subject with a colon: a name does not open a
/// quotation that it does not close.
pub(super) fn split(rest: &str) -> (Option<&str>, &str) {
    const LONGEST_NAME: usize = 200;
    let rest = rest.strip_suffix('\n').unwrap_or(rest);
    let rest = rest.strip_suffix('\r').unwrap_or(rest);
    let line = memchr(b'\n', rest.as_bytes()).and_then(|end| rest.get(..end)).unwrap_or(rest);
    let mut from = 0;
    while let Some(colon) = line.as_bytes().get(from..).and_then(|l| memchr(b':', l)).map(|at| from + at) {
        let after = line.get(colon + 1..).unwrap_or_default();
        let name = line.get(..colon).unwrap_or_default();
        if name.len() > LONGEST_NAME || !balanced(name) {
            return (None, rest);
        }
        let blank = after.chars().next().filter(|c| c.is_whitespace());
        if (after.is_empty() || blank.is_some()) && name.contains(|c: char| !c.is_whitespace() && !is_mark(c)) {
            let text = rest.get(colon + 1 + blank.map_or(0, char::len_utf8)..).unwrap_or_default();
            return (Some(name), text);
        }
        from = colon + 1;
    }
    (None, rest)
}

fn balanced(name: &str) -> bool {
    if name.is_ascii() && !name.contains('"') {
        return true;
    }
    let (mut plain, mut curly, mut angled, mut cornered) = (0u32, 0u32, 0i32, 0i32);
    for c in name.chars() {
        match c {
            '"' => plain += 1,
            '„' | '“' | '”' | '‟' => curly += 1,
            '«' => angled += 1,
            '»' => angled -= 1,
            '「' => cornered += 1,
            '」' => cornered -= 1,
            _ => {}
        }
    }
    plain % 2 == 0 && curly % 2 == 0 && angled == 0 && cornered == 0
}

/// Returns a name without invisible characters and blanks around it, and without the tilde of unknown numbers.
fn clean(name: &str) -> Cow<'_, str> {
    let hidden = |c: char| is_mark(c) || c == '\u{202f}';
    if !name.is_ascii() && name.contains(hidden) {
        let visible: String = name.chars().filter(|c| !hidden(*c)).collect();
        return Cow::Owned(bare(&visible).to_owned());
    }
    Cow::Borrowed(bare(name))
}

fn bare(name: &str) -> &str {
    let name = name.trim();
    name.strip_prefix('~').map_or(name, str::trim_start)
}

fn sender(name: &str) -> Party {
    let digits = name.bytes().filter(u8::is_ascii_digit).count();
    let number = name.starts_with('+')
        && (7..=15).contains(&digits)
        && name.chars().all(|c| c.is_ascii_digit() || matches!(c, '+' | ' ' | '-' | '(' | ')' | '.' | '\u{a0}' | '‑'));
    if number {
        Party::with(PartyRole::Sender, Some(name.to_owned()), IdentifierKind::Phone, name)
    } else {
        Party::named(PartyRole::Sender, name)
    }
}

/// Says what sort of message it is, where it is not a plain one.
fn kind(text: &str, sender: Option<&str>) -> Option<&'static str> {
    let Some(sender) = sender else { return Some("system") };
    // iOS marks what WhatsApp itself wrote, and puts a name before it all the same.
    let marked = text.starts_with('\u{200e}');
    let plain = text.trim_matches(|c: char| is_mark(c) || c.is_whitespace());
    if plain.len() < 120 && words::is_deleted(plain) {
        return Some("deleted");
    }
    if (marked || plain.starts_with('<')) && words::is_omitted(plain) {
        return Some("omitted");
    }
    if !marked {
        return None;
    }
    let own = plain.strip_prefix(sender).is_some_and(|rest| rest.starts_with(' '));
    if own || words::is_encryption_notice(plain) { Some("system") } else { Some("notice") }
}

/// Writes the wall clock that a stamp means, and says whether it can be known.
fn wall_clock(stamp: &Stamp, order: Order, out: &mut String) -> bool {
    let (Some((hour, minute, second)), Some(day)) = (stamp.clock(), order::date(stamp, order)) else { return false };
    let mut two = |before: &str, number: u8| {
        out.push_str(before);
        out.push(char::from(b'0' + number / 10 % 10));
        out.push(char::from(b'0' + number % 10));
    };
    let year = day.year().unsigned_abs();
    two("", (year / 100 % 100) as u8);
    two("", (year % 100) as u8);
    two("-", day.month().unsigned_abs());
    two("-", day.day().unsigned_abs());
    two("T", hour);
    two(":", minute);
    if stamp.second.is_some() {
        two(":", second);
    }
    true
}

/// Reads the address of a map that a shared location ends with.
fn place(text: &str) -> Option<Place> {
    // Few messages end with a comma and a number, which is quicker to see than that they hold no address.
    let text = text.trim_end();
    let comma = text.ends_with(|c: char| c.is_ascii_digit() || c == '.').then(|| memrchr(b',', text.as_bytes()))??;
    let (before, lon) = (text.get(..comma)?, text.get(comma + 1..)?.parse().ok()?);
    let (before, lat) = before.rsplit_once("https://maps.google.com/?q=")?;
    before.trim_end().ends_with(':').then_some(())?;
    Place::at(lat.parse().ok()?, lon)
}

/// Warns of a line that begins as a message of another form does: a quotation, or two exports in one file.
fn quoted_messages(opened: &Opened<'_>, frame: &Frame<'_>, stamp: &Stamp, out: &mut Sink) {
    let mut from = 0;
    while let Some(end) = memchr(b'\n', frame.bytes.get(from..).unwrap_or_default()) {
        from += end + 1;
        let line = frame.bytes.get(from..).unwrap_or_default();
        if stamp::scan(line).is_some_and(|other| other.form != stamp.form) {
            let at = opened.at(Locator::bytes(frame.offset + from as u64, 0));
            let message = "A line begins like a message of another form; it was read as part of the message before it.";
            return out.warn(at, "chat.other-form", message);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_texts() {
        for (rest, found) in [
            ("Anna: hi\r\n", (Some("Anna"), "hi")),
            ("Anna: a: b\nc: d\n", (Some("Anna"), "a: b\nc: d")),
            ("Anna:\n", (Some("Anna"), "")),
            ("홍길동 : 안녕", (Some("홍길동 "), "안녕")),
            ("Dr: No: x", (Some("Dr"), "No: x")),
            ("Anna created group \"Trip: 2024\"\n", (None, "Anna created group \"Trip: 2024\"")),
            ("Anna hat die Gruppe „A: B“ erstellt", (None, "Anna hat die Gruppe „A: B“ erstellt")),
            ("See https://example.com/x", (None, "See https://example.com/x")),
            ("a:b: c", (Some("a:b"), "c")),
            (": x", (None, ": x")),
            ("", (None, "")),
        ] {
            assert_eq!(split(rest), found, "{rest:?}");
        }
    }

    #[test]
    fn names_without_marks() {
        assert_eq!(clean("\u{200e}~\u{202f}Nina \u{2069}"), "Nina");
        assert_eq!(sender("+49 151 2345678").identifiers.len(), 1);
        assert_eq!(sender("+1 (555) 010-0199").identifiers.len(), 1);
        assert_eq!(sender("+ Nina").identifiers.len(), 0);
    }

    #[test]
    fn sorts_of_messages() {
        for (text, sender, found) in [
            ("hello", Some("A"), None),
            ("A added you", None, Some("system")),
            ("<Media omitted>", Some("A"), Some("omitted")),
            ("\u{200e}image omitted", Some("A"), Some("omitted")),
            ("image omitted", Some("A"), None),
            ("\u{200e}This message was deleted.", Some("A"), Some("deleted")),
            ("\u{200e}A changed this group's icon", Some("A"), Some("system")),
            ("\u{200e}Missed voice call", Some("A"), Some("notice")),
            ("\u{200e}Messages and calls are end-to-end encrypted.", Some("Group"), Some("system")),
        ] {
            assert_eq!(kind(text, sender), found, "{text}");
        }
        assert!(place(" Helsinki (Helsinki): https://maps.google.com/?q=60.167850,24.952965").is_some());
        assert!(place("https://maps.google.com/?q=60.1,24.9").is_none());
        assert!(place("x: https://maps.google.com/?q=91,24.9").is_none());
    }
}
