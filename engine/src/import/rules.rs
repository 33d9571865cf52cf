//! What the profile makes of one element: may we use it, in which directions, how fast, and what holds us up.
//!
//! Pure functions from tags to a decision; every refusal has a reason that the report counts. The rules follow the
//! OpenStreetMap wiki ("Key:access", "Key:maxspeed", "Key:barrier", "Tag:highway=stop") and, where it leaves a choice,
//! what OSRM's and GraphHopper's car profiles agree on. Access is in [`super::access`], speed in [`super::speed`].

use super::access::{Along, Gate};
use super::map::Tags;
use super::profile::{FerryRules, Profile, RoadClass};
use super::speed::{Speed, duration_s};

/// How a way is driven.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Carriage {
    pub(super) class: RoadClass,
    /// Speed along the way, `None` if that is not allowed.
    pub(super) forward: Option<Speed>,
    /// Speed against the way.
    pub(super) backward: Option<Speed>,
    /// Whether trips may only begin and end here.
    pub(super) end_only: bool,
    /// A field track, which is only driven where there is no other way.
    pub(super) track: bool,
    /// True length, where the map states it.
    pub(super) length_m: Option<f64>,
    /// Time for the whole way regardless of its length.
    pub(super) duration_s: Option<f64>,
    /// Waiting time, once for the whole way.
    pub(super) wait_s: f64,
}

/// Why a way is not driven.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum WayRefusal {
    /// Its class is not one that we drive.
    Class,
    /// An access tag closes it.
    Access,
    /// `area=yes`.
    Area,
    /// A kind of service road that is left out.
    Service,
    /// Its surface does not bear cars.
    Surface,
    /// A bound on height, width, length or weight is less than the vehicle's.
    Size,
    /// A field track that leads to nothing that other roads do not reach.
    Track,
    /// A ferry that takes no cars, or ferries are switched off.
    Ferry,
    /// `oneway=reversible`: nobody knows which way.
    Reversible,
    /// Fewer than two of its nodes are in the map.
    Incomplete,
}

impl WayRefusal {
    /// The reason in a word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Class => "class",
            Self::Access => "access",
            Self::Area => "area",
            Self::Service => "service",
            Self::Surface => "surface",
            Self::Size => "size",
            Self::Track => "track",
            Self::Ferry => "ferry",
            Self::Reversible => "reversible",
            Self::Incomplete => "incomplete",
        }
    }
}

/// What a barrier does to those who pass it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Passage {
    /// Nothing, or a delay in milliseconds.
    Free { delay_ms: f64 },
    /// Only trips that begin or end behind it may pass.
    EndOnly { delay_ms: f64 },
    /// Nobody may pass.
    Blocked,
}

/// Whom a delay at a node concerns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Towards {
    /// All.
    All,
    /// Those who drive along the way, or against it.
    Way(Along),
    /// Those who come to the nearest junction: a sign whose side was not mapped.
    Junction,
}

/// Time lost at a node.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Delay {
    pub(super) ms: f64,
    pub(super) towards: Towards,
    /// A sign or light that says who goes first.
    pub(super) rules_junction: bool,
}

/// Milliseconds, whole tenths of a second.
pub(super) fn tenths_ms(seconds: f64) -> f64 {
    (seconds * 10.0).round() * 100.0
}

impl Profile {
    /// How the way with these tags is driven.
    pub(super) fn carriage(&self, tags: &Tags) -> Result<Carriage, WayRefusal> {
        match (tags.get("highway"), tags.get("route")) {
            (None, Some("ferry")) => return self.ferry_carriage(tags, &self.ferry),
            (None, Some("shuttle_train")) => return self.ferry_carriage(tags, &self.shuttle),
            _ => {}
        }
        let class = tags
            .get("highway")
            .and_then(RoadClass::from_tag)
            .filter(|&class| class != RoadClass::Ferry)
            .ok_or(WayRefusal::Class)?;
        let posted = self.speeds.get(class.as_str()).copied().filter(|&kmh| kmh > 0.0);
        let track = posted.is_none() && class == RoadClass::Track && self.tracks.enabled;
        let default = posted.or(track.then_some(self.tracks.speed)).ok_or(WayRefusal::Class)?;
        if tags.is("area", "yes") {
            return Err(WayRefusal::Area);
        }
        let service = tags.get("service");
        let is_service = |kinds: &[String]| service.is_some_and(|s| kinds.iter().any(|k| k == s));
        if is_service(&self.access.service_closed) {
            return Err(WayRefusal::Service);
        }
        let grade = tags.get("tracktype").unwrap_or("none");
        if track && !self.tracks.grades.iter().any(|g| g == grade) {
            return Err(WayRefusal::Surface);
        }
        let gates = self.directions(tags, class)?;
        if !self.fits(tags) {
            return Err(WayRefusal::Size);
        }
        let speeds = (default, self.condition_cap(tags)?);
        let speed = |gate: Gate, along| {
            (gate != Gate::Closed).then(|| self.speed(tags, class, along, speeds))
        };
        let is_public = self.gate(tags, None) == Some(Gate::Open);
        Ok(Carriage {
            class,
            forward: speed(gates[0], Along::Forward),
            backward: speed(gates[1], Along::Backward),
            end_only: gates.contains(&Gate::EndOnly)
                || (is_service(&self.access.service_end_only) && !is_public),
            track,
            length_m: self.true_length(tags),
            duration_s: None,
            wait_s: 0.0,
        })
    }

