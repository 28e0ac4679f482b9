use super::json_value::{Cursor, Key};
use super::{Framer, LONGEST_FRAME, Span, Trouble};

/// Names that documents are assigned to are shorter.
const LONGEST_NAME: u64 = 4096;

/// Finds the elements of a document's arrays.
pub(super) struct JsonArrays {
    arrays: &'static [&'static str],
    state: State,
    cursor: Cursor,
    given: bool,
    key: String,
    index: u64,
    in_array: bool,
    root_array: bool,
    /// An assignment may stand before the document.
    assigned: bool,
    script: bool,
    /// What stands around the arrays comes in one frame each.
    around: bool,
    /// Where what stands around the arrays goes on, while it does.
    rest: Option<u64>,
    rests: u64,
    troubles: Vec<Trouble>,
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    Document,
    /// In the name that the document is assigned to.
    Name,
    Key,
    InKey,
    Colon,
    ValueOrArray,
    Element,
    InValue,
    Done,
    /// Something that is not JSON: nothing more is framed.
    Lost,
}

impl JsonArrays {
    pub(super) fn new(arrays: &'static [&'static str]) -> Self {
        JsonArrays {
            arrays,
            state: State::Document,
            cursor: Cursor::default(),
            given: false,
            key: String::new(),
            index: 0,
            in_array: false,
            root_array: false,
            assigned: false,
            script: false,
            around: false,
            rest: None,
            rests: 0,
            troubles: Vec::new(),
        }
    }

    pub(super) fn around(arrays: &'static [&'static str]) -> Self {
        JsonArrays { around: true, ..Self::new(arrays) }
    }

    pub(super) fn assigned(arrays: &'static [&'static str]) -> Self {
        JsonArrays { assigned: true, script: true, ..Self::new(arrays) }
    }

    fn lose(&mut self, code: &'static str, message: &'static str) {
        self.troubles.push(Trouble { offset: self.cursor.at, code, message });
        self.state = State::Lost;
    }

    fn begin_value(&mut self, byte: u8) {
        self.cursor.begin_value(byte);
        self.state = State::InValue;
        self.given = false;
    }

    fn give(&mut self, end: u64, truncated: bool, spans: &mut Vec<Span>) {
        if !self.given && (self.in_array || !self.around) {
            let index = if self.in_array { self.index } else { 0 };
            let (name, element) = (self.key.clone(), self.in_array);
            spans.push(Span { name, element, index, start: self.cursor.start, end, truncated });
        }
        self.given = true;
    }

    fn end_value(&mut self, spans: &mut Vec<Span>) {
        self.give(self.cursor.at, false, spans);
        self.index += 1;
        self.state = if self.in_array { State::Element } else { State::Key };
    }

    /// Ends what stands around the arrays.
    fn give_rest(&mut self, end: u64, truncated: bool, spans: &mut Vec<Span>) {
        if let Some(start) = self.rest.take() {
            let index = self.rests;
            self.rests += 1;
            spans.push(Span { name: String::new(), element: false, index, start, end, truncated });
        }
    }
}

