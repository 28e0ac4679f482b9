//! The CSV tables of Takeout's products, as declarations; `formats/sheet/` reads them.

use super::fitbit;
use super::locale::{Product, product};
use crate::formats::json::Object;
use crate::formats::sheet::{Is, Rows, Sheet};
use crate::formats::table::Header;
use crate::formats::wall::{Clock, Zone};
use crate::{Opened, Sink, Tree};
use IdentifierKind::{Account, Phone, Url};
use MomentRole::{Created, End, Modified, Observed, Start};
use PartyRole::{Author, Subject};
use glasshouse_model::{Family, IdentifierKind, MomentRole, PartyRole, Record, ZoneBasis};

pub(super) const ACCESS: &str = "access-log";
pub(super) const SAVED: &str = "saved";
pub(super) const PAY: &str = "pay";
pub(super) const FI: &str = "fi";

/// A table, where it may lie, and what its file's name says.
pub(super) struct Table {
    /// None: its columns are like no other's, so that it is known in a folder of any language.
    pub product: Option<Product>,
    /// The field that the file's name becomes; empty for none.
    pub file: &'static str,
    pub sheet: Sheet,
}

impl Table {
    /// Returns a table that may lie anywhere and whose file's name says nothing.
    pub const fn any(sheet: Sheet) -> Table {
        Table { product: None, file: "", sheet }
    }

    /// Returns a table of a product, known in its folder alone.
    pub const fn of(product: Product, sheet: Sheet) -> Table {
        Table { product: Some(product), ..Table::any(sheet) }
    }
}

fn find(path: &str, head: &[u8]) -> Option<(&'static Table, Header)> {
    let product = product(path).map(|(product, _)| product);
    let head = head.get(..Tree::HEAD).unwrap_or(head);
    let places = TABLES.iter().chain(fitbit::TABLES).filter(|t| t.product.is_none_or(|p| Some(p) == product));
    places.filter_map(|table| Some((table, table.sheet.header(head)?))).next()
}

/// Returns the format of a table.
pub(super) fn format(path: &str, head: &[u8]) -> Option<&'static str> {
    find(path, head).map(|(table, _)| table.sheet.format)
}

/// Reads rows of a table that [`format`] knew.
pub(super) fn parse(opened: &Opened<'_>, out: &mut Sink) {
    let Some((table, header)) = find(opened.entry.path, opened.head) else { return };
    let name = opened.entry.name();
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    let mut rows = Rows::of(&table.sheet, header);
    for frame in opened.frames {
        let Some((at, mut record)) = rows.row(opened, frame, out) else { continue };
        if !table.file.is_empty() {
            record.fields.text(table.file, stem);
        }
        spoken(&mut record);
        if table.sheet.format == FI {
            record.family = used(&record);
        }
        let whole = times_of_day(&mut record, stem);
        if !whole {
            out.warn(at.clone(), "time.syntax", "A time of the day cannot be read, or its day is not known.");
        }
        out.record(at, record);
    }
}

/// YouTube wraps what was said: `{"text":"…"}`, once `{"takeoutSegments":[{"text":"…"}]}`, or pieces with commas.
fn spoken(record: &mut Record) {
    let Some(text) = record.text.as_deref().filter(|t| t.starts_with('{')) else { return };
    let pieces: Vec<Object<'_>> = match Object::parse(text) {
        Ok(object) if object.raw("takeoutSegments").is_some() => object.objects("takeoutSegments"),
        Ok(object) => vec![object],
        Err(_) => {
            let list = format!("[{text}]");
            let Ok(pieces) = serde_json::from_str::<Vec<serde_json::Value>>(&list) else { return };
            let said: String = pieces.iter().filter_map(|p| p.get("text")?.as_str()).collect();
            return swap(record, said);
        }
    };
    let said: String = pieces.iter().filter_map(|p| p.text("text")).collect();
    swap(record, said);
}

