//! JSON objects read one level at a time, without building a tree.

use super::members::{self, Raw};
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;

/// The members of one JSON object in the order written, each value still as text.
///
/// It is an order of magnitude cheaper than a tree of values, and what is not understood can be passed on with
/// the very digits it was written with.
#[derive(Debug)]
pub struct Object<'a> {
    members: Vec<(Cow<'a, str>, Raw<'a>)>,
}

impl<'a> Object<'a> {
    /// Reads an object; the error says where it stops being one.
    pub fn parse(text: &'a str) -> Result<Self, serde_json::Error> {
        match members::of(text) {
            Some(members) => Ok(Object { members }),
            None => serde_json::from_str(text),
        }
    }

    /// Reads an object from bytes that should be UTF-8.
    pub fn from_slice(bytes: &'a [u8]) -> Result<Self, serde_json::Error> {
        match std::str::from_utf8(bytes) {
            Ok(text) => Object::parse(text),
            Err(_) => serde_json::from_slice(bytes),
        }
    }

    /// Returns the members in the order written.
    pub fn members(&self) -> impl Iterator<Item = (&str, Raw<'a>)> {
        self.members.iter().map(|(key, value)| (key.as_ref(), *value))
    }

    /// Returns a member's value as text; of a repeated key the last, as JSON parsers do.
    pub fn raw(&self, key: &str) -> Option<&'a str> {
        self.members.iter().rev().find(|(k, _)| k == key).map(|(_, v)| v.get())
    }

    /// Returns a member that is a string.
    pub fn text(&self, key: &str) -> Option<Cow<'a, str>> {
        as_text(self.raw(key)?)
    }

    /// Returns a member that is a number, or a string that holds one.
    pub fn float(&self, key: &str) -> Option<f64> {
        let raw = self.raw(key)?;
        raw.parse().ok().or_else(|| as_text(raw)?.trim().parse().ok()).filter(|n: &f64| n.is_finite())
    }

    /// Returns a member that is a whole number, or a string that holds one.
    pub fn int(&self, key: &str) -> Option<i64> {
        let raw = self.raw(key)?;
        raw.parse().ok().or_else(|| as_text(raw)?.trim().parse().ok())
    }

    /// Returns a member that is true or false.
    pub fn bool(&self, key: &str) -> Option<bool> {
        match self.raw(key)? {
            "true" => Some(true),
            "false" => Some(false),
            _ => None,
        }
    }

    /// Returns a member that is an object.
    pub fn object(&self, key: &str) -> Option<Object<'a>> {
        Object::parse(self.raw(key)?).ok()
    }

    /// Returns the elements of a member that is an array, as text each.
    pub fn array(&self, key: &str) -> Option<Vec<&'a str>> {
        let items: Vec<&'a RawValue> = serde_json::from_str(self.raw(key)?).ok()?;
        Some(items.into_iter().map(RawValue::get).collect())
    }

    /// Returns the elements of a member that is an array of objects; other elements are left out.
    pub fn objects(&self, key: &str) -> Vec<Object<'a>> {
        self.array(key).unwrap_or_default().into_iter().filter_map(|raw| Object::parse(raw).ok()).collect()
    }

    /// Returns the elements of a member that is an array of strings; other elements are left out.
    pub fn texts(&self, key: &str) -> Vec<String> {
        let items = self.array(key).unwrap_or_default();
        items.into_iter().filter_map(|raw| as_text(raw).map(Cow::into_owned)).collect()
    }
}

/// Says whether a member is a text, or null: what a reader that takes it as a text has taken over in full.
pub fn is_text(raw: &str) -> bool {
    raw.starts_with('"') || raw == "null"
}

/// Says whether a member is a list or an object: what no reader of one value has taken over.
pub fn is_nested(raw: &str) -> bool {
    raw.starts_with(['[', '{'])
}

/// Returns the text of a JSON string; lone surrogates become U+FFFD, as no Rust text can hold them.
pub fn as_text(raw: &str) -> Option<Cow<'_, str>> {
    let inner = raw.strip_prefix('"')?.strip_suffix('"')?;
    if !inner.contains('\\') {
        return Some(Cow::Borrowed(inner));
    }
    if let Ok(text) = serde_json::from_str::<String>(raw) {
        return Some(Cow::Owned(text));
    }
    // serde_json refuses lone surrogates in strings but hands them out as bytes (WTF-8).
    struct Bytes(Vec<u8>);
    impl<'de> Deserialize<'de> for Bytes {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            struct Visit;
            impl Visitor<'_> for Visit {
                type Value = Bytes;
                fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                    f.write_str("a string")
                }
                fn visit_bytes<E>(self, v: &[u8]) -> Result<Bytes, E> {
                    Ok(Bytes(v.to_vec()))
                }
            }
            deserializer.deserialize_bytes(Visit)
        }
    }
    let bytes: Bytes = serde_json::from_str(raw).ok()?;
    Some(Cow::Owned(String::from_utf8_lossy(&bytes.0).into_owned()))
}

impl<'de: 'a, 'a> Deserialize<'de> for Object<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;
        impl<'de> Visitor<'de> for Members {
            type Value = Vec<(Cow<'de, str>, Raw<'de>)>;
            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::with_capacity(16);
                while let Some(Key(key)) = map.next_key()? {
                    members.push((key, Raw::from(map.next_value::<&RawValue>()?.get())));
                }
                Ok(members)
            }
        }
        Ok(Object { members: deserializer.deserialize_map(Members)? })
    }
}

struct Key<'a>(Cow<'a, str>);

impl<'de> Deserialize<'de> for Key<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visit;
        impl<'de> Visitor<'de> for Visit {
            type Value = Key<'de>;
            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("a key")
            }
            fn visit_borrowed_str<E>(self, v: &'de str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Borrowed(v)))
            }
            fn visit_str<E>(self, v: &str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Owned(v.to_owned())))
            }
        }
        deserializer.deserialize_str(Visit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_members_without_touching_them() {
        let doc = r#"{"n": 1.50, "s":"a\u00e9", "o": {"x":[1]}, "i":"12", "b":true, "l":["p",2], "n": 2}"#;
        let object = Object::parse(doc).expect("an object");
        assert_eq!(object.members().count(), 7);
        assert_eq!(object.raw("n"), Some("2"));
        assert_eq!(object.text("s").as_deref(), Some("aé"));
        assert_eq!((object.int("i"), object.float("i"), object.bool("b")), (Some(12), Some(12.0), Some(true)));
        assert_eq!(object.texts("l"), ["p"]);
        assert_eq!(object.object("o").and_then(|o| o.raw("x")), Some("[1]"));
        assert_eq!(object.text("n"), None);
        assert_eq!(object.float("s"), None);
    }

    #[test]
    fn lone_surrogates_do_not_lose_the_text() {
        assert_eq!(as_text(r#""a\ud83dz""#).map(|t| t.contains('a') && t.contains('z')), Some(true));
    }

    #[test]
    fn hostile_nesting_is_an_error() {
        let deep = format!("{{\"a\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000));
        // RawValue skips without recursing; what matters is that nothing overflows.
        let _ = Object::parse(&deep).map(|o| o.array("a"));
        assert!(Object::parse("[1]").is_err());
    }
}
