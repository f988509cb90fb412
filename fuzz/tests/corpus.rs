//! Replays the committed corpus, also what once was a crash. Needs no fuzzer.

use std::path::Path;

fn replay(target: &str, check: impl Fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target);
    let mut count = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let file = entry.unwrap().path();
        let input = std::fs::read(&file).unwrap();
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| check(&input)));
        assert!(outcome.is_ok(), "{} fails", file.display());
        count += 1;
    }
    assert!(count >= 10, "only {count} inputs for {target}");
}

#[test]
fn frames() {
    replay("frames", opensandbox_fuzz::frames);
}

#[test]
fn events() {
    replay("events", opensandbox_fuzz::events);
}

#[test]
fn capture() {
    replay("capture", opensandbox_fuzz::capture);
}
