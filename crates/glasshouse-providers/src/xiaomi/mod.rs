#![doc = include_str!("README.md")]

mod cloud;
mod utf7;

use crate::formats::sheet::{Is, Rows, Sheet};
use crate::formats::table::Header;
use crate::formats::wall::{Clock, Zone};
use crate::{Frame, Opened, Provider, Sink, Tree, TreeEntry};
use glasshouse_model::MomentRole::{Modified, Start};
use glasshouse_model::{Claim, Family, Format, Framing, Locator, Manifest, MomentRole, Tier};

/// Xiaomi: Mi Fitness, Mi Fit, and records of Mi Cloud.
pub struct Xiaomi;

const FITNESS: &str = "fitness";
const PROFILE: &str = "profile";
const MI_FIT: &str = "mi-fit";

static MANIFEST: Manifest = Manifest {
    id: "xiaomi",
    title: "Xiaomi Mi Fitness, Mi Fit and Mi Cloud",
    formats: &[
        format(FITNESS, "Measurements, daily reports and sports of Mi Fitness", FITNESS_FAMILIES, Tier::Documented),
        format(PROFILE, "Profiles and devices of Mi Fitness", &[Family::Account, Family::Device], Tier::Unverified),
        format(MI_FIT, "Tables of Mi Fit and Zepp Life", &[Family::Health, Family::Activity], Tier::Unverified),
        format(cloud::FORMAT, "Records of Mi Cloud", &[Family::Message, Family::Contact], Tier::Unverified),
    ],
    general: false,
    not_covered: &[
        "There is no official export of Mi Cloud's content; records of the form that a public tool shows are read.",
        "Figures that several devices measured are not merged; rows with the tag `daily_report` are the service's own sum.",
        "Of the account's privacy export beyond Mi Fitness no public fact says what its files hold.",
        "Notes of MIUI backups, and the content of other services' archives.",
    ],
    references: &[
        "https://account.xiaomi.com/",
        "https://github.com/luoingly/mi-fitness-yearly-visual",
        "https://github.com/sunhanaix/SyncXiaomiCloud",
    ],
};

const FITNESS_FAMILIES: &[Family] = &[Family::Health, Family::Activity];

const fn format(id: &'static str, title: &'static str, families: &'static [Family], tier: Tier) -> Format {
    Format { id, title, families, tier, version: 1 }
}

/// Tables of Mi Fitness by their columns; the first that fits is taken.
static SHEETS: &[Sheet] = &[
    fitness("daily figure", Family::Health, &[UID, &["Tag"], KEY, TIME, VALUE]),
    fitness("sport", Family::Activity, &[UID, &["Category"], KEY, TIME, VALUE]),
    fitness("measurement", Family::Health, &[UID, &["Sid"], KEY, TIME, VALUE]),
];

const UID: &[&str] = &["Uid"];
const KEY: &[&str] = &["Key"];
const TIME: &[&str] = &["Time"];
const VALUE: &[&str] = &["Value"];

const fn fitness(kind: &'static str, family: Family, needs: &'static [&'static [&'static str]]) -> Sheet {
    Sheet {
        format: FITNESS,
        family,
        kind,
        needs,
        columns: &[
            (TIME, Is::Seconds(Start)),
            (&["UpdateTime"], Is::Seconds(Modified)),
            (UID, Is::Account),
            (KEY, Is::Title),
            (VALUE, Is::Json),
            (&["Sid", "Tag", "Category"], Is::Field),
        ],
        clock: Some(Clock::UTC),
        ..Sheet::NONE
    }
}

/// A row of a table whose columns no public fact names.
static ANY: Sheet = Sheet {
    format: PROFILE,
    family: Family::Account,
    needs: &[],
    columns: &[(UID, Is::Account), (&["UpdateTime"], Is::Seconds(Modified)), (VALUE, Is::Json)],
    clock: Some(Clock::UNKNOWN),
    ..Sheet::NONE
};

impl Provider for Xiaomi {
    fn manifest(&self) -> &'static Manifest {
        &MANIFEST
    }

    fn recognise(&self, tree: &Tree<'_>) -> Vec<Claim> {
        tree.entries().iter().filter(|e| e.size > 0).filter_map(|entry| claim(tree, entry)).collect()
    }

    fn parse(&self, opened: &Opened<'_>, out: &mut Sink) {
        match opened.claim.format {
            cloud::FORMAT => cloud::parse(opened, out),
            _ => rows(opened, out),
        }
    }
}

