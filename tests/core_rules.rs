//! Tables for the pure rules: runs, exit codes, URLs, argument checks, error bodies, captures, multipart.
#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use opensandbox_wasm::core::capture::replay;
use opensandbox_wasm::core::egress::meaning;
use opensandbox_wasm::core::error::{Error, ErrorBody};
use opensandbox_wasm::core::events::{Batch, Kind, ROW};
use opensandbox_wasm::core::run::{Endpoint, Run, Signal, exit_code};
use opensandbox_wasm::core::{multipart, rules, url};

#[test]
fn when_a_run_is_over() {
    use Endpoint::{Background, Code, Command, Session, Watch};
    use Signal::{Complete, Error, Init, Refused};
    // endpoint, events, over at the last of them, ended at EOF
    let table: &[(Endpoint, &[Signal], bool, bool)] = &[
        (Command, &[], false, false),
        (Command, &[Init], false, false),
        (Command, &[Init, Complete], true, true),
        (Command, &[Init, Error], true, true),
        (Command, &[Refused], true, true),
        (Background, &[Init], false, false),
        (Background, &[Init, Complete], true, true),
        (Background, &[Init, Refused], true, true),
        (Session, &[Init, Complete], true, true),
        (Session, &[Init, Error], true, true),
        (Session, &[Init, Refused], true, true),
        (Session, &[Init], false, false),
        (Watch, &[], false, false),
        (Watch, &[Init, Complete, Error, Refused], false, false),
        (Code, &[Init], false, false),
        (Code, &[Init, Complete], false, true),
        (Code, &[Init, Error], false, true),
        (Code, &[Init, Error, Complete], false, true),
        (Code, &[Init, Refused], false, true),
    ];
    for (endpoint, signals, over, ended) in table {
        let mut run = Run::new(*endpoint);
        let last = signals.iter().map(|signal| run.note(*signal)).last().unwrap_or(false);
        assert_eq!((last, run.ended()), (*over, *ended), "{endpoint:?} {signals:?}");
    }
}

#[test]
fn only_a_foreground_command_with_an_id_can_be_recovered() {
    for endpoint in [Endpoint::Command, Endpoint::Background, Endpoint::Session, Endpoint::Code] {
        let mut run = Run::new(endpoint);
        assert!(!run.recoverable());
        run.note(Signal::Init);
        assert_eq!(run.recoverable(), endpoint == Endpoint::Command);
        run.note(Signal::Complete);
        assert!(!run.recoverable());
    }
}

#[test]
fn exit_codes() {
    let table = [
        ("7", Some(7)),
        (" -1 ", Some(-1)),
        ("0", Some(0)),
        ("", None),
        ("-", None),
        ("1.5", None),
        ("fork/exec /bin/bash: operation not permitted", None),
        ("99999999999", None),
        ("+1", None),
    ];
    for (text, expected) in table {
        assert_eq!(exit_code(text), expected, "{text:?}");
    }
}

#[test]
fn urls() {
    assert_eq!(url::encode("a b/c?&=+%é'(~)"), "a%20b%2Fc%3F%26%3D%2B%25%C3%A9'(~)");
    assert_eq!(url::with_query("/x", &[("path", "/a b"), ("n", "1")]), "/x?path=%2Fa%20b&n=1");
    assert_eq!(url::with_query("/x?y=1", &[("a", "&")]), "/x?y=1&a=%26");
    let pairs = [("a".to_owned(), "1".to_owned()), ("b".to_owned(), "x&y=z w+%41".to_owned())];
    assert_eq!(url::metadata_filter(&pairs), "a=1&b=x%26y%3Dz%20w%2B%2541");
    for (text, base) in [
        ("h:1", "http://h:1"),
        ("h/sandboxes/i/proxy/44772/", "http://h/sandboxes/i/proxy/44772"),
        ("[::1]:8", "http://[::1]:8"),
    ] {
        assert_eq!(url::endpoint_base("http", text).unwrap(), base);
    }
    for text in ["", "/x", "https://h", "u:p@h", "h#f", "h?q", "h x", "h\n", "javascript://h", "h\\x"] {
        assert!(url::endpoint_base("http", text).is_err(), "{text:?}");
    }
    for (address, base, under) in [
        ("http://h/v1/sandboxes", "http://h/v1", true),
        ("http://h/v1", "http://h/v1", true),
        ("http://h/v1?x", "http://h/v1/", true),
        ("http://h/v10/x", "http://h/v1", false),
        ("http://h.evil/v1/x", "http://h", false),
        ("https://h/v1/x", "http://h/v1", false),
    ] {
        assert_eq!(url::is_under(address, base), under, "{address} under {base}");
    }
}

