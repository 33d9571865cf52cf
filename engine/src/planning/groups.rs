//! Vehicles near one another and busy in the same way, so that a search of a large fleet need not look at each.
//!
//! A group keeps the least of everything that [`Start::look`] reads of its members. `look` never falls when one of these rises,
//! so what it says of the group bounds each member from below, and a group that is worse than the best place found is passed
//! over whole. Vehicles are grouped by their times to two landmarks; a bad grouping costs time, never the answer.

use std::collections::BTreeMap;

use crate::ids::VehicleId;
use crate::planning::outlook::Start;

/// What members have in common: the kind of their start and where it is, roughly.
pub(super) type Key = (u8, u8, u8);

#[derive(Clone, Debug)]
struct Group {
    least: Start,
    members: Vec<VehicleId>,
}

/// All vehicles whose start is known.
#[derive(Clone, Debug, Default)]
pub(super) struct Groups {
    by_key: BTreeMap<Key, usize>,
    groups: Vec<Group>,
    /// By vehicle.
    home: Vec<Option<usize>>,
}

impl Groups {
    /// Adds a vehicle that is in no group.
    pub(super) fn put(&mut self, vehicle: VehicleId, key: Key, start: &Start) {
        let n = self.groups.len();
        let at = *self.by_key.entry(key).or_insert(n);
        if at == n {
            self.groups.push(Group { least: *start, members: Vec::new() });
        }
        if self.home.len() <= vehicle.idx() {
            self.home.resize(vehicle.idx() + 1, None);
        }
        if let (Some(group), Some(home)) =
            (self.groups.get_mut(at), self.home.get_mut(vehicle.idx()))
        {
            let is_first = group.members.is_empty();
            group.least = if is_first { *start } else { group.least.least(start) };
            group.members.push(vehicle);
            *home = Some(at);
        }
    }

    /// Takes a vehicle out, if it is in a group. O(members).
    pub(super) fn take(&mut self, vehicle: VehicleId, starts: &[Option<Start>]) {
        let home = self.home.get_mut(vehicle.idx()).and_then(Option::take);
        let Some(group) = home.and_then(|at| self.groups.get_mut(at)) else { return };
        group.members.retain(|&member| member != vehicle);
        let start = |member: &VehicleId| starts.get(member.idx()).copied().flatten();
        let mut left = group.members.iter().filter_map(start);
        if let Some(first) = left.next() {
            group.least = left.fold(first, |least, start| least.least(&start));
        }
    }

    /// The groups that have members, by number, with what bounds them.
    pub(super) fn iter(&self) -> impl Iterator<Item = (usize, &Start)> {
        let some = self.groups.iter().enumerate().filter(|(_, group)| !group.members.is_empty());
        some.map(|(at, group)| (at, &group.least))
    }

    /// The vehicles of a group.
    pub(super) fn members(&self, at: usize) -> &[VehicleId] {
        self.groups.get(at).map_or(&[], |group| &group.members)
    }
}
