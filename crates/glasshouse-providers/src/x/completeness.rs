//! The archive's own list of its files, and whether what it names is there.

use super::element::{Owner, assigned, first, keep_text, string};
use super::names::{ARRAY, Script};
use super::when;
use crate::formats::element::{keep, not_an_object, text};
use crate::formats::json::Object;
use crate::{Opened, Sink};
use glasshouse_model::{Family, Locator, MomentRole, PartyRole};

pub(super) const FORMAT: &str = "archive";

/// Files that are said to be missing, beyond which only their number is told.
const MOST_MISSING: usize = 100;

/// Reads the list and compares it with the files that are there.
pub(super) fn parse(opened: &Opened<'_>, out: &mut Sink) {
    for frame in opened.frames {
        let at = opened.at(Locator::json("", frame.offset, frame.bytes.len() as u64));
        let whole = text(frame, &at, out);
        let json = std::str::from_utf8(assigned(whole.as_bytes())).unwrap_or_default();
        let Ok(object) = Object::parse(json) else {
            return not_an_object(frame, at, out);
        };
        let owner = Owner::of_list(&object);
        let mut record = super::tweets::own(Family::Activity, FORMAT, &owner, PartyRole::Owner);
        for (key, raw) in object.members() {
            match key {
                "archiveInfo" => {
                    let info = object.object(key);
                    let time = info.as_ref().and_then(|info| info.text("generationDate"));
                    record.moments.extend(time.map(|time| when::moment(MomentRole::Created, &time)));
                    keep(&mut record.fields, key, raw.get());
                    if info.and_then(|info| info.bool("isPartialArchive")) == Some(true) {
                        out.warn(at.clone(), "export.incomplete", "The archive says of itself that it is a part.");
                    }
                }
                // What the list says is checked below.
                "dataTypes" => keep(&mut record.fields, key, raw.get()),
                _ => {
                    if !matches!(key, "userInfo" | "readmeInfo") {
                        out.drift(FORMAT, key);
                    }
                    keep_text(&mut record.fields, key, raw.get());
                }
            }
        }
        let files = files(&object);
        record.fields.int("files", i64::try_from(files.len()).unwrap_or(i64::MAX));
        let mut missing = 0usize;
        for file in &files {
            let found = opened.claim.links.get(file.below());
            let Some(fault) = file.fault(found.map(|link| link.size)) else { continue };
            missing += 1;
            if missing <= MOST_MISSING {
                out.warn(at.clone(), "export.incomplete", fault);
            }
        }
        if missing > MOST_MISSING {
            let more = missing - MOST_MISSING;
            out.warn(
                at.clone(),
                "export.incomplete",
                format!("{more} more files of the list are missing or too short."),
            );
        }
        record.fields.int("files_missing", i64::try_from(missing).unwrap_or(i64::MAX));
        out.record(at, record);
    }
}

/// One file of the list.
struct File {
    name: String,
    assigns: String,
    count: u64,
}

impl File {
    /// Returns its path below the folder that the scripts lie in.
    fn below(&self) -> &str {
        self.name.split_once('/').map_or(self.name.as_str(), |(_, below)| below)
    }

    /// Returns what is wrong with a file of that size, or with one that is not there.
    fn fault(&self, size: Option<u64>) -> Option<String> {
        let (name, count) = (&self.name, self.count);
        if count == 0 {
            return None;
        }
        let Some(size) = size else {
            return Some(format!("The archive's list names {count} items in {name}, which is not there."));
        };
        // An element takes eight bytes at least (`{"a":{}}`), and `window.YTD.x.part0=[]` stands around them.
        const AROUND: u64 = "window.=[]".len() as u64;
        let least = AROUND.saturating_add(self.assigns.len() as u64).saturating_add(count.saturating_mul(8));
        (size < least)
            .then(|| format!("The archive's list names {count} items in {name}, which is too short for them."))
    }
}

fn files(list: &Object<'_>) -> Vec<File> {
    const MOST: usize = 100_000;
    let types = list.object("dataTypes");
    let mut files = Vec::new();
    for (_, raw) in types.iter().flat_map(|types| types.members()) {
        let Ok(kind) = Object::parse(raw.get()) else { continue };
        for file in kind.objects("files") {
            let text = |key: &str| string(&file, key).map(|text| text.into_owned());
            let (Some(name), Some(count)) = (text("fileName"), text("count").and_then(|n| n.trim().parse().ok()))
            else {
                continue;
            };
            if files.len() < MOST {
                files.push(File { name, assigns: text("globalName").unwrap_or_default(), count });
            }
        }
    }
    files
}

/// Compares the number of a file's elements with what the list says, once a file.
pub(super) fn compare(opened: &Opened<'_>, out: &mut Sink) {
    if opened.survey.is_empty() || opened.claim.framing != ARRAY || !first(opened.frames) {
        return;
    }
    let found: Option<u64> = std::str::from_utf8(opened.survey).ok().and_then(|text| text.parse().ok());
    let list = opened.companions.iter().find(|beside| Script::of(beside.bytes) == Some(Script::Manifest));
    let (Some(found), Some(list)) = (found, list) else { return };
    let Some(list) = std::str::from_utf8(assigned(list.bytes)).ok().and_then(|json| Object::parse(json).ok()) else {
        return;
    };
    let name = opened.entry.name();
    let Some(file) = files(&list).into_iter().find(|file| file.below() == name) else { return };
    if file.count != found {
        let at = opened.at(Locator::json("", 0, 0));
        let message = format!("The archive's list names {} items in {name}; it holds {found}.", file.count);
        let code = if found < file.count { "export.incomplete" } else { "export.disagrees" };
        out.warn(at, code, message);
    }
}

impl Owner {
    fn of_list(list: &Object<'_>) -> Self {
        let Some(info) = list.object("userInfo") else { return Owner::default() };
        let text = |key: &str| string(&info, key).map(|text| text.into_owned());
        Owner { id: text("accountId"), user: text("userName"), name: text("displayName") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_cannot_hold_its_items_is_told() {
        let file = |count| File { name: "data/tweets.js".into(), assigns: "YTD.tweets.part0".into(), count };
        assert_eq!(file(0).fault(None), None);
        assert!(file(2).fault(None).is_some_and(|fault| fault.contains("data/tweets.js")));
        assert!(file(9).fault(Some(27)).is_some());
        assert_eq!(file(2).fault(Some(500)), None);
        assert_eq!(file(2).below(), "tweets.js");
        assert!(file(u64::MAX).fault(Some(500)).is_some());
    }
}
