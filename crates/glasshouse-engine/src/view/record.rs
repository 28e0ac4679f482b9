//! One record whole, and its neighbours.

use super::attached::Attachments;
use super::parties::ROLES;
use super::rows::{Row, as_row, cut, number, shown_and, text};
use super::set::Sorted;
use super::talks::all_items;
use super::{View, ids, iso};
use crate::EngineError;
use crate::segment::typed;
use datafusion::arrow::array::{Array, RecordBatch, UInt32Array};
use glasshouse_model::{EntryId, Locator, Ref};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// Bytes of a text or of raw fields that an answer holds; the rest is in the bytes of the record.
const LONGEST: usize = 1 << 20;
/// Parties of a record that an answer holds.
const MOST_PARTIES: usize = 1000;

/// A record with everything that is known of it.
#[derive(Clone, Debug, Serialize)]
pub struct Detail {
    #[serde(flatten)]
    pub row: Row,
    pub text: Option<String>,
    /// The text is longer than what is given here.
    pub text_cut: bool,
    /// All its times; the first is the one it is sorted by.
    pub moments: Vec<Moment>,
    pub parties: Vec<PartyOf>,
    pub place: Option<Place>,
    /// The remaining fields under the provider's own names, as written.
    pub fields: Box<RawValue>,
    /// The fields are too long to be given; they are in the record's bytes.
    pub fields_cut: bool,
    /// The source that it comes from.
    pub source: String,
    #[serde(skip)]
    pub refs: Vec<Ref>,
}

/// A time of a record.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Moment {
    pub role: String,
    /// UTC; none where no instant is known.
    pub time: Option<String>,
    /// As the provider wrote it.
    pub text: String,
    pub basis: String,
    pub precision: String,
}

/// A party of a record with one identifier; one with several comes several times.
#[derive(Clone, Debug, Serialize)]
pub struct PartyOf {
    pub role: String,
    pub name: Option<String>,
    pub kind: Option<String>,
    pub identifier: Option<String>,
    /// Id of the person in the list of people.
    pub person: Option<String>,
}

/// A place of a record.
#[derive(Clone, Debug, Serialize)]
pub struct Place {
    pub lat: Option<f64>,
    pub lon: Option<f64>,
    pub accuracy: Option<f64>,
    pub altitude: Option<f64>,
    pub address: Option<String>,
}

/// Where a record's neighbours are looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nearby {
    Source,
    Conversation,
    Time,
}

impl View {
    /// Returns a record; none if there is no such id.
    pub fn record(&self, id: &str) -> Result<Option<Detail>, EngineError> {
        let Some(row) = self.row_of(id)? else { return Ok(None) };
        let order = self.order()?;
        let columns = shown_and(&[
            "time_role",
            "precision",
            "accuracy",
            "altitude",
            "source",
            "entry",
            "locator",
            "refs",
            "moments",
            "fields",
        ]);
        let mut read = self.read_at(&[order.place(row)], &columns, |batch, i, known| {
            let time = order.time(known.position);
            Ok(detail(batch, i, as_row(batch, i, known)?, time))
        })?;
        let Some(detail) = read.pop() else { return Ok(None) };
        let mut detail = detail?;
        // Where what people wrote cannot be read, a record still can; who asks for people is told why.
        let (parties, people) = (self.parties()?, self.people().ok());
        detail.parties = parties
            .of(order.place(row))
            .take(MOST_PARTIES)
            .filter_map(|(party, role)| {
                let named = parties.get(party)?;
                Some(PartyOf {
                    role: ROLES.get(role).copied().unwrap_or("other").to_owned(),
                    name: named.name.clone(),
                    kind: named.kind.clone(),
                    identifier: named.identifier.clone(),
                    person: people.as_ref().and_then(|people| Some(people.id(people.person(party)?))),
                })
            })
            .collect();
        let these = self.attachments_of(&[(row, id)], all_items)?.pop();
        detail.row.attachments = Attachments::These(these.unwrap_or_default());
        Ok(Some(detail))
    }

    /// Returns the row of an id.
    pub(super) fn row_of(&self, id: &str) -> Result<Option<u32>, EngineError> {
        match ids::parse(id) {
            Some(id) => Ok(self.ids()?.row(&id)),
            None => Ok(None),
        }
    }

