//! Lists a part and the archives nested in it, depth first.

use crate::container::{Catalog, CatalogEntry, Container, EntryKind, Limits, sniff_source};
use crate::error::StoreError;
use crate::gzip::Members;
use crate::listing::{Budget, How, Listing, Place, Troubles};
use crate::part::{Cache, Slot, open_slot};
use crate::source::Source;
use crate::spool::{Spool, Spooled};
use crate::zips::NotListed;
use std::io::{self, BufReader, Read};
use std::path::Path;

/// What opening a part gives.
pub(crate) struct Opened {
    pub sources: Vec<Source>,
    pub slots: Vec<Slot>,
    pub catalog: Catalog,
}

pub(crate) struct Opener<'a> {
    path: &'a Path,
    key: &'a str,
    password: Option<&'a [u8]>,
    budget: Budget,
    spool: Spool<'a>,
    sources: Vec<Source>,
    slots: Vec<Slot>,
    entries: Vec<CatalogEntry>,
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
        password: Option<&'a [u8]>,
        limits: &Limits,
        len: u64,
        progress: &'a dyn Fn(u64),
    ) -> Self {
        Self {
            path,
            key: cache.key,
            password,
            budget: Budget::new(limits, len),
            spool: Spool::new(cache, progress),
            sources: Vec::new(),
            slots: Vec::new(),
            entries: Vec::new(),
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
            slots: self.slots,
            catalog: Catalog { entries: self.entries, troubles: self.troubles.finish() },
        })
    }

    fn add_file(&mut self, source: Source) {
        let name = self.path.file_name().unwrap_or_default();
        let path = name.to_string_lossy().into_owned();
        let size = source.len();
        self.entries.push(CatalogEntry {
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
        });
        self.slots.push(Slot {
            source: 0,
            kind: EntryKind::File,
            place: Place { offset: 0, csize: size, size, crc32: None, how: How::Stored },
        });
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
        let Listing { items, troubles } = match listed {
            Ok(listing) => listing,
            Err(why) => return self.not_listed(why, branch.parent),
        };
        let number = self.sources.len();
        self.sources.push(source);
        let mut indices = Vec::with_capacity(items.len());
        for (ordinal, item) in items.into_iter().enumerate() {
            let index = self.entries.len();
            indices.push(index);
            let mut entry = item.entry;
            if !prefix.is_empty() {
                entry.path.insert_str(0, &prefix);
            }
            entry.parent = branch.parent;
            let slot = Slot { source: number, kind: entry.kind, place: item.place };
            if entry.encrypted && self.password.is_none() && entry.kind == EntryKind::File {
                let message = "The entry is encrypted, and no password was given.".into();
                self.troubles.add(Some(index), "entry.encrypted", message);
            }
            let nested = entry.kind == EntryKind::File && is_archive_name(&entry.path);
            self.entries.push(entry);
            self.slots.push(slot);
            if nested {
                self.nest(index, branch, ordinal)?;
            }
        }
        self.troubles.absorb(troubles, |i| indices.get(i).copied());
        Ok(())
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
        let Some((source, slot)) = self.slots.get(index).and_then(|slot| Some((self.sources.get(slot.source)?, slot)))
        else {
            return Ok(());
        };
        let inner = Branch { parent: Some(index), depth: branch.depth + 1, name: format!("{}-{ordinal}", branch.name) };
        let stretch = source.slice(slot.place.offset, slot.place.csize);
        let in_place = matches!(slot.place.how, How::Stored) && slot.place.size == stretch.len();
        let (container, content) = if in_place {
            let Ok(container) = sniff_source(&stretch) else {
                return Ok(());
            };
            (container, Box::new(stretch.reader()) as Box<dyn Read + Send>)
        } else {
            // An entry that cannot be opened says so itself when it is read.
            let Ok(mut content) = open_slot(source, slot, self.password) else {
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

/// Says whether a name is one of an archive to look into. Documents that happen to be zips are not.
fn is_archive_name(path: &str) -> bool {
    let ends = |end: &str| {
        path.len()
            .checked_sub(end.len())
            .and_then(|at| path.get(at..))
            .is_some_and(|tail| tail.eq_ignore_ascii_case(end))
    };
    [".zip", ".tar", ".tgz", ".tar.gz"].into_iter().any(ends)
}
