//! Rows of times in 16 bits, a cache line at a time, and the few loops over them that all speed comes from.
//!
//! A row is a run of whole [`Block`]s whose slots behind the last are [`FAR`]. Sums saturate, so [`FAR`] is both "no way" and
//! "too far for 16 bits" (109 minutes at the finest [`Tick`]), and whoever meets it as an answer asks the hierarchy itself. Any sum below it is exact.

use std::ops::BitOr;

use pulp::NullaryFnOnce;

use super::NEVER;
use crate::graph::num::Tick;

/// Slots of one block: 64 bytes, one cache line.
pub(crate) const LANES: usize = 32;
/// No time, or none that fits.
pub(crate) const FAR: u16 = u16::MAX;

/// Slots that are looked at together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(align(64))]
pub(crate) struct Block(pub(crate) [u16; LANES]);

impl Block {
    pub(crate) const FAR: Self = Self([FAR; LANES]);
}

/// Windows into this are rows whose first slots are zero and whose others are [`FAR`].
static MASKS: [u16; 4 * LANES] = {
    let mut masks = [0; 4 * LANES];
    let mut slot = 2 * LANES;
    while slot < 4 * LANES {
        masks[slot] = FAR;
        slot += 1;
    }
    masks
};

/// Milliseconds of an arc or shortcut, which are whole ticks, as ticks.
#[inline(always)]
pub(crate) fn ticks(ms: u32, tick: Tick) -> u16 {
    u16::try_from(tick.of(ms)).unwrap_or(FAR)
}

/// Ticks as milliseconds, unless they are [`FAR`]. Far below 2^32, so nothing wraps; a check would keep loops from being vectorised.
#[inline(always)]
pub(crate) fn ms_of(ticks: u16, tick: Tick) -> Option<u32> {
    (ticks < FAR).then(|| u32::from(ticks).wrapping_mul(tick.ms()))
}

/// Below so many milliseconds a sum is exact.
#[inline(always)]
pub(crate) fn far_ms(tick: Tick) -> u32 {
    u32::from(FAR).wrapping_mul(tick.ms())
}

/// Blocks of a row with so many slots.
pub(crate) fn n_blocks(n_slots: usize) -> usize {
    n_slots.div_ceil(LANES)
}

/// The slot at a depth.
#[inline]
pub(crate) fn slot(row: &[Block], depth: usize) -> u16 {
    row.get(depth / LANES).map_or(FAR, |block| block.0[depth % LANES])
}

/// Windows into this are blocks whose one slot is zero and whose others are [`FAR`].
static OWN: [u16; 2 * LANES - 1] = {
    let mut own = [FAR; 2 * LANES - 1];
    own[LANES - 1] = 0;
    own
};

impl Block {
    /// `min(self[i], from[i] + ticks)`.
    #[inline(always)]
    pub(crate) fn relaxed(self, from: &Self, ticks: u16) -> Self {
        let mut least = self;
        for (least, from) in least.0.iter_mut().zip(&from.0) {
            *least = from.saturating_add(ticks).min(*least);
        }
        least
    }

    /// All slots [`FAR`] but this one, which is zero. Read whole: a slot that is written by itself would hold up who reads the block.
    #[inline(always)]
    pub(crate) fn zero_at(slot: usize) -> Self {
        let start = LANES - 1 - slot % LANES;
        OWN[start..].first_chunk().map_or(Self::FAR, |slots| Self(*slots))
    }
}

/// Some blocks of a row: a bit for each, and the highest for all from the 32nd on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct BlockSet(u32);

impl BlockSet {
    pub(crate) const NONE: Self = Self(0);
    pub(crate) const ALL: Self = Self(u32::MAX);

    #[inline(always)]
    fn bit(block: usize) -> u32 {
        1 << block.min(31)
    }

    #[inline(always)]
    pub(crate) fn insert(&mut self, block: usize) {
        self.0 |= Self::bit(block);
    }

    #[inline(always)]
    pub(crate) fn contains(self, block: usize) -> bool {
        self.0 & Self::bit(block) != 0
    }

    #[inline(always)]
    pub(crate) fn is_empty(self) -> bool {
        self.0 == 0
    }
}

impl BitOr for BlockSet {
    type Output = Self;

