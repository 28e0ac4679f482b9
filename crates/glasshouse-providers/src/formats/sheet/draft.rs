//! A record in the making: values come column by column, in any order.

use super::columns::{Column, Use};
use super::{Sheet, is_null, when};
use crate::{Opened, Sink};
use glasshouse_model::{Attachment, Identifier, Moment, MomentRole, Party, Place, Record, Ref, ZoneBasis};
use std::borrow::Cow;

/// Warnings of one kind in one call; a table of millions of broken rows does not get millions.
const MOST_WARNINGS: usize = 50;

/// How often each kind of warning was given.
#[derive(Default)]
pub(super) struct Told(Vec<(&'static str, usize)>);

impl Told {
    /// Says whether one more of this kind may be given.
    pub(super) fn may(&mut self, what: &'static str) -> bool {
        match self.0.iter_mut().find(|(kind, _)| *kind == what) {
            Some((_, count)) => {
                *count += 1;
                *count <= MOST_WARNINGS
            }
            None => {
                self.0.push((what, 1));
                true
            }
        }
    }
}

/// A value that may have a place of its own, with the name of its field.
type Held = Option<(usize, String, String)>;

/// See the module.
pub(super) struct Draft<'s> {
    sheet: &'s Sheet,
    linked: bool,
    record: Record,
    moments: Vec<Held>,
    title: Held,
    text: Vec<Held>,
    address: Held,
    lat: Option<String>,
    lon: Option<String>,
    accuracy: Option<f64>,
    same: Vec<String>,
    strange: Vec<String>,
    found: Vec<Moment>,
    files: Vec<String>,
    any: bool,
    filled: bool,
}

impl<'s> Draft<'s> {
    /// Begins a record; `linked` says that values may name files.
    pub(super) fn new(sheet: &'s Sheet, opened: &Opened<'_>) -> Self {
        Draft {
            sheet,
            linked: !opened.claim.links.as_slice().is_empty(),
            record: Record::new(sheet.family, sheet.format),
            moments: vec![None; sheet.moments.len()],
            title: None,
            text: vec![None; sheet.text.len()],
            address: None,
            lat: None,
            lon: None,
            accuracy: None,
            same: vec![String::new(); sheet.same.len()],
            strange: Vec::new(),
            found: Vec::new(),
            files: Vec::new(),
            any: false,
            filled: false,
        }
    }

    /// Takes one value; an empty one says nothing, one that says that there is none is null.
    pub(super) fn take(&mut self, field: &str, column: Column, value: Cow<'_, str>) {
        if column.uses == Use::Strange && !self.sheet.open {
            self.strange.push(field.to_owned());
        }
        let text = value.trim();
        if text.is_empty() {
            return;
        }
        self.any = true;
        if is_null(text) {
            self.record.fields.raw(field, "null");
            return;
        }
        self.filled = true;
        if let Some(same) = column.same.and_then(|at| self.same.get_mut(at)) {
            text.clone_into(same);
        }
        let displaced = match column.uses {
            Use::Moment { at, rank } => self.moments.get_mut(at).and_then(|held| hold(held, rank, field, text)),
            Use::Title(rank) => hold(&mut self.title, rank, field, text),
            Use::Text { group, rank } => self.text.get_mut(group).and_then(|held| hold(held, rank, field, text)),
            Use::Address(rank) => {
                self.record.fields.text(field, &value);
                hold(&mut self.address, rank, field, text);
                return;
            }
            Use::Lat => {
                self.lat = Some(text.to_owned());
                Some((field.to_owned(), value.into_owned()))
            }
            Use::Lon => {
                self.lon = Some(text.to_owned());
                Some((field.to_owned(), value.into_owned()))
            }
            Use::Accuracy => {
                self.accuracy = text.parse().ok().filter(|n: &f64| n.is_finite() && *n >= 0.0);
                Some((field.to_owned(), value.into_owned()))
            }
            Use::Party(at) => {
                self.party(at, text);
                Some((field.to_owned(), value.into_owned()))
            }
            Use::Conversation => {
                self.record.conversation = Some(text.to_owned());
                Some((field.to_owned(), value.into_owned()))
            }
            Use::Known | Use::Strange => {
                if self.sheet.open
                    && let Some(role) = when::role_of(field)
                {
                    let moment = when::moment(role, field, text);
                    // An unknown column is a time only if its value is one beyond doubt.
                    self.found.extend(Some(moment).filter(|m| m.instant.is_some()));
                }
                Some((field.to_owned(), value.into_owned()))
            }
        };
        if let Some((field, value)) = displaced {
            if self.linked {
                self.files.push(value.clone());
            }
            self.record.fields.text(&field, &value);
        }
    }

    fn party(&mut self, at: usize, text: &str) {
        let Some((role, kind, _)) = self.sheet.parties.get(at) else { return };
        // Name and number of one person stand in two columns.
        let known = self.record.parties.iter_mut().find(|p| p.role == *role);
        match (kind, known) {
            (None, Some(party)) if party.name.is_none() => party.name = Some(text.to_owned()),
            (None, Some(party)) => {
                let name = party.name.get_or_insert_default();
                name.push(' ');
                name.push_str(text);
            }
            (None, None) => self.record.parties.push(Party::named(*role, text)),
            (Some(kind), Some(party)) => {
                party.identifiers.push(Identifier { kind: *kind, value: text.to_owned() });
            }
            (Some(kind), None) => self.record.parties.push(Party::with(*role, None, *kind, text)),
        }
    }

    /// Gives the record, unless the row says nothing.
    pub(super) fn finish(mut self, at: Ref, opened: &Opened<'_>, told: &mut Told, out: &mut Sink) {
        if !self.any {
            return;
        }
        if !self.filled {
            if told.may("no-data") {
                out.warn(at, "export.no-data", "A row says in every column that there is no data.");
            }
            return;
        }
        for name in &self.strange {
            out.drift(self.sheet.format, name);
        }
        for (held, (role, _)) in self.moments.into_iter().zip(self.sheet.moments) {
            let Some((_, column, text)) = held else { continue };
            let moment = when::moment(*role, &column, &text);
            if moment.basis == ZoneBasis::Ambiguous && told.may("time") {
                out.warn(at.clone(), "time.unreadable", format!("The time in {column} is written in an unknown way."));
            }
            self.record.moments.push(moment);
        }
        self.found.sort_by_key(|m| order(m.role));
        self.record.moments.append(&mut self.found);
        self.record.title = self.title.map(|(_, _, text)| text);
        let lines: Vec<String> = self.text.into_iter().flatten().map(|(_, _, text)| text).collect();
        self.record.text = (!lines.is_empty()).then(|| lines.join("\n"));
        let parsed = |text: &Option<String>| text.as_ref().and_then(|t| t.parse::<f64>().ok());
        let mut place = parsed(&self.lat).zip(parsed(&self.lon)).and_then(|(lat, lon)| Place::at(lat, lon));
        if place.is_none() && (self.lat.is_some() || self.lon.is_some()) && told.may("place") {
            out.warn(at.clone(), "place.syntax", "The row has no coordinates on Earth.");
        }
        if let Some(place) = &mut place {
            place.accuracy = self.accuracy;
        }
        if let Some((_, _, address)) = self.address {
            place.get_or_insert_default().address = Some(address);
        }
        self.record.place = place;
        if self.same.first().is_some_and(|first| !first.is_empty()) {
            self.record.same_as = Some(self.same.join("\u{1f}"));
        }
        attach(&mut self.record, &self.files, opened);
        out.record(at, self.record);
    }
}

/// Keeps the value of the lower rank; returns the other with its field.
fn hold(held: &mut Held, rank: usize, field: &str, text: &str) -> Option<(String, String)> {
    let new = (rank, field.to_owned(), text.to_owned());
    match held {
        Some((old, _, _)) if *old <= rank => Some((new.1, new.2)),
        _ => held.replace(new).map(|(_, field, text)| (field, text)),
    }
}

/// Links files that a value names, with or without their ending.
fn attach(record: &mut Record, values: &[String], opened: &Opened<'_>) {
    let links = &opened.claim.links;
    if links.as_slice().is_empty() {
        return;
    }
    for value in values {
        let name = value.trim().rsplit(['/', '\\']).next().unwrap_or_default();
        // Two files of one name are two readings: neither is linked.
        let known = |at: &Option<Ref>, entry| at.as_ref().is_some_and(|at| at.entry == entry);
        if let [link] = links.all(&name.to_lowercase())
            && !record.attachments.iter().any(|a| known(&a.at, link.entry))
        {
            record.attachments.push(Attachment {
                name: Some(name.to_owned()),
                size: Some(link.size),
                at: Some(link.whole()),
                ..Attachment::default()
            });
        }
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
