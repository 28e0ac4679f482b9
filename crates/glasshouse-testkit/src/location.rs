//! Where the holder was: the device's fixes, and the visits and trips made of them.

use crate::clock::{iso, write};
use crate::rng::Rng;
use crate::story::{Spot, Spread, place_at, position};
use crate::truth::Tally;
use std::io::{self, Write};

const RECORDS: &str = "google.location-records";
const SEMANTIC: &str = "google.location-semantic";

/// Writes `Records.json`.
pub(crate) fn records(
    out: &mut impl Write,
    seed: u64,
    count: u64,
    spread: &Spread,
    tally: &mut Tally<'_>,
) -> io::Result<()> {
    write!(out, "{{\n  \"locations\": [")?;
    for index in 0..count {
        let mut rng = Rng::of(seed, 100, index);
        let time = spread.time(index, count);
        let (lat, lon) = position(time, &mut rng);
        let (_, _, way) = place_at(time);
        let moving = way > 0.0 && way < 1.0;
        let millis = rng.below(1000);
        let stamp = iso(time, millis);
        writeln!(out, "{}{{", if index == 0 { "" } else { ", " })?;
        write!(out, "    \"latitudeE7\": {},\n    \"longitudeE7\": {},\n", e7(lat), e7(lon))?;
        // A fix from a cell tower is much less exact than one from satellites.
        let (source, accuracy) = match rng.below(10) {
            0 => ("CELL", 600 + rng.below(1500)),
            1..5 => ("GPS", 3 + rng.below(12)),
            _ => ("WIFI", 12 + rng.below(40)),
        };
        writeln!(out, "    \"accuracy\": {accuracy},")?;
        if moving {
            write!(out, "    \"velocity\": {},\n    \"heading\": {},\n", 1 + rng.below(14), rng.below(360))?;
        }
        if source == "GPS" {
            write!(out, "    \"altitude\": {},\n    \"verticalAccuracy\": 3,\n", 30 + rng.below(20))?;
        }
        if rng.below(3) == 0 {
            let kind = if moving { "ON_BICYCLE" } else { "STILL" };
            write!(
                out,
                "    \"activity\": [{{\n      \"activity\": [{{\n        \"type\": \"{kind}\",\n        \"confidence\": {}\n      }}],\n      \"timestamp\": \"{stamp}\"\n    }}],\n",
                60 + rng.below(41)
            )?;
        }
        if source == "WIFI" && rng.below(4) == 0 {
            write!(
                out,
                "    \"activeWifiScan\": {{\n      \"accessPoints\": [{{\n        \"mac\": \"{}\",\n        \"strength\": -{}\n      }}]\n    }},\n",
                // Addresses with this first byte are nobody's: they are administered locally.
                0x0200_0000_0000 + rng.below(1 << 40),
                40 + rng.below(50)
            )?;
        }
        write!(out, "    \"source\": \"{source}\",\n    \"deviceTag\": {},\n", device(time))?;
        write!(out, "    \"timestamp\": \"{stamp}\"\n  }}")?;
    }
    tally.records(RECORDS, count);
    write!(out, "]\n}}\n")
}

/// Returns the tag of the phone that the holder had; it was replaced once.
fn device(time: i64) -> i64 {
    if time < 1_622_505_600 { 1_114_211_210 } else { -538_926_953 }
}

pub(crate) fn e7(degrees: f64) -> i64 {
    (degrees * 1e7).round() as i64
}

/// One outing: a visit, the way to the next place, and a visit there.
pub(crate) struct Outing {
    pub from: Spot,
    pub to: Spot,
    /// When it begins, when the way begins and ends, and when it is over.
    pub times: [i64; 4],
}

/// Returns one of so many outings.
pub(crate) fn outing(index: u64, count: u64, spread: &Spread) -> Outing {
    let begin = spread.awake(index, count);
    let (from, to, _) = place_at(begin);
    let length = (spread.awake(index + 1, count) - begin).clamp(4, 9000);
    Outing { from, to, times: [begin, begin + length / 2, begin + length * 3 / 4, begin + length - 1] }
}

/// Returns the name of the month's file below `Semantic Location History`.
pub(crate) fn month_file(time: i64) -> String {
    write(time, 0, "%Y/%Y_%B.json").to_uppercase().replace(".JSON", ".json")
}

