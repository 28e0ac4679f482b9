//! The story that the account tells: who, where and when.

use crate::clock::{DAY, day, home_offset, weekday};
use crate::rng::Rng;

/// Someone of the story. All are invented, and their addresses can belong to no one.
pub(crate) struct Person {
    pub name: &'static str,
    pub email: &'static str,
    pub phone: &'static str,
    pub role: &'static str,
    /// Hours ahead of UTC of whoever does not live where the holder does.
    pub zone: Option<i64>,
    /// The name in letters that every charset has, if it is not written in such.
    pub latin: Option<&'static str>,
}

const fn person(
    name: &'static str,
    email: &'static str,
    phone: &'static str,
    role: &'static str,
    zone: Option<i64>,
    latin: Option<&'static str>,
) -> Person {
    Person { name, email, phone, role, zone, latin }
}

/// Whose account it is.
pub(crate) const HOLDER: Person =
    person("Mara Lindqvist", "mara.lindqvist@example.com", "+1-202-555-0100", "Map editor", None, None);

/// Those the holder writes to.
pub(crate) const PEOPLE: &[Person] = &[
    person("Jonas Brandt", "jonas.brandt@example.org", "+1-202-555-0111", "Friend", None, None),
    person("陈晓雨", "xiaoyu.chen@example.net", "+1-202-555-0122", "Cartographer", Some(8), Some("Xiaoyu Chen")),
    person("ليلى حداد", "layla.haddad@example.org", "+1-202-555-0133", "Guide", Some(2), Some("Layla Haddad")),
    person("Олег Сорокин", "oleg.sorokin@example.net", "+1-202-555-0144", "Archivist", Some(3), Some("Oleg Sorokin")),
    person(
        "Amélie Rousseau",
        "amelie.rousseau@example.org",
        "+1-202-555-0155",
        "Photographer",
        None,
        Some("Amelie Rousseau"),
    ),
    person("Priya Raman", "priya.raman@example.com", "+1-202-555-0166", "Project lead", Some(0), None),
    person("Tom Whitfield", "tom.whitfield@example.net", "+1-202-555-0177", "Landlord", None, None),
    person("Kenji Mori", "kenji.mori@example.org", "+1-202-555-0188", "Printer", Some(9), None),
    person("Jürgen Weiß", "juergen.weiss@example.com", "+1-202-555-0199", "Accountant", None, Some("Juergen Weiss")),
];

/// A public place.
#[derive(Clone, Copy)]
pub(crate) struct Spot {
    pub name: &'static str,
    pub lat: f64,
    pub lon: f64,
}

const fn spot(name: &'static str, lat: f64, lon: f64) -> Spot {
    Spot { name, lat, lon }
}

pub(crate) const HOME: Spot = spot("Boxhagener Platz", 52.5108, 13.4594);
pub(crate) const OFFICE: Spot = spot("Museumsinsel", 52.5169, 13.4010);
pub(crate) const WEEKEND: &[Spot] = &[
    spot("Tempelhofer Feld", 52.4731, 13.4019),
    spot("Siegessäule", 52.5145, 13.3501),
    spot("Oberbaumbrücke", 52.5019, 13.4457),
    spot("Treptower Park", 52.4886, 13.4697),
];
const TEGEL: Spot = spot("Berlin Tegel Airport", 52.5597, 13.2877);
const SCHOENEFELD: Spot = spot("Berlin Brandenburg Airport", 52.3667, 13.5033);

/// A journey; the first of its spots is where it arrives.
pub(crate) struct Trip {
    pub city: &'static str,
    pub start: i64,
    pub days: i64,
    /// Hours ahead of UTC there and then.
    pub offset: i64,
    pub with: usize,
    pub why: &'static str,
    pub spots: &'static [Spot],
}

