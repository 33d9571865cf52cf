//! Each state of a ride, told over a real socket, and told again to who comes back.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test")]
#![allow(clippy::print_stdout, clippy::allow_attributes, reason = "a test")]

mod support;

use serde_json::{Value, json};
use support::driving::{drive, due, town};
use support::{Client, config, get, request, shift, start};

/// What the rider's next events say of a ride, up to `last`.
async fn until(client: &mut Client, ride: &str, last: &str) -> Vec<String> {
    let mut told = Vec::new();
    loop {
        let of_ride = |message: &Value| {
            message["type"] == "event"
                && message["request_id"] == ride
                && message["status"].is_string()
        };
        let event = client.expect(of_ride).await;
        told.push(event["status"].as_str().unwrap().to_owned());
        if told.last().is_some_and(|status| status == last) {
            return told;
        }
    }
}

/// The state as it stands now, asked for over HTTP.
async fn stands(addr: std::net::SocketAddr, ride: &str) -> String {
    let (_, body) = get(addr, &format!("/v1/rides/{ride}")).await;
    let ride: Value = serde_json::from_str(&body).unwrap();
    ride["status"].as_str().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn a_ride_is_seen_from_searching_to_completed() {
    let (running, mut vehicle) = town().await;
    let addr = running.addr();
    let mut rider = Client::hello(addr, "rider", "anna").await;
    rider.say(request("1", "r1", 3, 8, false)).await;
    assert_eq!(until(&mut rider, "r1", "offered").await, ["searching", "offered"]);
    let kept = Client::resume(addr, "rider", "anna", None).await;
    let seq = rider.command(json!({"id": "2", "type": "accept_offer", "request_id": "r1"})).await;
    let seq = seq["seq"].as_u64().unwrap();
    drop(kept);
    drive(&mut vehicle, "r1").await;
    let all = ["confirmed", "assigned", "arriving", "waiting_at_pickup", "on_board", "completed"];
    assert_eq!(until(&mut rider, "r1", "completed").await, all);
    assert_eq!(stands(addr, "r1").await, "completed");
    // Who was away since the acceptance is told the rest, in the same order and under the same numbers.
    let mut back = Client::resume(addr, "rider", "anna", Some(seq)).await;
    assert_eq!(until(&mut back, "r1", "completed").await, all[2..]);
    running.shutdown().await.unwrap();
}

#[tokio::test]
async fn who_comes_second_is_confirmed_until_the_first_is_done() {
    let running = start(config()).await;
    let mut desk = Client::hello(running.addr(), "operator", "desk").await;
    desk.command(shift("1", "v1")).await;
    assert_eq!(desk.command(request("2", "r1", 2, 4, true)).await["result"], "promised");
    assert_eq!(desk.command(request("3", "r2", 6, 8, true)).await["result"], "promised");
    assert_eq!(stands(running.addr(), "r1").await, "assigned");
    assert_eq!(stands(running.addr(), "r2").await, "confirmed");
    let cancel = json!({"id": "4", "type": "cancel_ride", "request_id": "r1"});
    assert_eq!(desk.command(cancel).await["type"], "ok");
    assert_eq!(until(&mut desk, "r2", "assigned").await, ["assigned"]);
    running.shutdown().await.unwrap();
}

#[tokio::test]
async fn every_other_end_says_how_it_came() {
    let (running, mut vehicle) = town().await;
    let addr = running.addr();
    let mut rider = Client::hello(addr, "rider", "anna").await;

    rider.say(request("1", "lapsed", 3, 8, false)).await;
    assert_eq!(until(&mut rider, "lapsed", "expired").await, ["searching", "offered", "expired"]);

    rider.command(request("2", "called-off", 3, 8, true)).await;
    let cancel = json!({"id": "3", "type": "cancel_ride", "request_id": "called-off"});
    rider.say(cancel).await;
    let cancelled = rider.event("cancelled").await;
    let said = ["status", "by", "reason"].map(|field| cancelled[field].as_str().unwrap());
    assert_eq!(said, ["cancelled", "rider", "called_off"]);

    let mut many = request("4", "too-many", 3, 8, true);
    many["passengers"] = json!(9);
    rider.say(many).await;
    let rejected = rider.event("rejected").await;
    assert_eq!(
        (&rejected["status"], &rejected["reason"]),
        (&json!("rejected"), &json!("no_vehicle_fits"))
    );

    rider.command(request("5", "absent", 3, 8, true)).await;
    no_show(&mut vehicle, "absent").await;
    let told = until(&mut rider, "absent", "no_show").await;
    assert_eq!(
        told,
        ["searching", "confirmed", "assigned", "arriving", "waiting_at_pickup", "no_show"]
    );

    rider.command(request("6", "left", 5, 8, true)).await;
    let plan = vehicle.expect(|message| message["type"] == "plan").await;
    let broke = json!({"id": "b", "type": "break_down", "vehicle_id": "v1", "at": plan["now"]});
    assert_eq!(vehicle.command(broke).await["type"], "ok");
    let told = until(&mut rider, "left", "aborted").await;
    assert_eq!(told, ["searching", "confirmed", "assigned", "aborted"]);
    for (ride, status) in [("lapsed", "expired"), ("called-off", "cancelled"), ("left", "aborted")]
    {
        assert_eq!(stands(addr, ride).await, status);
    }
    running.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_refusal_names_the_next_possible_time() {
    let running = start(config()).await;
    let mut desk = Client::hello(running.addr(), "operator", "desk").await;
    desk.command(shift("1", "v1")).await;
    // The vehicle is 20 minutes away.
    let rejected = desk.command(request("2", "r1", 20, 19, true)).await;
    assert_eq!(rejected["reason"], "no_vehicle_in_time", "{rejected}");
    assert_eq!(rejected["next_possible_at"], rejected["alternative"]["depart_at"], "{rejected}");
    let mut later = request("3", "r2", 20, 19, true);
    later["kind"] = json!("depart_at");
    later["target_at"] = rejected["next_possible_at"].clone();
    assert_eq!(desk.command(later).await["result"], "promised");
    running.shutdown().await.unwrap();
}

/// Drives to the pickup of a ride, waits as long as the policy asks, and reports that nobody came.
async fn no_show(vehicle: &mut Client, ride: &str) {
    let mut n_sent = 500;
    loop {
        let plan = vehicle.expect(|message| message["type"] == "plan").await;
        let next = &plan["next"];
        if !plan["visits"].as_array().unwrap().iter().any(|visit| visit["request_id"] == ride) {
            continue;
        }
        n_sent += 1;
        let mut command = json!({"id": n_sent.to_string(), "type": next["act"], "vehicle_id": "v1", "at": next["at"]});
        if next["act"] == "board" {
            let ready = sharxi_api::wire::time::parse(next["at"].as_str().unwrap()).unwrap();
            let enough = ready + sharxi_engine::units::Millis::from_secs(600);
            command["at"] = json!(sharxi_api::wire::time::format(enough));
            command["type"] = json!("no_show");
            command["request_id"] = json!(ride);
        }
        tokio::time::sleep_until(due(&command["at"], &plan["now"])).await;
        let is_last = command["type"] == "no_show";
        let answer = vehicle.command(command).await;
        assert_eq!(answer["type"], "ok", "{answer}");
        if is_last {
            return;
        }
    }
}
