#![doc = include_str!("README.md")]

mod eml;
mod mbox;

use crate::formats::mail::header_name;
use crate::{Opened, Provider, Sink, Tree, TreeEntry};
use glasshouse_model::{Claim, Family, Format, Framing, Manifest, Tier};

/// E-mail in the formats that every program and many exports share.
pub struct Mail;

const MANIFEST: Manifest = Manifest {
    id: "mail",
    title: "E-mail files",
    formats: &[
        Format {
            id: mbox::ID,
            title: "Mailbox file (mbox)",
            families: &[Family::Mail],
            tier: Tier::Documented,
            version: 2,
        },
        Format {
            id: eml::ID,
            title: "Single message (EML, EMLX, Maildir, MH)",
            families: &[Family::Mail],
            tier: Tier::Proven,
            version: 2,
        },
    ],
    general: true,
    not_covered: &[
        "Of an item in winmail.dat (TNEF) the files and, where the mail has none, the text are read, and not its other properties.",
        "Encrypted and signed bodies (S/MIME, PGP) are kept as attachments and not opened.",
        "The text of a message that is attached to another is not part of that record; its attachments are listed.",
        "Attachments that Apple Mail keeps beside an .emlx file are not joined to it.",
        "Files inside the text (uuencode, yEnc) stay text.",
    ],
    references: &[
        "https://www.rfc-editor.org/rfc/rfc5322",
        "https://www.rfc-editor.org/rfc/rfc2045",
        "https://www.rfc-editor.org/rfc/rfc2047",
        "https://www.rfc-editor.org/rfc/rfc2231",
        "https://www.rfc-editor.org/rfc/rfc4155",
        "https://cr.yp.to/proto/maildir.html",
        "https://www.loc.gov/preservation/digital/formats/fdd/fdd000383.shtml",
        "https://docs.python.org/3/library/mailbox.html",
        "https://github.com/mikez/emlx",
    ],
};

impl Provider for Mail {
    fn manifest(&self) -> &'static Manifest {
        &MANIFEST
    }

    fn recognise(&self, tree: &Tree<'_>) -> Vec<Claim> {
        tree.entries().iter().filter_map(|entry| claim(tree, entry)).collect()
    }

    fn parse(&self, opened: &Opened<'_>, out: &mut Sink) {
        match opened.claim.format {
            mbox::ID => mbox::parse(opened, out),
            _ => eml::parse(opened, out),
        }
    }
}

fn claim(tree: &Tree<'_>, entry: &TreeEntry) -> Option<Claim> {
    if entry.size == 0 {
        return None;
    }
    let extension = entry.extension();
    let folder = entry.dir().rsplit('/').next().unwrap_or("");
    // The path says what a look at the content is worth.
    let is_mbox = |head: &[u8]| mbox::begins(head).then(|| Claim::of(mbox::ID, entry.id, Framing::Mbox));
    let is_eml = |head: &[u8]| eml::begins(head).then(|| Claim::of(eml::ID, entry.id, Framing::Whole));
    match extension.as_str() {
        "mbox" | "mbx" => is_mbox(&tree.head(entry.id)),
        "eml" => is_eml(&tree.head(entry.id)),
        "emlx" => eml::begins_as_emlx(&tree.head(entry.id)).then(|| Claim::of(eml::ID, entry.id, Framing::Whole)),
        "msf" | "dat" | "lock" => None,
        _ if matches!(folder, "cur" | "new") => is_eml(&tree.head(entry.id)),
        // Backups hold files by the thousand under hashes for names; a mailbox has a name of its own.
        _ if entry.name().len() >= 32 && entry.name().bytes().all(|b| b.is_ascii_hexdigit()) => None,
        _ if extension.is_empty() || in_mail_folder(entry.dir()) => {
            let head = tree.head(entry.id);
            // MH keeps one message a file, named by its number.
            let numbered = entry.name().bytes().all(|b| b.is_ascii_digit());
            is_mbox(&head).or_else(|| if numbered { is_eml(&head) } else { None })
        }
        _ => None,
    }
}

/// Says whether a folder is one in which mail programs keep mailboxes under names of the user's making.
fn in_mail_folder(dir: &str) -> bool {
    dir.split('/').any(|name| name.ends_with(".sbd") || matches!(name, "Mail" | "ImapMail" | "Local Folders"))
}

/// Says whether bytes hold, at the start of a line near their beginning, a header that mail has.
fn has_mail_header(head: &[u8]) -> bool {
    const KNOWN: &[&[u8]] = &[
        b"from",
        b"to",
        b"cc",
        b"bcc",
        b"subject",
        b"date",
        b"message-id",
        b"received",
        b"return-path",
        b"reply-to",
        b"sender",
        b"mime-version",
        b"content-type",
        b"delivered-to",
        b"x-received",
        b"in-reply-to",
        b"references",
    ];
    head.split(|b| *b == b'\n').take(60).any(|line| {
        header_name(line).is_some_and(|end| KNOWN.iter().any(|k| line[..end].trim_ascii().eq_ignore_ascii_case(k)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use glasshouse_model::EntryId;

    #[test]
    fn entries_are_recognised_by_place_and_content() {
        let mbox = "From a@example.org Sat Jan  2 10:00:00 2010\nSubject: x\n\n";
        let message = "Subject: x\n\n";
        let files = [
            ("Mail/INBOX", mbox, Some("mbox")),
            ("a/b.eml", message, Some("eml")),
            ("a/fake.eml", "\u{89}PNG", None),
            ("a/fake.mbox", "From here on, text\nmore text\n", None),
            ("a/list.mbox", mbox, Some("mbox")),
            ("a/mbox", mbox, Some("mbox")),
            ("a/notes", "From 1 to 9: text\n", None),
            ("a/readme", message, None),
            ("a/x.txt", mbox, None),
            ("b/0123456789abcdef0123456789abcdef", mbox, None),
            ("b/1.emlx", "12  \nSubject: x\n\n<?xml", Some("eml")),
            ("b/cur/123.M1.host:2,S", message, Some("eml")),
            ("b/inbox/17", message, Some("eml")),
            ("c/ImapMail/imap.example.org/Work.2020", mbox, Some("mbox")),
            ("c/ImapMail/imap.example.org/Work.2020.msf", mbox, None),
        ];
        let entries: Vec<_> = files
            .iter()
            .zip(0..)
            .map(|((path, bytes, _), id)| TreeEntry {
                id: EntryId(id),
                path: (*path).into(),
                size: bytes.len() as u64,
                crc32: None,
                part: 0,
            })
            .collect();
        let head = |id: EntryId| files[id.0 as usize].1.as_bytes().to_vec();
        let claims = Mail.recognise(&Tree::new(&entries, &head));
        for ((path, _, format), entry) in files.iter().zip(&entries) {
            let found = claims.iter().find(|c| c.main == entry.id).map(|c| c.format);
            assert_eq!(found, *format, "{path}");
        }
    }
}
