#![no_main]
libfuzzer_sys::fuzz_target!(|input: &[u8]| opensandbox_fuzz::events(input));
