//! A zip that is written file by file into a sealed file, and read by whoever wrote it: its key is kept nowhere.

use crate::error::StoreError;
use crate::seal::{Identity, Sealer, input};
use std::fs::File;
use std::io::{self, BufWriter, Read};
use std::path::{Path, PathBuf};
use zip::result::ZipError;
use zip::write::{SimpleFileOptions, StreamWriter};
use zip::{CompressionMethod, ZipWriter};

/// One that is being written.
pub struct Parcel {
    path: PathBuf,
    key: Identity,
    zip: ZipWriter<StreamWriter<Sealer<BufWriter<File>>>>,
}

/// One that is whole. Without it, what lies on the disk opens to nobody.
pub struct Packet {
    path: PathBuf,
    key: Identity,
    /// Length of the zip.
    pub len: u64,
}

impl Parcel {
    /// Begins one at a path where nothing is.
    pub fn begin(path: &Path) -> Result<Self, StoreError> {
        let failed = |e| StoreError::io(path, "write", e);
        let key = Identity::generate();
        let file = BufWriter::with_capacity(1 << 18, File::create_new(path).map_err(failed)?);
        let zip = ZipWriter::new_stream(Sealer::new(file, &key).map_err(failed)?);
        Ok(Parcel { path: path.to_path_buf(), key, zip })
    }

    /// Adds a file with what a reader gives to its end.
    pub fn put(&mut self, name: &str, content: &mut dyn Read) -> Result<(), StoreError> {
        let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored).large_file(true);
        let options = options.unix_permissions(0o644);
        let failed = |e: ZipError| StoreError::io(&self.path, "write", e.into());
        self.zip.start_file(name, options).map_err(failed)?;
        io::copy(content, &mut self.zip).map_err(|e| StoreError::io(&self.path, "write", e))?;
        Ok(())
    }

    /// Writes its end.
    pub fn finish(self) -> Result<Packet, StoreError> {
        let failed = |e: io::Error| StoreError::io(&self.path, "write", e);
        let sealer = self.zip.finish().map_err(|e| failed(e.into()))?.into_inner();
        let (_, plain) = sealer.finish().map_err(failed)?;
        Ok(Packet { path: self.path, key: self.key, len: plain.len })
    }
}

impl Packet {
    /// Returns a reader of the zip from its beginning.
    pub fn reader(&self) -> Result<Box<dyn Read + Send>, StoreError> {
        input(&self.path, Some(&self.key)).map_err(|e| StoreError::io(&self.path, "read", e))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_put_in_comes_out_and_lies_nowhere_in_clear() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("parcel");
        let mut parcel = Parcel::begin(&path).expect("begun");
        let long = b"needle in a haystack ".repeat(20_000);
        parcel.put("a/needle.txt", &mut &long[..]).expect("put");
        parcel.put("b.txt", &mut &b"needle"[..]).expect("put");
        let packet = parcel.finish().expect("finished");
        let mut bytes = Vec::new();
        packet.reader().expect("opens").read_to_end(&mut bytes).expect("reads");
        assert_eq!(bytes.len() as u64, packet.len);
        let mut zip = zip::ZipArchive::new(io::Cursor::new(bytes)).expect("a zip");
        let mut read = Vec::new();
        zip.by_name("a/needle.txt").expect("there").read_to_end(&mut read).expect("reads");
        assert!(read == long && zip.len() == 2);
        let lies = std::fs::read(&path).expect("readable");
        assert!(lies.len() > long.len() && !lies.windows(6).any(|w| w == b"needle"));
        assert!(Parcel::begin(&path).is_err(), "nothing is written over");
    }
}
