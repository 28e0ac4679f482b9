//! Formats without code: a *lens* is one text file that says what the items of a file mean.
//!
//! How a lens is written is in `docs/how-to-write-a-lens.md`, why it is like that in `docs/decisions/0013-lenses.md`.
//! The lenses that Glasshouse comes with lie under `lenses/`; a user may hand over others.

mod items;
mod model;
mod paths;
mod pointer;
mod program;
mod shipped;
mod text;
mod toml;
mod when;
mod work;

pub use shipped::shipped;

use crate::{Opened, Provider, Sink, Tree};
use glasshouse_model::{Claim, Family, Format, Framing, Manifest};
use model::{Layout, LensFile};
use std::collections::BTreeSet;
use std::fmt;
use std::rc::Rc;
use work::Work;

/// Why a lens cannot be used: on which line of its file, and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LensError {
    /// The file, as the caller named it.
    pub file: String,
    /// The line, counted from 1; 0 when it is the file as a whole.
    pub line: usize,
    /// What is wrong, for people.
    pub what: String,
    /// What to do next, for people.
    pub next: String,
}

impl LensError {
    fn new(line: usize, what: impl Into<String>, next: impl Into<String>) -> Self {
        LensError { file: String::new(), line, what: what.into(), next: next.into() }
    }
}

impl fmt::Display for LensError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.file.is_empty() {
            write!(f, "{}, ", self.file)?;
        }
        if self.line > 0 {
            write!(f, "line {}: ", self.line)?;
        }
        write!(f, "{}; {}.", self.what, self.next)
    }
}

impl std::error::Error for LensError {}

/// Reads a lens that a user hands over; `name` is the file's name, for messages.
///
/// What is returned lives as long as the program, as every provider does: a lens (64 KiB at most) is read once in a
/// run and used until its end, so nothing is gained by giving its memory back.
pub fn load(text: &str, name: &str) -> Result<&'static dyn Provider, LensError> {
    let in_file = |error: LensError| LensError { file: name.to_owned(), ..error };
    let file = model::read(text).map_err(in_file)?;
    if crate::providers().iter().any(|p| p.manifest().id == file.provider) {
        let what = format!("a provider `{}` is there already", file.provider);
        return Err(in_file(LensError::new(0, what, "give the lens's `provider` another name")));
    }
    let lens: &'static Lens = Box::leak(Box::new(Lens::of(vec![(file, text)])));
    Ok(lens)
}

/// One provider whose formats are lenses.
struct Lens {
    manifest: &'static Manifest,
    formats: Vec<Ready>,
}

/// A lens with what claims need of it for ever.
struct Ready {
    id: &'static str,
    framing: Framing,
    file: LensFile,
}

fn keep(text: &str) -> &'static str {
    Box::leak(text.to_owned().into_boxed_str())
}

fn keep_all<T>(values: impl IntoIterator<Item = T>) -> &'static [T] {
    Box::leak(values.into_iter().collect::<Vec<_>>().into_boxed_slice())
}

impl Lens {
    /// Returns the provider that these lenses, with their texts, make up; they name the same provider.
    fn of(files: Vec<(LensFile, &str)>) -> Self {
        let unique = |all: Vec<&str>| {
            let mut seen = BTreeSet::new();
            keep_all(all.into_iter().filter(|text| seen.insert(text.to_string())).map(keep))
        };
        let not_covered = unique(files.iter().flat_map(|(file, _)| &file.not_covered).map(String::as_str).collect());
        let references = unique(files.iter().flat_map(|(file, _)| &file.references).map(String::as_str).collect());
        let (id, title) = files.first().map_or(("lens", "Lens"), |(file, _)| (&file.provider, &file.service));
        let (id, title) = (keep(id), keep(title));
        let formats = keep_all(files.iter().map(|(file, text)| Format {
            id: keep(&file.format),
            title: keep(&file.title),
            families: keep_all(file.kinds.iter().map(|kind| kind.family).collect::<BTreeSet<Family>>()),
            tier: file.tier,
            version: version(text),
        }));
        let manifest = Manifest { id, title, formats, general: false, not_covered, references };
        let ready = files.into_iter().zip(formats).map(|((file, _), format)| Ready {
            id: format.id,
            framing: file.framing(),
            file,
        });
        Lens { manifest: Box::leak(Box::new(manifest)), formats: ready.collect() }
    }
}

