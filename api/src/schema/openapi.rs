//! The HTTP half as an OpenAPI 3.1 document.

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use super::Schemas;
use crate::erasing::Erasure;
use crate::feeds::gofs::{Document, File, RealtimeBooking, WaitTimes};
use crate::http::account::{Auth, Login, Ticket, Token};
use crate::http::queries::{IsochroneQuery, MatchQuery, MatrixQuery, RouteQuery};
use crate::http::routes::QuoteQuery;
use crate::queries::answers::{Isochrones, Matches, NoAnswerMessage, RouteAnswer, Table};
use crate::quotes::Quote;
use crate::wire::error::ErrorMessage;
use crate::wire::explain::{MoveWhy, RideWhy};
use crate::wire::message::{As, Command};
use crate::wire::notices::{Health, Ready};
use crate::wire::recurring::{Recurring, WeekdayWord};
use crate::wire::status::{Figures, RideInfo, VehicleInfo};
use crate::wire::told::OkMessage;
use crate::wire::traffic::{Body, Sender, Traffic};
use crate::wire::welcome::RegionInfo;

const JSON: &str = "application/json";

/// One address and method.
struct Operation {
    summary: &'static str,
    is_public: bool,
    parameters: Vec<Value>,
    body: Option<Value>,
    responses: Map<String, Value>,
}

/// The addresses described so far.
struct Paths {
    schemas: Schemas,
    paths: Map<String, Value>,
}

/// The document.
#[must_use]
pub fn document() -> Value {
    let schemas = Schemas::new(SchemaSettings::draft2020_12(), "/components/schemas");
    let mut paths = Paths { schemas, paths: Map::new() };
    accounts(&mut paths);
    rides(&mut paths);
    traffic(&mut paths);
    roads(&mut paths);
    service(&mut paths);
    feeds(&mut paths);
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Sharxi over HTTP",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Commands of a telephone desk, questions, feeds. What happens as it happens is told over the socket: /v1/asyncapi.json.",
            "license": { "name": "MIT OR Apache-2.0" },
        },
        "servers": [{ "url": "/" }],
        "security": [{ "bearer": [] }, {}],
        "paths": paths.paths,
        "components": {
            "schemas": paths.schemas.definitions(),
            "securitySchemes": { "bearer": { "type": "http", "scheme": "bearer", "bearerFormat": "JWT" } },
        },
    })
}

fn accounts(paths: &mut Paths) {
    paths.add("get", "/v1/auth", |s| {
        Operation::new("Whether a token is needed").public().json::<Auth>(s)
    });
    paths.add("post", "/v1/login", |s| {
        Operation::new("A token for a name and its password")
            .public()
            .body(s.read::<Login>())
            .json::<Token>(s)
    });
    paths.add("post", "/v1/token", |s| {
        Operation::new("A new token for one that is still good").json::<Token>(s)
    });
    paths.add("post", "/v1/ticket", |s| {
        Operation::new("What opens one socket, once").json::<Ticket>(s)
    });
}

fn rides(paths: &mut Paths) {
    paths.add("get", "/v1/ws", |_| {
        Operation::new("The socket: see /v1/asyncapi.json").answer(
            "101",
            "WebSocket from here on",
            Value::Null,
            "",
        )
    });
    paths.add("post", "/v1/commands", |s| {
        Operation::new("A command, in the name of `as` unless a token says it")
            .body(command_as(s))
            .json::<OkMessage<'static>>(s)
    });
    paths.add("get", "/v1/rides/{request_id}", |s| {
        Operation::new("One ride").segment("request_id").json::<RideInfo<'static>>(s)
    });
    paths.add("post", "/v1/recurring", |s| {
        Operation::new("A weekly rule, booked ride by ride")
            .body(weekly_rule(s))
            .json::<Recurring<'static>>(s)
    });
    paths.add("delete", "/v1/riders/{name}", |s| {
        Operation::new("Everything that is held of a rider is erased")
            .segment("name")
            .json::<Erasure<'static>>(s)
    });
    paths.add("get", "/v1/rides/{request_id}/why", |s| {
        Operation::new("Why this vehicle, or why nobody")
            .segment("request_id")
            .json::<RideWhy<'static>>(s)
    });
    paths.add("get", "/v1/vehicles/{vehicle_id}/why", |s| {
        Operation::new("What the move of an idle vehicle is for")
            .segment("vehicle_id")
            .json::<MoveWhy<'static>>(s)
    });
    paths.add("get", "/v1/vehicles", |s| {
        Operation::new("All vehicles").json::<Vec<VehicleInfo<'static>>>(s)
    });
    paths.add("get", "/v1/vehicles/{vehicle_id}", |s| {
        Operation::new("One vehicle").segment("vehicle_id").json::<VehicleInfo<'static>>(s)
    });
    paths.add("get", "/v1/kpi", |s| Operation::new("The live figures").json::<Figures>(s));
    paths.add("get", "/v1/region", |s| {
        Operation::new("The region and its places").public().json::<RegionInfo>(s)
    });
    paths.add("get", "/v1/quote", |s| {
        Operation::new("What a request would be told now")
            .public()
            .query::<QuoteQuery>(s)
            .json::<Quote>(s)
    });
}

