//! GOFS 1.0 (General On-Demand Feed Specification, MobilityData): the files and the two queries.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::live::Live;
use super::model::{Estimate, Feeds};

/// Any file: when it was made, for how many seconds it is good, and what is in it.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Gofs{D}")]
pub struct Document<D> {
    last_updated: i64,
    ttl: u32,
    version: Version,
    data: D,
}

/// Of the specification.
#[derive(Serialize, JsonSchema)]
#[schemars(inline)]
enum Version {
    #[serde(rename = "1.0")]
    One,
}

/// The contents of a file, as the schemas of the specification say.
#[derive(JsonSchema)]
#[schemars(rename = "File", inline)]
#[expect(dead_code, reason = "only its schema is used")]
pub struct File(Map<String, Value>);

/// The answer to `wait_time`.
#[derive(Serialize, JsonSchema)]
pub struct WaitTimes {
    wait_times: Vec<WaitTime>,
}

/// How long one would wait.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "GofsWaitTime")]
struct WaitTime {
    brand_id: &'static str,
    /// Seconds.
    wait_time: u64,
}

/// The answer to `realtime_booking`.
#[derive(Serialize, JsonSchema)]
pub struct RealtimeBooking {
    realtime_booking: Vec<Booking>,
}

/// What could be booked.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "GofsBooking")]
struct Booking {
    brand_id: &'static str,
    /// Seconds.
    wait_time: u64,
    /// Seconds; absent without a drop-off.
    #[serde(skip_serializing_if = "Option::is_none")]
    travel_time: Option<u64>,
    /// Absent without a way to book.
    #[serde(skip_serializing_if = "Option::is_none")]
    booking_detail: Option<BookingDetail>,
}

/// How to book; at least one way.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "GofsBookingDetail")]
struct BookingDetail {
    service_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    web_uri: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    phone_number: Option<String>,
}

/// The one brand.
pub const BRAND: &str = "sharxi";
/// The one calendar.
const CALENDAR: &str = "daily";
/// Files that change with the configuration only may be kept this long, in seconds.
const SLOW_TTL: u32 = 3_600;

/// The files by name, without `.json`.
pub const FILES: [&str; 9] = [
    "gofs",
    "gofs_versions",
    "system_information",
    "service_brands",
    "vehicle_types",
    "zones",
    "operating_rules",
    "calendars",
    "booking_rules",
];

/// A file by its name without `.json`; `None` if there is no such file.
#[must_use]
pub fn file(name: &str, feeds: &Feeds, live: &Live) -> Option<Value> {
    let (ttl, data) = match name {
        "gofs" => (SLOW_TTL, index(feeds)),
        "gofs_versions" => {
            let url = address(feeds, "gofs.json");
            (SLOW_TTL, json!({ "versions": [{ "version": "1.0", "url": url }] }))
        }
        "system_information" => (SLOW_TTL, system(feeds)),
        "service_brands" => {
            let brand = json!({ "brand_id": BRAND, "brand_name": feeds.name, "brand_color": "1B5E20", "brand_text_color": "FFFFFF" });
            (SLOW_TTL, json!({ "service_brands": [brand] }))
        }
        "vehicle_types" => (60, json!({ "vehicle_types": vehicle_types(live) })),
        "zones" => (SLOW_TTL, json!({ "zones": zones(feeds) })),
        "operating_rules" => (60, json!({ "operating_rules": operating_rules(feeds, live) })),
        "calendars" => {
            let [start, end] = feeds.valid(feeds.day(live));
            let daily = json!({ "calendar_id": CALENDAR, "start_date": start, "end_date": end });
            (SLOW_TTL, json!({ "calendars": [daily] }))
        }
        "booking_rules" => (SLOW_TTL, json!({ "booking_rules": [booking_rule(feeds)] })),
        _ => return None,
    };
    Some(document(ttl, live, &data))
}

fn document(ttl: u32, live: &Live, data: &impl Serialize) -> Value {
    let last_updated = live.now_ms.div_euclid(1000);
    // Every key is text, so there is nothing that could fail.
    serde_json::to_value(Document { last_updated, ttl, version: Version::One, data })
        .unwrap_or_default()
}

fn address(feeds: &Feeds, name: &str) -> String {
    format!("{}/feeds/gofs/{name}", feeds.public_url)
}

fn index(feeds: &Feeds) -> Value {
    let files = FILES.iter().filter(|&&name| name != "gofs");
    let files =
        files.map(|name| json!({ "name": name, "url": address(feeds, &format!("{name}.json")) }));
    let queries = ["wait_time", "realtime_booking"];
    let queries = queries.map(|name| json!({ "name": name, "url": address(feeds, name) }));
    let all: Vec<Value> = files.chain(queries).collect();
    let language: &str = &feeds.language;
    json!({ language: { "feeds": all } })
}

fn system(feeds: &Feeds) -> Value {
    let mut data = Map::new();
    data.insert("language".into(), json!(feeds.language));
    data.insert("timezone".into(), json!(feeds.time_zone));
    data.insert("name".into(), json!(feeds.name));
    data.insert("url".into(), json!(feeds.agency_url()));
    let stated = [("phone_number", &feeds.config.phone), ("email", &feeds.config.email)];
    for (key, value) in stated {
        if let Some(value) = value {
            data.insert(key.into(), json!(value));
        }
    }
    Value::Object(data)
}

