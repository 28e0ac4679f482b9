//! What pictures and films say about themselves: EXIF, QuickTime and MP4 headers.

use super::boxes::MovieHeader;
use crate::{Frame, Sink};
use glasshouse_model::{Fields, Moment, MomentRole, Place, Precision, Record, Ref, ZoneBasis};
use nom_exif::{EntryValue, ExifIter, IfdIndex, MediaKind, MediaParser, MediaSource, TrackInfo, TrackInfoTag};
use std::panic::{AssertUnwindSafe, catch_unwind};

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
    /// Adds each tag as a text field `exif.<Tag>`.
    pub fn write(&self, fields: &mut Fields) {
        for (name, value) in &self.tags {
            fields.text(&format!("exif.{name}"), value);
        }
    }
}

/// Why nothing was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoExif {
    /// The file holds none, or is of a kind that never does.
    Absent,
    /// There is something that could not be read.
    Damaged,
}

/// More tags than any camera writes; a hostile file could claim thousands of them.
const MOST_TAGS: usize = 500;
/// Unreadable tags beyond these go unnamed.
const MOST_NAMED: usize = 20;
/// A JPEG's metadata stand before its picture; no more than this is looked through.
const JPEG_HEAD: usize = 1 << 20;
/// Binary values longer than this are named by their length alone: their bytes are in the file.
const LONGEST_BINARY: usize = 256;

/// Adds what a file says about itself to its record: fields, times, and the place if the record has none yet.
pub fn add(frame: &Frame<'_>, at: &Ref, record: &mut Record, out: &mut Sink) {
    if frame.truncated {
        out.warn(at.clone(), "media.partial", "Only the beginning of the file was looked at.");
    }
    match read(frame.bytes) {
        Ok(exif) => {
            exif.write(&mut record.fields);
            if !exif.unreadable.is_empty() {
                let names = exif.unreadable.join(", ");
                out.warn(at.clone(), "exif.tag", format!("Some EXIF values cannot be read: {names}."));
            }
            record.moments.extend(exif.taken);
            record.place = record.place.take().or(exif.place);
        }
        Err(NoExif::Damaged) if !frame.truncated => {
            out.warn(at.clone(), "exif.damaged", "What the file says about itself cannot be read.");
        }
        Err(NoExif::Damaged | NoExif::Absent) => {}
    }
}

/// Reads a file's metadata.
pub fn read(bytes: &[u8]) -> Result<Exif, NoExif> {
    let kind = media_type(bytes).ok_or(NoExif::Absent)?;
    let bytes = if kind == "image/jpeg" { &bytes[..bytes.len().min(JPEG_HEAD)] } else { bytes };
    if kind == "audio/mp4" {
        return MovieHeader::find(bytes).map(|header| with_header(Exif::default(), header)).ok_or(NoExif::Absent);
    }
    if matches!(kind, "image/gif" | "image/bmp") || kind.starts_with("audio/") {
        return Err(NoExif::Absent);
    }
    // The reader is not ours: should it panic on a hostile file, that file alone is not read.
    let read = catch_unwind(AssertUnwindSafe(|| read_unguarded(bytes))).unwrap_or(Err(NoExif::Damaged))?;
    // It takes the halves of counts of 64 bits for counts.
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

fn read_unguarded(bytes: &[u8]) -> Result<Exif, NoExif> {
    let source = MediaSource::from_memory(bytes.to_vec()).map_err(|_| NoExif::Absent)?;
    let mut parser = MediaParser::new();
    match source.kind() {
        MediaKind::Image => match parser.parse_exif(source) {
            Ok(iter) => Ok(picture(iter)),
            Err(nom_exif::Error::ExifNotFound) => Err(NoExif::Absent),
            Err(_) => Err(NoExif::Damaged),
        },
        MediaKind::Track => match parser.parse_track(source) {
            Ok(info) => Ok(film(&info)),
            Err(nom_exif::Error::TrackNotFound) => Err(NoExif::Absent),
            Err(_) => Err(NoExif::Damaged),
        },
    }
}

fn picture(iter: ExifIter) -> Exif {
    let mut exif = Exif::default();
    let gps = iter.parse_gps().ok().flatten();
    exif.place = gps.and_then(|gps| {
        let mut place = place(gps.latitude_decimal()?, gps.longitude_decimal()?)?;
        place.altitude = gps.altitude_meters().filter(|m| m.is_finite());
        Some(place)
    });
    for entry in iter.take(MOST_TAGS) {
        let name = match entry.ifd() {
            IfdIndex::MAIN => entry.tag().to_string(),
            _ => format!("Thumbnail.{}", entry.tag()),
        };
        match entry.into_result() {
            Ok(value) if !exif.tags.iter().any(|(n, _)| *n == name) => exif.tags.push((name, value_text(&value))),
            Ok(_) => {}
            Err(_) if exif.unreadable.len() < MOST_NAMED => exif.unreadable.push(name),
            Err(_) => {}
        }
    }
    let tag = |name: &str| exif.tags.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str());
    exif.taken = tag("DateTimeOriginal").and_then(|text| wall(text, tag("OffsetTimeOriginal")));
    exif
}

