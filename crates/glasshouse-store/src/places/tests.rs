use super::note::{Notes, Noting};
use super::*;
use crate::blocks::Recent;
use crate::checked::Checked;
use crate::container::{Container, Limits};
use crate::inflate::Inflater;
use crate::part::{Cache, Part};
use crate::seal::{Identity, copy_sealed};
use std::fs;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use zlib_rs::{Deflate, DeflateConfig, DeflateFlush, Strategy};

/// Small enough for many places in short content.
const NEAR: u64 = 48 << 10;
const FAR: u64 = 2 << 20;

struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.0 >> 33
    }

    fn below(&mut self, bound: usize) -> usize {
        self.next() as usize % bound
    }

    /// Stretches of words, noise, one byte, and what was there before.
    fn content(&mut self, len: usize) -> Vec<u8> {
        let mut content = Vec::with_capacity(len);
        while content.len() < len {
            let stretch = 1 + self.below(60_000);
            match self.below(4) {
                0 => content.extend((0..stretch).map(|_| self.next() as u8)),
                1 => content.extend(std::iter::repeat_n(self.next() as u8, stretch)),
                2 if !content.is_empty() => {
                    let back = 1 + self.below(content.len().min(WINDOW));
                    for _ in 0..stretch {
                        content.push(content[content.len() - back]);
                    }
                }
                _ => {
                    for _ in 0..stretch / 6 {
                        content.extend(format!("word{} ", self.below(500)).bytes());
                    }
                }
            }
        }
        content.truncate(len);
        content
    }
}

/// Packs as zlib does, with flushes on the way if there are any.
fn zlib(content: &[u8], level: i32, strategy: Strategy, flushes: &mut dyn FnMut() -> (usize, DeflateFlush)) -> Vec<u8> {
    let config = DeflateConfig { level, strategy, window_bits: -15, ..DeflateConfig::default() };
    let mut deflate = Deflate::new_with_config(config);
    let (mut packed, mut rest, mut out) = (Vec::new(), content, vec![0; 1 << 16]);
    loop {
        let (most, flush) = flushes();
        let (now, later) = rest.split_at(most.min(rest.len()));
        let flush = if later.is_empty() { DeflateFlush::Finish } else { flush };
        let mut now = now;
        loop {
            let before = (deflate.total_in(), deflate.total_out());
            let status = deflate.compress(now, &mut out, flush).unwrap();
            now = &now[(deflate.total_in() - before.0) as usize..];
            let made = (deflate.total_out() - before.1) as usize;
            packed.extend_from_slice(&out[..made]);
            if status == Status::StreamEnd {
                return packed;
            }
            if now.is_empty() && made < out.len() {
                break;
            }
        }
        rest = later;
    }
}

fn plainly(content: &[u8], level: i32) -> Vec<u8> {
    zlib(content, level, Strategy::Default, &mut || (usize::MAX, DeflateFlush::NoFlush))
}

/// Returns content packed by one of many packers, with its name.
fn packed(random: &mut Random, content: &[u8]) -> (String, Vec<u8>) {
    let kind = random.below(16);
    match kind {
        0..=9 => (format!("zlib {kind}"), plainly(content, kind as i32)),
        10 => ("fixed".into(), zlib(content, 6, Strategy::Fixed, &mut || (usize::MAX, DeflateFlush::NoFlush))),
        11 => ("huffman".into(), zlib(content, 6, Strategy::HuffmanOnly, &mut || (usize::MAX, DeflateFlush::NoFlush))),
        12 => {
            let all =
                [DeflateFlush::SyncFlush, DeflateFlush::FullFlush, DeflateFlush::PartialFlush, DeflateFlush::Block];
            let level = 1 + random.below(9) as i32;
            let mut flushes = || (1 + random.below(5000), all[random.below(4)]);
            ("flushes".into(), zlib(content, level, Strategy::Default, &mut flushes))
        }
        _ => ("miniz".into(), miniz_oxide::deflate::compress_to_vec(content, random.below(11) as u8)),
    }
}

