//! The answer to `hello`: the region and the rules.

use schemars::JsonSchema;
use serde::Serialize;
use sharxi_engine::planning::policy::Policy;
use sharxi_engine::units::EngineTime;

use super::event::degrees;
use super::status::to_text;
use super::words::{Time, WelcomeWord};
use crate::map::Map;

/// The region as clients see it.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(rename = "Region")]
#[expect(missing_docs, reason = "fields are those of docs/protocol.md, word for word")]
pub struct RegionInfo {
    pub name: String,
    pub bounds: [f64; 4],
    pub attribution: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub places: Option<Vec<PlaceInfo>>,
}

/// A place as clients see it.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[expect(missing_docs, reason = "fields are those of docs/protocol.md, word for word")]
#[schemars(rename = "Place")]
pub struct PlaceInfo {
    pub name: String,
    pub kind: String,
    pub lat: f64,
    pub lon: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub population: Option<u32>,
}

/// The rules under which the journal was begun.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Policy")]
pub struct PolicyInfo {
    max_wait_s: f64,
    ride_alpha: f64,
    ride_beta_s: f64,
    stop_s: f64,
    board_s: f64,
    alight_s: f64,
    wheelchair_s: f64,
    offer_ttl_s: f64,
    react_s: f64,
    no_show_wait_s: f64,
    reoptimise: bool,
    reposition: bool,
    coverage: bool,
}

/// The first message of the service.
#[derive(Serialize, JsonSchema)]
pub struct Welcome<'a> {
    r#type: WelcomeWord,
    protocol: u32,
    now: Time,
    speed: f64,
    seq: u64,
    region: &'a RegionInfo,
    policy: PolicyInfo,
}

/// What the region is called and where it is; `places` only where they are asked for.
#[must_use]
pub fn region_info(map: &dyn Map, with_places: bool) -> RegionInfo {
    let (south_west, north_east) = map.bounds();
    let ([south, west], [north, east]) = (degrees(south_west), degrees(north_east));
    let places = || {
        map.places().into_iter().map(|place| {
            let [lat, lon] = degrees(place.point);
            PlaceInfo { name: place.name, kind: place.kind, lat, lon, population: place.population }
        })
    };
    RegionInfo {
        name: map.name().to_owned(),
        bounds: [south, west, north, east],
        attribution: map.attribution().to_owned(),
        places: with_places.then(|| places().collect()),
    }
}

/// The answer to `hello`.
#[must_use]
pub fn welcome(
    now: EngineTime,
    speed: f64,
    seq: u64,
    region: &RegionInfo,
    policy: &Policy,
) -> String {
    let policy = PolicyInfo {
        max_wait_s: policy.max_wait.as_secs_f64(),
        ride_alpha: f64::from(policy.ride_alpha_milli) / 1000.0,
        ride_beta_s: policy.ride_beta.as_secs_f64(),
        stop_s: policy.stop.as_secs_f64(),
        board_s: policy.board.as_secs_f64(),
        alight_s: policy.alight.as_secs_f64(),
        wheelchair_s: policy.wheelchair.as_secs_f64(),
        offer_ttl_s: policy.offer_ttl.as_secs_f64(),
        react_s: policy.react.as_secs_f64(),
        no_show_wait_s: policy.no_show_wait.as_secs_f64(),
        reoptimise: policy.reoptimise,
        reposition: policy.reposition,
        coverage: policy.coverage,
    };
    let now = now.into();
    to_text(&Welcome { r#type: WelcomeWord::It, protocol: 1, now, speed, seq, region, policy })
}
