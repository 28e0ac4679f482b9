//! The ids of all records, in memory: from a row to its id and back.

use crate::EngineError;
use crate::search::Searcher;
use crate::segment::typed;
use datafusion::arrow::array::StringArray;
use std::sync::OnceLock;

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// The place of each byte in the alphabet; [`NO_DIGIT`] for others.
static DIGITS: [u8; 256] = {
    let mut digits = [NO_DIGIT; 256];
    let mut place = 0;
    while place < ALPHABET.len() {
        digits[ALPHABET[place] as usize] = place as u8;
        place += 1;
    }
    digits
};
const NO_DIGIT: u8 = u8::MAX;

/// An id as its eighty bits.
pub(super) type Id = [u8; 10];

/// The ids of all rows.
pub(super) struct Ids {
    ids: Vec<Id>,
    /// Rows, sorted by id; made when the first row is looked for.
    sorted: OnceLock<Vec<u32>>,
}

impl Ids {
    pub fn load(searcher: &Searcher, all: u32) -> Result<Self, EngineError> {
        let mut ids = Vec::with_capacity(all as usize);
        for open in searcher.segments() {
            for batch in open.columns.read(&["id"], None)? {
                let column: &StringArray = typed(&batch, "id")?;
                for id in column.iter() {
                    ids.push(id.and_then(parse).ok_or_else(|| EngineError::other("A record has an id that is none."))?);
                }
            }
        }
        Ok(Ids { ids, sorted: OnceLock::new() })
    }

    /// Returns all rows, sorted by id.
    pub fn sorted(&self) -> &[u32] {
        self.sorted.get_or_init(|| {
            // Sorted with the bits beside the row: to look each up while sorting would take several times as long.
            let mut keyed: Vec<(u64, u16, u32)> = (0..).zip(&self.ids).map(|(row, id)| key(id, row)).collect();
            keyed.sort_unstable();
            keyed.into_iter().map(|(_, _, row)| row).collect()
        })
    }

    /// Returns the row of an id.
    pub fn row(&self, id: &Id) -> Option<u32> {
        let key = |row: &u32| self.ids.get(*row as usize);
        let place = self.sorted().partition_point(|row| key(row) < Some(id));
        self.sorted().get(place).copied().filter(|row| key(row) == Some(id))
    }

    /// Returns the id of a row as bits.
    pub fn bits(&self, row: u32) -> Option<&Id> {
        self.ids.get(row as usize)
    }

    /// Returns the id of a row.
    pub fn id(&self, row: u32) -> String {
        self.bits(row).map_or_else(String::new, text)
    }
}

/// Returns the bits of an id in two numbers that sort as they do, with its row.
fn key(id: &Id, row: u32) -> (u64, u16, u32) {
    let high = id.first_chunk::<8>().map_or(0, |high| u64::from_be_bytes(*high));
    let low = id.last_chunk::<2>().map_or(0, |low| u16::from_be_bytes(*low));
    (high, low, row)
}

/// Reads an id as people see it.
pub(super) fn parse(text: &str) -> Option<Id> {
    if text.len() != 16 {
        return None;
    }
    let mut bits: u128 = 0;
    for byte in text.bytes() {
        let digit = DIGITS.get(usize::from(byte)).copied().filter(|digit| *digit != NO_DIGIT)?;
        bits = bits << 5 | u128::from(digit);
    }
    bits.to_be_bytes().last_chunk::<10>().copied()
}

fn text(id: &Id) -> String {
    let bits = id.iter().fold(0u128, |n, b| n << 8 | u128::from(*b));
    (0..16).rev().map(|i| char::from(ALPHABET[(bits >> (i * 5) & 31) as usize])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_round_trip_and_others_are_none() {
        for id in ["0000000000000000", "zzzzzzzzzzzzzzzz", "0123456789abcdef", "zyxwvtsrqpnmkjhg"] {
            assert_eq!(parse(id).map(|bits| text(&bits)).as_deref(), Some(id));
        }
        for wrong in ["", "0", "000000000000000I", "00000000000000000", "../../etc/passwd", "０００００"] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }
}
