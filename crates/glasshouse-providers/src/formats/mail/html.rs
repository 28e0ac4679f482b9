use mail_parser::decoders::html::add_html_token;
use memchr::{memchr, memmem};

/// Turns HTML into readable text: tags and unseen elements go, entities are decoded, blocks become lines.
///
/// It is for search and reading, not for display: nothing of it is to be trusted as markup.
pub fn readable(html: &str) -> String {
    let bytes = html.as_bytes();
    let mut text = Text { out: String::with_capacity(html.len() / 4), gap: Gap::None, pre: 0 };
    let mut at = 0;
    while at < bytes.len() {
        let tag = memchr(b'<', &bytes[at..]).map_or(bytes.len(), |skip| at + skip);
        text.words(&html[at..tag]);
        at = tag;
        let Some(&first) = bytes.get(at + 1) else {
            text.words(&html[at..]);
            break;
        };
        if bytes[at..].starts_with(b"<!--") {
            at = memmem::find(&bytes[at + 4..], b"-->").map_or(bytes.len(), |skip| at + 4 + skip + 3);
            continue;
        }
        let closing = first == b'/';
        let name_at = at + 1 + usize::from(closing);
        let name_len = bytes[name_at..].iter().take(16).take_while(|b| b.is_ascii_alphanumeric()).count();
        let name = html.get(name_at..name_at + name_len).unwrap_or("");
        if name.is_empty() && !matches!(first, b'!' | b'?' | b'/') {
            // A lone `<` is text.
            text.words("<");
            at += 1;
            continue;
        }
        let end = tag_end(bytes, name_at + name_len);
        let name = name.to_ascii_lowercase();
        at = end;
        match name.as_str() {
            "script" | "style" | "template" | "title" if !closing => at = skip_element(bytes, end, &name),
            "br" => text.gap(Gap::Line { again: true }),
            "p" | "h1" | "h2" | "h3" | "h4" | "h5" | "h6" | "blockquote" | "ul" | "ol" | "table" | "hr" => {
                text.gap(Gap::Paragraph);
            }
            "pre" => {
                text.gap(Gap::Paragraph);
                text.pre = if closing { text.pre.saturating_sub(1) } else { text.pre + 1 };
            }
            "div" | "tr" | "li" | "dt" | "dd" | "dl" | "section" | "article" | "header" | "footer" | "center"
            | "address" | "body" | "form" | "option" | "caption" => text.gap(Gap::Line { again: false }),
            "td" | "th" => text.gap(Gap::Space),
            _ => {}
        }
    }
    text.out
}

/// What stands between the text so far and what follows.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Gap {
    None,
    Space,
    /// `again` counts a further line even where one is due already.
    Line {
        again: bool,
    },
    Paragraph,
}

struct Text {
    out: String,
    gap: Gap,
    pre: u32,
}

impl Text {
    fn gap(&mut self, gap: Gap) {
        self.gap = match (self.gap, gap) {
            (Gap::Line { again: true }, Gap::Line { again: true }) => Gap::Paragraph,
            (now, more) => now.max(more),
        };
    }

    fn break_now(&mut self) {
        let gap = std::mem::replace(&mut self.gap, Gap::None);
        if self.out.is_empty() {
            return;
        }
        self.out.push_str(match gap {
            Gap::None => "",
            Gap::Space => " ",
            Gap::Line { .. } => "\n",
            Gap::Paragraph => "\n\n",
        });
    }

    /// Adds text between tags.
    fn words(&mut self, text: &str) {
        let white = |c: char| matches!(c, ' ' | '\t' | '\r' | '\n');
        let mut rest = text;
        while !rest.is_empty() {
            let blank = rest.len() - rest.trim_start_matches(white).len();
            if blank > 0 {
                if self.pre > 0 {
                    for c in rest[..blank].chars() {
                        match c {
                            '\n' => self.gap(Gap::Line { again: true }),
                            '\r' => {}
                            _ if self.gap == Gap::None => self.out.push(c),
                            _ => {}
                        }
                    }
                } else {
                    self.gap(Gap::Space);
                }
                rest = &rest[blank..];
                continue;
            }
            let end = rest.find(white).unwrap_or(rest.len());
            self.break_now();
            self.entities(&rest[..end]);
            rest = &rest[end..];
        }
    }

