//! `sandbox.pty`: terminals. The session itself is `src/js/pty.js`; here is what it asks the server, and its errors.

use crate::api::endpoints::Endpoint;
use crate::api::execd::Execd;
use crate::api::methods::methods;
use crate::api::wire::{self, Wire};
use crate::api::{promise, spawn};
use crate::core::error::{Error, ErrorKind};
use crate::core::pty::{Size, dimension, launcher};
use crate::core::rules;
use crate::host::args::{self, CallOptions, Options};
use crate::host::failure::{Failure, closed, describe};
use crate::host::{js, object};
use js_sys::{Object, Promise};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

/// Without any frame of the server, pongs included.
const IDLE_SECONDS: f64 = 45.0;
/// The server notices a client that has vanished after as long.
const RECONNECT_SECONDS: f64 = 60.0;
/// Colours and full-screen programs: execd sets none, and bash then says `dumb`.
const TERM: (&str, &str) = ("TERM", "xterm-256color");

/// Opens terminals in the sandbox.
#[wasm_bindgen]
pub struct Pty {
    execd: Execd,
}

/// What create and attach have in common, read and checked.
struct Opening {
    call: CallOptions,
    size: Option<Size>,
    options: Object,
}

impl Pty {
    /// For one sandbox.
    pub fn new(execd: Execd) -> Self {
        Self { execd }
    }
}

fn size(options: &Options) -> Result<Option<Size>, Error> {
    let read = |name: &str| options.number(name)?.map(|value| dimension(name, value)).transpose();
    match (read("cols")?, read("rows")?) {
        (Some(cols), Some(rows)) => Ok(Some(Size { cols, rows })),
        (None, None) => Ok(None),
        _ => Err(Error::invalid("cols and rows go together".into())),
    }
}

fn opening(execd: &Execd, options: &Options, owner: bool) -> Result<Opening, Error> {
    let call = CallOptions::among(options)?;
    let seconds = |name: &str, default: f64| options.at_least_zero(name).map(|given| given.unwrap_or(default) * 1000.0);
    let shared = Object::new();
    object::set_some(&shared, "WebSocket", options.function("WebSocket")?);
    object::set(&shared, "signals", execd.transport.signals(&call));
    object::set(&shared, "closing", execd.transport.signals(&CallOptions::default()));
    object::set(&shared, "openMs", execd.transport.timeout_ms(&call));
    object::set(&shared, "idleMs", seconds("idleTimeoutSeconds", IDLE_SECONDS)?);
    object::set(&shared, "reconnectMs", seconds("reconnectTimeoutSeconds", RECONNECT_SECONDS)?);
    object::set(&shared, "owner", owner);
    object::set(&shared, "takeover", options.boolean("takeover")?.unwrap_or(false));
    object::set(&shared, "pipe", options.boolean("pipe")?.unwrap_or(false));
    object::set_some(&shared, "onGap", options.function("onGap")?);
    object::set_some(&shared, "onStateChange", options.function("onStateChange")?);
    let size = size(options)?;
    if let Some(Size { cols, rows }) = size {
        let window = Object::new();
        object::set(&window, "cols", cols);
        object::set(&window, "rows", rows);
        object::set(&shared, "size", window);
    }
    Ok(Opening { call, size, options: shared })
}

/// Finds the WebSocket: of the call, of the configuration, or of the runtime. Before anything is sent.
fn find_socket(execd: &Execd, opening: &Opening) -> Result<(), Failure> {
    let given = object::get(&opening.options, "WebSocket");
    let given = if given.is_undefined() { object::get(&execd.transport.config, "WebSocket") } else { given };
    let socket = js::web_socket_of(&given).map_err(Failure::thrown)?;
    if !socket.is_function() {
        return Err(Error::new(ErrorKind::NoWebSocket,
            "This runtime has no WebSocket, which terminals need. Pass one as the option WebSocket of this call or of the \
             connectionConfig: in Node before version 22, npm install ws, import WebSocket from \"ws\""
                .into(),
        )
        .into());
    }
    object::set(&opening.options, "WebSocket", socket);
    Ok(())
}

/// The variables of a new terminal.
fn environment(options: &Options, pipe: bool) -> Result<Vec<(String, String)>, Error> {
    let mut env = options.string_map("env")?.unwrap_or_default();
    if !pipe && !env.iter().any(|(name, _)| name == TERM.0) {
        env.push((TERM.0.into(), TERM.1.into()));
    }
    Ok(env)
}

