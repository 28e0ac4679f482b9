//! What can go wrong with files of a case, said so that a person knows what to do next.

use std::io;
use std::path::{Path, PathBuf};

/// An error of the store. The message says what failed, on which path, and the next step.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The operating system refused something.
    #[error("cannot {action} {}: {source}. {}", .path.display(), next_step(.source))]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// A verb with its object, for example `open` or `write the copy to`.
        action: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// A container cannot be listed at all.
    #[error("cannot list {}: {why}. {next}.", .path.display())]
    Container {
        /// The container.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
        /// What the person can do.
        next: String,
    },
    /// The disk is full.
    #[error("no space left while writing {}: {}{free} bytes are free. Free some space there, or choose a case folder on another disk, and run the command again.", .path.display(), needs(.needed))]
    NoSpace {
        /// What was being written.
        path: PathBuf,
        /// How many bytes the whole file takes, or 0 if that is not known.
        needed: u64,
        /// How many bytes the disk has left.
        free: u64,
    },
    /// Whoever is told how far a copy is had it stop.
    #[error("stopped")]
    Stopped,
    /// Anything else, as a sentence of its own.
    #[error("{0}")]
    Other(String),
}

impl StoreError {
    /// Wraps an I/O error with the path and what was being done.
    pub fn io(path: &Path, action: &'static str, source: io::Error) -> Self {
        if source.kind() == io::ErrorKind::StorageFull {
            return Self::NoSpace {
                path: path.to_path_buf(),
                needed: 0,
                free: crate::copy::free_space(path).unwrap_or(0),
            };
        }
        Self::Io { path: path.to_path_buf(), action, source }
    }
}

fn next_step(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::NotFound => "Check that the path is right and the disk is connected.",
        io::ErrorKind::PermissionDenied => "Check that this user may read and write there, then try again.",
        io::ErrorKind::AlreadyExists => "Choose another name, or remove the old file first.",
        io::ErrorKind::ReadOnlyFilesystem => "Choose a case folder on a disk that can be written.",
        _ => "If the disk is sound, try again; if not, work on a copy of it.",
    }
}

fn needs(needed: &u64) -> String {
    if *needed == 0 { String::new() } else { format!("{needed} bytes are needed and only ") }
}

impl StoreError {
    /// Returns an error that is a sentence of its own.
    pub fn other(message: impl Into<String>) -> Self {
        StoreError::Other(message.into())
    }

    /// Returns the error of a file of the case that does not hold what it should.
    pub(crate) fn malformed(path: &Path, why: &str) -> Self {
        StoreError::Other(format!(
            "{} cannot be used: {why}. Run glasshouse-verify on the case to see what changed.",
            path.display()
        ))
    }

    /// Returns the error of a log that cannot be continued.
    pub(crate) fn log(why: impl std::fmt::Display) -> Self {
        StoreError::Other(format!(
            "The case's log cannot be used: {why}. Nothing was written; run glasshouse-verify on the case to see what changed."
        ))
    }
}
