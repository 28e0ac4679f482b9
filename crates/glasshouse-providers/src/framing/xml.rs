use super::{Framer, LONGEST_FRAME, Span, Trouble};
use memchr::memmem;

/// Finds the elements directly below a document's root by its markup alone.
///
/// It holds a depth and no stack, so that no nesting can exhaust anything; whether an element is valid XML is
/// for the parser to say. What precedes the first child (declaration, document type, the root's own tag) is a
/// frame that is no element.
#[derive(Default)]
pub(super) struct XmlChildren {
    /// Next byte to look at.
    at: u64,
    /// First byte of the frame in progress.
    start: u64,
    state: State,
    depth: u64,
    /// Inside a document type: how many `[` are open.
    brackets: u64,
    quote: u8,
    /// Inside a document type: how much of `<!--`, or inside a comment of `-->`, was just seen.
    dashes: usize,
    in_comment: bool,
    /// Whether the tag in progress began with `</`, and the last byte of it seen.
    closing: bool,
    last: u8,
    index: u64,
    given: bool,
    troubles: Vec<Trouble>,
}

#[derive(Clone, Copy, Default, PartialEq)]
enum State {
    #[default]
    Text,
    /// Inside `<…>` of an element.
    Tag,
    Comment,
    Cdata,
    Instruction,
    Declaration,
    /// The root has ended.
    Done,
}

impl XmlChildren {
    fn give(&mut self, end: u64, element: bool, truncated: bool, spans: &mut Vec<Span>) {
        if !self.given && end > self.start {
            // The same, whether the rest arrives with the beginning or later.
            let too_long = end - self.start > LONGEST_FRAME;
            let (end, truncated) = (end.min(self.start + LONGEST_FRAME), truncated || too_long);
            let index = if element { self.index } else { 0 };
            spans.push(Span { name: String::new(), element, index, start: self.start, end, truncated });
        }
        self.given = true;
    }

    /// Does what the end of a tag means.
    fn tag_ends(&mut self, end: u64, spans: &mut Vec<Span>) {
        let (closing, empty) = (self.closing, self.last == b'/');
        if closing {
            self.depth = self.depth.saturating_sub(1);
        } else if !empty {
            self.depth += 1;
        }
        match (self.depth, closing || empty) {
            // The root's own tag: all up to here is the head.
            (1, false) => {
                self.give(end, false, false, spans);
                (self.start, self.given) = (end, false);
            }
            (1, true) => {
                self.give(end, true, false, spans);
                self.index += 1;
                (self.start, self.given) = (end, false);
            }
            (0, _) => {
                if empty {
                    self.give(end, false, false, spans);
                }
                self.start = end;
                self.state = State::Done;
                return;
            }
            _ => {}
        }
        self.state = State::Text;
    }

    /// Takes a byte of a tag or a document type; says whether it is the `>` that ends it.
    fn ends_markup(&mut self, byte: u8, declaration: bool) -> bool {
        if declaration && self.is_comment(byte) {
            return false;
        }
        match byte {
            _ if self.quote != 0 => self.quote = if byte == self.quote { 0 } else { self.quote },
            b'"' | b'\'' => self.quote = byte,
            b'[' if declaration => self.brackets += 1,
            b']' if declaration => self.brackets = self.brackets.saturating_sub(1),
            b'>' => return self.brackets == 0,
            _ => {}
        }
        false
    }

    /// Takes a byte of a document type; says whether it belongs to a comment, in which a quote is none.
    fn is_comment(&mut self, byte: u8) -> bool {
        if self.in_comment {
            match byte {
                b'-' => self.dashes = (self.dashes + 1).min(2),
                b'>' if self.dashes == 2 => (self.in_comment, self.dashes) = (false, 0),
                _ => self.dashes = 0,
            }
            return true;
        }
        const OPEN: &[u8] = b"<!--";
        if self.quote == 0 && OPEN.get(self.dashes) == Some(&byte) {
            self.dashes += 1;
        } else {
            self.dashes = usize::from(self.quote == 0 && byte == b'<');
        }
        if self.dashes == OPEN.len() {
            (self.in_comment, self.dashes) = (true, 0);
        }
        false
    }

    /// Goes behind the next `needle` and back to text; false when the window ends first.
    fn skip(&mut self, rest: &[u8], needle: &[u8], end: bool) -> bool {
        match memmem::find(rest, needle) {
            Some(found) => {
                self.at += (found + needle.len()) as u64;
                self.state = State::Text;
                true
            }
            None => {
                let keep = if end { 0 } else { needle.len() - 1 };
                self.at += rest.len().saturating_sub(keep) as u64;
                false
            }
        }
    }
}

