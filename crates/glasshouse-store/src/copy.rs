use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// Returns the SHA-256 and the size of a file.
pub fn hash_file(path: &Path, progress: &dyn Fn(u64)) -> io::Result<([u8; 32], u64)> {
    let mut file = File::open(path)?;
    let mut context = ring::digest::Context::new(&ring::digest::SHA256);
    let mut buffer = vec![0; 1 << 20];
    let mut size = 0;
    loop {
        let n = file.read(&mut buffer)?;
        let Some(bytes) = buffer.get(..n).filter(|b| !b.is_empty()) else { break };
        context.update(bytes);
        size += n as u64;
        progress(n as u64);
    }
    let digest = context.finish();
    Ok((digest.as_ref().try_into().unwrap_or([0; 32]), size))
}
