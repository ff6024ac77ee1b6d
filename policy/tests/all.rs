//! One binary for all tests over the public API: linking is what takes time.

mod all {
    mod corpus;
    mod diagnostics;
    mod examples;
    mod properties;
    mod support;
}
