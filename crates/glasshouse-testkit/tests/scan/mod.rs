//! Plain looks at what was written, which share no code with its writers or readers.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

/// An entry of an archive.
#[derive(Clone)]
pub struct Entry {
    pub path: String,
    pub bytes: Vec<u8>,
    /// The archive's last digit.
    pub part: u8,
}

/// Reads all entries of an archive.
pub fn entries(archive: &Path) -> Vec<Entry> {
    let part = archive.to_string_lossy().trim_end_matches(".zip").bytes().last().unwrap();
    let mut zip = zip::ZipArchive::new(fs::File::open(archive).unwrap()).unwrap();
    let count = zip.len();
    let read = |index| {
        let mut file = zip.by_index(index).unwrap();
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).unwrap();
        Entry { path: file.name().unwrap().into_owned(), bytes, part }
    };
    (0..count).map(read).collect()
}

/// Returns the files below a folder, by paths from there.
pub fn files(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![dir.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.push(path.strip_prefix(dir).unwrap().to_path_buf());
            }
        }
    }
    found.sort();
    found
}

/// Returns how often a word stands in a text.
pub fn times(text: &str, word: &str) -> u64 {
    text.matches(word).count() as u64
}

/// Returns a message with what is encoded in it decoded, roughly: enough to look for words.
pub fn readable(message: &str) -> String {
    let mut out = message.replace("=\r\n", "");
    let mut run = String::new();
    for line in message.split("\r\n").chain([""]) {
        let coded = !line.is_empty() && line.bytes().all(|b| b.is_ascii_alphanumeric() || b"+/=".contains(&b));
        if coded && (line.len() == 76 || !run.is_empty()) {
            run.push_str(line);
        } else if !run.is_empty() {
            out.push_str(&base64(&run));
            run.clear();
        }
    }
    out
}

fn base64(text: &str) -> String {
    let (mut bits, mut count, mut out) = (0u32, 0, Vec::new());
    for letter in text.bytes() {
        let value = match letter {
            b'A'..=b'Z' => letter - b'A',
            b'a'..=b'z' => letter - b'a' + 26,
            b'0'..=b'9' => letter - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => break,
        };
        bits = bits << 6 | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            out.push((bits >> count) as u8);
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}