fn traffic(paths: &mut Paths) {
    paths.add("get", "/v1/traffic", |s| {
        Operation::new("What traffic is changed").json::<Traffic>(s)
    });
    paths.add("post", "/v1/traffic", |s| {
        let mut operation = Operation::new(
            "New speeds and closures: JSON, or a file with `id`, `role` and `name` in the query",
        );
        operation.body = Some(json!({ "required": true, "content": {
            JSON: { "schema": s.read::<Body>() },
            "text/csv": { "schema": { "type": "string" } },
            "application/geo+json": { "schema": { "type": "object" } },
        } }));
        let mut operation = operation.query::<Sender>(s);
        // JSON says it in the body.
        operation.parameters.iter_mut().for_each(|parameter| parameter["required"] = false.into());
        operation.json::<OkMessage<'static>>(s)
    });
    paths.add("delete", "/v1/traffic", |s| {
        Operation::new("Everything as imported again")
            .query::<Sender>(s)
            .json::<OkMessage<'static>>(s)
    });
}

fn roads(paths: &mut Paths) {
    paths.add("get", "/v1/route", |s| {
        Operation::new("A route").query::<RouteQuery>(s).json::<RouteAnswer>(s).or_none(s)
    });
    paths.add("get", "/v1/isochrone", |s| {
        Operation::new("Areas within so many minutes")
            .query::<IsochroneQuery>(s)
            .json::<Isochrones>(s)
            .or_none(s)
    });
    paths.add("post", "/v1/matrix", |s| {
        Operation::new("Times and distances")
            .body(s.read::<MatrixQuery>())
            .json::<Table>(s)
            .or_none(s)
    });
    paths.add("post", "/v1/match", |s| {
        Operation::new("Positions to roads")
            .body(s.read::<MatchQuery>())
            .json::<Matches>(s)
            .or_none(s)
    });
}

fn service(paths: &mut Paths) {
    let any = |what: &str| json!({ "type": "object", "description": what });
    for path in ["/v1/openapi.json", "/openapi.json"] {
        paths.add("get", path, |_| {
            Operation::new("This document").public().answer(
                "200",
                "OpenAPI 3.1",
                any("OpenAPI"),
                JSON,
            )
        });
    }
    for path in ["/v1/asyncapi.json", "/asyncapi.json"] {
        paths.add("get", path, |_| {
            Operation::new("The socket").public().answer("200", "AsyncAPI 3", any("AsyncAPI"), JSON)
        });
    }
    paths.add("get", "/health", |s| {
        Operation::new("Whether it is alive").public().json::<Health>(s)
    });
    paths.add("get", "/ready", |s| {
        Operation::new("Whether the journal has been replayed").public().json::<Ready<'static>>(s)
    });
    paths.add("get", "/metrics", |_| {
        Operation::new("Counters for Prometheus").text("application/openmetrics-text")
    });
    paths.add("get", "/tiles/{z}/{x}/{y}.mvt", |_| {
        let tile = Operation::new("A vector tile").public();
        let tile = ["z", "x", "y"].into_iter().fold(tile, |tile, name| tile.number(name));
        tile.text("application/vnd.mapbox-vector-tile").answer(
            "204",
            "Nothing is there",
            Value::Null,
            "",
        )
    });
}

fn feeds(paths: &mut Paths) {
    let public = |summary| Operation::new(summary).public();
    paths.add("get", "/feeds/gofs/{file}", |s| {
        public("GOFS 1.0: gofs.json and the files that it names")
            .segment("file")
            .json::<Document<File>>(s)
    });
    let between = |summary| {
        let ends = ["pickup_lat", "pickup_lon", "drop_off_lat", "drop_off_lon"].into_iter();
        ends.fold(public(summary), |operation, name| {
            operation.degrees(name, name.starts_with("pickup"))
        })
    };
    paths.add("get", "/feeds/gofs/wait_time", |s| {
        between("GOFS: how long one would wait").json::<Document<WaitTimes>>(s)
    });
    paths.add("get", "/feeds/gofs/realtime_booking", |s| {
        between("GOFS: what could be booked now").json::<Document<RealtimeBooking>>(s)
    });
    paths.add("get", "/feeds/gtfs-flex.zip", |_| public("GTFS with Flex").text("application/zip"));
    for (path, summary) in [
        ("/feeds/gtfs-rt/vehicle-positions.pb", "GTFS Realtime: where vehicles are"),
        ("/feeds/gtfs-rt/alerts.pb", "GTFS Realtime: what is wrong"),
    ] {
        paths.add("get", path, |_| public(summary).text("application/x-protobuf"));
    }
    paths.add("get", "/open-data", |_| {
        public("What open data there is").answer("200", "A list", json!({}), JSON)
    });
    paths.add("get", "/open-data/{table}", |_| {
        public("A table, as .csv or .geojson")
            .segment("table")
            .text("text/csv")
            .text("application/geo+json")
    });
}

