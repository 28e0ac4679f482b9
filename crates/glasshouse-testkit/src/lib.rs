//! Glasshouse testkit.
