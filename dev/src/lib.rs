//! All parts of Veto in one process.
