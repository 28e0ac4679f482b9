//! HTML of the evidence, made harmless, for a frame that can load nothing.

use super::Shared;
use super::answer::{Named, Problem, on_thread};
use super::consulted::{Look, consulted};
use super::document::{self as shape};
use super::record::found;
use ammonia::{Builder, UrlRelative};
use axum::Extension;
use axum::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use std::collections::HashSet;

/// What the frame may do: show inline styles and pictures that the document itself holds, to our page alone.
const POLICY: &str = "sandbox; default-src 'none'; img-src data:; style-src 'unsafe-inline'; frame-ancestors 'self'";

/// The HTML of a record (the body of a mail, an item of a page), cleaned, under a policy that loads nothing.
#[utoipa::path(get, path = "/api/html/{id}", tag = "records", params(("id" = String, Path, description = "Id of the record")),
    responses((status = 200, content_type = "text/html", body = String), (status = 404, body = shape::Error)))]
pub async fn html(Extension(serving): Shared, Named(id): Named<String>) -> Response {
    let cleaned = on_thread(serving, move |serving, live| {
        let record = found(live, &id)?;
        consulted(serving, Look::Bytes(&id))?;
        let at = record.refs.first().ok_or_else(|| Problem::missing("The record names no bytes."))?;
        let html = live.evidence.html(at.entry, &at.locator)?;
        let html = html.ok_or_else(|| Problem::missing("The record has no HTML."))?;
        Ok(clean(&html))
    });
    match cleaned.await {
        Ok(html) => {
            ([(CONTENT_TYPE, "text/html; charset=utf-8"), (CONTENT_SECURITY_POLICY, POLICY)], html).into_response()
        }
        Err(problem) => problem.into_response(),
    }
}

/// Takes out everything that runs, loads, submits or leaves.
fn clean(html: &str) -> String {
    // A document nested without end makes parsers slow; nobody writes so many tags.
    const MOST_TAGS: usize = 100_000;
    let most = html.match_indices('<').nth(MOST_TAGS).map_or(html.len(), |(at, _)| at);
    let body = Builder::default()
        .add_generic_attributes(["style", "align", "valign", "bgcolor", "width", "height", "dir", "border"])
        .url_schemes(HashSet::from(["data"]))
        .url_relative(UrlRelative::Deny)
        // A link would leave the frame; its text stays.
        .rm_tags(["a", "area", "map"])
        .strip_comments(true)
        .clean(html.get(..most).unwrap_or_default())
        .to_string();
    format!("<!doctype html><meta charset=\"utf-8\"><title>Evidence</title><body>{body}</body>")
}

#[cfg(test)]
mod tests {
    use super::clean;

    #[test]
    fn nothing_that_runs_or_loads_is_left() {
        let hostile = "<script>x()</script><p onclick=x()>text<img src=http://evil.example/p.png onerror=x()>\
            <a href='javascript:x()'>link</a><form action=//evil.example><input></form><iframe src=x></iframe>\
            <svg onload=x()><style>@import url(http://evil.example)</style><base href=//evil.example>\
            <meta http-equiv=refresh content='0;url=//evil.example'><link rel=stylesheet href=//evil.example>\
            <img src='data:image/png;base64,AAAA'>";
        let cleaned = clean(hostile);
        for gone in [
            "script",
            "onclick",
            "onerror",
            "onload",
            "evil.example",
            "javascript",
            "<form",
            "<iframe",
            "<svg",
            "<base",
            "<link",
            "refresh",
            "<a",
        ] {
            assert!(!cleaned.contains(gone), "{gone}: {cleaned}");
        }
        assert!(cleaned.contains("text") && cleaned.contains("link") && cleaned.contains("data:image/png"));
    }
}
