//! One e-mail message (RFC 5322, MIME), read into a record with its parties, times, text and attachments.
//!
//! Headers, charsets and transfer encodings are left to `mail-parser`; a message is taken apart here, because
//! depth, the number of parts and the place of each part's bytes have to be in our hands.

mod charset;
mod date;
mod head;
mod html;
mod parts;
mod show;
mod words;

pub(crate) use charset::{Reading, decode as decode_charset};
pub use date::mail_date;
pub(crate) use head::header_name;
pub use html::readable as html_to_text;
pub(crate) use parts::quoted_printable;
pub use show::{html, part};
pub(crate) use words::base64_lenient;
pub use words::decode_words;

use crate::Sink;
use crate::formats::{mapi, tnef};
use glasshouse_model::{
    Attachment, EntryId, Family, IdentifierKind, Locator, LocatorKind, MomentRole, Party, PartyRole, Record, Ref,
};
use head::{Head, addresses, ids, line_end};
use parts::{Encoding, Part, Trouble, take_apart};
use std::borrow::Cow;
use std::collections::{BTreeMap, HashSet};

/// How messages of a format are to be read.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// The record's format.
    pub format: &'static str,
    /// A `From ` line precedes the message, and body lines may be quoted as `>From `.
    pub mbox: bool,
    /// Headers (in lower case) that the caller reads itself; they are handed over and kept out of the fields.
    pub take: &'static [&'static str],
}