async fn create(execd: Execd, options: Result<Options, Error>) -> Result<JsValue, Failure> {
    let options = options?;
    let opening = opening(&execd, &options, true)?;
    let pipe = options.boolean("pipe")?.unwrap_or(false);
    let command = options.string("command")?.unwrap_or_default();
    let line = launcher(&command, &environment(&options, pipe)?, opening.size.filter(|_| !pipe))?;
    let body = Object::new();
    object::set_some(&body, "cwd", options.string("cwd")?);
    object::set_some(&body, "command", line);
    find_socket(&execd, &opening)?;
    let asking = Wire::at("POST", "/pty", &[], "Create terminal failed").json(&body)?.object();
    let created = asking.ask(&execd, &opening.call).await?;
    let id = object::text(&created, "session_id").filter(|id| !id.is_empty()).ok_or_else(|| {
        Error::new(ErrorKind::UnexpectedResponse, "Create terminal failed: the answer has no session_id".into())
    })?;
    let opened = open(&execd, &id, &opening).await;
    if opened.is_err() {
        // Nobody else knows of it. The caller learns the first error, not one of the cleaning up.
        let others = opening.call.for_others();
        let _ = spawn(remove(&id)?.unheard().ask(&execd, &others));
    }
    opened
}

async fn attach(execd: Execd, id: Result<String, Error>, options: Result<Options, Error>) -> Result<JsValue, Failure> {
    let (id, options) = (id?, options?);
    let opening = opening(&execd, &options, false)?;
    object::set_some(&opening.options, "since", options.count("since")?);
    let restart = options.boolean("restart")?.unwrap_or(false);
    find_socket(&execd, &opening)?;
    let known = status(&id)?.ask(&execd, &opening.call).await?;
    if !object::get(&known, "running").is_truthy() && !restart {
        return Err(Error::new(ErrorKind::NotRunning, format!(
            "Attach to terminal failed: the program of {id} is not running, and connecting would start it. With restart: \
             true it is started"
        ))
        .into());
    }
    open(&execd, &id, &opening).await
}

async fn open(execd: &Execd, id: &str, opening: &Opening) -> Result<JsValue, Failure> {
    object::set(&opening.options, "id", id);
    let driver = PtyDriver { execd: execd.clone(), id: id.to_owned(), call: opening.call.for_others() };
    let opened = js::open_pty(driver.into(), &opening.options).map_err(Failure::thrown)?;
    JsFuture::from(opened).await.map_err(Failure::thrown)
}

fn path(id: &str, rest: &str) -> Result<String, Error> {
    Ok(format!("/pty/{}{rest}", rules::segment("id", id)?))
}

/// `GET /pty/{id}`: whether it runs, and how many bytes it has printed.
fn status(id: &str) -> Result<Wire, Failure> {
    Ok(Wire::at("GET", &path(id, "")?, &[], "Get terminal failed").shaped(|raw| {
        let (running, offset) = (object::get(&raw, "running"), object::get(&raw, "output_offset"));
        if running.as_bool().is_none() || offset.as_f64().is_none() {
            let problem = "Get terminal failed: the answer has no running and output_offset";
            return Err(Error::fixed(ErrorKind::UnexpectedResponse, problem));
        }
        let known = Object::new();
        object::set(&known, "running", running);
        object::set(&known, "outputOffset", offset);
        Ok(known)
    }))
}

/// `DELETE /pty/{id}`. One that is not there any more is gone, too.
fn remove(id: &str) -> Result<Wire, Failure> {
    Ok(Wire::at("DELETE", &path(id, "")?, &[], "Kill terminal failed").or_gone())
}

/// A request that is no handshake, for the reason why a handshake is refused: execd looks at the session and its holder
/// before it looks at that. Gives nothing when it refuses only that it is none.
fn probe(id: &str) -> Result<Wire, Failure> {
    let wire = Wire::at("GET", &path(id, "/ws")?, &[], "Connect to terminal failed");
    Ok(wire.once().then(|answer| match answer {
        Err(failure) if matches!(failure.status(), Some(400 | 426)) => Ok(JsValue::UNDEFINED),
        other => other,
    }))
}

methods! { Pty:
    "create" => create(_),
    "attach" => attach(_, _),
    "get" => get(_, _),
    "kill" => kill(_, _),
}

impl Pty {
    /// Makes a terminal, starts its program and attaches to it.
    pub fn create(&self, options: &JsValue) -> Promise {
        promise(create(self.execd.clone(), Options::new("options", options)))
    }

    /// Attaches to a terminal that exists.
    pub fn attach(&self, id: &JsValue, options: &JsValue) -> Promise {
        promise(attach(self.execd.clone(), args::filled("id", id), Options::new("options", options)))
    }

