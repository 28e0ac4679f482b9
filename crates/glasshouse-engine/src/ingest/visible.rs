//! Which entries may be named under limits: those that something came in from.

use super::claims::Recognised;
use super::journal::Journal;
use crate::EngineError;
use crate::rewrite::{read_columns, read_columns_of};
use crate::segment::typed;
use datafusion::arrow::array::{StringArray, UInt32Array};
use glasshouse_store::Case;
use std::collections::BTreeSet;

/// A place that a record was made from, as far as its entry goes.
#[derive(serde::Deserialize)]
struct Named {
    entry: u32,
}

/// Returns the main entries of claims with records that came in or were released, with the copies of those entries, and what these
/// records themselves name: the other places that they were made from, and their attachments.
///
/// Other companions are not among them: a file in the folder of a conversation may belong to a message from outside.
pub fn entries(
    case: &Case,
    journal: &Journal,
    recognised: &Recognised,
    released: &BTreeSet<u32>,
) -> Result<BTreeSet<u32>, EngineError> {
    let records = journal.records_by_claim()?;
    let mut visible = BTreeSet::new();
    for standing in &recognised.claims {
        let came = |n: &u32| released.contains(n) || records.get(n).is_some_and(|r| *r > 0);
        if came(&standing.number) {
            let claim = &standing.claim;
            visible.extend(std::iter::once(&claim.main).chain(&claim.copies).map(|e| e.0));
        }
    }
    for (_, segment, _) in journal.segments()? {
        for batch in read_columns(case.root(), &segment, &["entry", "refs"])? {
            let entry: &UInt32Array = typed(&batch, "entry")?;
            visible.extend(entry.values());
            let refs: &StringArray = typed(&batch, "refs")?;
            let named = refs.iter().flatten().filter_map(|refs| serde_json::from_str::<Vec<Named>>(refs).ok());
            visible.extend(named.flatten().map(|named| named.entry));
        }
        let attachments = case.root().join(&segment.path).join("attachments.parquet");
        if attachments.exists() {
            for batch in read_columns_of(&attachments, &["entry"])? {
                let entry: &UInt32Array = typed(&batch, "entry")?;
                visible.extend(entry.iter().flatten());
            }
        }
    }
    Ok(visible)
}
