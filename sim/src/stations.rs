//! Where vehicles should stand when nobody needs them: where the requests are.
//!
//! Pickups are gathered in squares of about 2 km; a station is the pickup of its square that is nearest to their
//! middle, so that it lies on a road that riders use. Its weight is the number of pickups.

use std::collections::BTreeMap;
use std::io::Write;

use sharxi_engine::geo::LatLon;

use crate::demand::DemandRow;
use crate::fleet::{FleetError, FleetRow};

/// Side of the squares in degrees of latitude (about 2 km).
const SQUARE_DEG: f64 = 0.018;

/// The stations of a demand, in order of their squares from south to north, each with its pickups.
#[must_use]
pub fn of_demand(rows: &[DemandRow]) -> Vec<(LatLon, f64)> {
    let mut squares: BTreeMap<(i64, i64), Vec<LatLon>> = BTreeMap::new();
    for row in rows {
        // A degree of longitude is shorter: two thirds of one of latitude at 48 degrees north.
        let shrink = row.from.lat().to_radians().cos().max(0.1);
        let column = step(row.from.lon() * shrink / SQUARE_DEG);
        squares.entry((step(row.from.lat() / SQUARE_DEG), column)).or_default().push(row.from);
    }
    squares.into_values().filter_map(|points| Some((middle(&points)?, weight(&points)))).collect()
}

/// The point nearest to the mean of all; the first of equals.
fn middle(points: &[LatLon]) -> Option<LatLon> {
    let mean = |of: fn(&LatLon) -> f64| points.iter().map(of).sum::<f64>() / weight(points);
    let mean = LatLon::from_degrees(mean(|point| point.lat()), mean(|point| point.lon()))?;
    let away = |point: &LatLon| point.distance_m(mean);
    points.iter().copied().min_by(|a, b| away(a).total_cmp(&away(b)))
}

/// Writes `stations.csv`: `lat,lon`, vehicles by type, seats, as the fleet stands at the start of its shifts; the
/// stations with the most vehicles first.
///
/// # Errors
/// [`FleetError::Csv`] if the output fails.
pub fn write(fleet: &[FleetRow], output: impl Write) -> Result<(), FleetError> {
    let mut kinds: Vec<&str> = fleet.iter().map(|row| row.kind.as_str()).collect();
    kinds.sort_unstable();
    kinds.dedup();
    let mut stations: BTreeMap<(i32, i32), Vec<&FleetRow>> = BTreeMap::new();
    for row in fleet {
        stations.entry((row.point.lat_e7(), row.point.lon_e7())).or_default().push(row);
    }
    let mut stations: Vec<Vec<&FleetRow>> = stations.into_values().collect();
    stations.sort_by_key(|rows| std::cmp::Reverse(rows.len()));
    let mut writer = csv::Writer::from_writer(output);
    let head = ["lat", "lon", "vehicles", "seats"].into_iter().chain(kinds.iter().copied());
    writer.write_record(head)?;
    for rows in stations {
        let Some(first) = rows.first() else { continue };
        let seats: u32 = rows.iter().map(|row| u32::from(row.seats)).sum();
        let of_kind = |kind: &str| rows.iter().filter(|row| row.kind.as_str() == kind).count();
        let mut line = vec![
            format!("{:.6}", first.point.lat()),
            format!("{:.6}", first.point.lon()),
            rows.len().to_string(),
            seats.to_string(),
        ];
        line.extend(kinds.iter().map(|kind| of_kind(kind).to_string()));
        writer.write_record(&line)?;
    }
    writer.flush().map_err(csv::Error::from)?;
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "counts of pickups are exact")]
fn weight(points: &[LatLon]) -> f64 {
    points.len() as f64
}

#[expect(clippy::cast_possible_truncation, reason = "degrees by hundredths fit")]
fn step(value: f64) -> i64 {
    value.floor() as i64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{fleet, testing};

    #[test]
    fn stations_stand_at_pickups_and_count_them_all() {
        let rows = testing::demand(300, 1);
        let stations = of_demand(&rows);
        assert!((4..50).contains(&stations.len()), "{}", stations.len());
        let total: f64 = stations.iter().map(|(_, weight)| weight).sum();
        assert!((total - 300.0).abs() < 0.5);
        for (point, _) in &stations {
            assert!(rows.iter().any(|row| row.from == *point));
        }
        assert!(of_demand(&[]).is_empty());
    }

    #[test]
    fn a_list_of_stations_has_every_vehicle() {
        let stations = of_demand(&testing::demand(300, 1));
        let counts = [("taxi".to_owned(), 5), ("minibus".to_owned(), 3)].into();
        let shift = (testing::minute(0), testing::minute(9));
        let fleet = fleet::make(&counts, &stations, shift).unwrap();
        let mut out = Vec::new();
        write(&fleet, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(text.starts_with("lat,lon,vehicles,seats,minibus,taxi\n"), "{text}");
        let column = |idx: usize| -> u32 {
            text.lines()
                .skip(1)
                .map(|line| line.split(',').nth(idx).unwrap().parse::<u32>().unwrap())
                .sum()
        };
        assert_eq!([column(2), column(3), column(4), column(5)], [8, 44, 3, 5]);
    }
}
