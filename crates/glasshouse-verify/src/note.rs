//! Signed notes, checkpoints and verifier keys, after the C2SP texts of those names.

use crate::tree::Hash;
use base64::{Engine, prelude::BASE64_STANDARD};
use ring::signature::{ED25519, UnparsedPublicKey};
use thiserror::Error;

/// Longest checkpoint that is read.
pub const MAX_CHECKPOINT: u64 = 1_000_000;
/// Most signature lines that are looked at; C2SP lets an implementation stop at a hundred.
const MAX_SIGNATURES: usize = 100;
/// The only type of key that a case uses.
const ED25519_TYPE: u8 = 1;

/// Why a text is not a key or not a checkpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct NoteError(&'static str);

/// A verifier key: `name+hash+base64(type ‖ Ed25519 key)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    pub name: String,
    id: [u8; 4],
    bytes: Vec<u8>,
}

impl Key {
    /// Reads a key's text.
    pub fn parse(text: &str) -> Result<Self, NoteError> {
        const FORM: NoteError = NoteError("the key is not of the form name+hash+base64");
        let (name, rest) = text.split_once('+').ok_or(FORM)?;
        let (id, key) = rest.split_once('+').ok_or(FORM)?;
        let typed = BASE64_STANDARD.decode(key).map_err(|_| FORM)?;
        let (kind, bytes) = typed.split_first().ok_or(FORM)?;
        if !is_name(name) || id.len() != 8 || id.bytes().any(|b| b.is_ascii_uppercase()) {
            return Err(FORM);
        }
        if *kind != ED25519_TYPE || bytes.len() != 32 {
            return Err(NoteError("the key is not an Ed25519 key"));
        }
        let expected = key_id(name, &typed);
        if hex::decode(id).ok().as_deref() != Some(&expected[..]) {
            return Err(NoteError("the key's hash is not that of its name and bytes"));
        }
        Ok(Key { name: name.to_string(), id: expected, bytes: bytes.to_vec() })
    }
}

/// Whether a checkpoint is signed by a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signed {
    Yes,
    /// A line claims to be by this key, and is not.
    Forged,
    /// Only other keys have signed.
    ByOthers,
}

/// A text with signatures below it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    pub text: String,
    /// Name, key hash and signature of each line.
    signatures: Vec<(String, [u8; 4], Vec<u8>)>,
}

impl Note {
    /// Reads a note without judging its signatures.
    pub fn parse(bytes: &[u8]) -> Result<Self, NoteError> {
        let note = std::str::from_utf8(bytes).map_err(|_| NoteError("it is not UTF-8"))?;
        if note.bytes().any(|b| b < b' ' && b != b'\n') {
            return Err(NoteError("it holds control characters"));
        }
        let (body, lines) = note.rsplit_once("\n\n").ok_or(NoteError("it has no signature"))?;
        let lines = lines.strip_suffix('\n').ok_or(NoteError("its last line does not end"))?;
        let mut signatures = Vec::new();
        for line in lines.split('\n') {
            signatures.push(signature(line).ok_or(NoteError("a line of its signatures is none"))?);
            if signatures.len() > MAX_SIGNATURES {
                return Err(NoteError("it has more than 100 signatures"));
            }
        }
        Ok(Note { text: format!("{body}\n"), signatures })
    }

    /// Says whether `key` signed this note.
    pub fn signed_by(&self, key: &Key) -> Signed {
        let mut answer = Signed::ByOthers;
        for (name, id, signature) in &self.signatures {
            if *name == key.name && *id == key.id {
                match UnparsedPublicKey::new(&ED25519, &key.bytes).verify(self.text.as_bytes(), signature) {
                    Ok(()) => return Signed::Yes,
                    Err(_) => answer = Signed::Forged,
                }
            }
        }
        answer
    }
}

/// A signed tree head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    pub origin: String,
    pub size: u64,
    pub root: Hash,
    note: Note,
}

