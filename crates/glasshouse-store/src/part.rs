//! A stored part: what is in it, and the content of each entry.

use crate::checked::Checked;
use crate::container::{Catalog, Container, EntryKind, EntryProblem, Limits};
use crate::error::StoreError;
use crate::listing::{How, Place};
use crate::opener::Opener;
use crate::seal::Identity;
use crate::source::Source;
use std::io::Read;
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

/// An open part. Cheap to clone; entries can be read from several threads at once.
#[derive(Clone)]
pub struct Part(Arc<Inner>);

struct Inner {
    sources: Vec<Source>,
    slots: Vec<Slot>,
    password: Option<Zeroizing<Vec<u8>>>,
}

/// One entry: the source it lies in, and where.
pub(crate) struct Slot {
    pub source: usize,
    pub kind: EntryKind,
    pub place: Place,
}

impl Part {
    /// Opens a stored part and lists it, with the archives inside it.
    ///
    /// What has to be inflated to be listed, and is large, is kept in the cache; copies that an earlier call
    /// finished are used again. `progress` is told how many bytes were read so far: packed bytes of a `tar.gz`,
    /// and content of nested archives that had to be copied out.
    pub fn open(
        path: &Path,
        container: Container,
        cache: Cache<'_>,
        password: Option<&[u8]>,
        limits: &Limits,
        progress: &dyn Fn(u64),
    ) -> Result<(Self, Catalog), StoreError> {
        let source = match cache.seal {
            None => Source::file(path),
            Some(seal) => Source::sealed(path, seal),
        };
        let source = source.map_err(|e| StoreError::io(path, "open", e))?;
        let opener = Opener::new(path, cache, password, limits, source.len(), progress);
        let opened = opener.open(source, container)?;
        let inner = Inner {
            sources: opened.sources,
            slots: opened.slots,
            password: password.map(|p| Zeroizing::new(p.to_vec())),
        };
        Ok((Self(Arc::new(inner)), opened.catalog))
    }

    /// Gives a reader of the content of an entry.
    ///
    /// The reader fails with `InvalidData` where the content breaks off, or at its end if its length or
    /// CRC-32 is not what the container states.
    pub fn read(&self, index: usize) -> Result<Box<dyn Read + Send>, EntryProblem> {
        let inner = &*self.0;
        let slot = inner.slots.get(index).ok_or(EntryProblem::NotAFile)?;
        let source = inner.sources.get(slot.source).ok_or(EntryProblem::NotAFile)?;
        let password = inner.password.as_ref().map(|p| p.as_slice());
        open_slot(source, slot, password)
    }

    /// Gives the content of an entry for reads at any place, unchecked; none where it is packed or encrypted.
    pub fn window(&self, index: usize) -> Option<Window> {
        let slot = self.0.slots.get(index).filter(|slot| slot.kind == EntryKind::File)?;
        let source = self.0.sources.get(slot.source)?;
        let place = &slot.place;
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

pub(crate) fn open_slot(
    source: &Source,
    slot: &Slot,
    password: Option<&[u8]>,
) -> Result<Box<dyn Read + Send>, EntryProblem> {
    if slot.kind != EntryKind::File {
        return Err(EntryProblem::NotAFile);
    }
    let place = &slot.place;
    let content = crate::zips::open(source, place, password)?;
    Ok(Box::new(Checked::new(content, place.size, place.crc32)))
}
