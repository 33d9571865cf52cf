//! What each command does: reads, calls the library, says what came out.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::{Value, json};
use sharxi_engine::region::Region;
use sharxi_sim::audit::{self, Case, Rules, Verdict};
use sharxi_sim::baseline::assumptions::Assumptions;
use sharxi_sim::baseline::table::{self, Row};
use sharxi_sim::clock::{self, LocalClock};
use sharxi_sim::demand_model::draw::{self, Order};
use sharxi_sim::demand_model::profile::Profile;
use sharxi_sim::exports::files::{self, Export};
use sharxi_sim::exports::rides;
use sharxi_sim::kpi::{Kpi, Spread};
use sharxi_sim::report::page::{self, Subject};
use sharxi_sim::scenario::file::{self as scenario, Given};
use sharxi_sim::sweep::results;
use sharxi_sim::{crew, demand, inspect, land, study};

use crate::args;
use crate::progress;

/// Breaches that are listed as text.
const BREACHES_SHOWN: usize = 50;

/// What to print, and whether all is well.
pub(crate) type Outcome = (String, bool);

pub(crate) fn run(args: &args::Run, as_json: bool) -> Result<Outcome> {
    let given = Given {
        region: args.region.clone(),
        demand: args.demand.clone(),
        fleet: args.fleet.clone(),
        seed: args.seed,
    };
    let scenario = scenario::read(args.scenario.as_deref(), &args.set, &given)?;
    let bar = progress::bar("reading the region", 0);
    let prepared = study::prepare(&scenario, &|done, all| {
        bar.set_length(all);
        bar.set_position(done);
    })?;
    bar.finish_and_clear();
    let bar = progress::bar("playing", u64::try_from(prepared.demand.len())?);
    let play = if scenario.output.report { study::play_tracked } else { study::play };
    let study = play(&scenario, &prepared, &|done| bar.set_position(done))?;
    bar.finish_and_clear();
    study::write(&args.output, &scenario, &prepared, &study, !args.no_timings)?;
    let assumptions = match &args.assumptions {
        Some(path) => Assumptions::parse(&study::read_text(path)?)?,
        None => Assumptions::bundled()?,
    };
    let baselines = if args.baselines {
        let n_threads = crew::threads_of_machine();
        let rows = table::compare(&scenario, &prepared, &study, &assumptions, n_threads)?;
        results::write(&args.output, "baselines", &table::table(&rows))?;
        let json = serde_json::to_string_pretty(&rows)?;
        study::write_text(&args.output.join("baselines.json"), &json)?;
        rows
    } else {
        Vec::new()
    };
    if args.exports {
        let known = rides::of_study(&scenario, &prepared, &study);
        let (kpi, name) = (study.kpi(false), prepared.region.name());
        let export = Export { name, known: &known, kpi: &kpi, period: prepared.period };
        files::write(&args.output, export)?;
    }
    if scenario.output.report {
        let price = table::price(&assumptions, &prepared, &study);
        let subject = Subject {
            prepared: &prepared,
            study: &study,
            scenario: &scenario,
            price,
            baselines: &baselines,
        };
        let html = page::page(&subject, !args.no_timings);
        study::write_text(&args.output.join("report.html"), &html)?;
    }
    let verdict =
        if args.audit { Some(inspect::inspect(&scenario, &prepared, &study)?) } else { None };
    let is_good = verdict.as_ref().is_none_or(|verdict| verdict.breaches.is_empty());
    let kpi = study.kpi(!args.no_timings);
    let text = if as_json {
        let mut value = serde_json::to_value(&kpi)?;
        if let (Some(verdict), Value::Object(fields)) = (&verdict, &mut value) {
            fields.insert("audit".to_owned(), verdict_json(verdict));
        }
        value.to_string()
    } else {
        let mut text = summary(&kpi);
        baselines.iter().for_each(|row| text.push_str(&baseline_text(row)));
        if let Some(verdict) = &verdict {
            text.push_str(&verdict_text(verdict));
        }
        write!(text, "results in {}", args.output.display())?;
        text
    };
    Ok((text, is_good))
}

fn baseline_text(row: &Row) -> String {
    // A way with fewer vehicles than the fleet saves none; it moves fewer people.
    let saved = row.vehicles_saved.filter(|saved| 0.0 < *saved);
    let saved = saved.map_or_else(String::new, |x| format!(", {:.1} % saved", x * 100.0));
    format!(
        "{:14}{} vehicles{saved}, {:.2} % served inside the promise, {:.0} km, {:.0} kg CO2\n",
        row.way,
        row.vehicles,
        row.served_share * 100.0,
        row.vehicle_km,
        row.co2_kg
    )
}

pub(crate) fn demand(args: &args::Demand, as_json: bool) -> Result<Outcome> {
    let region = load(&args.region)?;
    let profile = Profile::parse(&study::read_text(&args.profile)?)?;
    let start = clock::parse(&profile.day)?;
    let order = Order {
        seed: args.seed,
        requests_per_day: args.requests.unwrap_or(profile.requests_per_day),
        start,
        end: clock::shifted(start, clock::DAY_MS),
        clock: LocalClock::of(&profile.day)?,
    };
    let rows = draw::demand(&profile, &land::landscape(&region), order)?;
    if let Some(folder) = args.output.parent() {
        std::fs::create_dir_all(folder).with_context(|| format!("{}", folder.display()))?;
    }
    demand::write(&rows, order.clock, study::create(&args.output)?)?;
    let beeline_km = |row: &demand::DemandRow| row.from.distance_m(row.to) / 1000.0;
    let n_rows = f64::from(u32::try_from(rows.len())?);
    // Without requests it is 0, and not -0.0, which an empty sum is.
    let mean_km = (rows.iter().map(beeline_km).sum::<f64>() / n_rows.max(1.0)).abs();
    let text = if as_json {
        json!({ "requests": rows.len(), "beeline_km_mean": mean_km }).to_string()
    } else {
        format!(
            "{} requests, {mean_km:.1} km on average as the crow flies, in {}",
            rows.len(),
            args.output.display()
        )
    };
    Ok((text, true))
}

