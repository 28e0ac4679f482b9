use crate::{EntryId, Family, Links};
use std::sync::{Arc, LazyLock};

/// How well the reading of a format is proven.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tier {
    /// Read on real data of this format.
    Proven,
    /// Built on documentation or on what several public readers agree on.
    Documented,
    /// Built on facts that no one here has confirmed.
    Unverified,
}

impl Tier {
    /// Returns the name used in columns, files and on screen.
    pub const fn as_str(self) -> &'static str {
        match self {
            Tier::Proven => "proven",
            Tier::Documented => "documented",
            Tier::Unverified => "unverified",
        }
    }
}

/// One format of a provider, as its manifest lists it.
#[derive(Clone, Copy, Debug)]
pub struct Format {
    /// Short name; `records.format` is `<provider>.<format>`.
    pub id: &'static str,
    pub title: &'static str,
    pub families: &'static [Family],
    pub tier: Tier,
    /// Raises when the records it makes change; part of what a run is identified by.
    pub version: u32,
}

/// What a provider is and reads: a literal value that can be shown without running anything.
#[derive(Clone, Copy, Debug)]
pub struct Manifest {
    pub id: &'static str,
    pub title: &'static str,
    pub formats: &'static [Format],
    /// A general reader (any mbox, any picture): its claims yield to those of a provider that knows the export.
    pub general: bool,
    /// What it does not cover, one sentence each.
    pub not_covered: &'static [&'static str],
    /// Public sources of the facts it relies on.
    pub references: &'static [&'static str],
}

/// How an entry is cut into frames before a parser sees it.
///
/// Frames are what lets an entry of many gigabytes be parsed in bounded memory and on all cores.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// One frame: the whole entry, for what is small by nature. Longer entries arrive cut off, with a warning.
    Whole,
    /// One frame a message of an mbox, from its `From ` line up to the next.
    Mbox,
    /// JSON: one frame an element of each array named (by the key that holds it at the top level, `""` for an
    /// array that is the document itself), and one a remaining member of the top-level object.
    JsonArrays(&'static [&'static str]),
    /// JSON: one frame an element of each array that a path leads to (`/chats/list/*/messages/*`, where `*` is
    /// any index or key), named by the array's JSON pointer; one a value beside the paths, named by its own.
    JsonPaths(&'static [&'static str]),
    /// As `JsonArrays`, with what stands around the arrays in one frame each (from the beginning up to an array's
    /// `[`, from its `]` up to the next array or the end) and not a member a frame: for members that only mean
    /// something together.
    JsonAround(&'static [&'static str]),
    /// As `JsonArrays`, behind a JavaScript assignment (`window.x.y = [ … ];`).
    JsonAssigned(&'static [&'static str]),
    /// One frame from each occurrence of the marker to the next; what precedes the first is a frame of its own.
    Marker(&'static [u8]),
    /// One frame a line, its ending included.
    Lines,
    /// One frame a row of a CSV table, its ending included; a quoted value may hold line breaks.
    Rows,
    /// One frame from each line that begins with a date and a clock, as a chat log's messages do, to the next such
    /// line of the same form; what precedes the first is a frame of its own.
    Stamped,
    /// XML: one frame a child element of the root, after one (no element) of what precedes the first child.
    XmlChildren,
    /// One frame a stretch of 1 MiB, for files whose items an index finds: the parser reads the entry at any place,
    /// and a frame stands for the items whose main block begins in it.
    Stretches,
}

/// A provider says: these entries are mine, as this format.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// Format within the provider.
    pub format: &'static str,
    /// The entry to parse.
    pub main: EntryId,
    /// Small entries that parsing needs in memory (a sidecar, a group's information), in the parser's order.
    pub companions: Vec<EntryId>,
    /// Entries that are the same item again (a photo in an album); named in its record, not parsed.
    pub copies: Vec<EntryId>,
    pub framing: Framing,
    /// Claims of one provider with the same group hold copies of the same items (one mbox a label): of records
    /// with equal `same_as` the one from the first entry by path is kept.
    pub group: Option<String>,
    /// Companions may also be shared: entries that several claims of this provider use.
    pub shared_companions: bool,
    /// Entries that records may name without reading them (the media beside a chat). Claims may share one list.
    pub links: Arc<Links>,
    /// Entries by their names, for a parser that compares what the export says it holds with what arrived. Unlike
    /// `links` they do not count as attached.
    pub present: Arc<Links>,
}

/// The list of most claims, of which a case may have millions.
static NO_LINKS: LazyLock<Arc<Links>> = LazyLock::new(Arc::default);

impl Claim {
    /// Returns a claim on one entry alone.
    pub fn of(format: &'static str, main: EntryId, framing: Framing) -> Self {
        Claim {
            format,
            main,
            companions: Vec::new(),
            copies: Vec::new(),
            framing,
            group: None,
            shared_companions: false,
            links: NO_LINKS.clone(),
            present: NO_LINKS.clone(),
        }
    }
}
