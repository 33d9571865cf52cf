//! From locations to nodes and back: how a stop is left and reached.
//!
//! A vehicle that has stopped may set off in every direction in which the road may be driven. It is then treated as if
//! nothing had been driven before, so only restrictions that begin on this very road can bind it.

use super::{NO_ARC, Region};
use crate::graph::csr::Arc;
use crate::graph::roads::{Heading, Road};
use crate::oracle::Location;
use crate::routing::NEVER;

/// Both headings, in the order in which ties are settled.
pub(super) const HEADINGS: [Heading; 2] = [Heading::Forward, Heading::Backward];

/// A way between a location and a node: leaving it ([`Region::exits`]) or reaching it ([`Region::entries`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Access {
    pub(super) node: u32,
    pub(super) ms: u32,
    pub(super) mm: u32,
    /// The arc driven, tail and head; the node twice if there is none.
    pub(super) arc: [u32; 2],
    /// The part of a road that is driven, if any.
    pub(super) drive: Option<Drive>,
}

impl Access {
    /// Of one who is on a node already.
    fn on_node(node: u32) -> Self {
        Self { node, ms: 0, mm: 0, arc: [node; 2], drive: None }
    }
}

/// A part of a road, driven one way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Drive {
    pub(super) road: u32,
    pub(super) heading: Heading,
    pub(super) from_mm: u32,
    pub(super) to_mm: u32,
    /// Milliseconds of turning into the road before.
    pub(super) turn_ms: u32,
}

pub(super) fn course(road: u32, heading: Heading) -> u32 {
    road * 2 + u32::from(heading == Heading::Backward)
}

pub(super) fn heading_of(course: u32) -> Heading {
    if course.is_multiple_of(2) { Heading::Forward } else { Heading::Backward }
}

impl Region {
    /// The road of a location with the position on it, cut at its end; `None` on a node or for a foreign id.
    pub(super) fn on_road(&self, location: Location) -> Option<(u32, Road<'_>, u32)> {
        match location {
            Location::Along { road, along_mm } if road.idx() < self.contents.roads.n() => {
                let tables = self.road_tables(road.idx());
                Some((road.get(), tables, along_mm.min(tables.length_mm())))
            }
            Location::Along { .. } | Location::Node(_) => None,
        }
    }

    fn on_node(&self, location: Location) -> Option<u32> {
        match location {
            Location::Node(node) if node.idx() < self.n_nodes() => Some(node.get()),
            Location::Along { .. } | Location::Node(_) => None,
        }
    }

    /// Whether traffic keeps a heading closed somewhere on a road.
    fn is_closed(&self, road: u32, heading: Heading) -> bool {
        self.traffic.ms(course(road, heading)) == Some(NEVER)
    }

    fn arc(&self, arc_row: u32) -> Option<&Arc> {
        if arc_row == NO_ARC { None } else { self.graph.arcs().get(arc_row as usize) }
    }

    /// The arc on which a vehicle leaves that stands on a road.
    pub(super) fn departure(&self, road: u32, heading: Heading) -> Option<&Arc> {
        self.arc(*self.departure.get(course(road, heading) as usize)?)
    }

    /// Every copy of the arc of a road.
    fn copies(&self, road: u32, heading: Heading) -> impl Iterator<Item = &Arc> {
        let course = course(road, heading) as usize;
        let rows = self.first_copy[course] as usize..self.first_copy[course + 1] as usize;
        self.copies[rows].iter().filter_map(|&arc| self.arc(arc))
    }

    /// The nodes from which a road is entered, none if it is closed.
    pub(super) fn open_tails(&self, road: u32, heading: Heading) -> impl Iterator<Item = u32> {
        let is_open = !self.is_closed(road, heading);
        self.copies(road, heading).filter(move |_| is_open).map(|arc| arc.tail)
    }

