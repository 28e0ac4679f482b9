//! What pictures and films say about themselves: EXIF, QuickTime and MP4 headers.

mod decode;
mod times;

pub use decode::{Decoded, Decoder, Here, NoExif, decode};

use super::boxes::MovieHeader;
use crate::{Frame, Opened, Sink};
use glasshouse_model::{Fields, Moment, MomentRole, Place, Precision, Record, Ref, ZoneBasis};

/// What was read from a picture or film.
#[derive(Debug, Default)]
pub struct Exif {
    /// Each tag's name and value as text, in the order of the file.
    pub tags: Vec<(String, String)>,
    pub taken: Option<Moment>,
    pub place: Option<Place>,
    /// Names of tags whose values could not be read.
    pub unreadable: Vec<String>,
}

impl Exif {
    fn of(decoded: Decoded) -> Self {
        let tag = |name: &str| decoded.tags.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str());
        let taken = match &decoded.created {
            Some((instant, offset_is_zero, text)) => Some(Moment {
                role: MomentRole::Taken,
                instant: Some(*instant),
                text: text.clone(),
                basis: if *offset_is_zero { ZoneBasis::Utc } else { ZoneBasis::Offset },
                precision: Precision::Second,
            }),
            None if decoded.film => None,
            None => tag("DateTimeOriginal").and_then(|text| wall(text, tag("OffsetTimeOriginal"))),
        };
        Exif { taken, place: decoded.place(), tags: decoded.tags, unreadable: decoded.unreadable }
    }

    /// Adds each tag as a text field `exif.<Tag>`.
    pub fn write(&self, fields: &mut Fields) {
        for (name, value) in &self.tags {
            fields.text(&format!("exif.{name}"), value);
        }
    }
}

/// A JPEG's metadata stand before its picture; no more than this is looked through.
const JPEG_HEAD: usize = 1 << 20;
/// What is handed on behind the start of the picture itself, so that its header is whole.
const PICTURE_START: usize = 4 << 10;

/// Adds what a file says about itself to its record: fields, times, and the place if the record has none yet.
pub fn add(opened: &Opened<'_>, frame: &Frame<'_>, at: &Ref, record: &mut Record, out: &mut Sink) {
    if frame.truncated {
        out.warn(at.clone(), "media.partial", "Only the beginning of the file was looked at.");
    }
    match read(opened.decoder, frame.bytes) {
        Ok(exif) => {
            exif.write(&mut record.fields);
            if !exif.unreadable.is_empty() {
                let names = exif.unreadable.join(", ");
                out.warn(at.clone(), "exif.tag", format!("Some EXIF values cannot be read: {names}."));
            }
            record.moments.extend(exif.taken);
            record.place = record.place.take().or(exif.place);
        }
        Err(NoExif::Failed) => {
            let message =
                "The process that reads what files say about themselves ended over this one; it was not read.";
            out.warn(at.clone(), "exif.failed", message);
        }
        Err(NoExif::Damaged) if !frame.truncated => {
            out.warn(at.clone(), "exif.damaged", "What the file says about itself cannot be read.");
        }
        Err(NoExif::Damaged | NoExif::Absent) => {}
    }
}

/// Reads a file's metadata.
pub fn read(decoder: &dyn Decoder, bytes: &[u8]) -> Result<Exif, NoExif> {
    let kind = media_type(bytes).ok_or(NoExif::Absent)?;
    let bytes = if kind == "image/jpeg" { before_picture(bytes)? } else { bytes };
    if kind == "audio/mp4" {
        return MovieHeader::find(bytes).map(|header| with_header(Exif::default(), header)).ok_or(NoExif::Absent);
    }
    if matches!(kind, "image/gif" | "image/bmp") || kind.starts_with("audio/") {
        return Err(NoExif::Absent);
    }
    let read = Exif::of(decoder.decode(bytes)?);
    // The library takes the halves of counts of 64 bits for counts.
    let wide = MovieHeader::find(bytes).filter(|header| header.wide && kind.starts_with("video/"));
    Ok(match wide {
        Some(header) => with_header(read, header),
        None => read,
    })
}

