//! Rows as records again, as far as limits ask of them.

use crate::EngineError;
use crate::authority::moment_role;
use crate::quarantine::{texts, times};
use crate::segment::typed;
use datafusion::arrow::array::{Array, RecordBatch, UInt32Array};
use glasshouse_model::{
    Attachment, EntryId, Family, Fields, Identifier, IdentifierKind, Locator, Moment, Party, PartyRole, Place,
    Precision, Record, Ref, ZoneBasis,
};
use serde_json::Value;
use serde_json::value::RawValue;
use std::collections::HashMap;

/// A record as its row says it.
pub struct Again {
    pub id: String,
    pub service: String,
    pub source: String,
    pub claim: u32,
    /// A decision let it out.
    pub released: bool,
    pub record: Record,
}

impl Again {
    /// Returns the entry that it was made from.
    pub fn entry(&self) -> EntryId {
        self.record.refs.first().map_or(EntryId(u32::MAX), |at| at.entry)
    }
}

/// Returns the records of rows, in their order. What ties copies together is in a row as a hash, and is left out.
pub fn records(
    records: &RecordBatch,
    parties: &RecordBatch,
    attachments: &RecordBatch,
) -> Result<Vec<Again>, EngineError> {
    let text = |name: &str| texts(records, name);
    let (ids, service, source, family) = (text("id")?, text("service")?, text("source")?, text("family")?);
    let (account, title, body, talk) = (text("account")?, text("title")?, text("text")?, text("conversation")?);
    let (locator, refs, moments, fields) = (text("locator")?, text("refs")?, text("moments")?, text("fields")?);
    let (time_text, role, basis) = (text("time_text")?, text("time_role")?, text("zone_basis")?);
    let (precision, address, time) = (text("precision")?, text("address")?, times(records)?);
    let (entry, claim): (&UInt32Array, &UInt32Array) = (typed(records, "entry")?, typed(records, "claim")?);
    let decision = records.column_by_name("decision");
    let mut who = parties_of(parties)?;
    let mut attached = attachments_of(attachments)?;
    let mut all = Vec::with_capacity(ids.len());
    for i in 0..records.num_rows() {
        let at = |column| cell(column, i);
        let owned = |column| cell(column, i).map(str::to_owned);
        let id = at(&ids).unwrap_or_default();
        let family: Family = at(&family).and_then(|f| f.parse().ok()).ok_or_else(damaged)?;
        let mut record = Record::new(family, "");
        (record.account, record.title, record.text) = (owned(&account), owned(&title), owned(&body));
        record.conversation = owned(&talk);
        record.place = owned(&address).map(|address| Place { address: Some(address), ..Place::default() });
        record.moments = match at(&moments) {
            Some(json) => all_moments(json),
            None => {
                let instant = time.get(i).copied().flatten();
                at(&role)
                    .and_then(|role| moment(role, instant, at(&time_text), at(&basis), at(&precision)))
                    .into_iter()
                    .collect()
            }
        };
        record.refs = match at(&refs) {
            Some(json) => all_refs(json),
            None => Vec::new(),
        };
        if record.refs.is_empty() {
            let locator = at(&locator).and_then(|l| l.parse().ok()).ok_or_else(damaged)?;
            record.refs.push(Ref { entry: EntryId(entry.value(i)), locator });
        }
        if let Some(json) = at(&fields) {
            let members: HashMap<String, &RawValue> = serde_json::from_str(json).unwrap_or_default();
            let mut kept = Fields::new();
            for (name, value) in &members {
                kept.raw(name, value.get());
            }
            record.fields = kept;
        }
        record.parties = who.remove(id).unwrap_or_default();
        record.attachments = attached.remove(id).unwrap_or_default();
        all.push(Again {
            id: id.to_owned(),
            service: at(&service).unwrap_or_default().to_owned(),
            source: at(&source).unwrap_or_default().to_owned(),
            claim: claim.value(i),
            released: decision.is_some_and(|d| d.is_valid(i)),
            record,
        });
    }
    Ok(all)
}

