//! Recognise, parse, index, query: everything between the preserved bytes and the screen.

pub mod authority;
pub mod combine;
mod cores;
pub mod decoding;
pub mod digest;
pub mod enrol;
pub mod erase;
mod error;
pub mod events;
pub mod evidence;
pub mod export;
pub mod facts;
pub mod gate;
pub mod ingest;
pub mod issuer;
mod keyholders;
pub mod organisation;
pub mod people;
pub mod quarantine;
pub mod read;
mod rewrite;
pub mod scope;
pub mod search;
pub mod segment;
pub mod session;
pub mod sql;
pub mod text;
pub mod view;
pub mod words;
pub mod work;
mod writing;

pub use error::EngineError;
