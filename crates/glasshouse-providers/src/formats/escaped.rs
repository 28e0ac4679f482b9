//! Texts in which a few characters are written as references.

/// Replaces the references that services write for what somebody typed (`&lt;`, `&gt;`, `&quot;`, `&amp;`); none if
/// there is none.
pub fn decoded(text: &str) -> Option<String> {
    memchr::memchr(b'&', text.as_bytes())?;
    // The ampersand comes last, so that what it makes is not read again.
    let plain = text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&");
    (plain != text).then_some(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_read_once() {
        assert_eq!(decoded("a &amp;lt; b &lt; c").as_deref(), Some("a &lt; b < c"));
        assert_eq!(decoded("a & b"), None);
        assert_eq!(decoded("a"), None);
    }
}
