//! Google Voice: texts and calls, one page a conversation or a call; charges and credits, one page in all.

use super::element::text;
use super::tags::{Piece, Tag, pieces};
use crate::formats::sheet::linked;
use crate::formats::time;
use crate::{Frame, Opened, Sink};
use glasshouse_model::{
    Attachment, Family, Framing, Identifier, IdentifierKind, Locator, LocatorKind, Moment, MomentRole, Party,
    PartyRole, Precision, Record, ZoneBasis,
};

pub(super) const FORMAT: &str = "voice";
/// The page of charges and credits, `Bills.html`.
pub(super) const BILLS: &str = "voice-bills";
pub(super) const TEXTS: Framing = Framing::Marker(MARKER);
const MARKER: &[u8] = b"<div class=\"message\"";

/// Returns how a page is cut, if its first bytes are those of texts or of a call.
pub(super) fn framing(head: &[u8]) -> Option<Framing> {
    let has = |needle: &[u8]| memchr::memmem::find(head, needle).is_some();
    if has(b"class=\"hChatLog") {
        Some(TEXTS)
    } else if has(b"class=\"haudio") {
        Some(Framing::Whole)
    } else {
        None
    }
}

/// Says whether a page is that of charges: a table, by this name.
pub(super) fn is_bills(name: &str, head: &[u8]) -> bool {
    name.eq_ignore_ascii_case("Bills.html") && memchr::memmem::find(head, b"<t").is_some()
}

/// Reads the rows of the page's table; the first with names of columns tells what the cells are.
///
/// No public source says in which form and zone its times are, so they stay text.
pub(super) fn bills(opened: &Opened<'_>, out: &mut Sink) {
    const MOST_COLUMNS: usize = 100;
    for frame in opened.frames {
        let at = |number: usize, from: usize, to: usize| {
            let offset = frame.offset + from as u64;
            opened.at(Locator::new(LocatorKind::Node, number.to_string(), offset, to.saturating_sub(from) as u64))
        };
        let page = at(0, 0, frame.bytes.len());
        let html = text(frame, &page, out);
        let (mut names, mut cells): (Vec<String>, Vec<String>) = Default::default();
        let (mut cell, mut named, mut from, mut number) = (None::<String>, false, 0, 0);
        for (place, piece) in pieces(&html) {
            match piece {
                Piece::Text(said) => {
                    if let Some(cell) = &mut cell {
                        cell.push_str(&said);
                    }
                }
                Piece::Tag(tag) => match (tag.name.as_str(), tag.closing) {
                    ("tr", false) => (from, named) = (place, false),
                    ("th" | "td", false) => {
                        named |= tag.name == "th";
                        cell = Some(String::new());
                    }
                    ("th" | "td", true) if cells.len() < MOST_COLUMNS => {
                        cells.extend(cell.take().map(|cell| cell.split_whitespace().collect::<Vec<_>>().join(" ")));
                    }
                    ("tr", true) if named => names = std::mem::take(&mut cells),
                    ("tr", true) => {
                        let row = std::mem::take(&mut cells);
                        if row.iter().any(|cell| !cell.is_empty()) {
                            out.record(at(number, from, place + tag.text.len()), bill(&names, &row));
                            number += 1;
                        }
                    }
                    _ => {}
                },
            }
        }
        if names.is_empty() {
            out.warn(page.clone(), "html.layout", "The page holds no table with names of columns.");
        }
        if frame.truncated || !cells.is_empty() || cell.is_some() {
            out.warn(page, "html.truncated", "The page is cut off; the rows before were read.");
        }
    }
}

fn bill(names: &[String], row: &[String]) -> Record {
    let mut record = Record::new(Family::Payment, BILLS);
    for (i, value) in row.iter().enumerate().filter(|(_, value)| !value.is_empty()) {
        match names.get(i).filter(|name| !name.is_empty()) {
            Some(name) => {
                if name.to_lowercase().contains("date") && value.bytes().any(|byte| byte.is_ascii_digit()) {
                    let (role, basis) = (MomentRole::Created, ZoneBasis::Ambiguous);
                    let (text, precision) = (value.clone(), Precision::Day);
                    record.moments.push(Moment { role, instant: None, text, basis, precision });
                }
                record.fields.text(name, value);
            }
            None => {
                record.fields.text(&format!("column {}", i + 1), value);
            }
        }
    }
    let dated = |cell: &String| record.moments.iter().any(|moment| moment.text == *cell);
    record.title = row.iter().find(|cell| !cell.is_empty() && !dated(cell)).cloned();
    record
}

