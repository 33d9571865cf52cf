//! The only source of randomness of a study: SplitMix64 (Steele, Lea & Flood 2014, figure 15), seeded.
//!
//! Every request draws from a stream of its own, so that adding or dropping one never changes the others.

/// A small generator; the same seed and stream give the same numbers on every machine.
#[derive(Clone, Debug)]
pub struct Rng {
    state: u64,
}

const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

impl Rng {
    /// The stream number `stream` of `seed`.
    #[must_use]
    pub fn new(seed: u64, stream: u64) -> Self {
        let mut outer = Self { state: seed };
        let mixed = outer.next_u64() ^ stream.wrapping_mul(GOLDEN);
        let mut inner = Self { state: mixed };
        Self { state: inner.next_u64() }
    }

    /// 64 random bits.
    pub fn next_u64(&mut self) -> u64 {
        self.state = self.state.wrapping_add(GOLDEN);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number in [0, 1), in steps of 2^-53.
    pub fn unit(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// A number in `0..n`, or 0 if `n` is 0. Bias below 2^-64 * n.
    pub fn below(&mut self, n: usize) -> usize {
        let scaled = u128::from(self.next_u64()) * (n as u128);
        usize::try_from(scaled >> 64).unwrap_or(0)
    }

    /// A whole number from `low` to `high`, both included; `low` if the range is empty.
    pub fn between(&mut self, low: i64, high: i64) -> i64 {
        let span = usize::try_from(high.saturating_sub(low)).map_or(0, |span| span + 1);
        low + i64::try_from(self.below(span)).unwrap_or(0)
    }

    /// An index drawn in proportion to `weights`; `None` if none is positive.
    pub fn weighted(&mut self, weights: &[f64]) -> Option<usize> {
        let total: f64 = weights.iter().sum();
        let mut left = self.unit() * total;
        let mut last = None;
        for (idx, &weight) in weights.iter().enumerate() {
            if weight > 0.0 {
                if left < weight {
                    return Some(idx);
                }
                left -= weight;
                last = Some(idx);
            }
        }
        last
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_numbers_are_those_of_the_paper() {
        let mut rng = Rng { state: 1_234_567 };
        assert_eq!(rng.next_u64(), 6_457_827_717_110_365_317);
        assert_eq!(rng.next_u64(), 3_203_168_211_198_807_973);
    }

    #[test]
    fn draws_follow_the_weights() {
        let mut rng = Rng::new(7, 0);
        let mut counts = [0u32; 3];
        for _ in 0..30_000 {
            counts[rng.weighted(&[1.0, 0.0, 2.0]).unwrap()] += 1;
        }
        assert_eq!(counts[1], 0);
        assert!((9_500..10_500).contains(&counts[0]), "{counts:?}");
        assert_eq!(rng.weighted(&[0.0, 0.0]), None);
    }

    #[test]
    fn streams_differ_and_ranges_hold() {
        assert_ne!(Rng::new(1, 0).next_u64(), Rng::new(1, 1).next_u64());
        let mut rng = Rng::new(1, 2);
        assert!((0..1000).all(|_| (3..=5).contains(&rng.between(3, 5))));
        assert_eq!(rng.between(5, 3), 5);
        assert_eq!(rng.below(0), 0);
    }
}
