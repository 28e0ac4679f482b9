use super::head::{Head, line_end, parameter};
use super::words::{base64_lenient, hex_byte};
use mail_parser::ContentType;
use memchr::{memchr, memmem};
use std::borrow::Cow;

/// Parts nested deeper than this are kept unopened.
const DEEPEST: usize = 32;
/// A message's parts beyond this number are not listed one by one.
const MOST_PARTS: usize = 10_000;

/// A part that holds no further ones, or a message within the message.
pub(super) struct Part<'a> {
    /// Numbers from the outside in, as IMAP counts them: `1`, `2.1`.
    pub path: String,
    /// `type/subtype` in lower case.
    pub mime: String,
    pub content_type: Option<ContentType<'static>>,
    pub disposition: Option<ContentType<'static>>,
    pub encoding: Encoding,
    /// Its content as it stands in the message.
    pub body: &'a [u8],
    /// The innermost `multipart/alternative` around it.
    pub alternative: Option<usize>,
    /// Messages around it, this one not counted.
    pub within: usize,
    /// The message's bytes end inside it.
    pub cut: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    /// 7bit, 8bit, binary: the bytes are the content.
    Identity,
    Base64,
    QuotedPrintable,
    /// A name that no standard knows; the bytes are kept as they are.
    Unknown,
}

/// What went wrong while a message was taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Trouble {
    /// Nested deeper than is followed.
    Depth,
    /// More parts than are listed.
    Count,
    /// A multipart whose boundary is missing or stands nowhere.
    Boundary,
}

impl Part<'_> {
    pub fn is_attachment(&self) -> bool {
        self.disposition.as_ref().is_some_and(|d| d.c_type.eq_ignore_ascii_case("attachment"))
    }

    pub fn file_name(&self) -> Option<String> {
        parameter(self.disposition.as_ref(), "filename").or_else(|| parameter(self.content_type.as_ref(), "name"))
    }
}

/// What a part's own headers say of its content.
struct Content {
    mime: String,
    boundary: Option<String>,
    content_type: Option<ContentType<'static>>,
    disposition: Option<ContentType<'static>>,
    encoding: Encoding,
}

impl Content {
    fn of(head: &Head<'_>, digest: bool) -> Self {
        let content_type = head.first("content-type").and_then(|h| h.content_type());
        let mime = match content_type.as_ref().map(|t| (t.c_type.as_ref(), t.c_subtype.as_deref())) {
            Some((main, Some(sub))) => format!("{main}/{sub}").to_ascii_lowercase(),
            Some(("text", None)) => "text/plain".into(),
            Some((main, None)) if !main.is_empty() => main.to_ascii_lowercase(),
            _ if digest => "message/rfc822".into(),
            _ => "text/plain".into(),
        };
        let encoding = head.first("content-transfer-encoding").map(|h| {
            let (text, _) = h.text();
            let name = text.split([';', ' ', '(']).next().unwrap_or("").to_ascii_lowercase();
            match name.as_str() {
                "base64" => Encoding::Base64,
                "quoted-printable" => Encoding::QuotedPrintable,
                "" | "7bit" | "8bit" | "binary" | "7-bit" | "8-bit" => Encoding::Identity,
                _ => Encoding::Unknown,
            }
        });
        Content {
            boundary: if mime.starts_with("multipart/") { boundary(head, content_type.as_ref()) } else { None },
            mime,
            content_type,
            disposition: head.first("content-disposition").and_then(|h| h.content_type()),
            encoding: encoding.unwrap_or(Encoding::Identity),
        }
    }
}

/// Work to do: an entity's bytes and where it stands.
struct Pending<'a> {
    content: Content,
    body: &'a [u8],
    path: String,
    /// The path is its own; the body of a message has the message's and takes a number of its own below it.
    numbered: bool,
    depth: usize,
    alternative: Option<usize>,
    within: usize,
    /// It ends where the message's bytes end.
    last: bool,
}

