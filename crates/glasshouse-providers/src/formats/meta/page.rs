//! Messages as a page: the same records as from JSON, with times that have no zone.

use super::html::{Block, blocks, body, is_only_time, is_time, text, title};
use super::kinds::Kind;
use super::labels::Told;
use super::messages::{FORMAT, THREADS, conversation, named};
use super::roots::Service;
use crate::formats::{element, time};
use crate::{Frame, Opened, Sink};
use glasshouse_model::{
    Attachment, Family, Fields, Links, Locator, LocatorKind, Moment, MomentRole, Party, PartyRole, Precision, Record,
    Ref, ZoneBasis,
};
use std::borrow::Cow;
use std::collections::BTreeSet;

/// Says whether first bytes are those of a page of an export.
pub(crate) fn is_ours(head: &[u8]) -> bool {
    let has = |needle: &[u8]| memchr::memmem::find(head, needle).is_some();
    has(b"<html") && (has(b"<base href=") || has(b"role=\"main\"") || has(b"_a6-g"))
}

/// Reads the messages of a page.
pub(crate) fn messages(opened: &Opened<'_>, out: &mut Sink) {
    for frame in opened.frames {
        page(opened, frame, out);
    }
}

/// Returns a page's text and items, with what is wrong with it said.
fn open<'f>(frame: &Frame<'f>, at: &Ref, out: &mut Sink) -> Option<(Cow<'f, str>, Vec<Block>)> {
    let html = element::text(frame, at, out);
    if frame.truncated {
        out.warn(at.clone(), "html.truncated", "The page is longer than 64 MiB; the rest was not read.");
    }
    let Some(blocks) = blocks(&html) else {
        out.warn(at.clone(), "html.layout", "The page does not have the expected shape; it was not read.");
        return None;
    };
    Some((html, blocks))
}

/// Returns the place of an item; where bytes had to be replaced, places shift, and the page is named.
fn node(frame: &Frame<'_>, at: &Ref, html: &str, block: &Block, number: usize) -> Ref {
    if html.len() != frame.bytes.len() {
        return at.clone();
    }
    let start = frame.offset + block.range.start as u64;
    let length = (block.range.end - block.range.start) as u64;
    Ref { entry: at.entry, locator: Locator::new(LocatorKind::Node, number.to_string(), start, length) }
}

/// Reads the items of a page of anything but messages.
///
/// An item has its heading as title and the rest as text, in lines. Rows of tables are the labelled values that the
/// same list has in JSON, and are read as those: labels are in the language of the account.
pub(crate) fn items(opened: &Opened<'_>, service: Service, kind: Kind, out: &mut Sink) {
    for frame in opened.frames {
        let at = opened.at(Locator::bytes(frame.offset, frame.bytes.len() as u64));
        let Some((html, blocks)) = open(frame, &at, out) else { continue };
        for (number, block) in blocks.iter().enumerate() {
            let item = Item::of(&html, block);
            let mut record = Record::new(kind.family, kind.format);
            let whole = body(html.get(block.range.start..item.foot.start).unwrap_or_default());
            let time = item.time.filter(|time| is_time(time));
            // Where the time has no part of its own it is a line among others, or a row of a table.
            let time = time.or_else(|| whole.text.lines().rev().find_map(line_time).map(Into::into));
            record.moments.extend(time.as_deref().map(|time| moment(MomentRole::Created, time)));
            record.title = item.heading.filter(|heading| !heading.is_empty());
            let lines = whole
                .text
                .lines()
                .filter(|line| Some(*line) != record.title.as_deref() && Some(line.trim()) != time.as_deref());
            let text = lines.collect::<Vec<_>>().join("\n");
            record.text = Some(text.trim().to_owned()).filter(|text| !text.is_empty());
            // Over pictures of Instagram stands what was written with them; what is labelled is about the pictures.
            let captioned = service == Service::Instagram && kind.format == "posts";
            let caption = if captioned { record.text.take().or_else(|| record.title.take()) } else { None };
            labelled(&whole.rows, &mut record);
            if captioned {
                record.text = caption.or(record.text.take());
            }
            // The service's own address of the item stands around its time.
            let own = body(html.get(item.foot.clone()).unwrap_or_default());
            record.fields.opt_text("link", own.files.first().or(own.shared.first()).map(String::as_str));
            let (links, files): (Vec<_>, Vec<_>) =
                whole.shared.iter().chain(&whole.files).partition(|file| file.contains("://"));
            record.attachments = files.into_iter().map(|file| named(file, &opened.claim.links)).collect();
            if kind.family == Family::Contact {
                let url = links.first().map(|url| (*url).clone());
                // Without a heading the name is the link's own text.
                let name = record.title.clone().or_else(|| record.text.take_if(|text| !text.contains('\n')));
                record.parties.extend(super::item::linked(PartyRole::Subject, name, url));
            }
            if !links.is_empty() {
                record.fields.list("links", &links);
            }
            if !whole.lists.is_empty() {
                record.fields.list("lists", &whole.lists);
            }
            if record.title.is_some()
                || record.text.is_some()
                || !record.attachments.is_empty()
                || !links.is_empty()
                || !record.parties.is_empty()
                || !whole.rows.is_empty()
            {
                out.record(node(frame, &at, &html, block, number), record);
            }
        }
    }
}

