//! SQL over a case: SELECT only, on the case's tables only, within limits of memory and time.

use crate::EngineError;
use crate::search::Searcher;
use crate::segment::{ATTACHMENTS, PARTIES, RECORDS};
use datafusion::arrow::array::{ArrayRef, RecordBatch, StringArray, UInt32Array, UInt64Array};
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::arrow::util::display::{ArrayFormatter, FormatOptions};
use datafusion::arrow::util::pretty::pretty_format_batches;
use datafusion::catalog::{TableFunctionImpl, TableProvider};
use datafusion::common::ScalarValue;
use datafusion::datasource::MemTable;
use datafusion::datasource::file_format::parquet::ParquetFormat;
use datafusion::datasource::listing::{ListingOptions, ListingTable, ListingTableConfig, ListingTableUrl};
use datafusion::error::DataFusionError;
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::logical_expr::{Expr, LogicalPlan};
use datafusion::prelude::{SQLOptions, SessionConfig, SessionContext};
use futures::StreamExt;
use glasshouse_layout::Segment;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

/// What a query may take.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    pub seconds: u64,
    pub rows: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { seconds: 60, rows: 10_000_000 }
    }
}

/// Memory that all operators of a query share.
const MEMORY: usize = 512 << 20;
/// Memory that a query may take in all: not all functions ask the operators' pool before they allocate.
const MOST_MEMORY: usize = 1 << 30;
/// Size of an answer that is held whole, as a table for a terminal is.
const MOST_HELD: usize = 64 << 20;
/// Size of a statement.
const MOST_STATEMENT: usize = 128 << 10;
/// Operators in a statement: each may nest what stands before it one deeper.
const MOST_OPERATORS: usize = 1000;
/// Room for planning a statement that is as deep as these limits allow.
const STACK: usize = 256 << 20;
/// How often a running query is looked at.
const LOOK: Duration = Duration::from_millis(20);

/// The tables of one case.
pub struct Tables {
    context: SessionContext,
    /// Is there until it is dropped.
    runtime: Option<tokio::runtime::Runtime>,
}

impl Drop for Tables {
    fn drop(&mut self) {
        // A function that computes cannot be interrupted, and is not waited for.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Tables {
    /// Opens the tables of a case as the newest run left them, save the log.
    pub fn open(case: &Path) -> Result<Self, EngineError> {
        Tables::with(case, false)
    }

    /// Opens the tables of a case, the log's among them: for whoever may read it. It names what others looked at.
    pub fn open_with_log(case: &Path) -> Result<Self, EngineError> {
        Tables::with(case, true)
    }

    fn with(case: &Path, log: bool) -> Result<Self, EngineError> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_time()
            .thread_stack_size(STACK)
            .build()
            .map_err(|e| EngineError::other(format!("No threads can be had: {e}.")))?;
        let context = session(case, log)?;
        Ok(Tables { context, runtime: Some(runtime) })
    }

    /// Returns the rows of a statement of our own.
    pub fn rows(&self, statement: &str) -> Result<Vec<BTreeMap<String, Value>>, EngineError> {
        let mut rows = Vec::new();
        self.each_row(statement, Limits::default(), &mut |row| {
            rows.push(row);
            Ok(())
        })?;
        Ok(rows)
    }

    /// Gives each row of a statement's answer, by column name, as it comes.
    pub fn each_row(
        &self,
        statement: &str,
        limits: Limits,
        take: &mut dyn FnMut(BTreeMap<String, Value>) -> Result<(), EngineError>,
    ) -> Result<(), EngineError> {
        self.run(statement, limits, &mut |batch| {
            let schema = batch.schema();
            for row in 0..batch.num_rows() {
                let mut map = BTreeMap::new();
                for (column, field) in batch.columns().iter().zip(schema.fields()) {
                    map.insert(field.name().clone(), json(column, row)?);
                }
                take(map)?;
            }
            Ok(())
        })
    }

    /// Returns the answer to a statement as a table for a terminal.
    pub fn pretty(&self, statement: &str, limits: Limits) -> Result<String, EngineError> {
        let (mut batches, mut size) = (Vec::new(), 0);
        self.run(statement, limits, &mut |batch| {
            let column = |c: &ArrayRef| c.to_data().get_slice_memory_size().unwrap_or(usize::MAX);
            size = batch.columns().iter().map(column).fold(size, usize::saturating_add);
            if size > MOST_HELD {
                let most = MOST_HELD >> 20;
                return Err(EngineError::Query(format!(
                    "The answer is larger than {most} MB, too large for a table. Add a LIMIT, or use --format json or csv."
                )));
            }
            batches.push(batch);
            Ok(())
        })?;
        Ok(pretty_format_batches(&batches)?.to_string())
    }

