//! JSON of the export: what was watched in the TV app, and Game Center.

use crate::formats::element::{inner_place, keep, not_an_object, place, text, unread_member};
use crate::formats::json::Object;
use crate::formats::time;
use crate::formats::wall::Clock;
use crate::{Frame, Opened, Sink};
use glasshouse_model::{Family, Framing, MomentRole, Record, Ref};

pub(super) const TV: &str = "tv";
pub(super) const GAMES: &str = "games";
pub(super) const TV_FRAMING: Framing = Framing::JsonArrays(&["events"]);
pub(super) const GAMES_FRAMING: Framing = Framing::JsonArrays(&["games_state"]);

/// Says whether first bytes are those of the TV app's events.
pub(super) fn is_tv(head: &[u8]) -> bool {
    let has = |needle: &[u8]| memchr::memmem::find(head, needle).is_some();
    has(b"\"events\"") && has(b"\"stored_event\"")
}

/// Says whether first bytes are those of Game Center.
pub(super) fn is_games(head: &[u8]) -> bool {
    memchr::memmem::find(head, b"\"games_state\"").is_some()
}

/// Reads what was watched.
pub(super) fn tv(opened: &Opened<'_>, out: &mut Sink) {
    for frame in opened.frames {
        if !frame.element {
            unread_member(opened, frame, TV, out);
            continue;
        }
        let at = place(opened, frame);
        let raw = text(frame, &at, out);
        let Ok(object) = Object::parse(&raw) else {
            not_an_object(frame, at, out);
            continue;
        };
        let mut record = Record::new(Family::Play, TV);
        let stamp = object.object("stored_event").and_then(|event| event.raw("timestamp").map(str::to_owned));
        match stamp {
            Some(stamp) => {
                let moment = time::epoch_millis(MomentRole::Observed, stamp.trim_matches('"'));
                if moment.instant.is_none() {
                    out.warn(at.clone(), "time.syntax", "The event's time cannot be read.");
                }
                record.moments.push(moment);
            }
            None => out.warn(at.clone(), "time.missing", "The event's time is missing."),
        }
        let meaning = object.object("event_interpretation");
        record.title =
            meaning.and_then(|m| m.text("human_readable_media_description").map(std::borrow::Cow::into_owned));
        for (key, raw) in object.members() {
            if !matches!(key, "stored_event" | "event_interpretation") {
                out.drift(TV, key);
            }
            keep(&mut record.fields, key, raw.get());
        }
        out.record(at, record);
    }
}

/// Reads games: a record for each score and achievement, or one for a game that has none.
pub(super) fn games(opened: &Opened<'_>, out: &mut Sink) {
    for frame in opened.frames {
        if frame.element {
            game(opened, frame, out);
        } else {
            unread_member(opened, frame, GAMES, out);
        }
    }
}

fn game(opened: &Opened<'_>, frame: &Frame<'_>, out: &mut Sink) {
    let at = place(opened, frame);
    let whole = text(frame, &at, out);
    let Ok(object) = Object::parse(&whole) else {
        return not_an_object(frame, at, out);
    };
    let mut before = 0;
    for (i, raw) in object.array("leaderboard").unwrap_or_default().into_iter().enumerate() {
        let board = Object::parse(raw).ok().filter(|board| board.raw("leaderboard_score").is_none_or(is_list));
        let Some(board) = board else {
            let at = inner_place(opened, frame, &whole, raw, &format!("/leaderboard/{i}"));
            out.warn(at, "json.layout", "A leaderboard is not as expected; it was not read.");
            continue;
        };
        for (j, raw) in board.array("leaderboard_score").unwrap_or_default().into_iter().enumerate() {
            let at = inner_place(opened, frame, &whole, raw, &format!("/leaderboard/{i}/leaderboard_score/{j}"));
            item(&object, Some(&board), "score", raw, "submitted_time_utc", at, out);
            before += 1;
        }
    }
    for (i, raw) in object.array("achievements").unwrap_or_default().into_iter().enumerate() {
        let at = inner_place(opened, frame, &whole, raw, &format!("/achievements/{i}"));
        item(&object, None, "achievement", raw, "last_update_utc", at, out);
        before += 1;
    }
    if before == 0 {
        let mut record = Record::new(Family::Activity, GAMES);
        record.fields.text("kind", "game");
        about(&object, &mut record);
        out.record(at, record);
    }
}

fn item(game: &Object<'_>, board: Option<&Object<'_>>, kind: &str, raw: &str, time_key: &str, at: Ref, out: &mut Sink) {
    let mut record = Record::new(Family::Activity, GAMES);
    record.fields.text("kind", kind);
    let Ok(object) = Object::parse(raw) else {
        return out.warn(at, "json.syntax", "An item of a game is no object; it was not read.");
    };
    if let Some(time) = object.text(time_key) {
        let moment = Clock::UTC_MONTH_FIRST.moment(MomentRole::Observed, &time);
        if moment.instant.is_none() {
            out.warn(at.clone(), "time.syntax", "A time cannot be read.");
        }
        record.moments.push(moment);
    }
    about(game, &mut record);
    for (key, raw) in board.into_iter().flat_map(Object::members).filter(|(key, _)| *key != "leaderboard_score") {
        keep(&mut record.fields, &format!("leaderboard.{key}"), raw.get());
    }
    for (key, raw) in object.members() {
        keep(&mut record.fields, &format!("{kind}.{key}"), raw.get());
    }
    out.record(at, record);
}

fn is_list(raw: &str) -> bool {
    raw.starts_with('[')
}

/// Adds what is known of the game.
fn about(game: &Object<'_>, record: &mut Record) {
    record.title = game.text("game_name").map(std::borrow::Cow::into_owned);
    let is_items = |key: &str, raw: &str| matches!(key, "leaderboard" | "achievements") && is_list(raw);
    for (key, raw) in game.members().filter(|(key, raw)| !is_items(key, raw.get())) {
        keep(&mut record.fields, key, raw.get());
    }
}