/// Returns a line that is a time.
fn line_time(line: &str) -> Option<&str> {
    is_only_time(line.trim()).then(|| line.trim())
}

/// Reads rows of tables: times, and values that become lines with their labels.
fn labelled(rows: &[(String, String)], record: &mut Record) {
    const MOST_TIMES: usize = 20;
    if rows.is_empty() {
        return;
    }
    let mut told = Told::default();
    let mut kept = Vec::new();
    for (label, value) in rows {
        let mut fields = Fields::new();
        kept.push(fields.text("label", label).text("value", value).to_json());
        if value.is_empty() {
            continue;
        } else if !is_only_time(value) {
            told.add(label, value, record);
        } else if record.moments.len() < MOST_TIMES && !record.moments.iter().any(|known| known.text == *value) {
            record.moments.push(moment(MomentRole::Created, value));
        }
    }
    told.finish(record);
    record.fields.raw("label_values", &format!("[{}]", kept.join(",")));
}

fn page(opened: &Opened<'_>, frame: &Frame<'_>, out: &mut Sink) {
    let at = opened.at(Locator::bytes(frame.offset, frame.bytes.len() as u64));
    let Some((html, blocks)) = open(frame, &at, out) else { return };
    let id = conversation(opened.entry);
    let items: Vec<Item> = blocks.iter().map(|block| Item::of(&html, block)).collect();
    let speakers = speakers(&items);
    let sentence = items.iter().find(|item| item.time.is_none()).map(|item| item.shown(&html)).unwrap_or_default();
    let two = pair(&speakers, &sentence);
    let (title, mut told) = (title(&html), false);
    for (number, item) in items.iter().enumerate() {
        let place = node(frame, &at, &html, item.block, number);
        match item.message(&id, &speakers, two, &opened.claim.links) {
            Some(record) => {
                if record.moments.first().is_some_and(|moment| !is_time(&moment.text)) {
                    out.warn(
                        place.clone(),
                        "time.unreadable",
                        "The message's time is written in a way that is not known.",
                    );
                }
                out.record(place, record);
            }
            // Who took part.
            None if item.time.is_none() && item.heading.is_none() && item.body.is_empty() => {}
            None => {
                let mut record = Record::new(Family::Activity, THREADS);
                record.conversation = Some(id.clone());
                record.fields.text("page", &item.shown(&html));
                // The first is the one that says who takes part.
                if !std::mem::replace(&mut told, true) {
                    record.title.clone_from(&title);
                    record.same_as = Some("thread".into());
                    record.parties.extend(speakers.iter().map(|n| Party::named(PartyRole::Participant, n.clone())));
                }
                out.record(place, record);
            }
        }
    }
}

/// One item of a page.
struct Item<'h> {
    block: &'h Block,
    heading: Option<String>,
    body: &'h str,
    time: Option<String>,
    /// Where its foot is, with the time; at its end and empty when it has none.
    foot: std::ops::Range<usize>,
}

impl<'h> Item<'h> {
    fn of(html: &'h str, block: &'h Block) -> Self {
        let mut children: Vec<&str> = block.children.iter().filter_map(|child| html.get(child.clone())).collect();
        // A heading, a body and a third part: that is the time, however it is written.
        let complete = children.len() > 2;
        let time =
            children.last().map(|last| text(last)).filter(|text| is_time(text) || (complete && !text.is_empty()));
        let mut foot = block.range.end..block.range.end;
        if time.is_some() {
            children.pop();
            foot = block.children.last().cloned().unwrap_or(foot);
        }
        // A heading that says so needs no body below it: a friend is a name and a time.
        let named = |child: &str| matches!(child.as_bytes(), [b'<', b'h' | b'H', b'1'..=b'6', ..]);
        let alone = children.first().is_some_and(|first| named(first));
        let heading = (children.len() > 1 || alone).then(|| text(children.first().copied().unwrap_or_default()));
        let body = match children.as_slice() {
            [] => "",
            [_] if alone => "",
            [.., body] => body,
        };
        Item { block, heading, body, time, foot }
    }

    /// Returns the text of the whole item.
    fn shown(&self, html: &str) -> String {
        text(html.get(self.block.range.clone()).unwrap_or_default())
    }

