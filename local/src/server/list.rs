//! `GET /sandboxes`: filters, order and pages.

use super::checks::Checker;
use super::errors::Failure;
use super::metadata;
use super::state::App;
use crate::query::Pairs;
use axum::Json;
use axum::extract::State;
use axum::http::Uri;
use serde_json::{Map, Value, json};

/// A page of sandboxes, newest first.
pub async fn list(State(app): State<App>, uri: Uri) -> Result<Json<Value>, Failure> {
    let query = Pairs::of(&uri);
    let mut check = Checker::default();
    let page = number(&query, "page", 1, None, &mut check);
    let size = number(&query, "pageSize", 20, Some(200), &mut check);
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
    let total = found.len();
    let pages = total.div_ceil(size);
    let items: Vec<Value> =
        found.iter().skip((page - 1).saturating_mul(size)).take(size).map(|shown| shown.sandbox()).collect();
    Ok(Json(json!({
        "items": items,
        "pagination": {
            "page": page,
            "pageSize": size,
            "totalItems": total,
            "totalPages": pages,
            "hasNextPage": page < pages,
        },
    })))
}

fn number(query: &Pairs, name: &str, default: usize, most: Option<i64>, check: &mut Checker) -> usize {
    let Some(text) = query.last(name) else {
        return default;
    };
    let input = json!(text);
    let loc = json!(["query", name]);
    let Some(number) = check.integer(&input, loc.clone()) else {
        return default;
    };
    if check.at_least(number, 1, loc.clone(), &input)
        && most.is_none_or(|most| check.at_most(number, most, loc, &input))
    {
        usize::try_from(number).unwrap_or(default)
    } else {
        default
    }
}
