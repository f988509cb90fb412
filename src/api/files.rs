//! `sandbox.files`: files and directories.

use crate::api::download::Download;
use crate::api::execd::Execd;
use crate::api::methods::methods;
use crate::api::upload::{self, on_progress, path_field, permission};
use crate::api::wire::{self, Wire};
use crate::api::{directory, promise, resumable, settled, shape};
use crate::core::error::Error;
use crate::core::{batch, rules};
use crate::host::args::{self, CallOptions, Options};
use crate::host::failure::Failure;
use crate::host::{js, object};
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

/// The body of a batch that is keyed by path. A path given twice would silently win over the first.
fn by_path(field: &str, value: &JsValue, read: impl Fn(&Options) -> Result<Object, Error>) -> Result<Object, Error> {
    let body = object::map();
    for entry in args::objects(field, value)? {
        let path = path_field(&entry, "path")?;
        if !object::get(&body, &path).is_undefined() {
            return Err(Error::invalid(format!("{field} has the path \"{path}\" twice")));
        }
        object::set(&body, &path, read(&entry)?);
    }
    Ok(body)
}

/// An entry of a list.
fn info(item: &JsValue) {
    if let Some(item) = item.dyn_ref::<Object>() {
        shape::file(item);
    }
}

/// A change that says nothing but that it was made.
fn change(path: &str, what: &'static str, body: Result<impl AsRef<JsValue>, Error>) -> Result<Wire, Failure> {
    Wire::at("POST", path, &[], what).json(body?.as_ref())
}

fn search(entry: &JsValue) -> Result<Wire, Failure> {
    let entry = Options::required("entry", entry)?;
    let (path, pattern) = (path_field(&entry, "path")?, entry.string("pattern")?);
    let mut query = vec![("path", path.as_str())];
    query.extend(pattern.as_deref().map(|pattern| ("pattern", pattern)));
    Ok(Wire::at("GET", "/files/search", &query, "Search files failed").listed(info))
}

fn list(entry: &JsValue) -> Result<Wire, Failure> {
    let entry = Options::required("entry", entry)?;
    let (path, depth) = (path_field(&entry, "path")?, entry.count("depth")?.map(rules::short));
    let mut query = vec![("path", path.as_str())];
    query.extend(depth.as_deref().map(|depth| ("depth", depth)));
    Ok(Wire::at("GET", "/directories/list", &query, "List directory failed").listed(info))
}

fn moves(entries: &JsValue) -> Result<Array, Error> {
    let body = Array::new();
    for entry in args::objects("entries", entries)? {
        let item = Object::new();
        object::set(&item, "src", path_field(&entry, "src")?);
        object::set(&item, "dest", path_field(&entry, "dest")?);
        body.push(&item);
    }
    Ok(body)
}

fn path_query(paths: &[String]) -> Vec<(&str, &str)> {
    paths.iter().map(|path| ("path", path.as_str())).collect()
}

/// `DELETE` of many paths. Stops at the first failure.
fn delete(execd: &Execd, path: &'static str, what: &'static str, list: &JsValue, options: &JsValue) -> Promise {
    let (execd, list, call) = (execd.clone(), paths("paths", list), CallOptions::read(options));
    promise(async move {
        let (list, call) = (list?, call?);
        for part in batch::split(&list) {
            Wire::at("DELETE", path, &path_query(part), what).ask(&execd, &call).await?;
        }
        Ok(JsValue::UNDEFINED)
    })
}

methods! { Files:
    "getFileInfo" => get_file_info(_, _),
    "search" => search(_, _),
    "listDirectory" => list_directory(_, _),
    "createDirectories" => create_directories(_, _),
    "deleteDirectories" => delete_directories(_, _),
    "writeFiles" => write_files(_, _),
    "uploadAll" => upload_all(_, _),
    "readFile" => read_file(_, _, _),
    "readBytes" => read_bytes(_, _, _),
    "readBytesStream" => read_bytes_stream(_, _, _),
    "download" => download(_, _, _),
    "downloadDirectory" => download_directory(_, _),
    "deleteFiles" => delete_files(_, _),
    "moveFiles" => move_files(_, _),
    "replaceContents" => replace_contents(_, _),
    "replaceContentsDetailed" => replace_contents_detailed(_, _),
    "setPermissions" => set_permissions(_, _),
}

impl Files {
    /// What the files are, keyed by the paths as given. One that is missing fails the call.
    pub fn get_file_info(&self, list: &JsValue, options: &JsValue) -> Promise {
        let (execd, list, call) = (self.execd.clone(), paths("paths", list), CallOptions::read(options));
        promise(async move {
            let (list, call) = (list?, call?);
            let found = Array::new();
            for part in batch::split(&list) {
                let asking = Wire::at("GET", "/files/info", &path_query(part), "Get file info failed").object();
                let map = asking.ask(&execd, &call).await?;
                for entry in Object::entries(map.unchecked_ref()).iter() {
                    found.push(&entry);
                }
            }
            // Not set one by one: a path may be `__proto__`.
            let infos = Object::from_entries(&found).map_err(Failure::thrown)?;
            for (_, info) in object::entries(&infos) {
                if let Some(info) = info.dyn_ref::<Object>() {
                    shape::file(info);
                }
            }
            Ok(infos.into())
        })
    }

    /// Files below `path` whose base name matches `pattern`.
    pub fn search(&self, entry: &JsValue, options: &JsValue) -> Promise {
        wire::promised(&self.execd, search(entry), options)
    }

    /// The entries of a directory, `depth` levels deep.
    pub fn list_directory(&self, entry: &JsValue, options: &JsValue) -> Promise {
        wire::promised(&self.execd, list(entry), options)
    }

