//! What a case is made of: sources, formats, warnings, outcomes, as its newest run lists them.

use crate::EngineError;
use crate::authority::{check, standings};
use crate::combine;
use crate::segment::typed;
use crate::sql::json;
use crate::view::iso;
use datafusion::arrow::array::{RecordBatch, StringArray};
use datafusion::parquet::arrow::ProjectionMask;
use datafusion::parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};
use glasshouse_layout::{Origin, RunFile, paths};
use glasshouse_providers::providers;
use serde::Serialize;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::path::Path;

/// Lines of a list that are given at once.
const MOST: usize = 10_000;

/// A format that was read, and how much of it.
#[derive(Clone, Debug, Serialize)]
pub struct FormatRead {
    pub format: String,
    pub provider: String,
    pub title: String,
    pub service: String,
    pub tier: String,
    pub records: u64,
    pub first: Option<String>,
    pub last: Option<String>,
}

/// How often a warning was given.
#[derive(Clone, Debug, Serialize)]
pub struct WarningCount {
    pub code: String,
    pub provider: String,
    pub count: u64,
}

/// What a provider does not cover.
#[derive(Clone, Debug, Serialize)]
pub struct NotCovered {
    pub provider: String,
    pub text: String,
}

/// The legal basis of a case as its page shows it.
#[derive(Clone, Debug, Serialize)]
pub struct AuthorityShown {
    pub kind: String,
    pub title: String,
    pub limits: Vec<String>,
    /// What of its dates has come, in sentences that say what to do: a review, the end of keeping.
    pub due: Vec<String>,
}

/// A case that this one was made out of.
#[derive(Clone, Debug, Serialize)]
pub struct MadeOf {
    pub case: String,
    /// That of the key of its log.
    pub fingerprint: String,
    /// The signed tree head of its log, with the combination in it.
    pub checkpoint: String,
    /// Ids of the authorities that were in force there: what came from it stays within them.
    pub authorities: Vec<String>,
    /// How many parts were taken from it.
    pub parts: usize,
}

/// One line of a list, by column.
pub type Line = Map<String, Value>;

/// Returns the formats that were read, the most frequent first.
pub fn formats(run: &RunFile) -> Vec<FormatRead> {
    let shown = |found: &glasshouse_layout::Found| {
        let (provider, id) = found.format.split_once('.').unwrap_or((found.format.as_str(), ""));
        let manifest = providers().iter().map(|p| p.manifest()).find(|m| m.id == provider);
        let title = manifest.and_then(|m| m.formats.iter().find(|f| f.id == id)).map_or("", |f| f.title);
        FormatRead {
            format: found.format.clone(),
            provider: manifest.map_or(provider, |m| m.title).to_owned(),
            title: title.to_owned(),
            service: provider.to_owned(),
            tier: found.tier.clone(),
            records: found.records,
            first: found.first.map(iso),
            last: found.last.map(iso),
        }
    };
    run.found.iter().map(shown).collect()
}

/// Returns what the providers that read something of this case do not cover.
pub fn not_covered(run: &RunFile) -> Vec<NotCovered> {
    let read: BTreeSet<&str> = run.formats.keys().filter_map(|f| f.split('.').next()).collect();
    let manifests = providers().iter().map(|p| p.manifest()).filter(|m| read.contains(m.id));
    let texts = manifests.flat_map(|m| m.not_covered.iter().map(|text| (m.title, *text)));
    texts.map(|(provider, text)| NotCovered { provider: provider.to_owned(), text: text.to_owned() }).collect()
}

/// Returns the authorities of a case: what the first that is in force says, and the limits of all.
pub fn authority(case: &Path) -> Result<AuthorityShown, EngineError> {
    let mut all = standings(case)?;
    let now = crate::session::now();
    let due = all.iter().flat_map(|standing| standing.due(now)).collect();
    all.sort_by_key(|standing| standing.state(now) != "in force");
    let first = all.first();
    let first =
        first.ok_or_else(|| EngineError::Denied("The case has no authority. Nothing is read without one.".into()))?;
    let title = first.authority.statement.clone();
    let mut limits = Vec::new();
    for (at, standing) in all.iter().enumerate() {
        let authority = &standing.authority;
        if authority.limits.is_none() {
            limits.extend(authority.limits_in_words());
            limits.push("No legal basis is recorded, and the case can never become one of another kind.".to_owned());
            continue;
        }
        let (id, version, kind) = (&authority.id, authority.version, authority.kind);
        limits.push(format!(
            "{id} version {version} ({kind}), {}: {}.",
            standing.state(now),
            standing.enrolled.label()
        ));
        if at > 0 {
            limits.push(authority.statement.clone());
        }
        limits.extend(authority.limits_in_words());
    }
    for origin in glasshouse_store::read_origins(case)? {
        limits.push(format!(
            "Combined out of case {}, within its own limits, too. What ends or changes an authority there later is not known here.",
            origin.case
        ));
    }
    limits.extend(combine::made_into(case)?.iter().map(combine::MadeInto::told));
    Ok(AuthorityShown { kind: glasshouse_store::read_case_file(case)?.kind, title, limits, due })
}

