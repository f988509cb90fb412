//! Tables for what is asked again and when, and for what logs and messages do not show.
#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use opensandbox_wasm::core::retry::{
    Attempt, Outcome, Policy, decide, is_gone, is_idempotent, may_move, retry_after, says_never_sent,
};
use opensandbox_wasm::core::secrets::{mask, of_header, readable, shorten};

const METHODS: [&str; 7] = ["GET", "HEAD", "OPTIONS", "PUT", "DELETE", "POST", "PATCH"];
const SAFE: [&str; 5] = ["GET", "HEAD", "OPTIONS", "PUT", "DELETE"];
const PASSING: [u16; 4] = [429, 502, 503, 504];

fn attempt(method: &str, outcome: Outcome) -> Attempt<'_> {
    Attempt { method, number: 1, outcome, retry_after_ms: None, left_ms: f64::INFINITY, repeatable: true }
}

#[test]
fn method_by_status() {
    for method in METHODS {
        for status in (100..600).chain([0, 999]) {
            let first = attempt(method, Outcome::Status(status));
            let passing = PASSING.contains(&status);
            let plain = decide(&Policy::default(), &first, 0.5);
            assert_eq!(plain.is_some(), passing && SAFE.contains(&method), "{method} {status}");
            let asked = decide(&Policy { posts: true, ..Policy::default() }, &first, 0.5);
            assert_eq!(asked.is_some(), passing, "{method} {status}, with retryPost");
        }
    }
}

#[test]
fn method_by_kind_of_error() {
    for method in METHODS {
        for posts in [false, true] {
            let policy = Policy { posts, ..Policy::default() };
            let lost = decide(&policy, &attempt(method, Outcome::NoAnswer), 0.5);
            assert_eq!(lost.is_some(), SAFE.contains(&method), "{method}: what a lost POST asks for may be done");
            assert_eq!(decide(&policy, &attempt(method, Outcome::Final), 0.5), None, "{method}");
        }
        assert_eq!(is_idempotent(method), SAFE.contains(&method));
    }
}

#[test]
fn number_of_attempts() {
    for (attempts, sent) in [(1, 1), (2, 2), (3, 3), (7, 7)] {
        let policy = Policy { attempts, ..Policy::default() };
        let mut number = 1;
        while decide(&policy, &Attempt { number, ..attempt("GET", Outcome::NoAnswer) }, 0.0).is_some() {
            number += 1;
        }
        assert_eq!(number, sent);
    }
    assert_eq!(Policy::default().attempts, 3);
}

#[test]
fn a_stream_is_never_sent_again() {
    for outcome in [Outcome::Status(503), Outcome::NoAnswer] {
        let policy = Policy { attempts: 100, posts: true, ..Policy::default() };
        assert_eq!(decide(&policy, &Attempt { repeatable: false, ..attempt("PUT", outcome) }, 0.5), None);
    }
}

#[test]
fn schedule_with_jitter() {
    let policy = Policy { attempts: u32::MAX, ..Policy::default() };
    let wait = |number, random| decide(&policy, &Attempt { number, ..attempt("GET", Outcome::NoAnswer) }, random);
    // Number of the failed attempt, shortest and longest pause after it.
    for (number, shortest, longest) in [
        (1, 250.0, 500.0),
        (2, 500.0, 1000.0),
        (3, 1000.0, 2000.0),
        (6, 8000.0, 16_000.0),
        (7, 15_000.0, 30_000.0),
        (8, 15_000.0, 30_000.0),
        (5000, 15_000.0, 30_000.0),
        (u32::MAX - 1, 15_000.0, 30_000.0),
    ] {
        assert_eq!(wait(number, 0.0), Some(shortest), "{number}");
        assert_eq!(wait(number, 1.0), Some(longest), "{number}");
        let middle = wait(number, 0.5).unwrap();
        assert!(shortest < middle && middle < longest, "{number}");
        for odd in [-5.0, 7.0] {
            assert!((shortest..=longest).contains(&wait(number, odd).unwrap()), "dice that lie");
        }
    }
    let own = Policy { initial_ms: 10.0, max_ms: 15.0, ..policy };
    let second = Attempt { number: 2, ..attempt("GET", Outcome::NoAnswer) };
    assert_eq!(decide(&own, &attempt("GET", Outcome::NoAnswer), 1.0), Some(10.0));
    assert_eq!(decide(&own, &second, 1.0), Some(15.0));
    // A first pause over the longest one is cut to it.
    assert_eq!(decide(&Policy { initial_ms: 99.0, ..own }, &second, 1.0), Some(15.0));
}

#[test]
fn what_the_server_asks_for() {
    let asked = |retry_after_ms, left_ms| {
        decide(&Policy::default(), &Attempt { retry_after_ms, left_ms, ..attempt("GET", Outcome::Status(429)) }, 0.5)
    };
    let ever = f64::INFINITY;
    assert_eq!(asked(Some(2000.0), ever), Some(2000.0), "exactly");
    assert_eq!(asked(Some(0.0), ever), Some(0.0));
    assert_eq!(asked(Some(-9.0), ever), Some(0.0));
    assert_eq!(asked(Some(60_000.0), ever), Some(60_000.0), "a minute is waited for");
    assert_eq!(asked(Some(60_001.0), ever), None, "and no more");
    let patient = Policy { max_retry_after_ms: 1e6, ..Policy::default() };
    let long = Attempt { retry_after_ms: Some(9e5), ..attempt("GET", Outcome::Status(503)) };
    assert_eq!(decide(&patient, &long, 0.5), Some(9e5));
}

