//! Apple Health: records, workouts and summaries of `export.xml`, and electrocardiograms.

use crate::formats::sheet::linked;
use crate::formats::table::Header;
use crate::formats::wall::Clock;
use crate::{Frame, Opened, Sink};
use glasshouse_model::{Family, Locator, LocatorKind, MomentRole, Precision, Record, Ref};
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use std::collections::BTreeMap;

pub(super) const FORMAT: &str = "health";
pub(super) const ECG: &str = "ecg";

/// Says whether first bytes are those of an export, whatever the file is called in the phone's language.
pub(super) fn is_export(head: &[u8]) -> bool {
    let has = |needle: &[u8]| memchr::memmem::find(head, needle).is_some();
    has(b"<!DOCTYPE HealthData") || has(b"<HealthData")
}

/// Reads children of the root: the document's own head holds nothing about the person.
pub(super) fn parse(opened: &Opened<'_>, out: &mut Sink) {
    for frame in opened.frames.iter().filter(|frame| frame.element) {
        element(opened, frame, out);
    }
}

fn element(opened: &Opened<'_>, frame: &Frame<'_>, out: &mut Sink) {
    let length = frame.bytes.len() as u64;
    let mut reader = Reader::from_reader(frame.bytes);
    reader.config_mut().check_end_names = false;
    let (tag, empty) = match reader.read_event() {
        Ok(Event::Start(tag)) => (tag, false),
        Ok(Event::Empty(tag)) => (tag, true),
        _ => {
            let at = opened.at(Locator::bytes(frame.offset, length));
            return out.warn(at, "xml.syntax", "An element cannot be read.");
        }
    };
    let name = tag.local_name().as_ref().to_owned();
    let at = opened.at(Locator::new(LocatorKind::Node, format!("{name} {}", frame.index), frame.offset, length));
    if frame.truncated {
        out.warn(at.clone(), "xml.truncated", "The element is cut off; its beginning was read.");
    }
    let family = match name.as_str() {
        "Me" => Family::Account,
        "Workout" => Family::Activity,
        "ExportDate" => Family::Setting,
        "Record" | "Correlation" | "ActivitySummary" | "ClinicalRecord" | "Audiogram" | "VisionPrescription" => {
            Family::Health
        }
        _ => {
            out.drift(FORMAT, &name);
            Family::Health
        }
    };
    let mut record = Record::new(family, FORMAT);
    record.fields.text("element", &name);
    attributes(&tag, &mut record, &at, out);
    if !empty {
        children(&mut reader, opened, frame, &mut record, &at, out);
    }
    if record.moments.iter().any(|m| m.instant.is_none() && m.precision != Precision::Day) {
        out.warn(at.clone(), "time.syntax", "A time cannot be read or says no zone; no instant follows.");
    }
    out.record(at, record);
}

fn attributes(tag: &BytesStart<'_>, record: &mut Record, at: &Ref, out: &mut Sink) {
    let (mut start, mut others) = (Vec::new(), Vec::new());
    for attribute in tag.attributes().with_checks(false) {
        let Ok(attribute) = attribute else {
            out.warn(at.clone(), "xml.attribute", "An attribute cannot be read; those after it were left out.");
            break;
        };
        let (key, value) = (attribute.key.as_ref(), unescape(&attribute.value));
        let role = match key {
            "startDate" | "dateComponents" | "receivedDate" => Some(MomentRole::Start),
            "endDate" => Some(MomentRole::End),
            "creationDate" | "dateIssued" => Some(MomentRole::Created),
            "value" if tag.local_name().as_ref() == "ExportDate" => Some(MomentRole::Created),
            _ => None,
        };
        match role {
            Some(role) => {
                let list = if role == MomentRole::Start { &mut start } else { &mut others };
                list.push(Clock::UNKNOWN.moment(role, &value));
            }
            None => {
                if matches!(key, "type" | "workoutActivityType") {
                    record.title = Some(title(&value));
                }
                record.fields.text(key, &value);
            }
        }
    }
    record.moments.extend(start.into_iter().chain(others));
}

/// Returns what is measured without the prefix that all such names share.
fn title(kind: &str) -> String {
    const PREFIXES: &[&str] = &[
        "HKQuantityTypeIdentifier",
        "HKCategoryTypeIdentifier",
        "HKCorrelationTypeIdentifier",
        "HKWorkoutActivityType",
        "HKDataType",
    ];
    PREFIXES.iter().find_map(|prefix| kind.strip_prefix(prefix)).unwrap_or(kind).to_owned()
}