/// A message read.
pub struct Message {
    pub record: Record,
    /// The bytes of the whole message, its `From ` line included.
    pub at: Ref,
    /// The headers asked for, on one line but otherwise as written, in their order.
    pub taken: Vec<(&'static str, String)>,
}

/// Headers that pass through many hands and so come many times: lists in every record that has them.
const LISTS: &[&str] = &[
    "arc-authentication-results",
    "arc-message-signature",
    "arc-seal",
    "authentication-results",
    "delivered-to",
    "dkim-signature",
    "domainkey-signature",
    "received",
    "received-spf",
    "x-forwarded-for",
    "x-forwarded-to",
    "x-google-dkim-signature",
    "x-original-to",
    "x-received",
];

/// Reads one message that stands at `offset` of an entry.
///
/// Every header that no member of the record carries as written is a field under its name in lower case. Headers
/// that come many times by nature are lists, `references` is the list of its ids (and, where it holds anything but
/// ids, `references as written` the whole); of any other header the first
/// is a text, and further ones are the list `<name> again`. Lines among the headers that are none are the list
/// `stray lines`, the `From ` line of an mbox is `mbox from`, and body parts that the text does not show, because
/// an alternative of theirs does, are the list `alternative parts`: no header's name has a blank in it.
pub fn read_message(
    bytes: &[u8],
    offset: u64,
    entry: EntryId,
    truncated: bool,
    options: &Options,
    out: &mut Sink,
) -> Option<Message> {
    let place = |path: &str| Ref { entry, locator: Locator::new(LocatorKind::Mime, path, offset, bytes.len() as u64) };
    let at = place("");
    let mut record = Record::new(Family::Mail, options.format);
    let mut message = bytes;
    let mut separator_date = None;
    if options.mbox && message.starts_with(b"From ") {
        let end = line_end(message, 0);
        let line = String::from_utf8_lossy(message[5..end].trim_ascii());
        record.fields.text("mbox from", &line);
        separator_date = line.split_once(' ').map(|(_, date)| mail_date(MomentRole::Received, date));
        message = without_separator(&message[end..]);
    }
    if message.iter().all(u8::is_ascii_whitespace) {
        out.warn(at, "mail.empty", "A message has neither headers nor text.");
        return None;
    }
    if truncated {
        out.warn(
            at.clone(),
            "mail.truncated",
            "A message is longer than the limit or ends early; its end is not read.",
        );
    }
    let head = Head::read(message);
    if head.headers.is_empty() {
        out.warn(at.clone(), "mail.no-header", "A message begins without headers; all of it is read as text.");
    }
    let mut taken = Vec::new();
    let Doubts { mut guessed, unread } = read_headers(&head, options, &mut record, &mut taken);
    if record.moments.is_empty() {
        // No header says when: the separator does, by the clock of whoever wrote the file.
        record.moments.extend(separator_date.filter(|m| !m.text.is_empty()));
    }
    let (parts, troubles) = take_apart(&head, message, truncated);
    for trouble in troubles {
        let (code, message) = match trouble {
            Trouble::Depth => ("mail.depth", "A message's parts are nested deeper than is followed."),
            Trouble::Count => ("mail.parts", "A message has more parts than are listed."),
            Trouble::Boundary => ("mail.boundary", "A multipart has no boundary; its content is read as text."),
        };
        out.warn(at.clone(), code, message);
    }
    let roles = roles(&parts);
    let mut text = String::new();
    let (mut hidden, mut tnefs) = (Vec::new(), Vec::new());
    for (part, role) in parts.iter().zip(roles) {
        let raw = content(part, options.mbox);
        let whole = match role {
            Role::Text => read_text(part, &raw, &mut text, &mut guessed),
            Role::Alternative => {
                hidden.push(part);
                true
            }
            Role::InnerText => true,
            Role::Attachment => {
                let (attachment, whole) = attachment(part, &raw, place(&part.path));
                let tnef = is_tnef(part, attachment.name.as_deref());
                record.attachments.push(attachment);
                if tnef {
                    let decoded = parts::decode(part.encoding, &raw).0;
                    tnefs.push((part, tnef::read(&decoded).map(|read| open_tnef(read, &part.path, &place))));
                }
                whole
            }
        };
        if !whole {
            let what = "A part's transfer encoding is unknown or damaged; it is decoded as far as possible.";
            out.warn(place(&part.path), "mail.encoding", what);
        }
    }
    if text.is_empty() {
        // The plain alternative said nothing once it was decoded.
        hidden.retain(|part| {
            let readable = part.mime == "text/html";
            if readable {
                read_text(part, &content(part, options.mbox), &mut text, &mut guessed);
            }
            !readable
        });
    }
    for (part, opened) in tnefs {
        let (files, body, damaged) = opened.unwrap_or_else(|| (Vec::new(), None, true));
        if damaged {
            let what = "An attachment of Outlook's (winmail.dat) is damaged; it is taken apart as far as possible.";
            out.warn(place(&part.path), "mail.tnef", what);
        }
        record.attachments.extend(files);
        if text.is_empty() {
            text.extend(body);
        }
    }
    if guessed {
        out.warn(
            at.clone(),
            "mail.charset",
            "A text's charset is not stated, unknown or wrong; the likeliest is used.",
        );
    }
    if unread {
        out.warn(
            at.clone(),
            "mail.header",
            "A header is too long or too broken to be taken apart, or there are too many.",
        );
    }
    if !hidden.is_empty() {
        record.fields.list("alternative parts", hidden.iter().map(|part| format!("{} {}", part.path, part.mime)));
    }
    record.text = Some(text).filter(|t| !t.is_empty());
    Some(Message { record, at, taken })
}

/// Reads a header block that stands by itself, as Outlook keeps it beside a mail, into a record.
///
/// Returns whether something in it could not be read.
pub(crate) fn read_header_block(bytes: &[u8], format: &'static str, record: &mut Record) -> bool {
    let head = Head::read(bytes);
    let doubts = read_headers(&head, &Options { format, mbox: false, take: &[] }, record, &mut Vec::new());
    doubts.unread
}

/// Takes off the blank line that an mbox adds after each message.
fn without_separator(message: &[u8]) -> &[u8] {
    if message.ends_with(b"\n\n") {
        &message[..message.len() - 1]
    } else if message.ends_with(b"\n\r\n") {
        &message[..message.len() - 2]
    } else {
        message
    }
}

/// What was not plain to read in the headers.
struct Doubts {
    /// A charset had to be guessed.
    guessed: bool,
    /// A header stays whole in the fields or is not kept at all.
    unread: bool,
}

/// Fills in what the headers say.
fn read_headers(
    head: &Head<'_>,
    options: &Options,
    record: &mut Record,
    taken: &mut Vec<(&'static str, String)>,
) -> Doubts {
    let mut doubts = Doubts { guessed: false, unread: head.overflow };
    let (mut sent, mut received) = (None, None);
    let (mut root, mut parent, mut own) = (None, None, None);
    let mut lists: BTreeMap<Cow<'_, str>, Vec<String>> = BTreeMap::new();
    let mut seen: HashSet<&str> = HashSet::with_capacity(head.headers.len());
    let has_from = head.first("from").is_some();
    for header in &head.headers {
        let name = header.name.as_ref();
        let (text, guess) = header.text();
        doubts.guessed |= guess;
        if let Some(name) = options.take.iter().find(|n| **n == name) {
            taken.push((name, text.into_owned()));
            continue;
        }
        if LISTS.contains(&name) {
            if name == "received" && received.is_none() {
                received = text.rsplit_once(';').map(|(_, date)| mail_date(MomentRole::Received, date));
            }
            lists.entry(Cow::Borrowed(name)).or_default().push(text.into_owned());
            continue;
        }
        let role = party_role(name, has_from);
        let added = role.map(|role| add_parties(record, role, &text));
        let carried = matches!(added, Some(Some(true)));
        doubts.unread |= matches!(added, Some(None));
        if !seen.insert(name) {
            // Repeated though it should not be.
            lists.entry(Cow::Owned(format!("{name} again"))).or_default().push(text.into_owned());
            continue;
        }
        match name {
            "date" if !text.is_empty() => sent = Some(mail_date(MomentRole::Sent, &text)),
            "subject" => {
                let title = decode_words(&text);
                if title != text {
                    record.fields.text(name, &text);
                }
                record.title = Some(title.into_owned());
            }
            "references" => {
                let list = ids(&text);
                root = list.first().map(|id| (*id).to_owned());
                let written = text.chars().filter(|c| !c.is_whitespace());
                if !written.eq(list.iter().flat_map(|id| ["<", id, ">"]).flat_map(str::chars)) {
                    record.fields.text("references as written", &text);
                }
                record.fields.list(name, list);
            }
            _ if carried => {}
            _ => {
                match name {
                    "in-reply-to" => parent = ids(&text).first().map(|id| (*id).to_owned()),
                    "message-id" => own = ids(&text).first().map(|id| (*id).to_owned()),
                    _ => {}
                }
                record.fields.text(name, &text);
            }
        }
    }
    for (name, values) in &lists {
        record.fields.list(name, values);
    }
    if !head.strays.is_empty() {
        let lines = head.strays.iter().map(|line| charset::decode(line.trim_ascii(), None).0);
        record.fields.list("stray lines", lines);
    }
    record.moments.extend(sent.into_iter().chain(received));
    record.conversation = root.or(parent).or(own).filter(|id| !id.is_empty());
    doubts
}

fn party_role(name: &str, has_from: bool) -> Option<PartyRole> {
    Some(match name {
        "from" => PartyRole::Sender,
        // Who sent it on another's behalf; the sender where no one else is named.
        "sender" if !has_from => PartyRole::Sender,
        "to" => PartyRole::To,
        "cc" => PartyRole::Cc,
        "bcc" => PartyRole::Bcc,
        "reply-to" => PartyRole::ReplyTo,
        _ => return None,
    })
}

/// Adds the parties of an address header and returns whether they carry all that it says, if it could be read.
fn add_parties(record: &mut Record, role: PartyRole, value: &str) -> Option<bool> {
    let (found, whole) = addresses(value)?;
    record.parties.extend(found.into_iter().filter_map(|(name, address)| match (name, address) {
        (name, Some(address)) => Some(Party::with(role, name, IdentifierKind::Email, address)),
        (Some(name), None) => Some(Party::named(role, name)),
        (None, None) => None,
    }));
    Some(whole)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    /// Belongs to the message's text.
    Text,
    /// Says what another part says that belongs to the text.
    Alternative,
    /// The text of a message within the message.
    InnerText,
    Attachment,
}

/// Says what each part is to its message.
fn roles(parts: &[Part<'_>]) -> Vec<Role> {
    let is_body = |i: usize, part: &Part<'_>| {
        let readable = matches!(part.mime.as_str(), "text/plain" | "text/html");
        // Some senders give the HTML of an alternative a name; a named text elsewhere is a file.
        let unnamed = i == 0 || (part.alternative.is_some() && part.mime == "text/html") || part.file_name().is_none();
        readable && !part.is_attachment() && unnamed
    };
    // An alternative with plain text that says something is read as that.
    let plain: HashSet<usize> = parts
        .iter()
        .enumerate()
        .filter(|(i, p)| p.mime == "text/plain" && is_body(*i, p) && !p.body.iter().all(u8::is_ascii_whitespace))
        .filter_map(|(_, p)| p.alternative)
        .collect();
    let role = |(i, part): (usize, &Part<'_>)| {
        if !is_body(i, part) {
            let other_text =
                matches!(part.mime.as_str(), "text/x-amp-html" | "text/watch-html" | "text/enriched" | "text/richtext");
            return match part.alternative {
                Some(_) if other_text && !part.is_attachment() => Role::Alternative,
                _ => Role::Attachment,
            };
        }
        match part.alternative {
            _ if part.within > 0 => Role::InnerText,
            Some(alternative) if part.mime == "text/html" && plain.contains(&alternative) => Role::Alternative,
            _ => Role::Text,
        }
    };
    parts.iter().enumerate().map(role).collect()
}

/// Says whether a part is an item of Outlook in a wrapping of its own.
fn is_tnef(part: &Part<'_>, name: Option<&str>) -> bool {
    let named = name.is_some_and(|name| name.eq_ignore_ascii_case("winmail.dat"));
    !part.cut && (named || matches!(part.mime.as_str(), "application/ms-tnef" | "application/vnd.ms-tnef"))
}

/// Returns the files in a TNEF, its text, and whether it is damaged.
fn open_tnef(
    mut read: tnef::Tnef<'_>,
    path: &str,
    place: &dyn Fn(&str) -> Ref,
) -> (Vec<Attachment>, Option<String>, bool) {
    let charset = read.props.charset().map(str::to_owned);
    let files = read.files.iter().zip(1..).map(|(file, number)| {
        let at = place(&format!("{path}/tnef/{number}"));
        Attachment { at: Some(at), ..file.attached(charset.as_deref()).attachment() }
    });
    let files = files.collect();
    let (text, broken) = mapi::text(&mut read.props);
    (files, text, read.damaged || broken)
}

/// Returns a part's content as it was before an mbox quoted it.
fn content<'a>(part: &Part<'a>, mbox: bool) -> Cow<'a, [u8]> {
    let text = part.mime.starts_with("text/") || part.mime.starts_with("message/");
    if mbox && text && part.encoding == Encoding::Identity {
        parts::unquote_from(part.body)
    } else {
        Cow::Borrowed(part.body)
    }
}

