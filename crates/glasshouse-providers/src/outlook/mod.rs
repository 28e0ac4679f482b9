#![doc = include_str!("README.md")]

mod msg;
#[cfg(test)]
mod msg_tests;
mod pst;

use crate::{Opened, Positioned, Provider, Sink, Survey, Tree};
use glasshouse_model::{Claim, Family, Format, Framing, Locator, Manifest, Tier};

/// Outlook's stores and single items.
pub struct Outlook;

const FAMILIES: &[Family] = &[
    Family::Mail,
    Family::Message,
    Family::Contact,
    Family::Event,
    Family::Task,
    Family::Note,
    Family::Activity,
    Family::Setting,
];

const MANIFEST: Manifest = Manifest {
    id: "outlook",
    title: "Outlook stores and items",
    formats: &[
        Format { id: pst::ID, title: "Store (PST, OST, PAB)", families: FAMILIES, tier: Tier::Documented, version: 2 },
        Format { id: msg::ID, title: "Single item (MSG)", families: FAMILIES, tier: Tier::Documented, version: 2 },
    ],
    general: true,
    not_covered: &[
        "Items that were deleted and are no longer in the store's index are not looked for.",
        "Hidden items (rules, views, settings) and search folders are not read; the number of the former is told.",
        "Stores that are protected with Windows Information Protection are not opened; a password of Outlook's own \
         keeps nobody out and is passed over.",
        "Of a series of appointments the first is a record; its exceptions are listed as attachments.",
        "Members of a distribution list that are stored as ids are fields in hexadecimal.",
        "The text of an item that is attached to another is not part of that record; its attachments are listed.",
        "Encrypted and signed bodies (S/MIME, rights management) are kept as attachments and not opened.",
    ],
    references: &[
        "https://learn.microsoft.com/en-us/openspecs/office_file_formats/ms-pst/",
        "https://learn.microsoft.com/en-us/openspecs/exchange_server_protocols/ms-oxmsg/",
        "https://learn.microsoft.com/en-us/openspecs/exchange_server_protocols/ms-oxprops/",
        "https://learn.microsoft.com/en-us/openspecs/exchange_server_protocols/ms-oxrtfcp/",
        "https://learn.microsoft.com/en-us/openspecs/exchange_server_protocols/ms-oxrtfex/",
        "https://learn.microsoft.com/en-us/openspecs/windows_protocols/ms-cfb/",
        "https://github.com/libyal/libpff/blob/main/documentation/Personal%20Folder%20File%20(PFF)%20format.asciidoc",
    ],
};

impl Provider for Outlook {
    fn manifest(&self) -> &'static Manifest {
        &MANIFEST
    }

    fn recognise(&self, tree: &Tree<'_>) -> Vec<Claim> {
        let claim = |entry: &crate::TreeEntry| {
            let (format, begins): (_, fn(&[u8]) -> bool) = match entry.extension().as_str() {
                "pst" | "ost" | "pab" => (pst::ID, pst::begins),
                // Office documents and thumbnails are compound files, too.
                "msg" | "oft" => (msg::ID, msg::begins),
                _ => return None,
            };
            begins(&tree.head(entry.id)).then(|| Claim::of(format, entry.id, Framing::Stretches))
        };
        tree.entries().iter().filter_map(claim).collect()
    }

    fn survey(&self, claim: &Claim) -> Option<Box<dyn Survey>> {
        (claim.format == pst::ID).then(pst::survey)
    }

    fn parse(&self, opened: &Opened<'_>, out: &mut Sink) {
        match opened.claim.format {
            pst::ID => pst::parse(opened, out),
            _ => msg::parse(opened, out),
        }
    }
}

/// Returns the bytes of an attachment in a store or an item, by the locator that its record states; none if there is
/// no such attachment, or it is longer than `longest`.
pub fn attachment(bytes: &dyn Positioned, locator: &Locator, longest: u64) -> Option<Vec<u8>> {
    if locator.detail.starts_with("0x") {
        return pst::attachment(bytes, &locator.detail, longest);
    }
    msg::attachment(bytes, &locator.detail, longest)
}

/// Returns the HTML body of an item, by the locator of its record; none if it has none.
pub fn html(bytes: &dyn Positioned, locator: &Locator) -> Option<String> {
    if locator.detail.starts_with("0x") {
        return pst::html(bytes, &locator.detail);
    }
    msg::html(bytes)
}
