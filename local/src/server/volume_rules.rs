//! What Docker's runtime checks about volumes before it mounts any, in its words.

use super::errors::Failure;
use super::python::{repr, repr_list};
use super::volumes::{Backend, Volume};
use axum::http::StatusCode;
use std::collections::HashSet;
use std::path::Path;

/// Directories that sandboxes share with the machine read-only, or that are their own system: nothing can be mounted
/// inside.
const SYSTEM: [&str; 12] =
    ["usr", "etc", "bin", "sbin", "lib", "lib32", "lib64", "libx32", "opt", "proc", "dev", ".opensandbox"];

/// Checks all of them; no directory is touched.
pub fn check(volumes: &[Volume], allowed: &[String]) -> Result<(), Failure> {
    let mut names = HashSet::new();
    for volume in volumes {
        if !names.insert(volume.name.as_str()) {
            return Err(bad(
                "VOLUME::DUPLICATE_NAME",
                format!("Duplicate volume name '{}'. Each volume must have a unique name.", volume.name),
            ));
        }
        check_sub_path(&volume.sub_path)?;
        match &volume.backend {
            Backend::Host(path) => check_host_path(path, allowed)?,
            Backend::Named { .. } => {}
            Backend::Ossfs { options, .. } => check_options(options)?,
        }
    }
    let mut places = HashSet::new();
    for volume in volumes {
        let place = mount_point(&volume.mount_path)?;
        if !places.insert(place) {
            return Err(bad(MOUNT_PATH, format!("Duplicate mount point: {}", volume.mount_path)));
        }
    }
    Ok(())
}

const MOUNT_PATH: &str = "VOLUME::INVALID_MOUNT_PATH";
const HOST_PATH: &str = "VOLUME::INVALID_HOST_PATH";

fn bad(code: &'static str, message: String) -> Failure {
    Failure::api(StatusCode::BAD_REQUEST, code, message)
}

fn check_sub_path(path: &str) -> Result<(), Failure> {
    const SUB_PATH: &str = "VOLUME::INVALID_SUB_PATH";
    if path.starts_with('/') {
        return Err(bad(SUB_PATH, format!("SubPath '{path}' must be a relative path, not absolute.")));
    }
    if path.split('/').any(|part| part == "..") {
        return Err(bad(SUB_PATH, format!("SubPath '{path}' contains path traversal '..' which is not allowed.")));
    }
    no_nul(SUB_PATH, path)
}

fn check_host_path(path: &str, allowed: &[String]) -> Result<(), Failure> {
    // Windows drives are for Windows; the real server takes them anywhere.
    if !path.starts_with('/') {
        return Err(not_allowed(path, allowed));
    }
    if path.contains("/..") {
        return Err(bad(HOST_PATH, format!("Host path '{path}' contains path traversal component '..'.")));
    }
    if path.contains("//") || (path.len() > 1 && path.ends_with('/')) {
        return Err(bad(HOST_PATH, format!("Host path '{path}' is not normalized. Remove redundant slashes.")));
    }
    no_nul(HOST_PATH, path)?;
    if is_under(Path::new(path), allowed) { Ok(()) } else { Err(not_allowed(path, allowed)) }
}

/// Whether a path is one of the allowed ones, or inside.
pub fn is_under(path: &Path, allowed: &[String]) -> bool {
    allowed.iter().any(|prefix| path.starts_with(prefix))
}

/// The refusal of a host path.
pub fn not_allowed(path: &str, allowed: &[String]) -> Failure {
    bad(
        "VOLUME::HOST_PATH_NOT_ALLOWED",
        format!("Host path '{path}' is not under any allowed prefix. Allowed prefixes: {}", repr_list(allowed)),
    )
}

fn check_options(options: &[String]) -> Result<(), Failure> {
    const OPTION: &str = "VOLUME::INVALID_OSSFS_OPTION";
    for option in options {
        if option.trim().is_empty() {
            return Err(bad(OPTION, "OSSFS options must be non-empty strings.".into()));
        }
        if option.trim().starts_with('-') {
            let text = "OSSFS options must be raw option payloads without '-' prefix (e.g. 'allow_other', 'uid=1000').";
            return Err(bad(OPTION, text.into()));
        }
    }
    Ok(())
}

