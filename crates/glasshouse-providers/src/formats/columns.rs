//! Tables whose columns are declared: which column is a time, a person, a title. What is not declared stays a field.

use crate::formats::element::keep;
use crate::formats::json::Object;
use crate::formats::table::{Header, Row};
use crate::formats::time;
use crate::formats::wall::{Clock, Zone};
use crate::{Frame, Opened, Sink};
use glasshouse_model::{
    Attachment, Family, Identifier, IdentifierKind, Locator, LocatorKind, Moment, MomentRole, Party, PartyRole, Place,
    Record, Ref, ZoneBasis,
};

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Is {
    /// A time written out, in the sheet's clock.
    Time(MomentRole),
    /// A count of seconds or of milliseconds since 1970.
    Seconds(MomentRole),
    Millis(MomentRole),
    Title,
    Text,
    /// A name, or an identifier, of a party; columns of one role make one party.
    Name(PartyRole),
    Id(PartyRole, IdentifierKind),
    /// The account that the row belongs to.
    Account,
    Lat,
    Lon,
    Accuracy,
    Altitude,
    Address,
    /// What ties rows together.
    Thread,
    /// The name of a file that the claim's links may hold.
    File,
    /// A JSON object; its members become fields `Column.member`.
    Json,
    /// Known, and nothing but a field; its names may be those of many columns.
    Field,
}

