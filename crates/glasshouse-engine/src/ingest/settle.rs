//! Bringing what was read to the disk, and then into the journal.

use super::journal::ChunkRow;
use super::work::Work;
use crate::EngineError;
use crate::segment::Written;
use std::sync::mpsc::Receiver;

/// Batches of segments that may wait.
pub(super) const MOST: usize = 4;

/// Segments that are written, with the chunks that they hold the records of.
pub(super) struct Finished {
    pub segments: Vec<Written>,
    pub chunks: Vec<ChunkRow>,
}

/// Brings segments to the disk and commits them, while the workers go on: none of them waits for the disk.
pub(super) fn all(work: &Work<'_>, finished: Receiver<Finished>) -> Result<(), EngineError> {
    super::leftover::settle(work.case, work.journal)?;
    while let Ok(first) = finished.recv() {
        // What came in the meantime is brought to the disk in the same go.
        let (mut segments, mut chunks) = (Vec::new(), Vec::new());
        for Finished { segments: more, chunks: of_them } in std::iter::once(first).chain(finished.try_iter()) {
            segments.extend(more);
            chunks.extend(of_them);
        }
        work.journal.commit(&Written::sync_all(segments)?, &chunks)?;
    }
    Ok(())
}
