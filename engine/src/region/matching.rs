//! Map matching: which road a vehicle drives, and in which direction, from positions that are off by metres.
//!
//! A hidden Markov model after Newson and Krumm, "Hidden Markov map matching through noise and sparseness" (ACM GIS 2009).
//! States are places on directed roads near a position; a place is likely if it is near, and a step from one place to the
//! next if the driven distance is about the distance of the positions and the driving time about the time between them.
//! Both are exact, from the same index as every query, and keep to the direction of travel. So two carriageways beside each
//! other are told apart as soon as the vehicle moves: on the wrong one it would have had to drive round.
//!
//! [`Matcher`] takes one position after another and remembers a fixed number of them; [`Region::match_trace`] looks at all.
//! Added to the paper: a step back within the noise is standing still, turning round is possible but rare, and a single
//! position that fits nothing is left out rather than believed.

use std::collections::VecDeque;

use super::Region;
use super::directions::turned;
use super::locate::{Access, Drive, course, heading_of};
use crate::geo::LatLon;
use crate::graph::roads::Heading;
use crate::ids::RoadId;
use crate::oracle::Location;
use crate::routing::NEVER;
use crate::units::EngineTime;

/// Directed roads considered for one position.
const CANDIDATES_MAX: usize = 16;
/// What a turn on the spot, and an implausible one at a junction, costs: natural logarithm of a share of all steps.
const TURN_ROUND: f64 = -10.0;
/// What leaving out a position costs.
const LEAVE_OUT: f64 = -12.0;
/// Positions without any way to them after which the vehicle is looked for anew.
const LOST_MAX: u32 = 2;
/// How far a reported heading is off, in degrees, and the most that it can tell.
const HEADING_SIGMA_DEG: f64 = 25.0;
const HEADING_MIN: f64 = -8.0;
/// Positions that [`Region::match_trace`] takes at most.
pub const TRACE_FIXES_MAX: usize = 100_000;

/// A position as a vehicle reports it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fix {
    /// Where.
    pub point: LatLon,
    /// When; without it only distances are compared.
    pub at: Option<EngineTime>,
    /// The compass bearing of travel in degrees, if the device knows it.
    pub heading_deg: Option<f64>,
}

/// Where a vehicle is on the roads.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Matched {
    /// The road and how far along.
    pub location: Location,
    /// Whether it drives along the shape of the road, or against it.
    pub forward: bool,
    /// The place on the map.
    pub point: LatLon,
    /// Compass bearing of travel in degrees, from 0 up to 360.
    pub bearing_deg: f64,
    /// Metres from the reported position.
    pub distance_m: f64,
    /// From 0 to 1: the share of this road and direction among all that were considered, as known when the position came.
    pub confidence: f64,
}

/// How positions are matched.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MatchOptions {
    /// Standard deviation of positions in metres, 1 to 200.
    pub noise_m: f64,
    /// Positions remembered by a [`Matcher`], 2 to 1,000: what is settled knows this many later ones.
    pub lag: usize,
}

impl Default for MatchOptions {
    fn default() -> Self {
        Self { noise_m: 20.0, lag: 8 }
    }
}

/// A position that will not be looked at again: its number from 0, and where the vehicle was, if on a road.
pub type Settled = (u64, Option<Matched>);

/// Follows one vehicle. Memory is bounded by [`MatchOptions::lag`].
#[derive(Clone, Debug)]
pub struct Matcher {
    options: MatchOptions,
    entries: VecDeque<Entry>,
    n_taken: u64,
    n_lost: u32,
}

/// A position and the places where the vehicle may have been.
#[derive(Clone, Debug)]
struct Entry {
    fix: Fix,
    /// Empty if there are none, or no way leads to any.
    candidates: Vec<Candidate>,
}

#[derive(Clone, Debug)]
struct Candidate {
    course: u32,
    along_mm: u32,
    distance_m: f64,
    /// Logarithm of the likelihood of the best way here.
    score: f64,
    /// Entries back and the candidate there; `None` where a way begins.
    before: Option<(usize, usize)>,
    confidence: f64,
}

/// A way between two candidates.
struct Way {
    ms: u32,
    mm: u32,
    turns_round: bool,
}

impl Region {
    /// Where a vehicle was at each of its positions, each in the light of all others; `None` off the roads, for outliers,
    /// and beyond the first [`TRACE_FIXES_MAX`]. Tens of microseconds a position where roads are few.
    #[must_use]
    pub fn match_trace(&self, fixes: &[Fix], options: MatchOptions) -> Vec<Option<Matched>> {
        let mut matcher = Matcher::new(options);
        matcher.options.lag = TRACE_FIXES_MAX;
        for &fix in fixes.iter().take(TRACE_FIXES_MAX) {
            matcher.push(self, fix);
        }
        let mut matched: Vec<Option<Matched>> =
            matcher.finish(self).into_iter().map(|(_, matched)| matched).collect();
        matched.resize(fixes.len(), None);
        matched
    }

