use glasshouse_store::StoreError;
use std::io;
use std::path::Path;
use thiserror::Error;

/// What can go wrong in the engine, as a sentence for people.
#[derive(Debug, Error)]
pub enum EngineError {
    #[error(transparent)]
    Store(StoreError),
    /// A query that cannot be run as written; the message says why.
    #[error("{0}")]
    Query(String),
    /// The policies, or the lack of an authority or a person, forbid it; the message says why.
    #[error("{0}")]
    Denied(String),
    #[error("{0}")]
    Other(String),
    /// The person stopped the work.
    #[error("Stopped. What was done is kept; the same command goes on from there.")]
    Stopped,
}

impl From<StoreError> for EngineError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Stopped => EngineError::Stopped,
            error => EngineError::Store(error),
        }
    }
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

    /// Returns the error that names the folder and the next step, if this one is a library's word for a full disk.
    pub fn on_full_disk(self, folder: &Path) -> Self {
        // The libraries wrap the system's error in several ways; its number and these words come through all.
        const WORDS: [&str; 4] = ["os error 28", "StorageFull", "No space left on device", "disk is full"];
        match &self {
            EngineError::Other(message) if WORDS.iter().any(|w| message.contains(w)) => {
                Self::io(folder, "write to", io::ErrorKind::StorageFull.into())
            }
            _ => self,
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_said_with_its_path_and_the_next_step() {
        let full = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_FULL);
        let journal = EngineError::from(rusqlite::Error::SqliteFailure(full, Some("database or disk is full".into())));
        let index = tantivy::TantivyError::from(io::Error::from_raw_os_error(28));
        for error in [journal, index.into(), EngineError::other("cannot write: No space left on device (os error 28).")]
        {
            let said = error.on_full_disk(Path::new("/")).to_string();
            assert!(said.starts_with("no space left while writing /") && said.contains("Free some space"), "{said}");
        }
        let other = EngineError::other("The log is torn.").on_full_disk(Path::new("/"));
        assert_eq!(other.to_string(), "The log is torn.");
    }
}
