//! Keeps the decision records of one region.
