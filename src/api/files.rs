//! `sandbox.files`: files and directories.

use crate::api::download::Download;
use crate::api::methods::methods;
use crate::api::upload::{self, path_field, permission};
use crate::api::wire::{self, Wire};
use crate::api::{directory, resumable, settled};
use crate::core::error::Error;
use crate::core::{batch, rules};
use crate::host::args::{self, CallOptions, Options};
use crate::host::failure::Failure;
use crate::host::js::{self, Execd};
use crate::host::object;
use js_sys::{Array, Object, Promise};
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

/// A change, and what it says beside that it was made.
fn change(path: &str, what: &str, answer: &str, body: Result<impl AsRef<JsValue>, Error>) -> Result<Wire, Failure> {
    Wire::at("POST", path, &[], what, answer).json(body?.as_ref())
}

/// A question about one path, with another field in its query.
fn question(path: &str, to: &str, field: Option<(&str, &str)>, what: &str) -> Wire {
    let mut query = vec![("path", path)];
    query.extend(field);
    Wire::at("GET", to, &query, what, "file[]")
}

fn search(entry: &JsValue) -> Result<Wire, Failure> {
    let entry = Options::required("entry", entry)?;
    let (path, pattern) = (path_field(&entry, "path")?, entry.string("pattern")?);
    let field = pattern.as_deref().map(|pattern| ("pattern", pattern));
    Ok(question(&path, "/files/search", field, "Search files failed"))
}

fn list(entry: &JsValue) -> Result<Wire, Failure> {
    let entry = Options::required("entry", entry)?;
    let (path, depth) = (path_field(&entry, "path")?, entry.count("depth")?.map(rules::short));
    let field = depth.as_deref().map(|depth| ("depth", depth));
    Ok(question(&path, "/directories/list", field, "List directory failed"))
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

/// Requests about many paths, as few as possible.
fn batches(method: &str, to: &str, what: &str, answer: &str, list: &JsValue) -> Result<Array, Error> {
    let list = args::strings("paths", list)?;
    for (index, path) in list.iter().enumerate() {
        rules::file_path(&format!("paths[{index}]"), path)?;
    }
    let wires = Array::new();
    for part in batch::split(&list) {
        let query: Vec<_> = part.iter().map(|path| ("path", path.as_str())).collect();
        wires.push(Wire::at(method, to, &query, what, answer).as_ref());
    }
    Ok(wires)
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
    fn ask(&self, wire: Result<Wire, Failure>, options: &JsValue) -> Promise {
        wire::promised(self.execd.as_ref(), wire, options)
    }

    /// `DELETE` of many paths. Stops at the first failure.
    fn delete(&self, to: &str, what: &str, list: &JsValue, options: &JsValue) -> Promise {
        let wires = batches("DELETE", to, what, "nothing", list);
        settled((|| Ok(js::ask_each(&self.execd, &wires?, CallOptions::read(options)?.as_ref())))())
    }

    /// What the files are, keyed by the paths as given. One that is missing fails the call.
    pub fn get_file_info(&self, list: &JsValue, options: &JsValue) -> Promise {
        let wires = batches("GET", "/files/info", "Get file info failed", "object", list);
        settled((|| Ok(js::file_infos(&self.execd, &wires?, CallOptions::read(options)?.as_ref())))())
    }

    /// Files below `path` whose base name matches `pattern`.
    pub fn search(&self, entry: &JsValue, options: &JsValue) -> Promise {
        self.ask(search(entry), options)
    }

    /// The entries of a directory, `depth` levels deep.
    pub fn list_directory(&self, entry: &JsValue, options: &JsValue) -> Promise {
        self.ask(list(entry), options)
    }

    /// Makes directories, with their parents.
    pub fn create_directories(&self, entries: &JsValue, options: &JsValue) -> Promise {
        let body = by_path("entries", entries, permission);
        self.ask(change("/directories", "Create directories failed", "nothing", body), options)
    }

    /// Deletes directories and all in them.
    pub fn delete_directories(&self, list: &JsValue, options: &JsValue) -> Promise {
        self.delete("/directories", "Delete directories failed", list, options)
    }

    /// Writes files one after another; stops at the first failure.
    pub fn write_files(&self, entries: &JsValue, options: &JsValue) -> Promise {
        settled(upload::write(&self.execd, entries, options))
    }

    /// Writes whatever an iterable gives, several files at a time.
    pub fn upload_all(&self, entries: &JsValue, options: &JsValue) -> Promise {
        settled(upload::upload_all(&self.execd, entries, options))
    }

    /// A file as text.
    pub fn read_file(&self, path: &JsValue, options: &JsValue, call: &JsValue) -> Promise {
        let read = || {
            let options = Options::new("options", options)?;
            let download = Download::read(path, &options, call)?;
            Ok(js::read_text(&self.execd, download.as_ref(), options.string("encoding")?))
        };
        settled(read())
    }

    /// A file as bytes.
    pub fn read_bytes(&self, path: &JsValue, options: &JsValue, call: &JsValue) -> Promise {
        let download = Options::new("options", options).and_then(|options| Download::read(path, &options, call));
        settled((|| Ok(js::read_bytes(&self.execd, download?.as_ref())))())
    }

    /// A file as chunks, as they come. The request is sent when the first one is asked for.
    pub fn read_bytes_stream(&self, path: &JsValue, options: &JsValue, call: &JsValue) -> Result<JsValue, Failure> {
        let options = Options::new("options", options)?;
        Ok(js::byte_stream(&self.execd, Download::read(path, &options, call)?.as_ref()))
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
        self.delete("/files", "Delete files failed", list, options)
    }

    /// Moves files and directories. A target that exists is an error.
    pub fn move_files(&self, entries: &JsValue, options: &JsValue) -> Promise {
        self.ask(change("/files/mv", "Move files failed", "nothing", moves(entries)), options)
    }

    /// Replaces text in files, every occurrence.
    pub fn replace_contents(&self, entries: &JsValue, options: &JsValue) -> Promise {
        let body = replacements(entries);
        self.ask(change("/files/replace", "Replace contents failed", "nothing", body), options)
    }

    /// As `replaceContents`, and tells how often each was found.
    pub fn replace_contents_detailed(&self, entries: &JsValue, options: &JsValue) -> Promise {
        let body = replacements(entries);
        self.ask(change("/files/replace?verbose=true", "Replace contents failed", "replaced", body), options)
    }

    /// Sets mode and owner.
    pub fn set_permissions(&self, entries: &JsValue, options: &JsValue) -> Promise {
        let body = by_path("entries", entries, permission);
        self.ask(change("/files/permissions", "Set permissions failed", "nothing", body), options)
    }
}
