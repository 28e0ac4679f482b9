//! The form of a case on disk, as pure functions and plain data: paths, log entries, manifests.
//!
//! `docs/format.md` is the normative text; this crate is shared by the code that writes a case and by the
//! verifier, and by nothing else that both of them use. Nothing here reads or writes a file.

mod case;
mod discard;
mod log;
mod origin;
pub mod paths;
mod run;
mod signature;
mod source;

pub use case::{AuthorityFile, CaseFile, FORMAT_VERSION, SEALED, fingerprint, fingerprint_of_key};
pub use discard::{Certificate, DISCARD_FORM, Discarded, DiscardedPart};
pub use log::{
    BundleError, FileHash, Kind, Leaf, Payload, PayloadError, Sealed, commitment, decode_bundle, encode_bundle,
};
pub use origin::{ORIGIN_FORM, Origin, OriginPart};
pub use run::{Found, RunFile, Segment};
pub use signature::{statement, states};
pub use source::{EntryLine, Opening, PartInfo, REMAINDER, SourceFile};

/// Returns the lower-case hexadecimal form of some bytes.
pub fn hex(bytes: impl AsRef<[u8]>) -> String {
    ::hex::encode(bytes)
}

/// Returns the SHA-256 of some bytes.
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    let digest = ring::digest::digest(&ring::digest::SHA256, bytes);
    digest.as_ref().try_into().unwrap_or([0; 32])
}