fn claim(tree: &Tree<'_>, entry: &TreeEntry) -> Option<Claim> {
    let rows = |format| Some(Claim::of(format, entry.id, Framing::Rows));
    match entry.extension().as_str() {
        "csv" => {
            let head = tree.head(entry.id);
            if SHEETS.iter().any(|sheet| sheet.header(&utf7::decode(&head)).is_some()) {
                return rows(FITNESS);
            }
            let name = entry.name().to_lowercase();
            let ours =
                ["hlth_center_data_source", "user_fitness_profile", "user_member_profile", "user_fitness_data_records"];
            if name.contains("mifitness") && ours.iter().any(|n| name.contains(n)) {
                return rows(PROFILE);
            }
            mi_fit_kind(entry, &head).and_then(|_| rows(MI_FIT))
        }
        "json" => cloud::is_ours(tree, entry).then(|| Claim::of(cloud::FORMAT, entry.id, cloud::FRAMING)),
        _ => None,
    }
}

/// Returns the kind of a Mi Fit table: folder and file carry it, and a column is a date or a start.
fn mi_fit_kind(entry: &TreeEntry, head: &[u8]) -> Option<&'static str> {
    const KINDS: &[&str] =
        &["HEARTRATE_AUTO", "HEARTRATE", "ACTIVITY_MINUTE", "ACTIVITY_STAGE", "ACTIVITY", "SLEEP", "SPORT", "BODY"];
    let folder = entry.dir().rsplit('/').next().unwrap_or_default();
    let kind = KINDS.iter().find(|kind| **kind == folder && entry.name().starts_with(**kind))?;
    Header::find(head, |names| {
        names.len() > 1 && names.iter().any(|n| ["date", "time", "startTime"].contains(&n.as_str()))
    })?;
    Some(kind)
}

fn rows(opened: &Opened<'_>, out: &mut Sink) {
    let packed = utf7::is_utf7(opened.head);
    let head = if packed { utf7::decode(opened.head) } else { opened.head.into() };
    let found = match opened.claim.format {
        FITNESS => SHEETS.iter().find_map(|sheet| Rows::find(sheet, &head)),
        _ => Header::find(&head, |names| names.len() > 1).map(|header| Rows::of(&ANY, header)),
    };
    let Some(mut rows) = found else {
        if opened.frames.iter().any(|f| f.index == 0) {
            let at = opened.at(Locator::bytes(0, 0));
            out.warn(at, "table.header", "The names of the columns are not known; the table was not read.");
        }
        return;
    };
    let kind = mi_fit_kind(opened.entry, opened.head).unwrap_or_default();
    for frame in opened.frames {
        // The place is that of the bytes as they are.
        let decoded = if packed { utf7::decode(frame.bytes) } else { frame.bytes.into() };
        let readable = Frame { bytes: &decoded, ..*frame };
        let read = match opened.claim.format {
            FITNESS => rows.row(opened, &readable, out),
            _ => any(opened, &mut rows, kind, &readable, out),
        };
        let Some((mut at, record)) = read else { continue };
        at.locator.length = frame.bytes.len() as u64;
        out.record(at, record);
    }
}

/// Reads a row of a table of which little is known.
fn any(
    opened: &Opened<'_>,
    rows: &mut Rows<'_>,
    kind: &str,
    frame: &Frame<'_>,
    out: &mut Sink,
) -> Option<(glasshouse_model::Ref, glasshouse_model::Record)> {
    let mut inner = Sink::new();
    let read = rows.row(opened, frame, &mut inner);
    for warning in inner.warnings() {
        out.warn(warning.at.clone()?, warning.code, warning.message.clone());
    }
    let (at, mut record) = read?;
    if opened.claim.format == PROFILE {
        if opened.entry.name().to_lowercase().contains("data_source") {
            record.family = Family::Device;
        }
        return Some((at, record));
    }
    record.format = MI_FIT;
    record.family = if kind == "SPORT" { Family::Activity } else { Family::Health };
    record.title = Some(kind.to_owned());
    let row = rows.header().row(frame.bytes);
    let device = Clock { zone: Zone::Device, month_first: false };
    let day = row.get(&["date"]).map(|date| match row.get(&["time"]) {
        Some(time) => format!("{date} {time}"),
        None => date.to_owned(),
    });
    for (role, text) in [
        (MomentRole::Start, row.get(&["start", "startTime"])),
        (MomentRole::End, row.get(&["stop", "endTime"])),
        (MomentRole::Observed, day.as_deref()),
    ] {
        record.moments.extend(text.and_then(|text| device.read(role, text)));
    }
    Some((at, record))
}
