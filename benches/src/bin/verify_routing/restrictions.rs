//! Turn restrictions as they stand in the map, held against the shape of a path, node by node.
//!
//! Shares nothing with the import but the decoded elements: nodes of a path are found by their coordinates. Looked at are
//! restrictions for cars at all times whose members are complete and whose ways end at the junction; others are not.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use sharxi_engine::geo::LatLon;
use sharxi_engine::import::map::{MapData, MapRelation, Member, MemberKind, Tags};

/// Most specific first.
const KEYS: [&str; 4] =
    ["restriction:motorcar", "restriction:motor_vehicle", "restriction:vehicle", "restriction"];
const MODES: [&str; 3] = ["motorcar", "motor_vehicle", "vehicle"];

/// One restriction: who has come along `before` may not go on to (or may only go on to) one of `after`.
struct Rule {
    relation: i64,
    before: Vec<i64>,
    after: BTreeSet<i64>,
    is_only: bool,
}

/// What was seen on all paths.
#[derive(Default)]
pub(crate) struct Seen {
    /// Relations whose `from` and `via` were driven.
    pub(crate) met: BTreeSet<i64>,
    /// How often that was so.
    pub(crate) n_met: usize,
    /// Relations that were not obeyed.
    pub(crate) broken: BTreeSet<i64>,
}

/// All restrictions of a map.
pub(crate) struct Restrictions {
    rules: Vec<Rule>,
    /// Rules by the last node before the turn.
    at: BTreeMap<i64, Vec<usize>>,
    node_at: HashMap<(i32, i32), i64>,
}

impl Restrictions {
    pub(crate) fn of(map: &MapData) -> Self {
        let refs: HashMap<i64, &[i64]> =
            map.ways().iter().map(|way| (way.id, way.refs.as_slice())).collect();
        let rules: Vec<Rule> =
            map.restrictions().iter().flat_map(|relation| rules(relation, &refs)).collect();
        let mut at: BTreeMap<i64, Vec<usize>> = BTreeMap::new();
        for (idx, rule) in rules.iter().enumerate() {
            if let Some(&via) = rule.before.last() {
                at.entry(via).or_default().push(idx);
            }
        }
        // Of nodes on one spot the one with a rule counts.
        let mut node_at = HashMap::new();
        for node in map.nodes() {
            let spot = (node.point.lat_e7(), node.point.lon_e7());
            let known = node_at.entry(spot).or_insert(node.id);
            if at.contains_key(&node.id) {
                *known = node.id;
            }
        }
        Self { rules, at, node_at }
    }

    /// Relations that are looked at.
    pub(crate) fn n(&self) -> usize {
        self.rules.iter().map(|rule| rule.relation).collect::<BTreeSet<_>>().len()
    }

    /// Looks at every turn of a path.
    pub(crate) fn check(&self, shape: impl Iterator<Item = LatLon>, seen: &mut Seen) {
        let spots = shape.filter_map(|point| self.node_at.get(&(point.lat_e7(), point.lon_e7())));
        let mut nodes: Vec<i64> = spots.copied().collect();
        nodes.dedup();
        for (idx, node) in nodes.iter().enumerate() {
            let (driven, Some(next)) = (&nodes[..=idx], nodes.get(idx + 1)) else { continue };
            for &rule in self.at.get(node).into_iter().flatten() {
                let rule = &self.rules[rule];
                if driven.ends_with(&rule.before) {
                    seen.met.insert(rule.relation);
                    seen.n_met += 1;
                    if rule.after.contains(next) != rule.is_only {
                        seen.broken.insert(rule.relation);
                    }
                }
            }
        }
    }
}

/// What a relation says about cars.
fn rules(relation: &MapRelation, refs: &HashMap<i64, &[i64]>) -> Vec<Rule> {
    let Some(is_only) = kind(&relation.tags) else { return Vec::new() };
    let with_role = |role: &'static str| relation.members.iter().filter(move |m| &*m.role == role);
    let ways = |role: &'static str| -> Option<Vec<&[i64]>> {
        with_role(role)
            .map(|m| (m.kind == MemberKind::Way).then(|| refs.get(&m.id).copied())?)
            .collect()
    };
    let (Some(from), Some(to)) = (ways("from"), ways("to")) else { return Vec::new() };
    let via: Vec<&Member> = with_role("via").collect();
    let chains: Vec<Vec<i64>> = match via.as_slice() {
        [node] if node.kind == MemberKind::Node => vec![vec![node.id]],
        [way] if way.kind == MemberKind::Way => {
            let Some(way) = refs.get(&way.id) else { return Vec::new() };
            vec![way.to_vec(), way.iter().rev().copied().collect()]
        }
        _ => return Vec::new(),
    };
    let mut rules = Vec::new();
    for chain in chains {
        let (Some(&first), Some(&last)) = (chain.first(), chain.last()) else { continue };
        let beside = |ways: &[&[i64]], end| -> Option<BTreeSet<i64>> {
            ways.iter().map(|way| next_to(way, end)).collect()
        };
        // One member that does not end there, and nobody knows what was meant.
        let (Some(before), Some(after)) = (beside(&from, first), beside(&to, last)) else {
            continue;
        };
        for before in before {
            let before = std::iter::once(before).chain(chain.iter().copied()).collect();
            // Without a `to` nobody can tell what is asked for.
            if after.is_empty() {
                continue;
            }
            let (relation, after) = (relation.id, after.clone());
            rules.push(Rule { relation, before, after, is_only });
        }
    }
    rules
}

/// Whether it is an `only_`; `None` if it does not bind cars at all times.
fn kind(tags: &Tags) -> Option<bool> {
    let value = KEYS.iter().find_map(|key| tags.get(key))?;
    let except = tags.get("except").unwrap_or("");
    let is_free = except.split(';').any(|mode| MODES.contains(&mode.trim()));
    if is_free || !tags.is("type", "restriction") {
        return None;
    }
    if value.starts_with("only_") { Some(true) } else { value.starts_with("no_").then_some(false) }
}

/// The node beside the end of a way; `None` if the way does not end there, or at both ends.
fn next_to(way: &[i64], end: i64) -> Option<i64> {
    match *way {
        [first, second, .., last] if first == end && last != end => Some(second),
        [first, .., second, last] if last == end && first != end => Some(second),
        [first, last] if first == end => Some(last),
        [first, last] if last == end => Some(first),
        _ => None,
    }
}
