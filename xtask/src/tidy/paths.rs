//! Paths into the standard library, those in grouped imports too.

use super::source::Source;

/// Returns every path that begins with `std`, with where it begins, outside tests.
pub fn of_std(source: &Source) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for start in source.find("std") {
        let mut reader = Reader { code: source.code().as_bytes(), at: start };
        reader.path(String::new(), start, &mut found);
    }
    found
}

struct Reader<'a> {
    code: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    /// Reads `a::b::{c, d::e}` and adds each path it names.
    fn path(&mut self, mut path: String, start: usize, found: &mut Vec<(usize, String)>) {
        loop {
            let name = self.name();
            if name.is_empty() {
                break;
            }
            if !path.is_empty() {
                path.push_str("::");
            }
            path.push_str(&name);
            if !self.takes(b"::") {
                break;
            }
            if self.takes(b"{") {
                while self.at < self.code.len() && !self.takes(b"}") {
                    let (inner, before) = (self.skip_blanks(), self.at);
                    self.path(path.clone(), inner, found);
                    // An `as name` or whatever else follows is passed over.
                    while self.code.get(self.at).is_some_and(|b| !matches!(b, b',' | b'}' | b'{' | b';')) {
                        self.at += 1;
                    }
                    if !self.takes(b",") && self.at == before {
                        self.at += 1;
                    }
                }
                return;
            }
        }
        found.push((start, path));
    }

    fn name(&mut self) -> String {
        let start = self.skip_blanks();
        if self.code.get(start) == Some(&b'*') {
            self.at += 1;
            return "*".into();
        }
        while self.code.get(self.at).is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_') {
            self.at += 1;
        }
        String::from_utf8_lossy(&self.code[start..self.at]).into_owned()
    }

    fn takes(&mut self, what: &[u8]) -> bool {
        let at = self.skip_blanks();
        let there = self.code[at..].starts_with(what);
        if there {
            self.at += what.len();
        }
        there
    }

    fn skip_blanks(&mut self) -> usize {
        while self.code.get(self.at).is_some_and(u8::is_ascii_whitespace) {
            self.at += 1;
        }
        self.at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_read() {
        let text = "use std::{a, b::{self, C as D}, e::*};\nstd::f::G::new();\nstd::vec![1];\nuse std::{";
        let found: Vec<String> = of_std(&Source::new("x.rs", text.into())).into_iter().map(|(_, p)| p).collect();
        assert_eq!(found, ["std::a", "std::b::self", "std::b::C", "std::e::*", "std::f::G::new", "std::vec"]);
    }
}
