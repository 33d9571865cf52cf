//! New times: how long until queries are exact again at full speed.
//!
//! Ours makes versions as the service does, in two buffers that take turns, so each change also takes over what its buffer
//! has missed. The peer changes its only one in place, where no query can run meanwhile. After each change both
//! answer the same queries, and the run ends if an answer differs.

use std::collections::BTreeMap;

use anyhow::{Result, ensure};
use rayon::{ThreadPool, ThreadPoolBuilder};
use routingkit_cch as rk;
use sharxi_engine::ids::{NodeId, RoadId};
use sharxi_engine::region::{Directions, Effect, LiveRegion, Region, Scope, TrafficChange};

use super::input::{Exported, NEVER, Random};
use super::measures::{CCH, cch_time, measure};
use super::sheet::{Measure, OURS, Sheet, cpu_of, wall_of};

const CUSTOMISE: Measure = measure(8, "customise, 1 thread", "ms");
const ALL_NEW: Measure = measure(9, "all speeds new until full speed, 1 thread", "ms");
const FEW_NEW: Measure = measure(10, "100 roads twice as slow until full speed, 1 thread", "ms");
const ONE_NEW: Measure = measure(11, "1 road twice as slow until full speed, 1 thread", "ms");
const CUSTOMISE_WALL: Measure = measure(12, "customise, wall, 2 threads and 1", "ms");
const ALL_NEW_WALL: Measure =
    measure(12, "all speeds new until full speed, wall, 2 threads and 1", "ms");
/// Ours on a single thread, in the rows that have two.
const OURS_ALONE: &str = "sharxi, 1 thread";
/// Queries that are compared after a change.
const COMPARED: usize = 200;

/// Versions of each kind of change, so that kinds do not disturb one another.
pub(crate) struct Traffic<'a> {
    region: &'a Region,
    graph: &'a Exported,
    metric: rk::CCHMetric<'a>,
    updater: rk::CCHMetricPartialUpdater<'a>,
    all: LiveRegion,
    few: LiveRegion,
    one: LiveRegion,
    two_threads: ThreadPool,
    random: Random,
}

impl<'a> Traffic<'a> {
    pub(crate) fn new(region: &'a Region, graph: &'a Exported, cch: &'a rk::CCH) -> Result<Self> {
        let live = || -> Result<LiveRegion> {
            let live = LiveRegion::new(region.with_traffic(&[])?);
            // Both buffers are there, as after the first two changes of a day.
            live.apply(&[])?;
            live.apply(&[])?;
            Ok(live)
        };
        Ok(Self {
            region,
            graph,
            metric: rk::CCHMetric::new(cch, graph.ms.clone()),
            updater: rk::CCHMetricPartialUpdater::new(cch),
            all: live()?,
            few: live()?,
            one: live()?,
            two_threads: ThreadPoolBuilder::new().num_threads(2).build()?,
            random: Random(100),
        })
    }

    pub(crate) fn round(&mut self, round: usize, sheet: &mut Sheet) -> Result<()> {
        let reset = cpu_of(|| self.metric.reset(self.graph.ms.clone())) * 1e3;
        sheet.put(CUSTOMISE, OURS, cpu_of(|| self.region.customise_shortcuts_again()) * 1e3);
        sheet.put(CUSTOMISE, CCH, reset);
        let again = || self.region.customise_shortcuts_again();
        let alone = second_wall_of(again);
        let together = self.two_threads.install(|| second_wall_of(again));
        sheet.put(CUSTOMISE_WALL, OURS, together * 1e3);
        sheet.put(CUSTOMISE_WALL, OURS_ALONE, alone * 1e3);

        let percent = u32::try_from(round % 50)? + 150;
        let ours = apply(&self.all, Scope::All, Effect::TimePercent(percent))?;
        sheet.put(ALL_NEW, OURS, ours);
        sheet.put(ALL_NEW, CCH, reset);
        let mut percents = percent + 1..;
        let mut next = || {
            let effect = Effect::TimePercent(percents.next().unwrap_or(percent));
            apply(&self.all, Scope::All, effect)
        };
        let mut done = Ok(0.0);
        let alone = second_wall_of(|| done = next());
        done?;
        let mut done = Ok(0.0);
        let together = self.two_threads.install(|| second_wall_of(|| done = next()));
        done?;
        sheet.put(ALL_NEW_WALL, OURS, together * 1e3);
        sheet.put(ALL_NEW_WALL, OURS_ALONE, alone * 1e3);
        self.changing(FEW_NEW, 100, sheet)?;
        self.changing(ONE_NEW, 1, sheet)
    }

    /// Some roads get twice as slow, and then as fast as before.
    fn changing(&mut self, measure: Measure, n_changed: usize, sheet: &mut Sheet) -> Result<()> {
        let n_roads = self.region.roads().len();
        let roads: Vec<RoadId> =
            (0..n_changed).map(|_| RoadId::new(self.random.below(n_roads))).collect();
        let live = if n_changed == 1 { &self.one } else { &self.few };
        let scope = Scope::Roads(roads.clone());
        sheet.put(measure, OURS, apply(live, scope.clone(), Effect::TimePercent(200))?);

        let version = live.current();
        let arcs = (0_u32..).zip(version.arcs()).filter(|(_, arc)| roads.contains(&arc.road));
        let slower: BTreeMap<u32, u32> = arcs.map(|(row, arc)| (row, arc.time.get())).collect();
        sheet.put(measure, CCH, cpu_of(|| self.updater.apply(&mut self.metric, &slower)) * 1e3);
        let mut query = rk::CCHQuery::new(&self.metric);
        for _ in 0..COMPARED {
            let [from, to] = [0; 2].map(|_| self.random.below(self.graph.n()));
            let time = version.graph_time(NodeId::new(from), NodeId::new(to));
            let ours = if time.is_infinite() { NEVER } else { time.get() };
            ensure!(ours == cch_time(&mut query, from, to), "answers differ after a change");
        }
        drop((query, version));
        apply(live, scope, Effect::AsImported)?;
        let imported = slower.keys().map(|&row| (row, self.graph.ms[row as usize]));
        self.updater.apply(&mut self.metric, &imported.collect::<BTreeMap<u32, u32>>());
        Ok(())
    }
}

/// Seconds on the wall of the second of two runs: the first one brings the caches of the processor that has got this thread.
fn second_wall_of(mut work: impl FnMut()) -> f64 {
    work();
    wall_of(work)
}

/// Milliseconds of CPU until the new version is in use.
fn apply(live: &LiveRegion, scope: Scope, effect: Effect) -> Result<f64> {
    let change = TrafficChange { scope, directions: Directions::Both, effect };
    let mut applied = Ok(0);
    let seconds = cpu_of(|| applied = live.apply(&[change]));
    applied?;
    Ok(seconds * 1e3)
}
