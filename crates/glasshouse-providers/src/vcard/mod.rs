#![doc = include_str!("README.md")]

mod contacts;

use crate::{Opened, Provider, Sink, Tree};
use glasshouse_model::{Claim, Family, Format, Framing, Manifest, Tier};

/// Address books in the format that every program and most exports share.
pub struct VCard;

const MANIFEST: Manifest = Manifest {
    id: "vcard",
    title: "Contacts (vCard)",
    formats: &[Format {
        id: contacts::ID,
        title: "Contacts (vCard 2.1, 3.0, 4.0)",
        families: &[Family::Contact],
        tier: Tier::Documented,
        version: 1,
    }],
    general: true,
    not_covered: &[
        "Pictures and sounds that a card names by address are not in the export and are never fetched.",
        "The members of a group card are kept as fields and not joined to their cards.",
        "jCard and xCard are not read.",
    ],
    references: &[
        "https://www.rfc-editor.org/rfc/rfc6350",
        "https://www.rfc-editor.org/rfc/rfc2426",
        "https://www.rfc-editor.org/rfc/rfc6868",
        "https://web.archive.org/web/20120104222727/http://www.imc.org/pdi/vcard-21.txt",
        "https://github.com/mangstadt/ez-vcard",
    ],
};

impl Provider for VCard {
    fn manifest(&self) -> &'static Manifest {
        &MANIFEST
    }

    fn recognise(&self, tree: &Tree<'_>) -> Vec<Claim> {
        let by_name = tree.entries().iter().filter(|e| matches!(e.extension().as_str(), "vcf" | "vcard"));
        by_name
            .filter(|entry| contacts::begins(&tree.head(entry.id)))
            .map(|entry| Claim::of(contacts::ID, entry.id, Framing::Whole))
            .collect()
    }

    fn parse(&self, opened: &Opened<'_>, out: &mut Sink) {
        for frame in opened.frames {
            contacts::parse(opened, frame, out);
        }
    }
}
