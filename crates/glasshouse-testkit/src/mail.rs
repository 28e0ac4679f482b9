//! Messages: what they say, and how they are written.

use crate::clock::{day, home_offset, write};
use crate::encode::{base64_lines, header_text, latin1, quoted_printable, windows1251};
use crate::jpeg::{Shot, jpeg};
use crate::letters::{Letter, letter};
use crate::rng::Rng;
use crate::story::{HOLDER, PEOPLE, Person, Spread, offset_at, position};
use crate::truth::needle;

/// Tells one set of messages from another of the same account.
#[derive(Clone, Copy)]
pub(crate) struct Post<'a> {
    pub seed: u64,
    pub stream: u64,
    pub count: u64,
    pub spread: &'a Spread,
}

/// A message as it is sent, lines ending in CRLF, and what a reader can find in it.
pub(crate) struct Mail {
    pub thread: u64,
    pub time: i64,
    pub labels: String,
    pub bytes: Vec<u8>,
    /// The subject and the text, decoded.
    pub text: String,
}

/// The label that has an mbox of its own.
pub(crate) const LABEL: &str = "Atlas";

/// Messages of a thread.
const THREAD: u64 = 3;

/// Returns one message; the same index gives the same message.
pub(crate) fn mail(post: Post<'_>, index: u64) -> Mail {
    let thread = index / THREAD;
    let place = index % THREAD;
    let mut of_thread = Rng::of(post.seed, post.stream, thread);
    let mut rng = Rng::of(post.seed, post.stream + 1, index);
    let begun = post.spread.awake(thread, post.count.div_ceil(THREAD));
    // Answers come about a day later.
    let time = begun + place as i64 * (86_400 + rng.below(7200) as i64 - 3600);
    let time = time.min(day(2025, 1, 1) * 86_400 - 1);
    let said = letter(begun, &mut of_thread);
    let other = &PEOPLE[said.with];
    let ours = place % 2 == 1;
    let (from, to) = if ours { (&HOLDER, other) } else { (other, &HOLDER) };
    let extra = match index {
        i if i % 101 == 7 => Some(format!("The {} by the window is in flower.", needle::HELIOTROPE)),
        i if i % 53 == 11 => Some(format!("There is {} in the second drawer.", needle::MARZIPAN)),
        _ => None,
    };
    let subject = if place == 0 { said.subject.clone() } else { format!("Re: {}", said.subject) };
    let mut lines = vec![format!("Dear {},", to.name)];
    lines.push(if place == 0 { said.text.clone() } else { reply(&mut rng, &said, if ours { other } else { &HOLDER }) });
    lines.extend(extra);
    lines.push(format!("Best wishes\r\n{}", from.name));
    let body = lines.join("\r\n\r\n");
    let id = |place: u64| format!("<{:016x}.{}@example.com>", of_thread_id(post, thread), place);
    let zone = match from.zone {
        Some(hours) => hours * 3600,
        None if ours => offset_at(time),
        None => home_offset(time),
    };
    let mut head = String::new();
    if !ours {
        let received = write(time + 2, 0, "%a, %d %b %Y %H:%M:%S +0000");
        head += &format!(
            "Delivered-To: {}\r\nReceived: from mail.example.net (mail.example.net. [192.0.2.{}])\r\n        by mx.example.com with ESMTPS id {:x};\r\n        {received}\r\n",
            HOLDER.email,
            1 + rng.below(250),
            rng.below(1 << 40),
        );
    }
    head += &format!(
        "Date: {}\r\nFrom: {}\r\nTo: {}\r\nSubject: {}\r\nMessage-ID: {}\r\n",
        write(time, zone, "%a, %d %b %Y %H:%M:%S %z"),
        address(from),
        address(to),
        header_text(&subject),
        id(place),
    );
    if place > 0 {
        let all: Vec<String> = (0..place).map(id).collect();
        head += &format!("In-Reply-To: {}\r\nReferences: {}\r\n", id(place - 1), all.join("\r\n "));
    }
    let body = shape(index, body, from, time, &mut rng);
    let mut labels = vec![if ours { "Sent" } else { "Inbox" }];
    labels.extend(said.label);
    labels.push(if rng.below(9) == 0 { "Unread" } else { "Opened" });
    let mut bytes = (head + "MIME-Version: 1.0\r\n" + &body.header).into_bytes();
    bytes.extend(b"\r\n");
    bytes.extend(body.content);
    Mail {
        thread: 1_600_000_000_000_000_000 + of_thread_id(post, thread) % 100_000_000_000_000_000,
        time,
        labels: labels.join(","),
        text: format!("{subject}\n{}", body.text),
        bytes,
    }
}

fn of_thread_id(post: Post<'_>, thread: u64) -> u64 {
    Rng::of(post.seed, post.stream + 2, thread).next()
}