/// Takes a message apart into leaves and the messages in it, in order.
///
/// It goes over a list and not into itself, and each multipart is cut by its own boundary only within its own
/// bytes: neither depth nor the number of parts can exhaust the stack or make the time grow faster than the size.
pub(super) fn take_apart<'a>(head: &Head<'a>, bytes: &'a [u8], truncated: bool) -> (Vec<Part<'a>>, Vec<Trouble>) {
    let mut parts = Vec::new();
    let mut troubles = Vec::new();
    let mut trouble = |what: Trouble| {
        if !troubles.contains(&what) {
            troubles.push(what);
        }
    };
    let mut alternatives = 0;
    let mut work = vec![Pending {
        content: Content::of(head, false),
        body: &bytes[head.body.min(bytes.len())..],
        path: String::new(),
        numbered: false,
        depth: 0,
        alternative: None,
        within: 0,
        last: true,
    }];
    while let Some(mut item) = work.pop() {
        let multipart = item.content.mime.starts_with("multipart/");
        let message = matches!(item.content.mime.as_str(), "message/rfc822" | "message/global" | "message/news")
            && item.content.encoding == Encoding::Identity;
        let too_deep = item.depth >= DEEPEST && (multipart || message);
        if too_deep {
            trouble(Trouble::Depth);
        }
        if multipart && !too_deep {
            let boundary = item.content.boundary.take().unwrap_or_default();
            let (bodies, closed) = split(item.body, boundary.as_bytes());
            if !bodies.is_empty() {
                if item.content.mime == "multipart/alternative" {
                    alternatives += 1;
                    item.alternative = Some(alternatives);
                }
                let room = MOST_PARTS.saturating_sub(parts.len() + work.len());
                if bodies.len() > room {
                    trouble(Trouble::Count);
                }
                let digest = item.content.mime == "multipart/digest";
                let count = bodies.len();
                for (i, body) in bodies.into_iter().enumerate().take(room).rev() {
                    let head = Head::read(body);
                    work.push(Pending {
                        content: Content::of(&head, digest),
                        body: &body[head.body..],
                        path: below(&item.path, i + 1),
                        numbered: true,
                        depth: item.depth + 1,
                        alternative: item.alternative,
                        within: item.within,
                        last: item.last && !closed && i + 1 == count,
                    });
                }
                continue;
            }
            if item.body.iter().any(|b| !b.is_ascii_whitespace()) {
                trouble(Trouble::Boundary);
            }
            // What no boundary cuts is still text to whoever reads it.
            item.content.mime = "text/plain".into();
        }
        let path = if item.numbered { item.path } else { below(&item.path, 1) };
        if message && !too_deep {
            let head = Head::read(item.body);
            work.push(Pending {
                content: Content::of(&head, false),
                body: &item.body[head.body..],
                path: path.clone(),
                numbered: false,
                depth: item.depth + 1,
                alternative: None,
                within: item.within + 1,
                last: item.last,
            });
        }
        let Content { mime, content_type, disposition, encoding, .. } = item.content;
        parts.push(Part {
            path,
            mime,
            content_type,
            disposition,
            encoding,
            body: item.body,
            alternative: item.alternative,
            within: item.within,
            cut: truncated && item.last,
        });
    }
    (parts, troubles)
}

/// Returns a multipart's boundary, also where the semicolon before it was forgotten.
fn boundary(head: &Head<'_>, content_type: Option<&ContentType<'_>>) -> Option<String> {
    if let Some(boundary) = content_type.and_then(|t| t.attribute("boundary")) {
        return Some(boundary.trim_end().to_owned());
    }
    let (text, _) = head.first("content-type")?.text();
    let at = text.to_ascii_lowercase().find("boundary=")? + "boundary=".len();
    let value = text.get(at..)?;
    let value = match value.strip_prefix('"') {
        Some(quoted) => quoted.split('"').next()?,
        None => value.split([';', ' ', '\t']).next()?,
    };
    Some(value.to_owned())
}

fn below(path: &str, number: usize) -> String {
    if path.is_empty() { number.to_string() } else { format!("{path}.{number}") }
}

/// Cuts a multipart's body at its boundary lines; the flag says whether the closing one was there.
fn split<'a>(body: &'a [u8], boundary: &[u8]) -> (Vec<&'a [u8]>, bool) {
    let mut parts = Vec::new();
    if boundary.is_empty() {
        return (parts, false);
    }
    let marker = [b"--", boundary].concat();
    let mut begun: Option<usize> = None;
    for at in memmem::find_iter(body, &marker) {
        if at > 0 && body[at - 1] != b'\n' {
            continue;
        }
        let end = line_end(body, at + marker.len());
        if parts.len() > MOST_PARTS {
            return (parts, false);
        }
        let rest = body[at + marker.len()..end].trim_ascii_end();
        let closing = rest.starts_with(b"--");
        // Some senders put blanks or comments after the closing boundary, none after the others.
        if !rest.is_empty() && !closing {
            continue;
        }
        if let Some(start) = begun {
            // The line break before a boundary belongs to the boundary.
            let content = &body[start.min(at)..at];
            let content = content.strip_suffix(b"\n").unwrap_or(content);
            parts.push(content.strip_suffix(b"\r").unwrap_or(content));
        }
        if closing {
            return (parts, true);
        }
        begun = Some(end);
    }
    if let Some(start) = begun {
        parts.push(&body[start..]);
    }
    (parts, false)
}

