//! The privilege reviewer at the command line.

use crate::acting::As;
use crate::args::found;
use crate::output;
use clap::Args;
use glasshouse_engine::EngineError;
use glasshouse_engine::ingest::Progress;
use glasshouse_engine::quarantine::{self, Batch, Chosen, Item, Which};
use std::path::PathBuf;

#[derive(Args)]
pub struct Review {
    case: PathBuf,
    /// All from this address, number or name.
    #[arg(long, value_name = "WHO", group = "which")]
    sender: Option<String>,
    /// All of this conversation.
    #[arg(long, value_name = "ID", group = "which")]
    thread: Option<String>,
    /// All that meet this party or term, as the list names it.
    #[arg(long, value_name = "TERM", group = "which")]
    term: Option<String>,
    /// One record.
    #[arg(long, value_name = "ID", group = "which")]
    item: Option<String>,
    /// How many records to show of a batch, at most 1,000.
    #[arg(long, default_value_t = 5)]
    sample: usize,
    /// Let the batch out: from then on whoever works on the case sees it.
    #[arg(long, requires = "which", requires = "reason", conflicts_with = "withhold")]
    release: bool,
    /// Keep the batch where it is, or take back that it was let out.
    #[arg(long, requires = "which", requires = "reason")]
    withhold: bool,
    /// Why; one reason for the whole batch.
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// One JSON object a line.
    #[arg(long)]
    json: bool,
}

/// `glasshouse review`.
pub fn review(asked: &Review, acting: &As) -> Result<u8, EngineError> {
    let session = acting.session(&asked.case)?;
    let which = [
        asked.sender.clone().map(Which::Sender),
        asked.thread.clone().map(Which::Thread),
        asked.term.clone().map(Which::Term),
        asked.item.clone().map(Which::Item),
    ];
    let Some(which) = which.into_iter().flatten().next() else {
        let batches = quarantine::batches(&session)?;
        batches.iter().try_for_each(|batch| show_batch(batch, asked.json))?;
        return Ok(found(!batches.is_empty()));
    };
    if asked.release || asked.withhold {
        let reason = asked.reason.clone().unwrap_or_default();
        let chosen = Chosen { which, release: asked.release, reason };
        let (n, _) = quarantine::decide(&session, &chosen, &Progress::default())?;
        let what = if asked.release { "released" } else { "withheld" };
        say!("{} records are {what}. A new decision takes this one back.", output::count(n));
        return Ok(0);
    }
    let (all, items) = quarantine::items(&session, &which, asked.sample)?;
    items.iter().try_for_each(|item| show_item(item, asked.json))?;
    if !asked.json {
        say!("{} of {} records of this batch.", items.len(), output::count(all));
    }
    Ok(found(all > 0))
}

fn show_batch(batch: &Batch, json: bool) -> Result<(), EngineError> {
    if json {
        return output::json_line(batch);
    }
    let day = |time: &Option<String>| time.as_deref().map_or("no time", |t| t.get(..10).unwrap_or(t)).to_owned();
    let line = format!(
        "{:>9} records  {:>9} undecided  {:>9} released  {:>9} withheld  {} to {}  --{} {}",
        output::count(batch.records),
        output::count(batch.undecided),
        output::count(batch.released),
        output::count(batch.withheld),
        day(&batch.first),
        day(&batch.last),
        batch.by,
        quoted(&batch.name)
    );
    say!("{}", output::plain(&line).replace('\n', "\u{240a}"));
    Ok(())
}

/// Returns a name as it can be typed in a shell.
fn quoted(name: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "@.-_+:/".contains(c);
    if !name.is_empty() && !name.starts_with('-') && name.chars().all(plain) {
        return name.to_owned();
    }
    format!("'{}'", name.replace('\'', "'\\''"))
}

fn show_item(item: &Item, json: bool) -> Result<(), EngineError> {
    if json {
        return output::json_line(item);
    }
    let time = item.time.as_deref().unwrap_or("no time");
    say!("{}  {time}  {}  {}  {}: {}", item.id, item.format, item.decision, item.kind, output::plain(&item.met));
    for (name, list) in [("from", &item.from), ("to", &item.to), ("attached", &item.attached)] {
        if !list.is_empty() {
            say!("  {name}: {}", output::plain(&list.join(", ")));
        }
    }
    for text in [&item.title, &item.text].into_iter().flatten() {
        say!("  {}", output::plain(text).replace('\n', "\n  "));
    }
    say!();
    Ok(())
}
