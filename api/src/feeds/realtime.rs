//! GTFS Realtime 2.0: vehicle positions and alerts, as protocol buffers.
//!
//! The messages are the ones of google/transit's `gtfs-realtime.proto`, cut to the fields that are used, under their field
//! numbers. Trips of riders are not told: GTFS Realtime has no words for zones, and stops of riders are private.

use prost::Message;

use super::flex;
use super::live::{Live, LiveVehicle, Load};
use super::model::Feeds;

/// A share of places within reach below this is worth an alert.
const COVERED_MIN: f64 = 0.5;

#[derive(Clone, PartialEq, Message)]
#[expect(missing_docs, reason = "fields are those of gtfs-realtime.proto")]
pub struct FeedMessage {
    #[prost(message, required, tag = "1")]
    pub header: FeedHeader,
    #[prost(message, repeated, tag = "2")]
    pub entity: Vec<FeedEntity>,
}

#[derive(Clone, PartialEq, Message)]
#[expect(missing_docs, reason = "fields are those of gtfs-realtime.proto")]
pub struct FeedHeader {
    #[prost(string, required, tag = "1")]
    pub gtfs_realtime_version: String,
    #[prost(int32, optional, tag = "2")]
    pub incrementality: Option<i32>,
    #[prost(uint64, optional, tag = "3")]
    pub timestamp: Option<u64>,
    #[prost(string, optional, tag = "4")]
    pub feed_version: Option<String>,
}

#[derive(Clone, PartialEq, Message)]
#[expect(missing_docs, reason = "fields are those of gtfs-realtime.proto")]
pub struct FeedEntity {
    #[prost(string, required, tag = "1")]
    pub id: String,
    #[prost(message, optional, tag = "4")]
    pub vehicle: Option<VehiclePosition>,
    #[prost(message, optional, tag = "5")]
    pub alert: Option<Alert>,
}

#[derive(Clone, PartialEq, Message)]
#[expect(missing_docs, reason = "fields are those of gtfs-realtime.proto")]
pub struct VehiclePosition {
    #[prost(message, optional, tag = "1")]
    pub trip: Option<TripDescriptor>,
    #[prost(message, optional, tag = "2")]
    pub position: Option<Position>,
    #[prost(uint64, optional, tag = "5")]
    pub timestamp: Option<u64>,
    #[prost(message, optional, tag = "8")]
    pub vehicle: Option<VehicleDescriptor>,
    #[prost(int32, optional, tag = "9")]
    pub occupancy_status: Option<i32>,
}

#[derive(Clone, PartialEq, Message)]
#[expect(missing_docs, reason = "fields are those of gtfs-realtime.proto")]
pub struct TripDescriptor {
    #[prost(string, optional, tag = "1")]
    pub trip_id: Option<String>,
    #[prost(string, optional, tag = "3")]
    pub start_date: Option<String>,
    #[prost(int32, optional, tag = "4")]
    pub schedule_relationship: Option<i32>,
    #[prost(string, optional, tag = "5")]
    pub route_id: Option<String>,
}

#[derive(Clone, PartialEq, Message)]
#[expect(missing_docs, reason = "fields are those of gtfs-realtime.proto")]
pub struct Position {
    #[prost(float, required, tag = "1")]
    pub latitude: f32,
    #[prost(float, required, tag = "2")]
    pub longitude: f32,
    #[prost(float, optional, tag = "3")]
    pub bearing: Option<f32>,
}

#[derive(Clone, PartialEq, Message)]
#[expect(missing_docs, reason = "fields are those of gtfs-realtime.proto")]
pub struct VehicleDescriptor {
    #[prost(string, optional, tag = "1")]
    pub id: Option<String>,
    #[prost(string, optional, tag = "2")]
    pub label: Option<String>,
    #[prost(int32, optional, tag = "4")]
    pub wheelchair_accessible: Option<i32>,
}

#[derive(Clone, PartialEq, Message)]
#[expect(missing_docs, reason = "fields are those of gtfs-realtime.proto")]
pub struct Alert {
    #[prost(message, repeated, tag = "5")]
    pub informed_entity: Vec<EntitySelector>,
    #[prost(int32, optional, tag = "6")]
    pub cause: Option<i32>,
    #[prost(int32, optional, tag = "7")]
    pub effect: Option<i32>,
    #[prost(message, optional, tag = "10")]
    pub header_text: Option<TranslatedString>,
    #[prost(message, optional, tag = "11")]
    pub description_text: Option<TranslatedString>,
}

#[derive(Clone, PartialEq, Message)]
#[expect(missing_docs, reason = "fields are those of gtfs-realtime.proto")]
pub struct EntitySelector {
    #[prost(string, optional, tag = "1")]
    pub agency_id: Option<String>,
    #[prost(string, optional, tag = "2")]
    pub route_id: Option<String>,
}

#[derive(Clone, PartialEq, Message)]
#[expect(missing_docs, reason = "fields are those of gtfs-realtime.proto")]
pub struct TranslatedString {
    #[prost(message, repeated, tag = "1")]
    pub translation: Vec<Translation>,
}

#[derive(Clone, PartialEq, Message)]
#[expect(missing_docs, reason = "fields are those of gtfs-realtime.proto")]
pub struct Translation {
    #[prost(string, required, tag = "1")]
    pub text: String,
    #[prost(string, optional, tag = "2")]
    pub language: Option<String>,
}

