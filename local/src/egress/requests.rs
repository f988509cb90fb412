//! What clients send to the vault. Unknown fields are refused, `null` stands for the empty value.

use super::policy::nullable;
use serde::Deserialize;

/// `POST /credential-vault`
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Create {
    #[serde(default, deserialize_with = "nullable")]
    pub credentials: Vec<Credential>,
    #[serde(default, deserialize_with = "nullable")]
    pub bindings: Vec<Binding>,
}

/// `PATCH /credential-vault`
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Patch {
    #[serde(default, rename = "expectedRevision")]
    pub expected_revision: Option<i64>,
    #[serde(default)]
    pub credentials: Option<Changes<Credential>>,
    #[serde(default)]
    pub bindings: Option<Changes<Binding>>,
}

/// Changes to one of the two lists.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, bound = "T: Deserialize<'de>")]
pub struct Changes<T> {
    #[serde(default, deserialize_with = "nullable")]
    pub add: Vec<T>,
    #[serde(default, deserialize_with = "nullable")]
    pub replace: Vec<T>,
    #[serde(default, deserialize_with = "nullable")]
    pub delete: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Credential {
    #[serde(default, deserialize_with = "nullable")]
    pub name: String,
    #[serde(default, deserialize_with = "nullable")]
    pub source: Source,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    #[serde(default, rename = "type", deserialize_with = "nullable")]
    pub kind: String,
    #[serde(default, deserialize_with = "nullable")]
    pub value: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Binding {
    #[serde(default, deserialize_with = "nullable")]
    pub name: String,
    #[serde(default, rename = "match", deserialize_with = "nullable")]
    pub matches: Match,
    #[serde(default, deserialize_with = "nullable")]
    pub auth: Auth,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Match {
    #[serde(default, deserialize_with = "nullable")]
    pub schemes: Vec<String>,
    #[serde(default, deserialize_with = "nullable")]
    pub ports: Vec<i64>,
    #[serde(default, deserialize_with = "nullable")]
    pub hosts: Vec<String>,
    #[serde(default, deserialize_with = "nullable")]
    pub methods: Vec<String>,
    #[serde(default, deserialize_with = "nullable")]
    pub paths: Vec<String>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Auth {
    #[serde(default, rename = "type", deserialize_with = "nullable")]
    pub kind: String,
    #[serde(default, deserialize_with = "nullable")]
    pub credential: String,
    #[serde(default, deserialize_with = "nullable")]
    pub name: String,
    #[serde(default, deserialize_with = "nullable")]
    pub headers: Vec<HeaderEntry>,
    #[serde(default, deserialize_with = "nullable")]
    pub substitutions: Vec<Substitution>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeaderEntry {
    #[serde(default, deserialize_with = "nullable")]
    pub name: String,
    #[serde(default, deserialize_with = "nullable")]
    pub credential: String,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Substitution {
    #[serde(default, deserialize_with = "nullable")]
    pub credential: String,
    #[serde(default, deserialize_with = "nullable")]
    pub placeholder: String,
    #[serde(default, rename = "in", deserialize_with = "nullable")]
    pub surfaces: Vec<String>,
}
