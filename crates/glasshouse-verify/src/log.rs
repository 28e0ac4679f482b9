//! Checks that the log is the one that its checkpoint signs: leaves, tiles of every level, root.

use crate::files::{FileError, Root};
use crate::note::Checkpoint;
use crate::report::{Class, Finding, Report};
use crate::tree::{Hash, TILE, Tiles, Tree, leaf_hash};
use glasshouse_layout::{decode_bundle, paths};
use std::collections::BTreeSet;

/// Most bytes that 256 leaves can take.
const MAX_BUNDLE: u64 = TILE as u64 * (2 + 65_535);
/// Most findings that one way of reading the log collects before it is known which way is right.
const MAX_FINDINGS: usize = 10_000;

/// What is known of a log once its hashes are checked.
#[derive(Debug, Default)]
pub struct Log {
    pub size: u64,
    /// Whether every leaf or at least its hash could be read.
    pub complete: bool,
    /// Whether the leaves give the root that the checkpoint signs.
    pub root_holds: bool,
    /// Leaves whose bytes are not those that the checkpoint signs.
    pub bad: BTreeSet<u64>,
    /// Root hash of the log's beginning, as long as the kept checkpoint's.
    pub kept_root: Option<Hash>,
}

/// Leaves of the log as they lie in one file.
pub struct Bundle {
    pub path: String,
    pub leaves: Vec<Vec<u8>>,
}

/// Checks leaves and tiles against a checkpoint. `kept_size` is the tree size of a checkpoint kept outside.
///
/// The leaves are in the log twice: as themselves, and as hashes in the tiles of level 0. Both ways of building the
/// tree are followed side by side, and the one that gives the signed root tells which files were changed.
pub fn check(root: &Root, checkpoint: &Checkpoint, kept_size: Option<u64>, report: &mut Report) -> Log {
    let mut log = Log { size: checkpoint.size, complete: true, ..Log::default() };
    let (mut by_leaves, mut by_tiles) = (Chain::new(kept_size), Chain::new(kept_size));
    let mut differing: Vec<(String, Vec<u64>)> = Vec::new();
    for index in 0..log.size.div_ceil(TILE as u64) {
        let width = width_at(log.size, index);
        let bundle = match read_bundle(root, index, width) {
            Ok(bundle) => Some(bundle),
            Err(finding) => {
                report.push(finding);
                None
            }
        };
        let leaves: Option<Vec<Hash>> =
            bundle.as_ref().map(|bundle| bundle.leaves.iter().map(|leaf| leaf_hash(leaf)).collect());
        // What is wrong with a tile is said by the chain that turns out to be right.
        let tile = read_tile(root, 0, index, width).ok().map(|(_, hashes)| hashes);
        if let (Some(bundle), Some(leaves), Some(tile)) = (&bundle, &leaves, &tile) {
            let first = index * TILE as u64;
            let wrong: Vec<u64> =
                (first..).zip(leaves.iter().zip(tile)).filter(|(_, (a, b))| a != b).map(|(n, _)| n).collect();
            if !wrong.is_empty() {
                differing.push((bundle.path.clone(), wrong));
            }
        }
        let Some(of_leaves) = leaves.as_ref().or(tile.as_ref()) else {
            log.complete = false;
            break;
        };
        for hash in of_leaves {
            by_leaves.push(root, *hash);
        }
        for hash in tile.as_ref().unwrap_or(of_leaves) {
            by_tiles.push(root, *hash);
        }
    }
    if log.complete {
        by_leaves.finish(root);
        by_tiles.finish(root);
    }
    let chain = if !log.complete || by_leaves.tree.root() == checkpoint.root {
        log.root_holds = log.complete;
        by_leaves
    } else if by_tiles.tree.root() == checkpoint.root {
        log.root_holds = true;
        for (path, wrong) in differing {
            let message = format!("{} is not what the signed tree holds", numbers("leaf", &wrong));
            report.fault(Class::Altered, path, message);
            log.bad.extend(wrong);
        }
        by_tiles
    } else {
        let message = format!("the {} leaves of the log do not have the root hash that it signs", log.size);
        report.fault(Class::Unexpected, paths::CHECKPOINT, message);
        by_leaves
    };
    log.kept_root = chain.kept_root();
    chain.findings.into_iter().for_each(|finding| report.push(finding));
    log
}

/// Returns how many leaves the bundle `index` holds in a log of `size` leaves.
pub fn width_at(size: u64, index: u64) -> usize {
    usize::try_from(size.saturating_sub(index * TILE as u64)).map_or(TILE, |rest| rest.min(TILE))
}

/// Reads the bundle `index`, of which `width` leaves are in the tree.
pub fn read_bundle(root: &Root, index: u64, width: usize) -> Result<Bundle, Finding> {
    let (path, full) = (paths::entries(index, width as u32), paths::entries(index, TILE as u32));
    let (path, bytes) = read_either(root, path, full, MAX_BUNDLE)?;
    let malformed = |message: String| Finding { class: Class::Malformed, path: path.clone(), message, fault: true };
    let leaves = decode_bundle(&bytes).map_err(|error| malformed(error.to_string()))?;
    // A full bundle stands for a partial one that is gone.
    let expected = if path.contains(".p/") { width } else { TILE };
    if leaves.len() != expected {
        return Err(malformed(format!("it holds {} leaves where {expected} belong", leaves.len())));
    }
    Ok(Bundle { leaves: leaves.into_iter().take(width).map(<[u8]>::to_vec).collect(), path })
}

