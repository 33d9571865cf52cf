//! Turn restrictions as mapped become forbidden sequences of courses.
//!
//! `no_*` forbids the sequence from, via ..., to. `only_*` forbids at every junction of the sequence all courses but the
//! next one. Members that do not join, or join in more than one way, are left out and counted, never guessed. Source:
//! OpenStreetMap wiki, "Relation:restriction".

use petgraph::graph::NodeIndex;

use super::build::Built;
use super::map::{MapData, MapRelation, MemberKind};
use super::profile::Profile;
use super::report::{Element, ImportReport, RestrictionRefusal};
use crate::graph::expand::Forbidden;
use crate::graph::network::{Course, Network};

/// Via ways of one restriction; real ones have one or two.
const VIA_WAYS_MAX: usize = 8;
/// Courses of one restriction.
const COURSES_MAX: usize = 64;
/// Stretches of one of its ways; a way has at most 2,000 nodes.
const WAY_EDGES_MAX: u32 = 2_000;
/// Stretches that meet where a restriction applies; real junctions have less than ten.
const JUNCTION_EDGES_MAX: usize = 64;

/// What a restriction asks for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Demand {
    No,
    Only,
}

/// The members of a restriction, checked for number.
struct Parts {
    from: Vec<i64>,
    via_node: Option<i64>,
    via_ways: Vec<i64>,
    to: Vec<i64>,
}

/// The forbidden sequences of a map and the junctions that they need.
pub(super) struct Turns {
    pub(super) forbidden: Vec<Forbidden>,
    pub(super) pinned: Vec<bool>,
}

/// Resolves all restrictions of a map.
pub(super) fn resolve(
    map: &MapData,
    built: &Built,
    alive: &[bool],
    profile: &Profile,
    report: &mut ImportReport,
) -> Turns {
    let resolver = Resolver { map, built, alive };
    let mut turns =
        Turns { forbidden: Vec::new(), pinned: vec![false; built.network.node_count()] };
    for relation in map.restrictions() {
        report.restrictions += 1;
        match resolver.sequences(relation, profile) {
            Ok((rule, sequences)) => {
                report.restrictions_used += 1;
                report.restrictions_conditional += usize::from(rule.is_conditional);
                for sequence in sequences {
                    turns.pin(&built.network, &sequence);
                    match rule.demand {
                        Demand::No => turns.forbidden.push(sequence),
                        Demand::Only => turns.forbidden.extend(resolver.all_but(&sequence)),
                    }
                }
            }
            Err(reason) => {
                *report.restrictions_refused.entry(reason).or_default() += 1;
                let via = relation.members.iter().find(|m| m.kind == MemberKind::Node);
                let node = via.and_then(|member| map.node_idx(member.id));
                let point = node.map(|node| map.nodes()[node].point);
                report.drop(Element::Relation, relation.id, reason.as_str(), point);
            }
        }
    }
    turns
}

impl Turns {
    fn pin(&mut self, network: &Network, sequence: &[Course]) {
        let (_, leading) = sequence.split_last().unwrap_or((&sequence[0], &[]));
        for (_, head) in leading.iter().filter_map(|course| course.ends(network)) {
            self.pinned[head.index()] = true;
        }
    }
}

/// What a restriction demands of our kind of traffic.
struct Rule<'a> {
    demand: Demand,
    /// Whether it speaks of turning round.
    u_turn: bool,
    value: &'a str,
    /// Whether a condition decided it.
    is_conditional: bool,
}