/// Returns what a use of Fi was: its rows are calls, texts and data alike.
fn used(record: &Record) -> Family {
    let fields = record.fields.to_json();
    let says = |word: &str| fields.contains(&format!("\"USAGE_TYPE_{word}"));
    match () {
        () if says("VOICE") || says("CALL") => Family::Call,
        () if says("SMS") || says("MMS") || says("RCS") || says("TEXT") => Family::Message,
        () => Family::Activity,
    }
}

/// Puts what was said in the place of its wrapping, which becomes a field.
fn swap(record: &mut Record, said: String) {
    if said.is_empty() {
        return;
    }
    if let Some(raw) = record.text.replace(said) {
        record.fields.text("text_raw", &raw);
    }
}

/// Rows of a day's file hold a clock with an offset and no date: the date is the file's name.
///
/// Returns false when such a time has no instant.
fn times_of_day(record: &mut Record, stem: &str) -> bool {
    let mut all = true;
    for moment in record.moments.iter_mut().filter(|m| m.basis == ZoneBasis::Ambiguous) {
        let read = crate::formats::time::iso(moment.role, &format!("{stem}T{}", moment.text));
        if record.format != super::lists::FIT {
            continue;
        }
        all &= read.instant.is_some();
        (moment.instant, moment.basis, moment.precision) = (read.instant, read.basis, read.precision);
    }
    // The last interval of a day ends with the midnight that the next day begins with.
    if let [start, end] = record.moments.as_mut_slice()
        && let (Some(from), Some(to)) = (start.instant, end.instant)
        && (start.role, end.role) == (Start, End)
        && to < from
        && end.text.starts_with("00:00")
    {
        end.instant = to.checked_add(DAY);
    }
    all
}

const DAY: i64 = 24 * 60 * 60 * 1_000_000;

const UTC: Clock = Clock::UTC;
pub(super) const ACCOUNT: Clock = Clock { zone: Zone::Account, month_first: false };

