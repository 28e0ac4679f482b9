//! Items that label their values in the language of the account: `string_map_data`, `string_list_data`, and since
//! 2025 `label_values`.
//!
//! The labels are translated, so nothing is known by them: values become lines of text with their labels, times
//! become moments, files become attachments, and all of it stays in the fields.

use super::item::{filled, linked, moment};
use super::messages::{attachment, meant};
use crate::formats::json::Object;
use glasshouse_model::{Family, Links, MomentRole, PartyRole, Place, Record};

/// Values of one item beyond these stay in the fields alone.
const MOST: usize = 500;
const DEEPEST: usize = 8;

/// Labels of what was written or looked for.
#[rustfmt::skip]
const COMMENT: &[&str] = &[
    "comment", "kommentar", "commentaire", "comentario", "commento", "comentário", "opmerking", "reactie", "komentarz", "yorum", "комментарий",
    "コメント", "댓글", "评论", "留言",
];
#[rustfmt::skip]
const SEARCHED: &[&str] = &[
    "search", "suche", "suchen", "recherche", "rechercher", "búsqueda", "buscar", "ricerca", "cerca", "pesquisa", "zoeken", "zoekopdracht", "szukaj",
    "ara", "поиск", "検索", "검색", "搜索", "搜尋",
];

/// Parts of the words for the two, in the languages that are known; in others no place follows.
const LATITUDE: &[&str] = &["latitud", "breite", "breedte", "широта", "緯度", "纬度", "위도", "szeroko", "enlem"];
const LONGITUDE: &[&str] = &["longitud", "länge", "lengte", "долгота", "経度", "经度", "경도", "długo", "boylam"];

/// Reads `{"Label": {"href": …, "value": …, "timestamp": …}}`.
pub(super) fn map(raw: &str, record: &mut Record) {
    let Ok(object) = Object::parse(raw) else { return };
    let mut told = Told::default();
    for (label, raw) in object.members().take(MOST) {
        let Ok(value) = Object::parse(raw.get()) else { continue };
        time(&value, "timestamp", record);
        if let Some(text) = filled(&value, "value").or_else(|| filled(&value, "href")) {
            told.add(&meant(label), &text, record);
        }
    }
    told.finish(record);
}

/// What labelled values of one item say together.
#[derive(Default)]
pub(super) struct Told {
    lat: Option<f64>,
    lon: Option<f64>,
    main: Option<String>,
}

impl Told {
    /// Adds a value with its label.
    pub(super) fn add(&mut self, label: &str, text: &str, record: &mut Record) {
        let words = if record.family == Family::Search { SEARCHED } else { COMMENT };
        let lower = label.to_lowercase();
        if self.main.is_none() && words.contains(&lower.as_str()) {
            self.main = Some(text.to_owned());
        }
        let names = |words: &[&str]| words.iter().any(|word| lower.contains(word));
        match text.parse::<f64>() {
            // The last one counts: after the imprecise the precise, if there is one.
            Ok(number) if names(LATITUDE) => self.lat = Some(number),
            Ok(number) if names(LONGITUDE) => self.lon = Some(number),
            _ => {}
        }
        line(record, label, text);
    }

    /// Ends the item.
    pub(super) fn finish(self, record: &mut Record) {
        // Where the label of what was written is known, it alone is the text, in whatever language.
        if record.format == "comments" || record.family == Family::Search {
            record.text = self.main.or(record.text.take());
        }
        if let (Some(lat), Some(lon)) = (self.lat, self.lon) {
            record.place = Place::at(lat, lon);
        }
    }
}

/// Reads `[{"href": …, "value": …, "timestamp": …}]`: of a list of people each is one.
pub(super) fn list(raw: &str, record: &mut Record) {
    let items: Vec<&serde_json::value::RawValue> = serde_json::from_str(raw).unwrap_or_default();
    for item in items.into_iter().take(MOST).filter_map(|raw| Object::parse(raw.get()).ok()) {
        time(&item, "timestamp", record);
        let (value, href) = (filled(&item, "value"), filled(&item, "href"));
        if record.family == Family::Contact {
            // Since 2024 the name stands in the item's title.
            let name = value.or_else(|| record.title.clone().filter(|title| !title.is_empty()));
            record.parties.extend(linked(PartyRole::Subject, name, href));
        } else if let Some(text) = value.or(href) {
            line(record, "", &text);
        }
    }
}

/// Reads `[{"label": …, "value": …}]` with what lies below in `dict` and `vec`.
pub(super) fn values(raw: &str, record: &mut Record, links: &Links) {
    let mut room = MOST;
    walk(raw, "", record, links, 0, &mut room);
}

fn walk(raw: &str, above: &str, record: &mut Record, links: &Links, depth: usize, room: &mut usize) {
    if depth > DEEPEST {
        return;
    }
    let items: Vec<&serde_json::value::RawValue> = serde_json::from_str(raw).unwrap_or_default();
    for item in items.into_iter().filter_map(|raw| Object::parse(raw.get()).ok()) {
        if *room == 0 {
            return;
        }
        *room -= 1;
        let own = filled(&item, "label").or_else(|| filled(&item, "title"));
        let label = own.as_deref().unwrap_or(above);
        time(&item, "timestamp_value", record);
        time(&item, "timestamp", record);
        match (filled(&item, "value"), filled(&item, "href")) {
            (Some(value), _) => line(record, label, &value),
            (None, Some(href)) => line(record, label, &href),
            (None, None) => {}
        }
        for file in item.objects("media").iter().take(*room) {
            record.attachments.extend(attachment(file, links));
        }
        for below in ["dict", "vec"].iter().filter_map(|key| item.raw(key)) {
            walk(below, label, record, links, depth + 1, room);
        }
    }
}

/// Adds a moment for a count of seconds.
fn time(value: &Object<'_>, key: &str, record: &mut Record) {
    const MOST_TIMES: usize = 20;
    if record.moments.len() < MOST_TIMES
        && let Some(moment) = value.raw(key).and_then(|raw| moment(MomentRole::Created, raw, false))
        && !record.moments.iter().any(|known| known.text == moment.text)
    {
        record.moments.push(moment);
    }
}

/// Adds a line of text.
fn line(record: &mut Record, label: &str, value: &str) {
    let text = record.text.get_or_insert_default();
    if !text.is_empty() {
        text.push('\n');
    }
    if !label.is_empty() {
        text.push_str(label);
        text.push_str(": ");
    }
    text.push_str(value);
}
