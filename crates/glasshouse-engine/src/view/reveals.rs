//! What an account reveals about its holder, each statement with the query that shows its records.
//!
//! Home, work and nights away are findings: they follow from where and at what hour records were made, by the
//! rules stated beside each, and are never facts.

use super::order::Order;
use super::places::{Places, span};
use super::rows::{cut, text};
use super::services::{Deleting, known};
use super::set::Set;
use super::tally::bits;
use super::{View, iso};
use crate::EngineError;
use crate::search::query::distance;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, PoisonError};

/// People that are named.
const MOST_CONTACTS: usize = 20;
/// Devices and stays that are named.
const MOST_LISTED: usize = 50;
/// Records of devices that are read for their names.
const MOST_READ: u32 = 100_000;
/// Nights or days that a place needs to be taken for a home or a place of work.
const ENOUGH: u32 = 5;
/// Side of the squares that places are gathered into, in degrees: about half a kilometre.
const SQUARE: f64 = 0.005;
/// Metres from home from which on a night is one away.
const AWAY: f64 = 50_000.0;
const DAY: i64 = 86_400_000_000;

/// Records of one kind.
#[derive(Clone, Debug, Serialize)]
pub struct Held {
    /// Family of the records.
    pub what: String,
    pub count: u64,
    pub first: Option<String>,
    pub last: Option<String>,
    pub query: String,
}

/// What one service holds.
#[derive(Clone, Debug, Serialize)]
pub struct ServiceHeld {
    pub service: String,
    pub held: Vec<Held>,
    /// People in its records, the holder not counted.
    pub people: u64,
    /// Records with coordinates.
    pub places: u64,
    /// How the holder deletes it there, by kind of data, as far as that is known; nobody here has tried the ways.
    pub deleting: Vec<Deleting>,
    /// Who holds it, if that is known.
    pub held_by: Option<String>,
    /// Ways in which others can get at it.
    pub routes: Vec<String>,
    pub query: String,
}

/// Somebody, or a device, and how often.
#[derive(Clone, Debug, Serialize)]
pub struct Seen {
    pub name: String,
    pub count: u64,
    pub first: Option<String>,
    pub last: Option<String>,
    pub query: String,
}

/// A place that follows from the hours at which records were made there.
#[derive(Clone, Debug, Serialize)]
pub struct Stay {
    pub lat: f64,
    pub lon: f64,
    /// Nights, or working days, with records there.
    pub days: u32,
    /// Nights, or working days, with records anywhere.
    pub of: u32,
    pub first: String,
    pub last: String,
    /// The rule that it follows from.
    pub why: String,
    pub query: String,
}

/// How many, and the query that shows them.
#[derive(Clone, Debug, Serialize)]
pub struct Counted {
    pub count: u64,
    pub query: String,
}

/// How services begin the title of an activity that was a search, in the languages in which that is a phrase of its own.
const SEARCHED: [&str; 7] = [
    "searched for",
    "gesucht nach",
    "vous avez recherché",
    "has buscado",
    "hai cercato",
    "você pesquisou",
    "gezocht naar",
];

fn searched() -> String {
    let phrases = SEARCHED.map(|phrase| format!("\"{phrase}\""));
    format!("family:activity {}", phrases.join(" OR "))
}

/// What an account reveals.
#[derive(Clone, Debug, Serialize)]
pub struct Reveals {
    pub services: Vec<ServiceHeld>,
    pub contacts: Vec<Seen>,
    pub home: Option<Stay>,
    pub work: Option<Stay>,
    /// The longest of the stays away from home.
    pub nights_away: Vec<Stay>,
    /// How many such stays there are.
    pub stays: u64,
    pub voice: Counted,
    pub searches: Counted,
    /// Records of an activity whose words say that something was searched for: not every service tells searches apart.
    pub searched: Counted,
    /// The devices of most records.
    pub devices: Vec<Seen>,
    /// How many names devices have.
    pub device_names: u64,
    /// Records of devices whose names were not read, because there are so many.
    pub devices_unread: u64,
}

