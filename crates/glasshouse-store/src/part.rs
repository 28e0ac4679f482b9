//! A stored part: what is in it, and the content of each entry.

use crate::blocks::Recent;
use crate::checked::Checked;
use crate::container::{Catalog, CatalogEntry, Container, EntryKind, EntryProblem, Limits};
use crate::entries::Entries;
use crate::error::StoreError;
use crate::inflate::Inflater;
use crate::listing::{How, Listed, Place};
use crate::opener::Opener;
use crate::places::{Inflated, Notes, Noting};
use crate::seal::Identity;
use crate::source::Source;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;
use zeroize::Zeroizing;

/// Where copies go of what has to be inflated to be read at any place.
#[derive(Clone, Copy)]
pub struct Cache<'a> {
    pub folder: &'a Path,
    /// What names of copies begin with; it must stand for the bytes of the part.
    pub key: &'a str,
    /// The key of the part, where it is sealed; then its copies are, too.
    pub seal: Option<&'a Identity>,
}

/// A password for encrypted entries; wiped when it is let go of.
pub type Password = Zeroizing<Vec<u8>>;

/// An open part. Cheap to clone; entries can be read from several threads at once.
#[derive(Clone)]
pub struct Part(Arc<Inner>);

struct Inner {
    sources: Vec<Source>,
    entries: Arc<Entries>,
    passwords: Vec<Password>,
}

/// An entry of a part that is arranged anew.
pub enum Arranged {
    /// The one with this index, in the archive with this new index.
    Listed(usize, Option<usize>),
    /// The one with this index, as this says of it.
    As(usize, Box<CatalogEntry>),
    /// One that needs a password, or is none.
    Closed(Box<CatalogEntry>),
}

impl Part {
    /// Opens a stored part and lists it, with the archives inside it.
    ///
    /// What has to be inflated to be listed, and is large, is kept in the cache; copies that an earlier call
    /// finished are used again. `progress` is told how many bytes were read so far: packed bytes of a `tar.gz`,
    /// and content of nested archives that had to be copied out. Of several passwords each entry is opened with the
    /// one that fits.
    pub fn open(
        path: &Path,
        container: Container,
        cache: Cache<'_>,
        passwords: &[Password],
        limits: &Limits,
        progress: &dyn Fn(u64),
    ) -> Result<(Self, Catalog), StoreError> {
        let source = match cache.seal {
            None => Source::file(path),
            Some(seal) => Source::sealed(path, seal),
        };
        let source = source.map_err(|e| StoreError::io(path, "open", e))?;
        let opener = Opener::new(path, cache, passwords, limits, source.len(), progress);
        let opened = opener.open(source, container)?;
        let entries = Arc::clone(&opened.catalog.entries);
        let inner = Inner { sources: opened.sources, entries, passwords: passwords.to_vec() };
        Ok((Self(Arc::new(inner)), opened.catalog))
    }

    /// Returns the part with its entries in another order, and with entries that need a password.
    ///
    /// What lies in an encrypted archive is listed only with the password; a case that listed it once keeps the
    /// places.
    pub fn arranged(&self, order: Vec<Arranged>) -> (Self, Arc<Entries>) {
        let mut entries = Entries::default();
        for place in order {
            match place {
                Arranged::Listed(index, parent) => entries.take_at(&self.0.entries, index, parent),
                Arranged::As(index, entry) => entries.take_as(&self.0.entries, index, *entry),
                Arranged::Closed(entry) => {
                    entries.push(Listed { entry: *entry, how: How::Not(EntryProblem::Encrypted) })
                }
            }
        }
        self.with(entries)
    }

    /// Returns the part with this before the path of every entry.
    pub fn under(&self, prefix: &str) -> (Self, Arc<Entries>) {
        let mut entries = Entries::default();
        for index in 0..self.0.entries.len() {
            entries.take_under(&self.0.entries, index, prefix);
        }
        self.with(entries)
    }