impl Framer for XmlChildren {
    fn scan(&mut self, window: &[u8], base: u64, end: bool, spans: &mut Vec<Span>) {
        let have = base + window.len() as u64;
        while self.at < have {
            let Some(rest) = window.get((self.at - base) as usize..) else { break };
            match self.state {
                State::Done => {
                    self.at = have;
                    self.start = have;
                }
                State::Text => {
                    let Some(skip) = memchr::memchr(b'<', rest) else {
                        self.at = have;
                        // Between children nothing belongs to a frame: the next begins at its tag.
                        if self.depth == 1 && !self.given {
                            self.start = have;
                        }
                        continue;
                    };
                    let markup = rest.get(skip..).unwrap_or_default();
                    self.at += skip as u64;
                    if self.depth == 1 && !self.given {
                        self.start = self.at;
                    }
                    let (state, length) = match markup {
                        _ if markup.len() < 9 && !end => break,
                        [b'<', b'!', b'-', b'-', ..] => (State::Comment, 4),
                        [b'<', b'!', b'[', b'C', b'D', b'A', b'T', b'A', b'[', ..] => (State::Cdata, 9),
                        [b'<', b'!', ..] => (State::Declaration, 2),
                        [b'<', b'?', ..] => (State::Instruction, 2),
                        _ => (State::Tag, 1),
                    };
                    (self.brackets, self.quote, self.last, self.state) = (0, 0, 0, state);
                    (self.dashes, self.in_comment) = (0, false);
                    self.closing = markup.get(1) == Some(&b'/');
                    self.at += length;
                }
                State::Comment => {
                    if !self.skip(rest, b"-->", end) {
                        break;
                    }
                }
                State::Cdata => {
                    if !self.skip(rest, b"]]>", end) {
                        break;
                    }
                }
                State::Instruction => {
                    if !self.skip(rest, b"?>", end) {
                        break;
                    }
                }
                State::Tag | State::Declaration => {
                    let declaration = self.state == State::Declaration;
                    let close = rest.iter().position(|byte| self.ends_markup(*byte, declaration));
                    let Some(close) = close else {
                        self.last = rest.last().copied().unwrap_or(self.last);
                        self.at = have;
                        continue;
                    };
                    self.last = close.checked_sub(1).and_then(|i| rest.get(i)).copied().unwrap_or(self.last);
                    self.at += close as u64 + 1;
                    if declaration {
                        self.state = State::Text;
                        continue;
                    }
                    self.tag_ends(self.at, spans);
                }
            }
        }
        if have.saturating_sub(self.start) > LONGEST_FRAME && !self.given && self.state != State::Done {
            let element = self.depth > 0;
            self.give(have, element, true, spans);
        }
        if end && self.state != State::Done {
            let element = self.depth > 0 && self.start < have;
            if self.depth > 1 || self.state != State::Text || self.depth == 0 {
                self.give(have, element, true, spans);
            }
            self.troubles.push(Trouble {
                offset: have,
                code: "xml.truncated",
                message: "The document ends before its root element does.",
            });
            (self.start, self.state) = (have, State::Done);
        }
    }

    fn needed_from(&self) -> u64 {
        match self.state {
            State::Done => self.at,
            _ if self.given => self.at,
            _ => self.start.min(self.at),
        }
    }

    fn troubles(&mut self) -> Vec<Trouble> {
        std::mem::take(&mut self.troubles)
    }
}

#[cfg(test)]
mod tests {
    use crate::framing::{LONGEST_FRAME, frame_all, tests::frame_in_steps, tests::texts};
    use glasshouse_model::Framing;

    #[test]
    fn children_of_the_root() {
        let xml = "\u{feff}<?xml version=\"1.0\"?>\n<!DOCTYPE d [ <!-- it's [ > --> <!ELEMENT a (b>c)> ]>\n<!-- <a> -->\n<d x='>'>\n \
                   <a k=\"1>2\"/>\n <!-- <b> --><b><b/><![CDATA[</b>]]></b> text\n <c>\n  <d></d>\n </c>\n</d>\n<!-- -->";
        let frames = texts(Framing::XmlChildren, xml.as_bytes());
        assert!(frames[0].ends_with("<d x='>'>"), "{}", frames[0]);
        assert_eq!(frames[1], "<a k=\"1>2\"/>");
        assert_eq!(frames[2], "<b><b/><![CDATA[</b>]]></b>");
        assert_eq!(frames[3..], ["<c>\n  <d></d>\n </c>"]);
        let (spans, troubles) = frame_all(Framing::XmlChildren, xml.as_bytes());
        assert_eq!(
            spans.iter().map(|s| (s.element, s.index)).collect::<Vec<_>>(),
            [(false, 0), (true, 0), (true, 1), (true, 2)]
        );
        assert!(troubles.is_empty());
    }

    #[test]
    fn documents_that_end_early_are_told() {
        for (xml, last) in [("<d><a/><b><c/>", "<b><c/>"), ("<d><a/><b k=\"", "<b k=\""), ("<d x", "<d x")] {
            let frames = texts(Framing::XmlChildren, xml.as_bytes());
            assert_eq!(frames.last().map(String::as_str), Some(last));
            let (spans, troubles) = frame_all(Framing::XmlChildren, xml.as_bytes());
            assert!(spans.last().is_some_and(|s| s.truncated));
            assert_eq!(troubles.len(), 1);
        }
        assert_eq!(frame_all(Framing::XmlChildren, b"<d><a/>").1.len(), 1);
        assert_eq!(texts(Framing::XmlChildren, b"<d/>"), ["<d/>"]);
        assert_eq!(texts(Framing::XmlChildren, b"no markup").len(), 1);
    }

    #[test]
    fn a_child_beyond_the_limit_is_cut_however_the_bytes_arrive() {
        let mut bytes = b"<d><a/><b>".to_vec();
        bytes.resize(LONGEST_FRAME as usize + 100_000, b'x');
        bytes.extend_from_slice(b"<e/></b><c/></d>");
        let (all, _) = frame_all(Framing::XmlChildren, &bytes);
        assert_eq!(all.iter().map(|s| s.truncated).collect::<Vec<_>>(), [false, false, true, false]);
        assert_eq!(frame_in_steps(Framing::XmlChildren, &bytes, 30_000_001), all);
    }
}