/// Replaces time and length by those of a header.
fn with_header(mut exif: Exif, header: MovieHeader) -> Exif {
    exif.tags.retain(|(name, _)| !matches!(name.as_str(), "CreateDate" | "DurationMs"));
    let created = header.created().map(|time| time.strftime("%Y-%m-%dT%H:%M:%S+00:00").to_string());
    exif.taken = header.created().zip(created.clone()).map(|(time, text)| Moment {
        role: MomentRole::Taken,
        instant: Some(time.as_microsecond()),
        text,
        basis: ZoneBasis::Utc,
        precision: Precision::Second,
    });
    exif.tags.extend(created.map(|text| ("CreateDate".to_owned(), text)));
    exif.tags.extend(header.milliseconds().map(|ms| ("DurationMs".to_owned(), ms.to_string())));
    exif.tags.sort();
    exif
}

/// Returns the beginning of a JPEG, up to its picture: metadata lie before it. One that is well formed so far and
/// names no EXIF has none.
fn before_picture(bytes: &[u8]) -> Result<&[u8], NoExif> {
    let head = bytes.get(..bytes.len().min(JPEG_HEAD)).unwrap_or_default();
    let mut at = 2;
    loop {
        match head.get(at..at + 4) {
            Some([0xff, 0xda, ..]) => break,
            // Segments that begin with their length.
            Some([0xff, 0xc0..=0xcf | 0xdb..=0xfe, high, low]) => {
                at += 2 + usize::from(u16::from_be_bytes([*high, *low]));
            }
            _ => return Ok(head),
        }
    }
    let metadata = head.get(..at).unwrap_or_default();
    memchr::memmem::find(metadata, b"Exif").ok_or(NoExif::Absent)?;
    Ok(head.get(..head.len().min(at + PICTURE_START)).unwrap_or_default())
}

/// Reads an EXIF time: a wall clock of the device, an instant only with the offset beside it.
fn wall(text: &str, offset: Option<&str>) -> Option<Moment> {
    if text.starts_with("0000") || times::is_unset(text) {
        return None;
    }
    let offset = offset.map(str::trim).filter(|o| o.len() == 6 && o.starts_with(['+', '-']));
    let iso = text.get(..10).zip(text.get(11..)).map(|(date, time)| format!("{}T{time}", date.replace(':', "-")));
    let instant = iso.zip(offset).and_then(|(iso, offset)| {
        let time: jiff::Timestamp = format!("{iso}{offset}").parse().ok()?;
        Some(time.as_microsecond())
    });
    Some(Moment {
        role: MomentRole::Taken,
        instant,
        text: match (instant, offset) {
            (Some(_), Some(offset)) => format!("{text} {offset}"),
            _ => text.to_owned(),
        },
        basis: if instant.is_some() { ZoneBasis::Offset } else { ZoneBasis::DeviceLocal },
        precision: Precision::Second,
    })
}

/// Returns the small JPEG that a camera left inside a picture; none if there is none.
pub fn preview<'a>(decoder: &dyn Decoder, bytes: &'a [u8]) -> Option<&'a [u8]> {
    const MARK: &[u8] = b"Exif\0\0";
    /// A JPEG's markers and a HEIC's boxes put the block early; no more is looked through for it.
    const FAR_ENOUGH: usize = 4 << 20;
    let exif = read(decoder, bytes).ok()?;
    let number = |name: &str| exif.tags.iter().find(|(n, _)| n == name)?.1.parse::<usize>().ok();
    let (offset, length) = (number("Thumbnail.ThumbnailOffset")?, number("Thumbnail.ThumbnailLength")?);
    let head = bytes.get(..bytes.len().min(FAR_ENOUGH))?;
    // Offsets count from the start of the block. A HEIC's list of items has the mark, too, before the block itself.
    memchr::memmem::find_iter(head, MARK).find_map(|mark| {
        let start = mark.checked_add(MARK.len())?.checked_add(offset)?;
        bytes.get(start..start.checked_add(length)?).filter(|jpeg| jpeg.starts_with(b"\xff\xd8\xff"))
    })
}

