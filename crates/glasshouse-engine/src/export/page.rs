//! The pages of an export: plain HTML, without scripts and without anything from elsewhere.

use crate::read::Whole;
use serde_json::Value;

/// Records on one page, and characters of a text that a page shows.
const A_PAGE: usize = 200;
const LONGEST: usize = 4000;

/// What stands at the top of every page.
pub struct Facts<'a> {
    pub basis: &'a [String],
    pub recipient: &'a str,
    pub purpose: &'a str,
    pub query: &'a str,
    pub tag: &'a str,
    pub warnings: usize,
}

const HEAD: &str = "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n\
<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
<title>Export</title><style>body{font:16px/1.5 sans-serif;max-width:60em;margin:2em auto;padding:0 1em}\
article{border-top:1px solid #999;padding:1em 0}pre{white-space:pre-wrap;overflow-wrap:anywhere;font:inherit}\
small{color:#555}</style></head><body>\n";

/// Returns the pages by name; the first is `index.html`.
pub fn pages(facts: &Facts<'_>, records: &[Whole]) -> Vec<(String, String)> {
    let chunks: Vec<&[Whole]> = records.chunks(A_PAGE).collect();
    let number = chunks.len();
    let links: String = (1..=number).map(|n| format!("<a href=\"{}\">{n}</a> ", name(n))).collect();
    let page = |(at, records): (usize, &[Whole])| {
        let mut text = HEAD.to_owned();
        text.push_str("<h1>Export of records</h1>\n");
        for line in facts.basis {
            text.push_str(&format!("<p>Basis: {}</p>\n", safe(line)));
        }
        for (what, value) in
            [("For", facts.recipient), ("Purpose", facts.purpose), ("Query", facts.query), ("Tag", facts.tag)]
        {
            if !value.is_empty() {
                text.push_str(&format!("<p>{what}: {}</p>\n", safe(value)));
            }
        }
        text.push_str(&format!(
            "<p>{} warnings are about the files that these records come from: <a href=\"warnings.ndjson\">warnings.ndjson</a>. \
             All of each record: <a href=\"records.ndjson\">records.ndjson</a>, <a href=\"records.csv\">records.csv</a>. \
             <code>glasshouse-verify</code> on this folder proves it. That a record is not here does not say that there is none.</p>\n\
             <p>Pages: {links}</p>\n",
            facts.warnings
        ));
        records.iter().for_each(|record| article(&mut text, record));
        text.push_str("</body></html>\n");
        (name(at + 1), text)
    };
    chunks.into_iter().enumerate().map(page).collect()
}

fn name(page: usize) -> String {
    if page == 1 { "index.html".to_owned() } else { format!("page-{page:04}.html") }
}

fn article(out: &mut String, record: &Whole) {
    let text = |name: &str| record.get(name).and_then(Value::as_str).unwrap_or_default();
    out.push_str(&format!("<article id=\"{}\">\n", safe(text("id"))));
    let time = if text("time").is_empty() { text("time_text") } else { text("time") };
    let time = if time.is_empty() { "no time" } else { time };
    out.push_str(&format!(
        "<p><b>{}</b> <small>as written: {} ({})</small><br><small>{} &middot; {} &middot; tier: {} &middot; {}</small></p>\n",
        safe(time), safe(text("time_text")), safe(text("zone_basis")), safe(text("family")), safe(text("format")),
        safe(text("tier")), safe(text("id")),
    ));
    for party in list(record, "parties") {
        let of = |name: &str| party.get(name).and_then(Value::as_str).unwrap_or_default();
        out.push_str(&format!(
            "<div><small>{}:</small> {} {}</div>\n",
            safe(of("role")),
            safe(of("name")),
            safe(of("identifier"))
        ));
    }
    if !text("title").is_empty() {
        out.push_str(&format!("<h3>{}</h3>\n", safe(text("title"))));
    }
    if !text("text").is_empty() {
        let whole = text("text");
        let shown: String = whole.chars().take(LONGEST).collect();
        let more =
            if shown.len() < whole.len() { "<p><small>The text goes on in records.ndjson.</small></p>" } else { "" };
        out.push_str(&format!("<pre>{}</pre>{more}\n", safe(&shown)));
    }
    out.push_str(&format!(
        "<p><small>From {} at {} &middot; <a download href=\"{}\">bytes</a> SHA-256 {}</small></p>\n",
        safe(text("entry_path")),
        safe(text("locator")),
        safe(text("bytes")),
        safe(text("bytes_sha256")),
    ));
    for one in list(record, "attachments") {
        let of = |name: &str| one.get(name).and_then(Value::as_str).unwrap_or_default();
        let name = if of("name").is_empty() { "attachment" } else { of("name") };
        if of("bytes").is_empty() {
            out.push_str(&format!("<div><small>attached: {}</small></div>\n", safe(name)));
        } else {
            out.push_str(&format!(
                "<div><small>attached: <a download href=\"{}\">{}</a></small></div>\n",
                safe(of("bytes")),
                safe(name)
            ));
        }
    }
    out.push_str("</article>\n");
}

fn list<'a>(record: &'a Whole, name: &str) -> &'a [Value] {
    record.get(name).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// Returns text as HTML shows it; what would turn the order of letters around is made visible.
fn safe(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => out.push('\u{fffd}'),
            c if c.is_control() && !matches!(c, '\n' | '\t') => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_in_a_record_cannot_become_a_part_of_the_page() {
        let record = Whole::from([
            ("id".to_owned(), "abc".into()),
            ("text".to_owned(), "</pre><script>alert(1)</script>\u{202e}".into()),
            ("title".to_owned(), "\" onload='x'".into()),
        ]);
        let facts = Facts { basis: &[], recipient: "<b>", purpose: "", query: "", tag: "", warnings: 0 };
        let pages = pages(&facts, &[record]);
        let (name, text) = pages.first().expect("a page");
        assert_eq!((name.as_str(), pages.len()), ("index.html", 1));
        assert!(!text.contains("<script") && !text.contains("onload='") && !text.contains('\u{202e}'), "{text}");
        assert!(text.contains("&lt;script&gt;") && text.contains("default-src 'none'"));
    }
}
