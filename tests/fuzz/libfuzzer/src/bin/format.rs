//! Fuzzes the target `format`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| veto_libfuzzer::execute("format", input));