/// Returns the media type that a file's first bytes prove.
pub fn media_type(head: &[u8]) -> Option<&'static str> {
    let at = |from: usize, what: &[u8]| head.get(from..).is_some_and(|rest| rest.starts_with(what));
    if at(4, b"ftyp") {
        return Some(match head.get(8..12)? {
            b"heic" | b"heix" | b"heim" | b"heis" | b"hevc" | b"hevx" => "image/heic",
            b"mif1" | b"msf1" => "image/heif",
            b"avif" | b"avis" => "image/avif",
            b"crx " => "image/x-canon-cr3",
            b"qt  " => "video/quicktime",
            b"M4A " | b"M4B " => "audio/mp4",
            brand if brand.starts_with(b"3g") => "video/3gpp",
            _ => "video/mp4",
        });
    }
    if at(0, b"RIFF") {
        return match head.get(8..12)? {
            b"WEBP" => Some("image/webp"),
            b"AVI " => Some("video/x-msvideo"),
            b"WAVE" => Some("audio/wav"),
            _ => None,
        };
    }
    const MAGIC: &[(&[u8], &str)] = &[
        (b"\xff\xd8\xff", "image/jpeg"),
        (b"\x89PNG\r\n\x1a\n", "image/png"),
        (b"GIF87a", "image/gif"),
        (b"GIF89a", "image/gif"),
        (b"II*\0", "image/tiff"),
        (b"MM\0*", "image/tiff"),
        (b"FUJIFILMCCD-RAW", "image/x-fuji-raf"),
        (b"\x1a\x45\xdf\xa3", "video/x-matroska"),
        (b"\x00\x00\x01\xba", "video/mpeg"),
        (b"OggS", "audio/ogg"),
        (b"fLaC", "audio/flac"),
        (b"ID3", "audio/mpeg"),
        (b"#!AMR", "audio/amr"),
    ];
    if let Some((_, kind)) = MAGIC.iter().find(|(magic, _)| head.starts_with(magic)) {
        return Some(kind);
    }
    // Two letters would be any text: the length of the header behind them tells.
    if at(0, b"BM") && at(6, &[0; 4]) && matches!(head.get(14..18), Some([12 | 40 | 52 | 56 | 64 | 108 | 124, 0, 0, 0]))
    {
        return Some("image/bmp");
    }
    // Older QuickTime files begin with one of these boxes and have no brand.
    let boxed = [&b"moov"[..], b"mdat", b"wide"].iter().any(|name| at(4, name));
    boxed.then_some("video/quicktime")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_devices() {
        let moment = wall("2024:02:03 04:05:06", None).expect("a time");
        assert_eq!((moment.instant, moment.basis), (None, ZoneBasis::DeviceLocal));
        let moment = wall("2024:02:03 04:05:06", Some("+02:00")).expect("a time");
        assert_eq!((moment.instant, moment.basis), (Some(1_706_925_906_000_000), ZoneBasis::Offset));
        assert_eq!(moment.text, "2024:02:03 04:05:06 +02:00");
        assert_eq!(wall("2024:02:03 04:05:06", Some("junk!!")).and_then(|m| m.instant), None);
        assert_eq!(wall("0000:00:00 00:00:00", None), None);
        assert_eq!(wall("ü", Some("+02:00")).and_then(|m| m.instant), None);
    }

    #[test]
    fn types_by_content() {
        assert_eq!(media_type(b"\xff\xd8\xff\xe1"), Some("image/jpeg"));
        assert_eq!(media_type(b"\0\0\0\x18ftypheic"), Some("image/heic"));
        assert_eq!(media_type(b"\0\0\0\x18ftypisom"), Some("video/mp4"));
        assert_eq!(media_type(b"\0\0\0\x18ft"), None);
        assert_eq!(media_type(b"\0\0\0\x08wide\0\0"), Some("video/quicktime"));
        assert_eq!(media_type(b""), None);
        assert!(read(&Here, b"\xff\xd8\xff\xe1\xff\xff").is_err());
        assert!(matches!(read(&Here, b"GIF89a"), Err(NoExif::Absent)));
    }
}
