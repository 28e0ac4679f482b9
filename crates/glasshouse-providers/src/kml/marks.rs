//! Placemarks and the points of tracks, found while the file streams by.

use crate::formats::mail::html_to_text;
use crate::formats::time;
use crate::formats::xml::Xml;
use crate::{Frame, Opened, Sink};
use glasshouse_model::{Family, Locator, LocatorKind, Moment, MomentRole, Place, Precision, Record, ZoneBasis};
use quick_xml::Reader;
use quick_xml::events::Event;
use std::collections::VecDeque;

/// Elements below this depth are passed over; KML needs no more.
const DEEPEST: usize = 64;

/// An element that is open: its name without a prefix, where it starts and where its content does.
struct Open {
    name: String,
    start: usize,
    content: usize,
}

/// The placemark that is being read.
struct Mark {
    depth: usize,
    record: Record,
    /// Times of a track that no position has taken yet.
    whens: VecDeque<String>,
    /// Name of the `Data` element that is open.
    data: Option<String>,
    points: u64,
    coordinates: Vec<String>,
}

struct Reading<'r, 'o, 's> {
    opened: &'r Opened<'o>,
    frame: &'r Frame<'r>,
    out: &'s mut Sink,
    mark: Option<Mark>,
    marks: u64,
    points: u64,
}

pub(super) fn read(opened: &Opened<'_>, frame: &Frame<'_>, out: &mut Sink) {
    let whole = opened.at(Locator::bytes(frame.offset, frame.bytes.len() as u64));
    if frame.truncated {
        out.warn(whole.clone(), "kml.partial", "The file is longer than the limit; only its beginning was read.");
    }
    let xml = Xml::new(frame.bytes, &whole, out);
    let structure = xml.structure();
    let mut reader = Reader::from_reader(structure.as_ref());
    reader.config_mut().check_end_names = false;
    let mut reading = Reading { opened, frame, out, mark: None, marks: 0, points: 0 };
    let mut stack: Vec<Open> = Vec::new();
    let mut deeper = 0usize;
    loop {
        let before = usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX);
        let Ok(event) = reader.read_event() else {
            let start = before.min(frame.bytes.len());
            let at = Locator::bytes(frame.offset + start as u64, (frame.bytes.len() - start) as u64);
            let at = opened.at(at);
            reading.out.warn(at, "xml.syntax", "The file is not valid XML from here on; the rest was not read.");
            return;
        };
        let after = usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX);
        match event {
            Event::Start(element) => {
                if stack.len() >= DEEPEST {
                    deeper += 1;
                    continue;
                }
                let name = element.local_name().as_ref().to_owned();
                reading.begin(&name, stack.len(), &element);
                stack.push(Open { name, start: before, content: after });
            }
            Event::Empty(element) => {
                let name = element.local_name().as_ref().to_owned();
                if deeper == 0 && matches!(name.as_str(), "when" | "coord") {
                    // A track writes an empty element for what it does not know, so that the two lists stay level.
                    let parent = stack.last().map_or("", |open| open.name.as_str()).to_owned();
                    reading.end(&name, &parent, before, after, "", stack.len());
                }
            }
            Event::End(_) if deeper > 0 => deeper -= 1,
            Event::End(_) => {
                if let Some(open) = stack.pop() {
                    let raw = xml.text(open.content, before);
                    let parent = stack.last().map_or("", |open| open.name.as_str()).to_owned();
                    reading.end(&open.name, &parent, open.start, after, &raw, stack.len());
                }
            }
            Event::Eof => break,
            _ => {}
        }
    }
    let (marks, points) = (reading.marks, reading.points);
    if !stack.is_empty() {
        out.warn(whole.clone(), "xml.truncated", "The file ends inside an element.");
    }
    if marks + points == 0 {
        out.warn(whole, "kml.empty", "The file holds no placemark.");
    }
}