/// A zip with one entry, packed as given.
fn zip_of(packed: &[u8], content: &[u8]) -> Vec<u8> {
    let mut fields = vec![20, 0, 0, 0, 8, 0, 0, 0, 0x21, 0x5a];
    fields.extend(crc32fast::hash(content).to_le_bytes());
    fields.extend((packed.len() as u32).to_le_bytes());
    fields.extend((content.len() as u32).to_le_bytes());
    fields.extend([4, 0, 0, 0]);
    let mut zip = [b"PK\x03\x04".as_slice(), &fields, b"deep", packed].concat();
    let at = zip.len() as u32;
    zip.extend([b"PK\x01\x02".as_slice(), &[20, 0], &fields, &[0; 14], b"deep"].concat());
    let len = zip.len() as u32 - at;
    zip.extend([b"PK\x05\x06\0\0\0\0\x01\0\x01\0".as_slice(), &len.to_le_bytes(), &at.to_le_bytes(), &[0, 0]].concat());
    zip
}

struct Bench {
    folder: tempfile::TempDir,
    part: Part,
    packed: Vec<u8>,
    content: Vec<u8>,
    key: Option<Identity>,
}

impl Bench {
    fn new(packed: Vec<u8>, content: Vec<u8>, key: Option<Identity>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clear = folder.path().join("part");
        fs::write(&clear, zip_of(&packed, &content)).unwrap();
        let path = match &key {
            None => clear,
            Some(key) => {
                let sealed = folder.path().join("part.age");
                copy_sealed(&clear, &sealed, key, &|_| true).unwrap();
                sealed
            }
        };
        let cache = Cache { folder: &folder.path().join("cache"), key: "k", seal: key.as_ref() };
        let (part, _) = Part::open(&path, Container::Zip, cache, &[], &Limits::default(), &|_| {}).unwrap();
        Bench { folder, part, packed, content, key }
    }

    fn notes(&self) -> PathBuf {
        self.folder.path().join("entries/1.places")
    }

    /// Reads the entry, and notes its places.
    fn noted(&self, spacing: u64, longest: u64, random: &mut Random) -> io::Result<Vec<u8>> {
        let notes = Notes::spaced(&self.notes(), self.key.as_ref(), spacing, longest).unwrap();
        let packed = BufReader::with_capacity(1 + random.below(70_000), self.packed.as_slice());
        let (size, crc) = (self.content.len() as u64, Some(crc32fast::hash(&self.content)));
        read_in_steps(Noting::new(Checked::new(Inflater::noting(packed, notes), size, crc)), 1 << 18, random)
    }

    fn inflated(&self) -> Option<Inflated> {
        self.part.inflated(0, &self.notes(), self.key.as_ref(), &Recent::default())
    }

    /// Compares some places with the content; with notes that were made by us no span is inflated slowly.
    fn agrees(&self, random: &mut Random, sound: bool, what: &str) {
        let inflated = self.inflated().unwrap_or_else(|| panic!("{what}: no notes"));
        assert_eq!(inflated.len(), self.content.len() as u64);
        let mut reader = inflated.reader();
        for _ in 0..20 {
            let at = random.below(self.content.len() + 1);
            let len = random.below(100_000).min(self.content.len() - at);
            reader.seek(SeekFrom::Start(at as u64)).unwrap();
            let mut found = vec![0; len];
            reader.read_exact(&mut found).unwrap();
            assert!(found == self.content[at..at + len], "{what}: {at}+{len}");
        }
        let mut all = Vec::new();
        let mut whole = inflated.reader();
        whole.read_to_end(&mut all).unwrap();
        assert!(all == self.content, "{what}");
        assert!(!sound || !(reader.is_slow() || whole.is_slow()), "{what}: a place was of no use");
    }
}

fn read_in_steps(mut reader: impl Read, most: usize, random: &mut Random) -> io::Result<Vec<u8>> {
    let (mut all, mut buffer) = (Vec::new(), vec![0; most]);
    loop {
        let step = 1 + random.below(most);
        match reader.read(&mut buffer[..step])? {
            0 => return Ok(all),
            n => all.extend_from_slice(&buffer[..n]),
        }
    }
}

