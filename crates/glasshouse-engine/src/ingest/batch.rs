//! What a worker collects until it is written: rows, and the chunks that they came from.

use super::journal::{ChunkRow, Journal};
use super::limits::Why;
use super::settle::Finished;
use crate::EngineError;
use crate::quarantine;
use crate::segment::{SegmentBuilder, Written};
use glasshouse_layout::paths;
use glasshouse_store::Case;

const SEGMENT_ROWS: usize = 200_000;
const CHUNKS: usize = 20_000;

/// Rows of whole chunks: a chunk is committed with all of its rows, so that none is lost or doubled.
#[derive(Default)]
pub(super) struct Batch {
    pub shown: SegmentBuilder,
    /// What is put aside for the privilege reviewer, and why.
    pub aside: SegmentBuilder,
    pub why: Vec<(String, Why)>,
    /// What may be put aside once all of its conversation was seen, and what is known of it by itself.
    pub waiting: SegmentBuilder,
    pub known: Vec<(String, Why)>,
    pub chunks: Vec<ChunkRow>,
}

impl Batch {
    /// Returns about how many bytes of memory the rows take.
    pub fn bytes(&self) -> usize {
        [&self.shown, &self.aside, &self.waiting].iter().map(|b| b.bytes()).sum()
    }

    /// Says whether it is time to write, where rows may take `most` bytes of memory.
    pub fn is_full(&self, most: usize) -> bool {
        let rows: usize = [&self.shown, &self.aside, &self.waiting].iter().map(|b| b.rows()).sum();
        self.bytes() > most || rows > SEGMENT_ROWS || self.chunks.len() > CHUNKS
    }

    /// Writes what was collected as segments, which are then to be brought to the disk and committed with their
    /// chunks. Nothing, if no chunk was collected.
    pub fn write(self, case: &Case, journal: &Journal, run: &str) -> Result<Option<Finished>, EngineError> {
        if self.chunks.is_empty() {
            return Ok(None);
        }
        let mut segments = Vec::new();
        if self.shown.rows() > 0 {
            let path = paths::segment(run, journal.next_segment()?);
            segments.push(self.shown.write(case.root(), &path)?);
        }
        let sealed: [(SegmentBuilder, _, fn(&str, u32) -> String); 2] =
            [(self.aside, self.why, paths::put_aside), (self.waiting, self.known, paths::waiting)];
        for (builder, why, path) in sealed {
            if builder.rows() > 0 {
                let held = quarantine::Held::of(builder.finish()?, &why)?;
                let path = path(run, journal.next_segment()?);
                segments.push(Written::synced(quarantine::write(case, &path, &held)?));
            }
        }
        Ok(Some(Finished { segments, chunks: self.chunks }))
    }
}
