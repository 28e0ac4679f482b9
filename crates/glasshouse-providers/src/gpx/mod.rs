#![doc = include_str!("README.md")]

use crate::formats::time;
use crate::formats::xml::Xml;
use crate::{Frame, Opened, Provider, Sink, Tree};
use glasshouse_model::{
    Claim, Family, Format, Framing, Locator, LocatorKind, Manifest, MomentRole, Place, Record, Tier, ZoneBasis,
};
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

/// GPX: tracks, routes and waypoints of any device.
pub struct Gpx;

static MANIFEST: Manifest = Manifest {
    id: "gpx",
    title: "GPX tracks",
    formats: &[Format {
        id: "track",
        title: "Points of tracks and routes, and waypoints",
        families: &[Family::Location],
        tier: Tier::Documented,
        version: 3,
    }],
    general: true,
    not_covered: &[
        "Of a file longer than 64 MiB only the points in its beginning are read.",
        "Author, copyright and links of the file, and descriptions of whole tracks.",
    ],
    references: &["https://www.topografix.com/GPX/1/1/", "https://www.topografix.com/gpx_manual.asp"],
};

impl Provider for Gpx {
    fn manifest(&self) -> &'static Manifest {
        &MANIFEST
    }

    fn recognise(&self, tree: &Tree<'_>) -> Vec<Claim> {
        let candidates = tree.entries().iter().filter(|e| matches!(e.extension().as_str(), "gpx" | "xml"));
        candidates
            .filter(|entry| memchr::memmem::find(&tree.head(entry.id), b"<gpx").is_some())
            .map(|entry| Claim::of("track", entry.id, Framing::Whole))
            .collect()
    }

    fn parse(&self, opened: &Opened<'_>, out: &mut Sink) {
        for frame in opened.frames {
            read(opened, &frame.without_mark(), out);
        }
    }
}

/// The point that is being read.
struct Point {
    start: usize,
    kind: &'static str,
    record: Record,
    /// Element directly below the point, and where its content starts.
    child: Option<(String, usize)>,
    depth: usize,
}

fn read(opened: &Opened<'_>, frame: &Frame<'_>, out: &mut Sink) {
    let whole = opened.at(Locator::bytes(frame.offset, frame.bytes.len() as u64));
    if frame.truncated {
        out.warn(whole.clone(), "gpx.partial", "The file is longer than the limit; only its beginning was read.");
    }
    let xml = Xml::new(frame.bytes, &whole, out);
    let structure = xml.structure();
    let mut reader = Reader::from_reader(structure.as_ref());
    reader.config_mut().check_end_names = false;
    let (mut tracks, mut points) = (0u64, 0u64);
    let mut track: Option<(String, Option<String>, usize)> = None;
    let mut naming: Option<usize> = None;
    let mut depth = 0usize;
    let mut point: Option<Point> = None;
    loop {
        let before = usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX);
        let event = match reader.read_event() {
            Ok(event) => event,
            Err(_) => {
                let length = frame.bytes.len().saturating_sub(before) as u64;
                let at = opened.at(Locator::bytes(frame.offset + (frame.bytes.len() as u64 - length), length));
                out.warn(at, "xml.syntax", "The file is not valid XML from here on; the rest was not read.");
                return;
            }
        };
        let after = usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX);
        let (element, empty) = match &event {
            Event::Start(element) => (Some(element), false),
            Event::Empty(element) => (Some(element), true),
            _ => (None, false),
        };
        if let Some(element) = element {
            let name = local_name(element);
            if let Some(point) = &mut point {
                if point.depth == depth && !empty {
                    point.child = Some((name.clone(), after));
                } else if point.depth == depth {
                    keep(point, &name, "", out);
                }
            } else if let Some(kind) = ["trkpt", "rtept", "wpt"].into_iter().find(|kind| *kind == name) {
                point = Some(begin(element, kind, before, depth + 1, &track, opened.entry.path));
            } else if matches!(name.as_str(), "trk" | "rte") {
                tracks += 1;
                track = Some((format!("{name} {tracks}"), None, depth));
            } else if name == "name" && track.as_ref().is_some_and(|t| t.2 + 1 == depth) {
                naming = (!empty).then_some(after);
            }
            depth += usize::from(!empty);
            if empty && point.as_ref().is_some_and(|p| p.depth == depth + 1) {
                finish(opened, frame, point.take(), after, &mut points, out);
            }
        }
        match event {
            Event::End(_) => {
                if let (Some(start), Some((_, name, _))) = (naming.take(), &mut track) {
                    let raw = xml.text(start, before);
                    *name = Some(unescape(&raw)).filter(|n| !n.is_empty());
                }
                depth = depth.saturating_sub(1);
                if let Some(open) = &mut point
                    && open.depth == depth
                    && let Some((name, start)) = open.child.take()
                {
                    let raw = xml.text(start, before);
                    keep(open, &name, &raw, out);
                }
                if point.as_ref().is_some_and(|p| p.depth == depth + 1) {
                    finish(opened, frame, point.take(), after, &mut points, out);
                }
                if track.as_ref().is_some_and(|t| t.2 == depth) {
                    track = None;
                }
            }
            Event::Eof => break,
            _ => {}
        }
    }
    if point.is_some() || depth > 0 {
        out.warn(whole.clone(), "xml.truncated", "The file ends inside an element.");
    }
    if points == 0 {
        out.warn(whole, "gpx.empty", "The file holds no point.");
    }
}

