//! Ends sandboxes whose time is over, paused ones too.

use super::state::App;
use jiff::Timestamp;
use std::time::Duration;

/// At most this long between looks: timers stand still while a laptop sleeps, the clock does not.
const LOOK: Duration = Duration::from_secs(1);

/// Runs as long as the server.
pub async fn run(app: App) {
    loop {
        let next = reap(&app);
        let changed = app.sandboxes.changed.notified();
        match next {
            None => changed.await,
            Some(wait) => {
                let _ = tokio::time::timeout(wait.min(LOOK), changed).await;
            }
        }
    }
}

/// Ends what is over; the time until the next one, if there is one.
fn reap(app: &App) -> Option<Duration> {
    let now = Timestamp::now();
    let mut next: Option<Duration> = None;
    for sandbox in app.sandboxes.all() {
        let Some(expires) = sandbox.change(|state| state.expires) else {
            continue;
        };
        match Duration::try_from(expires.duration_since(now)) {
            Ok(left) if !left.is_zero() => next = Some(next.map_or(left, |next| next.min(left))),
            _ => {
                // From now on it is a 404, as with the real server. Ended apart, so that one does not delay another.
                if let Ok(taken) = app.sandboxes.take(&sandbox.fixed.id) {
                    tracing::info!(sandbox = taken.fixed.id, "expired");
                    let app = app.clone();
                    tokio::spawn(async move { app.sandboxes.end(&taken, false).await });
                }
            }
        }
    }
    next
}
