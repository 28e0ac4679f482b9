//! Zip archives: what the central directory says, what the local headers say, and where they disagree.

mod end;
mod extra;
mod header;
mod list;
mod open;
mod scan;

pub(crate) use extra::utc;
pub(crate) use list::{NotListed, list};
pub(crate) use open::{open, packed};

use crate::source::Source;
use std::io;

/// Says whether a zip ends in this source, whatever it begins with.
pub(crate) fn has_end(source: &Source) -> io::Result<bool> {
    Ok(end::find(source)?.is_some())
}
