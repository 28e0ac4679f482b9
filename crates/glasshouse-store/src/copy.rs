//! Copies of parts, their hashes, and the space there is for them.

use crate::error::StoreError;
use crate::seal::{Identity, Plain, write_sealed};
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::mpsc;

const STEP: usize = 1 << 20;
/// Bytes between two reports of how far a copy is.
const COPY_STEP: u64 = 32 << 20;

/// A part that was copied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Copied {
    /// Its length in bytes.
    pub size: u64,
    /// SHA-256 of the copy, read back while the rest was still copied; none where nothing had to be copied.
    pub sha256: Option<[u8; 32]>,
}

/// Copies a part bit for bit. `progress` is told how many bytes more were copied, and says whether to go on, here and
/// below.
///
/// Where the file system can share the blocks, nothing is copied. The copy is written beside `to` under a
/// temporary name and given its name when it is whole; an existing `to` is an error. It may not have reached
/// the disk yet: [`sync_part`] waits for that, while other work goes on.
pub fn copy_part(from: &Path, to: &Path, progress: &dyn Fn(u64) -> bool) -> Result<Copied, StoreError> {
    let source = File::open(from).map_err(|e| StoreError::io(from, "open", e))?;
    let len = source.metadata().map_err(|e| StoreError::io(from, "read", e))?.len();
    if to.exists() {
        let exists = io::Error::from(io::ErrorKind::AlreadyExists);
        return Err(StoreError::io(to, "write the copy to", exists));
    }
    let temporary = beside(to);
    let result =
        write_copy(&source, from, len, &temporary, progress).and_then(|copied| name(&temporary, to).map(|()| copied));
    if result.is_err() {
        // What is left over is of no use; that it cannot be removed either would only hide the reason.
        let _ = fs::remove_file(&temporary);
    }
    result
}

/// Writes content to its end as a part, and gives what it is; it is on the disk before it has its name. Content that
/// breaks off is not kept: the error is one of the container.
pub fn keep_content(
    content: &mut dyn Read,
    to: &Path,
    key: Option<&Identity>,
    progress: &dyn Fn(u64) -> bool,
) -> Result<Option<Plain>, StoreError> {
    let failed = |e| StoreError::io(to, "write the content of an archive to", e);
    let mut copy = |out: &mut dyn io::Write| {
        let mut buffer = vec![0; STEP];
        loop {
            let n = match content.read(&mut buffer) {
                Ok(0) => return Ok(()),
                Ok(n) => n,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
                Err(e) => {
                    let next = "Look at the archive with another tool".into();
                    return Err(StoreError::Container { path: to.to_path_buf(), why: e.to_string(), next });
                }
            };
            out.write_all(buffer.get(..n).unwrap_or_default()).map_err(failed)?;
            if !progress(n as u64) {
                return Err(StoreError::Stopped);
            }
        }
    };
    if let Some(key) = key {
        return write_sealed(to, key, 0, |sealer| copy(sealer)).map(|(plain, ())| Some(plain));
    }
    let temporary = beside(to);
    let result = File::create(&temporary).map_err(failed).and_then(|mut file| copy(&mut file));
    let result = result.and_then(|()| settle(&temporary, to));
    if result.is_err() {
        // What is left over is of no use; that it cannot be removed either would only hide the reason.
        let _ = fs::remove_file(&temporary);
    }
    result.map(|()| None)
}

/// Gives the SHA-256 and the length of a file.
pub fn hash_file(path: &Path, progress: &dyn Fn(u64)) -> io::Result<([u8; 32], u64)> {
    let mut file = File::open(path)?;
    let mut context = ring::digest::Context::new(&ring::digest::SHA256);
    let mut buffer = vec![0; STEP];
    let mut done = 0;
    loop {
        let n = read_some(&mut file, &mut buffer)?;
        if n == 0 {
            break;
        }
        context.update(buffer.get(..n).unwrap_or_default());
        done += n as u64;
        progress(n as u64);
    }
    Ok((finished(context), done))
}

/// Gives how many bytes this user may still write where `path` lies; the path itself need not exist.
pub fn free_space(path: &Path) -> io::Result<u64> {
    let existing = path.ancestors().find(|p| p.exists());
    let place = match existing {
        Some(place) => place,
        None => Path::new("."),
    };
    let stat = rustix::fs::statvfs(place)?;
    Ok(stat.f_bavail.saturating_mul(stat.f_frsize))
}

