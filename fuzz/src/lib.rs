//! What the fuzz targets share: seeds, and inputs that begin with a line that names what the bytes are.

use std::fs;
use std::path::{Path, PathBuf};

/// Writes the seeds of a target into the folder that `FUZZ_SEEDS` names, and ends; does nothing without it.
pub fn seeds(make: impl FnOnce(&mut dyn FnMut(&[u8]))) {
    let Some(folder) = std::env::var_os("FUZZ_SEEDS").map(PathBuf::from) else { return };
    fs::create_dir_all(&folder).expect("a folder for seeds");
    let mut number = 0;
    make(&mut |bytes| {
        fs::write(folder.join(format!("seed-{number:05}")), bytes).expect("a seed");
        number += 1;
    });
    std::process::exit(0);
}

/// Returns an input: a first line, and bytes behind it.
pub fn named(name: &str, bytes: &[u8]) -> Vec<u8> {
    [name.as_bytes(), b"\n", bytes].concat()
}

/// Divides an input into its first line and what follows.
pub fn split(data: &[u8]) -> Option<(&str, &[u8])> {
    let end = data.iter().position(|b| *b == b'\n')?;
    Some((std::str::from_utf8(&data[..end]).ok()?, &data[end + 1..]))
}

/// Changes what follows the first line and lets that line be, so that an input keeps saying what it is.
pub fn mutate_rest(data: &mut [u8], size: usize, max_size: usize, seed: u32) -> usize {
    let from = data[..size].iter().position(|b| *b == b'\n').map_or(0, |end| end + 1);
    // Now and then the name, too.
    let from = if seed.is_multiple_of(64) { 0 } else { from };
    if from >= max_size {
        return libfuzzer_sys::fuzzer_mutate(data, size, max_size);
    }
    from + libfuzzer_sys::fuzzer_mutate(&mut data[from..], size - from, max_size - from)
}

/// Returns the folder of the crate with this name.
pub fn crate_folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates").join(name)
}

/// Returns a folder for files that live as long as one input, in memory where the system has such a place.
pub fn scratch() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    let made = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
    made.expect("a folder for files")
}

/// Returns the folders of fixtures, `provider/fixture`, with their place.
pub fn fixtures() -> Vec<(String, PathBuf)> {
    let below = |folder: &Path| -> Vec<PathBuf> {
        let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
        entries.filter_map(|entry| Some(entry.ok()?.path())).collect()
    };
    let name = |path: &Path| path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let mut found = Vec::new();
    for root in ["src", "lenses"] {
        for provider in below(&crate_folder("glasshouse-providers").join(root)) {
            for fixture in below(&provider.join("fixtures")) {
                found.push((format!("{}/{}", name(&provider), name(&fixture)), fixture));
            }
        }
    }
    found.sort();
    found
}
