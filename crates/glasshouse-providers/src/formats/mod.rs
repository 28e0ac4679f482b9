//! Readers that several providers share: JSON objects, times, text of unknown encoding.

pub mod json;
pub mod time;
