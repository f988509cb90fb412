//! Turns checked volumes into what bubblewrap mounts: directories are made, and links must not lead out.

use super::errors::Failure;
use super::layout::Layout;
use super::named_volumes::{NamedVolumes, Use};
use super::volume_rules::{is_under, mount_point, not_allowed};
use super::volumes::{Backend, Volume};
use axum::http::StatusCode;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// One mount.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mount {
    pub source: PathBuf,
    /// Inside the sandbox.
    pub target: String,
    pub read_only: bool,
}

/// The mounts of one sandbox, outer ones first, and the named volumes that it holds.
#[derive(Default)]
pub struct Mounts {
    pub list: Vec<Mount>,
    pub used: Vec<Use>,
}

/// Makes the directories.
pub fn prepare(volumes: &[Volume], allowed: &[String], named: &Arc<NamedVolumes>) -> Result<Mounts, Failure> {
    let mut mounts = Mounts::default();
    for volume in volumes {
        let source = match &volume.backend {
            Backend::Host(path) => host(volume, path, allowed)?,
            Backend::Named { claim, create, delete } => {
                let used = named.take(&volume.name, claim, *create, *delete)?;
                let path = named_path(volume, &used.path)?;
                mounts.used.push(used);
                path
            }
            Backend::Ossfs { version, .. } => {
                let program = if version == "1.0" { "ossfs" } else { "ossfs2" };
                return Err(Failure::api(
                    StatusCode::INTERNAL_SERVER_ERROR,
                    "VOLUME::OSSFS_MOUNT_FAILED",
                    format!(
                        "Volume '{}': failed to execute ossfs command: [Errno 2] No such file or directory: '{program}'",
                        volume.name
                    ),
                ));
            }
        };
        let target = mount_point(&volume.mount_path)?;
        mounts.list.push(Mount { source, target, read_only: volume.read_only });
    }
    mounts.list.sort_by_key(|mount| mount.target.matches('/').count());
    Ok(mounts)
}

/// A path of this machine, made if it is not there.
fn host(volume: &Volume, path: &str, allowed: &[String]) -> Result<PathBuf, Failure> {
    let wanted = join(Path::new(path), &volume.sub_path);
    let refused = |path: &Path| not_allowed(&path.to_string_lossy(), allowed);
    let real = without_links(allowed);
    // Before anything is made: what is there already must not lead out of the allowed directories.
    let (there, real_there) = existing(&wanted).ok_or_else(|| refused(&wanted))?;
    let above = allowed.iter().any(|prefix| wanted.starts_with(prefix) && Path::new(prefix).starts_with(&there));
    if !above && !is_under(&real_there, &real) {
        return Err(refused(&real_there));
    }
    if !wanted.exists() {
        fs::create_dir_all(&wanted).map_err(|error| {
            Failure::api(
                StatusCode::INTERNAL_SERVER_ERROR,
                "VOLUME::HOST_PATH_CREATE_FAILED",
                format!(
                    "Volume '{}': could not ensure host path directory exists at '{}': {}",
                    volume.name,
                    wanted.display(),
                    error.kind()
                ),
            )
        })?;
    }
    let found = fs::canonicalize(&wanted).unwrap_or(wanted);
    // The allowed path itself may have been made only now.
    let real = without_links(allowed);
    if is_under(&found, &real) { Ok(found) } else { Err(refused(&found)) }
}

fn without_links(allowed: &[String]) -> Vec<String> {
    let real = |prefix: &String| fs::canonicalize(prefix).ok()?.into_os_string().into_string().ok();
    allowed.iter().filter_map(real).collect()
}

/// The deepest part of a path that is there, as it is written and without links. None: a link that leads nowhere.
fn existing(path: &Path) -> Option<(PathBuf, PathBuf)> {
    let there = path.ancestors().find(|there| fs::symlink_metadata(there).is_ok())?;
    Some((there.to_owned(), fs::canonicalize(there).ok()?))
}

/// A directory of a named volume, made if it is not there.
fn named_path(volume: &Volume, root: &Path) -> Result<PathBuf, Failure> {
    let escapes = || {
        Failure::api(
            StatusCode::BAD_REQUEST,
            "VOLUME::INVALID_SUB_PATH",
            format!(
                "Volume '{}': resolved subPath escapes the volume mountpoint after symlink resolution.",
                volume.name
            ),
        )
    };
    let root = fs::canonicalize(root).map_err(|_| escapes())?;
    let wanted = join(&root, &volume.sub_path);
    let (_, there) = existing(&wanted).ok_or_else(escapes)?;
    if !there.starts_with(&root) {
        return Err(escapes());
    }
    fs::create_dir_all(&wanted).map_err(|_| escapes())?;
    let found = fs::canonicalize(&wanted).map_err(|_| escapes())?;
    if found.starts_with(&root) { Ok(found) } else { Err(escapes()) }
}