    fn ferry_carriage(&self, tags: &Tags, rules: &FerryRules) -> Result<Carriage, WayRefusal> {
        let for_others = tags.get("foot").is_some() || tags.get("bicycle").is_some();
        // A boat that says who may come aboard and does not mention cars takes none.
        let gate = self.gate(tags, None).unwrap_or(match for_others {
            true => Gate::Closed,
            false => Gate::Open,
        });
        if !rules.enabled || gate == Gate::Closed {
            return Err(WayRefusal::Ferry);
        }
        if !self.fits(tags) {
            return Err(WayRefusal::Size);
        }
        let gates = self.directions(tags, RoadClass::Ferry)?;
        let speed = Speed { kmh: rules.speed, village_kmh: rules.speed };
        let open = |gate: Gate| (gate != Gate::Closed).then_some(speed);
        Ok(Carriage {
            class: RoadClass::Ferry,
            forward: open(gates[0]),
            backward: open(gates[1]),
            end_only: false,
            track: false,
            length_m: self.true_length(tags),
            duration_s: tags.get("duration").and_then(duration_s),
            wait_s: rules.wait_s,
        })
    }

    fn true_length(&self, tags: &Tags) -> Option<f64> {
        if self.length_tag.is_empty() {
            return None;
        }
        let length: f64 = tags.get(&self.length_tag)?.trim().parse().ok()?;
        (length > 0.0 && length < 1e6).then_some(length)
    }

    /// What a barrier on the node with these tags does.
    pub(super) fn passage(&self, tags: &Tags) -> Passage {
        let Some(kind) = tags.get("barrier") else {
            return Passage::Free { delay_ms: 0.0 };
        };
        let is_blocking =
            self.barriers.blocking.iter().any(|b| b == kind) || tags.is("locked", "yes");
        let gate = self.gate(tags, None).unwrap_or(match is_blocking {
            true => Gate::Closed,
            false => Gate::Open,
        });
        let delay_ms = self.barriers.delay_s.get(kind).map_or(0.0, |&s| tenths_ms(s));
        match gate {
            _ if !self.fits(tags) => Passage::Blocked,
            Gate::Closed => Passage::Blocked,
            Gate::EndOnly => Passage::EndOnly { delay_ms },
            Gate::Open => Passage::Free { delay_ms },
        }
    }

    /// The time lost at the node with these tags by a light, a sign or a crossing.
    pub(super) fn delay(&self, tags: &Tags) -> Option<Delay> {
        let delays = &self.delays;
        let lights = tags.is("crossing", "traffic_signals") || tags.is("crossing:signals", "yes");
        let (seconds, rules_junction, is_sign) = match tags.get("highway") {
            Some("traffic_signals") => (delays.traffic_signals, true, true),
            Some("stop") => (delays.stop, true, true),
            Some("give_way") => (delays.give_way, true, true),
            Some("mini_roundabout") => (delays.mini_roundabout, true, false),
            Some("crossing") if lights => (delays.crossing_signals, false, false),
            Some("crossing") => (delays.crossing, false, false),
            _ if tags.is("railway", "level_crossing") => (delays.level_crossing, false, false),
            _ => return None,
        };
        let side = tags.get("traffic_signals:direction").or_else(|| tags.get("direction"));
        let towards = match side {
            Some("forward") => Towards::Way(Along::Forward),
            Some("backward") => Towards::Way(Along::Backward),
            Some("both") => Towards::All,
            _ if tags.is("stop", "all") || !is_sign => Towards::All,
            _ => Towards::Junction,
        };
        Some(Delay { ms: tenths_ms(seconds), towards, rules_junction })
    }
}
