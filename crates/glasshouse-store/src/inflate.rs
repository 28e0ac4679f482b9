//! Inflates a raw deflate stream while it is read.

use crate::places::Notes;
use std::io::{self, BufRead, Read};
use zlib_rs::{Inflate, InflateFlush, Status};

/// Content that comes out at once while places are noted.
const STEP: usize = 1 << 20;

/// The content of a deflate stream. What follows the stream's end is left alone.
pub(crate) struct Inflater<R> {
    packed: R,
    inflate: Inflate,
    notes: Option<Notes>,
}

impl<R: BufRead> Inflater<R> {
    pub(crate) fn new(packed: R) -> Self {
        Self { packed, inflate: begun(), notes: None }
    }

    /// As [`Inflater::new`]; places where inflating can begin again are noted on the way.
    pub(crate) fn noting(packed: R, notes: Notes) -> Self {
        Self { packed, inflate: begun(), notes: Some(notes) }
    }

    /// Takes the notes, once.
    pub(crate) fn take_notes(&mut self) -> Option<Notes> {
        self.notes.take()
    }
}

/// Returns an inflater at the beginning of a raw stream.
pub(crate) fn begun() -> Inflate {
    Inflate::new(false, 15)
}

impl<R: BufRead> Read for Inflater<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        // Places are not further apart than steps are long.
        let most = if self.notes.is_some() { STEP.min(buffer.len()) } else { buffer.len() };
        let buffer = buffer.get_mut(..most).unwrap_or_default();
        loop {
            let packed = self.packed.fill_buf()?;
            let ended = packed.is_empty();
            let flush = match &self.notes {
                _ if ended => InflateFlush::Finish,
                Some(notes) if notes.wanted() => InflateFlush::Block,
                _ => InflateFlush::NoFlush,
            };
            let before = (self.inflate.total_in(), self.inflate.total_out());
            let status = self.inflate.decompress(packed, buffer, flush);
            let used = (self.inflate.total_in() - before.0) as usize;
            let made = (self.inflate.total_out() - before.1) as usize;
            let Ok(status) = status else {
                return Err(io::Error::new(io::ErrorKind::InvalidInput, "corrupt deflate stream"));
            };
            if let Some(notes) = &mut self.notes {
                // With room on both sides there is no other reason to stop.
                let room = used < packed.len() && made < buffer.len();
                let boundary = room && flush == InflateFlush::Block && status != Status::StreamEnd;
                notes.passed(packed.get(..used).unwrap_or_default(), buffer.get(..made).unwrap_or_default(), boundary);
            }
            self.packed.consume(used);
            if made > 0 || status == Status::StreamEnd {
                return Ok(made);
            }
            if ended {
                return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "incomplete deflate stream"));
            }
        }
    }
}
