use crate::files::{read_text, write_private};
use crate::{StoreError, files};
use glasshouse_layout::paths;
use ring::rand::SecureRandom;
use serde::{Deserialize, Serialize};
use signed_note::StandardSigner;
use std::path::Path;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// The secrets of a case: the key that signs its log, and the key that its record ids are made with.
#[derive(Clone, Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
pub struct Keys {
    /// The log's signer key in the form of C2SP signed-note.
    signer: String,
    /// 32 bytes, hexadecimal.
    record_key: String,
}

impl Keys {
    /// Returns new random keys for the log named `origin`, and the verifier key to publish.
    pub fn generate(origin: &str) -> Result<(Self, String), StoreError> {
        let mut seed: [u8; 32] = random()?;
        let (signer, verifier) = crate::sign::key_texts(origin, &seed)?;
        seed.zeroize();
        let record_key = glasshouse_layout::hex(random::<32>()?);
        Ok((Keys { signer, record_key }, verifier))
    }

    /// Reads the keys of a case.
    pub fn read(case: &Path) -> Result<Self, StoreError> {
        let path = case.join(paths::KEYS);
        let text = read_text(&path)?;
        toml::from_str(&text).map_err(|_| StoreError::malformed(&path, "it does not hold the keys of a case"))
    }

    /// Writes the keys where only their owner can read them.
    pub fn write(&self, case: &Path) -> Result<(), StoreError> {
        let text = toml::to_string(self).map_err(|_| StoreError::other("The keys cannot be written as TOML."))?;
        files::make_private_folder(&case.join("keys"))?;
        write_private(&case.join(paths::KEYS), text.as_bytes())
    }

    /// Returns the signer of the log.
    pub(crate) fn signer(&self) -> Result<StandardSigner, StoreError> {
        StandardSigner::new(&self.signer).map_err(|_| StoreError::other("The case's signing key is damaged."))
    }

    /// Returns the key that record ids are made with.
    pub fn record_key(&self) -> Result<[u8; 32], StoreError> {
        let bytes = ::hex::decode(&self.record_key).ok();
        bytes
            .and_then(|b| b.try_into().ok())
            .ok_or_else(|| StoreError::other("The key of the case's record ids is damaged."))
    }
}

/// Returns random bytes from the operating system.
pub(crate) fn random<const N: usize>() -> Result<[u8; N], StoreError> {
    let mut bytes = [0; N];
    ring::rand::SystemRandom::new()
        .fill(&mut bytes)
        .map_err(|_| StoreError::other("The operating system gave no random numbers."))?;
    Ok(bytes)
}
