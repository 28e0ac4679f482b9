//! What a worker collects until it is written: rows, and the chunks that they came from.

use super::journal::{ChunkRow, Journal};
use super::limits::Why;
use super::settle::Finished;
use crate::EngineError;
use crate::quarantine;
use crate::segment::{Growing, RUN, SegmentBuilder, Written, write_segment};
use glasshouse_layout::paths;
use glasshouse_store::Case;

const SEGMENT_ROWS: usize = 200_000;
const CHUNKS: usize = 20_000;
/// Memory of rows that are written or sealed whole and not a run at a time.
const WHOLE: usize = 16 << 20;

/// Rows of whole chunks: a chunk is committed with all of its rows, so that none is lost or doubled.
#[derive(Default)]
pub(super) struct Batch {
    pub shown: SegmentBuilder,
    /// The few rows of a chunk that other entries may hold, too. Those that turn out to be copies go again: a segment is
    /// written anew for it, which should not be the one of all the others.
    pub elsewhere: SegmentBuilder,
    /// Runs of rows that were written already, with their number and about the memory that they took.
    growing: Option<Growing>,
    written: (usize, usize),
    /// What is put aside for the privilege reviewer, and why.
    pub aside: SegmentBuilder,
    pub why: Vec<(String, Why)>,
    /// What may be put aside once all of its conversation was seen, and what is known of it by itself.
    pub waiting: SegmentBuilder,
    pub known: Vec<(String, Why)>,
    pub chunks: Vec<ChunkRow>,
}

impl Batch {
    /// Returns about how many bytes of memory all rows take or took.
    pub fn bytes(&self) -> usize {
        self.written.1 + self.builders().map(SegmentBuilder::bytes).sum::<usize>()
    }

    fn builders(&self) -> impl Iterator<Item = &SegmentBuilder> {
        [&self.shown, &self.elsewhere, &self.aside, &self.waiting].into_iter()
    }

    /// Says whether it is time to end the segment, where its rows may take `most` bytes of memory.
    pub fn is_full(&self, most: usize) -> bool {
        let rows: usize = self.builders().map(SegmentBuilder::rows).sum();
        let whole: usize = self.builders().skip(1).map(SegmentBuilder::bytes).sum();
        self.bytes() > most || whole > WHOLE || self.written.0 + rows > SEGMENT_ROWS || self.chunks.len() > CHUNKS
    }

    /// Writes the rows that are shown as a run of the segment, once they are enough for one. What is put aside or
    /// waits is sealed whole.
    pub fn write_run(&mut self, case: &Case, journal: &Journal, run: &str) -> Result<(), EngineError> {
        if self.shown.bytes() < RUN { Ok(()) } else { self.write_rows(case, journal, run) }
    }

    fn write_rows(&mut self, case: &Case, journal: &Journal, run: &str) -> Result<(), EngineError> {
        self.written = (self.written.0 + self.shown.rows(), self.written.1 + self.shown.bytes());
        let growing = match &mut self.growing {
            Some(growing) => growing,
            none => none.insert(Growing::create(case.root(), &paths::segment(run, journal.next_segment()?))?),
        };
        growing.append(self.shown.finish()?)
    }

    /// Ends what was collected as segments, which are then to be brought to the disk and committed with their
    /// chunks. Nothing, if no chunk was collected.
    pub fn write(mut self, case: &Case, journal: &Journal, run: &str) -> Result<Option<Finished>, EngineError> {
        if self.chunks.is_empty() {
            return Ok(None);
        }
        let mut segments = Vec::new();
        if self.shown.rows() > 0 {
            self.write_rows(case, journal, run)?;
        }
        if let Some(growing) = self.growing {
            segments.push(growing.finish()?);
        }
        if self.elsewhere.rows() > 0 {
            let path = paths::segment(run, journal.next_segment()?);
            segments.push(write_segment(case.root(), &path, self.elsewhere.finish()?)?);
        }
        let sealed: [(SegmentBuilder, _, fn(&str, u32) -> String); 2] =
            [(self.aside, self.why, paths::put_aside), (self.waiting, self.known, paths::waiting)];
        for (mut builder, why, path) in sealed {
            if builder.rows() > 0 {
                let held = quarantine::Held::of(builder.finish()?, &why)?;
                let path = path(run, journal.next_segment()?);
                segments.push(Written::synced(quarantine::write(case, &path, &held)?));
            }
        }
        Ok(Some(Finished { segments, chunks: self.chunks }))
    }
}
