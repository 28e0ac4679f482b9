use std::fmt::Write;

/// The remaining raw fields of a record, as one JSON object in the making.
///
/// A provider adds each field under the provider's own name, in the order met. Values that are JSON already
/// are passed through byte for byte, so that a number keeps the digits it was written with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fields {
    body: String,
}

impl Fields {
    /// Returns an empty object.
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns whether no field was added.
    pub fn is_empty(&self) -> bool {
        self.body.is_empty()
    }

    /// Returns the object as JSON text, `{}` when empty.
    pub fn to_json(&self) -> String {
        let mut json = String::with_capacity(self.body.len() + 2);
        self.write_json(&mut json);
        json
    }

    /// Returns the length of the object as JSON text, in bytes.
    pub fn json_len(&self) -> usize {
        self.body.len() + 2
    }

    /// Returns the members of the object as JSON text, without the braces around them.
    pub fn members(&self) -> &str {
        &self.body
    }

    /// Writes the object as JSON text.
    pub fn write_json(&self, out: &mut impl Write) {
        // Writing to memory cannot fail.
        let _ = out.write_char('{').and_then(|()| out.write_str(&self.body)).and_then(|()| out.write_char('}'));
    }

    /// Adds a text field.
    pub fn text(&mut self, name: &str, value: &str) -> &mut Self {
        // Quotes, a colon and a comma; text with escapes grows once more.
        self.body.reserve(name.len() + value.len() + 6);
        self.name(name);
        push_json_string(&mut self.body, value);
        self
    }

    /// Adds a text field if there is one.
    pub fn opt_text(&mut self, name: &str, value: Option<&str>) -> &mut Self {
        if let Some(value) = value {
            self.text(name, value);
        }
        self
    }

    /// Adds a whole number.
    pub fn int(&mut self, name: &str, value: i64) -> &mut Self {
        self.name(name);
        let _ = write!(self.body, "{value}");
        self
    }

    /// Adds a number; one that JSON cannot hold (NaN, infinity) becomes null.
    pub fn float(&mut self, name: &str, value: f64) -> &mut Self {
        self.name(name);
        if value.is_finite() {
            let _ = write!(self.body, "{value}");
        } else {
            self.body.push_str("null");
        }
        self
    }

    /// Adds a truth value.
    pub fn bool(&mut self, name: &str, value: bool) -> &mut Self {
        self.name(name);
        self.body.push_str(if value { "true" } else { "false" });
        self
    }

    /// Adds a list of texts.
    pub fn list<S: AsRef<str>>(&mut self, name: &str, values: impl IntoIterator<Item = S>) -> &mut Self {
        self.name(name);
        self.body.push('[');
        for (i, value) in values.into_iter().enumerate() {
            if i > 0 {
                self.body.push(',');
            }
            push_json_string(&mut self.body, value.as_ref());
        }
        self.body.push(']');
        self
    }

    /// Adds a value that is valid JSON already, verbatim.
    ///
    /// The caller has it from a JSON parser (`serde_json::value::RawValue`); anything else would break the object.
    pub fn raw(&mut self, name: &str, json: &str) -> &mut Self {
        self.body.reserve(name.len() + json.len() + 4);
        self.name(name);
        self.body.push_str(json);
        self
    }

    fn name(&mut self, name: &str) {
        if !self.body.is_empty() {
            self.body.push(',');
        }
        push_json_string(&mut self.body, name);
        self.body.push(':');
    }
}

/// Appends `value` to `out` as a JSON string, quotes included.
pub(crate) fn push_json_string(out: &mut String, value: &str) {
    out.push('"');
    push_escaped(out, value);
    out.push('"');
}

/// Appends `value` to `out` as the inside of a JSON string.
pub(crate) fn push_escaped(out: &mut String, value: &str) {
    let bytes = value.as_bytes();
    let (mut start, mut at) = (0, 0);
    while at < bytes.len() {
        // Most stretches need no escape; a whole one is looked at with a few wide instructions.
        let stretch = &bytes[at..bytes.len().min(at + STRETCH)];
        if !stretch.iter().fold(false, |found, byte| found | needs_escape(*byte)) {
            at += stretch.len();
            continue;
        }
        for byte in stretch {
            if needs_escape(*byte) {
                out.push_str(&value[start..at]);
                escape(out, *byte);
                start = at + 1;
            }
            at += 1;
        }
    }
    out.push_str(&value[start..]);
}

const STRETCH: usize = 32;

fn needs_escape(byte: u8) -> bool {
    (byte < 0x20) | (byte == b'"') | (byte == b'\\')
}

fn escape(out: &mut String, byte: u8) {
    match byte {
        b'"' => out.push_str("\\\""),
        b'\\' => out.push_str("\\\\"),
        b'\n' => out.push_str("\\n"),
        b'\r' => out.push_str("\\r"),
        b'\t' => out.push_str("\\t"),
        _ => {
            let _ = write!(out, "\\u{byte:04x}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_object_is_valid_json_whatever_the_text() {
        let hostile: String = (0u32..0x250).filter_map(char::from_u32).collect();
        let mut fields = Fields::new();
        fields.text(&hostile, &hostile).int("i", -3).float("f", 0.1).float("nan", f64::NAN);
        fields.bool("b", true).list("l", ["a\"", "\u{0}"]).raw("r", "[1.10]");
        let value: serde_json::Value = serde_json::from_str(&fields.to_json()).expect("valid JSON");
        assert_eq!(value[&hostile], hostile.as_str());
        assert_eq!(value["nan"], serde_json::Value::Null);
        assert!(fields.to_json().contains("[1.10]"), "raw digits stay");
        assert_eq!(Fields::new().to_json(), "{}");
    }
}
