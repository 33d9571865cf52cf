//! The requests of a day as a table: a row for each, with what became of it.

use crate::clock::LocalClock;
use crate::table::{Cell, Table};
use crate::trips::{Answer, Ride, Story, Trip};

/// Columns, in order; the same ones whatever happened on the day.
const COLUMNS: [&str; 22] = [
    "request",
    "requested_at",
    "from_lat",
    "from_lon",
    "to_lat",
    "to_lon",
    "passengers",
    "wheelchairs",
    "answer",
    "reason",
    "vehicle",
    "ready_at",
    "pickup_by",
    "dropoff_by",
    "boarded_at",
    "alighted_at",
    "wait_s",
    "ride_s",
    "direct_s",
    "walk_s",
    "pooled",
    "broken",
];

/// A row for each request in order of asking; times as the clocks of the region show them. `answer` is `promised`,
/// `cancelled` (promised, then called off or nobody came), `rejected` or `none`.
#[must_use]
pub fn table(story: &Story, clock: LocalClock) -> Table {
    let mut table = Table::new(COLUMNS);
    for trip in &story.trips {
        let mut row = asked(trip, clock);
        match &trip.answer {
            Answer::None => row.push(("answer", text("none"))),
            Answer::Rejected { reason } => {
                row.extend([("answer", text("rejected")), ("reason", text(reason))]);
            }
            Answer::Promised(ride) => row.extend(promised(ride, clock)),
        }
        table.push(row.into_iter().map(|(name, cell)| (name.to_owned(), cell)));
    }
    table
}

fn asked(trip: &Trip, clock: LocalClock) -> Vec<(&'static str, Cell)> {
    vec![
        ("request", text(&trip.name)),
        ("requested_at", text(&clock.format_ms(trip.requested_at))),
        ("from_lat", Cell::Real(trip.from[0])),
        ("from_lon", Cell::Real(trip.from[1])),
        ("to_lat", Cell::Real(trip.to[0])),
        ("to_lon", Cell::Real(trip.to[1])),
        ("passengers", Cell::Whole(trip.passengers.into())),
        ("wheelchairs", Cell::Whole(trip.wheelchairs.into())),
    ]
}

fn promised(ride: &Ride, clock: LocalClock) -> Vec<(&'static str, Cell)> {
    let time = |time| text(&clock.format_ms(time));
    let number = |value: Option<f64>| value.map_or(Cell::Empty, Cell::Real);
    vec![
        ("answer", text(if ride.cancelled { "cancelled" } else { "promised" })),
        ("vehicle", text(&ride.vehicle)),
        ("ready_at", time(ride.ready_at)),
        ("pickup_by", time(ride.pickup_by)),
        ("dropoff_by", time(ride.dropoff_by)),
        ("boarded_at", ride.boarded_at.map_or(Cell::Empty, time)),
        ("alighted_at", ride.alighted_at.map_or(Cell::Empty, time)),
        ("wait_s", number(ride.wait_s())),
        ("ride_s", number(ride.ride_s())),
        ("direct_s", Cell::Real(ride.direct_s)),
        ("walk_s", Cell::Real(ride.walk_s)),
        ("pooled", Cell::Yes(ride.pooled)),
        ("broken", Cell::Yes(ride.broken)),
    ]
}

fn text(text: &str) -> Cell {
    Cell::Text(text.to_owned())
}
