//! The library that takes pictures and films apart. It is not ours and reads what strangers wrote, so that it is
//! called at one place, which the engine puts into a process of its own.

use super::times;
use glasshouse_model::Place;
use nom_exif::{EntryValue, ExifIter, IfdIndex, MediaKind, MediaParser, MediaSource, TrackInfo, TrackInfoTag};
use serde::{Deserialize, Serialize};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// What the library found in a file, as it goes from one process to another.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decoded {
    /// Each tag's name and value as text, in the order of the file.
    pub tags: Vec<(String, String)>,
    /// Names of tags whose values could not be read.
    pub unreadable: Vec<String>,
    /// Latitude and longitude in degrees and, where known, altitude in metres: the bits of the numbers, so that
    /// none changes on the way.
    place: Option<(u64, u64, Option<u64>)>,
    /// Of a film: when it was made, in microseconds since 1970, whether that is stated in UTC, and its text.
    pub created: Option<(i64, bool, String)>,
    /// Whether it is a film, whose tags are not a camera's.
    pub film: bool,
}

impl Decoded {
    /// Returns the place, unless it is the zero that devices write when they know none.
    pub fn place(&self) -> Option<Place> {
        let (lat, lon, altitude) = self.place?;
        let (lat, lon) = (f64::from_bits(lat), f64::from_bits(lon));
        let mut place = if lat == 0.0 && lon == 0.0 { None } else { Place::at(lat, lon) }?;
        place.altitude = altitude.map(f64::from_bits).filter(|m| m.is_finite());
        Some(place)
    }
}

/// Why nothing was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum NoExif {
    /// The file holds none, or is of a kind that never does.
    Absent,
    /// There is something that could not be read.
    Damaged,
    /// The process that reads it ended.
    Failed,
}

/// Who takes files apart for parsers: they do not do it themselves, so that it can be done elsewhere.
pub trait Decoder: Send + Sync + std::fmt::Debug {
    /// Returns what the file with these first bytes says about itself; the same bytes give the same answer.
    fn decode(&self, bytes: &[u8]) -> Result<Decoded, NoExif>;
}

/// Takes files apart in this process.
#[derive(Clone, Copy, Debug, Default)]
pub struct Here;

impl Decoder for Here {
    fn decode(&self, bytes: &[u8]) -> Result<Decoded, NoExif> {
        decode(bytes)
    }
}

/// More tags than any camera writes; a hostile file could claim thousands of them.
const MOST_TAGS: usize = 500;
/// Unreadable tags beyond these go unnamed.
const MOST_NAMED: usize = 20;
/// Binary values longer than this are named by their length alone: their bytes are in the file.
const LONGEST_BINARY: usize = 256;

/// Takes a file apart. Should the library panic, that file alone is not read.
pub fn decode(bytes: &[u8]) -> Result<Decoded, NoExif> {
    catch_unwind(AssertUnwindSafe(|| decode_unguarded(bytes))).unwrap_or(Err(NoExif::Damaged))
}

fn decode_unguarded(bytes: &[u8]) -> Result<Decoded, NoExif> {
    let source = MediaSource::from_memory(bytes.to_vec()).map_err(|_| NoExif::Absent)?;
    let mut parser = MediaParser::new();
    match source.kind() {
        MediaKind::Image => match parser.parse_exif(source) {
            Ok(iter) => Ok(picture(iter, bytes)),
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

fn picture(iter: ExifIter, bytes: &[u8]) -> Decoded {
    let mut decoded = Decoded::default();
    let gps = iter.parse_gps().ok().flatten();
    decoded.place = gps.and_then(|gps| place(gps.latitude_decimal()?, gps.longitude_decimal()?, gps.altitude_meters()));
    for entry in iter.take(MOST_TAGS) {
        let name = match entry.ifd() {
            IfdIndex::MAIN => entry.tag().to_string(),
            _ => format!("Thumbnail.{}", entry.tag()),
        };
        match entry.into_result() {
            Ok(value) if !decoded.tags.iter().any(|(n, _)| *n == name) => decoded.tags.push((name, value_text(&value))),
            Ok(_) => {}
            Err(_) if decoded.unreadable.len() < MOST_NAMED => decoded.unreadable.push(name),
            Err(_) => {}
        }
    }
    let has = |decoded: &Decoded, name: &str| decoded.tags.iter().any(|(n, _)| n == name);
    if !has(&decoded, "DateTimeOriginal") {
        for (name, text) in times::stated(bytes) {
            if !has(&decoded, name) {
                if !times::is_unset(&text) {
                    decoded.unreadable.push(name.to_owned());
                }
                decoded.tags.push((name.to_owned(), text));
            }
        }
    }
    let Some((lat, lon, _)) = decoded.place else { return decoded };
    for reference in ["GPSLatitudeRef", "GPSLongitudeRef"] {
        // Without it nothing says on which side of the equator, or of Greenwich, the place is.
        if !has(&decoded, reference) {
            decoded.place = None;
            decoded.unreadable.push(format!("{reference} (missing)"));
        }
    }
    if decoded.place.is_some() && Place::at(f64::from_bits(lat), f64::from_bits(lon)).is_none() {
        decoded.unreadable.push("GPSLatitude, GPSLongitude (no place on Earth)".to_owned());
    }
    decoded
}

fn film(info: &TrackInfo) -> Decoded {
    let mut decoded = Decoded::default();
    decoded.film = true;
    let gps = info.gps_info();
    decoded.place = gps.and_then(|gps| place(gps.latitude_decimal()?, gps.longitude_decimal()?, gps.altitude_meters()));
    for (tag, value) in info.iter().take(MOST_TAGS) {
        if let (TrackInfoTag::CreateDate, EntryValue::DateTime(time)) = (tag, value) {
            // The count of an unset clock is 0, which is a day in 1904.
            let micros = time.timestamp_micros();
            if micros > 0 {
                let offset_is_zero = time.offset().local_minus_utc() == 0;
                decoded.created = Some((micros, offset_is_zero, time.to_rfc3339()));
            }
        }
        let text = match value {
            EntryValue::DateTime(time) => time.to_rfc3339(),
            other => value_text(other),
        };
        decoded.tags.push((format!("{tag:?}"), text));
    }
    decoded.tags.sort();
    decoded
}

fn place(lat: f64, lon: f64, altitude: Option<f64>) -> Option<(u64, u64, Option<u64>)> {
    Some((lat.to_bits(), lon.to_bits(), altitude.map(f64::to_bits)))
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
