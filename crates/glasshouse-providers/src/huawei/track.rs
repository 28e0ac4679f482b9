//! HiTrack: lines of `name=value` pairs inside an activity's `attribute`, with times in three bases.

use super::repair::BREAK;
use crate::formats::element::{inner_place, keep};
use crate::formats::json::{Object, as_text};
use crate::formats::wall::offset_minutes;
use crate::{Frame, Opened, Sink};
use glasshouse_model::{Family, Moment, MomentRole, Place, Precision, Record, ZoneBasis};

pub(super) const FORMAT: &str = "track";

const DETAIL: &str = "HW_EXT_TRACK_DETAIL@is";
const SUMMARY: &str = "HW_EXT_TRACK_SIMPLIFY@is";

/// What lines need to know of their activity.
pub(super) struct Activity<'a> {
    /// Milliseconds since 1970.
    pub start: Option<i64>,
    pub zone: Option<&'a str>,
    pub conversation: &'a str,
    /// The frame's text, which the attribute is a slice of.
    pub whole: &'a str,
    pub pointer: &'a str,
}

/// Reads an attribute, as the JSON string it is: its lines become records, its summary fields of the activity.
pub(super) fn read(
    opened: &Opened<'_>,
    frame: &Frame<'_>,
    raw: &str,
    activity: &Activity<'_>,
    record: &mut Record,
    out: &mut Sink,
) {
    let inner = raw.trim_matches('"');
    let mut odd = 0u64;
    for section in inner.split("&&").filter(|section| !section.trim().is_empty()) {
        if let Some(lines) = section.strip_prefix(DETAIL) {
            for line in lines.split("\\n").flat_map(|l| l.split(BREAK)) {
                let line = line.trim_end_matches("\\r").trim();
                if !line.is_empty() && !point(opened, frame, line, activity, out) {
                    odd += 1;
                }
            }
        } else if let Some(summary) = section.strip_prefix(SUMMARY) {
            self::summary(summary, record);
        } else {
            record.fields.text("attribute", &unescaped(section));
            out.drift(FORMAT, "attribute");
        }
    }
    if odd > 0 {
        let at = inner_place(opened, frame, activity.whole, raw, activity.pointer);
        out.warn(at, "track.line", format!("{odd} lines of the track are not of a form that is known."));
    }
}

fn unescaped(raw: &str) -> String {
    as_text(&format!("\"{raw}\"")).map_or_else(|| raw.to_owned(), |text| text.into_owned())
}

fn summary(raw: &str, record: &mut Record) {
    let text = unescaped(raw);
    match Object::parse(text.trim()) {
        Ok(object) => {
            for (key, raw) in object.members() {
                keep(&mut record.fields, &format!("summary.{key}"), raw.get());
            }
        }
        Err(_) if text.trim().is_empty() => {}
        Err(_) => {
            record.fields.text("summary", &text);
        }
    }
}

