//! Writes an item as [MS-CFB] and [MS-OXMSG] say, for fixtures.

use std::path::{Path, PathBuf};

enum Node {
    Stream(Vec<u8>),
    Storage(Vec<(String, Node)>),
}

/// A fixed property of a storage: id, type, eight bytes.
fn fixed(id: u16, kind: u16, value: u64) -> Vec<u8> {
    let mut entry = kind.to_le_bytes().to_vec();
    entry.extend(id.to_le_bytes());
    entry.extend(6u32.to_le_bytes());
    entry.extend(value.to_le_bytes());
    entry
}

/// A storage of properties: the fixed ones, and those that have a stream each.
fn storage(header: usize, fixed_ones: &[Vec<u8>], streams: &[(u16, u16, Vec<u8>)]) -> Vec<(String, Node)> {
    let mut properties = vec![0; header];
    properties.extend(fixed_ones.concat());
    let mut found = Vec::new();
    for (id, kind, bytes) in streams {
        let length = bytes.len() as u64 + if *kind == 0x1F { 2 } else { 0 };
        properties.extend(fixed(*id, *kind, length));
        found.push((format!("__substg1.0_{id:04X}{kind:04X}"), Node::Stream(bytes.clone())));
    }
    found.push(("__properties_version1.0".into(), Node::Stream(properties)));
    found
}

fn text(id: u16, text: &str) -> (u16, u16, Vec<u8>) {
    (id, 0x1F, text.encode_utf16().flat_map(u16::to_le_bytes).collect())
}

const FREE: u32 = 0xFFFF_FFFF;
const END: u32 = 0xFFFF_FFFE;

#[derive(Default)]
struct Writer {
    entries: Vec<Vec<u8>>,
    sectors: Vec<u8>,
    fat: Vec<u32>,
    mini: Vec<u8>,
    mini_fat: Vec<u32>,
}

impl Writer {
    fn chain(fat: &mut Vec<u32>, sectors: usize) -> u32 {
        let start = fat.len() as u32;
        for i in 0..sectors as u32 {
            fat.push(if i + 1 == sectors as u32 { END } else { start + i + 1 });
        }
        if sectors == 0 { END } else { start }
    }

    fn store(&mut self, bytes: &[u8]) -> u32 {
        let start = Self::chain(&mut self.fat, bytes.len().div_ceil(512));
        self.sectors.extend(bytes);
        self.sectors.resize(self.sectors.len().next_multiple_of(512), 0);
        start
    }

    /// Adds entries and returns the first of them; each is the right neighbour of the one before.
    fn add(&mut self, nodes: &[(String, Node)]) -> u32 {
        let mut order: Vec<_> = nodes.iter().collect();
        order.sort_by_key(|(name, _)| (name.len(), name.to_uppercase()));
        let places: Vec<u32> = order
            .iter()
            .map(|_| {
                self.entries.push(Vec::new());
                self.entries.len() as u32 - 1
            })
            .collect();
        for (i, (name, node)) in order.iter().enumerate() {
            let right = places.get(i + 1).copied().unwrap_or(FREE);
            let (kind, child, start, size) = match node {
                Node::Storage(below) => (1, self.add(below), 0, 0),
                Node::Stream(bytes) if bytes.len() < 4096 => {
                    let start = Self::chain(&mut self.mini_fat, bytes.len().div_ceil(64));
                    self.mini.extend(bytes);
                    self.mini.resize(self.mini.len().next_multiple_of(64), 0);
                    (2, FREE, start, bytes.len())
                }
                Node::Stream(bytes) => (2, FREE, self.store(bytes), bytes.len()),
            };
            *self.entries.get_mut(places[i] as usize).expect("an entry") =
                entry(name, kind, right, child, start, size as u64);
        }
        places.first().copied().unwrap_or(FREE)
    }
}

fn entry(name: &str, kind: u8, right: u32, child: u32, start: u32, size: u64) -> Vec<u8> {
    let mut bytes: Vec<u8> = name.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let length = bytes.len() as u16 + 2;
    bytes.resize(64, 0);
    bytes.extend(length.to_le_bytes());
    bytes.extend([kind, 1]);
    for n in [FREE, right, child] {
        bytes.extend(n.to_le_bytes());
    }
    bytes.extend([0; 36]);
    bytes.extend(start.to_le_bytes());
    bytes.extend(size.to_le_bytes());
    bytes
}

fn compound(nodes: &[(String, Node)]) -> Vec<u8> {
    let mut writer = Writer { entries: vec![Vec::new()], ..Writer::default() };
    let child = writer.add(nodes);
    let mini = std::mem::take(&mut writer.mini);
    let mini_start = writer.store(&mini);
    *writer.entries.first_mut().expect("the root") = entry("Root Entry", 5, FREE, child, mini_start, mini.len() as u64);
    let mini_fat: Vec<u8> = writer.mini_fat.iter().flat_map(|n| n.to_le_bytes()).collect();
    let mut table = mini_fat;
    table.resize(table.len().next_multiple_of(512), 0xff);
    let mini_sectors = table.len() / 512;
    let mini_fat_start = writer.store(&table);
    let directory = writer.entries.concat();
    let directory_start = writer.store(&directory);
    // The table of sectors names its own sectors, too.
    let mut tables = 1;
    while (writer.fat.len() + tables).div_ceil(128) > tables {
        tables += 1;
    }
    let first_table = writer.fat.len() as u32;
    writer.fat.extend(vec![0xFFFF_FFFD; tables]);
    let mut fat: Vec<u8> = writer.fat.iter().flat_map(|n| n.to_le_bytes()).collect();
    fat.resize(512 * tables, 0xff);
    let mut head = vec![0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1];
    head.resize(24, 0);
    for n in [0x3Eu16, 3, 0xFFFE, 9, 6] {
        head.extend(n.to_le_bytes());
    }
    head.resize(40, 0);
    let count = tables as u32;
    let numbers = [0, count, directory_start, 0, 4096, mini_fat_start, mini_sectors as u32, END, 0];
    head.extend(numbers.iter().flat_map(|n: &u32| n.to_le_bytes()));
    head.extend((first_table..first_table + count).flat_map(u32::to_le_bytes));
    head.resize(512, 0xff);
    head.extend(writer.sectors);
    head.extend(fat);
    head
}

