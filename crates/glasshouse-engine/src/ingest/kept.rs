//! Warnings as they are kept: those of parsers, bounded, and those of cutting an entry.

use super::claims::Standing;
use super::journal::WarningRow;
use glasshouse_model::{Record, Ref, Warning};
use glasshouse_providers::framing::Framer;

/// Warnings of one chunk about records that wait to be decided on.
const WARNINGS_A_CHUNK: usize = 200;

/// Warnings kept in full of entries that cannot be read.
const WARNINGS_A_PART: usize = 1000;

/// Returns what cutting an entry met that no frame could carry.
pub(super) fn troubles(standing: &Standing, framer: &mut dyn Framer) -> Vec<WarningRow> {
    let provider = standing.provider.manifest().id;
    let row = |t: glasshouse_providers::framing::Trouble| WarningRow {
        source: None,
        entry: Some(standing.claim.main.0),
        locator: Some(glasshouse_model::Locator::bytes(t.offset, 0).to_string()),
        provider: provider.into(),
        code: t.code.into(),
        message: t.message.into(),
    };
    framer.troubles().into_iter().map(row).collect()
}

/// Returns warnings as they are kept: whoever gave them bounded their number.
pub(super) fn keep_warnings(provider: &str, warnings: Vec<Warning>) -> Vec<WarningRow> {
    let row = |w: &Warning| WarningRow {
        source: None,
        entry: w.at.as_ref().map(|at| at.entry.0),
        locator: w.at.as_ref().map(|at| at.locator.to_string()),
        provider: provider.into(),
        code: w.code.into(),
        message: w.message.clone(),
    };
    warnings.iter().map(row).collect()
}

/// Keeps the first warnings in full and counts the rest.
pub(super) fn bounded(mut warnings: impl Iterator<Item = WarningRow>) -> Vec<WarningRow> {
    let mut rows: Vec<_> = warnings.by_ref().take(WARNINGS_A_PART).collect();
    if let Some(next) = warnings.next() {
        let message =
            format!("{} more warnings follow from here on; only their number was kept.", warnings.count() + 1);
        rows.push(WarningRow { code: "warnings.more".into(), message, ..next });
    }
    rows
}

/// Keeps warnings about records that came in as they are, those about records that wait with these, and of the others
/// that there are some.
pub(super) fn keep_warnings_within(
    provider: &str,
    warnings: Vec<Warning>,
    shown: &[&Record],
    waiting: &[(String, &Record)],
    pending: &mut Vec<(String, WarningRow)>,
) -> Vec<WarningRow> {
    let (mut within, mut outside) = (Vec::new(), Vec::new());
    for warning in warnings {
        let wait = |w: &&(String, &Record)| is_about(&warning, w.1);
        if shown.iter().any(|record| is_about(&warning, record)) {
            within.push(warning);
        } else if let Some((id, _)) = waiting.iter().find(wait).filter(|_| pending.len() < WARNINGS_A_CHUNK) {
            let rows = keep_warnings(provider, vec![warning]);
            pending.extend(rows.into_iter().map(|row| (id.clone(), row)));
        } else {
            outside.push(warning);
        }
    }
    let mut rows = keep_warnings(provider, within);
    rows.extend(without_content(keep_warnings(provider, outside)));
    rows
}

/// Says whether a warning names a place in what a record was made from.
fn is_about(warning: &Warning, record: &Record) -> bool {
    let Some(at) = &warning.at else { return false };
    let inside = |r: &Ref| {
        r.entry == at.entry
            && (r.locator.start..=r.locator.start.saturating_add(r.locator.length)).contains(&at.locator.start)
            && at.locator.length <= r.locator.length
    };
    record.refs.iter().any(inside)
}

/// Returns warnings without their place and words: what they are about may lie outside the limits.
pub(super) fn without_content(warnings: Vec<WarningRow>) -> Vec<WarningRow> {
    let message = "Something could not be read here in full; whether it lies within the limits cannot be known.";
    let bare = |w: WarningRow| WarningRow { source: None, entry: None, locator: None, message: message.into(), ..w };
    warnings.into_iter().map(bare).collect()
}
