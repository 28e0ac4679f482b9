//! Makes one zip of a folder, so that loose files become a part like any other.

use crate::copy::{beside, settle};
use crate::error::StoreError;
use crate::seal::{Identity, Plain, write_sealed};
use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, BufWriter, Read, Seek, Write};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;
use zip::result::ZipError;
use zip::write::FullFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// What was packed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Packed {
    /// How many files are in the container.
    pub files: u64,
    /// How many bytes they have together.
    pub bytes: u64,
    /// How many links are in the container.
    pub links: u64,
    /// What is not in the container, or not as it was, and why.
    pub problems: Vec<(String, String)>,
}

/// Says of a file or link in a folder, by its path in the container and its place on the disk, that it is held already.
pub type Known<'a> = dyn Fn(&[u8], &Path, &Metadata) -> bool + 'a;

/// Packs a folder into a ZIP64 container at `out`: files as they are, in the order of their paths, with
/// the bytes of their names and their times. The same folder gives the same container.
///
/// Links are recorded and not followed. What cannot be read is left out and named in the result, what is `known` is left
/// out.
pub fn pack_folder(
    folder: &Path,
    prefix: &str,
    out: &Path,
    known: &Known<'_>,
    progress: &dyn Fn(u64) -> bool,
) -> Result<Packed, StoreError> {
    if out.exists() {
        let exists = io::Error::from(io::ErrorKind::AlreadyExists);
        return Err(StoreError::io(out, "pack a folder into", exists));
    }
    let temporary = beside(out);
    let packed =
        write(folder, prefix, &temporary, known, progress).and_then(|packed| settle(&temporary, out).map(|()| packed));
    if packed.is_err() {
        // What is left over is of no use; that it cannot be removed either would only hide the reason.
        let _ = fs::remove_file(&temporary);
    }
    packed
}

/// As [`pack_folder`], into a sealed file; nothing of the folder touches the disk in clear.
///
/// A sealed file is written from its beginning to its end: sizes stand behind the content of each file and in the
/// directory, and of a file that cannot be read to its end what was read is in the container.
pub fn pack_sealed(
    folder: &Path,
    prefix: &str,
    out: &Path,
    key: &Identity,
    known: &Known<'_>,
    progress: &dyn Fn(u64) -> bool,
) -> Result<(Plain, Packed), StoreError> {
    let root = readable(folder)?;
    write_sealed(out, key, 0, |sealer| {
        let failed = |e: ZipError| StoreError::io(out, "write", e.into());
        let mut packer = Packer {
            zip: ZipWriter::new_stream(sealer),
            own: None,
            can_take_back: false,
            buffer: vec![0; 1 << 20],
            known,
            progress,
            stopped: false,
            packed: Packed::default(),
        };
        let done = packer.pack(folder, prefix.trim_end_matches('/').as_bytes(), &root);
        if packer.stopped {
            return Err(StoreError::Stopped);
        }
        done.map_err(failed)?;
        packer.zip.finish().map_err(failed)?;
        Ok(packer.packed)
    })
}

/// Returns what a folder is, if it can be listed.
fn readable(folder: &Path) -> Result<Metadata, StoreError> {
    let opened = |e| StoreError::io(folder, "read", e);
    let root = fs::metadata(folder).map_err(opened)?;
    fs::read_dir(folder).map_err(opened)?;
    Ok(root)
}

fn write(
    folder: &Path,
    prefix: &str,
    temporary: &Path,
    known: &Known<'_>,
    progress: &dyn Fn(u64) -> bool,
) -> Result<Packed, StoreError> {
    let root = readable(folder)?;
    let failed = |e| StoreError::io(temporary, "write", e);
    let file = File::create(temporary).map_err(failed)?;
    let own = file.metadata().map_err(failed)?;
    let mut packer = Packer {
        zip: ZipWriter::new(BufWriter::with_capacity(1 << 20, file)),
        own: Some((own.dev(), own.ino())),
        can_take_back: true,
        buffer: vec![0; 1 << 20],
        known,
        progress,
        stopped: false,
        packed: Packed::default(),
    };
    let done = packer.pack(folder, prefix.trim_end_matches('/').as_bytes(), &root);
    if packer.stopped {
        return Err(StoreError::Stopped);
    }
    done.map_err(|e| failed(e.into()))?;
    let mut file = packer.zip.finish().map_err(|e| failed(e.into()))?;
    file.flush().map_err(failed)?;
    // A file that was given up at the end may have left bytes behind.
    let end = file.stream_position().map_err(failed)?;
    file.get_ref().set_len(end).map_err(failed)?;
    Ok(packer.packed)
}

