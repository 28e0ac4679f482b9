//! My Activity (and YouTube's history, which has the same shape), as JSON and as HTML.

use super::element::{keep, not_an_object, place, text};
use super::html::{Cell, read_cell};
use super::when;
use crate::formats::json::Object;
use crate::formats::mail::html_to_text;
use crate::formats::sheet::linked;
use crate::formats::time;
use crate::{Frame, Opened, Sink};
use glasshouse_model::{Family, Fields, Framing, Locator, LocatorKind, MomentRole, Place, Record};

pub(super) const FORMAT: &str = "my-activity";
pub(super) const JSON: Framing = Framing::JsonArrays(&[""]);
pub(super) const HTML: Framing = Framing::Marker(b"<div class=\"outer-cell");

/// Says whether first bytes are those of the JSON form.
pub(super) fn is_json(head: &[u8]) -> bool {
    let has = |needle: &[u8]| memchr::memmem::find(head, needle).is_some();
    let head_start = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
    head_start.starts_with(b"[") && has(b"\"header\"") && has(b"\"title\"") && has(b"\"time\"")
}

/// Says whether first bytes are those of the HTML form, wherever the page lies.
pub(super) fn is_html(head: &[u8]) -> bool {
    let has = |needle: &[u8]| memchr::memmem::find(head, needle).is_some();
    has(b"outer-cell") || has(b"<title>My Activity History</title>")
}

/// Says whether first bytes may be those of the HTML form, in a folder where it is expected.
pub(super) fn is_html_there(head: &[u8]) -> bool {
    is_html(head) || memchr::memmem::find(head, b"mdl-").is_some()
}

/// Says whether first bytes are those of a page at all.
pub(super) fn is_page(head: &[u8]) -> bool {
    let head = String::from_utf8_lossy(head.get(..256.min(head.len())).unwrap_or_default()).to_ascii_lowercase();
    head.contains("<html") || head.contains("<!doctype html")
}

/// Reads entries of either form.
pub(super) fn parse(opened: &Opened<'_>, out: &mut Sink) {
    for frame in opened.frames {
        if opened.claim.framing == JSON { element(opened, frame, out) } else { cell(opened, frame, out) }
    }
}

fn element(opened: &Opened<'_>, frame: &Frame<'_>, out: &mut Sink) {
    let at = place(opened, frame);
    let text = text(frame, &at, out);
    let Ok(object) = Object::parse(&text) else {
        return not_an_object(frame, at, out);
    };
    let mut record = Record::new(Family::Activity, FORMAT);
    record.fields.reserve(text.len());
    for (key, raw) in object.members() {
        match key {
            "time" if object.text(key).is_some() => {
                let text = object.text(key).unwrap_or_default();
                record.moments.push(time::iso(MomentRole::Observed, &text));
            }
            "title" if object.text(key).is_some() => record.title = object.text(key).map(Into::into),
            "header" | "titleUrl" | "subtitles" | "products" | "details" | "locationInfos" | "activityControls"
            | "description" | "imageFile" | "audioFiles" | "attachedFiles" | "safeHtmlItem" | "title" | "time" => {
                keep(&mut record.fields, key, raw);
            }
            _ => {
                out.drift(FORMAT, key);
                keep(&mut record.fields, key, raw);
            }
        }
    }
    let mut lines: Vec<String> = object.text("description").map(Into::into).into_iter().collect();
    lines.extend(object.objects("subtitles").iter().filter_map(|s| s.text("name").map(Into::into)));
    // What an assistant answered; the HTML itself stays in the fields.
    let answers = object.objects("safeHtmlItem").into_iter();
    lines
        .extend(answers.filter_map(|item| Some(html_to_text(&item.text("html")?))).filter(|answer| !answer.is_empty()));
    record.text = (!lines.is_empty()).then(|| lines.join("\n"));
    for file in ["audioFiles", "imageFile", "attachedFiles"].iter().flat_map(|key| names(&object, key)) {
        record.attachments.push(linked(opened, &file));
    }
    let infos = object.objects("locationInfos");
    record.place = infos.iter().find_map(|info| {
        let mut place = centre(&info.text("url")?)?;
        place.address = info.text("name").map(Into::into);
        Some(place)
    });
    if record.moments.iter().all(|m| m.instant.is_none()) {
        out.warn(at.clone(), "time.missing", "The entry's time is missing or cannot be read.");
    }
    out.record(at, record);
}

/// Returns the names under a key, a list of them or one.
fn names(object: &Object<'_>, key: &str) -> Vec<String> {
    let one = || object.text(key).map(|name| vec![name.into_owned()]);
    object.raw(key).and_then(|raw| serde_json::from_str(raw).ok()).or_else(one).unwrap_or_default()
}

