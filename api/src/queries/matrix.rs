//! Tables of times and distances: all pairs of two lists, or a list of pairs.

use serde_json::Value;
use sharxi_engine::ids::NodeId;
use sharxi_engine::oracle::{Location, Oracle};
use sharxi_engine::region::Region;
use sharxi_engine::units::{Millimeters, Millis};

use super::answers::{Missing, Rows, Table};
use super::{Reason, rounded, value, why};

/// Cells without an answer for which the reason is told; the others are counted.
pub const REASONS_MAX: usize = 100;

/// A place, or `None` for a point without a road near it.
pub type Stop = Option<Location>;

/// Which cells.
#[derive(Clone, Debug)]
pub enum Cells {
    /// From each of the first list to each of the second.
    Table(Vec<Stop>, Vec<Stop>),
    /// So many single ones.
    Pairs(Vec<(Stop, Stop)>),
    /// All pairs of nodes of the exported graph, as a Dijkstra on it finds them.
    Graph(Vec<NodeId>),
}

/// What is asked.
#[derive(Clone, Debug)]
pub struct Question {
    /// Which cells.
    pub cells: Cells,
    /// Times above this are left out.
    pub bound: Option<Millis>,
    /// Whether distances are wanted as well.
    pub distances: bool,
}

/// The answer, cell by cell in order of rows.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Cells in a row.
    pub width: usize,
    /// Whether it is a list of pairs.
    pub is_list: bool,
    /// Times; `None` without one.
    pub times: Vec<Option<Millis>>,
    /// Lengths of the fastest ways, if asked for.
    pub distances: Option<Vec<Option<Millimeters>>>,
    /// (cell, reason) of the first cells without a time.
    pub reasons: Vec<(usize, Reason)>,
    /// Cells without a time.
    pub n_unreachable: usize,
}

impl Question {
    /// Cells of the answer.
    #[must_use]
    pub fn n_cells(&self) -> usize {
        match &self.cells {
            Cells::Table(sources, targets) => sources.len().saturating_mul(targets.len()),
            Cells::Pairs(pairs) => pairs.len(),
            Cells::Graph(nodes) => nodes.len().saturating_mul(nodes.len()),
        }
    }

    /// Works it out. Every time is that of the single query, bit for bit.
    #[must_use]
    pub fn answer(&self, region: &Region) -> Answer {
        let (times, pairs) = match &self.cells {
            Cells::Table(sources, targets) => (table(region, sources, targets), None),
            Cells::Pairs(pairs) => (list(region, pairs), Some(pairs)),
            Cells::Graph(nodes) => (square(region, nodes), None),
        };
        let within =
            |time: Millis| !time.is_infinite() && self.bound.is_none_or(|bound| time <= bound);
        let ends = |cell: usize| match (&self.cells, pairs) {
            (_, Some(pairs)) => pairs.get(cell).copied().unwrap_or_default(),
            (Cells::Table(sources, targets), None) => {
                let width = targets.len().max(1);
                let source = sources.get(cell / width).copied().flatten();
                (source, targets.get(cell % width).copied().flatten())
            }
            (Cells::Graph(nodes), None) => {
                let width = nodes.len().max(1);
                let node = |idx: usize| nodes.get(idx).map(|&node| Location::Node(node));
                (node(cell / width), node(cell % width))
            }
            (Cells::Pairs(_), None) => (None, None),
        };
        let missing = || (0..).zip(&times).filter(|&(_, &time)| !within(time));
        let reason = |(cell, &time): (usize, &Millis)| {
            let reason = match ends(cell) {
                (Some(_), Some(_)) if !time.is_infinite() => Reason::BeyondBound,
                (Some(from), Some(to)) => why(region, from, to),
                _ => Reason::NoRoadNear,
            };
            (cell, reason)
        };
        let distances = self.distances.then(|| {
            let asked: Vec<(usize, (Location, Location))> = (0..)
                .zip(&times)
                .filter(|&(_, &time)| within(time))
                .filter_map(|(cell, _)| match ends(cell) {
                    (Some(from), Some(to)) => Some((cell, (from, to))),
                    _ => None,
                })
                .collect();
            let pairs: Vec<_> = asked.iter().map(|&(_, pair)| pair).collect();
            let mut all = vec![None; times.len()];
            for ((cell, _), distance) in asked.iter().zip(region.distances_of_pairs(&pairs)) {
                all[*cell] = distance;
            }
            all
        });
        Answer {
            width: match &self.cells {
                Cells::Table(_, targets) => targets.len(),
                Cells::Pairs(_) => 1,
                Cells::Graph(nodes) => nodes.len(),
            },
            is_list: pairs.is_some(),
            reasons: missing().take(REASONS_MAX).map(reason).collect(),
            n_unreachable: missing().count(),
            distances,
            times: times.into_iter().map(|time| within(time).then_some(time)).collect(),
        }
    }
}

