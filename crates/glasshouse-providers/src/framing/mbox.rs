use super::{Framer, LONGEST_FRAME, Span};
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
const LONGEST_HEAD: u64 = 1 << 20;

impl Mbox {
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
        let head = match (memmem::find(message, b"\n\n"), memmem::find(message, b"\n\r\n")) {
            (Some(a), Some(b)) if b < a => b + 3,
            (Some(a), _) => a + 2,
            (None, Some(b)) => b + 3,
            (None, None) if end || message.len() as u64 > LONGEST_HEAD => {
                self.length = Length::None;
                return true;
            }
            (None, None) => return false,
        };
        let stated = message[..head].split(|b| *b == b'\n').find_map(|line| {
            let (name, value) = line.split_at_checked(15)?;
            (name.eq_ignore_ascii_case(b"Content-Length:")).then_some(value)
        });
        let stated = stated.and_then(|v| std::str::from_utf8(v).ok()?.trim().parse::<u64>().ok());
        self.length = match stated {
            Some(n) if n < LONGEST_FRAME => Length::Claimed(self.start + head as u64 + n),
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
    let clock = line
        .windows(4)
        .any(|w| w[0].is_ascii_digit() && w[1] == b':' && w[2].is_ascii_digit() && w[3].is_ascii_digit());
    let zone_or_year = line.len() >= 4 && line[line.len() - 4..].iter().all(u8::is_ascii_digit);
    let lone_word = !line.is_empty() && !line.contains(&b' ');
    let separator = if after_blank { clock || lone_word } else { clock && zone_or_year };
    if separator { Look::Separator } else { Look::Text }
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
                    self.close(base + found as u64, false, spans);
                    self.begin(base + found as u64);
                }
            }
        }
        if have - self.start > LONGEST_FRAME && !self.skipping {
            self.close(self.start + LONGEST_FRAME, true, spans);
            self.skipping = true;
            self.length = Length::None;
        }
        if end {
            self.close(have, false, spans);
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
        texts(Framing::Mbox, mbox.as_bytes())
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
    fn content_length_is_believed_when_it_leads_to_a_separator() {
        let body = "From someone Sat Jan 02 10:00:00 2010\nSubject: an inner mail, unquoted\n\ntext\n";
        let right = format!("From a@b Sat Jan 02 10:00:00 2010\nContent-Length: {}\n\n{body}\n", body.len());
        assert_eq!(split(&format!("{right}{B}")), [right.as_str(), B]);
        let wrong = "From a@b Sat Jan 02 10:00:00 2010\nContent-Length: 3\n\nlonger\n\n";
        assert_eq!(split(&format!("{wrong}{B}")), [wrong, B]);
    }
}
