//! What people saw of a text that is written with marks: names for ids, links as text.

use crate::formats::escaped::decoded;
use std::borrow::Cow;

/// Names that stand for ids in texts.
pub(super) trait Names {
    fn person(&self, id: &str) -> Option<&str>;
    fn channel(&self, id: &str) -> Option<&str>;
}

/// Returns a text as people saw it; none if it is written that way.
///
/// `<@U1>` is the name of a person, `<#C1|garden>` that of a channel, `<!here>` a call to many, and anything else
/// between angles a link; angles and ampersands that somebody typed are written as `&lt;`, `&gt;` and `&amp;`.
pub(super) fn shown(text: &str, names: &impl Names) -> Option<String> {
    memchr::memchr2(b'<', b'&', text.as_bytes())?;
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('<') {
        out.push_str(&plain(before));
        // A mark holds no other; what does not close is no mark.
        let end = memchr::memchr2(b'<', b'>', after.as_bytes());
        let mark = end.filter(|end| *end > 0).and_then(|end| after.split_at_checked(end));
        match mark.and_then(|(mark, behind)| Some((mark, behind.strip_prefix('>')?))) {
            Some((mark, behind)) => {
                read(mark, names, &mut out);
                rest = behind;
            }
            None => {
                out.push('<');
                rest = after;
            }
        }
    }
    out.push_str(&plain(rest));
    (out != text).then_some(out)
}

fn plain(text: &str) -> Cow<'_, str> {
    decoded(text).map_or(Cow::Borrowed(text), Cow::Owned)
}

/// Adds what a mark shows.
fn read(mark: &str, names: &impl Names, out: &mut String) {
    let (target, label) = match mark.split_once('|') {
        Some((target, label)) => (target, Some(plain(label)).filter(|label| !label.is_empty())),
        None => (mark, None),
    };
    let named = |out: &mut String, sign: char, id: &str, name: Option<&str>| {
        let name = label.as_deref().or(name).unwrap_or(id);
        if !name.starts_with(sign) {
            out.push(sign);
        }
        out.push_str(name);
    };
    match target.split_at_checked(1) {
        Some(("@", id)) => named(out, '@', id, names.person(id)),
        Some(("#", id)) => named(out, '#', id, names.channel(id)),
        // A date is written with what was shown where it could not be read: `!date^1392734382^{date}|18 February`.
        Some(("!", id)) if id.starts_with("date^") => out.push_str(label.as_deref().unwrap_or(id)),
        // A group of people is `!subteam^S1`, and its name is the label.
        Some(("!", id)) => named(out, '@', id.strip_prefix("subteam^").unwrap_or(id), None),
        _ => {
            let address = plain(target);
            let bare = ["mailto:", "tel:", "https://", "http://"].iter().find_map(|kind| address.strip_prefix(kind));
            match label.as_deref() {
                Some(label) if label == address || Some(label) == bare => out.push_str(label),
                Some(label) => out.extend([label, " (", address.as_ref(), ")"]),
                None => out.push_str(&address),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Few;

    impl Names for Few {
        fn person(&self, id: &str) -> Option<&str> {
            (id == "U1").then_some("Ana Lind")
        }

        fn channel(&self, id: &str) -> Option<&str> {
            (id == "C1").then_some("garden")
        }
    }

    #[test]
    fn marks_read_as_people_saw_them() {
        for (text, expected) in [
            ("hi <@U1>, <@U9> & <@U9|ben>", "hi @Ana Lind, @U9 & @ben"),
            ("<#C1> <#C2|other> <#C3> <#C3|>", "#garden #other #C3 #C3"),
            ("<!here> <!channel|@channel> <!subteam^S1|@cooks> <!subteam^S1>", "@here @channel @cooks @S1"),
            ("<!date^1392734382^{date}|18 February>", "18 February"),
            ("<https://example.com/?a=1&amp;b=2>", "https://example.com/?a=1&b=2"),
            ("<https://example.com|here> <https://example.com|example.com>", "here (https://example.com) example.com"),
            ("<mailto:ana@example.com|ana@example.com>", "ana@example.com"),
            ("1 &lt; 2 &amp;amp; <@U1", "1 < 2 &amp; <@U1"),
            ("a < b <@U1> <> <<@U1>", "a < b @Ana Lind <> <@Ana Lind"),
            ("&lt;@U1&gt;", "<@U1>"),
        ] {
            assert_eq!(shown(text, &Few).as_deref(), Some(expected), "{text}");
        }
        assert_eq!(shown("plain > text & more", &Few), None);
        assert_eq!(shown("a <", &Few), None);
    }

    #[test]
    fn many_open_angles_cost_no_more_than_their_length() {
        let text = "<".repeat(200_000);
        assert_eq!(shown(&text, &Few), None);
    }
}
