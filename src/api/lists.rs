//! Lists that come in pages: one page, or all of them one after another.

use crate::api::wire::Wire;
use crate::core::error::Error;
use crate::core::{rules, url};
use crate::host::args::{CallOptions, Options};
use crate::host::failure::Failure;
use crate::host::js::{self, Transport};
use crate::host::object;
use wasm_bindgen::JsValue;

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
    let url = listing.with_query(transport.base() + listing.path(), &filter)?;
    let wire = |answer| Wire::new("GET", &url, listing.what(), answer);
    Ok(match listing {
        Listing::Sandboxes => wire("sandbox{}"),
        Listing::Snapshots => wire("snapshot{}").part("Snapshots are"),
        Listing::Templates => wire("template{}").part("Templates are"),
    })
}

/// All items as an async iterable. The arguments are checked at once, nothing is sent before the first item is asked for.
pub fn all(transport: &Transport, listing: Listing, filter: &JsValue, options: &JsValue) -> Result<JsValue, Failure> {
    let given = Options::new("filter", filter)?;
    let (first, filter) = (given.count("page")?.unwrap_or(1.0), given.copy());
    // There in every address, at its place: `src/js/pages.js` puts the numbers of the others in.
    object::set(&filter, "page", first);
    let key = if listing == Listing::Templates { "templateId" } else { "id" };
    let call = CallOptions::read(options)?;
    let wire = page(transport, listing, &filter)?;
    js::all_pages(transport, wire.as_ref(), call.as_ref(), first, key).map_err(Failure::thrown)
}
