//! Google Tasks: lists of tasks in one document.

use super::element::{not_an_object, text};
use super::items::{Is, List, record, within};
use super::locale::Product;
use crate::formats::json::{Object, as_text};
use crate::{Opened, Sink};
use glasshouse_model::{Family, IdentifierKind, Locator, MomentRole, PartyRole};

pub(super) const FORMAT: &str = "tasks";

static TASK: List = List {
    array: "",
    family: Family::Task,
    kind: "task",
    wrapper: "",
    members: &[
        (&["created"], Is::Time(MomentRole::Created)),
        (&["updated"], Is::Time(MomentRole::Modified)),
        (&["completed"], Is::Time(MomentRole::End)),
        (&["scheduled_time/*/start"], Is::Time(MomentRole::Start)),
        (&["title"], Is::Title),
        (&["notes"], Is::Text),
        (&["assignee/email"], Is::Id(PartyRole::Subject, IdentifierKind::Email)),
        // Google states a due day as a midnight in UTC: it is no instant.
        (&["due", "id", "kind", "status", "task_type", "selfLink", "parent", "position", "etag", "links"], Is::Field),
        (&["deleted", "hidden"], Is::Field),
    ],
};

static LIST: List = List {
    array: "",
    family: Family::Task,
    kind: "list",
    wrapper: "",
    members: &[
        (&["updated"], Is::Time(MomentRole::Modified)),
        (&["title"], Is::Title),
        (&["id", "kind", "selfLink", "etag", "items"], Is::Field),
    ],
};

/// Says whether an entry is the document of all lists.
pub(super) fn is_ours(product: Option<Product>, head: &[u8]) -> bool {
    product == Some(Product::Tasks) && memchr::memmem::find(head, b"tasks#").is_some()
}

/// Reads every list and every task of each.
pub(super) fn parse(opened: &Opened<'_>, out: &mut Sink) {
    for frame in opened.frames {
        let at = opened.at(Locator::json("", frame.offset, frame.bytes.len() as u64));
        let raw = text(frame, &at, out);
        let Ok(document) = Object::parse(raw.trim_start_matches('\u{feff}')) else {
            not_an_object(frame, at, out);
            continue;
        };
        let kind = |raw: &str| as_text(raw).is_some_and(|text| text.starts_with("tasks#"));
        let known = |key: &str, raw: &str| match key {
            "kind" => kind(raw),
            "items" => raw.starts_with('['),
            _ => false,
        };
        for (key, _) in document.members().filter(|(key, raw)| !known(key, raw.get())) {
            out.drift(FORMAT, key);
            out.warn(at.clone(), "json.member", "A member of the document that is not known; it was not read.");
        }
        let mut strange = 0usize;
        for (i, list) in document.array("items").unwrap_or_default().into_iter().enumerate() {
            let Ok(object) = Object::parse(list) else {
                strange += 1;
                continue;
            };
            // Each task repeats them.
            let short = |key| object.text(key).map(|text| text.chars().take(200).collect::<String>());
            let (title, id) = (short("title"), short("id"));
            let tasks = object.array("items").unwrap_or_default();
            for (j, task) in tasks.into_iter().enumerate() {
                let at = within(opened, frame, &raw, task, &format!("/items/{i}/items/{j}"));
                match record(FORMAT, &TASK, opened, task, &at, out) {
                    Some(mut record) => {
                        record.fields.opt_text("list", title.as_deref());
                        record.conversation.clone_from(&id);
                        out.record(at, record);
                    }
                    None => strange += 1,
                }
            }
            // The tasks are records of their own; the list says only what it is.
            let own: Vec<_> =
                object.members().filter(|(key, raw)| *key != "items" || !raw.get().starts_with('[')).collect();
            let bare = own
                .iter()
                .map(|(key, raw)| format!("{}:{}", serde_json::Value::from(*key), raw.get()))
                .collect::<Vec<_>>()
                .join(",");
            let at = within(opened, frame, &raw, list, &format!("/items/{i}"));
            if let Some(record) = record(FORMAT, &LIST, opened, &format!("{{{bare}}}"), &at, out) {
                out.record(at, record);
            } else {
                strange += 1;
            }
        }
        if strange > 0 {
            out.warn(at, "json.syntax", format!("{strange} elements are not lists or tasks; they were not read."));
        }
    }
}
