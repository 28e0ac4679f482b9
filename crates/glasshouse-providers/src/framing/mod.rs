//! Cutting an entry into frames while it streams by, so that no entry is ever held whole.

mod json;
mod json_paths;
mod json_value;
mod lines;
mod mbox;
mod rows;
mod stamped;
mod xml;

use glasshouse_model::Framing;

/// Frames longer than this arrive cut off, marked as truncated.
pub const LONGEST_FRAME: u64 = 64 << 20;

/// One frame found: a range of the entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// See [`crate::Frame::name`].
    pub name: String,
    /// See [`crate::Frame::element`].
    pub element: bool,
    pub index: u64,
    pub start: u64,
    pub end: u64,
    pub truncated: bool,
}

/// Something the framer met that no frame can carry (text after the document's end).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    pub offset: u64,
    pub code: &'static str,
    pub message: &'static str,
}

/// Finds frames in a stream of bytes.
pub trait Framer: Send {
    /// Looks at the bytes of `window`, which start at `base` in the entry, and adds the frames that end in it.
    ///
    /// Each call's window begins at or before [`Framer::needed_from`] of the call before and ends where more
    /// bytes have arrived; `end` says that none will follow.
    fn scan(&mut self, window: &[u8], base: u64, end: bool, spans: &mut Vec<Span>);

    /// Returns the first byte that later frames may still need.
    fn needed_from(&self) -> u64;

    /// Returns what could not be told by frames, once.
    fn troubles(&mut self) -> Vec<Trouble> {
        Vec::new()
    }
}

/// Returns a framer of the given kind.
pub fn framer(framing: Framing) -> Box<dyn Framer> {
    match framing {
        Framing::Whole => Box::new(lines::Whole::default()),
        Framing::Mbox => Box::new(mbox::Mbox::default()),
        Framing::JsonArrays(arrays) => Box::new(json::JsonArrays::new(arrays)),
        Framing::JsonPaths(paths) => Box::new(json_paths::JsonPaths::new(paths)),
        Framing::JsonAround(arrays) => Box::new(json::JsonArrays::around(arrays)),
        Framing::JsonAssigned(arrays) => Box::new(json::JsonArrays::assigned(arrays)),
        Framing::Marker(marker) => Box::new(lines::Marker::new(marker)),
        Framing::Lines => Box::new(lines::Marker::new(b"\n")),
        Framing::Rows => Box::new(rows::Rows::default()),
        Framing::Stamped => Box::new(stamped::Stamped::default()),
        Framing::Stretches => Box::new(lines::Stretches::default()),
        Framing::XmlChildren => Box::new(xml::XmlChildren::default()),
    }
}

/// Frames a whole entry that is in memory already.
pub fn frame_all(framing: Framing, bytes: &[u8]) -> (Vec<Span>, Vec<Trouble>) {
    let mut framer = framer(framing);
    let mut spans = Vec::new();
    framer.scan(bytes, 0, true, &mut spans);
    (spans, framer.troubles())
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Frames `bytes` in windows of `step` bytes, dropping what is no longer needed, as the engine does.
    pub(crate) fn frame_in_steps(framing: Framing, bytes: &[u8], step: usize) -> Vec<Span> {
        let mut framer = framer(framing);
        let mut spans = Vec::new();
        let (mut base, mut end) = (0usize, 0usize);
        loop {
            end = (end + step).min(bytes.len());
            framer.scan(&bytes[base..end], base as u64, end == bytes.len(), &mut spans);
            if end == bytes.len() {
                return spans;
            }
            base = framer.needed_from() as usize;
            assert!(base <= end, "nothing beyond the window can be done with");
        }
    }

    /// Asserts that frames do not depend on how the bytes arrive, and returns their texts.
    pub(crate) fn texts(framing: Framing, bytes: &[u8]) -> Vec<String> {
        let (all, _) = frame_all(framing, bytes);
        for step in [1, 2, 3, 7, 64, 1000] {
            assert_eq!(frame_in_steps(framing, bytes, step), all, "in steps of {step}");
        }
        all.iter().map(|s| String::from_utf8_lossy(&bytes[s.start as usize..s.end as usize]).into_owned()).collect()
    }
}