    /// Gives the answer to a statement as CSV with a header, some lines at a time.
    pub fn csv(
        &self,
        statement: &str,
        limits: Limits,
        write: &mut dyn FnMut(&str) -> Result<(), EngineError>,
    ) -> Result<(), EngineError> {
        let line = |out: &mut String, cells: &mut dyn Iterator<Item = String>| {
            let cells: Vec<String> = cells
                .map(|c| if c.contains(['"', ',', '\n', '\r']) { format!("\"{}\"", c.replace('"', "\"\"")) } else { c })
                .collect();
            out.push_str(&cells.join(","));
            out.push_str("\r\n");
        };
        let mut headed = false;
        self.run(statement, limits, &mut |batch| {
            let mut out = String::new();
            if !headed {
                headed = true;
                line(&mut out, &mut batch.schema().fields().iter().map(|f| f.name().clone()));
            }
            for row in 0..batch.num_rows() {
                let cells: Result<Vec<String>, EngineError> = batch
                    .columns()
                    .iter()
                    .map(|c| {
                        Ok(match json(c, row)? {
                            Value::Null => String::new(),
                            Value::String(text) => text,
                            other => other.to_string(),
                        })
                    })
                    .collect();
                line(&mut out, &mut cells?.into_iter());
            }
            write(&out)
        })
    }

    /// Gives the batches of an answer, the first of them empty.
    fn run(
        &self,
        statement: &str,
        limits: Limits,
        take: &mut dyn FnMut(RecordBatch) -> Result<(), EngineError>,
    ) -> Result<(), EngineError> {
        bounded(statement)?;
        let Some(runtime) = &self.runtime else { return Err(EngineError::other("The tables are closed.")) };
        let (sender, answers) = mpsc::sync_channel(2);
        let (context, text) = (self.context.clone(), statement.to_owned());
        let task = runtime.spawn(async move {
            if let Err(error) = answer(&context, &text, &sender).await {
                let _ = sender.send(Err(error));
            }
        });
        // The query runs on a task of its own and is looked at from here: a function that computes for long
        // yields to nobody, not even to the timers of its runtime.
        let (begun, memory, mut rows) = (Instant::now(), own_memory(), 0);
        let done = loop {
            match answers.recv_timeout(LOOK) {
                Ok(Ok(batch)) => {
                    rows += batch.num_rows();
                    if rows > limits.rows {
                        let most = limits.rows;
                        break Err(EngineError::Query(format!("The answer has more than {most} rows. Add a LIMIT.")));
                    }
                    if let Err(error) = take(batch) {
                        break Err(error);
                    }
                }
                Ok(Err(error)) => break Err(error),
                Err(mpsc::RecvTimeoutError::Disconnected) => break Ok(()),
                Err(mpsc::RecvTimeoutError::Timeout) => {}
            }
            if begun.elapsed() > Duration::from_secs(limits.seconds) {
                let seconds = limits.seconds;
                break Err(EngineError::Query(format!(
                    "The query was stopped after {seconds} seconds. Narrow it, or allow more time."
                )));
            }
            if own_memory().saturating_sub(memory) > MOST_MEMORY {
                break Err(too_much());
            }
        };
        task.abort();
        match (done, runtime.block_on(finished(task))) {
            (Ok(()), true) => {
                Err(EngineError::Query("The query failed in a way that the engine does not explain.".into()))
            }
            (done, _) => done,
        }
    }
}

/// Refuses what could only be planned with very much room.
fn bounded(statement: &str) -> Result<(), EngineError> {
    if statement.len() > MOST_STATEMENT {
        let most = MOST_STATEMENT >> 10;
        return Err(EngineError::Query(format!("The statement is longer than {most} KB. Ask in parts.")));
    }
    let joins =
        ["and", "or", "is", "not", "like", "ilike", "between", "union", "intersect", "except", "join", "collate"];
    // What stands between single quotes is text.
    let code = statement.split('\'').step_by(2);
    let operators: usize = code
        .map(|code| {
            let signs = code.bytes().filter(|b| b"+-*/%|&^<>=!~:#@?[".contains(b)).count();
            let words = code.split(|c: char| !c.is_alphanumeric() && c != '_');
            signs + words.filter(|w| joins.iter().any(|j| w.eq_ignore_ascii_case(j))).count()
        })
        .sum();
    if operators > MOST_OPERATORS {
        return Err(EngineError::Query(format!(
            "The statement has more than {MOST_OPERATORS} operators. Use IN (…) for many values, or ask in parts."
        )));
    }
    Ok(())
}