fn film(info: &TrackInfo) -> Exif {
    let mut exif = Exif::default();
    let place = info.gps_info().and_then(|gps| {
        let mut place = place(gps.latitude_decimal()?, gps.longitude_decimal()?)?;
        place.altitude = gps.altitude_meters().filter(|m| m.is_finite());
        Some(place)
    });
    exif.place = place;
    for (tag, value) in info.iter().take(MOST_TAGS) {
        if let (TrackInfoTag::CreateDate, EntryValue::DateTime(time)) = (tag, value) {
            // The count of an unset clock is 0, which is a day in 1904.
            let micros = time.timestamp_micros();
            if micros > 0 {
                let basis = if time.offset().local_minus_utc() == 0 { ZoneBasis::Utc } else { ZoneBasis::Offset };
                let text = time.to_rfc3339();
                let role = MomentRole::Taken;
                exif.taken = Some(Moment { role, instant: Some(micros), text, basis, precision: Precision::Second });
            }
        }
        let text = match value {
            EntryValue::DateTime(time) => time.to_rfc3339(),
            other => value_text(other),
        };
        exif.tags.push((format!("{tag:?}"), text));
    }
    exif.tags.sort();
    exif
}

/// Returns the place, unless it is the zero that devices write when they know none.
fn place(lat: f64, lon: f64) -> Option<Place> {
    if lat == 0.0 && lon == 0.0 { None } else { Place::at(lat, lon) }
}

/// Reads an EXIF time: a wall clock of the device, an instant only with the offset beside it.
fn wall(text: &str, offset: Option<&str>) -> Option<Moment> {
    if text.starts_with("0000") || text.trim().is_empty() {
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

fn value_text(value: &EntryValue) -> String {
    const FORM: &str = "%Y:%m:%d %H:%M:%S";
    match value {
        EntryValue::Text(text) => text.trim_end_matches(['\0', ' ']).to_owned(),
        // The reader joins offset and wall clock; the file has them in two tags, and so have the fields.
        EntryValue::DateTime(time) if time.offset().local_minus_utc() == 0 => time.naive_utc().format(FORM).to_string(),
        EntryValue::DateTime(time) => time.naive_local().format(FORM).to_string(),
        EntryValue::NaiveDateTime(time) => time.format(FORM).to_string(),
        EntryValue::Undefined(bytes) | EntryValue::U8Array(bytes) => binary(bytes),
        EntryValue::URationalArray(items) => {
            join(items.iter().map(|r| format!("{}/{}", r.numerator(), r.denominator())))
        }
        EntryValue::IRationalArray(items) => {
            join(items.iter().map(|r| format!("{}/{}", r.numerator(), r.denominator())))
        }
        EntryValue::URational(r) => format!("{}/{}", r.numerator(), r.denominator()),
        EntryValue::IRational(r) => format!("{}/{}", r.numerator(), r.denominator()),
        EntryValue::U16Array(items) => join(items.iter().map(u16::to_string)),
        EntryValue::U32Array(items) => join(items.iter().map(u32::to_string)),
        other => other.to_string(),
    }
}

fn join(items: impl Iterator<Item = String>) -> String {
    items.take(LONGEST_BINARY).collect::<Vec<_>>().join(" ")
}

fn binary(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) if bytes.len() <= LONGEST_BINARY && text.chars().all(|c| !c.is_control()) => text.to_owned(),
        _ if bytes.len() <= LONGEST_BINARY => format!("0x{}", hex::encode(bytes)),
        _ => format!("{} bytes", bytes.len()),
    }
}

/// Returns the small JPEG that a camera left inside a picture; none if there is none.
pub fn preview(bytes: &[u8]) -> Option<&[u8]> {
    const MARK: &[u8] = b"Exif\0\0";
    /// A JPEG's markers and a HEIC's boxes put the block early; no more is looked through for it.
    const FAR_ENOUGH: usize = 4 << 20;
    let exif = read(bytes).ok()?;
    let number = |name: &str| exif.tags.iter().find(|(n, _)| n == name)?.1.parse::<usize>().ok();
    let (offset, length) = (number("Thumbnail.ThumbnailOffset")?, number("Thumbnail.ThumbnailLength")?);
    let head = bytes.get(..bytes.len().min(FAR_ENOUGH))?;
    // Offsets count from the start of the block.
    let start = memchr::memmem::find(head, MARK)?.checked_add(MARK.len())?.checked_add(offset)?;
    bytes.get(start..start.checked_add(length)?).filter(|jpeg| jpeg.starts_with(b"\xff\xd8\xff"))
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
        assert!(read(b"\xff\xd8\xff\xe1\xff\xff").is_err());
        assert!(matches!(read(b"GIF89a"), Err(NoExif::Absent)));
    }
}