struct Packer<'a, W: Write + Seek> {
    zip: ZipWriter<W>,
    /// The container itself, which may lie in the folder.
    own: Option<(u64, u64)>,
    /// Whether what was written of a file can be taken out again.
    can_take_back: bool,
    buffer: Vec<u8>,
    known: &'a Known<'a>,
    progress: &'a dyn Fn(u64) -> bool,
    stopped: bool,
    packed: Packed,
}

/// One thing in a folder. Folders sort as if their names ended with a slash, as their paths do.
struct Item {
    key: Vec<u8>,
    name: std::ffi::OsString,
    metadata: Metadata,
}

impl<W: Write + Seek> Packer<'_, W> {
    /// Packs a folder and everything in it. Errors are those of the container alone.
    fn pack(&mut self, folder: &Path, path: &[u8], metadata: &Metadata) -> Result<(), ZipError> {
        // The folders still to be gone through lie on a list and not on the stack, whose depth is bounded.
        let mut open = vec![(folder.to_path_buf(), path.to_vec(), Vec::new().into_iter())];
        if !path.is_empty() {
            self.start(&[path, b"/"].concat(), metadata, 0o040_000)?;
        }
        if let Some((_, _, items)) = open.last_mut() {
            *items = self.items(folder, path).into_iter();
        }
        while let Some((folder, path, items)) = open.last_mut() {
            let Some(item) = items.next() else {
                open.pop();
                continue;
            };
            let place = folder.join(&item.name);
            let mut name = path.clone();
            if !name.is_empty() {
                name.push(b'/');
            }
            name.extend_from_slice(item.name.as_bytes());
            if name.len() > usize::from(u16::MAX) - 1 {
                self.problem(&name, "its path is longer than a zip can hold");
                continue;
            }
            let kind = item.metadata.file_type();
            if kind.is_dir() {
                self.start(&[&name[..], b"/"].concat(), &item.metadata, 0o040_000)?;
                let items = self.items(&place, &name).into_iter();
                open.push((place, name, items));
            } else if (self.known)(&name, &place, &item.metadata) {
                continue;
            } else if kind.is_symlink() {
                self.link(&place, &name, &item.metadata)?;
            } else if kind.is_file() {
                self.file(&place, &name, &item.metadata)?;
            } else {
                self.problem(&name, "it is a device, a pipe or a socket");
            }
        }
        Ok(())
    }

    /// What is in a folder, in the order of the paths.
    fn items(&mut self, folder: &Path, path: &[u8]) -> Vec<Item> {
        let entries = match fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(e) => {
                self.problem(path, &format!("the folder cannot be read: {e}"));
                return Vec::new();
            }
        };
        let mut items = Vec::new();
        for entry in entries {
            let found = entry.map(|entry| {
                let metadata = fs::symlink_metadata(entry.path());
                (entry.file_name(), metadata)
            });
            match found {
                Ok((_, Ok(metadata))) if Some((metadata.dev(), metadata.ino())) == self.own => {}
                Ok((name, Ok(metadata))) => {
                    let mut key = name.as_bytes().to_vec();
                    if metadata.is_dir() {
                        key.push(b'/');
                    }
                    items.push(Item { key, name, metadata });
                }
                Ok((name, Err(e))) => {
                    let name = [path, b"/", name.as_bytes()].concat();
                    self.problem(&name, &format!("it cannot be read: {e}"));
                }
                Err(e) => self.problem(path, &format!("the folder cannot be read to its end: {e}")),
            }
        }
        items.sort_by(|a, b| a.key.cmp(&b.key));
        items
    }

    fn file(&mut self, place: &Path, name: &[u8], seen: &Metadata) -> Result<(), ZipError> {
        // Neither a link nor a pipe that took the place of the file meanwhile is followed or waited for.
        let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
        let opened = OpenOptions::new().read(true).custom_flags(flags.bits() as i32).open(place);
        let mut file = match opened {
            Ok(file) => file,
            Err(e) => {
                self.problem(name, &format!("it cannot be opened: {e}"));
                return Ok(());
            }
        };
        self.start(name, seen, 0o100_000)?;
        let mut len = 0;
        loop {
            let n = match file.read(&mut self.buffer) {
                Ok(0) => break,
                Ok(n) => n,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
                Err(e) => {
                    if self.can_take_back {
                        self.zip.abort_file()?;
                        self.problem(name, &format!("it cannot be read to its end: {e}"));
                        return Ok(());
                    }
                    self.problem(name, &format!("only its first {len} bytes could be read: {e}"));
                    self.packed.bytes += len;
                    return Ok(());
                }
            };
            self.zip.write_all(self.buffer.get(..n).unwrap_or_default())?;
            len += n as u64;
            self.stopped = !(self.progress)(n as u64);
            if self.stopped {
                return Err(io::Error::from(io::ErrorKind::Interrupted).into());
            }
        }
        if len != seen.len() {
            let why = format!("it changed while it was packed: it had {} bytes, and {len} were read", seen.len());
            self.problem(name, &why);
        }
        self.packed.files += 1;
        self.packed.bytes += len;
        Ok(())
    }

    fn link(&mut self, place: &Path, name: &[u8], metadata: &Metadata) -> Result<(), ZipError> {
        match fs::read_link(place) {
            Ok(target) => {
                self.start(name, metadata, 0o120_000)?;
                self.zip.write_all(&target.into_os_string().into_vec())?;
                self.packed.links += 1;
            }
            Err(e) => self.problem(name, &format!("the link cannot be read: {e}")),
        }
        Ok(())
    }

    fn start(&mut self, name: &[u8], metadata: &Metadata, kind: u32) -> Result<(), ZipError> {
        // What is not written to the end at once has its sizes behind it, which the library does for all but folders;
        // the slash at the end of its name makes it one all the same.
        let attributes = match kind {
            0o040_000 if !self.can_take_back => (metadata.mode() & 0o7777).max(1) << 16 | 0x10,
            _ => (kind | (metadata.mode() & 0o7777)) << 16,
        };
        let mut options = FullFileOptions::default()
            .compression_method(CompressionMethod::Stored)
            .large_file(true)
            .system(zip::System::Unix)
            .external_attributes(attributes)
            .last_modified_time(dos_time(metadata.mtime()));
        // The field holds seconds of UTC up to 2038; a later time remains in the header alone.
        if let Ok(seconds) = i32::try_from(metadata.mtime()) {
            let mut field = vec![1];
            field.extend(seconds.to_le_bytes());
            options.add_extra_field(0x5455, field, false)?;
        }
        self.zip.start_file_with_options(options.name(name))
    }

    fn problem(&mut self, path: &[u8], why: &str) {
        let path = String::from_utf8_lossy(path).into_owned();
        self.packed.problems.push((path, why.to_owned()));
    }
}

/// The nearest time that the header of a zip can hold, in UTC.
fn dos_time(seconds: i64) -> zip::DateTime {
    let convert = || {
        let time = jiff::Timestamp::from_second(seconds).ok()?;
        let time = time.to_zoned(jiff::tz::TimeZone::UTC);
        zip::DateTime::from_date_and_time(
            u16::try_from(time.year()).ok()?,
            u8::try_from(time.month()).ok()?,
            u8::try_from(time.day()).ok()?,
            u8::try_from(time.hour()).ok()?,
            u8::try_from(time.minute()).ok()?,
            u8::try_from(time.second()).ok()?,
        )
        .ok()
    };
    convert().unwrap_or_default()
}