#[test]
fn arguments_that_are_refused() {
    for id in ["", "  ", ".", ".."] {
        assert!(rules::segment("sandboxId", id).is_err(), "{id:?}");
    }
    assert_eq!(rules::segment("id", "a/../b").unwrap(), "a%2F..%2Fb");
    for path in ["", "a\0b", "price$5.txt", "a$", "$$", "a$-b", "cost $"] {
        assert!(rules::file_path("path", path).is_err(), "{path:?}");
    }
    for path in ["/a", "~/x", "$HOME/x", "${HOME}/x", "$_x", "a b"] {
        assert!(rules::file_path("path", path).is_ok(), "{path:?}");
    }
    for (name, value) in [("", "x"), ("a b", "x"), ("a:", "x"), ("a", "x\r\nb: c"), ("a", "x\0"), ("a", "漢")] {
        assert!(rules::header(name, value).is_err(), "{name:?}: {value:?}");
    }
    assert!(rules::header("X-Request-ID", "a b é").is_ok());
    let error = rules::header("k", "secret\n").unwrap_err().to_string();
    assert!(!error.contains("secret"), "a header value may be a key: {error}");
    for value in [0.0, -1.0, 65536.0, 1.5, f64::NAN] {
        assert!(rules::port(value).is_err(), "{value}");
    }
    assert_eq!(rules::port(8080.0).unwrap(), 8080);
    for value in [-1.0, 8.0, 648.0, 1.5, 10000.0, f64::NAN] {
        assert!(rules::mode("mode", value).is_err(), "{value}");
    }
    assert_eq!(rules::mode("mode", 644.0).unwrap(), 644);
    assert!(
        rules::volume_backend("v", 0).is_err()
            && rules::volume_backend("v", 2).is_err()
            && rules::volume_backend("v", 1).is_ok()
    );
    for (path, good) in [("/a", true), ("C:\\a", true), ("d:/a", true), ("a", false), ("", false), ("C:a", false)] {
        assert_eq!(rules::host_path(path).is_ok(), good, "{path:?}");
    }
}

#[test]
fn error_bodies_in_every_shape() {
    let body = |code: Option<&str>, message: Option<&str>, details: &[(&str, &str)], text: &str| ErrorBody {
        code: code.map(str::to_owned),
        message: message.map(str::to_owned),
        details: details.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect(),
        text: text.to_owned(),
    };
    let table = [
        (
            body(Some("DOCKER::SANDBOX_NOT_FOUND"), Some("Sandbox x not found."), &[], ""),
            404,
            "DOCKER::SANDBOX_NOT_FOUND",
            "Sandbox x not found.",
        ),
        (
            body(None, None, &[("query.page", "Input should be greater"), ("", "other")], ""),
            422,
            "UNEXPECTED_RESPONSE",
            "List failed: query.page: Input should be greater; other",
        ),
        (
            body(None, None, &[], "Internal Server Error"),
            500,
            "UNEXPECTED_RESPONSE",
            "List failed (HTTP 500): Internal Server Error",
        ),
        (body(None, None, &[], "<html>nginx</html>"), 502, "UNEXPECTED_RESPONSE", "List failed (HTTP 502)"),
        (body(None, None, &[], ""), 500, "UNEXPECTED_RESPONSE", "List failed (HTTP 500)"),
        (body(Some(""), Some(" "), &[], ""), 503, "UNEXPECTED_RESPONSE", "List failed (HTTP 503)"),
    ];
    for (body, status, code, message) in table {
        let error = body.into_error(status, "List failed");
        assert_eq!((error.code(), error.to_string().as_str(), error.status()), (code, message, Some(status)));
        assert_eq!(error.is_retryable(), matches!(status, 429 | 502..=504));
    }
    assert_eq!(Error::aborted().code(), "ABORTED");
    assert_eq!(Error::redirect(0).status(), None, "an opaque redirect has no status");
}

