#![doc = include_str!("README.md")]

mod sheets;

use crate::formats::sheet;
use crate::{Opened, Provider, Sink, Tree};
use glasshouse_model::{Claim, Family, Format, Manifest, Tier};
use sheets::SHEETS;

/// Ring: doorbells, cameras and alarms.
pub struct Ring;

static MANIFEST: Manifest = Manifest {
    id: "ring",
    title: "Ring",
    formats: &[
        format(sheets::DEVICES, "Devices and how they were set up", &[Family::Device]),
        format(sheets::LOCATIONS, "Places where devices are", &[Family::Location]),
        format(sheets::EVENTS, "What cameras and doorbells noticed", &[Family::Activity]),
        format(sheets::DEVICE_EVENTS, "States of devices", &[Family::Activity]),
        format(sheets::APP_EVENTS, "Use of the app and logins", &[Family::Activity]),
        format(sheets::SUBSCRIPTIONS, "Subscriptions", &[Family::Purchase]),
        format(sheets::PAYMENTS, "Invoices and payments", &[Family::Payment]),
    ],
    general: false,
    not_covered: &[
        "Recordings: the export that others describe holds none.",
        "Other tables of the export (contacts, shared users, Neighbors): their columns are not described.",
    ],
    references: &["https://github.com/glen-w/data_dumps"],
};

const fn format(id: &'static str, title: &'static str, families: &'static [Family]) -> Format {
    Format { id, title, families, tier: Tier::Unverified, version: 2 }
}

impl Provider for Ring {
    fn manifest(&self) -> &'static Manifest {
        &MANIFEST
    }

    fn recognise(&self, tree: &Tree<'_>) -> Vec<Claim> {
        let tables = tree.entries().iter().filter(|e| e.size > 0 && matches!(e.extension().as_str(), "csv" | "json"));
        tables
            .filter_map(|entry| {
                let sheet = sheet::find(SHEETS, entry.path, &tree.head(entry.id))?;
                Some(Claim::of(sheet.format, entry.id, sheet::framing(entry.path, entry.size)))
            })
            .collect()
    }

    fn parse(&self, opened: &Opened<'_>, out: &mut Sink) {
        sheet::parse(SHEETS, opened.entry.path, opened, out);
    }
}
