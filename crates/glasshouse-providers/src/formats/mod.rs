//! Readers that several providers share: JSON objects, e-mail messages, EXIF, times, text of unknown encoding.

pub mod contentline;
pub(crate) mod element;
pub mod exif;
pub mod json;
pub mod mail;
pub(crate) mod meta;
pub mod meta_text;
pub mod table;
pub mod time;