impl View {
    /// Returns what the case's records reveal; it is computed once for the people as they are.
    pub fn reveals(&self) -> Result<Arc<Reveals>, EngineError> {
        let people = self.people()?;
        let mut kept = self.reveals.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((of, reveals)) = &*kept
            && Arc::ptr_eq(of, &people)
        {
            return Ok(reveals.clone());
        }
        let reveals = Arc::new(self.revealed()?);
        *kept = Some((people, reveals.clone()));
        Ok(reveals)
    }

    fn revealed(&self) -> Result<Reveals, EngineError> {
        let all = self.select("")?;
        let (_, people) = self.people_list(&all, "", 0, MOST_CONTACTS * 2)?;
        let contacts = people.into_iter().filter(|p| !p.own).take(MOST_CONTACTS).map(|p| Seen {
            name: p.name,
            count: p.records,
            first: p.first,
            last: p.last,
            query: p.query,
        });
        let (order, places) = (self.order()?, self.places()?);
        let (nights, days) = hours(&order, &places);
        let home = nights.most(None).map(|stay| Stay {
            why: "The half kilometre in which records were made on most nights, between midnight and five by the sun."
                .into(),
            ..stay
        });
        let at_home = home.as_ref().map(|h| (h.lat, h.lon));
        let work = days.most(at_home).map(|stay| Stay {
            why: "The half kilometre, other than home, in which records were made on most weekdays between ten and four by the sun.".into(),
            ..stay
        });
        let mut nights_away = at_home.map_or_else(Vec::new, |home| nights.away(home));
        let (mut devices, devices_unread) = self.devices()?;
        let (stays, device_names) = (nights_away.len() as u64, devices.len() as u64);
        nights_away.truncate(MOST_LISTED);
        devices.truncate(MOST_LISTED);
        Ok(Reveals {
            services: self.services_held(&all)?,
            contacts: contacts.collect(),
            nights_away,
            stays,
            home,
            work,
            voice: self.counted("family:voice")?,
            searches: self.counted("family:search")?,
            searched: self.counted(&searched())?,
            devices,
            device_names,
            devices_unread,
        })
    }

    fn counted(&self, query: &str) -> Result<Counted, EngineError> {
        Ok(Counted { count: self.select(query)?.len().into(), query: query.to_owned() })
    }