/// A name beside `to` that says what the file is.
pub(crate) fn beside(to: &Path) -> PathBuf {
    let mut name = to.file_name().unwrap_or_default().to_os_string();
    name.push(".unfinished");
    to.with_file_name(name)
}

/// Brings a finished file to the disk and gives it its name.
pub(crate) fn settle(temporary: &Path, to: &Path) -> Result<(), StoreError> {
    let failed = |e| StoreError::io(to, "finish", e);
    File::open(temporary).and_then(|file| file.sync_all()).map_err(failed)?;
    name(temporary, to)?;
    sync_folder_of(to).map_err(failed)
}

/// Brings a part that [`copy_part`] wrote, and its name, to the disk.
pub fn sync_part(part: &Path) -> Result<(), StoreError> {
    let synced = File::open(part).and_then(|file| file.sync_all()).and_then(|()| sync_folder_of(part));
    synced.map_err(|e| StoreError::io(part, "finish", e))
}

fn name(temporary: &Path, to: &Path) -> Result<(), StoreError> {
    fs::rename(temporary, to).map_err(|e| StoreError::io(to, "finish", e))
}

/// A name is in the folder, which has to reach the disk too.
fn sync_folder_of(file: &Path) -> io::Result<()> {
    match file.parent().filter(|p| !p.as_os_str().is_empty()) {
        Some(folder) => File::open(folder).and_then(|folder| folder.sync_all()),
        None => Ok(()),
    }
}

fn write_copy(
    source: &File,
    from: &Path,
    len: u64,
    temporary: &Path,
    progress: &dyn Fn(u64) -> bool,
) -> Result<Copied, StoreError> {
    // A copy that was interrupted is begun again.
    match fs::remove_file(temporary) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => {
            return Err(StoreError::io(temporary, "remove", e));
        }
        _ => {}
    }
    if reflink_copy::reflink(from, temporary).is_ok() {
        progress(len);
        return Ok(Copied { size: len, sha256: None });
    }
    let free = free_space(temporary).unwrap_or(u64::MAX);
    if free < len {
        return Err(StoreError::NoSpace { path: temporary.to_path_buf(), needed: len, free });
    }
    let failed = |e| StoreError::io(temporary, "write the copy to", e);
    let mut copy = File::create_new(temporary).map_err(failed)?;
    let (done, sha256) = std::thread::scope(|scope| {
        let (tell, told) = mpsc::channel();
        // The system copies on this core; the hash of what it copied is taken on another.
        let behind = scope.spawn(move || hash_behind(temporary, &told));
        let mut done = 0;
        loop {
            // From file to file the bytes do not pass through this process, where the system can do without.
            let n = io::copy(&mut Read::take(source, COPY_STEP), &mut copy).map_err(failed)?;
            if n == 0 {
                break;
            }
            done += n;
            if !progress(n) {
                return Err(StoreError::Stopped);
            }
            // That nobody listens any more only means that the hash is taken later.
            let _ = tell.send(done);
        }
        drop(tell);
        Ok((done, behind.join().ok().and_then(Result::ok)))
    })?;
    if done != len {
        return Err(StoreError::Other(format!(
            "{} changed while it was copied: it had {len} bytes, and {done} were read. Copy it again when nothing writes to it.",
            from.display()
        )));
    }
    Ok(Copied { size: done, sha256 })
}

/// Hashes a file that grows, as far as it is told each time, and to the end when nothing more is told.
fn hash_behind(path: &Path, told: &mpsc::Receiver<u64>) -> io::Result<[u8; 32]> {
    let mut file = File::open(path)?;
    let mut context = ring::digest::Context::new(&ring::digest::SHA256);
    let (mut buffer, mut done) = (vec![0; STEP], 0);
    for end in told {
        while done < end {
            let most = usize::try_from(end - done).map_or(STEP, |left| left.min(STEP));
            let n = read_some(&mut file, buffer.get_mut(..most).unwrap_or_default())?;
            if n == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            context.update(buffer.get(..n).unwrap_or_default());
            done += n as u64;
        }
    }
    Ok(finished(context))
}

fn finished(context: ring::digest::Context) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(context.finish().as_ref());
    hash
}

