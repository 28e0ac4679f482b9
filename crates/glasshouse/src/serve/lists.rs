//! Lists by rank, bars, facets, completion, map and track.

use super::Shared;
use super::answer::{Asked, Problem, answer};
use super::consulted::{Look, consulted, seen};
use super::document::{self as shape};
use axum::Extension;
use axum::response::Response;
use glasshouse_engine::search::Interval;
use glasshouse_engine::view::{Sorted, Window, instant};
use serde::Deserialize;
use serde_json::json;
use utoipa::IntoParams;

/// Rows of a list that are given at once.
pub const MOST_ROWS: u32 = 200;
/// Bytes of a query.
const LONGEST_QUERY: usize = 8 << 10;

/// What is asked for, and which part of it.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Ranked {
    /// Query, as in `glasshouse search`; everything if left out.
    #[serde(default)]
    pub q: String,
    /// `-time` (newest first, if left out) or `time`. Records without a time come last.
    #[serde(default)]
    pub order: String,
    /// Rank of the first row, from 0: any rank answers at once.
    #[serde(default)]
    pub rank: u32,
    /// Rows to give, at most 200.
    #[serde(default = "fifty")]
    pub limit: u32,
}

fn fifty() -> u32 {
    50
}

/// Reads the name of an order.
pub fn sorted(order: &str, left_out: Sorted) -> Result<Sorted, Problem> {
    match order {
        "" => Ok(left_out),
        "-time" => Ok(Sorted::NewestFirst),
        "time" => Ok(Sorted::OldestFirst),
        _ => Err(Problem::asked("Lists are sorted by time or -time.")),
    }
}

/// Refuses a query that nobody types.
pub fn bounded(q: &str) -> Result<(), Problem> {
    match q.len() > LONGEST_QUERY {
        true => Err(Problem::asked("The query is longer than 8 KB. Ask in parts.")),
        false => Ok(()),
    }
}

/// Part of the list of all records that a query finds, sorted by time.
#[utoipa::path(get, path = "/api/list", tag = "records", params(Ranked), responses((status = 200, body = shape::List)))]
pub async fn list(Extension(serving): Shared, Asked(asked): Asked<Ranked>) -> Response {
    answer(serving, move |serving, live| {
        bounded(&asked.q)?;
        let sorted = sorted(&asked.order, Sorted::NewestFirst)?;
        let set = live.view.select(&asked.q)?;
        consulted(serving, Look::Search { view: "list", query: &asked.q })?;
        let rows = live.view.list(&set, sorted, asked.rank, asked.limit.min(MOST_ROWS))?;
        seen(serving, &rows);
        Ok(json!({ "count": set.len(), "rank": asked.rank, "rows": rows }))
    })
    .await
}

/// A time to look for.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct AtTime {
    #[serde(default)]
    q: String,
    #[serde(default)]
    order: String,
    /// ISO 8601 with an offset, or a date (UTC).
    time: String,
}

/// Where a time lies in a list.
#[utoipa::path(get, path = "/api/rank", tag = "records", params(AtTime), responses((status = 200, body = shape::Rank)))]
pub async fn rank(Extension(serving): Shared, Asked(asked): Asked<AtTime>) -> Response {
    answer(serving, move |serving, live| {
        bounded(&asked.q)?;
        let sorted = sorted(&asked.order, Sorted::NewestFirst)?;
        let time = instant(&asked.time);
        let time =
            time.ok_or_else(|| Problem::asked("The time is not one. Write 2024-01-30T13:00:01Z or 2024-01-30."))?;
        let set = live.view.select(&asked.q)?;
        consulted(serving, Look::Search { view: "rank", query: &asked.q })?;
        Ok(json!({ "rank": live.view.rank(&set, sorted, time)? }))
    })
    .await
}

/// Bars of a histogram.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Bars {
    #[serde(default)]
    q: String,
    /// Width of a bar: `day`, `month` (if left out) or `year`, in UTC.
    #[serde(default)]
    by: String,
}

/// Number of records by day, month or year. Records without a time are left out.
#[utoipa::path(get, path = "/api/histogram", tag = "records", params(Bars), responses((status = 200, body = shape::Histogram)))]
pub async fn histogram(Extension(serving): Shared, Asked(asked): Asked<Bars>) -> Response {
    answer(serving, move |serving, live| {
        bounded(&asked.q)?;
        let unit = match asked.by.as_str() {
            "day" => Interval::Day,
            "" | "month" => Interval::Month,
            "year" => Interval::Year,
            _ => return Err(Problem::asked("Bars are as wide as a day, a month or a year.")),
        };
        let set = live.view.select(&asked.q)?;
        consulted(serving, Look::Search { view: "histogram", query: &asked.q })?;
        Ok(live.view.histogram(&set, unit)?)
    })
    .await
}

