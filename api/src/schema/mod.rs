//! What the service says of itself in open formats, made from the types that go over the wire: JSON Schema, AsyncAPI 3, OpenAPI 3.1,
//! and TypeScript for the pages.
//!
//! `sharxi schema .` writes the files of [`documents`]; `api/tests/schema.rs` fails if they are not what it would write.

pub mod asyncapi;
pub mod openapi;
pub mod typescript;

use std::path::Path;

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Map, Value, json};

use crate::wire::error::ErrorMessage;
use crate::wire::message::{Command, Hello};
use crate::wire::notices::{Closing, Gap, Positions};
use crate::wire::status::{Figures, Plan, Snapshot};
use crate::wire::told::{EventMessage, OkMessage};
use crate::wire::welcome::Welcome;

/// What a client may send over a socket: name and schema.
pub const FROM_CLIENT: [&str; 2] = ["Hello", "Command"];
/// What the service may send over a socket.
pub const FROM_SERVICE: [&str; 10] =
    ["Welcome", "Snapshot", "Gap", "Event", "Plan", "Positions", "Kpi", "Ok", "Error", "Closing"];

/// Schemas of one dialect, which refer to each other.
pub struct Schemas {
    read: SchemaGenerator,
    written: SchemaGenerator,
}

impl Schemas {
    /// None yet; `path` is where in the document they will be.
    #[must_use]
    pub fn new(settings: SchemaSettings, path: &str) -> Self {
        let settings = settings.with(|settings| settings.definitions_path = path.to_owned().into());
        Self {
            read: settings.clone().for_deserialize().into_generator(),
            written: settings.for_serialize().into_generator(),
        }
    }

    /// The schema of what the service reads.
    pub fn read<T: JsonSchema>(&mut self) -> Value {
        self.read.subschema_for::<T>().to_value()
    }

    /// The schema of what the service writes.
    pub fn written<T: JsonSchema>(&mut self) -> Value {
        self.written.subschema_for::<T>().to_value()
    }

    /// The fields of what the service reads from a query, without a name of its own.
    pub fn fields<T: JsonSchema>(&mut self) -> Value {
        T::json_schema(&mut self.read).to_value()
    }

    /// All messages of a socket.
    pub fn add_messages(&mut self) {
        self.read::<Hello>();
        self.read::<Command>();
        self.written::<Welcome<'static>>();
        self.written::<Snapshot<'static>>();
        self.written::<Gap>();
        self.written::<EventMessage<'static>>();
        self.written::<Plan<'static>>();
        self.written::<Positions<'static>>();
        self.written::<Figures>();
        self.written::<OkMessage<'static>>();
        self.written::<ErrorMessage<'static>>();
        self.written::<Closing<'static>>();
    }

    /// All of them by name; those that the service writes go before those of the same name that it reads.
    #[must_use]
    pub fn definitions(self) -> Map<String, Value> {
        let mut all = self.read.definitions().clone();
        all.extend(self.written.definitions().clone());
        all
    }
}

/// Every file: its path in the tree, and what is in it.
#[must_use]
pub fn documents() -> Vec<(&'static str, String)> {
    vec![
        ("api/schema/messages.schema.json", pretty(&messages())),
        ("api/schema/asyncapi.json", pretty(&asyncapi::document())),
        ("api/schema/openapi.json", pretty(&openapi::document())),
        ("api/web/src/lib/wire.ts", typescript::module()),
    ]
}

/// Writes every file below `root`.
///
/// # Errors
/// Whatever the disk says.
pub fn write(root: &Path) -> std::io::Result<()> {
    documents().into_iter().try_for_each(|(path, text)| std::fs::write(root.join(path), text))
}

/// JSON Schema of all messages of a socket, each under `$defs`.
#[must_use]
pub fn messages() -> Value {
    let mut schemas = Schemas::new(SchemaSettings::draft2020_12(), "/$defs");
    schemas.add_messages();
    let reference = |name: &&str| json!({ "$ref": format!("#/$defs/{name}") });
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Messages of the Sharxi protocol, version 1",
        "anyOf": FROM_CLIENT.iter().chain(&FROM_SERVICE).map(reference).collect::<Vec<_>>(),
        "$defs": schemas.definitions(),
    })
}

fn pretty(value: &Value) -> String {
    // A value made of maps and strings has nothing that could fail.
    let mut text = serde_json::to_string_pretty(value).unwrap_or_default();
    text.push('\n');
    text
}
