//! From an item to its records: the program, then the rules.

use super::LensFile;
use super::items::{Cell, Raw};
use super::model::{AttachmentRule, Kind, Names, PartyRule, PlaceRule};
use super::pointer::Pointers;
use super::program::{Stopped, from_json, to_json};
use super::when;
use crate::formats::element::keep;
use crate::formats::table::Header;
use crate::{Opened, Sink};
use glasshouse_model::{Attachment, Identifier, IdentifierKind, Locator, Party, Place, Record};
use jaq_json::{Map, Val};
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::rc::Rc;

/// The member of a program's output that says where in the item it stands, as a JSON pointer.
const AT: &str = "@at";

/// What is in hand while some frames of an entry are read.
pub(super) struct Work<'w, 'o> {
    pub file: &'w LensFile,
    pub format: &'static str,
    pub opened: &'w Opened<'o>,
    pub out: &'w mut Sink,
    pub header: Option<Rc<Header>>,
    pub columns: Option<Rc<Vec<String>>>,
}

/// How a time that never was is written where times are counted from the year 1.
const NEVER: &str = "0001-01-01T00:00:00";

type Members<'a> = Vec<(Cow<'a, str>, Cell<'a>)>;

impl<'w> Work<'w, '_> {
    /// Larger items are not given to a program.
    const LONGEST: usize = 8 << 20;
    /// Larger items that a program failed on are not kept as one record.
    const LONGEST_KEPT: usize = 256 << 10;

    pub fn warn(&mut self, at: Locator, code: &'static str, message: impl Into<String>) {
        self.out.warn(self.opened.at(at), code, message);
    }

    pub fn drift(&mut self, key: &str) {
        self.out.drift(self.format, key);
    }

    /// Reads one item as the kind of that number.
    pub fn item(&mut self, number: usize, raw: Raw<'_>) {
        let file = self.file;
        let Some(kind) = file.kinds.get(number) else { return };
        let unknown = |name: &str| {
            let known = |n: &String| n.eq_ignore_ascii_case(name);
            !kind.known.iter().any(known) && !kind.names().any(known)
        };
        let strange: Vec<usize> = (0..raw.members.len())
            .filter(|i| !raw.again && raw.members.get(*i).is_some_and(|(name, cell)| unknown(name) && !is_blank(cell)))
            .collect();
        for i in &strange {
            if let Some((name, _)) = raw.members.get(*i) {
                self.out.drift(self.format, name);
            }
        }
        let Some(program) = &kind.program else { return self.record(kind, &raw.members, raw.at) };
        let size: usize = raw.members.iter().map(|(name, cell)| name.len() + cell_len(cell)).sum();
        let input = if size > Self::LONGEST { None } else { input(&raw) };
        let Some(input) = input else {
            return self.warn(
                raw.at,
                "lens.input",
                "The item is too long, or too deep in itself, for the lens; it was not read.",
            );
        };
        // Some steps for any item, and some for each of its bytes.
        let steps = (20_000 + 100 * size as u64).min(50_000_000);
        let mut outputs = Vec::new();
        let end = program.run(input, self.opened.entry.path, &raw.key, steps, |value| {
            outputs.push(match value {
                Val::Obj(map) => {
                    let member =
                        |(name, value): (&Val, &Val)| (name_of(name).into(), Cell::Json(to_json(value).into()));
                    Some(map.iter().map(member).collect::<Members<'static>>())
                }
                _ => None,
            });
        });
        // What the program cannot read is kept as it stands; the warning below says why.
        if outputs.is_empty() && end.is_err() && size <= Self::LONGEST_KEPT {
            self.record(kind, &raw.members, raw.at.clone());
        }
        let mut pointers = Pointers::new(raw.json);
        for (i, output) in outputs.into_iter().enumerate() {
            let Some(mut members) = output else {
                self.warn(raw.at.clone(), "lens.output", "The lens's program gave something that is no object.");
                continue;
            };
            if i == 0 && !strange.is_empty() {
                // What the lens does not know is kept, whatever the program made of the rest.
                let there: BTreeSet<String> = members.iter().map(|(name, _)| name.to_lowercase()).collect();
                let kept = strange.iter().filter_map(|i| raw.members.get(*i));
                members.extend(kept.filter(|(name, _)| !there.contains(&name.to_lowercase())).cloned());
            }
            let at = match members.iter().position(|(name, _)| name == AT) {
                Some(at) => {
                    let pointer = members.remove(at).1.text().map(Cow::into_owned).unwrap_or_default();
                    inside(&raw.at, &mut pointers, &pointer)
                }
                None => raw.at.clone(),
            };
            self.record(kind, &members, at);
        }
        match end {
            Ok(()) => {}
            Err(Stopped::Budget) => self.warn(
                raw.at,
                "lens.budget",
                "The lens's program was stopped: it took too many steps, or made too large values, for this item.",
            ),
            Err(Stopped::Error(message)) => {
                self.warn(raw.at, "lens.program", format!("The lens's program failed on this item: {message}"));
            }
        }
    }

    /// Makes a record by the rules; what no rule takes is a field.
    fn record(&mut self, kind: &'w Kind, members: &[(Cow<'_, str>, Cell<'_>)], at: Locator) {
        let mut record = Record::new(kind.family, self.format);
        let mut item = Item { members, used: vec![false; members.len()] };
        for rule in &kind.times {
            // The first instant that some programs count is how they write that there is none: it stays a field.
            let Some((i, text)) = item.find(&rule.field).filter(|(_, text)| !text.starts_with(NEVER)) else { continue };
            let zone = match &rule.zone {
                when::Zone::Field(names) => item.find(names).map(|(_, text)| text),
                _ => None,
            };
            let (moment, read) = when::moment(rule, &text, zone.as_deref());
            if !read {
                let shown: String = text.chars().take(60).collect();
                self.warn(at.clone(), "time.syntax", format!("A time is not written as expected: {shown}"));
            }
            record.moments.push(moment);
            item.take(i);
        }
        record.account = item.taken(&kind.account);
        record.title = item.taken(&kind.title);
        record.text = item.taken(&kind.text);
        record.conversation = item.taken(&kind.conversation);
        for rule in &kind.parties {
            parties(&mut item, rule, &mut record.parties);
        }
        if let Some(rule) = &kind.place {
            record.place = self.place(&mut item, rule, &at);
        }
        for rule in &kind.attachments {
            self.attachments(&mut item, rule, &mut record.attachments);
        }
        for ((name, cell), _) in members.iter().zip(&item.used).filter(|(_, used)| !**used) {
            match cell {
                Cell::Text(text) if text.trim().is_empty() => {}
                Cell::Text(text) => {
                    record.fields.text(name, text);
                }
                Cell::Json(raw) => keep(&mut record.fields, name, raw),
            }
        }
        self.out.record(self.opened.at(at), record);
    }

    fn place(&mut self, item: &mut Item<'_, '_>, rule: &PlaceRule, at: &Locator) -> Option<Place> {
        let number = |text: &str| text.trim().parse::<f64>().ok().filter(|n| n.is_finite());
        let mut place = None;
        if let (Some((lat, north)), Some((lon, east))) = (item.find(&rule.lat), item.find(&rule.lon)) {
            place = number(&north).zip(number(&east)).and_then(|(north, east)| Place::at(north, east));
            if place.is_some() {
                item.take(lat);
                item.take(lon);
            } else {
                self.warn(at.clone(), "place.syntax", "The coordinates are none on Earth.");
            }
        }
        if let Some(place) = &mut place {
            for (names, member) in [(&rule.accuracy, &mut place.accuracy), (&rule.altitude, &mut place.altitude)] {
                if let Some((i, text)) = item.find(names)
                    && let Some(value) = number(&text)
                {
                    *member = Some(value);
                    item.take(i);
                }
            }
        }
        match item.taken(&rule.address) {
            Some(address) => Some(Place { address: Some(address), ..place.unwrap_or_default() }),
            None => place,
        }
    }

    fn attachments(&self, item: &mut Item<'_, '_>, rule: &AttachmentRule, out: &mut Vec<Attachment>) {
        let names = item.taken_all(&rule.name);
        let [mimes, sizes] = [&rule.mime, &rule.size].map(|names| item.taken_all(names));
        for (i, name) in names.iter().enumerate() {
            let other = |list: &Vec<String>| if list.len() == names.len() { list.get(i).cloned() } else { None };
            let size = other(&sizes).and_then(|size| size.parse().ok());
            let at = self.opened.claim.links.get(name).map(glasshouse_model::Link::whole);
            out.push(Attachment { name: Some(name.clone()), mime: other(&mimes), size, sha256: None, at });
        }
    }
}

