//! A Rust file with its comments and texts blanked out, and the knowledge which of it is tests.

use std::ops::Range;

/// A Rust file, ready to be searched.
pub struct Source {
    pub path: String,
    pub text: String,
    /// The text, byte for byte, with blanks for comments and for what stands between quotes.
    code: String,
    tests: Vec<Range<usize>>,
}

impl Source {
    pub fn new(path: &str, text: String) -> Source {
        let code = blank(&text);
        let tests = test_ranges(&code);
        Source { path: path.to_owned(), text, code, tests }
    }

    /// Returns the code without comments and texts.
    pub fn code(&self) -> &str {
        &self.code
    }

    /// Returns where the code holds a word, as a whole word, outside tests.
    pub fn find<'a>(&'a self, word: &'a str) -> impl Iterator<Item = usize> + 'a {
        let part_of_name = |b: Option<&u8>| b.is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_');
        let bytes = self.code.as_bytes();
        self.code.match_indices(word).map(|(at, _)| at).filter(move |at| {
            let (first, last) = (word.as_bytes().first(), word.as_bytes().last());
            let before = at.checked_sub(1).and_then(|i| bytes.get(i));
            let inside = (part_of_name(first) && part_of_name(before))
                || (part_of_name(last) && part_of_name(bytes.get(at + word.len())));
            !inside && !self.tests.iter().any(|range| range.contains(at))
        })
    }

    /// Returns the number of the line, from 1.
    pub fn line(&self, at: usize) -> usize {
        1 + self.text.as_bytes()[..at].iter().filter(|b| **b == b'\n').count()
    }

    /// Says whether comments right above a line begin with a mark.
    pub fn has_comment_above(&self, line: usize, mark: &str) -> bool {
        let above: Vec<&str> = self.text.lines().take(line.saturating_sub(1)).map(str::trim_start).collect();
        above.iter().rev().take_while(|l| l.starts_with("//")).any(|l| l.starts_with(mark))
    }

    /// Returns the modules in files of their own that are compiled for tests only, as paths without `.rs`.
    pub fn test_modules(&self) -> Vec<String> {
        let base = match self.path.strip_suffix(".rs") {
            Some(stem) => match stem.rsplit_once('/') {
                Some((folder, "mod" | "lib" | "main")) => folder,
                _ => stem,
            },
            None => return Vec::new(),
        };
        let item = |range: &Range<usize>| self.code[range.clone()].trim_end_matches(';').to_owned();
        let module = |item: String| item.rsplit_once("mod ").map(|(_, name)| format!("{base}/{}", name.trim()));
        self.tests.iter().filter(|r| self.code[..r.end].ends_with(';')).filter_map(|r| module(item(r))).collect()
    }
}

/// Replaces comments and the insides of texts by blanks; line ends stay.
fn blank(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut code = bytes.to_vec();
    let mut at = 0;
    while at < bytes.len() {
        let rest = &bytes[at..];
        let end = if rest.starts_with(b"//") {
            at + rest.iter().position(|b| *b == b'\n').unwrap_or(rest.len())
        } else if rest.starts_with(b"/*") {
            at + block_comment(rest)
        } else if let Some(length) = raw_text(bytes, at) {
            at + length
        } else if rest[0] == b'"' {
            at + quoted(rest, b'"')
        } else if rest[0] == b'\'' && is_char(&text[at..]) {
            at + quoted(rest, b'\'')
        } else {
            at += 1;
            continue;
        };
        for byte in &mut code[at..end] {
            if *byte != b'\n' {
                *byte = b' ';
            }
        }
        at = end;
    }
    // Whole characters were replaced, so what is left is text still.
    String::from_utf8_lossy(&code).into_owned()
}

fn block_comment(bytes: &[u8]) -> usize {
    let (mut depth, mut at) = (0_usize, 0);
    while at < bytes.len() {
        match &bytes[at..] {
            [b'/', b'*', ..] => depth += 1,
            [b'*', b'/', ..] => depth -= 1,
            _ => {
                at += 1;
                continue;
            }
        }
        at += 2;
        if depth == 0 {
            return at;
        }
    }
    bytes.len()
}