/// Reads messages, or the one call of a page.
pub(super) fn parse(opened: &Opened<'_>, out: &mut Sink) {
    let others = if opened.claim.framing == TEXTS { participants(opened) } else { Vec::new() };
    for frame in opened.frames {
        if opened.claim.framing != TEXTS {
            call(opened, frame, out);
        } else if frame.bytes.starts_with(MARKER) {
            message(opened, frame, &others, out);
        } else if frame.bytes.len() as u64 == opened.entry.size {
            let at = opened.at(Locator::bytes(frame.offset, frame.bytes.len() as u64));
            out.warn(at, "html.layout", "The page holds no message in the expected shape; it was not read.");
        }
    }
}

/// Returns the name of the page without its time: whom it is with, and what it is.
fn page_name(opened: &Opened<'_>) -> String {
    let name = opened.entry.name();
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    // `NAME - Text - 2011-12-16T01_08_08Z`
    match stem.rsplit_once(" - ") {
        Some((before, stamp)) if stamp.contains('T') && stamp.contains('_') => before.to_owned(),
        _ => stem.to_owned(),
    }
}

/// Returns what ties the messages of one person, or of one group's page, together.
fn conversation(opened: &Opened<'_>, others: &[Party]) -> String {
    let name = page_name(opened);
    match name.rsplit_once(" - ") {
        Some((person, _)) if others.is_empty() && !person.trim().is_empty() => person.to_owned(),
        // Pages of all groups, and of all whose number was withheld, go by one name.
        _ => opened.entry.name().trim_end_matches(".html").to_owned(),
    }
}

/// What the tags around the current text make it.
#[derive(Clone, Copy, PartialEq)]
enum Part {
    None,
    Said,
    Name,
    Label,
}

fn message(opened: &Opened<'_>, frame: &Frame<'_>, others: &[Party], out: &mut Sink) {
    let locator = Locator::new(LocatorKind::Node, frame.index.to_string(), frame.offset, frame.bytes.len() as u64);
    let at = opened.at(locator);
    let html = text(frame, &at, out);
    let mut record = Record::new(Family::Message, FORMAT);
    record.conversation = Some(conversation(opened, others));
    let mut sender = Party { role: PartyRole::Sender, name: None, identifiers: Vec::new() };
    let (mut part, mut said, mut ended) = (Part::None, String::new(), false);
    for (_, piece) in pieces(&html) {
        // The last message is followed by the page's labels.
        if ended {
            break;
        }
        match piece {
            Piece::Text(text) => match part {
                Part::Said => said.push_str(&text),
                Part::Name if !text.trim().is_empty() => sender.name = Some(text.trim().to_owned()),
                _ => {}
            },
            Piece::Tag(tag) => match (tag.name.as_str(), tag.closing) {
                ("abbr", false) if tag.has_class("dt") => moment(&tag, MomentRole::Sent, &mut record),
                ("abbr" | "span", false) if tag.has_class("fn") => part = Part::Name,
                ("abbr" | "span", true) if part == Part::Name => part = Part::None,
                ("a", false) if tag.has_class("tel") => number(&tag, &mut sender),
                ("q", closing) => part = if closing { Part::None } else { Part::Said },
                ("br", _) if part == Part::Said => said.push('\n'),
                ("img", false) => attach(&tag, "src", opened, &mut record),
                ("a", false) if tag.has_class("video") || tag.has_class("vcard") => {
                    attach(&tag, "href", opened, &mut record);
                }
                ("audio", false) => attach(&tag, "src", opened, &mut record),
                ("div", false) if tag.has_class("tags") => ended = true,
                _ => {}
            },
        }
    }
    record.text = Some(said).filter(|said| !said.is_empty());
    if sender.name.is_some() || !sender.identifiers.is_empty() {
        record.parties.push(sender);
    }
    record.parties.extend(others.iter().cloned());
    if record.moments.iter().all(|m| m.instant.is_none()) {
        out.warn(at.clone(), "time.missing", "The message's time is missing or cannot be read.");
    }
    if frame.truncated {
        out.warn(at.clone(), "html.truncated", "The message is cut off; its beginning was read.");
    }
    out.record(at, record);
}

/// Returns those whom a group's page names above its messages.
fn participants(opened: &Opened<'_>) -> Vec<Party> {
    const MOST: usize = 100;
    let end = memchr::memmem::find(opened.head, MARKER).unwrap_or(opened.head.len());
    let head = String::from_utf8_lossy(opened.head.get(..end).unwrap_or_default());
    let Some((_, list)) = head.split_once("class=\"participants") else { return Vec::new() };
    let mut found: Vec<Party> = Vec::new();
    let mut named = false;
    for (_, piece) in pieces(list) {
        match piece {
            Piece::Tag(tag) if tag.name == "a" && tag.has_class("tel") && found.len() < MOST => {
                let mut party = Party { role: PartyRole::Participant, name: None, identifiers: Vec::new() };
                number(&tag, &mut party);
                found.push(party);
            }
            Piece::Tag(tag) if tag.has_class("fn") => named = true,
            Piece::Text(text) if named && !text.trim().is_empty() => {
                named = false;
                if let Some(party) = found.last_mut() {
                    party.name = Some(text.trim().to_owned());
                }
            }
            _ => {}
        }
    }
    found
}

