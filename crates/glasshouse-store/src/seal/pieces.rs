//! The content of sealed files, as [age](https://age-encryption.org/v1) has it: pieces of 64 KiB, each sealed with
//! ChaCha20-Poly1305 under its number and whether it is the last.
//!
//! The header, in which the key lies, is left to the age crate. Its pieces are not: every byte of the evidence goes
//! through them twice, and this library does it in half the time.

use super::Identity;
use age::secrecy::ExposeSecret;
use age::x25519;
use age_core::format::{FILE_KEY_BYTES, FileKey, Stanza};
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};
use ring::hkdf::{HKDF_SHA256, Salt};
use std::cell::RefCell;
use std::collections::HashSet;
use std::io::{self, Read, Write};
use std::iter;
use zeroize::Zeroizing;

/// Length of the content of a piece, and what sealing adds to it.
pub(super) const PIECE: usize = 64 << 10;
pub(super) const TAG: usize = 16;
const NONCE: usize = 16;

/// What seals the pieces of one file.
pub(super) struct Pieces(LessSafeKey);

impl Pieces {
    fn of(file_key: &[u8; FILE_KEY_BYTES], nonce: &[u8]) -> io::Result<Self> {
        let secret = Salt::new(HKDF_SHA256, nonce).extract(file_key);
        let mut key = Zeroizing::new([0; 32]);
        let made = secret.expand(&[b"payload"], &CHACHA20_POLY1305).and_then(|made| made.fill(key.as_mut_slice()));
        let made = made.and_then(|()| UnboundKey::new(&CHACHA20_POLY1305, key.as_slice()));
        made.map(|key| Pieces(LessSafeKey::new(key))).map_err(|_| io::Error::other("its key cannot be derived"))
    }

    /// Opens a piece in place.
    pub(super) fn open(&self, number: u64, last: bool, piece: &mut Vec<u8>) -> io::Result<()> {
        let opened = self.0.open_in_place(nonce(number, last), Aad::empty(), piece).map(|content| content.len());
        let wrong = || io::Error::new(io::ErrorKind::InvalidData, "it was changed, or cut off");
        piece.truncate(opened.map_err(|_| wrong())?);
        Ok(())
    }

    fn seal(&self, number: u64, last: bool, piece: &mut Vec<u8>) -> io::Result<()> {
        let sealed = self.0.seal_in_place_append_tag(nonce(number, last), Aad::empty(), piece);
        sealed.map_err(|_| io::Error::other("it cannot be sealed"))
    }
}

/// Eleven bytes of a counter, the most significant first, and one that says whether the piece is the last.
fn nonce(number: u64, last: bool) -> Nonce {
    let mut bytes = [0; 12];
    let all = number.to_be_bytes().into_iter().chain([u8::from(last)]);
    bytes.iter_mut().skip(3).zip(all).for_each(|(to, from)| *to = from);
    Nonce::assume_unique_for_key(bytes)
}

/// Reads the header of a sealed file, and not a byte more.
pub(super) fn begin_reading(header: impl Read, key: &Identity) -> io::Result<Pieces> {
    let wrong = |e: age::DecryptError| io::Error::new(io::ErrorKind::InvalidData, format!("it cannot be opened: {e}"));
    let (caught, mut header) = (Caught::new(key.age()), Newest { inner: header, bytes: [0; NONCE] });
    // The crate says whether the key is right and the header whole; what it reads pieces with is not needed.
    let decryptor = age::Decryptor::new(&mut header).map_err(wrong)?;
    drop(decryptor.decrypt(iter::once(&caught as &dyn age::Identity)).map_err(wrong)?);
    caught.pieces(&header.bytes)
}

/// Keeps the bytes that were read last: before the pieces lies the nonce of their key.
struct Newest<R> {
    inner: R,
    bytes: [u8; NONCE],
}

impl<R: Read> Read for Newest<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buffer)?;
        let new = buffer.get(n.saturating_sub(NONCE)..n).unwrap_or_default();
        self.bytes.rotate_left(new.len());
        let kept = NONCE - new.len();
        self.bytes.iter_mut().skip(kept).zip(new).for_each(|(to, from)| *to = *from);
        Ok(n)
    }
}

/// Somebody's key, with the key of the file that was opened with it or sealed to it.
struct Caught<T> {
    by: T,
    key: RefCell<Option<Zeroizing<[u8; FILE_KEY_BYTES]>>>,
}

impl<T> Caught<T> {
    fn new(by: T) -> Self {
        Caught { by, key: RefCell::new(None) }
    }

    fn catch(&self, key: &FileKey) {
        *self.key.borrow_mut() = Some(Zeroizing::new(*key.expose_secret()));
    }

    fn pieces(self, nonce: &[u8]) -> io::Result<Pieces> {
        let key = self.key.into_inner().ok_or_else(|| io::Error::other("its key was not found"))?;
        Pieces::of(&key, nonce)
    }
}

impl age::Identity for Caught<&x25519::Identity> {
    fn unwrap_stanza(&self, stanza: &Stanza) -> Option<Result<FileKey, age::DecryptError>> {
        let found = self.by.unwrap_stanza(stanza);
        if let Some(Ok(key)) = &found {
            self.catch(key);
        }
        found
    }
}

impl age::Recipient for Caught<x25519::Recipient> {
    fn wrap_file_key(&self, key: &FileKey) -> Result<(Vec<Stanza>, HashSet<String>), age::EncryptError> {
        self.catch(key);
        self.by.wrap_file_key(key)
    }
}

/// Seals what is written to it.
pub(super) struct Sealing<W: Write> {
    out: W,
    pieces: Pieces,
    number: u64,
    piece: Vec<u8>,
}

impl<W: Write> Sealing<W> {
    /// Writes the header of a sealed file.
    pub(super) fn begin(mut out: W, key: &Identity) -> io::Result<Self> {
        let caught = Caught::new(key.age().to_public());
        let mut header = Vec::new();
        let encryptor = age::Encryptor::with_recipients(iter::once(&caught as &dyn age::Recipient));
        drop(encryptor.map_err(io::Error::other)?.wrap_output(&mut header)?);
        out.write_all(&header)?;
        let nonce = header.last_chunk::<NONCE>().ok_or_else(|| io::Error::other("its header is too short"))?;
        Ok(Sealing { out, pieces: caught.pieces(nonce)?, number: 0, piece: Vec::with_capacity(PIECE + TAG) })
    }

    /// Writes the last piece, and returns what was written to. Without it the file does not open.
    pub(super) fn finish(mut self) -> io::Result<W> {
        self.put(true)?;
        Ok(self.out)
    }

    fn put(&mut self, last: bool) -> io::Result<()> {
        self.pieces.seal(self.number, last, &mut self.piece)?;
        self.out.write_all(&self.piece)?;
        self.piece.clear();
        self.number += 1;
        Ok(())
    }
}

impl<W: Write> Write for Sealing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // A piece that is full waits for more: it may be the last.
        if self.piece.len() == PIECE && !bytes.is_empty() {
            self.put(false)?;
        }
        let n = bytes.len().min(PIECE - self.piece.len());
        self.piece.extend_from_slice(bytes.get(..n).unwrap_or_default());
        Ok(n)
    }

    /// Does nothing: what is not a whole piece yet cannot be written.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
