//! Where records are: coordinates of all rows in memory, and the cells and tracks of a map.

use super::order::Order;
use super::set::Set;
use super::{View, iso};
use crate::EngineError;
use crate::search::Searcher;
use crate::segment::typed;
use datafusion::arrow::array::Float64Array;
use serde::Serialize;

/// Ten-millionths of a degree: a centimetre.
const UNIT: f64 = 1e7;
/// A latitude that is none.
const NOWHERE: i32 = i32::MAX;
/// Most cells a side of a map.
const MOST_CELLS: u32 = 60;

/// Coordinates of all rows, as whole numbers of [`UNIT`].
pub(super) struct Places {
    at: Vec<(i32, i32)>,
    /// Radius in metres, NaN for none.
    accuracy: Vec<f32>,
}

impl Places {
    pub fn load(searcher: &Searcher, all: u32) -> Result<Self, EngineError> {
        let mut at = Vec::with_capacity(all as usize);
        let mut accuracy = Vec::with_capacity(all as usize);
        for open in searcher.segments() {
            for batch in open.columns.read(&["lat", "lon", "accuracy"], None)? {
                let (lat, lon): (&Float64Array, &Float64Array) = (typed(&batch, "lat")?, typed(&batch, "lon")?);
                let radius: &Float64Array = typed(&batch, "accuracy")?;
                at.extend(lat.iter().zip(lon).map(|place| match place {
                    (Some(lat), Some(lon)) => ((lat * UNIT).round() as i32, (lon * UNIT).round() as i32),
                    _ => (NOWHERE, NOWHERE),
                }));
                accuracy.extend(radius.iter().map(|r| r.map_or(f32::NAN, |r| r as f32)));
            }
        }
        Ok(Places { at, accuracy })
    }

    /// Returns latitude and longitude of a row in degrees.
    pub fn get(&self, row: u32) -> Option<(f64, f64)> {
        let (lat, lon) = self.units(row)?;
        Some((f64::from(lat) / UNIT, f64::from(lon) / UNIT))
    }

    /// Returns latitude and longitude of a row in [`UNIT`]s.
    fn units(&self, row: u32) -> Option<(i32, i32)> {
        self.at.get(row as usize).copied().filter(|at| at.0 != NOWHERE)
    }

    fn accuracy(&self, row: u32) -> Option<f32> {
        self.accuracy.get(row as usize).copied().filter(|r| r.is_finite())
    }
}

/// Part of the Earth that a map shows, in degrees; `west` above `east` goes over the date line.
#[derive(Clone, Copy, Debug)]
pub struct Window {
    pub west: f64,
    pub south: f64,
    pub east: f64,
    pub north: f64,
}

impl Window {
    /// The whole Earth.
    pub const WHOLE: Window = Window { west: -180.0, south: -90.0, east: 180.0, north: 90.0 };

    fn width(&self) -> f64 {
        if self.east >= self.west { self.east - self.west } else { self.east - self.west + 360.0 }
    }
}

/// The records of one cell of a map.
#[derive(Clone, Debug, Serialize)]
pub struct Cell {
    /// The middle of its records.
    pub lat: f64,
    pub lon: f64,
    pub count: u64,
    pub first: Option<String>,
    pub last: Option<String>,
    /// The record, where it is the only one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Its radius in metres, where it is the only one and states one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accuracy: Option<f32>,
}

/// What a map shows.
#[derive(Clone, Debug, Serialize)]
pub struct Map {
    /// Records of the query that have a place inside the window.
    pub total: u64,
    pub cells: Vec<Cell>,
}

/// What lies in one cell, in [`UNIT`]s from the southern and the western side.
#[derive(Clone, Copy, Default)]
struct Sum {
    north: i64,
    east: i64,
    count: u64,
    /// How many of them have a time, and the first and last position of those.
    timed: u64,
    first: u32,
    last: u32,
    /// The last of its rows.
    row: u32,
}

impl Sum {
    /// Adds what lies in the cell at later positions.
    fn add(&mut self, later: Sum) {
        if later.count == 0 {
            return;
        }
        self.north += later.north;
        self.east += later.east;
        self.count += later.count;
        self.row = later.row;
        if later.timed > 0 {
            self.first = if self.timed == 0 { later.first } else { self.first };
            self.last = later.last;
        }
        self.timed += later.timed;
    }
}

/// A window in whole numbers, divided into cells: millions of places are put into it.
struct Grid {
    west: i64,
    south: i64,
    /// Width and height, in [`UNIT`]s.
    wide: i64,
    high: i64,
    side: u32,
    across: f64,
    up: f64,
}

