use super::{Name, Named};
use crate::formats::bytes::{array, le16, le32, slice};
use std::collections::HashMap;

/// The names that ids of 0x8000 and more stand for in one file.
pub(crate) type Names = HashMap<u16, Named>;

/// Sets that have no place in a file's list of sets.
const MAPI: [u8; 16] = [0x28, 0x03, 0x02, 0, 0, 0, 0, 0, 0xC0, 0, 0, 0, 0, 0, 0, 0x46];
const PUBLIC_STRINGS: [u8; 16] = [0x29, 0x03, 0x02, 0, 0, 0, 0, 0, 0xC0, 0, 0, 0, 0, 0, 0, 0x46];

/// Reads the names of properties from a file's lists of sets, of entries and of texts.
pub(crate) fn read_names(sets: &[u8], entries: &[u8], texts: &[u8]) -> Names {
    let mut names = Names::new();
    for entry in entries.chunks_exact(8) {
        let (Some(what), Some(set), Some(index)) = (le32(entry, 0), le16(entry, 4), le16(entry, 6)) else { continue };
        let guid = match set >> 1 {
            1 => Some(MAPI),
            2 => Some(PUBLIC_STRINGS),
            n => usize::from(n).checked_sub(3).and_then(|n| array(sets, 16 * n)),
        };
        let name = if set & 1 == 0 { Some(Name::Number(what)) } else { text(texts, what).map(Name::Text) };
        if let (Some(set), Some(name), Some(id)) = (guid, name, index.checked_add(0x8000)) {
            names.insert(id, Named { set, name });
        }
    }
    names
}

/// Returns a name of the list of names: its length in bytes, and UTF-16.
fn text(texts: &[u8], at: u32) -> Option<String> {
    const LONGEST: usize = 1024;
    let at = usize::try_from(at).ok()?;
    let length = usize::try_from(le32(texts, at)?).ok().filter(|n| *n <= LONGEST)?;
    let units = slice(texts, at + 4, length)?.as_chunks::<2>().0;
    Some(String::from_utf16_lossy(&units.iter().map(|u| u16::from_le_bytes(*u)).collect::<Vec<_>>()))
}
