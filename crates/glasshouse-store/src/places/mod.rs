//! Places inside a deflated entry where inflating can begin, so that bytes deep inside show at once.
//!
//! Deflate knows no places: whatever is inside needs the 32 KiB before it, and begins at any bit. So while an entry
//! is inflated, every few megabytes the boundary between two blocks is noted with what came before it. The notes are
//! a file in the cache, in clear or sealed as the part is: the contents before the places, packed, one after the
//! other; a row for each place; how many rows, how long content and entry are, CRC-32 of all that, and a magic word.
//! The file is never trusted: what begins at a place is shown if it has the CRC-32 that its row states, and else the
//! entry is inflated from its beginning.

mod note;
mod read;

pub(crate) use note::{Notes, Noting};
pub use read::{Inflated, InflatedReader};

use crate::inflate::begun;
use zlib_rs::{Inflate, InflateFlush, Status};

const MAGIC: &[u8; 8] = b"GHplace\x01";
const END_MAGIC: &[u8; 8] = b"GHplcend";
/// How far back deflate reaches.
const WINDOW: usize = 32 << 10;
/// Content from one place to the next: at least, and where no boundary comes, at most.
const SPACING: u64 = 4 << 20;
const LONGEST: u64 = 16 << 20;
/// Number of rows, length of the content, length of the entry as it lies, CRC-32, magic word.
const TRAILER: usize = 8 + 8 + 8 + 4 + 8;

/// A place, and the span of content from there to the next one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Row {
    /// Where it is in the entry as it lies, in bits.
    bit: u64,
    /// Where it is in the content.
    at: u64,
    /// Length of what is kept of the content before it.
    window: u32,
    /// CRC-32 of the span.
    crc: u32,
}

impl Row {
    const SIZE: usize = 8 + 8 + 4 + 4;

    fn bytes(self) -> [u8; Self::SIZE] {
        let mut bytes = [0; Self::SIZE];
        let all = self.bit.to_le_bytes().into_iter().chain(self.at.to_le_bytes());
        let all = all.chain(self.window.to_le_bytes()).chain(self.crc.to_le_bytes());
        bytes.iter_mut().zip(all).for_each(|(to, from)| *to = from);
        bytes
    }

    fn read(bytes: &[u8; Self::SIZE]) -> Self {
        let number = |at: usize, len: usize| {
            let taken = bytes.iter().skip(at).take(len).rev();
            taken.fold(0u64, |number, byte| number << 8 | u64::from(*byte))
        };
        Row { bit: number(0, 8), at: number(8, 8), window: number(16, 4) as u32, crc: number(20, 4) as u32 }
    }
}

/// Returns an inflater that goes on `bit` bits into the byte `first`, after some content; none if nothing can begin
/// there.
///
/// The library cannot be told to begin within a byte. It is led there by a block of its own making: a header of three
/// bits, letters of nine each and an end of seven, so that the right number of letters ends at the right bit.
fn resume(bit: u32, first: u8, before: &[u8]) -> Option<Inflate> {
    let letters = (bit + 6) % 8;
    let length = 10 + 9 * letters;
    // The header says: not the last, fixed codes. The byte 255 is nine ones, and the end is zeros.
    let mut lead = 0b010 | ((1u128 << (9 * letters)) - 1) << 3;
    if bit > 0 {
        lead |= u128::from(first >> bit) << length;
    }
    let lead = lead.to_le_bytes();
    let lead = lead.get(..length.div_ceil(8) as usize)?;
    let mut inflate = begun();
    let status = inflate.decompress(lead, &mut [0; 16], InflateFlush::NoFlush).ok()?;
    let through = inflate.total_in() == lead.len() as u64 && inflate.total_out() == u64::from(letters);
    // What the letters wrote lies further back than deflate reaches, or before the beginning of all content.
    inflate.set_dictionary(before).ok()?;
    (through && status == Status::Ok).then_some(inflate)
}

#[cfg(test)]
mod tests;