    /// The fastest way from a place on a course to one on another, without turning on the spot.
    fn directed_way(&self, from: (u32, u32), to: (u32, u32)) -> Option<Way> {
        let ((from_course, from_mm), (to_course, to_mm)) = (from, to);
        let elapsed = |course: u32, along_mm: u32| {
            self.road_tables(course as usize / 2).elapsed_ms(heading_of(course), along_mm)
        };
        if from_course == to_course && is_ahead(from_course, from_mm, to_mm) {
            let ms = elapsed(to_course, to_mm) - elapsed(from_course, from_mm);
            return Some(Way { ms, mm: from_mm.abs_diff(to_mm), turns_round: false });
        }
        let exit = self.exit_on(from)?;
        let entries = self.entries(along(to_course, to_mm));
        let entry = entries
            .filter(|entry| is_on(entry.drive, to_course))
            .min_by_key(|entry| self.time_over(&exit, entry))?;
        let ms = self.time_over(&exit, &entry);
        if ms >= NEVER {
            return None;
        }
        let mut mm = exit.mm.saturating_add(entry.mm);
        let mut turns_round = false;
        let mut last = from_course;
        for row in self.hierarchy.path(&self.graph, exit.node, entry.node)? {
            let driven = self.graph.arcs().get(row as usize)?.course;
            turns_round |= driven == last ^ 1;
            mm = mm.saturating_add(*self.arc_mm.get(row as usize)?);
            last = driven;
        }
        turns_round |= to_course == last ^ 1;
        Some(Way { ms, mm, turns_round })
    }

    /// The driving time of the same way, cheaper.
    fn directed_ms(&self, from: (u32, u32), to: (u32, u32)) -> u32 {
        let Some(exit) = self.exit_on(from) else { return NEVER };
        let entries = self.entries(along(to.0, to.1)).filter(|entry| is_on(entry.drive, to.0));
        entries.map(|entry| self.time_over(&exit, &entry)).min().unwrap_or(NEVER)
    }

    /// How a place on a course is left without turning.
    fn exit_on(&self, (course, along_mm): (u32, u32)) -> Option<Access> {
        self.exits(along(course, along_mm)).find(|exit| is_on(exit.drive, course))
    }

    fn matched(&self, candidate: &Candidate) -> Matched {
        let (road, heading) = (candidate.course / 2, heading_of(candidate.course));
        let location = along(candidate.course, candidate.along_mm);
        Matched {
            location,
            forward: heading == Heading::Forward,
            point: self.point(location),
            bearing_deg: self.bearing_at(road, heading, candidate.along_mm),
            distance_m: candidate.distance_m,
            confidence: candidate.confidence,
        }
    }
}

impl Matcher {
    /// For a vehicle of which nothing is known yet. Options are cut to their ranges.
    #[must_use]
    pub fn new(options: MatchOptions) -> Self {
        let noise_m = if options.noise_m.is_finite() { options.noise_m } else { 20.0 };
        let options =
            MatchOptions { noise_m: noise_m.clamp(1.0, 200.0), lag: options.lag.clamp(2, 1_000) };
        Self { options, entries: VecDeque::new(), n_taken: 0, n_lost: 0 }
    }

    /// Takes the next position and says where the vehicle is as far as is known now; `None` off the roads. Positions from
    /// before the last one count as of the same time. `settled` gets a position that is old enough never to be looked at again.
    pub fn push_settling(
        &mut self,
        region: &Region,
        fix: Fix,
        settled: &mut impl FnMut(Settled),
    ) -> Option<Matched> {
        let now = self.push(region, fix);
        while self.entries.len() > self.options.lag {
            let matched = self.choices().first().copied().flatten();
            let matched = matched.and_then(|idx| self.candidate(region, 0, idx));
            settled((self.n_taken - self.entries.len() as u64, matched));
            self.entries.pop_front();
        }
        now
    }

    /// The same without saying what is settled.
    pub fn follow(&mut self, region: &Region, fix: Fix) -> Option<Matched> {
        self.push_settling(region, fix, &mut |_| {})
    }

    /// What is left to be settled, in order.
    #[must_use]
    pub fn finish(self, region: &Region) -> Vec<Settled> {
        let first = self.n_taken - self.entries.len() as u64;
        let choices = self.choices().into_iter().enumerate();
        let matched = choices.map(|(entry, choice)| {
            choice.and_then(|candidate| self.candidate(region, entry, candidate))
        });
        (first..).zip(matched).collect()
    }