fn cell<'a>(column: &[Option<&'a str>], row: usize) -> Option<&'a str> {
    column.get(row).copied().flatten()
}

fn damaged() -> EngineError {
    EngineError::other("A segment of the run is damaged. Run glasshouse-verify on the case.")
}

fn moment(
    role: &str,
    instant: Option<i64>,
    text: Option<&str>,
    basis: Option<&str>,
    precision: Option<&str>,
) -> Option<Moment> {
    let basis = match basis? {
        "offset" => ZoneBasis::Offset,
        "utc" => ZoneBasis::Utc,
        "account-local" => ZoneBasis::AccountLocal,
        "device-local" => ZoneBasis::DeviceLocal,
        named if named.starts_with("named:") => ZoneBasis::Named(named.get(6..)?.to_owned()),
        _ => ZoneBasis::Ambiguous,
    };
    use Precision::{Day, Hour, Microsecond, Millisecond, Minute, Month, Second, Year};
    let known = [Microsecond, Millisecond, Second, Minute, Hour, Day, Month, Year];
    // The widest, where it is not known: what may lie outside does.
    let precision = known.into_iter().find(|p| Some(p.as_str()) == precision).unwrap_or(Year);
    Some(Moment { role: moment_role(role)?, instant, text: text.unwrap_or_default().to_owned(), basis, precision })
}

fn all_moments(json: &str) -> Vec<Moment> {
    let all: Vec<Value> = serde_json::from_str(json).unwrap_or_default();
    let one = |m: &Value| {
        let text = |name: &str| m[name].as_str();
        moment(text("role")?, m["instant"].as_i64(), text("text"), text("basis"), text("precision"))
    };
    all.iter().filter_map(one).collect()
}

/// Returns the places that the column `refs` names.
pub fn all_refs(json: &str) -> Vec<Ref> {
    let all: Vec<Value> = serde_json::from_str(json).unwrap_or_default();
    let one = |r: &Value| {
        let entry = EntryId(u32::try_from(r["entry"].as_u64()?).ok()?);
        Some(Ref { entry, locator: r["locator"].as_str()?.parse::<Locator>().ok()? })
    };
    all.iter().filter_map(one).collect()
}

/// Each row is a party of its own here: limits ask for names and addresses, and not for who has which.
fn parties_of(batch: &RecordBatch) -> Result<HashMap<String, Vec<Party>>, EngineError> {
    let mut all: HashMap<String, Vec<Party>> = HashMap::new();
    let (ids, name) = (texts(batch, "record_id")?, texts(batch, "name")?);
    let identifier = texts(batch, "identifier")?;
    for ((id, name), value) in ids.into_iter().zip(name).zip(identifier) {
        let identifiers = value.map(|value| Identifier { kind: IdentifierKind::Account, value: value.to_owned() });
        let party = Party {
            role: PartyRole::Participant,
            name: name.map(str::to_owned),
            identifiers: identifiers.into_iter().collect(),
        };
        all.entry(id.unwrap_or_default().to_owned()).or_default().push(party);
    }
    Ok(all)
}

fn attachments_of(batch: &RecordBatch) -> Result<HashMap<String, Vec<Attachment>>, EngineError> {
    let mut all: HashMap<String, Vec<Attachment>> = HashMap::new();
    let (ids, name, locator) = (texts(batch, "record_id")?, texts(batch, "name")?, texts(batch, "locator")?);
    let entry: &UInt32Array = typed(batch, "entry")?;
    for (i, id) in ids.into_iter().enumerate() {
        let locator = locator.get(i).copied().flatten().and_then(|l| l.parse().ok());
        let at = locator.filter(|_| entry.is_valid(i)).map(|locator| Ref { entry: EntryId(entry.value(i)), locator });
        let name = name.get(i).copied().flatten().map(str::to_owned);
        let one = Attachment { name, at, ..Attachment::default() };
        all.entry(id.unwrap_or_default().to_owned()).or_default().push(one);
    }
    Ok(all)
}
