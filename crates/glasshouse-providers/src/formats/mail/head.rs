use super::charset::{self, Reading};
use super::words::{decode_words, rewrite_words};
use mail_parser::parsers::MessageStream;
use mail_parser::{Addr, Address, ContentType, HeaderValue};
use memchr::memchr;
use std::borrow::Cow;

/// The header block of a message or of one of its parts.
#[derive(Default)]
pub(super) struct Head<'a> {
    pub headers: Vec<Header<'a>>,
    /// Lines between headers that are none.
    pub strays: Vec<&'a [u8]>,
    /// Where the body begins.
    pub body: usize,
    /// There are more headers than are kept.
    pub overflow: bool,
}

/// Headers of one part beyond this number are not kept.
const MOST_HEADERS: usize = 10_000;

pub(super) struct Header<'a> {
    /// Name in lower case.
    pub name: Cow<'a, str>,
    /// All bytes after the colon, folded lines and the last line's ending included.
    pub raw: &'a [u8],
}

impl<'a> Head<'a> {
    /// Reads headers up to the first blank line, or up to where text begins without one.
    pub fn read(bytes: &'a [u8]) -> Self {
        let mut head = Head::default();
        let mut at = 0;
        while at < bytes.len() {
            let end = line_end(bytes, at);
            let line = &bytes[at..end];
            if matches!(line, b"\n" | b"\r\n") {
                at = end;
                break;
            }
            let Some(colon) = header_name(line) else {
                // One odd line between headers is passed over; anything else is a body that no blank line announces.
                let next = &bytes[end..];
                let goes_on = header_name(&next[..line_end(next, 0)]).is_some() || next.starts_with(b"\n");
                if goes_on || next.starts_with(b"\r\n") {
                    head.overflow |= head.strays.len() >= MOST_HEADERS;
                    if !head.overflow {
                        head.strays.push(line);
                    }
                    at = end;
                    continue;
                }
                break;
            };
            let mut value_end = end;
            while matches!(bytes.get(value_end), Some(b' ' | b'\t')) {
                value_end = line_end(bytes, value_end);
            }
            let name = line[..colon].trim_ascii_end();
            head.overflow |= head.headers.len() >= MOST_HEADERS;
            if !head.overflow {
                head.headers.push(Header { name: lower(name), raw: &bytes[at + colon + 1..value_end] });
            }
            at = value_end;
        }
        head.body = at;
        head
    }

    pub fn first(&self, name: &str) -> Option<&Header<'a>> {
        self.headers.iter().find(|h| h.name == name)
    }
}

impl Header<'_> {
    /// Returns the value on one line, as written, and whether its bytes had to be guessed at.
    pub fn text(&self) -> (Cow<'_, str>, bool) {
        let (text, reading) = charset::decode(self.raw.trim_ascii(), None);
        (unfold(text), matches!(reading, Reading::Guessed(_)))
    }

    /// Returns the value as a content type or disposition, its parameters decoded.
    pub fn content_type(&self) -> Option<ContentType<'static>> {
        const LONGEST: usize = 16 << 10;
        let (mut text, _) = self.text();
        if text.len() > LONGEST {
            text = Cow::Owned(text.chars().take(LONGEST / 4).collect());
        }
        if broken_words(&text) {
            text = Cow::Owned(text.replace("=?", "= ?"));
        }
        match MessageStream::new(format!("{text}\n").as_bytes()).parse_content_type().into_owned() {
            HeaderValue::ContentType(read) => Some(read),
            _ => None,
        }
    }
}

/// Returns the length of a line that ends after `at`, counted from the slice's start.
pub(super) fn line_end(bytes: &[u8], at: usize) -> usize {
    memchr(b'\n', &bytes[at..]).map_or(bytes.len(), |skip| at + skip + 1)
}

/// Returns where the colon is if the line begins with a header's name.
pub(crate) fn header_name(line: &[u8]) -> Option<usize> {
    let name = line.iter().take(256).take_while(|b| matches!(b, 0x21..=0x39 | 0x3b..=0x7e)).count();
    let blanks = line[name..].iter().take(16).take_while(|b| matches!(b, b' ' | b'\t')).count();
    (name > 0 && line.get(name + blanks) == Some(&b':')).then_some(name + blanks)
}

fn lower(name: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(name) {
        Ok(name) if name.bytes().any(|b| b.is_ascii_uppercase()) => Cow::Owned(name.to_ascii_lowercase()),
        Ok(name) => Cow::Borrowed(name),
        // Names are ASCII by the test above.
        Err(_) => Cow::Owned(String::from_utf8_lossy(name).to_lowercase()),
    }
}