/// Types of the vehicles in service, in order, each once, with whether all of a type have a wheelchair place.
fn kinds(live: &Live) -> BTreeMap<&str, bool> {
    let mut kinds = BTreeMap::new();
    for vehicle in &live.vehicles {
        *kinds.entry(vehicle.kind.as_str()).or_insert(true) &= 0 < vehicle.wheelchairs;
    }
    kinds
}

/// Without `max_capacity`, which the reference has as a number and the published schema as a text.
fn vehicle_types(live: &Live) -> Vec<Value> {
    let word = |chairs| if chairs { "boarding_accessible" } else { "boarding_inaccessible" };
    let one =
        |(kind, chairs)| json!({ "vehicle_type_id": kind, "wheelchair_boarding": word(chairs) });
    kinds(live).into_iter().map(one).collect()
}

fn zones(feeds: &Feeds) -> Value {
    let feature = |zone: &super::zones::Zone| json!({ "type": "Feature", "zone_id": zone.id, "properties": { "name": zone.name }, "geometry": zone.geometry() });
    let features: Vec<Value> = feeds.zones.iter().map(feature).collect();
    json!({ "type": "FeatureCollection", "features": features })
}

/// From every zone to every zone.
fn operating_rules(feeds: &Feeds, live: &Live) -> Vec<Value> {
    let [from, until] = feeds.hours();
    let kinds: Vec<&str> = kinds(live).into_keys().collect();
    let pairs = feeds.zones.iter().flat_map(|a| feeds.zones.iter().map(move |b| (a, b)));
    let rule = |(a, b): (&super::zones::Zone, &super::zones::Zone)| {
        json!({
            "from_zone_id": a.id, "to_zone_id": b.id, "start_pickup_window": from, "end_dropoff_window": until,
            "calendars": [CALENDAR], "brand_id": BRAND, "vehicle_type_id": kinds,
        })
    };
    pairs.map(rule).collect()
}

fn booking_rule(feeds: &Feeds) -> Value {
    let ids: Vec<&str> = feeds.zones.iter().map(|zone| zone.id.as_str()).collect();
    let mut rule = Map::new();
    rule.insert("from_zone_ids".into(), json!(ids));
    rule.insert("to_zone_ids".into(), json!(ids));
    rule.insert("booking_type".into(), json!(0));
    let config = &feeds.config;
    let stated = [
        ("phone_number", &config.phone),
        ("info_url", &config.info_url),
        ("booking_url", &config.booking_url),
    ];
    for (key, value) in stated {
        if let Some(value) = value {
            rule.insert(key.into(), json!(value));
        }
    }
    Value::Object(rule)
}

/// The answer to `wait_time`; no entry if there is no service there just now.
#[must_use]
pub fn wait_time(estimate: Option<Estimate>, live: &Live) -> Value {
    let entry = |found: Estimate| WaitTime { brand_id: BRAND, wait_time: found.wait_s };
    document(0, live, &WaitTimes { wait_times: estimate.map(entry).into_iter().collect() })
}

/// The answer to `realtime_booking`, likewise; `ends` are what a booking page is told. The travel time is left out if no
/// drop-off was given.
#[must_use]
pub fn realtime_booking(
    estimate: Option<Estimate>,
    ends: &[(&str, String)],
    feeds: &Feeds,
    live: &Live,
) -> Value {
    let has_drop_off = ends.iter().any(|(key, _)| *key == "drop_off_lat");
    let entry = |found: Estimate| {
        let web_uri = feeds.config.booking_url.as_ref().map(|url| deep_link(url, ends));
        let phone_number = feeds.config.phone.clone();
        // At least one way to book, or no detail at all.
        let is_bookable = web_uri.is_some() || phone_number.is_some();
        let detail = BookingDetail { service_name: feeds.name.clone(), web_uri, phone_number };
        Booking {
            brand_id: BRAND,
            wait_time: found.wait_s,
            travel_time: has_drop_off.then_some(found.travel_s),
            booking_detail: is_bookable.then_some(detail),
        }
    };
    let realtime_booking = estimate.map(entry).into_iter().collect();
    document(0, live, &RealtimeBooking { realtime_booking })
}

/// `url` with the ends of the ride as its query.
fn deep_link(url: &str, ends: &[(&str, String)]) -> String {
    let (page, fragment) = url.split_once('#').map_or((url, None), |(page, f)| (page, Some(f)));
    let query: Vec<String> =
        ends.iter().map(|(key, value)| format!("{key}={}", escaped(value))).collect();
    let joint = if page.contains('?') { '&' } else { '?' };
    let fragment = fragment.map_or_else(String::new, |fragment| format!("#{fragment}"));
    format!("{page}{joint}{}{fragment}", query.join("&"))
}

/// With percent signs for all but RFC 3986's unreserved characters.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_escaped_and_keep_what_they_had() {
        let ends =
            [("pickup_lat", "54.15".to_owned()), ("pickup_address", "Straße 1&x=2".to_owned())];
        assert_eq!(
            deep_link("https://a.example/book?v=1#map", &ends),
            "https://a.example/book?v=1&pickup_lat=54.15&pickup_address=Stra%C3%9Fe%201%26x%3D2#map"
        );
    }
}