/// Returns a part's content with its transfer encoding undone, and whether all of it could be.
pub(super) fn decode<'a>(encoding: Encoding, body: &'a [u8]) -> (Cow<'a, [u8]>, bool) {
    match encoding {
        Encoding::Identity => (Cow::Borrowed(body), true),
        Encoding::Unknown => (Cow::Borrowed(body), false),
        Encoding::QuotedPrintable => (quoted_printable(body), true),
        Encoding::Base64 => match mail_parser::decoders::base64::base64_decode(body) {
            Some(decoded) => (Cow::Owned(decoded), true),
            None => {
                // Lists append a footer in clear to what is encoded: lines that are not base64 are left out.
                let (mut good, mut ended) = (Vec::with_capacity(body.len()), false);
                for line in body.split(|b| *b == b'\n') {
                    let clean: Vec<u8> = line.iter().copied().filter(|b| is_base64(*b)).collect();
                    // A new group may follow the end of another, and is whole.
                    if is_encoded(line.trim_ascii(), clean.len()) && (!ended || clean.len() % 4 == 0) {
                        ended = clean.last().map_or(ended, |last| *last == b'=');
                        good.extend_from_slice(&clean);
                    }
                }
                (Cow::Owned(base64_lenient(&good)), false)
            }
        },
    }
}

fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=')
}

/// Says whether a line is base64, of which `good` bytes are. Those that mean nothing in it are to be passed over, but a
/// line in clear has blanks, or signs that divide its words.
fn is_encoded(line: &[u8], good: usize) -> bool {
    let in_clear = |b: &u8| b.is_ascii_whitespace() || matches!(b, b'.' | b',' | b':' | b'@' | b'-' | b'_');
    good == line.len() || ((line.len() - good) * 8 <= line.len() && !line.iter().any(in_clear))
}

/// Decodes quoted-printable; what is no escape stays as it is.
pub(crate) fn quoted_printable(body: &[u8]) -> Cow<'_, [u8]> {
    if memchr(b'=', body).is_none() {
        return Cow::Borrowed(body);
    }
    let mut out = Vec::with_capacity(body.len());
    let mut rest = body;
    while let Some(at) = memchr(b'=', rest) {
        out.extend_from_slice(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(byte) = rest.get(..2).and_then(hex_byte) {
            out.push(byte);
            rest = &rest[2..];
            continue;
        }
        let blanks = rest.iter().take_while(|b| matches!(b, b' ' | b'\t' | b'\r')).count();
        match rest.get(blanks) {
            Some(b'\n') => rest = &rest[blanks + 1..],
            None => rest = &[],
            Some(_) => out.push(b'='),
        }
    }
    out.extend_from_slice(rest);
    Cow::Owned(out)
}