/// Reads one line; false when it is none.
fn point(opened: &Opened<'_>, frame: &Frame<'_>, line: &str, activity: &Activity<'_>, out: &mut Sink) -> bool {
    const MOST_PAIRS: usize = 50;
    let pairs: Vec<(&str, &str)> = line.split(';').take(MOST_PAIRS).filter_map(|pair| pair.split_once('=')).collect();
    let value = |name: &str| pairs.iter().find(|(n, _)| *n == name).map(|(_, v)| *v);
    let Some(kind) = value("tp") else { return false };
    let at = inner_place(opened, frame, activity.whole, line, activity.pointer);
    let mut record = Record::new(if kind == "lbs" { Family::Location } else { Family::Health }, FORMAT);
    record.title = Some(title(kind).to_owned());
    record.conversation = Some(activity.conversation.to_owned());
    let number = |name: &str| value(name)?.parse::<f64>().ok().filter(|n| n.is_finite());
    // A pause bears no time: its nought is no midnight.
    let pause = kind == "lbs" && number("lat") == Some(90.0) && number("lon") == Some(-80.0);
    let time = value(if kind == "lbs" { "t" } else { "k" });
    if let Some(text) = time.filter(|_| !(pause && number("t") == Some(0.0))) {
        let moment = moment(text, activity);
        if moment.instant.is_none() {
            out.warn(at.clone(), "time.unknown", "No instant follows from the time of a line.");
        }
        record.moments.push(moment);
    }
    if kind == "lbs" {
        match (number("lat"), number("lon")) {
            // How the devices write that the activity was paused or stopped.
            _ if pause => {
                record.fields.text("kind", "pause");
            }
            (Some(lat), Some(lon)) => match Place::at(lat, lon) {
                Some(place) => record.place = Some(Place { altitude: number("alt"), ..place }),
                None => out.warn(at.clone(), "place.syntax", "The coordinates are none on Earth."),
            },
            _ => out.warn(at.clone(), "place.syntax", "A position has no coordinates."),
        }
    }
    for (name, value) in &pairs {
        record.fields.text(name, value);
    }
    out.record(at, record);
    true
}

fn title(kind: &str) -> &str {
    match kind {
        "lbs" => "Position",
        "h-r" => "Heart rate",
        "s-r" => "Step rate",
        "alti" => "Altitude",
        "swf" => "SWOLF",
        "p-f" => "Pull frequency",
        "rs" => "Speed",
        other => other,
    }
}

/// Reads a time in one of its bases: milliseconds or seconds since 1970, or seconds of the activity's day.
fn moment(text: &str, activity: &Activity<'_>) -> Moment {
    let (instant, basis) = instant(text, activity);
    Moment { role: MomentRole::Observed, instant, text: text.to_owned(), basis, precision: Precision::Second }
}

fn instant(text: &str, activity: &Activity<'_>) -> (Option<i64>, ZoneBasis) {
    // Also written as `1.5162732E9`.
    let Some(number) = text.trim().parse::<f64>().ok().filter(|n| n.is_finite() && *n >= 0.0 && *n < 1e14) else {
        return (None, ZoneBasis::Ambiguous);
    };
    if number >= 1e11 {
        return (Some((number * 1000.0) as i64), ZoneBasis::Utc);
    }
    if number >= 1e8 {
        return (Some((number * 1e6) as i64), ZoneBasis::Utc);
    }
    let zone = activity.zone.unwrap_or_default();
    // More than two days after midnight is no time of an activity.
    let (Some(start), Some(minutes), true) = (activity.start, offset_minutes(zone), number < 172_800.0) else {
        return (None, ZoneBasis::DeviceLocal);
    };
    let shift = i64::from(minutes) * 60;
    let day = (start.div_euclid(1000) + shift).div_euclid(86_400).saturating_mul(86_400) - shift;
    let micros = day.checked_mul(1_000_000).and_then(|day| day.checked_add((number * 1e6) as i64));
    (micros, ZoneBasis::Named(zone.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_bases_give_the_same_instant() {
        // 2018-01-18 11:00:00 UTC, an activity begun at noon in +0100.
        let start = Some(1_516_273_200_000);
        let activity = Activity { start, zone: Some("+0100"), conversation: "", whole: "", pointer: "" };
        for text in ["1516273200000", "1516273200", "1.5162732E9", "1.5162732E12", "43200"] {
            assert_eq!(instant(text, &activity).0, Some(1_516_273_200_000_000), "{text}");
        }
        assert_eq!(instant("43200", &Activity { zone: None, ..activity }).0, None);
        let hostile = Activity { start: Some(i64::MAX), zone: Some("Z"), conversation: "", whole: "", pointer: "" };
        for text in ["1e300", "-5", "NaN", "", "9000000", "86399"] {
            assert_eq!(instant(text, &hostile).0, None, "{text}");
        }
    }
}
