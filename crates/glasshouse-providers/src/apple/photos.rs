//! iCloud Photos: pictures with the lists that describe them, albums and memories.

use crate::formats::exif::{self, media_type};
use crate::formats::sheet::{Is, Rows, Sheet, linked};
use crate::formats::wall::Clock;
use crate::framing::frame_all;
use crate::{Companion, Frame, Opened, Sink, Tree, TreeEntry};
use glasshouse_model::{
    Attachment, Claim, Family, Framing, Link, Links, Locator, LocatorKind, MomentRole, Record, Ref,
};
use std::collections::BTreeMap;
use std::sync::Arc;

pub(super) const FORMAT: &str = "photos";
pub(super) const ALBUMS: &str = "albums";

/// Lists up to this size are joined to each picture; longer ones name their pictures, row by row.
const JOINED: u64 = 512 << 10;
/// More lists beside one picture than any export holds.
const MOST_LISTS: usize = 16;

static DETAILS: Sheet = Sheet {
    format: FORMAT,
    family: Family::Media,
    needs: &[&["imgName"], &["originalCreationDate"]],
    columns: &[
        (&["originalCreationDate"], Is::Time(MomentRole::Taken)),
        (&["importDate"], Is::Time(MomentRole::Created)),
        (&["imgName"], Is::Title),
        (&["fileChecksum", "favorite", "hidden", "deleted", "viewCount"], Is::Field),
    ],
    clock: Some(Clock::UNKNOWN),
    ..Sheet::NONE
};

/// Albums and memories name their only column differently.
const IMAGE: &[&str] = &["Images", "imgName", "imageName"];

static ALBUM: Sheet = Sheet {
    format: ALBUMS,
    family: Family::Media,
    needs: &[IMAGE],
    columns: &[(IMAGE, Is::File)],
    clock: Some(Clock::UNKNOWN),
    ..Sheet::NONE
};

/// Claims lists, the pictures beside them, and albums.
pub(super) fn claims(tree: &Tree<'_>) -> Vec<Claim> {
    let tables = tree.entries().iter().filter(|e| e.size > 0 && e.extension() == "csv");
    let mut lists: BTreeMap<&str, Vec<&TreeEntry>> = BTreeMap::new();
    let mut albums = Vec::new();
    for entry in tables {
        let dir = entry.dir().to_lowercase();
        let named = entry.name().to_lowercase().starts_with("photo details");
        let in_albums = dir.ends_with("/albums") || dir.ends_with("/memories") || dir.contains("icloud photos");
        if (named || in_albums) && DETAILS.header(&tree.head(entry.id)).is_some() {
            lists.entry(entry.dir()).or_default().push(entry);
        } else if in_albums && is_album(&tree.head(entry.id)) {
            albums.push(entry);
        }
    }
    let mut claims = Vec::new();
    let mut by_root: BTreeMap<String, Vec<Link>> = BTreeMap::new();
    let mut pictures: BTreeMap<&str, Vec<&TreeEntry>> = BTreeMap::new();
    for entry in tree.entries().iter().filter(|e| e.size > 0 && e.extension() != "csv") {
        // A list at the root of a part speaks of the folders below it; the nearest one speaks of the picture.
        let above = std::iter::successors(Some(entry.dir()), |dir| dir.rsplit_once('/').map(|(up, _)| up));
        let Some(dir) = above.take(3).find(|dir| lists.contains_key(dir)) else { continue };
        if media_type(&tree.head(entry.id)).is_some() {
            pictures.entry(dir).or_default().push(entry);
        }
    }
    for (dir, lists) in &lists {
        let pictures = pictures.remove(dir).unwrap_or_default();
        let links = pictures.iter().map(|e| Link { name: e.name().to_owned(), entry: e.id, size: e.size });
        let links: Vec<Link> = links.collect();
        by_root.entry(root(dir)).or_default().extend(links.iter().cloned());
        let links: Arc<Links> = Arc::new(links.into_iter().collect());
        let joined: Vec<_> = lists.iter().filter(|l| l.size <= JOINED).take(MOST_LISTS).map(|l| l.id).collect();
        for list in lists {
            let framing = if joined.contains(&list.id) { Framing::Whole } else { Framing::Rows };
            let mut claim = Claim::of(FORMAT, list.id, framing);
            claim.links = Arc::clone(&links);
            claims.push(claim);
        }
        for picture in pictures {
            let mut claim = Claim::of(FORMAT, picture.id, Framing::Whole);
            (claim.companions, claim.shared_companions) = (joined.clone(), true);
            claims.push(claim);
        }
    }
    let by_root: BTreeMap<String, Arc<Links>> =
        by_root.into_iter().map(|(root, links)| (root, Arc::new(links.into_iter().collect()))).collect();
    for entry in albums {
        let mut claim = Claim::of(ALBUMS, entry.id, Framing::Rows);
        claim.links = by_root.get(&root(entry.dir())).cloned().unwrap_or_default();
        claims.push(claim);
    }
    claims
}

