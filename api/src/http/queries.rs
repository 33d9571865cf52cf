//! Questions to the roads over HTTP, within limits: `/v1/route`, `/v1/matrix`, `/v1/isochrone`, `/v1/match`.
//!
//! They are worked out on the threads of [`crate::queries::desk`] and never see the dispatcher.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use sharxi_engine::geo::LatLon;
use sharxi_engine::region::{Fix, Region, Sense};
use sharxi_engine::units::Millis;
use warp::Filter;
use warp::filters::BoxedFilter;
use warp::http::StatusCode;
use warp::hyper::body::Bytes;
use warp::reply::Response;

use super::reply;
use super::routes::{LAT_LON, with};
use crate::app::App;
use crate::limits::{
    DISTANCE_CELLS_MAX, ISOCHRONE_CELL_M_MIN, ISOCHRONE_MINUTES_MAX, ISOCHRONES_MAX,
    MATCH_FIXES_MAX, QUERY_BYTES_MAX, SNAP_MAX_M, TABLE_CELLS_MAX, TABLE_POINTS_MAX,
};
use crate::queries::matrix::{Cells, Question, Stop};
use crate::queries::route::{self, Format};
use crate::queries::{NoAnswer, isochrone, matching, trace};
use crate::wire::error::{Code, WireError};
use crate::wire::message::Point;

/// The table.
pub fn routes(app: &Arc<App>) -> BoxedFilter<(Response,)> {
    route(app).or(isochrone(app)).unify().or(matrix(app)).unify().or(drive(app)).unify().boxed()
}

/// What is worked out on the roads.
type Work = Box<dyn FnOnce(&Region) -> Result<Value, NoAnswer> + Send>;

/// Works it out and answers, or says what is wrong with the question.
async fn answer(app: Arc<App>, work: Result<Work, WireError>) -> Response {
    let work = match work {
        Ok(work) => work,
        Err(error) => return reply::error(&error),
    };
    let times = Arc::clone(&app.times.borrow());
    let asked = app
        .queries
        .ask(move || times.region().map(|region| work(region).map(|json| json.to_string())));
    match asked.await {
        Ok(Some(Ok(body))) => reply::json(StatusCode::OK, body),
        Ok(Some(Err(none))) => {
            reply::json(StatusCode::UNPROCESSABLE_ENTITY, none.to_json().to_string())
        }
        Ok(None) => reply::not_found("no roads to ask"),
        Err(error) => reply::error(&error),
    }
}

fn get<Q: DeserializeOwned + Send + 'static>(
    app: &Arc<App>,
    read: fn(Q) -> Result<Work, WireError>,
) -> impl Filter<Extract = (Response,), Error = warp::Rejection> + Clone + use<Q> {
    warp::get()
        .and(warp::query::<Q>())
        .and(with(app))
        .then(move |query: Q, app: Arc<App>| answer(app, read(query)))
}

