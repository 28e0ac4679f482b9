//! The tables of a case: its records and lists as files, what else it says of itself in memory.

use super::{MEMORY, refused};
use crate::EngineError;
use crate::search;
use crate::segment::{ATTACHMENTS, PARTIES, RECORDS};
use datafusion::arrow::array::{ArrayRef, RecordBatch, StringArray, UInt32Array, UInt64Array};
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::catalog::{TableFunctionImpl, TableProvider};
use datafusion::common::ScalarValue;
use datafusion::datasource::MemTable;
use datafusion::datasource::file_format::parquet::ParquetFormat;
use datafusion::datasource::listing::{ListingOptions, ListingTable, ListingTableConfig, ListingTableUrl};
use datafusion::error::DataFusionError;
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::logical_expr::Expr;
use datafusion::prelude::{SessionConfig, SessionContext};
use glasshouse_layout::{OriginPart, Segment, SourceFile};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Returns a session with the tables of a case and nothing else, the log among them if it may be read.
pub(super) fn session(case: &Path, log: bool) -> Result<SessionContext, EngineError> {
    glasshouse_store::read_case_file(case)?;
    let config = SessionConfig::new()
        .with_information_schema(true)
        .set_bool("datafusion.execution.parquet.schema_force_view_types", false)
        .set_bool("datafusion.sql_parser.map_string_types_to_utf8view", false);
    let environment = RuntimeEnvBuilder::new()
        .with_memory_limit(MEMORY, 1.0)
        .with_disk_manager_builder(DiskManagerBuilder::default().with_mode(DiskManagerMode::Disabled))
        .build_arc()
        .map_err(refused)?;
    let mut context = SessionContext::new_with_config_rt(config, environment);
    datafusion_functions_json::register_all(&mut context).map_err(refused)?;
    let run = glasshouse_store::read_run(case)?;
    let segments = run.as_ref().map_or(&[][..], |r| &r.segments);
    register_files(&context, case, "records", &RECORDS, segments)?;
    register_files(&context, case, "parties", &PARTIES, segments)?;
    register_files(&context, case, "attachments", &ATTACHMENTS, segments)?;
    let lists = run.as_ref().map(|r| case.join(glasshouse_layout::paths::run(&r.run)));
    for (name, schema) in crate::ingest::lists() {
        match &lists {
            Some(folder) => register_list(&context, name, &folder.join(format!("{name}.parquet")))?,
            None => register_table(&context, name, RecordBatch::new_empty(schema))?,
        }
    }
    for (name, table) in
        [("sources", sources(case)?), ("authorities", authorities(case)?), ("runs", runs(run.as_ref())?)]
    {
        register_table(&context, name, table)?;
    }
    if log {
        register_table(&context, "events", events(case)?)?;
    }
    context.register_udtf("text_search", Arc::new(TextSearch { case: case.to_path_buf() }));
    Ok(context)
}

fn register_table(context: &SessionContext, name: &str, table: RecordBatch) -> Result<(), EngineError> {
    let table = MemTable::try_new(table.schema(), vec![vec![table]]).map_err(refused)?;
    context.register_table(name, Arc::new(table)).map_err(refused)?;
    Ok(())
}

fn register_files(
    context: &SessionContext,
    case: &Path,
    name: &str,
    schema: &SchemaRef,
    segments: &[Segment],
) -> Result<(), EngineError> {
    let files: Vec<PathBuf> = segments
        .iter()
        .map(|s| case.join(&s.path).join(format!("{name}.parquet")))
        .filter(|path| path.exists())
        .collect();
    if files.is_empty() {
        let empty = MemTable::try_new(schema.clone(), vec![vec![]]).map_err(refused)?;
        context.register_table(name, Arc::new(empty)).map_err(refused)?;
        return Ok(());
    }
    let urls = files.iter().map(|path| url(path)).collect::<Result<Vec<_>, _>>()?;
    let options = ListingOptions::new(Arc::new(ParquetFormat::default())).with_file_extension(".parquet");
    let config =
        ListingTableConfig::new_with_multi_paths(urls).with_listing_options(options).with_schema(schema.clone());
    let table = ListingTable::try_new(config).map_err(refused)?;
    context.register_table(name, Arc::new(table)).map_err(refused)?;
    Ok(())
}

