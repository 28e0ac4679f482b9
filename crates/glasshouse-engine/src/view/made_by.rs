//! Which apps and devices put records there, as far as the records' own fields name them.

use super::View;
use super::places::span;
use super::rows::cut;
use crate::EngineError;
use crate::cores::in_parts;
use crate::segment::typed;
use datafusion::arrow::array::StringArray;
use serde::Serialize;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::Arc;

/// Fields that name an app or a device, and those that [hold](HOLDING) such fields, in the order of their bytes.
const NAMES: [&str; 40] = [
    "Amazon Device Model Name",
    "Device",
    "Device Model",
    "Device Model Name",
    "Device Type",
    "Model",
    "User Agent",
    "User Agent String",
    "application",
    "application_name",
    "clientApplicationName",
    "device",
    "deviceDisplayName",
    "deviceFolder",
    "deviceName",
    "devicePrettyName",
    "deviceTag",
    "deviceType",
    "device_model",
    "device_platform_name",
    "device_type",
    "endLocation",
    "exif.Model",
    "exif.Software",
    "googlePhotosOrigin",
    "localFolderName",
    "location",
    "mobileUpload",
    "model",
    "platform",
    "platformType",
    "products",
    "source",
    "sourceDevice",
    "sourceInfo",
    "sourceName",
    "startLocation",
    "user-agent",
    "user_agent",
    "x-mailer",
];
/// Fields that hold such fields, and are none themselves.
const HOLDING: [&str; 7] =
    ["deviceFolder", "endLocation", "googlePhotosOrigin", "location", "mobileUpload", "sourceInfo", "startLocation"];
/// The field in which one service writes the app as a link, and others write what is no app.
const LINKED: &str = "source";
/// Values of a service that are given.
const MOST_GIVEN: usize = 50;
/// Distinct values that a share of the records is counted by; what comes after them is counted as one.
const MOST_KNOWN: usize = 20_000;
/// Bytes of a value.
const LONGEST: usize = 200;
/// Values of a list within one field.
const MOST_LISTED: usize = 20;

/// What put records of a service there.
#[derive(Clone, Debug, Default, Serialize)]
pub struct MadeBy {
    /// How many different values its records have in such fields; `rows` are those of most records.
    pub values: u64,
    pub rows: Vec<Maker>,
}

/// An app or a device, as a field names it.
#[derive(Clone, Debug, Serialize)]
pub struct Maker {
    /// The field, under the provider's own name.
    pub field: &'static str,
    pub value: String,
    /// Records that have it.
    pub count: u64,
    pub first: Option<String>,
    pub last: Option<String>,
    /// One of them, by id.
    pub example: String,
}

/// Records that have a value.
#[derive(Clone, Copy)]
struct Having {
    count: u64,
    /// Position and row of the first of them. Those without a time come last.
    first: u32,
    row: u32,
    /// Position of the last with a time.
    last: u32,
    /// The row that was counted last: a record that says it twice is one record.
    counted: u32,
}

/// Values by service and field, both as numbers.
type Counted = HashMap<(u32, usize), HashMap<String, Having>>;

impl View {
    /// Returns by service what put its records there. All fields of all records are read for it, once.
    pub fn made_by(&self) -> Result<Arc<BTreeMap<String, MadeBy>>, EngineError> {
        super::once(&self.made_by, || self.count_makers())
    }

    fn count_makers(&self) -> Result<BTreeMap<String, MadeBy>, EngineError> {
        let (order, service, ids) = (self.order()?, self.coded("service")?, self.ids()?);
        let segments = self.searcher.segments();
        let counted = in_parts(segments.len(), |number| {
            let mut counted = Counted::new();
            let (Some(open), Some(base)) = (segments.get(number), self.bases.get(number)) else { return Ok(counted) };
            let (mut row, mut known) = (*base, 0usize);
            for batch in open.columns.batches(&["fields"], None)? {
                let batch = batch?;
                let column: &StringArray = typed(&batch, "fields")?;
                for fields in column {
                    let position = order.place(row);
                    let last = if position < order.known { position } else { 0 };
                    let mut add = |field: usize, value: &str| {
                        let of = counted.entry((service.code(row), field)).or_default();
                        let value = if known < MOST_KNOWN || of.contains_key(value) { value } else { "" };
                        let one = Having { count: 1, first: position, row, last, counted: row };
                        match of.get_mut(value) {
                            Some(having) if having.counted == row => {}
                            Some(having) => having.add(one),
                            None => {
                                known += 1;
                                of.insert(value.to_owned(), one);
                            }
                        }
                    };
                    if let Some(fields) = fields {
                        tell(fields, &mut add);
                    }
                    row += 1;
                }
            }
            Ok(counted)
        })?;
        let mut all = Counted::new();
        for (key, values) in counted.into_iter().flatten() {
            let of = all.entry(key).or_default();
            for (value, more) in values {
                of.entry(value).and_modify(|having| having.add(more)).or_insert(more);
            }
        }
        let mut made_by: BTreeMap<String, MadeBy> = BTreeMap::new();
        for ((code, field), values) in all {
            let of = made_by.entry(service.named(code).unwrap_or_default().to_owned()).or_default();
            of.values += values.len() as u64;
            of.rows.extend(values.into_iter().map(|(value, having)| {
                let timed = having.first < order.known;
                let (first, last) = if timed { span(&order, having.first, having.last) } else { (None, None) };
                let field = NAMES.get(field).copied().unwrap_or_default();
                Maker { field, value, count: having.count, first, last, example: ids.id(having.row) }
            }));
        }
        for of in made_by.values_mut() {
            of.rows.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| (a.field, &a.value).cmp(&(b.field, &b.value))));
            of.rows.truncate(MOST_GIVEN);
        }
        Ok(made_by)
    }
}

