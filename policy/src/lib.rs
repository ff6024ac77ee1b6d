//! YAML in, decision out: a pure library.
