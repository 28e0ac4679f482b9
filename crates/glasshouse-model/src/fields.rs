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

    /// Makes room for so many bytes, where it is known how many will come.
    pub fn reserve(&mut self, bytes: usize) {
        self.body.reserve(bytes);
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
        self.body.reserve(name.len() + json.len() + AROUND);
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

/// Comma, quotes and colon around a name.
const AROUND: usize = 4;

/// Appends `value` to `out` as a JSON string, quotes included.
pub(crate) fn push_json_string(out: &mut String, value: &str) {
    out.push('"');
    push_escaped(out, value);
    out.push('"');
}

/// Appends `value` to `out` as the inside of a JSON string.
pub(crate) fn push_escaped(out: &mut String, value: &str) {
    let mut rest = value;
    while let Some((clean, byte, behind)) = first_escaped(rest.as_bytes()).and_then(|at| {
        // Such a byte is a character of its own.
        Some((rest.get(..at)?, *rest.as_bytes().get(at)?, rest.get(at + 1..)?))
    }) {
        out.push_str(clean);
        escape(out, byte);
        rest = behind;
    }
    out.push_str(rest);
}

/// Returns where the first byte is that cannot stand in a JSON string as it is: a quote, a backslash, a control.
pub fn first_escaped(bytes: &[u8]) -> Option<usize> {
    // Of long texts most stretches hold none; a whole one is looked at with a few wide instructions.
    let (stretches, _) = bytes.as_chunks::<32>();
    let clean = |stretch: &[u8; 32]| !stretch.iter().fold(false, |found, byte| found | needs_escape(*byte));
    let passed = stretches.iter().take_while(|stretch| clean(stretch)).count() * 32;
    // Names and most values are shorter: eight at once.
    let (words, rest) = bytes.get(passed..)?.as_chunks::<8>();
    for (i, word) in words.iter().enumerate() {
        let found = escapes(u64::from_le_bytes(*word));
        if found != 0 {
            return Some(passed + i * 8 + (found.trailing_zeros() / 8) as usize);
        }
    }
    let found = rest.iter().position(|byte| needs_escape(*byte))?;
    Some(passed + words.len() * 8 + found)
}

fn needs_escape(byte: u8) -> bool {
    (byte < 0x20) | (byte == b'"') | (byte == b'\\')
}

/// Returns a word of which the lowest bit that is set is the high bit of the first byte that needs an escape.
fn escapes(word: u64) -> u64 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGHS: u64 = 0x8080_8080_8080_8080;
    let below = |word: u64, bound: u8| word.wrapping_sub(ONES * u64::from(bound)) & !word & HIGHS;
    let is = |byte: u8| below(word ^ (ONES * u64::from(byte)), 1);
    below(word, 0x20) | is(b'"') | is(b'\\')
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

    #[test]
    fn what_needs_an_escape_is_found_wherever_it_is() {
        // Bytes beside those that need one, and those of longer characters.
        let clean: Vec<u8> =
            [b' ', b'!', b'#', b'[', b']', 0x7f, 0x80, 0xa2, 0xdc, 0xff].into_iter().cycle().take(90).collect();
        for end in 0..clean.len() {
            assert_eq!(first_escaped(&clean[..end]), None);
            for byte in (0..0x20).chain([b'"', b'\\']) {
                let mut bytes = clean.clone();
                bytes[end] = byte;
                assert_eq!(first_escaped(&bytes), Some(end), "{byte} at {end}");
            }
        }
    }
}
