use super::zones::Zones;
use crate::formats::contentline::{Property, by_name, coordinates, lines, moment, stamp};
use crate::{Frame, Opened, Sink};
use glasshouse_model::{
    Attachment, Family, Identifier, IdentifierKind, Locator, Moment, MomentRole, Party, PartyRole, Place, Precision,
    Record, Ref, ZoneBasis,
};

pub(super) const ID: &str = "events";

/// Properties of the standards and those that calendars are known to add.
const KNOWN: &[&str] = &[
    "ACKNOWLEDGED",
    "ATTACH",
    "ATTENDEE",
    "CALSCALE",
    "CATEGORIES",
    "CLASS",
    "COLOR",
    "COMMENT",
    "COMPLETED",
    "CONCEPT",
    "CONFERENCE",
    "CONTACT",
    "CREATED",
    "DALARM",
    "AALARM",
    "DCREATED",
    "DESCRIPTION",
    "DTEND",
    "DTSTAMP",
    "DTSTART",
    "DUE",
    "DURATION",
    "EXDATE",
    "EXRULE",
    "GEO",
    "IMAGE",
    "LAST-MODIFIED",
    "LINK",
    "LOCATION",
    "METHOD",
    "NAME",
    "ORGANIZER",
    "PERCENT-COMPLETE",
    "PRIORITY",
    "PRODID",
    "RDATE",
    "RECURRENCE-ID",
    "REFRESH-INTERVAL",
    "RELATED-TO",
    "REQUEST-STATUS",
    "RESOURCES",
    "RRULE",
    "SEQUENCE",
    "SOURCE",
    "STATUS",
    "STYLED-DESCRIPTION",
    "SUMMARY",
    "TRANSP",
    "UID",
    "URL",
    "VERSION",
    "X-ALT-DESC",
    "X-APPLE-CALENDAR-COLOR",
    "X-APPLE-CREATOR-IDENTITY",
    "X-APPLE-CREATOR-TEAM-IDENTITY",
    "X-APPLE-DEFAULT-ALARM",
    "X-APPLE-SORT-ORDER",
    "X-APPLE-STRUCTURED-LOCATION",
    "X-APPLE-TRAVEL-ADVISORY-BEHAVIOR",
    "X-GOOGLE-CALENDAR-CONTENT-ICON",
    "X-GOOGLE-CONFERENCE",
    "X-LIC-ERROR",
    "X-MICROSOFT-CDO-ALLDAYEVENT",
    "X-MICROSOFT-CDO-APPT-SEQUENCE",
    "X-MICROSOFT-CDO-BUSYSTATUS",
    "X-MICROSOFT-CDO-IMPORTANCE",
    "X-MICROSOFT-CDO-INSTTYPE",
    "X-MICROSOFT-CDO-INTENDEDSTATUS",
    "X-MICROSOFT-CDO-OWNERAPPTID",
    "X-MICROSOFT-DISALLOW-COUNTER",
    "X-MICROSOFT-SKYPETEAMSMEETINGURL",
    "X-MOZ-GENERATION",
    "X-MOZ-LASTACK",
    "X-WR-ALARMUID",
    "X-WR-CALDESC",
    "X-WR-CALNAME",
    "X-WR-RELCALID",
    "X-WR-TIMEZONE",
];

/// Properties of one component beyond this number are not kept.
const MOST_PROPERTIES: usize = 10_000;
/// Properties of a calendar beyond this number are not repeated in each of its records.
const MOST_REPEATED: usize = 50;
/// Components nested deeper than this are not read.
const DEEPEST: usize = 16;

/// Says whether bytes begin as a calendar does.
pub(super) fn begins(head: &[u8]) -> bool {
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
    head.get(..15).is_some_and(|start| start.eq_ignore_ascii_case(b"BEGIN:VCALENDAR"))
}

/// A component in the making.
struct Component {
    /// In upper case.
    name: String,
    start: usize,
    properties: Vec<Property>,
    /// Alarms inside it.
    alarms: Vec<Vec<Property>>,
    unread: bool,
    overflow: bool,
}

