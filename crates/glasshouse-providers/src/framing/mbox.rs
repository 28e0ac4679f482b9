use super::{Framer, LONGEST_FRAME, Span};
use crate::formats::months::english;
use memchr::{memchr, memmem};

/// Splits an mbox into messages.
///
/// Of the four dialects only some quote body lines that begin with `From `, so such a line alone proves nothing.
/// It begins a message if a header line follows, and if it follows a blank line or ends as the separator's date
/// does. A `Content-Length` (mboxcl) is believed only if a separator or the end stands where it points.
#[derive(Default)]
pub(super) struct Mbox {
    /// Where the message in progress starts.
    start: u64,
    /// Where the search for the next separator goes on.
    at: u64,
    index: u64,
    /// A confirmed or pending end by `Content-Length`.
    length: Length,
    skipping: bool,
}

#[derive(Clone, Copy, Default, PartialEq)]
enum Length {
    #[default]
    Unknown,
    Claimed(u64),
    None,
}

/// What a look at a possible separator says.
enum Look {
    Separator,
    Text,
    /// The window ends too early to say.
    More,
}

const SEPARATOR: &[u8] = b"From ";
const LONGEST_SEPARATOR: usize = 1000;
const LONGEST_HEAD: usize = 1 << 20;

impl Mbox {
    fn close(&mut self, end: u64, spans: &mut Vec<Span>) {
        if !self.skipping && end > self.start {
            // The limit is kept here too: what a frame holds must not depend on how the bytes arrive.
            let limit = self.start.saturating_add(LONGEST_FRAME);
            spans.push(Span {
                name: String::new(),
                element: true,
                index: self.index,
                start: self.start,
                end: end.min(limit),
                truncated: end > limit,
            });
            self.index += 1;
        }
    }

    fn begin(&mut self, at: u64) {
        self.start = at;
        self.at = at + SEPARATOR.len() as u64;
        self.length = Length::Unknown;
        self.skipping = false;
    }

    /// Finds the message's `Content-Length` once its head is complete; false while more bytes are needed.
    fn learn_length(&mut self, window: &[u8], base: u64, end: bool) -> bool {
        if self.length != Length::Unknown || self.skipping {
            return true;
        }
        let message = &window[(self.start - base) as usize..];
        let message = &message[..message.len().min(LONGEST_HEAD)];
        let (mut at, mut stated) = (0, None);
        let head = loop {
            let Some(eol) = memchr(b'\n', &message[at..]) else {
                if !end && message.len() < LONGEST_HEAD {
                    return false;
                }
                break None;
            };
            let line = &message[at..at + eol];
            if at > 0 && matches!(line, b"" | b"\r") {
                break Some(at + eol + 1);
            }
            if at > 0 && line.starts_with(SEPARATOR) {
                // A message that is all head: what follows is the next one's.
                break None;
            }
            if let Some((name, value)) = line.split_at_checked(15)
                && name.eq_ignore_ascii_case(b"Content-Length:")
                && stated.is_none()
            {
                stated = std::str::from_utf8(value).ok().and_then(|v| v.trim().parse::<u64>().ok());
            }
            at += eol + 1;
        };
        self.length = match (head, stated) {
            (Some(head), Some(n)) if n < LONGEST_FRAME => Length::Claimed(self.start + head as u64 + n),
            _ => Length::None,
        };
        true
    }

    /// Uses the claimed length if the bytes bear it out; false while more bytes are needed.
    fn use_length(&mut self, window: &[u8], base: u64, end: bool) -> bool {
        let Length::Claimed(target) = self.length else { return true };
        let have = base + window.len() as u64;
        if have < target + 16 && !end {
            return false;
        }
        self.length = Length::None;
        if target <= have {
            let rest = &window[(target - base) as usize..];
            let blank = rest.iter().take(4).take_while(|b| matches!(b, b'\n' | b'\r')).count();
            let at_line_start = blank > 0 || window.get((target - base) as usize - 1) == Some(&b'\n');
            if at_line_start && (rest[blank..].starts_with(SEPARATOR) || rest.len() == blank) {
                self.at = self.at.max(target);
            }
        }
        true
    }
}

