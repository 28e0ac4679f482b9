use super::json_value::{Cursor, Key};
use super::{Framer, LONGEST_FRAME, Span, Trouble};
use std::fmt::Write;

/// Finds the elements of arrays that lie inside other arrays and objects.
///
/// It goes down only where a path leads, so it holds no more levels than the longest path has; everything else
/// is one frame, whatever is in it.
pub(super) struct JsonPaths {
    paths: Vec<Vec<&'static str>>,
    levels: Vec<Level>,
    state: State,
    cursor: Cursor,
    given: bool,
    element: bool,
    troubles: Vec<Trouble>,
}

/// A container that is gone into.
struct Level {
    array: bool,
    index: u64,
    /// The key in progress, as it stands in a pointer.
    key: String,
    pointer: String,
    /// Which paths lead here.
    leads: Vec<usize>,
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    Document,
    Key,
    InKey,
    Colon,
    Value,
    Element,
    InValue,
    Done,
    /// Something that is not JSON: nothing more is framed.
    Lost,
}

impl JsonPaths {
    pub(super) fn new(paths: &[&'static str]) -> Self {
        JsonPaths {
            paths: paths.iter().map(|path| path.split('/').skip(1).collect()).collect(),
            levels: Vec::new(),
            state: State::Document,
            cursor: Cursor::default(),
            given: false,
            element: false,
            troubles: Vec::new(),
        }
    }

    fn lose(&mut self, code: &'static str, message: &'static str) {
        self.troubles.push(Trouble { offset: self.cursor.at, code, message });
        self.state = State::Lost;
    }

    /// Returns the pointer of the value that comes next.
    fn pointer(&self) -> String {
        let Some(level) = self.levels.last() else { return String::new() };
        let mut pointer = level.pointer.clone();
        let _ = if level.array { write!(pointer, "/{}", level.index) } else { write!(pointer, "/{}", level.key) };
        pointer
    }

    /// Begins the value at `at`: goes into it if a path leads through it.
    fn begin_value(&mut self, byte: u8) {
        let depth = self.levels.len();
        let (leads, whole) = match self.levels.last() {
            None => ((0..self.paths.len()).collect(), false),
            Some(level) => {
                let fits = |path: &usize| {
                    let step = self.paths.get(*path).and_then(|p| p.get(depth - 1));
                    step.is_some_and(|step| *step == "*" || (!level.array && *step == level.key))
                };
                let leads: Vec<usize> = level.leads.iter().copied().filter(fits).collect();
                let ends = leads.iter().any(|path| self.paths.get(*path).is_some_and(|p| p.len() == depth));
                (leads, ends)
            }
        };
        let next = if byte == b'[' { Some(true) } else { (byte == b'{').then_some(false) };
        let goes_on = next.is_some_and(|array| {
            leads.iter().any(|path| {
                let step = self.paths.get(*path).and_then(|p| p.get(depth));
                step.is_some_and(|step| *step == "*" || !array)
            })
        });
        if !whole && goes_on {
            let array = byte == b'[';
            let pointer = self.pointer();
            self.levels.push(Level { array, index: 0, key: String::new(), pointer, leads });
            self.state = if array { State::Element } else { State::Key };
            self.cursor.at += 1;
            return;
        }
        self.element = whole && self.levels.last().is_some_and(|level| level.array);
        self.cursor.begin_value(byte);
        self.state = State::InValue;
        self.given = false;
    }

    fn give(&mut self, end: u64, truncated: bool, spans: &mut Vec<Span>) {
        if !self.given {
            let (name, index) = match self.levels.last() {
                Some(level) if self.element => (level.pointer.clone(), level.index),
                _ => (self.pointer(), 0),
            };
            spans.push(Span { name, element: self.element, index, start: self.cursor.start, end, truncated });
        }
        self.given = true;
    }

    fn end_value(&mut self, spans: &mut Vec<Span>) {
        self.give(self.cursor.at, false, spans);
        self.after_value();
    }

    fn after_value(&mut self) {
        self.state = match self.levels.last_mut() {
            Some(level) => {
                level.index += 1;
                if level.array { State::Element } else { State::Key }
            }
            None => State::Done,
        };
    }

    fn leave(&mut self) {
        self.levels.pop();
        self.cursor.at += 1;
        self.after_value();
    }

    /// Looks at the key in progress.
    fn scan_key(&mut self, window: &[u8], base: u64) {
        match self.cursor.end_key(window, base) {
            Key::Whole(key) => {
                if let Some(level) = self.levels.last_mut() {
                    level.key = key.replace('~', "~0").replace('/', "~1");
                }
                self.state = State::Colon;
            }
            Key::TooLong => self.lose("json.key", "A key is longer than 64 KiB; the rest of the entry was not read."),
            Key::GoesOn => {}
        }
    }
}

impl Framer for JsonPaths {
    fn scan(&mut self, window: &[u8], base: u64, end: bool, spans: &mut Vec<Span>) {
        let have = base + window.len() as u64;
        while let Some(byte) = self.cursor.at.checked_sub(base).and_then(|at| window.get(at as usize)).copied() {
            let blank = matches!(byte, b' ' | b'\t' | b'\r' | b'\n');
            match self.state {
                State::Lost => self.cursor.at = have,
                State::InValue => {
                    if self.cursor.end_value(window, base) {
                        self.end_value(spans);
                    }
                }
                State::InKey => self.scan_key(window, base),
                _ if blank => self.cursor.at += 1,
                State::Document => match byte {
                    0xef | 0xbb | 0xbf if self.cursor.at < 3 => self.cursor.at += 1,
                    b'{' | b'[' => {
                        self.begin_value(byte);
                        if self.levels.is_empty() {
                            self.lose("json.layout", "The document does not begin as was expected.");
                        }
                    }
                    _ => self.lose("json.syntax", "The entry does not begin as a JSON object or array."),
                },
                State::Key => match byte {
                    b',' => self.cursor.at += 1,
                    b'"' => {
                        self.state = State::InKey;
                        self.cursor.begin_key();
                    }
                    b'}' => self.leave(),
                    _ => self.lose("json.syntax", "A key was expected; the rest of the entry was not read."),
                },
                State::Colon if byte == b':' => {
                    self.state = State::Value;
                    self.cursor.at += 1;
                }
                State::Colon => self.lose("json.syntax", "A colon was expected; the rest of the entry was not read."),
                State::Value => match byte {
                    b',' | b'}' | b']' => {
                        self.lose("json.syntax", "A value was expected; the rest of the entry was not read.")
                    }
                    _ => self.begin_value(byte),
                },
                State::Element => match byte {
                    b',' => self.cursor.at += 1,
                    b']' => self.leave(),
                    b'}' | b':' => {
                        self.lose("json.syntax", "An element was expected; the rest of the entry was not read.")
                    }
                    _ => self.begin_value(byte),
                },
                State::Done => {
                    self.lose("json.trailing", "There is more after the end of the document; it was not read.")
                }
            }
        }
        if self.state == State::InValue && have - self.cursor.start > LONGEST_FRAME {
            self.give(self.cursor.start + LONGEST_FRAME, true, spans);
        }
        if end && self.state == State::InValue {
            self.give(have, true, spans);
        }
        if end && !matches!(self.state, State::Done | State::Lost) {
            self.lose("json.truncated", "The entry ends inside the document.");
        }
    }