impl Component {
    fn family(&self) -> Option<Family> {
        match self.name.as_str() {
            "VEVENT" => Some(Family::Event),
            "VTODO" => Some(Family::Task),
            "VJOURNAL" => Some(Family::Note),
            _ => None,
        }
    }

    fn first(&self, name: &str) -> Option<&Property> {
        self.properties.iter().find(|p| p.name == name && !p.value.is_empty())
    }
}

/// Reads a file's components one after the other.
struct Reader<'r> {
    place: &'r dyn Fn(usize, usize) -> Ref,
    zones: Zones,
    open: Vec<Component>,
    /// Components beyond the deepest that are open.
    below: usize,
    /// An end without a beginning was met.
    stray: bool,
    out: &'r mut Sink,
}

pub(super) fn parse(opened: &Opened<'_>, frame: &Frame<'_>, out: &mut Sink) {
    let place = |start: usize, end: usize| {
        opened.at(Locator::bytes(frame.offset + start as u64, end.saturating_sub(start) as u64))
    };
    let mut reader =
        Reader { place: &place, zones: Zones::read(frame.bytes), open: Vec::new(), below: 0, stray: false, out };
    let (mut end, mut stray) = (0, false);
    for line in lines(frame.bytes) {
        match Property::read(&line) {
            Some(property) if property.name == "BEGIN" => reader.begin(&property, end),
            Some(property) if property.name == "END" => reader.end(&property, end),
            _ if reader.below > 0 => {}
            property => match reader.open.last_mut() {
                Some(open) => match property {
                    Some(property) if open.properties.len() < MOST_PROPERTIES => open.properties.push(property),
                    Some(_) => open.overflow = true,
                    None => open.unread = true,
                },
                None if stray => {}
                None => {
                    stray = true;
                    let what = "Lines stand outside any calendar; this is the first.";
                    reader.out.warn(place(line.start, line.end), "icalendar.stray", what);
                }
            },
        }
        end = line.end;
    }
    reader.close_down_to(0, end);
    if frame.truncated {
        let what = "The file is longer than the limit; its end is not read.";
        out.warn(place(0, frame.bytes.len()), "icalendar.truncated", what);
    }
}

