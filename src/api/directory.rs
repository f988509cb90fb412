//! `files.downloadDirectory`: all that is in a directory.

use crate::api::execd::{Call, Execd};
use crate::api::wire::Wire;
use crate::api::{promise, resumable, shape};
use crate::core::error::{Error, ErrorKind};
use crate::core::{rules, tree};
use crate::host::args::{self, CallOptions, Options};
use crate::host::failure::Failure;
use crate::host::http::Answer;
use crate::host::{js, object};
use js_sys::{Array, Object, Promise};
use std::rc::Rc;
use wasm_bindgen::prelude::*;

/// Deeper than any path can be: 4096 bytes hold 2048 names.
const DEPTH: &str = "2048";
const WHAT: &str = "Download directory failed";

/// The entries of a directory, each to be read or not. Nothing is sent yet.
pub fn read(execd: &Execd, path: &JsValue, options: &JsValue) -> Result<JsValue, Failure> {
    let path = args::string("path", path)?;
    rules::file_path("path", &path)?;
    let call = CallOptions::read(options)?;
    js::directory(DirectoryDriver { execd: execd.clone(), path: Rc::from(path), call }.into()).map_err(Failure::thrown)
}

/// Private to the package: what `src/js/directory.js` asks of the network.
#[wasm_bindgen]
pub struct DirectoryDriver {
    execd: Execd,
    path: Rc<str>,
    call: CallOptions,
}

#[wasm_bindgen]
impl DirectoryDriver {
    /// All entries: `[relative path, info, wire]`, where `wire` is for [`Self::file`].
    pub fn list(&self) -> Promise {
        let (execd, path, call) = (self.execd.clone(), Rc::clone(&self.path), self.call.clone());
        promise(async move {
            let asking = Wire::at("GET", "/files/info", &[("path", &path)], WHAT).object();
            let infos = asking.ask(&execd, &call).await?;
            // Where `~` or `$NAME` leads, only execd knows.
            let root = object::entries(&infos).into_iter().find_map(|(_, info)| object::text(&info, "path"));
            let root = root.unwrap_or_else(|| path.to_string());
            let query = [("path", &*path), ("depth", DEPTH)];
            let call_to = Call { method: "GET", path: "/directories/list", query: &query, what: WHAT };
            let response = execd.send(call_to, None, &call).await?;
            let list = Array::from(&response.read(Answer::Listed(|_| {}))?);
            let entries = Array::new();
            for info in list.iter().filter_map(|item| item.dyn_into::<Object>().ok()) {
                let full = object::text(&info, "path").unwrap_or_default();
                let Some(relative) = tree::relative(&root, &full) else {
                    let text = format!("The server's list of {root} has \"{full}\", which is not in it");
                    return Err(Failure::from(Error::new(ErrorKind::UnexpectedResponse, text))
                        .for_request(response.request_id()));
                };
                let wire = Object::assign(&Object::new(), &info);
                shape::file(&info);
                entries.push(&object::array([relative.into(), info.into(), wire.into()]));
            }
            Ok(entries.into())
        })
    }

    /// The content of a file of the list.
    pub fn file(&self, wire: &JsValue, options: &JsValue) -> Result<JsValue, JsValue> {
        self.open(wire, options).map_err(JsValue::from)
    }

    fn open(&self, wire: &JsValue, options: &JsValue) -> Result<JsValue, Failure> {
        let path = object::text(wire, "path").unwrap_or_default();
        let kind = object::text(wire, "type").unwrap_or_else(|| "file".into());
        if kind != "file" {
            return Err(Failure::invalid(format!("{path} is no file: its type is \"{kind}\"")));
        }
        if path.contains('$') {
            return Err(Failure::invalid(format!("{path} cannot be read: execd would expand the '$' in its name")));
        }
        let options = Options::new("options", options)?;
        let known = wire.dyn_ref::<Object>().and_then(resumable::known);
        resumable::download(&self.execd, path, &options, self.call.clone(), known)
    }
}
