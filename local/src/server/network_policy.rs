//! Network policies: their shape in requests, and `/sandboxes/{id}/networkpolicy`, which speaks to the sandbox's egress.

use super::checks::{self, Checker, not_an_object};
use super::errors::Failure;
use super::state::App;
use crate::egress;
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::{Method, Response, StatusCode, Uri};
use serde_json::{Value, json};

/// `GET`, `PUT`, `PATCH`, `DELETE`. The server adds the token itself.
pub async fn route(
    State(app): State<App>,
    Path(id): Path<String>,
    request: Request<Body>,
) -> Result<Response<Body>, Failure> {
    let method = request.method().clone();
    let body = if method == Method::GET {
        Body::empty()
    } else {
        let (value, bytes) = checks::json_and_bytes(request).await?;
        let mut check = Checker::default();
        match method {
            Method::PUT => check_policy(&value, &[json!("body")], &mut check),
            Method::PATCH => check_list(&value, &mut check, check_rule),
            _ => check_list(&value, &mut check, |value, at, check| {
                check.text(value, Value::Array(at.to_vec()));
            }),
        }
        check.finish()?;
        Body::from(bytes)
    };
    let sandbox = app.sandboxes.get(&id)?;
    let Some(served) = &sandbox.egress else {
        // The real server asks the sidecar, and without one nobody answers.
        return Err(Failure::api(
            StatusCode::BAD_GATEWAY,
            "BACKEND_CONNECTION_FAILED",
            "Could not connect to the backend sandbox 127.0.0.1:18080: All connection attempts failed",
        ));
    };
    let mut inner = Request::new(body);
    *inner.method_mut() = method;
    *inner.uri_mut() = Uri::from_static("/policy");
    Ok(egress::handle_trusted(&served.egress, inner).await)
}

/// A policy at some place of a request.
pub fn check_policy(value: &Value, at: &[Value], check: &mut Checker) {
    let Some(map) = value.as_object() else {
        check.errors.push(not_an_object(Value::Array(at.to_vec()), value));
        return;
    };
    check.string(map.get("defaultAction"), below(at, "defaultAction"));
    match map.get("egress") {
        None => {}
        Some(Value::Array(rules)) => {
            for (index, rule) in rules.iter().enumerate() {
                check_rule(rule, &[at, &[json!("egress"), json!(index)]].concat(), check);
            }
        }
        Some(other) => check.push("list_type", below(at, "egress"), "Input should be a valid list", other, None),
    }
}

fn check_rule(value: &Value, at: &[Value], check: &mut Checker) {
    let Some(rule) = value.as_object() else {
        check.errors.push(not_an_object(Value::Array(at.to_vec()), value));
        return;
    };
    check.required_string(rule, "action", below(at, "action"));
    let target = check.required_string(rule, "target", below(at, "target"));
    if target.is_some_and(|target| target.is_empty()) {
        check.too_short(below(at, "target"), 1, &json!(""));
    }
}

fn check_list(value: &Value, check: &mut Checker, item: impl Fn(&Value, &[Value], &mut Checker)) {
    match value.as_array() {
        Some(list) => {
            for (index, value) in list.iter().enumerate() {
                item(value, &[json!("body"), json!(index)], check);
            }
        }
        None => check.push("list_type", json!(["body"]), "Input should be a valid list", value, None),
    }
}

fn below(at: &[Value], name: &str) -> Value {
    Value::Array([at, &[json!(name)]].concat())
}

/// The policy that a sandbox starts with. What the sidecar would not start with fails the create.
pub fn initial(sent: &Value, id: &str) -> Result<egress::Policy, Failure> {
    egress::Policy::parse(&sent.to_string()).map_err(|why| {
        Failure::api(
            StatusCode::INTERNAL_SERVER_ERROR,
            "DOCKER::SANDBOX_START_FAILED",
            format!("Egress sidecar did not become ready within 30s for sandbox {id}: {why}"),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn errors(value: Value) -> Vec<String> {
        let mut check = Checker::default();
        check_policy(&value, &[json!("body")], &mut check);
        check.errors.iter().map(|error| format!("{} {}", error["type"].as_str().unwrap(), error["loc"])).collect()
    }

    #[test]
    fn shapes() {
        for good in [json!({}), json!({ "defaultAction": null }), json!({ "egress": [] }), json!({ "more": 1 })] {
            assert_eq!(errors(good.clone()), [""; 0], "{good}");
        }
        assert_eq!(errors(json!([])), [r#"model_attributes_type ["body"]"#]);
        assert_eq!(errors(json!({ "defaultAction": 1 })), [r#"string_type ["body","defaultAction"]"#]);
        assert_eq!(errors(json!({ "egress": null })), [r#"list_type ["body","egress"]"#]);
        assert_eq!(
            errors(json!({ "egress": [{ "action": "allow", "target": "" }, { "action": 1 }, 5] })),
            [
                r#"string_too_short ["body","egress",0,"target"]"#,
                r#"string_type ["body","egress",1,"action"]"#,
                r#"missing ["body","egress",1,"target"]"#,
                r#"model_attributes_type ["body","egress",2]"#,
            ]
        );
    }
}
