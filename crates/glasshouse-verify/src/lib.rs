//! Glasshouse verify.