    fn services_held(&self, all: &Set) -> Result<Vec<ServiceHeld>, EngineError> {
        let (order, places) = (self.order()?, self.places()?);
        let (people, tallied) = self.tallied(all)?;
        let (service, family) = (self.coded("service")?, self.coded("family")?);
        // A row for each service, of its families: how many records, first and last position, how many with a place.
        let mut table = vec![(0u64, 0u32, 0u32, 0u64); service.values.len() * family.values.len()];
        all.each(|position| {
            let row = order.row(position);
            let at = service.code(row) as usize * family.values.len() + family.code(row) as usize;
            let Some(of) = table.get_mut(at) else { return };
            if of.0 == 0 {
                (of.1, of.2) = (position, position);
            }
            of.0 += 1;
            if position < order.known {
                of.2 = position;
            }
            of.3 += u64::from(places.get(row).is_some());
        });
        let mut held: BTreeMap<(u32, u32), (u64, u32, u32)> = BTreeMap::new();
        let mut with_place: HashMap<u32, u64> = HashMap::new();
        for (code, row) in (0u32..).zip(table.chunks(family.values.len().max(1))) {
            for (kind, (count, first, last, placed)) in (0u32..).zip(row).filter(|(_, of)| of.0 > 0) {
                held.insert((code, kind), (*count, *first, *last));
                *with_place.entry(code).or_default() += placed;
            }
        }
        let met = |code: u32| {
            let others = tallied.found.iter().filter(|person| !people.owner.is(**person));
            others.filter(|person| bits(tallied.get(**person).services).any(|of| of == code)).count() as u64
        };
        let codes: BTreeSet<u32> = held.keys().map(|(service, _)| *service).collect();
        let mut services: Vec<ServiceHeld> = codes
            .into_iter()
            .filter_map(|code| {
                let name = service.named(code)?.to_owned();
                let mut kinds: Vec<Held> = held
                    .range((code, 0)..=(code, u32::MAX))
                    .filter_map(|((_, kind), (count, first, last))| {
                        let what = family.named(*kind)?.to_owned();
                        let (first, last) = span(&order, *first, *last);
                        Some(Held { query: format!("service:{name} family:{what}"), what, count: *count, first, last })
                    })
                    .collect();
                kinds.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.what.cmp(&b.what)));
                let known = known(&name);
                let families: Vec<&str> = kinds.iter().map(|held| held.what.as_str()).collect();
                let held_by = known.and_then(|known| known.held_by.clone());
                Some(ServiceHeld {
                    people: met(code),
                    places: with_place.get(&code).copied().unwrap_or(0),
                    deleting: known.map_or_else(Vec::new, |known| known.deleting(&families)),
                    routes: routes(held_by.is_some()),
                    held_by,
                    query: format!("service:{name}"),
                    held: kinds,
                    service: name,
                })
            })
            .collect();
        let all = |s: &ServiceHeld| s.held.iter().map(|h| h.count).sum::<u64>();
        services.sort_by(|a, b| all(b).cmp(&all(a)).then_with(|| a.service.cmp(&b.service)));
        Ok(services)
    }

    fn devices(&self) -> Result<(Vec<Seen>, u64), EngineError> {
        let order = self.order()?;
        let set = self.select("family:device")?;
        let positions: Vec<u32> = set.iter().take(MOST_READ as usize).collect();
        let named = self.read_at(&positions, &["title"], |batch, i, known| {
            Ok((text(batch, "title", i)?.map(|t| cut(t, 200).to_owned()), order.place(known.row)))
        })?;
        let mut seen: BTreeMap<String, (u64, u32, u32)> = BTreeMap::new();
        for (name, position) in named.into_iter().filter_map(|(name, p)| Some((name?, p))) {
            let of = seen.entry(name).or_insert((0, position, position));
            of.0 += 1;
            if position < order.known {
                of.2 = position;
            }
        }
        let mut devices: Vec<Seen> = seen
            .into_iter()
            .map(|(name, (count, first, last))| {
                let (first, last) = span(&order, first, last);
                let plain: String = name.chars().map(|c| if c == '"' || c.is_control() { ' ' } else { c }).collect();
                Seen { query: format!("family:device \"{}\"", plain.trim()), name, count, first, last }
            })
            .collect();
        devices.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.name.cmp(&b.name)));
        Ok((devices, u64::from(set.len()).saturating_sub(positions.len() as u64)))
    }
}

fn routes(company: bool) -> Vec<String> {
    let mut routes = vec!["Whoever holds the export that was read here, or a copy of this case.".to_owned()];
    if company {
        routes.insert(0, "A warrant or order that is served on the company, under the law it is subject to.".into());
        routes.push("Whoever has a device or browser that is signed in to the account.".into());
    }
    routes
}

/// Where somebody was, by day: each day with the first place of it in each square.
#[derive(Default)]
struct Days {
    /// Square → days there, the last of them, sums of latitude and longitude, first and last time.
    squares: HashMap<(i32, i32), Square>,
    /// Each day with its first place and the times of its first record.
    first: Vec<(i64, f64, f64, i64)>,
}

#[derive(Clone, Copy)]
struct Square {
    days: u32,
    last_day: i64,
    lat: f64,
    lon: f64,
    first: i64,
    last: i64,
}

/// Goes through all places in the order of time and gathers nights and working days.
///
/// Hours are those of the sun (four minutes a degree): a record's zone is often unknown, its longitude is not.
fn hours(order: &Order, places: &Places) -> (Days, Days) {
    let (mut nights, mut days) = (Days::default(), Days::default());
    for position in 0..order.known {
        let Some((lat, lon)) = places.get(order.row(position)) else { continue };
        let Some(time) = order.time(position) else { continue };
        let local = time.saturating_add((lon / 15.0 * 3_600_000_000.0) as i64);
        let (day, hour) = (local.div_euclid(DAY), local.rem_euclid(DAY) / 3_600_000_000);
        if hour < 5 {
            nights.add(day, lat, lon, time);
        }
        // The first of January 1970 was a Thursday.
        let weekday = (day + 3).rem_euclid(7);
        if weekday < 5 && (10..16).contains(&hour) {
            days.add(day, lat, lon, time);
        }
    }
    (nights, days)
}

