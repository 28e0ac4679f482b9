//! Small JPEG pictures made from nothing, with metadata as a camera writes it.

use crate::clock::write;

/// What a picture says about itself.
pub(crate) struct Shot<'a> {
    pub time: i64,
    /// Seconds ahead of UTC of the camera's clock.
    pub offset: i64,
    /// Latitude and longitude.
    pub place: Option<(f64, f64)>,
    /// Tells the picture from all others.
    pub comment: &'a str,
    /// Chooses the colours.
    pub tone: u64,
}

/// Blocks of eight pixels across and down.
const WIDE: u16 = 16;
const HIGH: u16 = 12;

/// Returns a whole baseline JPEG.
pub(crate) fn jpeg(shot: &Shot<'_>) -> Vec<u8> {
    let mut out = vec![0xff, 0xd8];
    segment(&mut out, 0xe1, &exif(shot));
    segment(&mut out, 0xfe, shot.comment.as_bytes());
    // Steps of eight for the mean of a block, which is all that the picture has.
    let mut table = vec![0u8];
    table.extend([8u8; 64]);
    segment(&mut out, 0xdb, &table);
    let [h1, h0] = (HIGH * 8).to_be_bytes();
    let [w1, w0] = (WIDE * 8).to_be_bytes();
    segment(&mut out, 0xc0, &[8, h1, h0, w1, w0, 3, 1, 0x11, 0, 2, 0x11, 0, 3, 0x11, 0]);
    // The standard's own table for means, and one with nothing but the end of a block.
    let mut means = vec![0x00, 0, 1, 5, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0];
    means.extend(0..12u8);
    segment(&mut out, 0xc4, &means);
    segment(&mut out, 0xc4, &[0x10, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    segment(&mut out, 0xda, &[3, 1, 0x00, 2, 0x00, 3, 0x00, 0, 63, 0]);
    pixels(&mut out, shot.tone);
    out.extend([0xff, 0xd9]);
    out
}

fn segment(out: &mut Vec<u8>, marker: u8, body: &[u8]) {
    out.extend([0xff, marker]);
    out.extend(((body.len() + 2) as u16).to_be_bytes());
    out.extend(body);
}

/// Draws a sky over a ground, in colours of its own for each tone.
fn pixels(out: &mut Vec<u8>, tone: u64) {
    let horizon = 5 + (tone % 4) as i32;
    let sun = (tone / 4 % u64::from(WIDE)) as i32;
    let hue = (tone / 64 % 8) as i32 - 4;
    let mut bits = Bits { out, held: 0, count: 0 };
    let mut last = [0; 3];
    for y in 0..i32::from(HIGH) {
        for x in 0..i32::from(WIDE) {
            let sky = y < horizon;
            let glow = 30 - 6 * ((x - sun).abs() + (y - 2).abs()).min(5);
            let colour = if sky {
                [20 + 6 * y + glow, 40 - 4 * y, -20 + hue * 3]
            } else {
                [-30 - 3 * (y - horizon), -20 + hue * 4, 6]
            };
            for (mean, last) in colour.iter().zip(&mut last) {
                bits.mean(mean - *last);
                *last = *mean;
            }
        }
    }
    bits.finish();
}

struct Bits<'a> {
    out: &'a mut Vec<u8>,
    held: u32,
    count: u32,
}

impl Bits<'_> {
    /// Writes how far a block's mean is from the last one's, and that the block has nothing else.
    fn mean(&mut self, difference: i32) {
        const CODES: [(u32, u32); 12] = [
            (0b00, 2),
            (0b010, 3),
            (0b011, 3),
            (0b100, 3),
            (0b101, 3),
            (0b110, 3),
            (0b1110, 4),
            (0b1_1110, 5),
            (0b11_1110, 6),
            (0b111_1110, 7),
            (0b1111_1110, 8),
            (0b1_1111_1110, 9),
        ];
        let size = (32 - difference.unsigned_abs().leading_zeros()).min(11);
        let (code, length) = CODES[size as usize];
        self.push(code, length);
        let value = if difference < 0 { difference - 1 } else { difference };
        self.push(value as u32 & ((1 << size) - 1), size);
        self.push(0, 1);
    }

    fn push(&mut self, value: u32, length: u32) {
        for bit in (0..length).rev() {
            self.held = self.held << 1 | (value >> bit & 1);
            self.count += 1;
            if self.count == 8 {
                self.out.push(self.held as u8);
                if self.held == 0xff {
                    self.out.push(0);
                }
                (self.held, self.count) = (0, 0);
            }
        }
    }

    fn finish(&mut self) {
        while self.count != 0 {
            self.push(1, 1);
        }
    }
}

