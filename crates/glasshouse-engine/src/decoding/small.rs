//! A picture that browsers can show, made of another, and what it looks like in 64 bits. It runs in the process that takes
//! pictures apart, and nowhere else.

use heifer::FileTypeResult;
use image::codecs::jpeg::JpegEncoder;
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits, RgbImage, RgbaImage, imageops};
use std::io::Cursor;
use zune_core::bytestream::ZCursor;
use zune_core::options::DecoderOptions;
use zune_png::PngDecoder;

/// Pixels of the longer side of a small picture, and of one that is looked at.
const SMALL: u32 = 512;
const LARGE: u32 = 2560;
/// A preview in HEIC is large enough for a small picture from so many pixels of its longer side on.
const LEAST_PREVIEW: u32 = 240;
/// What is taken apart: pixels of a side and altogether, and memory for it.
const MOST_SIDE: u32 = 32_000;
const MOST_PIXELS: u64 = 120_000_000;
const MOST_MEMORY: u64 = 1 << 30;
/// How much of a picture the JPEG keeps, of 100.
const QUALITY: u8 = 80;

/// A picture made of another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Small {
    pub jpeg: Vec<u8>,
    /// Whether each of 8 by 8 places is darker than the one to its right (dHash): like pictures differ in few of them.
    pub look: u64,
}

/// Makes a small picture of a JPEG, PNG, WebP, GIF or HEIC, of several the first; turned as it says that it is to be
/// seen. None for other kinds, for what is damaged and for what is too large.
pub fn small(bytes: &[u8]) -> Option<Small> {
    let preview = is_heic(bytes).then(|| heic_preview(bytes)).flatten();
    made(preview.map(upright).or_else(|| whole(bytes))?, SMALL)
}

/// Makes a picture to be looked at, of the same kinds.
pub fn large(bytes: &[u8]) -> Option<Small> {
    made(whole(bytes)?, LARGE)
}

/// A picture, and how it is to be turned.
type Turned = (DynamicImage, Orientation);

fn upright(picture: DynamicImage) -> Turned {
    (picture, Orientation::NoTransforms)
}

fn made((whole, turned): Turned, side: u32) -> Option<Small> {
    // Nothing is made larger than it is; what is small is turned in little memory.
    let mut small = if whole.width().max(whole.height()) > side { whole.thumbnail(side, side) } else { whole };
    small.apply_orientation(turned);
    let small = opaque(&small);
    let mut jpeg = Vec::new();
    JpegEncoder::new_with_quality(&mut jpeg, QUALITY).encode_image(&small).ok()?;
    Some(Small { look: look(&small), jpeg })
}

/// Returns whether a picture of this size is taken apart.
fn bounded(width: u64, height: u64) -> Option<()> {
    let side = u64::from(MOST_SIDE);
    (width > 0 && height > 0 && width <= side && height <= side && width * height <= MOST_PIXELS).then_some(())
}

fn whole(bytes: &[u8]) -> Option<Turned> {
    if is_heic(bytes) {
        return heic(bytes).map(upright);
    }
    if bytes.starts_with(b"\x89PNG") {
        return png(bytes).map(upright);
    }
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
    bounded(width.into(), height.into())?;
    let turned = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    Some((DynamicImage::from_decoder(decoder).ok()?, turned))
}

fn png(bytes: &[u8]) -> Option<DynamicImage> {
    // None of the library's hand-made instructions: they are not needed for small pictures.
    let options = DecoderOptions::default()
        .set_use_unsafe(false)
        .set_max_width(MOST_SIDE as usize)
        .set_max_height(MOST_SIDE as usize)
        .png_set_strip_to_8bit(true)
        .png_set_add_alpha_channel(true);
    let mut decoder = PngDecoder::new_with_options(ZCursor::new(bytes), options);
    decoder.decode_headers().ok()?;
    let (width, height) = decoder.dimensions()?;
    bounded(width as u64, height as u64)?;
    let pixels = decoder.decode().ok()?.u8()?;
    let (wide, tall) = (u32::try_from(width).ok()?, u32::try_from(height).ok()?);
    // Grey with what one sees through it, or colours.
    if pixels.len() == width.checked_mul(height)?.checked_mul(2)? {
        return Some(image::GrayAlphaImage::from_raw(wide, tall, pixels)?.into());
    }
    Some(RgbaImage::from_raw(wide, tall, pixels)?.into())
}

fn is_heic(bytes: &[u8]) -> bool {
    bytes.get(4..8) == Some(b"ftyp")
        && matches!(heifer::check_file_type(bytes), FileTypeResult::Supported | FileTypeResult::MayBe)
}

/// Takes a HEIC apart, which turns it as it says.
fn heic(bytes: &[u8]) -> Option<DynamicImage> {
    let bounds = heifer::Options { max_threads: 1, max_pixels: MOST_PIXELS };
    // Colours of a kind that cannot be turned into those of a screen are shown as they are written.
    let picture = heifer::decode_srgb_rgba8(bytes, &bounds).or_else(|_| heifer::decode_rgba8(bytes, &bounds)).ok()?;
    bounded(picture.width.into(), picture.height.into())?;
    Some(RgbaImage::from_raw(picture.width, picture.height, picture.data)?.into())
}