fn rows(bench: &Bench) -> usize {
    let bytes = fs::read(bench.notes()).unwrap();
    u64::from_le_bytes(bytes[bytes.len() - TRAILER..][..8].try_into().unwrap()) as usize
}

#[test]
fn any_place_reads_back_whoever_packed_it() {
    let mut random = Random(7);
    let mut several = 0;
    for round in 0..120 {
        let len = 1 + random.below(1 << 20);
        let content = random.content(len);
        let (name, packed) = packed(&mut random, &content);
        let bench = Bench::new(packed, content, None);
        let what = format!("round {round}, {name}");
        assert!(bench.noted(NEAR, FAR, &mut random).unwrap() == bench.content, "{what}");
        bench.agrees(&mut random, true, &what);
        several += usize::from(rows(&bench) > 2);
    }
    assert!(several > 40, "{several} had places");
}

#[test]
fn a_big_entry_has_places_some_megabytes_apart() {
    let mut random = Random(3);
    let content = random.content(21 << 20);
    let bench = Bench::new(plainly(&content, 6), content, None);
    let mut reader = bench.part.read_noting(0, &bench.notes(), None).unwrap();
    let mut all = Vec::new();
    reader.read_to_end(&mut all).unwrap();
    assert!(all == bench.content);
    assert!((5..=6).contains(&rows(&bench)), "{}", rows(&bench));
    bench.agrees(&mut random, true, "big");
    assert!(fs::metadata(bench.notes()).unwrap().len() < 6 * (WINDOW as u64 + 1000));
}

#[test]
fn notes_are_kept_of_a_whole_and_sound_entry_only() {
    let mut random = Random(5);
    let content = random.content(1 << 20);
    let mut bench = Bench::new(plainly(&content, 6), content, None);
    let left = |bench: &Bench| fs::read_dir(bench.folder.path().join("entries")).map_or(0, |inside| inside.count());
    {
        let mut reader = bench.part.read_noting(0, &bench.notes(), None).unwrap();
        reader.read_exact(&mut vec![0; 500_000]).unwrap();
        assert_eq!(left(&bench), 1);
    }
    assert_eq!(left(&bench), 0, "it was not read to its end");
    // Its CRC-32 is another one.
    bench.content[9] ^= 1;
    assert!(bench.noted(NEAR, FAR, &mut random).is_err());
    assert_eq!(left(&bench), 0);
    // No boundary comes for longer than a span may be.
    let zeros = vec![0; 3 << 20];
    let bench = Bench::new(plainly(&zeros, 9), zeros, None);
    assert!(bench.noted(NEAR, 200 << 10, &mut random).unwrap() == bench.content);
    assert_eq!(left(&bench), 0);
    assert!(bench.inflated().is_none());
}

#[test]
fn damaged_notes_are_passed_over() {
    let mut random = Random(11);
    let content = random.content(400_000);
    let bench = Bench::new(plainly(&content, 6), content, None);
    bench.noted(NEAR, FAR, &mut random).unwrap();
    let whole = fs::read(bench.notes()).unwrap();
    assert!(rows(&bench) > 3);
    let (mut refused, mut slow) = (0, 0);
    for round in 0..200 {
        let mut bytes = whole.clone();
        let at = random.below(bytes.len());
        if round % 5 == 0 {
            bytes.truncate(at);
        } else {
            bytes[at] ^= 1 << random.below(8);
        }
        fs::write(bench.notes(), &bytes).unwrap();
        match bench.inflated() {
            None => refused += 1,
            Some(inflated) => {
                let mut reader = inflated.reader();
                let mut all = Vec::new();
                reader.read_to_end(&mut all).unwrap();
                assert!(all == bench.content, "round {round}, byte {at}");
                slow += usize::from(reader.is_slow());
            }
        }
    }
    assert!(refused >= 40 && slow > 10, "{refused} refused, {slow} slow");
}

