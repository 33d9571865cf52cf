//! What clients send, exactly as in `docs/protocol.md`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::error::{Code, WireError};
use crate::limits;

/// What a client is. Journals hold the place of a role in this list: new ones come last.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Asks for rides.
    Rider,
    /// Carries riders: a driver, bound to one vehicle.
    #[serde(alias = "driver")]
    Vehicle,
    /// Sees and may do everything: fleet and policy.
    Operator,
    /// Books for people who telephone.
    Dispatcher,
    /// Sees aggregates only.
    Analyst,
}

impl Role {
    /// Whether it sees all rides and vehicles.
    #[must_use]
    pub const fn sees_all(self) -> bool {
        matches!(self, Self::Operator | Self::Dispatcher)
    }

    /// Whether there is anything to be said to it over a socket.
    #[must_use]
    pub const fn has_socket(self) -> bool {
        !matches!(self, Self::Analyst)
    }
}

/// Latitude and longitude in degrees.
pub type Point = [f64; 2];

/// The first message of a client.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Hello {
    /// Always `"hello"`.
    pub r#type: HelloType,
    /// Who; may be left out by one whose credentials say it.
    #[serde(default)]
    pub role: Option<Role>,
    /// Under which name; likewise.
    #[serde(default)]
    pub name: Option<String>,
    /// The last event it has seen.
    #[serde(default)]
    pub resume: Option<u64>,
}

/// The only value of a hello's `type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum HelloType {
    /// `"hello"`.
    Hello,
}

/// When a rider wants to travel; the time itself is `target_at`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// As soon as possible.
    Now,
    /// Not before.
    DepartAt,
    /// Off by.
    ArriveBy,
}

const fn one() -> i64 {
    1
}

/// Left out of the digest of a message, so that it is what it was before there was the field.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
const fn is_zero(number: &i64) -> bool {
    *number == 0
}

/// A command. Numbers are wider than what they may hold, so that a value out of range is named as such.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
#[expect(missing_docs, reason = "fields and variants are those of docs/protocol.md, word for word")]
pub enum Command {
    RequestRide {
        id: String,
        request_id: String,
        from: Point,
        to: Point,
        kind: Kind,
        #[serde(default)]
        target_at: Option<String>,
        #[serde(default = "one")]
        passengers: i64,
        #[serde(default)]
        wheelchairs: i64,
        #[serde(default, skip_serializing_if = "is_zero")]
        child_seats: i64,
        #[serde(default, skip_serializing_if = "is_zero")]
        luggage: i64,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        walk_max_s: Option<f64>,
        #[serde(default)]
        accept: bool,
    },
    AcceptOffer {
        id: String,
        request_id: String,
    },
    DeclineOffer {
        id: String,
        request_id: String,
    },
    CancelRide {
        id: String,
        request_id: String,
    },
    StartShift {
        id: String,
        vehicle_id: String,
        vehicle_type: String,
        seats: i64,
        wheelchairs: i64,
        #[serde(default, skip_serializing_if = "is_zero")]
        folding_seats: i64,
        #[serde(default, skip_serializing_if = "is_zero")]
        child_seats: i64,
        #[serde(default, skip_serializing_if = "is_zero")]
        luggage: i64,
        at: Point,
        #[serde(default)]
        shift_start: Option<String>,
        shift_end: String,
    },
    EndShift {
        id: String,
        vehicle_id: String,
    },
    Depart {
        id: String,
        vehicle_id: String,
        at: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        plan: Option<u32>,
    },
    Arrive {
        id: String,
        vehicle_id: String,
        at: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        plan: Option<u32>,
    },
    Board {
        id: String,
        vehicle_id: String,
        request_id: String,
        at: String,
    },
    Alight {
        id: String,
        vehicle_id: String,
        request_id: String,
        at: String,
    },
    NoShow {
        id: String,
        vehicle_id: String,
        request_id: String,
        at: String,
    },
    BreakDown {
        id: String,
        vehicle_id: String,
        at: String,
        #[serde(default)]
        position: Option<Point>,
    },
    Position {
        #[serde(default)]
        id: Option<String>,
        vehicle_id: String,
        at: String,
        position: Point,
        #[serde(default)]
        heading: Option<f64>,
    },
    Subscribe {
        id: String,
        positions: bool,
    },
}

/// The parts of any message that are needed to answer it, whatever else is wrong with it.
#[derive(Default, Deserialize)]
struct Head {
    #[serde(default)]
    r#type: serde_json::Value,
    #[serde(default)]
    id: serde_json::Value,
}

