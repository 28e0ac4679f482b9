//! What the compiler does not check: length of files, panics, prints, dependencies, purity of parsers, links.

mod links;
mod manifests;
mod paths;
mod rules;
mod source;

use crate::Fault;
use source::Source;
use std::collections::BTreeSet;
use std::fmt;
use std::path::{Path, PathBuf};

/// Something to be put right.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    path: String,
    line: usize,
    message: String,
}

impl Finding {
    fn new(path: &str, line: usize, message: impl Into<String>) -> Finding {
        Finding { path: path.to_owned(), line, message: message.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "{}:{}: {}", self.path, self.line, self.message)
    }
}

/// Prints every finding; says whether there was none.
pub fn run(root: &Path) -> Result<bool, Fault> {
    let findings = check(root)?;
    for finding in &findings {
        println!("{finding}");
    }
    if !findings.is_empty() {
        eprintln!("tidy: {} to put right", findings.len());
    }
    Ok(findings.is_empty())
}

fn check(root: &Path) -> Result<BTreeSet<Finding>, Fault> {
    if !root.join("Cargo.lock").is_file() {
        return Err(format!("{} is not the root of the repository.", root.display()).into());
    }
    let mut findings = BTreeSet::new();
    let files = files(root)?;
    let mut sources = Vec::new();
    for path in &files {
        let text = || std::fs::read_to_string(root.join(path)).map_err(|e| format!("{path}: {e}"));
        if path.ends_with(".rs") {
            sources.push(Source::new(path, text()?));
        } else if path.ends_with(".md") {
            findings.extend(links::check(root, path, &text()?));
        }
    }
    let test_modules: Vec<String> = sources.iter().flat_map(Source::test_modules).collect();
    for source in &sources {
        let is_test = test_modules.iter().any(|m| {
            let rest = source.path.strip_prefix(m.as_str());
            rest.is_some_and(|rest| rest == ".rs" || rest.starts_with('/'))
        });
        findings.extend(rules::length(source));
        if !is_test {
            findings.extend(rules::check(source));
        }
    }
    findings.extend(manifests::check(root)?);
    Ok(findings)
}

/// Lists the files of the repository by their path with `/` between names; builds and hidden folders are left out.
fn files(root: &Path) -> Result<Vec<String>, Fault> {
    let (mut found, mut folders) = (Vec::new(), vec![PathBuf::new()]);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(root.join(&folder))? {
            let entry = entry?;
            let Ok(name) = entry.file_name().into_string() else { continue };
            if name.starts_with('.') || name == "target" || name == "node_modules" {
                continue;
            }
            let kind = entry.file_type()?;
            if kind.is_dir() {
                folders.push(folder.join(name));
            } else if kind.is_file() {
                found.push(folder.join(name).to_string_lossy().replace('\\', "/"));
            }
        }
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_of_a_repository_are_found() {
        let root = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = root.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        assert!(check(root.path()).is_err());
        write("Cargo.lock", "[[package]]\nname = \"a\"\n");
        write("README.md", "[there](docs/a.md) [not](docs/b.md)\n");
        write("docs/a.md", "");
        write("crates/a/src/lib.rs", "fn f() { g().unwrap(); }\n#[cfg(test)]\nmod tests;\nmod b;\n");
        write("crates/a/src/tests.rs", "fn f() { g().unwrap(); }\n");
        write("crates/a/src/b.rs", "fn f() { println!(\"x\"); }\n");
        write("crates/a/tests/c.rs", "fn f() { g().unwrap(); }\n");
        write("crates/a/src/long.rs", &"\n".repeat(601));
        write("target/x.rs", "fn f() { panic!() }\n");
        let found: Vec<String> = check(root.path()).unwrap().iter().map(|f| format!("{}:{}", f.path, f.line)).collect();
        assert_eq!(found, ["README.md:1", "crates/a/src/b.rs:1", "crates/a/src/lib.rs:1", "crates/a/src/long.rs:601"]);
    }
}
