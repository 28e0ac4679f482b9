use super::file::{Fault, File};
use super::heap::properties;
use crate::formats::mapi::{Names, Props, read_names};

/// The node that says what ids from 0x8000 on stand for ([MS-PST] 2.4.7).
const MAP: u32 = 0x61;

/// Reads the names of properties.
pub(super) fn read(file: &File<'_>) -> Result<Names, Fault> {
    let Some(node) = file.node(MAP)? else { return Ok(Names::new()) };
    let bag = properties(file, &node, &Names::new(), None, &mut Vec::new())?;
    let props = Props::new(bag.list, None);
    let part = |id| props.binary(id).unwrap_or_default();
    Ok(read_names(part(0x0002), part(0x0003), part(0x0004)))
}
