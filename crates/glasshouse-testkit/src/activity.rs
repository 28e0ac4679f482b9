//! My Activity: what was searched, watched and opened.

use crate::clock::{iso, write};
use crate::rng::Rng;
use crate::story::{Spread, place_at, position, trip_ahead, trip_at};
use crate::truth::{Tally, needle};
use std::io::{self, Write};

const FORMAT: &str = "google.my-activity";

/// The products with a list in JSON, and each one's share of a hundred.
pub(crate) const JSON: &[(&str, u64)] = &[("Search", 45), ("YouTube", 25), ("Chrome", 20)];
/// The product with a page in HTML; it has the rest.
pub(crate) const HTML: &str = "Maps";

/// Something that was done.
struct Deed {
    time: i64,
    verb: &'static str,
    what: String,
    url: String,
    channel: Option<&'static str>,
}

fn deed(product: &str, seed: u64, index: u64, count: u64, spread: &Spread) -> (Deed, Rng) {
    let stream = 200 + product.len() as u64 * 7 + u64::from(product.as_bytes().first().copied().unwrap_or(0));
    let mut rng = Rng::of(seed, stream, index);
    let time = spread.awake(index, count);
    let (from, to, _) = place_at(time);
    let city = trip_at(time).or_else(|| trip_ahead(time)).map_or("Berlin", |trip| trip.city);
    let sign = match index {
        i if i % 211 == 19 => Some(needle::HELIOTROPE),
        i if i % 97 == 13 => Some(needle::MARZIPAN),
        _ => None,
    };
    let what = match (sign, product) {
        (Some(word), _) => format!("{word} in {city}"),
        (None, "YouTube") => rng
            .pick(&["How an atlas is printed", "Night train to the sea", "Rain & shine: clouds", "Folding large maps"])
            .to_string(),
        (None, "Chrome") => rng.pick(&["Open survey data", "Type for maps – a primer", "Weather"]).to_string(),
        (None, "Maps") => rng.pick(&[from.name, to.name]).to_string(),
        (None, _) => match rng.below(5) {
            0 => format!("opening hours {}", to.name),
            1 => format!("weather {city}"),
            2 => format!("night train to {city}"),
            3 => "paper size A1 in inches".to_owned(),
            _ => format!("history of {}", from.name),
        },
    };
    let verb = match product {
        "YouTube" => "Watched",
        "Chrome" => "Visited",
        _ => "Searched for",
    };
    let page = match product {
        "YouTube" => "watch?v=",
        _ => "search?q=",
    };
    let url = format!("https://www.example.com/{page}{:x}&hl=en", rng.next());
    let channel = (product == "YouTube").then_some("The Map Room");
    (Deed { time, verb, what, url, channel }, rng)
}

/// Writes a product's `MyActivity.json`, newest first.
pub(crate) fn json(
    out: &mut impl Write,
    product: &str,
    seed: u64,
    count: u64,
    spread: &Spread,
    tally: &mut Tally<'_>,
) -> io::Result<()> {
    write!(out, "[")?;
    for index in (0..count).rev() {
        let (deed, mut rng) = deed(product, seed, index, count, spread);
        let title = format!("{} {}", deed.verb, deed.what);
        write!(
            out,
            "{}{{\n  \"header\": \"{product}\",\n  \"title\": {},\n  \"titleUrl\": \"{}\",\n",
            if index + 1 == count { "" } else { "," },
            serde_json::to_string(&title)?,
            // This is how the export writes a character that HTML would take for its own.
            deed.url.replace('&', "\\u0026"),
        )?;
        if let Some(channel) = deed.channel {
            write!(
                out,
                "  \"subtitles\": [{{\n    \"name\": \"{channel}\",\n    \"url\": \"https://www.example.com/channel/1\"\n  }}],\n"
            )?;
        }
        let millis = rng.below(1000);
        write!(out, "  \"time\": \"{}\",\n  \"products\": [\"{product}\"],\n", iso(deed.time, millis))?;
        if rng.below(4) == 0 {
            let (lat, lon) = position(deed.time, &mut rng);
            write!(
                out,
                "  \"locationInfos\": [{{\n    \"name\": \"At this general area\",\n    \"url\": \"https://www.google.com/maps/@?api\\u003d1\\u0026map_action\\u003dmap\\u0026center\\u003d{lat:.6},{lon:.6}\\u0026zoom\\u003d12\",\n    \"source\": \"From your device\",\n    \"sourceUrl\": \"https://support.example.com/location\"\n  }}],\n"
            )?;
        }
        if rng.below(20) == 0 {
            write!(out, "  \"details\": [{{\n    \"name\": \"From Google Ads\"\n  }}],\n")?;
        }
        write!(out, "  \"activityControls\": [\"Web \\u0026 App Activity\"]\n}}")?;
        tally.record(FORMAT, &title);
    }
    writeln!(out, "]")
}

const CELL: &str = "content-cell mdl-cell mdl-cell--6-col mdl-typography--body-1";

/// Writes a product's `MyActivity.html`, newest first.
pub(crate) fn html(
    out: &mut impl Write,
    product: &str,
    seed: u64,
    count: u64,
    spread: &Spread,
    tally: &mut Tally<'_>,
) -> io::Result<()> {
    write!(
        out,
        "<html><head><meta charset=\"utf-8\"><title>My Activity History</title><style type=\"text/css\">.mdl-typography--body-1{{font-size:14px}}</style></head><body><div class=\"mdl-grid\">"
    )?;
    for index in (0..count).rev() {
        let (deed, mut rng) = deed(product, seed, index, count, spread);
        let place = if rng.below(3) == 0 {
            let (lat, lon) = position(deed.time, &mut rng);
            format!(
                "<b>Locations:</b><br>&emsp;<a href=\"https://www.google.com/maps/@?api=1&amp;map_action=map&amp;center={lat:.6},{lon:.6}&amp;zoom=12\">At this general area</a> - From your device<br>"
            )
        } else {
            String::new()
        };
        write!(
            out,
            "<div class=\"outer-cell mdl-cell mdl-cell--12-col mdl-shadow--2dp\"><div class=\"mdl-grid\"><div class=\"header-cell mdl-cell mdl-cell--12-col\"><p class=\"mdl-typography--title\">{product}<br></p></div><div class=\"{CELL}\">{}&nbsp;<a href=\"{}\">{}</a><br>{}<br></div><div class=\"{CELL} mdl-typography--text-right\"></div><div class=\"content-cell mdl-cell mdl-cell--12-col mdl-typography--caption\"><b>Products:</b><br>&emsp;{product}<br>{place}</div></div></div>",
            deed.verb,
            deed.url.replace('&', "&amp;"),
            deed.what.replace('&', "&amp;"),
            date(deed.time),
        )?;
        tally.record(FORMAT, &deed.what);
    }
    writeln!(out, "</div></body></html>")
}

/// Writes a time as the page does: for people, with the zone that the account was in when it was exported.
fn date(time: i64) -> String {
    // The account was exported in January from Berlin, so that summers say the name of winter too.
    write(time, 3600, "%b %-d, %Y, %-I:%M:%S\u{202f}%p CET")
}