fn mail() -> Vec<u8> {
    const FILETIME: u64 = 1_706_616_000 * 10_000_000 + 116_444_736_000_000_000;
    let recipient = |role: u64, name: &str, address: &str| {
        storage(8, &[fixed(0x0C15, 3, role)], &[text(0x3001, name), text(0x3002, "SMTP"), text(0x3003, address)])
    };
    let inner = storage(24, &[], &[text(0x001A, "IPM.Note"), text(0x0037, "The older mail"), text(0x1000, "inner")]);
    let mut attached_item = storage(8, &[fixed(0x3705, 3, 5)], &[text(0x3001, "The older mail")]);
    attached_item.push(("__substg1.0_3701000D".into(), Node::Storage(inner)));
    let long: Vec<u8> = (0..9000u32).map(|n| (n % 251) as u8).collect();
    let file = storage(8, &[fixed(0x3705, 3, 1)], &[text(0x3707, "Plan für morgen.bin"), (0x3701, 0x102, long)]);
    let small = storage(8, &[fixed(0x3705, 3, 1)], &[text(0x3704, "note.txt"), (0x3701, 0x102, b"small".to_vec())]);
    let mut nodes = storage(
        32,
        &[fixed(0x0039, 0x40, FILETIME), fixed(0x0E07, 3, 0x11), fixed(0x0017, 3, 2), fixed(0x8001, 11, 1)],
        &[
            text(0x001A, "IPM.Note"),
            text(0x0037, "Boat for café"),
            text(0x1000, "The boat leaves at nine.\r\nJo"),
            text(0x0C1A, "Jo Berg"),
            text(0x0C1E, "SMTP"),
            text(0x0C1F, "jo@example.com"),
            text(0x1035, "<m1@example.com>"),
            text(0x8000, "spring"),
            (0x1013, 0x102, b"<p>The boat leaves at <b>nine</b>.</p>".to_vec()),
        ],
    );
    let set = [0x08, 0x20, 0x06, 0, 0, 0, 0, 0, 0xC0, 0, 0, 0, 0, 0, 0, 0x46];
    // The id 0x8000 is a text of the users' set, 0x8001 the number 0x8503 of the set above.
    let entries = [&[0, 0, 0, 0, 5, 0, 0, 0][..], &[0x03, 0x85, 0, 0, 6, 0, 1, 0]].concat();
    let mut name = 12u32.to_le_bytes().to_vec();
    name.extend("season".encode_utf16().flat_map(u16::to_le_bytes));
    let stream = |name: &str, bytes: &[u8]| (format!("__substg1.0_{name}"), Node::Stream(bytes.to_vec()));
    let names = vec![stream("00020102", &set), stream("00030102", &entries), stream("00040102", &name)];
    nodes.push(("__nameid_version1.0".into(), Node::Storage(names)));
    for (number, row) in [recipient(1, "Ada Winter", "ada@example.com"), recipient(2, "Sam Lake", "sam@example.com")]
        .into_iter()
        .enumerate()
    {
        nodes.push((format!("__recip_version1.0_#{number:08X}"), Node::Storage(row)));
    }
    for (number, one) in [file, small, attached_item].into_iter().enumerate() {
        nodes.push((format!("__attach_version1.0_#{number:08X}"), Node::Storage(one)));
    }
    compound(&nodes)
}

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/outlook/fixtures").join(name).join("input")
}

/// The fixtures are what the writer makes; with `UPDATE_EXPECTED=1` they are written anew.
#[test]
fn fixtures_are_as_written() {
    let whole = mail();
    let cut = whole.get(..whole.len() / 3).unwrap_or_default().to_vec();
    for (fixture, name, bytes) in [("2024-msg", "boat.msg", whole), ("malformed-msg-cut", "boat.msg", cut)] {
        let path = folder(fixture).join(name);
        if std::env::var_os("UPDATE_EXPECTED").is_some() {
            std::fs::create_dir_all(folder(fixture)).expect("a folder");
            std::fs::write(&path, &bytes).expect("writing a fixture");
        }
        assert!(std::fs::read(&path).expect("a fixture") == bytes, "{}", path.display());
    }
}

#[test]
fn attachments_are_found_by_their_places() {
    let bytes = mail();
    let find = |detail: &str| super::msg::attachment(&bytes, detail, 1 << 20);
    assert_eq!(find("__attach_version1.0_#00000000/__substg1.0_37010102").map(|b| b.len()), Some(9000));
    assert_eq!(find("__attach_version1.0_#00000001/__substg1.0_37010102").as_deref(), Some(&b"small"[..]));
    assert_eq!(find("__attach_version1.0_#00000002/__substg1.0_3701000D"), None);
    assert_eq!(find("no/such/thing"), None);
    assert!(super::msg::html(&bytes).is_some_and(|html| html.contains("<b>nine</b>")));
}
