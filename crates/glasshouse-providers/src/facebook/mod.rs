#![doc = include_str!("README.md")]

use crate::formats::meta::{self, Service};
use crate::{Opened, Provider, Sink, Tree};
use glasshouse_model::{Claim, Manifest};

/// An export of a Facebook account.
pub struct Facebook;

static MANIFEST: Manifest = Manifest {
    id: "facebook",
    title: "Facebook and Messenger export",
    formats: &meta::FACEBOOK,
    general: false,
    not_covered: &[
        "Returns under legal process (records.html).",
        "Exports before 2018, which hold all messages in one page.",
        "What a translated label of a page means, beyond comments, searches and places: its value is a line with its label.",
    ],
    references: &[
        "https://github.com/kenn-io/msgvault",
        "https://github.com/timelinize/timelinize",
        "https://github.com/abrignoni/RLEAPP",
    ],
};

impl Provider for Facebook {
    fn manifest(&self) -> &'static Manifest {
        &MANIFEST
    }

    fn recognise(&self, tree: &Tree<'_>) -> Vec<Claim> {
        meta::recognise(tree, Service::Facebook)
    }

    fn parse(&self, opened: &Opened<'_>, out: &mut Sink) {
        meta::parse(opened, Service::Facebook, out);
    }
}
