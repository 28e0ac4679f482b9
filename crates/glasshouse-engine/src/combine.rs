//! Cases made into one: an act of its own, which the authority of each of them has to name.

use crate::EngineError;
use crate::authority::{self, Authority, lines};
use crate::enrol;
use crate::ingest::{self, Options, Progress, Report};
use crate::people::Home;
use crate::session::{Asking, Session, Who, now};
use glasshouse_layout::{Kind, ORIGIN_FORM, Origin, OriginPart, SourceFile, paths};
use glasshouse_store::{Case, is_case, read_case_events_of, read_case_file, read_origins};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// The action of the event that every log involved has of it.
const COMBINED: &str = "case.combined";

/// What is to be made.
pub struct Wanted<'a> {
    /// Folder of the new case.
    pub into: &'a Path,
    pub title: &'a str,
    /// The file of the authority that was made for it; its signature lies beside it.
    pub authority: &'a Path,
    /// Whether what a password opened in the cases may stay closed in the new one.
    pub closed: bool,
}

/// What was made.
pub struct Combined {
    pub case: Case,
    pub report: Report,
    /// Entries that a password opened in one of the cases and that are closed here.
    pub closed: usize,
}

/// A case that this one was combined into.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MadeInto {
    /// Its id.
    pub case: String,
    /// The authority that it was made under, `id/version`.
    pub authority: String,
    /// When.
    pub time: String,
}

impl MadeInto {
    /// Says in a sentence what to do there once an authority here has ended, or lets less through.
    pub fn told(&self) -> String {
        let (case, id) = (&self.case, self.authority.split('/').next().unwrap_or_default());
        format!(
            "What was read here lies in case {case} as well, which was combined under {} on {} and does not know of this. Where it is to count there, too, end that authority (glasshouse authority withdraw CASE {id} --reason …) or amend it.",
            self.authority,
            self.time.get(..10).unwrap_or_default()
        )
    }
}

/// Returns the cases that one was combined into, as its log has it.
pub fn made_into(root: &Path) -> Result<Vec<MadeInto>, EngineError> {
    let mut into = Vec::new();
    for (leaf, payload) in read_case_events_of(root, &|leaf| leaf.action == COMBINED)? {
        let made = payload.map(|p| p.detail["into"].clone());
        let text = |name: &str| made.as_ref().and_then(|m| m[name].as_str()).map(str::to_owned);
        if let Some((case, authority)) = text("case").zip(text("authority")) {
            into.push(MadeInto { case, authority, time: leaf.time });
        }
    }
    Ok(into)
}

/// Makes one case out of several, or goes on where an earlier call was cut off.
///
/// Each of the authorities in force names the other cases, and none of the limits becomes wider. It is in every log
/// involved before anything is taken; what is taken is sealed to the new case as it is read.
pub fn combine(
    sessions: &[Session],
    wanted: &Wanted<'_>,
    who: &Who,
    home: &Home,
    options: &Options,
    progress: &Progress,
) -> Result<Combined, EngineError> {
    let cases = cases(sessions)?;
    let (text, new) = within(wanted.authority, &cases)?;
    let ids: Vec<String> = cases.iter().map(|(id, _)| id.clone()).collect();
    let others = |id: &str| ids.iter().filter(|other| *other != id).cloned().collect::<Vec<_>>();
    for (session, id) in sessions.iter().zip(&ids) {
        session.may_combine(&others(id))?;
    }
    if !new.validity.is_some_and(|validity| validity.holds(now())) {
        return Err(EngineError::Denied(format!("The authority {} is not in force now.", new.id)));
    }
    let mut held = Vec::new();
    for (session, id) in sessions.iter().zip(&ids) {
        held.push(session.open_to_combine(&others(id))?);
        // Nobody ends or amends an authority of it from here on; what was looked at before may have been.
        if !session.still_stands()? {
            return Err(EngineError::Denied(format!(
                "An authority of {} was changed meanwhile. Give the command again.",
                session.root().display()
            )));
        }
    }
    let (mut parts, mut opened) = (Vec::new(), 0);
    for case in &held {
        parts.push(ingest::taken_parts(case)?);
        let here = ingest::opened_by_password(case)?;
        if here > 0 && options.passwords.is_empty() && !wanted.closed {
            return Err(EngineError::other(format!(
                "A password opened {here} of the entries of {}, and passwords are kept nowhere. Give it again with --password-fd and a file descriptor, one a line; or leave these entries closed in the new case, with what came of them left out, with --leave-closed.",
                case.root().display()
            )));
        }
        opened += here;
    }
    let (case, begun) = made(wanted, who, home, &new, &text, &ids)?;
    let origins = if begun { read_origins(case.root())? } else { begin(&case, &held, parts, &cases, &new)? };
    let of = |case: &Case| origins.iter().find(|origin| origin.case == case.file().id);
    let from: Vec<(&Case, &Origin)> = held.iter().filter_map(|case| Some((case, of(case)?))).collect();
    let options = ingest::take(&case, &from, options, progress)?;
    // They are free again: what ends there from now on does not reach this one.
    drop(from);
    drop(held);
    let report = ingest::ingest(&case, &[], &options, progress)?;
    let closed = opened.saturating_sub(ingest::opened_by_password(&case)?);
    Ok(Combined { case, report, closed })
}