fn join(path: &Path, sub_path: &str) -> PathBuf {
    sub_path.split('/').filter(|part| !["", "."].contains(part)).fold(path.to_owned(), |path, part| path.join(part))
}

/// In a sandbox that was restored, files of the snapshot may be in the way of a mount: bubblewrap works outside of
/// the sandbox, and a link would lead it there.
pub fn check_places(mounts: &[Mount], layout: &Layout, home: &str) -> Result<(), String> {
    for mount in mounts {
        let mut path = layout.outside(&mount.target, home);
        while path.starts_with(&layout.dir) && path != layout.dir {
            if fs::symlink_metadata(&path).is_ok_and(|meta| meta.file_type().is_symlink()) {
                return Err(format!("the snapshot has a link in the place of the mount path '{}'", mount.target));
            }
            path.pop();
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    fn volume(backend: Backend, sub_path: &str) -> Volume {
        Volume { name: "v".into(), mount_path: "/m".into(), read_only: false, sub_path: sub_path.into(), backend }
    }

    #[test]
    fn links_do_not_lead_out_of_allowed_paths() {
        let dir = tempfile::tempdir().unwrap();
        let base = fs::canonicalize(dir.path()).unwrap();
        let at = |name: &str| base.join(name).to_string_lossy().into_owned();
        fs::create_dir_all(at("allowed/inside")).unwrap();
        fs::create_dir(at("other")).unwrap();
        symlink(at("other"), at("allowed/out")).unwrap();
        symlink(at("nowhere"), at("allowed/dangling")).unwrap();
        symlink(at("allowed/inside"), at("allowed/in")).unwrap();
        let allowed = [at("allowed")];
        let found = |path: &str, sub: &str| {
            let path = at(path);
            host(&volume(Backend::Host(path.clone()), sub), &path, &allowed).ok()
        };
        assert_eq!(found("allowed/in", ""), Some(base.join("allowed/inside")));
        assert_eq!(found("allowed", "inside/new/./deep"), Some(base.join("allowed/inside/new/deep")));
        assert!(base.join("allowed/inside/new/deep").is_dir());
        for (path, sub) in
            [("allowed/out", ""), ("allowed", "out/new"), ("allowed/dangling", ""), ("allowed", "dangling/x")]
        {
            assert_eq!(found(path, sub), None, "{path} {sub}");
        }
        assert!(!base.join("other/new").exists() && !base.join("nowhere").exists(), "nothing was made outside");
    }

    #[test]
    fn an_allowed_path_may_be_a_link_or_missing() {
        let dir = tempfile::tempdir().unwrap();
        let base = fs::canonicalize(dir.path()).unwrap();
        let at = |name: &str| base.join(name).to_string_lossy().into_owned();
        fs::create_dir(at("real")).unwrap();
        symlink(at("real"), at("link")).unwrap();
        let allowed = [at("link"), at("later/on")];
        let find = |path: String| host(&volume(Backend::Host(path.clone()), ""), &path, &allowed).ok();
        assert_eq!(find(at("link/a")), Some(base.join("real/a")));
        assert_eq!(find(at("later/on/b")), Some(base.join("later/on/b")));
    }

    #[test]
    fn sub_paths_of_named_volumes() {
        let dir = tempfile::tempdir().unwrap();
        let root = fs::canonicalize(dir.path()).unwrap();
        let named = |sub: &str| {
            let backend = Backend::Named { claim: "c".into(), create: true, delete: false };
            named_path(&volume(backend, sub), &root).ok()
        };
        assert_eq!(named(""), Some(root.clone()));
        assert_eq!(named("a/b"), Some(root.join("a/b")));
        symlink("/", root.join("out")).unwrap();
        assert_eq!(named("out/tmp"), None);
    }

    #[test]
    fn links_of_a_snapshot_are_not_followed() {
        let dir = tempfile::tempdir().unwrap();
        let layout = Layout::create(dir.path(), "s").unwrap();
        symlink("/", layout.sub("workspace").join("out")).unwrap();
        symlink("/", layout.sub("root").join("data")).unwrap();
        let check = |target: &str| {
            let mount = Mount { source: "/x".into(), target: target.into(), read_only: false };
            check_places(&[mount], &layout, "/root").is_ok()
        };
        assert!(check("/workspace/in/x") && check("/m") && check("/root/x"));
        assert!(!check("/workspace/out") && !check("/workspace/out/x") && !check("/data/x"));
    }
}
