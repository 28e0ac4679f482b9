#![doc = include_str!("README.md")]

use crate::formats::time;
use crate::formats::xml::Xml;
use crate::{Frame, Opened, Provider, Sink, Tree};
use glasshouse_model::{
    Claim, Family, Format, Framing, Locator, LocatorKind, Manifest, MomentRole, Place, Record, Tier, ZoneBasis,
};
use quick_xml::Reader;
use quick_xml::events::Event;

/// TCX: workouts as watches and training programs write them.
pub struct Tcx;

const FORMAT: &str = "workout";
/// Elements nested deeper than these are not looked into.
const DEEPEST: usize = 64;

static MANIFEST: Manifest = Manifest {
    id: "tcx",
    title: "TCX workouts",
    formats: &[Format {
        id: FORMAT,
        title: "Laps and track points of workouts and courses",
        families: &[Family::Location, Family::Health],
        tier: Tier::Documented,
        version: 2,
    }],
    general: true,
    not_covered: &[
        "Of a file longer than 64 MiB only the beginning is read.",
        "Planned workouts, folders and the program that wrote the file.",
    ],
    references: &["https://www8.garmin.com/xmlschemas/TrainingCenterDatabasev2.xsd"],
};

impl Provider for Tcx {
    fn manifest(&self) -> &'static Manifest {
        &MANIFEST
    }

    fn recognise(&self, tree: &Tree<'_>) -> Vec<Claim> {
        let candidates = tree.entries().iter().filter(|e| matches!(e.extension().as_str(), "tcx" | "xml"));
        candidates
            .filter(|entry| memchr::memmem::find(&tree.head(entry.id), b"<TrainingCenterDatabase").is_some())
            .map(|entry| Claim::of(FORMAT, entry.id, Framing::Whole))
            .collect()
    }

    fn parse(&self, opened: &Opened<'_>, out: &mut Sink) {
        for frame in opened.frames.iter().map(Frame::without_mark) {
            Reading {
                opened,
                frame: &frame,
                out,
                open: Vec::new(),
                workout: Workout::default(),
                lap: None,
                point: None,
                counts: [0; 2],
            }
            .read();
        }
    }
}

/// Folders of the format's first version.
const SPORTS: &[&str] = &["Running", "Biking", "Other", "MultiSport"];

/// An element that is open: its name, where its content begins, and whether it holds others.
struct Element {
    name: String,
    content: usize,
    inner: bool,
}

/// The activity or course that is being read.
#[derive(Default)]
struct Workout {
    number: u64,
    sport: Option<String>,
    id: Option<String>,
    notes: Option<String>,
    start: usize,
    /// Laps and points before it.
    before: u64,
}

/// A lap or a point that is being read: where it begins, how deep, and the values in it.
struct Node {
    start: usize,
    depth: usize,
    began: Option<String>,
    values: Vec<(String, String)>,
}

struct Reading<'r, 'o> {
    opened: &'r Opened<'o>,
    frame: &'r Frame<'o>,
    out: &'r mut Sink,
    open: Vec<Element>,
    workout: Workout,
    lap: Option<Node>,
    point: Option<Node>,
    /// Laps and points.
    counts: [u64; 2],
}