/// Refuses another authority, or another version of one, for a case that was made out of others, where it goes further
/// than theirs.
pub(crate) fn stays_within(case: &Case, file: &Path) -> Result<(), EngineError> {
    let origins = ingest::origins(case)?;
    let cases: Vec<_> = origins.into_iter().map(|(origin, authorities)| (origin.case, authorities)).collect();
    if cases.is_empty() { Ok(()) } else { within(file, &cases).map(|_| ()) }
}

/// Reads an authority for several cases, and refuses it where it goes further than theirs.
fn within(file: &Path, cases: &[(String, Vec<Authority>)]) -> Result<(String, Authority), EngineError> {
    let text = fs::read_to_string(file).map_err(|e| EngineError::io(file, "read", e))?;
    let new = authority::check(&text)
        .map_err(|faults| EngineError::other(format!("{}: it cannot be used.\n{}", file.display(), lines(&faults))))?;
    let wider = authority::wider(&text, &new, cases);
    if wider.is_empty() {
        return Ok((text, new));
    }
    let file = file.display();
    Err(EngineError::Denied(format!("{file} goes further than the authorities of the cases.\n{}", lines(&wider))))
}

/// Returns the cases by id, each with its authorities that are in force.
fn cases(sessions: &[Session]) -> Result<Vec<(String, Vec<Authority>)>, EngineError> {
    let mut cases: Vec<(String, Vec<Authority>)> = Vec::new();
    for session in sessions {
        let file = read_case_file(session.root())?;
        if file.kind == glasshouse_store::SELF_AUTHORITY {
            return Err(EngineError::Denied(format!(
                "{} is a personal case, which is never combined with another. Take its export in under an authority.",
                session.root().display()
            )));
        }
        let all = authority::standings(session.root())?;
        let told: Vec<String> = all.iter().map(|s| format!("{} is {}", s.authority.id, s.state(now()))).collect();
        let standings: Vec<_> = all.into_iter().filter(|s| s.state(now()) == "in force").collect();
        if standings.is_empty() {
            return Err(EngineError::Denied(format!(
                "No authority of {} is in force ({}), so nothing is taken from it. Add or amend one there with `glasshouse authority`.",
                session.root().display(),
                told.join(", ")
            )));
        }
        if cases.iter().any(|(id, _)| *id == file.id) {
            return Err(EngineError::other(format!("{} is given twice.", session.root().display())));
        }
        cases.push((file.id, standings.into_iter().map(|s| s.authority).collect()));
    }
    if cases.len() < 2 {
        return Err(EngineError::other("Name two cases or more."));
    }
    Ok(cases)
}