fn post<Q: DeserializeOwned + Send + 'static>(
    app: &Arc<App>,
    read: fn(Q) -> Result<Work, WireError>,
) -> impl Filter<Extract = (Response,), Error = warp::Rejection> + Clone + use<Q> {
    warp::post()
        .and(with(app))
        .and(warp::body::content_length_limit(QUERY_BYTES_MAX as u64))
        .and(warp::body::bytes())
        .then(move |app: Arc<App>, body: Bytes| {
            let query = serde_json::from_slice(&body)
                .map_err(|error| WireError::new(Code::BadMessage, format!("the body: {error}")));
            answer(app, query.and_then(read))
        })
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RouteQuery {
    /// Latitude and longitude in degrees, with a comma between.
    #[schemars(extend("pattern" = LAT_LON))]
    from: String,
    /// Likewise.
    #[schemars(extend("pattern" = LAT_LON))]
    to: String,
    /// `json` if not given.
    #[schemars(extend("enum" = ["json", "geojson", "polyline", "polyline6"]))]
    format: Option<String>,
}

fn route(app: &Arc<App>) -> BoxedFilter<(Response,)> {
    let read = |query: RouteQuery| -> Result<Work, WireError> {
        let ends = [lat_lon("from", &query.from)?, lat_lon("to", &query.to)?];
        let format = query.format.as_deref().unwrap_or("json");
        let format = <Format as clap::ValueEnum>::from_str(format, false).map_err(|_error| {
            WireError::bad_value("format", "must be json, geojson, polyline or polyline6")
        })?;
        Ok(Box::new(move |region| {
            route::find(region, ends, format, SNAP_MAX_M).map(|route| route.json)
        }))
    };
    warp::path!("v1" / "route").and(get(app, read)).boxed()
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct IsochroneQuery {
    /// Latitude and longitude in degrees, with a comma between.
    #[schemars(extend("pattern" = LAT_LON))]
    at: String,
    /// Up to six whole numbers up to 60, with commas between.
    #[schemars(extend("pattern" = "^([1-9]|[1-5][0-9])(,([1-9]|[1-5][0-9])){0,5}$"))]
    minutes: String,
    #[serde(default)]
    reverse: bool,
    cell_m: Option<u32>,
}

fn isochrone(app: &Arc<App>) -> BoxedFilter<(Response,)> {
    let read = |query: IsochroneQuery| -> Result<Work, WireError> {
        let at = lat_lon("at", &query.at)?;
        let number = |text: &str| text.trim().parse().ok().filter(|&m| m <= ISOCHRONE_MINUTES_MAX);
        let minutes: Option<Vec<u32>> = query.minutes.split(',').map(number).collect();
        let minutes = minutes.filter(|all| all.len() <= ISOCHRONES_MAX).ok_or_else(|| {
            let rule = format!(
                "must be at most {ISOCHRONES_MAX} whole numbers up to {ISOCHRONE_MINUTES_MAX}, with commas between"
            );
            WireError::bad_value("minutes", &rule)
        })?;
        let cell_m = query.cell_m.unwrap_or(50);
        if !(ISOCHRONE_CELL_M_MIN..=10_000).contains(&cell_m) {
            let rule = format!("must lie between {ISOCHRONE_CELL_M_MIN} and 10000");
            return Err(WireError::bad_value("cell_m", &rule));
        }
        let sense = if query.reverse { Sense::Towards } else { Sense::Away };
        Ok(Box::new(move |region| {
            isochrone::find(region, at, sense, &minutes, (cell_m, SNAP_MAX_M))
        }))
    };
    warp::path!("v1" / "isochrone").and(get(app, read)).boxed()
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MatrixQuery {
    points: Option<Vec<Point>>,
    sources: Option<Vec<Point>>,
    targets: Option<Vec<Point>>,
    pairs: Option<Vec<[Point; 2]>>,
    max_s: Option<u32>,
    #[serde(default)]
    distances: bool,
}

/// Points of a table that is not yet snapped.
enum Points {
    Table(Vec<LatLon>, Vec<LatLon>),
    Pairs(Vec<[LatLon; 2]>),
}

impl Points {
    fn read(query: &MatrixQuery) -> Result<Self, WireError> {
        let list = |field: &str, points: &[Point]| -> Result<Vec<LatLon>, WireError> {
            if points.len() > TABLE_POINTS_MAX {
                let rule = format!("at most {TABLE_POINTS_MAX} points");
                return Err(WireError::bad_value(field, &rule));
            }
            points.iter().map(|&point| degrees(field, point)).collect()
        };
        match (&query.points, &query.sources, &query.targets, &query.pairs) {
            (Some(points), None, None, None) => {
                let points = list("points", points)?;
                Ok(Self::Table(points.clone(), points))
            }
            (None, Some(sources), Some(targets), None) => {
                Ok(Self::Table(list("sources", sources)?, list("targets", targets)?))
            }
            (None, None, None, Some(pairs)) => {
                let pair =
                    |&[from, to]: &[Point; 2]| Ok([degrees("pairs", from)?, degrees("pairs", to)?]);
                Ok(Self::Pairs(pairs.iter().map(pair).collect::<Result<_, WireError>>()?))
            }
            _ => {
                let message = "give points, or sources and targets, or pairs";
                Err(WireError::new(Code::BadMessage, message))
            }
        }
    }

    fn n_cells(&self) -> usize {
        match self {
            Self::Table(sources, targets) => sources.len().saturating_mul(targets.len()),
            Self::Pairs(pairs) => pairs.len(),
        }
    }

    fn snapped(&self, region: &Region) -> Cells {
        let stop =
            |&point: &LatLon| -> Stop { region.snap(point, SNAP_MAX_M).map(|snap| snap.location) };
        match self {
            Self::Table(sources, targets) => {
                Cells::Table(sources.iter().map(stop).collect(), targets.iter().map(stop).collect())
            }
            Self::Pairs(pairs) => {
                Cells::Pairs(pairs.iter().map(|[from, to]| (stop(from), stop(to))).collect())
            }
        }
    }
}

fn matrix(app: &Arc<App>) -> BoxedFilter<(Response,)> {
    let read = |query: MatrixQuery| -> Result<Work, WireError> {
        let points = Points::read(&query)?;
        let most = if query.distances { DISTANCE_CELLS_MAX } else { TABLE_CELLS_MAX };
        if points.n_cells() > most {
            let message = format!("{} cells: at most {most} at a time", points.n_cells());
            return Err(WireError::new(Code::TooLarge, message));
        }
        let (bound, distances) = (query.max_s.map(Millis::from_secs), query.distances);
        Ok(Box::new(move |region| {
            let question = Question { cells: points.snapped(region), bound, distances };
            Ok(question.answer(region).to_json())
        }))
    };
    warp::path!("v1" / "matrix").and(post(app, read)).boxed()
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MatchQuery {
    positions: Vec<PositionQuery>,
    noise_m: Option<f64>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PositionQuery {
    point: Point,
    at: Option<String>,
    heading: Option<f64>,
}

fn drive(app: &Arc<App>) -> BoxedFilter<(Response,)> {
    let read = |query: MatchQuery| -> Result<Work, WireError> {
        if query.positions.len() > MATCH_FIXES_MAX {
            let message = format!("at most {MATCH_FIXES_MAX} positions at a time");
            return Err(WireError::new(Code::TooLarge, message));
        }
        let noise_m = query.noise_m.unwrap_or(20.0);
        if !(1.0..=200.0).contains(&noise_m) {
            return Err(WireError::bad_value("noise_m", "must lie between 1 and 200"));
        }
        let fix = |position: &PositionQuery| {
            let [lat, lon] = position.point;
            trace::fix(lat, lon, position.at.as_deref(), position.heading)
        };
        let fixes: Result<Vec<Fix>, _> = query.positions.iter().map(fix).collect();
        let fixes = fixes.map_err(|_error| {
            let rule = "each has point [lat, lon], at (RFC 3339), heading (0 to 360), the last two if known";
            WireError::bad_value("positions", rule)
        })?;
        Ok(Box::new(move |region| Ok(matching::find(region, &fixes, noise_m))))
    };
    warp::path!("v1" / "match").and(post(app, read)).boxed()
}

fn lat_lon(field: &str, text: &str) -> Result<LatLon, WireError> {
    let point = text
        .split_once(',')
        .and_then(|(lat, lon)| Some([lat.trim().parse().ok()?, lon.trim().parse().ok()?]));
    point
        .ok_or_else(|| WireError::bad_value(field, "must be LAT,LON in degrees"))
        .and_then(|point| degrees(field, point))
}

fn degrees(field: &str, [lat, lon]: Point) -> Result<LatLon, WireError> {
    LatLon::from_degrees(lat, lon)
        .ok_or_else(|| WireError::bad_value(field, "must be a latitude and a longitude in degrees"))
}
