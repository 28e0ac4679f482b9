//! Google Photos: a picture or film with its sidecar, and albums.

use super::element::{keep, not_an_object, text};
use super::pairing::{named, pair, shares};
use crate::formats::exif::{self, media_type};
use crate::formats::json::{Object, is_text};
use crate::formats::time;
use crate::{Opened, Sink, Tree, TreeEntry};
use glasshouse_model::{
    Attachment, Claim, EntryId, Family, Framing, Locator, MomentRole, Party, PartyRole, Place, Record, Ref,
};
use std::collections::{BTreeMap, BTreeSet, HashMap};

pub(super) const FORMAT: &str = "photos";

/// Endings of what Google Photos holds; other files are looked into.
const MEDIA: &[&str] = &[
    "jpg", "jpeg", "jpe", "png", "heic", "heif", "avif", "gif", "webp", "tif", "tiff", "bmp", "dng", "cr2", "cr3",
    "nef", "arw", "raf", "orf", "rw2", "mp4", "m4v", "mov", "3gp", "mkv", "avi", "mpg", "mpeg", "mts", "wmv", "webm",
    "mp", "mv",
];

/// Says whether first bytes are those of a sidecar.
pub(super) fn is_sidecar(head: &[u8]) -> bool {
    memchr::memmem::find(head, b"\"photoTakenTime\"").is_some()
}

fn is_album(head: &[u8]) -> bool {
    let has = |needle: &[u8]| memchr::memmem::find(head, needle).is_some();
    !is_sidecar(head) && has(b"\"title\"") && (has(b"\"access\"") || has(b"\"date\"") || has(b"\"albumData\""))
}

/// Files of one folder, under lower-case names; a name may come twice.
#[derive(Default)]
struct Folder<'a> {
    media: BTreeMap<String, Vec<&'a TreeEntry<'a>>>,
    json: BTreeMap<String, Vec<&'a TreeEntry<'a>>>,
    album: Option<EntryId>,
}

/// A media file with the folder it lies in and the sidecar found for it.
struct Item<'a> {
    entry: &'a TreeEntry<'a>,
    folder: &'a str,
    sidecar: Option<&'a TreeEntry<'a>>,
    /// Further sidecars for it, as overlapping exports give.
    more: Vec<&'a TreeEntry<'a>>,
}

/// Claims what lies in folders of Google Photos; `key` names a folder alike in all parts of one export.
pub(super) fn claims(tree: &Tree<'_>, entries: &[(String, &TreeEntry)]) -> Vec<Claim> {
    let mut folders: BTreeMap<&str, Folder<'_>> = BTreeMap::new();
    for (key, entry) in entries {
        let folder = folders.entry(key).or_default();
        let ext = entry.extension();
        let name = entry.name().to_lowercase();
        if ext == "json" {
            folder.json.entry(name).or_default().push(entry);
        } else if MEDIA.contains(&ext.as_str()) || media_type(&tree.head(entry.id)).is_some() {
            folder.media.entry(name).or_default().push(entry);
        }
    }
    let mut claims = Vec::new();
    // Of pictures that are the same by name and content, one is claimed and the others are its copies.
    let mut same: BTreeMap<(String, u64, Option<u32>), Vec<Item<'_>>> = BTreeMap::new();
    let mut albums: HashMap<&str, EntryId> = HashMap::new();
    let mut orphans: Orphans<'_> = BTreeMap::new();
    let mut dated: BTreeSet<&str> = BTreeSet::new();
    for (key, folder) in &mut folders {
        let media: BTreeSet<&str> = folder.media.keys().map(String::as_str).collect();
        let json: BTreeSet<&str> = folder.json.keys().map(String::as_str).collect();
        let pairs = pair(&media, &json);
        let used: BTreeSet<&str> = pairs.values().copied().collect();
        let mut more: HashMap<&str, Vec<&TreeEntry>> = HashMap::new();
        for name in json.iter().filter(|name| !used.contains(*name)) {
            if let Some(media) = named(name, &media) {
                more.entry(media).or_default().extend(folder.json.get(*name).into_iter().flatten());
                continue;
            }
            for entry in folder.json.get(*name).into_iter().flatten() {
                let head = tree.head(entry.id);
                if is_sidecar(&head) {
                    let root = key.rsplit_once('/').map_or("", |(root, _)| root);
                    orphans.entry((format!("{root}/{name}"), entry.size, entry.crc32)).or_default().push((key, entry));
                } else if is_album(&head) {
                    claims.push(Claim::of(FORMAT, entry.id, Framing::Whole));
                    folder.album.get_or_insert(entry.id);
                }
            }
        }
        if let Some(album) = folder.album {
            albums.insert(key, album);
        } else if has_year(key.rsplit('/').next().unwrap_or(key)) {
            dated.insert(key);
        }
        for (name, entries) in &folder.media {
            let sidecars = pairs.get(name.as_str()).and_then(|s| folder.json.get(*s)).map_or(&[][..], Vec::as_slice);
            let sidecar = sidecars.first().copied();
            let further = sidecars.iter().skip(1).chain(more.get(name.as_str()).into_iter().flatten()).copied();
            let mut further: Vec<&TreeEntry> = further.collect();
            for entry in entries {
                let root = key.rsplit_once('/').map_or("", |(root, _)| root);
                let id = (format!("{root}/{name}"), entry.size, entry.crc32);
                same.entry(id).or_default().push(Item {
                    entry,
                    folder: key,
                    sidecar,
                    more: std::mem::take(&mut further),
                });
            }
        }
    }
    // Originals before edited copies and films, which share their sidecars.
    let (second, first): (Vec<_>, Vec<_>) =
        same.into_iter().partition(|((name, _, _), _)| shares(name.rsplit('/').next().unwrap_or(name)));
    for ((_, _, crc), mut items) in first.into_iter().chain(second) {
        items.sort_by_key(|item| (!dated.contains(item.folder), item.entry.path, item.entry.id));
        if crc.is_none() && items.len() > 1 {
            // Folders state no checksum: name, size and first bytes have to do.
            let first = items.first().map(|item| tree.head(item.entry.id)).unwrap_or_default();
            let (alike, other): (Vec<_>, Vec<_>) = items.into_iter().partition(|i| tree.head(i.entry.id) == first);
            claims.extend(other.into_iter().filter_map(|item| claim(vec![item], &albums, &mut orphans)));
            items = alike;
        }
        claims.extend(claim(items, &albums, &mut orphans));
    }
    // Sidecars whose photos are nowhere.
    claims.extend(orphans.into_values().flatten().map(|(_, entry)| Claim::of(FORMAT, entry.id, Framing::Whole)));
    claims
}

