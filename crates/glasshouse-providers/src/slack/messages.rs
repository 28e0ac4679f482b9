//! Messages of one conversation and one day.

use super::shown::{Names, shown};
use crate::formats::element::{inner_place, keep, not_an_object, place, text};
use crate::formats::json::{Object, as_text, is_text};
use crate::formats::time;
use crate::{Frame, Opened, Sink};
use glasshouse_model::{
    Attachment, Family, IdentifierKind, Locator, Moment, MomentRole, Party, PartyRole, Precision, Record, Ref,
    ZoneBasis,
};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

pub(super) const FORMAT: &str = "messages";

/// Reads messages.
pub(super) fn parse(opened: &Opened<'_>, out: &mut Sink) {
    let known = Known::of(opened);
    if opened.frames.iter().any(|f| f.index == 0) {
        for list in &known.unread {
            let message = "The list cannot be read; the conversation goes by its folder's name.";
            out.warn(list.clone(), "slack.list", message);
        }
    }
    for frame in opened.frames.iter().filter(|f| f.element) {
        message(opened, frame, &known, out);
    }
}

/// Names that the lists beside the conversations tell.
struct Known {
    people: BTreeMap<String, String>,
    /// Names of all conversations that have one.
    channels: BTreeMap<String, String>,
    /// Id, name and members of this conversation.
    id: String,
    name: String,
    kind: Option<&'static str>,
    members: Vec<String>,
    /// Lists that are none.
    unread: Vec<Ref>,
}

impl Known {
    fn of(opened: &Opened<'_>) -> Self {
        let dir = opened.entry.dir();
        let folder = dir.rsplit('/').next().unwrap_or(dir).to_owned();
        let (id, name) = (folder.clone(), folder.clone());
        let mut known = Known {
            people: BTreeMap::new(),
            channels: BTreeMap::new(),
            id,
            name,
            kind: None,
            members: Vec::new(),
            unread: Vec::new(),
        };
        for companion in opened.companions {
            let text = String::from_utf8_lossy(companion.bytes);
            let list = format!("{{\"list\":{}}}", text.trim_start_matches('\u{feff}'));
            let list = Object::parse(&list).ok();
            let Some(kind) = super::people::kind(companion.entry.name()) else {
                // A list of people is a claim of its own, which says what is wrong with it.
                list.iter().for_each(|list| known.people(list));
                continue;
            };
            let Some(items) = list.as_ref().and_then(|list| list.array("list")) else {
                let locator = Locator::json("", 0, companion.bytes.len() as u64);
                known.unread.push(Ref { entry: companion.entry.id, locator });
                continue;
            };
            for one in items {
                let Ok(one) = Object::parse(one) else { continue };
                let (id, name) = (one.text("id").map(Cow::into_owned), one.text("name"));
                // Folders bear the name, those of direct conversations the id.
                let ours = name.as_deref() == Some(&folder) || id.as_deref() == Some(&folder);
                if let (Some(id), Some(name)) = (&id, name) {
                    known.channels.insert(id.clone(), name.into_owned());
                }
                if ours {
                    known.id = id.unwrap_or_else(|| folder.clone());
                    known.members = one.texts("members");
                    known.kind = Some(kind);
                }
            }
        }
        known
    }

    fn people(&mut self, list: &Object<'_>) {
        for one in list.array("list").unwrap_or_default() {
            let Ok(one) = Object::parse(one) else { continue };
            let Some(id) = one.text("id") else { continue };
            let profile = one.object("profile");
            let said = profile.as_ref().and_then(|p| p.text("real_name")).filter(|n| !n.is_empty());
            let name = said.or_else(|| one.text("real_name")).or_else(|| one.text("name"));
            if let Some(name) = name {
                self.people.insert(id.into_owned(), name.into_owned());
            }
        }
    }

    fn party(&self, role: PartyRole, id: &str) -> Party {
        Party::with(role, self.people.get(id).cloned(), IdentifierKind::Account, id)
    }
}

impl Names for Known {
    fn person(&self, id: &str) -> Option<&str> {
        self.people.get(id).map(String::as_str)
    }

    fn channel(&self, id: &str) -> Option<&str> {
        self.channels.get(id).map(String::as_str)
    }
}

