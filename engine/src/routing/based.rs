//! Rows for wide regions, where times between nodes pass the 109 minutes that 16 bits hold: blocks with bases of their own.
//!
//! A [`Block`] has 28 slots instead of 32, in four groups of seven depths that follow one another. The first four of its 32 numbers are
//! the bases of the groups, in units of 256 ticks, and all others what a slot has on top of the base of its group, in ticks. Neighbours
//! on a separator are minutes apart, so this nearly always fits. Slot 7 g + i is the number 4 (i + 1) + g: numbers of one
//! group are four apart, so that the least of all groups comes out of a few comparisons of whole vectors.
//!
//! A slot that does not fit is [`FAR`], as is one without a way. Bases are tight: unless a group has no way at all (base and slots
//! [`FAR`]), its least slot is less than a unit above its base. While a row is made, a time is only ever cut off when its group
//! holds one that is smaller by 65,535 ticks less two units, and that stays true of all rows that are made of it. So numbers up to
//! [`SURE`] are exact, whatever was cut off. What is more than that above the base, or the sum of two, is not known.

use super::NEVER;
use super::lanes::{Block, FAR, LANES};
use crate::graph::num::TICK_MS;

/// Slots of one block.
pub(crate) const SLOTS: usize = LANES - GROUPS;
/// Groups of a block.
const GROUPS: usize = 4;
/// Slots of a group.
const DEPTHS: usize = SLOTS / GROUPS;
/// Ticks of one unit of a base.
const UNIT: u32 = 256;
/// Up to so many ticks above its base, or their bases, a time or a sum is exact.
const SURE: u32 = FAR as u32 - 2 * UNIT;

// Two bases that do not fit together mean no way.
const _: () = assert!(FAR as u64 * UNIT as u64 * TICK_MS as u64 > NEVER as u64);
// All sums of bases and slots fit 32 bits.
const _: () = assert!((FAR as u64 * (2 * UNIT as u64 + 3)) * (TICK_MS as u64) < 1 << 32);

/// Masks for the first `n` slots: numbers of others are [`FAR`], and so are bases of groups without any.
static MASKS: [Block; SLOTS + 1] = {
    let mut masks = [Block::FAR; SLOTS + 1];
    let mut n = 0;
    while n <= SLOTS {
        let mut depth = 0;
        while depth < n {
            masks[n].0[lane(depth)] = 0;
            masks[n].0[depth / DEPTHS] = 0;
            depth += 1;
        }
        n += 1;
    }
    masks
};

/// Where a slot of a block is.
const fn lane(depth: usize) -> usize {
    GROUPS * (depth % DEPTHS + 1) + depth / DEPTHS
}

/// What is known of a time that is looked up: `None` if nothing is, else its ticks, or far too many if there is no way.
#[inline(always)]
pub(crate) fn slot(row: &[Block], depth: usize) -> Option<u32> {
    let Block(block) = row.get(depth / SLOTS)?;
    let (base, more) = (block[depth % SLOTS / DEPTHS], block[lane(depth % SLOTS)]);
    (u32::from(more) <= SURE || base == FAR).then(|| u32::from(base) * UNIT + u32::from(more))
}

/// Milliseconds, at most [`NEVER`].
pub(crate) fn ms_of(ticks: u32) -> u32 {
    (ticks * TICK_MS).min(NEVER)
}

/// `to[i] = from[i] + ms`, for a whole number of ticks.
#[inline(always)]
pub(crate) fn begin(to: &mut [Block], from: &[Block], ms: u32) {
    if ms >= NEVER {
        return to.fill(Block::FAR);
    }
    let (units, ticks) = parts(ms / TICK_MS);
    for (Block(to), Block(from)) in to.iter_mut().zip(from) {
        for (idx, (to, from)) in to.iter_mut().zip(from).enumerate() {
            *to = from.saturating_add(if idx < GROUPS { units } else { ticks });
        }
    }
}

/// `to[i] = min(to[i], from[i] + ms)`, for a whole number of ticks.
#[inline(always)]
pub(crate) fn relax(to: &mut [Block], from: &[Block], ms: u32) {
    if ms >= NEVER {
        return;
    }
    let (units, ticks) = parts(ms / TICK_MS);
    for (Block(to), Block(from)) in to.iter_mut().zip(from) {
        let (mut mine, mut theirs) = ([0; GROUPS], [0; GROUPS]);
        for group in 0..GROUPS {
            let base = from[group].saturating_add(units);
            let least = to[group].min(base);
            mine[group] = ticks_of(to[group] - least);
            theirs[group] = ticks_of(base - least).saturating_add(ticks);
            to[group] = least;
        }
        let (to, from) = (to.as_chunks_mut::<GROUPS>().0, from.as_chunks::<GROUPS>().0);
        for (to, from) in to.iter_mut().zip(from).skip(1) {
            for group in 0..GROUPS {
                let other = from[group].saturating_add(theirs[group]);
                to[group] = to[group].saturating_add(mine[group]).min(other);
            }
        }
    }
}

/// Whole units, and the ticks left over.
fn parts(ticks: u32) -> (u16, u16) {
    (u16::try_from(ticks / UNIT).unwrap_or(FAR), (ticks % UNIT) as u16)
}

/// Units as ticks, [`FAR`] if they are too many.
#[inline(always)]
#[expect(clippy::cast_possible_truncation, reason = "cut to range before")]
fn ticks_of(units: u16) -> u16 {
    (u32::from(units) * UNIT).min(FAR as u32) as u16
}

