//! Lists a part and the archives nested in it, depth first.

use crate::container::{Catalog, CatalogEntry, Container, EntryKind, Limits, sniff_source};
use crate::entries::{Entries, Entry};
use crate::error::StoreError;
use crate::gzip::Members;
use crate::listing::{Budget, How, Listed, Listing, Troubles};
use crate::part::{Cache, Password, open_place};
use crate::source::Source;
use crate::spool::{Spool, Spooled};
use crate::zips::NotListed;
use std::io::{self, BufReader, Read};
use std::path::Path;

/// What opening a part gives.
pub(crate) struct Opened {
    pub sources: Vec<Source>,
    pub catalog: Catalog,
}

pub(crate) struct Opener<'a> {
    path: &'a Path,
    key: &'a str,
    passwords: &'a [Password],
    budget: Budget,
    spool: Spool<'a>,
    sources: Vec<Source>,
    entries: Entries,
    troubles: Troubles,
}

/// Where an archive hangs in the tree.
struct Branch {
    parent: Option<usize>,
    depth: usize,
    /// Positions of the archive and of those around it, for the name of its copy. They do not depend on
    /// whether a password opens something before it.
    name: String,
}

impl<'a> Opener<'a> {
    pub(crate) fn new(
        path: &'a Path,
        cache: Cache<'a>,
        passwords: &'a [Password],
        limits: &Limits,
        len: u64,
        progress: &'a dyn Fn(u64),
    ) -> Self {
        Self {
            path,
            key: cache.key,
            passwords,
            budget: Budget::new(limits, len),
            spool: Spool::new(cache, progress),
            sources: Vec::new(),
            entries: Entries::default(),
            troubles: Troubles::default(),
        }
    }

    pub(crate) fn open(mut self, source: Source, container: Container) -> Result<Opened, StoreError> {
        let branch = Branch { parent: None, depth: 0, name: self.key.to_owned() };
        match container {
            Container::File => self.add_file(source),
            Container::Zip | Container::Tar => self.add(source, container, &branch)?,
            Container::TarGz => {
                let len = source.len();
                let gzip = BufReader::with_capacity(1 << 18, self.spool.counted(source.reader()));
                let content = Box::new(Members::new(gzip));
                // A large part may well be larger inside than nested archives may be together.
                let room = self.budget.limits.nested_bytes.max(len.saturating_mul(20));
                match self.spool.keep(content, &branch.name, room, 0, false)? {
                    Spooled::TooLarge => {
                        return Err(StoreError::Container {
                            path: self.path.to_path_buf(),
                            why: format!("it inflates to more than {room} bytes, which no real export does"),
                            next: "Inflate it with another tool, look at what it holds, and add that".into(),
                        });
                    }
                    Spooled::Kept { source, broken } => {
                        if let Some(why) = broken {
                            let message = format!("The gzip stream breaks off: {why}; what came before is listed.");
                            self.troubles.add(None, "gzip.damaged", message);
                        }
                        self.add(source, Container::Tar, &branch)?;
                    }
                }
            }
        }
        if self.budget.exhausted {
            let message = "There are more entries than the limit allows; the rest is not listed.";
            self.troubles.add(None, "archive.entries", message.into());
        }
        Ok(Opened {
            sources: self.sources,
            catalog: Catalog { entries: self.entries.settled().into(), troubles: self.troubles.finish() },
        })
    }

    fn add_file(&mut self, source: Source) {
        let name = self.path.file_name().unwrap_or_default();
        let path = name.to_string_lossy().into_owned();
        let size = source.len();
        let entry = CatalogEntry {
            path_bytes: (name.to_str().is_none()).then(|| name.as_encoded_bytes().to_vec()),
            path,
            kind: EntryKind::File,
            parent: None,
            method: "stored".into(),
            offset: 0,
            csize: size,
            size,
            crc32: None,
            modified: None,
            encrypted: false,
            link_target: None,
            problem: None,
        };
        self.entries.push(Listed { entry, how: How::Stored });
        self.sources.push(source);
    }

    /// Lists one archive, and right after each entry what is nested in it.
    fn add(&mut self, source: Source, container: Container, branch: &Branch) -> Result<(), StoreError> {
        let prefix = branch
            .parent
            .and_then(|parent| self.entries.get(parent))
            .map_or(String::new(), |parent| format!("{}!/", parent.path));
        self.budget.prefix_len = prefix.len();
        let listed = match container {
            Container::Zip => crate::zips::list(&source, &mut self.budget),
            _ => crate::tars::list(&source, &mut self.budget).map_err(NotListed::Io),
        };
        let Listing { entries, troubles } = match listed {
            Ok(listing) => listing,
            Err(why) => return self.not_listed(why, branch.parent),
        };
        let number = self.sources.len() as u32;
        self.sources.push(source);
        if branch.parent.is_none() && !entries.iter().any(|e| e.may_be_archive()) {
            // Most parts: what was listed is the listing.
            self.entries = entries;
            (0..self.entries.len()).for_each(|index| self.note_closed(index));
            self.troubles.absorb(troubles, Some);
            return Ok(());
        }
        let mut indices = Vec::with_capacity(entries.len());
        for ordinal in 0..entries.len() {
            let index = self.entries.len();
            indices.push(index);
            self.entries.take(&entries, ordinal, number, branch.parent, &prefix);
            self.note_closed(index);
            if self.entries.get(index).is_some_and(|e| e.may_be_archive()) {
                self.nest(index, branch, ordinal)?;
            }
        }
        self.troubles.absorb(troubles, |i| indices.get(i).copied());
        Ok(())
    }

