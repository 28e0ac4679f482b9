//! Hashes the content of each entry, read anew out of the parts.

use crate::events::State;
use crate::files::{FileError, Root, hash, open_external};
use crate::inflate::{Gunzip, Inflate};
use crate::parts::{Part, each_entry};
use crate::report::{Class, Report};
use crate::unseal;
use crate::view::{Scratch, View, ViewReader};
use glasshouse_layout::EntryLine;
use std::collections::BTreeSet;
use std::io::{self, BufReader, Read};
use std::path::Path;

/// Largest content of a nested archive that is put aside to look into it.
const MAX_NESTED: u64 = 16 << 30;
const BUFFER: usize = 1 << 18;
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// Checks the content of the entries of parts whose own bytes are as the log says.
pub fn check(root: &Root, state: &State, parts: &[Part], scratch: Option<&Path>, report: &mut Report) {
    for part in parts {
        let external = state.files.get(&part.path).and_then(|file| file.external.as_deref());
        let opened = match external {
            Some(place) => open_external(Path::new(place)),
            None => root.open(&part.path),
        };
        // What was sealed is not put aside in clear.
        let scratch = Scratch { folder: scratch, sealed: part.key.is_some() };
        let outcome = opened.and_then(|(file, length)| {
            let view = match &part.key {
                None => View::of_file(file, length),
                Some(key) => View::of_sealed(unseal::stream(file, key)?)?,
            };
            check_part(root, part, view, scratch, report).map_err(|message| FileError::Io(io::Error::other(message)))
        });
        if let Err(error) = outcome {
            report.fault(Class::Unreadable, &part.path, error.to_string());
        }
    }
}

fn check_part(root: &Root, part: &Part, view: View, scratch: Scratch<'_>, report: &mut Report) -> Result<(), String> {
    let mut archives = BTreeSet::new();
    each_entry(root, &part.manifest, part.key.as_ref(), |entry| {
        archives.extend(entry.parent);
        Ok(())
    })?;
    let stream = (part.file.part.container == "tar.gz")
        .then(|| Stream { reader: Gunzip::new(buffered(view.reader())), position: 0 });
    let mut walk = Walk { view, stream, archives, open: Vec::new(), scratch };
    each_entry(root, &part.manifest, part.key.as_ref(), |entry| {
        let outcome = walk.entry(&entry);
        let number = entry.entry;
        match outcome {
            Outcome::Right => report.counts.contents += 1,
            Outcome::NoContent => (),
            Outcome::NotChecked(why) => {
                // The reasons come from the case; a hostile one must not make the table long.
                let table = &mut report.counts.contents_not_checked;
                let why = if table.len() < 50 || table.contains_key(&why) { why } else { "other methods".into() };
                *table.entry(why).or_default() += 1;
            }
            Outcome::Altered(found) => {
                let expected = entry.sha256.as_deref().unwrap_or("none");
                let message = format!("entry {number}: its content has SHA-256 {found} but this list says {expected}");
                report.fault(Class::Altered, &part.manifest, message);
            }
            Outcome::Damaged(why) => {
                let message = format!("entry {number}: its content is not where this list says: {why}");
                report.fault(Class::Malformed, &part.manifest, message);
            }
        }
        Ok(())
    })
}

enum Outcome {
    Right,
    /// A folder, a link, or a file that the writer could not read either.
    NoContent,
    NotChecked(String),
    Altered(String),
    Damaged(String),
}

/// The content of a `tar.gz` part, which passes once.
struct Stream {
    reader: Gunzip<BufReader<ViewReader>>,
    position: u64,
}

/// A nested archive whose entries may follow.
struct Nested {
    entry: u32,
    content: View,
    /// What `content` inflates to, if it is a gzip file.
    inflated: Option<View>,
}

struct Walk<'a> {
    view: View,
    stream: Option<Stream>,
    /// Entries that have entries in them.
    archives: BTreeSet<u32>,
    /// The archives around the present entry, outermost first.
    open: Vec<Nested>,
    scratch: Scratch<'a>,
}

