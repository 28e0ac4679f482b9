use super::Identity;
use crate::StoreError;
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::hkdf;

/// Returns 32 secret bytes for one purpose, made from the key of a case.
pub(super) fn derived(case: &Identity, purpose: &[u8]) -> Result<[u8; 32], StoreError> {
    let secret = hkdf::Salt::new(hkdf::HKDF_SHA256, b"glasshouse case key").extract(case.text().as_bytes());
    let mut key = [0; 32];
    secret
        .expand(&[purpose], &CHACHA20_POLY1305)
        .and_then(|made| made.fill(&mut key))
        .map_err(|_| StoreError::other("A key cannot be derived from that of the case."))?;
    Ok(key)
}

/// Seals single texts, for columns of a table whose rows come and go.
pub struct TextKey(LessSafeKey);

impl TextKey {
    pub(super) fn of(case: &Identity) -> Result<Self, StoreError> {
        let broken = |_| StoreError::other("The key of the journal cannot be made.");
        let unbound = UnboundKey::new(&CHACHA20_POLY1305, &derived(case, b"texts")?).map_err(broken)?;
        Ok(TextKey(LessSafeKey::new(unbound)))
    }

    /// Returns a text sealed for one place: a random nonce, then what ChaCha20-Poly1305 makes of it.
    pub fn seal(&self, place: &str, text: &str) -> Result<Vec<u8>, StoreError> {
        let nonce: [u8; NONCE_LEN] = crate::keys::random()?;
        let mut bytes = text.as_bytes().to_vec();
        self.0
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(place.as_bytes()), &mut bytes)
            .map_err(|_| StoreError::other("A text of the journal cannot be sealed."))?;
        Ok([nonce.as_slice(), &bytes].concat())
    }

    /// Returns the text that was sealed for this place.
    pub fn open(&self, place: &str, sealed: &[u8]) -> Option<String> {
        let (nonce, bytes) = sealed.split_first_chunk::<NONCE_LEN>()?;
        let mut bytes = bytes.to_vec();
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let text = self.0.open_in_place(nonce, Aad::from(place.as_bytes()), &mut bytes).ok()?;
        String::from_utf8(text.to_vec()).ok()
    }
}