/// Enumerations of gtfs-realtime.proto, by their numbers.
mod number {
    pub(super) const FULL_DATASET: i32 = 0;
    pub(super) const SCHEDULED: i32 = 0;
    pub(super) const MANY_SEATS_AVAILABLE: i32 = 1;
    pub(super) const FEW_SEATS_AVAILABLE: i32 = 2;
    pub(super) const FULL: i32 = 5;
    pub(super) const WHEELCHAIR_ACCESSIBLE: i32 = 2;
    pub(super) const WHEELCHAIR_INACCESSIBLE: i32 = 3;
    pub(super) const UNKNOWN_CAUSE: i32 = 1;
    pub(super) const NO_SERVICE: i32 = 1;
    pub(super) const SIGNIFICANT_DELAYS: i32 = 3;
}

/// `vehicle-positions.pb`; empty if the operator shows no vehicles.
#[must_use]
pub fn vehicle_positions(feeds: &Feeds, live: &Live) -> FeedMessage {
    let shown = feeds.config.vehicle_positions.unwrap_or(true);
    let day = feeds.version(feeds.day(live));
    let vehicles = live.vehicles.iter().filter(|_| shown);
    let entity = vehicles.filter_map(|vehicle| {
        Some(FeedEntity {
            id: vehicle.id.clone(),
            vehicle: Some(position(vehicle, vehicle.place?, feeds, &day, seconds(live))),
            alert: None,
        })
    });
    message(feeds, live, entity.collect())
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "the format has single precision, about a metre"
)]
fn position(
    vehicle: &LiveVehicle,
    [lat, lon]: [f64; 2],
    feeds: &Feeds,
    day: &str,
    now: u64,
) -> VehiclePosition {
    let accessible = if 0 < vehicle.wheelchairs {
        number::WHEELCHAIR_ACCESSIBLE
    } else {
        number::WHEELCHAIR_INACCESSIBLE
    };
    // Of several trips, one from each zone to each, the first stands for them all.
    let trip = feeds.zones.first().map(|zone| TripDescriptor {
        trip_id: Some(flex::trip_id(&zone.id, &zone.id)),
        start_date: Some(day.to_owned()),
        schedule_relationship: Some(number::SCHEDULED),
        route_id: Some(flex::ROUTE.to_owned()),
    });
    VehiclePosition {
        trip,
        position: Some(Position {
            latitude: lat as f32,
            longitude: lon as f32,
            bearing: vehicle.bearing_deg.map(|deg| deg as f32),
        }),
        timestamp: Some(now),
        vehicle: Some(VehicleDescriptor {
            id: Some(vehicle.id.clone()),
            label: Some(vehicle.id.clone()),
            wheelchair_accessible: Some(accessible),
        }),
        occupancy_status: Some(match vehicle.load {
            Load::Low => number::MANY_SEATS_AVAILABLE,
            Load::Middle => number::FEW_SEATS_AVAILABLE,
            Load::High => number::FULL,
        }),
    }
}

/// `alerts.pb`: no vehicle is in service, or most places would wait too long.
#[must_use]
pub fn alerts(feeds: &Feeds, live: &Live) -> FeedMessage {
    let minutes = live.max_wait_s / 60.0;
    let found = if live.vehicles.is_empty() {
        let texts = [
            (
                "de",
                "Zurzeit fährt kein Fahrzeug.".to_owned(),
                "Bitte versuchen Sie es später wieder.".to_owned(),
            ),
            (
                "en",
                "No vehicle is in service just now.".to_owned(),
                "Please try again later.".to_owned(),
            ),
        ];
        Some(("no-service", number::NO_SERVICE, texts))
    } else if live.coverage.is_some_and(|share| share < COVERED_MIN) {
        let texts = [
            (
                "de",
                "Längere Wartezeiten.".to_owned(),
                format!(
                    "An den meisten Orten kann zurzeit kein Fahrzeug innerhalb von {minutes:.0} Minuten da sein."
                ),
            ),
            (
                "en",
                "Longer waits.".to_owned(),
                format!(
                    "At most places no vehicle can be there within {minutes:.0} minutes just now."
                ),
            ),
        ];
        Some(("long-waits", number::SIGNIFICANT_DELAYS, texts))
    } else {
        None
    };
    let entity = found.map(|(id, effect, texts)| {
        let said = |pick: fn(&(&str, String, String)) -> String| TranslatedString {
            translation: texts
                .iter()
                .map(|text| Translation { text: pick(text), language: Some(text.0.to_owned()) })
                .collect(),
        };
        let alert = Alert {
            informed_entity: vec![EntitySelector {
                agency_id: Some(flex::AGENCY.to_owned()),
                route_id: Some(flex::ROUTE.to_owned()),
            }],
            cause: Some(number::UNKNOWN_CAUSE),
            effect: Some(effect),
            header_text: Some(said(|(_, header, _)| header.clone())),
            description_text: Some(said(|(_, _, description)| description.clone())),
        };
        FeedEntity { id: id.to_owned(), vehicle: None, alert: Some(alert) }
    });
    message(feeds, live, entity.into_iter().collect())
}

fn message(feeds: &Feeds, live: &Live, entity: Vec<FeedEntity>) -> FeedMessage {
    let header = FeedHeader {
        gtfs_realtime_version: "2.0".to_owned(),
        incrementality: Some(number::FULL_DATASET),
        timestamp: Some(seconds(live)),
        feed_version: Some(feeds.version(feeds.day(live))),
    };
    FeedMessage { header, entity }
}

fn seconds(live: &Live) -> u64 {
    u64::try_from(live.now_ms.div_euclid(1000)).unwrap_or(0)
}
