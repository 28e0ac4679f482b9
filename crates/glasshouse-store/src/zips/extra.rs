//! Extra fields, names and times of zip entries.

use crate::listing::{u16_at, u32_at, u64_at};

/// What the extra fields of a header say, as far as it matters here.
#[derive(Clone, Debug, Default)]
pub(crate) struct Extra {
    zip64: Vec<u8>,
    /// Seconds since 1970.
    pub unix_time: Option<i64>,
    /// 100 ns since 1601.
    pub ntfs_time: Option<u64>,
    /// A name in Unicode, with the checksum of the name that it replaces.
    pub unicode_name: Option<(u32, Vec<u8>)>,
    /// Version, vendor, strength and real method of AES encryption.
    pub aes: Option<[u8; 7]>,
}

impl Extra {
    pub(crate) fn read(mut bytes: &[u8]) -> Self {
        let mut extra = Self::default();
        while bytes.len() >= 4 {
            let id = u16_at(bytes, 0);
            let len = usize::from(u16_at(bytes, 2));
            let Some(field) = bytes.get(4..4 + len) else {
                break;
            };
            bytes = bytes.get(4 + len..).unwrap_or_default();
            match id {
                0x0001 if extra.zip64.is_empty() => extra.zip64 = field.to_vec(),
                0x5455 if field.len() >= 5 && field.first().is_some_and(|f| f & 1 == 1) => {
                    extra.unix_time = Some(i64::from(u32_at(field, 1) as i32));
                }
                0x000a => extra.ntfs_time = ntfs_time(field),
                0x7075 if field.first() == Some(&1) && len > 5 => {
                    let name = field.get(5..).unwrap_or_default().to_vec();
                    extra.unicode_name = Some((u32_at(field, 1), name));
                }
                0x9901 => extra.aes = field.first_chunk::<7>().copied(),
                _ => {}
            }
        }
        extra
    }

    /// Replaces each number that is all ones, in the order of the ZIP64 field.
    pub(crate) fn widen<const N: usize>(&self, fields: [u32; N]) -> Option<[u64; N]> {
        let mut at = 0;
        let mut wide = [0; N];
        for (to, from) in wide.iter_mut().zip(fields) {
            *to = u64::from(from);
            if from == u32::MAX {
                // Without a ZIP64 field the number means itself.
                if self.zip64.is_empty() {
                    continue;
                }
                if self.zip64.len() < at + 8 {
                    return None;
                }
                *to = u64_at(&self.zip64, at);
                at += 8;
            }
        }
        Some(wide)
    }
}

fn ntfs_time(field: &[u8]) -> Option<u64> {
    let mut rest = field.get(4..)?;
    while rest.len() >= 4 {
        let len = usize::from(u16_at(rest, 2));
        if u16_at(rest, 0) == 1 && len >= 8 && rest.len() >= 12 {
            return Some(u64_at(rest, 4)).filter(|time| *time != 0);
        }
        rest = rest.get(4 + len..)?;
    }
    None
}

/// A name as text, and whether the archive broke its own word about the encoding.
pub(crate) fn name(raw: &[u8], flags: u16, extra: &Extra) -> (String, bool) {
    let says_utf8 = flags & 0x800 != 0;
    if let (false, Some((crc, unicode))) = (says_utf8, &extra.unicode_name)
        && *crc == crc32fast::hash(raw)
        && let Ok(text) = std::str::from_utf8(unicode)
    {
        return (text.to_owned(), false);
    }
    match std::str::from_utf8(raw) {
        Ok(text) => (text.to_owned(), false),
        Err(_) => (raw.iter().map(|b| cp437(*b)).collect(), says_utf8),
    }
}

const CP437: &str = "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u{a0}";

fn cp437(byte: u8) -> char {
    match byte.checked_sub(128) {
        None => char::from(byte),
        Some(n) => CP437.chars().nth(usize::from(n)).unwrap_or('\u{fffd}'),
    }
}

/// The time of the last change: UTC where an extra field states it, else the local time of DOS.
pub(crate) fn modified(dos: u32, extra: &Extra) -> Option<String> {
    if let Some(seconds) = extra.unix_time {
        return utc(seconds, 0);
    }
    if let Some(ticks) = extra.ntfs_time {
        const FROM_1601_TO_1970: i64 = 11_644_473_600;
        let seconds = i64::try_from(ticks / 10_000_000).ok()? - FROM_1601_TO_1970;
        return utc(seconds, (ticks % 10_000_000) as i32 * 100);
    }
    let (date, time) = (dos >> 16, dos & 0xffff);
    let (year, month, day) = (1980 + (date >> 9), (date >> 5) & 15, date & 31);
    let (hour, minute, second) = (time >> 11, (time >> 5) & 63, (time & 31) * 2);
    let valid = (1..=12).contains(&month) && (1..=31).contains(&day) && hour < 24 && minute < 60 && second < 60;
    valid.then(|| format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}"))
}

/// An instant as text with `Z`.
pub(crate) fn utc(seconds: i64, nanoseconds: i32) -> Option<String> {
    let time = jiff::Timestamp::new(seconds, nanoseconds).ok()?;
    Some(time.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cp437_has_all_of_its_upper_half() {
        assert_eq!(CP437.chars().count(), 128);
        assert_eq!(name(&[b'a', 0x84], 0, &Extra::default()).0, "aä");
        assert_eq!(name(&[0xff], 0x800, &Extra::default()), ("\u{a0}".into(), true));
    }

    #[test]
    fn unicode_name_counts_only_for_the_name_it_was_made_for() {
        let mut field = vec![1];
        field.extend_from_slice(&crc32fast::hash(b"gr?n").to_le_bytes());
        field.extend_from_slice("grün".as_bytes());
        let mut bytes = vec![0x75, 0x70, field.len() as u8, 0];
        bytes.extend_from_slice(&field);
        let extra = Extra::read(&bytes);
        assert_eq!(name(b"gr?n", 0, &extra).0, "grün");
        assert_eq!(name(b"other", 0, &extra).0, "other");
    }

    #[test]
    fn times_say_whether_they_are_utc() {
        let extra = Extra::read(&[0x55, 0x54, 5, 0, 1, 0x80, 0x00, 0x92, 0x65]);
        assert_eq!(modified(0, &extra).as_deref(), Some("2024-01-01T00:00:00Z"));
        let dos = (((2024 - 1980) << 9 | 3 << 5 | 2) << 16) | (4 << 11 | 5 << 5 | 3);
        let plain = modified(dos, &Extra::default());
        assert_eq!(plain.as_deref(), Some("2024-03-02T04:05:06"));
        assert_eq!(modified(0, &Extra::default()), None);
    }
}
