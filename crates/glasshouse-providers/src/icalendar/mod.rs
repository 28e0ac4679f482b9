#![doc = include_str!("README.md")]

mod events;
mod zones;

use crate::{Opened, Provider, Sink, Tree};
use glasshouse_model::{Claim, Family, Format, Framing, Manifest, Tier};

/// Calendars in the format that every program and most exports share.
pub struct ICalendar;

const MANIFEST: Manifest = Manifest {
    id: "icalendar",
    title: "Calendars (iCalendar)",
    formats: &[Format {
        id: events::ID,
        title: "Events, tasks and journal entries (iCalendar)",
        families: &[Family::Event, Family::Task, Family::Note],
        tier: Tier::Proven,
        version: 1,
    }],
    general: true,
    not_covered: &[
        "Repeated events are one record with their rule; the repetitions are not worked out.",
        "Free/busy and availability components are listed as warnings and not read.",
        "Times in a zone that only the file itself defines, with changes over the year, have no instant.",
        "jCal and xCal are not read.",
    ],
    references: &[
        "https://www.rfc-editor.org/rfc/rfc5545",
        "https://www.rfc-editor.org/rfc/rfc7986",
        "https://www.rfc-editor.org/rfc/rfc6868",
        "https://standards.calconnect.org/cc/cc-r0602-2006.html",
        "https://github.com/ical4j/ical4j",
        "https://docs.rs/calcard",
    ],
};

impl Provider for ICalendar {
    fn manifest(&self) -> &'static Manifest {
        &MANIFEST
    }

    fn recognise(&self, tree: &Tree<'_>) -> Vec<Claim> {
        let by_name = tree
            .entries()
            .iter()
            .filter(|e| matches!(e.extension().as_str(), "ics" | "ical" | "icalendar" | "ifb" | "vcs"));
        by_name
            .filter(|entry| events::begins(&tree.head(entry.id)))
            .map(|entry| Claim::of(events::ID, entry.id, Framing::Whole))
            .collect()
    }

    fn parse(&self, opened: &Opened<'_>, out: &mut Sink) {
        for frame in opened.frames {
            events::parse(opened, frame, out);
        }
    }
}