fn read_tile(root: &Root, level: u8, index: u64, width: usize) -> Result<(String, Vec<Hash>), Finding> {
    let (path, full) = (paths::tile(level, index, width as u32), paths::tile(level, index, TILE as u32));
    let (path, bytes) = read_either(root, path, full, (TILE * 32) as u64)?;
    let (hashes, rest) = bytes.as_chunks::<32>();
    let expected = if path.contains(".p/") { width } else { TILE };
    if hashes.len() != expected || !rest.is_empty() {
        let message = format!("it has {} bytes where {} belong", bytes.len(), expected * 32);
        return Err(Finding { class: Class::Malformed, path, message, fault: true });
    }
    Ok((path, hashes.iter().take(width).copied().collect()))
}

/// Reads a partial tile or bundle, or the full one in its stead.
fn read_either(root: &Root, path: String, full: String, limit: u64) -> Result<(String, Vec<u8>), Finding> {
    match root.read(&path, limit) {
        Ok(bytes) => Ok((path, bytes)),
        Err(FileError::Missing) if path != full => match root.read(&full, limit) {
            Ok(bytes) => Ok((full, bytes)),
            Err(FileError::Missing) => Err(unusable(path, &FileError::Missing)),
            Err(error) => Err(unusable(full, &error)),
        },
        Err(error) => Err(unusable(path, &error)),
    }
}

/// Returns the fault that a file which cannot be used amounts to.
pub fn unusable(path: impl Into<String>, error: &FileError) -> Finding {
    let class = match error {
        FileError::Missing => Class::Missing,
        FileError::Link(_) | FileError::NotAFile | FileError::TooLong { .. } => Class::Malformed,
        FileError::Io(_) => Class::Unreadable,
    };
    Finding { class, path: path.into(), message: error.to_string(), fault: true }
}

/// One way of building the tree, with what is wrong with the tiles if this way is right.
struct Chain {
    tree: Tree,
    tiles: Tiles,
    kept: Option<(u64, Option<Hash>)>,
    findings: Vec<Finding>,
}

impl Chain {
    fn new(kept_size: Option<u64>) -> Self {
        let tree = Tree::default();
        let kept = kept_size.map(|size| (size, (size == 0).then(|| tree.root())));
        Chain { tree, tiles: Tiles::default(), kept, findings: Vec::new() }
    }

    fn kept_root(&self) -> Option<Hash> {
        self.kept.and_then(|(_, root)| root)
    }

    fn push(&mut self, root: &Root, leaf: Hash) {
        let findings = &mut self.findings;
        self.tree.push(leaf);
        self.tiles.push(leaf, &mut |level, index, hashes| check_tile(root, level, index, hashes, findings));
        if let Some((size, kept)) = &mut self.kept
            && *size == self.tree.size()
        {
            *kept = Some(self.tree.root());
        }
    }

    fn finish(&mut self, root: &Root) {
        let findings = &mut self.findings;
        self.tiles.finish(&mut |level, index, hashes| check_tile(root, level, index, hashes, findings));
    }
}

/// Checks a tile and what earlier, narrower forms of it and of its bundle still lie about.
fn check_tile(root: &Root, level: u8, index: u64, hashes: &[Hash], findings: &mut Vec<Finding>) {
    let mut found = |finding: Finding| {
        if findings.len() < MAX_FINDINGS {
            findings.push(finding);
        }
    };
    let mut compare = |stored: Result<(String, Vec<Hash>), Finding>| match stored {
        Ok((path, stored)) => {
            let wrong: Vec<u64> =
                (0..).zip(stored.iter().zip(hashes)).filter(|(_, (a, b))| a != b).map(|(n, _)| n).collect();
            if !wrong.is_empty() {
                // Every narrower form was once, or was about to be, the newest one.
                let outdated = stored.len() < hashes.len();
                let outdated =
                    if outdated { "; it is an outdated form that a cut-off write may have left" } else { "" };
                let message = format!("{} is not that of the leaves{outdated}", numbers("hash", &wrong));
                found(Finding { class: Class::Altered, path, message, fault: true });
            }
        }
        Err(finding) => found(finding),
    };
    compare(read_tile(root, level, index, hashes.len()));
    for width in narrower(root, &paths::tile(level, index, 1), hashes.len()) {
        compare(read_tile(root, level, index, width));
    }
    if level == 0 {
        for width in narrower(root, &paths::entries(index, 1), hashes.len()) {
            compare(
                read_bundle(root, index, width)
                    .map(|bundle| (bundle.path, bundle.leaves.iter().map(|leaf| leaf_hash(leaf)).collect())),
            );
        }
    }
}

/// Returns the widths below `width` that the folder of `partial` (`….p/1`) holds.
fn narrower(root: &Root, partial: &str, width: usize) -> BTreeSet<usize> {
    let Some((folder, _)) = partial.rsplit_once('/') else { return BTreeSet::new() };
    let Ok(names) = std::fs::read_dir(root.join(folder)) else { return BTreeSet::new() };
    names
        .take(4 * TILE)
        .filter_map(|name| {
            let name = name.ok()?.file_name().into_string().ok()?;
            let number: usize = name.parse().ok()?;
            (number.to_string() == name && (1..width).contains(&number)).then_some(number)
        })
        .collect()
}

/// Returns `leaf 5` or `leaf 5 and 3 more`.
fn numbers(one: &str, which: &[u64]) -> String {
    match which {
        [] => String::new(),
        [only] => format!("{one} {only}"),
        [first, rest @ ..] => format!("{one} {first} (and {} more)", rest.len()),
    }
}