impl Walk<'_> {
    fn entry(&mut self, entry: &EntryLine) -> Outcome {
        let depth = entry.parent.map_or(Some(0), |parent| {
            self.open.iter().position(|nested| nested.entry == parent).map(|index| index + 1)
        });
        self.open.truncate(depth.unwrap_or(0));
        let Some(expected) = &entry.sha256 else {
            return match entry.kind.as_str() {
                "file" => Outcome::NotChecked("no hash in the list".into()),
                _ => Outcome::NoContent,
            };
        };
        if entry.encrypted {
            return Outcome::NotChecked(format!("{} (encrypted)", entry.method));
        }
        if depth.is_none() {
            return Outcome::NotChecked("in an archive that could not be looked into".into());
        }
        if !["stored", "deflate", "file", "tar"].contains(&entry.method.as_str()) {
            return Outcome::NotChecked(entry.method.chars().take(40).collect());
        }
        match self.hash(entry) {
            Ok((found, _)) if found == *expected => Outcome::Right,
            Ok((found, _)) => Outcome::Altered(found),
            Err(error) => Outcome::Damaged(error.to_string()),
        }
    }

    fn hash(&mut self, entry: &EntryLine) -> io::Result<(String, u64)> {
        let deflated = entry.method == "deflate";
        let is_archive = self.archives.contains(&entry.entry) && entry.size <= MAX_NESTED;
        // What could not be listed as a tar is held as one file, which is the part itself.
        let of_tar = entry.parent.is_none() && entry.method == "tar";
        if let (true, Some(stream)) = (of_tar, &mut self.stream) {
            let data = stream.entry(entry)?;
            if !is_archive {
                return hash(data, entry.size);
            }
            let content = View::of_reader(data, entry.size, self.scratch)?;
            return self.keep(entry, content);
        }
        let data = self.base(entry)?.range(entry.offset, entry.csize);
        let data = data.ok_or_else(|| io::Error::other("its bytes lie past the end"))?;
        match (deflated, is_archive) {
            (false, false) => hash(data.reader(), entry.size),
            (false, true) => self.keep(entry, data),
            (true, false) => hash(Inflate::new(buffered(data.reader())), entry.size),
            (true, true) => {
                let content = View::of_reader(Inflate::new(buffered(data.reader())), entry.size, self.scratch)?;
                self.keep(entry, content)
            }
        }
    }

    /// Returns what an entry's offset counts in.
    fn base(&mut self, entry: &EntryLine) -> io::Result<View> {
        if entry.parent.is_none() {
            return Ok(self.view.clone());
        }
        let nested = self.open.last_mut().ok_or_else(|| io::Error::other("its archive is not open"))?;
        if entry.method != "tar" || !nested.content.starts_with(&GZIP) {
            return Ok(nested.content.clone());
        }
        if nested.inflated.is_none() {
            let gunzip = Leniently(Gunzip::new(buffered(nested.content.reader())));
            nested.inflated = Some(View::of_reader(gunzip, MAX_NESTED, self.scratch)?);
        }
        nested.inflated.clone().ok_or_else(|| io::Error::other("its archive is not open"))
    }

    /// Hashes the content of a nested archive and keeps it for the entries in it.
    fn keep(&mut self, entry: &EntryLine, content: View) -> io::Result<(String, u64)> {
        let found = hash(content.reader(), entry.size)?;
        self.open.push(Nested { entry: entry.entry, content, inflated: None });
        Ok(found)
    }
}

impl Stream {
    /// Moves on to an entry and returns a reader of its bytes.
    fn entry(&mut self, entry: &EntryLine) -> io::Result<io::Take<&mut Gunzip<BufReader<ViewReader>>>> {
        let gap = entry.offset.checked_sub(self.position);
        let gap = gap.ok_or_else(|| io::Error::other("it lies before the entry that precedes it"))?;
        if io::copy(&mut self.reader.by_ref().take(gap), &mut io::sink())? != gap {
            return Err(io::Error::other("its bytes lie past the end"));
        }
        self.position = entry.offset.saturating_add(entry.csize);
        Ok(self.reader.by_ref().take(entry.csize))
    }
}

/// Takes an error for the end: what comes before the damage in an archive can still be checked.
struct Leniently<R>(R);

impl<R: Read> Read for Leniently<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        Ok(self.0.read(out).unwrap_or(0))
    }
}

fn buffered(reader: ViewReader) -> BufReader<ViewReader> {
    BufReader::with_capacity(BUFFER, reader)
}
