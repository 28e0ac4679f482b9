//! Opens the content of a zip entry.

use crate::container::EntryProblem;
use crate::inflate::Inflater;
use crate::listing::{Facts, How, Place};
use crate::pipe::Pipe;
use crate::source::{Source, SourceReader, moved};
use std::io::{self, BufReader, Cursor, Read, Seek, SeekFrom};
use zip::result::ZipError;

const BUFFER: u64 = 1 << 16;

/// A reader of the content, without any check of its length and checksum.
pub(crate) fn open(
    source: &Source,
    place: &Place,
    password: Option<&[u8]>,
) -> Result<Box<dyn Read + Send>, EntryProblem> {
    match &place.how {
        How::Stored => Ok(Box::new(source.slice(place.offset, place.csize).reader())),
        How::Deflate => Ok(Box::new(Inflater::new(packed(source, place)))),
        How::Zstd => match zstd::Decoder::with_buffer(packed(source, place)) {
            Ok(decoder) => Ok(Box::new(decoder)),
            Err(e) => Err(EntryProblem::Damaged(e.to_string())),
        },
        How::Other(facts) => open_other(&source.slice(place.offset, place.csize), place, facts, password),
        How::Not(problem) => Err(problem.clone()),
    }
}

/// A reader of an entry as it lies.
pub(crate) fn packed(source: &Source, place: &Place) -> BufReader<SourceReader> {
    let bytes = source.slice(place.offset, place.csize);
    BufReader::with_capacity(place.csize.clamp(512, BUFFER) as usize, bytes.reader())
}

/// Leaves encryption and rare methods to the general reader. It reads archives and not single entries,
/// so it gets an archive made of this entry alone, around the bytes where they lie.
fn open_other(
    bytes: &Source,
    place: &Place,
    facts: &Facts,
    password: Option<&[u8]>,
) -> Result<Box<dyn Read + Send>, EntryProblem> {
    let encrypted = facts.flags & 1 != 0;
    if encrypted && password.is_none() {
        return Err(EntryProblem::Encrypted);
    }
    let password = zeroize::Zeroizing::new(password.unwrap_or_default().to_vec());
    let archive = Alone::new(bytes, place, facts);
    // The general reader borrows its archive, so both live in a thread of their own.
    Pipe::open(move |sink| {
        let mut archive = match zip::ZipArchive::new(archive) {
            Ok(archive) => archive,
            Err(e) => return sink.fail(problem(e)),
        };
        let content = if encrypted { archive.by_index_decrypt(0, &password) } else { archive.by_index(0) };
        match content {
            Ok(mut content) => sink.pump(&mut content),
            Err(e) => sink.fail(problem(e)),
        }
    })
}

fn problem(error: ZipError) -> EntryProblem {
    match error {
        ZipError::InvalidPassword => EntryProblem::Encrypted,
        ZipError::CompressionMethodNotSupported(n) => {
            EntryProblem::Unsupported(format!("its method has the number {n}"))
        }
        ZipError::UnsupportedArchive(why) => EntryProblem::Unsupported(why.to_string()),
        other => EntryProblem::Damaged(other.to_string()),
    }
}

/// A zip of one entry: made-up headers around bytes that stay where they are.
struct Alone {
    head: Cursor<Vec<u8>>,
    bytes: SourceReader,
    len: u64,
    tail: Cursor<Vec<u8>>,
    at: u64,
}

impl Alone {
    fn new(bytes: &Source, place: &Place, facts: &Facts) -> Self {
        // Sizes always stand in the ZIP64 field, so that there is one form for all of them. The flag for
        // a descriptor stays, because the check byte of the old encryption depends on it.
        let mut sizes = vec![1, 0, 16, 0];
        sizes.extend(place.size.to_le_bytes());
        sizes.extend(bytes.len().to_le_bytes());
        let mut extra = sizes;
        if let Some(aes) = facts.aes {
            extra.extend([0x01, 0x99, 7, 0]);
            extra.extend(aes);
        }
        let mut common = vec![51, 0];
        common.extend((facts.flags & !0x800).to_le_bytes());
        common.extend(facts.method.to_le_bytes());
        common.extend(facts.time.to_le_bytes());
        common.extend(facts.crc32.to_le_bytes());
        common.extend([0xff; 8]);
        common.extend([1, 0]);
        common.extend((extra.len() as u16).to_le_bytes());

        let mut head = b"PK\x03\x04".to_vec();
        head.extend(&common);
        head.push(b'x');
        head.extend(&extra);
        let directory = head.len() as u64 + bytes.len();

        let mut tail = b"PK\x01\x02".to_vec();
        tail.extend([51, 0]);
        tail.extend(&common);
        tail.extend([0; 14]);
        tail.push(b'x');
        tail.extend(&extra);
        let size = tail.len() as u64;
        tail.extend(b"PK\x06\x06");
        tail.extend(44u64.to_le_bytes());
        tail.extend([51, 0, 51, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        for number in [1, 1, size, directory] {
            tail.extend(u64::to_le_bytes(number));
        }
        tail.extend(b"PK\x06\x07\0\0\0\0");
        tail.extend((directory + size).to_le_bytes());
        tail.extend(1u32.to_le_bytes());
        tail.extend(b"PK\x05\x06\0\0\0\0");
        tail.extend([0xff; 12]);
        tail.extend([0, 0]);
        Self { head: Cursor::new(head), bytes: bytes.reader(), len: bytes.len(), tail: Cursor::new(tail), at: 0 }
    }

    fn parts(&self) -> (u64, u64, u64) {
        let head = self.head.get_ref().len() as u64;
        let tail = self.tail.get_ref().len() as u64;
        (head, head + self.len, head + self.len + tail)
    }
}

impl Read for Alone {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let (bytes_at, tail_at, end) = self.parts();
        let n = if self.at < bytes_at {
            self.head.set_position(self.at);
            self.head.read(buffer)?
        } else if self.at < tail_at {
            self.bytes.seek(SeekFrom::Start(self.at - bytes_at))?;
            self.bytes.read(buffer)?
        } else if self.at < end {
            self.tail.set_position(self.at - tail_at);
            self.tail.read(buffer)?
        } else {
            0
        };
        self.at += n as u64;
        Ok(n)
    }
}

impl Seek for Alone {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.at = moved(to, self.at, self.parts().2)?;
        Ok(self.at)
    }
}