/// One kind of table.
#[derive(Clone, Copy, Debug)]
pub struct Sheet {
    /// Format within the provider.
    pub format: &'static str,
    pub family: Family,
    /// What a row is, as the field `kind`; empty for none.
    pub kind: &'static str,
    /// The columns that tell this table from others: each list holds the names that one column goes by.
    pub needs: &'static [&'static [&'static str]],
    /// Columns by the names they go by, the most telling time first; what `needs` names is known without them.
    pub columns: &'static [(&'static [&'static str], Is)],
    pub clock: Clock,
}

impl Sheet {
    /// Returns the table's header if the first bytes of an entry hold one of this kind.
    pub fn header(&self, head: &[u8]) -> Option<Header> {
        Header::find(head, |names| self.fits(names))
    }

    /// Says whether these names of columns are those of this kind of table.
    pub fn fits(&self, names: &[String]) -> bool {
        let has = |any: &[&str]| names.iter().any(|n| any.iter().any(|a| n.trim().eq_ignore_ascii_case(a)));
        self.needs.iter().all(|any| has(any))
    }

    fn column(&self, name: &str) -> Option<Is> {
        let any = |names: &[&str]| names.iter().any(|n| n.eq_ignore_ascii_case(name));
        let found = self.columns.iter().find(|(names, _)| any(names)).map(|(_, is)| *is);
        found.or_else(|| self.needs.iter().any(|names| any(names)).then_some(Is::Field))
    }
}

/// Reads one row, a frame of [`glasshouse_model::Framing::Rows`], into a record; none for what is no row.
pub fn read_row(sheet: &Sheet, header: &Header, opened: &Opened<'_>, frame: &Frame<'_>, out: &mut Sink) {
    if let Some((at, record)) = row_record(sheet, header, opened, frame, out) {
        out.record(at, record);
    }
}

/// Returns the record of a row and its place, for a reader that adds to it.
pub fn row_record(
    sheet: &Sheet,
    header: &Header,
    opened: &Opened<'_>,
    frame: &Frame<'_>,
    out: &mut Sink,
) -> Option<(Ref, Record)> {
    if frame.index <= header.index {
        return None;
    }
    let at = row_place(opened, frame, header);
    if frame.truncated {
        out.warn(at.clone(), "table.truncated", "The row is cut off or its quotes do not close; it was read as it is.");
    }
    let row = header.row(frame.bytes);
    // Some exports repeat the header.
    if row.is_empty() || row.is_header() {
        return None;
    }
    check_width(header, &row, &at, out);
    let record = record(sheet, &row, opened, &at, out);
    Some((at, record))
}

/// Returns the place of a row; the header is row 0.
pub fn row_place(opened: &Opened<'_>, frame: &Frame<'_>, header: &Header) -> Ref {
    let number = frame.index.saturating_sub(header.index).to_string();
    opened.at(Locator::new(LocatorKind::Row, number, frame.offset, frame.bytes.len() as u64))
}

fn check_width(header: &Header, row: &Row<'_>, at: &Ref, out: &mut Sink) {
    let (columns, values) = (header.names().len(), row.len());
    // A comma at the end of each line makes a value more that is empty.
    let beyond = row.cells().skip(columns).any(|(_, value)| !value.trim().is_empty());
    if beyond || (values < columns && header.names().iter().skip(values).any(|n| !n.is_empty())) {
        out.warn(at.clone(), "table.width", format!("The row has {values} values, the header {columns} columns."));
    }
}

/// Says whether a value says that there is none.
pub fn is_none(value: &str) -> bool {
    let value = value.trim();
    value.is_empty() || ["N/A", "n/a", "null", "NULL", "None", "-", "--"].contains(&value)
}

/// Makes a record of a row; every value that is not the title or the text is a field too.
pub fn record(sheet: &Sheet, row: &Row<'_>, opened: &Opened<'_>, at: &Ref, out: &mut Sink) -> Record {
    let mut record = Record::new(sheet.family, sheet.format);
    let mut place = Place::default();
    let mut taken: Vec<&str> = Vec::new();
    if !sheet.kind.is_empty() {
        record.fields.text("kind", sheet.kind);
    }
    for (names, is) in sheet.columns {
        let Some(value) = row.get(names).filter(|v| !is_none(v)) else { continue };
        match *is {
            // Nought is how a time that never was is written.
            Is::Seconds(_) | Is::Millis(_) if value == "0" => {}
            Is::Time(role) => record.moments.push(clock_time(sheet, role, value, at, out)),
            Is::Seconds(role) => record.moments.push(counted(role, value, true, at, out)),
            Is::Millis(role) => record.moments.push(counted(role, value, false, at, out)),
            Is::Title if record.title.is_none() => {
                record.title = Some(value.to_owned());
                taken.extend(*names);
            }
            Is::Text if record.text.is_none() => {
                record.text = Some(value.to_owned());
                taken.extend(*names);
            }
            Is::Name(role) => party(&mut record, role).name = Some(value.to_owned()),
            Is::Id(role, kind) => {
                party(&mut record, role).identifiers.push(Identifier { kind, value: value.to_owned() });
            }
            Is::Account => record.account = Some(value.to_owned()),
            Is::Lat => place.lat = number(value, at, out),
            Is::Lon => place.lon = number(value, at, out),
            Is::Accuracy => place.accuracy = number(value, at, out),
            Is::Altitude => place.altitude = number(value, at, out),
            Is::Address => place.address = Some(value.to_owned()),
            Is::Thread => record.conversation = Some(value.to_owned()),
            Is::File => record.attachments.push(linked(opened, value)),
            Is::Title | Is::Text | Is::Json | Is::Field => {}
        }
    }
    record.place = placed(place, at, out);
    for (name, value) in row.cells() {
        if value.trim().is_empty() {
            continue;
        }
        let is = sheet.column(&name);
        let used = |slot: Option<&String>| slot.is_some_and(|s| s == value.trim());
        match is {
            Some(Is::Title) if taken.iter().any(|t| t.eq_ignore_ascii_case(&name)) && used(record.title.as_ref()) => {}
            Some(Is::Text) if taken.iter().any(|t| t.eq_ignore_ascii_case(&name)) && used(record.text.as_ref()) => {}
            Some(Is::Json) => members(&mut record, &name, value, at, out),
            _ => {
                if is.is_none() {
                    out.drift(sheet.format, &name);
                }
                // Words for that there is none, which are nothing else.
                if ["N/A", "n/a", "null", "NULL"].contains(&value.trim()) {
                    record.fields.raw(&name, "null");
                } else {
                    record.fields.text(&name, value);
                }
            }
        }
    }
    record
}

/// Returns the attachment of that name, with its place where the export holds it.
pub fn linked(opened: &Opened<'_>, name: &str) -> Attachment {
    let base = name.rsplit(['/', '\\']).next().unwrap_or(name);
    let link = opened.claim.links.get(name).or_else(|| opened.claim.links.get(base));
    Attachment {
        name: Some(name.to_owned()),
        size: link.map(|l| l.size),
        at: link.map(glasshouse_model::Link::whole),
        ..Attachment::default()
    }
}

fn clock_time(sheet: &Sheet, role: MomentRole, value: &str, at: &Ref, out: &mut Sink) -> Moment {
    let moment = sheet.clock.moment(role, value);
    if moment.instant.is_none() && moment.basis == ZoneBasis::Ambiguous && sheet.clock.zone != Zone::Unknown {
        out.warn(at.clone(), "time.syntax", "A time cannot be read, or in more than one way; no instant follows.");
    }
    moment
}

fn counted(role: MomentRole, value: &str, seconds: bool, at: &Ref, out: &mut Sink) -> Moment {
    let moment = if seconds { time::epoch_seconds(role, value) } else { time::epoch_millis(role, value) };
    if moment.instant.is_none() {
        out.warn(at.clone(), "time.syntax", "A time is not a count since 1970 that any calendar holds.");
    }
    moment
}

fn number(value: &str, at: &Ref, out: &mut Sink) -> Option<f64> {
    let number = value.trim().parse().ok().filter(|n: &f64| n.is_finite());
    if number.is_none() {
        out.warn(at.clone(), "number.syntax", "A value that should be a number is none.");
    }
    number
}

/// Returns the place if it holds anything; coordinates that are none on Earth are left out, with a warning.
fn placed(mut place: Place, at: &Ref, out: &mut Sink) -> Option<Place> {
    let whole = match (place.lat, place.lon) {
        (None, None) => true,
        (Some(lat), Some(lon)) => Place::at(lat, lon).is_some(),
        _ => false,
    };
    if !whole {
        out.warn(at.clone(), "place.syntax", "The coordinates are incomplete or none on Earth.");
        (place.lat, place.lon) = (None, None);
    }
    (place != Place::default()).then_some(place)
}

/// Returns the party in a role, a new one if there is none yet.
fn party(record: &mut Record, role: PartyRole) -> &mut Party {
    let at = record.parties.iter().position(|p| p.role == role).unwrap_or_else(|| {
        record.parties.push(Party { role, name: None, identifiers: Vec::new() });
        record.parties.len() - 1
    });
    // INVARIANT: `at` was found, or is the party just pushed.
    &mut record.parties[at]
}

/// Adds the members of a JSON object in a cell as fields; what is none stays a text.
pub fn members(record: &mut Record, column: &str, value: &str, at: &Ref, out: &mut Sink) {
    match Object::parse(value.trim()) {
        Ok(object) => {
            for (key, raw) in object.members() {
                keep(&mut record.fields, &format!("{column}.{key}"), raw.get());
            }
        }
        Err(_) => {
            // An array, a number or a text is as good a value; what looks like an object and is none is damage.
            if value.trim_start().starts_with('{') {
                out.warn(at.clone(), "json.syntax", format!("The column {column} holds JSON that is not valid."));
            }
            record.fields.text(column, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::TreeEntry;
    use glasshouse_model::{Claim, EntryId, Framing, Link};
    use std::sync::Arc;

    static SHEET: Sheet = Sheet {
        format: "t",
        family: Family::Activity,
        kind: "",
        needs: &[&["When", "Wann"], &["What"]],
        columns: &[
            (&["When", "Wann"], Is::Time(MomentRole::Created)),
            (&["What"], Is::Title),
            (&["Who"], Is::Name(PartyRole::Owner)),
            (&["Mail"], Is::Id(PartyRole::Owner, IdentifierKind::Email)),
            (&["Lat"], Is::Lat),
            (&["Lon"], Is::Lon),
            (&["File"], Is::File),
            (&["More"], Is::Json),
        ],
        clock: Clock::UTC,
    };

    fn run(table: &str) -> Sink {
        let entry = TreeEntry { id: EntryId(0), path: "t.csv".into(), size: 0, crc32: None, part: 0 };
        let mut claim = Claim::of("t", EntryId(0), Framing::Rows);
        let link = Link { name: "a.jpg".into(), entry: EntryId(7), size: 3 };
        claim.links = Arc::new([link].into_iter().collect());
        let header = SHEET.header(table.as_bytes()).expect("a header");
        let (spans, _) = crate::framing::frame_all(Framing::Rows, table.as_bytes());
        let mut out = Sink::new();
        for span in spans {
            let bytes = &table.as_bytes()[span.start as usize..span.end as usize];
            let (index, offset) = (span.index, span.start);
            let frame = Frame { name: "", element: true, index, offset, bytes, truncated: span.truncated };
            let frames = [frame];
            let opened = Opened {
                claim: &claim,
                entry: &entry,
                frames: &frames,
                companions: &[],
                head: table.as_bytes(),
                survey: b"",
                positioned: None,
                decoder: &crate::formats::exif::Here,
            };
            read_row(&SHEET, &header, &opened, &frame, &mut out);
        }
        out
    }

    #[test]
    fn columns_become_what_they_are() {
        let out = run("What,Wann,Who,Mail,Lat,Lon,File,More,New\r\n\
             What,Wann,Who,Mail,Lat,Lon,File,More,New\r\n\
             \"Sent, twice\",2024-01-30 13:27:33,Ana,ana@example.com,1.5,2,x/a.jpg,\"{\"\"a\"\":1.0}\",x\r\n\r\n");
        let [record] = out.records() else { panic!("one record: {:?}", out.records()) };
        assert_eq!(record.title.as_deref(), Some("Sent, twice"));
        assert_eq!(record.moments[0].instant, Some(1_706_621_253_000_000));
        assert_eq!((record.parties.len(), record.parties[0].identifiers.len()), (1, 1));
        assert_eq!(record.place.as_ref().and_then(|p| p.lon), Some(2.0));
        assert_eq!(record.attachments[0].at.as_ref().map(|r| r.entry), Some(EntryId(7)));
        let fields = record.fields.to_json();
        assert!(fields.contains("\"More.a\":1.0") && fields.contains("\"New\":\"x\""), "{fields}");
        assert!(!fields.contains("twice"), "the title is not a field again: {fields}");
        assert!(out.warnings().is_empty());
        assert_eq!(out.into_parts().2.len(), 1);
    }

    #[test]
    fn damage_is_told() {
        let out = run("When,What,Lat,Lon,More\nsoon,a,200,1,{\nN/A,b,x,,,,surplus\n2024-01-30 13:27:33\n");
        let codes: Vec<_> = out.warnings().iter().map(|w| w.code).collect();
        let expected = ["time.syntax", "place.syntax", "json.syntax", "table.width", "number.syntax", "table.width"];
        assert_eq!(codes, expected);
        assert_eq!(out.records().len(), 3);
    }
}