/// The journeys in the order of time.
pub(crate) const TRIPS: &[Trip] = &[
    Trip {
        city: "Lisbon",
        start: day(2019, 5, 14),
        days: 6,
        offset: 1,
        with: 5,
        why: "the open maps conference",
        spots: &[
            spot("Lisbon Airport", 38.7742, -9.1342),
            spot("Praça do Comércio", 38.7077, -9.1366),
            spot("Torre de Belém", 38.6916, -9.2160),
            spot("Castelo de São Jorge", 38.7139, -9.1335),
        ],
    },
    Trip {
        city: "Paris",
        start: day(2019, 9, 20),
        days: 4,
        offset: 2,
        with: 4,
        why: "Amélie's exhibition",
        spots: &[
            spot("Paris Charles de Gaulle Airport", 49.0097, 2.5479),
            spot("Tour Eiffel", 48.8584, 2.2945),
            spot("Musée du Louvre", 48.8606, 2.3376),
            spot("Sacré-Cœur", 48.8867, 2.3431),
        ],
    },
    Trip {
        city: "Rome",
        start: day(2020, 2, 6),
        days: 5,
        offset: 1,
        with: 0,
        why: "a long weekend",
        spots: &[
            spot("Rome Fiumicino Airport", 41.8003, 12.2389),
            spot("Colosseo", 41.8902, 12.4922),
            spot("Fontana di Trevi", 41.9009, 12.4833),
            spot("Pantheon", 41.8986, 12.4769),
        ],
    },
    Trip {
        city: "Lucerne",
        start: day(2021, 8, 9),
        days: 7,
        offset: 2,
        with: 0,
        why: "the walk over the passes",
        spots: &[
            spot("Zurich Airport", 47.4582, 8.5555),
            spot("Kapellbrücke", 47.0517, 8.3076),
            spot("Jungfraujoch", 46.5475, 7.9854),
            spot("Bürkliplatz", 47.3663, 8.5410),
        ],
    },
    Trip {
        city: "Kyoto",
        start: day(2022, 10, 17),
        days: 14,
        offset: 9,
        with: 7,
        why: "the atlas, which Kenji prints",
        spots: &[
            spot("Haneda Airport", 35.5494, 139.7798),
            spot("Sensō-ji", 35.7148, 139.7967),
            spot("Shibuya Crossing", 35.6595, 139.7005),
            spot("Fushimi Inari-taisha", 34.9671, 135.7727),
            spot("Kinkaku-ji", 35.0394, 135.7292),
        ],
    },
    Trip {
        city: "London",
        start: day(2023, 2, 27),
        days: 4,
        offset: 0,
        with: 3,
        why: "the map room of the museum",
        spots: &[
            spot("London Heathrow Airport", 51.4700, -0.4543),
            spot("British Museum", 51.5194, -0.1270),
            spot("Tower Bridge", 51.5055, -0.0754),
            spot("Royal Observatory Greenwich", 51.4769, -0.0005),
        ],
    },
    Trip {
        city: "New York",
        start: day(2023, 9, 11),
        days: 8,
        offset: -4,
        with: 5,
        why: "the talk about the atlas",
        spots: &[
            spot("John F. Kennedy Airport", 40.6413, -73.7781),
            spot("Grand Central Terminal", 40.7527, -73.9772),
            spot("Central Park", 40.7812, -73.9665),
            spot("Brooklyn Bridge", 40.7061, -73.9969),
            spot("Statue of Liberty", 40.6892, -74.0445),
        ],
    },
    Trip {
        city: "Cairo",
        start: day(2024, 3, 4),
        days: 9,
        offset: 2,
        with: 2,
        why: "Layla's survey of old caravan routes",
        spots: &[
            spot("Cairo Airport", 30.1219, 31.4056),
            spot("Khan el-Khalili", 30.0478, 31.2622),
            spot("Giza Necropolis", 29.9792, 31.1342),
            spot("Cairo Citadel", 30.0299, 31.2611),
        ],
    },
    Trip {
        city: "Reykjavik",
        start: day(2024, 9, 23),
        days: 6,
        offset: 0,
        with: 1,
        why: "Xiaoyu's glacier maps",
        spots: &[
            spot("Keflavík Airport", 63.9850, -22.6056),
            spot("Hallgrímskirkja", 64.1417, -21.9266),
            spot("Þingvellir", 64.2559, -21.1299),
            spot("Gullfoss", 64.3271, -20.1199),
        ],
    },
];

/// Returns the journey on which the holder is at a time.
pub(crate) fn trip_at(time: i64) -> Option<&'static Trip> {
    let today = time.div_euclid(DAY);
    TRIPS.iter().find(|trip| (trip.start..trip.start + trip.days).contains(&today))
}

/// Returns the journey that begins within the next weeks.
pub(crate) fn trip_ahead(time: i64) -> Option<&'static Trip> {
    let today = time.div_euclid(DAY);
    TRIPS.iter().find(|trip| (trip.start - 30..trip.start).contains(&today))
}

/// Returns how many seconds the holder's clock is ahead of UTC.
pub(crate) fn offset_at(time: i64) -> i64 {
    trip_at(time).map_or_else(|| home_offset(time), |trip| trip.offset * 3600)
}

/// Returns the place that the holder is at, or on the way from, and the next one, with how far along the way.
pub(crate) fn place_at(time: i64) -> (Spot, Spot, f64) {
    let local = time + offset_at(time);
    let hour = local.rem_euclid(DAY) as f64 / 3600.0;
    let way = |from: f64, to: f64| ((hour - from) / (to - from)).clamp(0.0, 1.0);
    if let Some(trip) = trip_at(time) {
        let today = time.div_euclid(DAY) - trip.start;
        if today == 0 && hour < 12.0 {
            return (HOME, airport(time), way(5.0, 7.0));
        }
        if today == 0 && hour < 15.0 {
            return (trip.spots[0], trip.spots[1], way(12.0, 15.0));
        }
        if today == trip.days - 1 && hour > 15.0 {
            return (trip.spots[1], trip.spots[0], way(15.0, 17.0));
        }
        // A long journey has two bases, and each day goes out from the base twice.
        let sights = &trip.spots[1..];
        let (first, second) = sights.split_at(if sights.len() < 4 { sights.len() } else { sights.len() / 2 });
        let near = if today < trip.days / 2 || second.is_empty() { first } else { second };
        let at = |slot: usize| {
            let out = (slot / 2 + today.unsigned_abs() as usize) % (near.len() - 1).max(1);
            if slot.is_multiple_of(2) { near[0] } else { near[1 + out] }
        };
        let (slot, rest) = ((hour / 6.0) as usize, hour % 6.0);
        return (at(slot), at(slot + 1), (rest - 5.0).clamp(0.0, 1.0));
    }
    let today = local.div_euclid(DAY);
    let working = weekday(today) < 5 && today.rem_euclid(17) != 3;
    let (out, from, to) = if working {
        (OFFICE, 8.0, 17.5)
    } else {
        (WEEKEND[today.rem_euclid(WEEKEND.len() as i64) as usize], 11.0, 15.0)
    };
    if hour < to { (HOME, out, way(from, from + 0.7)) } else { (out, HOME, way(to, to + 0.7)) }
}

