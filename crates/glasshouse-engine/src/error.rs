use glasshouse_store::StoreError;
use std::io;
use std::path::Path;
use thiserror::Error;

/// What can go wrong in the engine, as a sentence for people.
#[derive(Debug, Error)]
pub enum EngineError {
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A query that cannot be run as written; the message says why.
    #[error("{0}")]
    Query(String),
    #[error("{0}")]
    Other(String),
    /// The person stopped the work.
    #[error("Stopped. What was done is kept; the same command goes on from there.")]
    Stopped,
}

impl EngineError {
    /// Returns an error that is a sentence of its own.
    pub fn other(message: impl Into<String>) -> Self {
        EngineError::Other(message.into())
    }

    /// Returns the error of a file operation.
    pub fn io(path: &Path, action: &'static str, source: io::Error) -> Self {
        StoreError::io(path, action, source).into()
    }
}

macro_rules! from_library {
    ($($error:ty => $what:literal),* $(,)?) => {$(
        impl From<$error> for EngineError {
            fn from(error: $error) -> Self {
                EngineError::Other(format!(concat!($what, ": {}."), error))
            }
        }
    )*};
}

from_library! {
    datafusion::arrow::error::ArrowError => "A table cannot be built",
    datafusion::parquet::errors::ParquetError => "A segment cannot be read or written",
    tantivy::TantivyError => "The text index cannot be read or written",
    rusqlite::Error => "The journal of the run cannot be read or written",
}
