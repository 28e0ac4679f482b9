//! Words that name what is put aside for the privilege reviewer: a sender, a thread, a term, the reason of a decision.
//!
//! Where evidence is sealed so are they, wherever they are kept: in the log's content and in `work.sqlite`.

use crate::EngineError;
use glasshouse_layout::hex;
use glasshouse_store::seal::{Seal, TextKey};

/// What a sealed text begins with.
const MARK: &str = "sealed:";
/// What is said of one that is not opened.
const SEALED: &str = "sealed";
/// The place that all of them are sealed for: an event and the file hold the same words.
const PLACE: &str = "words";

/// Opens and shuts the words of one case.
#[derive(Default)]
pub struct Words(Option<TextKey>);

impl Words {
    /// Returns those of a case; without its key nothing is opened.
    pub fn of(seal: &Seal) -> Result<Self, EngineError> {
        Ok(Words(seal.texts()?))
    }

    /// Returns a text as it is kept.
    pub(crate) fn shut(&self, text: &str) -> Result<String, EngineError> {
        Ok(match &self.0 {
            None => text.to_owned(),
            Some(key) => format!("{MARK}{}", hex(key.seal(PLACE, text)?)),
        })
    }

    /// Returns the text that is kept, and only that it is sealed if it cannot be opened.
    pub fn open(&self, kept: String) -> String {
        let opened = self.0.as_ref().zip(kept.strip_prefix(MARK)).and_then(|(key, sealed)| {
            let sealed = ::hex::decode(sealed).ok()?;
            key.open(PLACE, &sealed)
        });
        opened.unwrap_or_else(|| if kept.starts_with(MARK) { SEALED.to_owned() } else { kept })
    }
}