    /// Returns up to `each` records before and after one, in the order of time.
    pub fn near(&self, id: &str, within: Nearby, each: u32) -> Result<Option<(Vec<Row>, Vec<Row>)>, EngineError> {
        let Some(row) = self.row_of(id)? else { return Ok(None) };
        let order = self.order()?;
        let position = order.place(row);
        let set = match within {
            Nearby::Time => std::sync::Arc::new(super::Set::range(&order, 0, self.rows())),
            Nearby::Source => match self.coded("source")?.value(row) {
                Some(source) => self.select(&format!("source:\"{source}\""))?,
                None => return Ok(Some(Default::default())),
            },
            Nearby::Conversation => {
                let (service, talk) = (self.coded("service")?, self.coded("conversation")?);
                match (service.value(row), talk.value(row)) {
                    (Some(service), Some(talk)) => std::sync::Arc::new(self.talk(service, talk)?),
                    _ => return Ok(Some(Default::default())),
                }
            }
        };
        let place = set.before(position);
        let before = set.page(Sorted::OldestFirst, place.saturating_sub(each), place.min(each));
        let after = set.page(Sorted::OldestFirst, place + u32::from(set.has(position)), each);
        Ok(Some((self.rows_at(&before)?, self.rows_at(&after)?)))
    }
}

#[derive(Deserialize)]
struct WrittenMoment {
    role: String,
    instant: Option<i64>,
    text: String,
    basis: String,
    precision: String,
}

#[derive(Deserialize)]
struct WrittenRef {
    entry: u32,
    locator: String,
}

fn detail(batch: &RecordBatch, i: usize, row: Row, time: Option<i64>) -> Result<Detail, EngineError> {
    let own = |name: &str| -> Result<Option<String>, EngineError> { Ok(text(batch, name, i)?.map(str::to_owned)) };
    let full = text(batch, "text", i)?;
    let entry: &UInt32Array = typed(batch, "entry")?;
    let written: Option<Vec<WrittenMoment>> = text(batch, "moments", i)?.and_then(|m| serde_json::from_str(m).ok());
    let moments = match written {
        Some(moments) => moments
            .into_iter()
            .map(|m| Moment {
                role: m.role,
                time: m.instant.map(iso),
                text: m.text,
                basis: m.basis,
                precision: m.precision,
            })
            .collect(),
        None => own("time_text")?
            .map(|text| -> Result<Moment, EngineError> {
                Ok(Moment {
                    role: own("time_role")?.unwrap_or_default(),
                    time: time.map(iso),
                    text,
                    basis: own("zone_basis")?.unwrap_or_default(),
                    precision: own("precision")?.unwrap_or_default(),
                })
            })
            .transpose()?
            .into_iter()
            .collect(),
    };
    let written: Option<Vec<WrittenRef>> = text(batch, "refs", i)?.and_then(|r| serde_json::from_str(r).ok());
    let main = WrittenRef {
        entry: entry.is_valid(i).then(|| entry.value(i)).unwrap_or(u32::MAX),
        locator: own("locator")?.unwrap_or_default(),
    };
    let refs = written.unwrap_or_else(|| vec![main]);
    let refs = refs.into_iter().filter_map(|r| {
        let locator = r.locator.parse::<Locator>().ok()?;
        Some(Ref { entry: EntryId(r.entry), locator })
    });
    let place = Place {
        lat: number(batch, "lat", i)?,
        lon: number(batch, "lon", i)?,
        accuracy: number(batch, "accuracy", i)?,
        altitude: number(batch, "altitude", i)?,
        address: own("address")?,
    };
    let fields = text(batch, "fields", i)?.unwrap_or("{}");
    let short = if fields.len() > LONGEST { "{}" } else { fields };
    let raw = |json: &str| RawValue::from_string(json.to_owned());
    let raw = raw(short).or_else(|_| raw("{}")).map_err(|e| EngineError::other(e.to_string()))?;
    Ok(Detail {
        text: full.map(|t| cut(t, LONGEST).to_owned()),
        text_cut: full.is_some_and(|t| t.len() > LONGEST),
        moments,
        parties: Vec::new(),
        place: (place.lat.is_some() || place.address.is_some()).then_some(place),
        fields_cut: fields.len() > LONGEST,
        fields: raw,
        source: own("source")?.unwrap_or_default(),
        refs: refs.collect(),
        row,
    })
}
