//! Readers that several providers share: JSON objects, e-mail messages, EXIF, times, text of unknown encoding.

pub(crate) mod boxes;
pub(crate) mod bytes;
pub(crate) mod cfb;
pub mod contentline;
pub mod element;
pub mod escaped;
pub mod exif;
pub mod json;
pub mod mail;
pub(crate) mod mapi;
pub mod members;
pub(crate) mod meta;
pub mod meta_text;
pub mod months;
pub mod page;
pub mod sheet;
pub mod stacked;
pub mod stamp;
pub mod table;
pub mod time;
pub(crate) mod tnef;
pub mod wall;
pub mod workbook;
pub mod xml;
