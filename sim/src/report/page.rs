//! The page itself.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::baseline::table::{Price, Row};
use crate::report::svg::escape;
use crate::report::{charts, day, map};
use crate::scenario::file::Scenario;
use crate::study::{Prepared, Study};
use crate::trips::Answer;

/// What the report is about.
#[derive(Clone, Copy)]
pub struct Subject<'a> {
    /// What was played.
    pub prepared: &'a Prepared,
    /// What came of it.
    pub study: &'a Study,
    /// How it was set up.
    pub scenario: &'a Scenario,
    /// What the day costs and emits.
    pub price: Price,
    /// The same riders in other ways; may be empty.
    pub baselines: &'a [Row],
}

const STYLE: &str = "
:root { color-scheme: light dark; --ink: #1c2733; --paper: #fbfaf7; --soft: #9cc3dd; --good: #1f6f9f;
  --bad: #c2452d; --idle: #c9c4b8; --grid: #e3dfd5; --mark: #b3541e; --wait: #7a4fa3;
  --k0: #8d8a82; --k1: #4f9fd0; --k2: #1c5f96; --k3: #d9822b; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9ec; --paper: #15191e; --soft: #3f7396; --good: #6db9e4;
  --bad: #ee7b62; --idle: #575c63; --grid: #2b3138; --mark: #f0a070; --wait: #c39be6;
  --k0: #8b9097; --k1: #4f9fd0; --k2: #a9d6f5; --k3: #f0a04f; } }
body { margin: 2rem auto; max-width: 46rem; padding: 0 1rem; background: var(--paper); color: var(--ink);
  font: 16px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.6rem; margin-bottom: 0; } h2 { font-size: 1.1rem; margin: 2rem 0 .3rem; }
p { margin: .3rem 0; } svg { width: 100%; height: auto; }
svg text { font: 11px system-ui, sans-serif; fill: var(--ink); } svg text.small { font-size: 7px; }
.good { fill: var(--good); } .soft { fill: var(--soft); } .bad, .refused { fill: var(--bad); } .idle { fill: var(--idle); }
.grid { stroke: var(--grid); } polyline { fill: none; } .mark { stroke: var(--mark); fill: none; } .plain { stroke: var(--idle); }
svg text.mark { stroke: none; fill: var(--mark); } .dot { fill: var(--good); opacity: .35; } .pickup { fill: var(--good); opacity: .45; }
.span { stroke-width: 6; fill: none; } .span.good { stroke: var(--good); } .span.soft { stroke: var(--soft); }
.place { opacity: .6; } table.wide td { text-align: right; padding: .2rem .3rem; }
.span.idle { stroke: var(--idle); } .road { fill: none; stroke: var(--idle); stroke-width: .5; } .road.main { stroke-width: 1.4; }
table { border-collapse: collapse; width: 100%; } td, th { padding: .2rem .6rem; border-bottom: 1px solid var(--grid); text-align: left; }
td:last-child { text-align: right; font-variant-numeric: tabular-nums; } footer { margin-top: 3rem; font-size: .85rem; }
.shapes { position: absolute; width: 0; height: 0; } .stage { position: relative; } .stage svg { display: block; }
.stage canvas { position: absolute; inset: 0; width: 100%; height: 100%; }
.stage:focus-visible { outline: 2px solid var(--good); }
.controls { display: flex; flex-wrap: wrap; gap: .3rem 1rem; align-items: center; }
.controls .time { flex: 1 1 16rem; display: flex; gap: .5rem; }
.controls input { flex: 1; }
.controls button { min-width: 5rem; }
#day-clock { min-width: 4rem; font-variant-numeric: tabular-nums; }
.key { display: inline-block; width: .75em; height: .75em; border-radius: 50%; box-sizing: border-box; }
.k0 { background: var(--k0); } .k1 { background: var(--k1); }
.k2 { background: var(--k2); } .k3 { background: var(--k3); }
.wait { border: 2px solid var(--wait); } .no { background: var(--bad); border-radius: 0; }
";

/// The page. Without what the wall clock measured it is the same bytes every time.
#[must_use]
pub fn page(subject: &Subject<'_>, with_timings: bool) -> String {
    let Subject { prepared, study, scenario, price, baselines } = *subject;
    let (story, period, policy) = (&study.story, prepared.period, &scenario.policy);
    let max_wait_s = policy.max_wait.as_secs_f64();
    let alpha = f64::from(policy.ride_alpha_milli) / 1000.0;
    let section = |title: &str, text: &str, figure: &str| {
        format!("<section><h2>{}</h2><p>{}</p>{figure}</section>\n", escape(title), escape(text))
    };
    let sections = [
        map::road_shapes(&prepared.landscape),
        day::section(prepared, study),
        section("Figures", "", &figures(study, with_timings)),
        section(
            "Waits",
            "From the moment that counts until the vehicle stood ready.",
            &charts::waits(story, max_wait_s),
        ),
        section("Waits by hour", "", &charts::waits_by_hour(story, period, max_wait_s)),
        section("Requests by hour", "", &charts::requests_by_hour(story, period)),
        section("Refusals", "", &refusals(study)),
        section("Vehicles at work", "", &charts::occupancy(story, period)),
        section(
            "Time on board against the direct drive",
            "Above the thin line: the price of sharing. Nobody may be above the thick one.",
            &charts::ride_against_direct(story, alpha, policy.ride_beta.as_secs_f64()),
        ),
        section(
            "Vehicles",
            "Dark: shared; light: one ride; grey: empty on the road.",
            &charts::timelines(story, period),
        ),
        section(
            "Waits by place",
            "Squares of 2 km, as large as they have requests. Dark: 95 % of the riders waited less than half of the \
             longest wait; light: longer; red: somebody was refused.",
            &map::places(&prepared.landscape, story, max_wait_s),
        ),
        section("Pickups", "Red: refused.", &map::pickups(&prepared.landscape, story)),
        section("Costs and carbon dioxide", PRICE_NOTE, &costs(study, price)),
        compared(baselines),
    ];
    format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <title>Sharxi: {name}</title><style>{STYLE}</style></head><body>\n\
         <h1>A day of shared taxis: {name}</h1>\n<p>{from} to {to}, {n} vehicles, seed {seed}</p>\n{body}\
         <footer>Map data © OpenStreetMap contributors, ODbL 1.0. Made by sharxi-sim.</footer>\n</body></html>\n",
        name = escape(prepared.region.name()),
        from = escape(&period.clock.format_s(period.start)),
        to = escape(&period.clock.format_s(period.end)),
        n = prepared.fleet.len(),
        seed = scenario.seed,
        body = sections.concat(),
    )
}

