//! Builds the process of a command: shell, directory, environment, user.

use super::auth;
use super::paths;
use crate::search_path;
use nix::unistd::{Gid, Uid, User, getgrouplist, setgid, setgroups, setuid};
use std::collections::BTreeMap;
use std::ffi::CString;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::LazyLock;
use tokio::process::Command;

/// `bash`, or `sh` where there is none.
static SHELL: LazyLock<PathBuf> =
    LazyLock::new(|| search_path::find("bash").or_else(|| search_path::find("sh")).unwrap_or_else(|| "/bin/sh".into()));

/// The shell's path, for error texts.
pub fn path() -> &'static Path {
    &SHELL
}

/// A program with execd's own environment minus its secret, and with no input.
pub fn program(file: &Path) -> Command {
    let mut command = Command::new(file);
    command.stdin(Stdio::null()).env_remove(auth::VARIABLE);
    command
}

/// `bash -c TEXT` with the request's variables over those of the `EXECD_ENVS` file.
pub fn command(text: &str, cwd: Option<&Path>, envs: &BTreeMap<String, String>) -> Command {
    let mut command = program(path());
    command.arg("-c").arg(text).envs(file_variables()).envs(envs);
    if let Some(cwd) = cwd {
        command.current_dir(cwd);
    }
    command
}

/// The variables of the `EXECD_ENVS` file, read anew each time: `KEY=VALUE` lines, `#` comments, `$VAR` expanded,
/// quotes kept.
fn file_variables() -> Vec<(String, String)> {
    let Some(file) = std::env::var_os("EXECD_ENVS") else {
        return Vec::new();
    };
    let Ok(text) = std::fs::read_to_string(file) else {
        return Vec::new();
    };
    text.lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .filter_map(|line| line.split_once('='))
        .map(|(key, value)| {
            (key.trim().to_owned(), paths::expand_variables(value, |name| std::env::var(name).unwrap_or_default()))
        })
        .filter(|(key, _)| !key.is_empty())
        .collect()
}

/// Makes the process run as another user, with that user's groups if the system knows it.
pub fn run_as(command: &mut Command, uid: u32, gid: Option<u32>) -> io::Result<()> {
    let uid = Uid::from_raw(uid);
    let user = User::from_uid(uid)?;
    let gid = gid.map(Gid::from_raw).or(user.as_ref().map(|user| user.gid)).unwrap_or_else(nix::unistd::getgid);
    let groups = match &user {
        Some(user) => getgrouplist(&CString::new(user.name.as_bytes())?, gid)?,
        None => Vec::new(),
    };
    become_user(command, uid, gid, groups);
    Ok(())
}

#[allow(unsafe_code)]
fn become_user(command: &mut Command, uid: Uid, gid: Gid, groups: Vec<Gid>) {
    // The safe `uid` of std drops all supplementary groups before a closure could set them, hence by hand.
    // SAFETY: between fork and exec the closure makes three system calls on data that exists already: no allocation,
    // no locks, nothing but async-signal-safe functions.
    unsafe {
        command.pre_exec(move || {
            setgroups(&groups)?;
            setgid(gid)?;
            Ok(setuid(uid)?)
        });
    }
}
