//! Rules for the text of Rust files.

use super::source::Source;
use super::{Finding, paths};

const LONGEST_FILE: usize = 600;

/// What ends the program where it should have said what is wrong.
const PANICS: &[&str] = &[
    ".unwrap()",
    ".unwrap_err()",
    ".expect_err(",
    "Option::unwrap",
    "Result::unwrap",
    "panic!",
    "todo!",
    "unimplemented!",
];

const PRINTS: &[&str] = &["println!", "eprintln!", "print!", "eprint!", "dbg!"];

/// Crates that talk to a person.
const SPEAKERS: &[&str] = &["glasshouse", "glasshouse-testkit"];

/// Files of the crate that holds the parsers may not reach anything beyond the bytes they are given.
const PARSERS: &str = "glasshouse-providers";
const OUTSIDE: &[&str] =
    &["std::fs", "std::net", "std::env", "std::process", "std::time::SystemTime", "std::time::Instant"];
/// The clock and the machine's zone by another way.
const CLOCKS: &[&str] = &["::now(", "TimeZone::system(", "TimeZone::try_system("];

/// What connects to somewhere else, and the one file that does.
const CONNECTS: &[&str] = &["ureq::", "TcpStream::connect", "UdpSocket", "hyper::client", "reqwest"];
const CONNECTOR: &str = "crates/glasshouse/src/serve/issuer/asking.rs";

/// Checks the length of a file.
pub fn length(source: &Source) -> Option<Finding> {
    let lines = source.text.lines().count();
    let message = || format!("The file has {lines} lines; {LONGEST_FILE} are the most.");
    (lines > LONGEST_FILE).then(|| Finding::new(&source.path, lines, message()))
}

/// Checks the code of a file that is no test.
pub fn check(source: &Source) -> Vec<Finding> {
    let Some((name, file)) = source.path.strip_prefix("crates/").and_then(|p| p.split_once("/src/")) else {
        return Vec::new();
    };
    let mut found = panics(source);
    // A program of its own speaks from its main file; the libraries beside it do not.
    let is_program = file == "main.rs" || file.starts_with("bin/");
    if !SPEAKERS.contains(&name) && !is_program {
        found.extend(words(source, PRINTS, |word| format!("`{word}` outside the command line.")));
    }
    if source.path != CONNECTOR {
        found.extend(words(source, CONNECTS, |word| format!("`{word}` outside {CONNECTOR}.")));
    }
    if name == PARSERS {
        found.extend(words(source, CLOCKS, |word| format!("A parser may not look at the clock: `{word}`.")));
        for (at, path) in paths::of_std(source) {
            if OUTSIDE.iter().any(|o| path == *o || path.strip_prefix(o).is_some_and(|rest| rest.starts_with("::"))) {
                let message = format!("A parser may not reach outside the bytes it is given: `{path}`.");
                found.push(Finding::new(&source.path, source.line(at), message));
            }
        }
    }
    found
}

fn panics(source: &Source) -> Vec<Finding> {
    let mut found = words(source, PANICS, |word| format!("`{word}` outside tests."));
    let stated = |line: &usize| source.has_comment_above(*line, "// INVARIANT:");
    let lines = source.find(".expect(").map(|at| source.line(at)).filter(|line| !stated(line));
    let message = "`.expect(` without `// INVARIANT:` above, which says why it holds.";
    found.extend(lines.map(|line| Finding::new(&source.path, line, message)));
    found
}

fn words(source: &Source, words: &[&str], message: impl Fn(&str) -> String) -> Vec<Finding> {
    let of = |word: &&str| {
        source.find(word).map(|at| Finding::new(&source.path, source.line(at), message(word))).collect::<Vec<_>>()
    };
    words.iter().flat_map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(path: &str, text: &str) -> Vec<usize> {
        check(&Source::new(path, text.to_owned())).iter().map(|f| f.line).collect()
    }

    #[test]
    fn panics_are_found() {
        let text = "a.unwrap();\na.unwrap_or(1);\n// a.unwrap()\na.expect(\"x\");\n// INVARIANT: it\n// is so.\n\
            a.expect(\"x\");\npanic!(\"\");\nstd::panic::catch_unwind(f);\n#[expect(unused)]\na.map(Option::unwrap)\n";
        assert_eq!(lines("crates/a/src/x.rs", text), [1, 11, 8, 4]);
        assert!(lines("crates/a/tests/x.rs", text).is_empty());
        assert!(lines("xtask/src/x.rs", text).is_empty());
    }

    #[test]
    fn prints_are_found() {
        assert_eq!(lines("crates/glasshouse-store/src/x.rs", "println!();\neprintln!();"), [1, 2]);
        for path in ["glasshouse/src/x.rs", "glasshouse-testkit/src/x.rs", "glasshouse-verify/src/main.rs"] {
            assert!(lines(&format!("crates/{path}"), "println!();").is_empty());
        }
    }

    #[test]
    fn connections_are_found() {
        let text = "use ureq::Agent;\nlet s = std::net::TcpStream::connect(a);\nlet l = TcpListener::bind(a);\n";
        assert_eq!(lines("crates/glasshouse/src/serve/x.rs", text), [1, 2]);
        assert!(lines(CONNECTOR, text).is_empty());
    }

    #[test]
    fn reaching_outside_is_found() {
        let text = "use std::{fmt, fs::File};\nuse std::time::{Duration, Instant};\nstd::env::var(x);\n\
            use std::fmt;\nlet n = Timestamp::now();\nstd::time::Duration::ZERO;\n";
        let mut found = lines("crates/glasshouse-providers/src/x.rs", text);
        found.sort_unstable();
        assert_eq!(found, [1, 2, 3, 5]);
        assert!(lines("crates/glasshouse-store/src/x.rs", text).is_empty());
    }
}
