//! Where time is lost on the way: lights, signs, crossings, and minor roads that meet larger ones.
//!
//! A delay is lost on the segment that reaches its node. At a junction it concerns all who arrive; a sign there concerns the
//! smaller roads, or all if none is smaller. Elsewhere a sign concerns the direction that is tagged, or else those who drive
//! towards the nearest end of the stretch.

use std::collections::BTreeMap;

use super::access::Along;
use super::map::MapData;
use super::profile::{Profile, RoadClass};
use super::rules::{Delay, Towards, tenths_ms};

/// A light or sign nearer than this to a junction is the one of the junction, in metres.
const SIGN_REACH_M: f64 = 50.0;

/// What meets at a node.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Meeting {
    /// Ends of stretches.
    n_arms: u32,
    /// The largest class, and the arms that have it.
    largest: Option<(RoadClass, u32)>,
}

/// The delays of all nodes of a map.
pub(super) struct Waits {
    meetings: Vec<Meeting>,
    delays: BTreeMap<usize, Delay>,
    minor_road_ms: f64,
}

/// A stretch of a way, seen in the direction of the way.
pub(super) struct Line<'a> {
    pub(super) class: RoadClass,
    /// Nodes of the map along it.
    pub(super) nodes: &'a [usize],
    pub(super) segment_m: &'a [f64],
}

impl Waits {
    /// Of the nodes of these driven ways.
    pub(super) fn new<'a>(
        map: &MapData,
        profile: &Profile,
        ways: impl Iterator<Item = (RoadClass, &'a [usize])>,
    ) -> Self {
        let mut meetings = vec![Meeting::default(); map.nodes().len()];
        for (class, nodes) in ways {
            let last = nodes.len().saturating_sub(1);
            for (idx, &node) in nodes.iter().enumerate() {
                meetings[node].add(class, if idx == 0 || idx == last { 1 } else { 2 });
            }
        }
        let driven = meetings.iter().enumerate().filter(|(_, meeting)| meeting.n_arms > 0);
        let delays = driven
            .filter_map(|(node, _)| Some((node, profile.delay(&map.nodes()[node].tags)?)))
            .collect();
        Self { meetings, delays, minor_road_ms: tenths_ms(profile.delays.minor_road) }
    }

    /// Whether any way is driven at a node.
    pub(super) fn is_driven(&self, node: usize) -> bool {
        self.meetings[node].n_arms > 0
    }

    /// Whether more than one way meets at a node inside a way.
    pub(super) fn is_met(&self, node: usize) -> bool {
        self.meetings[node].n_arms > 2
    }

    /// Milliseconds lost on each segment of a stretch by those who drive `along` it.
    pub(super) fn ms(&self, line: &Line<'_>, along: Along) -> Vec<f64> {
        let n = line.segment_m.len();
        let mut lost = vec![0.0; n];
        let whole_m: f64 = line.segment_m.iter().sum();
        let mut left_m = whole_m;
        let mut is_ruled = false;
        for step in 0..n {
            let (segment, node) = match along {
                Along::Forward => (step, line.nodes[step + 1]),
                Along::Backward => (n - 1 - step, line.nodes[n - 1 - step]),
            };
            left_m -= line.segment_m[segment];
            if let Some(delay) = self.delays.get(&node)
                && self.concerns(node, *delay, line.class, along, left_m * 2.0 <= whole_m)
            {
                lost[segment] += delay.ms;
                is_ruled |= delay.rules_junction && left_m <= SIGN_REACH_M;
            }
            if step + 1 == n && !is_ruled && self.gives_way(node, line.class) {
                lost[segment] += self.minor_road_ms;
            }
        }
        lost
    }

    fn concerns(
        &self,
        node: usize,
        delay: Delay,
        class: RoadClass,
        along: Along,
        is_near_end: bool,
    ) -> bool {
        let meeting = &self.meetings[node];
        match delay.towards {
            Towards::All => true,
            _ if meeting.n_arms > 2 => {
                meeting.largest.is_none_or(|(largest, n)| largest < class || n == meeting.n_arms)
            }
            Towards::Way(side) => side == along,
            Towards::Junction => is_near_end,
        }
    }

    /// Whether a road of a larger class goes through where one of this class ends. Who joins a motorway does not stop.
    fn gives_way(&self, node: usize, class: RoadClass) -> bool {
        let meeting = &self.meetings[node];
        let is_ruled = self.delays.get(&node).is_some_and(|delay| delay.rules_junction);
        let through = meeting.largest.filter(|&(_, n)| n >= 2);
        !is_ruled
            && meeting.n_arms > 2
            && class != RoadClass::Ferry
            && through.is_some_and(|(largest, _)| RoadClass::TrunkLink < largest && largest < class)
    }
}

impl Meeting {
    fn add(&mut self, class: RoadClass, n_arms: u32) {
        self.n_arms += n_arms;
        self.largest = match self.largest {
            Some((largest, n)) if largest == class => Some((class, n + n_arms)),
            Some((largest, n)) if largest < class => Some((largest, n)),
            _ => Some((class, n_arms)),
        };
    }
}
