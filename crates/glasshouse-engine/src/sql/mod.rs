//! SQL over a case: SELECT only, on the case's tables only, within limits of memory and time.

mod tables;

use crate::EngineError;
use datafusion::arrow::array::{ArrayRef, RecordBatch};
use datafusion::arrow::util::display::{ArrayFormatter, FormatOptions};
use datafusion::arrow::util::pretty::pretty_format_batches;
use datafusion::error::DataFusionError;
use datafusion::logical_expr::LogicalPlan;
use datafusion::prelude::{SQLOptions, SessionContext};
use futures::StreamExt;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};
use tables::session;

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

/// Returns a value of a column as JSON.
pub(crate) fn json(column: &ArrayRef, row: usize) -> Result<Value, EngineError> {
    use datafusion::arrow::array::{
        Array, BooleanArray, Float64Array, Int32Array, Int64Array, StringArray, UInt32Array, UInt64Array,
    };
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
