//! Archives inside a part that only a password opens: a later command without it keeps the numbers of their entries.

use super::journal::PartRow;
use super::sealed;
use glasshouse_layout::EntryLine;
use glasshouse_store::{Case, Catalog, CatalogEntry, EntryKind, Part};

/// Returns a part as its manifest lists it, where it was listed with a password and is now listed without: what lies
/// in an encrypted archive has its place and cannot be read. None where the manifest says anything else.
pub fn as_listed(case: &Case, row: &PartRow, part: &Part, catalog: &Catalog) -> Option<(Part, Catalog)> {
    let (_, manifest) = sealed::read_manifest(case.root(), &case.seal().ok()?, &row.source, row.number).ok()?;
    let first = row.first_entry?;
    let mut entries: Vec<CatalogEntry> = Vec::new();
    // For each entry of the manifest, whether it lies in an encrypted archive; and its index in the listing.
    let (mut inside, mut order) = (Vec::new(), Vec::new());
    let mut listed = (0..).zip(&catalog.entries);
    for line in manifest {
        let parent = line.parent.and_then(|p| p.checked_sub(first)).map(|p| p as usize);
        let is_inside = parent.is_some_and(|p| {
            inside.get(p).is_some_and(|i| *i) || entries.get(p).is_some_and(|e: &CatalogEntry| e.encrypted)
        });
        inside.push(is_inside);
        if is_inside {
            order.push(None);
            entries.push(closed(line, parent));
        } else {
            let (index, entry) = listed.next().filter(|(_, entry)| entry.path == line.path)?;
            order.push(Some(index));
            entries.push(CatalogEntry { parent, ..entry.clone() });
        }
    }
    if listed.next().is_some() || row.entries != u32::try_from(entries.len()).ok() {
        return None;
    }
    let mut troubles = catalog.troubles.clone();
    for trouble in &mut troubles {
        trouble.entry = trouble.entry.and_then(|index| order.iter().position(|o| *o == Some(index)));
    }
    Some((part.arranged(&order), Catalog { entries, troubles }))
}

/// Returns an entry as its manifest says it; its bytes cannot be had.
pub(super) fn closed(line: EntryLine, parent: Option<usize>) -> CatalogEntry {
    CatalogEntry {
        path: line.path,
        path_bytes: line.path_bytes.and_then(|bytes| hex::decode(bytes).ok()),
        kind: match line.kind.as_str() {
            "folder" => EntryKind::Folder,
            "link" => EntryKind::Link,
            "file" => EntryKind::File,
            _ => EntryKind::Other,
        },
        parent,
        method: line.method,
        offset: line.offset,
        csize: line.csize,
        size: line.size,
        crc32: line.crc32.and_then(|crc| u32::from_str_radix(&crc, 16).ok()),
        modified: line.modified,
        encrypted: true,
        link_target: line.link_target,
        problem: line.problem,
    }
}
