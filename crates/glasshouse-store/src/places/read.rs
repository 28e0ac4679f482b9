//! Reading a deflated entry at any place.

use super::{END_MAGIC, LONGEST, MAGIC, Row, TRAILER, WINDOW, resume};
use crate::blocks::{Block, Handle, Recent, damaged, next_id, u64_of};
use crate::inflate::begun;
use crate::part::Part;
use crate::seal::Identity;
use crate::source::{Source, moved};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use zlib_rs::{InflateFlush, Status};
use zstd::bulk::Decompressor;

const BUFFER: usize = 1 << 16;

/// A deflated entry with the places that were noted in it. Cheap to clone; readers work independently of each other.
#[derive(Clone)]
pub struct Inflated {
    opened: Arc<Opened>,
    recent: Recent,
}

struct Opened {
    /// Tells entries apart that share what was decoded last.
    id: u64,
    part: Part,
    index: usize,
    /// The entry as it lies.
    packed: Source,
    len: u64,
    notes: PathBuf,
    key: Option<Identity>,
    rows: Vec<Row>,
    /// Where in the notes the content before each place lies.
    windows: Vec<u64>,
}

impl std::fmt::Debug for Inflated {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Inflated").field("notes", &self.opened.notes).field("len", &self.opened.len).finish()
    }
}

impl Inflated {
    /// Opens the notes about an entry. Those that are cut short, damaged, or about something else are `InvalidData`.
    pub(crate) fn open(
        part: &Part,
        index: usize,
        packed: Source,
        len: u64,
        (notes, key): (&Path, Option<&Identity>),
        recent: &Recent,
    ) -> io::Result<Self> {
        let mut file = Handle::open(notes, key)?;
        let (rows, windows) = table(&mut file, len, packed.len())?;
        let (part, notes, key) = (part.clone(), notes.to_path_buf(), key.cloned());
        let opened = Opened { id: next_id(), part, index, packed, len, notes, key, rows, windows };
        Ok(Inflated { opened: Arc::new(opened), recent: recent.clone() })
    }

    /// Length of the content.
    pub fn len(&self) -> u64 {
        self.opened.len
    }

    /// Says whether the content is empty.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A reader at the beginning of the content.
    pub fn reader(&self) -> InflatedReader {
        InflatedReader { inflated: self.clone(), at: 0, held: None, file: None, plain: false, slow: None }
    }
}

/// Reads and checks the rows of notes.
fn table(file: &mut Handle, len: u64, packed: u64) -> io::Result<(Vec<Row>, Vec<u64>)> {
    let size = file.len()?;
    let trailer_at = size.checked_sub(TRAILER as u64).ok_or_else(|| damaged("too short"))?;
    let (mut magic, mut trailer) = ([0; 8], [0; TRAILER]);
    file.read_exact_at(&mut magic, 0)?;
    file.read_exact_at(&mut trailer, trailer_at)?;
    let (numbers, rest) = trailer.split_at(24);
    let (crc, end) = rest.split_at(4);
    if &magic != MAGIC || end != END_MAGIC {
        return Err(damaged("not finished, or not notes"));
    }
    let mut each = numbers.chunks(8).map(u64_of);
    let count = each.next().unwrap_or_default();
    if each.next() != Some(len) || each.next() != Some(packed) {
        return Err(damaged("they are about another entry"));
    }
    let rows_at = count.checked_mul(Row::SIZE as u64).and_then(|n| trailer_at.checked_sub(n));
    let rows_at = rows_at.filter(|_| count > 0).ok_or_else(|| damaged("wrong number of places"))?;
    let mut bytes = vec![0; usize::try_from(trailer_at - rows_at).map_err(io::Error::other)?];
    file.read_exact_at(&mut bytes, rows_at)?;
    let mut hash = crc32fast::Hasher::new();
    hash.update(&bytes);
    hash.update(numbers);
    if crc != hash.finalize().to_le_bytes() {
        return Err(damaged("the places do not match their checksum"));
    }
    let rows: Vec<Row> = bytes.as_chunks().0.iter().map(Row::read).collect();
    let (mut at, mut windows) = (MAGIC.len() as u64, Vec::with_capacity(rows.len()));
    let most = zstd::zstd_safe::compress_bound(WINDOW) as u64;
    let ends = rows.iter().skip(1).map(|next| (next.bit, next.at)).chain([(packed.saturating_mul(8), len)]);
    for (row, (bit, end)) in rows.iter().zip(ends) {
        windows.push(at);
        at += u64::from(row.window);
        let begins = row.bit != 0 || (row.at, row.window) == (0, 0);
        let span = end.checked_sub(row.at).is_some_and(|span| span <= LONGEST);
        if !begins || !span || row.bit > bit || u64::from(row.window) > most {
            return Err(damaged("a place lies where none can"));
        }
    }
    if at != rows_at || rows.first().is_none_or(|first| (first.bit, first.at) != (0, 0)) {
        return Err(damaged("places are missing"));
    }
    Ok((rows, windows))
}

