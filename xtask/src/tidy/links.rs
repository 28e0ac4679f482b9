//! Links in Markdown files to other files of the repository.

use super::Finding;
use std::path::{Component, Path, PathBuf};

/// Returns the links of a page that lead nowhere.
pub fn check(root: &Path, page: &str, text: &str) -> Vec<Finding> {
    let folder = Path::new(page).parent().unwrap_or(Path::new(""));
    let mut found = Vec::new();
    for (line, target) in links(text) {
        let Some(path) = file_of(&target) else { continue };
        let full = match path.strip_prefix('/') {
            Some(from_root) => PathBuf::from(from_root),
            None => folder.join(&path),
        };
        match inside(&full) {
            Some(full) if root.join(&full).exists() => {}
            Some(_) => found.push(Finding::new(page, line, format!("The link leads nowhere: {target}"))),
            None => found.push(Finding::new(page, line, format!("The link leads out of the repository: {target}"))),
        }
    }
    found
}

/// Returns the targets of inline links and of link definitions, outside code, with their lines.
fn links(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut fence: Option<&str> = None;
    for (number, line) in text.lines().enumerate() {
        let start = line.trim_start();
        let mark = ["```", "~~~"].into_iter().find(|m| start.starts_with(m));
        match (fence, mark) {
            (None, Some(mark)) => fence = Some(mark),
            (Some(open), Some(mark)) if open == mark => fence = None,
            _ => {}
        }
        if fence.is_some() || mark.is_some() {
            continue;
        }
        let line = without_code(line);
        for (at, _) in line.match_indices("](") {
            if let Some(target) = target(&line[at + 2..]) {
                found.push((number + 1, target));
            }
        }
        if let Some((_, rest)) = line.trim_start().strip_prefix('[').and_then(|l| l.split_once("]: ")) {
            found.push((number + 1, rest.split_whitespace().next().unwrap_or_default().to_owned()));
        }
    }
    found
}

/// Blanks out what stands between backticks.
fn without_code(line: &str) -> String {
    let mut parts = line.split('`');
    let mut out = parts.next().unwrap_or_default().to_owned();
    for (i, part) in parts.enumerate() {
        out.push_str(if i % 2 == 0 { "" } else { part });
    }
    out
}

/// Reads a target up to its closing bracket; a title after it is left out.
fn target(text: &str) -> Option<String> {
    if let Some(text) = text.strip_prefix('<') {
        return Some(text.split_once('>')?.0.to_owned());
    }
    let mut depth = 0_usize;
    for (at, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' if depth == 0 => return Some(text[..at].split_whitespace().next().unwrap_or_default().to_owned()),
            ')' => depth -= 1,
            _ => {}
        }
    }
    None
}

/// Returns the path a target names, if it names a file and not a page of the web, a heading or an item of code.
fn file_of(target: &str) -> Option<String> {
    let path = target.split(['#', '?']).next().unwrap_or_default();
    let elsewhere = path.is_empty() || path.contains("::") || path.contains("://") || path.starts_with("mailto:");
    (!elsewhere).then(|| path.replace("%20", " "))
}

/// Resolves `.` and `..` by the names alone; none if the path leaves the repository.
fn inside(path: &Path) -> Option<PathBuf> {
    let mut resolved = PathBuf::new();
    for part in path.components() {
        match part {
            Component::Normal(name) => resolved.push(name),
            Component::ParentDir if !resolved.pop() => return None,
            _ => {}
        }
    }
    Some(resolved)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dead_links_are_found() {
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(root.path().join("docs")).unwrap();
        std::fs::write(root.path().join("docs/a.md"), "").unwrap();
        let text = "[a](a.md) [b](a.md#x) ![c](<a.md> \"t\") [w](https://example.com/x.md) [h](#h)\n\
            `[x](none.md)` [gone](none.md) [`code`](gone.md \"title\")\n```\n[x](none.md)\n```\n\
            [def]: away.md\n[up](../../x) [root](/docs/a.md) [item](crate::x::Y)\n[dir](../docs)\n";
        let found: Vec<_> = check(root.path(), "docs/b.md", text).iter().map(ToString::to_string).collect();
        assert_eq!(
            found,
            [
                "docs/b.md:2: The link leads nowhere: none.md",
                "docs/b.md:2: The link leads nowhere: gone.md",
                "docs/b.md:6: The link leads nowhere: away.md",
                "docs/b.md:7: The link leads out of the repository: ../../x",
            ]
        );
    }
}
