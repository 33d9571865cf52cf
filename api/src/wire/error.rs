//! What a client is told when a command can't be taken.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sharxi_engine::dispatcher::command::CommandError;
use sharxi_engine::region::TrafficError;

use super::words::ErrorWord;
use crate::limits;

/// The codes of the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "ErrorCode")]
pub enum Code {
    /// Not JSON, or not of the form the protocol gives.
    BadMessage,
    /// A value out of range.
    BadValue,
    /// More bytes than a message may have.
    TooLarge,
    /// A binary frame.
    Binary,
    /// Anything before `hello`.
    HelloExpected,
    /// Not for this role, or not one's own.
    NotAllowed,
    /// Credentials are missing, wrong or have expired.
    Unauthenticated,
    /// No such ride.
    UnknownRide,
    /// No such vehicle.
    UnknownVehicle,
    /// The `request_id` or `vehicle_id` is in use.
    NameTaken,
    /// The state of the ride or vehicle is against it.
    NotNow,
    /// Too far from a road that may be driven.
    OutsideArea,
    /// A bound of the dispatcher is reached.
    Full,
    /// The command id was used for something else.
    IdReused,
    /// Too much to do; try again.
    Overloaded,
    /// The journal can't be written.
    Storage,
    /// The disk is full: no new rides until there is room again.
    StorageFull,
    /// The service goes down.
    Closing,
    /// HTTP: no such address, ride or vehicle.
    NotFound,
}

/// An error for a client: a code, a sentence, and when to try again.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{code:?}: {message}")]
pub struct WireError {
    /// What kind.
    pub code: Code,
    /// For people; names the field at fault, never its value.
    pub message: String,
}

/// What could not be done, in answer to the command `id` if that could be read.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Error")]
pub struct ErrorMessage<'a> {
    r#type: ErrorWord,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
    code: Code,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after_s: Option<u32>,
}

impl WireError {
    /// An error of that kind.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }

    /// `field` is out of range; `rule` says what it must be.
    #[must_use]
    pub fn bad_value(field: &str, rule: &str) -> Self {
        Self::new(Code::BadValue, format!("{field}: {rule}"))
    }

    /// When to try again, in seconds, if that helps.
    #[must_use]
    pub const fn retry_after_s(&self) -> Option<u32> {
        match self.code {
            Code::Overloaded => Some(limits::RETRY_AFTER_S),
            Code::StorageFull => Some(limits::STORAGE_RETRY_AFTER_S),
            _ => None,
        }
    }

    /// The message of the protocol, in answer to the command `id` if that could be read.
    #[must_use]
    pub fn encode(&self, id: Option<&str>) -> String {
        let retry_after_s = self.retry_after_s();
        let message = ErrorMessage {
            r#type: ErrorWord::It,
            id,
            code: self.code,
            message: &self.message,
            retry_after_s,
        };
        serde_json::to_string(&message).unwrap_or_default()
    }
}

impl From<CommandError> for WireError {
    fn from(error: CommandError) -> Self {
        let code = match &error {
            CommandError::UnknownVehicle(_) => Code::UnknownVehicle,
            CommandError::UnknownRequest(_) => Code::UnknownRide,
            CommandError::NameTaken(_) => Code::NameTaken,
            CommandError::NotNow { .. }
            | CommandError::PlanChanged { .. }
            | CommandError::TimeRunsBack { .. } => Code::NotNow,
            CommandError::FactOutOfTime { earliest, latest, .. } => {
                let (earliest, latest) =
                    (super::time::format(*earliest), super::time::format(*latest));
                let rule = format!("must lie between {earliest} and {latest}");
                return Self::bad_value("at", &rule);
            }
            CommandError::Full { .. } | CommandError::Traffic(TrafficError::TooMuch { .. }) => {
                Code::Full
            }
            CommandError::Traffic(_) => Code::BadValue,
            CommandError::Invalid(_) => Code::BadValue,
        };
        Self::new(code, error.to_string())
    }
}
