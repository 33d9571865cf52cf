//! The measures, round by round.

use std::hint::black_box;

use anyhow::{Result, ensure};
use petgraph::graph::{DiGraph, NodeIndex};
use routingkit_cch as rk;
use sharxi_engine::geo::LatLon;
use sharxi_engine::oracle::{Location, Oracle};
use sharxi_engine::region::Region;
use sharxi_engine::units::Millis;

use super::input::{Exported, MANY, NEVER, Query, Questions, at, check, node_id};
use super::sheet::{Measure, OURS, Sheet, cpu_of, isolated_ns, timed};
use super::traffic::Traffic;

pub(crate) const CCH: &str = "routingkit-cch";
const CH: &str = "fast_paths";
const DIJKSTRA: &str = "petgraph dijkstra";
const ASTAR: &str = "petgraph astar";
/// Queries that are asked of engines without an index.
const SLOW_QUERIES: usize = 30;
/// Passes over the single queries of one round.
const PASSES: usize = 5;
/// No vehicle is faster, as the crow flies: metres in a millisecond, for A*.
const FASTEST_M_PER_MS: f64 = 0.06;

pub(crate) const fn measure(place: u8, name: &'static str, unit: &'static str) -> Measure {
    Measure { place, name, unit }
}
const RANDOM: Measure = measure(0, "one to one, random, mean", "ns");
const LOCAL: Measure = measure(1, "one to one, local, mean", "ns");
const FIRST_RANDOM: Measure = measure(12, "one to one, random, first pass after others", "ns");
const FIRST_LOCAL: Measure = measure(13, "one to one, local, first pass after others", "ns");
const ISOLATED: Measure = measure(2, "one to one, random, isolated p50", "ns");
const PATH: Measure = measure(3, "distance and node path, random, mean", "ns");
const ROW: [Measure; 2] = [
    measure(4, "one to 1,000 random, nothing prepared", "us"),
    measure(5, "one to 1,000 local, nothing prepared", "us"),
];
const MATRIX: [Measure; 2] =
    [measure(6, "1,000 x 1,000 random", "ms"), measure(7, "1,000 x 1,000 local", "ms")];

const PREPARE: Measure =
    measure(12, "order, shortcuts, labels or witnesses of a new graph, 1 thread", "ms");
const MEMORY: Measure = measure(13, "memory of what was prepared", "MB");
/// Nodes up to which `fast_paths` takes part; beyond, it would take longer to prepare than all else together.
const FAST_PATHS_MAX: usize = 400_000;

/// Ours and everything that peers prepare.
struct Engines<'a> {
    region: &'a Region,
    graph: &'a Exported,
    roads: DiGraph<(), u32>,
    fast: Option<fast_paths::FastGraph>,
    cch: &'a rk::CCH,
}

/// Checks every answer, then measures.
pub(crate) fn run(
    region: &Region,
    graph: &Exported,
    questions: &Questions,
    n_rounds: usize,
) -> Result<Sheet> {
    let mut input = fast_paths::InputGraph::new();
    let mut roads = DiGraph::with_capacity(graph.n(), graph.head.len());
    for _ in 0..graph.n() {
        roads.add_node(());
    }
    for ((&tail, &head), &ms) in graph.tail.iter().zip(&graph.head).zip(&graph.ms) {
        roads.add_edge(NodeIndex::new(tail as usize), NodeIndex::new(head as usize), ms);
        input.add_edge(tail as usize, head as usize, ms as usize);
    }
    input.freeze();
    let mut sheet = Sheet::default();
    let fast = (graph.n() <= FAST_PATHS_MAX)
        .then(|| prepared(CH, &mut sheet, || fast_paths::prepare(&input)));
    drop(input);
    let n = u32::try_from(graph.n())?;
    let cch = prepared(CCH, &mut sheet, || {
        let (tail, head) = (&graph.tail, &graph.head);
        let order = rk::compute_order_inertial(n, tail, head, &graph.lat, &graph.lon);
        rk::CCH::new(&order, tail, head, |_| {}, false)
    });
    let (done, cpu_s) = timed(|| region.prepare_again());
    done?;
    sheet.put(PREPARE, OURS, cpu_s * 1e3);
    sheet.put(MEMORY, OURS, megabytes(region.index_bytes()));
    if let Some(fast) = &fast {
        sheet.put(MEMORY, CH, megabytes(fast_bytes(fast)));
    }
    let engines = Engines { region, graph, roads, fast, cch: &cch };
    engines.check_all(questions)?;
    let mut traffic = Traffic::new(region, graph, &cch)?;
    for round in 0..n_rounds {
        engines.single(questions, &mut sheet);
        engines.matrices(questions, &mut sheet);
        traffic.round(round, &mut sheet)?;
    }
    Ok(sheet)
}

/// What an engine prepares, with the time it takes.
fn prepared<T>(engine: &'static str, sheet: &mut Sheet, work: impl FnOnce() -> T) -> T {
    let (made, cpu_s) = timed(work);
    sheet.put(PREPARE, engine, cpu_s * 1e3);
    made
}

