//! Tables for the pure rules of file transfers: many paths in one call, resuming, paths of a directory's entries.
#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use opensandbox_wasm::core::batch::{MAX_PATHS, MAX_QUERY, split};
use opensandbox_wasm::core::resume::skip;
use opensandbox_wasm::core::tree::relative;
use opensandbox_wasm::core::url;

fn lengths(paths: &[String]) -> Vec<usize> {
    split(paths).iter().map(|part| part.len()).collect()
}

#[test]
fn many_paths_are_split_by_their_number() {
    let paths = |count: usize| vec!["a".to_owned(); count];
    assert_eq!(lengths(&paths(0)), [0], "execd is asked all the same");
    assert_eq!(lengths(&paths(1)), [1]);
    assert_eq!(lengths(&paths(MAX_PATHS)), [MAX_PATHS]);
    assert_eq!(lengths(&paths(MAX_PATHS + 1)), [MAX_PATHS, 1]);
    assert_eq!(lengths(&paths(2 * MAX_PATHS + 7)), [MAX_PATHS, MAX_PATHS, 7]);
}

#[test]
fn many_paths_are_split_by_the_length_of_the_url() {
    // Each is nine times as long in a URL as it has characters.
    let paths: Vec<String> = (0..100).map(|i| format!("/{}{i}", "你".repeat(10 + i))).collect();
    let parts = split(&paths);
    assert_eq!(parts.concat(), paths, "all, in their order");
    for part in &parts {
        let query: Vec<(&str, &str)> = part.iter().map(|path| ("path", path.as_str())).collect();
        assert!(url::with_query("", &query).len() <= MAX_QUERY + 1);
    }
    // As few as possible: the first of the next would not have fitted.
    for pair in parts.windows(2) {
        let [part, next] = pair else { panic!("two") };
        let query: Vec<(&str, &str)> = part.iter().chain(next.first()).map(|path| ("path", path.as_str())).collect();
        assert!(url::with_query("", &query).len() > MAX_QUERY);
    }
    // One that is longer than the limit goes alone.
    let long = "x".repeat(2 * MAX_QUERY);
    assert_eq!(lengths(&["a".into(), long.clone(), "b".into(), long]), [1, 1, 1, 1]);
}

/// from, size, status, Content-Range, bytes to pass over
type Resume = (u64, u64, u16, Option<&'static str>, Option<u64>);

#[test]
fn what_the_answer_to_a_resume_means() {
    let table: &[Resume] = &[
        (0, 10, 200, None, Some(0)),
        (4, 10, 206, Some("bytes 4-9/10"), Some(0)),
        (4, 10, 206, Some(" bytes 4-9/10 "), Some(0)),
        (4, 10, 206, Some("bytes 4-9/*"), Some(0)),
        (4, 10, 206, None, Some(0)),
        (4, 10, 200, None, Some(4)),
        (4, 10, 206, Some("bytes 3-9/10"), None),
        (4, 10, 206, Some("bytes 4-10/11"), None),
        (4, 10, 206, Some("bytes 4-9/x"), None),
        (4, 10, 206, Some("lines 4-9/10"), None),
        (4, 10, 206, Some("bytes */10"), None),
        (4, 10, 206, Some(""), None),
        (4, 10, 204, None, None),
    ];
    for (from, size, status, range, expected) in table {
        assert_eq!(skip(*from, *size, *status, *range).ok(), *expected, "{from} {size} {status} {range:?}");
    }
    assert!(skip(4, 10, 206, Some("bytes 0-9/10")).unwrap_err().contains("bytes 0-9/10"));
}

#[test]
fn paths_of_entries_stay_in_their_directory() {
    let table = [
        ("/a", "/a/b", Some("b")),
        ("/a", "/a/b/c d", Some("b/c d")),
        ("/a/", "/a/b", Some("b")),
        ("/", "/a/b", Some("a/b")),
        ("/a", "/a/..b/.c...", Some("..b/.c...")),
        ("/a", "/a", None),
        ("/a", "/a/", None),
        ("/a", "/ab/c", None),
        ("/a", "/b/c", None),
        ("/a", "a/b", None),
        ("/a", "", None),
        ("/a", "/a/../etc/passwd", None),
        ("/a", "/a/b/..", None),
        ("/a", "/a/./b", None),
        ("/a", "/a//b", None),
        ("/a", "/a/b\0", None),
    ];
    for (root, path, expected) in table {
        assert_eq!(relative(root, path), expected, "{root} {path}");
    }
}
