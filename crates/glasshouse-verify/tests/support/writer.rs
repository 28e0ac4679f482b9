use super::{put, sha256};
use base64::{Engine, prelude::BASE64_STANDARD};
use ring::digest::{SHA256, digest};
use ring::signature::{Ed25519KeyPair, KeyPair};
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};

pub const ORIGIN: &str = "example.org/case/0123456789abcdef";

/// Writes a case event by event.
pub struct Writer {
    pub folder: PathBuf,
    pub leaves: Vec<Vec<u8>>,
    pair: Ed25519KeyPair,
    seconds: u64,
}

impl Writer {
    /// Makes a case whose key comes from `seed`, with its first two events.
    pub fn new(folder: &Path, seed: u8, custody: &str) -> Self {
        Writer::with(folder, seed, custody, "encryption = \"none\"")
    }

    /// As `new`, for evidence that is sealed to a recipient.
    pub fn sealed(folder: &Path, seed: u8, recipient: &str) -> Self {
        Writer::with(folder, seed, "copied", &format!("encryption = \"age\"\nrecipient = \"{recipient}\""))
    }

    fn with(folder: &Path, seed: u8, custody: &str, encryption: &str) -> Self {
        let pair = Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).expect("a key");
        let mut writer = Writer { folder: folder.to_path_buf(), leaves: Vec::new(), pair, seconds: 0 };
        let key = writer.public_key();
        let about = format!(
            "format = 1\nid = \"0123456789abcdef\"\ntitle = \"A case\"\ncreated = \"2026-11-21T09:00:00.000000Z\"\n\
             kind = \"self\"\ncustody = \"{custody}\"\n{encryption}\norigin = \"{ORIGIN}\"\n\
             public_key = \"{key}\"\ntool = \"test 1\"\n"
        );
        put(folder, "case.toml", about.as_bytes());
        put(folder, "keys/case.toml", b"secret = \"not in any proof\"\n");
        put(folder, "cache/thumbnail", b"not in any proof");
        put(folder, ".lock", b"");
        writer.event("collection", "case.created", json!({"files": [writer.file("case.toml")]}), &[]);
        let authority =
            b"id = \"self\"\nversion = 1\nkind = \"self\"\nstatement = \"mine\"\ngiven = \"2026-11-21T09:00:00Z\"\n";
        writer.add("collection", "authority.added", &[("authorities/self-1.toml", authority)]);
        writer
    }

    pub fn public_key(&self) -> String {
        let typed = [&[1], self.pair.public_key().as_ref()].concat();
        format!("{ORIGIN}+{}+{}", hex::encode(self.key_id()), BASE64_STANDARD.encode(typed))
    }

    fn key_id(&self) -> Vec<u8> {
        let text = [ORIGIN.as_bytes(), b"\n\x01", self.pair.public_key().as_ref()].concat();
        digest(&SHA256, &text).as_ref()[..4].to_vec()
    }

    /// Returns what an event says of a file that is on disk.
    pub fn file(&self, path: &str) -> Value {
        let bytes = fs::read(self.folder.join(path)).expect("a file");
        json!({"path": path, "size": bytes.len(), "sha256": sha256(&bytes)})
    }

    /// Writes files and the event that vouches for them.
    pub fn add(&mut self, kind: &str, action: &str, files: &[(&str, &[u8])]) -> u64 {
        for (path, bytes) in files {
            put(&self.folder, path, bytes);
        }
        let files: Vec<Value> = files.iter().map(|(path, _)| self.file(path)).collect();
        self.event(kind, action, json!({"files": files}), &[])
    }

    /// Appends an event; its payload has the members of `payload` besides those that each has.
    pub fn event(&mut self, kind: &str, action: &str, mut payload: Value, erases: &[u64]) -> u64 {
        self.seconds += 1;
        let time = format!("2026-11-21T09:{:02}:{:02}.000000Z", self.seconds / 60, self.seconds % 60);
        for (member, value) in [("who", "w"), ("where", "h"), ("authority", "self"), ("tool", "test 1")] {
            payload[member] = json!(value);
        }
        let seq = self.leaves.len() as u64;
        let salt = sha256(format!("salt {seq} {:?}", self.pair.public_key()).as_bytes());
        let file = format!("{salt}\n{payload}\n");
        let mut leaf = json!({"v": 1, "seq": seq, "time": time, "kind": kind, "action": action});
        leaf["payload"] = json!(sha256(file.as_bytes()));
        if !erases.is_empty() {
            leaf["erases"] = json!(erases);
        }
        put(&self.folder, &payload_path(seq), file.as_bytes());
        self.leaves.push(leaf.to_string().into_bytes());
        seq
    }

    /// Appends events of the kind that a case has most of.
    pub fn show(&mut self, until: usize) {
        while self.leaves.len() < until {
            let record = format!("record {}", self.leaves.len());
            self.event("consultation", "record.shown", json!({"detail": {"record": record}}), &[]);
        }
    }

    /// Writes leaves, tiles and the signed checkpoint; returns the checkpoint.
    pub fn sign(&self) -> String {
        self.write_tiles();
        let checkpoint = self.checkpoint(&self.leaves);
        put(&self.folder, "log/checkpoint", checkpoint.as_bytes());
        checkpoint
    }

    /// Writes leaves and tiles, and no checkpoint.
    pub fn write_tiles(&self) {
        for (index, chunk) in self.leaves.chunks(256).enumerate() {
            let path = format!("log/tile/entries/{}", numbered(index, chunk.len()));
            put(&self.folder, &path, &bundle(chunk));
        }
        let mut level = 0;
        let mut row: Vec<[u8; 32]> = self.leaves.iter().map(|leaf| root(std::slice::from_ref(leaf))).collect();
        while !row.is_empty() {
            for (index, chunk) in row.chunks(256).enumerate() {
                let path = format!("log/tile/{level}/{}", numbered(index, chunk.len()));
                put(&self.folder, &path, &chunk.concat());
            }
            let span = 256usize.pow(level + 1);
            row = self.leaves.chunks_exact(span).map(root).collect();
            level += 1;
        }
    }

    /// Returns a signed checkpoint over some leaves.
    pub fn checkpoint(&self, leaves: &[Vec<u8>]) -> String {
        let text = format!("{ORIGIN}\n{}\n{}\n", leaves.len(), BASE64_STANDARD.encode(root(leaves)));
        let signature = [&self.key_id(), self.pair.sign(text.as_bytes()).as_ref()].concat();
        format!("{text}\n— {ORIGIN} {}\n", BASE64_STANDARD.encode(signature))
    }

    /// Returns the fingerprint of the key.
    pub fn fingerprint(&self) -> String {
        sha256(self.public_key().as_bytes())
    }
}

