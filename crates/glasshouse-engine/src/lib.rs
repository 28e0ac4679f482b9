//! Recognise, parse, index, query: everything between the preserved bytes and the screen.

pub mod digest;
mod error;
pub mod ingest;
pub mod read;
mod rewrite;
pub mod search;
pub mod segment;
pub mod sql;
pub mod text;

pub use error::EngineError;
