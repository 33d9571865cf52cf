//! The feeds of a running service: what they must have, what they must not have, and that they follow what happens.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test")]
#![allow(clippy::print_stdout, clippy::allow_attributes, reason = "a test")]

mod support;

use std::collections::BTreeMap;
use std::io::Read;
use std::net::SocketAddr;
use std::time::Instant;

use prost::Message;
use serde_json::{Value, json};
use sharxi_api::feeds::config::FeedsConfig;
use sharxi_api::feeds::realtime::FeedMessage;
use sharxi_api::feeds::{gofs, zones};
use sharxi_api::{Running, ServiceConfig};
use support::{Client, LAT, LON, STEP, get, get_bytes, request, shift, start};

const FEEDS: &str = "public_url = 'https://taxi.example.org/'\nname = 'Taxi, am \"Bach\"'\nphone = '+491234567'\nlanguage = 'de'\n\
     email = 'ops@example.org'\ntime_zone = 'Europe/Berlin'\nbooking_url = 'https://taxi.example.org/book'\n\
     open_from = '05:00'\nopen_until = '25:00'\n";

async fn service() -> Running {
    let feeds: FeedsConfig = toml::from_str(FEEDS).unwrap();
    start(ServiceConfig { feeds, ..support::config() }).await
}

async fn read(addr: SocketAddr, path: &str) -> Value {
    let (status, body) = get(addr, path).await;
    assert_eq!(status, 200, "{path}: {body}");
    serde_json::from_str(&body).unwrap()
}

async fn realtime(addr: SocketAddr, name: &str) -> FeedMessage {
    let (status, body) = get_bytes(addr, &format!("/feeds/gtfs-rt/{name}")).await;
    assert_eq!(status, 200);
    FeedMessage::decode(body.as_slice()).unwrap()
}

/// Feeds are at most a second old: asks until they say so.
async fn until<T, F: Future<Output = Option<T>>>(ask: impl Fn() -> F) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = ask().await {
            return found;
        }
        assert!(begun.elapsed().as_secs() < 20, "the feed does not follow");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn gofs_files_have_what_the_format_asks_for() {
    let service = service().await;
    let addr = service.addr();
    let mut desk = Client::hello(addr, "vehicle", "v1").await;
    desk.command(shift("s", "v1")).await;
    let index = until(|| async {
        let types = read(addr, "/feeds/gofs/vehicle_types.json").await;
        (types["data"]["vehicle_types"][0]["vehicle_type_id"] == "taxi").then_some(())?;
        Some(read(addr, "/feeds/gofs/gofs.json").await)
    })
    .await;
    let feeds = index["data"]["de"]["feeds"].as_array().unwrap();
    assert_eq!(feeds.len(), gofs::FILES.len() + 1, "all files but the index, and two queries");
    let mut files = BTreeMap::new();
    for name in gofs::FILES {
        let file = read(addr, &format!("/feeds/gofs/{name}.json")).await;
        assert_eq!(file["version"], "1.0");
        assert!(file["last_updated"].as_i64().is_some() && file["ttl"].as_u64().is_some());
        files.insert(name, file);
    }
    for feed in feeds {
        let path = feed["url"].as_str().unwrap().strip_prefix("https://taxi.example.org").unwrap();
        let query = if path.ends_with(".json") { "" } else { "?pickup_lat=54.15&pickup_lon=-4.5" };
        read(addr, &format!("{path}{query}")).await;
    }
    let data = |name: &str| files[name]["data"].clone();
    assert_eq!(data("system_information")["name"], "Taxi, am \"Bach\"");
    assert_eq!(data("system_information")["timezone"], "Europe/Berlin");
    let zone = data("zones")["zones"]["features"][0].clone();
    let rule = data("operating_rules")["operating_rules"][0].clone();
    assert_eq!((&rule["from_zone_id"], &rule["to_zone_id"]), (&zone["zone_id"], &zone["zone_id"]));
    assert_eq!(rule["vehicle_type_id"], json!(["taxi"]));
    assert_eq!(
        (&rule["start_pickup_window"], &rule["end_dropoff_window"]),
        (&json!("05:00:00"), &json!("25:00:00"))
    );
    assert_eq!(rule["calendars"][0], data("calendars")["calendars"][0]["calendar_id"]);
    assert_eq!(data("calendars")["calendars"][0]["start_date"], "20260105");
    assert_eq!(rule["brand_id"], data("service_brands")["service_brands"][0]["brand_id"]);
    let accessible = &data("vehicle_types")["vehicle_types"][0]["wheelchair_boarding"];
    assert_eq!(accessible, "boarding_accessible");
    assert_eq!(data("booking_rules")["booking_rules"][0]["booking_type"], 0);
    service.shutdown().await.unwrap();
}

