//! Fuzzes the target `arguments`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| veto_libfuzzer::execute("arguments", input));