/// Bytes of `fast_paths`: five machine words an edge, three a node. (`routingkit-cch` does not say.)
fn fast_bytes(fast: &fast_paths::FastGraph) -> usize {
    (fast.get_num_out_edges() + fast.get_num_in_edges()) * 40 + fast.get_num_nodes() * 24
}

fn megabytes(bytes: usize) -> f64 {
    f64::from(u32::try_from(bytes >> 10).unwrap_or(u32::MAX)) / 1024.0
}

impl Engines<'_> {
    fn ours(&self, from: u32, to: u32) -> u32 {
        plain_ms(self.region.time(at(from), at(to)))
    }

    fn dijkstra(&self, from: u32, to: u32) -> u32 {
        let goal = NodeIndex::new(to as usize);
        let from = NodeIndex::new(from as usize);
        let times = petgraph::algo::dijkstra(&self.roads, from, Some(goal), |arc| *arc.weight());
        times.get(&goal).copied().unwrap_or(NEVER)
    }

    fn astar(&self, from: u32, to: u32) -> u32 {
        let goal = NodeIndex::new(to as usize);
        let place = |node: NodeIndex| -> LatLon { self.region.node_point(node_id(node.index())) };
        let end = place(goal);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a lower bound"
        )]
        let bound = |node| (place(node).distance_m(end) / FASTEST_M_PER_MS).max(0.0) as u32;
        let from = NodeIndex::new(from as usize);
        let found =
            petgraph::algo::astar(&self.roads, from, |n| n == goal, |arc| *arc.weight(), bound);
        found.map_or(NEVER, |(ms, _)| ms)
    }

    fn fast(&self) -> Option<Fast<'_>> {
        let graph = self.fast.as_ref()?;
        Some(Fast { graph, calculator: fast_paths::create_calculator(graph) })
    }

    fn metric(&self) -> rk::CCHMetric<'_> {
        rk::CCHMetric::new(self.cch, self.graph.ms.clone())
    }

    fn check_all(&self, questions: &Questions) -> Result<()> {
        let metric = self.metric();
        let mut query = rk::CCHQuery::new(&metric);
        let mut fast = self.fast();
        for queries in [&questions.random, &questions.local] {
            check(OURS, queries, |from, to| self.ours(from, to))?;
            check(CCH, queries, |from, to| cch_time(&mut query, from, to))?;
            if let Some(fast) = &mut fast {
                check(CH, queries, |from, to| fast.time(from, to))?;
            }
            let few = &queries[..SLOW_QUERIES.min(queries.len())];
            check(DIJKSTRA, few, |from, to| self.dijkstra(from, to))?;
            check(ASTAR, few, |from, to| self.astar(from, to))?;
        }
        for &(from, to, ms) in questions.random.iter().take(2_000) {
            ensure!(self.path_ms(from, to) == ms, "a path does not add up to its time");
        }
        let mut cells = vec![Millis::ZERO; MANY * MANY];
        for (_, sources, targets) in &questions.matrices {
            let [from, to] = [sources, targets].map(|nodes| places(nodes));
            self.region.times(&from, &to, &mut cells);
            let mut row = vec![Millis::ZERO; MANY];
            let mut many = rk::CCHOneToMany::new(&metric, targets);
            for ((&source, &place), cells) in sources.iter().zip(&from).zip(cells.chunks(MANY)) {
                self.region.times_from(place, &to, &mut row);
                let theirs = many.distances_from(source);
                let equal =
                    cells.iter().zip(&theirs).all(|(&a, b)| b.unwrap_or(NEVER) == plain_ms(a));
                ensure!(row == cells && equal, "matrices differ");
            }
        }
        Ok(())
    }

    /// The sum of the arcs of our path, on the exported graph.
    fn path_ms(&self, from: u32, to: u32) -> u32 {
        let Some(path) = self.region.path(at(from), at(to)) else { return NEVER };
        let mut sum = 0;
        for pair in path.waypoints.windows(2) {
            let edge = |node: u32| NodeIndex::new(node as usize);
            let [tail, head] = [pair[0].node.get(), pair[1].node.get()].map(edge);
            let between = self.roads.edges_connecting(tail, head).map(|arc| *arc.weight());
            sum += between.min().unwrap_or(NEVER / 2);
        }
        sum
    }

    fn single(&self, questions: &Questions, sheet: &mut Sheet) {
        let metric = self.metric();
        let mut query = rk::CCHQuery::new(&metric);
        let mut fast = self.fast();
        for (measure, queries) in [(RANDOM, &questions.random), (LOCAL, &questions.local)] {
            let few = &queries[..SLOW_QUERIES.min(queries.len())];
            let first = if measure.place == RANDOM.place { FIRST_RANDOM } else { FIRST_LOCAL };
            sheet.put(first, OURS, first_mean_ns(queries, |from, to| self.ours(from, to)));
            sheet.put(measure, OURS, mean_ns(queries, |from, to| self.ours(from, to)));
            let theirs = first_mean_ns(queries, |from, to| cch_time(&mut query, from, to));
            sheet.put(first, CCH, theirs);
            sheet.put(measure, CCH, mean_ns(queries, |from, to| cch_time(&mut query, from, to)));
            if let Some(fast) = &mut fast {
                let theirs = first_mean_ns(queries, |from, to| fast.time(from, to));
                sheet.put(first, CH, theirs);
                sheet.put(measure, CH, mean_ns(queries, |from, to| fast.time(from, to)));
            }
            sheet.put(measure, DIJKSTRA, first_mean_ns(few, |from, to| self.dijkstra(from, to)));
            sheet.put(measure, ASTAR, first_mean_ns(few, |from, to| self.astar(from, to)));
        }
        let queries = &questions.random;
        sheet.put(ISOLATED, OURS, p50(queries, |from, to| self.ours(from, to)));
        sheet.put(ISOLATED, CCH, p50(queries, |from, to| cch_time(&mut query, from, to)));
        if let Some(fast) = &mut fast {
            sheet.put(ISOLATED, CH, p50(queries, |from, to| fast.time(from, to)));
        }
        let ours = mean_ns(queries, |from, to| {
            let path = self.region.path(at(from), at(to));
            black_box(&path).as_ref().map_or(NEVER, |path| path.duration.get())
        });
        sheet.put(PATH, OURS, ours);
        let theirs = mean_ns(queries, |from, to| {
            query.add_source(from, 0);
            query.add_target(to, 0);
            let found = query.run();
            black_box(found.node_path());
            found.distance().unwrap_or(NEVER)
        });
        sheet.put(PATH, CCH, theirs);
    }

    fn matrices(&self, questions: &Questions, sheet: &mut Sheet) {
        let metric = self.metric();
        let mut cells = vec![Millis::ZERO; MANY * MANY];
        let mut row = vec![Millis::ZERO; MANY];
        for (idx, (_, sources, targets)) in questions.matrices.iter().enumerate() {
            let [from, to] = [sources, targets].map(|nodes| places(nodes));
            let rows = cpu_of(|| {
                for &source in &from {
                    self.region.times_from(source, &to, &mut row);
                    black_box(&row);
                }
            });
            // So many rows were asked for, one after another.
            sheet.put(ROW[idx], OURS, rows * 1e6 / thousand());
            let whole = cpu_of(|| self.region.times(&from, &to, black_box(&mut cells)));
            sheet.put(MATRIX[idx], OURS, whole * 1e3);
            let mut many = rk::CCHOneToMany::new(&metric, targets);
            let pin = cpu_of(|| many.repin_targets(black_box(targets)));
            let rows = cpu_of(|| {
                for &source in sources {
                    black_box(many.distances_from(source));
                }
            });
            sheet.put(ROW[idx], CCH, (pin + rows / thousand()) * 1e6);
            sheet.put(MATRIX[idx], CCH, (pin + rows) * 1e3);
        }
    }
}