/// Returns the cases that one was made out of.
pub fn made_of(origins: &[Origin]) -> Vec<MadeOf> {
    let made = origins.iter().map(|origin| MadeOf {
        case: origin.case.clone(),
        fingerprint: glasshouse_layout::fingerprint(&origin.public_key),
        checkpoint: origin.checkpoint.clone(),
        authorities: origin.authorities.iter().filter_map(|text| Some(check(text).ok()?.id)).collect(),
        parts: origin.parts.len(),
    });
    made.collect()
}

/// Returns the services of which a case holds the accounts of several owners, with what each is known by: sources whose
/// owners share nothing by which accounts are known.
pub fn several_owners(case: &Path) -> Result<BTreeMap<String, Vec<BTreeSet<String>>>, EngineError> {
    let statement = "SELECT DISTINCT r.service AS service, r.source AS source, lower(p.identifier) AS owner \
        FROM records r JOIN parties p ON p.record_id = r.id \
        WHERE r.family = 'account' AND p.role = 'owner' AND p.identifier IS NOT NULL ORDER BY service, source, owner";
    let mut sources: BTreeMap<(String, String), BTreeSet<String>> = BTreeMap::new();
    for row in crate::sql::Tables::open(case)?.rows(statement)? {
        let text = |name: &str| row.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        sources.entry((text("service"), text("source"))).or_default().insert(text("owner"));
    }
    let mut owners: BTreeMap<String, Vec<BTreeSet<String>>> = BTreeMap::new();
    for ((service, _), known) in sources {
        let all = owners.entry(service).or_default();
        let (same, mut others): (Vec<_>, Vec<_>) =
            std::mem::take(all).into_iter().partition(|owner| !owner.is_disjoint(&known));
        others.push(same.into_iter().flatten().chain(known).collect());
        *all = others;
    }
    owners.retain(|_, all| all.len() > 1);
    Ok(owners)
}

/// Returns how often each warning was given, the most frequent first.
pub fn warning_counts(case: &Path, run: &str) -> Result<Vec<WarningCount>, EngineError> {
    let mut counts: BTreeMap<(String, String), u64> = BTreeMap::new();
    for batch in list(case, run, "warnings", Some(&["code", "provider"]))? {
        let batch = batch?;
        let (code, provider): (&StringArray, &StringArray) = (typed(&batch, "code")?, typed(&batch, "provider")?);
        for (code, provider) in code.iter().zip(provider) {
            let key = (code.unwrap_or_default().to_owned(), provider.unwrap_or_default().to_owned());
            *counts.entry(key).or_default() += 1;
        }
    }
    let mut counts: Vec<WarningCount> =
        counts.into_iter().map(|((code, provider), count)| WarningCount { code, provider, count }).collect();
    counts.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.code.cmp(&b.code)));
    Ok(counts)
}

/// Returns some lines of one of the run's lists (`warnings`, `drift`, `outcomes`), and how many there are.
pub fn lines(case: &Path, run: &str, name: &str, offset: usize, limit: usize) -> Result<(u64, Vec<Line>), EngineError> {
    let path = case.join(paths::run(run)).join(format!("{name}.parquet"));
    let file = File::open(&path).map_err(|e| EngineError::io(&path, "open", e))?;
    let builder = ParquetRecordBatchReaderBuilder::try_new(file)?;
    let total = builder.metadata().file_metadata().num_rows().max(0) as u64;
    let mut lines = Vec::new();
    for batch in builder.with_offset(offset).with_limit(limit.min(MOST)).build()? {
        let batch = batch?;
        lines.extend((0..batch.num_rows()).map(|i| line(&batch, i)).collect::<Result<Vec<_>, _>>()?);
    }
    Ok((total, lines))
}

fn line(batch: &RecordBatch, i: usize) -> Result<Line, EngineError> {
    let schema = batch.schema();
    let mut line = Line::new();
    for (column, field) in batch.columns().iter().zip(schema.fields()) {
        line.insert(field.name().clone(), json(column, i)?);
    }
    Ok(line)
}

fn list(case: &Path, run: &str, name: &str, columns: Option<&[&str]>) -> Result<ParquetRecordBatchReader, EngineError> {
    let path = case.join(paths::run(run)).join(format!("{name}.parquet"));
    let file = File::open(&path).map_err(|e| EngineError::io(&path, "open", e))?;
    let mut builder = ParquetRecordBatchReaderBuilder::try_new(file)?.with_batch_size(8192);
    if let Some(columns) = columns {
        let mask = ProjectionMask::columns(builder.parquet_schema(), columns.iter().copied());
        builder = builder.with_projection(mask);
    }
    Ok(builder.build()?)
}
