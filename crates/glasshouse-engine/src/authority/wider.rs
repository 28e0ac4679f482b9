//! Whether an authority for several cases goes further than theirs.

use super::{Authority, Fault, Limits, Sheet, Window};
use crate::scope::normal;
use glasshouse_model::Family;
use std::collections::BTreeSet;

/// Returns the lines of an authority for combined cases that go further than the authorities of these, which are
/// given by the ids of their cases.
///
/// What comes from a case stays within its own limits whatever this one covers, so that a service, account, family or
/// date has to be covered in one of them. What is put aside in any of them is put aside, and analytics, validity and
/// retention are within those of each.
pub fn wider(text: &str, new: &Authority, cases: &[(String, Vec<Authority>)]) -> Vec<Fault> {
    let Ok(mut sheet) = Sheet::parse(text) else { return Vec::new() };
    let (named, asked): (BTreeSet<&str>, BTreeSet<&str>) =
        (new.combines.iter().map(String::as_str).collect(), cases.iter().map(|(id, _)| id.as_str()).collect());
    if named != asked {
        let list = |ids: &BTreeSet<&str>| ids.iter().copied().collect::<Vec<_>>().join(", ");
        let (named, asked) = (list(&named), list(&asked));
        sheet.fault(
            "combination.cases",
            format!("The authority is for the cases {named}, and those to combine are {asked}. It has to name these."),
        );
    }
    let theirs: Vec<&Limits> = cases.iter().flat_map(|(_, all)| all).filter_map(|a| a.limits.as_ref()).collect();
    if let Some(limits) = &new.limits {
        covered(&mut sheet, limits, &theirs);
        dates(&mut sheet, limits, &theirs);
    }
    for (case, all) in cases {
        put_aside(&mut sheet, new, case, all);
        for analysis in &new.analytics {
            if !all.iter().any(|a| a.analytics.contains(analysis)) {
                sheet.fault("analytics.permitted", format!("`{analysis}` is not permitted in case {case}."));
            }
        }
        let last = all.iter().filter_map(|a| a.validity.map(|v| v.end)).max();
        if new.validity.map(|v| v.end) > last {
            sheet.fault("validity.until", format!("The authority of case {case} ends earlier."));
        }
        let kept = all.iter().filter_map(|a| a.retention.map(|r| r.until.end)).max();
        if new.retention.map(|r| r.until.end) > kept {
            sheet.fault("retention.until", format!("What case {case} holds is kept for a shorter time."));
        }
    }
    sheet.faults.sort_by(|a, b| (a.line, &a.path).cmp(&(b.line, &b.path)));
    sheet.faults
}

/// Says whether an authority lets something through, or leaves something among what is shown, that a later version of it
/// does not.
pub fn narrower(before: &Authority, now: &Authority) -> bool {
    let (Some(then), Some(limits)) = (&before.limits, &now.limits) else { return false };
    if then == limits {
        return false;
    }
    let Ok(mut sheet) = Sheet::parse("") else { return true };
    covered(&mut sheet, then, &[limits]);
    dates(&mut sheet, then, &[limits]);
    let moments = |limits: &Limits| limits.window.as_ref().map(|window| window.moments.clone());
    let otherwise = limits.window.is_some() && moments(then) != moments(limits);
    !sheet.faults.is_empty() || otherwise || puts_more_aside(now, before)
}

/// Says whether an authority names a party or a term to be put aside that another does not.
pub fn puts_more_aside(one: &Authority, other: &Authority) -> bool {
    let Ok(mut sheet) = Sheet::parse("") else { return true };
    put_aside(&mut sheet, other, "", std::slice::from_ref(one));
    !sheet.faults.is_empty()
}

fn covered(sheet: &mut Sheet<'_>, new: &Limits, theirs: &[&Limits]) {
    for service in &new.services {
        if !theirs.iter().any(|l| l.services.iter().any(|s| s.eq_ignore_ascii_case(service))) {
            sheet.fault("scope.services", format!("`{service}` is covered in none of the cases."));
        }
    }
    for account in &new.accounts {
        if !theirs.iter().any(|l| l.accounts.iter().any(|a| normal(a) == normal(account))) {
            sheet.fault("scope.accounts", format!("`{account}` is covered in none of the cases."));
        }
    }
    for family in families(new) {
        if !theirs.iter().any(|l| families(l).contains(&family)) {
            sheet.fault("scope.families", format!("`{family}` is covered in none of the cases."));
        }
    }
}

fn families(limits: &Limits) -> Vec<Family> {
    limits.families.clone().unwrap_or_else(|| Family::ALL.to_vec())
}

fn dates(sheet: &mut Sheet<'_>, new: &Limits, theirs: &[&Limits]) {
    let within = |window: &Window| {
        let holds = |w: &Window| w.span.start <= window.span.start && window.span.end <= w.span.end;
        theirs.iter().any(|l| l.window.as_ref().is_none_or(holds))
    };
    match &new.window {
        None if theirs.iter().all(|l| l.window.is_some()) => {
            sheet.fault(
                "scope.window.unlimited",
                "Each of the cases has a window of dates, and this one would have none.",
            );
        }
        Some(window) if !within(window) => {
            let begins = |l: &&Limits| l.window.as_ref().is_none_or(|w| w.span.start <= window.span.start);
            let path = if theirs.iter().any(begins) { "scope.window.until" } else { "scope.window.from" };
            sheet.fault(path, "The window goes beyond that of each of the cases.");
        }
        _ => {}
    }
    let comes_in = |limits: &Limits, family: Family| {
        let of = |w: &Window| w.timeless.get(&family).copied().unwrap_or(w.timeless_other);
        limits.window.as_ref().is_none_or(of)
    };
    let mut told = BTreeSet::new();
    for family in families(new) {
        if comes_in(new, family) && !theirs.iter().any(|l| comes_in(l, family)) {
            let named = new.window.as_ref().is_some_and(|w| w.timeless.contains_key(&family));
            let path = if named { format!("scope.timeless.{family}") } else { "scope.timeless.other".to_owned() };
            if told.insert(path.clone()) {
                sheet.fault(&path, format!("Records of `{family}` without a time are held back in each of the cases."));
            }
        }
    }
}

fn put_aside(sheet: &mut Sheet<'_>, new: &Authority, case: &str, all: &[Authority]) {
    let exclusions = |a: &Authority| a.limits.as_ref().map(|l| l.exclusions.clone()).unwrap_or_default();
    let ours = exclusions(new);
    let parties: BTreeSet<String> = ours.iter().flat_map(|e| &e.parties).map(|p| normal(p)).collect();
    let terms: BTreeSet<String> = ours.iter().flat_map(|e| &e.terms).map(|t| normal(t)).collect();
    for exclusion in all.iter().flat_map(exclusions) {
        let lacking = exclusion.parties.iter().filter(|p| !parties.contains(&normal(p)));
        let lacking = lacking.chain(exclusion.terms.iter().filter(|t| !terms.contains(&normal(t))));
        for one in lacking {
            let kind = &exclusion.kind;
            sheet.fault("exclude", format!("`{one}` ({kind}) is put aside in case {case}, and would not be here."));
        }
    }
}