    fn entities(&mut self, mut word: &str) {
        const LONGEST_ENTITY: usize = 40;
        while let Some(start) = memchr(b'&', word.as_bytes()) {
            self.out.push_str(&word[..start]);
            word = &word[start..];
            let end = word.bytes().take(LONGEST_ENTITY).position(|b| b == b';');
            let Some(end) = end else {
                self.out.push('&');
                word = &word[1..];
                continue;
            };
            let before = self.out.len();
            add_html_token(&mut self.out, &word.as_bytes()[..end + 1], false);
            if self.out[before..].starts_with(['\u{a0}', '\0']) {
                // A blank that does not break is a blank to whoever searches.
                self.out.truncate(before);
                self.out.push(' ');
            }
            word = &word[end + 1..];
        }
        self.out.push_str(word);
    }
}

/// Returns where the tag ends whose name ends at `at`, quoted attribute values considered.
fn tag_end(bytes: &[u8], at: usize) -> usize {
    let mut quote = None;
    let mut after_equals = false;
    // A quote that is never closed must not swallow the rest of the mail.
    let mut first_close = None;
    for (i, byte) in bytes[at..].iter().enumerate() {
        match (quote, byte) {
            (None, b'>') => return at + i + 1,
            (None, b'"' | b'\'') if after_equals => quote = Some(*byte),
            (Some(open), b) if open == *b => quote = None,
            (Some(_), b'>') if first_close.is_none() => first_close = Some(at + i + 1),
            _ => {}
        }
        if !byte.is_ascii_whitespace() {
            after_equals = *byte == b'=';
        }
        if i > 1 << 16 {
            break;
        }
    }
    first_close.unwrap_or_else(|| memchr(b'>', &bytes[at..]).map_or(bytes.len(), |i| at + i + 1))
}

/// Returns where the closing tag of an element begins, or the end.
fn skip_element(bytes: &[u8], at: usize, name: &str) -> usize {
    let mut from = at;
    while let Some(skip) = memmem::find(&bytes[from..], b"</") {
        let here = from + skip;
        let after = &bytes[here + 2..];
        if after.len() >= name.len() && after[..name.len()].eq_ignore_ascii_case(name.as_bytes()) {
            return here;
        }
        from = here + 2;
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use super::readable;

    #[test]
    fn text_comes_out_as_a_reader_sees_it() {
        for (html, text) in [
            ("<p>One</p><p>Two</p>", "One\n\nTwo"),
            ("<div>One</div><div>Two<br>Three<br><br>Four</div>", "One\nTwo\nThree\n\nFour"),
            ("a <b>b</b>c\n  d", "a bc d"),
            ("<style>p{}</style>x<script>if (a</b) alert('</')</script>y", "xy"),
            ("<head><title>T</title><meta charset=x></head><body>B</body>", "B"),
            ("Tom &amp; J&eacute;r&#244;me &lt;&#x41;&nbsp;B&unknown; AT&T", "Tom & Jérôme <A B&unknown; AT&T"),
            ("<!-- hidden <p> -->seen", "seen"),
            ("<a href=\"x>y\" title='\"'>link</a> 1 < 2", "link 1 < 2"),
            ("<td>1</td><td>2</td></tr><tr><td>3", "1 2\n3"),
            ("<pre>a\n  b</pre>", "a\nb"),
            ("unclosed <a href=\"never ends>text", "unclosed text"),
            ("<", "<"),
            ("<!--", ""),
            ("é<é", "é<é"),
        ] {
            assert_eq!(readable(html), text, "{html}");
        }
    }
}