fn begin(
    element: &BytesStart<'_>,
    kind: &'static str,
    start: usize,
    depth: usize,
    track: &Option<(String, Option<String>, usize)>,
    path: &str,
) -> Point {
    let mut record = Record::new(Family::Location, "track");
    let (mut lat, mut lon) = (None, None);
    for attribute in element.attributes().with_checks(false).filter_map(Result::ok) {
        let (name, value) = (attribute.key.as_ref(), unescape(&attribute.value));
        match name {
            "lat" => lat = value.trim().parse::<f64>().ok(),
            "lon" => lon = value.trim().parse::<f64>().ok(),
            _ => {}
        }
        record.fields.text(name, &value);
    }
    record.place = lat.zip(lon).and_then(|(lat, lon)| Place::at(lat, lon));
    record.fields.text("kind", kind);
    if let Some((id, name, _)) = track {
        record.conversation = Some(format!("{path} {id}"));
        record.fields.opt_text("track", name.as_deref());
    }
    Point { start, kind, record, child: None, depth }
}

/// Takes over one child of a point; what has no member of the record is a field, as the XML that it holds.
fn keep(point: &mut Point, name: &str, raw: &str, out: &mut Sink) {
    let record = &mut point.record;
    let text = || unescape(raw);
    match name {
        "time" => {
            let mut moment = time::iso(MomentRole::Observed, &text());
            // GPX says UTC, but a text without a zone could be anything.
            if moment.instant.is_none() && raw.contains('T') {
                moment.basis = ZoneBasis::DeviceLocal;
            }
            record.moments.push(moment);
        }
        "ele" => {
            let altitude = raw.trim().parse::<f64>().ok().filter(|n| n.is_finite());
            if let Some(place) = &mut record.place {
                place.altitude = altitude;
            }
            record.fields.text("ele", raw);
        }
        "name" => record.title = Some(text()).filter(|t| !t.is_empty()),
        "desc" => record.text = Some(text()).filter(|t| !t.is_empty()),
        _ => {
            const KNOWN: &[&str] = &[
                "magvar",
                "geoidheight",
                "cmt",
                "src",
                "link",
                "sym",
                "type",
                "fix",
                "sat",
                "hdop",
                "vdop",
                "pdop",
                "ageofdgpsdata",
                "dgpsid",
                "extensions",
                "course",
                "speed",
                "url",
                "urlname",
            ];
            if !KNOWN.contains(&name) {
                out.drift("track", name);
            }
            record.fields.text(name, raw.trim());
        }
    }
}

fn finish(opened: &Opened<'_>, frame: &Frame<'_>, point: Option<Point>, end: usize, points: &mut u64, out: &mut Sink) {
    let Some(point) = point else { return };
    let end = end.min(frame.bytes.len());
    let locator = Locator::new(
        LocatorKind::Node,
        format!("{} {points}", point.kind),
        frame.offset + point.start as u64,
        end.saturating_sub(point.start) as u64,
    );
    let at = opened.at(locator);
    if point.record.place.is_none() {
        out.warn(at.clone(), "place.syntax", "A point has no coordinates on Earth.");
    }
    *points += 1;
    out.record(at, point.record);
}

/// Replaces XML's own references; text with others stays as it is.
fn unescape(raw: &str) -> String {
    let raw = raw.trim();
    let raw = raw.strip_prefix("<![CDATA[").and_then(|r| r.strip_suffix("]]>")).unwrap_or(raw);
    quick_xml::escape::unescape(raw).map_or_else(|_| raw.to_owned(), |text| text.into_owned())
}

/// Returns an element's name without its prefix.
fn local_name(element: &BytesStart<'_>) -> String {
    element.local_name().as_ref().to_owned()
}