    /// What the server knows of a terminal.
    pub fn get(&self, id: &JsValue, options: &JsValue) -> Promise {
        let named = id.clone();
        let wire = args::filled("id", id).map_err(Failure::from).and_then(|id| status(&id)).map(|wire| {
            wire.then(move |known| {
                let shown = Object::new();
                object::set(&shown, "id", named);
                Ok(Object::assign(&shown, known?.unchecked_ref()).into())
            })
        });
        wire::promised(&self.execd, wire, options)
    }

    /// Ends a terminal's program and forgets the terminal.
    pub fn kill(&self, id: &JsValue, options: &JsValue) -> Promise {
        let wire = args::filled("id", id).map_err(Failure::from).and_then(|id| remove(&id));
        wire::promised(&self.execd, wire, options)
    }
}

/// What `src/js/pty.js` needs of this side. Not exported to users.
#[wasm_bindgen]
pub struct PtyDriver {
    execd: Execd,
    id: String,
    /// The headers of the call that opened it.
    call: CallOptions,
}

/// Where to connect: `{url, headers, required}`. `required`: the endpoint asks for headers.
fn address(execd: &Execd, endpoint: &Endpoint, id: &str, call: &CallOptions) -> Result<Object, Failure> {
    let url = format!("{}{}", endpoint.base, path(id, "/ws")?);
    let (headers, _) = execd.transport.headers_for(&url, &endpoint.headers, &[], call)?;
    let address = Object::new();
    // http and https become ws and wss.
    object::set(&address, "url", format!("ws{}", url.strip_prefix("http").unwrap_or(&url)));
    object::set(&address, "headers", headers);
    object::set(&address, "required", !endpoint.headers.is_empty());
    Ok(address)
}

#[wasm_bindgen]
impl PtyDriver {
    /// Where to connect.
    pub fn address(&self) -> Promise {
        let (execd, id, call) = (self.execd.clone(), self.id.clone(), self.call.clone());
        promise(async move {
            let endpoint = execd.endpoint(&call).await?;
            address(&execd, &endpoint, &id, &call).map(JsValue::from)
        })
    }

    /// A question about the terminal: `status` gives `{running, outputOffset}`, `remove` ends the program, `probe` rejects with
    /// the reason why a handshake is refused, if it can be learnt.
    pub fn ask(&self, what: &str) -> Promise {
        let wire = match what {
            // Asked again anyway.
            "status" => status(&self.id).map(Wire::once),
            "remove" => remove(&self.id),
            _ => probe(&self.id),
        };
        wire::started((&self.execd).into(), wire, Ok(self.call.clone()))
    }

    /// The exception for an end that `src/js/pty.js` has seen.
    pub fn failure(&self, kind: &str, detail: JsValue) -> JsValue {
        let said = || rules::short(detail.as_f64().unwrap_or(0.0));
        let error = match kind {
            "aborted" => return Failure::caused(Error::aborted(), detail).into(),
            "closed" => closed(),
            "detached" => {
                Error::new(ErrorKind::Closed, "This terminal has been left with detach(): attach to it again".into())
            }
            "ended" => Error::new(ErrorKind::Closed, "The terminal's program has ended".into()),
            "timeout" => Error::new(
                ErrorKind::Timeout,
                format!("Connect to terminal failed: not connected within {} ms", said()),
            ),
            "silent" => {
                Error::new(ErrorKind::Network, format!("The terminal's connection was silent for {} ms", said()))
            }
            "too-slow" => Error::new(
                ErrorKind::TooSlow,
                format!(
                    "The terminal's output is not read as fast as it comes: more than {} bytes wait. The program goes on",
                    said()
                ),
            ),
            "malformed" => Error::new(
                ErrorKind::Malformed,
                format!("The terminal's server sent {}", detail.as_string().unwrap_or_default()),
            ),
            "headers" => {
                let error = Error::new(ErrorKind::NoWebSocket,
                    "This WebSocket cannot send the headers that the sandbox asks for. Pass one that can, such as that of the \
                     package ws, or reach a sandbox without a token of its own through the proxy (useServerProxy: true)"
                        .into(),
                );
                return Failure::caused(error, detail).into();
            }
            "server" => Error::api(
                0,
                object::text(&detail, "code"),
                object::text(&detail, "error").unwrap_or_else(|| "The terminal's server refused".into()),
            ),
            "taken-over" => {
                let error = Error::new(ErrorKind::TakenOver, "Another client has taken this terminal over".into());
                return Failure::from(error).with(|details| details.still_running = Some(true)).into();
            }
            "unreachable" => {
                let message = format!("Connect to terminal failed: {}", describe(&detail));
                return Failure::caused(Error::new(ErrorKind::Network, message), detail).into();
            }
            _ => {
                let message = "The terminal's connection was lost and did not come back in time".to_owned();
                return Failure::caused(Error::new(ErrorKind::Interrupted, message), detail).into();
            }
        };
        Failure::from(error).into()
    }
}
