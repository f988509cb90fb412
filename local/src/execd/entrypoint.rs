//! The program whose end is the end of the sandbox.

use super::App;
use super::shell;
use crate::processes::shell_code;
use std::fs::OpenOptions;
use std::io;
use std::os::fd::AsFd;
use std::path::Path;
use std::process::{ExitStatus, Stdio};

/// Runs it and returns the exit code in the way shells count. Without one, never returns.
pub async fn run(app: &App, arguments: &[String], log: Option<&Path>) -> u8 {
    let Some((program, rest)) = arguments.split_first() else {
        return std::future::pending().await;
    };
    match start_and_wait(app, program, rest, log).await {
        Ok(status) => {
            tracing::info!(%status, "entrypoint ended");
            u8::try_from(shell_code(status).unwrap_or(1)).unwrap_or(1)
        }
        Err(error) => {
            tracing::error!(%error, program, "entrypoint cannot be started");
            if error.kind() == io::ErrorKind::PermissionDenied { 126 } else { 127 }
        }
    }
}

async fn start_and_wait(app: &App, program: &str, rest: &[String], log: Option<&Path>) -> io::Result<ExitStatus> {
    let output = || -> io::Result<Stdio> {
        match log {
            Some(path) => Ok(OpenOptions::new().create(true).append(true).open(path)?.into()),
            None => Ok(io::stderr().as_fd().try_clone_to_owned()?.into()),
        }
    };
    let mut command = shell::program(Path::new(program));
    command.args(rest).stdout(output()?).stderr(output()?);
    let mut started = app.children.spawn(&mut command)?;
    app.children.wait(&mut started).await
}