impl Reading<'_, '_, '_> {
    fn begin(&mut self, name: &str, depth: usize, element: &quick_xml::events::BytesStart<'_>) {
        if name == "Placemark" && self.mark.is_none() {
            let record = Record::new(Family::Location, "placemark");
            let (whens, coordinates) = (VecDeque::new(), Vec::new());
            self.mark = Some(Mark { depth, record, whens, data: None, points: 0, coordinates });
        } else if let Some(mark) = &mut self.mark {
            if matches!(name, "Data" | "SimpleData") {
                mark.data = None;
                for attribute in element.attributes().with_checks(false).filter_map(Result::ok) {
                    if attribute.key.as_ref() == "name" {
                        mark.data = Some(unescape(&attribute.value));
                    }
                }
            } else if name == "Track" {
                mark.whens.clear();
            }
        }
    }

    /// Takes over an element that has ended; `depth` is the number of elements around it.
    fn end(&mut self, name: &str, parent: &str, start: usize, end: usize, raw: &str, depth: usize) {
        let Some(mut mark) = self.mark.take() else { return };
        if name == "Placemark" && depth == mark.depth {
            return self.finish(mark, start, end);
        }
        let text = || unescape(raw);
        match (parent, name) {
            ("Placemark", "name") => mark.record.title = Some(text()).filter(|t| !t.is_empty()),
            ("Placemark", "description") => {
                mark.record.text = Some(html_to_text(&text())).filter(|t| !t.trim().is_empty());
            }
            ("Placemark", "address") => {
                let address = Some(text()).filter(|t| !t.is_empty());
                mark.record.place.get_or_insert_with(Place::default).address = address;
            }
            ("TimeStamp", "when") => mark.record.moments.push(moment(MomentRole::Observed, &text())),
            ("TimeSpan", "begin") => mark.record.moments.push(moment(MomentRole::Start, &text())),
            ("TimeSpan", "end") => mark.record.moments.push(moment(MomentRole::End, &text())),
            ("Track", "when") => mark.whens.push_back(text()),
            ("Track", "coord") => self.point(&mut mark, start, end, raw),
            (_, "Track") => {
                let left = mark.whens.drain(..).filter(|when| !when.is_empty()).count();
                if left > 0 {
                    let at = self.at(format!("Placemark {}", self.marks), start, end);
                    self.warn(&at, "A track has more times than positions; the last times belong to none.");
                }
            }
            ("Data", "value") | ("SchemaData", "SimpleData") => {
                if let Some(name) = mark.data.take() {
                    mark.record.fields.text(&name, &text());
                }
            }
            (kind, "coordinates") => {
                if mark.coordinates.is_empty() {
                    mark.record.fields.text("kind", kind);
                }
                mark.coordinates.push(raw.split_whitespace().collect::<Vec<_>>().join(" "));
            }
            ("Placemark", "styleUrl" | "visibility" | "open" | "phoneNumber" | "Snippet" | "snippet" | "author") => {
                mark.record.fields.text(name, &text());
            }
            (
                "Placemark",
                "TimeStamp" | "TimeSpan" | "ExtendedData" | "Point" | "LineString" | "LinearRing" | "Polygon"
                | "MultiGeometry" | "MultiTrack" | "Model" | "Style" | "StyleMap" | "LookAt" | "Camera" | "Region"
                | "link",
            ) => {}
            ("Placemark", _) => {
                self.out.drift("placemark", name);
                mark.record.fields.text(name, raw.trim());
            }
            _ => {}
        }
        self.mark = Some(mark);
    }

    /// One position of a track is a record of its own.
    fn point(&mut self, mark: &mut Mark, start: usize, end: usize, raw: &str) {
        let when = mark.whens.pop_front().filter(|when| !when.is_empty());
        if raw.trim().is_empty() && when.is_none() {
            return;
        }
        let mut record = Record::new(Family::Location, "placemark");
        record.title = mark.record.title.clone();
        record.moments.extend(when.map(|when| moment(MomentRole::Observed, &when)));
        record.place = place(raw.split_whitespace());
        record.fields.text("kind", "Track").text("coordinates", raw.trim());
        record.conversation = Some(format!("{} Placemark {}", self.opened.entry.path, self.marks));
        let at = self.at(format!("coord {}", self.points), start, end);
        if record.place.is_none() {
            self.warn(&at, "A position of a track has no coordinates on Earth.");
        }
        mark.points += 1;
        self.points += 1;
        self.out.record(self.opened.at(at), record);
    }

    fn finish(&mut self, mut mark: Mark, start: usize, end: usize) {
        let at = self.at(format!("Placemark {}", self.marks), start, end);
        self.marks += 1;
        // Some write a blank behind the commas of a position, which separates positions.
        let positions: Vec<String> = mark.coordinates.iter().map(|list| list.replace(", ", ",")).collect();
        let first = positions.iter().find_map(|list| list.split(' ').next());
        if let Some(place) = first.and_then(|tuple| place(tuple.split(','))) {
            let address = mark.record.place.take().and_then(|place| place.address);
            mark.record.place = Some(Place { address, ..place });
        } else if mark.points == 0 && (first.is_some() || mark.record.place.is_none()) {
            self.warn(&at, "A placemark has no coordinates on Earth.");
        }
        if !mark.coordinates.is_empty() {
            mark.record.fields.text("coordinates", &mark.coordinates.join(" | "));
        }
        // A placemark that holds nothing but a track has said all with its points.
        if mark.points == 0 || !mark.coordinates.is_empty() || !mark.record.moments.is_empty() {
            self.out.record(self.opened.at(at), mark.record);
        }
    }

    fn at(&self, detail: String, start: usize, end: usize) -> Locator {
        let end = end.min(self.frame.bytes.len());
        let length = end.saturating_sub(start) as u64;
        Locator::new(LocatorKind::Node, detail, self.frame.offset + start as u64, length)
    }

    fn warn(&mut self, at: &Locator, message: &str) {
        self.out.warn(self.opened.at(at.clone()), "place.syntax", message);
    }
}

/// Reads longitude, latitude and perhaps altitude, in that order.
fn place<'t>(mut parts: impl Iterator<Item = &'t str>) -> Option<Place> {
    let mut number = || parts.next()?.trim().parse::<f64>().ok().filter(|n| n.is_finite());
    let (lon, lat) = (number()?, number()?);
    let altitude = number();
    Place::at(lat, lon).map(|place| Place { altitude, ..place })
}

/// Reads a time, which KML also allows to be a day, a month or a year.
fn moment(role: MomentRole, text: &str) -> Moment {
    let mut moment = time::iso(role, text);
    if moment.instant.is_none() {
        let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        let parts: Vec<_> = text.split('-').collect();
        let precision = match parts.as_slice() {
            [y] if digits(y) => Some(Precision::Year),
            [y, m] if digits(y) && digits(m) => Some(Precision::Month),
            [y, m, d] if digits(y) && digits(m) && digits(d) => Some(Precision::Day),
            _ => None,
        };
        moment.precision = precision.unwrap_or(moment.precision);
        if precision.is_some() || text.contains('T') {
            moment.basis = ZoneBasis::DeviceLocal;
        }
    }
    moment
}

/// Replaces XML's own references; text with others stays as it is.
fn unescape(raw: &str) -> String {
    let raw = raw.trim();
    if let Some(data) = raw.strip_prefix("<![CDATA[").and_then(|r| r.strip_suffix("]]>")) {
        return data.trim().to_owned();
    }
    quick_xml::escape::unescape(raw).map_or_else(|_| raw.to_owned(), |text| text.into_owned())
}