/// Where the costs are from.
const PRICE_NOTE: &str =
    "By the assumptions of data/assumptions.toml: replace them by your own with --assumptions.";

fn costs(study: &Study, price: Price) -> String {
    let kpi = study.kpi(false);
    let by = |whole: f64, part: f64, unit: &str| {
        if part > 0.0 { format!("{:.2} {unit}", whole / part) } else { "-".to_owned() }
    };
    let rides = kpi.completed as f64;
    let rows = [
        ("costs", format!("{:.0} EUR", price.cost_eur)),
        ("costs by ride", by(price.cost_eur, rides, "EUR")),
        ("costs by passenger kilometre", by(price.cost_eur, kpi.passenger_km, "EUR")),
        ("carbon dioxide", format!("{:.0} kg", price.co2_kg)),
        ("carbon dioxide by ride", by(price.co2_kg, rides, "kg")),
        ("carbon dioxide by passenger kilometre", by(price.co2_kg * 1000.0, kpi.passenger_km, "g")),
    ];
    let rows: String = rows.iter().map(|(name, value)| row(name, value)).collect();
    format!("<table>{rows}</table>")
}

/// The comparison with other ways to move the same riders; nothing if there is none.
fn compared(baselines: &[Row]) -> String {
    if baselines.is_empty() {
        return String::new();
    }
    let share = |share: f64| format!("{:.1} %", share * 100.0);
    let minutes = |value: Option<f64>| value.map_or("-".to_owned(), |s| format!("{:.1}", s / 60.0));
    let line = |way: &Row| {
        let cells = [
            way.way.to_owned(),
            way.vehicles.to_string(),
            way.vehicles_saved.map_or("-".to_owned(), share),
            share(way.served_share),
            minutes(way.wait_s.mean),
            minutes(way.ride_s.mean),
            format!("{:.0}", way.vehicle_km),
            format!("{:.0}", way.co2_kg),
            way.cost_per_ride_eur.map_or("-".to_owned(), |eur| format!("{eur:.2}")),
        ];
        let cells: String = cells.iter().map(|cell| format!("<td>{}</td>", escape(cell))).collect();
        format!("<tr>{cells}</tr>")
    };
    let rows: String = baselines.iter().map(line).collect();
    format!(
        "<section><h2>The same riders in other ways</h2><p>{}</p><table class=\"wide\"><tr><th>way</th><th>vehicles</th>\
         <th>saved</th><th>served</th><th>wait, min</th><th>ride, min</th><th>km</th><th>CO2, kg</th><th>EUR a ride</th></tr>\
         {rows}</table></section>\n",
        escape(COMPARED_NOTE)
    )
}

const COMPARED_NOTE: &str = "As it is; without changing plans together; without moving idle vehicles; without both (plain); \
    without sharing (alone: taxis); in the fewest cars that could do it if neighbours swapped them; in a car for each \
    traveller; on an hourly bus line. Served: inside the promise. Saved: share of that way's vehicles that the first does without.";

/// All figures of `kpi.json` as a table.
fn figures(study: &Study, with_timings: bool) -> String {
    // Figures are plain numbers: they always make JSON.
    let value = serde_json::to_value(study.kpi(with_timings)).unwrap_or_default();
    let mut rows = String::new();
    if let Value::Object(fields) = &value {
        for (name, value) in fields {
            rows.push_str(&row(name, &shown(value)));
        }
    }
    format!("<table>{rows}</table>")
}

fn refusals(study: &Study) -> String {
    let mut by_reason: BTreeMap<&str, usize> = BTreeMap::new();
    for trip in &study.story.trips {
        if let Answer::Rejected { reason } = &trip.answer {
            *by_reason.entry(reason).or_default() += 1;
        }
    }
    if by_reason.is_empty() {
        return "<p>Nobody was refused.</p>".to_owned();
    }
    let rows: String = by_reason.iter().map(|(reason, n)| row(reason, &n.to_string())).collect();
    format!("<table>{rows}</table>")
}

fn row(name: &str, value: &str) -> String {
    format!("<tr><th>{}</th><td>{}</td></tr>", escape(name), escape(value))
}

fn shown(value: &Value) -> String {
    match value {
        Value::Object(fields) => {
            let parts: Vec<String> =
                fields.iter().map(|(name, value)| format!("{name} {}", shown(value))).collect();
            parts.join(", ")
        }
        Value::Null => "-".to_owned(),
        other => other.to_string(),
    }
}