impl Framer for JsonArrays {
    fn scan(&mut self, window: &[u8], base: u64, end: bool, spans: &mut Vec<Span>) {
        let have = base + window.len() as u64;
        while self.cursor.at < have {
            let byte = window[(self.cursor.at - base) as usize];
            let blank = matches!(byte, b' ' | b'\t' | b'\r' | b'\n');
            match self.state {
                State::Lost => self.cursor.at = have,
                State::InValue => {
                    if self.cursor.end_value(window, base) {
                        self.end_value(spans);
                    }
                }
                State::InKey => match self.cursor.end_key(window, base) {
                    Key::Whole(key) => (self.key, self.state) = (key, State::Colon),
                    Key::TooLong => {
                        self.lose("json.key", "A key is longer than 64 KiB; the rest of the entry was not read.");
                    }
                    Key::GoesOn => {}
                },
                _ if blank => self.cursor.at += 1,
                State::Document => match byte {
                    // A byte order mark before the document is common in exports.
                    0xef | 0xbb | 0xbf if self.cursor.at < 3 => self.cursor.at += 1,
                    b'{' => {
                        self.rest = self.around.then_some(self.cursor.at);
                        self.state = State::Key;
                        self.cursor.at += 1;
                    }
                    b'a'..=b'z' | b'A'..=b'Z' | b'_' | b'$' if self.assigned => {
                        (self.cursor.start, self.state) = (self.cursor.at, State::Name);
                        self.cursor.at += 1;
                    }
                    b'[' if self.arrays.contains(&"") => {
                        (self.in_array, self.root_array, self.state) = (true, true, State::Element);
                        self.cursor.at += 1;
                    }
                    b'[' => self.lose("json.layout", "The document is an array where an object was expected."),
                    _ => self.lose("json.syntax", "The entry does not begin as a JSON object or array."),
                },
                State::Name => match byte {
                    b'=' => {
                        (self.assigned, self.state) = (false, State::Document);
                        self.cursor.at += 1;
                    }
                    _ if self.cursor.at - self.cursor.start < LONGEST_NAME && !matches!(byte, b'<' | b'{' | b'"') => {
                        self.cursor.at += 1
                    }
                    _ => self.lose("json.syntax", "The entry does not begin as an assignment of JSON."),
                },
                State::Key => match byte {
                    b',' => self.cursor.at += 1,
                    b'"' => {
                        self.state = State::InKey;
                        self.cursor.begin_key();
                    }
                    b'}' => {
                        self.state = State::Done;
                        self.cursor.at += 1;
                        self.give_rest(self.cursor.at, false, spans);
                    }
                    _ => self.lose("json.syntax", "A key was expected; the rest of the entry was not read."),
                },
                State::Colon if byte == b':' => {
                    self.state = State::ValueOrArray;
                    self.cursor.at += 1;
                }
                State::Colon => self.lose("json.syntax", "A colon was expected; the rest of the entry was not read."),
                State::ValueOrArray => {
                    if byte == b'[' && self.arrays.contains(&self.key.as_str()) {
                        self.give_rest(self.cursor.at, false, spans);
                        (self.in_array, self.index, self.state) = (true, 0, State::Element);
                        self.cursor.at += 1;
                    } else if matches!(byte, b',' | b'}' | b']') {
                        self.lose("json.syntax", "A value was expected; the rest of the entry was not read.");
                    } else {
                        self.begin_value(byte);
                    }
                }
                State::Element => match byte {
                    b',' => self.cursor.at += 1,
                    b']' => {
                        self.in_array = false;
                        self.state = if self.root_array { State::Done } else { State::Key };
                        self.cursor.at += 1;
                        self.rest = (self.around && !self.root_array).then_some(self.cursor.at);
                    }
                    b'}' | b':' => {
                        self.lose("json.syntax", "An element was expected; the rest of the entry was not read.")
                    }
                    _ => self.begin_value(byte),
                },
                // An assignment may end with a semicolon.
                State::Done if byte == b';' && self.script => self.cursor.at += 1,
                State::Done => {
                    self.lose("json.trailing", "There is more after the end of the document; it was not read.")
                }
            }
        }
        if self.state == State::InValue && have - self.cursor.start > LONGEST_FRAME {
            self.give(self.cursor.start + LONGEST_FRAME, true, spans);
        }
        if let Some(start) = self.rest.filter(|start| have - start > LONGEST_FRAME) {
            self.give_rest(start + LONGEST_FRAME, true, spans);
        }
        if end && self.state == State::InValue {
            // A scalar that the document ends with is whole; anything else was cut off.
            self.give(have, true, spans);
        }
        if end && !matches!(self.state, State::Done | State::Lost) {
            self.give_rest(have, true, spans);
            self.lose("json.truncated", "The entry ends inside the document.");
        }
    }