/// Sidecars without a photo beside them, by root and name, size and checksum, each with its folder.
type Orphans<'a> = BTreeMap<(String, u64, Option<u32>), Vec<(&'a str, &'a TreeEntry<'a>)>>;

fn claim(items: Vec<Item<'_>>, albums: &HashMap<&str, EntryId>, orphans: &mut Orphans<'_>) -> Option<Claim> {
    let mut items_in = items.into_iter();
    let main = items_in.next()?;
    let mut claim = Claim::of(FORMAT, main.entry.id, Framing::Whole);
    let mut sidecar = main.sidecar;
    let mut seen_albums: Vec<EntryId> = albums.get(main.folder).copied().into_iter().collect();
    claim.companions.extend(sidecar.map(|s| s.id));
    let mut others = main.more;
    for copy in items_in {
        claim.copies.push(copy.entry.id);
        others.extend(copy.sidecar.into_iter().chain(copy.more));
        seen_albums.extend(albums.get(copy.folder));
    }
    for other in others {
        match sidecar {
            Some(first) if first.size == other.size && first.crc32 == other.crc32 && first.crc32.is_some() => {
                claim.copies.push(other.id);
            }
            _ => claim.companions.push(other.id),
        }
        sidecar = sidecar.or(Some(other));
    }
    // Some exports give an album the sidecar alone: the same sidecar says that the same photo is in it.
    if let Some(sidecar) = sidecar.filter(|sidecar| sidecar.crc32.is_some()) {
        let root = main.folder.rsplit_once('/').map_or("", |(root, _)| root);
        let id = (format!("{root}/{}", sidecar.name().to_lowercase()), sidecar.size, sidecar.crc32);
        for (folder, orphan) in orphans.remove(&id).unwrap_or_default() {
            claim.copies.push(orphan.id);
            seen_albums.extend(albums.get(folder));
        }
    }
    seen_albums.dedup();
    claim.companions.extend(seen_albums);
    claim.shared_companions = !claim.companions.is_empty();
    Some(claim)
}

/// Says whether a folder is named for a year, as those of all pictures are.
fn has_year(name: &str) -> bool {
    let digits = |w: &[u8]| w.iter().all(u8::is_ascii_digit) && (w.starts_with(b"19") || w.starts_with(b"20"));
    name.as_bytes().windows(4).any(digits)
}

/// Reads a photo with its sidecar, a sidecar whose photo is not there, or an album.
pub(super) fn parse(opened: &Opened<'_>, out: &mut Sink) {
    for frame in opened.frames {
        if opened.entry.extension() == "json" {
            alone(opened, frame, out);
        } else {
            photo(opened, frame, out);
        }
    }
}

