//! The account as it is written: the same for the same seed, and with what its truth says.

mod scan;

use glasshouse_testkit::{Truth, tamper, write_account};
use scan::{Entry, entries, files, readable, times};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Read;
use std::path::Path;

const SCALE: f64 = 0.004;

fn account(seed: u64) -> (tempfile::TempDir, Truth) {
    let dir = tempfile::tempdir().unwrap();
    let truth = write_account(dir.path(), SCALE, seed).unwrap();
    (dir, truth)
}

/// All files with their content.
fn contents(dir: &Path) -> BTreeMap<String, Vec<u8>> {
    files(dir).into_iter().map(|path| (path.display().to_string(), fs::read(dir.join(&path)).unwrap())).collect()
}

fn takeout(dir: &Path) -> Vec<Entry> {
    let part = |n: u8| entries(&dir.join(format!("takeout-20250104T101530Z-00{n}.zip")));
    [part(1), part(2)].concat()
}

fn of(truth: &Truth, input: &str, format: &str) -> u64 {
    truth.inputs[input].get(format).copied().unwrap_or_default()
}

#[test]
fn the_seed_decides_over_every_byte() {
    let (one, truth) = account(7);
    let (same, again) = account(7);
    let (other, different) = account(8);
    assert_eq!(truth, again);
    assert!(contents(one.path()) == contents(same.path()));
    assert_ne!(truth, different);
    let (one, other) = (contents(one.path()), contents(other.path()));
    for (path, bytes) in &one {
        // Names of letters in a Maildir begin with their times, and the address book is the same in all accounts.
        if path != "loose/contacts.vcf" && other.contains_key(path) {
            assert!(other[path] != *bytes, "{path}");
        }
    }
}

#[test]
fn the_truth_is_written_beside_the_account() {
    let (dir, truth) = account(1);
    let written: Truth = serde_json::from_slice(&fs::read(dir.path().join("truth.json")).unwrap()).unwrap();
    assert_eq!(truth, written);
    for (name, size) in &truth.archives {
        assert_eq!(fs::metadata(dir.path().join(name)).unwrap().len(), *size, "{name}");
    }
    let mut sum = truth.inputs["takeout"].clone();
    for (format, count) in &truth.inputs["loose"] {
        *sum.entry(format.clone()).or_default() += count;
    }
    assert_eq!(sum, truth.records);
}

#[test]
fn takeout_has_what_the_truth_says() {
    let (dir, truth) = account(3);
    let entries = takeout(dir.path());
    let text = |end: &str| -> Vec<String> {
        entries.iter().filter(|e| e.path.ends_with(end)).map(|e| String::from_utf8_lossy(&e.bytes).into()).collect()
    };
    let count = |end: &str, word: &str| text(end).iter().map(|t| times(t, word)).sum::<u64>();
    // Messages: those of all mboxes, told apart by their ids.
    let mboxes = text(".mbox");
    assert_eq!(mboxes.len(), 2);
    let ids: Vec<&str> = mboxes.iter().flat_map(|t| t.lines()).filter(|l| l.starts_with("Message-ID: <")).collect();
    let own: Vec<&&str> = ids.iter().filter(|l| !l.contains("<inner-")).collect();
    let distinct: BTreeSet<&&&str> = own.iter().collect();
    assert!(own.len() > distinct.len(), "the label's mbox repeats messages");
    assert_eq!(distinct.len() as u64, of(&truth, "takeout", "google.mail"));
    assert_eq!(times(&mboxes[0], "X-GM-THRID: "), of(&truth, "takeout", "google.mail"));
    assert_eq!(
        count("messages.json", "\"message_id\"") + count("user_info.json", "\"membership_info\""),
        of(&truth, "takeout", "google.chat")
    );
    assert_eq!(count("Records.json", "\"latitudeE7\""), of(&truth, "takeout", "google.location-records"));
    let months = entries.iter().filter(|e| e.path.contains("/Semantic Location History/"));
    let months: String = months.map(|e| String::from_utf8_lossy(&e.bytes).into_owned()).collect();
    assert_eq!(
        times(&months, "\"duration\"") + times(&months, "\"accuracyMeters\""),
        of(&truth, "takeout", "google.location-semantic")
    );
    assert!(months.contains("\"childVisits\""));
    assert_eq!(
        count("MyActivity.json", "\"header\"") + count("MyActivity.html", "class=\"outer-cell"),
        of(&truth, "takeout", "google.my-activity")
    );
    let formats: BTreeSet<&str> = truth.inputs["takeout"].keys().map(String::as_str).collect();
    assert_eq!(formats.len(), 6);
}