/// Says whether the separator-like line at `at` of `window` begins a message.
fn look(window: &[u8], at: usize, end: bool) -> Look {
    let line_and_on = &window[at..];
    let Some(eol) = memchr(b'\n', &line_and_on[..line_and_on.len().min(LONGEST_SEPARATOR)]) else {
        let undecided = !end && line_and_on.len() < LONGEST_SEPARATOR;
        return if undecided { Look::More } else { Look::Text };
    };
    let line = line_and_on[SEPARATOR.len()..eol].trim_ascii();
    let next = &line_and_on[eol + 1..];
    if next.len() < 200 && !end && memchr(b'\n', next).is_none() {
        return Look::More;
    }
    if !begins_like_header(next) {
        return Look::Text;
    }
    let after_blank = at == 0 || window[..at].ends_with(b"\n\n") || window[..at].ends_with(b"\n\r\n");
    let zone_or_year = line.len() >= 4 && line[line.len() - 4..].iter().all(u8::is_ascii_digit);
    let separator = if after_blank { is_dated(line) || is_undated(line) } else { is_dated(line) && zone_or_year };
    if separator { Look::Separator } else { Look::Text }
}

/// Says whether a separator's line holds a time of day and a month or year, wherever its date stands.
fn is_dated(line: &[u8]) -> bool {
    let is_month = |word: &[u8]| {
        word.len() == 3 && word[0].is_ascii_uppercase() && std::str::from_utf8(word).is_ok_and(|w| english(w).is_some())
    };
    let clock = line
        .windows(4)
        .any(|w| w[0].is_ascii_digit() && w[1] == b':' && w[2].is_ascii_digit() && w[3].is_ascii_digit());
    clock
        && line.split(|b| !b.is_ascii_alphanumeric()).any(|word| {
            let year = word.len() == 4 && (word.starts_with(b"19") || word.starts_with(b"20"));
            (year && word.iter().all(u8::is_ascii_digit)) || is_month(word)
        })
}

/// Says whether a separator's line is one of those that come without a date: nothing, a dash, an address.
fn is_undated(line: &[u8]) -> bool {
    matches!(line, b"" | b"-") || line == b"MAILER-DAEMON" || (line.contains(&b'@') && !line.contains(&b' '))
}

/// Says whether text begins with a header line (`Name:`) or with an mbox-quoted one.
fn begins_like_header(text: &[u8]) -> bool {
    let name = text.iter().take(128).take_while(|b| matches!(b, 0x21..=0x39 | 0x3b..=0x7e)).count();
    (name > 0 && text.get(name) == Some(&b':')) || text.starts_with(b">From ")
}

impl Framer for Mbox {
    fn scan(&mut self, window: &[u8], base: u64, end: bool, spans: &mut Vec<Span>) {
        let have = base + window.len() as u64;
        let finder = memmem::Finder::new(b"\nFrom ");
        loop {
            if self.at == 0 && self.start == 0 {
                if window.len() < SEPARATOR.len() && !end {
                    return;
                }
                self.at = 1;
            }
            if !self.learn_length(window, base, end) || !self.use_length(window, base, end) {
                break;
            }
            // The search begins one byte early, at the newline before a separator.
            let from = (self.at - base) as usize - 1;
            if from > window.len() {
                break;
            }
            let Some(skip) = finder.find(&window[from..]) else {
                // A separator may lie across this window's end.
                self.at = self.at.max(have.saturating_sub(SEPARATOR.len() as u64));
                break;
            };
            let found = from + skip + 1;
            match look(window, found, end) {
                Look::More => {
                    self.at = base + found as u64;
                    break;
                }
                Look::Text => self.at = base + (found + SEPARATOR.len()) as u64,
                Look::Separator => {
                    self.close(base + found as u64, spans);
                    self.begin(base + found as u64);
                }
            }
        }
        if have - self.start > LONGEST_FRAME && !self.skipping {
            self.close(have, spans);
            self.skipping = true;
            self.length = Length::None;
        }
        if end {
            self.close(have, spans);
            (self.start, self.at) = (have, have + 1);
        }
    }

    fn needed_from(&self) -> u64 {
        // Whether a blank line precedes a separator is seen up to three bytes before it.
        if self.skipping { self.at.saturating_sub(4).max(self.start) } else { self.start }
    }
}

#[cfg(test)]
mod tests {
    use crate::framing::tests::texts;
    use glasshouse_model::Framing;

    fn split(mbox: &str) -> Vec<String> {
        let messages = texts(Framing::Mbox, mbox.as_bytes());
        assert_eq!(messages.concat(), mbox, "no byte is lost between messages");
        messages
    }

    const A: &str = "From 1@xxx Sat Jan 02 10:00:00 +0000 2010\r\nSubject: a\r\n\r\nbody\r\n\r\n";
    const B: &str = "From b@example.org Sun Jan  3 11:00:00 2010\nSubject: b\n\nbody\n\n";

