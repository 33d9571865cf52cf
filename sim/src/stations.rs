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
    by_square(rows)
        .into_values()
        .filter_map(|rows| Some((middle(&rows)?, count(rows.len()))))
        .collect()
}

/// The same stations, each with the most riders that want to leave its square within any 15 minutes of any of `days`:
/// a bell time or the first train needs more vehicles at once than as many riders spread over a day.
#[must_use]
pub fn of_peaks(days: &[&[DemandRow]]) -> Vec<(LatLon, f64)> {
    let mut all: Vec<DemandRow> = Vec::new();
    let mut peaks: BTreeMap<(i64, i64), usize> = BTreeMap::new();
    for day in days {
        for (square, rows) in by_square(day) {
            let peak = peaks.entry(square).or_default();
            *peak = (*peak).max(most_within(&rows));
        }
        all.extend_from_slice(day);
    }
    let station = |(square, rows): ((i64, i64), Vec<&DemandRow>)| {
        Some((middle(&rows)?, count(peaks.get(&square).copied().unwrap_or(0))))
    };
    by_square(&all).into_iter().filter_map(station).collect()
}

/// Where to put `n` vehicles, one after the other, so that the first few reach as much as possible and the rest stand where
/// most is needed. First the station that reaches the most weight not reached yet (greedy cover; ties: the first), until
/// all is reached or nothing more can be; then each vehicle goes to the station with the most weight per vehicle already
/// there (D'Hondt). `reaches(a, b)`: whether a vehicle at station `a` is soon enough at `b`. O(stations^2) calls.
#[must_use]
pub fn places(
    stations: &[(LatLon, f64)],
    n: usize,
    reaches: impl Fn(usize, usize) -> bool,
) -> Vec<LatLon> {
    let mut taken = vec![0u32; stations.len()];
    let mut chosen: Vec<usize> = Vec::with_capacity(n);
    let near: Vec<Vec<usize>> = (0..stations.len())
        .map(|a| (0..stations.len()).filter(|&b| a == b || reaches(a, b)).collect())
        .collect();
    let mut is_reached = vec![false; stations.len()];
    while chosen.len() < n {
        let gain = |idx: usize| -> f64 {
            near[idx].iter().filter(|&&b| !is_reached[b]).map(|&b| stations[b].1).sum()
        };
        let Some(best) = first_most((0..stations.len()).map(gain)) else { break };
        near[best].iter().for_each(|&b| is_reached[b] = true);
        taken[best] += 1;
        chosen.push(best);
    }
    while chosen.len() < n {
        let claim = |(&(_, weight), &taken): (&(LatLon, f64), &u32)| weight / f64::from(taken + 1);
        let Some(best) = first_most(stations.iter().zip(&taken).map(claim)) else { break };
        taken[best] += 1;
        chosen.push(best);
    }
    chosen.into_iter().map(|idx| stations[idx].0).collect()
}

/// The first of the largest values, if any is above 0.
fn first_most(values: impl Iterator<Item = f64>) -> Option<usize> {
    let mut best: Option<(usize, f64)> = None;
    for (idx, value) in values.enumerate() {
        if value > best.map_or(0.0, |(_, most)| most) {
            best = Some((idx, value));
        }
    }
    best.map(|(idx, _)| idx)
}

fn by_square(rows: &[DemandRow]) -> BTreeMap<(i64, i64), Vec<&DemandRow>> {
    let mut squares: BTreeMap<(i64, i64), Vec<&DemandRow>> = BTreeMap::new();
    for row in rows {
        // A degree of longitude is shorter: two thirds of one of latitude at 48 degrees north. By the latitude of the
        // square, so that all its points agree.
        let line = step(row.from.lat() / SQUARE_DEG);
        let shrink = (row.from.lat() / SQUARE_DEG).floor() * SQUARE_DEG;
        let shrink = shrink.to_radians().cos().max(0.1);
        let column = step(row.from.lon() * shrink / SQUARE_DEG);
        squares.entry((line, column)).or_default().push(row);
    }
    squares
}

/// The most riders within any 15 minutes.
fn most_within(rows: &[&DemandRow]) -> usize {
    const WINDOW_MS: i64 = 15 * 60 * 1000;
    let riders =
        |row: &&DemandRow| (row.travel_time().unix_ms(), usize::from(row.party.passengers()));
    let mut times: Vec<(i64, usize)> = rows.iter().map(riders).collect();
    times.sort_unstable();
    let (mut first, mut now, mut most) = (0, 0, 0);
    for &(time, passengers) in &times {
        now += passengers;
        while times[first].0 + WINDOW_MS <= time {
            now -= times[first].1;
            first += 1;
        }
        most = most.max(now);
    }
    most
}

/// The pickup nearest to the mean of all; the first of equals.
fn middle(rows: &[&DemandRow]) -> Option<LatLon> {
    let mean = |of: fn(LatLon) -> f64| {
        rows.iter().map(|row| of(row.from)).sum::<f64>() / count(rows.len())
    };
    let mean = LatLon::from_degrees(mean(LatLon::lat), mean(LatLon::lon))?;
    let away = |row: &&&DemandRow| row.from.distance_m(mean);
    rows.iter().min_by(|a, b| away(a).total_cmp(&away(b))).map(|row| row.from)
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
fn count(n: usize) -> f64 {
    n as f64
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
    fn peaks_count_riders_of_one_quarter_of_an_hour() {
        let mut rows = testing::demand(300, 1);
        let peaks = of_peaks(&[&rows[..150], &rows[150..]]);
        let totals = of_demand(&rows);
        assert_eq!(peaks.len(), totals.len());
        assert!(peaks.iter().zip(&totals).all(|(peak, total)| peak.0 == total.0 && 0.0 < peak.1));
        // All from one place at times 0, 10, 14 and 20 minutes: three within a quarter of an hour.
        rows.truncate(4);
        for (row, minutes) in rows.iter_mut().zip([0, 10, 14, 20]) {
            row.from = testing::Town::node_at(1, 1);
            row.requested_at = testing::minute(minutes);
            row.when = sharxi_engine::demand::request::When::Now;
            row.party = sharxi_engine::demand::request::Party::new(1, 0).unwrap();
        }
        assert_eq!(of_peaks(&[&rows]), [(rows[0].from, 3.0)]);
    }

    #[test]
    fn the_first_vehicles_reach_everything_and_the_rest_stand_where_most_is_needed() {
        // On a line, 0 to 6; each reaches its neighbours. Greedy: 5 (weight 30 at 6), then 1, then 3.
        let weights = [1.0, 2.0, 1.0, 1.0, 2.0, 3.0, 30.0];
        let point = |idx: usize| testing::Town::node_at(u32::try_from(idx).unwrap(), 0);
        let stations: Vec<_> = (0..7).map(|idx| (point(idx), weights[idx])).collect();
        let reaches = |a: usize, b: usize| a.abs_diff(b) <= 1;
        let at = |n| places(&stations, n, reaches);
        assert_eq!(at(3), [point(5), point(1), point(2)]);
        assert_eq!(at(6)[3..], [point(6), point(6), point(6)]);
        assert_eq!(at(2), at(6)[..2]);
        assert!(places(&[], 3, reaches).is_empty());
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