/// Returns the length of a raw text that begins here with its `r`.
fn raw_text(bytes: &[u8], at: usize) -> Option<usize> {
    let rest = bytes[at..].strip_prefix(b"r")?;
    let before = at.checked_sub(1).map_or(b' ', |i| bytes[i]);
    if before.is_ascii_alphanumeric() && !matches!(before, b'b' | b'c') || before == b'_' {
        return None;
    }
    let hashes = rest.iter().take_while(|b| **b == b'#').count();
    let inside = rest[hashes..].strip_prefix(b"\"")?;
    let close = [&b"\""[..], &b"#".repeat(hashes)].concat();
    let length = inside.windows(close.len()).position(|w| w == close).map_or(inside.len(), |i| i + close.len());
    Some(1 + hashes + 1 + length)
}

fn quoted(bytes: &[u8], quote: u8) -> usize {
    let mut at = 1;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 1,
            b if b == quote => return at + 1,
            _ => {}
        }
        at += 1;
    }
    bytes.len()
}

/// Tells a character from a lifetime.
fn is_char(text: &str) -> bool {
    let mut chars = text.chars().skip(1);
    match chars.next() {
        Some('\\') => true,
        Some(_) => chars.next() == Some('\''),
        None => false,
    }
}

/// Returns the items that are compiled for tests only, each with its attribute.
fn test_ranges(code: &str) -> Vec<Range<usize>> {
    let mut ranges: Vec<Range<usize>> = Vec::new();
    if code.contains("#![cfg(test)]") {
        ranges.push(0..code.len());
        return ranges;
    }
    for mark in ["#[cfg(test)]", "#[cfg(all(test,", "#[test]"] {
        for (start, _) in code.match_indices(mark) {
            ranges.push(start..item_end(code.as_bytes(), start));
        }
    }
    ranges
}

/// Returns where the item ends whose attributes begin here.
fn item_end(code: &[u8], start: usize) -> usize {
    let mut at = start;
    let mut depth = 0_usize;
    let mut attribute = false;
    while let Some(byte) = code.get(at) {
        at += 1;
        match byte {
            b'#' if depth == 0 => attribute = true,
            b'(' | b'[' => depth += 1,
            b'{' => depth += 1,
            b')' | b']' => {
                depth = depth.saturating_sub(1);
                attribute &= depth > 0;
            }
            b'}' => {
                depth = depth.saturating_sub(1);
                if depth == 0 && !attribute {
                    return at;
                }
            }
            b';' if depth == 0 => return at,
            _ => {}
        }
    }
    code.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hits(text: &str, word: &str) -> Vec<usize> {
        let source = Source::new("a/src/x.rs", text.to_owned());
        source.find(word).map(|at| source.line(at)).collect()
    }

    #[test]
    fn comments_and_texts_are_blank() {
        for text in ["// x", "/* /* x */ x */", "\"\\\" x\"", "r#\"\" x \"#", "br\"\\\" ; b\" x \"", "'x'", "b'x'"] {
            assert!(hits(text, "x").is_empty(), "{text}");
        }
        for text in ["&'a str; x", "'\\'' x", "'é' x", "r#type x", "for \"\" x", "/**/ x", "'\"' x"] {
            assert_eq!(hits(text, "x"), [1], "{text}");
        }
        assert!(hits("xy y_x", "x").is_empty());
    }

    #[test]
    fn tests_are_left_out() {
        let text = "x();\n#[cfg(test)]\n#[allow(unused)]\nmod t {\n  fn f(a: [u8; 3]) { x(); }\n}\nx();\n\
            #[cfg(test)]\nmod other;\nx();\n#[cfg(test)]\nfn g(a: [u8; 2]) -> u8 { x() }\nx();\n";
        assert_eq!(hits(text, "x()"), [1, 7, 10, 13]);
        let modules = |path| Source::new(path, text.to_owned()).test_modules();
        assert_eq!(modules("a/src/b.rs"), ["a/src/b/other"]);
        assert_eq!(modules("a/src/b/mod.rs"), ["a/src/b/other"]);
    }

    #[test]
    fn comments_above_are_seen() {
        let source = Source::new("a.rs", "// WHY: it\n// holds.\nx\n\ny\n".to_owned());
        assert!(source.has_comment_above(3, "// WHY:"));
        assert!(!source.has_comment_above(5, "// WHY:"));
    }
}
