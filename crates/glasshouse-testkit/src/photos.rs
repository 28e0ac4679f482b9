//! Google Photos: pictures, films, albums and the sidecars that lie beside them or in another part.

use crate::clock::{day, write};
use crate::jpeg::{Shot, jpeg};
use crate::rng::Rng;
use crate::story::{PEOPLE, Spread, offset_at, place_at, position, trip_at};

/// A file below `Google Photos`, and in which of the two parts it lies.
pub(crate) struct File {
    pub path: String,
    pub part: usize,
    pub bytes: Vec<u8>,
}

/// Returns the name of a sidecar: the file's name and more, cut at 46 characters.
pub(crate) fn sidecar_name(file: &str, counter: &str) -> String {
    let whole = format!("{file}.supplemental-metadata");
    let room = 46 - counter.len();
    format!("{}{counter}.json", whole.chars().take(room).collect::<String>())
}

/// A picture of the story and what its sidecar says of it.
struct Picture {
    folder: String,
    time: i64,
    place: Option<(f64, f64)>,
    bytes: Vec<u8>,
    description: String,
    person: Option<&'static str>,
}

fn picture(seed: u64, index: u64, time: i64, comment: &str) -> Picture {
    let mut rng = Rng::of(seed, 400, index);
    let at = position(time, &mut rng);
    let seen = place_at(time).0.name;
    // Now and then a picture has no place: taken indoors, or sent by someone.
    let place = (rng.below(8) != 0).then_some(at);
    let comment = format!("{comment} {index} {:x}", rng.next());
    let shot = Shot { time, offset: offset_at(time), place, comment: &comment, tone: rng.next() };
    let trip = trip_at(time);
    Picture {
        folder: format!("Photos from {}", write(time, 0, "%Y")),
        time,
        place,
        bytes: jpeg(&shot),
        description: if rng.below(3) == 0 { format!("At {seen}") } else { String::new() },
        person: trip.filter(|_| rng.below(2) == 0).map(|trip| PEOPLE[trip.with].name),
    }
}

fn sidecar(title: &str, picture: &Picture) -> String {
    let stamp = |time: i64| {
        let formatted = write(time, 0, "%b %-d, %Y, %-I:%M:%S\u{202f}%p UTC");
        format!("{{\n    \"timestamp\": \"{time}\",\n    \"formatted\": \"{formatted}\"\n  }}")
    };
    let (lat, lon) = picture.place.unwrap_or_default();
    let geo = format!(
        "{{\n    \"latitude\": {lat:.7},\n    \"longitude\": {lon:.7},\n    \"altitude\": 0.0,\n    \"latitudeSpan\": 0.0,\n    \"longitudeSpan\": 0.0\n  }}"
    );
    let people = picture.person.map(|name| format!("  \"people\": [{{\n    \"name\": \"{name}\"\n  }}],\n"));
    format!(
        "{{\n  \"title\": \"{title}\",\n  \"description\": \"{}\",\n  \"imageViews\": \"{}\",\n  \"creationTime\": {},\n  \"photoTakenTime\": {},\n  \"geoData\": {geo},\n  \"geoDataExif\": {geo},\n{}  \"url\": \"https://photos.example.com/photo/{:x}\",\n  \"googlePhotosOrigin\": {{\n    \"mobileUpload\": {{\n      \"deviceType\": \"ANDROID_PHONE\"\n    }}\n  }}\n}}\n",
        picture.description,
        picture.time % 40,
        stamp(picture.time + 3600),
        stamp(picture.time),
        people.unwrap_or_default(),
        picture.time,
    )
}

/// Calls with the files of each picture of the six years.
pub(crate) fn each(seed: u64, count: u64, mut put: impl FnMut(File) -> std::io::Result<()>) -> std::io::Result<u64> {
    // Most pictures are taken on journeys.
    let spread = Spread::weighted(40, 1);
    for index in 0..count {
        let time = spread.awake(index, count);
        let picture = picture(seed, index, time, "photo");
        let name = format!("PXL_{}{:03}.jpg", write(time, 0, "%Y%m%d_%H%M%S"), index % 1000);
        let told = sidecar(&name, &picture);
        let path = |file: &str| format!("{}/{file}", picture.folder);
        // Every third sidecar has come into the other part than its picture.
        let part = usize::from(index % 3 == 1);
        put(File { path: path(&sidecar_name(&name, "")), part, bytes: told.into_bytes() })?;
        put(File { path: path(&name), part: 0, bytes: picture.bytes })?;
    }
    Ok(count)
}