static TABLES: &[Table] = &[
    Table::any(Sheet {
        format: super::lists::YOUTUBE,
        family: Family::Contact,
        kind: "subscription",
        needs: &[
            &["Channel Id", "Kanal-ID", "Kanaal-ID"],
            &["Channel Url", "Kanal-URL", "Kanaal-URL"],
            &["Channel Title", "Kanaltitel", "Kanaaltitel"],
        ],
        columns: &[
            (&["Channel Title", "Kanaltitel", "Kanaaltitel"], Is::Title),
            (&["Channel Title", "Kanaltitel", "Kanaaltitel"], Is::Name(Subject)),
            (&["Channel Id", "Kanal-ID", "Kanaal-ID"], Is::Id(Subject, Account)),
            (&["Channel Url", "Kanal-URL", "Kanaal-URL"], Is::Id(Subject, Url)),
        ],
        clock: Some(Clock::UNKNOWN),
        ..Sheet::NONE
    }),
    Table::any(Sheet {
        format: super::lists::YOUTUBE,
        family: Family::Post,
        kind: "comment",
        needs: &[&["Comment ID"], &["Comment Create Timestamp"], &["Comment Text"]],
        columns: &[
            (&["Comment Create Timestamp"], Is::Time(Created)),
            (&["Comment Text"], Is::Text),
            (&["Channel ID"], Is::Id(Author, Account)),
            (&["Video ID"], Is::Thread),
            (&["Price", "Parent Comment ID", "Top-Level Comment ID", "Post ID"], Is::Field),
        ],
        clock: Some(UTC),
        ..Sheet::NONE
    }),
    Table::any(Sheet {
        format: super::lists::YOUTUBE,
        family: Family::Message,
        kind: "live chat",
        needs: &[&["Live Chat ID"], &["Live Chat Create Timestamp"], &["Live Chat Text"]],
        columns: &[
            (&["Live Chat Create Timestamp"], Is::Time(MomentRole::Sent)),
            (&["Live Chat Text"], Is::Text),
            (&["Channel ID"], Is::Id(Author, Account)),
            (&["Video ID"], Is::Thread),
            (&["Price"], Is::Field),
        ],
        clock: Some(UTC),
        ..Sheet::NONE
    }),
    Table::any(Sheet {
        format: super::lists::YOUTUBE,
        family: Family::Setting,
        kind: "playlist",
        needs: &[&["Playlist ID"], &["Playlist Create Timestamp"], &["Playlist Title (Original)", "Playlist Title"]],
        columns: &[
            (&["Playlist Create Timestamp"], Is::Time(Created)),
            (&["Playlist Update Timestamp"], Is::Time(Modified)),
            (&["Playlist Title (Original)", "Playlist Title"], Is::Title),
            (&["Add new videos to top", "Playlist Image 1 Create Timestamp", "Playlist Image 1 URL"], Is::Field),
            (&["Playlist Image 1 Height", "Playlist Image 1 Width", "Playlist Title (Original) Language"], Is::Field),
            (&["Playlist Description (Original)", "Playlist Description (Original) Language"], Is::Field),
            (&["Playlist Video Order", "Playlist Visibility"], Is::Field),
        ],
        clock: Some(UTC),
        ..Sheet::NONE
    }),
    Table {
        product: None,
        file: "playlist",
        sheet: Sheet {
            format: super::lists::YOUTUBE,
            family: Family::Play,
            kind: "playlist entry",
            needs: &[&["Video ID"], &["Playlist Video Creation Timestamp", "Time Added"]],
            columns: &[
                (&["Playlist Video Creation Timestamp", "Time Added"], Is::Time(Created)),
                (&["Video ID"], Is::Title),
            ],
            clock: Some(UTC),
            ..Sheet::NONE
        },
    },
    Table::of(
        Product::Chrome,
        Sheet {
            format: super::lists::CHROME,
            family: Family::Setting,
            kind: "dictionary word",
            needs: &[&["Word", "Wort", "Woord"]],
            columns: &[(&["Word", "Wort", "Woord"], Is::Title)],
            clock: Some(Clock::UNKNOWN),
            ..Sheet::NONE
        },
    ),
    Table::any(Sheet {
        format: ACCESS,
        family: Family::Login,
        kind: "access",
        needs: &[&["Gaia ID"], &["Activity Timestamp"], &["IP Address"]],
        columns: &[
            (&["Activity Timestamp"], Is::Time(Observed)),
            (&["Product Name"], Is::Title),
            (&["Gaia ID"], Is::Account),
            (&["Proxiedhost IP Address", "Proxied Host IP Address", "Is Non-routable IP Address"], Is::Field),
            (&["User Agent String", "Sub-Product Name", "Activity Type", "Activity Country"], Is::Field),
            (&["Activity Region", "Activity City", "Gmail Access Channel"], Is::Field),
        ],
        clock: Some(UTC),
        ..Sheet::NONE
    }),
    Table::any(Sheet {
        format: ACCESS,
        family: Family::Device,
        kind: "device",
        needs: &[&["Marketing Name"], &["Device Model"], &["Last Activity Time", "Device Last Location"]],
        columns: &[
            (&["Last Activity Time"], Is::Time(Observed)),
            (&["Marketing Name"], Is::Title),
            (&["Gaia ID"], Is::Account),
            (&["Brand Name", "Device Type", "OS", "OS Version", "Device Last Location Country"], Is::Field),
            (&["Device Last Location Region", "Device Last Location City"], Is::Field),
        ],
        clock: Some(UTC),
        ..Sheet::NONE
    }),
    Table {
        product: Some(Product::Saved),
        file: "list",
        sheet: Sheet {
            format: SAVED,
            family: Family::Note,
            kind: "saved place or page",
            needs: &[&["Title", "Titel"], &["URL"]],
            columns: &[
                (&["Title", "Titel"], Is::Title),
                (&["Note", "Notiz", "Notitie"], Is::Text),
                (&["Comment", "Kommentar", "Opmerking", "Tags"], Is::Field),
            ],
            clock: Some(Clock::UNKNOWN),
            ..Sheet::NONE
        },
    },
    Table {
        product: Some(Product::Fit),
        file: "day",
        sheet: Sheet {
            format: super::lists::FIT,
            family: Family::Health,
            kind: "interval",
            needs: &[&["Start time"], &["End time"]],
            columns: &[(&["Start time"], Is::Time(Start)), (&["End time"], Is::Time(End)), (METRICS, Is::Field)],
            clock: Some(Clock::UNKNOWN),
            ..Sheet::NONE
        },
    },
    Table::of(
        Product::Fit,
        Sheet {
            format: super::lists::FIT,
            family: Family::Health,
            kind: "day",
            needs: &[&["Date"], &["Calories (kcal)", "Step count", "Move Minutes count"]],
            columns: &[(&["Date"], Is::Time(Start)), (METRICS, Is::Field)],
            clock: Some(ACCOUNT),
            ..Sheet::NONE
        },
    ),
    Table::of(
        Product::Pay,
        Sheet {
            format: PAY,
            family: Family::Payment,
            kind: "transaction",
            needs: &[&["Time"], &["Transaction ID"], &["Description", "Product"]],
            columns: &[
                (&["Time"], Is::Time(Created)),
                (&["Description"], Is::Title),
                (&["Payment method", "Payment Method", "Status", "Amount"], Is::Field),
            ],
            clock: Some(Clock::UNKNOWN),
            ..Sheet::NONE
        },
    ),
    Table::of(
        Product::Fi,
        Sheet {
            format: FI,
            family: Family::Call,
            needs: &[&["User phone number"], &["Remote phone number"], &["Start Date/Time"], &["Direction"]],
            columns: &[
                (&["Start Date/Time"], Is::Time(Start)),
                (&["End Date/Time"], Is::Time(End)),
                (&["User phone number"], Is::Account),
                (&["Remote phone number"], Is::Id(PartyRole::Participant, Phone)),
                (&["Usage Type", "Directional Usage", "User country", "Remote Country", "Carrier"], Is::Field),
                (&["Is WiFi", "Is Voicemail"], Is::Field),
            ],
            clock: Some(Clock::UNKNOWN),
            ..Sheet::NONE
        },
    ),
];

