//! Writing files so that a power cut leaves the old or the new one, never half of one.

use crate::StoreError;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// Writes a file beside its place, syncs it and moves it there.
pub fn write_atomic(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    write_with_mode(path, bytes, 0o644)
}

/// As [`write_atomic`], readable by its owner alone.
pub fn write_private(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    write_with_mode(path, bytes, 0o600)
}

fn write_with_mode(path: &Path, bytes: &[u8], mode: u32) -> Result<(), StoreError> {
    let beside = write_beside(path, bytes, mode)?;
    rename_synced(&beside, path)
}

fn write_beside(path: &Path, bytes: &[u8], mode: u32) -> Result<PathBuf, StoreError> {
    let beside = temporary(path);
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(mode)
        .open(&beside)
        .map_err(|e| StoreError::io(&beside, "create", e))?;
    file.write_all(bytes).map_err(|e| StoreError::io(&beside, "write", e))?;
    file.sync_all().map_err(|e| StoreError::io(&beside, "sync", e))?;
    Ok(beside)
}

/// Moves a finished file to its place and syncs the folder.
pub fn rename_synced(from: &Path, to: &Path) -> Result<(), StoreError> {
    fs::rename(from, to).map_err(|e| StoreError::io(to, "move into place", e))?;
    // A bare name lies in the folder that the process is in.
    sync_folder(to.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new(".")))
}

/// Makes what was created, moved or removed in a folder durable.
pub fn sync_folder(folder: &Path) -> Result<(), StoreError> {
    let open = File::open(folder).map_err(|e| StoreError::io(folder, "open", e))?;
    open.sync_all().map_err(|e| StoreError::io(folder, "sync", e))
}

/// Makes a folder and those above it.
pub fn make_folder(folder: &Path) -> Result<(), StoreError> {
    fs::create_dir_all(folder).map_err(|e| StoreError::io(folder, "create the folder", e))
}

/// Makes a folder that only its owner can enter.
pub fn make_private_folder(folder: &Path) -> Result<(), StoreError> {
    let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(folder);
    made.map_err(|e| StoreError::io(folder, "create the folder", e))
}

/// Returns a text file's content.
pub(crate) fn read_text(path: &Path) -> Result<String, StoreError> {
    fs::read_to_string(path).map_err(|e| StoreError::io(path, "read", e))
}

/// Returns the name under which a file is written before it is moved into place.
pub fn temporary(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(".new");
    path.with_file_name(name)
}