/// Undoes the quoting of lines that begin with `From ` in an mbox: one `>` of `>From `, `>>From ` and so on.
pub(super) fn unquote_from(body: &[u8]) -> Cow<'_, [u8]> {
    let mut out = Vec::new();
    let mut copied = 0;
    for at in memmem::find_iter(body, b">From ") {
        let quotes = body[copied..at].iter().rev().take_while(|b| **b == b'>').count();
        let start = at - quotes;
        if start == 0 || body[start - 1] == b'\n' {
            out.extend_from_slice(&body[copied..start]);
            copied = start + 1;
        }
    }
    if copied == 0 {
        return Cow::Borrowed(body);
    }
    out.extend_from_slice(&body[copied..]);
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(message: &str) -> (Vec<String>, Vec<Trouble>) {
        let head = Head::read(message.as_bytes());
        let (parts, troubles) = take_apart(&head, message.as_bytes(), false);
        let describe = |p: Part<'_>| format!("{} {} {:?}", p.path, p.mime, String::from_utf8_lossy(p.body));
        (parts.into_iter().map(describe).collect(), troubles)
    }

    /// What means nothing in base64 is passed over, and what follows it in clear is left out.
    #[test]
    fn damaged_base64_keeps_what_is_there() {
        for (body, text) in [
            ("SGVsbG8gd29ybGQ*!!gYW5kIG1vcmU=\r\nZZ", "Hello world and more"),
            ("SGVsbG8gd29y\r\nbGQ=\r\n____________\r\nTo leave this list: https://lists.example.org/x", "Hello world"),
            ("SGVsbG8g\nd29ybGQ=\nIGFuZCBt\nb3Jl\n--\nlist@example.org", "Hello world and more"),
            ("all of it in clear, after all", ""),
        ] {
            let (decoded, whole) = decode(Encoding::Base64, body.as_bytes());
            assert_eq!(String::from_utf8_lossy(&decoded), text, "{body}");
            assert!(!whole, "{body}");
        }
    }

    #[test]
    fn parts_are_numbered_as_imap_does() {
        let nested = "Content-Type: multipart/mixed; boundary=\"b\"\n\npreamble\n--b\nContent-Type: multipart/alternative;\n\
                      \tboundary=b2\n\n--b2\n\none\n--b2\nContent-Type: text/html\n\ntwo\n--b2--\n--b\n\
                      Content-Type: message/rfc822\n\nSubject: in\nContent-Type: multipart/mixed; boundary=c\n\n--c\n\nx\n\
                      --c\nContent-Type: image/png\n\npng\n--c--\n--b--\nepilogue\n";
        let (found, troubles) = paths(nested);
        assert!(troubles.is_empty());
        assert_eq!(found.len(), 5, "{found:#?}");
        assert_eq!(found[..2], ["1.1 text/plain \"one\"", "1.2 text/html \"two\""]);
        assert!(found[2].starts_with("2 message/rfc822 \"Subject: in"));
        assert_eq!(found[3..], ["2.1 text/plain \"x\"", "2.2 image/png \"png\""]);
        assert_eq!(paths("A: 1\n\nbody").0, ["1 text/plain \"body\""]);
        assert_eq!(
            paths("Content-Type: message/rfc822\n\nSubject: x\n\nb").0,
            ["1 message/rfc822 \"Subject: x\\n\\nb\"", "1.1 text/plain \"b\""]
        );
        let digest = "Content-Type: multipart/digest; boundary=d\r\n\r\n--d\r\n\r\nSubject: 1\r\n\r\na\r\n--d--";
        assert_eq!(paths(digest).0, ["1 message/rfc822 \"Subject: 1\\r\\n\\r\\na\"", "1.1 text/plain \"a\""]);
    }

    #[test]
    fn odd_boundaries() {
        let missing = "Content-Type: multipart/mixed; boundary=b\n\nno boundary anywhere";
        assert_eq!(paths(missing), (vec!["1 text/plain \"no boundary anywhere\"".into()], vec![Trouble::Boundary]));
        let forgotten = "Content-Type: multipart/mixed boundary=\"b\"\n\n--b\n\nx\n--b--";
        assert_eq!(paths(forgotten), (vec!["1 text/plain \"x\"".into()], vec![]));
        let prefix = "Content-Type: multipart/mixed; boundary=b\n\n--b\n\n--b1\nx--b\n--b  \n\ny";
        assert_eq!(paths(prefix).0, ["1 text/plain \"--b1\\nx--b\"", "2 text/plain \"y\""]);
        let empty = "Content-Type: multipart/mixed; boundary=b\n\n--b\n--b--\n";
        assert_eq!(paths(empty).0, ["1 text/plain \"\""]);
    }

    #[test]
    fn depth_and_number_are_bounded() {
        let mut multiparts = String::new();
        for i in 0..10_000 {
            multiparts.push_str(&format!("Content-Type: multipart/mixed; boundary=b{i}\n\n--b{i}\n"));
        }
        assert_eq!(paths(&multiparts).1, [Trouble::Depth]);
        let messages = "Content-Type: message/rfc822\n\n".repeat(10_000);
        let (found, troubles) = paths(&messages);
        assert_eq!((found.len(), troubles), (DEEPEST + 1, vec![Trouble::Depth]));
        let wide = format!("Content-Type: multipart/mixed; boundary=b\n\n{}", "--b\n\nx\n".repeat(20_000));
        let (found, troubles) = paths(&wide);
        assert_eq!((found.len(), troubles), (MOST_PARTS, vec![Trouble::Count]));
    }

    #[test]
    fn transfer_encodings() {
        let qp = |text: &str| String::from_utf8_lossy(&quoted_printable(text.as_bytes())).into_owned();
        assert_eq!(qp("caf=C3=a9 =\r\nx=  \ny =\n"), "café xy ");
        assert_eq!(qp("a=zz b= c=4 =3D="), "a=zz b= c=4 =");
        let base64 = |text: &str| decode(Encoding::Base64, text.as_bytes()).0.into_owned();
        assert_eq!(base64("Y2Fm\r\nw6k=\r\n"), "café".as_bytes());
        assert_eq!(base64("Y2Fmw6k=\n_____\nA list, http://example.org\n"), "café".as_bytes());
        assert!(!decode(Encoding::Base64, b"Y2Fm\n_____\n").1);
    }

    #[test]
    fn quoted_from_lines() {
        let undo = |text: &str| String::from_utf8_lossy(&unquote_from(text.as_bytes())).into_owned();
        assert_eq!(
            undo(">From a\n>>From b\nx >From c\n> From d\n>From"),
            "From a\n>From b\nx >From c\n> From d\n>From"
        );
        assert_eq!(undo(""), "");
    }
}