/// Returns a number that changes with the lens's text: what a lens makes depends on nothing else, and a case that
/// was read with another text is read again.
fn version(text: &str) -> u32 {
    let digest = ring::digest::digest(&ring::digest::SHA256, text.as_bytes());
    let first = digest.as_ref().iter().take(4).fold(0u32, |sum, byte| (sum << 8) | u32::from(*byte));
    (first >> 1).max(1)
}

impl LensFile {
    /// The whole document is needed where it is an item itself, or where ways into it share no list at the top.
    fn is_whole(&self) -> bool {
        self.layout == Layout::Json && self.kinds.iter().any(|kind| kind.items.iter().any(paths::JsonPath::is_document))
    }

    fn framing(&self) -> Framing {
        match self.layout {
            Layout::Csv => Framing::Rows,
            Layout::Html => Framing::Marker(b"<tr"),
            Layout::Ndjson => Framing::Lines,
            Layout::Text if self.lines.heading.is_empty() => Framing::Whole,
            // What a heading says holds as far as the next one.
            Layout::Text => Framing::Marker(keep(&format!("\n{}", self.lines.heading)).as_bytes()),
            Layout::Json if self.is_whole() => Framing::Whole,
            Layout::Json => {
                let tops =
                    self.kinds.iter().flat_map(|kind| &kind.items).filter_map(|path| match path.keys.as_slice() {
                        [key] => Some(key.as_str()),
                        _ => None,
                    });
                Framing::JsonArrays(keep_all(tops.collect::<BTreeSet<_>>().into_iter().map(keep)))
            }
        }
    }

    /// Returns whether the first bytes of an entry are those of such a file.
    fn accepts(&self, head: &[u8]) -> bool {
        let holds = |name: &String| {
            let key = serde_json::to_string(name).unwrap_or_default();
            memchr::memmem::find(head, key.as_bytes()).is_some()
        };
        match self.layout {
            Layout::Csv => items::header(self, head).is_some(),
            Layout::Html => items::html_header(self, head).is_some(),
            Layout::Text => text::accepts(self, head),
            Layout::Json | Layout::Ndjson => {
                let start = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
                matches!(start.first(), Some(b'{' | b'[')) && self.guards.iter().all(|guard| guard.iter().any(holds))
            }
        }
    }
}

impl Provider for Lens {
    fn manifest(&self) -> &'static Manifest {
        self.manifest
    }

    fn recognise(&self, tree: &Tree<'_>) -> Vec<Claim> {
        let mut claims = Vec::new();
        let patterns = self.formats.iter().flat_map(|ready| &ready.file.paths);
        let extensions: BTreeSet<&str> = patterns.map(paths::PathPattern::extension).collect();
        for entry in tree.entries() {
            // Most entries of a case are other people's: they cost one look at their end.
            let ends = |extension: &&str| {
                let at = entry.path.len().checked_sub(extension.len());
                at.and_then(|at| entry.path.get(at..)).is_some_and(|end| end.eq_ignore_ascii_case(extension))
            };
            if !extensions.iter().any(ends) {
                continue;
            }
            let path = entry.path.to_lowercase();
            let mut head = None;
            let claimed = self.formats.iter().find(|ready| {
                ready.file.paths.iter().any(|pattern| pattern.matches(&path))
                    && ready.file.accepts(head.get_or_insert_with(|| tree.head(entry.id)))
            });
            claims.extend(claimed.map(|ready| Claim::of(ready.id, entry.id, ready.framing)));
        }
        claims
    }

    fn is_return(&self, format: &str) -> bool {
        self.formats.iter().any(|ready| ready.id == format && ready.file.is_return)
    }

    fn parse(&self, opened: &Opened<'_>, out: &mut Sink) {
        let Some(ready) = self.formats.iter().find(|ready| ready.id == opened.claim.format) else { return };
        let file = &ready.file;
        let header = if file.layout == Layout::Csv { items::header(file, opened.head).map(Rc::new) } else { None };
        let columns =
            if file.layout == Layout::Html { items::html_header(file, opened.head).map(Rc::new) } else { None };
        let mut work = Work { file, format: ready.id, opened, out, header, columns };
        for frame in opened.frames {
            items::each(&mut work, frame);
        }
    }
}

#[cfg(test)]
mod tests;
