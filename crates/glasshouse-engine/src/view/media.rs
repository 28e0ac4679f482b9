//! Pictures, films and sounds of a set.

use super::View;
use super::attached::{Attachment, Item, Kind};
use super::rows::{Row, as_row, shown_and, text};
use super::set::{Set, Sorted};
use crate::EngineError;
use serde::Serialize;
use serde_json::Value;

/// A picture, film or sound.
#[derive(Clone, Debug, Serialize)]
pub struct Medium {
    #[serde(flatten)]
    pub about: Attachment,
    /// Pixels, where the record states them.
    pub width: Option<u64>,
    pub height: Option<u64>,
}

/// A record of the gallery with the medium that it shows.
#[derive(Clone, Debug, Serialize)]
pub struct Shown {
    #[serde(flatten)]
    pub row: Row,
    pub media: Medium,
}

/// Names under which formats state the size of a picture, in the order of trust.
const WIDTHS: [&str; 5] = ["exif.PixelXDimension", "exif.ExifImageWidth", "exif.ImageWidth", "width", "Width"];
const HEIGHTS: [&str; 5] = ["exif.PixelYDimension", "exif.ExifImageHeight", "exif.ImageHeight", "height", "Height"];

impl View {
    /// Returns the records of a set that have a picture, film or sound whose bytes the case holds.
    pub fn with_media(&self, set: &Set) -> Result<Set, EngineError> {
        let (order, attached) = (self.order()?, self.attached()?);
        let mut positions: Vec<u32> = attached
            .items
            .iter()
            .filter(|i| i.present && i.kind != Kind::Other)
            .map(|i| order.place(i.row))
            .filter(|p| set.has(*p))
            .collect();
        positions.sort_unstable();
        positions.dedup();
        Ok(Set::list(&order, positions))
    }

    /// Returns a page of the gallery: each record with its first medium.
    pub fn gallery(&self, media: &Set, sorted: Sorted, rank: u32, limit: u32) -> Result<Vec<Shown>, EngineError> {
        let rows = self.read_at(&media.page(sorted, rank, limit), &shown_and(&["fields"]), |batch, i, known| {
            let number = known.row;
            let size = text(batch, "fields", i)?.map_or((None, None), size);
            Ok((number, as_row(batch, i, known)?, size))
        })?;
        let asked: Vec<(u32, &str)> = rows.iter().map(|(number, row, _)| (*number, row.id.as_str())).collect();
        let first = |items: &[Item]| {
            let mut shown = (0..).zip(items.iter().copied()).filter(|(_, i)| i.present && i.kind != Kind::Other);
            shown.next().into_iter().collect()
        };
        let described = self.attachments_of(&asked, first)?;
        let shown = rows.into_iter().zip(described).filter_map(|((_, row, (width, height)), mut these)| {
            Some(Shown { media: Medium { about: these.pop()?, width, height }, row })
        });
        Ok(shown.collect())
    }
}

/// Returns width and height as a record's fields state them.
fn size(fields: &str) -> (Option<u64>, Option<u64>) {
    if fields.len() > 256 << 10 {
        return (None, None);
    }
    let fields: serde_json::Map<String, Value> = serde_json::from_str(fields).unwrap_or_default();
    let read = |names: &[&str]| {
        names.iter().find_map(|name| match fields.get(*name)? {
            Value::Number(n) => n.as_u64(),
            Value::String(text) => text.split_whitespace().next()?.parse().ok(),
            _ => None,
        })
    };
    (read(&WIDTHS), read(&HEIGHTS))
}
