//! What pictures look like, by the place of their bytes, which never change. In a personal case it is kept in the cache
//! from start to start; where an authority has to name the analysis, nothing of it is.

use glasshouse_engine::view::Attachment;
use std::collections::HashMap;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

/// Pictures of which is known what they look like: about 60 bytes each, and as much in the cache.
const MOST: usize = 200_000;
/// Bytes of the file that are read; more than these pictures take was not written here.
const MOST_BYTES: u64 = 16 << 20;
/// Where they lie in a case.
const FILE: &str = "cache/looks";

/// A picture by its entry and where it lies there.
pub type Key = (u32, String);

/// Returns by what a picture is known; nothing for what the export does not contain.
pub fn key(file: &Attachment) -> Option<Key> {
    let at = file.place()?;
    Some((at.entry.0, at.locator.to_string()))
}

#[derive(Default)]
pub struct Looks {
    /// None for what could not be taken apart.
    known: HashMap<Key, Option<u64>>,
    /// None where nothing is kept.
    file: Option<PathBuf>,
    /// Lines that are not in the file yet.
    fresh: String,
}

impl Looks {
    /// Returns what is kept in the case's folder, and keeps what is found from now on.
    pub fn kept(case: &Path) -> Self {
        let file = case.join(FILE);
        let size = fs::metadata(&file).map_or(0, |about| about.len());
        // The cache is disposable: what cannot be read, or is too much, is made anew.
        let text = if size > MOST_BYTES { String::new() } else { fs::read_to_string(&file).unwrap_or_default() };
        if text.is_empty() && size > 0 {
            let _ = fs::remove_file(&file);
        }
        let known = text.lines().filter_map(read).take(MOST).map(|(key, look)| (key, Some(look))).collect();
        Looks { known, file: Some(file), fresh: String::new() }
    }

    pub fn get(&self, key: &Key) -> Option<Option<u64>> {
        self.known.get(key).copied()
    }

    pub fn add(&mut self, key: Key, look: Option<u64>) {
        if self.known.len() >= MOST {
            self.known.clear();
            self.fresh.clear();
            self.file.as_ref().map(fs::remove_file);
        }
        let new = self.file.is_some() && !self.known.contains_key(&key) && !key.1.contains(char::is_control);
        if let Some(look) = look.filter(|_| new) {
            // A torn line of a process that was killed must not run into this one.
            self.fresh.push_str(&format!("\n{look:016x} {} {}", key.0, key.1));
        }
        self.known.insert(key, look);
    }

    /// Writes what is new to the file; what cannot be written is computed again after the next start.
    pub fn save(&mut self) {
        let fresh = std::mem::take(&mut self.fresh);
        let Some(file) = self.file.as_ref().filter(|_| !fresh.is_empty()) else { return };
        let _ = file.parent().map(fs::create_dir_all);
        if let Ok(mut file) = OpenOptions::new().create(true).append(true).open(file) {
            let _ = file.write_all((fresh + "\n").as_bytes());
        }
    }
}

fn read(line: &str) -> Option<(Key, u64)> {
    let (look, place) = line.split_once(' ').filter(|(look, _)| look.len() == 16)?;
    let (entry, locator) = place.split_once(' ')?;
    Some(((entry.parse().ok()?, locator.to_owned()), u64::from_str_radix(look, 16).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_found_is_there_after_a_start_and_damage_is_left_out() {
        let folder = tempfile::tempdir().expect("a folder");
        let place = |entry| (entry, "bytes:@0+9".to_owned());
        let mut looks = Looks::kept(folder.path());
        looks.add(place(3), Some(7));
        looks.add(place(4), None);
        looks.add((5, "two\nlines".to_owned()), Some(8));
        looks.save();
        looks.save();
        let mut again = Looks::kept(folder.path());
        assert_eq!((again.get(&place(3)), again.get(&place(4)), again.known.len()), (Some(Some(7)), None, 1));
        let file = folder.path().join(FILE);
        let mut text = fs::read_to_string(&file).expect("written");
        text.push_str(
            "0000 6 x\n\u{202e} x y\nzzzzzzzzzzzzzzzz 6 x\n0000000000000001 6\n0000000000000001 -6 x\n00000000000",
        );
        fs::write(&file, text).expect("written");
        again = Looks::kept(folder.path());
        again.add(place(9), Some(u64::MAX));
        again.save();
        again = Looks::kept(folder.path());
        assert_eq!((again.known.len(), again.get(&place(9))), (2, Some(Some(u64::MAX))));
        fs::write(&file, [0xff; 40]).expect("written");
        assert_eq!(Looks::kept(folder.path()).known.len(), 0);
        assert!(!file.exists(), "what is no text is removed");
    }

    #[test]
    fn nothing_is_written_where_nothing_is_kept() {
        let mut looks = Looks::default();
        looks.add((1, String::new()), Some(1));
        looks.save();
        assert_eq!((looks.get(&(1, String::new())), looks.fresh.len()), (Some(Some(1)), 0));
    }
}