#[tokio::test]
async fn waits_are_those_of_the_offer_made_next() {
    let service = service().await;
    let addr = service.addr();
    let place = |node: u32| format!("{LAT}&pickup_lon={}", LON + STEP * f64::from(node));
    let wait = async |node: u32, rest: &str| {
        read(addr, &format!("/feeds/gofs/wait_time?pickup_lat={}{rest}", place(node))).await["data"]
            ["wait_times"]
            .clone()
    };
    assert_eq!(wait(5, "").await, json!([]), "nobody is in service");
    let mut vehicle = Client::hello(addr, "vehicle", "v1").await;
    vehicle.command(shift("s", "v1")).await;
    let to = format!("&drop_off_lat={LAT}&drop_off_lon={}", LON + STEP * 12.0);
    // Five minutes of street, in the time of a clock that goes on.
    let told = wait(5, &to).await[0]["wait_time"].as_i64().unwrap();
    let mut rider = Client::hello(addr, "rider", "anna").await;
    let offer = rider.command(request("r", "ride-1", 5, 12, false)).await;
    let at = |field: &str| offer[field].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
    let asked: jiff::Timestamp =
        rider.event("requested").await["t"].as_str().unwrap().parse().unwrap();
    let offered = at("pickup_at").duration_since(asked).as_secs();
    assert!((told - offered).abs() <= 60, "told {told} s, offered {offered} s");
    assert!((300..=302).contains(&told), "{told}");
    assert_eq!(wait(5, "").await[0]["brand_id"], "sharxi", "without a drop-off too");
    assert_eq!(wait(5, "&brand_id=other,bus").await, json!([]));
    assert_ne!(wait(5, "&brand_id=other,sharxi").await, json!([]));
    let sea = read(addr, "/feeds/gofs/wait_time?pickup_lat=50&pickup_lon=-4").await;
    assert_eq!(sea["data"]["wait_times"], json!([]), "no service there");
    for query in [
        "",
        "?pickup_lat=54.15",
        "?pickup_lat=x&pickup_lon=1",
        "?pickup_lat=NaN&pickup_lon=1",
        "?pickup_lat=54.15&pickup_lon=-4.5&drop_off_lat=54.15",
        "?pickup_lat=91&pickup_lon=1",
    ] {
        for name in ["wait_time", "realtime_booking"] {
            assert_eq!(get(addr, &format!("/feeds/gofs/{name}{query}")).await.0, 400, "{query}");
        }
    }
    let booking = format!(
        "/feeds/gofs/realtime_booking?pickup_lat={}{to}&pickup_address=Am+Bach%201",
        place(5)
    );
    let booking = read(addr, &booking).await["data"]["realtime_booking"][0].clone();
    assert_eq!(booking["travel_time"], 7 * 60 + 60, "seven minutes and the stops");
    assert_eq!(booking["booking_detail"]["phone_number"], "+491234567");
    let link = booking["booking_detail"]["web_uri"].as_str().unwrap();
    assert!(
        link.starts_with("https://taxi.example.org/book?pickup_lat=54.15&pickup_lon=-4.45"),
        "{link}"
    );
    assert!(link.contains("pickup_address=Am%20Bach%201"), "{link}");
    service.shutdown().await.unwrap();
}

#[tokio::test]
async fn vehicles_are_shown_but_not_at_riders_stops() {
    let service = service().await;
    let addr = service.addr();
    let alert = realtime(addr, "alerts.pb").await;
    assert_eq!(alert.entity[0].alert.as_ref().unwrap().effect, Some(1), "no service");
    let mut vehicle = Client::hello(addr, "vehicle", "v1").await;
    vehicle.command(shift("s", "v1")).await;
    let shown = async || {
        let message = realtime(addr, "vehicle-positions.pb").await;
        assert_eq!(message.header.incrementality, Some(0));
        assert_eq!(message.header.feed_version.as_deref(), Some("20260105"));
        message.entity.into_iter().next()
    };
    let entity = until(&shown).await;
    let found = entity.vehicle.unwrap();
    let position = found.position.unwrap();
    assert!(
        (f64::from(position.latitude) - LAT).abs() < 1e-4
            && (f64::from(position.longitude) - LON).abs() < 1e-4
    );
    assert_eq!(found.trip.unwrap().schedule_relationship, Some(0));
    assert!(realtime(addr, "alerts.pb").await.entity.is_empty());
    // A rider where it stands: it is not shown, nor after it has brought the rider home.
    let mut rider = Client::hello(addr, "rider", "anna").await;
    rider.command(request("r", "ride-1", 0, 1, true)).await;
    until(|| async { shown().await.is_none().then_some(()) }).await;
    let (_, body) = get(addr, "/feeds/gofs/vehicle_types.json").await;
    assert!(body.contains("taxi"), "it is in service all the same");
    for path in
        ["/open-data/", "/open-data/waits.csv", "/feeds/gofs/gofs.json", "/feeds/gofs/zones.json"]
    {
        let (_, body) = get(addr, path).await;
        assert!(!body.contains("anna") && !body.contains("ride-1"), "{path}: {body}");
    }
    service.shutdown().await.unwrap();
}