/// The members of an item, and which of them a rule has taken.
struct Item<'m, 'a> {
    members: &'m [(Cow<'a, str>, Cell<'a>)],
    used: Vec<bool>,
}

impl<'m> Item<'m, '_> {
    /// Returns the first of the names that has a value, and it.
    fn find(&self, names: &Names) -> Option<(usize, Cow<'m, str>)> {
        names.iter().find_map(|name| {
            self.members.iter().enumerate().find_map(|(i, (n, cell))| {
                if n.eq_ignore_ascii_case(name) { cell.text().map(|text| (i, text)) } else { None }
            })
        })
    }

    fn take(&mut self, i: usize) {
        if let Some(used) = self.used.get_mut(i) {
            *used = true;
        }
    }

    fn taken(&mut self, names: &Names) -> Option<String> {
        let (i, text) = self.find(names)?;
        self.take(i);
        Some(text.into_owned())
    }

    /// Takes a text or all texts of a list.
    fn taken_all(&mut self, names: &Names) -> Vec<String> {
        let found = names.iter().find_map(|name| {
            self.members.iter().enumerate().find_map(|(i, (n, cell))| {
                let texts = if n.eq_ignore_ascii_case(name) { cell.texts() } else { Vec::new() };
                (!texts.is_empty()).then_some((i, texts))
            })
        });
        let Some((i, texts)) = found else { return Vec::new() };
        self.take(i);
        texts
    }
}

