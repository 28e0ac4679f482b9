//! The cells of a row into a record.

use super::columns::Columns;
use super::{Is, Sheet, is_none, is_null, linked, when};
use crate::formats::element::keep;
use crate::formats::json::Object;
use crate::formats::time;
use crate::formats::wall::Zone;
use crate::{Opened, Sink};
use glasshouse_model::{
    Attachment, Identifier, Link, Moment, MomentRole, Party, PartyRole, Place, Record, Ref, ZoneBasis,
};
use std::borrow::Cow;

/// One value, with the number of its column and the name of its field.
pub(super) struct Cell<'c> {
    pub(super) field: Cow<'c, str>,
    pub(super) column: usize,
    pub(super) value: Cow<'c, str>,
}

/// What a record is made with.
pub(super) struct Maker<'m, 'o> {
    pub(super) sheet: &'m Sheet,
    pub(super) columns: &'m Columns,
    pub(super) opened: &'m Opened<'o>,
    pub(super) out: &'m mut Sink,
}

impl Maker<'_, '_> {
    /// Returns the record of a row; none for a row that says nothing.
    pub(super) fn record(&mut self, cells: &[Cell<'_>], at: &Ref) -> Option<Record> {
        let is_filled = |cell: &Cell<'_>| !cell.value.trim().is_empty();
        if !cells.iter().any(|cell| is_filled(cell) && !is_null(&cell.value)) {
            if cells.iter().any(is_filled) {
                self.out.warn(at.clone(), "export.no-data", "A row says in every column that there is no data.");
            }
            return None;
        }
        let mut record = Record::new(self.sheet.family, self.sheet.format);
        if !self.sheet.kind.is_empty() {
            record.fields.text("kind", self.sheet.kind);
        }
        let taken = self.members(cells, &mut record, at);
        self.fields(cells, &taken, &mut record, at);
        self.same(cells, &mut record);
        Some(record)
    }

    /// Fills the record's own members; returns which cells need not be fields.
    fn members(&mut self, cells: &[Cell<'_>], record: &mut Record, at: &Ref) -> Vec<bool> {
        let mut taken = vec![false; cells.len()];
        let mut place = Place::default();
        let mut lines: Vec<&str> = Vec::new();
        for (i, is) in self.uses(cells) {
            let Some(cell) = cells.get(i) else { continue };
            let value = cell.value.trim();
            match is {
                // Nought is how a time that never was is written.
                Is::Seconds(_) | Is::Millis(_) if value == "0" => {}
                Is::Time(role) => record.moments.push(self.time(role, &cell.field, value, at)),
                Is::Seconds(role) => record.moments.push(self.count(time::epoch_seconds(role, value), at)),
                Is::Millis(role) => record.moments.push(self.count(time::epoch_millis(role, value), at)),
                Is::Title => {
                    if record.title.is_none() {
                        record.title = Some(value.to_owned());
                        take(&mut taken, i);
                    }
                }
                Is::Text => {
                    lines.push(value);
                    take(&mut taken, i);
                }
                Is::Name(role) => match &mut party(record, role).name {
                    // A name may stand in two columns.
                    Some(name) => {
                        name.push(' ');
                        name.push_str(value);
                    }
                    none => *none = Some(value.to_owned()),
                },
                Is::Id(role, kind) => {
                    party(record, role).identifiers.push(Identifier { kind, value: value.to_owned() });
                }
                Is::Account => record.account = Some(value.to_owned()),
                Is::Lat => place.lat = self.number(value, at),
                Is::Lon => place.lon = self.number(value, at),
                Is::Accuracy => place.accuracy = self.number(value, at).filter(|n| *n >= 0.0),
                Is::Altitude => place.altitude = self.number(value, at),
                Is::Address => place.address = Some(value.to_owned()),
                Is::Thread => record.conversation = Some(value.to_owned()),
                Is::File => record.attachments.push(linked(self.opened, value)),
                Is::Json | Is::Field | Is::Renamed => {}
            }
        }
        record.text = (!lines.is_empty()).then(|| lines.join("\n"));
        record.place = self.placed(place, at);
        taken
    }

    /// Returns the cell that each declaration takes, in the order of the declarations.
    fn uses(&self, cells: &[Cell<'_>]) -> Vec<(usize, Is)> {
        let mut best: Vec<Option<(usize, usize)>> = vec![None; self.sheet.columns.len()];
        for (i, cell) in cells.iter().enumerate() {
            let uses = &self.columns.get(cell.column).uses;
            if uses.is_empty() || is_none(&cell.value) {
                continue;
            }
            for (declared, rank) in uses {
                if let Some(slot) = best.get_mut(*declared)
                    && slot.is_none_or(|(before, _)| *rank < before)
                {
                    *slot = Some((*rank, i));
                }
            }
        }
        let each = best.into_iter().zip(self.sheet.columns);
        each.filter_map(|(slot, (_, is))| slot.map(|(_, i)| (i, *is))).collect()
    }

    /// Keeps what the record's own members do not hold word for word.
    fn fields(&mut self, cells: &[Cell<'_>], taken: &[bool], record: &mut Record, at: &Ref) {
        let mut found: Vec<Moment> = Vec::new();
        for (cell, taken) in cells.iter().zip(taken).filter(|(cell, _)| !cell.value.trim().is_empty()) {
            let column = self.columns.get(cell.column);
            if column.name.is_none() && !self.sheet.open {
                self.out.drift(self.sheet.format, &cell.field);
            }
            if is_null(&cell.value) {
                record.fields.raw(&cell.field, "null");
                continue;
            }
            // An unknown column is a time only if its value is one beyond doubt.
            if self.sheet.open && column.uses.is_empty() {
                let moment = when::role_of(&cell.field).map(|role| when::moment(role, &cell.field, cell.value.trim()));
                found.extend(moment.filter(|moment| moment.instant.is_some()));
            }
            if *taken {
                continue;
            }
            if column.json {
                self.json(record, cell, at);
            } else {
                record.fields.text(&cell.field, &cell.value);
            }
            if self.sheet.files {
                attach(record, cell.value.trim(), self.opened);
            }
        }
        found.sort_by_key(|moment| order(moment.role));
        record.moments.append(&mut found);
    }

    fn same(&self, cells: &[Cell<'_>], record: &mut Record) {
        if self.sheet.same.is_empty() {
            return;
        }
        let mut same = vec![""; self.sheet.same.len()];
        for cell in cells.iter().filter(|cell| !is_null(&cell.value)) {
            let value = cell.value.trim();
            if let Some(slot) = self.columns.get(cell.column).same.and_then(|at| same.get_mut(at))
                && !value.is_empty()
            {
                *slot = value;
            }
        }
        if same.first().is_some_and(|first| !first.is_empty()) {
            record.same_as = Some(same.join("\u{1f}"));
        }
    }

    fn time(&mut self, role: MomentRole, column: &str, value: &str, at: &Ref) -> Moment {
        let (moment, is_open) = match self.sheet.clock {
            Some(clock) => (clock.moment(role, value), clock.zone == Zone::Unknown),
            None => (when::moment(role, column, value), false),
        };
        if moment.instant.is_none() && moment.basis == ZoneBasis::Ambiguous && !is_open {
            let message = "A time cannot be read, or in more than one way; no instant follows.";
            self.out.warn(at.clone(), "time.syntax", message);
        }
        moment
    }

    fn count(&mut self, moment: Moment, at: &Ref) -> Moment {
        if moment.instant.is_none() {
            let message = "A time is not a count since 1970 that any calendar holds.";
            self.out.warn(at.clone(), "time.syntax", message);
        }
        moment
    }

    fn number(&mut self, value: &str, at: &Ref) -> Option<f64> {
        let number = value.parse().ok().filter(|n: &f64| n.is_finite());
        if number.is_none() {
            self.out.warn(at.clone(), "number.syntax", "A value that should be a number is none.");
        }
        number
    }

    /// Returns the place if it holds anything; coordinates that are none on Earth are left out, with a warning.
    fn placed(&mut self, mut place: Place, at: &Ref) -> Option<Place> {
        let whole = match (place.lat, place.lon) {
            (None, None) => true,
            (Some(lat), Some(lon)) => Place::at(lat, lon).is_some(),
            _ => false,
        };
        if !whole {
            let message = "The coordinates are incomplete or none on Earth.";
            self.out.warn(at.clone(), "place.syntax", message);
        }
        if !whole || place.lat.is_none() {
            (place.lat, place.lon, place.accuracy) = (None, None, None);
        }
        (place != Place::default()).then_some(place)
    }

    /// Adds the members of a JSON object in a cell as fields; what is none stays a text.
    fn json(&mut self, record: &mut Record, cell: &Cell<'_>, at: &Ref) {
        match Object::parse(cell.value.trim()) {
            Ok(object) => {
                for (key, raw) in object.members() {
                    keep(&mut record.fields, &format!("{}.{key}", cell.field), raw.get());
                }
            }
            Err(_) => {
                // An array, a number or a text is as good a value; what looks like an object and is none is damage.
                if cell.value.trim_start().starts_with('{') {
                    let message = format!("The column {} holds JSON that is not valid.", cell.field);
                    self.out.warn(at.clone(), "json.syntax", message);
                }
                record.fields.text(&cell.field, &cell.value);
            }
        }
    }
}

fn take(taken: &mut [bool], i: usize) {
    if let Some(taken) = taken.get_mut(i) {
        *taken = true;
    }
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

/// Links the file that a value names, with or without its ending.
fn attach(record: &mut Record, value: &str, opened: &Opened<'_>) {
    let links = &opened.claim.links;
    if links.as_slice().is_empty() {
        return;
    }
    let name = value.rsplit(['/', '\\']).next().unwrap_or_default();
    let known = |at: &Option<Ref>, entry| at.as_ref().is_some_and(|at| at.entry == entry);
    // Two files of one name are two readings: neither is linked.
    if let [link] = links.all(&name.to_lowercase())
        && !record.attachments.iter().any(|a| known(&a.at, link.entry))
    {
        let at = Some(Link::whole(link));
        record.attachments.push(Attachment {
            name: Some(name.to_owned()),
            size: Some(link.size),
            at,
            ..Attachment::default()
        });
    }
}

/// Where a time stands among those of a record whose sheet gives no order.
fn order(role: MomentRole) -> u8 {
    match role {
        MomentRole::Start | MomentRole::Sent => 0,
        MomentRole::Created | MomentRole::Taken | MomentRole::Received => 1,
        MomentRole::Observed => 2,
        MomentRole::Modified => 3,
        MomentRole::End => 4,
    }
}