/// The rule in force. Tags for our kinds go before the general one, and a condition that holds before what it is an exception to.
fn rule<'a>(relation: &'a MapRelation, profile: &Profile) -> Result<Rule<'a>, RestrictionRefusal> {
    let tags = &relation.tags;
    let is_ours = |mode: &str| profile.access.modes.iter().any(|m| m == mode);
    let kind = tags.get("type").unwrap_or_default();
    if kind.split_once(':').is_some_and(|(_, mode)| !is_ours(mode)) {
        return Err(RestrictionRefusal::OtherTraffic);
    }
    let of_modes = profile.access.modes.iter().map(|mode| format!("restriction:{mode}"));
    let mut keys = of_modes.chain(["restriction".to_owned()]);
    let found = keys.find_map(|key| {
        let conditional = tags.get(&format!("{key}:conditional"));
        let held = conditional.and_then(|tag| profile.in_force(tag));
        held.map(|value| (value, true)).or_else(|| tags.get(&key).map(|value| (value, false)))
    });
    let Some((value, is_conditional)) = found else {
        let conditional = tags.iter().any(|(key, _)| key.ends_with(":conditional"));
        let other = tags.iter().any(|(key, _)| key.starts_with("restriction:"));
        return Err(match (conditional, other) {
            (true, _) => RestrictionRefusal::Conditional,
            (false, true) => RestrictionRefusal::OtherTraffic,
            (false, false) => RestrictionRefusal::UnknownKind,
        });
    };
    if tags.get("except").is_some_and(|list| list.split(';').any(|mode| is_ours(mode.trim()))) {
        return Err(RestrictionRefusal::OtherTraffic);
    }
    let hours = tags.get("hour_on").zip(tags.get("hour_off"));
    if hours.is_some_and(|(on, off)| profile.in_force(&format!("{value}@({on}-{off})")).is_none()) {
        return Err(RestrictionRefusal::Conditional);
    }
    let demand = match value {
        "no_left_turn" | "no_right_turn" | "no_straight_on" | "no_entry" | "no_exit"
        | "no_u_turn" => Demand::No,
        "only_left_turn" | "only_right_turn" | "only_straight_on" | "only_u_turn" => Demand::Only,
        "none" if is_conditional => return Err(RestrictionRefusal::Conditional),
        _ => return Err(RestrictionRefusal::UnknownKind),
    };
    let u_turn = value.ends_with("_u_turn");
    Ok(Rule { demand, u_turn, value, is_conditional })
}

fn parts(relation: &MapRelation, rule: &Rule<'_>) -> Result<Parts, RestrictionRefusal> {
    let ids = |role: &str, kind: MemberKind| -> Vec<i64> {
        let members = relation.members.iter();
        members.filter(|m| &*m.role == role && m.kind == kind).map(|m| m.id).collect()
    };
    let parts = Parts {
        from: ids("from", MemberKind::Way),
        via_node: ids("via", MemberKind::Node).first().copied(),
        via_ways: ids("via", MemberKind::Way),
        to: ids("to", MemberKind::Way),
    };
    let n_via_nodes = ids("via", MemberKind::Node).len();
    let via_ok = match n_via_nodes {
        0 => (1..=VIA_WAYS_MAX).contains(&parts.via_ways.len()),
        1 => parts.via_ways.is_empty(),
        _ => false,
    };
    // `no_entry` may have several from, `no_exit` several to; nothing else may have several of either.
    let one_or = |many: bool, n: usize| n == 1 || (many && (1..=VIA_WAYS_MAX).contains(&n));
    let from_ok = one_or(rule.value == "no_entry", parts.from.len());
    let to_ok = one_or(rule.value == "no_exit", parts.to.len());
    if via_ok && from_ok && to_ok { Ok(parts) } else { Err(RestrictionRefusal::Members) }
}

/// Courses in order, and the junction where they end.
type Walk = (Vec<Course>, NodeIndex<u32>);

struct Resolver<'a> {
    map: &'a MapData,
    built: &'a Built,
    alive: &'a [bool],
}

