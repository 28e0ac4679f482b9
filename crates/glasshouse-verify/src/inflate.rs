//! Inflates as a stream, with an inflater that the writer's main path does not use.

use miniz_oxide::inflate::TINFLStatus;
use miniz_oxide::inflate::core::{DecompressorOxide, decompress, inflate_flags};
use std::io::{self, BufRead, ErrorKind, Read};
use std::ops::Range;

/// Length of the window: a power of two, at least the 32 KiB that deflate looks back.
const WINDOW: usize = 1 << 16;
const FLAGS: u32 = inflate_flags::TINFL_FLAG_HAS_MORE_INPUT | inflate_flags::TINFL_FLAG_IGNORE_ADLER32;

/// A deflate stream (RFC 1951) being inflated. Everything before a damaged place is given before the error.
pub struct Inflate<R> {
    input: R,
    state: Box<DecompressorOxide>,
    window: Vec<u8>,
    /// What of the window is inflated and not yet given.
    ready: Range<usize>,
    end: Option<End>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Whole,
    CutOff,
    Damaged,
}

impl<R: BufRead> Inflate<R> {
    pub fn new(input: R) -> Self {
        Inflate { input, state: Box::default(), window: vec![0; WINDOW], ready: 0..0, end: None }
    }

    /// Begins another stream in the same input.
    fn restart(&mut self) {
        *self.state = DecompressorOxide::new();
        self.ready = 0..0;
        self.end = None;
    }

    fn step(&mut self) -> io::Result<()> {
        let input = self.input.fill_buf()?;
        let at_end = input.is_empty();
        let place = self.ready.end % WINDOW;
        let (status, consumed, written) = decompress(&mut self.state, input, &mut self.window, place, FLAGS);
        self.input.consume(consumed);
        self.ready = place..place + written;
        self.end = match status {
            TINFLStatus::Done => Some(End::Whole),
            TINFLStatus::HasMoreOutput => None,
            TINFLStatus::NeedsMoreInput if at_end => Some(End::CutOff),
            TINFLStatus::NeedsMoreInput => None,
            _ => Some(End::Damaged),
        };
        Ok(())
    }
}

impl<R: BufRead> Read for Inflate<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while self.ready.is_empty() && !out.is_empty() {
            match self.end {
                None => self.step()?,
                Some(End::Whole) => break,
                Some(End::CutOff) => {
                    return Err(io::Error::new(ErrorKind::UnexpectedEof, "the deflate stream is cut off"));
                }
                Some(End::Damaged) => {
                    return Err(io::Error::new(ErrorKind::InvalidData, "the deflate stream is damaged"));
                }
            }
        }
        let mut ready = self.window.get(self.ready.clone()).unwrap_or_default();
        let count = ready.read(out)?;
        self.ready.start += count;
        Ok(count)
    }
}

/// A gzip file (RFC 1952) of one or more members being inflated.
pub struct Gunzip<R> {
    member: Inflate<R>,
    started: bool,
}

impl<R: BufRead> Gunzip<R> {
    pub fn new(input: R) -> Self {
        let mut member = Inflate::new(input);
        member.end = Some(End::Whole);
        Gunzip { member, started: false }
    }

    /// Reads past a member's end to the next one; returns whether there is one.
    fn next_member(&mut self) -> io::Result<bool> {
        let input = &mut self.member.input;
        if self.started {
            // Checksum and length: what is inside is checked by its own hash.
            skip(input, 8)?;
            if !input.fill_buf()?.starts_with(&[0x1f]) {
                return Ok(false);
            }
        }
        self.started = true;
        let mut head = [0; 10];
        input.read_exact(&mut head)?;
        let [0x1f, 0x8b, 8, flags, ..] = head else {
            return Err(io::Error::new(ErrorKind::InvalidData, "it is not a gzip file"));
        };
        if flags & 4 != 0 {
            let mut length = [0; 2];
            input.read_exact(&mut length)?;
            skip(input, u16::from_le_bytes(length).into())?;
        }
        for flag in [8, 16] {
            if flags & flag != 0 {
                skip_text(input)?;
            }
        }
        if flags & 2 != 0 {
            skip(input, 2)?;
        }
        self.member.restart();
        Ok(true)
    }
}

