//! Times that a picture states and that are none: a clock that was never set, or a month too many. The library leaves
//! out what it can make no time of; what was written is kept all the same.

/// Directories have a few dozen tags.
const MOST_TAGS: usize = 1000;
const MARK: &[u8] = b"Exif\0\0";
/// A JPEG's markers put the block early.
const FAR_ENOUGH: usize = 1 << 20;
const DIRECTORY: u16 = 0x8769;
const TIMES: [(u16, &str); 3] = [(0x0132, "ModifyDate"), (0x9003, "DateTimeOriginal"), (0x9004, "CreateDate")];

/// Returns the tags of times, by the names that the library has for them, and their texts as written.
pub fn stated(bytes: &[u8]) -> Vec<(&'static str, String)> {
    let head = bytes.get(..bytes.len().min(FAR_ENOUGH)).unwrap_or_default();
    let block = match memchr::memmem::find(head, MARK) {
        Some(at) => bytes.get(at + MARK.len()..),
        None => Some(bytes),
    };
    block.and_then(Block::of).map(|block| block.times()).unwrap_or_default()
}

/// Says whether a time is what a camera writes whose clock was never set: zeros, or blanks.
pub fn is_unset(text: &str) -> bool {
    !text.bytes().any(|b| matches!(b, b'1'..=b'9'))
}

/// A block of tags, in either order of bytes.
struct Block<'a> {
    bytes: &'a [u8],
    little: bool,
}

impl<'a> Block<'a> {
    fn of(bytes: &'a [u8]) -> Option<Self> {
        let little = match bytes.get(..4)? {
            b"II*\0" => true,
            b"MM\0*" => false,
            _ => return None,
        };
        Some(Block { bytes, little })
    }

    fn u16(&self, at: usize) -> Option<u16> {
        let two = self.bytes.get(at..at.checked_add(2)?)?.try_into().ok()?;
        Some(if self.little { u16::from_le_bytes(two) } else { u16::from_be_bytes(two) })
    }

    fn u32(&self, at: usize) -> Option<usize> {
        let four = self.bytes.get(at..at.checked_add(4)?)?.try_into().ok()?;
        Some(if self.little { u32::from_le_bytes(four) } else { u32::from_be_bytes(four) } as usize)
    }

    /// Returns where the tags of a directory lie.
    fn tags(&self, at: usize) -> impl Iterator<Item = (u16, usize)> + '_ {
        let count = self.u16(at).map_or(0, usize::from).min(MOST_TAGS);
        (0..count).map_while(move |n| at.checked_add(2 + n * 12)).map_while(|at| Some((self.u16(at)?, at)))
    }

    fn times(&self) -> Vec<(&'static str, String)> {
        let Some(first) = self.u32(4) else { return Vec::new() };
        let below = self.tags(first).find(|(tag, _)| *tag == DIRECTORY).and_then(|(_, at)| self.u32(at + 8));
        let all = self.tags(first).chain(below.into_iter().flat_map(|at| self.tags(at)));
        let times = all.filter_map(|(tag, at)| {
            let (_, name) = TIMES.iter().find(|(time, _)| *time == tag)?;
            Some((*name, self.text(at)?))
        });
        times.take(TIMES.len()).collect()
    }

    /// Returns a text of the length that times have; another is left to the library.
    fn text(&self, tag: usize) -> Option<String> {
        const ASCII: u16 = 2;
        let (kind, length) = (self.u16(tag + 2)?, self.u32(tag + 4)?);
        if kind != ASCII || !(5..=40).contains(&length) {
            return None;
        }
        let from = self.u32(tag + 8)?;
        let text = std::str::from_utf8(self.bytes.get(from..from.checked_add(length)?)?).ok()?;
        let text = text.trim_end_matches(['\0', ' ']);
        (!text.is_empty()).then(|| text.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(little: bool, text: &[u8]) -> Vec<u8> {
        let two = |n: u16| if little { n.to_le_bytes() } else { n.to_be_bytes() };
        let four = |n: u32| if little { n.to_le_bytes() } else { n.to_be_bytes() };
        let mut bytes = if little { b"II*\0".to_vec() } else { b"MM\0*".to_vec() };
        bytes.extend(four(8));
        for (tag, kind, length, value) in [(DIRECTORY, 4, 1, 26), (0x9003, 2, text.len() as u32, 44)] {
            bytes.extend([two(1), two(tag), two(kind)].concat());
            bytes.extend([four(length), four(value), four(0)].concat());
        }
        bytes.extend(text);
        bytes
    }

    #[test]
    fn times_are_found_as_they_are_written() {
        for little in [true, false] {
            let block = block(little, b"2024:13:40 10:00:00\0");
            let expected = [("DateTimeOriginal", "2024:13:40 10:00:00".to_owned())];
            assert_eq!(stated(&block), expected);
            assert_eq!(stated(&[b"\xff\xd8 Exif\0\0", &block[..]].concat()), expected);
            for cut in 0..block.len() {
                let _ = stated(&block[..cut]);
                let mut changed = block.clone();
                changed[cut] = 0xff;
                let _ = stated(&changed);
            }
        }
        assert_eq!(stated(b"Exif\0\0"), []);
        assert_eq!(stated(&block(true, &[0; 20])), []);
    }
}
