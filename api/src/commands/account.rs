//! `sharxi user` and `sharxi key`: who may come in, and what tokens are signed with.

use std::io::{BufRead, IsTerminal};
use std::path::PathBuf;

use anyhow::{Context, Result, anyhow, bail};
use serde_json::json;

use super::Output;
use crate::auth::keys::add_key;
use crate::auth::password::{generate, hash};
use crate::auth::users::{User, Users};
use crate::wire::message::Role;

/// Accounts in a file that `auth.users` names.
#[derive(Debug, clap::Subcommand)]
pub enum UserCommand {
    /// Add an account, or replace the one of that name. The password is read from standard input; on a terminal one is
    /// made up and told
    Add {
        /// File of accounts; made if it is not there
        file: PathBuf,
        /// Name of the account
        name: String,
        /// What it may do: rider, driver, dispatcher, operator or analyst
        #[arg(long, value_parser = parse_role)]
        role: Role,
        /// The vehicle of a driver
        #[arg(long, value_name = "VEHICLE_ID")]
        vehicle: Option<String>,
    },
    /// Remove an account; its tokens are of no use from then on
    Remove {
        /// File of accounts
        file: PathBuf,
        /// Name of the account
        name: String,
    },
    /// List the accounts
    List {
        /// File of accounts
        file: PathBuf,
    },
}

/// Keys in a file that `auth.keys` names.
#[derive(Debug, clap::Subcommand)]
pub enum KeyCommand {
    /// Put a new key in front, which signs from then on; the two before it still verify
    Add {
        /// File of keys; made if it is not there
        file: PathBuf,
    },
}

fn parse_role(text: &str) -> Result<Role, String> {
    serde_json::from_value(json!(text))
        .map_err(|_error| "must be rider, driver, dispatcher, operator or analyst".to_owned())
}

/// Runs `sharxi user`.
///
/// # Errors
/// If the file can't be read or written, or the account makes no sense.
pub fn user(command: &UserCommand) -> Result<Output> {
    match command {
        UserCommand::Add { file, name, role, vehicle } => {
            let mut users = load(file)?;
            let is_terminal = std::io::stdin().is_terminal();
            let password = if is_terminal { generate().map_err(|e| anyhow!(e))? } else { read()? };
            let kept = hash(&password).map_err(|reason| anyhow!("take the password: {reason}"))?;
            let (name, vehicle) = (name.clone(), vehicle.clone());
            let user = User { name: name.clone(), role: *role, vehicle, password: kept };
            let replaced = users.put(user).map_err(|reason| anyhow!("add {name}: {reason}"))?;
            save(&users, file)?;
            let verb = if replaced { "replaced" } else { "added" };
            let told = if is_terminal { format!(", password {password}") } else { String::new() };
            let json = json!({ "name": name, "role": role, "replaced": replaced });
            Ok(Output { text: format!("{verb} {name}{told}"), json })
        }
        UserCommand::Remove { file, name } => {
            let mut users = load(file)?;
            if !users.remove(name) {
                bail!("remove {name}: there is no such account in {}", file.display());
            }
            save(&users, file)?;
            Ok(Output { text: format!("removed {name}"), json: json!({ "removed": name }) })
        }
        UserCommand::List { file } => {
            let users = load(file)?;
            let row = |user: &User| {
                let role = serde_json::to_value(user.role).unwrap_or_default();
                let vehicle = user.vehicle.as_deref().map(|name| format!(" {name}"));
                let role = role.as_str().unwrap_or_default();
                format!("{} {role}{}", user.name, vehicle.unwrap_or_default())
            };
            let object = |user: &User| json!({ "name": user.name, "role": user.role, "vehicle": user.vehicle });
            let text = users.all().iter().map(row).collect::<Vec<_>>().join("\n");
            Ok(Output { text, json: users.all().iter().map(object).collect() })
        }
    }
}

/// Runs `sharxi key`.
///
/// # Errors
/// If the file can't be read or written.
pub fn key(command: &KeyCommand) -> Result<Output> {
    let KeyCommand::Add { file } = command;
    let kid =
        add_key(file).map_err(|reason| anyhow!("add a key to {}: {reason}", file.display()))?;
    Ok(Output { text: format!("added key {kid}"), json: json!({ "kid": kid }) })
}

fn read() -> Result<String> {
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line).context("read the password")?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

fn load(file: &std::path::Path) -> Result<Users> {
    Users::load(file).map_err(|reason| anyhow!("read {}: {reason}", file.display()))
}

fn save(users: &Users, file: &std::path::Path) -> Result<()> {
    users.save(file).map_err(|reason| anyhow!("write {}: {reason}", file.display()))
}
