//! In which of two forms rows of times are written: [`super::lanes`] or, for wide regions, [`super::based`].

use super::lanes::{self, Block, LANES};
use super::{NEVER, based};

/// The form of all rows of a region. It is chosen once, for the times as imported.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Form {
    /// Ticks: for regions in which hardly any drive takes longer than 109 minutes.
    #[default]
    Plain,
    /// Ticks on top of a base for every seven slots.
    Based,
}

impl Form {
    /// Blocks of a row with so many slots.
    pub(crate) fn n_blocks(self, n_slots: usize) -> usize {
        match self {
            Self::Plain => n_slots.div_ceil(LANES),
            Self::Based => n_slots.div_ceil(based::SLOTS),
        }
    }

    /// The milliseconds of a slot, at most [`NEVER`]; `None` if they are not known.
    #[inline]
    pub(crate) fn slot_ms(self, row: &[Block], depth: usize) -> Option<u32> {
        match self {
            Self::Plain => lanes::ms_of(lanes::slot(row, depth)),
            Self::Based => based::slot(row, depth).map(based::ms_of),
        }
    }

    /// Appends the milliseconds of the first `n` slots, each with as many `more`; `None` if one is not known.
    pub(crate) fn extend_ms(
        self,
        row: &[Block],
        n: usize,
        more: u32,
        ms: &mut impl Extend<u32>,
    ) -> Option<()> {
        let mut is_known = true;
        ms.extend((0..n).map_while(|depth| {
            let ms = self.slot_ms(row, depth).map(|ms| (ms + more).min(NEVER));
            is_known = ms.is_some();
            ms
        }));
        is_known.then_some(())
    }

    /// The milliseconds of the least `up[i] + down[i]` of the first `n` slots and of what is to add, at most [`NEVER`]; `None` if they
    /// are not known.
    #[inline(always)]
    pub(crate) fn least_sum(
        self,
        (up, down): (&[Block], &[Block]),
        n: usize,
        extra: [u16; 2],
    ) -> Option<u32> {
        match self {
            Self::Plain => {
                let least = lanes::least_sum(up, down, n);
                lanes::ms_of(least.saturating_add(extra[0]).saturating_add(extra[1]))
            }
            Self::Based => {
                let least = based::least_sum(up, down, n)?;
                let is_known = extra.iter().all(|&extra| extra < lanes::FAR);
                let ticks = least + u32::from(extra[0]) + u32::from(extra[1]);
                is_known.then(|| based::ms_of(ticks))
            }
        }
    }

    /// The first slot whose `up[i] + down[i]` is so many milliseconds.
    #[inline]
    pub(crate) fn meeting(
        self,
        (up, down): (&[Block], &[Block]),
        n: usize,
        ms: u32,
    ) -> Option<usize> {
        match self {
            Self::Plain => lanes::position(up, down, lanes::ticks(ms)).filter(|&slot| slot < n),
            Self::Based => (0..n).find(|&slot| {
                let both = self.slot_ms(up, slot).zip(self.slot_ms(down, slot));
                both.is_some_and(|(up, down)| up + down == ms)
            }),
        }
    }

    /// The least `ms[i] + row[i] + extra` in milliseconds, at most [`NEVER`]; `None` if it is not known.
    #[inline]
    pub(crate) fn least_ms(self, ms: &[u32], row: &[Block], extra: u16) -> Option<u32> {
        let more = lanes::ms_of(extra)?;
        match self {
            Self::Plain => {
                Some(lanes::least_ms(ms, row) + more).filter(|&least| least < lanes::FAR_MS)
            }
            Self::Based => based::least_ms(ms, row).map(|least| (least + more).min(NEVER)),
        }
    }

    /// Makes a row from that of the parent of its node.
    #[inline(always)]
    pub(crate) fn begin(self, to: &mut [Block], from: &[Block], ms: u32) {
        match self {
            Self::Plain => lanes::begin(to, from, lanes::ticks(ms)),
            Self::Based => based::begin(to, from, ms),
        }
        // Not reached by the row of the parent.
        to.iter_mut().skip(from.len()).for_each(|block| *block = Block::FAR);
    }

    /// Lowers a row to that of another node and the way there.
    #[inline(always)]
    pub(crate) fn relax(self, to: &mut [Block], from: &[Block], ms: u32) {
        match self {
            Self::Plain => lanes::relax(to, from, lanes::ticks(ms)),
            Self::Based => based::relax(to, from, ms),
        }
    }

    /// Ends a row that has been begun and lowered with its node itself, at this depth.
    #[inline(always)]
    pub(crate) fn finish(self, row: &mut [Block], depth: usize) {
        match self {
            Self::Plain => row[depth / LANES].0[depth % LANES] = 0,
            Self::Based => based::finish(row, depth),
        }
    }
}
