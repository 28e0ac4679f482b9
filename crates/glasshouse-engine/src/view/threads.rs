//! Which records their provider ties together: of each conversation the positions of its records, in memory.

use super::View;
use super::bits::Bits;
use super::coded::Coded;
use super::order::Order;
use super::set::Set;
use crate::EngineError;
use crate::cores::{cores, in_parts};
use std::sync::Arc;

/// What people talk in: other records that belong together (a track's points) are no conversation.
const TALK: [&str; 6] = ["mail", "message", "call", "voice", "reaction", "post"];
/// The end of a chain.
const END: u32 = u32::MAX;

/// All conversations of a case; one is a value of `conversation` within a service.
pub(super) struct Threads {
    /// Service and conversation of each, as numbers of their columns.
    keys: Vec<(u32, u32)>,
    /// The first of a conversation's number, and after each the next: the same name in another service.
    heads: Vec<u32>,
    next: Vec<u32>,
    /// Where the positions of each begin; one more than there are.
    starts: Vec<u32>,
    positions: Vec<u32>,
    /// All records of it are of families that people talk in.
    all_talk: Vec<bool>,
}

/// What a set holds of one conversation.
#[derive(Clone, Copy)]
pub(super) struct Held {
    pub thread: u32,
    pub count: u32,
    /// Positions; the last is one with a time, where there is such a one.
    pub first: u32,
    pub last: u32,
}

/// The positions of a set, for whoever asks by thread.
enum Within {
    Range(u32, u32),
    Some(Arc<Bits>),
}

impl Threads {
    pub fn load(view: &View) -> Result<Self, EngineError> {
        let (order, service, talk) = (view.order()?, view.coded("service")?, view.coded("conversation")?);
        let is_talk = talks(&*view.coded("family")?);
        let family = view.coded("family")?;
        let none = talk.none();
        let mut threads = Threads {
            keys: Vec::new(),
            heads: vec![END; talk.values.len()],
            next: Vec::new(),
            starts: Vec::new(),
            positions: Vec::new(),
            all_talk: Vec::new(),
        };
        let mut counts: Vec<u32> = Vec::new();
        for row in 0..view.rows() {
            let code = talk.code(row);
            if Some(code) == none {
                continue;
            }
            let thread = threads.find_or_add(code, service.code(row), &mut counts);
            if let (Some(count), Some(all)) =
                (counts.get_mut(thread as usize), threads.all_talk.get_mut(thread as usize))
            {
                *count += 1;
                *all &= is_talk.get(family.code(row) as usize).copied().unwrap_or(false);
            }
        }
        let mut start = 0;
        for count in &mut counts {
            threads.starts.push(start);
            start += *count;
            // From here on: where the next position of it goes.
            *count = start - *count;
        }
        threads.starts.push(start);
        threads.positions = vec![0; start as usize];
        for (position, row) in (0..).zip(&order.rows) {
            let code = talk.code(*row);
            if Some(code) == none {
                continue;
            }
            if let Some(at) = threads.find(code, service.code(*row)).and_then(|t| counts.get_mut(t as usize)) {
                if let Some(slot) = threads.positions.get_mut(*at as usize) {
                    *slot = position;
                }
                *at += 1;
            }
        }
        Ok(threads)
    }

    fn find_or_add(&mut self, code: u32, service: u32, counts: &mut Vec<u32>) -> u32 {
        if let Some(known) = self.find(code, service) {
            return known;
        }
        let thread = self.keys.len() as u32;
        let head = self.heads.get_mut(code as usize);
        self.next.push(head.as_ref().map_or(END, |head| **head));
        if let Some(head) = head {
            *head = thread;
        }
        self.keys.push((service, code));
        self.all_talk.push(true);
        counts.push(0);
        thread
    }

    /// Returns the thread of a conversation in a service, both as numbers of their columns.
    pub fn find(&self, code: u32, service: u32) -> Option<u32> {
        self.named(code).find(|thread| self.key(*thread).0 == service)
    }

