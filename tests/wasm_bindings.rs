//! The exported classes over a scripted `fetch`, in Node and in Chromium: arguments, keys, errors, runs.
#![cfg(target_arch = "wasm32")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use js_sys::{Array, Function, JSON, Object, Promise, Reflect};
use opensandbox_wasm::api::{manager::SandboxManager, sandbox::Sandbox};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use wasm_bindgen_test::wasm_bindgen_test;

fn json(text: &str) -> JsValue {
    JSON::parse(text).unwrap()
}

fn get(value: &JsValue, name: &str) -> JsValue {
    Reflect::get(value, &name.into()).unwrap()
}

fn text(value: &JsValue, name: &str) -> String {
    get(value, name).as_string().unwrap_or_default()
}

fn js(body: &str) -> Function {
    Function::new_with_args("url, init", body)
}

/// A configuration whose `fetch` is a script; what it was called with is kept in `calls`.
fn config(script: &str) -> (JsValue, Array) {
    let calls = Array::new();
    let fetch = Function::new_with_args(
        "calls",
        &format!(
            "'use strict'; return async function (url, init) {{ calls.push({{ url, init, self: this }}); const path = url.replace(/^https?:\\/\\/[^/]+/, ''); {script} }}"
        ),
    );
    let fetch = fetch.call1(&JsValue::UNDEFINED, &calls).unwrap();
    let config = json(r#"{"domain":"h:1","apiKey":"secret-key","headers":{"X-Mine":"1"},"useServerProxy":false}"#);
    Reflect::set(&config, &"fetch".into(), &fetch).unwrap();
    (config, calls)
}

/// Answers of a server with one sandbox whose daemon is at another host.
const SERVER: &str = r#"
  const json = (value, status = 200) => new Response(JSON.stringify(value), { status, headers: { 'x-request-id': 'req-1' } });
  if (path === '/v1/sandboxes') return json({ id: 's1', createdAt: '2026-01-01T00:00:00Z', status: {}, entrypoint: [] }, 202);
  if (path.includes('/endpoints/')) return json({ endpoint: 'd:2/proxy/44772', headers: { 'X-EXECD-ACCESS-TOKEN': 'token' } });
  if (path.endsWith('/ping')) return new Response(null);
  if (init.method === 'DELETE') return new Response(null, { status: 204 });
"#;

async fn resolved(promise: Promise) -> JsValue {
    JsFuture::from(promise).await.expect("resolves")
}

async fn rejected(promise: Promise) -> JsValue {
    JsFuture::from(promise).await.expect_err("rejects")
}

fn options(config: &JsValue, rest: &str) -> JsValue {
    let options = json(rest);
    Reflect::set(&options, &"connectionConfig".into(), config).unwrap();
    options
}

/// Where the tables of methods are: the prototypes get their names only in the package.
const TABLES: [&str; 4] = [
    include_str!("../src/api/sandbox.rs"),
    include_str!("../src/api/manager.rs"),
    include_str!("../src/api/health.rs"),
    include_str!("../src/api/commands.rs"),
];

/// What the package's `api.js` does for a method or a getter: calls it by its number.
fn invoke(object: &JsValue, name: &str, args: &[JsValue]) -> JsValue {
    let head = format!("methods! {{ {}:\n", text(&get(object, "constructor"), "name"));
    let (_, table) = TABLES.iter().find_map(|source| source.split_once(&head)).unwrap();
    let line = format!("\"{name}\" =>");
    let number = table.lines().position(|found| found.trim_start().trim_start_matches("get ").starts_with(&line));
    let given: Array = [JsValue::from(number.unwrap() as u32)].iter().chain(args).collect();
    let function: Function = get(object, "invoke").unchecked_into();
    function.apply(object, &given).unwrap()
}

fn method(object: &JsValue, name: &str, args: &[JsValue]) -> Promise {
    invoke(object, name, args).unchecked_into()
}

#[wasm_bindgen_test]
async fn wrong_types_are_named_and_nothing_is_sent() {
    let (config, calls) = config(SERVER);
    for (rest, field) in [
        ("{}", "image"),
        (r#"{"image":5}"#, "image"),
        (r#"{"image":"i","snapshotId":"s"}"#, "image or snapshotId"),
        (r#"{"image":"i","env":{"A":1}}"#, "env.A"),
        (r#"{"image":"i","entrypoint":"x"}"#, "entrypoint"),
        (r#"{"image":"i","timeoutSeconds":"60"}"#, "timeoutSeconds"),
        (r#"{"image":"i","volumes":[{"name":"v","mountPath":"/m"}]}"#, "Volume 'v'"),
        (r#"{"image":"i","volumes":[{"name":"v","mountPath":"/m","host":{"path":"x"}}]}"#, "Host path"),
        (r#"{"image":"i","healthCheck":true}"#, "healthCheck"),
        (r#"{"image":"i","adapterFactory":{}}"#, "adapterFactory"),
    ] {
        let error = rejected(Sandbox::create(&options(&config, rest))).await;
        assert_eq!(text(&error, "name"), "InvalidArgumentException", "{rest}");
        assert_eq!(text(&error, "code"), "INVALID_ARGUMENT", "{rest}");
        assert!(text(&error, "message").contains(field), "{rest}: {}", text(&error, "message"));
        assert!(error.is_instance_of::<js_sys::Error>());
    }
    for value in [JsValue::UNDEFINED, JsValue::NULL, 5.into(), "x".into(), Array::new().into()] {
        assert_eq!(text(&rejected(Sandbox::create(&value)).await, "code"), "INVALID_ARGUMENT");
    }
    assert_eq!(calls.length(), 0);
}

#[wasm_bindgen_test]
async fn the_key_goes_to_the_lifecycle_server_and_the_token_to_the_daemon() {
    let (config, calls) = config(SERVER);
    let sandbox = resolved(Sandbox::create(&options(&config, r#"{"image":"i"}"#))).await;
    assert_eq!(invoke(&sandbox, "id", &[]).as_string().as_deref(), Some("s1"));
    resolved(method(&invoke(&sandbox, "health", &[]), "ping", &[])).await;
    let mut seen = (0, 0);
    for call in calls.iter() {
        let (url, headers) = (text(&call, "url"), get(&get(&call, "init"), "headers"));
        assert!(get(&call, "self").is_undefined(), "fetch must be called without a this");
        assert_eq!(text(&get(&call, "init"), "redirect"), "manual");
        assert_eq!(text(&headers, "X-Mine"), "1");
        assert_eq!(text(&headers, "X-Request-ID").len(), 32);
        if url.starts_with("http://h:1/v1/") {
            seen.0 += 1;
            assert_eq!(text(&headers, "OPEN-SANDBOX-API-KEY"), "secret-key");
            assert!(get(&headers, "X-EXECD-ACCESS-TOKEN").is_undefined());
        } else {
            seen.1 += 1;
            assert!(url.starts_with("http://d:2/proxy/44772/"), "{url}");
            assert!(get(&headers, "OPEN-SANDBOX-API-KEY").is_undefined());
            assert_eq!(text(&headers, "X-EXECD-ACCESS-TOKEN"), "token");
        }
    }
    assert!(seen.0 >= 2 && seen.1 >= 2, "{seen:?}");
    let looked_up = calls.iter().filter(|call| text(call, "url").contains("/endpoints/")).count();
    assert_eq!(looked_up, 1, "the endpoint is looked up once");
}

#[wasm_bindgen_test]
async fn errors_say_what_the_server_said() {
    let table = [
        (
            r#"return new Response('{"code":"DOCKER::SANDBOX_NOT_FOUND","message":"gone"}', { status: 404, headers: { 'x-request-id': 'r' } })"#,
            "SandboxApiException",
            "DOCKER::SANDBOX_NOT_FOUND",
            "gone",
            Some(404.0),
        ),
        (
            r#"return new Response('{"detail":[{"loc":["query","page"],"msg":"too small","input":"hunter2","ctx":{"p":"hunter2"}}]}', { status: 422 })"#,
            "SandboxApiException",
            "UNEXPECTED_RESPONSE",
            "query.page: too small",
            Some(422.0),
        ),
        (
            r#"return new Response('{"error":"Unauthorized: no token"}', { status: 401 })"#,
            "SandboxApiException",
            "UNEXPECTED_RESPONSE",
            "Unauthorized: no token",
            Some(401.0),
        ),
        (
            r#"return new Response('', { status: 500 })"#,
            "SandboxApiException",
            "UNEXPECTED_RESPONSE",
            "Get sandbox failed (HTTP 500)",
            Some(500.0),
        ),
        (
            r#"return new Response('<html>', { status: 200 })"#,
            "SandboxApiException",
            "UNEXPECTED_RESPONSE",
            "not JSON",
            None,
        ),
        (
            r#"return new Response('{}', { status: 200 })"#,
            "SandboxApiException",
            "UNEXPECTED_RESPONSE",
            "createdAt",
            None,
        ),
        (
            r#"return { status: 302, type: 'basic', headers: new Headers() }"#,
            "SandboxApiException",
            "REDIRECT_REFUSED",
            "redirect",
            Some(302.0),
        ),
        (
            r#"return { status: 0, type: 'opaqueredirect', headers: new Headers() }"#,
            "SandboxApiException",
            "REDIRECT_REFUSED",
            "redirect",
            None,
        ),
        (
            r#"throw new TypeError('fetch failed', { cause: { code: 'ECONNREFUSED' } })"#,
            "SandboxConnectionException",
            "NETWORK_ERROR",
            "ECONNREFUSED",
            None,
        ),
        (r#"throw 'a string'"#, "SandboxConnectionException", "NETWORK_ERROR", "a string", None),
        (r#"return 5"#, "SandboxConnectionException", "NETWORK_ERROR", "did not give a Response", None),
        (r#"await new Promise(() => {})"#, "SandboxTimeoutException", "REQUEST_TIMEOUT", "50 ms", None),
        (
            r#"return new Response(new ReadableStream({ start(c) { c.enqueue(new Uint8Array([123])) } }))"#,
            "SandboxTimeoutException",
            "REQUEST_TIMEOUT",
            "50 ms",
            None,
        ),
    ];
    for (script, name, code, said, status) in table {
        let (config, _) = config(script);
        let manager: JsValue = SandboxManager::create(&options(&config, "{}")).unwrap().into();
        let error =
            rejected(method(&manager, "getSandboxInfo", &["id".into(), json(r#"{"requestTimeoutSeconds":0.05}"#)]))
                .await;
        assert_eq!((text(&error, "name"), text(&error, "code")), (name.into(), code.into()), "{script}");
        assert!(text(&error, "message").contains(said), "{script}: {}", text(&error, "message"));
        assert_eq!(get(&error, "statusCode").as_f64(), status, "{script}");
        assert!(!text(&error, "requestId").is_empty(), "{script}: no request id");
        let shown = String::from(JSON::stringify(&Array::of2(&error, &get(&error, "rawBody"))).unwrap());
        assert!(!shown.contains("hunter2") && !shown.contains("secret-key"), "{shown}");
    }
}

/// A server whose `/command` streams `body` in pieces of `size` bytes.
fn streaming(body: &str, size: usize) -> String {
    let body = String::from(JSON::stringify(&body.into()).unwrap());
    format!(
        "{SERVER} if (path.endsWith('/command')) {{ const bytes = new TextEncoder().encode({body}); let at = 0;
         return new Response(new ReadableStream({{ pull(c) {{ if (at >= bytes.length) return c.close(); c.enqueue(bytes.slice(at, at += {size})); }} }})); }}
         throw new Error('unexpected ' + path);"
    )
}

const HELLO: &str = include_str!("fixtures/execd/command-hello.body");

#[wasm_bindgen_test]
async fn a_recorded_run_in_pieces_of_every_size() {
    for size in [1, 7, 64, 100_000] {
        let (config, _) = config(&streaming(HELLO, size));
        let sandbox = resolved(Sandbox::create(&options(&config, r#"{"image":"i"}"#))).await;
        let seen = Array::new();
        let handlers = Object::new();
        for name in ["onInit", "onStdout", "onStderr", "onExecutionComplete"] {
            let handler = Function::new_with_args(
                "seen, name",
                "return async (e) => { await 0; seen.push(name + ':' + (e.text ?? '')) }",
            );
            Reflect::set(&handlers, &name.into(), &handler.call2(&JsValue::UNDEFINED, &seen, &name.into()).unwrap())
                .unwrap();
        }
        let execution = resolved(method(
            &invoke(&sandbox, "commands", &[]),
            "run",
            &["x".into(), JsValue::UNDEFINED, handlers.into()],
        ))
        .await;
        assert_eq!(
            String::from(seen.join(" ")),
            "onInit: onStderr:err onStdout:hi onExecutionComplete:",
            "in pieces of {size}"
        );
        assert_eq!(text(&execution, "stdout"), "hi\n");
        assert_eq!(text(&execution, "id"), "a1da9f69e3f74dfd9e3c6e28363a1b20");
        assert_eq!(get(&execution, "exitCode").as_f64(), Some(0.0));
        assert_eq!(
            String::from(Object::keys(execution.unchecked_ref::<Object>()).sort().join(",")),
            "complete,exitCode,id,logs,result",
            "the official shape"
        );
    }
}

#[wasm_bindgen_test]
async fn a_cut_run_is_never_a_success() {
    let cut = HELLO.split("{\"type\":\"execution_complete\"").next().unwrap();
    let (config, _) = config(&streaming(cut, 50));
    let sandbox = resolved(Sandbox::create(&options(&config, r#"{"image":"i"}"#))).await;
    let error = rejected(method(&invoke(&sandbox, "commands", &[]), "run", &["x".into()])).await;
    assert_eq!(
        (text(&error, "name"), text(&error, "code")),
        ("SandboxStreamException".into(), "STREAM_INTERRUPTED".into())
    );
    assert_eq!(text(&get(&error, "execution"), "stdout"), "hi\n", "what had arrived is not lost");
    assert_eq!(text(&error, "executionId"), "a1da9f69e3f74dfd9e3c6e28363a1b20");
}

#[wasm_bindgen_test]
async fn a_throwing_handler_rejects_with_its_own_error() {
    let (config, _) = config(&streaming(HELLO, 50));
    let sandbox = resolved(Sandbox::create(&options(&config, r#"{"image":"i"}"#))).await;
    let handlers = Object::new();
    Reflect::set(&handlers, &"onStdout".into(), &js("throw 'mine'")).unwrap();
    let error =
        rejected(method(&invoke(&sandbox, "commands", &[]), "run", &["x".into(), JsValue::UNDEFINED, handlers.into()]))
            .await;
    assert_eq!(error.as_string().as_deref(), Some("mine"));
}

#[wasm_bindgen_test]
async fn an_aborted_signal_rejects_at_once_with_its_reason() {
    let (config, calls) = config("await new Promise(() => {})");
    let manager: JsValue = SandboxManager::create(&options(&config, "{}")).unwrap().into();
    let signal = Function::new_no_args("return AbortSignal.abort('why')").call0(&JsValue::UNDEFINED).unwrap();
    let error = rejected(method(&manager, "getSandboxInfo", &["id".into(), signal])).await;
    assert_eq!(
        (text(&error, "name"), text(&error, "code"), text(&error, "cause")),
        ("AbortError".into(), "ABORTED".into(), "why".into())
    );
    assert_eq!(calls.length(), 0, "nothing was sent");
    let signal = Function::new_no_args("return AbortSignal.timeout(30)").call0(&JsValue::UNDEFINED).unwrap();
    let error = rejected(method(&manager, "getSandboxInfo", &["id".into(), signal])).await;
    assert_eq!(text(&error, "name"), "AbortError");
    resolved(method(&manager, "close", &[])).await;
    assert_eq!(text(&rejected(method(&manager, "getSandboxInfo", &["id".into()])).await, "code"), "CLOSED");
}
