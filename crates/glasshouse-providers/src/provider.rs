use crate::formats::exif::Decoder;
use crate::{Sink, Tree, TreeEntry};
#[cfg(doc)]
use glasshouse_model::Framing;
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

    /// Says whether a format comes by legal process alone, so that no holder of an account can have it of themselves.
    fn is_return(&self, _format: &str) -> bool {
        false
    }

    /// Parses some frames of one claim.
    ///
    /// Frames of one entry may arrive in several calls, on several threads, in any order: a parser keeps no
    /// state between calls. Bad input becomes a warning, never a panic.
    fn parse(&self, opened: &Opened<'_>, out: &mut Sink);

    /// Looks through a claim's main entry before any frame of it is parsed, for what only the whole can tell:
    /// the order of day and month in a chat, the title that stands behind the messages.
    ///
    /// The entry is read once more for it, so most formats do without.
    fn survey(&self, _claim: &Claim) -> Option<Box<dyn Survey>> {
        None
    }
}

/// A first look through the frames of one entry, all of them and in order.
pub trait Survey {
    /// Takes one frame.
    fn frame(&mut self, frame: &Frame<'_>);

    /// Takes the whole entry instead of its frames, where the claim's framing is [`Framing::Stretches`].
    fn positioned(&mut self, _bytes: &dyn Positioned) {}

    /// Returns what was learnt, in the provider's own form; every [`Opened::survey`] of the claim holds it.
    fn finish(self: Box<Self>) -> Vec<u8>;
}

/// A claim with bytes in hand.
pub struct Opened<'a> {
    pub claim: &'a Claim,
    /// The claim's main entry.
    pub entry: &'a TreeEntry<'a>,
    /// Frames of the main entry, as the claim's framing cuts them.
    pub frames: &'a [Frame<'a>],
    /// The claim's companions, in its order.
    pub companions: &'a [Companion<'a>],
    /// The first bytes of the main entry, whichever frames these are: a table's header is in them.
    pub head: &'a [u8],
    /// What [`Provider::survey`] learnt; empty without one.
    pub survey: &'a [u8],
    /// The main entry at any place, where the claim's framing is [`Framing::Stretches`].
    pub positioned: Option<&'a dyn Positioned>,
    /// Who takes pictures and films apart.
    pub decoder: &'a dyn Decoder,
}

impl Opened<'_> {
    /// How many first bytes [`Opened::head`] holds at most.
    pub const HEAD: usize = 64 << 10;

    /// Returns a reference into the main entry.
    pub fn at(&self, locator: Locator) -> Ref {
        Ref { entry: self.entry.id, locator }
    }
}

/// Bytes of an entry at any place, for formats whose items lie scattered over a file too big for memory.
pub trait Positioned: Send + Sync {
    /// Returns the length of the entry.
    fn size(&self) -> u64;

    /// Fills `buffer` from `offset` on and returns how many bytes there were: fewer where the entry ends or breaks off.
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> usize;
}

impl Positioned for Vec<u8> {
    fn size(&self) -> u64 {
        self.len() as u64
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> usize {
        let from = usize::try_from(offset).unwrap_or(usize::MAX);
        let rest = self.get(from..).unwrap_or_default();
        let n = rest.len().min(buffer.len());
        if let (Some(to), Some(from)) = (buffer.get_mut(..n), rest.get(..n)) {
            to.copy_from_slice(from);
        }
        n
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

impl<'a> Frame<'a> {
    /// Returns the frame without a byte order mark: readers of XML pass over one and do not count it.
    pub fn without_mark(&self) -> Frame<'a> {
        match self.bytes.strip_prefix(b"\xef\xbb\xbf") {
            Some(bytes) => Frame { bytes, offset: self.offset + 3, ..*self },
            None => *self,
        }
    }
}

/// A small entry given whole beside the main one.
#[derive(Clone, Copy, Debug)]
pub struct Companion<'a> {
    pub entry: &'a TreeEntry<'a>,
    pub bytes: &'a [u8],
    /// It was longer than the limit; `bytes` holds the beginning.
    pub truncated: bool,
}