/// A NUL would end one of bubblewrap's arguments and start another one of the client's choice.
fn no_nul(code: &'static str, path: &str) -> Result<(), Failure> {
    if path.contains('\0') { Err(bad(code, format!("Path {} contains a NUL character.", repr(path)))) } else { Ok(()) }
}

/// The mount path without what changes nothing.
pub fn mount_point(path: &str) -> Result<String, Failure> {
    no_nul(MOUNT_PATH, path)?;
    let parts: Vec<&str> = path.split('/').filter(|part| !["", "."].contains(part)).collect();
    if parts.contains(&"..") {
        return Err(bad(MOUNT_PATH, format!("Mount path '{path}' contains path traversal '..' which is not allowed.")));
    }
    match parts.first() {
        None => Err(bad(MOUNT_PATH, "invalid volume specification: destination can't be '/'".into())),
        Some(first) if SYSTEM.contains(first) => Err(bad(
            MOUNT_PATH,
            format!("Mount path '{path}' is inside /{first}, which sandboxes of this local server cannot change."),
        )),
        _ => Ok(format!("/{}", parts.join("/"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn volume(backend: Backend) -> Volume {
        Volume { name: "v".into(), mount_path: "/m".into(), read_only: false, sub_path: String::new(), backend }
    }

    fn host(path: &str) -> Volume {
        volume(Backend::Host(path.into()))
    }

    fn refusal(volumes: &[Volume]) -> String {
        match check(volumes, &["/srv/allowed".into()]) {
            Ok(()) => "ok".into(),
            Err(Failure::Api(_, code, message)) => format!("{code} {message}"),
            Err(other) => format!("{other:?}"),
        }
    }

    #[test]
    fn host_paths() {
        for good in ["/srv/allowed", "/srv/allowed/a"] {
            assert_eq!(refusal(&[host(good)]), "ok", "{good}");
        }
        assert_eq!(
            refusal(&[host("/etc")]),
            "VOLUME::HOST_PATH_NOT_ALLOWED Host path '/etc' is not under any allowed prefix. Allowed prefixes: ['/srv/allowed']"
        );
        for (path, code) in [
            ("/srv/allowed-too", "VOLUME::HOST_PATH_NOT_ALLOWED"),
            ("/srv", "VOLUME::HOST_PATH_NOT_ALLOWED"),
            ("C:\\data", "VOLUME::HOST_PATH_NOT_ALLOWED"),
            ("/srv/allowed/../other", "VOLUME::INVALID_HOST_PATH"),
            ("/srv//allowed", "VOLUME::INVALID_HOST_PATH"),
            ("/srv/allowed/", "VOLUME::INVALID_HOST_PATH"),
            ("/srv/allowed/a\0--bind\0/\0/x", "VOLUME::INVALID_HOST_PATH"),
        ] {
            assert!(refusal(&[host(path)]).starts_with(code), "{path}");
        }
    }

    #[test]
    fn places_and_names() {
        for (path, place) in [("/m", "/m"), ("/m//a/./b/", "/m/a/b"), ("/workspace", "/workspace")] {
            assert_eq!(mount_point(path).ok().as_deref(), Some(place));
        }
        for path in ["/", "//", "/m/../etc", "/usr/x", "/etc", "/.opensandbox", "/m\0x"] {
            assert!(mount_point(path).is_err(), "{path:?}");
        }
        assert!(refusal(&[host("/srv/allowed"), host("/srv/allowed")]).starts_with("VOLUME::DUPLICATE_NAME "));
        let mut twice = host("/srv/allowed");
        twice.name = "w".into();
        twice.mount_path = "/m/".into();
        assert!(refusal(&[host("/srv/allowed"), twice]).starts_with("VOLUME::INVALID_MOUNT_PATH Duplicate"));
        for sub_path in ["/abs", "a/../../b", "a\0b"] {
            let mut volume = host("/srv/allowed");
            volume.sub_path = sub_path.into();
            assert!(refusal(&[volume]).starts_with("VOLUME::INVALID_SUB_PATH "), "{sub_path:?}");
        }
    }

    #[test]
    fn bucket_options() {
        let with =
            |option: &str| refusal(&[volume(Backend::Ossfs { version: "2.0".into(), options: vec![option.into()] })]);
        assert_eq!(with("allow_other"), "ok");
        assert!(with(" ").starts_with("VOLUME::INVALID_OSSFS_OPTION "));
        assert!(with("-o").starts_with("VOLUME::INVALID_OSSFS_OPTION "));
    }
}