/// Notes that lie, with checksums that fit: about another entry, or with places moved.
#[test]
fn notes_that_lie_change_nothing() {
    let mut random = Random(13);
    let (one, other) = (random.content(300_000), random.content(300_000));
    let bench = Bench::new(plainly(&one, 0), one, None);
    let another = Bench::new(plainly(&other, 0), other, None);
    another.noted(NEAR, FAR, &mut random).unwrap();
    fs::create_dir_all(bench.notes().parent().unwrap()).unwrap();
    fs::copy(another.notes(), bench.notes()).unwrap();
    bench.agrees(&mut random, false, "of another entry");

    bench.noted(NEAR, FAR, &mut random).unwrap();
    let whole = fs::read(bench.notes()).unwrap();
    let count = rows(&bench);
    let table = whole.len() - TRAILER - count * Row::SIZE;
    for round in 0..100 {
        let mut bytes = whole.clone();
        let at = table + random.below(count * Row::SIZE);
        bytes[at] = random.next() as u8;
        let end = bytes.len() - 12;
        let crc = crc32fast::hash(&bytes[table..end]);
        bytes[end..end + 4].copy_from_slice(&crc.to_le_bytes());
        fs::write(bench.notes(), &bytes).unwrap();
        if bench.inflated().is_some() {
            bench.agrees(&mut random, false, &format!("round {round}"));
        }
    }
}

#[test]
fn of_sealed_evidence_the_notes_are_sealed() {
    let mut random = Random(17);
    let content: Vec<u8> = (0..9000).flat_map(|n| format!("secret words number {n}. ").into_bytes()).collect();
    let key = Identity::generate();
    let bench = Bench::new(plainly(&content, 1), content, Some(key));
    bench.noted(NEAR, FAR, &mut random).unwrap();
    let sealed = fs::read(bench.notes()).unwrap();
    assert!(sealed.starts_with(b"age-encryption.org/v1") && !sealed.windows(6).any(|w| w == b"secret"));
    bench.agrees(&mut random, true, "sealed");
    let with = |key: Option<&Identity>| bench.part.inflated(0, &bench.notes(), key, &Recent::default());
    assert!(with(None).is_none() && with(Some(&Identity::generate())).is_none());
}

/// The reader gives and refuses what the general one does, whether places are noted or not.
#[test]
fn damaged_streams_are_read_as_before() {
    let mut random = Random(19);
    let (mut failed, folder) = (0, tempfile::tempdir().unwrap());
    for round in 0..300 {
        let len = 1 + random.below(200_000);
        let content = random.content(len);
        let (name, mut packed) = packed(&mut random, &content);
        match random.below(3) {
            0 => packed.truncate(random.below(packed.len())),
            1 => packed.extend(b"what follows the end"),
            _ => {
                let at = random.below(packed.len());
                packed[at] ^= 1 << random.below(8);
            }
        }
        let read = |mut reader: Box<dyn Read + '_>| {
            let (mut all, mut buffer) = (Vec::new(), vec![0; 10_000]);
            loop {
                match reader.read(&mut buffer) {
                    Ok(0) => return (all, None),
                    Ok(n) => all.extend_from_slice(&buffer[..n]),
                    Err(e) => return (all, Some((e.kind(), e.to_string()))),
                }
            }
        };
        let input = || BufReader::with_capacity(5000, packed.as_slice());
        let before = read(Box::new(flate2::bufread::DeflateDecoder::new(input())));
        let now = read(Box::new(Inflater::new(input())));
        assert!(before == now, "round {round}, {name}: {:?} {:?}", before.1, now.1);
        let notes = Notes::spaced(&notes_in(folder.path()), None, NEAR, FAR).unwrap();
        let noting = read(Box::new(Inflater::noting(input(), notes)));
        let more = noting.0.starts_with(&before.0) && (before.1.is_some() || noting.0.len() == before.0.len());
        assert!(noting.1 == before.1 && more, "round {round}, {name}: {:?} {:?}", before.1, noting.1);
        failed += usize::from(before.1.is_some());
    }
    assert!(failed > 50, "{failed}");
}

fn notes_in(folder: &Path) -> PathBuf {
    folder.join("entries/1.places")
}
