#![doc = include_str!("README.md")]

mod marks;

use crate::{Opened, Provider, Sink, Tree};
use glasshouse_model::{Claim, Family, Format, Framing, Manifest, Tier};

/// KML: places, lines and tracks of any program.
pub struct Kml;

static MANIFEST: Manifest = Manifest {
    id: "kml",
    title: "KML places and tracks",
    formats: &[Format {
        id: "placemark",
        title: "Placemarks, and the points of tracks",
        families: &[Family::Location],
        tier: Tier::Documented,
        version: 3,
    }],
    general: true,
    not_covered: &[
        "Of a file longer than 64 MiB only the placemarks in its beginning are read.",
        "Of lines and areas only the first position is the place; all positions are a field.",
        "Network links, overlays, tours, styles and schemas; packed files (.kmz) are read once they are opened.",
    ],
    references: &["https://developers.google.com/kml/documentation/kmlreference", "https://www.ogc.org/standards/kml/"],
};

impl Provider for Kml {
    fn manifest(&self) -> &'static Manifest {
        &MANIFEST
    }

    fn recognise(&self, tree: &Tree<'_>) -> Vec<Claim> {
        let candidates = tree.entries().iter().filter(|e| matches!(e.extension().as_str(), "kml" | "xml"));
        let kml = |head: &[u8]| [&b"<kml"[..], b":kml"].iter().any(|tag| memchr::memmem::find(head, tag).is_some());
        candidates
            .filter(|entry| kml(&tree.head(entry.id)))
            .map(|entry| Claim::of("placemark", entry.id, Framing::Whole))
            .collect()
    }

    fn parse(&self, opened: &Opened<'_>, out: &mut Sink) {
        for frame in opened.frames {
            marks::read(opened, &frame.without_mark(), out);
        }
    }
}