#[test]
fn json_is_json() {
    let (dir, _) = account(5);
    let mut entries = takeout(dir.path());
    let timeline = fs::read(dir.path().join("loose/Timeline.json")).unwrap();
    entries.push(Entry { path: "Timeline.json".into(), bytes: timeline, part: 0 });
    for entry in entries.iter().filter(|e| e.path.ends_with(".json")) {
        let read: Result<serde_json::Value, _> = serde_json::from_slice(&entry.bytes);
        assert!(read.is_ok(), "{} {read:?}", entry.path);
    }
}

#[test]
fn photos_are_told_by_content() {
    let (dir, truth) = account(3);
    let entries = takeout(dir.path());
    let photos: Vec<&Entry> = entries.iter().filter(|e| e.path.contains("/Google Photos/")).collect();
    let name = |e: &Entry| e.path.rsplit('/').next().unwrap().to_owned();
    let media: Vec<&&Entry> = photos.iter().filter(|e| !e.path.ends_with(".json")).collect();
    let distinct: BTreeSet<(String, &[u8])> = media.iter().map(|e| (name(e), e.bytes.as_slice())).collect();
    assert_eq!(media.len(), distinct.len() + 1, "one picture is in an album too");
    let titles: BTreeSet<String> = media.iter().map(|e| name(e)).collect();
    let (mut lone, mut albums, mut apart) = (0, 0, 0);
    for json in photos.iter().filter(|e| e.path.ends_with(".json")) {
        let value: serde_json::Value = serde_json::from_slice(&json.bytes).unwrap();
        let title = value["title"].as_str().unwrap();
        if value.get("photoTakenTime").is_none() {
            albums += 1;
        } else if !titles.contains(title) {
            lone += 1;
        } else {
            apart += u64::from(media.iter().all(|m| name(m) != title || m.part != json.part));
        }
    }
    assert_eq!((lone, albums), (1, 1));
    assert!(apart > 3, "sidecars lie in the other part");
    assert_eq!(distinct.len() as u64 + lone + albums, of(&truth, "takeout", "google.photos"));
}

#[test]
fn loose_files_have_what_the_truth_says() {
    let (dir, truth) = account(3);
    let loose = dir.path().join("loose");
    let read = |name: &str| fs::read_to_string(loose.join(name)).unwrap();
    let count = |name: &str, word: &str| times(&read(name), word);
    assert_eq!(count("contacts.vcf", "BEGIN:VCARD"), of(&truth, "loose", "vcard.contacts"));
    assert_eq!(count("calendar.ics", "BEGIN:VEVENT"), of(&truth, "loose", "icalendar.events"));
    assert_eq!(count("track.gpx", "<trkpt "), of(&truth, "loose", "gpx.track"));
    let points = times(&read("Timeline.json"), "\"point\"");
    let segments = count("Timeline.json", "\"startTime\"");
    let signals = count("Timeline.json", "\"LatLng\"");
    assert_eq!(points + segments + signals, of(&truth, "loose", "google.timeline"));
    let mails = files(&loose).iter().filter(|p| p.starts_with("mail") || p.starts_with("Maildir")).count();
    assert_eq!(mails as u64, of(&truth, "loose", "mail.eml"));
    assert_eq!(of(&truth, "loose", "media.exif"), 1);
}

#[test]
fn needles_are_where_the_truth_says() {
    let (dir, truth) = account(3);
    let entries = takeout(dir.path());
    let text = |e: &Entry| String::from_utf8_lossy(&e.bytes).into_owned();
    let mut pieces: Vec<(&str, String)> = Vec::new();
    for entry in &entries {
        let text = text(entry);
        if entry.path.ends_with("Trash.mbox") {
            pieces.extend(text.split("\r\n\r\nFrom ").map(|m| ("google.mail", readable(m))));
        } else if entry.path.ends_with("messages.json") {
            pieces.extend(text.split("\"creator\"").map(|m| ("google.chat", m.to_owned())));
        } else if entry.path.ends_with("MyActivity.json") {
            pieces.extend(text.split("\"header\"").map(|m| ("google.my-activity", m.to_owned())));
        } else if entry.path.ends_with("MyActivity.html") {
            pieces.extend(text.split("outer-cell").map(|m| ("google.my-activity", m.to_owned())));
        }
    }
    let loose = dir.path().join("loose");
    for path in files(&loose) {
        if path.starts_with("mail") || path.starts_with("Maildir") {
            let message = fs::read(loose.join(path)).unwrap();
            pieces.push(("mail.eml", readable(&String::from_utf8_lossy(&message))));
        }
    }
    let calendar = fs::read_to_string(loose.join("calendar.ics")).unwrap();
    pieces.extend(calendar.split("BEGIN:VEVENT").map(|m| ("icalendar.events", m.to_owned())));
    assert_eq!(truth.needles.len(), 5);
    for (word, counts) in &truth.needles {
        let mut found: BTreeMap<String, u64> = BTreeMap::new();
        for (format, _) in pieces.iter().filter(|(_, text)| text.contains(word.as_str())) {
            *found.entry((*format).to_owned()).or_default() += 1;
        }
        assert_eq!(found, *counts, "{word}");
    }
}

