//! Outlook's stores (PST, OST), read at any place of the file: an index leads to the items, and an item's parts lie
//! wherever there was room.

mod cipher;
mod file;
mod heap;
mod item;
mod names;
mod survey;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod writer;

use crate::formats::mapi;
use crate::{Opened, Positioned, Sink, Survey};
use file::File;
use glasshouse_model::Locator;
use survey::{Index, Surveyor};

pub(super) const ID: &str = "pst";

/// Says whether bytes begin as a store does.
pub(super) fn begins(head: &[u8]) -> bool {
    // A PAB (address book, `AB`) has the same form as a PST (`SM`) and an OST (`SO`).
    head.starts_with(b"!BDN") && matches!(head.get(8..10), Some(b"SM" | b"SO" | b"AB"))
}

pub(super) fn survey() -> Box<dyn Survey> {
    Box::new(Surveyor::default())
}

pub(super) fn parse(opened: &Opened<'_>, out: &mut Sink) {
    let Some(bytes) = opened.positioned else { return };
    let Some(index) = Index::read(opened.survey) else {
        let at = opened.at(Locator::bytes(0, bytes.size().min(4)));
        if opened.frames.iter().any(|f| f.offset == 0) {
            out.warn(at, "outlook.index", "The file's index was not read; nothing of the file is.");
        }
        return;
    };
    let opened_file = File::open(bytes);
    for frame in opened.frames {
        if frame.offset == 0 {
            for (problem, offset) in &index.rest.problems {
                let at = opened.at(Locator::bytes((*offset).min(bytes.size()), 0));
                out.warn(at, "outlook.index", problem.clone());
            }
            if index.rest.hidden > 0 {
                let message =
                    format!("{} hidden items (views, rules, settings of folders) were not read.", index.rest.hidden);
                out.warn(opened.at(Locator::bytes(0, 0)), "outlook.hidden", message);
            }
        }
        let Ok(file) = &opened_file else { continue };
        for listed in index.within(frame.offset, frame.bytes.len() as u64) {
            let Some(read) = item::read(file, &listed, &index, opened.entry.id) else { continue };
            read.faults.iter().for_each(|fault| out.warn(read.at.clone(), "outlook.item", *fault));
            if file.broken.replace(false) {
                let what = "A block's checksum is not that of its bytes; what is read from it may be wrong.";
                out.warn(read.at.clone(), "outlook.checksum", what);
            }
            let Some(found) = read.item else { continue };
            let mut record = mapi::record(ID, found, &read.at, out);
            record.fields.opt_text("folder path", index.folder(listed.parent));
            out.record(read.at, record);
        }
    }
}

/// Returns the bytes of an attachment by the detail of its locator (`0x200024/0x8025`); none if there is none of that
/// name, or it is longer than `longest`.
pub(super) fn attachment(bytes: &dyn Positioned, detail: &str, longest: u64) -> Option<Vec<u8>> {
    item::attachment(&File::open(bytes).ok()?, detail, longest)
}

/// Returns the HTML body of the item that a locator's detail names.
pub(super) fn html(bytes: &dyn Positioned, detail: &str) -> Option<String> {
    item::html(&File::open(bytes).ok()?, detail)
}
