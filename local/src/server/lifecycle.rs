//! Get, delete, pause, resume and renewal of a sandbox.

use super::checks::{self, Checker, not_an_object};
use super::errors::Failure;
use super::model;
use super::state::App;
use axum::Json;
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

/// `GET /sandboxes/{id}`
pub async fn get(State(app): State<App>, Path(id): Path<String>) -> Result<Json<Value>, Failure> {
    Ok(Json(app.sandboxes.get(&id)?.shown().sandbox()))
}

/// `DELETE /sandboxes/{id}`: when it answers, nothing of the sandbox runs any more.
pub async fn delete(State(app): State<App>, Path(id): Path<String>) -> Result<StatusCode, Failure> {
    let sandbox = app.sandboxes.take(&id)?;
    // Apart from the request: a client that goes away must not stop the work half-way.
    let _ = tokio::spawn(async move { app.sandboxes.end(&sandbox, true).await }).await;
    tracing::info!(sandbox = id, "deleted");
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /sandboxes/{id}/pause`
pub async fn pause(State(app): State<App>, Path(id): Path<String>) -> Result<StatusCode, Failure> {
    let sandbox = app.sandboxes.get(&id)?;
    sandbox.pause().await?;
    Ok(StatusCode::ACCEPTED)
}

/// `POST /sandboxes/{id}/resume`
pub async fn resume(State(app): State<App>, Path(id): Path<String>) -> Result<StatusCode, Failure> {
    let sandbox = app.sandboxes.get(&id)?;
    sandbox.resume().await?;
    Ok(StatusCode::ACCEPTED)
}

/// `POST /sandboxes/{id}/renew-expiration`: any future time, also an earlier one.
pub async fn renew(
    State(app): State<App>,
    Path(id): Path<String>,
    request: Request<Body>,
) -> Result<Json<Value>, Failure> {
    let body = checks::json_body(request).await?;
    let Some(map) = body.as_object() else {
        return Err(Failure::Invalid(vec![not_an_object(json!(["body"]), &body)]));
    };
    let mut check = Checker::default();
    let loc = json!(["body", "expiresAt"]);
    let at = match map.get("expiresAt") {
        None => {
            check.push("missing", loc, "Field required", &body, None);
            None
        }
        Some(value @ (Value::String(_) | Value::Number(_))) => {
            let at = parse_time(value);
            if at.is_none() {
                let why = "input is too short or not a date";
                let msg = format!("Input should be a valid datetime or date, {why}");
                let ctx = json!({ "error": why });
                check.push("datetime_from_date_parsing", loc, &msg, value, Some(ctx));
            }
            at
        }
        Some(other) => {
            check.push("datetime_type", loc, "Input should be a valid datetime", other, None);
            None
        }
    };
    check.finish()?;
    let sandbox = app.sandboxes.get(&id)?;
    let invalid = |status, message: String| Err(Failure::api(status, "DOCKER::INVALID_EXPIRATION", message));
    let Some(at) = at.filter(|at| *at > Timestamp::now()) else {
        let message = "New expiration time must be in the future.".into();
        return invalid(StatusCode::BAD_REQUEST, message);
    };
    let renewed = sandbox.change(|state| {
        let has_end = state.expires.is_some();
        if has_end {
            state.expires = Some(at);
        }
        has_end
    });
    if !renewed {
        let message = format!("Sandbox {id} does not have automatic expiration enabled.");
        return invalid(StatusCode::CONFLICT, message);
    }
    app.sandboxes.changed.notify_one();
    Ok(Json(json!({ "expiresAt": model::time(at) })))
}

/// With an offset, without one (then UTC), or as a number: seconds, or milliseconds when it is that large.
fn parse_time(value: &Value) -> Option<Timestamp> {
    let text = match value {
        Value::String(text) => text.trim(),
        number => return epoch(number.as_f64()?),
    };
    text.parse::<Timestamp>()
        .ok()
        .or_else(|| text.parse::<DateTime>().ok()?.to_zoned(TimeZone::UTC).ok().map(|at| at.timestamp()))
        .or_else(|| epoch(text.parse().ok()?))
}

fn epoch(number: f64) -> Option<Timestamp> {
    let seconds = if number.abs() > 2e10 { number / 1000.0 } else { number };
    Timestamp::from_microsecond((seconds * 1e6) as i64).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_pydantic_takes() {
        let show = |value: Value| parse_time(&value).map(model::time);
        let noon = Some("2026-11-23T12:00:00Z".to_owned());
        assert_eq!(show(json!("2026-11-23T12:00:00Z")), noon);
        assert_eq!(show(json!("2026-11-23T14:00:00+02:00")), noon);
        assert_eq!(show(json!("2026-11-23T12:00:00")), noon);
        assert_eq!(show(json!(1795435200)), noon);
        assert_eq!(show(json!("tomorrow")), None);
    }
}
