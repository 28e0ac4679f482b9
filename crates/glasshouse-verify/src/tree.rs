//! The arithmetic of RFC 6962: leaf and node hashes, roots, and the tiles that hold them.

use ring::digest::{Context, SHA256};

/// A SHA-256 hash.
pub type Hash = [u8; 32];

/// How many hashes a full tile holds.
pub const TILE: usize = 256;

/// Returns the hash of a leaf.
pub fn leaf_hash(leaf: &[u8]) -> Hash {
    digest(&[&[0], leaf])
}

/// Returns the hash of the node above two others.
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    digest(&[&[1], left, right])
}

/// The Merkle tree over the leaves so far, as the roots of the perfect trees it consists of, widest first.
#[derive(Clone, Debug, Default)]
pub struct Tree {
    size: u64,
    peaks: Vec<Hash>,
}

impl Tree {
    /// Adds the hash of the next leaf.
    pub fn push(&mut self, leaf: Hash) {
        let mut hash = leaf;
        let mut rest = self.size;
        while rest & 1 == 1 {
            let Some(left) = self.peaks.pop() else { break };
            hash = node_hash(&left, &hash);
            rest >>= 1;
        }
        self.peaks.push(hash);
        self.size += 1;
    }

    /// Returns the number of leaves.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Returns the root hash.
    pub fn root(&self) -> Hash {
        let mut peaks = self.peaks.iter().rev();
        match peaks.next() {
            Some(last) => peaks.fold(*last, |right, left| node_hash(left, &right)),
            None => digest(&[]),
        }
    }
}

/// The tiles of a tree while its leaves come by: only the unfinished tile of each level is held.
#[derive(Debug, Default)]
pub struct Tiles {
    open: Vec<(u64, Vec<Hash>)>,
}

impl Tiles {
    /// Adds the hash of the next leaf; `full(level, index, hashes)` is called for each tile that it completes.
    pub fn push(&mut self, leaf: Hash, full: &mut dyn FnMut(u8, u64, &[Hash])) {
        let mut hash = leaf;
        for level in 0..8u8 {
            if self.open.len() == usize::from(level) {
                self.open.push((0, Vec::with_capacity(TILE)));
            }
            let Some((index, hashes)) = self.open.get_mut(usize::from(level)) else { return };
            hashes.push(hash);
            if hashes.len() < TILE {
                return;
            }
            full(level, *index, hashes);
            hash = perfect_root(hashes);
            *index += 1;
            hashes.clear();
        }
    }

    /// Calls `partial(level, index, hashes)` for each unfinished tile.
    pub fn finish(&self, partial: &mut dyn FnMut(u8, u64, &[Hash])) {
        for (level, (index, hashes)) in (0u8..).zip(&self.open) {
            if !hashes.is_empty() {
                partial(level, *index, hashes);
            }
        }
    }
}

fn perfect_root(hashes: &[Hash]) -> Hash {
    let mut tree = Tree::default();
    hashes.iter().for_each(|hash| tree.push(*hash));
    tree.root()
}

fn digest(pieces: &[&[u8]]) -> Hash {
    let mut context = Context::new(&SHA256);
    pieces.iter().for_each(|piece| context.update(piece));
    context.finish().as_ref().try_into().unwrap_or([0; 32])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6962, section 2.1, word for word: the slow way that the fast one must agree with.
    fn by_definition(leaves: &[Vec<u8>]) -> Hash {
        match leaves {
            [] => digest(&[]),
            [one] => leaf_hash(one),
            _ => {
                let mut k = 1;
                while k * 2 < leaves.len() {
                    k *= 2;
                }
                node_hash(&by_definition(&leaves[..k]), &by_definition(&leaves[k..]))
            }
        }
    }

    #[test]
    fn roots_are_those_of_the_definition() {
        let leaves: Vec<Vec<u8>> = (0u32..300).map(|n| n.to_string().into_bytes()).collect();
        let mut tree = Tree::default();
        for (size, leaf) in leaves.iter().enumerate() {
            assert_eq!(tree.root(), by_definition(&leaves[..size]));
            tree.push(leaf_hash(leaf));
        }
        assert_eq!(tree.size(), 300);
    }

    #[test]
    fn tiles_come_full_and_partial_on_every_level() {
        let mut tiles = Tiles::default();
        let mut seen = Vec::new();
        for n in 0u32..613 {
            tiles
                .push(leaf_hash(&n.to_be_bytes()), &mut |level, index, hashes| seen.push((level, index, hashes.len())));
        }
        tiles.finish(&mut |level, index, hashes| seen.push((level, index, hashes.len())));
        assert_eq!(seen, [(0, 0, 256), (0, 1, 256), (0, 2, 101), (1, 0, 2)]);
    }
}
