//! The only writer of evidence: containers, manifests, the log of a case and its keys.

mod ahead;
mod blocks;
mod case;
mod checked;
mod checkpoint;
mod container;
mod copy;
mod error;
pub mod files;
mod gzip;
mod keys;
mod listing;
mod log;
mod opener;
mod pack;
mod part;
mod pipe;
pub mod seal;
pub mod sign;
mod source;
mod spool;
mod tars;
mod together;
mod zips;

pub use blocks::{BlockFile, BlockReader, BlockWriter};
pub use case::{
    Acting, Actor, Case, Founding, Paused, SELF_AUTHORITY, SELF_STATEMENT, is_case, read_case_events, read_case_file,
    read_parts, read_run, tool,
};
pub use checkpoint::{base64, read_checkpoint_file};
pub use container::{Catalog, CatalogEntry, Container, EntryKind, EntryProblem, Limits, Trouble, sniff};
pub use copy::{copy_part, free_space, hash_file, sync_part};
pub use error::StoreError;
pub use log::{Event, Proof, now, prove, read_sealed};
pub use pack::{Packed, pack_folder, pack_sealed};
pub use part::{Cache, Part, Window};