impl Reading<'_, '_> {
    fn read(&mut self) {
        let bytes = self.frame.bytes;
        let whole = self.opened.at(Locator::bytes(self.frame.offset, bytes.len() as u64));
        if self.frame.truncated {
            self.out.warn(
                whole.clone(),
                "tcx.partial",
                "The file is longer than the limit; only its beginning was read.",
            );
        }
        let xml = Xml::new(bytes, &whole, self.out);
        let structure = xml.structure();
        let mut reader = Reader::from_reader(structure.as_ref());
        reader.config_mut().check_end_names = false;
        reader.config_mut().expand_empty_elements = true;
        let mut deeper = 0usize;
        loop {
            let before = usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX).min(bytes.len());
            let event = reader.read_event();
            let after = usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX).min(bytes.len());
            match event {
                Ok(Event::Start(_)) if self.open.len() >= DEEPEST => deeper += 1,
                Ok(Event::Start(start)) => {
                    let name = start.local_name().as_ref().to_owned();
                    let attribute = |wanted: &str| {
                        let mut all = start.attributes();
                        let mut all = all.with_checks(false).filter_map(Result::ok);
                        all.find(|a| a.key.local_name().as_ref() == wanted).map(|a| unescape(&a.value))
                    };
                    self.begin(&name, before, &attribute);
                    if let Some(outer) = self.open.last_mut() {
                        outer.inner = true;
                    }
                    self.open.push(Element { name, content: after, inner: false });
                }
                Ok(Event::End(_)) if deeper > 0 => deeper -= 1,
                Ok(Event::End(_)) => {
                    if let Some(element) = self.open.pop() {
                        self.end(&element, &xml, before, after);
                    }
                }
                Ok(Event::Eof) => break,
                Ok(_) => {}
                Err(_) => {
                    let rest = Locator::bytes(self.frame.offset + before as u64, (bytes.len() - before) as u64);
                    let what = "The file is not valid XML from here on; the rest was not read.";
                    self.out.warn(self.opened.at(rest), "xml.syntax", what);
                    return;
                }
            }
        }
        if !self.open.is_empty() {
            self.out.warn(whole.clone(), "xml.truncated", "The file ends inside an element.");
        }
        if self.counts.iter().all(|n| *n == 0) {
            self.out.warn(whole, "tcx.empty", "The file holds no lap and no point.");
        }
    }

    fn begin(&mut self, name: &str, start: usize, attribute: &dyn Fn(&str) -> Option<String>) {
        let node = |began| Node { start, depth: self.open.len(), began, values: Vec::new() };
        match name {
            // The first version of the format has runs in folders that are named as the sport.
            "Activity" | "Course" | "Run" => {
                let folder = self.open.iter().rev().map(|e| e.name.as_str()).find(|name| SPORTS.contains(name));
                let sport = attribute("Sport").or_else(|| folder.map(str::to_owned));
                let number = self.workout.number + 1;
                self.workout = Workout { number, sport, start, before: self.produced(), ..Workout::default() };
            }
            "Lap" if self.lap.is_none() => self.lap = Some(node(attribute("StartTime"))),
            "Trackpoint" if self.point.is_none() => self.point = Some(node(None)),
            _ => {}
        }
    }

    fn end(&mut self, element: &Element, xml: &Xml<'_>, before: usize, after: usize) {
        let depth = self.open.len();
        if !element.inner && element.name != "Track" {
            self.value(&element.name, unescape(&xml.text(element.content, before)));
        }
        if self.point.as_ref().is_some_and(|p| p.depth == depth) {
            self.finish_point(after);
        } else if self.lap.as_ref().is_some_and(|l| l.depth == depth) {
            self.finish_lap(after);
        } else if matches!(element.name.as_str(), "Activity" | "Course" | "Run") {
            self.finish_workout(&element.name, after);
        }
    }

    fn produced(&self) -> u64 {
        self.counts[0] + self.counts[1]
    }

    /// What a workout says of itself is a record where no lap or point says it.
    fn finish_workout(&mut self, name: &str, end: usize) {
        let notes = self.workout.notes.take();
        let empty = self.produced() == self.workout.before;
        if notes.is_none() && !(empty && self.workout.id.is_some()) {
            return;
        }
        let mut record = self.start(&[], Family::Health);
        record.title = self.workout.sport.clone();
        // A course is named in words, an activity by when it began.
        let began = self.workout.id.as_deref().filter(|_| name != "Course");
        record.moments.extend(began.map(|text| moment(MomentRole::Start, text)));
        record.text = notes;
        let at = self.at(name, self.workout.number.saturating_sub(1), self.workout.start, end);
        if empty {
            self.out.warn(at.clone(), "tcx.empty", "The workout holds no lap and no point.");
        }
        self.out.record(at, record);
    }

    /// Takes a value over under the names that lead to it from the point or lap it belongs to.
    fn value(&mut self, name: &str, text: String) {
        const MOST: usize = 200;
        let in_track = self.open.iter().any(|e| e.name == "Track");
        let depth = match (&self.point, &self.lap) {
            (Some(point), _) => point.depth,
            (None, Some(lap)) if !in_track => lap.depth,
            _ => {
                // The id of an activity, or the name of a course.
                let parent = self.open.last().map_or("", |e| e.name.as_str());
                if matches!((parent, name), ("Activity" | "Run", "Id") | ("Course", "Name")) {
                    self.workout.id = Some(text).filter(|t| !t.is_empty());
                } else if matches!((parent, name), ("Activity" | "Course" | "Run", "Notes")) {
                    self.workout.notes = Some(text).filter(|t| !t.is_empty());
                }
                return;
            }
        };
        let mut names: Vec<&str> = self.open.iter().skip(depth + 1).map(|e| e.name.as_str()).collect();
        // `HeartRateBpm/Value` is the heart rate.
        if name != "Value" || names.is_empty() {
            names.push(name);
        }
        let name = names.join("/");
        let Some(node) = self.point.as_mut().or(self.lap.as_mut()) else { return };
        if node.values.len() < MOST && !node.values.iter().any(|(known, _)| *known == name) {
            node.values.push((name, text));
        }
    }

    fn start(&self, values: &[(String, String)], family: Family) -> Record {
        let mut record = Record::new(family, FORMAT);
        record.conversation = Some(format!("{} workout {}", self.opened.entry.path, self.workout.number));
        record.fields.opt_text("Sport", self.workout.sport.as_deref());
        record.fields.opt_text("workout", self.workout.id.as_deref());
        for (name, text) in values {
            record.fields.text(name, text);
        }
        record
    }

    fn at(&self, name: &str, count: u64, start: usize, end: usize) -> glasshouse_model::Ref {
        let offset = self.frame.offset + start as u64;
        let length = end.saturating_sub(start) as u64;
        self.opened.at(Locator::new(LocatorKind::Node, format!("{name} {count}"), offset, length))
    }

    fn finish_point(&mut self, end: usize) {
        let Some(node) = self.point.take() else { return };
        let value = |name: &str| node.values.iter().find(|(n, _)| n == name).map(|(_, text)| text.as_str());
        let degrees = |name: &str| value(name).map(|text| text.trim().parse::<f64>().ok());
        let position = (degrees("Position/LatitudeDegrees"), degrees("Position/LongitudeDegrees"));
        let family = if position.0.is_some() { Family::Location } else { Family::Health };
        let at = self.at("Trackpoint", self.counts[1], node.start, end);
        let mut record = self.start(&node.values, family);
        record.moments.extend(value("Time").map(|text| moment(MomentRole::Observed, text)));
        record.place = position.0.flatten().zip(position.1.flatten()).and_then(|(lat, lon)| Place::at(lat, lon));
        if let Some(place) = &mut record.place {
            place.altitude =
                value("AltitudeMeters").and_then(|t| t.trim().parse().ok()).filter(|n: &f64| n.is_finite());
        } else if family == Family::Location {
            self.out.warn(at.clone(), "place.syntax", "A point has no coordinates on Earth.");
        }
        self.counts[1] += 1;
        self.out.record(at, record);
    }

    fn finish_lap(&mut self, end: usize) {
        let Some(node) = self.lap.take() else { return };
        let at = self.at("Lap", self.counts[0], node.start, end);
        let mut record = self.start(&node.values, Family::Health);
        record.title = self.workout.sport.clone();
        record.moments.extend(node.began.as_deref().map(|text| moment(MomentRole::Start, text)));
        record.text = node.values.iter().find(|(n, _)| n == "Notes").map(|(_, t)| t.clone()).filter(|t| !t.is_empty());
        self.counts[0] += 1;
        self.out.record(at, record);
    }
}

/// Reads a time; the schema asks for a zone, and one without it could be anything.
fn moment(role: MomentRole, text: &str) -> glasshouse_model::Moment {
    let mut moment = time::iso(role, text);
    if moment.instant.is_none() && text.contains('T') {
        moment.basis = ZoneBasis::DeviceLocal;
    }
    moment
}

fn unescape(raw: &str) -> String {
    let raw = raw.trim();
    let raw = raw.strip_prefix("<![CDATA[").and_then(|r| r.strip_suffix("]]>")).unwrap_or(raw);
    quick_xml::escape::unescape(raw).map_or_else(|_| raw.to_owned(), |text| text.into_owned())
}
