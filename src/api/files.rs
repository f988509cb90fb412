//! `sandbox.files`: files and directories.

use crate::api::download::{Download, DownloadDriver};
use crate::api::execd::{Call, Execd};
use crate::api::{promise, shape};
use crate::core::error::Error;
use crate::core::{multipart, rules};
use crate::host::args::{self, CallOptions, Options};
use crate::host::failure::{Failure, describe};
use crate::host::http::Response;
use crate::host::{js, object, time};
use js_sys::{Array, Object, Promise, Uint8Array};
use wasm_bindgen::prelude::*;

/// Files and directories of the sandbox.
#[wasm_bindgen]
pub struct Files {
    execd: Execd,
}

impl Files {
    /// For one sandbox.
    pub fn new(execd: Execd) -> Self {
        Self { execd }
    }
}

fn paths(field: &str, value: &JsValue) -> Result<Vec<String>, Error> {
    let paths = args::strings(field, value)?;
    for (index, path) in paths.iter().enumerate() {
        rules::file_path(&format!("{field}[{index}]"), path)?;
    }
    Ok(paths)
}

fn path_field(entry: &Options, name: &str) -> Result<String, Error> {
    let path = entry.required_string(name)?;
    rules::file_path(&entry.path(name), &path)?;
    Ok(path)
}

/// The body of a batch that is keyed by path. A path given twice would silently win over the first.
fn by_path(field: &str, value: &JsValue, read: impl Fn(&Options) -> Result<Object, Error>) -> Result<Object, Error> {
    let body = object::map();
    for entry in args::objects(field, value)? {
        let path = path_field(&entry, "path")?;
        if !object::get(&body, &path).is_undefined() {
            return Err(Error::InvalidArgument(format!("{field} has the path \"{path}\" twice")));
        }
        object::set(&body, &path, read(&entry)?);
    }
    Ok(body)
}

/// `{mode, owner, group}`. execd resets the owner to its own user when none is given.
fn permission(entry: &Options, default_mode: Option<f64>) -> Result<Object, Error> {
    let permission = Object::new();
    if let Some(mode) = entry.number("mode")?.or(default_mode) {
        object::set(&permission, "mode", rules::mode(&entry.path("mode"), mode)?);
    }
    object::set_some(&permission, "owner", entry.string("owner")?);
    object::set_some(&permission, "group", entry.string("group")?);
    Ok(permission)
}

/// Requests that answer with nothing.
async fn empty(
    execd: &Execd,
    call: Call<'_>,
    json: Option<&JsValue>,
    options: &CallOptions,
) -> Result<JsValue, Failure> {
    execd.send(call, json, options).await?.done().await?;
    Ok(JsValue::UNDEFINED)
}

async fn infos(response: Response) -> Result<Array, Failure> {
    let list = response.array().await?;
    for item in list.iter() {
        if let Some(item) = item.dyn_ref::<Object>() {
            shape::file(item);
        }
    }
    Ok(list)
}

fn path_query(paths: &[String]) -> Vec<(&str, &str)> {
    paths.iter().map(|path| ("path", path.as_str())).collect()
}

async fn upload(execd: &Execd, entry: &Options, call: &CallOptions) -> Result<(), Failure> {
    let path = path_field(entry, "path")?;
    let metadata = permission(entry, None)?;
    object::set(&metadata, "path", path.as_str());
    let metadata = object::stringify(&metadata).map_err(Failure::Thrown)?;
    let data = entry.raw("data");
    let kind = data_kind(entry)?;
    let boundary = format!("opensandbox-{}", js::request_id().map_err(Failure::Thrown)?);
    let head = multipart::head(&boundary, &metadata, &path, &kind);
    let upload = js::upload_body(&head, &data, &multipart::tail(&boundary)).map_err(Failure::Thrown)?;
    let headers = vec![("Content-Type", format!("multipart/form-data; boundary={boundary}"))];
    let sent = send_upload(execd, &upload, headers, call).await;
    upload.stop();
    let own = upload.failure();
    match sent {
        // The source's own error, not what fetch made of it.
        Err(_) if !own.is_undefined() => Err(Failure::Thrown(own)),
        sent => sent,
    }
}

