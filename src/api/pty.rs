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

/// A terminal that is to be opened.
struct Opening {
    /// Gives its id.
    asking: Wire,
    call: CallOptions,
    /// For the session in `src/js/pty.js`.
    session: Object,
    /// Whether it is made for this, and nobody else knows of it.
    owner: bool,
}

impl Pty {
    /// For one sandbox.
    pub fn new(execd: Execd) -> Self {
        Self { execd }
    }
}

fn size(options: &Options) -> Result<Option<Size>, Error> {
    // 0 is one that is not given.
    let side = |name| options.number(name)?.map_or(Ok(0), |given| dimension(name, given));
    match (side("cols")?, side("rows")?) {
        (0, 0) => Ok(None),
        (0, _) | (_, 0) => Err(Error::fixed(ErrorKind::InvalidArgument, "cols and rows go together")),
        (cols, rows) => Ok(Some(Size { cols, rows })),
    }
}

fn set_milliseconds(session: &Object, name: &str, options: &Options, field: &str, default: f64) -> Result<(), Error> {
    object::set(session, name, options.at_least_zero(field)?.unwrap_or(default) * 1000.0);
    Ok(())
}

/// What create and attach have in common, checked.
fn session_of(execd: &Execd, options: &Options, owner: bool) -> Result<(CallOptions, Object), Error> {
    let call = CallOptions::among(options)?;
    let session = Object::new();
    set_milliseconds(&session, "idleMs", options, "idleTimeoutSeconds", IDLE_SECONDS)?;
    set_milliseconds(&session, "reconnectMs", options, "reconnectTimeoutSeconds", RECONNECT_SECONDS)?;
    object::set(&session, "signals", execd.transport.signals(&call));
    object::set(&session, "closing", execd.transport.signals(&CallOptions::default()));
    object::set(&session, "openMs", execd.transport.timeout_ms(&call));
    object::set(&session, "owner", owner);
    for name in ["takeover", "pipe"] {
        object::set(&session, name, options.boolean(name)?.unwrap_or(false));
    }
    for name in ["WebSocket", "onGap", "onStateChange"] {
        object::set_some(&session, name, options.function(name)?);
    }
    if let Some(Size { cols, rows }) = size(options)? {
        let window = Object::new();
        object::set(&window, "cols", cols);
        object::set(&window, "rows", rows);
        object::set(&session, "size", window);
    }
    Ok((call, session))
}

