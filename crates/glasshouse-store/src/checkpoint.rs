//! The signed checkpoint of a case as text, for whoever keeps it outside.

use crate::StoreError;
use crate::files::read_text;
use glasshouse_layout::paths;
use std::path::Path;

/// Returns the newest signed checkpoint of a case.
pub fn read_checkpoint_file(case: &Path) -> Result<String, StoreError> {
    read_text(&case.join(paths::CHECKPOINT))
}

/// Returns some bytes in standard base64 with padding, as checkpoints are written in.
pub fn base64(bytes: impl AsRef<[u8]>) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}