    fn with(&self, entries: Entries) -> (Self, Arc<Entries>) {
        let entries = Arc::new(entries.settled());
        let (sources, passwords) = (self.0.sources.clone(), self.0.passwords.clone());
        (Self(Arc::new(Inner { sources, entries: Arc::clone(&entries), passwords })), entries)
    }

    /// Gives a reader of the content of an entry.
    ///
    /// The reader fails with `InvalidData` where the content breaks off, or at its end if its length or
    /// CRC-32 is not what the container states.
    pub fn read(&self, index: usize) -> Result<Box<dyn Read + Send>, EntryProblem> {
        let (source, place) = self.file(index).ok_or(EntryProblem::NotAFile)?;
        open_place(source, &place, &self.0.passwords)
    }

    /// As [`Part::read`]. Where the entry lies deflated, a file of this name says afterwards where inflating can begin
    /// inside it, if all of it was read and is sound; the file is sealed with the key, if there is one.
    pub fn read_noting(
        &self,
        index: usize,
        notes: &Path,
        key: Option<&Identity>,
    ) -> Result<Box<dyn Read + Send>, EntryProblem> {
        let deflated = self.file(index).filter(|(_, place)| matches!(place.how, How::Deflate));
        let noting = deflated.and_then(|found| Some((found, Notes::begin(notes, key).ok()?)));
        let Some(((source, place), notes)) = noting else { return self.read(index) };
        let content = Inflater::noting(crate::zips::packed(source, &place), notes);
        Ok(Box::new(Noting::new(Checked::new(content, place.size, place.crc32))))
    }

    /// Gives the content of a deflated entry for reads at any place, with what [`Part::read_noting`] wrote about it;
    /// none where that is not there or is about something else.
    pub fn inflated(&self, index: usize, notes: &Path, key: Option<&Identity>, recent: &Recent) -> Option<Inflated> {
        let (source, place) = self.file(index).filter(|(_, place)| matches!(place.how, How::Deflate))?;
        let packed = source.slice(place.offset, place.csize);
        Inflated::open(self, index, packed, place.size, (notes, key), recent).ok()
    }

    fn file(&self, index: usize) -> Option<(&Source, Place)> {
        let (source, kind, place) = self.0.entries.place(index)?;
        Some((self.0.sources.get(source).filter(|_| kind == EntryKind::File)?, place))
    }

    /// Gives the content of an entry for reads at any place, unchecked; none where it is packed or encrypted.
    pub fn window(&self, index: usize) -> Option<Window> {
        let (source, place) = self.file(index)?;
        matches!(place.how, How::Stored).then(|| Window(source.slice(place.offset, place.csize)))
    }
}

/// The content of an entry that lies unpacked in its part, at any place. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Window(Source);

impl Window {
    /// Length of the content.
    pub fn len(&self) -> u64 {
        self.0.len()
    }

    /// Says whether the content is empty.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Fills `buffer` from `offset` on and returns how many bytes there were: fewer only at the end.
    pub fn read_at(&self, offset: u64, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.0.reader().read_up_to(offset, buffer)
    }
}

/// Opens the content of a file; of several passwords the first that fits is taken.
pub(crate) fn open_place(
    source: &Source,
    place: &Place,
    passwords: &[Password],
) -> Result<Box<dyn Read + Send>, EntryProblem> {
    let open = |password: Option<&Password>| {
        let content = crate::zips::open(source, place, password.map(|p| p.as_slice()))?;
        Ok(Box::new(Checked::new(content, place.size, place.crc32)) as Box<dyn Read + Send>)
    };
    let (last, others) = match passwords.split_last() {
        Some((last, others)) if place.how.is_encrypted() => (Some(last), others),
        _ => (None, [].as_slice()),
    };
    for password in others {
        // The old encryption has one check byte, which a wrong password meets by chance: the content tells.
        let fits = match open(Some(password)) {
            Ok(mut content) => io::copy(&mut content, &mut io::sink()).is_ok(),
            Err(problem) => problem != EntryProblem::Encrypted,
        };
        if fits {
            return open(Some(password));
        }
    }
    open(last)
}
