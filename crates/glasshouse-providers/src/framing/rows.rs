use super::{Framer, LONGEST_FRAME, Span};

/// One frame a row of a table with separated values (RFC 4180 and what people make of it).
///
/// A quote opens a value only where a value begins, so that an inch sign inside one does not swallow the rest
/// of the table; comma, semicolon and tab all end a value here, whichever of them the table uses.
#[derive(Default)]
pub(super) struct Rows {
    state: State,
    start: u64,
    at: u64,
    index: u64,
    skipping: bool,
}

#[derive(Clone, Copy, Default, PartialEq)]
enum State {
    #[default]
    ValueStart,
    Plain,
    Quoted,
    /// After a quote inside a quoted value: a second one is a quote, anything else ended the value.
    QuoteInQuoted,
}

impl Rows {
    fn close(&mut self, end: u64, truncated: bool, spans: &mut Vec<Span>) {
        if !self.skipping && end > self.start {
            let (index, start) = (self.index, self.start);
            spans.push(Span { name: String::new(), element: true, index, start, end, truncated });
            self.index += 1;
        }
    }
}

impl Framer for Rows {
    fn scan(&mut self, window: &[u8], base: u64, end: bool, spans: &mut Vec<Span>) {
        let from = self.at.saturating_sub(base).min(window.len() as u64) as usize;
        for (i, byte) in window.iter().enumerate().skip(from) {
            let place = base + i as u64;
            self.state = match (self.state, byte) {
                (State::Quoted, b'"') => State::QuoteInQuoted,
                (State::Quoted, _) => State::Quoted,
                (State::QuoteInQuoted, b'"') => State::Quoted,
                (_, b'\n') => {
                    self.close(place + 1, false, spans);
                    self.start = place + 1;
                    self.skipping = false;
                    State::ValueStart
                }
                (State::ValueStart, b'"') => State::Quoted,
                // A byte order mark precedes the first value.
                (State::ValueStart, 0xef | 0xbb | 0xbf) if place < 3 => State::ValueStart,
                (_, b',' | b';' | b'\t') => State::ValueStart,
                _ => State::Plain,
            };
        }
        let have = base + window.len() as u64;
        self.at = self.at.max(have);
        if have - self.start > LONGEST_FRAME && !self.skipping {
            self.close(self.start + LONGEST_FRAME, true, spans);
            self.skipping = true;
        }
        if end {
            self.close(have, self.state == State::Quoted, spans);
            self.start = have;
        }
    }

    fn needed_from(&self) -> u64 {
        if self.skipping { self.at } else { self.start }
    }
}

#[cfg(test)]
mod tests {
    use crate::framing::{frame_all, tests::texts};
    use glasshouse_model::Framing;

    #[test]
    fn quoted_values_hold_line_breaks() {
        let table = b"\xef\xbb\xbf\"a\nb\",c\r\n1,\"say \"\"x\n\"\"\"\n\nlast";
        let rows = texts(Framing::Rows, table);
        assert_eq!(rows[0], "\u{feff}\"a\nb\",c\r\n");
        assert_eq!(rows[1..], ["1,\"say \"\"x\n\"\"\"\n", "\n", "last"]);
    }

    #[test]
    fn a_quote_inside_a_value_opens_nothing() {
        assert_eq!(texts(Framing::Rows, b"19\" screen,2\n;\"x\ny\"\n"), ["19\" screen,2\n", ";\"x\ny\"\n"]);
    }

    #[test]
    fn a_quote_that_never_closes_is_told() {
        let (spans, _) = frame_all(Framing::Rows, b"a\n\"b\nc\n");
        assert_eq!(spans.iter().map(|s| s.truncated).collect::<Vec<_>>(), [false, true]);
    }
}
