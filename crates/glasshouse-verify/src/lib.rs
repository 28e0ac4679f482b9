//! Proves a case, or says exactly what fails.
//!
//! This crate shares with the code that writes a case nothing but the layout crate: tree, signatures, hashes and the
//! inflater are its own or another's. What it can claim is any change, removal or reordering relative to a checkpoint
//! or a key fingerprint that somebody outside the case kept; without one it says that the case is *unanchored*.
//!
//! ```no_run
//! let report = glasshouse_verify::verify("case".as_ref(), &glasshouse_verify::Options::default())?;
//! for finding in &report.findings {
//!     println!("{finding}");
//! }
//! println!("{}", report.conclusion());
//! # Ok::<(), glasshouse_verify::CannotCheck>(())
//! ```

mod anchor;
mod authority;
mod case;
mod content;
mod deep;
mod discarded;
mod events;
mod export;
mod extract;
mod files;
mod inflate;
mod log;
mod note;
mod origin;
mod parts;
mod report;
mod stray;
mod tree;
mod unseal;
mod view;

pub use case::{CannotCheck, Options, verify};
pub use export::verify_export;
pub use extract::verify_extract;
pub use note::MAX_CHECKPOINT;
pub use report::{Class, Counts, Finding, Report, printable};

/// Verifies what lies at a path: a case, an export, or an extract of a log.
pub fn verify_any(path: &std::path::Path, options: &Options) -> Result<Report, CannotCheck> {
    if path.is_file() {
        verify_extract(path, options)
    } else if path.join(export::LIST).exists() && !path.join(glasshouse_layout::paths::CASE).exists() {
        verify_export(path, options)
    } else {
        verify(path, options)
    }
}
