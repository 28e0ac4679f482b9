//! One line over all records, the same for the same bytes.

use crate::EngineError;
use crate::rewrite::read_columns;
use crate::segment::typed;
use datafusion::arrow::array::FixedSizeBinaryArray;
use glasshouse_layout::Segment;
use std::path::Path;

/// Records whose digests are held in memory at once; more are taken in several passes.
const AT_ONCE: u64 = 4 << 20;

/// Returns the digest over the records of some segments (`docs/format.md`, section 6).
pub fn digest(case: &Path, segments: &[Segment]) -> Result<String, EngineError> {
    let rows: u64 = segments.iter().map(|s| s.rows).sum();
    let passes = (rows / AT_ONCE + 1).next_power_of_two().min(256);
    let mut all = blake3::Hasher::new();
    for pass in 0..passes {
        let mut hashes: Vec<[u8; 32]> = Vec::with_capacity((rows / passes) as usize);
        for segment in segments {
            for batch in read_columns(case, segment, &["digest"])? {
                let column: &FixedSizeBinaryArray = typed(&batch, "digest")?;
                let values = column.iter().flatten().filter_map(|value| <[u8; 32]>::try_from(value).ok());
                hashes.extend(values.filter(|v| u64::from(v[0]) * passes / 256 == pass));
            }
        }
        hashes.sort_unstable();
        for hash in hashes {
            all.update(&hash);
        }
    }
    Ok(format!("glasshouse-2:{}:{rows}", all.finalize().to_hex()))
}
