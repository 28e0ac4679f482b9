#![doc = include_str!("README.md")]

mod motion;
mod repair;
mod samples;
mod track;

use crate::{Opened, Provider, Sink, Tree, TreeEntry};
use glasshouse_model::{Claim, Family, Format, Framing, Manifest, Tier};

/// Huawei Health.
pub struct Huawei;

static MANIFEST: Manifest = Manifest {
    id: "huawei",
    title: "Huawei Health",
    formats: &[
        Format {
            id: motion::FORMAT,
            title: "Activities",
            families: &[Family::Activity],
            tier: Tier::Documented,
            version: 1,
        },
        Format {
            id: track::FORMAT,
            title: "Positions, heart rate and the like along an activity (HiTrack)",
            families: &[Family::Location, Family::Health],
            tier: Tier::Documented,
            version: 1,
        },
        Format {
            id: samples::FORMAT,
            title: "Measurements and sport by the minute",
            families: &[Family::Health],
            tier: Tier::Documented,
            version: 1,
        },
    ],
    general: false,
    not_covered: &[
        "The copy of a HUAWEI ID's data beyond Health: no public fact says what its files are called or hold.",
        "Content of HUAWEI Cloud is in no such copy.",
        "Positions are given as written; some devices in China write them in the shifted Chinese system.",
    ],
    references: &[
        "https://github.com/CTHRU/Hitrava",
        "https://github.com/aricooperdavis/Huawei-TCX-Converter",
        "https://consumer.huawei.com/en/support/content/en-us00746223/",
    ],
};

/// Newer exports may wrap the array in an object.
const FRAMING: Framing = Framing::JsonArrays(&["", "data", "motionPathData"]);

impl Provider for Huawei {
    fn manifest(&self) -> &'static Manifest {
        &MANIFEST
    }

    fn recognise(&self, tree: &Tree<'_>) -> Vec<Claim> {
        let json = tree.entries().iter().filter(|e| e.size > 0 && e.extension() == "json");
        json.filter_map(|entry| Some(Claim::of(format(tree, entry)?, entry.id, FRAMING))).collect()
    }

    fn parse(&self, opened: &Opened<'_>, out: &mut Sink) {
        match opened.claim.format {
            samples::FORMAT => samples::parse(opened, out),
            _ => motion::parse(opened, out),
        }
    }
}

fn format(tree: &Tree<'_>, entry: &TreeEntry) -> Option<&'static str> {
    let path = entry.path.to_lowercase();
    // First bytes cost a read, and other exports hold JSON by the hundred thousand.
    if !["huawei", "motion", "health", "sport"].iter().any(|word| path.contains(word)) {
        return None;
    }
    let head = tree.head(entry.id);
    let has = |needle: &[u8]| memchr::memmem::find(&head, needle).is_some();
    let named = path.contains("motion path detail data");
    if has(b"HW_EXT_TRACK_DETAIL@") || (has(b"\"sportType\"") && (named || has(b"\"motionPathData\""))) {
        return Some(motion::FORMAT);
    }
    if named && (has(b"\"startTime\"") || has(b"\"partTimeMap\"") || has(b"\"recordDay\"")) {
        return Some(motion::FORMAT);
    }
    let described = path.contains("data & description") || path.contains("huawei");
    let ours = has(b"\"sportDataUserData\"") || (has(b"\"samplePoints\"") && described);
    ours.then_some(samples::FORMAT)
}