fn call(opened: &Opened<'_>, frame: &Frame<'_>, out: &mut Sink) {
    let at = opened.at(Locator::new(LocatorKind::Node, "haudio", frame.offset, frame.bytes.len() as u64));
    let html = text(frame, &at, out);
    let mut record = Record::new(Family::Call, FORMAT);
    record.title = Some(page_name(opened));
    let mut other = Party { role: PartyRole::Participant, name: None, identifiers: Vec::new() };
    let (mut part, mut said, mut labels) = (Part::None, String::new(), Vec::new());
    let (mut within, mut known) = (false, false);
    for (_, piece) in pieces(&html) {
        match piece {
            Piece::Text(text) => match part {
                Part::Said => said.push_str(&text),
                Part::Name if within && !text.trim().is_empty() => other.name = Some(text.trim().to_owned()),
                Part::Label if !text.trim().is_empty() => labels.push(text.trim().to_owned()),
                _ => {}
            },
            Piece::Tag(tag) => match (tag.name.as_str(), tag.closing) {
                ("div", false) if tag.has_class("contributor") => within = true,
                ("abbr", false) if tag.has_class("published") => moment(&tag, MomentRole::Start, &mut record),
                ("abbr", false) if tag.has_class("duration") => {
                    record.fields.opt_text("duration", tag.attribute("title").as_deref());
                }
                ("span" | "abbr", false) if tag.has_class("fn") => part = Part::Name,
                ("span", false) if tag.has_class("full-text") => part = Part::Said,
                // Words of a transcript stand in spans with how sure each is.
                ("span", _) if part == Part::Said => {
                    part = if tag.closing && !said.is_empty() { Part::None } else { Part::Said };
                }
                ("span" | "abbr" | "a", true) => part = Part::None,
                ("a", false) if tag.has_class("tel") => number(&tag, &mut other),
                ("a", false) if tag.attribute("rel").as_deref() == Some("tag") => {
                    part = Part::Label;
                    let kind = tag.attribute("href").and_then(|href| Some(href.rsplit_once('#')?.1.to_owned()));
                    if let Some("placed" | "received" | "missed" | "voicemail" | "recorded") = kind.as_deref()
                        && !known
                    {
                        known = true;
                        record.fields.opt_text("kind", kind.as_deref());
                    }
                }
                ("audio", false) => attach(&tag, "src", opened, &mut record),
                _ => {}
            },
        }
    }
    record.text = Some(said.trim().to_owned()).filter(|said| !said.is_empty());
    if !labels.is_empty() {
        record.fields.list("labels", &labels);
    }
    if other.name.is_some() || !other.identifiers.is_empty() {
        record.parties.push(other);
    }
    if record.moments.iter().all(|m| m.instant.is_none()) {
        out.warn(at.clone(), "time.missing", "The call's time is missing or cannot be read.");
    }
    if frame.truncated {
        out.warn(at.clone(), "html.truncated", "The page is longer than the limit; its beginning was read.");
    }
    out.record(at, record);
}

fn moment(tag: &Tag<'_>, role: MomentRole, record: &mut Record) {
    if let Some(title) = tag.attribute("title") {
        record.moments.push(time::iso(role, &title));
    }
}

fn number(tag: &Tag<'_>, party: &mut Party) {
    let number = tag.attribute("href").and_then(|href| Some(href.strip_prefix("tel:")?.to_owned()));
    if let Some(value) = number.filter(|n| !n.is_empty()) {
        party.identifiers.push(Identifier { kind: IdentifierKind::Phone, value });
    }
}

/// Names a file, which pages call by its name without an ending.
fn attach(tag: &Tag<'_>, attribute: &str, opened: &Opened<'_>, record: &mut Record) {
    let Some(name) = tag.attribute(attribute).filter(|name| !name.is_empty()) else { return };
    let attachment = linked(opened, &name);
    let found = attachment.at.is_some();
    let links = opened.claim.links.as_slice();
    let start = links.partition_point(|link| link.name.as_str() < name.as_str());
    let named = |link: &&glasshouse_model::Link| {
        link.name.strip_prefix(name.as_str()).is_some_and(|rest| rest.starts_with('.') && !rest.contains(' '))
    };
    record.attachments.push(match links.get(start).filter(named).filter(|_| !found) {
        Some(link) => {
            Attachment { name: Some(name), size: Some(link.size), at: Some(link.whole()), ..Attachment::default() }
        }
        None => attachment,
    });
}