/// Adds a part's text and returns whether its transfer encoding could be undone.
fn read_text(part: &Part<'_>, raw: &[u8], text: &mut String, guessed: &mut bool) -> bool {
    let (bytes, whole) = parts::decode(part.encoding, raw);
    let is_html = part.mime == "text/html";
    let stated = part.content_type.as_ref().and_then(|t| t.attribute("charset"));
    let stated = stated.or_else(|| if is_html { html_charset(&bytes) } else { None });
    let (decoded, reading) = charset::decode(&bytes, stated);
    *guessed |= matches!(reading, Reading::Guessed(_));
    let decoded = if is_html { Cow::Owned(html::readable(&decoded)) } else { decoded };
    let decoded = decoded.trim_end();
    if decoded.trim_start().is_empty() {
        return whole;
    }
    if !text.is_empty() {
        text.push_str("\n\n");
    }
    if memchr::memchr(b'\r', decoded.as_bytes()).is_none() {
        text.push_str(decoded);
    } else {
        for (i, line) in decoded.split('\n').enumerate() {
            if i > 0 {
                text.push('\n');
            }
            text.push_str(line.strip_suffix('\r').unwrap_or(line));
        }
    }
    whole
}

/// Returns the charset that an HTML text names in its own head.
fn html_charset(bytes: &[u8]) -> Option<&str> {
    const FAR_ENOUGH: usize = 2048;
    let head = &bytes[..bytes.len().min(FAR_ENOUGH)];
    let at = head.windows(8).position(|w| w.eq_ignore_ascii_case(b"charset="))? + 8;
    let value = &head[at..];
    let value = value.strip_prefix(b"\"").or(value.strip_prefix(b"'")).unwrap_or(value);
    let length = value.iter().take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b':')).count();
    std::str::from_utf8(&value[..length]).ok().filter(|name| !name.is_empty())
}

fn attachment(part: &Part<'_>, raw: &[u8], at: Ref) -> (Attachment, bool) {
    let mut attachment =
        Attachment { name: part.file_name(), mime: Some(part.mime.clone()), at: Some(at), ..Attachment::default() };
    if part.cut {
        // Size and hash of a beginning would pass for those of the whole.
        return (attachment, true);
    }
    let (bytes, whole) = parts::decode(part.encoding, raw);
    attachment.size = Some(bytes.len() as u64);
    attachment.sha256 = ring::digest::digest(&ring::digest::SHA256, &bytes).as_ref().try_into().ok();
    (attachment, whole)
}

#[cfg(test)]
mod tests;
