#![doc = include_str!("README.md")]

use crate::formats::meta::{self, Service};
use crate::{Opened, Provider, Sink, Tree};
use glasshouse_model::{Claim, Manifest};

/// An export of a Instagram account.
pub struct Instagram;

static MANIFEST: Manifest = Manifest {
    id: "instagram",
    title: "Instagram export",
    formats: &meta::INSTAGRAM,
    general: false,
    not_covered: &[
        "Returns under legal process (records.html).",
        "The flat files of exports before 2020 (messages.json, connections.json).",
        "What a translated label of a page means, beyond comments, searches and places: its value is a line with its label.",
    ],
    references: &[
        "https://github.com/timelinize/timelinize",
        "https://github.com/abrignoni/RLEAPP",
        "https://github.com/pixelfed/pixelfed/issues/4494",
    ],
};

impl Provider for Instagram {
    fn manifest(&self) -> &'static Manifest {
        &MANIFEST
    }

    fn recognise(&self, tree: &Tree<'_>) -> Vec<Claim> {
        meta::recognise(tree, Service::Instagram)
    }

    fn parse(&self, opened: &Opened<'_>, out: &mut Sink) {
        meta::parse(opened, Service::Instagram, out);
    }
}