async fn send_upload(
    execd: &Execd,
    upload: &js::Upload,
    headers: Vec<(&'static str, String)>,
    call: &CallOptions,
) -> Result<(), Failure> {
    let transport = &execd.transport;
    // In a page a stream is collected first, which must not outlast an abort either.
    let body =
        time::within(&upload.body(), f64::INFINITY, &transport.bare_signals(call)).await.map_err(Failure::Thrown)?;
    transport.check(call)?;
    let call_to = Call { method: "POST", path: "/files/upload", query: &[], what: "Upload failed" };
    execd.send_raw(call_to, headers, body, call).await?.done().await
}

/// The content type of an entry's `data`; an error for what cannot be uploaded.
fn data_kind(entry: &Options) -> Result<String, Failure> {
    js::content_type(&entry.raw("data"))
        .map_err(|thrown| Failure::invalid(format!("{}: {}", entry.path("data"), describe(&thrown))))
}

#[wasm_bindgen]
impl Files {
    /// What the files are, keyed by the paths as given. One that is missing fails the call.
    #[wasm_bindgen(js_name = getFileInfo)]
    pub fn get_file_info(&self, list: &JsValue, options: &JsValue) -> Promise {
        let (execd, list, call) = (self.execd.clone(), paths("paths", list), CallOptions::read(options));
        promise(async move {
            let list = list?;
            let call_to =
                Call { method: "GET", path: "/files/info", query: &path_query(&list), what: "Get file info failed" };
            let map = execd.send(call_to, None, &call?).await?.object().await?;
            for (_, info) in object::entries(&map) {
                if let Some(info) = info.dyn_ref::<Object>() {
                    shape::file(info);
                }
            }
            Ok(map)
        })
    }

    /// Files below `path` whose base name matches `pattern`.
    pub fn search(&self, entry: &JsValue, options: &JsValue) -> Promise {
        let (execd, entry, call) = (self.execd.clone(), Options::required("entry", entry), CallOptions::read(options));
        promise(async move {
            let entry = entry?;
            let (path, pattern) = (path_field(&entry, "path")?, entry.string("pattern")?);
            let mut query = vec![("path", path.as_str())];
            query.extend(pattern.as_deref().map(|pattern| ("pattern", pattern)));
            infos(
                execd
                    .send(
                        Call { method: "GET", path: "/files/search", query: &query, what: "Search files failed" },
                        None,
                        &call?,
                    )
                    .await?,
            )
            .await
        })
    }

    /// The entries of a directory, `depth` levels deep.
    #[wasm_bindgen(js_name = listDirectory)]
    pub fn list_directory(&self, entry: &JsValue, options: &JsValue) -> Promise {
        let (execd, entry, call) = (self.execd.clone(), Options::required("entry", entry), CallOptions::read(options));
        promise(async move {
            let entry = entry?;
            let (path, depth) = (path_field(&entry, "path")?, entry.count("depth")?.map(rules::short));
            let mut query = vec![("path", path.as_str())];
            query.extend(depth.as_deref().map(|depth| ("depth", depth)));
            infos(
                execd
                    .send(
                        Call { method: "GET", path: "/directories/list", query: &query, what: "List directory failed" },
                        None,
                        &call?,
                    )
                    .await?,
            )
            .await
        })
    }

    /// Makes directories, with their parents.
    #[wasm_bindgen(js_name = createDirectories)]
    pub fn create_directories(&self, entries: &JsValue, options: &JsValue) -> Promise {
        let body = by_path("entries", entries, |entry| permission(entry, Some(755.0)));
        let (execd, call) = (self.execd.clone(), CallOptions::read(options));
        promise(async move {
            let call_to = Call { method: "POST", path: "/directories", query: &[], what: "Create directories failed" };
            empty(&execd, call_to, Some(&body?.into()), &call?).await
        })
    }

    /// Deletes directories and all in them.
    #[wasm_bindgen(js_name = deleteDirectories)]
    pub fn delete_directories(&self, list: &JsValue, options: &JsValue) -> Promise {
        let (execd, list, call) = (self.execd.clone(), paths("paths", list), CallOptions::read(options));
        promise(async move {
            let list = list?;
            empty(
                &execd,
                Call {
                    method: "DELETE",
                    path: "/directories",
                    query: &path_query(&list),
                    what: "Delete directories failed",
                },
                None,
                &call?,
            )
            .await
        })
    }

    /// Writes files one after another; stops at the first failure.
    #[wasm_bindgen(js_name = writeFiles)]
    pub fn write_files(&self, entries: &JsValue, options: &JsValue) -> Promise {
        let (execd, entries, call) =
            (self.execd.clone(), args::objects("entries", entries), CallOptions::read(options));
        promise(async move {
            let (entries, call) = (entries?, call?);
            // All mistakes first: nothing is half written because of one in the last entry.
            for entry in &entries {
                path_field(entry, "path")?;
                permission(entry, None)?;
                data_kind(entry)?;
            }
            for entry in &entries {
                upload(&execd, entry, &call).await?;
            }
            Ok(JsValue::UNDEFINED)
        })
    }

    /// A file as text.
    #[wasm_bindgen(js_name = readFile)]
    pub fn read_file(&self, path: &JsValue, options: &JsValue, call: &JsValue) -> Promise {
        let execd = self.execd.clone();
        let download = Options::new("options", options)
            .and_then(|options| Ok((Download::read(path, &options, call)?, options.string("encoding")?)));
        promise(async move {
            let (download, encoding) = download?;
            let encoding = encoding.as_deref().unwrap_or("utf-8");
            let unknown = |thrown| {
                let message = "encoding is not one that TextDecoder knows".into();
                Failure::caused(Error::InvalidArgument(message), thrown)
            };
            // Before anything is sent: does the runtime know it?
            js::bytes_to_text(&Uint8Array::new_with_length(0), encoding).map_err(unknown)?;
            js::bytes_to_text(&download.bytes(&execd).await?, encoding).map_err(unknown)
        })
    }

    /// A file as bytes.
    #[wasm_bindgen(js_name = readBytes)]
    pub fn read_bytes(&self, path: &JsValue, options: &JsValue, call: &JsValue) -> Promise {
        let execd = self.execd.clone();
        let download = Options::new("options", options).and_then(|options| Download::read(path, &options, call));
        promise(async move { download?.bytes(&execd).await })
    }

    /// A file as chunks, as they come. The request is sent when the first one is asked for.
    #[wasm_bindgen(js_name = readBytesStream)]
    pub fn read_bytes_stream(&self, path: &JsValue, options: &JsValue, call: &JsValue) -> Result<JsValue, JsValue> {
        let download = Options::new("options", options)
            .and_then(|options| Download::read(path, &options, call))
            .map_err(Failure::from)?;
        js::byte_stream(DownloadDriver::new(self.execd.clone(), download).into())
    }

    /// Deletes files; one that is missing already is no error.
    #[wasm_bindgen(js_name = deleteFiles)]
    pub fn delete_files(&self, list: &JsValue, options: &JsValue) -> Promise {
        let (execd, list, call) = (self.execd.clone(), paths("paths", list), CallOptions::read(options));
        promise(async move {
            let list = list?;
            empty(
                &execd,
                Call { method: "DELETE", path: "/files", query: &path_query(&list), what: "Delete files failed" },
                None,
                &call?,
            )
            .await
        })
    }

    /// Moves files and directories. A target that exists is an error.
    #[wasm_bindgen(js_name = moveFiles)]
    pub fn move_files(&self, entries: &JsValue, options: &JsValue) -> Promise {
        let (execd, entries, call) =
            (self.execd.clone(), args::objects("entries", entries), CallOptions::read(options));
        promise(async move {
            let body = Array::new();
            for entry in entries? {
                let item = Object::new();
                object::set(&item, "src", path_field(&entry, "src")?);
                object::set(&item, "dest", path_field(&entry, "dest")?);
                body.push(&item);
            }
            empty(
                &execd,
                Call { method: "POST", path: "/files/mv", query: &[], what: "Move files failed" },
                Some(&body.into()),
                &call?,
            )
            .await
        })
    }

    /// Replaces text in files, every occurrence.
    #[wasm_bindgen(js_name = replaceContents)]
    pub fn replace_contents(&self, entries: &JsValue, options: &JsValue) -> Promise {
        let (execd, body, call) = (self.execd.clone(), replacements(entries), CallOptions::read(options));
        promise(async move {
            empty(
                &execd,
                Call { method: "POST", path: "/files/replace", query: &[], what: "Replace contents failed" },
                Some(&body?.into()),
                &call?,
            )
            .await
        })
    }

    /// As `replaceContents`, and tells how often each was found.
    #[wasm_bindgen(js_name = replaceContentsDetailed)]
    pub fn replace_contents_detailed(&self, entries: &JsValue, options: &JsValue) -> Promise {
        let (execd, body, call) = (self.execd.clone(), replacements(entries), CallOptions::read(options));
        promise(async move {
            let call_to = Call {
                method: "POST",
                path: "/files/replace",
                query: &[("verbose", "true")],
                what: "Replace contents failed",
            };
            let counts = execd.send(call_to, Some(&body?.into()), &call?).await?.object().await?;
            let results = object::entries(&counts).into_iter().map(|(path, count)| {
                let result = Object::new();
                object::set(&result, "path", path);
                object::set(&result, "replacedCount", object::get(&count, "replacedCount").as_f64().unwrap_or(0.0));
                result.into()
            });
            Ok(object::array(results))
        })
    }

    /// Sets mode and owner.
    #[wasm_bindgen(js_name = setPermissions)]
    pub fn set_permissions(&self, entries: &JsValue, options: &JsValue) -> Promise {
        let body = by_path("entries", entries, |entry| permission(entry, None));
        let (execd, call) = (self.execd.clone(), CallOptions::read(options));
        promise(async move {
            let call_to =
                Call { method: "POST", path: "/files/permissions", query: &[], what: "Set permissions failed" };
            empty(&execd, call_to, Some(&body?.into()), &call?).await
        })
    }
}

/// `{path: {old, new}}`.
fn replacements(entries: &JsValue) -> Result<Object, Error> {
    by_path("entries", entries, |entry| {
        let item = Object::new();
        let old = entry.required_string("oldContent")?;
        if old.is_empty() {
            return Err(Error::InvalidArgument(format!("{} cannot be empty", entry.path("oldContent"))));
        }
        object::set(&item, "old", old);
        object::set(&item, "new", entry.required_string("newContent")?);
        Ok(item)
    })
}