#[test]
fn the_locked_archive_opens_with_the_password() {
    let (dir, truth) = account(3);
    let file = fs::File::open(dir.path().join("encrypted.zip")).unwrap();
    let mut zip = zip::ZipArchive::new(file).unwrap();
    assert_eq!(zip.len() as u64, of(&truth, "encrypted.zip", "mail.eml"));
    assert!(zip.by_index(0).is_err());
    assert!(zip.by_index_decrypt(0, b"wrong").is_err());
    let mut text = String::new();
    zip.by_index_decrypt(0, truth.password.as_bytes()).unwrap().read_to_string(&mut text).unwrap();
    assert!(text.contains("Message-ID: <"));
}

#[test]
fn the_broken_archive_is_cut_within_its_last_entry() {
    let (dir, truth) = account(3);
    let bytes = fs::read(dir.path().join("broken.zip")).unwrap();
    assert!(zip::ZipArchive::new(std::io::Cursor::new(&bytes)).is_err());
    let headers: Vec<usize> = (0..bytes.len() - 4).filter(|at| bytes[*at..].starts_with(b"PK\x03\x04")).collect();
    assert_eq!(headers.len() as u64, of(&truth, "broken.zip", "mail.eml") + 1);
    assert!(!bytes.windows(4).any(|w| w == b"PK\x01\x02"));
    let last = *headers.last().unwrap();
    let word = |at: usize| u16::from_le_bytes([bytes[last + at], bytes[last + at + 1]]) as usize;
    let size = u32::from_le_bytes(bytes[last + 18..last + 22].try_into().unwrap()) as usize;
    let begin = last + 30 + word(26) + word(28);
    assert!(begin < bytes.len() && begin + size > bytes.len());
}

#[test]
fn pictures_have_places_and_endings() {
    let (dir, _) = account(3);
    let bytes = fs::read(dir.path().join("loose/DSC_0001.JPG")).unwrap();
    assert!(bytes.starts_with(b"\xff\xd8\xff\xe1") && bytes.ends_with(b"\xff\xd9"));
    assert!(bytes.windows(6).any(|w| w == b"Exif\0\0"));
}

#[test]
fn a_scale_out_of_range_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    for scale in [f64::NAN, -1.0, 2000.0, f64::INFINITY] {
        assert!(write_account(dir.path(), scale, 1).is_err());
    }
    let truth = write_account(dir.path(), 0.0, 1).unwrap();
    assert_eq!(truth.records.get("google.mail"), None);
    assert_eq!(takeout(dir.path()).iter().filter(|e| e.path.ends_with(".mbox")).count(), 2);
}

#[test]
fn damages() {
    let dir = tempfile::tempdir().unwrap();
    let (one, two) = (dir.path().join("one"), dir.path().join("two"));
    fs::write(&one, [0, 0, 0]).unwrap();
    fs::write(&two, b"two").unwrap();
    tamper::flip_bit(&one, 1, 7).unwrap();
    assert_eq!(fs::read(&one).unwrap(), [0, 0x80, 0]);
    assert!(tamper::flip_bit(&one, 3, 0).is_err());
    tamper::truncate(&one, 2).unwrap();
    assert!(tamper::truncate(&one, 3).is_err());
    tamper::append(&one, b"x").unwrap();
    tamper::swap(&one, &two).unwrap();
    assert_eq!((fs::read(&one).unwrap(), fs::read(&two).unwrap()), (b"two".to_vec(), vec![0, 0x80, b'x']));
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 2);
}
