#![doc = include_str!("README.md")]

use crate::formats::element::keep;
use crate::formats::json::{Object, as_text};
use crate::formats::time;
use crate::{Frame, Opened, Provider, Sink, Tree, TreeEntry};
use glasshouse_model::{Claim, Family, Format, Framing, Locator, Manifest, MomentRole, Place, Record, Tier, ZoneBasis};
use serde_json::value::RawValue;

/// GeoJSON: features with a place, of any program.
pub struct GeoJson;

static MANIFEST: Manifest = Manifest {
    id: "geojson",
    title: "GeoJSON features",
    formats: &[Format {
        id: "feature",
        title: "Features with a place",
        families: &[Family::Location],
        tier: Tier::Documented,
        version: 2,
    }],
    general: true,
    not_covered: &[
        "Of lines, areas and collections only the first position is the place; the whole geometry is a field.",
        "A document that is a single feature or geometry, and not a collection.",
        "Positions in another coordinate system than WGS 84 (`crs`) are kept and give no place.",
    ],
    references: &["https://www.rfc-editor.org/rfc/rfc7946"],
};

impl Provider for GeoJson {
    fn manifest(&self) -> &'static Manifest {
        &MANIFEST
    }

    fn recognise(&self, tree: &Tree<'_>) -> Vec<Claim> {
        let collection = |entry: &&TreeEntry| {
            let head = tree.head(entry.id);
            ["\"FeatureCollection\"", "\"features\""]
                .iter()
                .any(|key| memchr::memmem::find(&head, key.as_bytes()).is_some())
        };
        let named = |entry: &&TreeEntry| match entry.extension().as_str() {
            "geojson" => true,
            // Takeout's places and reviews of Maps; behind the brand the folder's name is translated.
            "json" => {
                entry.name().to_lowercase().contains("geo") || entry.dir().split('/').any(|d| d.starts_with("Maps"))
            }
            _ => false,
        };
        let entries = tree.entries().iter().filter(named).filter(collection);
        entries.map(|entry| Claim::of("feature", entry.id, Framing::JsonArrays(&["features"]))).collect()
    }

    fn parse(&self, opened: &Opened<'_>, out: &mut Sink) {
        let elsewhere = names_other_system(opened.head);
        for frame in opened.frames {
            if frame.element {
                read(opened, frame, elsewhere, out);
            } else if frame.name == "crs" && elsewhere {
                let at = opened.at(Locator::json("/crs", frame.offset, frame.bytes.len() as u64));
                let message = "The coordinates are in a system other than WGS 84; features got no place from them.";
                out.warn(at, "geojson.crs", message);
            } else if !is_known(frame) {
                crate::formats::element::unread_member(opened, frame, "feature", out);
            }
        }
    }
}

/// Says whether a member beside the features is one that is known and says nothing of a place.
fn is_known(frame: &crate::Frame<'_>) -> bool {
    let begins = |with: &[u8]| frame.bytes.trim_ascii_start().starts_with(with);
    match frame.name {
        "type" | "name" => begins(b"\""),
        "bbox" => begins(b"[") && serde_json::from_slice::<Vec<f64>>(frame.bytes).is_ok(),
        "crs" => begins(b"{") || begins(b"null"),
        _ => false,
    }
}

/// Returns whether the file says, before its features, that its coordinates are no longitudes and latitudes.
fn names_other_system(head: &[u8]) -> bool {
    let Some(at) = memchr::memmem::find(head, b"\"crs\"") else { return false };
    let after = head.get(at..).unwrap_or_default();
    let end = memchr::memchr(b'}', after).unwrap_or(after.len()).min(300);
    let system = String::from_utf8_lossy(after.get(..end).unwrap_or_default());
    system.contains("name") && !["CRS84", "4326"].iter().any(|known| system.contains(known))
}