impl Reader<'_> {
    fn begin(&mut self, property: &Property, end: usize) {
        let name = property.value.to_ascii_uppercase();
        // A calendar, and what a calendar holds, never stands inside an event: the event was not closed.
        let top = matches!(name.as_str(), "VCALENDAR");
        let middle = matches!(name.as_str(), "VEVENT" | "VTODO" | "VJOURNAL" | "VTIMEZONE" | "VFREEBUSY");
        let keep = match self.open.iter().position(|c| c.name == "VCALENDAR") {
            _ if top => 0,
            Some(calendar) if middle => calendar + 1,
            None if middle => 0,
            _ => self.open.len(),
        };
        if keep < self.open.len() {
            self.close_down_to(keep, end);
        }
        if self.open.len() >= DEEPEST {
            if self.below == 0 {
                let at = (self.place)(property.start, property.end);
                self.out.warn(at, "icalendar.depth", "Components are nested deeper than is followed.");
            }
            self.below += 1;
            return;
        }
        self.open.push(Component {
            name,
            start: property.start,
            properties: Vec::new(),
            alarms: Vec::new(),
            unread: false,
            overflow: false,
        });
    }

    fn end(&mut self, property: &Property, end: usize) {
        if self.below > 0 {
            self.below -= 1;
            return;
        }
        let name = property.value.to_ascii_uppercase();
        match self.open.iter().rposition(|c| c.name == name) {
            Some(at) => {
                self.close_down_to(at + 1, end);
                if let Some(component) = self.open.pop() {
                    self.finish(component, property.end);
                }
            }
            None => {
                if !self.stray {
                    let at = (self.place)(property.start, property.end);
                    let what = "A component ends that never began; this is the first.";
                    self.out.warn(at, "icalendar.stray", what);
                }
                self.stray = true;
            }
        }
    }

    /// Finishes components that were left open.
    fn close_down_to(&mut self, keep: usize, end: usize) {
        self.below = 0;
        while self.open.len() > keep {
            let Some(component) = self.open.pop() else { return };
            let at = (self.place)(component.start, end);
            self.out.warn(at, "icalendar.unclosed", "A component is not closed; it is read up to what follows.");
            self.finish(component, end);
        }
    }

    fn finish(&mut self, component: Component, end: usize) {
        let at = (self.place)(component.start, end);
        let Some(family) = component.family() else {
            match (component.name.as_str(), self.open.last_mut()) {
                ("VALARM", Some(parent)) if parent.alarms.len() < MOST_PROPERTIES => {
                    parent.alarms.push(component.properties);
                }
                ("VCALENDAR", _) => {
                    let properties = &component.properties;
                    if component.overflow || properties.len() > MOST_REPEATED || !properties.iter().all(|p| short(&p)) {
                        let what = "A calendar has more properties of its own than its records repeat.";
                        self.out.warn(at, "icalendar.calendar", what);
                    }
                }
                ("VTIMEZONE" | "STANDARD" | "DAYLIGHT" | "VALARM", _) => {}
                _ => {
                    self.out.drift(ID, &component.name);
                    self.out.warn(at, "icalendar.component", "A component of a kind that is not read.");
                }
            }
            return;
        };
        for (wrong, code, message) in [
            (component.unread, "icalendar.line", "A line of a component is no property; it is not in the record."),
            (component.overflow, "icalendar.properties", "A component has more properties than are kept."),
            (
                component.properties.iter().any(|p| p.guessed),
                "icalendar.charset",
                "A text is not UTF-8 as it should be; the likeliest charset is used.",
            ),
        ] {
            if wrong {
                self.out.warn(at.clone(), code, message);
            }
        }
        let mut record = Record::new(family, ID);
        record.moments = self.moments(&component, &at);
        for property in &component.properties {
            if !KNOWN.contains(&property.name.as_str()) {
                self.out.drift(ID, &property.name);
            }
            record.parties.extend(party(property));
            if property.name == "ATTACH" || property.name == "IMAGE" {
                record.attachments.push(attachment(property, (self.place)(property.start, property.end)));
            }
        }
        record.title = component.first("SUMMARY").map(Property::text);
        let texts: Vec<_> =
            component.properties.iter().filter(|p| p.name == "DESCRIPTION").map(Property::text).collect();
        record.text = Some(texts.join("\n\n")).filter(|t| !t.is_empty());
        record.place = place_of(&component);
        // Whatever is carried as it stands need not stand twice.
        let carried = |p: &&Property| {
            let same = |text: Option<&String>| text.is_some_and(|t| *t == p.value);
            let text = match p.name.as_str() {
                "SUMMARY" => record.title.as_ref(),
                "DESCRIPTION" => record.text.as_ref(),
                "LOCATION" => record.place.as_ref().and_then(|place| place.address.as_ref()),
                _ => None,
            };
            p.params.is_empty() && p.group.is_none() && same(text)
        };
        for (name, list) in by_name(component.properties.iter().filter(|p| !carried(p))) {
            record.fields.raw(name, &list);
        }
        if !component.alarms.is_empty() {
            let alarms: Vec<String> = component.alarms.iter().map(|alarm| object(alarm.iter())).collect();
            record.fields.raw("alarms", &format!("[{}]", alarms.join(",")));
        }
        // The calendar's name and default zone come before its components wherever programs write them.
        if let Some(calendar) = self.open.iter().find(|c| c.name == "VCALENDAR") {
            record.fields.raw("calendar", &object(calendar.properties.iter().filter(short).take(MOST_REPEATED)));
        }
        self.out.record(at, record);
    }

    fn moments(&mut self, component: &Component, at: &Ref) -> Vec<Moment> {
        let mut moments = Vec::new();
        for (name, role) in [
            ("DTSTART", MomentRole::Start),
            ("DTEND", MomentRole::End),
            ("DUE", MomentRole::End),
            ("COMPLETED", MomentRole::Observed),
            ("CREATED", MomentRole::Created),
            ("DCREATED", MomentRole::Created),
            ("LAST-MODIFIED", MomentRole::Modified),
        ] {
            if let Some(property) = component.first(name) {
                moments.push(self.moment(role, property, at));
            }
        }
        moments
    }

    fn moment(&mut self, role: MomentRole, property: &Property, at: &Ref) -> Moment {
        let mut moment = moment(role, &property.value);
        let Some(read) = stamp(&property.value) else {
            self.out.warn(at.clone(), "icalendar.time", "A time cannot be read; it is kept as it is written.");
            return moment;
        };
        let Some(zone) = property.param("TZID") else { return moment };
        if read.offset.is_some() || read.precision == Precision::Day {
            return moment;
        }
        match self.zones.instant(zone, read.local) {
            Some((instant, public)) => {
                moment.instant = Some(instant);
                moment.basis = ZoneBasis::Named(public);
            }
            None => {
                moment.basis = ZoneBasis::Named(zone.to_owned());
                let what = "A time is in a zone that is not known by its name; it has no instant.";
                self.out.warn(at.clone(), "icalendar.zone", what);
            }
        }
        moment
    }
}