/// Makes the new case, or opens the one that an earlier call made; says whether what it takes is in its log already.
fn made(
    wanted: &Wanted<'_>,
    who: &Who,
    home: &Home,
    new: &Authority,
    text: &str,
    ids: &[String],
) -> Result<(Case, bool), EngineError> {
    if !is_case(wanted.into) {
        // The authority's signature is checked before anything is written.
        drop(enrol::found(wanted.into, wanted.title, "copied", who, home, wanted.authority)?);
    }
    let elsewhere = || {
        EngineError::other(format!(
            "{} is a case already, and not one that was begun out of these under this authority. Choose another folder with --into.",
            wanted.into.display()
        ))
    };
    let kept = fs::read_to_string(wanted.into.join(paths::authority(&new.id, new.version))).unwrap_or_default();
    if kept != text {
        return Err(elsewhere());
    }
    let session = Session::begin(wanted.into, who.clone(), home, &Asking::default())?;
    let case = session.open_to_combine(ids)?;
    let begun = events(&case, |detail| detail["of"].is_array())?;
    let origins: BTreeSet<String> = read_origins(case.root())?.into_iter().map(|origin| origin.case).collect();
    let ours = match begun {
        true => origins.iter().eq(ids.iter().collect::<BTreeSet<_>>()),
        false => case.logged_files()?.keys().all(|path| !path.starts_with("evidence/s")),
    };
    if ours { Ok((case, begun)) } else { Err(elsewhere()) }
}

/// Says whether a log has a combination of which this holds.
fn events(case: &Case, of: impl Fn(&Value) -> bool) -> Result<bool, EngineError> {
    let events = read_case_events_of(case.root(), &|leaf| leaf.action == COMBINED)?;
    Ok(events.iter().any(|(_, payload)| payload.as_ref().is_some_and(|p| of(&p.detail))))
}

/// Writes the combination into every log, that of the new case last, with what it takes from each.
fn begin(
    case: &Case,
    held: &[Case],
    parts: Vec<Vec<SourceFile>>,
    cases: &[(String, Vec<Authority>)],
    new: &Authority,
) -> Result<Vec<Origin>, EngineError> {
    let into = json!({ "case": case.file().id, "checkpoint": case.checkpoint()?, "authority": format!("{}/{}", new.id, new.version) });
    for one in held {
        if events(one, |detail| detail["into"]["case"] == case.file().id.as_str())? {
            continue;
        }
        let mut with = Vec::new();
        for other in held.iter().filter(|other| other.file().id != one.file().id) {
            with.push(json!({ "case": other.file().id, "checkpoint": other.checkpoint()? }));
        }
        let detail = json!({ "into": into, "with": with });
        one.append(&[one.event(Kind::Combination, COMBINED, Vec::new(), detail)])?;
    }
    let mut origins = Vec::new();
    let mut sources = 0u32;
    for ((one, parts), (_, authorities)) in held.iter().zip(parts).zip(cases) {
        let mut named: BTreeMap<String, (String, u32)> = BTreeMap::new();
        let mut taken = Vec::new();
        for part in parts {
            let (source, number) = named.entry(part.source.clone()).or_insert_with(|| {
                sources += 1;
                (format!("s{sources:04}"), 0)
            });
            *number += 1;
            taken.push(OriginPart {
                source: part.source,
                part: part.part.number,
                sha256: part.part.sha256,
                as_source: source.clone(),
                as_part: *number,
            });
        }
        let mut texts = Vec::new();
        for authority in authorities {
            let path = one.root().join(paths::authority(&authority.id, authority.version));
            texts.push(fs::read_to_string(&path).map_err(|e| EngineError::io(&path, "read", e))?);
        }
        origins.push(Origin {
            form: ORIGIN_FORM.to_owned(),
            case: one.file().id.clone(),
            public_key: one.file().public_key.clone(),
            checkpoint: one.checkpoint()?,
            authorities: texts,
            parts: taken,
        });
    }
    let mut files = Vec::new();
    for origin in &origins {
        let json = serde_json::to_string(origin).map_err(|e| EngineError::other(e.to_string()))? + "\n";
        files.push((paths::origin(&origin.case), json.into_bytes()));
    }
    let of = |o: &Origin| json!({ "case": o.case, "checkpoint": o.checkpoint, "parts": o.parts.len() });
    let detail = json!({ "of": origins.iter().map(of).collect::<Vec<_>>() });
    case.put(&files, Kind::Combination, COMBINED, detail)?;
    Ok(origins)
}
