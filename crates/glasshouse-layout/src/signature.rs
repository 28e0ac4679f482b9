//! What a person signs when they sign a file: a few lines that name it and its hash.

/// Returns the text that is signed for a file; `what` is `authority` or `organisation`, `name` which one.
///
/// ```
/// let text = glasshouse_layout::statement("authority", "op-rowan-1 1", b"", "2026-11-21T09:00:00Z");
/// assert!(glasshouse_layout::states(&text, "authority", "op-rowan-1 1", b""));
/// assert!(!glasshouse_layout::states(&text, "authority", "op-rowan-1 2", b""));
/// ```
pub fn statement(what: &str, name: &str, file: &[u8], time: &str) -> String {
    format!("glasshouse {what}\n{name}\n{}\n{time}\n", crate::hex(crate::sha256(file)))
}

/// Says whether a signed text is about this file.
pub fn states(text: &str, what: &str, name: &str, file: &[u8]) -> bool {
    let mut lines = text.lines();
    lines.next() == Some(&format!("glasshouse {what}"))
        && lines.next() == Some(name)
        && lines.next() == Some(&crate::hex(crate::sha256(file)))
        && lines.next().is_some()
        && lines.next().is_none()
}
