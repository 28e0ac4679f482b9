//! Glasshouse store.

mod blocks;
mod checked;
mod container;
mod copy;
mod error;
mod gzip;
mod listing;
mod opener;
mod pack;
mod part;
mod pipe;
mod source;
mod spool;
mod tars;
mod zips;

pub use blocks::{BlockFile, BlockReader, BlockWriter};
pub use container::{Catalog, CatalogEntry, Container, EntryKind, EntryProblem, Limits, Trouble, sniff};
pub use copy::{copy_part, free_space, hash_file};
pub use error::StoreError;
pub use pack::{Packed, pack_folder};
pub use part::Part;
