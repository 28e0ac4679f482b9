//! Glasshouse engine.