/// Finds the WebSocket: of the call, of the configuration, or of the runtime. Before anything is sent.
fn find_socket(execd: &Execd, session: &Object) -> Result<(), Failure> {
    let given = object::get(session, "WebSocket");
    let given = if given.is_undefined() { object::get(&execd.transport.config, "WebSocket") } else { given };
    let socket = js::web_socket_of(&given).map_err(Failure::thrown)?;
    if !socket.is_function() {
        let problem = "This runtime has no WebSocket, which terminals need. Pass one as the option WebSocket of this call or of \
             the connectionConfig: in Node before version 22, npm install ws, import WebSocket from \"ws\"";
        return Err(Error::fixed(ErrorKind::NoWebSocket, problem).into());
    }
    object::set(session, "WebSocket", socket);
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

/// A new terminal.
fn creation(execd: &Execd, options: &JsValue) -> Result<Opening, Failure> {
    let options = Options::new("options", options)?;
    let (call, session) = session_of(execd, &options, true)?;
    let pipe = options.boolean("pipe")?.unwrap_or(false);
    let command = options.string("command")?.unwrap_or_default();
    let size = if pipe { None } else { size(&options)? };
    let line = launcher(&command, &environment(&options, pipe)?, size)?;
    let body = Object::new();
    object::set_some(&body, "cwd", options.string("cwd")?);
    object::set_some(&body, "command", line);
    find_socket(execd, &session)?;
    let asking = Wire::at("POST", "/pty", &[], "Create terminal failed").json(&body)?.object().then(|created| {
        let id = object::get(&created?, "session_id");
        if id.as_string().is_none_or(|id| id.is_empty()) {
            let problem = "Create terminal failed: the answer has no session_id";
            return Err(Error::fixed(ErrorKind::UnexpectedResponse, problem).into());
        }
        Ok(id)
    });
    Ok(Opening { asking, call, session, owner: true })
}

/// A terminal that exists, and whose program runs unless it may be started again.
fn attachment(execd: &Execd, id: &JsValue, options: &JsValue) -> Result<Opening, Failure> {
    let (name, options) = (args::filled("id", id)?, Options::new("options", options)?);
    let (call, session) = session_of(execd, &options, false)?;
    object::set_some(&session, "since", options.count("since")?);
    let restart = options.boolean("restart")?.unwrap_or(false);
    find_socket(execd, &session)?;
    let id = id.clone();
    let asking = status(&name)?.then(move |known| {
        if !object::get(&known?, "running").is_truthy() && !restart {
            return Err(Error::new(ErrorKind::NotRunning, format!(
                "Attach to terminal failed: the program of {name} is not running, and connecting would start it. With restart: \
                 true it is started"
            ))
            .into());
        }
        Ok(id)
    });
    Ok(Opening { asking, call, session, owner: false })
}

/// Opens it. (One future for both ways: each of its own would be as large as this one.)
async fn open(execd: Execd, opening: Result<Opening, Failure>) -> Result<JsValue, Failure> {
    let Opening { asking, call, session, owner } = opening?;
    let named = asking.ask(&execd, &call).await?;
    let id = named.as_string().unwrap_or_default();
    object::set(&session, "id", named);
    let driver = PtyDriver { execd: execd.clone(), id: id.clone(), call: call.for_others() };
    let opened = match js::open_pty(driver.into(), &session) {
        Ok(opening) => JsFuture::from(opening).await,
        Err(thrown) => Err(thrown),
    };
    if opened.is_err() && owner {
        // Nobody else knows of it. The caller learns the first error, not one of the cleaning up.
        let _ = spawn(remove(&id)?.unheard().ask(&execd, &call.for_others()));
    }
    opened.map_err(Failure::thrown)
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
        promise(open(self.execd.clone(), creation(&self.execd, options)))
    }

    /// Attaches to a terminal that exists.
    pub fn attach(&self, id: &JsValue, options: &JsValue) -> Promise {
        promise(open(self.execd.clone(), attachment(&self.execd, id, options)))
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
        let said = detail.as_f64().map_or_else(|| describe(&detail), rules::short);
        let (kind, words) = match kind {
            "aborted" => return Failure::caused(Error::aborted(), detail).into(),
            "closed" => return Failure::from(closed()).into(),
            "detached" => {
                (ErrorKind::Closed, ["This terminal has been left with detach(): attach to it again", "", ""])
            }
            "ended" => (ErrorKind::Closed, ["The terminal's program has ended", "", ""]),
            "timeout" => (ErrorKind::Timeout, ["Connect to terminal failed: not connected within ", &said, " ms"]),
            "silent" => (ErrorKind::Network, ["The terminal's connection was silent for ", &said, " ms"]),
            "too-slow" => (
                ErrorKind::TooSlow,
                [
                    "The terminal's output is not read as fast as it comes: more than ",
                    &said,
                    " bytes wait. The program goes on",
                ],
            ),
            "malformed" => (ErrorKind::Malformed, ["The terminal's server sent ", &said, ""]),
            "headers" => (
                ErrorKind::NoWebSocket,
                [
                    "This WebSocket cannot send the headers that the sandbox asks for. Pass one that can, such as that of the \
                     package ws, or reach a sandbox without a token of its own through the proxy (useServerProxy: true)",
                    "",
                    "",
                ],
            ),
            "server" => {
                let message = object::text(&detail, "error").unwrap_or_else(|| "The terminal's server refused".into());
                return Failure::from(Error::api(0, object::text(&detail, "code"), message)).into();
            }
            "taken-over" => {
                let error = Error::fixed(ErrorKind::TakenOver, "Another client has taken this terminal over");
                return Failure::from(error).with(|details| details.still_running = Some(true)).into();
            }
            "unreachable" => (ErrorKind::Network, ["Connect to terminal failed: ", &said, ""]),
            _ => (ErrorKind::Interrupted, ["The terminal's connection was lost and did not come back in time", "", ""]),
        };
        // A number, and what is malformed, are in the message and no cause.
        let told = kind == ErrorKind::Malformed || detail.as_f64().is_some();
        let cause = if told { JsValue::UNDEFINED } else { detail };
        Failure::caused(Error::new(kind, words.concat()), cause).into()
    }
}