fn cell(opened: &Opened<'_>, frame: &Frame<'_>, out: &mut Sink) {
    // What precedes the first marker is the page's head and styles.
    if !frame.bytes.starts_with(b"<div class=\"outer-cell") {
        let all = frame.bytes.len() as u64 == opened.entry.size;
        if all || frame.index > 0 || memchr::memmem::find(frame.bytes, b"class=\"outer-cell").is_some() {
            let at = opened.at(Locator::bytes(frame.offset, frame.bytes.len() as u64));
            out.warn(at, "html.layout", "The page or part of it does not have the expected shape; it was not read.");
        }
        return;
    }
    let locator = Locator::new(LocatorKind::Node, frame.index.to_string(), frame.offset, frame.bytes.len() as u64);
    let at = opened.at(locator);
    let text = text(frame, &at, out);
    let Cell { header, mut lines, captions, links } = read_cell(&text);
    let mut record = Record::new(Family::Activity, FORMAT);
    // The first line that can be the time, after the title: an answer further below may hold times too.
    let when =
        (1..lines.len()).chain([0]).find(|i| lines.get(*i).is_some_and(|line| when::looks_like_time(&line.text)));
    let mut below: Vec<String> = Vec::new();
    match when {
        Some(found) => {
            below.extend(lines.split_off(found + 1).into_iter().map(|line| line.text));
            if let Some(line) = lines.pop() {
                record.moments.push(when::moment(MomentRole::Observed, &line.text));
            }
        }
        None => out.warn(at.clone(), "time.missing", "The entry has no line that can be read as its time."),
    }
    if record.moments.first().is_some_and(|m| m.basis == glasshouse_model::ZoneBasis::Ambiguous) {
        out.warn(at.clone(), "time.unreadable", "The entry's time is written in a way that is not known.");
    }
    record.fields.opt_text("header", (!header.is_empty()).then_some(header.as_str()));
    let carried: Vec<String> = lines.iter().filter_map(|line| line.url.clone()).collect();
    let mut lines = lines.into_iter();
    if let Some(first) = lines.next() {
        record.fields.opt_text("titleUrl", first.url.as_deref());
        record.title = (!first.text.is_empty()).then_some(first.text);
    }
    let subtitles: Vec<_> = lines.collect();
    if !subtitles.is_empty() {
        let items: Vec<String> = subtitles
            .iter()
            .map(|line| {
                let mut item = Fields::new();
                item.text("name", &line.text).opt_text("url", line.url.as_deref());
                item.to_json()
            })
            .collect();
        record.fields.raw("subtitles", &format!("[{}]", items.join(",")));
    }
    if !below.is_empty() {
        record.fields.list("blocks", &below);
    }
    if !captions.is_empty() {
        let items: Vec<String> = captions
            .iter()
            .map(|(label, lines)| {
                let mut item = Fields::new();
                item.text("label", label).list("lines", lines);
                item.to_json()
            })
            .collect();
        record.fields.raw("captions", &format!("[{}]", items.join(",")));
    }
    let texts: Vec<String> = subtitles.into_iter().map(|line| line.text).chain(below).collect();
    record.text = (!texts.is_empty()).then(|| texts.join("\n"));
    record.place = links.iter().find_map(|(name, url)| {
        let mut place = centre(url)?;
        place.address = Some(name.clone());
        Some(place)
    });
    // What was said to an assistant lies beside the page.
    for (_, url) in links.iter().filter(|(_, url)| !url.contains(':')) {
        record.attachments.push(linked(opened, url));
    }
    // Those of title and subtitles are fields already.
    let rest: Vec<_> =
        links.iter().map(|(_, url)| url.as_str()).filter(|url| !carried.iter().any(|c| c == url)).collect();
    if !rest.is_empty() {
        record.fields.list("links", rest);
    }
    if record.title.is_none() && record.moments.is_empty() {
        return out.warn(at, "html.layout", "The entry does not have the expected shape; it was not read.");
    }
    out.record(at, record);
}

/// Reads the centre of a map link (`...&center=52.5,13.4&...`): the middle of a general area, not a fix.
fn centre(url: &str) -> Option<Place> {
    let rest = url.split_once("center=")?.1;
    let rest = rest.split('&').next()?;
    let (lat, lon) = rest.split_once(',').or_else(|| rest.split_once("%2C")).or_else(|| rest.split_once("%2c"))?;
    Place::at(lat.parse().ok()?, lon.parse().ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_centre_of_a_map_link() {
        let url = "https://www.google.com/maps/@?api=1&map_action=map&center=52.123456,13.654321&zoom=12";
        assert_eq!(centre(url), Place::at(52.123456, 13.654321));
        assert_eq!(centre("https://maps/?center=1%2C2"), Place::at(1.0, 2.0));
        assert_eq!(centre("https://maps/?center=100,2"), None);
        assert_eq!(centre("https://maps/"), None);
    }
}