fn photo(opened: &Opened<'_>, frame: &crate::Frame<'_>, out: &mut Sink) {
    let at = opened.at(Locator::whole(opened.entry.size));
    let mut record = Record::new(Family::Media, FORMAT);
    let mut others: Vec<Ref> = Vec::new();
    let mut albums = Vec::new();
    let mut further = Vec::new();
    let mut first = true;
    for companion in opened.companions {
        let from = Ref { entry: companion.entry.id, locator: Locator::json("", 0, companion.bytes.len() as u64) };
        let text = String::from_utf8_lossy(companion.bytes);
        let Ok(object) = Object::parse(text.trim_start_matches('\u{feff}')) else {
            out.warn(from, "json.syntax", "The photo's sidecar or album is not a valid JSON object; it was not read.");
            continue;
        };
        if object.raw("photoTakenTime").is_none() && is_album(companion.bytes) {
            albums.extend(album_title(&object));
        } else if first {
            first = false;
            sidecar(&object, &mut record, out);
            others.push(from);
        } else {
            // A copy in an album, or another export, has a sidecar of its own that says something else.
            further.push(text.trim_start_matches('\u{feff}').trim().to_owned());
            others.push(from);
        }
    }
    if !further.is_empty() {
        keep(&mut record.fields, "sidecars", &format!("[{}]", further.join(",")));
    }
    if !albums.is_empty() {
        record.fields.list("albums", &albums);
    }
    exif::add(opened, frame, &at, &mut record, out);
    let name = opened.entry.name();
    record.title.get_or_insert_with(|| name.to_owned());
    record.attachments.push(Attachment {
        name: Some(name.to_owned()),
        mime: media_type(frame.bytes).map(Into::into),
        size: Some(opened.entry.size),
        sha256: None,
        at: Some(at.clone()),
    });
    out.record_from(at, others, record);
}

fn alone(opened: &Opened<'_>, frame: &crate::Frame<'_>, out: &mut Sink) {
    let at = opened.at(Locator::json("", frame.offset, frame.bytes.len() as u64));
    let raw = text(frame, &at, out);
    let Ok(object) = Object::parse(raw.trim_start_matches('\u{feff}')) else {
        return not_an_object(frame, at, out);
    };
    let mut record = Record::new(Family::Media, FORMAT);
    if object.raw("photoTakenTime").is_some() {
        sidecar(&object, &mut record, out);
        let name = record.title.clone();
        record.attachments.push(Attachment { name, ..Attachment::default() });
        out.warn(at.clone(), "photos.missing", "The sidecar's photo is not among the files given.");
    } else {
        record.title = album_title(&object);
        record.fields.text("kind", "album");
        let inner = object.object("albumData");
        let date = inner.as_ref().unwrap_or(&object).object("date");
        let stamp = date.and_then(|d| d.text("timestamp").map(|t| t.into_owned()));
        record.moments.extend(stamp.map(|t| time::epoch_seconds(MomentRole::Created, &t)));
        for (key, raw) in object.members() {
            if !matches!(
                key,
                "title"
                    | "description"
                    | "access"
                    | "date"
                    | "location"
                    | "geoData"
                    | "albumData"
                    | "enrichments"
                    | "sharedAlbumComments"
            ) {
                out.drift(FORMAT, key);
            }
            if key != "title" || !is_text(raw.get()) {
                keep(&mut record.fields, &format!("album.{key}"), raw.get());
            }
        }
    }
    out.record(at, record);
}

fn album_title(object: &Object<'_>) -> Option<String> {
    let title = object.text("title").map(|t| t.into_owned());
    title.or_else(|| object.object("albumData")?.text("title").map(|t| t.into_owned()))
}

/// Takes over what a sidecar says.
fn sidecar(object: &Object<'_>, record: &mut Record, out: &mut Sink) {
    for (key, role) in [("photoTakenTime", MomentRole::Taken), ("creationTime", MomentRole::Created)] {
        let stamp = object.object(key).and_then(|t| t.text("timestamp").map(|t| t.into_owned()));
        record.moments.extend(stamp.map(|t| time::epoch_seconds(role, &t)));
    }
    record.place = ["geoData", "geoDataExif"].iter().find_map(|key| {
        let geo = object.object(key)?;
        let (lat, lon) = (geo.float("latitude")?, geo.float("longitude")?);
        // Exactly zero is how Google writes that there is none.
        let mut place = if lat == 0.0 && lon == 0.0 { None } else { Place::at(lat, lon) }?;
        place.altitude = geo.float("altitude").filter(|a| *a != 0.0);
        Some(place)
    });
    for person in object.objects("people") {
        record.parties.extend(person.text("name").map(|name| Party::named(PartyRole::Tagged, name)));
    }
    for (key, raw) in object.members() {
        let value = object.text(key);
        match (key, value) {
            ("title", Some(text)) => record.title = Some(text.into_owned()).filter(|t| !t.is_empty()),
            ("description", Some(text)) if !text.is_empty() => record.text = Some(text.into_owned()),
            (
                "title"
                | "description"
                | "imageViews"
                | "creationTime"
                | "photoTakenTime"
                | "modificationTime"
                | "photoLastModifiedTime"
                | "geoData"
                | "geoDataExif"
                | "people"
                | "url"
                | "googlePhotosOrigin"
                | "favorited"
                | "archived"
                | "trashed"
                | "enrichments"
                | "sharedAlbumComments"
                | "appSource",
                _,
            ) => keep(&mut record.fields, key, raw.get()),
            _ => {
                out.drift(FORMAT, key);
                keep(&mut record.fields, key, raw.get());
            }
        }
    }
}
