use super::names::{ADDRESS, APPOINTMENT, COMMON, LOG, TASK};
use super::text::{body, moment, wall};
use super::{Attached, Item, Props, person};
use crate::Sink;
use crate::formats::mail::read_header_block;
use glasshouse_model::{
    Attachment, Family, Identifier, IdentifierKind, Moment, MomentRole, Party, PartyRole, Place, Record, Ref,
};
use std::collections::HashSet;

/// Attachments of one item, those of items attached to it included.
const MOST_ATTACHMENTS: usize = 10_000;

/// Returns the family of an item by its class ([MS-OXOMSG] and its kin).
fn family(class: &str) -> Family {
    let class = class.to_ascii_lowercase();
    let is = |name: &str| class.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
    match () {
        () if is("ipm.contact") || is("ipm.distlist") || is("ipm.abchperson") => Family::Contact,
        // Exceptions of a series are items of a class of their own.
        () if is("ipm.appointment") || is("ipm.ole.class.{00061055-0000-0000-c000-000000000046}") => Family::Event,
        () if is("ipm.task") => Family::Task,
        () if is("ipm.stickynote") => Family::Note,
        () if is("ipm.activity") => Family::Activity,
        // What programs keep for themselves among the items.
        () if is("ipm.microsoft") || is("ipm.configuration") => Family::Setting,
        // Short messages, and what chats leave in a mailbox.
        () if is("ipm.note.mobile") || is("ipm.skypeteams.message") || is("ipm.note.microsoft.conversation") => {
            Family::Message
        }
        () => Family::Mail,
    }
}

/// Returns the record of an item.
///
/// Where a mail has the header block that it travelled with, that is read as in any mailbox, and the properties add
/// what it lacks. Each property that no member carries is a field under its canonical name.
pub(crate) fn record(format: &'static str, mut item: Item, at: &Ref, out: &mut Sink) -> Record {
    let class = item.props.peek_text(0x001A).unwrap_or_default();
    let mut record = Record::new(family(&class), format);
    if record.family == Family::Mail
        && let Some(headers) = item.props.text(0x007D)
        && read_header_block(headers.as_bytes(), format, &mut record)
    {
        let what = "A header is too long or too broken to be taken apart, or there are too many.";
        out.warn(at.clone(), "mail.header", what);
    }
    let read = body(&mut item.props);
    if read.damaged {
        let what = "The formatted text is damaged, and there is no other.";
        out.warn(at.clone(), "outlook.rtf", what);
    }
    record.text = read.text;
    if !read.others.is_empty() {
        record.fields.list("alternative parts", &read.others);
    }
    title(&mut item.props, &mut record);
    let event = record.family == Family::Event;
    let mut parties = std::mem::take(&mut record.parties);
    match record.family {
        Family::Contact => contact(&mut item.props, &mut record, &mut parties),
        _ => senders(&mut item.props, event, &mut parties),
    }
    person::add(&mut parties, item.recipients.iter_mut().filter_map(|row| person::recipient(row, event)));
    for (id, role) in [(0x0E04, PartyRole::To), (0x0E03, PartyRole::Cc), (0x0E02, PartyRole::Bcc)] {
        // These lists of names repeat the rows of recipients.
        if parties.iter().any(|p| p.role == role || p.role == PartyRole::Attendee) {
            item.props.done(id);
        }
    }
    record.parties = parties;
    moments(&mut item.props, &mut record);
    if matches!(record.family, Family::Mail | Family::Message) {
        conversation(&mut item.props, &mut record);
    }
    if event && let Some(address) = item.props.named_text(APPOINTMENT, 0x8208) {
        record.place = Some(Place { address: Some(address), ..Place::default() });
    }
    let mut seen = HashSet::new();
    item.props.rest(&mut record.fields, &mut seen);
    record.attachments = attachments(&mut item.attachments);
    record
}

/// Returns what is attached, items attached to an item after that item.
pub(crate) fn attachments(attached: &mut [Attached]) -> Vec<Attachment> {
    let mut found = Vec::new();
    list(attached, &mut found);
    found
}

