//! Readers that several providers share: JSON objects, e-mail messages, times, text of unknown encoding.

pub mod contentline;
pub mod json;
pub mod mail;
pub mod time;
