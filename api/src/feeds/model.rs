//! What feeds say of the service itself, and the way to what is true just now.

use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use sharxi_engine::demand::request::Party;
use sharxi_engine::geo::LatLon;
use sharxi_engine::oracle::Location;
use tokio::sync::Mutex;

use super::config::{FeedsConfig, FeedsError};
use super::live::Live;
use super::waits::Grid;
use super::zones::{self, Zone};
use crate::desk::Question;
use crate::inputs::CoreHandle;
use crate::limits::SNAP_MAX_M;
use crate::map::Map;
use crate::quotes::{Quote, Wondered};
use crate::spots::inhabited;
use crate::wire::error::{Code, WireError};
use crate::wire::time;

/// How old what is told may be.
const FRESH: Duration = Duration::from_secs(1);

/// The one source of all feeds.
pub struct Feeds {
    /// Where the service is seen from outside, without a slash at the end.
    pub public_url: String,
    /// What the service is called.
    pub name: String,
    /// The language of texts.
    pub language: String,
    /// The name of the time zone.
    pub time_zone: String,
    /// What the configuration says.
    pub config: FeedsConfig,
    /// Where rides begin and end.
    pub zones: Vec<Zone>,
    /// The cells of open data.
    pub grid: Grid,
    zone: TimeZone,
    map: Arc<dyn Map>,
    /// Inhabited places, the heaviest first.
    places: Vec<(LatLon, Location)>,
    core: CoreHandle,
    live: Mutex<Option<(Instant, Arc<Live>)>>,
}

/// What a ride would be like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Estimate {
    /// Until the vehicle stands ready, in seconds, rounded up.
    pub wait_s: u64,
    /// On board, in seconds, rounded up.
    pub travel_s: u64,
}

/// What the feeds are made of.
pub struct Parts {
    /// `[feeds]`.
    pub config: FeedsConfig,
    /// The time zone of the hours of the week.
    pub time_zone: Option<String>,
    /// The address of the service, for want of a public one.
    pub own_url: String,
    /// The region.
    pub map: Arc<dyn Map>,
    /// The way to the core.
    pub core: CoreHandle,
}

impl Feeds {
    /// Reads the zones.
    ///
    /// # Errors
    /// [`FeedsError`] if a value makes no sense or a file can't be read.
    pub fn new(parts: Parts) -> Result<Self, FeedsError> {
        let Parts { config, time_zone, own_url, map, core } = parts;
        config.check()?;
        let mut places = inhabited(map.as_ref());
        places.sort_by_key(|&(_, _, weight)| std::cmp::Reverse(weight));
        let places: Vec<_> = places.into_iter().map(|(point, at, _)| (point, at)).collect();
        let zones = match &config.zones {
            Some(path) => zones::read(path)?,
            None => zones::of_region(map.as_ref(), places.first().map(|&(_, at)| at)),
        };
        let time_zone = config.time_zone.clone().or(time_zone).unwrap_or_else(|| "UTC".to_owned());
        let rule = "a time zone such as Europe/Berlin";
        let zone = TimeZone::get(&time_zone)
            .map_err(|_error| FeedsError::Range { key: "time_zone", rule })?;
        let public_url = config.public_url.clone().unwrap_or(own_url);
        Ok(Self {
            public_url: public_url.trim_end_matches('/').to_owned(),
            name: config.name.clone().unwrap_or_else(|| format!("Sharxi {}", map.name())),
            language: config.language.clone().unwrap_or_else(|| "en".to_owned()),
            grid: Grid::new(map.bounds()),
            time_zone,
            config,
            zones,
            zone,
            map,
            places,
            core,
            live: Mutex::new(None),
        })
    }

    /// How things stand, at most a second ago.
    ///
    /// # Errors
    /// `overloaded` or `closing`.
    pub async fn live(&self) -> Result<Arc<Live>, WireError> {
        // Who comes meanwhile waits for the same answer.
        let mut kept = self.live.lock().await;
        if let Some((_, live)) = kept.as_ref().filter(|(asked, _)| asked.elapsed() < FRESH) {
            return Ok(live.clone());
        }
        let asked = Instant::now();
        let near_m = self.config.hide_near_stops_m.unwrap_or(250.0);
        let text = self.core.ask(Question::Public { near_m }).await?.unwrap_or_default();
        let live: Live = serde_json::from_str(&text)
            .map_err(|error| WireError::new(Code::Overloaded, format!("the feeds: {error}")))?;
        let live = Arc::new(live);
        *kept = Some((asked, live.clone()));
        Ok(live)
    }

