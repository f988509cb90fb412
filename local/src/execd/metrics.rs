//! `/metrics`: processor and memory use of the machine.

use super::errors::{self, Failure};
use super::events::{self, now_millis};
use super::json;
use axum::response::Response;
use http::HeaderMap;
use serde::Serialize;
use std::time::Duration;

const SAMPLE: Duration = Duration::from_secs(1);

#[derive(Serialize)]
struct Metrics {
    cpu_count: f64,
    cpu_used_pct: f64,
    mem_total_mib: f64,
    mem_used_mib: f64,
    timestamp: i64,
}

#[derive(Serialize)]
struct Broken {
    error: String,
}

/// `GET /metrics`: one sample, which takes a second.
pub async fn get() -> Result<Response, Failure> {
    match sample().await {
        Ok(metrics) => Ok(errors::success(&metrics)),
        Err(error) => Err(Failure::runtime(format!("error reading runtime metrics. {error}"))),
    }
}

/// `GET /metrics/watch`: a sample every two seconds, one line each, until the client goes.
pub fn watch(headers: &HeaderMap) -> Response {
    let (events, receiver) = events::channel();
    tokio::spawn(async move {
        while !events.is_closed() {
            tokio::time::sleep(SAMPLE).await;
            let mut line = match sample().await {
                Ok(metrics) => json::encode(&metrics),
                Err(error) => json::encode(&Broken { error }),
            };
            line.push(b'\n');
            events.send_raw(line).await;
        }
    });
    events::response(receiver, headers)
}

async fn sample() -> Result<Metrics, String> {
    let timestamp = now_millis();
    let before = cpu_times()?;
    tokio::time::sleep(SAMPLE).await;
    let after = cpu_times()?;
    let total = after.0.saturating_sub(before.0);
    let idle = after.1.saturating_sub(before.1).min(total);
    let cpu_used_pct = if total == 0 { 0.0 } else { (total - idle) as f64 / total as f64 * 100.0 };
    let text = std::fs::read_to_string("/proc/meminfo").map_err(|error| error.to_string())?;
    let (total, available) = memory(&text).ok_or("unreadable /proc/meminfo")?;
    Ok(Metrics {
        // It knows about cgroup quotas.
        cpu_count: std::thread::available_parallelism().map_or(1.0, |count| count.get() as f64),
        cpu_used_pct,
        mem_total_mib: total as f64 / 1024.0,
        mem_used_mib: total.saturating_sub(available) as f64 / 1024.0,
        timestamp,
    })
}

/// All ticks and the idle ones, since boot.
fn cpu_times() -> Result<(u64, u64), String> {
    let text = std::fs::read_to_string("/proc/stat").map_err(|error| error.to_string())?;
    ticks(&text).ok_or_else(|| "unreadable /proc/stat".into())
}

fn ticks(stat: &str) -> Option<(u64, u64)> {
    let line = stat.lines().find_map(|line| line.strip_prefix("cpu "))?;
    // user nice system idle iowait irq softirq steal; the guest times behind them are part of user and nice.
    let fields: Vec<u64> = line.split_whitespace().take(8).map_while(|field| field.parse().ok()).collect();
    Some((fields.iter().sum(), fields.get(3)? + fields.get(4)?))
}

/// Total and available KiB.
fn memory(meminfo: &str) -> Option<(u64, u64)> {
    let value = |name: &str| {
        let line = meminfo.lines().find_map(|line| line.strip_prefix(name))?;
        line.split_whitespace().next()?.parse::<u64>().ok()
    };
    Some((value("MemTotal:")?, value("MemAvailable:")?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proc_files() {
        assert_eq!(ticks("cpu  10 1 5 70 4 1 2 3 9 9\ncpu0 1 2 3"), Some((96, 74)));
        assert_eq!(memory("MemTotal:  2048 kB\nMemFree: 1 kB\nMemAvailable:   512 kB\n"), Some((2048, 512)));
        assert_eq!(ticks("nothing"), None);
    }
}
