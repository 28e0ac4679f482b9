use super::cipher::Cipher;
use super::file::Layout;
use super::writer::{Attach, Item, Prop, Store, ansi, binary, int, text, time, truth};
use crate::formats::mapi::kind;
use std::path::{Path, PathBuf};

/// 2024-01-30T12:00:00Z.
const NOON: u64 = 1_706_616_000;
const RECORD_KEY: [u8; 16] = *b"glasshouse-store";

const HEADERS: &str = "Received: from mx.example.com by mail.example.com; Tue, 30 Jan 2024 12:00:02 +0000\r\n\
    From: Jo Berg <jo@example.com>\r\nTo: Ada Winter <ada@example.com>,\r\n \"Lake, Sam\" <sam@example.com>\r\n\
    Subject: =?utf-8?Q?Boat_for_caf=C3=A9?=\r\nDate: Tue, 30 Jan 2024 13:00:00 +0100\r\n\
    Message-ID: <m1@example.com>\r\nReferences: <root@example.com> <m0@example.com>\r\nX-Mailer: Invented 1\r\n\r\n";

/// Ids from 0x8000 on in the order of this list, with set and name.
const NAMES: &[(u32, Result<u32, &str>)] = &[
    (0x0006_2004, Ok(0x8083)),
    (0x0006_2002, Ok(0x820D)),
    (0x0006_2002, Ok(0x820E)),
    (0x0006_2002, Ok(0x8208)),
    (0x0006_2003, Ok(0x8105)),
    (0x0006_200A, Ok(0x8706)),
    (0x0006_200A, Ok(0x8708)),
    (0x0006_2004, Ok(0x8054)),
    (0x0002_0329, Err("Keywords")),
    (0x0006_2008, Ok(0x8503)),
    (0x0006_2003, Ok(0x8102)),
];

fn named(set: u32, name: Result<u32, &str>) -> u16 {
    0x8000 + NAMES.iter().position(|n| *n == (set, name)).expect("a name of the list") as u16
}

fn set_bytes(set: u32) -> Vec<u8> {
    let mut bytes = set.to_le_bytes().to_vec();
    bytes.extend([0, 0, 0, 0, 0xC0, 0, 0, 0, 0, 0, 0, 0x46]);
    bytes
}

fn many(values: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = (values.len() as u32).to_le_bytes().to_vec();
    let mut at = 4 + 4 * values.len();
    for value in values {
        bytes.extend((at as u32).to_le_bytes());
        at += value.len();
    }
    bytes.extend(values.concat());
    bytes
}

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

fn map_of_names(store: &mut Store) {
    let mut sets: Vec<u32> = Vec::new();
    let (mut entries, mut texts) = (Vec::new(), Vec::new());
    for ((set, name), index) in NAMES.iter().zip(0u16..) {
        let guid = match *set {
            0x0002_0329 => 2,
            set => {
                if !sets.contains(&set) {
                    sets.push(set);
                }
                sets.iter().position(|s| *s == set).expect("just added") as u16 + 3
            }
        };
        match name {
            Ok(number) => entries.extend(number.to_le_bytes()),
            Err(text) => {
                entries.extend((texts.len() as u32).to_le_bytes());
                texts.extend((2 * text.len() as u32).to_le_bytes());
                texts.extend(utf16(text));
                texts.resize(texts.len().next_multiple_of(4), 0);
            }
        }
        entries.extend((guid << 1 | u16::from(name.is_err())).to_le_bytes());
        entries.extend(index.to_le_bytes());
    }
    let sets: Vec<u8> = sets.into_iter().flat_map(set_bytes).collect();
    store.node(0x61, 0, &[int(0x0001, 251), binary(2, &sets), binary(3, &entries), binary(4, &texts)]);
}

fn recipient(role: i32, name: &str, kind: &str, address: &str) -> Vec<Prop> {
    vec![int(0x0C15, role), text(0x3001, name), text(0x3002, kind), text(0x3003, address)]
}

fn one_off(name: &str, address: &str) -> Vec<u8> {
    let mut bytes = vec![0, 0, 0, 0];
    bytes.extend([0x81, 0x2b, 0x1f, 0xa4, 0xbe, 0xa3, 0x10, 0x19, 0x9d, 0x6e, 0, 0xdd, 1, 0x0f, 0x54, 2]);
    bytes.extend([0, 0, 0x01, 0x80]);
    bytes.extend([name, "SMTP", address].iter().flat_map(|t| utf16(&format!("{t}\0"))));
    bytes
}

/// Bytes that no packing makes short and that take three blocks of the small layouts.
fn noise() -> Vec<u8> {
    let mut n = 1u32;
    let next = || {
        n = n.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (n >> 24) as u8
    };
    std::iter::repeat_with(next).take(20_000).collect()
}