fn reply(rng: &mut Rng, said: &Letter, to: &Person) -> String {
    const REPLIES: &[&str] = &[
        "That suits me well. I have put it in the calendar.",
        "Thank you. I shall look at it on Thursday and write again.",
        "Could we make it half an hour later? The train is slow that day.",
        "Yes, gladly. I bring the proofs and the good pencils.",
        "I have checked the figures twice and they are right.",
    ];
    let quoted = said.text.replace("\r\n", "\r\n> ");
    format!("{}\r\n\r\n{} wrote:\r\n> {quoted}", rng.pick(REPLIES), to.name)
}

fn address(person: &Person) -> String {
    format!("{} <{}>", header_text(person.name), person.email)
}

/// A body with the headers that say how it is written.
struct Body {
    header: String,
    content: Vec<u8>,
    text: String,
}

impl Body {
    fn single(kind: &str, encoding: &str, content: impl Into<Vec<u8>>, text: String) -> Self {
        let header = format!("Content-Type: {kind}\r\nContent-Transfer-Encoding: {encoding}\r\n");
        Self { header, content: content.into(), text }
    }

    /// Returns this body with further parts after it.
    fn with(self, kind: &str, mark: u64, parts: &[(&str, Vec<u8>)]) -> Self {
        let boundary = format!("{mark:016x}");
        let mut content = format!("--{boundary}\r\n{}\r\n", self.header).into_bytes();
        content.extend(self.content);
        for (header, part) in parts {
            content.extend(format!("\r\n--{boundary}\r\n{header}\r\n").bytes());
            content.extend(part);
        }
        content.extend(format!("\r\n--{boundary}--\r\n").bytes());
        let header = format!("Content-Type: multipart/{kind};\r\n boundary=\"{boundary}\"\r\n");
        Self { header, content, text: self.text }
    }
}

/// Writes a text in one of the many ways that mail programs do.
fn shape(index: u64, text: String, from: &Person, time: i64, rng: &mut Rng) -> Body {
    let utf8 = |text: String| {
        let coded = quoted_printable(text.as_bytes());
        Body::single("text/plain; charset=\"UTF-8\"", "quoted-printable", coded, text)
    };
    let mark = rng.next();
    match index % 16 {
        1 => Body::single("text/plain; charset=utf-8", "base64", base64_lines(text.as_bytes()), text),
        2 => {
            let number = 1000 + index;
            let header = format!(
                "Content-Type: application/pdf; name=\"invoice-{number}.pdf\"\r\nContent-Disposition: attachment; filename=\"invoice-{number}.pdf\"\r\nContent-Transfer-Encoding: base64\r\n"
            );
            utf8(text).with("mixed", mark, &[(&header, base64_lines(&pdf(&format!("Invoice {number}"))).into_bytes())])
        }
        3 => {
            let html = html(&text);
            Body::single("text/html; charset=utf-8", "quoted-printable", quoted_printable(html.as_bytes()), text)
        }
        4 => {
            let coded = quoted_printable(html(&text).as_bytes());
            let header =
                "Content-Type: text/html; charset=\"UTF-8\"\r\nContent-Transfer-Encoding: quoted-printable\r\n";
            utf8(text).with("alternative", mark, &[(header, coded.into_bytes())])
        }
        5 => {
            let inner = format!(
                "From: {}\r\nTo: team@example.net\r\nDate: {}\r\nSubject: Minutes {index}\r\nMessage-ID: <inner-{mark:x}@example.net>\r\n\r\nWhat was agreed last week.\r\n",
                address(from),
                write(time - 86_400, 0, "%a, %d %b %Y %H:%M:%S +0000"),
            );
            utf8(text).with("mixed", mark, &[("Content-Type: message/rfc822\r\n", inner.into_bytes())])
        }
        6 => utf8(format!("{text}\r\n\r\nFrom here on the road is closed.\r\n>From the other side it is open.")),
        7 => {
            let text = format!("{}\r\n\r\nGrüße, schöne Tage und à bientôt", romanised(&text));
            match latin1(&text) {
                Some(bytes) => {
                    let coded = quoted_printable(&bytes);
                    Body::single("text/plain; charset=iso-8859-1", "quoted-printable", coded, text)
                }
                None => utf8(text),
            }
        }
        8 => {
            let text = format!("{text}\r\n\r\nЖду карту северного неба.");
            match windows1251(&text) {
                Some(bytes) => Body::single("text/plain; charset=windows-1251", "base64", base64_lines(&bytes), text),
                None => utf8(text),
            }
        }
        9 if romanised(&text).is_ascii() => {
            // Thanks in Japanese, in the seven-bit charset that Japanese mail long used.
            let text = romanised(&text);
            let coded = format!("{text}\r\n\r\n\x1b$B$\"$j$,$H$&\x1b(B");
            Body::single("text/plain; charset=iso-2022-jp", "7bit", coded, format!("{text}\r\n\r\nありがとう"))
        }
        10 => {
            let place = position(time, rng);
            let comment = format!("mail {index} {mark:x}");
            let shot = Shot { time, offset: offset_at(time), place: Some(place), comment: &comment, tone: mark };
            let header = format!(
                "Content-Type: image/jpeg; name=\"view-{index}.jpg\"\r\nContent-Disposition: inline; filename*=UTF-8''view%20{index}.jpg\r\nContent-ID: <view{index}>\r\nContent-Transfer-Encoding: base64\r\n"
            );
            utf8(text).with("related", mark, &[(&header, base64_lines(&jpeg(&shot)).into_bytes())])
        }
        11 if romanised(&text).is_ascii() => {
            let text = romanised(&text);
            Body::single("text/plain; charset=us-ascii; format=flowed", "7bit", text.clone(), text)
        }
        12 => Body::single("text/plain; charset=utf-8", "8bit", text.clone(), text),
        _ => utf8(text),
    }
}

