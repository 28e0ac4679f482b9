//! Glasshouse store.