fn received() -> Item {
    let long = format!("<html><body><p>The boat leaves at <b>nine</b>.</p><!--{}--></body></html>", "x".repeat(4000));
    let props = vec![
        text(0x001A, "IPM.Note"),
        text(0x0037, "Boat for café"),
        text(0x007D, HEADERS),
        time(0x0039, NOON),
        time(0x0E06, NOON + 2),
        int(0x0E07, 0x11),
        int(0x0017, 1),
        text(0x0042, "Jo Berg"),
        text(0x0064, "SMTP"),
        text(0x0065, "jo@example.com"),
        int(0x3FDE, 65001),
        binary(0x1013, long.as_bytes()),
        (named(0x0002_0329, Err("Keywords")), kind::STRING | kind::MANY, many(&[utf16("boats"), utf16("spring")])),
        int(0x6666, 7),
    ];
    Item {
        props,
        recipients: vec![
            recipient(1, "Ada Winter", "SMTP", "ada@example.com"),
            recipient(1, "Lake, Sam", "EX", "/o=Example/ou=Boats/cn=sam"),
        ],
        attachments: vec![
            Attach::File(vec![text(0x3707, "Plan für morgen.bin"), text(0x370E, "application/x-plan")], noise()),
            Attach::File(vec![text(0x3704, "note.txt"), text(0x3712, "c1@example.com")], b"small".to_vec()),
        ],
    }
}

fn sent() -> Item {
    let inner = Item {
        props: vec![text(0x001A, "IPM.Note"), text(0x0037, "The older mail"), text(0x1000, "inner")],
        attachments: vec![Attach::File(vec![text(0x3707, "deep.txt")], b"deep down".to_vec())],
        ..Item::default()
    };
    Item {
        props: vec![
            text(0x001A, "IPM.Note"),
            text(0x0037, "\u{1}\u{4}Re: The older mail"),
            text(0x1000, "See below.\r\nJo"),
            time(0x0039, NOON + 60),
            text(0x0C1A, "Jo Berg"),
            text(0x0C1E, "EX"),
            text(0x0C1F, "/o=Example/ou=Boats/cn=jo"),
            text(0x5D01, "jo@example.com"),
            text(0x1035, "<m2@example.com>"),
            text(0x1042, "<m1@example.com>"),
            text(0x0E04, "Ada Winter"),
        ],
        recipients: vec![
            recipient(1, "Ada Winter", "SMTP", "ada@example.com"),
            recipient(3, "Sam Lake", "SMTP", "sam@example.com"),
        ],
        attachments: vec![Attach::Item(vec![text(0x3001, "The older mail")], Box::new(inner))],
    }
}

fn others() -> Vec<Item> {
    let of = |props: Vec<Prop>| Item { props, ..Item::default() };
    let rtf = compressed_rtf::compress_rtf(r"{\rtf1\ansi\ansicpg1252 Buy caf\'e9\par and rope}").expect("RTF");
    let (appointment, task, log) = (0x0006_2002, 0x0006_2003, 0x0006_200A);
    let list = many(&[one_off("Ada Winter", "ada@example.com"), one_off("Sam Lake", "sam@example.com")]);
    vec![
        of(vec![
            text(0x001A, "IPM.Contact"),
            text(0x3001, "Ada Winter"),
            text(0x3A06, "Ada"),
            text(0x3A11, "Winter"),
            text(0x3A1C, "+1 555 0100"),
            text(named(0x0006_2004, Ok(0x8083)), "ada@example.com"),
            time(0x3A42, 631_152_000),
            time(0x3007, NOON),
        ]),
        Item {
            props: vec![
                text(0x001A, "IPM.Appointment"),
                text(0x0037, "Sailing"),
                text(0x1000, "Bring rope."),
                time(named(appointment, Ok(0x820D)), NOON + 86_400),
                time(named(appointment, Ok(0x820E)), NOON + 90_000),
                text(named(appointment, Ok(0x8208)), "Pier 5"),
                truth(named(0x0006_2008, Ok(0x8503)), true),
                text(0x0042, "Jo Berg"),
                text(0x0064, "SMTP"),
                text(0x0065, "jo@example.com"),
            ],
            recipients: vec![recipient(1, "Ada Winter", "SMTP", "ada@example.com")],
            attachments: Vec::new(),
        },
        of(vec![
            text(0x001A, "IPM.Task"),
            text(0x0037, "Shopping"),
            binary(0x1009, &rtf),
            time(named(task, Ok(0x8105)), NOON / 86_400 * 86_400),
            (named(task, Ok(0x8102)), kind::FLOAT64, 0.5f64.to_le_bytes().to_vec()),
            time(0x3007, NOON),
        ]),
        of(vec![text(0x001A, "IPM.StickyNote"), text(0x0037, "rope"), text(0x1000, "rope"), time(0x3007, NOON)]),
        of(vec![
            text(0x001A, "IPM.Activity"),
            text(0x0037, "Called the pier"),
            time(named(log, Ok(0x8706)), NOON),
            time(named(log, Ok(0x8708)), NOON + 300),
        ]),
        of(vec![
            text(0x001A, "IPM.DistList"),
            text(0x3001, "Crew"),
            (named(0x0006_2004, Ok(0x8054)), kind::BINARY | kind::MANY, list),
            time(0x3007, NOON),
        ]),
        of(vec![
            text(0x001A, "IPM.Note"),
            ansi(0x0037, b"Gr\xfc\xdfe"),
            ansi(0x1000, b"sch\xf6n"),
            int(0x3FFD, 1252),
            text(0x0042, "Unknown"),
            text(0x0064, "UNKNOWN"),
            text(0x0065, "Unknown"),
            (0x0039, kind::TIME, 0x0CB3_4557_A3DD_4000u64.to_le_bytes().to_vec()),
            time(0x3008, NOON),
        ]),
    ]
}