fn read_some(file: &mut File, buffer: &mut [u8]) -> io::Result<usize> {
    loop {
        match file.read(buffer) {
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            other => return other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_is_the_same_bytes_and_the_hash_is_known() {
        let folder = tempfile::tempdir().unwrap();
        let from = folder.path().join("from");
        let to = folder.path().join("to");
        let content = vec![7; 3 * STEP + 5];
        fs::write(&from, &content).unwrap();
        let seen = std::cell::Cell::new(0);
        let copied = copy_part(&from, &to, &|n| {
            seen.set(seen.get() + n);
            true
        })
        .unwrap();
        assert_eq!((copied.size, seen.get()), (content.len() as u64, copied.size));
        assert!(fs::read(&to).unwrap() == content);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
        let (hash, hashed) = hash_file(&to, &|_| {}).unwrap();
        let expected = ring::digest::digest(&ring::digest::SHA256, &content);
        assert_eq!(hash.as_slice(), expected.as_ref());
        assert_eq!(hashed, copied.size);
        assert!(copied.sha256.is_none_or(|sha256| sha256 == hash));
    }

    #[test]
    fn a_copy_of_several_steps_is_hashed_whole_while_it_grows() {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("from"), folder.path().join("to"));
        let file = File::create(&from).unwrap();
        // Mostly holes, so that it costs no room.
        file.set_len(2 * COPY_STEP + 77).unwrap();
        for at in [0, COPY_STEP - 1, COPY_STEP, 2 * COPY_STEP + 76] {
            std::os::unix::fs::FileExt::write_all_at(&file, b"x", at).unwrap();
        }
        let stopped = copy_part(&from, &to, &|_| false);
        // A file system that shares blocks has nothing to stop.
        assert!(stopped.is_ok() || (matches!(stopped, Err(StoreError::Stopped)) && !beside(&to).exists()));
        let _ = fs::remove_file(&to);
        let copied = copy_part(&from, &to, &|_| true).unwrap();
        let (hash, size) = hash_file(&from, &|_| {}).unwrap();
        assert_eq!((copied.size, hash_file(&to, &|_| {}).unwrap()), (size, (hash, size)));
        // A file system that shares blocks has nothing to copy, and so nothing to hash behind.
        assert!(copied.sha256.is_none_or(|sha256| sha256 == hash));
    }

    #[test]
    fn content_is_kept_whole_and_sealed_or_not_at_all() {
        struct Broken;
        impl Read for Broken {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::Error::other("it breaks off"))
            }
        }
        let folder = tempfile::tempdir().unwrap();
        let (clear, sealed) = (folder.path().join("clear"), folder.path().join("sealed"));
        let key = Identity::generate();
        let content = b"secret".repeat(STEP / 4);
        assert_eq!(keep_content(&mut content.as_slice(), &clear, None, &|_| true).unwrap(), None);
        assert!(fs::read(&clear).unwrap() == content);
        let plain = keep_content(&mut content.as_slice(), &sealed, Some(&key), &|_| true).unwrap().unwrap();
        let bytes = fs::read(&sealed).unwrap();
        assert_eq!((plain.len, plain.sealed_len), (content.len() as u64, bytes.len() as u64));
        assert!(!bytes.windows(6).any(|w| w == b"secret"));
        assert!(*crate::seal::unseal(&bytes, &key).unwrap() == content);
        for key in [None, Some(&key)] {
            let stopped = keep_content(&mut content.as_slice(), &folder.path().join("stopped"), key, &|_| false);
            assert!(matches!(stopped, Err(StoreError::Stopped)));
            let broken = keep_content(&mut b"begun".chain(Broken), &folder.path().join("broken"), key, &|_| true);
            assert!(matches!(broken, Err(StoreError::Container { why, .. }) if why.contains("breaks off")));
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2, "nothing is left of what broke off or was stopped");
    }

    #[test]
    fn nothing_is_overwritten_and_errors_name_the_path() {
        let folder = tempfile::tempdir().unwrap();
        let from = folder.path().join("from");
        let to = folder.path().join("to");
        let missing = copy_part(&from, &to, &|_| true).unwrap_err().to_string();
        assert!(missing.contains("from") && missing.contains("Check"));
        fs::write(&from, b"new").unwrap();
        fs::write(&to, b"old").unwrap();
        assert!(copy_part(&from, &to, &|_| true).is_err());
        assert_eq!(fs::read(&to).unwrap(), b"old");
    }

    #[test]
    fn free_space_is_known_for_a_path_that_does_not_exist_yet() {
        let folder = tempfile::tempdir().unwrap();
        assert!(free_space(&folder.path().join("a/b/c")).unwrap() > 0);
    }
}
