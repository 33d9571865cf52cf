//! Outlines of sets of grid cells: one shape for each set of cells joined by sides, with its holes.

use std::collections::BTreeMap;

/// Column and row of a cell; as a corner, its lower left one.
pub(super) type Cell = (i32, i32);

/// Rings of corners, the first repeated at the end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Shape {
    /// Against the clock.
    pub(super) outer: Vec<Cell>,
    /// With the clock.
    pub(super) holes: Vec<Vec<Cell>>,
}

/// The sides of a cell, against the clock, by what leads to the neighbour beyond: south, east, north, west.
const SIDES: [Cell; 4] = [(0, -1), (1, 0), (0, 1), (-1, 0)];

/// Shapes in order of their first cells. `cells` must be sorted and each be there once. O(n log n).
pub(super) fn outlines(cells: &[Cell]) -> Vec<Shape> {
    let (piece, n_pieces) = pieces(cells);
    let mut shapes = vec![Shape::default(); n_pieces];
    let mut done = vec![[false; 4]; cells.len()];
    for start in 0..cells.len() {
        for side in 0..4 {
            if done[start][side] || beyond(cells, start, side).is_some() {
                continue;
            }
            let ring = trace(cells, (start, side), &mut done);
            let shape = &mut shapes[piece[start]];
            // The first side met of a piece is on its outside: nothing of it lies further west.
            if shape.outer.is_empty() { shape.outer = ring } else { shape.holes.push(ring) }
        }
    }
    shapes
}

/// The row of the cell at a side.
fn beyond(cells: &[Cell], cell: usize, side: usize) -> Option<usize> {
    let ((x, y), (dx, dy)) = (cells[cell], SIDES[side]);
    cells.binary_search(&(x + dx, y + dy)).ok()
}

/// The piece of each cell, and how many there are.
fn pieces(cells: &[Cell]) -> (Vec<usize>, usize) {
    let mut piece: BTreeMap<usize, usize> = BTreeMap::new();
    let mut n_pieces = 0;
    for start in 0..cells.len() {
        if piece.contains_key(&start) {
            continue;
        }
        piece.insert(start, n_pieces);
        let mut stack = vec![start];
        while let Some(cell) = stack.pop() {
            for next in (0..4).filter_map(|side| beyond(cells, cell, side)) {
                if piece.insert(next, n_pieces).is_none() {
                    stack.push(next);
                }
            }
        }
        n_pieces += 1;
    }
    (piece.into_values().collect(), n_pieces)
}

/// Follows sides with the cells on the left until it comes back. Where two cells only touch in a corner it stays with
/// its own, so that rings never cross themselves.
fn trace(cells: &[Cell], start: (usize, usize), done: &mut [[bool; 4]]) -> Vec<Cell> {
    let mut ring = Vec::new();
    let (mut cell, mut side) = start;
    let mut last_side = usize::MAX;
    loop {
        done[cell][side] = true;
        if side != last_side {
            ring.push(begin_of(cells[cell], side));
        }
        last_side = side;
        let left = (side + 1) % 4;
        (cell, side) = match beyond(cells, cell, left) {
            // Round the corner of this very cell.
            None => (cell, left),
            Some(ahead) => match beyond(cells, ahead, side) {
                // Straight on along the next cell.
                None => (ahead, side),
                // To the right, along the cell in the way.
                Some(across) => (across, (side + 3) % 4),
            },
        };
        if (cell, side) == start {
            break;
        }
    }
    // The start may lie in the middle of a straight piece.
    if last_side == start.1 && ring.len() > 1 {
        ring.remove(0);
    }
    ring.extend(ring.first().copied());
    ring
}

/// The corner where a side begins, going against the clock.
fn begin_of((x, y): Cell, side: usize) -> Cell {
    match side {
        0 => (x, y),
        1 => (x + 1, y),
        2 => (x + 1, y + 1),
        _ => (x, y + 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Twice the area, positive if against the clock.
    fn area(ring: &[Cell]) -> i32 {
        ring.windows(2).map(|pair| pair[0].0 * pair[1].1 - pair[1].0 * pair[0].1).sum()
    }

    /// Whether the middle of a cell lies inside a ring: sides to the east of it, by ones.
    fn is_inside(ring: &[Cell], (x, y): Cell) -> bool {
        let crosses = |pair: &&[Cell]| {
            let ((ax, ay), (_, by)) = (pair[0], pair[1]);
            ax > x && ay.min(by) <= y && y < ay.max(by)
        };
        ring.windows(2).filter(crosses).count() % 2 == 1
    }

    #[test]
    fn a_ring_of_cells_has_a_hole() {
        let cells: Vec<Cell> =
            (0..3).flat_map(|x| (0..3).map(move |y| (x, y))).filter(|&c| c != (1, 1)).collect();
        let shapes = outlines(&cells);
        assert_eq!(shapes.len(), 1);
        assert_eq!(shapes[0].outer, [(0, 0), (3, 0), (3, 3), (0, 3), (0, 0)]);
        assert_eq!(shapes[0].holes.len(), 1);
        assert_eq!((area(&shapes[0].outer), area(&shapes[0].holes[0])), (18, -2));
    }

    #[test]
    fn outlines_hold_exactly_their_cells() {
        let mut state = 5_u64;
        for density in 1..8 {
            for _ in 0..50 {
                let mut is_filled = |_: &Cell| {
                    state = state
                        .wrapping_mul(6_364_136_223_846_793_005)
                        .wrapping_add(1_442_695_040_888_963_407);
                    (state >> 33) % 8 < density
                };
                let all: Vec<Cell> = (0..12).flat_map(|x| (0..12).map(move |y| (x, y))).collect();
                let cells: Vec<Cell> = all.iter().copied().filter(|c| is_filled(c)).collect();
                let shapes = outlines(&cells);
                for cell in all {
                    let within = |shape: &&Shape| {
                        is_inside(&shape.outer, cell)
                            && !shape.holes.iter().any(|hole| is_inside(hole, cell))
                    };
                    let n = shapes.iter().filter(within).count();
                    assert_eq!(n, usize::from(cells.binary_search(&cell).is_ok()), "{cell:?}");
                }
                for shape in &shapes {
                    assert!(area(&shape.outer) > 0 && shape.holes.iter().all(|h| area(h) < 0));
                }
            }
        }
    }
}
