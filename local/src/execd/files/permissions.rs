//! `POST /files/permissions`, and how owner, group and mode are applied everywhere.

use super::blocking;
use crate::execd::body::{self, Fields, malformed};
use crate::execd::errors::{self, Failure, os_text};
use crate::execd::paths;
use axum::body::Body;
use axum::response::Response;
use nix::unistd::{Group, User, getegid, geteuid};
use std::fs::Permissions;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::Path;

/// Owner, group and mode as requests carry them.
pub struct Permission {
    owner: String,
    group: String,
    mode: i64,
}

impl Permission {
    pub fn read(fields: &Fields<'_>) -> Result<Self, String> {
        Ok(Self { owner: fields.string("owner")?, group: fields.string("group")?, mode: fields.integer("mode")? })
    }

    /// Applies it to a file. The ownership always changes: with neither owner nor group known, to execd's own.
    pub fn apply(&self, path: &Path) -> Result<(), String> {
        let named =
            |operation: &str, error: std::io::Error| format!("{operation} {}: {}", path.display(), os_text(&error));
        if let Some(mode) = self.mode_bits()? {
            std::fs::set_permissions(path, Permissions::from_mode(mode)).map_err(|error| named("chmod", error))?;
        }
        let owner = User::from_name(&self.owner).ok().flatten().map(|user| user.uid.as_raw());
        let group = Group::from_name(&self.group).ok().flatten().map(|group| group.gid.as_raw());
        let (owner, group) = match (owner, group) {
            (None, None) => (Some(geteuid().as_raw()), Some(getegid().as_raw())),
            some => some,
        };
        chown(path, owner, group).map_err(|error| named("chown", error))
    }

    /// 644 means 0o644; 0 means "leave it"; special bits are dropped.
    fn mode_bits(&self) -> Result<Option<u32>, String> {
        if self.mode == 0 {
            return Ok(None);
        }
        let text = self.mode.to_string();
        let bits = u32::from_str_radix(&text, 8)
            .map_err(|_| format!("strconv.ParseUint: parsing \"{text}\": invalid syntax"))?;
        Ok(Some(bits & 0o777))
    }
}

/// A body that maps paths to permissions.
pub fn read_map(value: &serde_json::Value) -> Result<Vec<(String, Permission)>, Failure> {
    let entries = body::entries(value)?.into_iter();
    let read = |value| Fields::of(value, "Permission").and_then(|fields| Permission::read(&fields));
    entries.map(|(path, value)| Ok((path.clone(), read(value).map_err(|error| malformed(&error))?))).collect()
}

pub async fn post(body: Body) -> Result<Response, Failure> {
    let wanted = read_map(&body::read_required(body).await?)?;
    blocking(move || {
        for (sent, permission) in wanted {
            let path = paths::expand_absolute(&sent);
            path.and_then(|path| permission.apply(&path))
                .map_err(|error| Failure::runtime(format!("error changing permissions for {sent}. {error}")))?;
        }
        Ok(errors::empty())
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mode_digits() {
        let bits = |mode| Permission { owner: String::new(), group: String::new(), mode }.mode_bits();
        assert_eq!(bits(644), Ok(Some(0o644)));
        assert_eq!(bits(4755), Ok(Some(0o755)));
        assert_eq!(bits(0), Ok(None));
        assert!(bits(689).is_err());
        assert!(bits(-1).is_err());
    }
}