pub(crate) fn audit(args: &args::Audit, as_json: bool) -> Result<Outcome> {
    let region = load(&args.region)?;
    let (nodes, arcs) = land::graph(&region);
    let (demand, fleet, events) = (
        study::read_text(&args.demand)?,
        study::read_text(&args.fleet)?,
        study::read_text(&args.events)?,
    );
    let rules = Rules {
        max_wait_s: args.max_wait_s,
        ride_alpha: args.ride_alpha,
        ride_beta_s: args.ride_beta_s,
        snap_max_m: args.snap_max_m,
        walk_max_s: args.walk_max_s,
        requested_within_s: args.requested_within,
        answer_within_s: args.answer_within,
        pace_min: args.pace_min,
        roads_closed: args.roads_closed,
    };
    let case =
        Case { demand: &demand, fleet: &fleet, events: &events, nodes: &nodes, arcs: &arcs, rules };
    let verdict = audit::audit(&case)?;
    let is_good = verdict.breaches.is_empty();
    let text = if as_json {
        verdict_json(&verdict).to_string()
    } else {
        verdict_text(&verdict).trim_end().to_owned()
    };
    Ok((text, is_good))
}

fn load(path: &Path) -> Result<std::sync::Arc<Region>> {
    let bar = progress::bar("reading the region", 0);
    let region = land::load(path, &|done, all| {
        bar.set_length(all);
        bar.set_position(done);
    })?;
    bar.finish_and_clear();
    Ok(region)
}

pub(crate) fn summary(kpi: &Kpi) -> String {
    let minutes =
        |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |s| format!("{:.1}", s / 60.0));
    let share = |value: Option<f64>| {
        value.map_or_else(|| "-".to_owned(), |x| format!("{:.1} %", x * 100.0))
    };
    let spread = |spread: &Spread| {
        let [mean, p95, max] = [spread.mean, spread.p95, spread.max].map(minutes);
        format!("{mean} min on average, 95 % within {p95}, longest {max}")
    };
    let mut lines = vec![
        format!(
            "{} requests: {} promised, {} refused, {} cancelled, {} completed, {} promises broken",
            kpi.requests,
            kpi.promised,
            kpi.rejected,
            kpi.cancelled,
            kpi.completed,
            kpi.promises_broken
        ),
        format!("wait      {}", spread(&kpi.wait_s)),
        format!("ride      {}", spread(&kpi.ride_s)),
        format!(
            "fleet     {} vehicles, {:.0} h, {:.0} km ({:.0} km empty), {} rides per vehicle hour",
            kpi.vehicles,
            kpi.fleet_hours,
            kpi.vehicle_km,
            kpi.empty_km,
            kpi.rides_per_vehicle_hour.unwrap_or_default()
        ),
        format!(
            "sharing   {} of rides pooled, mean occupancy {}",
            share(kpi.pooled_share),
            kpi.mean_occupancy.unwrap_or_default()
        ),
        format!(
            "coverage  {} on average, {} at least",
            share(kpi.coverage_15min.mean),
            share(kpi.coverage_15min.min)
        ),
    ];
    if let Some((decision, wall_s)) = kpi.decision_us.as_ref().zip(kpi.wall_s) {
        lines.push(format!(
            "decisions {:.0} us median, {:.0} us p99; {wall_s:.1} s in all",
            decision.p50.unwrap_or_default(),
            decision.p99.unwrap_or_default()
        ));
    }
    lines.join("\n") + "\n"
}

fn verdict_json(verdict: &Verdict) -> Value {
    let breaches = verdict.breaches.iter();
    let breaches: Vec<Value> = breaches
        .map(|breach| json!({ "line": breach.line, "rule": breach.rule, "text": breach.text }))
        .collect();
    json!({
        "ok": verdict.breaches.is_empty(),
        "lines": verdict.n_lines,
        "requests": verdict.n_requests,
        "promised": verdict.n_promised,
        "promises_broken": verdict.n_broken,
        "drives": verdict.n_drives,
        "breaches": breaches,
    })
}

fn verdict_text(verdict: &Verdict) -> String {
    let mut text = format!(
        "audit     {} breaches in {} lines ({} requests, {} promises, {} announced as broken, {} drives)\n",
        verdict.breaches.len(),
        verdict.n_lines,
        verdict.n_requests,
        verdict.n_promised,
        verdict.n_broken,
        verdict.n_drives
    );
    for breach in verdict.breaches.iter().take(BREACHES_SHOWN) {
        text.push_str(&format!("line {}: {}: {}\n", breach.line, breach.rule, breach.text));
    }
    if BREACHES_SHOWN < verdict.breaches.len() {
        text.push_str(&format!(
            "… and {} more (all with --json)\n",
            verdict.breaches.len() - BREACHES_SHOWN
        ));
    }
    text
}
