//! What the API answers about a sandbox, and its times.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

/// RFC 3339 in UTC with six fractional digits, or none when they are zero.
pub fn time(at: Timestamp) -> String {
    let at = at
        .round(jiff::TimestampRound::new().smallest(jiff::Unit::Microsecond).mode(jiff::RoundMode::Trunc))
        .unwrap_or(at);
    if at.subsec_nanosecond() == 0 {
        at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
    } else {
        at.strftime("%Y-%m-%dT%H:%M:%S.%6fZ").to_string()
    }
}

/// The states Docker's runtime reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    Running,
    Paused,
    Ended { code: i32, at: Timestamp },
}

impl Status {
    /// The value of `status.state`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Running => "Running",
            Self::Paused => "Paused",
            Self::Ended { code: 0, .. } => "Terminated",
            Self::Ended { .. } => "Failed",
        }
    }

    fn json(self, created: Timestamp) -> Value {
        let (reason, message, at) = match self {
            Self::Running => ("CONTAINER_RUNNING", "Sandbox container is running.".into(), created),
            Self::Paused => ("CONTAINER_PAUSED", "Sandbox container is paused.".into(), created),
            Self::Ended { code: 0, at } => ("CONTAINER_EXITED", "Sandbox container exited successfully.".into(), at),
            Self::Ended { code, at } => {
                ("CONTAINER_EXITED_ERROR", format!("Sandbox container exited with code {code}."), at)
            }
        };
        json!({ "state": self.name(), "reason": reason, "message": message, "lastTransitionAt": time(at) })
    }
}

/// The parts of a sandbox that answers show.
#[derive(Debug, Clone)]
pub struct Shown {
    pub id: String,
    /// None: made of a snapshot.
    pub image: Option<String>,
    pub snapshot: Option<String>,
    pub platform: Option<Value>,
    pub status: Status,
    pub metadata: Map<String, Value>,
    /// Those of the request that are echoed.
    pub extensions: Map<String, Value>,
    /// As the client sent it.
    pub asked_entrypoint: Vec<String>,
    /// As it runs: a single string with spaces is split.
    pub entrypoint: Vec<String>,
    pub created: Timestamp,
    pub expires: Option<Timestamp>,
}

impl Shown {
    /// The answer of GET, list and PATCH. Absent stands for null.
    pub fn sandbox(&self) -> Value {
        let mut map = Map::new();
        map.insert("id".into(), json!(self.id));
        if let Some(image) = &self.image {
            map.insert("image".into(), json!({ "uri": image }));
        }
        if let Some(snapshot) = &self.snapshot {
            map.insert("snapshotId".into(), json!(snapshot));
        }
        self.put_platform(&mut map);
        map.insert("status".into(), self.status.json(self.created));
        self.put_metadata(&mut map);
        map.insert("entrypoint".into(), json!(self.entrypoint));
        self.put_times(&mut map);
        Value::Object(map)
    }

    /// The answer of create: no image, another message, the entrypoint as asked.
    pub fn created(&self) -> Value {
        let mut map = Map::new();
        map.insert("id".into(), json!(self.id));
        map.insert(
            "status".into(),
            json!({
                "state": "Running",
                "reason": "CONTAINER_RUNNING",
                "message": "Sandbox container started successfully.",
                "lastTransitionAt": time(self.created),
            }),
        );
        self.put_metadata(&mut map);
        self.put_platform(&mut map);
        self.put_times(&mut map);
        map.insert("entrypoint".into(), json!(self.asked_entrypoint));
        Value::Object(map)
    }

    fn put_metadata(&self, map: &mut Map<String, Value>) {
        if !self.metadata.is_empty() {
            map.insert("metadata".into(), json!(self.metadata));
        }
        if !self.extensions.is_empty() {
            map.insert("extensions".into(), json!(self.extensions));
        }
    }

    fn put_platform(&self, map: &mut Map<String, Value>) {
        if let Some(platform) = &self.platform {
            map.insert("platform".into(), platform.clone());
        }
    }

    fn put_times(&self, map: &mut Map<String, Value>) {
        if let Some(expires) = self.expires {
            map.insert("expiresAt".into(), json!(time(expires)));
        }
        map.insert("createdAt".into(), json!(time(self.created)));
    }
}

#[cfg(test)]
mod tests {
    use super::time;

    #[test]
    fn six_digits_or_none() {
        let at = |text: &str| time(text.parse().unwrap());
        assert_eq!(at("2026-11-23T02:19:02.333Z"), "2026-11-23T02:19:02.333000Z");
        assert_eq!(at("2026-11-23T02:19:02.3330009Z"), "2026-11-23T02:19:02.333000Z");
        assert_eq!(at("2026-11-23T02:19:02Z"), "2026-11-23T02:19:02Z");
        assert_eq!(at("2026-11-23T02:19:02.0000009Z"), "2026-11-23T02:19:02Z");
    }
}