    fn note_closed(&mut self, index: usize) {
        let closed = |e: &Entry<'_>| e.encrypted && self.passwords.is_empty() && e.kind == EntryKind::File;
        if self.entries.get(index).is_some_and(|e| closed(&e)) {
            let message = "The entry is encrypted, and no password was given.".into();
            self.troubles.add(Some(index), "entry.encrypted", message);
        }
    }

    fn not_listed(&mut self, why: NotListed, parent: Option<usize>) -> Result<(), StoreError> {
        let several = "it is one file of an archive that was split over several";
        match (why, parent) {
            (NotListed::Io(e), None) => Err(StoreError::io(self.path, "read", e)),
            (NotListed::SeveralDisks, None) => Err(StoreError::Container {
                path: self.path.to_path_buf(),
                why: several.into(),
                next: "Join its files into one archive (for example with “zip -s 0 split.zip --out joined.zip”) and add that".into(),
            }),
            (NotListed::Io(e), parent) => {
                let message = format!("The archive cannot be listed: {e}.");
                self.troubles.add(parent, "archive.damaged", message);
                Ok(())
            }
            (NotListed::SeveralDisks, parent) => {
                let message = format!("The archive is not listed: {several}.");
                self.troubles.add(parent, "archive.several-files", message);
                Ok(())
            }
        }
    }

    /// Looks into an entry that may be an archive, and lists it if it is one.
    fn nest(&mut self, index: usize, branch: &Branch, ordinal: usize) -> Result<(), StoreError> {
        let found = self.entries.place(index);
        let Some((source, place)) = found.and_then(|(source, _, place)| Some((self.sources.get(source)?, place)))
        else {
            return Ok(());
        };
        let inner = Branch { parent: Some(index), depth: branch.depth + 1, name: format!("{}-{ordinal}", branch.name) };
        let stretch = source.slice(place.offset, place.csize);
        let in_place = matches!(place.how, How::Stored) && place.size == stretch.len();
        let (container, content) = if in_place {
            let Ok(container) = sniff_source(&stretch) else {
                return Ok(());
            };
            (container, Box::new(stretch.reader()) as Box<dyn Read + Send>)
        } else {
            // An entry that cannot be opened says so itself when it is read.
            let Ok(mut content) = open_place(source, &place, self.passwords) else {
                return Ok(());
            };
            let mut head = Vec::new();
            if content.by_ref().take(1024).read_to_end(&mut head).is_err() {
                return Ok(());
            }
            let head_source = Source::memory(head.clone());
            let Ok(container) = sniff_source(&head_source) else {
                return Ok(());
            };
            (container, Box::new(io::Cursor::new(head).chain(content)) as _)
        };
        if container == Container::File {
            return Ok(());
        }
        if inner.depth > self.budget.limits.nesting {
            let message =
                format!("The archive lies in more than {} others; it is not opened.", self.budget.limits.nesting);
            self.troubles.add(Some(index), "archive.depth", message);
            return Ok(());
        }
        if self.budget.exhausted {
            return Ok(());
        }
        if in_place && container != Container::TarGz {
            return self.add(stretch, container, &inner);
        }
        let (content, container) = match container {
            Container::TarGz => {
                let gzip = Members::new(BufReader::with_capacity(1 << 16, content));
                (Box::new(gzip) as Box<dyn Read + Send>, Container::Tar)
            }
            other => (content, other),
        };
        let memory = self.budget.limits.memory_each.min(self.budget.memory);
        let room = self.budget.nested_bytes;
        match self.spool.keep(content, &inner.name, room, memory, true)? {
            Spooled::TooLarge => {
                // Nothing after this one is opened either, so that the time spent stays bounded.
                self.budget.nested_bytes = 0;
                let message = "The archives inside the part are far larger than it; this one is not opened.";
                self.troubles.add(Some(index), "archive.ratio", message.into());
                Ok(())
            }
            Spooled::Kept { source, broken } => {
                self.budget.nested_bytes = room.saturating_sub(source.len());
                if source.is_memory() {
                    self.budget.memory = self.budget.memory.saturating_sub(source.len());
                }
                if let Some(why) = broken {
                    let message = format!("The archive is damaged: {why}; what came before is listed.");
                    self.troubles.add(Some(index), "archive.damaged", message);
                }
                self.add(source, container, &inner)
            }
        }
    }
}
