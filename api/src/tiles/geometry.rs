//! Lines in tile coordinates: projection, simplification (Douglas and Peucker 1973), clipping (Liang and Barsky 1984).

use std::f64::consts::PI;

use sharxi_engine::geo::LatLon;

/// Units from one side of a tile to the other.
pub const EXTENT: f64 = 4096.0;
/// How far geometry reaches beyond the tile, so that drawn lines join.
pub const BUFFER: f64 = 64.0;

/// A point in Web Mercator, 0 to 1 from west to east and from north to south.
pub type Point = [f64; 2];

/// Projects a point; latitudes are cut where the map ends.
#[must_use]
pub fn project(point: LatLon) -> Point {
    const LAT_MAX: f64 = 85.051_128;
    let lat = point.lat().clamp(-LAT_MAX, LAT_MAX).to_radians();
    let y = (1.0 - lat.tan().asinh() / PI) / 2.0;
    [(point.lon() + 180.0) / 360.0, y]
}

/// Leaves out points that lie nearer than `tolerance` to the line without them; the ends stay.
#[must_use]
pub fn simplify(line: &[Point], tolerance: f64) -> Vec<Point> {
    let mut keep = vec![false; line.len()];
    for end in [0, line.len().saturating_sub(1)] {
        if let Some(end) = keep.get_mut(end) {
            *end = true;
        }
    }
    let mut spans = vec![(0, line.len().saturating_sub(1))];
    while let Some((first, last)) = spans.pop() {
        let Some(span) = line.get(first..=last) else { continue };
        let ([from, inner @ .., to], true) = (span, first + 1 < last) else { continue };
        let distances = inner.iter().map(|&point| distance(point, *from, *to)).enumerate();
        let farthest = distances.max_by(|(_, a), (_, b)| a.total_cmp(b));
        if let Some((idx, far)) = farthest
            && tolerance < far
        {
            let middle = first + 1 + idx;
            if let Some(kept) = keep.get_mut(middle) {
                *kept = true;
            }
            spans.extend([(first, middle), (middle, last)]);
        }
    }
    line.iter().zip(keep).filter_map(|(&point, kept)| kept.then_some(point)).collect()
}

/// Distance of a point from a segment.
fn distance([x, y]: Point, [from_x, from_y]: Point, [to_x, to_y]: Point) -> f64 {
    let (dx, dy) = (to_x - from_x, to_y - from_y);
    let length_squared = dx * dx + dy * dy;
    let along = if 0.0 < length_squared {
        (((x - from_x) * dx + (y - from_y) * dy) / length_squared).clamp(0.0, 1.0)
    } else {
        0.0
    };
    (x - from_x - along * dx).hypot(y - from_y - along * dy)
}

/// The parts of a line in tile units that lie within the tile and its buffer, rounded to whole units, each of at least
/// two different points.
#[must_use]
pub fn clip(line: &[Point]) -> Vec<Vec<Point>> {
    let mut parts: Vec<Vec<Point>> = Vec::new();
    let mut part: Vec<Point> = Vec::new();
    for pair in line.windows(2) {
        let &[from, to] = pair else { continue };
        let Some((entry, exit)) = clip_segment(from, to) else {
            finish(&mut part, &mut parts);
            continue;
        };
        push(&mut part, entry);
        push(&mut part, exit);
        if !same(exit, round(to)) {
            finish(&mut part, &mut parts);
        }
    }
    finish(&mut part, &mut parts);
    parts
}

fn finish(part: &mut Vec<Point>, parts: &mut Vec<Vec<Point>>) {
    let done = std::mem::take(part);
    if done.len() >= 2 {
        parts.push(done);
    }
}

fn push(part: &mut Vec<Point>, point: Point) {
    if part.last().is_none_or(|&last| !same(last, point)) {
        part.push(point);
    }
}

fn round([x, y]: Point) -> Point {
    [x.round(), y.round()]
}

/// Whether two rounded points are one.
fn same(a: Point, b: Point) -> bool {
    a.iter().zip(b).all(|(a, b)| (a - b).abs() < 0.5)
}

/// The part of a segment within the buffered tile, rounded.
fn clip_segment(from: Point, to: Point) -> Option<(Point, Point)> {
    let (low, high) = (-BUFFER, EXTENT + BUFFER);
    let (mut enter, mut leave) = (0.0_f64, 1.0_f64);
    for (start, end) in from.into_iter().zip(to) {
        let step = end - start;
        if step.abs() < f64::EPSILON {
            if start < low || high < start {
                return None;
            }
            continue;
        }
        let (at_low, at_high) = ((low - start) / step, (high - start) / step);
        enter = enter.max(at_low.min(at_high));
        leave = leave.min(at_low.max(at_high));
    }
    let at = |share: f64| {
        round([from[0] + (to[0] - from[0]) * share, from[1] + (to[1] - from[1]) * share])
    };
    (enter <= leave).then(|| (at(enter), at(leave)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_straight_line_needs_two_points() {
        let line = [[0.0, 0.0], [5.0, 0.1], [10.0, 0.0], [10.0, 9.0]];
        assert_eq!(simplify(&line, 1.0), [[0.0, 0.0], [10.0, 0.0], [10.0, 9.0]]);
        assert_eq!(simplify(&line, 0.0).len(), 4);
        assert!(simplify(&[], 1.0).is_empty());
    }

    #[test]
    fn a_line_that_leaves_and_comes_back_has_two_parts() {
        let line = [[0.0, 100.0], [9000.0, 100.0], [9000.0, 200.0], [0.0, 200.0]];
        let parts = clip(&line);
        assert_eq!(parts, [[[0.0, 100.0], [4160.0, 100.0]], [[4160.0, 200.0], [0.0, 200.0]]]);
        assert!(clip(&[[-900.0, -900.0], [-900.0, 9000.0]]).is_empty());
        assert!(clip(&[[5.0, 5.0], [5.2, 5.1]]).is_empty());
    }

    #[test]
    fn the_origin_is_in_the_middle_of_the_world() {
        let origin = LatLon::from_degrees(0.0, 0.0).map(project).unwrap();
        assert!(origin.iter().all(|x| (x - 0.5).abs() < 1e-12));
    }
}
