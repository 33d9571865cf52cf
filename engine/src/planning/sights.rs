//! The sights of places, kept from decision to decision: where one rider has been another will be, and who asks where a rider could
//! be picked up soon asks again for the plan that comes of it.
//!
//! A cache like the outlooks that rest on it: no decision depends on what is in it. Bounded by [`SIGHTS_MAX`].

use std::collections::BTreeMap;

use crate::limits::SIGHTS_MAX;
use crate::oracle::{Location, Oracle};
use crate::planning::bounds::{Landmarks, Sight};

/// Landmarks, and the places that have been seen from them.
#[derive(Clone, Debug, Default)]
pub(super) struct Sights {
    landmarks: Landmarks,
    known: BTreeMap<Location, Sight>,
}

impl Sights {
    /// The sight of any place, remembered or not.
    pub(super) fn get(&self, place: Location, oracle: &dyn Oracle) -> Sight {
        let known = self.known.get(&place).copied();
        known.unwrap_or_else(|| self.landmarks.sight(place, oracle))
    }

    /// The same, and remembers it.
    pub(super) fn remember(&mut self, place: Location, oracle: &dyn Oracle) -> Sight {
        if let Some(&known) = self.known.get(&place) {
            return known;
        }
        if self.known.len() >= SIGHTS_MAX {
            self.known.clear();
        }
        let sight = self.landmarks.sight(place, oracle);
        self.known.insert(place, sight);
        sight
    }

    /// The sight of a place that a vehicle goes to, and whether other landmarks were chosen because of it: then all sights that were
    /// given before are void.
    pub(super) fn see(&mut self, place: Location, oracle: &dyn Oracle) -> (Sight, bool) {
        let is_new = self.landmarks.see(place, oracle);
        if is_new {
            self.known.clear();
        }
        (self.remember(place, oracle), is_new)
    }

    /// How many landmarks there are.
    pub(super) fn n_landmarks(&self) -> usize {
        self.landmarks.count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::NodeId;
    use crate::oracle::Path;
    use crate::units::Millis;

    /// A road of one minute from each node to the next, two where it goes down.
    struct Road;

    impl Oracle for Road {
        fn time(&self, from: Location, to: Location) -> Millis {
            let [from, to] = [from, to].map(|place| self.arc_at(place)[1].get());
            Millis::from_secs(60 * to.saturating_sub(from) + 120 * from.saturating_sub(to))
        }

        fn path(&self, _from: Location, _to: Location) -> Option<Path> {
            None
        }

        fn arc_at(&self, at: Location) -> [NodeId; 2] {
            match at {
                Location::Node(node) => [node, node],
                Location::Along { .. } => [NodeId::new(0); 2],
            }
        }
    }

    #[test]
    fn no_more_is_remembered_than_the_limit_and_bounds_stay_true() {
        let node = |id: usize| Location::Node(NodeId::new(u32::try_from(id).unwrap_or(0)));
        let mut sights = Sights::default();
        let changes = (0..300).filter(|&id| sights.see(node(id), &Road).1).count();
        assert_eq!(changes, 4);
        let spots: Vec<Location> = (0..20).map(|id| node(50 * id)).collect();
        let mut from_far = 0;
        for id in 0..SIGHTS_MAX + 10 {
            assert_eq!(sights.remember(node(id), &Road).least_ms(&sights.get(node(id), &Road)), 0);
            assert!(sights.known.len() <= SIGHTS_MAX);
            for &spot in &spots {
                let to = sights.get(node(id % 999), &Road);
                let least = sights.get(spot, &Road).least_ms(&to);
                let time = i64::from(Road.time(spot, node(id % 999)).get());
                assert!(least <= time, "{spot:?} to {id}");
                from_far += usize::from(0 < least);
            }
        }
        assert!(SIGHTS_MAX < from_far, "bounds of zero are true, but of no use");
    }
}