/// The same account in every layout.
fn store(layout: Layout, cipher: Cipher, packed: bool) -> Vec<u8> {
    let mut store = Store::new(layout, cipher);
    store.packed = packed;
    let mut entry_id = vec![0; 4];
    entry_id.extend(RECORD_KEY);
    entry_id.extend(0x8022u32.to_le_bytes());
    store.node(0x21, 0, &[binary(0x0FF9, &RECORD_KEY), text(0x3001, "jo@example.com"), binary(0x35E0, &entry_id)]);
    map_of_names(&mut store);
    store.node(0x122, 0x122, &[text(0x3001, ""), int(0x3602, 0)]);
    store.node(0x8022, 0x122, &[text(0x3001, "Top of Outlook data file"), int(0x3602, 0)]);
    store.node(0x8042, 0x8022, &[text(0x3001, "Inbox"), int(0x3602, 2)]);
    store.node(0x8062, 0x8022, &[text(0x3001, "Other things"), int(0x3602, 7)]);
    store.item(0x20_0024, 0x8042, &received());
    store.item(0x20_0044, 0x8042, &sent());
    for (item, number) in others().iter().zip(0x1_0003u32..) {
        store.item((number << 5) | 4, 0x8062, item);
    }
    store.finish()
}

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/outlook/fixtures").join(name).join("input")
}

/// The fixtures are what the writer makes; with `UPDATE_EXPECTED=1` they are written anew.
#[test]
fn fixtures_are_as_written() {
    let whole = store(Layout::Unicode, Cipher::Permute, false);
    let mut damaged = whole.clone();
    // Bytes within the data of a mail.
    let place = whole.len() / 2;
    let cut = whole.get(..place).unwrap_or_default().to_vec();
    damaged.iter_mut().skip(place).take(700).for_each(|b| *b ^= 0x5a);
    let files = [
        ("2024-unicode", "jo.pst", whole),
        ("2001-ansi", "jo.pst", store(Layout::Ansi, Cipher::Cyclic, false)),
        ("2016-large-pages", "jo.ost", store(Layout::Large, Cipher::Permute, true)),
        ("malformed-overwritten", "jo.pst", damaged),
        ("malformed-cut", "jo.pst", cut),
    ];
    for (fixture, name, bytes) in files {
        let path = folder(fixture).join(name);
        if std::env::var_os("UPDATE_EXPECTED").is_some() {
            std::fs::create_dir_all(folder(fixture)).expect("a folder");
            std::fs::write(&path, &bytes).expect("writing a fixture");
        }
        assert!(std::fs::read(&path).expect("a fixture") == bytes, "{}", path.display());
    }
}

/// A library that is not ours reads what the writer makes, and finds in it what was put there.
#[test]
fn another_reader_agrees() {
    use outlook_pst::ltp::prop_context::PropertyValue;
    use outlook_pst::messaging::store::EntryId;
    for fixture in ["2024-unicode", "2001-ansi"] {
        let path = folder(fixture).join("jo.pst");
        if !path.exists() && std::env::var_os("UPDATE_EXPECTED").is_some() {
            continue;
        }
        let opened = outlook_pst::open_store(path).expect("a store");
        assert_eq!(opened.properties().display_name().expect("a name"), "jo@example.com");
        let key = opened.properties().record_key().expect("a key");
        let message = |id: u32| {
            let id = EntryId::new(key, outlook_pst::ndb::node_id::NodeId::from(id));
            opened.open_message(&id, None).unwrap_or_else(|e| panic!("{fixture} {id:?}: {e}"))
        };
        let first = message(0x20_0024);
        let Some(PropertyValue::Unicode(subject)) = first.properties().get(0x0037) else { panic!("a subject") };
        assert_eq!(subject.to_string(), "Boat for café");
        let Some(PropertyValue::Binary(html)) = first.properties().get(0x1013) else { panic!("HTML") };
        assert!(html.buffer().starts_with(b"<html><body><p>The boat"));
        assert_eq!(first.recipient_table().expect("recipients").rows_matrix().count(), 2);
        assert_eq!(first.attachment_table().expect("attachments").rows_matrix().count(), 2);
    }
}