    fn needed_from(&self) -> u64 {
        match self.state {
            State::InValue if !self.given => self.cursor.start,
            State::InKey => self.cursor.start,
            _ => self.cursor.at,
        }
    }

    fn troubles(&mut self) -> Vec<Trouble> {
        std::mem::take(&mut self.troubles)
    }
}

#[cfg(test)]
mod tests {
    use crate::framing::tests::texts;
    use crate::framing::{Span, frame_all};
    use glasshouse_model::Framing;

    const CHATS: Framing = Framing::JsonPaths(&["/chats/list/*/messages/*", "/messages/*"]);

    #[test]
    fn elements_of_inner_arrays() {
        let doc = br#"{"a":1,"chats":{"about":"x]","list":[{"name":"A/~","m~/":0,"messages":[{"i":[1]},2]},7,
            {"messages":{"no":"array"},"id":"}"}]},"messages":[3],"list":[4]}"#;
        let (spans, troubles) = frame_all(CHATS, doc);
        assert!(troubles.is_empty(), "{troubles:?}");
        let named: Vec<_> = spans.iter().map(|s: &Span| (s.name.as_str(), s.element, s.index)).collect();
        assert_eq!(
            named,
            [
                ("/a", false, 0),
                ("/chats/about", false, 0),
                ("/chats/list/0/name", false, 0),
                ("/chats/list/0/m~0~1", false, 0),
                ("/chats/list/0/messages", true, 0),
                ("/chats/list/0/messages", true, 1),
                ("/chats/list/1", false, 0),
                ("/chats/list/2/messages/no", false, 0),
                ("/chats/list/2/id", false, 0),
                ("/messages", true, 0),
                ("/list", false, 0),
            ]
        );
        let found = texts(CHATS, doc);
        assert_eq!(found[4..7], [r#"{"i":[1]}"#, "2", "7"]);
        assert_eq!(found[8], "\"}\"");
    }

    #[test]
    fn a_star_stands_for_a_key_too() {
        const ALL: Framing = Framing::JsonPaths(&["/*/*"]);
        let doc = br#"{"anna":[{"a":1},2],"b/c":[],"x":{"y":[1]},"z":3}"#;
        let (spans, _) = frame_all(ALL, doc);
        let named: Vec<_> = spans.iter().map(|s: &Span| (s.name.as_str(), s.element, s.index)).collect();
        assert_eq!(named, [("/anna", true, 0), ("/anna", true, 1), ("/x/y", false, 0), ("/z", false, 0)]);
        assert_eq!(texts(ALL, doc)[2..], ["[1]", "3"]);
    }

    #[test]
    fn damage_is_told_and_what_came_before_is_kept() {
        for (doc, code, frames) in [
            (&b""[..], "json.truncated", 0),
            (b"<html>", "json.syntax", 0),
            (b"[1]", "json.layout", 0),
            (b"{\"messages\":[1,2", "json.truncated", 2),
            (b"{\"messages\":[1,{\"a\":", "json.truncated", 2),
            (b"{\"messages\":[1]} x", "json.trailing", 1),
            (b"{\"messages\":[1}", "json.syntax", 1),
            (b"{\"chats\":{\"list\":[{\"name\" 1}", "json.syntax", 0),
            (b"{\"chats\":{\"list\":[{\"name\":}", "json.syntax", 0),
        ] {
            let (spans, troubles) = frame_all(CHATS, doc);
            assert_eq!(troubles.iter().map(|t| t.code).collect::<Vec<_>>(), [code], "{}", String::from_utf8_lossy(doc));
            assert_eq!(spans.len(), frames, "{}", String::from_utf8_lossy(doc));
            texts(CHATS, doc);
        }
    }

    #[test]
    fn nesting_without_end_needs_no_stack() {
        let deep = [b"{\"messages\":[".to_vec(), b"[".repeat(200_000), b"]".repeat(200_000), b"]}".to_vec()].concat();
        let (spans, troubles) = frame_all(CHATS, &deep);
        assert_eq!((spans.len(), troubles.len()), (1, 0));
    }
}