impl Having {
    fn add(&mut self, more: Having) {
        self.count += more.count;
        if more.first < self.first {
            (self.first, self.row) = (more.first, more.row);
        }
        self.last = self.last.max(more.last);
        self.counted = more.counted;
    }
}

/// Calls a function with each field that names an app or a device, as its number, and its value. What cannot be read
/// names none: the fields themselves are shown with their record.
fn tell(fields: &str, add: &mut dyn FnMut(usize, &str)) {
    let mut reader = serde_json::Deserializer::from_str(fields);
    let _ = Fields { add }.deserialize(&mut reader);
}

/// The fields of a record, or of an object in one of them.
struct Fields<'a> {
    add: &'a mut dyn FnMut(usize, &str),
}

/// What stands in a field that is known by its number.
struct Value<'a> {
    field: usize,
    add: &'a mut dyn FnMut(usize, &str),
    listed: bool,
}

/// A field's name: its number, if it is one of those that are looked for.
struct Name;

impl<'de> DeserializeSeed<'de> for Name {
    type Value = Option<usize>;
    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Self::Value, D::Error> {
        from.deserialize_str(self)
    }
}

impl Visitor<'_> for Name {
    type Value = Option<usize>;
    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a name")
    }
    fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
        Ok(NAMES.binary_search(&name).ok())
    }
}

impl<'de> DeserializeSeed<'de> for Fields<'_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Fields<'_> {
    type Value = ();
    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("the fields of a record")
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(name) = map.next_key_seed(Name)? {
            match name {
                Some(field) => map.next_value_seed(Value { field, add: self.add, listed: false })?,
                None => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for Value<'_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Value<'_> {
    type Value = ();
    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("what a field holds")
    }
    fn visit_str<E>(self, value: &str) -> Result<(), E> {
        let value = match NAMES.get(self.field) {
            Some(&LINKED) => linked(value),
            Some(name) if HOLDING.contains(name) => "",
            _ => value,
        };
        let value = cut(value.trim(), LONGEST);
        if !value.is_empty() {
            (self.add)(self.field, value);
        }
        Ok(())
    }
    fn visit_u64<E: Error>(self, value: u64) -> Result<(), E> {
        self.visit_str(&value.to_string())
    }
    fn visit_i64<E: Error>(self, value: i64) -> Result<(), E> {
        self.visit_str(&value.to_string())
    }
    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }
    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }
    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        // A list within a list names nothing.
        let mut room = if self.listed { 0 } else { MOST_LISTED };
        while room > 0 {
            room -= 1;
            let value = Value { field: self.field, add: &mut *self.add, listed: true };
            if list.next_element_seed(value)?.is_none() {
                return Ok(());
            }
        }
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(())
    }
    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<(), A::Error> {
        Fields { add: self.add }.visit_map(map)
    }
}

/// Returns the words of a link; nothing of what is none.
fn linked(value: &str) -> &str {
    let words = || value.strip_prefix("<a ")?.split_once('>')?.1.split('<').next();
    words().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(fields: &str) -> Vec<(&'static str, String)> {
        let mut told = Vec::new();
        tell(fields, &mut |field, value| told.push((NAMES[field], value.to_owned())));
        told
    }

    #[test]
    fn fields_that_name_an_app_or_a_device_are_found() {
        assert!(NAMES.is_sorted(), "names are looked for by halves");
        let one = |name, value: &str| vec![(name, value.to_owned())];
        assert_eq!(told(r#"{"deviceTag":1234567890,"x":[1,{"deviceTag":2}]}"#), one("deviceTag", "1234567890"));
        assert_eq!(told(r#"{"products":["Search","Maps",null]}"#).len(), 2);
        let nested = r#"{"googlePhotosOrigin":{"mobileUpload":{"deviceFolder":{"localFolderName":"Camera"},"deviceType":"ANDROID_PHONE"}}}"#;
        assert_eq!(
            told(nested),
            [("localFolderName", "Camera".to_owned()), ("deviceType", "ANDROID_PHONE".to_owned())]
        );
        let trip = r#"{"startLocation":{"sourceInfo":{"deviceTag":-5}},"endLocation":{"sourceInfo":{"deviceTag":-5}}}"#;
        assert_eq!(told(trip), [("deviceTag", "-5".to_owned()), ("deviceTag", "-5".to_owned())]);
        assert_eq!(told(r#"{"location":"at home","sourceInfo":7}"#), []);
        let tweet = r#"{"source":"<a href=\"https://mobile.example.com\" rel=\"nofollow\">Example for phones</a>"}"#;
        assert_eq!(told(tweet), one("source", "Example for phones"));
        for nothing in
            [r#"{"source":"WIFI"}"#, r#"{"device":"  ","model":true,"Device":1.5}"#, "[]", "no", "", "{\"device\":"]
        {
            assert_eq!(told(nothing), [], "{nothing}");
        }
        let deep = format!("{}1{}", "{\"device\":".repeat(5000), "}".repeat(5000));
        assert_eq!(told(&deep), [], "depth ends at the reader's bound");
        let long = format!("{{\"device\":\"{}\"}}", "é".repeat(5000));
        assert!(told(&long)[0].1.len() <= LONGEST);
    }

    #[test]
    fn the_first_and_the_last_with_a_time_are_kept() {
        let one = |first, row, last| Having { count: 1, first, row, last, counted: row };
        let mut having = one(95, 1, 0);
        for more in [one(10, 2, 10), one(90, 3, 0), one(60, 4, 60)] {
            having.add(more);
        }
        assert_eq!((having.count, having.first, having.last, having.row), (4, 10, 60, 2));
    }
}