/// Returns the files that are there once, however large the account: what makes such exports hard to put together;
/// with the number of records that a reader makes of them.
pub(crate) fn rarities(seed: u64) -> (Vec<File>, u64) {
    let mut files = Vec::new();
    let noon = |days: i64| days * 86_400 + 43_200;
    let mut index = 1 << 40;
    let mut take = |days: i64| {
        index += 1;
        picture(seed, index, noon(days), "rarity")
    };
    let mut put = |part: usize, folder: &str, name: &str, bytes: Vec<u8>| {
        files.push(File { path: format!("{folder}/{name}"), part, bytes });
    };
    // A picture that was edited: both share the sidecar.
    let one = take(day(2019, 5, 16));
    let name = "IMG_0042.jpg";
    put(0, &one.folder, name, one.bytes.clone());
    put(0, &one.folder, "IMG_0042-edited.jpg", take(day(2019, 5, 16)).bytes);
    put(1, &one.folder, &sidecar_name(name, ""), sidecar(name, &one).into_bytes());
    // The same picture in an album, with a sidecar of its own there.
    let album = "Lisbon in May";
    put(0, album, name, one.bytes.clone());
    put(0, album, &sidecar_name(name, ""), sidecar(name, &one).into_bytes());
    put(1, album, "metadata.json", album_json(album, one.time).into_bytes());
    // Another of the same name: the counter stands elsewhere in the sidecar's name.
    let two = take(day(2019, 5, 17));
    put(0, &two.folder, "IMG_0042(1).jpg", two.bytes.clone());
    put(0, &two.folder, &sidecar_name(name, "(1)"), sidecar(name, &two).into_bytes());
    // A live photo: the still and its film.
    let live = take(day(2022, 10, 20));
    put(0, &live.folder, "IMG_0107.jpg", live.bytes.clone());
    put(0, &live.folder, "IMG_0107.MP4", film(live.time));
    put(0, &live.folder, &sidecar_name("IMG_0107.jpg", ""), sidecar("IMG_0107.jpg", &live).into_bytes());
    // A name longer than a sidecar's may be.
    let long = take(day(2023, 9, 12));
    let name = "Screenshot_20230912-101112_Example Maps Beta.jpg";
    put(0, &long.folder, name, long.bytes.clone());
    put(1, &long.folder, &sidecar_name(name, ""), sidecar(name, &long).into_bytes());
    // A picture without a sidecar, and a sidecar whose picture is in no part.
    let bare = take(day(2021, 8, 10));
    put(0, &bare.folder, "DSC_0815.JPG", bare.bytes.clone());
    let gone = take(day(2020, 2, 7));
    put(1, &gone.folder, &sidecar_name("IMG_0555.jpg", ""), sidecar("IMG_0555.jpg", &gone).into_bytes());
    // Six pictures, a film, an album and the lone sidecar; the copy in the album is no record of its own.
    (files, 9)
}

fn album_json(title: &str, time: i64) -> String {
    let formatted = write(time, 0, "%b %-d, %Y, %-I:%M:%S\u{202f}%p UTC");
    format!(
        "{{\n  \"title\": \"{title}\",\n  \"description\": \"\",\n  \"access\": \"protected\",\n  \"date\": {{\n    \"timestamp\": \"{time}\",\n    \"formatted\": \"{formatted}\"\n  }},\n  \"geoData\": {{\n    \"latitude\": 0.0,\n    \"longitude\": 0.0,\n    \"altitude\": 0.0,\n    \"latitudeSpan\": 0.0,\n    \"longitudeSpan\": 0.0\n  }}\n}}\n"
    )
}

/// Returns a film of no length: its kind and its header with the time it was made.
fn film(time: i64) -> Vec<u8> {
    let boxed = |kind: &[u8; 4], body: &[u8]| {
        let mut out = ((body.len() + 8) as u32).to_be_bytes().to_vec();
        out.extend(kind);
        out.extend(body);
        out
    };
    // Films count seconds from the beginning of 1904.
    let made = ((time + 2_082_844_800) as u32).to_be_bytes();
    let mut header = vec![0; 4];
    header.extend(made);
    header.extend(made);
    header.extend(1000u32.to_be_bytes());
    header.extend(0u32.to_be_bytes());
    header.extend([0, 1, 0, 0, 1, 0, 0, 0, 0, 0]);
    header.extend([0; 8]);
    for cell in [0x1_0000u32, 0, 0, 0, 0x1_0000, 0, 0, 0, 0x4000_0000] {
        header.extend(cell.to_be_bytes());
    }
    header.extend([0; 24]);
    header.extend(1u32.to_be_bytes());
    let mut out = boxed(b"ftyp", b"mp42\0\0\0\0mp42isom");
    out.extend(boxed(b"moov", &boxed(b"mvhd", &header)));
    out.extend(boxed(b"mdat", b""));
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sidecar_names_are_cut() {
        assert_eq!(sidecar_name("IMG_0042.jpg", ""), "IMG_0042.jpg.supplemental-metadata.json");
        assert_eq!(sidecar_name("IMG_0042.jpg", "(1)"), "IMG_0042.jpg.supplemental-metadata(1).json");
        assert_eq!(
            sidecar_name("PXL_20240312_101530123.jpg", ""),
            "PXL_20240312_101530123.jpg.supplemental-metada.json"
        );
    }
}