/// A command with one more field, `as`.
fn command_as(schemas: &mut Schemas) -> Value {
    let sender = schemas.read::<As>();
    let mut command = schemas.fields::<Command>();
    for variant in command["oneOf"].as_array_mut().into_iter().flatten() {
        variant["properties"]["as"] = sender.clone();
    }
    command
}

/// The request of a single ride, as a rule that says on which days.
fn weekly_rule(schemas: &mut Schemas) -> Value {
    let mut single = command_as(schemas);
    let is_request = |one: &&mut Value| one["properties"]["type"]["const"] == "request_ride";
    let variants = single["oneOf"].as_array_mut().into_iter().flatten();
    let mut rule = { variants }.find(is_request).map(Value::take).unwrap_or_default();
    if let Some(fields) = rule["properties"].as_object_mut() {
        fields.remove("type");
        let text =
            json!({ "type": "string", "description": "The first time, RFC 3339 with an offset" });
        fields.insert("target_at".into(), text);
        let day = json!({ "type": "string", "format": "date", "description": "The last day" });
        fields.insert("until".into(), day);
        let days =
            json!({ "type": "array", "items": schemas.read::<WeekdayWord>(), "minItems": 1 });
        fields.insert("weekdays".into(), days);
    }
    if let Some(required) = rule["required"].as_array_mut() {
        required.retain(|name| name != "type");
        required.extend(["target_at", "until", "weekdays"].map(Value::from));
    }
    rule
}

impl Paths {
    fn add(&mut self, method: &str, path: &str, make: impl FnOnce(&mut Schemas) -> Operation) {
        let operation = make(&mut self.schemas);
        let error = content(self.schemas.written::<ErrorMessage<'static>>(), JSON);
        let mut responses = operation.responses;
        responses
            .insert("default".into(), json!({ "description": "What is wrong", "content": error }));
        let mut fields = Map::new();
        fields.insert("summary".into(), operation.summary.into());
        let words = format!("{method}{path}").replace(|c: char| !c.is_ascii_alphanumeric(), "_");
        fields.insert("operationId".into(), words.into());
        if operation.is_public {
            fields.insert("security".into(), json!([{}]));
        }
        if !operation.parameters.is_empty() {
            fields.insert("parameters".into(), operation.parameters.into());
        }
        fields.extend(operation.body.map(|body| ("requestBody".to_owned(), body)));
        fields.insert("responses".into(), responses.into());
        self.paths.entry(path).or_insert_with(|| json!({}))[method] = fields.into();
    }
}

fn content(schema: Value, kind: &str) -> Value {
    let mut content = json!({});
    content[kind]["schema"] = schema;
    content
}

impl Operation {
    fn new(summary: &'static str) -> Self {
        Self {
            summary,
            is_public: false,
            parameters: Vec::new(),
            body: None,
            responses: Map::new(),
        }
    }

    /// Needs no token.
    fn public(mut self) -> Self {
        self.is_public = true;
        self
    }

    fn body(mut self, schema: Value) -> Self {
        self.body = Some(json!({ "required": true, "content": content(schema, JSON) }));
        self
    }

    fn parameter(mut self, name: &str, place: &str, required: bool, schema: &Value) -> Self {
        self.parameters
            .push(json!({ "name": name, "in": place, "required": required, "schema": schema }));
        self
    }

    fn segment(self, name: &str) -> Self {
        self.parameter(
            name,
            "path",
            true,
            &json!({ "type": "string", "minLength": 1, "maxLength": 64 }),
        )
    }

    fn number(self, name: &str) -> Self {
        self.parameter(name, "path", true, &json!({ "type": "integer", "minimum": 0 }))
    }

    fn degrees(self, name: &str, required: bool) -> Self {
        self.parameter(
            name,
            "query",
            required,
            &json!({ "type": "number", "minimum": -180, "maximum": 180 }),
        )
    }

    /// One parameter for each field.
    fn query<T: JsonSchema>(mut self, schemas: &mut Schemas) -> Self {
        let all = schemas.fields::<T>();
        let required = all["required"].as_array().cloned().unwrap_or_default();
        for (name, schema) in all["properties"].as_object().into_iter().flatten() {
            self = self.parameter(name, "query", required.iter().any(|one| one == name), schema);
        }
        self
    }

    fn json<T: JsonSchema>(self, schemas: &mut Schemas) -> Self {
        let schema = schemas.written::<T>();
        self.answer("200", "Done", schema, JSON)
    }

    /// Or there is no answer, which is no fault of the question.
    fn or_none(self, schemas: &mut Schemas) -> Self {
        let schema = schemas.written::<NoAnswerMessage<'static>>();
        self.answer("422", "There is no answer, and why", schema, JSON)
    }

    fn text(self, kind: &str) -> Self {
        self.answer("200", "Found", json!({}), kind)
    }

    /// An answer; without a kind it has no body.
    fn answer(mut self, status: &str, about: &str, schema: Value, kind: &str) -> Self {
        let answer =
            self.responses.entry(status).or_insert_with(|| json!({ "description": about }));
        if !kind.is_empty() {
            answer["content"][kind]["schema"] = schema;
        }
        self
    }
}
