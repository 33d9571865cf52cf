//! Small storms, each twice, and what they must and must not say.

use super::world;

/// A few storms, twice each; the command line plays thousands.
#[test]
fn nothing_breaks_and_a_seed_is_a_storm() {
    for seed in 1..=12 {
        let (first, again) = (world::play(seed).unwrap(), world::play(seed).unwrap());
        assert!(first.violations.is_empty(), "seed {seed}: {:#?}", first.violations);
        assert_eq!(first.hash, again.hash, "seed {seed} went otherwise the second time");
        assert!(0 < first.events && 20 * 60_000 < first.simulated_ms, "seed {seed}: {first:?}");
    }
}