/// Which of these a table has depends on what was measured.
const METRICS: &[&str] = &[
    "Move Minutes count",
    "Calories (kcal)",
    "Distance (m)",
    "Heart Points",
    "Heart Minutes",
    "Average heart rate (bpm)",
    "Max heart rate (bpm)",
    "Min heart rate (bpm)",
    "Low latitude (deg)",
    "Low longitude (deg)",
    "High latitude (deg)",
    "High longitude (deg)",
    "Average speed (m/s)",
    "Max speed (m/s)",
    "Min speed (m/s)",
    "Step count",
    "Average weight (kg)",
    "Max weight (kg)",
    "Min weight (kg)",
    "Biking duration (ms)",
    "Inactive duration (ms)",
    "Walking duration (ms)",
    "Running duration (ms)",
    "Sleeping duration (ms)",
    "Sleep duration (ms)",
    "Light sleeping duration (ms)",
    "Deep sleeping duration (ms)",
    "REM sleeping duration (ms)",
    "Awake mid-sleeping duration (ms)",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_said_is_taken_out_of_its_wrapping() {
        for (text, said) in [
            (r#"{"text":"a \"b\""}"#, "a \"b\""),
            (r#"{"takeoutSegments":[{"text":"a"},{"text":" b"}]}"#, "a b"),
            (r#"{"text":"a"},{"text":"b","link":{"x":1}}"#, "ab"),
            ("plain", "plain"),
            ("{ not JSON", "{ not JSON"),
        ] {
            let mut record = Record::new(Family::Post, "t");
            record.text = Some(text.into());
            spoken(&mut record);
            assert_eq!(record.text.as_deref(), Some(said));
        }
    }
}
