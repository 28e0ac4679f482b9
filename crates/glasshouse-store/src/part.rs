//! A stored part: what is in it, and the content of each entry.

use crate::checked::Checked;
use crate::container::{Catalog, Container, EntryKind, EntryProblem, Limits};
use crate::error::StoreError;
use crate::listing::{How, Place};
use crate::opener::Opener;
use crate::source::Source;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;
use zeroize::Zeroizing;

/// An open part. Cheap to clone; entries can be read from several threads at once.
#[derive(Clone)]
pub struct Part(Arc<Inner>);

struct Inner {
    sources: Vec<Source>,
    slots: Vec<Slot>,
    password: Option<Zeroizing<Vec<u8>>>,
}

/// One entry: the source it lies in, and where.
#[derive(Clone)]
pub(crate) struct Slot {
    pub source: usize,
    pub kind: EntryKind,
    pub place: Place,
}

impl Part {
    /// Opens a stored part and lists it, with the archives inside it.
    ///
    /// What has to be inflated to be listed, and is large, is kept in `cache` under names that begin with
    /// `key`; the key must stand for the bytes of the part. Copies that an earlier call finished are used
    /// again. `progress` is told how many bytes were read so far: packed bytes of a `tar.gz`, and content
    /// of nested archives that had to be copied out.
    pub fn open(
        path: &Path,
        container: Container,
        cache: &Path,
        key: &str,
        password: Option<&[u8]>,
        limits: &Limits,
        progress: &dyn Fn(u64),
    ) -> Result<(Self, Catalog), StoreError> {
        let source = Source::file(path).map_err(|e| StoreError::io(path, "open", e))?;
        let opener = Opener::new(path, cache, key, password, limits, source.len(), progress);
        let opened = opener.open(source, container)?;
        let inner = Inner {
            sources: opened.sources,
            slots: opened.slots,
            password: password.map(|p| Zeroizing::new(p.to_vec())),
        };
        Ok((Self(Arc::new(inner)), opened.catalog))
    }

    /// Returns the part with its entries in another order: at each place the entry that is named, or one that needs
    /// a password.
    ///
    /// What lies in an encrypted archive is listed only with the password; a case that listed it once keeps the
    /// places.
    pub fn arranged(&self, order: &[Option<usize>]) -> Self {
        let closed = || Slot {
            source: 0,
            kind: EntryKind::File,
            place: Place { offset: 0, csize: 0, size: 0, crc32: None, how: How::Not(EntryProblem::Encrypted) },
        };
        let slot = |index: &Option<usize>| index.and_then(|i| self.0.slots.get(i)).cloned().unwrap_or_else(closed);
        Self(Arc::new(Inner {
            sources: self.0.sources.clone(),
            slots: order.iter().map(slot).collect(),
            password: self.0.password.clone(),
        }))
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
