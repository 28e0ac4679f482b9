//! Who can open the evidence of a case that is not its holder's own: the installation that processes it, and people.
//!
//! The installation's *processing key* lies in its folder, outside every case, readable by its owner alone. A
//! person's key is sealed under their password, beside the key that they sign with.

use crate::EngineError;
use crate::authority::Authority;
use crate::organisation::Organisation;
use crate::people::Home;
use glasshouse_store::files;
use glasshouse_store::seal::Identity;
use std::fs;
use std::path::PathBuf;

/// What the log calls the installation among those that evidence is sealed to.
pub(crate) const PROCESSING: &str = "processing";

impl Home {
    /// Returns where the processing key lies.
    pub fn processing_path(&self) -> PathBuf {
        self.folder().join("processing.key")
    }

    /// Returns the processing key, if it is there and can be read.
    pub fn processing(&self) -> Option<Identity> {
        Identity::parse(&fs::read_to_string(self.processing_path()).ok()?)
    }

    /// Returns the processing key; the first time it is made.
    fn made_processing(&self) -> Result<Identity, EngineError> {
        let path = self.processing_path();
        if path.exists() {
            return self.processing().ok_or_else(|| {
                EngineError::other(format!(
                    "{} cannot be read, or is no key. Restore it from a backup: cases of this installation are sealed to it.",
                    path.display()
                ))
            });
        }
        let identity = Identity::generate();
        let text = format!(
            "# Processing key of a Glasshouse installation: whoever has it and a case opens its evidence.\n# Keep it apart from the cases, and keep a copy.\n# public key: {}\n{}\n",
            identity.recipient(),
            identity.text().as_str()
        );
        files::make_private_folder(self.folder())?;
        files::write_private(&path, text.as_bytes())?;
        Ok(identity)
    }

    /// Returns whom the evidence of a personal case is sealed to where its holder wants that: the installation alone.
    pub fn sealed_to_itself(&self) -> Result<Vec<(String, String)>, EngineError> {
        Ok(vec![(PROCESSING.to_owned(), self.made_processing()?.recipient())])
    }

    /// Returns whom the evidence of a case under an authority is sealed to: the installation and the authoriser.
    ///
    /// The authoriser's key is the one that the organisation's file pins, or else the one of their account here. An
    /// authoriser of another installation, of whom neither says a key, is left out.
    pub(crate) fn sealed_to(
        &self,
        authority: &Authority,
        organisation: Option<&Organisation>,
    ) -> Result<Vec<(String, String)>, EngineError> {
        let mut to = self.sealed_to_itself()?;
        if let Some(people) = &authority.people {
            let pinned = organisation.and_then(|o| o.member(&people.authoriser, &people.authoriser_key));
            let pinned = pinned.and_then(|member| member.recipient.clone());
            let here = || self.person(&people.authoriser).ok().filter(|p| p.key == people.authoriser_key)?.recipient;
            to.extend(pinned.or_else(here).map(|recipient| (people.authoriser.clone(), recipient)));
        }
        Ok(to)
    }
}