/// A directory of tags: number, type, count and value.
#[derive(Default)]
struct Tags(Vec<(u16, u16, u32, Vec<u8>)>);

impl Tags {
    fn text(&mut self, tag: u16, text: &str) {
        let mut value = text.as_bytes().to_vec();
        value.push(0);
        self.0.push((tag, 2, value.len() as u32, value));
    }

    fn long(&mut self, tag: u16, value: u32) {
        self.0.push((tag, 4, 1, value.to_le_bytes().to_vec()));
    }

    /// Writes degrees as degrees, minutes and hundredths of seconds.
    fn degrees(&mut self, tag: u16, degrees: f64) {
        let hundredths = (degrees.abs() * 360_000.0).round() as u32;
        let parts = [(hundredths / 360_000, 1), (hundredths / 6000 % 60, 1), (hundredths % 6000, 100)];
        let value = parts.iter().flat_map(|(n, d): &(u32, u32)| [n.to_le_bytes(), d.to_le_bytes()]).flatten();
        self.0.push((tag, 5, 3, value.collect()));
    }

    /// Returns the bytes that the directory takes at the end of what comes before it.
    fn size(&self) -> u32 {
        let values: usize = self.0.iter().map(|t| t.3.len()).filter(|len| *len > 4).map(|len| len + len % 2).sum();
        (6 + 12 * self.0.len() + values) as u32
    }

    fn write(&self, out: &mut Vec<u8>) {
        let mut value_at = out.len() + 6 + 12 * self.0.len();
        let mut values = Vec::new();
        out.extend((self.0.len() as u16).to_le_bytes());
        for (tag, kind, count, value) in &self.0 {
            out.extend(tag.to_le_bytes());
            out.extend(kind.to_le_bytes());
            out.extend(count.to_le_bytes());
            if value.len() <= 4 {
                out.extend(value);
                out.extend(std::iter::repeat_n(0, 4 - value.len()));
            } else {
                out.extend((value_at as u32).to_le_bytes());
                values.extend(value);
                values.extend(std::iter::repeat_n(0, value.len() % 2));
                value_at += value.len() + value.len() % 2;
            }
        }
        out.extend([0; 4]);
        out.extend(values);
    }
}

fn exif(shot: &Shot<'_>) -> Vec<u8> {
    let taken = write(shot.time, shot.offset, "%Y:%m:%d %H:%M:%S");
    let mut camera = Tags::default();
    camera.text(0x9003, &taken);
    camera.text(0x9011, &write(shot.time, shot.offset, "%:z"));
    let mut place = Tags::default();
    if let Some((lat, lon)) = shot.place {
        place.text(1, if lat < 0.0 { "S" } else { "N" });
        place.degrees(2, lat);
        place.text(3, if lon < 0.0 { "W" } else { "E" });
        place.degrees(4, lon);
    }
    let first = |camera_at: u32, place_at: u32| {
        let mut first = Tags::default();
        first.text(0x010f, "Example");
        first.text(0x0110, "Phone 5");
        first.text(0x0132, &taken);
        first.long(0x8769, camera_at);
        if !place.0.is_empty() {
            first.long(0x8825, place_at);
        }
        first
    };
    // Where the later directories begin follows from the size of the first, which does not depend on it.
    let camera_at = 8 + first(0, 0).size();
    let mut tiff = b"II*\0\x08\0\0\0".to_vec();
    first(camera_at, camera_at + camera.size()).write(&mut tiff);
    camera.write(&mut tiff);
    if !place.0.is_empty() {
        place.write(&mut tiff);
    }
    [b"Exif\0\0".as_slice(), &tiff].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_has_its_parts() {
        let shot = Shot { time: 1_700_000_000, offset: 3600, place: Some((-33.5, 151.25)), comment: "one", tone: 77 };
        let bytes = jpeg(&shot);
        assert!(bytes.starts_with(&[0xff, 0xd8, 0xff, 0xe1]) && bytes.ends_with(&[0xff, 0xd9]));
        assert!(bytes.windows(19).any(|w| w == b"2023:11:14 23:13:20"));
        assert_ne!(bytes, jpeg(&Shot { comment: "two", ..shot }));
    }
}