/// What is hidden in folders is counted, and not taken for an item.
#[test]
fn hidden_items_are_counted() {
    let mut store = Store::new(Layout::Unicode, Cipher::Permute);
    map_of_names(&mut store);
    store.node(0x122, 0x122, &[text(0x3001, ""), int(0x3602, 0)]);
    store.node(0x8022, 0x122, &[text(0x3001, "Deleted Items"), int(0x3602, 1)]);
    store.item(0x20_0024, 0x8022, &sent());
    store.item(0x20_0048, 0x8022, &sent());
    store.item(0x20_0068, 0x8022, &sent());
    let bytes = store.finish();
    let mut survey = super::survey();
    survey.positioned(&bytes);
    let found = survey.finish();
    let index = super::Index::read(&found).expect("an index");
    assert_eq!((index.rest.hidden, index.within(0, u64::MAX).count()), (2, 1));
    assert!(index.rest.problems.is_empty(), "{:?}", index.rest.problems);
}

/// Attachments are found by the places that records state.
#[test]
fn attachments_are_found_by_their_places() {
    for (layout, cipher) in
        [(Layout::Unicode, Cipher::Permute), (Layout::Ansi, Cipher::Cyclic), (Layout::Large, Cipher::None)]
    {
        let bytes = store(layout, cipher, true);
        let find = |detail: &str| super::attachment(&bytes, detail, 1 << 20);
        assert!(find("0x200024/0x8025") == Some(noise()));
        assert_eq!(find("0x200024/0x8045").as_deref(), Some(&b"small"[..]));
        assert_eq!(find("0x200044/0x8025/0x8025").as_deref(), Some(&b"deep down"[..]));
        assert_eq!(find("0x200044/0x8025"), None);
        assert_eq!(find("0x200024"), None);
        assert_eq!(find("nonsense/0x1"), None);
        assert!(super::html(&bytes, "0x200024").is_some_and(|html| html.contains("<b>nine</b>")));
        assert_eq!(super::html(&bytes, "0x200044"), None);
        assert_eq!(super::attachment(&bytes, "0x200024/0x8025", 100), None);
    }
}

/// Whatever bytes of a store are others, reading it ends soon, and places lie inside the file.
#[test]
fn damaged_stores_are_read_in_bounded_time() {
    use crate::{Frame, Opened, Provider, Sink, TreeEntry};
    use glasshouse_model::{Claim, EntryId, Framing};
    let mut n = 7u64;
    let mut roll = |below: usize| {
        n ^= n << 13;
        n ^= n >> 7;
        n ^= n << 17;
        usize::try_from(n % below as u64).expect("a small number")
    };
    let started = std::time::Instant::now();
    for (layout, cipher) in
        [(Layout::Unicode, Cipher::None), (Layout::Ansi, Cipher::Permute), (Layout::Large, Cipher::None)]
    {
        let whole = store(layout, cipher, false);
        let size = whole.len() as u64;
        let entry = TreeEntry { id: EntryId(0), path: "jo.pst".into(), size, crc32: None, part: 0 };
        let claim = Claim::of(super::ID, entry.id, Framing::Stretches);
        for _ in 0..400 {
            let mut bytes = whole.clone();
            for _ in 0..=roll(8) {
                // The index and the heaps, which lie behind the empty beginning, and now and then the header.
                let at = if roll(8) == 0 { roll(564) } else { 0x4600 + roll(bytes.len() - 0x4600) };
                *bytes.get_mut(at).expect("a byte") = [0, 1, 0x7f, 0xff, roll(256) as u8][roll(5)];
            }
            let mut survey = super::survey();
            survey.positioned(&bytes);
            let survey = survey.finish();
            let frame = Frame { name: "", element: true, index: 0, offset: 0, bytes: &bytes, truncated: false };
            let opened = Opened {
                claim: &claim,
                entry: &entry,
                frames: &[frame],
                companions: &[],
                head: &[],
                survey: &survey,
                positioned: Some(&bytes),
                decoder: &crate::formats::exif::Here,
            };
            let mut out = Sink::new();
            crate::outlook::Outlook.parse(&opened, &mut out);
            for record in out.records() {
                let attached = record.attachments.iter().filter_map(|a| a.at.as_ref());
                for at in record.refs.iter().chain(attached) {
                    assert!(at.locator.start + at.locator.length <= size, "{}", at.locator);
                }
            }
        }
    }
    assert!(started.elapsed().as_secs() < 120, "{:?}", started.elapsed());
}