    fn candidate(&self, region: &Region, entry: usize, candidate: usize) -> Option<Matched> {
        let candidate = self.entries.get(entry)?.candidates.get(candidate)?;
        Some(region.matched(candidate))
    }

    fn push(&mut self, region: &Region, fix: Fix) -> Option<Matched> {
        self.n_taken += 1;
        let mut candidates = self.candidates(region, &fix);
        // Newest first, with how many entries back they will be.
        let known = self.entries.iter().rev().zip(1..);
        let mut known = known.filter(|(entry, _)| !entry.candidates.is_empty());
        let (last, before_last) = (known.next(), known.next());
        let mut doubt = 0.0;
        if let Some((last, back)) = last.filter(|_| !candidates.is_empty()) {
            let emitted: Vec<f64> = candidates.iter().map(|c| c.score).collect();
            for (candidate, &emitted) in candidates.iter_mut().zip(&emitted) {
                candidate.score = f64::NEG_INFINITY;
                self.lead(region, (last, back), (candidate, &fix), emitted);
            }
            let gain = best_score(&candidates) - best_score(&last.candidates);
            if gain < LEAVE_OUT {
                doubt = (gain - LEAVE_OUT).max(-700.0);
                if let Some(from) = before_last {
                    for (candidate, &emitted) in candidates.iter_mut().zip(&emitted) {
                        self.lead(region, from, (candidate, &fix), emitted + LEAVE_OUT);
                    }
                }
            }
            let is_reached = best_score(&candidates) > f64::NEG_INFINITY;
            if is_reached {
                candidates.retain(|candidate| candidate.score > f64::NEG_INFINITY);
                self.n_lost = 0;
            } else if self.n_lost < LOST_MAX {
                self.n_lost += 1;
                candidates.clear();
            } else {
                // Somewhere else altogether: a new beginning.
                self.n_lost = 0;
                for (candidate, emitted) in candidates.iter_mut().zip(emitted) {
                    candidate.score = emitted;
                }
            }
        }
        rate(&mut candidates, doubt);
        self.entries.push_back(Entry { fix, candidates });
        self.keep_in_range();
        let newest = self.entries.len() - 1;
        let best = best_candidate(&self.entries.back()?.candidates)?;
        self.candidate(region, newest, best)
    }