fn list(attached: &mut [Attached], found: &mut Vec<Attachment>) {
    for one in attached {
        if found.len() >= MOST_ATTACHMENTS {
            return;
        }
        found.push(one.attachment());
        if let Some(inner) = &mut one.inner {
            list(&mut inner.attachments, found);
        }
    }
}

fn title(props: &mut Props, record: &mut Record) {
    let subject = props.text(0x0037).map(|subject| {
        // A prefix (`Re: `) may be counted out by two characters at the beginning.
        match subject.strip_prefix('\u{1}') {
            Some(rest) => rest.chars().skip(1).collect(),
            None => subject,
        }
    });
    let normal = props.peek_text(0x0E1D).filter(|t| !t.is_empty());
    let prefix = props.peek_text(0x003D).unwrap_or_default();
    let title = subject.or_else(|| normal.as_ref().map(|normal| format!("{prefix}{normal}")));
    if let Some(title) = &title {
        for id in [0x0E1D, 0x003D, 0x0070] {
            if props.peek_text(id).is_some_and(|t| title.ends_with(&t) || title.starts_with(&t)) {
                props.done(id);
            }
        }
    }
    if record.title.is_none() {
        record.title = title.or_else(|| props.peek_text(0x3001).filter(|t| !t.is_empty()));
    }
}

/// Adds who sent an item: the person it comes from, and whoever sent it for that person as fields.
fn senders(props: &mut Props, event: bool, parties: &mut Vec<Party>) {
    let role = if event { PartyRole::Organizer } else { PartyRole::Sender };
    let from = [[0x0042, 0x5D02, 0x0064, 0x0065], [0x0C1A, 0x5D01, 0x0C1E, 0x0C1F]];
    let mut found = Vec::new();
    for ids in from {
        let [name, smtp, kind, address] = ids.map(|id| props.peek_text(id).filter(|t| !t.trim().is_empty()));
        // Items that nobody sent are from "Unknown", of the type UNKNOWN.
        if kind.as_deref() == Some("UNKNOWN") {
            continue;
        }
        if let Some(party) = person::party(role, name, smtp, kind, address) {
            found.push((party, ids));
        }
    }
    let Some((first, _)) = found.first().cloned() else { return };
    for (party, ids) in &found {
        let same = |a: &Party, b: &Party| a.name == b.name && a.identifiers == b.identifiers;
        if same(party, &first) {
            ids.iter().for_each(|id| props.done(*id));
        }
    }
    if !parties.iter().any(|p| p.role == role) {
        parties.insert(0, first);
    } else if let [known] = parties.iter_mut().filter(|p| p.role == role).collect::<Vec<_>>().as_mut_slice() {
        // The address within the organisation beside the one that the header states.
        let new =
            first.identifiers.into_iter().filter(|i| i.kind != IdentifierKind::Email && !known.identifiers.contains(i));
        let new: Vec<_> = new.collect();
        known.identifiers.extend(new);
    }
}

/// Adds the person that a contact is about.
fn contact(props: &mut Props, record: &mut Record, parties: &mut Vec<Party>) {
    let mut identifiers: Vec<Identifier> = Vec::new();
    let mut add = |kind: IdentifierKind, value: Option<String>| {
        if let Some(value) = value.filter(|v| !identifiers.iter().any(|i| i.value == *v)) {
            identifiers.push(Identifier { kind, value });
        }
    };
    for number in [0x8083, 0x8093, 0x80A3] {
        let address = props.named_text(ADDRESS, number);
        let kind = match address.as_deref() {
            Some(address) if address.contains('@') => IdentifierKind::Email,
            _ => IdentifierKind::Account,
        };
        add(kind, address);
    }
    const PHONES: &[u16] = &[
        0x3A1C, 0x3A09, 0x3A2F, 0x3A08, 0x3A1B, 0x3A1A, 0x3A1F, 0x3A1D, 0x3A1E, 0x3A21, 0x3A02, 0x3A57, 0x3A24, 0x3A25,
        0x3A23,
    ];
    for id in PHONES {
        // Which of a person's numbers it is stays among the fields.
        add(IdentifierKind::Phone, props.peek_text(*id).filter(|t| !t.trim().is_empty()));
    }
    add(IdentifierKind::Account, props.named_text(ADDRESS, 0x8062));
    let members: Vec<Party> =
        props.named_values(ADDRESS, 0x8054).iter().filter_map(|value| person::one_off(value)).collect();
    let name = props.text(0x3001).or_else(|| record.title.clone());
    if record.title.is_none() || record.title.as_ref() == name.as_ref() {
        record.title = name.clone();
    }
    if name.is_some() || !identifiers.is_empty() {
        parties.push(Party { role: PartyRole::Subject, name, identifiers });
    }
    parties.extend(members);
}