pub fn payload_path(seq: u64) -> String {
    format!("log/payload/{}/{:03}", seq / 1000, seq % 1000)
}

/// Returns a bundle of leaves.
pub fn bundle(leaves: &[Vec<u8>]) -> Vec<u8> {
    let length = |leaf: &[u8]| u16::try_from(leaf.len()).expect("short leaves").to_be_bytes();
    leaves.iter().flat_map(|leaf| [length(leaf).as_slice(), leaf].concat()).collect()
}

fn numbered(index: usize, width: usize) -> String {
    assert!(index < 1000, "the tests need no more");
    if width < 256 { format!("{index:03}.p/{width}") } else { format!("{index:03}") }
}

/// Returns the root hash of some leaves, by the definition of RFC 6962.
pub fn root(leaves: &[Vec<u8>]) -> [u8; 32] {
    let hash = |bytes: &[u8]| digest(&SHA256, bytes).as_ref().try_into().expect("32 bytes");
    match leaves {
        [] => hash(b""),
        [leaf] => hash(&[b"\0", leaf.as_slice()].concat()),
        _ => {
            let split = leaves.len().next_power_of_two() / 2;
            let (left, right) = leaves.split_at(split);
            hash(&[b"\x01".as_slice(), &root(left), &root(right)].concat())
        }
    }
}
