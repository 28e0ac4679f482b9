//! Archives that cannot simply be opened: one is cut off, one needs a password.

use crate::mail::{Post, mail};
use crate::rng::Rng;
use crate::story::Spread;
use crate::takeout::options;
use crate::tamper;
use crate::truth::Tally;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;
use zip::{AesSalt, CompressionMethod, ZipWriter};

/// Opens the locked archive.
pub(crate) const PASSWORD: &str = "over-the-passes-2021";

const ENTRIES: u64 = 6;

/// Writes an archive whose end, with the list of its entries, is missing: as a download that broke off.
pub(crate) fn broken(path: &Path, seed: u64, spread: &Spread, tally: &mut Tally<'_>) -> io::Result<()> {
    let mut zip = ZipWriter::new(BufWriter::new(File::create(path)?));
    let post = Post { seed, stream: 30, count: ENTRIES, spread };
    // Stored, so that what is whole can be told from what is cut by its length alone.
    let options = options(false)?.compression_method(CompressionMethod::Stored).compression_level(None);
    for index in 0..ENTRIES {
        let mail = mail(post, index);
        zip.start_file(format!("letters/{index}.eml"), options)?;
        zip.write_all(&mail.bytes)?;
        if index + 1 < ENTRIES {
            tally.record("mail.eml", &mail.text);
        }
    }
    let mut file = zip.finish()?;
    file.flush()?;
    drop(file);
    // The list of six entries is shorter than this, and the last letter is longer than what is left to cut.
    let cut = list_size() + last_size(post) / 2;
    let size = std::fs::metadata(path)?.len();
    tamper::truncate(path, size.saturating_sub(cut))
}

/// Returns the bytes of the list at the archive's end.
fn list_size() -> u64 {
    let entry = 46 + "letters/0.eml".len() as u64;
    ENTRIES * entry + 22
}

fn last_size(post: Post<'_>) -> u64 {
    mail(post, ENTRIES - 1).bytes.len() as u64
}

/// Writes an archive whose entries need the password (WinZip's AES with 256 bits).
pub(crate) fn encrypted(path: &Path, seed: u64, spread: &Spread, tally: &mut Tally<'_>) -> io::Result<()> {
    let mut zip = ZipWriter::new(BufWriter::new(File::create(path)?));
    let post = Post { seed, stream: 40, count: 3, spread };
    for index in 0..post.count {
        // The seed alone decides over the bytes, so over the salt too; what is locked here is no secret.
        let mut rng = Rng::of(seed, 600, index);
        let mut salt = [0; 16];
        for part in salt.chunks_exact_mut(8) {
            part.copy_from_slice(&rng.next().to_le_bytes());
        }
        let options = options(false)?.with_aes_encryption_and_salt(PASSWORD.as_bytes(), AesSalt::Aes256(salt));
        let mail = mail(post, index);
        zip.start_file(format!("statements/{}.eml", 2021 + index), options)?;
        zip.write_all(&mail.bytes)?;
        tally.record("mail.eml", &mail.text);
    }
    zip.finish()?.flush()
}