    fn needed_from(&self) -> u64 {
        let needed = match self.state {
            State::InValue if !self.given => self.cursor.start,
            State::InKey => self.cursor.start,
            _ => self.cursor.at,
        };
        self.rest.map_or(needed, |rest| rest.min(needed))
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

    const LOCATIONS: Framing = Framing::JsonArrays(&["locations"]);
    const ROOT: Framing = Framing::JsonArrays(&[""]);

    #[test]
    fn elements_and_members() {
        let doc = br#"  {"a": 1, "locations": [{"x":"]}\"\\"}, [2] ,3,"s"], "b": {"c":[]},"locations":[4]}  "#;
        assert_eq!(texts(LOCATIONS, doc), ["1", r#"{"x":"]}\"\\"}"#, "[2]", "3", "\"s\"", r#"{"c":[]}"#, "4"]);
        let (spans, troubles) = frame_all(LOCATIONS, doc);
        assert!(troubles.is_empty());
        let named: Vec<_> = spans.iter().map(|s: &Span| (s.name.as_str(), s.element, s.index)).collect();
        assert_eq!(
            named,
            [
                ("a", false, 0),
                ("locations", true, 0),
                ("locations", true, 1),
                ("locations", true, 2),
                ("locations", true, 3),
                ("b", false, 0),
                ("locations", true, 0)
            ]
        );
    }

    #[test]
    fn a_document_that_is_an_array() {
        assert_eq!(texts(ROOT, b"\xef\xbb\xbf[1,{\"a\":[2]}]\n"), ["1", "{\"a\":[2]}"]);
        assert!(texts(ROOT, b"[]").is_empty());
    }

    #[test]
    fn damage_is_told_and_what_came_before_is_kept() {
        for (doc, code, frames) in [
            (&b""[..], "json.truncated", 0),
            (b"<html>", "json.syntax", 0),
            (b"[1,2", "json.truncated", 2),
            (b"[1,{\"a\":", "json.truncated", 2),
            (b"[1] x", "json.trailing", 1),
            (b"[1}", "json.syntax", 1),
            (b"{\"a\" 1}", "json.syntax", 0),
        ] {
            let framing = Framing::JsonArrays(&["", "locations"]);
            let (spans, troubles) = frame_all(framing, doc);
            assert_eq!(troubles.iter().map(|t| t.code).collect::<Vec<_>>(), [code], "{}", String::from_utf8_lossy(doc));
            assert_eq!(spans.len(), frames, "{}", String::from_utf8_lossy(doc));
            texts(framing, doc);
        }
    }

    #[test]
    fn what_stands_around_arrays_is_one_frame() {
        const AROUND: Framing = Framing::JsonAround(&["m"]);
        let doc = br#" {"p": ["m", {"m":[1]}], "m": [{"a":1}, 2], "t": "x]", "n": {"m": []}} "#;
        assert_eq!(
            texts(AROUND, doc),
            [r#"{"p": ["m", {"m":[1]}], "m": "#, r#"{"a":1}"#, "2", r#", "t": "x]", "n": {"m": []}}"#]
        );
        let (spans, troubles) = frame_all(AROUND, doc);
        assert!(troubles.is_empty());
        let named: Vec<_> = spans.iter().map(|s: &Span| (s.name.as_str(), s.element, s.index)).collect();
        assert_eq!(named, [("", false, 0), ("m", true, 0), ("m", true, 1), ("", false, 1)]);
        assert_eq!(texts(AROUND, b"{\"p\":1}"), ["{\"p\":1}"]);
        let (spans, troubles) = frame_all(AROUND, b"{\"m\":[1],\"t\":\"cut");
        assert_eq!((spans.len(), spans[2].truncated, troubles[0].code), (3, true, "json.truncated"));
        texts(AROUND, b"{\"m\":[1],\"t\":\"cut");
    }

    #[test]
    fn a_document_behind_an_assignment() {
        const ASSIGNED: Framing = Framing::JsonAssigned(&[""]);
        assert_eq!(texts(ASSIGNED, b"window.YTD.tweets.part0 = [ {\"a\" : 1} , 2 ];\n"), ["{\"a\" : 1}", "2"]);
        assert_eq!(texts(ASSIGNED, b"\xef\xbb\xbfvar x =\n[1]"), ["1"]);
        assert_eq!(texts(ASSIGNED, b"[1]"), ["1"], "without one, too");
        assert_eq!(texts(ASSIGNED, b"var d = {\"a\":1}"), ["1"]);
        for (doc, code) in [
            (&b"x = "[..], "json.truncated"),
            (b"x", "json.truncated"),
            (b"x<y", "json.syntax"),
            (b"x = = [1]", "json.syntax"),
        ] {
            let (spans, troubles) = frame_all(ASSIGNED, doc);
            assert_eq!((spans.len(), troubles.iter().map(|t| t.code).collect::<Vec<_>>()), (0, vec![code]));
            texts(ASSIGNED, doc);
        }
        assert_eq!(frame_all(ROOT, b"x = [1]").1[0].code, "json.syntax");
        assert_eq!(frame_all(ROOT, b"[1];").1[0].code, "json.trailing");
    }

    #[test]
    fn nesting_without_end_needs_no_stack() {
        let deep = [b"[".repeat(1), b"[".repeat(200_000), b"]".repeat(200_000), b"]".repeat(1)].concat();
        let (spans, troubles) = frame_all(ROOT, &deep);
        assert_eq!((spans.len(), troubles.len()), (1, 0));
    }
}