/// The cells of known places, and infinity for the others.
fn table(region: &Region, sources: &[Stop], targets: &[Stop]) -> Vec<Millis> {
    let known = |stops: &[Stop]| -> Vec<Location> { stops.iter().flatten().copied().collect() };
    let (from, to) = (known(sources), known(targets));
    let mut times = vec![Millis::INFINITE; from.len() * to.len()];
    // One column is faster from behind.
    match to[..] {
        [only] => region.times_to(&from, only, &mut times),
        _ => region.times(&from, &to, &mut times),
    }
    if from.len() == sources.len() && to.len() == targets.len() {
        return times;
    }
    let mut found = times.into_iter();
    let mut all = Vec::with_capacity(sources.len() * targets.len());
    for source in sources {
        let cell = |target: &Stop| source.and(*target).and_then(|_| found.next());
        all.extend(targets.iter().map(cell).map(|time| time.unwrap_or(Millis::INFINITE)));
    }
    all
}

fn square(region: &Region, nodes: &[NodeId]) -> Vec<Millis> {
    let row = |&from: &NodeId| nodes.iter().map(move |&to| region.graph_time(from, to));
    nodes.iter().flat_map(row).collect()
}

fn list(region: &Region, pairs: &[(Stop, Stop)]) -> Vec<Millis> {
    let known: Vec<(Location, Location)> =
        pairs.iter().filter_map(|&(from, to)| from.zip(to)).collect();
    let mut times = vec![Millis::INFINITE; known.len()];
    region.times_of_pairs(&known, &mut times);
    let mut found = times.into_iter();
    let cell = |&(from, to): &(Stop, Stop)| from.zip(to).and_then(|_| found.next());
    pairs.iter().map(cell).map(|time| time.unwrap_or(Millis::INFINITE)).collect()
}

impl Answer {
    /// `durations_ms` and, if asked for, `distances_m`: rows of numbers and nulls (one flat row for a list of pairs); and
    /// what there is to say about the nulls.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let ms = |time: &Option<Millis>| time.map(Millis::get);
        let meters = |mm: &Option<Millimeters>| mm.map(|mm| rounded(mm.as_meters_f64(), 1000.0));
        let width = self.width.max(1);
        let missing = |&(cell, reason): &(usize, Reason)| match self.is_list {
            true => Missing::Pair { pair: cell, reason },
            false => Missing::Cell { from: cell / width, to: cell % width, reason },
        };
        let is_any = 0 < self.n_unreachable;
        value(&Table {
            durations_ms: self.rows(self.times.iter().map(ms)),
            distances_m: self.distances.as_ref().map(|all| self.rows(all.iter().map(meters))),
            unreachable: is_any.then(|| self.reasons.iter().map(missing).collect()),
            unreachable_total: is_any.then_some(self.n_unreachable),
        })
    }

    fn rows<T: Copy>(&self, cells: impl Iterator<Item = Option<T>>) -> Rows<T> {
        let cells: Vec<Option<T>> = cells.collect();
        if self.is_list {
            return Rows::List(cells);
        }
        Rows::Table(cells.chunks(self.width.max(1)).map(<[Option<T>]>::to_vec).collect())
    }
}