    /// The headings in which a vehicle may set off: those whose rest of the road is open. All of them if that is none, or if it
    /// stands on what is closed: nobody is locked in.
    fn headings_out(&self, road: u32, tables: &Road<'_>, from_mm: u32) -> [bool; 2] {
        if !HEADINGS.into_iter().any(|heading| self.is_closed(road, heading)) {
            return [true; 2];
        }
        let here = from_mm.saturating_sub(1)..from_mm + 1;
        let open = HEADINGS.map(|heading| {
            let rest = match heading {
                Heading::Forward => from_mm..tables.length_mm(),
                Heading::Backward => 0..from_mm,
            };
            let driven = self.departure(road, heading).is_some();
            driven && !self.is_closed_between(road, heading, rest)
        });
        let stands_on_closed =
            HEADINGS.into_iter().any(|heading| self.is_closed_around(road, heading, &here));
        if stands_on_closed || open == [false; 2] { [true; 2] } else { open }
    }

    /// The nodes that are reached first from a location; at most two.
    pub(super) fn exits(&self, from: Location) -> impl Iterator<Item = Access> {
        let along = self.on_road(from).into_iter().flat_map(move |(road, tables, from_mm)| {
            let is_free = self.headings_out(road, &tables, from_mm);
            let headings = HEADINGS.into_iter().filter(move |&heading| is_free[heading as usize]);
            headings.filter_map(move |heading| {
                let arc = self.departure(road, heading)?;
                let ms = tables.duration_ms(heading) - tables.elapsed_ms(heading, from_mm);
                let to_mm = end_mm(&tables, heading);
                let drive = Drive { road, heading, from_mm, to_mm, turn_ms: 0 };
                let mm = drive.mm();
                Some(Access {
                    node: arc.head,
                    ms,
                    mm,
                    arc: [arc.tail, arc.head],
                    drive: Some(drive),
                })
            })
        });
        let node = self.on_node(from).map(|node| Access::on_node(self.twins.start(node)));
        node.into_iter().chain(along)
    }

    /// The nodes from which a location is reached last.
    pub(super) fn entries(&self, to: Location) -> impl Iterator<Item = Access> {
        let along = self.on_road(to).into_iter().flat_map(move |(road, tables, to_mm)| {
            let open = HEADINGS.into_iter().filter(move |&heading| {
                let driven = match heading {
                    Heading::Forward => 0..to_mm,
                    Heading::Backward => to_mm..tables.length_mm(),
                };
                !self.is_closed_between(road, heading, driven)
            });
            open.flat_map(move |heading| {
                let ms = tables.elapsed_ms(heading, to_mm);
                let from_mm = end_mm(&tables, heading.opposite());
                self.copies(road, heading).map(move |arc| {
                    let drive = Drive { road, heading, from_mm, to_mm, turn_ms: arc.turn };
                    Access {
                        node: arc.tail,
                        ms: ms + arc.turn,
                        mm: drive.mm(),
                        arc: [arc.tail, arc.head],
                        drive: Some(drive),
                    }
                })
            })
        });
        let nodes = self.on_node(to).into_iter().flat_map(|node| self.twins.ends(node));
        nodes.map(Access::on_node).chain(along)
    }

    /// Driving on along one road without passing a node: (milliseconds, the drive), the faster heading of two.
    pub(super) fn direct(&self, from: Location, to: Location) -> Option<(u32, Drive)> {
        let (road, tables, from_mm) = self.on_road(from)?;
        let (other, _, to_mm) = self.on_road(to)?;
        if road != other {
            return None;
        }
        HEADINGS
            .into_iter()
            .filter(|&heading| tables.is_open(heading))
            .filter(|&heading| {
                let driven = from_mm.min(to_mm)..from_mm.max(to_mm);
                !self.is_closed_between(road, heading, driven)
            })
            .filter(|heading| match heading {
                Heading::Forward => from_mm <= to_mm,
                Heading::Backward => from_mm >= to_mm,
            })
            .map(|heading| {
                let ms = tables.elapsed_ms(heading, to_mm) - tables.elapsed_ms(heading, from_mm);
                (ms, Drive { road, heading, from_mm, to_mm, turn_ms: 0 })
            })
            .min_by_key(|&(ms, _)| ms)
    }
}

/// The position at which a heading ends.
pub(super) fn end_mm(road: &Road<'_>, heading: Heading) -> u32 {
    match heading {
        Heading::Forward => road.length_mm(),
        Heading::Backward => 0,
    }
}

impl Drive {
    pub(super) fn mm(&self) -> u32 {
        self.to_mm.abs_diff(self.from_mm)
    }
}
