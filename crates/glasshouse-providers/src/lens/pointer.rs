//! Places inside one JSON value, found by pointer (RFC 6901).

use crate::formats::json::Object;
use serde_json::value::RawValue;
use std::collections::HashMap;

/// Finds values by pointer; each object and list on the way is read once, however many pointers lead through it.
pub(super) struct Pointers<'a> {
    text: &'a str,
    children: HashMap<String, HashMap<String, &'a str>>,
}

impl<'a> Pointers<'a> {
    /// Keys on the way.
    const DEEPEST: usize = 16;

    pub fn new(text: &'a str) -> Self {
        Pointers { text, children: HashMap::new() }
    }

    /// Returns where a value begins in the text, and its length in bytes.
    pub fn find(&mut self, pointer: &str) -> Option<(usize, usize)> {
        let raw = self.raw(pointer)?;
        Some(((raw.as_ptr() as usize).checked_sub(self.text.as_ptr() as usize)?, raw.len()))
    }

    fn raw(&mut self, pointer: &str) -> Option<&'a str> {
        if pointer.matches('/').count() > Self::DEEPEST || !pointer.starts_with('/') {
            return None;
        }
        let mut raw = self.text;
        let mut ends = pointer.match_indices('/').map(|(at, _)| at).chain([pointer.len()]);
        let mut from = ends.next()?;
        for end in ends {
            let parent = pointer.get(..from)?;
            let children = self.children.entry(parent.to_owned()).or_insert_with(|| children(raw));
            let key = pointer.get(from + 1..end)?.replace("~1", "/").replace("~0", "~");
            raw = children.get(&key)?;
            from = end;
        }
        Some(raw)
    }
}

fn children(raw: &str) -> HashMap<String, &str> {
    if let Ok(object) = Object::parse(raw) {
        return object.members().map(|(key, value)| (key.to_owned(), value.get())).collect();
    }
    let items: Vec<&RawValue> = serde_json::from_str(raw).unwrap_or_default();
    items.into_iter().enumerate().map(|(i, item)| (i.to_string(), item.get())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_found_where_they_stand() {
        let text = r#"{"a/b":[10,{"c~":"x"}],"d":1}"#;
        let mut pointers = Pointers::new(text);
        let mut found = |pointer: &str| pointers.find(pointer).map(|(at, length)| &text[at..at + length]);
        assert_eq!(found("/a~1b/1/c~0"), Some("\"x\""));
        assert_eq!(found("/a~1b/0"), Some("10"));
        assert_eq!(found("/d"), Some("1"));
        for none in ["", "d", "/", "/d/0", "/a~1b/2", "/é"] {
            assert_eq!(found(none), None, "{none}");
        }
        assert_eq!(found(&"/d".repeat(1000)), None);
    }
}
