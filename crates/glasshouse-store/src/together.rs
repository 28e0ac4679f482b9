//! Files that become durable together, in the time that one of them takes.

use crate::StoreError;
use std::collections::BTreeSet;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

/// Files that are open at once before they are synced.
const MOST: usize = 64;
/// Syncs that are asked for at once: a file system makes them one.
const AT_ONCE: usize = 16;

/// Files that are written and not yet durable.
///
/// They are written under their final names: nothing may vouch for them before [`Together::sync`] has returned.
#[derive(Default)]
pub(crate) struct Together {
    files: Vec<(PathBuf, File)>,
    folders: BTreeSet<PathBuf>,
    /// That something else vouches for them, and they need not be synced.
    vouched: bool,
}

impl Together {
    /// Files that something else brings back if they do not reach the disk.
    pub(crate) fn in_their_own_time() -> Self {
        Together { vouched: true, ..Together::default() }
    }

    /// Takes in a file that is written and may not be durable; one that is not there is passed over.
    pub(crate) fn also(&mut self, path: &Path) -> Result<(), StoreError> {
        let Ok(file) = File::open(path) else { return Ok(()) };
        self.folders.extend(path.parent().map(Path::to_path_buf));
        self.take(path, file)
    }

    fn take(&mut self, path: &Path, file: File) -> Result<(), StoreError> {
        if self.vouched {
            return Ok(());
        }
        self.files.push((path.to_path_buf(), file));
        if self.files.len() >= MOST { sync_all(&std::mem::take(&mut self.files)) } else { Ok(()) }
    }

    /// Writes a file, which nothing vouches for yet, and makes the folders that it lies in.
    pub(crate) fn write(&mut self, path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
        let folder = path.parent().unwrap_or(path);
        let mut new = folder;
        // What is new is known to the folder above it.
        while !new.exists() {
            let Some(above) = new.parent() else { break };
            self.folders.insert(above.to_path_buf());
            new = above;
        }
        crate::files::make_folder(folder)?;
        self.folders.insert(folder.to_path_buf());
        let file = OpenOptions::new().write(true).create(true).truncate(true).open(path);
        let mut file = file.map_err(|e| StoreError::io(path, "create", e))?;
        file.write_all(bytes).map_err(|e| StoreError::io(path, "write", e))?;
        self.take(path, file)
    }

    /// Makes everything that was written durable.
    pub(crate) fn sync(mut self) -> Result<(), StoreError> {
        for folder in std::mem::take(&mut self.folders) {
            let open = File::open(&folder).map_err(|e| StoreError::io(&folder, "open", e))?;
            self.files.push((folder, open));
        }
        sync_all(&self.files)
    }
}

fn sync_all(files: &[(PathBuf, File)]) -> Result<(), StoreError> {
    let sync = |(path, file): &(PathBuf, File)| file.sync_all().map_err(|e| StoreError::io(path, "sync", e));
    std::thread::scope(|scope| {
        let share = files.len().div_ceil(AT_ONCE).max(1);
        let threads: Vec<_> =
            files.chunks(share).map(|some| scope.spawn(move || some.iter().try_for_each(sync))).collect();
        let failed = || StoreError::other("Syncing files failed in a way that is not explained.");
        threads.into_iter().try_for_each(|thread| thread.join().map_err(|_| failed())?)
    })
}