    #[test]
    fn messages_end_where_the_next_begins() {
        assert_eq!(split(&format!("{A}{B}{A}")), [A, B, A]);
        assert_eq!(split(A), [A]);
        assert!(split("").is_empty());
    }

    #[test]
    fn body_lines_that_begin_with_from_stay() {
        let tricky = "From x@y Sat Jan 02 10:00:00 2010\nSubject: a\n\nFrom the archive: quoted\nFrom: me\n\n\
                      From now on\n\nFrom 10:00 to 11:00 we meet\nas usual\n\n>From me\n\n";
        assert_eq!(split(&format!("{tricky}{B}")), [tricky, B]);
    }

    #[test]
    fn malformed_separators_are_recognised() {
        let odd = "From 17@xxx Sat, 15 Dec 2023 12:19:43 0000\nX-GM-THRID: 1\n\nx\n\n";
        let bare = "From MAILER-DAEMON\nSubject: c\n\nx\n\n";
        assert_eq!(split(&format!("{odd}{bare}{odd}")), [odd, bare, odd]);
        let no_blank = "From a@b Sat Jan 02 10:00:00 2010\nSubject: a\n\nno blank line after\n";
        assert_eq!(split(&format!("{no_blank}{B}")), [no_blank, B]);
    }

    #[test]
    fn undated_separators_need_a_blank_line_and_a_header() {
        let thunderbird = "From \r\nX-Mozilla-Status: 0001\r\n\r\nx\r\n\r\n";
        let dash = "From -\nSubject: a\n\nx\n\n";
        let eudora = "From ???@???\nSubject: a\n\nx\n\n";
        assert_eq!(split(&format!("{thunderbird}{dash}{eudora}")), [thunderbird, dash, eudora]);
        let talk = "From x@y Sat Jan 02 10:00:00 2010\nSubject: a\n\nFrom Bob\nNote: not a header\n\n\
                    From 10:00 to 11:00\nNote: we meet\n\nFrom me@example.org to you\nNote: x\n\n";
        assert_eq!(split(&format!("{talk}{B}")), [talk, B]);
    }

    #[test]
    fn quoted_separators_stay() {
        let rd = "From x@y Sat Jan 02 10:00:00 2010\nSubject: a\n\n>From b@c Sat Jan 02 10:00:00 2010\nSubject: b\n\n\
                  >>From b@c Sat Jan 02 10:00:00 2010\nSubject: c\n\n";
        assert_eq!(split(&format!("{rd}{B}")), [rd, B]);
        let quoted_head =
            "From x@y Sat Jan 02 10:00:00 2010\n>From old@y Fri Jan 01 10:00:00 2010\nSubject: a\n\nx\n\n";
        assert_eq!(split(&format!("{quoted_head}{B}")), [quoted_head, B]);
    }

    #[test]
    fn a_message_that_is_all_head_does_not_take_the_next_ones_length() {
        let bare = "From x@y Sat Jan 02 10:00:00 2010\nSubject: a\n";
        let next = "From x@y Sat Jan 02 10:00:00 2010\nContent-Length: 2\n\nx\n\n";
        assert_eq!(split(&format!("{bare}{next}{B}")), [bare, next, B]);
    }

    #[test]
    fn frames_beyond_the_limit_are_cut_however_the_bytes_arrive() {
        let mut bytes = A.as_bytes().to_vec();
        bytes.resize(super::LONGEST_FRAME as usize + 100_000, b'x');
        bytes.extend_from_slice(b"\n\n");
        bytes.extend_from_slice(B.as_bytes());
        let (all, _) = crate::framing::frame_all(Framing::Mbox, &bytes);
        assert_eq!(all.iter().map(|s| s.truncated).collect::<Vec<_>>(), [true, false]);
        assert_eq!(crate::framing::tests::frame_in_steps(Framing::Mbox, &bytes, 30_000_001), all);
        assert_eq!(crate::framing::tests::frame_in_steps(Framing::Mbox, &bytes, 1 << 20), all);
    }

    #[test]
    fn content_length_is_believed_when_it_leads_to_a_separator() {
        let body = "From someone Sat Jan 02 10:00:00 2010\nSubject: an inner mail, unquoted\n\ntext\n";
        let right = format!("From a@b Sat Jan 02 10:00:00 2010\nContent-Length: {}\n\n{body}\n", body.len());
        assert_eq!(split(&format!("{right}{B}")), [right.as_str(), B]);
        let wrong = "From a@b Sat Jan 02 10:00:00 2010\nContent-Length: 3\n\nlonger\n\n";
        assert_eq!(split(&format!("{wrong}{B}")), [wrong, B]);
    }
}