/// Returns a text with names in the letters that old charsets have.
fn romanised(text: &str) -> String {
    PEOPLE.iter().fold(text.to_owned(), |text, person| match person.latin {
        Some(latin) => text.replace(person.name, latin),
        None => text,
    })
}

fn html(text: &str) -> String {
    let escaped = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let paragraphs: String = escaped.split("\r\n\r\n").map(|p| format!("<p>{p}</p>\r\n")).collect();
    format!("<html><head><style>p {{ color: #222 }}</style></head><body>\r\n{paragraphs}</body></html>\r\n")
}

/// Returns a page of paper that says one thing.
pub(crate) fn pdf(text: &str) -> Vec<u8> {
    let page = format!("BT /F1 24 Tf 72 720 Td ({text}) Tj ET");
    let objects = [
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_owned(),
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>"
            .to_owned(),
        format!("<< /Length {} >>\nstream\n{page}\nendstream", page.len()),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>".to_owned(),
    ];
    let mut out = "%PDF-1.4\n".to_owned();
    let mut table = "0000000000 65535 f \n".to_owned();
    for (number, object) in objects.iter().enumerate() {
        table += &format!("{:010} 00000 n \n", out.len());
        out += &format!("{} 0 obj\n{object}\nendobj\n", number + 1);
    }
    let at = out.len();
    out += &format!("xref\n0 6\n{table}trailer << /Size 6 /Root 1 0 R >>\nstartxref\n{at}\n%%EOF\n");
    out.into_bytes()
}

/// Returns a message as an entry of a Gmail mbox.
pub(crate) fn mbox_entry(mail: &Mail, index: u64) -> Vec<u8> {
    let labels = if mail.labels.contains(LABEL) && index.is_multiple_of(5) {
        format!("=?UTF-8?Q?Ge=C3=B6ffnet,{}?=", mail.labels)
    } else {
        mail.labels.clone()
    };
    let mut out = format!(
        "From {}@xxx {}\r\nX-GM-THRID: {}\r\nX-Gmail-Labels: {labels}\r\n",
        mail.thread + index % THREAD,
        write(mail.time, 0, "%a %b %d %H:%M:%S +0000 %Y"),
        mail.thread,
    )
    .into_bytes();
    for line in mail.bytes.split_inclusive(|b| *b == b'\n') {
        // A line that looks like the start of the next message is quoted, however often it has been before.
        let bare = line.iter().position(|b| *b != b'>').map_or(line, |at| &line[at..]);
        if bare.starts_with(b"From ") {
            out.push(b'>');
        }
        out.extend(line);
    }
    if !out.ends_with(b"\n") {
        out.extend(b"\r\n");
    }
    out.extend(b"\r\n");
    out
}

/// Returns the word that an encoded attachment begins with, for tests of what is inside.
#[cfg(test)]
pub(crate) fn pdf_begins() -> String {
    crate::encode::base64(&pdf("")[..6])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_the_same_by_index() {
        let spread = Spread::new();
        let post = Post { seed: 3, stream: 10, count: 100, spread: &spread };
        assert_eq!(mail(post, 18).bytes, mail(post, 18).bytes);
        assert_ne!(mail(post, 18).bytes, mail(Post { seed: 4, ..post }, 18).bytes);
        let quoted = String::from_utf8(mbox_entry(&mail(post, 6), 6)).unwrap();
        assert!(quoted.contains("\r\n>From here") && quoted.contains("\r\n>>From the other"));
        assert!(String::from_utf8(mail(post, 2).bytes).unwrap().contains(&pdf_begins()));
        assert!((0..100).all(|i| mail(post, i).bytes.windows(2).all(|w| w[1] != b'\n' || w[0] == b'\r')));
    }
}