fn url(path: &Path) -> Result<ListingTableUrl, EngineError> {
    let full = std::fs::canonicalize(path).map_err(|e| EngineError::io(path, "open", e))?;
    // A path is data: characters that mean something in URLs and patterns are escaped.
    let mut url = String::from("file://");
    for byte in std::os::unix::ffi::OsStrExt::as_bytes(full.as_os_str()) {
        if byte.is_ascii_alphanumeric() || b"/._-".contains(byte) {
            url.push(*byte as char);
        } else {
            url.push_str(&format!("%{byte:02X}"));
        }
    }
    ListingTableUrl::parse(url).map_err(refused)
}

fn register_list(context: &SessionContext, name: &str, path: &Path) -> Result<(), EngineError> {
    use datafusion::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
    let file = std::fs::File::open(path).map_err(|e| EngineError::io(path, "open", e))?;
    let builder = ParquetRecordBatchReaderBuilder::try_new(file)?;
    let schema = builder.schema().clone();
    let batches: Vec<RecordBatch> = builder.build()?.collect::<Result<_, _>>()?;
    let table = MemTable::try_new(schema, vec![batches]).map_err(refused)?;
    context.register_table(name, Arc::new(table)).map_err(refused)?;
    Ok(())
}

fn texts<T: AsRef<str>>(values: impl Iterator<Item = Option<T>>) -> ArrayRef {
    Arc::new(values.collect::<StringArray>())
}

fn table(columns: Vec<(&str, ArrayRef)>) -> Result<RecordBatch, EngineError> {
    let fields: Vec<Field> =
        columns.iter().map(|(name, array)| Field::new(*name, array.data_type().clone(), true)).collect();
    Ok(RecordBatch::try_new(Arc::new(Schema::new(fields)), columns.into_iter().map(|(_, array)| array).collect())?)
}

fn events(case: &Path) -> Result<RecordBatch, EngineError> {
    let events = glasshouse_store::read_case_events(case)?;
    let payload =
        |pick: fn(&glasshouse_layout::Payload) -> String| texts(events.iter().map(|(_, p)| p.as_ref().map(pick)));
    table(vec![
        ("seq", Arc::new(events.iter().map(|(leaf, _)| leaf.seq).collect::<UInt64Array>())),
        ("time", texts(events.iter().map(|(leaf, _)| Some(&leaf.time)))),
        ("kind", texts(events.iter().map(|(leaf, _)| Some(leaf.kind.as_str())))),
        ("action", texts(events.iter().map(|(leaf, _)| Some(&leaf.action)))),
        ("who", payload(|p| p.who.clone())),
        ("where", payload(|p| p.place.clone())),
        ("authority", payload(|p| p.authority.clone())),
        ("tool", payload(|p| p.tool.clone())),
        (
            "files",
            Arc::new(events.iter().map(|(_, p)| p.as_ref().map(|p| p.files.len() as u64)).collect::<UInt64Array>()),
        ),
        ("detail", payload(|p| p.detail.to_string())),
    ])
}