/// A command over HTTP: who sends it, and the command.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct As {
    /// Who.
    pub role: Role,
    /// Under which name.
    pub name: String,
}

/// A message that could not be read, and the id that its answer should bear.
#[derive(Debug)]
pub struct Unreadable {
    /// The id, if that much could be read.
    pub id: Option<String>,
    /// What is wrong.
    pub error: WireError,
}

/// Reads the first message.
///
/// # Errors
/// `hello_expected` for any other message, `bad_message` or `bad_value` for a hello that is none.
pub fn read_hello(text: &str) -> Result<Hello, Unreadable> {
    let head = read_head(text)?;
    let id = head.id.as_str().map(str::to_owned);
    if head.r#type.as_str() != Some("hello") {
        let error = WireError::new(Code::HelloExpected, "the first message must be hello");
        return Err(Unreadable { id, error });
    }
    let hello: Hello = serde_json::from_str(text).map_err(|source| bad_message(&source, id))?;
    if let Some(name) = &hello.name {
        check_name("name", name).map_err(|error| Unreadable { id: None, error })?;
    }
    Ok(hello)
}

/// Reads a command.
///
/// # Errors
/// `bad_message` if it is not a command of the protocol, `bad_value` for an unusable `id`.
pub fn read_command(text: &str) -> Result<Command, Unreadable> {
    let head = read_head(text)?;
    let id = head.id.as_str().map(str::to_owned);
    let command: Command =
        serde_json::from_str(text).map_err(|source| bad_message(&source, id.clone()))?;
    match check_name("id", command.id().unwrap_or("-")) {
        Ok(()) => Ok(command),
        Err(error) => Err(Unreadable { id: None, error }),
    }
}

/// Reads the body of `POST /v1/commands`: a command with one more field, `as`.
///
/// # Errors
/// As [`read_command`].
pub fn read_command_as(body: &[u8]) -> Result<(Option<As>, Command), Unreadable> {
    let unlabelled = |source: serde_json::Error| bad_message(&source, None);
    let mut fields: serde_json::Map<String, serde_json::Value> =
        serde_json::from_slice(body).map_err(unlabelled)?;
    let sender = fields.remove("as");
    let text = serde_json::Value::Object(fields).to_string();
    let command = read_command(&text)?;
    let id = command.id().map(str::to_owned);
    let read =
        |sender| serde_json::from_value::<As>(sender).map_err(|source| bad_message(&source, id));
    let sender = sender.map(read).transpose()?;
    if let Some(sender) = &sender {
        check_name("as.name", &sender.name).map_err(|error| Unreadable { id: None, error })?;
    }
    Ok((sender, command))
}

fn read_head(text: &str) -> Result<Head, Unreadable> {
    // Serde would take an array for a struct.
    if text.trim_start().starts_with('[') {
        let error = WireError::new(Code::BadMessage, "a message must be a JSON object");
        return Err(Unreadable { id: None, error });
    }
    serde_json::from_str(text).map_err(|source| bad_message(&source, None))
}

fn bad_message(source: &serde_json::Error, id: Option<String>) -> Unreadable {
    // Only ids that a client may use are sent back.
    let id = id.filter(|id| check_name("id", id).is_ok());
    Unreadable { id, error: WireError::new(Code::BadMessage, source.to_string()) }
}

/// Whether a name or id has a length and characters that it may have.
///
/// # Errors
/// `bad_value` naming the field.
pub fn check_name(field: &str, name: &str) -> Result<(), WireError> {
    let fits = !name.is_empty() && name.len() <= limits::ID_BYTES_MAX;
    if fits && !name.chars().any(char::is_control) {
        Ok(())
    } else {
        Err(WireError::bad_value(field, "must have 1 to 64 bytes and no control characters"))
    }
}

impl Command {
    /// The client's id of the command; only a position may do without.
    #[must_use]
    pub fn id(&self) -> Option<&str> {
        match self {
            Self::Position { id, .. } => id.as_deref(),
            Self::RequestRide { id, .. }
            | Self::AcceptOffer { id, .. }
            | Self::DeclineOffer { id, .. }
            | Self::CancelRide { id, .. }
            | Self::StartShift { id, .. }
            | Self::EndShift { id, .. }
            | Self::Depart { id, .. }
            | Self::Arrive { id, .. }
            | Self::Board { id, .. }
            | Self::Alight { id, .. }
            | Self::NoShow { id, .. }
            | Self::BreakDown { id, .. }
            | Self::Subscribe { id, .. } => Some(id),
        }
    }
}
