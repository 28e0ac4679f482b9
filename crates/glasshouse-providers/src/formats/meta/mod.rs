//! What the exports of Facebook and Instagram share: where they begin, messages, pages, lists of items.

pub(crate) mod html;
pub(crate) mod messages;
pub(crate) mod page;
pub(crate) mod roots;