/// Milliseconds, [`NEVER`] if there is no way.
fn plain_ms(time: Millis) -> u32 {
    if time.is_infinite() { NEVER } else { time.get() }
}

fn places(nodes: &[u32]) -> Vec<Location> {
    nodes.iter().map(|&node| at(node)).collect()
}

fn thousand() -> f64 {
    f64::from(u32::try_from(MANY).unwrap_or(1))
}

pub(crate) fn cch_time(query: &mut rk::CCHQuery<'_>, from: u32, to: u32) -> u32 {
    query.add_source(from, 0);
    query.add_target(to, 0);
    query.run().distance().unwrap_or(NEVER)
}

/// `fast_paths`, ready to be asked.
struct Fast<'a> {
    graph: &'a fast_paths::FastGraph,
    calculator: fast_paths::PathCalculator,
}

impl Fast<'_> {
    fn time(&mut self, from: u32, to: u32) -> u32 {
        let path = self.calculator.calc_path(self.graph, from as usize, to as usize);
        path.map_or(NEVER, |path| u32::try_from(path.get_weight()).unwrap_or(NEVER))
    }
}

/// CPU nanoseconds of one query in a row of many: the median of some passes, because the first ones mostly measure how fast the
/// caches come back that what ran in between has taken away.
fn mean_ns(queries: &[Query], mut answer: impl FnMut(u32, u32) -> u32) -> f64 {
    let mut passes = [0.0; PASSES];
    passes.fill_with(|| first_mean_ns(queries, &mut answer));
    passes.sort_by(f64::total_cmp);
    passes[PASSES / 2]
}

/// One pass, with the caches as they are.
fn first_mean_ns(queries: &[Query], mut answer: impl FnMut(u32, u32) -> u32) -> f64 {
    let mut sum = 0_u32;
    let all = cpu_of(|| {
        for &(from, to, _) in queries {
            sum = sum.wrapping_add(answer(from, to));
        }
    });
    black_box(sum);
    all * 1e9 / f64::from(u32::try_from(queries.len()).unwrap_or(1))
}

fn p50(queries: &[Query], mut answer: impl FnMut(u32, u32) -> u32) -> f64 {
    isolated_ns(queries, |&(from, to, _)| {
        black_box(answer(from, to));
    })
}
