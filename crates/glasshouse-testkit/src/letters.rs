//! What the mails of a thread are about.

use crate::clock::write;
use crate::rng::Rng;
use crate::story::{PEOPLE, trip_ahead, trip_at};

/// The subject of a thread and its first message.
pub(crate) struct Letter {
    pub subject: String,
    pub text: String,
    /// Whom it is with, among the people of the story.
    pub with: usize,
    pub label: Option<&'static str>,
}

/// Returns what a thread that begins at a time is about.
pub(crate) fn letter(time: i64, rng: &mut Rng) -> Letter {
    let year = write(time, 0, "%Y");
    let date = write(time + 3 * 86_400, 0, "%A, %-d %B");
    if let (Some(trip), 0..6) = (trip_ahead(time), rng.below(10)) {
        let spots: Vec<&str> = trip.spots.iter().skip(1).map(|s| s.name).collect();
        return match rng.below(3) {
            0 => Letter {
                subject: format!("{}: where we meet", trip.city),
                text: format!(
                    "It is settled, then: {} days in {} for {}. I suggest that we begin at {} and leave {} for the last day.",
                    trip.days,
                    trip.city,
                    trip.why,
                    spots.first().unwrap_or(&"the station"),
                    spots.last().unwrap_or(&"the harbour"),
                ),
                with: trip.with,
                label: Some("Travel"),
            },
            1 => Letter {
                subject: format!("Your booking to {} is confirmed", trip.city),
                text: format!(
                    "Your booking EX{:05} is confirmed.\r\n\r\nDeparture: {}\r\nTo: {}\r\nTravellers: 1\r\nPaid: {}.00 EUR",
                    rng.below(100_000),
                    write(trip.start * 86_400, 0, "%A, %-d %B %Y"),
                    trip.city,
                    120 + rng.below(700),
                ),
                with: 8,
                label: Some("Travel"),
            },
            _ => Letter {
                subject: format!("Keys while you are in {}", trip.city),
                text: format!(
                    "I hear that you are in {} soon. Please leave the keys with the neighbour; the heating is read on {date}.",
                    trip.city
                ),
                with: 6,
                label: None,
            },
        };
    }
    if let (Some(trip), 0..7) = (trip_at(time), rng.below(10)) {
        let spot = rng.pick(trip.spots).name;
        return Letter {
            subject: format!("Greetings from {}", trip.city),
            text: format!(
                "We saw {spot} this morning, in a light that no map shows. The sheet of {} needs another grey. More when I am back.",
                trip.city
            ),
            with: trip.with,
            label: Some("Travel"),
        };
    }
    match rng.below(7) {
        0 => {
            let number = 1 + rng.below(400);
            Letter {
                subject: format!("Invoice {year}-{number:04}"),
                text: format!(
                    "Please find the invoice {year}-{number:04} over {}.{:02} EUR for map work. It is due on {date}.",
                    200 + rng.below(3000),
                    rng.below(100)
                ),
                with: 8,
                label: Some("Invoices"),
            }
        }
        1 | 2 => Letter {
            subject: format!("Atlas: sheet {} of {}", 1 + rng.below(48), 48),
            text: format!(
                "The new sheet is ready for reading. The coastline is from the survey of {}, the names follow the list that we agreed on. Can we meet on {date} at the Museumsinsel?",
                1890 + rng.below(120)
            ),
            with: *rng.pick(&[1, 5, 7]),
            label: Some(crate::mail::LABEL),
        },
        3 => Letter {
            subject: format!("Rent and repairs, {year}"),
            text: format!("The window in the kitchen will be mended on {date}. The rent stays as it is this year."),
            with: 6,
            label: None,
        },
        4 => Letter {
            subject: "Wie geht es dir? Schöne Grüße".to_owned(),
            text: format!(
                "Lange nichts gehört! Am {} gehen wir an die Spree, und danach gibt es Süßes. Kommst du mit?",
                write(time + 3 * 86_400, 0, "%d.%m.%Y")
            ),
            with: 0,
            label: None,
        },
        5 => Letter {
            subject: "Старые карты архива".to_owned(),
            text: format!(
                "В архиве нашлись {} листов старой карты. Я пришлю снимки до конца недели.",
                2 + rng.below(40)
            ),
            with: 3,
            label: Some(crate::mail::LABEL),
        },
        _ => {
            let with = rng.below(PEOPLE.len() as u64) as usize;
            Letter {
                subject: format!("Meeting on {date}"),
                text: format!(
                    "Shall we talk about the next steps on {date} at {} o'clock? I have three points: paper, colours, and who writes the index.",
                    9 + rng.below(8)
                ),
                with,
                label: Some("Meetings"),
            }
        }
    }
}
