//! Over real sockets: riders who walk, what parties need, rides every week, and why things were decided as they were.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test")]
#![allow(clippy::print_stdout, clippy::allow_attributes, reason = "a test")]

mod support;

use serde_json::{Value, json};
use support::{Client, at, config, get, post, request, shift, start};

async fn why(addr: std::net::SocketAddr, path: &str) -> Value {
    let (status, body) = get(addr, path).await;
    assert_eq!(status, 200, "{body}");
    serde_json::from_str(&body).unwrap()
}

#[tokio::test]
async fn it_says_why() {
    let running = start(config()).await;
    let addr = running.addr();
    let mut desk = Client::hello(addr, "operator", "desk").await;
    for vehicle in ["v1", "v2"] {
        assert_eq!(desk.command(shift(vehicle, vehicle)).await["type"], "ok");
    }
    let promised = desk.command(request("3", "r1", 5, 9, true)).await;
    assert_eq!(promised["result"], "promised", "{promised}");
    let told = why(addr, "/v1/rides/r1/why").await;
    assert_eq!((&told["why"], &told["vehicle_id"]), (&json!("waits"), &promised["vehicle_id"]));
    assert_eq!((&told["possible"], &told["vehicles"]), (&json!(2), &json!(2)));
    assert_eq!(told["candidates"][0]["vehicle_id"], promised["vehicle_id"]);
    let costs = [0, 1].map(|k| told["candidates"][k]["cost_s"].as_f64().unwrap());
    assert!(costs[0] <= costs[1], "{told}");

    let refused = desk.command(request("4", "r2", 20, 2, true)).await;
    assert_eq!(refused["result"], "rejected", "{refused}");
    let told = why(addr, "/v1/rides/r2/why").await;
    assert_eq!((&told["why"], &told["reason"]), (&json!("refused"), &refused["reason"]));
    let broken = told["candidates"][0]["fails"][0].clone();
    // Twenty minutes' drive; one may have gone a little by now, the other stands at its start.
    assert_eq!(broken["rule"], "wait", "{told}");
    assert!(broken["by_s"].as_f64().unwrap() > 200.0, "{told}");
    let nothing =
        ["/v1/rides/r9/why", "/v1/vehicles/v1/why", "/v1/vehicles/v9/why", "/v1/kpi/x/why"];
    for path in nothing {
        assert_eq!(get(addr, path).await.0, 404, "{path}");
    }
    running.shutdown().await.unwrap();
}

#[tokio::test]
async fn who_would_walk_is_met_at_a_stop() {
    let running = start(config()).await;
    let addr = running.addr();
    let mut desk = Client::hello(addr, "operator", "desk").await;
    assert_eq!(desk.command(shift("1", "v1")).await["type"], "ok");
    // The vehicle comes from node 0 and goes back there: who walks a node towards it saves everybody time.
    let walker = |walk: Value| {
        let mut command = request("2", "r1", 12, 1, true);
        command["walk_max_s"] = walk;
        command
    };
    for wrong in [json!(-1), json!(1801)] {
        let refused = desk.command(walker(wrong)).await;
        assert_eq!(refused["code"], "bad_value", "{refused}");
    }
    let promised = desk.command(walker(json!(900))).await;
    assert_eq!(promised["result"], "promised", "{promised}");
    assert_eq!(promised["pickup"], at(11), "{promised}");
    let walk_s = promised["walk_to_s"].as_f64().unwrap();
    assert!((690.0..720.0).contains(&walk_s), "{promised}");
    let asked = why(addr, "/v1/rides/r1").await;
    assert_eq!((&asked["from"], &asked["pickup"]), (&at(12), &at(11)));
    running.shutdown().await.unwrap();
}

#[tokio::test]
async fn needs_are_met_or_refused() {
    let running = start(config()).await;
    let mut desk = Client::hello(running.addr(), "operator", "desk").await;
    let mut van = shift("1", "v1");
    (van["child_seats"], van["luggage"], van["folding_seats"]) = (json!(1), json!(2), json!(3));
    assert_eq!(desk.command(van).await["type"], "ok");
    let asks = |id: &str, needs: Value| {
        let mut command = request(id, id, 3, 9, true);
        for (need, count) in needs.as_object().unwrap() {
            command[need] = count.clone();
        }
        command
    };
    for (n, wrong) in [json!({"child_seats": 2}), json!({"luggage": 33}), json!({"luggage": -1})]
        .into_iter()
        .enumerate()
    {
        let answer = desk.command(asks(&format!("w{n}"), wrong)).await;
        assert_eq!(answer["code"], "bad_value", "{answer}");
    }
    let two = json!({"passengers": 2, "child_seats": 2});
    let answer = desk.command(asks("a", two)).await;
    assert_eq!(answer["reason"], "no_vehicle_fits", "{answer}");
    // A wheelchair folds three of four seats away.
    let three = json!({"passengers": 3, "wheelchairs": 1});
    let answer = desk.command(asks("b", three)).await;
    assert_eq!(answer["reason"], "no_vehicle_fits", "{answer}");
    let fits = json!({"passengers": 2, "wheelchairs": 1, "child_seats": 1, "luggage": 2});
    let answer = desk.command(asks("c", fits)).await;
    assert_eq!(answer["result"], "promised", "{answer}");
    running.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_weekly_rule_is_booked_against_the_shifts_of_those_days() {
    let running = start(config()).await;
    let addr = running.addr();
    let mut desk = Client::hello(addr, "operator", "desk").await;
    // Shifts of Tuesday and Wednesday are known; nobody drives on Thursday.
    for day in ["06", "07"] {
        let mut later = shift(day, &format!("v{day}"));
        later["shift_start"] = json!(format!("2026-01-{day}T06:00:00Z"));
        later["shift_end"] = json!(format!("2026-01-{day}T20:00:00Z"));
        assert_eq!(desk.command(later).await["type"], "ok");
    }
    let rule = json!({
        "as": {"role": "rider", "name": "anna"}, "id": "w", "request_id": "school",
        "from": at(4), "to": at(9), "kind": "arrive_by", "accept": true,
        "target_at": "2026-01-06T07:45:00Z", "weekdays": ["tu", "we", "th"], "until": "2026-01-09",
    });
    let (status, body) = post(addr, "/v1/recurring", &rule.to_string()).await;
    assert_eq!(status, 200, "{body}");
    let told: Value = serde_json::from_str(&body).unwrap();
    let results: Vec<&Value> =
        told["rides"].as_array().unwrap().iter().map(|ride| &ride["answer"]["result"]).collect();
    assert_eq!(results, ["promised", "promised", "rejected"], "{told}");
    assert_eq!(told["rides"][1]["answer"]["vehicle_id"], "v07", "{told}");
    // Sent again, the same rides are answered as they were.
    let (_, again) = post(addr, "/v1/recurring", &rule.to_string()).await;
    assert_eq!(serde_json::from_str::<Value>(&again).unwrap(), told);
    let ride = why(addr, "/v1/rides/school.2026-01-07").await;
    assert_eq!((&ride["state"], &ride["vehicle_id"]), (&json!("promised"), &json!("v07")));
    let (status, body) = post(addr, "/v1/recurring", "{}").await;
    assert_eq!(status, 400, "{body}");
    running.shutdown().await.unwrap();
}