impl Grid {
    fn new(window: Window, side: u32) -> Self {
        let units = |degrees: f64| (degrees * UNIT).round() as i64;
        let (wide, high) = (units(window.width()), units(window.north - window.south));
        let part = |length: i64| f64::from(side) / length.max(1) as f64;
        Grid {
            west: units(window.west),
            south: units(window.south),
            wide,
            high,
            side,
            across: part(wide),
            up: part(high),
        }
    }

    /// Returns the cell of a place, and how far north and east of the corner it lies; none outside.
    fn cell(&self, lat: i32, lon: i32) -> Option<(usize, i64, i64)> {
        const AROUND: i64 = 3_600_000_000;
        let north = i64::from(lat) - self.south;
        let east = i64::from(lon) - self.west;
        let east = if east < 0 { east + AROUND } else { east };
        if !(0..=self.high).contains(&north) || !(0..=self.wide).contains(&east) {
            return None;
        }
        let cell = |length: i64, per: f64| ((length as f64 * per) as u32).min(self.side - 1);
        Some(((cell(north, self.up) * self.side + cell(east, self.across)) as usize, north, east))
    }
}

impl View {
    /// Gathers the records of a set that lie in a window into cells; `width` is that of the map in pixels.
    pub fn map(&self, set: &Set, window: Window, width: u32) -> Result<Map, EngineError> {
        let (order, places, ids) = (self.order()?, self.places()?, self.ids()?);
        let side = (width / 16).clamp(8, MOST_CELLS);
        let grid = Grid::new(window, side);
        let shares = set.in_shares(|share| {
            let mut sums = vec![Sum::default(); (side * side) as usize];
            share.each(|position| {
                let row = order.row(position);
                let Some((lat, lon)) = places.units(row) else { return };
                let Some((cell, north, east)) = grid.cell(lat, lon) else { return };
                let Some(sum) = sums.get_mut(cell) else { return };
                sum.north += north;
                sum.east += east;
                sum.count += 1;
                sum.row = row;
                // Positions ascend, and those without a time come last.
                if position < order.known {
                    if sum.timed == 0 {
                        sum.first = position;
                    }
                    sum.timed += 1;
                    sum.last = position;
                }
            });
            sums
        })?;
        let mut shares = shares.into_iter();
        let mut sums = shares.next().unwrap_or_default();
        for share in shares {
            sums.iter_mut().zip(share).for_each(|(all, later)| all.add(later));
        }
        let mut cells = Vec::new();
        let mut total = 0;
        for sum in sums.into_iter().filter(|sum| sum.count > 0) {
            total += sum.count;
            let single = sum.count == 1;
            let lon = window.west + sum.east as f64 / sum.count as f64 / UNIT;
            let at = |position: u32| order.time(position).filter(|_| sum.timed > 0).map(iso);
            cells.push(Cell {
                lat: window.south + sum.north as f64 / sum.count as f64 / UNIT,
                lon: if lon > 180.0 { lon - 360.0 } else { lon },
                count: sum.count,
                first: at(sum.first),
                last: at(sum.last),
                id: single.then(|| ids.id(sum.row)),
                accuracy: if single { places.accuracy(sum.row) } else { None },
            });
        }
        // Few above many, so that a page that draws in order hides nothing small.
        cells.sort_by(|a, b| {
            b.count.cmp(&a.count).then_with(|| a.lat.total_cmp(&b.lat)).then_with(|| a.lon.total_cmp(&b.lon))
        });
        Ok(Map { total, cells })
    }

    /// Returns at most `limit` places of a set in the order of time, evenly thinned: latitude, longitude, time, id.
    pub fn track(&self, set: &Set, limit: u32) -> Result<Vec<(f64, f64, String, String)>, EngineError> {
        let (order, places, ids) = (self.order()?, self.places()?, self.ids()?);
        let placed = |position: &u32| places.get(order.row(*position)).is_some() && order.time(*position).is_some();
        let all = set.iter().filter(placed).count();
        let step = all.div_ceil((limit.max(2) as usize).min(all.max(1)));
        let points = set.iter().filter(placed).step_by(step.max(1)).filter_map(|position| {
            let row = order.row(position);
            let (lat, lon) = places.get(row)?;
            Some((lat, lon, iso(order.time(position)?), ids.id(row)))
        });
        Ok(points.collect())
    }
}