fn is_album(head: &[u8]) -> bool {
    ALBUM.header(head).is_some_and(|header| header.names().iter().filter(|n| !n.is_empty()).count() == 1)
}

/// Returns what the folders of one photo library share, in whatever part they lie.
///
/// The folder of a part holds `iCloud` in every language (`iCloud Photos Part 1 of 6`, `iCloud-bilder Del 1 av 6`).
fn root(dir: &str) -> String {
    let lower = dir.to_lowercase();
    match lower.find("icloud") {
        Some(at) => lower.get(..at).unwrap_or_default().rsplit_once('/').map_or("", |(root, _)| root).to_owned(),
        None => lower.rsplit_once('/').map_or(String::new(), |(root, _)| root.to_owned()),
    }
}

/// Reads a picture with its lists, a list, or an album.
pub(super) fn parse(opened: &Opened<'_>, out: &mut Sink) {
    if opened.claim.format == ALBUMS {
        return album(opened, out);
    }
    if opened.entry.extension() != "csv" {
        return opened.frames.iter().for_each(|frame| picture(opened, frame, out));
    }
    let Some(mut rows) = Rows::find(&DETAILS, opened.head) else {
        return headless(opened, out);
    };
    for frame in opened.frames {
        match opened.claim.framing {
            Framing::Rows => row(opened, &mut rows, frame, out),
            _ => list(opened, &mut rows, frame, out),
        }
    }
}

/// Reads the rows of a joined list whose pictures are not here: the others have records of their own.
fn list(opened: &Opened<'_>, rows: &mut Rows<'_>, frame: &Frame<'_>, out: &mut Sink) {
    let (spans, _) = frame_all(Framing::Rows, frame.bytes);
    for span in spans {
        let bytes = frame.bytes.get(span.start as usize..span.end as usize).unwrap_or_default();
        let inner = Frame {
            name: "",
            element: true,
            index: span.index,
            offset: frame.offset + span.start,
            bytes,
            truncated: span.truncated,
        };
        let name = rows.header().row(bytes);
        if name.get(&["imgName"]).is_some_and(|name| opened.claim.links.get(name).is_some()) {
            continue;
        }
        row(opened, rows, &inner, out);
    }
}

fn headless(opened: &Opened<'_>, out: &mut Sink) {
    // Once an entry, however many calls its rows take.
    if !opened.frames.iter().any(|f| f.index == 0) {
        return;
    }
    let at = opened.at(Locator::bytes(0, 0));
    out.warn(at, "table.header", "The list of photos has no header that is known; it was not read.");
}

/// Reads a row of a list as a record of its own.
fn row(opened: &Opened<'_>, rows: &mut Rows<'_>, frame: &Frame<'_>, out: &mut Sink) {
    let Some((at, mut record)) = rows.row(opened, frame, out) else { return };
    let Some(name) = record.title.clone() else {
        return out.record(at, record);
    };
    let attachment = linked(opened, &name);
    if attachment.at.is_none() {
        out.warn(at.clone(), "photos.missing", "The photo that the list describes is not among the files given.");
    }
    check_times(&record, &at, out);
    record.attachments.push(attachment);
    out.record(at, record);
}

fn check_times(record: &Record, at: &Ref, out: &mut Sink) {
    if record.moments.iter().any(|m| m.instant.is_none()) {
        out.warn(at.clone(), "time.syntax", "A time of the photo has no zone or cannot be read; no instant follows.");
    }
}

