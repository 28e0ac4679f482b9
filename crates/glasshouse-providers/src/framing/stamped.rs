use super::{Framer, LONGEST_FRAME, Span};
use crate::formats::stamp::{self, Form, LONGEST};
use memchr::memchr;

/// One frame from each line that begins with a date and a clock to the next such line.
///
/// The first one found tells the form of all: a quotation from another log, which writes its dates in another
/// way, stays inside the message that quotes it.
#[derive(Default)]
pub(super) struct Stamped {
    form: Option<Form>,
    /// Where the frame in progress starts.
    start: u64,
    /// The next line to look at.
    line: u64,
    index: u64,
    skipping: bool,
    /// Where to look for the end of a line that was looked at already.
    search: Option<u64>,
}

impl Stamped {
    fn close(&mut self, end: u64, truncated: bool, spans: &mut Vec<Span>) {
        if !self.skipping && end > self.start {
            let (index, start) = (self.index, self.start);
            let truncated = truncated || end - start > LONGEST_FRAME;
            let end = end.min(start + LONGEST_FRAME);
            spans.push(Span { name: String::new(), element: true, index, start, end, truncated });
            self.index += 1;
        }
    }

    fn begins(&mut self, line: &[u8]) -> bool {
        let Some(found) = stamp::scan(line) else { return false };
        *self.form.get_or_insert(found.form) == found.form
    }
}

impl Framer for Stamped {
    fn scan(&mut self, window: &[u8], base: u64, end: bool, spans: &mut Vec<Span>) {
        let have = base + window.len() as u64;
        loop {
            if let Some(from) = self.search {
                let rest = window.get(from.saturating_sub(base) as usize..).unwrap_or_default();
                let Some(found) = memchr(b'\n', rest) else {
                    self.search = Some(from.max(have));
                    break;
                };
                self.line = from.max(base) + found as u64 + 1;
                self.search = None;
            }
            let rest = window.get(self.line.saturating_sub(base) as usize..).unwrap_or_default();
            // What the line begins with must be there in full, so that nothing depends on how bytes arrive.
            if rest.is_empty() || (rest.len() < LONGEST && !end && memchr(b'\n', rest).is_none()) {
                break;
            }
            if self.begins(rest) {
                self.close(self.line, false, spans);
                self.start = self.line;
                self.skipping = false;
            }
            self.search = Some(self.line);
        }
        if have - self.start > LONGEST_FRAME && !self.skipping {
            self.close(self.start + LONGEST_FRAME, true, spans);
            self.skipping = true;
        }
        if end {
            self.close(have, false, spans);
            self.start = have;
        }
    }

    fn needed_from(&self) -> u64 {
        let next = self.search.unwrap_or(self.line);
        if self.skipping { next } else { self.start.min(next) }
    }
}

#[cfg(test)]
mod tests {
    use crate::framing::tests::texts;
    use glasshouse_model::Framing;

    #[test]
    fn a_stamp_begins_a_frame() {
        let log =
            "\u{feff}note\n1/2/18, 9:05 - A: x\r\nmore\n\n[1/2/18, 9:05:01] B: quoted\n1/2/18 was\n1/3/18, 9:06 - B: y";
        assert_eq!(
            texts(Framing::Stamped, log.as_bytes()),
            [
                "\u{feff}note\n",
                "1/2/18, 9:05 - A: x\r\nmore\n\n[1/2/18, 9:05:01] B: quoted\n1/2/18 was\n",
                "1/3/18, 9:06 - B: y"
            ]
        );
        assert!(texts(Framing::Stamped, b"").is_empty());
        assert_eq!(texts(Framing::Stamped, b"no stamp\nat all"), ["no stamp\nat all"]);
    }

    #[test]
    fn long_lines_are_framed_alike_however_they_arrive() {
        let long = format!("1/2/18, 9:05 - A: {}\n1/2/18, 9:06 - B: y\n{}", "z".repeat(5000), "9".repeat(700));
        assert_eq!(texts(Framing::Stamped, long.as_bytes()).len(), 2);
    }
}
