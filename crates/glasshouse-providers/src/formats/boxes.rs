//! The header of a film or recording in boxes (QuickTime, MP4): when it was made and how long it is.

use jiff::Timestamp;

/// What `mvhd` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MovieHeader {
    /// Its counts have 64 bits and not 32.
    pub wide: bool,
    /// Seconds since 1904 in UTC; 0 where the clock was never set.
    created: u64,
    /// Units a second, and how many of them the film has.
    scale: u32,
    duration: u64,
}

impl MovieHeader {
    /// Returns the header of a file, if its boxes lead to one.
    pub fn find(bytes: &[u8]) -> Option<Self> {
        Self::read(child(child(bytes, b"moov")?, b"mvhd")?)
    }

    fn read(body: &[u8]) -> Option<Self> {
        let u32_at = |at: usize| Some(u32::from_be_bytes(body.get(at..at + 4)?.try_into().ok()?));
        let u64_at = |at: usize| Some(u64::from_be_bytes(body.get(at..at + 8)?.try_into().ok()?));
        match body.first()? {
            0 => Some(MovieHeader {
                wide: false,
                created: u32_at(4)?.into(),
                scale: u32_at(12)?,
                duration: u32_at(16)?.into(),
            }),
            1 => Some(MovieHeader { wide: true, created: u64_at(4)?, scale: u32_at(20)?, duration: u64_at(24)? }),
            _ => None,
        }
    }

    /// Returns when it was made; none where the clock was never set or counts beyond any calendar.
    pub fn created(&self) -> Option<Timestamp> {
        const TO_1970: i64 = 2_082_844_800;
        let seconds = i64::try_from(self.created).ok().filter(|s| *s > 0)?.checked_sub(TO_1970)?;
        Timestamp::from_second(seconds).ok()
    }

    /// Returns how long it is; none where it does not say.
    pub fn milliseconds(&self) -> Option<u64> {
        let unknown = self.duration == u64::MAX || (!self.wide && self.duration == u64::from(u32::MAX));
        let whole = u128::from(self.duration) * 1000;
        whole.checked_div(self.scale.into()).and_then(|ms| u64::try_from(ms).ok()).filter(|_| !unknown)
    }
}

/// Returns the content of the first box of a kind among those that `bytes` are.
fn child<'b>(bytes: &'b [u8], kind: &[u8; 4]) -> Option<&'b [u8]> {
    /// No file has more boxes side by side above its tracks.
    const MOST: usize = 1000;
    let mut rest = bytes;
    for _ in 0..MOST {
        let short = u64::from(u32::from_be_bytes(rest.get(..4)?.try_into().ok()?));
        let (head, length) = match short {
            1 => (16, u64::from_be_bytes(rest.get(8..16)?.try_into().ok()?)),
            0 => (8, rest.len() as u64),
            _ => (8, short),
        };
        let length = usize::try_from(length).ok().filter(|length| *length >= head)?;
        if rest.get(4..8)? == kind {
            return rest.get(head..length.min(rest.len()));
        }
        rest = rest.get(length..)?;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn boxed(kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
        [&(body.len() as u32 + 8).to_be_bytes()[..], kind, body].concat()
    }

    #[test]
    fn both_widths_are_read() {
        let narrow =
            [&[0; 4][..], &3_850_426_000_u32.to_be_bytes(), &[0; 4], &600_u32.to_be_bytes(), &900_u32.to_be_bytes()];
        let wide = [
            &[1, 0, 0, 0][..],
            &3_850_426_000_u64.to_be_bytes(),
            &[0; 8],
            &600_u32.to_be_bytes(),
            &900_u64.to_be_bytes(),
        ];
        for (body, is_wide) in [(narrow.concat(), false), (wide.concat(), true)] {
            let file = [boxed(b"ftyp", b"isom"), boxed(b"moov", &boxed(b"mvhd", &body))].concat();
            let header = MovieHeader::find(&file).expect("a header");
            assert_eq!((header.wide, header.milliseconds()), (is_wide, Some(1500)));
            assert_eq!(header.created().map(|t| t.as_second()), Some(1_767_581_200));
        }
    }

    #[test]
    fn damage_gives_nothing() {
        for file in [
            &b""[..],
            b"\0\0\0\x08moov",
            b"\0\0\0\x04moov",
            b"\0\0\0\x01moov\0\0\0\0\0\0\0\0",
            b"\xff\xff\xff\xffmoov\0",
        ] {
            assert_eq!(MovieHeader::find(file), None);
        }
        let unset = [&[0; 12][..], &[0; 4], &u32::MAX.to_be_bytes()].concat();
        let header = MovieHeader::read(&unset).expect("a header");
        assert_eq!((header.created(), header.milliseconds()), (None, None));
    }
}