fn read(opened: &Opened<'_>, frame: &Frame<'_>, elsewhere: bool, out: &mut Sink) {
    let length = frame.bytes.len() as u64;
    let at = opened.at(Locator::json(format!("/features/{}", frame.index), frame.offset, length));
    let warn = |out: &mut Sink, code: &'static str, message: &str| out.warn(at.clone(), code, message);
    let Some(feature) = Object::from_slice(frame.bytes).ok().filter(|_| !frame.truncated) else {
        return warn(out, "json.syntax", "The feature is not a valid JSON object, or cut off; it was not read.");
    };
    let mut record = Record::new(Family::Location, "feature");
    match feature.object("geometry") {
        Some(_) if elsewhere => {}
        Some(geometry) => {
            record.place = position(&geometry, 0);
            if record.place.take_if(|place| is_nowhere(&feature, place)).is_none() && record.place.is_none() {
                warn(out, "place.syntax", "The feature's geometry has no coordinates on Earth.");
            }
        }
        // A feature may be unlocated: its geometry is null then.
        None if feature.raw("geometry") == Some("null") => {}
        None => warn(out, "place.syntax", "The feature has no geometry."),
    }
    // Some put into the feature itself what belongs into its properties.
    if let Some(properties) = feature.object("properties").or_else(|| Object::from_slice(frame.bytes).ok()) {
        let inner = LOCATIONS
            .iter()
            .find_map(|name| properties.object(name).or_else(|| properties.objects(name).into_iter().next()));
        let one = |names: &[&str], object: &Object<'_>| {
            names.iter().find_map(|n| object.text(n)).filter(|t| !t.trim().is_empty()).map(|t| t.into_owned())
        };
        let text = |names: &[&str]| one(names, &properties);
        record.title = text(&["name", "title", "Name", "Title"])
            .or_else(|| inner.as_ref().and_then(|inner| one(&["name", "Business Name"], inner)));
        record.text = text(&["description", "desc", "review_text_published", "Review Comment", "Comment"]);
        if let Some(address) = inner.as_ref().and_then(|inner| one(&["address", "Address"], inner)) {
            record.place.get_or_insert_default().address = Some(address);
        }
        if let Some(when) = text(&["time", "timestamp", "date", "datetime", "Published"]) {
            let mut moment = time::iso(MomentRole::Observed, &when);
            // No standard says in which zone a time without one is.
            if moment.instant.is_none() {
                moment.basis = ZoneBasis::Ambiguous;
            }
            record.moments.push(moment);
        }
    }
    for (name, value) in feature.members() {
        let raw = value.get();
        match name {
            "type" if as_text(raw).as_deref() == Some("Feature") => {}
            "type" => keep(&mut record.fields, name, raw),
            "date"
            | "google_maps_url"
            | "location"
            | "five_star_rating_published"
            | "review_text_published"
            | "questions" => keep(&mut record.fields, name, raw),
            "geometry" | "properties" | "bbox" => keep(&mut record.fields, name, raw),
            // The one place where text and number are both allowed.
            "id" => {
                record.fields.text("id", &as_text(raw).unwrap_or(raw.into()));
            }
            _ => {
                out.drift("feature", name);
                keep(&mut record.fields, name, raw);
            }
        }
    }
    out.record(at, record);
}

/// Where a feature's properties keep an address beside its geometry.
const LOCATIONS: &[&str] = &["location", "Location"];

/// Returns the first position of a geometry, or of the first in a collection that has one.
fn position(geometry: &Object<'_>, depth: usize) -> Option<Place> {
    const DEEPEST: usize = 4;
    if let Some(place) = geometry.raw("coordinates").and_then(first_position) {
        return Some(place);
    }
    let inner = if depth < DEEPEST { geometry.objects("geometries") } else { Vec::new() };
    inner.iter().find_map(|geometry| position(geometry, depth + 1))
}

/// Says whether a place is how Google Maps writes that it knows none: nought and nought, with a link.
fn is_nowhere(feature: &Object<'_>, place: &Place) -> bool {
    let linked = |object: &Object<'_>| ["google_maps_url", "Google Maps URL"].iter().any(|n| object.raw(n).is_some());
    place.lat == Some(0.0)
        && place.lon == Some(0.0)
        && (linked(feature) || feature.object("properties").is_some_and(|properties| linked(&properties)))
}

/// Returns the first position in coordinates that are nested as deep as the kind of geometry asks for.
fn first_position(raw: &str) -> Option<Place> {
    const DEEPEST: usize = 4;
    let mut raw = raw;
    for _ in 0..DEEPEST {
        let items: Vec<&RawValue> = serde_json::from_str(raw).ok()?;
        let first = items.first()?.get();
        if first.starts_with('[') {
            raw = first;
            continue;
        }
        let number = |i: usize| items.get(i).and_then(|item| item.get().parse::<f64>().ok());
        let (lon, lat) = (number(0)?, number(1)?);
        let altitude = number(2).filter(|n| n.is_finite());
        return Place::at(lat, lon).map(|place| Place { altitude, ..place });
    }
    None
}