fn moments(props: &mut Props, record: &mut Record) {
    use MomentRole::{Created, End, Modified, Received, Sent, Start};
    let mut found: Vec<Option<Moment>> = Vec::new();
    match record.family {
        Family::Mail | Family::Message => {
            let written = |role| record.moments.iter().any(|m| m.role == role);
            for (id, role) in [(0x0039, Sent), (0x0E06, Received)] {
                let Some(at) = props.peek_time(id).and_then(|t| moment(role, t)) else { continue };
                // The header says when, and in which zone; where the store says another time, it stays a field.
                if record.moments.iter().any(|m| m.role == role && near(m.instant, at.instant)) {
                    props.done(id);
                } else if !written(role) {
                    props.done(id);
                    found.push(Some(at));
                }
            }
        }
        Family::Event => {
            found.push(props.named_time(APPOINTMENT, 0x820D).and_then(|t| moment(Start, t)));
            found.push(props.named_time(APPOINTMENT, 0x820E).and_then(|t| moment(End, t)));
        }
        Family::Task => {
            // A task's own dates are wall clocks; the common ones beside them are UTC.
            for (common, own, role) in [(0x8516, 0x8104, Start), (0x8517, 0x8105, End)] {
                let utc = props.named_time(COMMON, common).and_then(|t| moment(role, t));
                let own = props.named_time(TASK, own).and_then(|t| wall(role, t));
                found.push(utc.or(own));
            }
        }
        Family::Activity => {
            found.push(props.named_time(LOG, 0x8706).and_then(|t| moment(Start, t)));
            found.push(props.named_time(LOG, 0x8708).and_then(|t| moment(End, t)));
        }
        _ => {}
    }
    found.push(props.time(0x3007).and_then(|t| moment(Created, t)));
    found.push(props.time(0x3008).and_then(|t| moment(Modified, t)));
    record.moments.extend(found.into_iter().flatten());
}

/// Says whether two instants are within the two seconds that a header's whole seconds and a clock's reading differ.
fn near(a: Option<i64>, b: Option<i64>) -> bool {
    matches!((a, b), (Some(a), Some(b)) if a.abs_diff(b) < 2_000_000)
}

/// Adds the ids of the thread that no header stated.
fn conversation(props: &mut Props, record: &mut Record) {
    fn bare(id: &str) -> String {
        id.trim().trim_start_matches('<').trim_end_matches('>').to_owned()
    }
    let index = props.binary(0x0071).filter(|b| b.len() >= 22).map(|b| hex::encode(b.get(6..22).unwrap_or_default()));
    let own = props.text(0x1035);
    let parent = props.text(0x1042);
    let references = props.text(0x1039);
    if record.conversation.is_some() {
        return;
    }
    record.fields.opt_text("message-id", own.as_deref());
    record.fields.opt_text("in-reply-to", parent.as_deref());
    let list: Vec<String> = references.iter().flat_map(|r| r.split_whitespace()).take(1000).map(bare).collect();
    if !list.is_empty() {
        record.fields.list("references", &list);
    }
    let root = list.into_iter().next();
    let found = root.or_else(|| parent.as_deref().map(bare)).or_else(|| own.as_deref().map(bare));
    // Mails that never left the organisation may have no ids of mail, but a thread of their own.
    record.conversation = found.filter(|id| !id.is_empty()).or(index);
}