impl Checkpoint {
    /// Reads a checkpoint without judging its signatures.
    pub fn parse(bytes: &[u8]) -> Result<Self, NoteError> {
        let note = Note::parse(bytes)?;
        let mut body_lines = note.text.strip_suffix('\n').unwrap_or(&note.text).split('\n');
        let (Some(origin), Some(size), Some(root)) = (body_lines.next(), body_lines.next(), body_lines.next()) else {
            return Err(NoteError("it has fewer than three lines"));
        };
        if origin.is_empty() || body_lines.any(str::is_empty) {
            return Err(NoteError("one of its lines is empty"));
        }
        let number: u64 = size.parse().map_err(|_| NoteError("its tree size is not a number"))?;
        if number.to_string() != size {
            return Err(NoteError("its tree size is not in its shortest form"));
        }
        let root = BASE64_STANDARD.decode(root).ok().and_then(|hash| hash.try_into().ok());
        let root = root.ok_or(NoteError("its root is not the base64 of 32 bytes"))?;
        Ok(Checkpoint { origin: origin.to_string(), size: number, root, note })
    }

    /// Says whether `key` signed this checkpoint.
    pub fn signed_by(&self, key: &Key) -> Signed {
        self.note.signed_by(key)
    }
}

fn signature(line: &str) -> Option<(String, [u8; 4], Vec<u8>)> {
    let (name, text) = line.strip_prefix("— ")?.split_once(' ')?;
    let bytes = BASE64_STANDARD.decode(text).ok()?;
    let (id, signature) = bytes.split_first_chunk::<4>()?;
    (is_name(name) && !signature.is_empty()).then(|| (name.to_string(), *id, signature.to_vec()))
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && !name.contains(|c: char| c == '+' || c.is_whitespace() || c.is_control())
}

fn key_id(name: &str, typed: &[u8]) -> [u8; 4] {
    let hash = glasshouse_layout::sha256(&[name.as_bytes(), b"\n", typed].concat());
    hash.first_chunk().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the C2SP text's reference implementation, which is not ours.
    const KEY: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";

    #[test]
    fn a_key_of_others_is_read() {
        let key = Key::parse(KEY).expect("a key");
        assert_eq!(key.name, "PeterNeumann");
        for damaged in [
            "PeterNeumann+c74f20a4+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
            "PeterNeumannx+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
            "PeterNeumann+c74f20a3",
            "Peter Neumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
            "",
        ] {
            assert!(Key::parse(damaged).is_err(), "{damaged}");
        }
    }

    #[test]
    fn a_note_of_others_is_checked() {
        let text =
            "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
        let line = "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=";
        let note = |text: &str| Note { text: text.into(), signatures: signature(line).into_iter().collect() };
        let key = Key::parse(KEY).expect("a key");
        assert_eq!(note(text).signed_by(&key), Signed::Yes);
        assert_eq!(note("another text\n").signed_by(&key), Signed::Forged);
        assert_eq!(note(text).signed_by(&Key { id: [0; 4], ..key }), Signed::ByOthers);
    }

    #[test]
    fn a_checkpoint_has_one_form() {
        let root = BASE64_STANDARD.encode([7; 32]);
        let line = format!("— a {}", BASE64_STANDARD.encode([0; 68]));
        let good = format!("a\n12\n{root}\n\n{line}\n");
        assert_eq!(Checkpoint::parse(good.as_bytes()).map(|c| (c.size, c.root)), Ok((12, [7; 32])));
        for damaged in [
            good.replace("\n12\n", "\n012\n"),
            good.replace("\n12\n", "\n-1\n"),
            good.replace("a\n12", "\n12"),
            good.replace(&root, "AAAA"),
            good.replace("— a", "- a"),
            good.trim_end().to_string(),
            good.replace("\n\n", "\n"),
            String::new(),
        ] {
            assert!(Checkpoint::parse(damaged.as_bytes()).is_err(), "{damaged:?}");
        }
    }
}