    /// Returns the threads of a conversation's name, one in each service that has it.
    pub fn named(&self, code: u32) -> impl Iterator<Item = u32> + '_ {
        let link = |at: u32| (at != END).then_some(at);
        let head = self.heads.get(code as usize).copied().and_then(link);
        std::iter::successors(head, move |at| self.next.get(*at as usize).copied().and_then(link))
    }

    /// Returns service and conversation of a thread.
    pub fn key(&self, thread: u32) -> (u32, u32) {
        self.keys.get(thread as usize).copied().unwrap_or((END, END))
    }

    /// Returns the positions of a thread, ascending.
    pub fn positions(&self, thread: u32) -> &[u32] {
        let at = |i: usize| self.starts.get(i).copied().unwrap_or(0) as usize;
        self.positions.get(at(thread as usize)..at(thread as usize + 1)).unwrap_or_default()
    }

    /// Returns first thread and end of some shares with about as many positions each.
    fn shares(&self, number: usize) -> Vec<(u32, u32)> {
        let each = self.positions.len().div_ceil(number.max(1)).max(1) as u32;
        let end = |share: u32| {
            let starts = self.starts.get(..self.keys.len()).unwrap_or_default();
            starts.partition_point(|start| *start < share.saturating_mul(each)) as u32
        };
        let ends: Vec<u32> = (1..number as u32).map(end).chain([self.number()]).collect();
        ends.iter().scan(0, |from, to| Some((std::mem::replace(from, *to), *to))).collect()
    }

    /// Returns what a set holds of one thread.
    fn held(&self, thread: u32, within: &Within, order: &Order, talk: impl Fn(u32) -> bool) -> Held {
        let all = self.positions(thread);
        let all_talk = self.all_talk.get(thread as usize).copied().unwrap_or(false);
        let mut held = Held { thread, count: 0, first: 0, last: 0 };
        let mut add = |position: &u32| {
            if all_talk || talk(order.row(*position)) {
                held.add(*position, order);
            }
        };
        match within {
            Within::Some(bits) => all.iter().filter(|p| bits.has(**p)).for_each(add),
            Within::Range(from, to) => {
                let (start, end) = (all.partition_point(|p| p < from), all.partition_point(|p| p < to));
                let part = all.get(start..end).unwrap_or_default();
                match part.first() {
                    // Nothing of it need be looked at.
                    Some(first) if all_talk => {
                        let timed = part.get(..part.partition_point(|p| *p < order.known)).and_then(<[u32]>::last);
                        held.count = part.len() as u32;
                        (held.first, held.last) = (*first, timed.copied().unwrap_or(*first));
                    }
                    _ => part.iter().for_each(&mut add),
                }
            }
        }
        held
    }

    /// Returns the positions of a thread from one on.
    pub fn from(&self, thread: u32, first: u32) -> &[u32] {
        let all = self.positions(thread);
        all.get(all.partition_point(|position| *position < first)..).unwrap_or_default()
    }

    fn number(&self) -> u32 {
        self.keys.len() as u32
    }
}

/// Says of each family whether people talk in it.
fn talks(family: &Coded) -> Vec<bool> {
    family.values.iter().map(|f| f.as_deref().is_some_and(|f| TALK.contains(&f))).collect()
}

impl View {
    /// Returns what a set holds of each conversation, the most recent first; it is kept with the set.
    pub(super) fn held(&self, set: &Set) -> Result<Arc<[Held]>, EngineError> {
        if let Some(known) = set.kept.talks.get() {
            return Ok(known.clone());
        }
        let (order, threads, family) = (self.order()?, self.threads()?, self.coded("family")?);
        let is_talk = talks(&family);
        let talk = |row: u32| is_talk.get(family.code(row) as usize).copied().unwrap_or(false);
        let within = match set.bounds() {
            Some((from, to)) => Within::Range(from, to),
            None => Within::Some(set.bits(self.rows())),
        };
        let shares: Vec<(u32, u32)> = threads.shares(cores());
        let parts = in_parts(shares.len(), |number| {
            let (from, to) = shares.get(number).copied().unwrap_or_default();
            let held = (from..to).map(|thread| threads.held(thread, &within, &order, talk));
            Ok(held.filter(|held| held.count > 0).collect::<Vec<Held>>())
        })?;
        let mut held = parts.concat();
        let timed = |held: &Held| (held.last < order.known).then_some(held.last);
        held.sort_unstable_by(|a, b| {
            timed(b).cmp(&timed(a)).then_with(|| threads.key(a.thread).cmp(&threads.key(b.thread)))
        });
        let held: Arc<[Held]> = held.into();
        // Whoever was first has counted the same.
        Ok(set.kept.talks.get_or_init(|| held).clone())
    }
}

impl Held {
    fn add(&mut self, position: u32, order: &Order) {
        if self.count == 0 {
            (self.first, self.last) = (position, position);
        }
        self.count += 1;
        // Positions ascend; one without a time is no last one.
        if position < order.known {
            self.last = position;
        }
    }
}