    /// What somebody alone who asks now would be told: the dispatcher's own quote. `None` if there is no service or
    /// nobody in time. Without a drop-off the ride goes to the nearest inhabited place that is another one.
    ///
    /// # Errors
    /// `overloaded` or `closing`.
    pub async fn estimate(
        &self,
        pickup: LatLon,
        drop_off: Option<LatLon>,
    ) -> Result<Option<Estimate>, WireError> {
        let Some(from) = self.place(pickup) else { return Ok(None) };
        let to = match drop_off {
            Some(point) => self.place(point).map(|place| (point, place)),
            None => self.nearest_other(pickup, from),
        };
        let (Some((drop_off, to)), Ok(party)) = (to, Party::new(1, 0)) else { return Ok(None) };
        let ride = Wondered { doors: [pickup, drop_off], ends: [from, to], party };
        let asked = self.core.ask(Question::Quote(ride)).await?;
        Ok(asked.as_deref().and_then(read_quote))
    }

    /// The road at a point of a zone.
    fn place(&self, point: LatLon) -> Option<Location> {
        let inside = self.zones.iter().any(|zone| zone.contains(point));
        self.map.snap(point, SNAP_MAX_M).filter(|_| inside).map(|snap| snap.location)
    }

    fn nearest_other(&self, point: LatLon, at: Location) -> Option<(LatLon, Location)> {
        let others = self.places.iter().filter(|&&(_, place)| place != at);
        let nearest = others.min_by(|a, b| a.0.distance_m(point).total_cmp(&b.0.distance_m(point)));
        nearest.copied()
    }

    /// The day of the feeds' time zone.
    #[must_use]
    pub fn day(&self, live: &Live) -> Date {
        let stamp = Timestamp::from_millisecond(live.now_ms).unwrap_or_default();
        stamp.to_zoned(self.zone.clone()).date()
    }

    /// From when to when a timetable of that day is valid, `YYYYMMDD`.
    #[must_use]
    pub fn valid(&self, day: Date) -> [String; 2] {
        let days = i64::from(self.config.valid_days.unwrap_or(365));
        [day, day.saturating_add(days.days())].map(compact)
    }

    /// The version of the timetable of that day.
    #[must_use]
    pub fn version(&self, day: Date) -> String {
        compact(day)
    }

    /// Opening and closing, `HH:MM:SS`.
    #[must_use]
    pub fn hours(&self) -> [String; 2] {
        let (from, until) = self.config.hours().unwrap_or((0, 24 * 60));
        [from, until].map(|minutes| format!("{:02}:{:02}:00", minutes / 60, minutes % 60))
    }

    /// The agency's page.
    #[must_use]
    pub fn agency_url(&self) -> &str {
        self.config.agency_url.as_deref().unwrap_or(&self.public_url)
    }

    /// Factor and offset in seconds of the longest ride that is to be expected for a direct drive.
    #[must_use]
    pub fn safe_duration(&self, live: &Live) -> [f64; 2] {
        let stated = self.config.safe_duration_factor.zip(self.config.safe_duration_offset_s);
        stated.map_or([live.ride_alpha, live.ride_beta_s], <[f64; 2]>::from)
    }
}

fn compact(day: Date) -> String {
    format!("{:04}{:02}{:02}", day.year(), day.month(), day.day())
}

fn read_quote(text: &str) -> Option<Estimate> {
    let quote: Quote = serde_json::from_str(text).ok()?;
    let (pickup, dropoff) = (time::parse(&quote.pickup_at?)?, time::parse(&quote.dropoff_at?)?);
    let seconds = |ms: u32| u64::from(ms.div_ceil(1000));
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a wait of at most hours, never below zero"
    )]
    let wait_s = quote.wait_s?.max(0.0).ceil() as u64;
    Some(Estimate { wait_s, travel_s: seconds(dropoff.since(pickup).get()) })
}
