//! A small picture made of a large one, and what it looks like in 64 bits. It runs in the process that takes pictures
//! apart, and nowhere else.

use image::codecs::jpeg::JpegEncoder;
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits, RgbImage, imageops};
use std::io::Cursor;

/// Pixels of the longer side of a small picture.
const SIDE: u32 = 512;
/// What is taken apart: pixels of a side and altogether, and memory for it.
const MOST_SIDE: u32 = 32_000;
const MOST_PIXELS: u64 = 120_000_000;
const MOST_MEMORY: u64 = 1 << 30;
/// How much of a picture the JPEG keeps, of 100.
const QUALITY: u8 = 80;

/// A small picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Small {
    pub jpeg: Vec<u8>,
    /// Whether each of 8 by 8 places is darker than the one to its right (dHash): like pictures differ in few of them.
    pub look: u64,
}

/// Makes a small picture of a JPEG, WebP or GIF, of which the first picture; turned as it says that it is to be
/// seen. None for other kinds, for what is damaged and for what is too large.
pub fn small(bytes: &[u8]) -> Option<Small> {
    let mut reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format().ok()?;
    let known = [ImageFormat::Jpeg, ImageFormat::WebP, ImageFormat::Gif];
    known.contains(&reader.format()?).then_some(())?;
    let mut limits = Limits::default();
    limits.max_image_width = Some(MOST_SIDE);
    limits.max_image_height = Some(MOST_SIDE);
    limits.max_alloc = Some(MOST_MEMORY);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().ok()?;
    let (width, height) = decoder.dimensions();
    (width > 0 && height > 0 && u64::from(width) * u64::from(height) <= MOST_PIXELS).then_some(())?;
    let turned = decoder.orientation();
    let whole = DynamicImage::from_decoder(decoder).ok()?;
    // Nothing is made larger than it is.
    let mut small = if width.max(height) > SIDE { whole.thumbnail(SIDE, SIDE) } else { whole };
    if let Ok(turned) = turned {
        small.apply_orientation(turned);
    }
    let small = opaque(&small);
    let mut jpeg = Vec::new();
    JpegEncoder::new_with_quality(&mut jpeg, QUALITY).encode_image(&small).ok()?;
    Some(Small { look: look(&small), jpeg })
}

/// Returns a picture on white where one sees through it.
fn opaque(picture: &DynamicImage) -> RgbImage {
    let mut flat = RgbImage::new(picture.width(), picture.height());
    for (to, from) in flat.pixels_mut().zip(picture.to_rgba8().pixels()) {
        let [r, g, b, a] = from.0.map(u32::from);
        to.0 = [r, g, b].map(|c| ((c * a + 255 * (255 - a)) / 255) as u8);
    }
    flat
}

fn look(picture: &RgbImage) -> u64 {
    let grey = imageops::thumbnail(&DynamicImage::from(picture.clone()).to_luma8(), 9, 8);
    let bits = grey.rows().flat_map(|row| {
        let row: Vec<u8> = row.map(|pixel| pixel.0.iter().copied().sum()).collect();
        row.windows(2).map(|pair| pair.first() < pair.last()).collect::<Vec<bool>>()
    });
    bits.fold(0, |all, bit| all << 1 | u64::from(bit))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(width: u32, height: u32, of: impl Fn(u32, u32) -> [u8; 3]) -> RgbImage {
        RgbImage::from_fn(width, height, |x, y| image::Rgb(of(x * 64 / width, y * 64 / height)))
    }

    fn webp(picture: &DynamicImage) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        picture.write_to(&mut bytes, ImageFormat::WebP).expect("written");
        bytes.into_inner()
    }

    #[test]
    fn a_small_picture_is_small_and_looks_like_the_large_one() {
        let one = |x: u32, y: u32| [(x * 3) as u8, ((x * y) % 251) as u8, (y * 2) as u8];
        let other = |x: u32, y: u32| [(((64 - x) * y) % 255) as u8, (x * x % 255) as u8, 9];
        let large = small(&webp(&drawn(1600, 1200, one).into())).expect("a picture");
        let read = image::load_from_memory(&large.jpeg).expect("a JPEG");
        assert_eq!((read.width(), read.height()), (512, 384));
        let copy = small(&webp(&drawn(300, 225, one).into())).expect("a picture");
        assert_eq!(image::load_from_memory(&copy.jpeg).expect("a JPEG").width(), 300, "not made larger");
        let far = small(&webp(&drawn(1600, 1200, other).into())).expect("a picture");
        let apart = |a: u64, b: u64| (a ^ b).count_ones();
        assert!(apart(large.look, copy.look) <= 6, "{}", apart(large.look, copy.look));
        assert!(apart(large.look, far.look) > 16, "{}", apart(large.look, far.look));
    }

    #[test]
    fn what_one_sees_through_is_white() {
        let clear = image::RgbaImage::from_pixel(4, 4, image::Rgba([0, 0, 0, 0]));
        let small = small(&webp(&clear.into())).expect("a picture");
        let read = image::load_from_memory(&small.jpeg).expect("a JPEG").to_rgb8();
        assert!(read.pixels().all(|p| p.0.iter().all(|c| *c > 250)));
    }

    #[test]
    fn what_is_no_picture_or_too_large_gives_none() {
        let whole = webp(&drawn(40, 30, |x, y| [x as u8, y as u8, 0]).into());
        assert!(small(&whole).is_some());
        assert_eq!(small(b"BM\x3a\0\0\0"), None);
        assert_eq!(small(&[]), None);
        assert_eq!(small(whole.get(..whole.len() / 2).expect("half")), None, "half of one");
        // A header that promises more than is taken apart: 14 bits each of width and height behind the signature.
        let mut vast = whole.clone();
        assert_eq!(vast.get(20), Some(&0x2f));
        vast.splice(21..25, [0xff, 0xff, 0xff, 0x0f]);
        assert_eq!(small(&vast), None);
    }
}
