//! `GET /sandboxes`: filters and order.

use super::checks::Checker;
use super::errors::Failure;
use super::metadata;
use super::pages::Page;
use super::state::App;
use crate::query::Pairs;
use axum::Json;
use axum::extract::State;
use axum::http::Uri;
use serde_json::{Map, Value};

/// A page of sandboxes, newest first.
pub async fn list(State(app): State<App>, uri: Uri) -> Result<Json<Value>, Failure> {
    let query = Pairs::of(&uri);
    let mut check = Checker::default();
    let page = Page::read(&query, &mut check);
    check.finish()?;
    let states = query.all("state").collect::<Vec<_>>();
    let wanted = match query.last("metadata").filter(|text| !text.is_empty()) {
        Some(text) => metadata::parse_filter(text)?,
        None => Map::new(),
    };
    let mut found: Vec<_> = app
        .sandboxes
        .all()
        .iter()
        .map(|sandbox| sandbox.shown())
        .filter(|shown| {
            // Unknown states and comma lists match nothing, as in the real server.
            (states.is_empty() || states.iter().any(|state| state.eq_ignore_ascii_case(shown.status.name())))
                && wanted.iter().all(|(key, value)| shown.metadata.get(key) == Some(value))
        })
        .collect();
    found.sort_by_key(|shown| std::cmp::Reverse(shown.created));
    Ok(Json(page.show(&found, |shown| shown.sandbox())))
}