/// Facets to count.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Counted {
    #[serde(default)]
    q: String,
    /// Names with commas: service, family, format, account, tier, party, conversation, attachment.
    #[serde(default = "usual")]
    of: String,
}

fn usual() -> String {
    "service,family,format,account,tier".into()
}

/// The fifty most frequent values of some facets.
#[utoipa::path(get, path = "/api/facets", tag = "records", params(Counted), responses((status = 200, body = shape::Facets)))]
pub async fn facets(Extension(serving): Shared, Asked(asked): Asked<Counted>) -> Response {
    answer(serving, move |serving, live| {
        bounded(&asked.q)?;
        let of: Vec<&str> = asked.of.split(',').map(str::trim).filter(|n| !n.is_empty()).collect();
        let set = live.view.select(&asked.q)?;
        consulted(serving, Look::Search { view: "facets", query: &asked.q })?;
        Ok(live.view.facets(&set, &of)?)
    })
    .await
}

/// A query in the making.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Typed {
    #[serde(default)]
    q: String,
    /// Place of the cursor, in UTF-16 units; the end if left out.
    at: Option<usize>,
}

/// What could be typed next.
#[utoipa::path(get, path = "/api/complete", tag = "records", params(Typed), responses((status = 200, body = shape::Completion)))]
pub async fn complete(Extension(serving): Shared, Asked(asked): Asked<Typed>) -> Response {
    answer(serving, move |serving, live| {
        bounded(&asked.q)?;
        consulted(serving, Look::Search { view: "complete", query: &asked.q })?;
        Ok(live.view.complete(&asked.q, asked.at.unwrap_or(usize::MAX))?)
    })
    .await
}

/// Part of the Earth.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Shown {
    #[serde(default)]
    q: String,
    /// Degrees; `west` above `east` goes over the date line. The whole Earth if left out.
    west: Option<f64>,
    south: Option<f64>,
    east: Option<f64>,
    north: Option<f64>,
    /// Width of the map in pixels.
    width: Option<u32>,
}

/// Returns the part of the Earth that is asked for; a map that was turned around it more than once is unwound.
fn window(asked: &Shown) -> Result<Window, Problem> {
    let whole = Window::WHOLE;
    let (west, east) = (asked.west.unwrap_or(whole.west), asked.east.unwrap_or(whole.east));
    let (south, north) = (asked.south.unwrap_or(whole.south), asked.north.unwrap_or(whole.north));
    if ![west, east, south, north].iter().all(|side| side.abs() <= 100_000.0) || south > north {
        return Err(Problem::asked("The sides of the map are not degrees on Earth."));
    }
    let turned = |lon: f64| if (-180.0..=180.0).contains(&lon) { lon } else { (lon + 180.0).rem_euclid(360.0) - 180.0 };
    let around = east - west >= 360.0;
    Ok(Window {
        west: if around { whole.west } else { turned(west) },
        east: if around { whole.east } else { turned(east) },
        south: south.clamp(whole.south, whole.north),
        north: north.clamp(whole.south, whole.north),
    })
}

/// Records of a part of the Earth, gathered into at most 60 by 60 cells. A cell with one record has its id.
#[utoipa::path(get, path = "/api/map", tag = "records", params(Shown), responses((status = 200, body = shape::Map)))]
pub async fn map(Extension(serving): Shared, Asked(asked): Asked<Shown>) -> Response {
    answer(serving, move |serving, live| {
        bounded(&asked.q)?;
        let window = window(&asked)?;
        let set = live.view.select(&asked.q)?;
        consulted(serving, Look::Search { view: "map", query: &asked.q })?;
        Ok(live.view.map(&set, window, asked.width.unwrap_or(960))?)
    })
    .await
}

/// A way through places.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Way {
    #[serde(default)]
    q: String,
    /// Points to give, at most 5000; where there are more, they are thinned evenly.
    #[serde(default = "thousand")]
    limit: u32,
}

fn thousand() -> u32 {
    1000
}

/// Places in the order of time: latitude, longitude, time, id.
#[utoipa::path(get, path = "/api/track", tag = "records", params(Way), responses((status = 200, body = shape::Track)))]
pub async fn track(Extension(serving): Shared, Asked(asked): Asked<Way>) -> Response {
    answer(serving, move |serving, live| {
        bounded(&asked.q)?;
        let set = live.view.select(&asked.q)?;
        consulted(serving, Look::Search { view: "track", query: &asked.q })?;
        Ok(json!({ "points": live.view.track(&set, asked.limit.min(5000))? }))
    })
    .await
}