/// Returns a test of rows: within so many metres of a place.
pub(super) fn near(
    places: std::sync::Arc<Places>,
    lat: f64,
    lon: f64,
    metres: f64,
) -> impl Fn(u32) -> bool + Send + Sync {
    let rule = Near::new(lat, lon, metres);
    move |row| places.get(row).is_some_and(|(a, b)| rule.holds(a, b))
}

/// A circle, tested without trigonometry wherever a flat map decides: millions of places lie in or far from it.
struct Near {
    lat: f64,
    lon: f64,
    metres: f64,
    /// Metres of a degree of longitude there; none where a flat map is too wrong, far north or in a wide circle.
    flat: Option<f64>,
}

/// Metres of a degree of latitude on the sphere that distances are measured on.
const DEGREE: f64 = 111_195.08;

impl Near {
    fn new(lat: f64, lon: f64, metres: f64) -> Self {
        // So near and so far from the poles the flat map is wrong by less than half a hundredth.
        let flat = (metres <= 10_000.0 && lat.abs() <= 75.0).then(|| DEGREE * lat.to_radians().cos());
        Near { lat, lon, metres, flat }
    }

    fn holds(&self, lat: f64, lon: f64) -> bool {
        let north = (lat - self.lat).abs() * DEGREE;
        if north > self.metres * 1.01 {
            return false;
        }
        if let Some(degree) = self.flat {
            let apart = (lon - self.lon).abs();
            let east = apart.min(360.0 - apart) * degree;
            let flat = north.hypot(east);
            if flat < self.metres * 0.98 {
                return true;
            }
            if flat > self.metres * 1.02 {
                return false;
            }
        }
        crate::search::query::distance(self.lat, self.lon, lat, lon) <= self.metres
    }
}

/// Returns the first and last time of some positions, given ascending.
pub(super) fn span(order: &Order, first: u32, last: u32) -> (Option<String>, Option<String>) {
    (order.time(first).map(iso), order.time(last).map(iso))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The short cuts never decide otherwise than the distance on the sphere.
    #[test]
    fn a_circle_is_what_the_distance_says() {
        for (lat, lon) in [(0.0, 0.0), (52.5, 13.4), (-74.9, 179.999), (74.9, -179.999), (89.9, 10.0), (-33.0, 151.0)] {
            for metres in [1.0, 150.0, 2_000.0, 9_999.0, 50_000.0, 3_000_000.0] {
                let rule = Near::new(lat, lon, metres);
                for step in 0..72 {
                    let (sin, cos) = (f64::from(step) * 5.0).to_radians().sin_cos();
                    for part in [0.0, 0.5, 0.97, 0.999, 1.001, 1.03, 2.0] {
                        let a = (lat + sin * part * metres / DEGREE).clamp(-90.0, 90.0);
                        let b = lon + cos * part * metres / (DEGREE * f64::to_radians(lat).cos());
                        let b = if b > 180.0 {
                            b - 360.0
                        } else if b < -180.0 {
                            b + 360.0
                        } else {
                            b
                        };
                        let sphere = crate::search::query::distance(lat, lon, a, b) <= metres;
                        assert_eq!(rule.holds(a, b), sphere, "{a},{b} of {lat},{lon} within {metres}");
                    }
                }
            }
        }
    }

    #[test]
    fn what_shares_gathered_adds_up() {
        let at = |count, timed, first, last, row| Sum { north: 10, east: 20, count, timed, first, last, row };
        let mut all = Sum::default();
        // A share may have nothing in the cell, and only the last has records without a time.
        for later in [Sum::default(), at(2, 2, 5, 9, 3), Sum::default(), at(1, 1, 11, 11, 4), at(1, 0, 0, 0, 5)] {
            all.add(later);
        }
        assert_eq!((all.north, all.east, all.count), (30, 60, 4));
        assert_eq!((all.timed, all.first, all.last, all.row), (3, 5, 11, 5));
    }

    #[test]
    fn a_window_may_go_over_the_date_line() {
        let window = Window { west: 170.0, south: -10.0, east: -170.0, north: 10.0 };
        let east =
            |window, lon: f64| Grid::new(window, 8).cell(0, (lon * UNIT) as i32).map(|(_, _, east)| east as f64 / UNIT);
        assert_eq!(east(window, 175.0), Some(5.0));
        assert_eq!(east(window, -175.0), Some(15.0));
        assert_eq!(east(window, 0.0), None);
        assert_eq!(east(Window::WHOLE, -180.0), Some(0.0));
        assert_eq!(Grid::new(window, 8).cell((10.1 * UNIT) as i32, (175.0 * UNIT) as i32), None);
    }
}
