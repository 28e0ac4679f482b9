//! Patterns for paths of entries, and ways to items inside a JSON document.

use std::str::FromStr;

/// A pattern for the end of an entry's path: names between slashes, `*` for any part of a name.
///
/// It is compared without case and from the end, in any folder; folders are renamed more often than files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PathPattern {
    names: Vec<String>,
}

impl FromStr for PathPattern {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let names: Vec<String> = text.split('/').map(str::to_lowercase).collect();
        let bad = |name: &String| name.is_empty() || name.matches('*').count() > 4 || name == "**";
        if names.len() > 8 || names.iter().any(bad) || names.last().is_some_and(|name| name == "*") {
            return Err(
                "the end of a path such as \"Folder/name-*.csv\": names that are not empty, at most four * in one",
            );
        }
        Ok(PathPattern { names })
    }
}

impl PathPattern {
    /// Returns whether a path, in small letters, ends as the pattern says.
    pub fn matches(&self, path: &str) -> bool {
        let mut names = path.rsplit('/');
        self.names.iter().rev().all(|pattern| names.next().is_some_and(|name| fits(pattern, name)))
    }

    /// Returns what stands behind the last dot of the name; empty without one, or with a `*` in it.
    pub fn extension(&self) -> &str {
        let name = self.names.last().map_or("", String::as_str);
        name.rsplit_once('.').map(|(_, extension)| extension).filter(|e| !e.contains('*')).unwrap_or("")
    }
}

/// Returns whether a name fits a pattern, in time that grows with their product at most.
fn fits(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| name.strip_prefix(first)) else { return false };
    let mut parts: Vec<_> = parts.collect();
    let Some(last) = parts.pop() else { return rest.is_empty() };
    for part in parts {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

/// The keys that lead to items: `""` for a document that is a list, `.` for one that is the item itself,
/// `a/b/*` for what lies under any key of `b` in `a`. A list at the end holds items; an object is one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct JsonPath {
    pub keys: Vec<String>,
}

impl JsonPath {
    /// The document itself is the item.
    pub fn is_document(&self) -> bool {
        self.keys.len() == 1 && self.keys.iter().all(|key| key == ".")
    }
}

impl FromStr for JsonPath {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // A slash inside a key is written \/.
        let mut keys = vec![String::new()];
        let mut chars = text.chars();
        while let Some(char) = chars.next() {
            match char {
                '\\' => keys.last_mut().into_iter().for_each(|key| key.extend(chars.next())),
                '/' => keys.push(String::new()),
                other => keys.last_mut().into_iter().for_each(|key| key.push(other)),
            }
        }
        let empty = keys.len() > 1 && keys.iter().any(String::is_empty);
        if empty || keys.len() > 8 || keys.first().is_some_and(|key| key == "*") {
            return Err("\"\", \".\", or keys with / between them, at most eight, the first not *");
        }
        Ok(JsonPath { keys })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_look_at_the_end_of_a_path() {
        let pattern = |text: &str| PathPattern::from_str(text).expect("a pattern");
        assert!(pattern("Connections.csv").matches("x.zip!/basic/connections.csv"));
        assert!(!pattern("Connections.csv").matches("old connections.csv"));
        assert!(pattern("rider/*trips-*.csv").matches("uber data/rider/rider_lifetime_trips-0.csv"));
        assert!(!pattern("rider/*trips-*.csv").matches("rider_lifetime_trips-0.csv"));
        assert_eq!(
            (pattern("x/a.b*.Csv").extension(), pattern("a.c*").extension(), pattern("a").extension()),
            ("csv", "", "")
        );
        assert!(pattern("a*b*c").matches("abbc") && !pattern("a*b*c").matches("acb"));
        assert!(pattern("a*a").matches("aa") && !pattern("a*a").matches("a"));
        for bad in ["", "a//b", "/a", "*", "a/*", "*a*b*c*d*e", "**/a"] {
            assert!(PathPattern::from_str(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn ways_into_a_document() {
        let keys = |text: &str| JsonPath::from_str(text).map(|p| p.keys);
        assert_eq!(keys(""), Ok(vec![String::new()]));
        assert_eq!(keys("a b/*/c\\/d"), Ok(vec!["a b".into(), "*".into(), "c/d".into()]));
        assert!(keys("a//b").is_err() && keys("/").is_err() && keys("*").is_err());
        assert!(JsonPath::from_str(".").is_ok_and(|p| p.is_document()));
    }
}