    /// Places near a position, with the likelihood of being seen there.
    fn candidates(&self, region: &Region, fix: &Fix) -> Vec<Candidate> {
        let noise_m = self.options.noise_m;
        let mut candidates: Vec<Candidate> = Vec::new();
        for place in region.nearby(fix.point, 4.0 * noise_m) {
            for heading in region.open_headings(place.road) {
                let off = fix.heading_deg.filter(|deg| deg.is_finite()).map_or(0.0, |deg| {
                    let bearing = region.bearing_at(place.road, heading, place.along_mm);
                    square_law(turned(bearing, deg) / HEADING_SIGMA_DEG).max(HEADING_MIN)
                });
                candidates.push(Candidate {
                    course: course(place.road, heading),
                    along_mm: place.along_mm,
                    distance_m: place.distance_m,
                    score: square_law(place.distance_m / noise_m) + off,
                    before: None,
                    confidence: 0.0,
                });
            }
        }
        candidates.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.course.cmp(&b.course)));
        candidates.truncate(CANDIDATES_MAX);
        candidates
    }

    /// Lets the likeliest way from the candidates of an earlier entry lead to a candidate, if likelier than what did so far.
    fn lead(
        &self,
        region: &Region,
        (entry, back): (&Entry, usize),
        (candidate, fix): (&mut Candidate, &Fix),
        emitted: f64,
    ) {
        for (idx, from) in entry.candidates.iter().enumerate() {
            // Most steps cannot be better than what is known, whatever the way.
            if from.score + emitted <= candidate.score {
                continue;
            }
            let score =
                from.score + emitted + self.step(region, (from, &entry.fix), (candidate, fix));
            if score > candidate.score {
                candidate.score = score;
                candidate.before = Some((back, idx));
            }
        }
    }

    /// Logarithm of the likelihood of a step.
    fn step(
        &self,
        region: &Region,
        (from, from_fix): (&Candidate, &Fix),
        (to, to_fix): (&Candidate, &Fix),
    ) -> f64 {
        let straight_m = from_fix.point.distance_m(to_fix.point);
        let between = from_fix.at.zip(to_fix.at).map(|(a, b)| b.since(a).as_secs_f64());
        let (a, b) = ((from.course, from.along_mm), (to.course, to.along_mm));
        let noise_m = self.options.noise_m;
        let scale_m = noise_m + 0.1 * straight_m;
        // Without times: at a walking pace, and some.
        let longest_s = between.map_or(straight_m / 3.0 + 60.0, |s| 2.0 * s + 30.0);
        let rate = |way: Way| -> f64 {
            let apart_m = (f64::from(way.mm) / 1000.0 - straight_m).abs();
            let driven_s = f64::from(way.ms) / 1000.0;
            let early_s =
                between.map_or(0.0, |s| (driven_s - (1.2 * s + 3.0)).max(0.0) / (3.0 + 0.1 * s));
            let turning = if way.turns_round { TURN_ROUND } else { 0.0 };
            turning - apart_m / scale_m - early_s
        };
        let in_time = |a: (u32, u32), b: (u32, u32)| {
            let is_beside = a.0 == b.0 && is_ahead(a.0, a.1, b.1);
            is_beside || f64::from(region.directed_ms(a, b)) / 1000.0 <= longest_s
        };
        let way = |a, b| in_time(a, b).then(|| region.directed_way(a, b)).flatten();
        let ahead = way(a, b).map_or(f64::NEG_INFINITY, rate);
        // Within the noise, a step back is no step at all.
        let is_near = straight_m < 6.0 * noise_m;
        let standing = is_near.then(|| region_back(region, b, a, 6.0 * noise_m)).flatten();
        let standing = standing
            .map_or(f64::NEG_INFINITY, |back_m| -straight_m / scale_m - 0.5 * back_m / noise_m);
        let is_two_way = region.open_headings(a.0 / 2).count() == 2;
        let reversed = (a.0 ^ 1, a.1);
        let turned = if is_two_way && TURN_ROUND > ahead.max(standing) {
            way(reversed, b).map_or(f64::NEG_INFINITY, |way| rate(way) + TURN_ROUND)
        } else {
            f64::NEG_INFINITY
        };
        ahead.max(standing).max(turned)
    }

    /// The candidate of each entry on the likeliest way; `None` where the vehicle is on no road or the entry is left out.
    fn choices(&self) -> Vec<Option<usize>> {
        let mut choices = vec![None; self.entries.len()];
        let mut entry = self.entries.len();
        let mut wanted = None;
        while entry > 0 {
            entry -= 1;
            let candidates = &self.entries[entry].candidates;
            let choice = match wanted {
                // On the way from a later entry.
                Some((at, idx)) if at == entry => Some(idx),
                Some(_) => continue,
                None => best_candidate(candidates),
            };
            choices[entry] = choice;
            let before = choice.and_then(|idx| candidates.get(idx)?.before);
            wanted = before.and_then(|(back, idx)| Some((entry.checked_sub(back)?, idx)));
            if before.is_some() && wanted.is_none() {
                break;
            }
        }
        choices
    }

    /// Scores only ever fall: bring them back before they lose digits.
    fn keep_in_range(&mut self) {
        let best = self.entries.back().map_or(0.0, |entry| best_score(&entry.candidates));
        if (-1e15..-1e6).contains(&best) {
            for candidate in self.entries.iter_mut().flat_map(|entry| &mut entry.candidates) {
                candidate.score -= best;
            }
        }
    }
}

/// Metres from `b` on to `a` if that is at most `most_m`.
fn region_back(region: &Region, b: (u32, u32), a: (u32, u32), most_m: f64) -> Option<f64> {
    let way = region.directed_way(b, a).filter(|way| !way.turns_round)?;
    Some(f64::from(way.mm) / 1000.0).filter(|&m| m <= most_m)
}

/// Sets the confidence of candidates from their scores; `doubt` is the logarithm of a factor.
fn rate(candidates: &mut [Candidate], doubt: f64) {
    let best = best_score(candidates);
    let sum: f64 = candidates.iter().map(|candidate| (candidate.score - best).exp()).sum();
    for candidate in candidates {
        candidate.confidence = (candidate.score - best + doubt).exp() / sum;
    }
}

fn best_score(candidates: &[Candidate]) -> f64 {
    candidates.iter().map(|candidate| candidate.score).fold(f64::NEG_INFINITY, f64::max)
}

/// Of equally likely ones the first.
fn best_candidate(candidates: &[Candidate]) -> Option<usize> {
    let best = best_score(candidates);
    candidates.iter().position(|candidate| candidate.score >= best)
}

/// Logarithm of the normal density, without its constant.
fn square_law(deviations: f64) -> f64 {
    -0.5 * deviations * deviations
}

fn along(course: u32, along_mm: u32) -> Location {
    Location::Along { road: RoadId::new(course / 2), along_mm }
}

fn is_on(drive: Option<Drive>, on: u32) -> bool {
    drive.is_some_and(|drive| course(drive.road, drive.heading) == on)
}

fn is_ahead(course: u32, from_mm: u32, to_mm: u32) -> bool {
    match heading_of(course) {
        Heading::Forward => from_mm <= to_mm,
        Heading::Backward => to_mm <= from_mm,
    }
}
