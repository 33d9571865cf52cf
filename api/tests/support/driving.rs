//! A vehicle that does what its plan says, on a clock that runs 600 times as fast as the wall.

use serde_json::{Value, json};
use tokio::time::Instant;

use super::{Client, config, shift, start};

/// A service whose clock runs so fast that a ride takes a second, and a vehicle on it.
pub async fn town() -> (sharxi_api::Running, Client) {
    let running = start(sharxi_api::ServiceConfig { speed: 600.0, ..config() }).await;
    let mut vehicle = Client::hello(running.addr(), "vehicle", "v1").await;
    let answer = vehicle.command(shift("1", "v1")).await;
    assert_eq!(answer["type"], "ok", "{answer}");
    (running, vehicle)
}

/// Does what the newest plan says, on time, until a rider has alighted.
pub async fn drive(vehicle: &mut Client, ride: &str) {
    let mut n_sent = 100;
    let mut version = 0;
    let mut plan: Option<(Instant, Value)> = None;
    loop {
        let message = match &plan {
            None => vehicle.next().await,
            Some((due, next)) => match tokio::time::timeout_at(*due, vehicle.next()).await {
                // A newer plan voids the one that was waited for.
                Ok(message) => message,
                Err(_) => {
                    n_sent += 1;
                    vehicle.say(act(n_sent, next)).await;
                    plan = None;
                    continue;
                }
            },
        };
        if message["type"] == "event" && message["kind"] == "alighted" {
            assert_eq!(message["request_id"], ride);
            return;
        }
        assert_ne!(message["type"], "error", "{message}");
        if message["type"] == "plan" {
            assert!(message["version"].as_u64().unwrap() >= version, "{message}");
            version = message["version"].as_u64().unwrap();
            let next = &message["next"];
            plan =
                (next["act"] != "idle").then(|| (due(&next["at"], &message["now"]), next.clone()));
        }
    }
}

fn act(n_sent: u32, next: &Value) -> Value {
    let mut command = json!({"id": n_sent.to_string(), "type": next["act"], "vehicle_id": "v1",
        "at": next["at"]});
    if let Some(request) = next.get("request_id") {
        command["request_id"] = request.clone();
    }
    command
}

/// When the service's clock, which runs 600 times as fast as the wall, shows `at`, as any vehicle has to know.
pub fn due(at: &Value, now: &Value) -> Instant {
    let ms =
        |time: &Value| sharxi_api::wire::time::parse(time.as_str().unwrap()).unwrap().unix_ms();
    let wait_ms = u64::try_from(ms(at) - ms(now)).unwrap_or(0) / 600 + 2;
    Instant::now() + std::time::Duration::from_millis(wait_ms)
}
