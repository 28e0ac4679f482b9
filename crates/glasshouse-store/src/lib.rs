//! The only writer of evidence: containers, manifests, the log of a case and its keys.

mod case;
mod copy;
mod error;
pub mod files;
mod keys;
mod log;

pub use case::{
    Actor, Case, SELF_AUTHORITY, SELF_STATEMENT, is_case, read_case_events, read_case_file, read_parts, read_run, tool,
};
pub use copy::hash_file;
pub use error::StoreError;
pub use log::{Event, now};