/// Takes over what an element holds: metadata by their keys, other children as lists of their XML.
fn children(
    reader: &mut Reader<&[u8]>,
    opened: &Opened<'_>,
    frame: &Frame<'_>,
    record: &mut Record,
    at: &Ref,
    out: &mut Sink,
) {
    const MOST_CHILDREN: usize = 20_000;
    let mut lists: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let (mut depth, mut count, mut open) = (0usize, 0usize, None);
    loop {
        let before = usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX);
        let event = match reader.read_event() {
            Ok(event) => event,
            Err(_) => {
                out.warn(at.clone(), "xml.syntax", "The element is not valid XML; its beginning was read.");
                break;
            }
        };
        let after = usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX);
        let whole =
            |from: usize| String::from_utf8_lossy(frame.bytes.get(from..after).unwrap_or_default()).into_owned();
        match event {
            Event::Start(tag) | Event::Empty(tag) if tag.local_name().as_ref() == "FileReference" => {
                let path = attribute(&tag, "path");
                record.attachments.extend(path.map(|path| linked(opened, &path)));
                // A closing tag of its own comes only if the tag did not close itself.
                depth += usize::from(frame.bytes.get(after.saturating_sub(2)) != Some(&b'/'));
            }
            Event::Start(tag) => {
                if depth == 0 {
                    open = Some((tag.local_name().as_ref().to_owned(), before, attribute(&tag, "key")));
                }
                depth += 1;
            }
            Event::Empty(tag) if depth == 0 => {
                count += 1;
                let name = tag.local_name().as_ref().to_owned();
                match (name.as_str(), attribute(&tag, "key"), attribute(&tag, "value")) {
                    ("MetadataEntry", Some(key), Some(value)) => {
                        record.fields.text(&format!("metadata.{key}"), &value);
                    }
                    _ => lists.entry(name).or_default().push(whole(before)),
                }
            }
            Event::End(_) => {
                let Some(up) = depth.checked_sub(1) else { break };
                depth = up;
                if depth == 0
                    && let Some((name, from, _)) = open.take()
                {
                    count += 1;
                    lists.entry(name).or_default().push(whole(from));
                }
            }
            Event::Eof => break,
            _ => {}
        }
        if count > MOST_CHILDREN {
            out.warn(at.clone(), "xml.children", "The element holds more than 20000 others; the rest was not read.");
            break;
        }
    }
    const KNOWN: &[&str] = &[
        "MetadataEntry",
        "Record",
        "HeartRateVariabilityMetadataList",
        "WorkoutEvent",
        "WorkoutStatistics",
        "WorkoutRoute",
        "WorkoutActivity",
        "SensitivityPoint",
    ];
    for (name, values) in lists {
        if !KNOWN.contains(&name.as_str()) {
            out.drift(FORMAT, &name);
        }
        record.fields.list(&name, values);
    }
}

fn attribute(tag: &BytesStart<'_>, name: &str) -> Option<String> {
    let found = tag.attributes().with_checks(false).filter_map(Result::ok).find(|a| a.key.as_ref() == name);
    found.map(|a| unescape(&a.value))
}

fn unescape(raw: &str) -> String {
    quick_xml::escape::unescape(raw).map_or_else(|_| raw.to_owned(), std::borrow::Cow::into_owned)
}

/// Reads an electrocardiogram: lines of a name and a value, then one voltage a line.
pub(super) fn ecg(opened: &Opened<'_>, out: &mut Sink) {
    for frame in opened.frames {
        let at = opened.at(Locator::whole(frame.bytes.len() as u64));
        if frame.truncated {
            out.warn(at.clone(), "ecg.partial", "The file is longer than the limit; only its beginning was read.");
        }
        let mut record = Record::new(Family::Health, ECG);
        record.title = Some(opened.entry.name().to_owned());
        let (mut samples, mut odd) = (0i64, 0u64);
        for line in frame.bytes.split(|b| *b == b'\n') {
            let row = Header::of(line, 0);
            match row.names() {
                [] => {}
                [one] if one.is_empty() => {}
                [one] if one.parse::<f64>().is_ok() => samples += 1,
                // Some languages write decimals with a comma.
                [whole, part] if whole.parse::<i64>().is_ok() && part.parse::<u64>().is_ok() => samples += 1,
                [name, value, ..] if samples == 0 && !name.is_empty() => {
                    let time = Clock::UNKNOWN.read(MomentRole::Taken, value).filter(|m| m.instant.is_some());
                    record.moments.extend(time.filter(|_| record.moments.is_empty()));
                    record.fields.text(name, value);
                }
                _ => odd += 1,
            }
        }
        record.fields.int("samples", samples);
        if record.moments.is_empty() {
            out.warn(at.clone(), "time.missing", "The recording says no time with a zone.");
        }
        if samples == 0 || odd > 0 {
            out.warn(at.clone(), "ecg.layout", format!("{samples} voltages were counted; {odd} lines are none."));
        }
        out.record(at, record);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exports_are_recognised_in_any_language() {
        assert!(is_export(b"<?xml version=\"1.0\"?>\n<!DOCTYPE HealthData [\n"));
        assert!(!is_export(b"<?xml version=\"1.0\"?><ClinicalDocument>"));
        assert_eq!(title("HKQuantityTypeIdentifierStepCount"), "StepCount");
    }
}
