//! Recognise, parse, index, query: everything between the preserved bytes and the screen.

pub mod digest;
mod error;
pub mod ingest;
mod rewrite;
pub mod segment;
pub mod text;

pub use error::EngineError;