/// Reads an [`Inflated`] and keeps the span it is in.
pub struct InflatedReader {
    inflated: Inflated,
    at: u64,
    held: Option<(usize, Block)>,
    file: Option<(Handle, Decompressor<'static>)>,
    /// Set when a span was not what its row states: from then on the entry is inflated from its beginning.
    plain: bool,
    slow: Option<(Box<dyn Read + Send>, u64)>,
}

impl std::fmt::Debug for InflatedReader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("InflatedReader").field("at", &self.at).finish()
    }
}

impl InflatedReader {
    fn span(&mut self, number: usize) -> io::Result<Block> {
        if let Some((held, span)) = &self.held
            && *held == number
        {
            return Ok(Arc::clone(span));
        }
        let (id, recent) = (self.inflated.opened.id, self.inflated.recent.clone());
        let span = recent.block(id, number, || self.decode(number))?;
        self.held = Some((number, Arc::clone(&span)));
        Ok(span)
    }

    fn decode(&mut self, number: usize) -> io::Result<Vec<u8>> {
        let opened = Arc::clone(&self.inflated.opened);
        let (Some(row), Some(window)) = (opened.rows.get(number), opened.windows.get(number)) else {
            return Err(damaged("a place is missing"));
        };
        let end = opened.rows.get(number + 1).map_or(opened.len, |next| next.at);
        let mut packed = opened.packed.reader();
        packed.seek(SeekFrom::Start(row.bit / 8))?;
        let mut inflate = if row.bit == 0 {
            begun()
        } else {
            let before = self.before(row, *window)?;
            let (bit, mut first) = ((row.bit % 8) as u32, [0]);
            if bit > 0 {
                packed.read_exact(&mut first)?;
            }
            let [first] = first;
            resume(bit, first, &before).ok_or_else(|| damaged("nothing begins at a place"))?
        };
        let mut packed = BufReader::with_capacity(BUFFER, packed);
        let (begun, mut span) = (inflate.total_out(), vec![0; (end - row.at) as usize]);
        loop {
            let made = (inflate.total_out() - begun) as usize;
            let Some(room) = span.get_mut(made..).filter(|room| !room.is_empty()) else { break };
            let bytes = packed.fill_buf()?;
            let (read, ended) = (inflate.total_in(), bytes.is_empty());
            let status = inflate.decompress(bytes, room, InflateFlush::NoFlush);
            let full = (inflate.total_out() - begun) as usize == span.len();
            packed.consume((inflate.total_in() - read) as usize);
            match status {
                Ok(Status::StreamEnd) if !full => return Err(damaged("a span ends too early")),
                Ok(_) if ended && !full => return Err(damaged("a span ends too early")),
                Ok(_) => {}
                Err(_) => return Err(damaged("a span cannot be inflated")),
            }
        }
        if crc32fast::hash(&span) != row.crc {
            return Err(damaged("a span does not match its checksum"));
        }
        Ok(span)
    }

    /// Returns the content before a place, as far as deflate reaches back.
    fn before(&mut self, row: &Row, place: u64) -> io::Result<Vec<u8>> {
        let opened = &self.inflated.opened;
        let (file, decompressor) = match &mut self.file {
            Some(open) => open,
            none => none.insert((Handle::open(&opened.notes, opened.key.as_ref())?, Decompressor::new()?)),
        };
        let mut packed = vec![0; row.window as usize];
        file.read_exact_at(&mut packed, place)?;
        let before = decompressor.decompress(&packed, WINDOW)?;
        if before.len() as u64 != row.at.min(WINDOW as u64) {
            return Err(damaged("what comes before a place is missing"));
        }
        Ok(before)
    }

    #[cfg(test)]
    pub(super) fn is_slow(&self) -> bool {
        self.plain
    }

    /// Reads as if there were no places.
    fn read_slowly(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let opened = &self.inflated.opened;
        let (mut reader, at) = match self.slow.take() {
            Some((reader, at)) if at <= self.at => (reader, at),
            _ => (opened.part.read(opened.index).map_err(|problem| io::Error::other(problem.to_string()))?, 0),
        };
        io::copy(&mut reader.by_ref().take(self.at - at), &mut io::sink())?;
        let n = reader.read(buffer)?;
        self.slow = Some((reader, self.at + n as u64));
        Ok(n)
    }
}

impl Read for InflatedReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.at >= self.inflated.len() || buffer.is_empty() {
            return Ok(0);
        }
        let n = if self.plain {
            self.read_slowly(buffer)?
        } else {
            let rows = &self.inflated.opened.rows;
            let number = rows.partition_point(|row| row.at <= self.at).saturating_sub(1);
            let begins = rows.get(number).map_or(0, |row| row.at);
            match self.span(number) {
                Ok(span) => span.get((self.at - begins) as usize..).unwrap_or_default().read(buffer)?,
                Err(_) => {
                    self.plain = true;
                    self.read_slowly(buffer)?
                }
            }
        };
        self.at += n as u64;
        Ok(n)
    }
}

impl Seek for InflatedReader {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.at = moved(to, self.at, self.inflated.len())?;
        Ok(self.at)
    }
}
