//! Recognise, parse, index, query: everything between the preserved bytes and the screen.

pub mod digest;
mod error;
pub mod evidence;
pub mod facts;
pub mod ingest;
pub mod read;
mod rewrite;
pub mod search;
pub mod segment;
pub mod sql;
pub mod text;
pub mod view;
pub mod work;

pub use error::EngineError;
