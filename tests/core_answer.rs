//! Tables for what waiting for a port rests on: whose answer it is, and which paths may be asked for.
#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use opensandbox_wasm::core::answer::{Answer, judge};
use opensandbox_wasm::core::error::{Error, ErrorKind};
use opensandbox_wasm::core::rules;

#[test]
fn whose_answer_it_is() {
    use Answer::{Gone, NotYet, Theirs};
    let table = [
        (502, None, "Wait for port failed (HTTP 502): Bad Gateway", NotYet),
        (502, Some("BACKEND_CONNECTION_FAILED"), "m", NotYet),
        (502, Some("BACKEND_RESPONSE_FAILED"), "m", NotYet),
        (504, Some("BACKEND_TIMEOUT"), "m", NotYet),
        (500, Some("GENERAL::UNKNOWN_ERROR"), "m", NotYet),
        (500, Some("DOCKER::NETWORK_MODE_ENDPOINT_UNAVAILABLE"), "m", NotYet),
        (503, None, "Wait for port failed (HTTP 503): OpenSandbox Ingress: not ready", NotYet),
        (404, Some("KUBERNETES::POD_IP_NOT_AVAILABLE"), "m", NotYet),
        (404, Some("DOCKER::SANDBOX_NOT_FOUND"), "m", Gone),
        (404, Some("KUBERNETES::SANDBOX_NOT_FOUND"), "m", Gone),
        (404, Some("NOT_FOUND"), "m", Theirs),
        (404, None, "m", Theirs),
        (500, None, "m", Theirs),
        (500, Some("OOPS"), "m", Theirs),
        (503, None, "starting", Theirs),
        (401, Some("MISSING"), "m", Theirs),
    ];
    for (status, code, message, answer) in table {
        assert_eq!(judge(status, code, message), answer, "{status} {code:?} {message}");
    }
}

#[test]
fn paths_below_a_port() {
    for path in ["/", "/a/b.c", "/..a/b..", "/a?x=../y&z=%2e%2e", "//a", "/%2F"] {
        assert_eq!(rules::url_path("path", path), Ok(()), "{path}");
    }
    for path in ["", "a", "?x", "/..", "/../a", "/a/./b", "/a/%2e%2E/b", "/.%2e", "/a#b", "/a b", "/a\n", "/a\\..\\b"] {
        let Err(error) = rules::url_path("path", path) else { panic!("{path:?}") };
        assert_eq!(error.kind, ErrorKind::InvalidArgument, "{path:?}");
        assert!(error.message.starts_with("path must begin with '/'"), "{error}");
    }
}

#[test]
fn numbers_that_are_too_large_are_not_called_fractions() {
    assert_eq!(rules::short(8_999_999_999_999_999.0), "8999999999999999");
    assert_eq!(rules::short(1e16), "a number that is too large");
    assert_eq!(rules::short(0.5), "a fraction");
}

#[test]
fn a_missing_part_of_the_api_has_a_code_and_the_status_of_its_answer() {
    let error = Error::not_supported(501, "Pools are not supported by this server: m".into());
    assert_eq!((error.kind.class(), error.code(), error.status()), ("SandboxApiException", "NOT_SUPPORTED", Some(501)));
    assert!(!error.is_retryable());
    assert_eq!(error.to_string(), "Pools are not supported by this server: m");
    let failed = Error::new(ErrorKind::SnapshotFailed, "Snapshot x failed".into());
    assert_eq!((failed.kind.class(), failed.code(), failed.status()), ("SandboxApiException", "SNAPSHOT_FAILED", None));
    assert!(!failed.is_retryable());
}