    /// Returns the message, if the item has a time; `two` says that the speakers are all who take part.
    fn message(&self, id: &str, speakers: &[String], two: bool, links: &Links) -> Option<Record> {
        let time = self.time.as_deref()?;
        let mut record = Record::new(Family::Message, FORMAT);
        record.conversation = Some(id.to_owned());
        record.moments.push(moment(MomentRole::Sent, time));
        let sender = self.heading.as_deref().filter(|name| !name.is_empty());
        if let Some(sender) = sender {
            record.parties.push(Party::named(PartyRole::Sender, sender));
            if let [one, other] = speakers
                && two
            {
                let other = if one == sender { other } else { one };
                record.parties.push(Party::named(PartyRole::To, other.clone()));
            }
        }
        let body = body(self.body);
        let rows = body.rows.iter().map(|(label, value)| format!("{label}: {value}"));
        let lines: Vec<String> = Some(body.text).filter(|text| !text.is_empty()).into_iter().chain(rows).collect();
        record.text = Some(lines.join("\n")).filter(|text| !text.is_empty());
        let shares: Vec<_> = body.shared.iter().chain(body.files.iter().filter(|file| file.contains("://"))).collect();
        if let [link] = shares.as_slice() {
            let mut share = Fields::new();
            share.text("link", link);
            record.fields.raw("share", &share.to_json());
        } else if !shares.is_empty() {
            record.fields.list("links", &shares);
        }
        let held: Vec<Attachment> =
            body.files.iter().filter(|file| !file.contains("://")).map(|file| named(file, links)).collect();
        record.attachments = held;
        if !body.lists.is_empty() {
            record.fields.raw("reactions", &reactions(&body.lists, speakers));
        }
        Some(record)
    }
}

/// Takes `❤Ola Berg` apart where the name is a participant's; else the whole stands as the reaction.
fn reactions(lists: &[String], people: &[String]) -> String {
    let one = |line: &String| {
        let actor = people
            .iter()
            .take(100)
            .filter(|name| !name.is_empty() && line.ends_with(name.as_str()))
            .max_by_key(|n| n.len());
        let mut fields = Fields::new();
        match actor.and_then(|actor| Some((line.strip_suffix(actor.as_str())?.trim(), actor))) {
            Some((reaction, actor)) => fields.text("reaction", reaction).text("actor", actor),
            None => fields.text("reaction", line),
        };
        fields.to_json()
    };
    format!("[{}]", lists.iter().map(one).collect::<Vec<_>>().join(","))
}

/// Returns everybody who sent a message.
fn speakers(items: &[Item<'_>]) -> Vec<String> {
    const MOST: usize = 1000;
    let mut known: BTreeSet<&str> = BTreeSet::new();
    let mut speakers = Vec::new();
    for item in items.iter().filter(|item| item.time.is_some()) {
        let Some(name) = item.heading.as_deref().filter(|name| !name.is_empty()) else { continue };
        if speakers.len() < MOST && known.insert(name) {
            speakers.push(name.to_owned());
        }
    }
    speakers
}

/// Says whether the sentence that lists who takes part names the two speakers and nobody else.
///
/// It is in the account's language; what stands between the names must be a word that is known for that.
fn pair(speakers: &[String], sentence: &str) -> bool {
    const BETWEEN: &[&str] = &["and", "und", "et", "y", "e", "en", "och", "og", "i", "и", "&", "ja", "ve", "dan"];
    let [one, other] = speakers else { return false };
    let Some((_, list)) = sentence.split_once(':') else { return false };
    // The longer first, which may contain the other.
    let (long, short) = if one.len() >= other.len() { (one, other) } else { (other, one) };
    let Some((before, after)) = list.split_once(long.as_str()) else { return false };
    let rest = format!("{before} , {after}");
    let Some((before, after)) = rest.split_once(short.as_str()) else { return false };
    let rest = format!("{before} {after}");
    rest.split(|c: char| c.is_whitespace() || c == ',').all(|word| word.is_empty() || BETWEEN.contains(&word))
}

/// Returns the moment of a time on a page: the clock of the account, whose zone is not stated.
pub(crate) fn moment(role: MomentRole, text: &str) -> Moment {
    // Some headings are times that say their offset.
    let read = time::iso(role, text);
    if read.instant.is_some() {
        return read;
    }
    let seconds = text.split(|c: char| !c.is_ascii_digit() && c != ':').any(|clock| clock.matches(':').count() == 2);
    Moment {
        role,
        instant: None,
        text: text.to_owned(),
        basis: if is_time(text) { ZoneBasis::AccountLocal } else { ZoneBasis::Ambiguous },
        precision: if seconds { Precision::Second } else { Precision::Minute },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_who_take_part_are_told_from_more() {
        let speakers = ["Ola Berg".to_owned(), "Ola Bergman".to_owned()];
        assert!(pair(&speakers, "Participants: Ola Bergman and Ola Berg"));
        assert!(pair(&speakers, "Teilnehmer: Ola Berg und Ola Bergman"));
        assert!(!pair(&speakers, "Participants: Ola Berg, Ola Bergman and Nora"));
        assert!(!pair(&speakers, "Participants: Ola Bergman"));
        assert!(!pair(&speakers, ""));
        assert!(!pair(&speakers[..1], "Participants: Ola Berg"));
    }

    #[test]
    fn names_end_reactions() {
        let people = ["Ola".to_owned(), "Nora Ola".to_owned()];
        let lists = ["\u{2764}Nora Ola".to_owned(), "\u{1f606} Kim".to_owned()];
        let expected = "[{\"reaction\":\"\u{2764}\",\"actor\":\"Nora Ola\"},{\"reaction\":\"\u{1f606} Kim\"}]";
        assert_eq!(reactions(&lists, &people), expected);
    }
}
