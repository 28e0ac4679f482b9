//! Glasshouse layout.
