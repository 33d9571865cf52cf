//! The socket as an AsyncAPI 3.0 document: one channel, what comes and what goes.

use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use super::{FROM_CLIENT, FROM_SERVICE, Schemas};

/// The document.
#[must_use]
pub fn document() -> Value {
    // The schemas of AsyncAPI 3.0 are a superset of draft 7.
    let mut schemas = Schemas::new(SchemaSettings::draft07(), "/components/schemas");
    schemas.add_messages();
    let names = || FROM_CLIENT.iter().chain(&FROM_SERVICE);
    let by_name = |make: &dyn Fn(&str) -> Value| -> Map<String, Value> {
        names().map(|name| ((*name).to_owned(), make(name))).collect()
    };
    let in_channel = |name: &&str| json!({ "$ref": format!("#/channels/socket/messages/{name}") });
    json!({
        "asyncapi": "3.0.0",
        "info": {
            "title": "Sharxi over a WebSocket",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Rides, vehicles and what happens to them, as it happens. One JSON object a text frame; see docs/protocol.md.",
            "license": { "name": "MIT OR Apache-2.0" },
        },
        "defaultContentType": "application/json",
        "channels": {
            "socket": {
                "address": "/v1/ws",
                "description": "Subprotocol sharxi.v1. The client says Hello first and is answered Welcome.",
                "messages": by_name(&|name| json!({ "$ref": format!("#/components/messages/{name}") })),
                "bindings": { "ws": { "method": "GET" } },
            },
        },
        "operations": {
            "fromClient": {
                "action": "receive",
                "channel": { "$ref": "#/channels/socket" },
                "messages": FROM_CLIENT.iter().map(in_channel).collect::<Vec<_>>(),
            },
            "toClient": {
                "action": "send",
                "channel": { "$ref": "#/channels/socket" },
                "messages": FROM_SERVICE.iter().map(in_channel).collect::<Vec<_>>(),
            },
        },
        "components": {
            "messages": by_name(&|name| json!({
                "name": name,
                "contentType": "application/json",
                "payload": { "$ref": format!("#/components/schemas/{name}") },
            })),
            "schemas": schemas.definitions(),
        },
    })
}
