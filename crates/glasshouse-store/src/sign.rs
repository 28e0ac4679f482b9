//! Signatures of people, as C2SP signed notes.

use crate::StoreError;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::signature::KeyPair;
use signed_note::{Note, StandardSigner, StandardVerifier, VerifierList};
use zeroize::Zeroize;

/// Returns a new secret seed and the verifier key to publish, for somebody of this name.
pub fn new_key(name: &str) -> Result<([u8; 32], String), StoreError> {
    let seed: [u8; 32] = crate::keys::random()?;
    let (mut signer, verifier) = key_texts(name, &seed)?;
    signer.zeroize();
    Ok((seed, verifier))
}

/// Returns random bytes from the operating system.
pub fn random<const N: usize>() -> Result<[u8; N], StoreError> {
    crate::keys::random()
}

/// Returns a text with the signature of a name's key below it.
pub fn sign(name: &str, seed: &[u8; 32], text: &str) -> Result<String, StoreError> {
    let broken = || StoreError::other("The text cannot be signed.");
    let (mut signer, _) = key_texts(name, seed)?;
    let made = StandardSigner::new(&signer).map_err(|_| broken());
    signer.zeroize();
    let mut note = Note::new(text.as_bytes(), &[]).map_err(|_| broken())?;
    note.add_sigs(&[&made?]).map_err(|_| broken())?;
    String::from_utf8(note.to_bytes()).map_err(|_| broken())
}

/// Returns the text of a signed note if the key signed it.
pub fn opened(note: &[u8], key: &str) -> Result<String, String> {
    let note = Note::from_bytes(note).map_err(|_| "it is not a signed note".to_owned())?;
    let verifier = StandardVerifier::new(key).map_err(|_| "the key is not a verifier key".to_owned())?;
    note.verify(&VerifierList::new(vec![Box::new(verifier)])).map_err(|_| "it is not signed by this key".to_owned())?;
    String::from_utf8(note.text().to_vec()).map_err(|_| "its text is not UTF-8".to_owned())
}

/// Says whether a text is a verifier key.
pub fn is_key(key: &str) -> bool {
    StandardVerifier::new(key).is_ok()
}

/// Returns the signer and the verifier key of a seed, as signed notes write them.
pub(crate) fn key_texts(name: &str, seed: &[u8; 32]) -> Result<(String, String), StoreError> {
    let pair = ring::signature::Ed25519KeyPair::from_seed_unchecked(seed)
        .map_err(|_| StoreError::other("The random number generator gave no usable key."))?;
    // The algorithm byte 1 is Ed25519 in signed notes.
    let public = [&[1], pair.public_key().as_ref()].concat();
    let mut secret = [&[1], seed.as_slice()].concat();
    let id = signed_note::key_id(name, &public);
    let signer = format!("PRIVATE+KEY+{name}+{id:08x}+{}", STANDARD.encode(&secret));
    secret.zeroize();
    Ok((signer, format!("{name}+{id:08x}+{}", STANDARD.encode(&public))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_of_one_text_by_one_key() {
        let (seed, key) = new_key("r.okoro").expect("a key");
        let (_, other) = new_key("r.okoro").expect("a key");
        let note = sign("r.okoro", &seed, "one\ntwo\n").expect("signed");
        assert_eq!(opened(note.as_bytes(), &key).as_deref(), Ok("one\ntwo\n"));
        assert!(opened(note.as_bytes(), &other).is_err());
        assert!(opened(note.replace("two", "too").as_bytes(), &key).is_err());
        assert!(opened(b"", &key).is_err() && opened(note.as_bytes(), "").is_err());
        assert!(is_key(&key) && !is_key("r.okoro+00000000+AAAA"));
    }
}