/// Puts a zero at the end of a row whose other slots are final but for their bases, and makes these tight.
#[inline(always)]
pub(crate) fn finish(row: &mut [Block], depth: usize) {
    if let Some(Block(block)) = row.get_mut(depth / SLOTS) {
        let group = depth % SLOTS / DEPTHS;
        let more = ticks_of(block[group]);
        for slot in block.iter_mut().skip(GROUPS + group).step_by(GROUPS) {
            *slot = slot.saturating_add(more);
        }
        block[group] = 0;
        block[lane(depth % SLOTS)] = 0;
    }
    for Block(block) in row {
        let (first, slots) = block.split_at_mut(GROUPS);
        let slots = slots.as_chunks_mut::<GROUPS>().0;
        let least = (*slots).iter().fold([FAR; GROUPS], least_of);
        for group in 0..GROUPS {
            let more = least[group] & 0xff00;
            let is_nothing = least[group] == FAR;
            first[group] = if is_nothing { FAR } else { first[group].saturating_add(more >> 8) };
            for slot in &mut *slots {
                slot[group] = if slot[group] == FAR { FAR } else { slot[group] - more };
            }
        }
    }
}

/// Group by group.
#[inline(always)]
fn least_of(least: [u16; GROUPS], slots: &[u16; GROUPS]) -> [u16; GROUPS] {
    std::array::from_fn(|group| least[group].min(slots[group]))
}

/// The ticks of the least `up[i] + down[i]` of the first `n` slots, far too many if there is no way; `None` if it is not known. Where sums
/// over the bases of some group do not fit, each slot is looked at with its own.
#[inline(always)]
pub(crate) fn least_sum(up: &[Block], down: &[Block], n: usize) -> Option<u32> {
    let mut best = [u32::MAX; GROUPS];
    let mut base = [FAR; GROUPS];
    let blocks = up.iter().zip(down).zip((0..n).step_by(SLOTS));
    for ((Block(up), Block(down)), start) in blocks {
        let Block(mask) = &MASKS[(n - start).min(SLOTS)];
        let mut sums = *mask;
        for (sum, (up, down)) in sums.iter_mut().zip(up.iter().zip(down)) {
            *sum |= up.saturating_add(*down);
        }
        let (bases, slots) = sums.split_at(GROUPS);
        let least = slots.as_chunks().0.iter().fold([FAR; GROUPS], least_of);
        for group in 0..GROUPS {
            base[group] = base[group].min(bases[group]);
            let sum = u32::from(bases[group]) * UNIT + u32::from(least[group]);
            best[group] = best[group].min(sum);
        }
    }
    let best = best.into_iter().fold(u32::MAX, u32::min);
    let base = base.into_iter().fold(FAR, u16::min);
    if best <= u32::from(base) * UNIT + if base < FAR { SURE } else { FAR.into() } {
        return Some(best);
    }
    least_by_slots(up, down, n)
}

/// The same with sums in 32 bits.
#[inline(never)]
fn least_by_slots(up: &[Block], down: &[Block], n: usize) -> Option<u32> {
    // The least of what is known, and what all others are not below.
    let (mut best, mut bound) = ([u32::MAX; GROUPS], [u32::MAX; GROUPS]);
    for ((Block(up), Block(down)), start) in up.iter().zip(down).zip((0..n).step_by(SLOTS)) {
        let Block(mask) = &MASKS[(n - start).min(SLOTS)];
        let [up, down, mask] = [up, down, mask].map(|block| block.as_chunks::<GROUPS>().0);
        for ((up_slots, down_slots), mask) in up.iter().zip(down).zip(mask).skip(1) {
            for group in 0..GROUPS {
                let bases = u32::from(up[0][group]) + u32::from(down[0][group]);
                let (up, down) = (u32::from(up_slots[group]), u32::from(down_slots[group]));
                let sum = bases * UNIT + up.min(SURE) + down.min(SURE);
                let sum = if mask[group] == 0 { sum } else { u32::MAX };
                let is_known = up.max(down) <= SURE;
                best[group] = best[group].min(if is_known { sum } else { u32::MAX });
                bound[group] = bound[group].min(if is_known { u32::MAX } else { sum });
            }
        }
    }
    let least = |all: [u32; GROUPS]| all.into_iter().fold(u32::MAX, u32::min);
    let (best, bound) = (least(best), least(bound));
    // Two bases that do not fit together mean no way.
    let known = best.min(u32::from(FAR) * UNIT);
    (known <= bound).then_some(known)
}

/// The least `ms[i] + row[i]` in milliseconds, at most [`NEVER`]; `None` if it is not known.
#[inline(always)]
pub(crate) fn least_ms(ms: &[u32], row: &[Block]) -> Option<u32> {
    let (mut best, mut bound) = (NEVER, NEVER);
    for (ms, Block(block)) in ms.chunks(SLOTS).zip(row) {
        for (group, ms) in ms.chunks(DEPTHS).enumerate() {
            let base = u32::from(block[group]) * UNIT;
            let slots = block.iter().skip(GROUPS + group).step_by(GROUPS);
            for (&ms, &slot) in ms.iter().zip(slots) {
                // At most NEVER and 2^24 + 2^16 ticks, which is below 2^32.
                let sum = ms + (base + u32::from(slot).min(SURE)) * TICK_MS;
                if u32::from(slot) <= SURE {
                    best = best.min(sum);
                } else {
                    bound = bound.min(sum);
                }
            }
        }
    }
    (best <= bound).then_some(best)
}

#[cfg(test)]
mod tests;