#[tokio::test]
async fn the_flex_archive_is_whole() {
    let service = service().await;
    let addr = service.addr();
    let (status, body) = get_bytes(addr, "/feeds/gtfs-flex.zip").await;
    assert_eq!(status, 200);
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(body)).unwrap();
    let mut file = |name: &str| {
        let mut text = String::new();
        archive.by_name(name).unwrap().read_to_string(&mut text).unwrap();
        text
    };
    let mut table = |name: &str| -> Vec<BTreeMap<String, String>> {
        let text = file(name);
        csv::Reader::from_reader(text.as_bytes()).deserialize().map(Result::unwrap).collect()
    };
    let agency = &table("agency.txt")[0];
    assert_eq!(
        (agency["agency_name"].as_str(), agency["agency_timezone"].as_str()),
        ("Taxi, am \"Bach\"", "Europe/Berlin")
    );
    let trip = &table("trips.txt")[0];
    assert_eq!(
        (trip["safe_duration_factor"].as_str(), trip["safe_duration_offset"].as_str()),
        ("1.5", "600")
    );
    let stops = table("stop_times.txt");
    assert_eq!(stops.len(), 2, "in at one end, out at the other");
    let types: Vec<_> = stops
        .iter()
        .map(|row| (row["pickup_type"].as_str(), row["drop_off_type"].as_str()))
        .collect();
    assert_eq!(types, [("2", "1"), ("1", "2")]);
    assert!(stops.iter().all(|row| row["end_pickup_drop_off_window"] == "25:00:00"));
    assert!(stops.iter().all(|row| row["trip_id"] == trip["trip_id"]));
    let rule = &table("booking_rules.txt")[0];
    assert_eq!(
        (rule["booking_type"].as_str(), &rule["booking_rule_id"]),
        ("0", &stops[0]["pickup_booking_rule_id"])
    );
    assert_eq!(table("feed_info.txt")[0]["feed_version"], "20260105");
    let zones = zones::parse(&file("locations.geojson")).unwrap();
    assert_eq!(zones[0].id, stops[0]["location_id"]);
    service.shutdown().await.unwrap();
}

#[tokio::test]
async fn open_data_tells_nothing_of_few_riders() {
    let service = service().await;
    let addr = service.addr();
    let mut vehicle = Client::hello(addr, "vehicle", "v1").await;
    let mut command = async |n: u32, message: Value| {
        let mut message = message;
        message["id"] = json!(format!("c{n}"));
        let answer = vehicle.command(message).await;
        assert_eq!(answer["type"], "ok", "{answer}");
    };
    let mut big = shift("s", "v1");
    big["seats"] = json!(16);
    command(0, big).await;
    for nth in 0..10_u32 {
        let mut rider = Client::hello(addr, "rider", &format!("rider-{nth}")).await;
        let name = format!("ride-{nth}");
        rider.command(request("r", &name, 0, 3, true)).await;
        let (_, csv) = get(addr, "/open-data/waits.csv").await;
        assert_eq!(csv.lines().count(), 1, "after {nth} riders: {csv}");
        let now =
            rider.command(json!({"id": "x", "type": "cancel_ride", "request_id": "none"})).await;
        assert_eq!(now["type"], "error");
        let standing = read(addr, "/ready").await["now"].clone();
        command(
            nth + 1,
            json!({"type": "board", "vehicle_id": "v1", "request_id": name, "at": standing}),
        )
        .await;
    }
    let csv = until(|| async {
        let (_, csv) = get(addr, "/open-data/waits.csv").await;
        (csv.lines().count() == 2).then_some(csv)
    })
    .await;
    let row: BTreeMap<String, String> =
        csv::Reader::from_reader(csv.as_bytes()).deserialize().next().unwrap().unwrap();
    assert_eq!((row["rides"].as_str(), row["within_5_min"].as_str()), ("10", "1.0"));
    let squares = read(addr, "/open-data/waits.geojson").await;
    assert_eq!(squares["features"][0]["properties"]["rides"], 10);
    assert_eq!(squares["features"][0]["id"], row["cell"]);
    let listed = read(addr, "/open-data/").await;
    assert_eq!(listed["k"], 10);
    for file in listed["files"].as_array().unwrap() {
        let path = file.as_str().unwrap().strip_prefix("https://taxi.example.org").unwrap();
        assert_eq!(get(addr, path).await.0, 200, "{path}");
    }
    for path in [
        "/open-data/waits.xml",
        "/open-data/riders.csv",
        "/feeds/gofs/fares.json",
        "/feeds/x",
        "/feeds",
    ] {
        assert_eq!(get(addr, path).await.0, 404, "{path}");
    }
    service.shutdown().await.unwrap();
}