fn picture(opened: &Opened<'_>, frame: &Frame<'_>, out: &mut Sink) {
    let at = opened.at(Locator::whole(opened.entry.size));
    let name = opened.entry.name();
    let mut found: Option<Record> = None;
    let mut refs = Vec::new();
    for list in opened.companions {
        for (place, described) in rows_of(name, list, opened, out) {
            check_times(&described, &place, out);
            refs.push(place);
            match &mut found {
                None => found = Some(described),
                // Another picture of that name, or the same again: what it says stays.
                Some(first) => {
                    first.fields.raw(&format!("row {}", refs.len()), &described.fields.to_json());
                    first.moments.extend(described.moments);
                }
            }
        }
    }
    let mut record = found.unwrap_or_else(|| Record::new(Family::Media, FORMAT));
    record.title = Some(name.to_owned());
    record.fields.opt_text("folder", opened.entry.dir().rsplit('/').next().filter(|d| !d.is_empty()));
    exif::add(opened, frame, &at, &mut record, out);
    record.attachments.push(Attachment {
        name: Some(name.to_owned()),
        mime: media_type(frame.bytes).map(Into::into),
        size: Some(opened.entry.size),
        sha256: None,
        at: Some(at.clone()),
    });
    out.record_from(at, refs, record);
}

/// Returns what a list says of a picture, without reading the other rows.
fn rows_of(name: &str, list: &Companion<'_>, opened: &Opened<'_>, out: &mut Sink) -> Vec<(Ref, Record)> {
    // A hostile list could name one picture in every row.
    const MOST_ROWS: usize = 20;
    let head = list.bytes.get(..Tree::HEAD.min(list.bytes.len())).unwrap_or_default();
    let Some(mut table) = Rows::find(&DETAILS, head) else { return Vec::new() };
    let mut rows = Vec::new();
    let (mut behind, mut looked) = (0, 0);
    let ends = |byte: Option<&u8>| byte.is_none_or(|b| matches!(b, b',' | b'"' | b'\n' | b'\r' | b';' | b'\t'));
    for hit in memchr::memmem::find_iter(list.bytes, name.as_bytes()) {
        // A name is often the end of others.
        let is_value = hit > 0 && ends(list.bytes.get(hit - 1)) && ends(list.bytes.get(hit + name.len()));
        if hit < behind || !is_value {
            continue;
        }
        looked += 1;
        if rows.len() >= MOST_ROWS || looked > 10 * MOST_ROWS {
            break;
        }
        let start = memchr::memrchr(b'\n', list.bytes.get(..hit).unwrap_or_default()).map_or(0, |at| at + 1);
        let rest = list.bytes.get(hit..).unwrap_or_default();
        let end = memchr::memchr(b'\n', rest).map_or(list.bytes.len(), |at| hit + at + 1);
        behind = end;
        let bytes = list.bytes.get(start..end).unwrap_or_default();
        if table.header().row(bytes).get(&["imgName"]) != Some(name) || start == 0 {
            continue;
        }
        let line = memchr::memchr_iter(b'\n', list.bytes.get(..start).unwrap_or_default()).count() as u64;
        let number = line.saturating_sub(table.header().index).to_string();
        let place = Ref {
            entry: list.entry.id,
            locator: Locator::new(LocatorKind::Row, number, start as u64, bytes.len() as u64),
        };
        if let Some(described) = table.record(bytes, opened, &place, out) {
            rows.push((place, described));
        }
    }
    rows
}

fn album(opened: &Opened<'_>, out: &mut Sink) {
    let Some(mut rows) = Rows::find(&ALBUM, opened.head) else {
        return headless(opened, out);
    };
    let stem = opened.entry.name().rsplit_once('.').map_or(opened.entry.name(), |(stem, _)| stem);
    let kind = if opened.entry.dir().to_lowercase().contains("memories") { "memory" } else { "album" };
    for frame in opened.frames {
        let Some((at, mut record)) = rows.row(opened, frame, out) else { continue };
        record.fields.text("kind", kind).text("album", stem);
        record.title = Some(stem.to_owned());
        record.conversation = Some(opened.entry.path.to_owned());
        if record.attachments.iter().all(|a| a.at.is_none()) {
            out.warn(at.clone(), "photos.missing", "A photo of the album is not among the files given.");
        }
        out.record(at, record);
    }
}