fn parties(item: &mut Item<'_, '_>, rule: &PartyRule, out: &mut Vec<Party>) {
    let names = item.taken_all(&rule.name);
    let identifiers = [
        (IdentifierKind::Email, &rule.email),
        (IdentifierKind::Phone, &rule.phone),
        (IdentifierKind::Account, &rule.account),
        (IdentifierKind::Url, &rule.url),
    ]
    .map(|(kind, names)| (kind, item.taken_all(names)));
    let most = identifiers.iter().map(|(_, values)| values.len()).chain([names.len()]).max().unwrap_or(0);
    // Lists of one length speak of the same people in the same order; others cannot be told apart.
    let together = identifiers.iter().map(|(_, values)| values.len()).chain([names.len()]).all(|n| n == 0 || n == most);
    if together {
        for i in 0..most {
            let identifiers = identifiers
                .iter()
                .filter_map(|(kind, values)| Some(Identifier { kind: *kind, value: values.get(i)?.clone() }));
            out.push(Party { role: rule.role, name: names.get(i).cloned(), identifiers: identifiers.collect() });
        }
        return;
    }
    out.extend(names.into_iter().map(|name| Party::named(rule.role, name)));
    for (kind, values) in identifiers {
        out.extend(values.into_iter().map(|value| Party::with(rule.role, None, kind, value)));
    }
}

fn is_blank(cell: &Cell<'_>) -> bool {
    match cell {
        Cell::Text(text) => text.trim().is_empty(),
        Cell::Json(raw) => raw == "null",
    }
}

fn cell_len(cell: &Cell<'_>) -> usize {
    match cell {
        Cell::Text(text) | Cell::Json(text) => text.len(),
    }
}

fn name_of(name: &Val) -> String {
    match name {
        Val::TStr(text) => String::from_utf8_lossy(text).into_owned(),
        other => other.to_string(),
    }
}

/// Returns what a program is given.
fn input(raw: &Raw<'_>) -> Option<Val> {
    if !raw.json.is_empty() {
        return from_json(raw.json);
    }
    let mut map = Map::default();
    // A cell of a table without a value is left out, so that `//` works on it.
    for (name, cell) in raw.members.iter().filter(|(_, cell)| !is_blank(cell)) {
        let value = match cell {
            Cell::Text(text) => Val::from(text.to_string()),
            Cell::Json(raw) => from_json(raw)?,
        };
        map.insert(Val::from(name.to_string()), value);
    }
    Some(Val::obj(map))
}

/// Returns the place below `at` that a pointer names; `at` itself when there is none.
fn inside(at: &Locator, pointers: &mut Pointers<'_>, pointer: &str) -> Locator {
    match pointers.find(pointer) {
        Some((skipped, length)) => {
            Locator::json(format!("{}{pointer}", at.detail), at.start + skipped as u64, length as u64)
        }
        None => at.clone(),
    }
}
