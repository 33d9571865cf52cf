//! GTFS-Flex: zones, booking rules and how long a ride may take, as a zip of CSV files and GeoJSON.

use std::io::{Cursor, Write};

use serde_json::{Value, json};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::live::Live;
use super::model::Feeds;

/// The one agency.
pub const AGENCY: &str = "sharxi";
/// The one route.
pub const ROUTE: &str = "sharxi";
/// The one booking rule: any time, at once.
const BOOKING: &str = "now";
/// The one service: every day.
const SERVICE: &str = "daily";

/// Why no zip came of it, which does not happen in memory.
#[derive(Debug, thiserror::Error)]
pub enum FlexError {
    /// The archive.
    #[error("write the archive")]
    Zip(#[from] zip::result::ZipError),
    /// A file in it.
    #[error("write a file of the archive")]
    Io(#[from] std::io::Error),
    /// A table.
    #[error("write a table")]
    Csv(#[from] csv::Error),
}

/// The trip between two zones.
#[must_use]
pub fn trip_id(from: &str, to: &str) -> String {
    if from == to { from.to_owned() } else { format!("{from}:{to}") }
}

/// The archive; the same bytes for the same facts.
///
/// # Errors
/// [`FlexError`].
pub fn archive(feeds: &Feeds, live: &Live) -> Result<Vec<u8>, FlexError> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, body) in files(feeds, live)? {
        let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
        zip.start_file(name, options)?;
        zip.write_all(&body)?;
    }
    Ok(zip.finish()?.into_inner())
}

/// The files of the archive.
///
/// # Errors
/// [`FlexError`].
pub fn files(feeds: &Feeds, live: &Live) -> Result<Vec<(&'static str, Vec<u8>)>, FlexError> {
    Ok(vec![
        ("agency.txt", agency(feeds)?),
        ("feed_info.txt", feed_info(feeds, live)?),
        ("calendar.txt", calendar(feeds, live)?),
        ("routes.txt", routes(feeds)?),
        ("trips.txt", trips(feeds, live)?),
        ("stop_times.txt", stop_times(feeds)?),
        ("booking_rules.txt", booking_rules(feeds)?),
        ("locations.geojson", locations(feeds).to_string().into_bytes()),
    ])
}

fn table(rows: &[Vec<&str>]) -> Result<Vec<u8>, FlexError> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for row in rows {
        writer.write_record(row)?;
    }
    writer.into_inner().map_err(|error| FlexError::Io(error.into_error()))
}

fn agency(feeds: &Feeds) -> Result<Vec<u8>, FlexError> {
    let phone = feeds.config.phone.as_deref().unwrap_or_default();
    let email = feeds.config.email.as_deref().unwrap_or_default();
    table(&[
        vec![
            "agency_id",
            "agency_name",
            "agency_url",
            "agency_timezone",
            "agency_lang",
            "agency_phone",
            "agency_email",
        ],
        vec![
            AGENCY,
            &feeds.name,
            feeds.agency_url(),
            &feeds.time_zone,
            &feeds.language,
            phone,
            email,
        ],
    ])
}

fn feed_info(feeds: &Feeds, live: &Live) -> Result<Vec<u8>, FlexError> {
    let day = feeds.day(live);
    let [start, end] = feeds.valid(day);
    let version = feeds.version(day);
    let (email, url) = (feeds.config.email.as_deref().unwrap_or_default(), feeds.agency_url());
    table(&[
        vec![
            "feed_publisher_name",
            "feed_publisher_url",
            "feed_lang",
            "feed_start_date",
            "feed_end_date",
            "feed_version",
            "feed_contact_email",
            "feed_contact_url",
        ],
        vec![&feeds.name, url, &feeds.language, &start, &end, &version, email, url],
    ])
}

fn calendar(feeds: &Feeds, live: &Live) -> Result<Vec<u8>, FlexError> {
    let [start, end] = feeds.valid(feeds.day(live));
    table(&[
        vec![
            "service_id",
            "monday",
            "tuesday",
            "wednesday",
            "thursday",
            "friday",
            "saturday",
            "sunday",
            "start_date",
            "end_date",
        ],
        vec![SERVICE, "1", "1", "1", "1", "1", "1", "1", &start, &end],
    ])
}

fn routes(feeds: &Feeds) -> Result<Vec<u8>, FlexError> {
    let kind = feeds.config.route_type.unwrap_or(3).to_string();
    table(&[
        vec!["route_id", "agency_id", "route_short_name", "route_long_name", "route_type"],
        vec![ROUTE, AGENCY, "", &feeds.name, &kind],
    ])
}

/// Names of trips with the zones that they join: from every zone to every zone.
fn pairs(feeds: &Feeds) -> Vec<[String; 3]> {
    let zones = || feeds.zones.iter().map(|zone| zone.id.as_str());
    let pair = |from: &str, to: &str| [trip_id(from, to), from.to_owned(), to.to_owned()];
    zones().flat_map(|from| zones().map(move |to| pair(from, to))).collect()
}

fn trips(feeds: &Feeds, live: &Live) -> Result<Vec<u8>, FlexError> {
    let [factor, offset] = feeds.safe_duration(live).map(|value| value.to_string());
    let pairs = pairs(feeds);
    let mut rows = vec![vec![
        "route_id",
        "service_id",
        "trip_id",
        "safe_duration_factor",
        "safe_duration_offset",
    ]];
    rows.extend(pairs.iter().map(|[trip, _, _]| vec![ROUTE, SERVICE, trip, &factor, &offset]));
    table(&rows)
}

fn stop_times(feeds: &Feeds) -> Result<Vec<u8>, FlexError> {
    let [from, until] = feeds.hours();
    let pairs = pairs(feeds);
    let mut rows = vec![vec![
        "trip_id",
        "location_id",
        "stop_sequence",
        "start_pickup_drop_off_window",
        "end_pickup_drop_off_window",
        "pickup_type",
        "drop_off_type",
        "pickup_booking_rule_id",
        "drop_off_booking_rule_id",
    ]];
    for [trip, first, last] in &pairs {
        // 2: by arrangement, 1: not there.
        rows.push(vec![trip, first, "1", &from, &until, "2", "1", BOOKING, ""]);
        rows.push(vec![trip, last, "2", &from, &until, "1", "2", "", BOOKING]);
    }
    table(&rows)
}

fn booking_rules(feeds: &Feeds) -> Result<Vec<u8>, FlexError> {
    let config = &feeds.config;
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    let (phone, info, booking) =
        (text(&config.phone), text(&config.info_url), text(&config.booking_url));
    // 0: in real time.
    table(&[
        vec!["booking_rule_id", "booking_type", "phone_number", "info_url", "booking_url"],
        vec![BOOKING, "0", &phone, &info, &booking],
    ])
}

fn locations(feeds: &Feeds) -> Value {
    let feature = |zone: &super::zones::Zone| json!({ "type": "Feature", "id": zone.id, "properties": { "stop_name": zone.name }, "geometry": zone.geometry() });
    let features: Vec<Value> = feeds.zones.iter().map(feature).collect();
    json!({ "type": "FeatureCollection", "features": features })
}