impl Days {
    fn add(&mut self, day: i64, lat: f64, lon: f64, time: i64) {
        if self.first.last().is_none_or(|(last, ..)| *last < day) {
            self.first.push((day, lat, lon, time));
        }
        let key = ((lat / SQUARE).floor() as i32, (lon / SQUARE).floor() as i32);
        let square = self.squares.entry(key).or_insert(Square {
            days: 0,
            last_day: i64::MIN,
            lat: 0.0,
            lon: 0.0,
            first: time,
            last: time,
        });
        if square.last_day != day {
            square.last_day = day;
            square.days += 1;
            // The middle of the first places of each day.
            square.lat += lat;
            square.lon += lon;
        }
        square.last = time;
    }

    /// Returns the square of most days, at least a kilometre from another place.
    fn most(&self, other: Option<(f64, f64)>) -> Option<Stay> {
        let far = |lat: f64, lon: f64| other.is_none_or(|(a, b)| distance(lat, lon, a, b) > 1000.0);
        let middle = |s: &Square| (s.lat / f64::from(s.days.max(1)), s.lon / f64::from(s.days.max(1)));
        let best = self
            .squares
            .iter()
            .filter(|(_, s)| s.days >= ENOUGH && far(middle(s).0, middle(s).1))
            .max_by_key(|(key, s)| (s.days, **key))?;
        let (lat, lon) = middle(best.1);
        Some(Stay {
            lat,
            lon,
            days: best.1.days,
            of: self.first.len() as u32,
            first: iso(best.1.first),
            last: iso(best.1.last),
            why: String::new(),
            query: format!("near:{lat:.5},{lon:.5},500m"),
        })
    }

    /// Returns the stays away from home, the longest first, then the newest.
    fn away(&self, home: (f64, f64)) -> Vec<Stay> {
        /// Nights without a record that do not end a stay.
        const GAP: i64 = 2;
        let mut stays: Vec<(i64, Stay)> = Vec::new();
        for (day, lat, lon, time) in &self.first {
            if distance(*lat, *lon, home.0, home.1) < AWAY {
                continue;
            }
            match stays.last_mut() {
                Some((last, stay)) if *day - *last <= GAP && distance(*lat, *lon, stay.lat, stay.lon) < AWAY => {
                    *last = *day;
                    stay.days += 1;
                    stay.of += 1;
                    stay.last = iso(*time);
                }
                _ => stays.push((
                    *day,
                    Stay {
                        lat: *lat,
                        lon: *lon,
                        days: 1,
                        of: 1,
                        first: iso(*time),
                        last: iso(*time),
                        why:
                            "Nights whose first record, after midnight by the sun, was made more than 50 km from home."
                                .into(),
                        query: String::new(),
                    },
                )),
            }
        }
        let mut stays: Vec<Stay> = stays.into_iter().map(|(_, stay)| stay).collect();
        for stay in &mut stays {
            let date = |time: &str| cut(time, 10).to_owned();
            // `before` leaves its own day out; the stay's last night belongs to it.
            let last = date(&stay.last).parse::<jiff::civil::Date>().ok().and_then(|d| d.tomorrow().ok());
            let end = last.map_or_else(String::new, |d| format!(" before:{d}"));
            stay.query = format!("after:{}{end} near:{:.4},{:.4},50km", date(&stay.first), stay.lat, stay.lon);
        }
        stays.sort_by(|a, b| b.days.cmp(&a.days).then_with(|| b.first.cmp(&a.first)));
        stays
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn home_is_where_the_nights_are_and_stays_are_joined() {
        let mut nights = Days::default();
        for day in 0..20 {
            let (lat, lon) = if (8..11).contains(&day) { (48.2, 16.37) } else { (52.5101, 13.4501) };
            for hour in 0..4 {
                nights.add(day, lat, lon, day * DAY + hour * 3_600_000_000);
            }
        }
        let home = nights.most(None).expect("a home");
        assert_eq!((home.days, home.of), (17, 20));
        assert!((home.lat - 52.5101).abs() < 1e-6);
        let away = nights.away((home.lat, home.lon));
        assert_eq!(away.len(), 1);
        assert_eq!(
            (away[0].days, away[0].query.as_str()),
            (3, "after:1970-01-09 before:1970-01-12 near:48.2000,16.3700,50km")
        );
        assert!(nights.most(Some((home.lat, home.lon))).is_none(), "three nights are no home");
    }
}
