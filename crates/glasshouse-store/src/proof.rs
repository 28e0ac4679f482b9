//! The proof that one event is in the log under its newest checkpoint.

use crate::StoreError;
use crate::case::read_case_file;
use crate::log::{Stored, read_checkpoint, read_leaves};
use glasshouse_layout::paths;
use std::fs;
use std::path::Path;
use tlog_tiles::{prove_record, stored_hashes};

/// What proves an event to somebody who holds a checkpoint of the log.
#[derive(Clone, Debug)]
pub struct Proof {
    /// The leaf, as it stands in the log.
    pub leaf: String,
    /// What the leaf commits to, as it stands on disk; none if it was erased or is missing.
    pub payload: Option<String>,
    /// Size of the tree that the checkpoint signs.
    pub size: u64,
    /// Its root hash.
    pub root: [u8; 32],
    /// The hashes from the leaf up to the root (RFC 6962, section 2.1.1).
    pub hashes: Vec<[u8; 32]>,
    /// The signed checkpoint.
    pub checkpoint: String,
}

/// Returns the proof of an event; none if the log has no such event.
pub fn prove_event(case: &Path, seq: u64) -> Result<Option<Proof>, StoreError> {
    let file = read_case_file(case)?;
    let (size, root) = read_checkpoint(case, &file.origin, &file.public_key)?;
    if seq >= size {
        return Ok(None);
    }
    let leaves = read_leaves(case, size)?;
    let mut stored = Stored::default();
    for (n, leaf) in (0..).zip(&leaves) {
        let new = stored_hashes(n, leaf, &stored).map_err(|e| StoreError::log(e.to_string()))?;
        stored.extend(new);
    }
    let hashes = prove_record(size, seq, &stored).map_err(|e| StoreError::log(e.to_string()))?;
    let leaf = leaves.into_iter().nth(seq as usize).unwrap_or_default();
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    Ok(Some(Proof {
        leaf: text(leaf),
        payload: fs::read(case.join(paths::payload(seq))).ok().map(text),
        size,
        root: root.0,
        hashes: hashes.into_iter().map(|h| h.0).collect(),
        checkpoint: read_checkpoint_file(case)?,
    }))
}

/// Returns the signed checkpoint of a case as text.
pub fn read_checkpoint_file(case: &Path) -> Result<String, StoreError> {
    crate::files::read_text(&case.join(paths::CHECKPOINT))
}

/// Returns some bytes in standard base64 with padding.
pub fn base64(bytes: impl AsRef<[u8]>) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}