/// Writes the objects of one outing.
pub(crate) fn semantic(
    out: &mut impl Write,
    seed: u64,
    index: u64,
    outing: &Outing,
    tally: &mut Tally<'_>,
) -> io::Result<()> {
    let mut rng = Rng::of(seed, 110, index);
    let [begin, leave, arrive, end] = outing.times;
    let child = index % 7 == 3;
    visit(out, &mut rng, &outing.from, begin, leave, false)?;
    let (from, to) = (&outing.from, &outing.to);
    let kind = *rng.pick(&["WALKING", "CYCLING", "IN_BUS", "IN_SUBWAY"]);
    write!(
        out,
        ", {{\n    \"activitySegment\": {{\n      \"startLocation\": {{\n        \"latitudeE7\": {},\n        \"longitudeE7\": {},\n        \"sourceInfo\": {{\n          \"deviceTag\": {}\n        }}\n      }},\n      \"endLocation\": {{\n        \"latitudeE7\": {},\n        \"longitudeE7\": {}\n      }},\n      \"duration\": {{\n        \"startTimestamp\": \"{}\",\n        \"endTimestamp\": \"{}\"\n      }},\n      \"distance\": {},\n      \"activityType\": \"{kind}\",\n      \"confidence\": \"HIGH\",\n      \"activities\": [{{\n        \"activityType\": \"{kind}\",\n        \"probability\": {}.5\n      }}],\n      \"waypointPath\": {{\n        \"waypoints\": [{{\n          \"latE7\": {},\n          \"lngE7\": {}\n        }}],\n        \"source\": \"INFERRED\"\n      }}",
        e7(from.lat),
        e7(from.lon),
        device(begin),
        e7(to.lat),
        e7(to.lon),
        iso(leave, 0),
        iso(arrive, 120),
        distance(from, to),
        50 + rng.below(50),
        e7((from.lat + to.lat) / 2.0),
        e7((from.lon + to.lon) / 2.0),
    )?;
    let points = if index.is_multiple_of(5) { 3 } else { 0 };
    if points > 0 {
        write!(out, ",\n      \"simplifiedRawPath\": {{\n        \"points\": [")?;
        for point in 1..=points {
            let way = point as f64 / f64::from(points + 1);
            write!(
                out,
                "{}{{\n          \"latE7\": {},\n          \"lngE7\": {},\n          \"accuracyMeters\": {},\n          \"timestamp\": \"{}\"\n        }}",
                if point == 1 { "" } else { ", " },
                e7(from.lat + (to.lat - from.lat) * way),
                e7(from.lon + (to.lon - from.lon) * way),
                5 + rng.below(20),
                iso(leave + ((arrive - leave) as f64 * way) as i64, 0),
            )?;
        }
        write!(out, "]\n      }}")?;
    }
    write!(out, "\n    }}\n  }}, ")?;
    visit(out, &mut rng, &outing.to, arrive, end, child)?;
    tally.records(SEMANTIC, 3 + u64::from(child) + points as u64);
    Ok(())
}

fn visit(out: &mut impl Write, rng: &mut Rng, spot: &Spot, begin: i64, end: i64, child: bool) -> io::Result<()> {
    let location = |lat: f64, lon: f64, name: &str, rng: &mut Rng| {
        format!(
            "\"location\": {{\n        \"latitudeE7\": {},\n        \"longitudeE7\": {},\n        \"placeId\": \"ChIJ{:016x}\",\n        \"address\": \"{name}\",\n        \"name\": \"{name}\",\n        \"locationConfidence\": {}.25\n      }},\n      \"duration\": {{\n        \"startTimestamp\": \"{}\",\n        \"endTimestamp\": \"{}\"\n      }},\n      \"placeConfidence\": \"HIGH_CONFIDENCE\"",
            e7(lat),
            e7(lon),
            rng.next(),
            60 + rng.below(40),
            iso(begin, 7),
            iso(end, 0),
        )
    };
    write!(out, "{{\n    \"placeVisit\": {{\n      {}", location(spot.lat, spot.lon, spot.name, rng))?;
    write!(
        out,
        ",\n      \"centerLatE7\": {},\n      \"centerLngE7\": {},\n      \"visitConfidence\": {}",
        e7(spot.lat),
        e7(spot.lon),
        70 + rng.below(30)
    )?;
    if child {
        let inside = location(spot.lat + 0.0004, spot.lon, &format!("Café by {}", spot.name), rng);
        write!(out, ",\n      \"childVisits\": [{{\n      {inside}\n      }}]")?;
    }
    write!(
        out,
        ",\n      \"otherCandidateLocations\": [],\n      \"editConfirmationStatus\": \"NOT_CONFIRMED\"\n    }}\n  }}"
    )
}

/// Returns metres between two places, near enough for a phone.
pub(crate) fn distance(from: &Spot, to: &Spot) -> u64 {
    let north = (to.lat - from.lat) * 111_000.0;
    let east = (to.lon - from.lon) * 111_000.0 * from.lat.to_radians().cos();
    north.hypot(east).round() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_units() {
        assert_eq!(month_file(1_646_300_000), "2022/2022_MARCH.json");
        assert_eq!(e7(-0.00000014), -1);
    }
}