/// Returns the preview in a HEIC, which is there sooner, if it is large enough.
fn heic_preview(bytes: &[u8]) -> Option<DynamicImage> {
    let preview = heifer::decode_thumbnail(bytes).ok()??;
    (preview.width.max(preview.height) >= LEAST_PREVIEW).then_some(())?;
    Some(RgbaImage::from_raw(preview.width, preview.height, preview.to_rgba8())?.into())
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

    /// The colours in the middle of the four quarters of a picture.
    fn quarters(jpeg: &[u8]) -> [[u8; 3]; 4] {
        let read = image::load_from_memory(jpeg).expect("a JPEG").to_rgb8();
        let (wide, tall) = (read.width() / 4, read.height() / 4);
        [(1, 1), (3, 1), (1, 3), (3, 3)].map(|(x, y)| read.get_pixel(x * wide, y * tall).0)
    }

    fn close(found: [[u8; 3]; 4], drawn: [[u8; 3]; 4]) {
        for (found, drawn) in found.iter().flatten().zip(drawn.iter().flatten()) {
            assert!(found.abs_diff(*drawn) <= 12, "{found} for {drawn}");
        }
    }

    /// What `fixtures/quarters.heic` was made of by another program.
    const DRAWN: [[u8; 3]; 4] = [[200, 30, 30], [30, 160, 40], [30, 60, 200], [240, 240, 230]];

    #[test]
    fn heic_is_taken_apart() {
        let bytes = include_bytes!("fixtures/quarters.heic");
        let found = small(bytes).expect("a picture");
        close(quarters(&found.jpeg), DRAWN);
        assert_eq!(large(bytes), Some(found), "it is as small as that");
        close(quarters(&small(include_bytes!("fixtures/quarters-small.heic")).expect("a picture").jpeg), DRAWN);
        for length in 0..bytes.len() {
            // Half a picture may be seen, and is no panic.
            let _ = small(bytes.get(..length).expect("a part"));
            let mut other = bytes.to_vec();
            other.iter_mut().skip(length).take(1).for_each(|byte| *byte ^= 0x55);
            let _ = small(&other);
        }
    }

    #[test]
    fn png_is_taken_apart() {
        // A PNG of stored blocks, written here: of each kind of colour one.
        let drawn = |x: usize, y: usize| DRAWN[usize::from(x >= 20) + 2 * usize::from(y >= 15)];
        let (wide, tall) = (40usize, 30usize);
        let png = |colour: u8, pixel: &dyn Fn([u8; 3]) -> Vec<u8>| {
            let mut raw = Vec::new();
            for y in 0..tall {
                raw.push(0);
                (0..wide).for_each(|x| raw.extend(pixel(drawn(x, y))));
            }
            stored_png(wide as u32, tall as u32, colour, &raw)
        };
        close(quarters(&small(&png(2, &|c| c.to_vec())).expect("colours").jpeg), DRAWN);
        close(quarters(&small(&png(6, &|[r, g, b]| vec![r, g, b, 255])).expect("with alpha").jpeg), DRAWN);
        let grey = |[r, _, _]: [u8; 3]| vec![r];
        close(quarters(&small(&png(0, &grey)).expect("grey").jpeg), DRAWN.map(|[r, _, _]| [r; 3]));
        let clear = small(&png(6, &|[r, g, b]| vec![r, g, b, 0])).expect("nothing to see");
        close(quarters(&clear.jpeg), [[255; 3]; 4]);
        assert_eq!(small(&stored_png(40, 30, 2, b"short")).map(|_| ()), None, "too few bytes");
        assert_eq!(small(&stored_png(31_000, 31_000, 2, b"")), None, "larger than is taken apart");
    }

    /// Writes a PNG whose pixels are not compressed.
    fn stored_png(wide: u32, tall: u32, colour: u8, raw: &[u8]) -> Vec<u8> {
        let mut packed = vec![0x78, 0x01];
        let length = raw.len() as u16;
        packed.push(1);
        packed.extend(length.to_le_bytes());
        packed.extend((!length).to_le_bytes());
        packed.extend(raw);
        let (mut a, mut b) = (1u32, 0u32);
        for byte in raw {
            a = (a + u32::from(*byte)) % 65521;
            b = (b + a) % 65521;
        }
        packed.extend((b << 16 | a).to_be_bytes());
        let mut png = b"\x89PNG\r\n\x1a\n".to_vec();
        let mut chunk = |kind: &[u8; 4], data: &[u8]| {
            png.extend((data.len() as u32).to_be_bytes());
            png.extend(kind);
            png.extend(data);
            let crc = kind.iter().chain(data).fold(!0u32, |crc, byte| {
                (0..8).fold(crc ^ u32::from(*byte), |crc, _| crc >> 1 ^ (0xedb8_8320 & (crc & 1).wrapping_neg()))
            });
            png.extend((!crc).to_be_bytes());
        };
        let mut head = [wide.to_be_bytes(), tall.to_be_bytes()].concat();
        head.extend([8, colour, 0, 0, 0]);
        chunk(b"IHDR", &head);
        chunk(b"IDAT", &packed);
        chunk(b"IEND", &[]);
        png
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
