//! The map of the day on the town of the tests: what was written is read back and is what was driven.

use super::*;
use crate::ground::{Landscape, Street};
use crate::{testing, trips};

/// The numbers of a line, read the slow way.
fn numbers(line: &str) -> Vec<i64> {
    let digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut found = Vec::new();
    let mut bits: Vec<i64> = Vec::new();
    for digit in line.chars() {
        let value = i64::try_from(digits.find(digit).unwrap()).unwrap();
        bits.push(value & 31);
        if value < 32 {
            let whole = bits.iter().rev().fold(0, |whole, part| whole * 32 + part);
            found.push(if whole & 1 == 1 { -(whole >> 1) } else { whole >> 1 });
            bits.clear();
        }
    }
    assert!(bits.is_empty());
    found
}

#[test]
fn numbers_are_read_back() {
    let values = [0, 1, -1, 15, -15, 16, -16, 511, 512, -512, 86_400, i64::from(i32::MIN)];
    let mut line = String::new();
    values.iter().for_each(|&value| push(value, &mut line));
    assert_eq!(numbers(&line), values);
    let mut one = String::new();
    push(16, &mut one);
    assert_eq!(one, "gB", "as in source maps");
}

#[test]
fn every_drive_and_every_rider_is_there() {
    let outcome = testing::play(&testing::demand(200, 4), &testing::fleet(3));
    let story = trips::read(&outcome.records);
    assert_eq!(outcome.tracks.len(), outcome.legs.len());
    let corner = |lat, lon| LatLon::from_degrees(lat, lon).unwrap();
    let geometry = vec![corner(49.99, 6.99), corner(50.2, 7.3)];
    let street = Street { class: "residential".into(), geometry };
    let landscape = Landscape { streets: vec![street], ..Landscape::default() };
    let projection = Projection::new(&landscape).unwrap();
    let start = story.vehicles.iter().map(|day| day.shift_start).min().unwrap();
    let scene = Scene { projection: &projection, start };
    let rows = vehicles(&scene, &outcome.records, &story, &outcome.tracks);
    assert_eq!(rows.len(), 3);
    let mut n_drives = 0;
    for (idx, row) in rows.iter().enumerate() {
        let line = numbers(row[5].as_str().unwrap());
        let number = |cell: usize| row[cell].as_i64().unwrap();
        let (mut x, mut y, mut time) = (number(1), number(2), number(3));
        let mut tracks = outcome.tracks.iter().filter(|track| track.vehicle.idx() == idx);
        let mut rest = line.as_slice();
        while let [gap, load, n_points, points @ ..] = rest {
            assert!(*gap >= 0 && *n_points >= 1);
            time += gap;
            let track = tracks.next().unwrap();
            // It sets off from where it stood.
            let (first, set_off) = track.points[0];
            assert_eq!(((x, y), time), (scene.point(first), scene.seconds(set_off)));
            let (points, after) = points.split_at(3 * usize::try_from(*n_points).unwrap());
            for point in points.chunks(3) {
                (time, x, y) = (time + point[0], x + point[1], y + point[2]);
                assert!(point[0] >= 0);
            }
            let &(last, arrived) = track.points.last().unwrap();
            assert_eq!(((x, y), time), (scene.point(last), scene.seconds(arrived)));
            assert_eq!(*load, i64::from(track.passengers));
            n_drives += 1;
            rest = after;
        }
        assert!(rest.is_empty() && tracks.next().is_none());
    }
    assert_eq!(n_drives, outcome.legs.len());
    let people = numbers(&riders(&scene, &story));
    let refused = people.chunks(4).filter(|rider| rider[3] == REFUSED).count();
    assert_eq!(refused, story.trips.len() - story.rides().count());
    let boarded = story.rides().filter(|ride| ride.boarded_at.is_some()).count();
    assert_eq!(people.len() / 4, refused + boarded);
    assert!(people.chunks(4).skip(1).all(|rider| rider[0] >= 0));
}
