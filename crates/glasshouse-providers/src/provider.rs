use crate::{Sink, Tree, TreeEntry};
use glasshouse_model::{Claim, Locator, Manifest, Ref};

/// A source of exports: says which entries are its own and turns their bytes into records.
pub trait Provider: Sync {
    /// Returns what the provider is and reads, readable without running it.
    fn manifest(&self) -> &'static Manifest;

    /// Says which entries are ours, from paths and first bytes only.
    ///
    /// It is given every entry of the case and must not claim by extension alone what other providers could
    /// mean by it. Pairing (a photo and its sidecar, perhaps in another part) happens here.
    fn recognise(&self, tree: &Tree<'_>) -> Vec<Claim>;

    /// Parses some frames of one claim.
    ///
    /// Frames of one entry may arrive in several calls, on several threads, in any order: a parser keeps no
    /// state between calls. Bad input becomes a warning, never a panic.
    fn parse(&self, opened: &Opened<'_>, out: &mut Sink);
}

/// A claim with bytes in hand.
pub struct Opened<'a> {
    pub claim: &'a Claim,
    /// The claim's main entry.
    pub entry: &'a TreeEntry,
    /// Frames of the main entry, as the claim's framing cuts them.
    pub frames: &'a [Frame<'a>],
    /// The claim's companions, in its order.
    pub companions: &'a [Companion<'a>],
}

impl Opened<'_> {
    /// Returns a reference into the main entry.
    pub fn at(&self, locator: Locator) -> Ref {
        Ref { entry: self.entry.id, locator }
    }
}

/// A run of bytes of an entry that can be parsed by itself.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    /// For JSON, the key of the array or member it belongs to (`""` in an array that is the document).
    pub name: &'a str,
    /// For JSON arrays, whether this is an element (and not a member of the top-level object).
    pub element: bool,
    /// Count of frames of the same name before it in the entry.
    pub index: u64,
    /// Where it starts in the entry.
    pub offset: u64,
    pub bytes: &'a [u8],
    /// It was longer than the limit, or the entry ended inside it; `bytes` holds the beginning.
    pub truncated: bool,
}

/// A small entry given whole beside the main one.
#[derive(Clone, Copy, Debug)]
pub struct Companion<'a> {
    pub entry: &'a TreeEntry,
    pub bytes: &'a [u8],
    /// It was longer than the limit; `bytes` holds the beginning.
    pub truncated: bool,
}