type Answers = mpsc::SyncSender<Result<RecordBatch, EngineError>>;

async fn answer(context: &SessionContext, statement: &str, answers: &Answers) -> Result<(), EngineError> {
    let options = SQLOptions::new().with_allow_ddl(false).with_allow_dml(false).with_allow_statements(false);
    let frame = context.sql_with_options(statement, options).await.map_err(refused)?;
    if matches!(frame.logical_plan(), LogicalPlan::Explain(_) | LogicalPlan::Analyze(_)) {
        return Err(EngineError::Query("EXPLAIN is refused: it tells where files lie. Ask with SELECT.".into()));
    }
    let schema = Arc::new(frame.schema().as_arrow().clone());
    let mut stream = frame.execute_stream().await.map_err(refused)?;
    let mut next = Some(Ok(RecordBatch::new_empty(schema)));
    while let Some(batch) = next {
        // Whoever asked and went away needs no more.
        if answers.send(Ok(batch.map_err(refused)?)).is_err() {
            break;
        }
        next = stream.next().await;
    }
    Ok(())
}

/// Returns whether a task ended by a fault, without waiting for one that goes on.
async fn finished(task: tokio::task::JoinHandle<()>) -> bool {
    task.is_finished() && task.await.is_err_and(|e| e.is_panic())
}

/// Returns the bytes of memory that this process holds for itself, or 0 where that cannot be told.
fn own_memory() -> usize {
    const PAGE: usize = 4096;
    let text = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let mut pages = text.split(' ').skip(1).map_while(|n| n.parse::<usize>().ok());
    let (held, shared) = (pages.next().unwrap_or(0), pages.next().unwrap_or(0));
    held.saturating_sub(shared).saturating_mul(PAGE)
}

fn too_much() -> EngineError {
    EngineError::Query("The query needs more memory than it may take. Narrow it, or add a LIMIT.".into())
}

fn refused(error: DataFusionError) -> EngineError {
    if matches!(error.find_root(), DataFusionError::ResourcesExhausted(_)) {
        return too_much();
    }
    let message = error.strip_backtrace();
    EngineError::Query(message.lines().next().unwrap_or_default().to_owned())
}

fn session(case: &Path, log: bool) -> Result<SessionContext, EngineError> {
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
    for name in ["entries", "warnings", "outcomes", "drift"] {
        if let Some(folder) = &lists {
            register_list(&context, name, &folder.join(format!("{name}.parquet")))?;
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
        ("digest", texts(run.iter().map(|r| Some(&r.digest)))),
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
        let ids = Searcher::open(&self.case).and_then(|s| s.ids(query)).map_err(plan)?;
        let schema = Arc::new(Schema::new(vec![Field::new("record_id", DataType::Utf8, false)]));
        let batch = RecordBatch::try_new(schema.clone(), vec![Arc::new(StringArray::from(ids))])?;
        Ok(Arc::new(MemTable::try_new(schema, vec![vec![batch]])?))
    }
}

pub(crate) fn json(column: &ArrayRef, row: usize) -> Result<Value, EngineError> {
    use datafusion::arrow::array::{Array, BooleanArray, Float64Array, Int32Array, Int64Array};
    if column.is_null(row) {
        return Ok(Value::Null);
    }
    let any = column.as_any();
    if let Some(a) = any.downcast_ref::<StringArray>() {
        return Ok(a.value(row).into());
    }
    if let Some(a) = any.downcast_ref::<Int64Array>() {
        return Ok(a.value(row).into());
    }
    if let Some(a) = any.downcast_ref::<Int32Array>() {
        return Ok(a.value(row).into());
    }
    if let Some(a) = any.downcast_ref::<UInt64Array>() {
        return Ok(a.value(row).into());
    }
    if let Some(a) = any.downcast_ref::<UInt32Array>() {
        return Ok(a.value(row).into());
    }
    if let Some(a) = any.downcast_ref::<Float64Array>() {
        return Ok(a.value(row).into());
    }
    if let Some(a) = any.downcast_ref::<BooleanArray>() {
        return Ok(a.value(row).into());
    }
    let format = ArrayFormatter::try_new(column.as_ref(), &FormatOptions::default())?;
    Ok(format.value(row).to_string().into())
}
