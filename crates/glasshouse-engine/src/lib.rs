//! Recognise, parse, index, query: everything between the preserved bytes and the screen.

pub mod authority;
pub mod digest;
mod error;
pub mod ingest;
pub mod read;
mod rewrite;
pub mod scope;
pub mod search;
pub mod segment;
pub mod sql;
pub mod text;

pub use error::EngineError;
