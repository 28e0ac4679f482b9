//! The log of a case for people who oversee it: filtered, and as an extract that proves itself.

use crate::EngineError;
use crate::words::Words;
use glasshouse_layout::{Leaf, Payload, Sealed, paths};
use glasshouse_store::{Proof, prove, read_case_events, read_case_file, read_sealed};
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::path::Path;

/// Which events are wanted; what is left out lets everything through.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    pub person: Option<String>,
    /// `collection`, `consultation`, …
    pub kind: Option<String>,
    /// `search.run`, …
    pub action: Option<String>,
    /// A record id or another name that events give their objects.
    pub object: Option<String>,
    /// Record ids of a data subject: events that name any of them.
    pub subject: Option<HashSet<String>>,
    /// RFC 3339 in UTC, or the beginning of one: `2026-11`.
    pub from: Option<String>,
    /// The same; what begins with it is still in.
    pub until: Option<String>,
}

/// One event, with what is still known of it.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    pub seq: u64,
    pub time: String,
    pub kind: &'static str,
    pub action: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub who: Option<String>,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub role: String,
    #[serde(rename = "where", skip_serializing_if = "String::is_empty")]
    pub place: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub authority: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub enquiry: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub policies: Vec<String>,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub tool: String,
    #[serde(skip_serializing_if = "Value::is_null")]
    pub detail: Value,
    /// Content that is kept apart and was not erased.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub content: BTreeMap<String, String>,
    /// Its payload was erased: nothing but kind, action and time is known.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub erased: bool,
}

/// Returns the events that pass a filter, oldest first; sealed words are opened if their key is at hand.
pub fn list(case: &Path, filter: &Filter, words: &Words) -> Result<Vec<Row>, EngineError> {
    let events = read_case_events(case)?;
    Ok(events
        .into_iter()
        .filter(|(leaf, payload)| filter.passes(leaf, payload.as_ref()))
        .map(|(leaf, payload)| row(case, leaf, payload, words))
        .collect())
}

fn row(case: &Path, leaf: Leaf, payload: Option<Payload>, words: &Words) -> Row {
    let erased = payload.is_none();
    let payload = payload.unwrap_or_default();
    let content =
        read_sealed(case, leaf.seq, &payload).into_iter().map(|(name, one)| (name, words.open(one.text))).collect();
    Row {
        seq: leaf.seq,
        time: leaf.time,
        kind: leaf.kind.as_str(),
        action: leaf.action,
        who: (!erased).then_some(payload.who),
        role: payload.role,
        place: payload.place,
        authority: payload.authority,
        enquiry: payload.enquiry,
        policies: payload.policies,
        tool: payload.tool,
        detail: payload.detail,
        content,
        erased,
    }
}

impl Filter {
    fn passes(&self, leaf: &Leaf, payload: Option<&Payload>) -> bool {
        let same = |wanted: &Option<String>, found: &str| wanted.as_deref().is_none_or(|w| w == found);
        let from = self.from.as_deref().is_none_or(|f| leaf.time.as_str() >= f);
        let until = self.until.as_deref().is_none_or(|u| leaf.time.as_str() <= u || leaf.time.starts_with(u));
        if !same(&self.kind, leaf.kind.as_str()) || !same(&self.action, &leaf.action) || !from || !until {
            return false;
        }
        let Some(payload) = payload else {
            return self.person.is_none() && self.object.is_none() && self.subject.is_none();
        };
        let objects =
            || payload.detail.get("objects").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
        same(&self.person, &payload.who)
            && self
                .object
                .as_deref()
                .is_none_or(|o| objects().any(|x| x == o) || payload.files.iter().any(|f| f.path == o))
            && self.subject.as_ref().is_none_or(|ids| objects().any(|o| ids.contains(o)))
    }
}

/// What of the events an extract gives away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Redaction {
    /// Everything that is still there.
    None,
    /// Not the content kept apart, and not the payloads that name files of the evidence.
    Content,
    /// Nothing but that something of this kind happened, and when.
    Payloads,
}

/// Returns an extract of the log as JSON: events with the proofs that they are in it, and the checkpoint that these
/// lead to. What is redacted is left out; its commitments stay, and so everything still proves.
pub fn extract(case: &Path, events: &[u64], redaction: Redaction) -> Result<Value, EngineError> {
    let file = read_case_file(case)?;
    let (checkpoint, proofs) = prove(case, &file.origin, &file.public_key, events)?;
    let events: Vec<Value> = proofs.iter().map(|proof| event(case, proof, redaction)).collect::<Result<_, _>>()?;
    Ok(json!({
        "form": "glasshouse-log-extract-1",
        "origin": file.origin,
        "public_key": file.public_key,
        "checkpoint": checkpoint,
        "events": events,
    }))
}

fn event(case: &Path, proof: &Proof, redaction: Redaction) -> Result<Value, EngineError> {
    let path: Vec<String> = proof.path.iter().map(glasshouse_layout::hex).collect();
    let mut event = json!({ "seq": proof.seq, "leaf": String::from_utf8_lossy(&proof.leaf), "path": path });
    if redaction == Redaction::Payloads {
        return Ok(event);
    }
    let Ok(file) = fs::read_to_string(case.join(paths::payload(proof.seq))) else { return Ok(event) };
    let Ok(payload) = Payload::from_file(file.as_bytes()) else { return Ok(event) };
    let names_evidence = payload.files.iter().any(|f| f.path.starts_with("evidence/"));
    if redaction == Redaction::Content && names_evidence {
        return Ok(event);
    }
    let sealed: BTreeMap<String, Sealed> =
        if redaction == Redaction::None { read_sealed(case, proof.seq, &payload) } else { BTreeMap::new() };
    if let Some(map) = event.as_object_mut() {
        map.insert("payload".into(), file.into());
        if !sealed.is_empty() {
            map.insert("sealed".into(), serde_json::to_value(sealed).map_err(|e| EngineError::other(e.to_string()))?);
        }
    }
    Ok(event)
}