impl Resolver<'_> {
    /// The sequences that a restriction speaks of.
    fn sequences<'r>(
        &self,
        relation: &'r MapRelation,
        profile: &Profile,
    ) -> Result<(Rule<'r>, Vec<Forbidden>), RestrictionRefusal> {
        let rule = rule(relation, profile)?;
        let parts = parts(relation, &rule)?;
        let (mut all, mut refusal) = (Vec::new(), None);
        for &from in &parts.from {
            for &to in &parts.to {
                match self.sequence(from, to, &parts, &rule) {
                    Ok(sequences) => all.extend(sequences),
                    Err(reason) => refusal = Some(reason),
                }
            }
        }
        // Of many members some may lie where nobody drives; the others hold.
        if let (true, Some(reason)) = (all.is_empty(), refusal) {
            return Err(reason);
        }
        if all.iter().any(|sequence| sequence.len() > COURSES_MAX || self.is_crowded(sequence)) {
            return Err(RestrictionRefusal::Members);
        }
        Ok((rule, all))
    }

    /// Whether more stretches meet along a sequence than at any real junction: the work is their number squared.
    fn is_crowded(&self, sequence: &[Course]) -> bool {
        let network = &self.built.network;
        let heads = sequence.iter().filter_map(|course| course.ends(network));
        heads
            .map(|(_, head)| network.edges(head).take(JUNCTION_EDGES_MAX + 1).count())
            .any(|n_edges| n_edges > JUNCTION_EDGES_MAX)
    }

    fn sequence(
        &self,
        from: i64,
        to: i64,
        parts: &Parts,
        rule: &Rule<'_>,
    ) -> Result<Vec<Forbidden>, RestrictionRefusal> {
        let via = match parts.via_node {
            Some(id) => Some(self.junction(id).ok_or(RestrictionRefusal::Broken)?),
            None => None,
        };
        let (from_edges, to_edges) = (self.edges(from)?, self.edges(to)?);
        let mut found = Vec::new();
        for first in both_ways(from_edges) {
            let Some((_, head)) = first.ends(&self.built.network) else { continue };
            if via.is_some_and(|via| via != head) {
                continue;
            }
            let Some((middle, end)) = self.walk_via(head, &parts.via_ways)? else { continue };
            for last in both_ways(to_edges.clone()) {
                let starts_there =
                    last.ends(&self.built.network).is_some_and(|(tail, _)| tail == end);
                let turns_round = last == first.reverse();
                let meant = via.is_none() || from != to || turns_round == rule.u_turn;
                if starts_there && meant {
                    let mut sequence = vec![first];
                    sequence.extend(&middle);
                    sequence.push(last);
                    found.push(sequence);
                }
            }
        }
        self.settle(found, from == to && rule.u_turn && rule.demand == Demand::No)
    }

    /// Keeps what can be driven and refuses what is not clear.
    fn settle(
        &self,
        found: Vec<Forbidden>,
        many_allowed: bool,
    ) -> Result<Vec<Forbidden>, RestrictionRefusal> {
        if found.is_empty() {
            return Err(RestrictionRefusal::Broken);
        }
        let network = &self.built.network;
        let is_driven = |course: &Course| {
            course.is_open(network)
                && course.ends(network).is_some_and(|(tail, head)| {
                    self.alive[tail.index()] && self.alive[head.index()]
                })
        };
        let driven: Vec<Forbidden> =
            found.into_iter().filter(|sequence| sequence.iter().all(is_driven)).collect();
        match driven.len() {
            0 => Err(RestrictionRefusal::NotDriven),
            1 => Ok(driven),
            _ if many_allowed => Ok(driven),
            _ => Err(RestrictionRefusal::Ambiguous),
        }
    }

    /// The courses along the via ways from a junction, and where they end.
    fn walk_via(
        &self,
        start: NodeIndex<u32>,
        ways: &[i64],
    ) -> Result<Option<Walk>, RestrictionRefusal> {
        let (mut at, mut courses) = (start, Vec::new());
        for &way in ways {
            let edges = self.edges(way)?;
            let along: Vec<Course> =
                edges.clone().map(|edge| Course::new(edge.into(), true)).collect();
            let against: Vec<Course> = along.iter().rev().map(|course| course.reverse()).collect();
            let network = &self.built.network;
            let begins_here = |line: &&Vec<Course>| {
                line.first().and_then(|c| c.ends(network)).is_some_and(|(tail, _)| tail == at)
            };
            let Some(line) = [&along, &against].into_iter().find(begins_here) else {
                return Ok(None);
            };
            let Some((_, head)) = line.last().and_then(|c| c.ends(network)) else {
                return Ok(None);
            };
            at = head;
            courses.extend(line);
        }
        Ok(Some((courses, at)))
    }

    fn junction(&self, id: i64) -> Option<NodeIndex<u32>> {
        *self.built.junction_of.get(self.map.node_idx(id)?)?
    }

    /// The edges of a way.
    fn edges(&self, id: i64) -> Result<std::ops::Range<u32>, RestrictionRefusal> {
        let way = self.map.ways().binary_search_by_key(&id, |way| way.id);
        let way = way.map_err(|_missing| RestrictionRefusal::Broken)?;
        let edge = |idx: usize| self.built.first_edge.get(idx).map(|&e| crate::graph::num::row(e));
        match (edge(way), edge(way + 1)) {
            (Some(first), Some(end)) if first < end && end - first <= WAY_EDGES_MAX => {
                Ok(first..end)
            }
            _ => Err(RestrictionRefusal::NotDriven),
        }
    }

    /// For a mandatory sequence, all sequences that leave it at some junction.
    fn all_but(&self, sequence: &[Course]) -> Vec<Forbidden> {
        let network = &self.built.network;
        let mut forbidden = Vec::new();
        for len in 1..sequence.len() {
            let Some((_, at)) = sequence[len - 1].ends(network) else { continue };
            let edges = network.edges(at).map(|edge| petgraph::visit::EdgeRef::id(&edge));
            for next in edges.flat_map(|e| [Course::new(e, true), Course::new(e, false)]) {
                let starts_here = next.ends(network).is_some_and(|(tail, _)| tail == at);
                if starts_here && next.is_open(network) && next != sequence[len] {
                    forbidden.push(sequence[..len].iter().copied().chain([next]).collect());
                }
            }
        }
        forbidden
    }
}

fn both_ways(edges: std::ops::Range<u32>) -> impl Iterator<Item = Course> {
    edges.flat_map(|edge| [Course::new(edge.into(), true), Course::new(edge.into(), false)])
}