/// Says whether a calendar's property is short enough to stand in each of its records.
fn short(property: &&Property) -> bool {
    property.value.len() <= 1000 && property.params.len() <= 10 && property.binary.is_none()
}

/// Returns properties as a JSON object, each a list.
fn object<'p>(properties: impl Iterator<Item = &'p Property>) -> String {
    let members: Vec<String> = by_name(properties).iter().map(|(name, list)| format!("\"{name}\":{list}")).collect();
    format!("{{{}}}", members.join(","))
}

fn party(property: &Property) -> Option<Party> {
    let role = match property.name.as_str() {
        "ORGANIZER" => PartyRole::Organizer,
        "ATTENDEE" => PartyRole::Attendee,
        _ => return None,
    };
    let value = property.text();
    let mail = value.get(..7).is_some_and(|start| start.eq_ignore_ascii_case("mailto:"));
    let (kind, value) = if mail {
        (IdentifierKind::Email, value[7..].trim())
    } else if value.contains("://") {
        (IdentifierKind::Url, value.trim())
    } else if value.contains('@') && !value.contains(':') {
        (IdentifierKind::Email, value.trim())
    } else {
        (IdentifierKind::Account, value.trim())
    };
    let mut identifiers = Vec::new();
    if !value.is_empty() {
        identifiers.push(Identifier { kind, value: value.to_owned() });
    }
    // Where the address is an id of the server's, the mail address stands beside it.
    if let Some(email) = property.param("EMAIL").filter(|email| *email != value) {
        identifiers.push(Identifier { kind: IdentifierKind::Email, value: email.to_owned() });
    }
    let name = property.param("CN").map(|n| n.trim_matches('\'').to_owned()).filter(|n| !n.is_empty());
    (name.is_some() || !identifiers.is_empty()).then_some(Party { role, name, identifiers })
}

fn place_of(component: &Component) -> Option<Place> {
    let position = component.properties.iter().find_map(|p| match p.name.as_str() {
        "GEO" | "X-APPLE-STRUCTURED-LOCATION" => coordinates(&p.value),
        _ => None,
    });
    let mut place = position.and_then(|(lat, lon)| Place::at(lat, lon));
    if let Some(location) = component.first("LOCATION") {
        place.get_or_insert_with(Place::default).address = Some(location.text());
    }
    place
}

fn attachment(property: &Property, at: Ref) -> Attachment {
    let name = property.param("FILENAME").or_else(|| property.param("X-FILENAME"));
    let name = name.or_else(|| property.param("X-APPLE-FILENAME")).map(str::to_owned);
    let mime = property.param("FMTTYPE").or_else(|| property.param("MEDIATYPE")).map(str::to_ascii_lowercase);
    match &property.binary {
        Some(bytes) => Attachment {
            name,
            mime,
            size: Some(bytes.len() as u64),
            sha256: ring::digest::digest(&ring::digest::SHA256, bytes).as_ref().try_into().ok(),
            at: Some(at),
        },
        None => Attachment { name: name.or_else(|| Some(property.value.clone())), mime, ..Attachment::default() },
    }
}
