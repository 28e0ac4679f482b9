//! Which parts are of one export: by their names.

/// Returns the name that the parts of one export share: `takeout-20240601T120000Z-1-002.zip` and its like
/// without the number of the part.
pub fn series(name: &str) -> String {
    let lower = name.to_lowercase();
    let stem = [".tar.gz", ".tgz", ".tar", ".zip"].iter().find_map(|e| lower.strip_suffix(e)).unwrap_or(&lower);
    let stem = match stem.rsplit_once(" part ") {
        Some((head, tail)) if tail.starts_with(|c: char| c.is_ascii_digit()) => head,
        _ => stem,
    };
    let digits = stem.trim_end_matches(|c: char| c.is_ascii_digit());
    let short_number = stem.len() - digits.len() <= 4 && digits.len() < stem.len();
    let trimmed = if short_number { digits.trim_end_matches(['-', '_', '.', ' ']) } else { stem };
    if trimmed.is_empty() { stem.to_owned() } else { trimmed.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::series;

    #[test]
    fn parts_of_one_export_share_a_series() {
        for (a, b) in [
            ("takeout-20240601T120000Z-001.zip", "takeout-20240601T120000Z-012.zip"),
            ("takeout-20240601T120000Z-1-001.tgz", "takeout-20240601T120000Z-1-002.tgz"),
            ("iCloud Photos Part 1 of 7.zip", "iCloud Photos Part 2 of 7.zip"),
            ("export.1.tar.gz", "export.2.tar.gz"),
        ] {
            assert_eq!(series(a), series(b), "{a}");
        }
        assert_ne!(series("takeout-20240601T120000Z-001.zip"), series("takeout-20250601T120000Z-001.zip"));
        assert_eq!(series("123.zip"), "123");
    }
}