    /// Makes directories, with their parents.
    pub fn create_directories(&self, entries: &JsValue, options: &JsValue) -> Promise {
        let body = by_path("entries", entries, permission);
        wire::promised(&self.execd, change("/directories", "Create directories failed", body), options)
    }

    /// Deletes directories and all in them.
    pub fn delete_directories(&self, list: &JsValue, options: &JsValue) -> Promise {
        delete(&self.execd, "/directories", "Delete directories failed", list, options)
    }

    /// Writes files one after another; stops at the first failure.
    pub fn write_files(&self, entries: &JsValue, options: &JsValue) -> Promise {
        let (execd, entries, call) =
            (self.execd.clone(), args::objects("entries", entries), CallOptions::read(options));
        let progress = Options::new("options", options).and_then(|options| on_progress(&options));
        promise(async move {
            let (entries, call, progress) = (entries?, call?, progress?);
            // All mistakes first: nothing is half written because of one in the last entry.
            for entry in &entries {
                upload::check(entry)?;
            }
            for entry in &entries {
                upload::upload(&execd, entry, &call, &progress).await?;
            }
            Ok(JsValue::UNDEFINED)
        })
    }

    /// Writes whatever an iterable gives, several files at a time.
    pub fn upload_all(&self, entries: &JsValue, options: &JsValue) -> Promise {
        let started = upload::upload_all(&self.execd, entries, options);
        settled(started)
    }

    /// A file as text.
    pub fn read_file(&self, path: &JsValue, options: &JsValue, call: &JsValue) -> Promise {
        let execd = self.execd.clone();
        let download = Options::new("options", options)
            .and_then(|options| Ok((Download::read(path, &options, call)?, options.string("encoding")?)));
        promise(async move {
            let (download, encoding) = download?;
            let encoding = encoding.as_deref().unwrap_or("utf-8");
            let unknown = |thrown| {
                let message = "encoding is not one that TextDecoder knows".into();
                Failure::caused(Error::invalid(message), thrown)
            };
            // Before anything is sent: does the runtime know it?
            js::bytes_to_text(&Uint8Array::new_with_length(0), encoding).map_err(unknown)?;
            js::bytes_to_text(&download.bytes(&execd).await?, encoding).map_err(unknown)
        })
    }

    /// A file as bytes.
    pub fn read_bytes(&self, path: &JsValue, options: &JsValue, call: &JsValue) -> Promise {
        let execd = self.execd.clone();
        let download = Options::new("options", options).and_then(|options| Download::read(path, &options, call));
        promise(async move { download?.bytes(&execd).await.map(JsValue::from) })
    }

    /// A file as chunks, as they come. The request is sent when the first one is asked for.
    pub fn read_bytes_stream(&self, path: &JsValue, options: &JsValue, call: &JsValue) -> Result<JsValue, Failure> {
        let download = Options::new("options", options)
            .and_then(|options| Download::read(path, &options, call))
            .map_err(Failure::from)?;
        download.stream(self.execd.clone())
    }

    /// A file, over as many connections as it takes. Nothing is sent before it is read.
    pub fn download(&self, path: &JsValue, options: &JsValue, call: &JsValue) -> Result<JsValue, Failure> {
        resumable::read(&self.execd, path, options, call)
    }

    /// All that is in a directory. The list is asked for when the first entry is.
    pub fn download_directory(&self, path: &JsValue, options: &JsValue) -> Result<JsValue, Failure> {
        directory::read(&self.execd, path, options)
    }

    /// Deletes files; one that is missing already is no error.
    pub fn delete_files(&self, list: &JsValue, options: &JsValue) -> Promise {
        delete(&self.execd, "/files", "Delete files failed", list, options)
    }

    /// Moves files and directories. A target that exists is an error.
    pub fn move_files(&self, entries: &JsValue, options: &JsValue) -> Promise {
        wire::promised(&self.execd, change("/files/mv", "Move files failed", moves(entries)), options)
    }

    /// Replaces text in files, every occurrence.
    pub fn replace_contents(&self, entries: &JsValue, options: &JsValue) -> Promise {
        let body = replacements(entries);
        wire::promised(&self.execd, change("/files/replace", "Replace contents failed", body), options)
    }

    /// As `replaceContents`, and tells how often each was found.
    pub fn replace_contents_detailed(&self, entries: &JsValue, options: &JsValue) -> Promise {
        let counted = |wire: Wire| {
            wire.object().then(|counts| {
                let results = object::entries(&counts?).into_iter().map(|(path, count)| {
                    let result = Object::new();
                    object::set(&result, "path", path);
                    object::set(&result, "replacedCount", object::get(&count, "replacedCount").as_f64().unwrap_or(0.0));
                    result.into()
                });
                Ok(object::array(results).into())
            })
        };
        let wire = change("/files/replace?verbose=true", "Replace contents failed", replacements(entries));
        wire::promised(&self.execd, wire.map(counted), options)
    }

    /// Sets mode and owner.
    pub fn set_permissions(&self, entries: &JsValue, options: &JsValue) -> Promise {
        let body = by_path("entries", entries, permission);
        wire::promised(&self.execd, change("/files/permissions", "Set permissions failed", body), options)
    }
}

/// `{path: {old, new}}`.
fn replacements(entries: &JsValue) -> Result<Object, Error> {
    by_path("entries", entries, |entry| {
        let item = Object::new();
        let old = entry.required_text("oldContent")?;
        if old.is_empty() {
            return Err(Error::invalid(format!("{} cannot be empty", entry.path("oldContent"))));
        }
        object::set(&item, "old", old);
        object::set(&item, "new", entry.required_text("newContent")?);
        Ok(item)
    })
}