fn sources(case: &Path) -> Result<RecordBatch, EngineError> {
    let parts = glasshouse_store::read_parts(case)?;
    let origins = glasshouse_store::read_origins(case)?;
    // A source of a case that was made out of others came from one source of one case.
    let origin = |p: &SourceFile| {
        let parts = origins.iter().flat_map(|origin| origin.parts.iter().map(move |part| (&origin.case, part)));
        parts.filter(|(_, part)| part.as_source == p.source).max_by_key(|(_, part)| part.as_part == p.part.number)
    };
    let from: Vec<_> = parts.iter().map(|p| (p, origin(p))).collect();
    let same = |p: &SourceFile, part: &OriginPart| (part.as_part == p.part.number).then(|| part.sha256.clone());
    let numbers = |pick: fn(&glasshouse_layout::PartInfo) -> u32| {
        Arc::new(parts.iter().map(|p| pick(&p.part)).collect::<UInt32Array>()) as ArrayRef
    };
    table(vec![
        ("source", texts(parts.iter().map(|p| Some(&p.source)))),
        ("part", numbers(|p| p.number)),
        ("name", texts(parts.iter().map(|p| Some(&p.part.name)))),
        ("container", texts(parts.iter().map(|p| Some(&p.part.container)))),
        ("size", Arc::new(parts.iter().map(|p| p.part.size).collect::<UInt64Array>())),
        ("sha256", texts(parts.iter().map(|p| Some(&p.part.sha256)))),
        ("added", texts(parts.iter().map(|p| Some(&p.part.added)))),
        ("first_entry", numbers(|p| p.first_entry)),
        ("entries", numbers(|p| p.entries)),
        ("authority", texts(parts.iter().map(|p| Some(&p.authority)))),
        ("external", texts(parts.iter().map(|p| p.part.external.as_ref()))),
        ("origin_case", texts(from.iter().map(|(_, origin)| origin.map(|(case, _)| case)))),
        ("origin_source", texts(from.iter().map(|(_, origin)| origin.map(|(_, part)| &part.source)))),
        ("origin_sha256", texts(from.iter().map(|(p, origin)| origin.and_then(|(_, part)| same(p, part))))),
    ])
}

fn authorities(case: &Path) -> Result<RecordBatch, EngineError> {
    let standings = crate::authority::standings(case)?;
    let now = crate::session::now();
    let found: Vec<_> = standings.iter().flat_map(|s| s.versions.iter().map(move |a| (s, a))).collect();
    table(vec![
        ("id", texts(found.iter().map(|(_, a)| Some(&a.id)))),
        ("version", Arc::new(found.iter().map(|(_, a)| a.version).collect::<UInt32Array>())),
        ("kind", texts(found.iter().map(|(_, a)| Some(a.kind.as_str())))),
        ("statement", texts(found.iter().map(|(_, a)| Some(&a.statement)))),
        ("given", texts(found.iter().map(|(_, a)| Some(&a.given)))),
        ("state", texts(found.iter().map(|(s, _)| Some(s.state(now))))),
        ("enrolled", texts(found.iter().map(|(s, _)| Some(s.enrolled.label())))),
    ])
}

fn runs(run: Option<&glasshouse_layout::RunFile>) -> Result<RecordBatch, EngineError> {
    let run: Vec<_> = run.into_iter().collect();
    let numbers = |pick: fn(&glasshouse_layout::RunFile) -> u64| {
        Arc::new(run.iter().map(|r| pick(r)).collect::<UInt64Array>()) as ArrayRef
    };
    table(vec![
        ("run", texts(run.iter().map(|r| Some(&r.run)))),
        ("started", texts(run.iter().map(|r| Some(&r.started)))),
        ("finished", texts(run.iter().map(|r| Some(&r.finished)))),
        ("tool", texts(run.iter().map(|r| Some(&r.tool)))),
        ("segments", numbers(|r| r.segments.len() as u64)),
        ("records", numbers(|r| r.records)),
        ("warnings", numbers(|r| r.warnings)),
    ])
}

/// `text_search('words')`: a table of the ids of all records that a query finds.
#[derive(Debug)]
struct TextSearch {
    case: PathBuf,
}

impl TableFunctionImpl for TextSearch {
    fn call(&self, arguments: &[Expr]) -> Result<Arc<dyn TableProvider>, DataFusionError> {
        let [Expr::Literal(ScalarValue::Utf8(Some(query)) | ScalarValue::Utf8View(Some(query)), _)] = arguments else {
            return Err(DataFusionError::Plan("text_search takes one text: text_search('words').".into()));
        };
        let plan = |e: EngineError| DataFusionError::Plan(e.to_string());
        let ids = search::ids(&self.case, query).map_err(plan)?;
        let schema = Arc::new(Schema::new(vec![Field::new("record_id", DataType::Utf8, false)]));
        let batch = RecordBatch::try_new(schema.clone(), vec![Arc::new(StringArray::from(ids))])?;
        Ok(Arc::new(MemTable::try_new(schema, vec![vec![batch]])?))
    }
}