    #[inline(always)]
    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// The least `up[i] + down[i]` of the first `n` slots; [`FAR`] for rows that are not that long.
///
/// Two blocks are always looked at, masked where they are too much: how many are needed differs from query to query, and a wrong
/// guess costs more than a block.
#[inline(always)]
pub(crate) fn least_sum(up: &[Block], down: &[Block], n: usize) -> u16 {
    let (Some((up, more_up)), Some((down, more_down))) =
        (up.split_first_chunk(), down.split_first_chunk())
    else {
        return FAR;
    };
    let mut least = least_of_two(up, down, n);
    if n > 2 * LANES {
        let rests = (1..).map_while(|nth| n.checked_sub(2 * nth * LANES));
        let (more_up, more_down) = (more_up.chunks(2), more_down.chunks(2));
        for ((up, down), rest) in more_up.zip(more_down).zip(rests) {
            // Rows end with a block more than there are.
            if let (Some(up), Some(down)) = (up.first_chunk(), down.first_chunk()) {
                least = least.min(least_of_two(up, down, rest));
            }
        }
    }
    least
}

/// The same for two blocks. One loop that only reads: sums that were kept in an array would go through memory.
#[inline(always)]
fn least_of_two(up: &[Block; 2], down: &[Block; 2], n: usize) -> u16 {
    let masks: Option<&[[u16; LANES]; 2]> =
        MASKS[2 * LANES - n.min(2 * LANES)..].as_chunks().0.first_chunk();
    let Some([first, second]) = masks else { return FAR };
    let mut least = FAR;
    for lane in 0..LANES {
        let one = up[0].0[lane].saturating_add(down[0].0[lane]) | first[lane];
        let other = up[1].0[lane].saturating_add(down[1].0[lane]) | second[lane];
        least = least.min(one.min(other));
    }
    least
}

/// The first slot whose `up[i] + down[i]` is so much.
#[inline]
pub(crate) fn position(up: &[Block], down: &[Block], ticks: u16) -> Option<usize> {
    let sums = |up: &Block, down: &Block| -> [u16; LANES] {
        std::array::from_fn(|lane| up.0[lane].saturating_add(down.0[lane]))
    };
    up.iter().zip(down).enumerate().find_map(|(idx, (up, down))| {
        let sums = sums(up, down);
        // All of them at once first.
        let is_there = sums.iter().fold(false, |is_there, &sum| is_there | (sum == ticks));
        let lane = is_there.then(|| sums.iter().position(|&sum| sum == ticks))??;
        Some(idx * LANES + lane)
    })
}

/// The least `ms[i] + row[i]` in milliseconds, at most [`NEVER`], where slots that are [`FAR`] do not count.
#[inline(always)]
pub(crate) fn least_ms(ms: &[u32], row: &[Block], tick: Tick) -> u32 {
    let tick_ms = tick.ms();
    let mut least = [NEVER.cast_signed(); 8];
    let (chunks, rest) = ms.as_chunks::<8>();
    let halves = row.iter().flat_map(|block| block.0.as_chunks::<8>().0);
    for (ms, ticks) in chunks.iter().zip(halves.clone()) {
        for lane in 0..8 {
            least[lane] = least[lane].min(sum_ms(ms[lane], ticks[lane], tick_ms));
        }
    }
    let mut all = least.into_iter().fold(NEVER.cast_signed(), i32::min);
    for (&ms, &ticks) in rest.iter().zip(halves.skip(chunks.len()).flatten()) {
        all = all.min(sum_ms(ms, ticks, tick_ms));
    }
    all.cast_unsigned()
}

/// At most [`NEVER`] and 2^16 ticks, which is below 2^31; for [`FAR`] far more than any answer that is taken.
#[inline(always)]
fn sum_ms(ms: u32, ticks: u16, tick_ms: u32) -> i32 {
    ms.wrapping_add(u32::from(ticks).wrapping_mul(tick_ms)).cast_signed()
}

/// What the processor has, asked once.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Instructions {
    /// What every machine of the target has.
    Base,
    #[cfg(target_arch = "x86_64")]
    Avx2(pulp::x86::V3),
    #[cfg(target_arch = "x86_64")]
    Avx512(pulp::x86::V4),
}

impl Default for Instructions {
    fn default() -> Self {
        #[cfg(target_arch = "x86_64")]
        {
            let avx2 = || pulp::x86::V3::try_new().map(Self::Avx2);
            let best = pulp::x86::V4::try_new().map(Self::Avx512).or_else(avx2);
            if let Some(best) = best {
                return best;
            }
        }
        Self::Base
    }
}

impl Instructions {
    /// Runs what is compiled for this set.
    #[inline(always)]
    pub(crate) fn run<F: NullaryFnOnce>(self, run: F) -> F::Output {
        match self {
            Self::Base => run.call(),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2(avx2) => avx2.vectorize(run),
            #[cfg(target_arch = "x86_64")]
            Self::Avx512(avx512) => avx512.vectorize(run),
        }
    }
}

/// Runs a loop compiled for what the processor has.
pub(crate) fn vectorised<F: NullaryFnOnce>(run: F) -> F::Output {
    Instructions::default().run(run)
}
