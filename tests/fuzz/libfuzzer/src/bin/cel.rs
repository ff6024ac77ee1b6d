//! Fuzzes the target `cel`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| veto_libfuzzer::execute("cel", input));
