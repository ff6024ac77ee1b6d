//! Holds the house to its rules: who may import whom, how long a file may be, and that the generated
//! reference is what the code says. Everything stands in `tests/`.