/// Returns the airport of Berlin; it moved in the autumn of 2020.
fn airport(time: i64) -> Spot {
    if time.div_euclid(DAY) < day(2020, 11, 1) { TEGEL } else { SCHOENEFELD }
}

/// Returns where the holder is, as a device says it: a little off.
pub(crate) fn position(time: i64, rng: &mut Rng) -> (f64, f64) {
    let (from, to, way) = place_at(time);
    let off = 0.0006;
    (from.lat + (to.lat - from.lat) * way + rng.swing() * off, from.lon + (to.lon - from.lon) * way + rng.swing() * off)
}

/// Spreads items over the six years: more before and on journeys, so that these stand out.
pub(crate) struct Spread {
    /// The weight of all days before a day, and at last of all.
    sums: Vec<u64>,
    first: i64,
}

impl Spread {
    /// Returns one with most on journeys, much before them.
    pub(crate) fn new() -> Self {
        Self::weighted(8, 2)
    }

    /// Returns one by the weights of a day on a journey and of one shortly before, that of others being one.
    pub(crate) fn weighted(away: u64, ahead: u64) -> Self {
        let (first, last) = (day(2019, 1, 1), day(2025, 1, 1));
        let mut sums = vec![0];
        let mut sum = 0;
        for today in first..last {
            let noon = today * DAY + DAY / 2;
            sum += match (trip_at(noon), trip_ahead(noon)) {
                (Some(_), _) => away,
                (None, Some(_)) => ahead,
                (None, None) => 1,
            };
            sums.push(sum);
        }
        Self { sums, first }
    }

    /// Returns when the item `index` of `count` happens; later items are never earlier.
    pub(crate) fn time(&self, index: u64, count: u64) -> i64 {
        let total = self.sums.last().copied().unwrap_or(1) as f64;
        let at = total * index.min(count) as f64 / count.max(1) as f64;
        let day = self.sums.partition_point(|sum| (*sum as f64) <= at).clamp(1, self.sums.len() - 1);
        let (before, after) = (self.sums[day - 1] as f64, self.sums[day] as f64);
        let part = ((at - before) / (after - before)).clamp(0.0, 0.999_99);
        (self.first + day as i64 - 1) * DAY + (part * DAY as f64) as i64
    }

    /// Returns when the item happens, if it is something that one does awake: from seven to eleven by the clock there.
    pub(crate) fn awake(&self, index: u64, count: u64) -> i64 {
        let time = self.time(index, count);
        let today = time - time.rem_euclid(DAY);
        today + 7 * 3600 + time.rem_euclid(DAY) * 16 / 24 - offset_at(today + DAY / 2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_story_holds_together() {
        let sights = &TRIPS[1];
        assert_eq!(trip_at(sights.start * DAY).map(|t| t.city), Some("Paris"));
        assert_eq!(trip_ahead((sights.start - 3) * DAY).map(|t| t.city), Some("Paris"));
        assert!(TRIPS.windows(2).all(|w| w[0].start + w[0].days < w[1].start));
        assert!(TRIPS.iter().all(|t| t.spots.len() > 2 && t.with < PEOPLE.len()));
    }

    #[test]
    fn time_goes_on() {
        let spread = Spread::new();
        let times: Vec<i64> = (0..5000).map(|i| spread.time(i, 5000)).collect();
        assert!(times.is_sorted());
        assert_eq!(times[0], day(2019, 1, 1) * DAY);
        assert!(times[4999] > day(2024, 12, 30) * DAY && times[4999] < day(2025, 1, 1) * DAY);
        let awake: Vec<i64> = (0..5000).map(|i| spread.awake(i, 5000)).collect();
        assert!(awake.is_sorted());
        let mut rng = Rng::of(1, 1, 1);
        for time in times {
            let (lat, lon) = position(time, &mut rng);
            assert!(lat.abs() < 90.0 && lon.abs() < 180.0);
            let (from, to, _) = place_at(time);
            assert_ne!(from.name, to.name);
        }
    }
}