impl<R: BufRead> Read for Gunzip<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        loop {
            let count = self.member.read(out)?;
            if count > 0 || out.is_empty() || !self.next_member()? {
                return Ok(count);
            }
        }
    }
}

fn skip(input: &mut impl BufRead, count: u64) -> io::Result<()> {
    match io::copy(&mut input.take(count), &mut io::sink())? {
        skipped if skipped == count => Ok(()),
        _ => Err(ErrorKind::UnexpectedEof.into()),
    }
}

/// Skips a text that a zero byte ends, without holding it.
fn skip_text(input: &mut impl BufRead) -> io::Result<()> {
    loop {
        let bytes = input.fill_buf()?;
        if bytes.is_empty() {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        let (count, ended) = match bytes.iter().position(|b| *b == 0) {
            Some(end) => (end + 1, true),
            None => (bytes.len(), false),
        };
        input.consume(count);
        if ended {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::{Compression, GzBuilder, write::DeflateEncoder};
    use std::io::{BufReader, Write};

    fn sample() -> Vec<u8> {
        (0..200_000u32).flat_map(|n| (n.wrapping_mul(2_654_435_761) >> (n % 23)).to_le_bytes()).collect()
    }

    fn deflated(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(bytes).expect("memory");
        encoder.finish().expect("memory")
    }

    fn inflated(bytes: &[u8], step: usize) -> io::Result<Vec<u8>> {
        let mut all = Vec::new();
        Inflate::new(BufReader::with_capacity(step, bytes)).read_to_end(&mut all).map(|_| all)
    }

    #[test]
    fn what_another_deflates_is_inflated() {
        for bytes in [&b""[..], b"a", &sample(), &[0; 1_000_000]] {
            for step in [1, 7, 4096, 1 << 20] {
                assert_eq!(inflated(&deflated(bytes), step).expect("inflates"), bytes);
            }
        }
    }

    #[test]
    fn damage_is_an_error_and_never_a_hang() {
        let good = deflated(&sample());
        assert!(inflated(&good[..good.len() / 2], 4096).is_err());
        assert!(inflated(b"", 4096).is_err());
        for place in (0..good.len()).step_by(997) {
            let mut bad = good.clone();
            bad[place] ^= 0x10;
            assert_ne!(inflated(&bad, 4096).ok(), Some(sample()));
        }
    }

    #[test]
    fn what_comes_before_the_damage_is_given() {
        let good = sample();
        let mut bytes = deflated(&good);
        let middle = bytes.len() / 2;
        bytes.truncate(middle);
        let mut read = Vec::new();
        let mut reader = Inflate::new(&bytes[..]);
        let mut small = [0; 10];
        while let Ok(count) = reader.read(&mut small) {
            read.extend(&small[..count]);
        }
        assert!(read.len() > good.len() / 4 && good.starts_with(&read), "{}", read.len());
    }

    #[test]
    fn gzip_files_of_several_members_are_read() {
        let member = |text: &[u8]| {
            let mut gz = GzBuilder::new()
                .filename("name")
                .comment("comment")
                .extra(vec![1, 2, 3])
                .write(Vec::new(), Compression::fast());
            gz.write_all(text).expect("memory");
            gz.finish().expect("memory")
        };
        let file = [member(b"one "), member(b""), member(b"two"), vec![0; 512]].concat();
        let mut text = String::new();
        Gunzip::new(BufReader::with_capacity(3, &file[..])).read_to_string(&mut text).expect("inflates");
        assert_eq!(text, "one two");
        assert!(Gunzip::new(&file[..9]).read_to_string(&mut text).is_err());
        assert!(Gunzip::new(&b"not gzip at all"[..]).read_to_string(&mut text).is_err());
    }
}
