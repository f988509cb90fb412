//! Pages of a list: the query parameters and the shape of the answer.

use super::checks::Checker;
use crate::query::Pairs;
use serde_json::{Value, json};

/// One page.
pub struct Page {
    page: usize,
    size: usize,
}

impl Page {
    /// `page` and `pageSize`.
    pub fn read(query: &Pairs, check: &mut Checker) -> Self {
        Self { page: number(query, "page", 1, None, check), size: number(query, "pageSize", 20, Some(200), check) }
    }

    /// The page's part of everything that was found.
    pub fn show<T>(&self, found: &[T], show: impl Fn(&T) -> Value) -> Value {
        let pages = found.len().div_ceil(self.size);
        let skip = (self.page - 1).saturating_mul(self.size);
        let items: Vec<Value> = found.iter().skip(skip).take(self.size).map(show).collect();
        json!({
            "items": items,
            "pagination": {
                "page": self.page,
                "pageSize": self.size,
                "totalItems": found.len(),
                "totalPages": pages,
                "hasNextPage": self.page < pages,
            },
        })
    }
}

/// A whole number in a range, with Pydantic's words for what is none.
pub fn number(query: &Pairs, name: &str, default: usize, most: Option<i64>, check: &mut Checker) -> usize {
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
