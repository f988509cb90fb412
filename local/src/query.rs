//! The query string of a request. Which of several values counts differs: Go takes the first, FastAPI the last.

use http::Uri;

/// Decoded pairs in their order.
pub struct Pairs(Vec<(String, String)>);

impl Pairs {
    /// Of a request's address.
    pub fn of(uri: &Uri) -> Self {
        let pairs = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
        Self(pairs.into_owned().collect())
    }

    /// All values of a name.
    pub fn all<'a>(&'a self, name: &'a str) -> impl DoubleEndedIterator<Item = &'a str> {
        self.0.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The first value of a name.
    pub fn first<'a>(&'a self, name: &'a str) -> Option<&'a str> {
        self.all(name).next()
    }

    /// The last value of a name.
    pub fn last<'a>(&'a self, name: &'a str) -> Option<&'a str> {
        self.all(name).next_back()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_and_last() {
        let pairs = Pairs::of(&Uri::from_static("/x?a=1&b=%26+c&a=2&d"));
        assert_eq!((pairs.first("a"), pairs.last("a")), (Some("1"), Some("2")));
        assert_eq!((pairs.first("b"), pairs.first("d"), pairs.first("e")), (Some("& c"), Some(""), None));
        assert!(Pairs::of(&Uri::from_static("/x")).first("a").is_none());
    }
}
