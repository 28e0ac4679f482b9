#![doc = include_str!("README.md")]

mod sheets;
mod skype;
mod teams;

use crate::formats::sheet::{self, Rows};
use crate::formats::table::Header;
use crate::{Opened, Provider, Sink, Tree, TreeEntry};
use glasshouse_model::{Claim, Family, Format, Framing, Locator, Manifest, Tier};
use sheets::{KINDS, Kind};

/// Microsoft: the privacy dashboard's archive, and the export of Skype and Teams (free).
pub struct Microsoft;

static MANIFEST: Manifest = Manifest {
    id: "microsoft",
    title: "Microsoft privacy dashboard, Skype and Teams",
    formats: &[
        Format { version: 2, ..format(sheets::BROWSING, "Browsing", &[Family::WebVisit], Tier::Documented) },
        Format { version: 2, ..format(sheets::SEARCH, "Searches", &[Family::Search], Tier::Unverified) },
        Format { version: 2, ..format(sheets::LOCATION, "Locations", &[Family::Location], Tier::Unverified) },
        Format { version: 2, ..format(sheets::USAGE, "Use of apps and services", &[Family::App], Tier::Unverified) },
        Format { version: 2, ..format(sheets::MEDIA, "Media", &[Family::Play], Tier::Unverified) },
        Format { version: 2, ..format(sheets::VOICE, "What was spoken or typed", &[Family::Voice], Tier::Unverified) },
        format(
            skype::FORMAT,
            "Skype conversations, messages and calls",
            &[Family::Message, Family::Call, Family::Activity, Family::Account],
            Tier::Documented,
        ),
        format(
            teams::FORMAT,
            "Teams: messages of chats and channels, as the interface returns them",
            &[Family::Message, Family::Activity, Family::Reaction],
            Tier::Documented,
        ),
        format(skype::ENDPOINTS, "Devices signed in to Skype", &[Family::Device], Tier::Unverified),
    ],
    general: false,
    not_covered: &[
        "Of the privacy dashboard's archive the names of files and most columns are not public; other files are not read.",
        "What an organisation's search returns of Teams and Outlook.com comes as mail, calendars and stores, which are read by the readers of those formats.",
    ],
    references: &[
        "https://account.microsoft.com/privacy/",
        "https://github.com/siwen-r/skype-export-parser",
        "https://github.com/purarue/HPI",
        "https://learn.microsoft.com/en-us/graph/api/resources/chatmessage",
    ],
};

const fn format(id: &'static str, title: &'static str, families: &'static [Family], tier: Tier) -> Format {
    Format { id, title, families, tier, version: 1 }
}

/// Elements of a document that is an array, or of the lists that services put them in.
const JSON: Framing = Framing::JsonArrays(&["", "value", "items", "data"]);

impl Provider for Microsoft {
    fn manifest(&self) -> &'static Manifest {
        &MANIFEST
    }

    fn recognise(&self, tree: &Tree<'_>) -> Vec<Claim> {
        tree.entries().iter().filter(|e| e.size > 0).filter_map(|entry| claim(tree, entry)).collect()
    }

    fn parse(&self, opened: &Opened<'_>, out: &mut Sink) {
        match (opened.claim.format, opened.claim.framing) {
            (skype::FORMAT, _) => skype::parse(opened, out),
            (skype::ENDPOINTS, _) => skype::endpoints(opened, out),
            (teams::FORMAT, _) => teams::parse(opened, out),
            (_, Framing::Rows) => rows(opened, out),
            _ => kind(opened).into_iter().for_each(|kind| sheet::objects(&kind.sheet, opened, out)),
        }
    }
}

fn claim(tree: &Tree<'_>, entry: &TreeEntry) -> Option<Claim> {
    match entry.extension().as_str() {
        "json" => {
            // First bytes cost a read, and other exports hold JSON by the hundred thousand.
            let name = entry.name().to_lowercase();
            if name.starts_with("messages") && skype::is_messages(&tree.head(entry.id)) {
                return Some(skype::claim(tree, entry));
            }
            if name.starts_with("endpoints") && skype::is_endpoints(&tree.head(entry.id)) {
                return Some(skype::endpoints_claim(entry));
            }
            let may_be_teams = ["message", "chat", "channel"].iter().any(|word| name.contains(word))
                || entry.path.to_lowercase().contains("teams");
            if may_be_teams && teams::is_ours(&tree.head(entry.id)) {
                return Some(Claim::of(teams::FORMAT, entry.id, teams::FRAMING));
            }
            let kind = KINDS.iter().find(|kind| is_named(kind, entry))?;
            Some(Claim::of(kind.sheet.format, entry.id, JSON))
        }
        "csv" => {
            let head = tree.head(entry.id);
            let fits =
                |kind: &&Kind| is_named(kind, entry) || kind.files.is_empty() && kind.sheet.header(&head).is_some();
            KINDS.iter().find(fits).map(|kind| Claim::of(kind.sheet.format, entry.id, Framing::Rows))
        }
        _ => None,
    }
}

fn is_named(kind: &Kind, entry: &TreeEntry) -> bool {
    let name: String = entry.name().to_lowercase().chars().filter(|c| c.is_ascii_alphanumeric()).collect();
    kind.files.iter().any(|file| name.contains(file))
}

fn kind(opened: &Opened<'_>) -> Option<&'static Kind> {
    KINDS.iter().find(|kind| kind.sheet.format == opened.claim.format)
}

fn rows(opened: &Opened<'_>, out: &mut Sink) {
    let any = || Header::find(opened.head, |names| names.iter().filter(|name| !name.is_empty()).count() > 1);
    // A header that nobody describes, such as a translated one: its columns are fields.
    let found = kind(opened)
        .and_then(|kind| Rows::find(&kind.sheet, opened.head).or_else(|| Some(Rows::of(&kind.sheet, any()?))));
    let Some(mut rows) = found else {
        if opened.frames.iter().any(|f| f.index == 0) {
            out.warn(opened.at(Locator::bytes(0, 0)), "table.header", "The names of the columns are not known.");
        }
        return;
    };
    rows.read(opened, out);
}
