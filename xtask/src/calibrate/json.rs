//! Reading of Records.json, one point at a time.

use super::Done;
use crate::Fault;
use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::borrow::Cow;
use std::fmt;
use std::hint::black_box;

pub fn is_points(name: &str) -> bool {
    name.ends_with("/Records.json") || name == "Records.json"
}

/// Reads every point of `locations` into a typed struct and lets it go.
pub fn read_points(files: &[Vec<u8>]) -> Result<Done, Fault> {
    let mut done = Done::default();
    for json in files {
        done.items += serde_json::Deserializer::from_slice(json).deserialize_map(File)?;
        done.bytes += json.len() as u64;
    }
    Ok(done)
}

/// All members a point is known to have. They are never looked at, only built.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[derive(Default)]
struct Point<'a> {
    #[serde(rename = "latitudeE7")]
    latitude: Option<i64>,
    #[serde(rename = "longitudeE7")]
    longitude: Option<i64>,
    accuracy: Option<i64>,
    altitude: Option<i64>,
    vertical_accuracy: Option<i64>,
    velocity: Option<i64>,
    heading: Option<i64>,
    #[serde(borrow)]
    source: Option<Cow<'a, str>>,
    device_tag: Option<i64>,
    #[serde(borrow)]
    platform_type: Option<Cow<'a, str>>,
    #[serde(borrow)]
    form_factor: Option<Cow<'a, str>>,
    battery_charging: Option<bool>,
    #[serde(borrow)]
    server_timestamp: Option<Cow<'a, str>>,
    #[serde(borrow)]
    device_timestamp: Option<Cow<'a, str>>,
    #[serde(borrow)]
    timestamp: Option<Cow<'a, str>>,
    #[serde(borrow)]
    timestamp_ms: Option<Cow<'a, str>>,
    #[serde(borrow)]
    activity: Vec<Sample<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Sample<'a> {
    #[serde(borrow)]
    activity: Vec<Guess<'a>>,
    #[serde(borrow)]
    timestamp: Option<Cow<'a, str>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Guess<'a> {
    #[serde(borrow, rename = "type")]
    kind: Option<Cow<'a, str>>,
    confidence: Option<i64>,
}

struct File;

impl<'de> Visitor<'de> for File {
    type Value = u64;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("an object with `locations`")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<u64, A::Error> {
        let mut points = 0;
        while let Some(key) = map.next_key::<Cow<str>>()? {
            if key == "locations" {
                points += map.next_value_seed(Points)?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(points)
    }
}

struct Points;

impl<'de> DeserializeSeed<'de> for Points {
    type Value = u64;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<u64, D::Error> {
        from.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Points {
    type Value = u64;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("an array of points")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut points: A) -> Result<u64, A::Error> {
        let mut count = 0;
        while let Some(point) = points.next_element::<Point>()? {
            black_box(&point);
            count += 1;
        }
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_are_counted() {
        let json = br#"{"other": [1], "locations": [{"latitudeE7": 1, "activity": [{"activity": [{"type": "STILL",
            "confidence": 9}], "timestamp": "t"}]}, {"new": {}}]}"#;
        assert_eq!(read_points(&[json.to_vec()]).unwrap(), Done { bytes: json.len() as u64, items: 2 });
        assert!(read_points(&[b"[]".to_vec()]).is_err());
    }
}
