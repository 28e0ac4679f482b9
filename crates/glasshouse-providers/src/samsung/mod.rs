#![doc = include_str!("README.md")]

mod account;
mod health;

use crate::{Opened, Provider, Sink, Tree};
use glasshouse_model::{Claim, Family, Format, Framing, Manifest, Tier};

/// Samsung: Account and Health.
pub struct Samsung;

static MANIFEST: Manifest = Manifest {
    id: "samsung",
    title: "Samsung Account and Samsung Health",
    formats: &[
        Format {
            id: account::FORMAT,
            title: "Samsung Account's workbook",
            families: &[Family::Account, Family::Login, Family::Device],
            tier: Tier::Unverified,
            version: 1,
        },
        Format {
            id: health::TABLES,
            title: "Tables of Samsung Health",
            families: &[Family::Health, Family::Activity, Family::Device, Family::Setting],
            tier: Tier::Documented,
            version: 1,
        },
        Format {
            id: health::DETAILS,
            title: "Details of Samsung Health that its tables point to",
            families: &[Family::Health, Family::Location],
            tier: Tier::Documented,
            version: 1,
        },
    ],
    general: false,
    not_covered: &[
        "Folders of Samsung Cloud (S Note, Pinall, browser tabs, reminders …) have forms that no public fact describes.",
        "Archives of other services; contacts, calendars and pictures are read by the readers of those formats.",
        "A workbook larger than 512 KiB, and a workbook given by itself, which is opened as the archive it is.",
        "The database of Health Connect.",
    ],
    references: &[
        "https://privacy.samsung.com/",
        "https://github.com/Livia-Zaharia/samsung_health_extractor",
        "https://developer.samsung.com/health/android/data/api-reference/overview-summary.html",
    ],
};

impl Provider for Samsung {
    fn manifest(&self) -> &'static Manifest {
        &MANIFEST
    }

    fn recognise(&self, tree: &Tree<'_>) -> Vec<Claim> {
        let mut claims = health::claims(tree);
        let workbooks = tree.entries().iter().filter(|entry| account::is_ours(tree, entry));
        claims.extend(workbooks.map(|entry| Claim::of(account::FORMAT, entry.id, Framing::Whole)));
        claims
    }

    fn parse(&self, opened: &Opened<'_>, out: &mut Sink) {
        match opened.claim.format {
            account::FORMAT => account::parse(opened, out),
            health::TABLES => health::tables(opened, out),
            _ => health::details(opened, out),
        }
    }
}
