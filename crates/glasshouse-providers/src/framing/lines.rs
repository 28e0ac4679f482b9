use super::{Framer, LONGEST_FRAME, Span};
use memchr::memmem;

/// One frame: everything.
#[derive(Default)]
pub(super) struct Whole {
    done: bool,
}

impl Framer for Whole {
    fn scan(&mut self, window: &[u8], base: u64, end: bool, spans: &mut Vec<Span>) {
        let have = base + window.len() as u64;
        let truncated = have > LONGEST_FRAME;
        if !self.done && (end || truncated) {
            self.done = true;
            let end = have.min(LONGEST_FRAME);
            spans.push(Span { name: String::new(), element: true, index: 0, start: 0, end, truncated });
        }
    }

    fn needed_from(&self) -> u64 {
        if self.done { u64::MAX } else { 0 }
    }
}

/// One frame a mebibyte.
#[derive(Default)]
pub(super) struct Stretches {
    next: u64,
}

/// Length of a stretch, the last one aside.
const STRETCH: u64 = 1 << 20;

impl Framer for Stretches {
    fn scan(&mut self, window: &[u8], base: u64, end: bool, spans: &mut Vec<Span>) {
        let have = base + window.len() as u64;
        while have - self.next >= STRETCH || (end && have > self.next) {
            let (start, index) = (self.next, self.next / STRETCH);
            self.next = have.min(start + STRETCH);
            spans.push(Span { name: String::new(), element: true, index, start, end: self.next, truncated: false });
        }
    }

    fn needed_from(&self) -> u64 {
        self.next
    }
}

/// One frame from each marker to the next; a newline as marker ends its line instead.
pub(super) struct Marker {
    marker: &'static [u8],
    /// Where the frame in progress starts.
    start: u64,
    /// Where the search goes on.
    at: u64,
    index: u64,
    /// The frame in progress was given out cut off already.
    skipping: bool,
}

impl Marker {
    pub(super) fn new(marker: &'static [u8]) -> Self {
        Marker { marker, start: 0, at: 0, index: 0, skipping: false }
    }

    fn close(&mut self, end: u64, truncated: bool, spans: &mut Vec<Span>) {
        if !self.skipping && end > self.start {
            spans.push(Span {
                name: String::new(),
                element: true,
                index: self.index,
                start: self.start,
                end,
                truncated,
            });
            self.index += 1;
        }
    }
}

impl Framer for Marker {
    fn scan(&mut self, window: &[u8], base: u64, end: bool, spans: &mut Vec<Span>) {
        let line = self.marker == b"\n";
        let finder = memmem::Finder::new(self.marker);
        while let Some(from) = self.at.checked_sub(base).map(|from| from as usize).filter(|f| *f <= window.len()) {
            let Some(found) = finder.find(&window[from..]) else { break };
            let found = base + (from + found) as u64;
            let boundary = if line { found + 1 } else { found };
            self.close(boundary, false, spans);
            self.start = boundary;
            self.skipping = false;
            self.at = found + self.marker.len() as u64;
        }
        let have = base + window.len() as u64;
        // A marker may lie across this window's end.
        self.at = self.at.max(have.saturating_sub(self.marker.len() as u64 - 1));
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
        if self.skipping { self.at } else { self.start }
    }
}

#[cfg(test)]
mod tests {
    use crate::framing::tests::texts;
    use glasshouse_model::Framing;

    #[test]
    fn lines_keep_their_endings() {
        assert_eq!(texts(Framing::Lines, b"a\r\n\nb"), ["a\r\n", "\n", "b"]);
        assert_eq!(texts(Framing::Lines, b"a\n"), ["a\n"]);
        assert!(texts(Framing::Lines, b"").is_empty());
    }

    #[test]
    fn a_marker_begins_a_frame() {
        assert_eq!(texts(Framing::Marker(b"<p"), b"head<p1><p2>tail"), ["head", "<p1>", "<p2>tail"]);
        assert_eq!(texts(Framing::Marker(b"<p"), b"<p1>"), ["<p1>"]);
        assert_eq!(texts(Framing::Marker(b"<<<"), b"<<<<<<"), ["<<<", "<<<"]);
    }

    #[test]
    fn stretches_are_of_one_length() {
        let mut framer = crate::framing::framer(Framing::Stretches);
        let mut spans = Vec::new();
        let bytes = vec![7; (2 << 20) + 5];
        framer.scan(&bytes[..1_500_000], 0, false, &mut spans);
        assert_eq!((spans.len(), framer.needed_from()), (1, 1 << 20));
        framer.scan(&bytes[1 << 20..], 1 << 20, true, &mut spans);
        let found: Vec<_> = spans.iter().map(|s| (s.index, s.start, s.end)).collect();
        assert_eq!(found, [(0, 0, 1 << 20), (1, 1 << 20, 2 << 20), (2, 2 << 20, (2 << 20) + 5)]);
        assert_eq!(texts(Framing::Stretches, b"abc"), ["abc"]);
    }

    #[test]
    fn whole_is_one_frame_even_when_empty() {
        assert_eq!(texts(Framing::Whole, b"abc"), ["abc"]);
        assert_eq!(texts(Framing::Whole, b""), [""]);
    }
}
