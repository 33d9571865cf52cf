//! Blocks with bases against rows of 64-bit sums.

use super::*;
use crate::graph::num::row;

/// Far more than any time.
const NOWHERE: u64 = 1 << 40;

struct Random(u64);

impl Random {
    fn below(&mut self, n: u32) -> u32 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        u32::try_from((self.0 >> 33) % u64::from(n)).unwrap()
    }
}

/// A chain of nodes, each with the nodes before it as ancestors, as ticks and as blocks.
fn chain(random: &mut Random, n: usize, longest: u32) -> Vec<(Vec<u64>, Vec<Block>)> {
    let mut rows: Vec<(Vec<u64>, Vec<Block>)> = Vec::new();
    for depth in 0..n {
        let mut ticks = vec![NOWHERE; depth];
        let mut blocks = vec![Block([7; LANES]); (depth + 1).div_ceil(SLOTS)];
        let uppers =
            [depth.wrapping_sub(1), random.below(row(n)) as usize, random.below(row(n)) as usize];
        for (nth, (above, above_blocks)) in
            uppers.iter().filter_map(|&upper| rows.get(upper)).enumerate()
        {
            // Some edges cannot be driven, some take next to nothing, some days.
            let edge = match random.below(8) {
                0 => None,
                1 => Some(random.below(40)),
                2 => Some(65_530 + random.below(10)),
                _ => Some(random.below(longest)),
            };
            let ms = edge.map_or(NEVER, |edge| edge * TICK_MS);
            if nth == 0 {
                begin(&mut blocks, above_blocks, ms);
                blocks[above_blocks.len()..].fill(Block::FAR);
            } else {
                relax(&mut blocks, above_blocks, ms);
            }
            for (mine, theirs) in ticks.iter_mut().zip(above) {
                *mine = (*mine).min(theirs + edge.map_or(NOWHERE, u64::from));
            }
        }
        if depth == 0 {
            blocks.fill(Block::FAR);
        }
        finish(&mut blocks, depth);
        ticks.push(0);
        rows.push((ticks, blocks));
    }
    rows
}

#[test]
fn what_is_known_is_right() {
    let mut random = Random(3);
    let (mut n_known, mut n_unknown, mut n_far) = (0_u32, 0_u32, 0_u32);
    for round in 0..200 {
        let longest = [50, 2_000, 20_000, 70_000][round % 4];
        let (up, down) = (chain(&mut random, 90, longest), chain(&mut random, 90, longest));
        for depth in 1..90 {
            let ((up, up_row), (down, down_row)) = (&up[depth], &down[89 - depth]);
            for (at, &expected) in up.iter().enumerate() {
                match slot(up_row, at) {
                    Some(found) if expected >= NOWHERE => assert!(ms_of(found) == NEVER),
                    Some(found) => assert_eq!(u64::from(found), expected),
                    None => n_unknown += 1,
                }
            }
            let n = up.len().min(down.len()).min(1 + random.below(90) as usize);
            let expected = (0..n).map(|at| up[at] + down[at]).min().unwrap();
            match least_sum(up_row, down_row, n) {
                Some(found) if expected >= NOWHERE => assert_eq!(ms_of(found), NEVER),
                Some(found) => {
                    assert_eq!(u64::from(found), expected);
                    n_far += u32::from(found > 65_535);
                }
                None => n_unknown += 1,
            }
            let ms: Vec<u32> = (0..n).map(|_| random.below(NEVER)).collect();
            let expected = ms.iter().zip(up).map(|(&ms, ticks)| u64::from(ms) + ticks * 100).min();
            match least_ms(&ms, up_row) {
                Some(found) => assert_eq!(u64::from(found), expected.unwrap().min(NEVER.into())),
                None => n_unknown += 1,
            }
            n_known += 1;
        }
    }
    // All kinds of answers were seen.
    assert!(n_far > 1_000 && n_unknown > 100, "{n_known} {n_unknown} {n_far}");
}

#[test]
fn rows_of_near_neighbours_are_known_however_far_they_are() {
    // Depth after depth five minutes further away: no seven of them are 109 minutes apart.
    let n = 80;
    let mut rows: Vec<Vec<Block>> = Vec::new();
    for depth in 0..n {
        let mut row = vec![Block::FAR; (depth + 1_usize).div_ceil(SLOTS)];
        if let Some(above) = rows.last() {
            begin(&mut row, above, 3_000 * TICK_MS);
        }
        finish(&mut row, depth);
        rows.push(row);
    }
    let last = &rows[n - 1];
    for depth in 0..n {
        assert_eq!(slot(last, depth), Some(3_000 * row(n - 1 - depth)));
        let least = 2 * 3_000 * row(n - 1 - depth);
        assert_eq!(least_sum(last, last, depth + 1), Some(least));
    }
}
