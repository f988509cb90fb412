//! Lists that come in pages: one page, or all of them one after another.

use crate::api::shape;
use crate::api::wire::{self, Wire};
use crate::core::error::{Error, ErrorKind};
use crate::core::{rules, url};
use crate::host::args::{CallOptions, Options};
use crate::host::failure::Failure;
use crate::host::transport::Transport;
use crate::host::{js, object};
use js_sys::{Array, Object, Promise};
use std::rc::Rc;
use wasm_bindgen::prelude::*;

/// What is listed.
#[derive(Clone, Copy, PartialEq)]
pub enum Listing {
    /// `GET /sandboxes`, by states (any of them) and metadata (all of it).
    Sandboxes,
    /// `GET /snapshots`, by sandbox, name and states.
    Snapshots,
    /// `GET /templates`, by metadata.
    Templates,
}

impl Listing {
    fn path(self) -> &'static str {
        match self {
            Self::Sandboxes => "/sandboxes",
            Self::Snapshots => "/snapshots",
            Self::Templates => "/templates",
        }
    }

    fn what(self) -> &'static str {
        match self {
            Self::Sandboxes => "List sandboxes failed",
            Self::Snapshots => "List snapshots failed",
            Self::Templates => "List templates failed",
        }
    }

    /// The URL with the filter as its query.
    fn with_query(self, mut url: String, filter: &Options) -> Result<String, Error> {
        let mut add = |name: &str, value: &str| url = url::with_query(&url, &[(name, value)]);
        if self == Self::Snapshots {
            for name in ["sandboxId", "name"] {
                if let Some(value) = filter.string(name)? {
                    add(name, &value);
                }
            }
        }
        if self != Self::Templates {
            for state in &filter.strings("states")?.unwrap_or_default() {
                add("state", state);
            }
        }
        if self != Self::Snapshots {
            let metadata = filter.string_map("metadata")?.unwrap_or_default();
            if !metadata.is_empty() {
                add("metadata", &url::metadata_filter(&metadata));
            }
        }
        for name in ["page", "pageSize"] {
            if let Some(number) = filter.count(name)? {
                add(name, &rules::short(number));
            }
        }
        Ok(url)
    }
}

/// One page.
pub fn page(transport: &Transport, listing: Listing, filter: &JsValue) -> Result<Wire, Failure> {
    let filter = Options::new("filter", filter)?;
    let url = listing.with_query(transport.base.clone() + listing.path(), &filter)?;
    let wire = Wire::new("GET", url, listing.what());
    Ok(match listing {
        Listing::Sandboxes => wire.shaped(|page| items(page, Listing::Sandboxes.what(), shape::sandbox)),
        Listing::Snapshots => {
            wire.part("Snapshots are").shaped(|page| items(page, Listing::Snapshots.what(), shape::snapshot))
        }
        Listing::Templates => {
            wire.part("Templates are").shaped(|page| items(page, Listing::Templates.what(), shape::template))
        }
    })
}

/// A list with all its items made official.
pub fn items(page: Object, what: &str, item: fn(Object) -> Result<Object, Error>) -> Result<Object, Error> {
    let unexpected = |problem: &str| Error::new(ErrorKind::UnexpectedResponse, what.to_owned() + problem);
    let list = object::get(&page, "items");
    let Some(list) = list.dyn_ref::<Array>() else {
        return Err(unexpected(": the answer has no items"));
    };
    for each in list.iter() {
        let Ok(each) = each.dyn_into::<Object>() else {
            return Err(unexpected(": the list has an item that is no object"));
        };
        item(each)?;
    }
    Ok(page)
}

/// Private to the package: what `src/js/pages.js` asks for pages.
#[wasm_bindgen]
pub struct PageDriver {
    transport: Rc<Transport>,
    listing: Listing,
    filter: Object,
    first: f64,
    options: JsValue,
}

#[wasm_bindgen]
impl PageDriver {
    /// Number of the page to begin with.
    #[wasm_bindgen(getter)]
    pub fn first(&self) -> f64 {
        self.first
    }

    /// What tells two items apart.
    #[wasm_bindgen(getter)]
    pub fn key(&self) -> String {
        if self.listing == Listing::Templates { "templateId" } else { "id" }.into()
    }

    /// Asks for a page.
    pub fn page(&self, number: f64) -> Promise {
        let filter = Object::assign(&Object::new(), &self.filter);
        object::set(&filter, "page", number);
        wire::promised(&self.transport, page(&self.transport, self.listing, &filter), &self.options)
    }

    /// The exception for a list that does not end.
    pub fn repeats(&self, number: f64) -> JsValue {
        let (what, number) = (self.listing.what(), rules::short(number));
        let problem =
            format!("{what}: page {number} says that there is more, and there has been nothing new for pages");
        Failure::from(Error::new(ErrorKind::UnexpectedResponse, problem)).into()
    }
}

/// All items as an async iterable. The arguments are checked at once, nothing is sent before the first item is asked for.
pub fn all(
    transport: &Rc<Transport>,
    listing: Listing,
    filter: &JsValue,
    options: &JsValue,
) -> Result<JsValue, Failure> {
    let driver = || -> Result<PageDriver, Error> {
        let given = Options::new("filter", filter)?;
        listing.with_query(String::new(), &given)?;
        // A copy: what the caller does to it later must not change pages in the middle of the list.
        let filter = Object::assign(&Object::new(), given.value().unchecked_ref());
        let first = given.count("page")?.unwrap_or(1.0);
        CallOptions::read(options)?;
        Ok(PageDriver { transport: Rc::clone(transport), listing, filter, first, options: options.clone() })
    };
    js::all_pages(driver()?.into()).map_err(Failure::thrown)
}
