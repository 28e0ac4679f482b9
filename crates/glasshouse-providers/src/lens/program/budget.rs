//! What a program may still spend, and what things cost.

use jaq_core::{Cv, DataT, Exn, Lut, ValXs, box_iter::box_once, data::HasLut};
use jaq_json::Val;
use std::cell::Cell;

/// The dearest value that a program may make: a million small values, or 16 MiB of text.
const LARGEST: u64 = 1 << 20;
/// Values in values; more would exhaust the stack when they are written or dropped.
const DEEPEST: u32 = 128;
/// The longest text that a program may put into another.
const LONGEST_PART: usize = 1 << 20;

/// What jaq needs to know about the values and the data of a run.
pub(super) struct Data;

/// The data of a run: its filters, and the steps that are left.
#[derive(Clone)]
pub(super) struct Run<'a> {
    pub lut: &'a Lut<Data>,
    pub left: &'a Cell<u64>,
}

impl DataT for Data {
    type V<'a> = Val;
    type Data<'a> = Run<'a>;
}

impl<'a> HasLut<'a, Data> for Run<'a> {
    fn lut(&self) -> &'a Lut<Data> {
        self.lut
    }
}

pub(super) type Values<'a> = ValXs<'a, Val>;

/// Ends the run. An exception of this kind passes `try`, and is the last that is asked for.
fn stop<'a>() -> Values<'a> {
    box_once(Err(Exn::halt(1)))
}

fn pay(left: &Cell<u64>, cost: u64) -> bool {
    match left.get().checked_sub(cost) {
        Some(rest) => {
            left.set(rest);
            true
        }
        None => {
            left.set(0);
            false
        }
    }
}

/// Takes the cost of a value from what is left; false when that does not suffice or the value is too large.
pub(super) fn pay_for(left: &Cell<u64>, value: &Val) -> bool {
    let may = LARGEST.min(left.get());
    let mut rest = may;
    weigh(value, DEEPEST, &mut rest) && pay(left, may - rest)
}

/// Takes what a value costs from `rest`; shared parts cost each time, as they do when the value is walked.
fn weigh(value: &Val, depth: u32, rest: &mut u64) -> bool {
    let own = match value {
        Val::TStr(text) | Val::BStr(text) => 1 + text.len() as u64 / 16,
        Val::Num(jaq_json::Num::BigInt(number)) => 1 + number.bits() / 64,
        _ => 1,
    };
    let Some(less) = rest.checked_sub(own) else { return false };
    *rest = less;
    match value {
        Val::Arr(_) | Val::Obj(_) if depth == 0 => false,
        Val::Arr(values) => values.iter().all(|v| weigh(v, depth - 1, rest)),
        Val::Obj(map) => map.iter().all(|(k, v)| weigh(k, depth - 1, rest) && weigh(v, depth - 1, rest)),
        _ => true,
    }
}

/// `__step`: one step, the value as it is.
pub(super) fn step<'a>(cv: Cv<'a, Data>) -> Values<'a> {
    if pay(cv.0.data().left, 1) { box_once(Ok(cv.1)) } else { stop() }
}

/// `__size`: pays for all of a value.
pub(super) fn size<'a>(cv: Cv<'a, Data>) -> Values<'a> {
    if pay_for(cv.0.data().left, &cv.1) { box_once(Ok(cv.1)) } else { stop() }
}

/// `__open`: pays for what is directly in a value, before somebody goes through it.
pub(super) fn open<'a>(cv: Cv<'a, Data>) -> Values<'a> {
    let count = match &cv.1 {
        Val::Arr(values) => values.len() as u64,
        Val::Obj(map) => map.len() as u64,
        Val::TStr(text) | Val::BStr(text) => text.len() as u64 / 16,
        _ => 0,
    };
    if pay(cv.0.data().left, 1 + count) { box_once(Ok(cv.1)) } else { stop() }
}

/// `__part`: a text that goes into another must not be long.
pub(super) fn part<'a>(cv: Cv<'a, Data>) -> Values<'a> {
    match &cv.1 {
        Val::TStr(text) | Val::BStr(text) if text.len() > LONGEST_PART => stop(),
        _ => size(cv),
    }
}