/// Takes the line breaks out of a folded value; the white space after them stays.
fn unfold(text: Cow<'_, str>) -> Cow<'_, str> {
    if memchr(b'\n', text.as_bytes()).is_none() {
        return text;
    }
    Cow::Owned(text.split('\n').map(|line| line.strip_suffix('\r').unwrap_or(line)).collect())
}

/// Says whether a text has more beginnings of encoded words than a sender writes.
///
/// The library looks for the end of each, over and over if there is none.
fn broken_words(text: &str) -> bool {
    text.matches("=?").take(21).count() > 20
}

/// What an address says: a name, an address, or both.
pub(super) type NameAndAddress = (Option<String>, Option<String>);

/// Returns the addresses of a header value, groups opened up, and whether they hold all that the value does.
///
/// None comes of a value that is too long, or too broken, to be taken apart.
pub(super) fn addresses(value: &str) -> Option<(Vec<NameAndAddress>, bool)> {
    const LONGEST: usize = 2 << 20;
    let mut line = rewrite_words(value).into_owned();
    let ours = line.matches("=?utf-8?B?").count();
    if line.len() > LONGEST || line.matches("=?").count() > ours + 20 {
        return None;
    }
    line.push('\n');
    let mut found = Vec::new();
    let mut add = |addr: Addr<'_>| {
        let clean = |text: Cow<'_, str>| Some(text.trim().to_owned()).filter(|t| !t.is_empty());
        let (name, address) = (addr.name.and_then(clean), addr.address.and_then(clean));
        if name.is_some() || address.is_some() {
            found.push((name, address));
        }
    };
    match MessageStream::new(line.as_bytes()).parse_address() {
        HeaderValue::Address(Address::List(list)) => list.into_iter().for_each(&mut add),
        HeaderValue::Address(Address::Group(groups)) => {
            groups.into_iter().flat_map(|g| g.addresses).for_each(&mut add);
        }
        _ => {}
    }
    let punctuation = |c: &char| !matches!(c, '"' | '<' | '>' | ',' | ' ' | '\t');
    let written = value.chars().filter(punctuation);
    let kept = found.iter().flat_map(|(name, address)| name.iter().chain(address)).flat_map(|t| t.chars());
    let count = |c: char| value.matches(c).count();
    let balanced = count('<') == count('>') && count('"') % 2 == 0;
    let whole = balanced && written.eq(kept.filter(punctuation));
    Some((found, whole))
}

/// Returns the ids between angle brackets; words where there are none.
pub(super) fn ids(value: &str) -> Vec<&str> {
    let mut found: Vec<&str> = Vec::new();
    let mut rest = value;
    while let Some((_, after)) = rest.split_once('<') {
        let Some((id, next)) = after.split_once('>') else { break };
        found.push(id.trim());
        rest = next;
    }
    if found.is_empty() { value.split_whitespace().collect() } else { found }
}

/// Returns a parameter's value with encoded words decoded, which many senders use where RFC 2231 is due.
pub(super) fn parameter(value: Option<&ContentType<'_>>, name: &str) -> Option<String> {
    let text = value?.attribute(name)?;
    Some(decode_words(text).into_owned()).filter(|t| !t.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> (Vec<String>, usize) {
        let head = Head::read(text.as_bytes());
        (head.headers.iter().map(|h| format!("{}={}", h.name, h.text().0)).collect(), head.body)
    }

    #[test]
    fn headers_end_at_a_blank_line_or_where_text_begins() {
        assert_eq!(names("A: 1\r\nB :2\r\n\tfolded\r\n\r\nbody"), (vec!["a=1".into(), "b=2\tfolded".into()], 23));
        assert_eq!(names("A: 1\n>From x\nB: 2\n\nbody").0, ["a=1", "b=2"]);
        assert_eq!(names("A: 1\nno blank line\nmore text\n"), (vec!["a=1".into()], 5));
        assert_eq!(names("just text"), (vec![], 0));
        assert_eq!(names("A:"), (vec!["a=".into()], 2));
        assert_eq!(names(""), (vec![], 0));
    }

    #[test]
    fn address_lists() {
        let one = |name: &str, address: &str| {
            let text = |t: &str| (!t.is_empty()).then(|| t.to_owned());
            (text(name), text(address))
        };
        for (value, found, whole) in [
            ("a@example.org", vec![one("", "a@example.org")], true),
            (
                "\"Doe, Jo\" <j@example.org>, b@example.org",
                vec![one("Doe, Jo", "j@example.org"), one("", "b@example.org")],
                true,
            ),
            ("=?utf-8?Q?caf=C3?= =?utf-8?Q?=A9,_bar?= <c@example.org>", vec![one("café, bar", "c@example.org")], false),
            ("undisclosed-recipients:;", vec![], false),
            (
                "Team: a@example.org, B <b@example.org>;",
                vec![one("", "a@example.org"), one("B", "b@example.org")],
                false,
            ),
            ("j@example.org (Jo)", vec![one("Jo", "j@example.org")], false),
            ("Nobody", vec![one("Nobody", "")], true),
            ("a@example.org <a@example.org>", vec![one("a@example.org", "a@example.org")], true),
            (
                "Jo Doe <jo@example.org>; b@example.org",
                vec![one("Jo Doe", "jo@example.org"), one("", "b@example.org")],
                false,
            ),
            ("'Jo' <jo@example.org>,, ,", vec![one("'Jo'", "jo@example.org")], true),
            ("\"Jo \\\"X\\\" Doe\" <jo@example.org>", vec![one("Jo \"X\" Doe", "jo@example.org")], false),
            ("Jo [team] <jo@example.org>", vec![one("Jo [team]", "jo@example.org")], true),
            ("<jo@example.org", vec![one("", "jo@example.org")], false),
            ("/O=EX/OU=X/CN=RECIPIENTS/CN=JO", vec![one("/O=EX/OU=X/CN=RECIPIENTS/CN=JO", "")], true),
            ("", vec![], true),
        ] {
            assert_eq!(addresses(value), Some((found, whole)), "{value}");
        }
        assert_eq!(addresses(&"=?utf-8?Q?x".repeat(30)), None);
    }

    #[test]
    fn message_ids() {
        assert_eq!(ids("<a@b> junk <c@d>"), ["a@b", "c@d"]);
        assert_eq!(ids("a@b c@d"), ["a@b", "c@d"]);
        assert_eq!(ids("<open"), ["<open"]);
    }
}