#[test]
fn captures_become_the_events_that_are_missing() {
    let texts = |raw: &[u8], skip: usize| {
        let mut batch = Batch::default();
        let count = replay(raw, skip, Kind::Stdout, 9.0, &mut batch);
        let mut at = 0;
        let text = String::from_utf8(batch.text).unwrap();
        let units: Vec<u16> = text.encode_utf16().collect();
        let texts: Vec<String> = batch
            .table
            .chunks(ROW)
            .map(|row| {
                let part = String::from_utf16(&units[at..at + row[1] as usize]).unwrap();
                at += row[1] as usize;
                part
            })
            .collect();
        (count, texts)
    };
    // The recording command-line-endings, from its raw output.
    assert_eq!(
        texts(b"a\n\nb\r\nc\rd\nno-newline", 0),
        (6, ["a", "\n", "b", "c", "d", "no-newline"].map(String::from).to_vec())
    );
    assert_eq!(texts(b"a\n\nb\r\nc\rd\nno-newline", 4), (6, ["d", "no-newline"].map(String::from).to_vec()));
    assert_eq!(texts(b"a\n", 5), (1, vec![]), "fewer lines than were received: not the whole output");
    assert_eq!(texts(b"", 0), (0, vec![]));
    assert_eq!(texts(b"\xE2\x82x\n", 0), (1, vec!["\u{FFFD}\u{FFFD}x".into()]), "as Go does: one mark per byte");
}

#[test]
fn multipart_text() {
    let head = multipart::head("B", "{}", "/a/we\"ird\r\nname.txt", "text/plain\r\nX: y");
    assert!(head.contains("name=\"metadata\"; filename=\"metadata\"\r\n"));
    assert!(head.contains("filename=\"we%22ird%0D%0Aname.txt\"\r\n"));
    assert!(head.contains("Content-Type: text/plain  X: y\r\n\r\n"));
    assert!(multipart::head("B", "{}", "/a/", "x").contains("filename=\"file\""));
    assert_eq!(multipart::tail("B"), "\r\n--B--\r\n");
}

#[test]
fn what_the_egress_sidecar_means() {
    let code = |status, coded, message: &str| meaning(status, coded, message).map(|meaning| meaning.code);
    for (status, message, wanted) in [
        (400, "invalid policy: x", Some("EGRESS_INVALID_REQUEST")),
        (401, "unauthorized", Some("EGRESS_UNAUTHORIZED")),
        (404, "credential vault not found", Some("VAULT_NOT_FOUND")),
        (404, "credential not found", Some("CREDENTIAL_NOT_FOUND")),
        (404, "binding not found", Some("BINDING_NOT_FOUND")),
        (404, "404 page not found", Some("NOT_SUPPORTED")),
        (409, "credential vault already exists", Some("VAULT_EXISTS")),
        (409, "expectedRevision 1 does not match", Some("VAULT_REVISION_CONFLICT")),
        (412, "credential proxy is not ready", Some("VAULT_NOT_READY")),
        (426, "credential vault writes require TLS", Some("VAULT_TRANSPORT_REFUSED")),
        (500, "x", Some("EGRESS_FAILED")),
        (418, "x", None),
    ] {
        assert_eq!(code(status, false, message), wanted, "{status} {message}");
        // A code of the server's own is kept.
        assert_eq!(code(status, true, message), None, "{status} {message}");
    }
    for status in 502..=504 {
        assert_eq!(code(status, true, ""), Some("EGRESS_UNREACHABLE"));
        assert_eq!(code(status, false, ""), Some("EGRESS_UNREACHABLE"));
    }
    // A sentence goes on after the message: none ends in a full stop.
    for status in [401, 409, 412, 426, 502] {
        assert!(!meaning(status, false, "").unwrap().advice.ends_with('.'));
    }
}