fn message(opened: &Opened<'_>, frame: &Frame<'_>, known: &Known, out: &mut Sink) {
    let at = place(opened, frame);
    let raw = text(frame, &at, out);
    let Ok(object) = Object::parse(&raw) else {
        return not_an_object(frame, at, out);
    };
    // A huddle is written down as a message that carries the room it was held in.
    let room = object.object("room").filter(|_| object.text("subtype").as_deref() == Some("huddle_thread"));
    let family = if room.is_some() { Family::Call } else { Family::Message };
    let mut record = Record::new(family, FORMAT);
    record.conversation = Some(known.id.clone());
    record.title = Some(known.name.clone());
    record.fields.opt_text("conversation_kind", known.kind);
    if let Some(ts) = object.text("ts") {
        record.moments.push(moment(MomentRole::Sent, &ts));
    }
    if record.moments.first().is_none_or(|m| m.instant.is_none()) {
        out.warn(at.clone(), "time.missing", "The message's time is missing or cannot be read.");
    }
    if let Some(ts) = object.object("edited").as_ref().and_then(|e| e.text("ts")) {
        record.moments.push(moment(MomentRole::Modified, &ts));
    }
    if let Some(room) = &room {
        for (name, role) in [("date_start", MomentRole::Start), ("date_end", MomentRole::End)] {
            // Nought is written for what has not ended.
            record
                .moments
                .extend(room.raw(name).filter(|count| *count != "0").map(|count| time::epoch_seconds(role, count)));
        }
        let there: BTreeSet<String> =
            ["participant_history", "participants"].iter().flat_map(|n| room.texts(n)).collect();
        record.parties.extend(there.iter().map(|id| known.party(PartyRole::Participant, id)));
    }
    let sender = object.text("user").or_else(|| object.text("bot_id"));
    if let Some(id) = sender.as_deref().filter(|id| !id.is_empty()) {
        let mut party = known.party(PartyRole::Sender, id);
        // Newer exports say the name in the message, bots theirs as a user name.
        let profile = object.object("user_profile");
        let said = profile.and_then(|p| p.text("real_name").map(Cow::into_owned));
        party.name = party.name.or(said).or_else(|| object.text("username").map(Cow::into_owned));
        record.parties.push(party);
    } else if let Some(name) = object.text("username") {
        record.parties.push(Party::named(PartyRole::Sender, name));
    }
    if matches!(known.kind, Some("direct" | "group direct")) {
        let others = known.members.iter().filter(|m| Some(m.as_str()) != sender.as_deref());
        record.parties.extend(others.map(|id| known.party(PartyRole::To, id)));
    }
    let written = object.text("text").filter(|text| !text.is_empty());
    let read = written.as_deref().and_then(|text| shown(text, known));
    let is_as_written = read.is_none();
    record.text = read.or_else(|| written.map(Cow::into_owned));
    let mut files = object.objects("files");
    files.extend(object.object("file"));
    record.attachments = files.iter().map(attachment).collect();
    for (key, value) in object.members() {
        let taken = matches!(key, "ts" | "user") || key == "text" && is_as_written;
        if taken && is_text(value.get()) {
            continue;
        }
        keep(&mut record.fields, key, value.get());
    }
    // Each person who reacted, at no time that the export would say.
    for (i, reaction) in object.array("reactions").unwrap_or_default().into_iter().enumerate() {
        let Ok(one) = Object::parse(reaction) else { continue };
        for (j, user) in one.array("users").unwrap_or_default().into_iter().enumerate() {
            let Some(id) = as_text(user) else { continue };
            let mut record = Record::new(Family::Reaction, FORMAT);
            record.conversation = Some(known.id.clone());
            record.title = Some(known.name.clone());
            record.text = one.text("name").map(Cow::into_owned);
            record.parties.push(known.party(PartyRole::Author, &id));
            record.fields.opt_text("message_ts", object.text("ts").as_deref());
            out.record(inner_place(opened, frame, &raw, user, &format!("/reactions/{i}/users/{j}")), record);
        }
    }
    out.record(at, record);
}

fn attachment(file: &Object<'_>) -> Attachment {
    Attachment {
        name: file.text("name").or_else(|| file.text("title")).map(Cow::into_owned),
        mime: file.text("mimetype").filter(|m| !m.is_empty()).map(Cow::into_owned),
        size: file.int("size").and_then(|s| u64::try_from(s).ok()),
        ..Attachment::default()
    }
}

/// Reads `1452837318.000002`: seconds in UTC, and behind the point what makes it unique.
fn moment(role: MomentRole, text: &str) -> Moment {
    let (seconds, rest) = text.split_once('.').unwrap_or((text, ""));
    let micros = || {
        let seconds: i64 = seconds.parse().ok()?;
        let digits = rest.len() <= 6 && rest.bytes().all(|b| b.is_ascii_digit());
        let fraction: i64 = if digits { format!("{rest:0<6}").parse().ok()? } else { return None };
        let micros = seconds.checked_mul(1_000_000)?.checked_add(fraction)?;
        jiff::Timestamp::from_microsecond(micros).ok().map(|_| micros)
    };
    let precision = if rest.is_empty() { Precision::Second } else { Precision::Microsecond };
    Moment { role, instant: micros(), text: text.to_owned(), basis: ZoneBasis::Utc, precision }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stamps() {
        for (text, micros) in [
            ("1452837318.000002", Some(1_452_837_318_000_002)),
            ("1452837318", Some(1_452_837_318_000_000)),
            ("1452837318.5", Some(1_452_837_318_500_000)),
            ("1452837318.0000021", None),
            ("99999999999999999999.0", None),
            ("x", None),
        ] {
            assert_eq!(moment(MomentRole::Sent, text).instant, micros, "{text}");
        }
    }
}
