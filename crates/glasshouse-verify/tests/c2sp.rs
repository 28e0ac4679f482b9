//! The arithmetic of the log, checked with an implementation of the C2SP texts that is not ours.

mod support;

use std::cell::RefCell;
use std::fs;
use std::path::Path;
use support::sample::{EARLIER, EVENTS, Sample};
use support::writer::root;
use tlog_tiles::{
    Checkpoint, Error, Hash, HashReader, Tile, TileHashReader, TileReader, check_record, check_tree, prove_record,
    prove_tree, record_hash, stored_hash_index, tree_hash,
};

/// Reads tiles where a case has them.
struct Tiles<'a> {
    case: &'a Path,
    read: RefCell<usize>,
}

impl TileReader for Tiles<'_> {
    fn height(&self) -> u8 {
        8
    }

    fn read_tiles(&self, tiles: &[Tile]) -> Result<Vec<Vec<u8>>, Error> {
        let read = |tile: &Tile| {
            *self.read.borrow_mut() += 1;
            // C2SP leaves out the height that the library's own paths begin with.
            let path = tile.path().replacen("tile/8/", "log/tile/", 1);
            fs::read(self.case.join(path)).map_err(|_| Error::InvalidTile)
        };
        tiles.iter().map(read).collect()
    }

    fn save_tiles(&self, _: &[Tile], _: &[Vec<u8>]) {}
}

fn checkpoint(path: &Path) -> (u64, Hash) {
    let note = fs::read_to_string(path).expect("a checkpoint");
    let (text, _) = note.split_once("\n\n").expect("a signed note");
    let checkpoint = Checkpoint::from_bytes(format!("{text}\n").as_bytes()).expect("a checkpoint");
    (checkpoint.size(), *checkpoint.hash())
}

#[test]
fn every_leaf_is_in_the_tree_that_the_checkpoint_signs() {
    let case = Sample::get().case();
    let (size, hash) = checkpoint(&case.path.join("log/checkpoint"));
    assert_eq!(size, EVENTS as u64);
    let tiles = Tiles { case: &case.path, read: RefCell::default() };
    let reader = TileHashReader::new(size, hash, &tiles);
    let mut leaf = 0;
    for name in ["000", "001", "002.p/101"] {
        let bundle = case.read(&format!("log/tile/entries/{name}"));
        for bytes in glasshouse_layout::decode_bundle(&bundle).expect("a bundle") {
            let of_tiles = reader.read_hashes(&[stored_hash_index(0, leaf)]).expect("proven by the tiles");
            assert_eq!(of_tiles, [record_hash(bytes)], "leaf {leaf}");
            // The reader of tlog_tiles 0.2 does not authenticate every tile that it reads (where the newest hashes share
            // a tile, it skips as many others), so that a proof is what counts.
            let proof = prove_record(size, leaf, &reader).expect("a proof");
            check_record(&proof, size, hash, leaf, record_hash(bytes)).expect("in the tree");
            leaf += 1;
        }
    }
    assert_eq!(leaf, size);
    assert!(*tiles.read.borrow() > 0);
}

#[test]
fn the_log_continues_the_checkpoint_that_was_kept() {
    let sample = Sample::get();
    let case = sample.case();
    let (size, hash) = checkpoint(&case.path.join("log/checkpoint"));
    let (old_size, old_hash) = checkpoint(sample.kept(EARLIER).as_ref());
    let tiles = Tiles { case: &case.path, read: RefCell::default() };
    let reader = TileHashReader::new(size, hash, &tiles);
    assert_eq!(tree_hash(old_size, &reader).expect("a root"), old_hash);
    let proof = prove_tree(size, old_size, &reader).expect("a proof");
    check_tree(&proof, size, hash, old_size, old_hash).expect("a continuation");
    let other = Hash(root(&[b"another log".to_vec()]));
    assert!(check_tree(&proof, size, hash, old_size, other).is_err());
}

#[test]
fn a_changed_tile_does_not_pass_there_either() {
    let case = Sample::get().case();
    let (size, hash) = checkpoint(&case.path.join("log/checkpoint"));
    let mut tile = case.read("log/tile/0/001");
    tile[40] ^= 1;
    case.write("log/tile/0/001", &tile);
    let tiles = Tiles { case: &case.path, read: RefCell::default() };
    let reader = TileHashReader::new(size, hash, &tiles);
    // The changed hash is that of leaf 257, the sibling of leaf 256.
    let proves = |leaf: u64| {
        let bundle = case.read(if leaf < 256 { "log/tile/entries/000" } else { "log/tile/entries/001" });
        let leaves = glasshouse_layout::decode_bundle(&bundle).expect("a bundle");
        let bytes = leaves[leaf as usize % 256];
        prove_record(size, leaf, &reader)
            .is_ok_and(|proof| check_record(&proof, size, hash, leaf, record_hash(bytes)).is_ok())
    };
    assert!(proves(30));
    assert!(!proves(256));
}