#[test]
fn only_within_the_callers_time() {
    for (retry_after_ms, left_ms, wait) in [
        (None, 600.0, Some(500.0)),
        (None, 501.0, Some(500.0)),
        (None, 500.0, None),
        (None, 0.0, None),
        (None, -3.0, None),
        (Some(3000.0), 3001.0, Some(3000.0)),
        (Some(3000.0), 3000.0, None),
        (Some(0.0), 1.0, Some(0.0)),
        (Some(0.0), 0.0, None),
    ] {
        let attempt = Attempt { retry_after_ms, left_ms, ..attempt("GET", Outcome::Status(503)) };
        assert_eq!(decide(&Policy::default(), &attempt, 1.0), wait, "{retry_after_ms:?} in {left_ms}");
    }
}

#[test]
fn retry_after_headers() {
    let date = |text: &str| (text == "Fri, 01 Jan 2027 00:00:10 GMT").then_some(10_000.0);
    for (text, expected) in [
        ("0", Some(0.0)),
        ("5", Some(5000.0)),
        (" 120 ", Some(120_000.0)),
        ("Fri, 01 Jan 2027 00:00:10 GMT", Some(9000.0)),
        ("Sometime", None),
        ("", None),
        ("-5", None),
        ("1.5", None),
        ("1e3", None),
        ("99999999999999999999999999", None),
    ] {
        assert_eq!(retry_after(text, 1000.0, date), expected, "{text:?}");
    }
    assert_eq!(retry_after("Fri, 01 Jan 2027 00:00:10 GMT", 99_000.0, date), Some(0.0), "past already");
    assert_eq!(retry_after("1.5", 0.0, |_| Some(1.0)), None, "date parsers take it for a day in May");
}

#[test]
fn who_may_move_to_a_new_address() {
    for method in METHODS {
        for never_sent in [false, true] {
            assert_eq!(may_move(method, true, never_sent), never_sent || SAFE.contains(&method), "{method}");
            assert!(!may_move(method, false, never_sent), "{method}");
        }
    }
    for words in
        ["ECONNREFUSED", "connect ECONNREFUSED 127.0.0.1:1", "x: client error (Connect): y", "ConnectionRefused"]
    {
        assert!(says_never_sent(words), "{words}");
    }
    for words in ["", "Failed to fetch", "fetch failed", "ECONNRESET", "UND_ERR_SOCKET", "UND_ERR_HEADERS_TIMEOUT"] {
        assert!(!says_never_sent(words), "{words}");
    }
}

#[test]
fn what_is_gone() {
    for method in METHODS {
        for (number, status) in [(1, 404), (2, 404), (3, 404), (2, 410), (2, 200)] {
            let gone = method == "DELETE" && number > 1 && status == 404;
            assert_eq!(is_gone(method, number, status), gone, "{method} {number} {status}");
        }
    }
}

#[test]
fn secrets_in_texts() {
    let secrets = ["s3cret-key", "Bearer s3cret-key", "1", ""];
    assert_eq!(mask("key s3cret-key, header Bearer s3cret-key, 1", secrets), "key ***, header ***, 1");
    assert_eq!(mask("nothing", secrets), "nothing");
    assert_eq!(mask("1 abcd 2 abcdabcd é-é-é x", ["abcd", "é-é-é", "x"]), "1 *** 2 ****** *** x");
    assert_eq!(mask("abcd-efgh abcd", ["abcd", "abcd-efgh"]), "*** ***");
    assert_eq!((mask("", ["abcd"]), mask("text", [])), (String::new(), "text".into()));
    assert_eq!(of_header("Authorization", "Bearer abcdefgh"), ["Bearer abcdefgh", "abcdefgh"]);
    assert_eq!(of_header("X-Env", "prod"), ["", ""], "short ones are words");
    assert_eq!(of_header("Content-Type", "application/json"), ["", ""]);
}

#[test]
fn addresses_for_people() {
    for (url, shown) in [
        ("/v1/sandboxes", "/v1/sandboxes"),
        ("/v1/sandboxes/823c3f5e-8227-4d1d-be0f-8ed95708616f", "/v1/sandboxes/823c3f5e…"),
        ("/v1/sandboxes/s1/endpoints/44772?use_server_proxy=true", "/v1/sandboxes/…/endpoints/44772"),
        ("http://h:1/v1/sandboxes/abcdefgh/proxy/44772/ping", "http://h:1/v1/sandboxes/ab…/proxy/44772/ping"),
        ("https://127.0.0.1:8090/command", "https://127.0.0.1:8090/command"),
        ("/command/status/a1da9f69e3f74dfd9e3c6e28363a1b20", "/command/status/a1da9f69…"),
        ("https://a1da9f69e3f74dfd9e3c6e28363a1b20-44772.gw.test/ping", "https://a1da9f69….gw.test/ping"),
        ("http://gw.test/a1da9f69e3f74dfd9e3c6e28363a1b20/44772/ping", "http://gw.test/a1da9f69…/44772/ping"),
        ("/sandboxes/x/renew-expiration#f", "/sandboxes/…/renew-expiration"),
        ("", ""),
    ] {
        assert_eq!(readable(url), shown);
    }
    assert_eq!(shorten("é"), "…");
    assert_eq!(shorten(&"é".repeat(99)), format!("{}…", "é".repeat(8)));
}
