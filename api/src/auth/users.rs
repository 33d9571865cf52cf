//! The file of accounts, written by `sharxi user`, read again by the service when it changes.

use std::io::Write;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::wire::message::{Role, check_name};

/// Accounts in a file.
pub const USERS_MAX: usize = 20_000;

/// One account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct User {
    /// Whom it is for.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// The vehicle of a driver.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vehicle: Option<String>,
    /// What is kept of the password.
    pub password: String,
}

/// All accounts, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Users {
    #[serde(default)]
    user: Vec<User>,
}

impl User {
    /// Checks what a role asks for.
    ///
    /// # Errors
    /// What is wrong, naming the field.
    pub fn check(&self) -> Result<(), String> {
        check_name("name", &self.name).map_err(|error| error.message)?;
        match (self.role, &self.vehicle) {
            (Role::Vehicle, None) => Err("a driver needs a vehicle".to_owned()),
            (Role::Vehicle, Some(vehicle)) => {
                check_name("vehicle", vehicle).map_err(|error| error.message)
            }
            (_, Some(_)) => Err("only a driver has a vehicle".to_owned()),
            (_, None) => Ok(()),
        }
    }
}

impl Users {
    /// Reads the text of a file.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut users: Self = toml::from_str(text).map_err(|error| error.message().to_owned())?;
        if USERS_MAX < users.user.len() {
            return Err(format!("has more than {USERS_MAX} users"));
        }
        for user in &users.user {
            user.check().map_err(|reason| format!("user {:?}: {reason}", user.name))?;
        }
        users.user.sort_by(|a, b| a.name.cmp(&b.name));
        let twice = users.user.windows(2).find(|pair| pair[0].name == pair[1].name);
        twice.map_or(Ok(()), |pair| Err(format!("user {:?}: is there twice", pair[0].name)))?;
        Ok(users)
    }

    /// Reads a file; one that is not there has no users.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn load(path: &Path) -> Result<Self, String> {
        match std::fs::read_to_string(path) {
            Ok(text) => Self::parse(&text),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(error.to_string()),
        }
    }

    /// Writes a file that only its owner can read.
    ///
    /// # Errors
    /// If it can't be written.
    pub fn save(&self, path: &Path) -> Result<(), String> {
        let text = toml::to_string(self).map_err(|error| error.to_string())?;
        write_private(path, text.as_bytes()).map_err(|error| error.to_string())
    }

    /// All of them, in order of name.
    #[must_use]
    pub fn all(&self) -> &[User] {
        &self.user
    }

    /// The account of that name.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<&User> {
        let found = self.user.binary_search_by(|user| user.name.as_str().cmp(name)).ok();
        found.and_then(|idx| self.user.get(idx))
    }

    /// Adds an account, or replaces the one of that name; whether there was one.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn put(&mut self, user: User) -> Result<bool, String> {
        user.check()?;
        match self.user.binary_search_by(|other| other.name.cmp(&user.name)) {
            Ok(idx) => {
                self.user[idx] = user;
                Ok(true)
            }
            Err(_) if USERS_MAX <= self.user.len() => {
                Err(format!("{USERS_MAX} users are the most"))
            }
            Err(idx) => {
                self.user.insert(idx, user);
                Ok(false)
            }
        }
    }

    /// Removes an account; whether there was one.
    pub fn remove(&mut self, name: &str) -> bool {
        let before = self.user.len();
        self.user.retain(|user| user.name != name);
        self.user.len() < before
    }
}

/// Writes a file that only its owner can read, as a whole or not at all.
///
/// # Errors
/// If it can't be written.
pub fn write_private(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(format!(".{}.tmp", std::process::id()));
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let write = || {
        let mut file = options.open(&beside)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        std::fs::rename(&beside, path)
    };
    write().inspect_err(|_error| {
        // What is left behind is of no use; that it can't be removed changes nothing about the failure.
        drop(std::fs::remove_file(&beside));
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(name: &str, role: Role, vehicle: Option<&str>) -> User {
        User { name: name.into(), role, vehicle: vehicle.map(str::to_owned), password: "x".into() }
    }

    #[test]
    fn accounts_come_and_go() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("users.toml");
        let mut users = Users::load(&path).unwrap();
        assert_eq!(users.put(user("bert", Role::Rider, None)), Ok(false));
        assert_eq!(users.put(user("anna", Role::Vehicle, Some("v1"))), Ok(false));
        assert_eq!(users.put(user("bert", Role::Operator, None)), Ok(true));
        users.save(&path).unwrap();
        let mut users = Users::load(&path).unwrap();
        assert_eq!(users.find("bert").unwrap().role, Role::Operator);
        assert_eq!(users.find("anna").unwrap().vehicle.as_deref(), Some("v1"));
        assert!(users.find("carl").is_none());
        assert!(users.remove("bert") && !users.remove("bert"));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        let mut users = Users::default();
        for (bad, said) in [
            (user("", Role::Rider, None), "name"),
            (user("anna", Role::Vehicle, None), "needs a vehicle"),
            (user("anna", Role::Rider, Some("v1")), "only a driver"),
            (user("anna", Role::Vehicle, Some("")), "vehicle"),
        ] {
            assert!(users.put(bad).unwrap_err().contains(said));
        }
        let twice = "[[user]]\nname = \"a\"\nrole = \"rider\"\npassword = \"x\"\n".repeat(2);
        assert!(Users::parse(&twice).unwrap_err().contains("twice"));
        let king = "[[user]]\nname = \"a\"\nrole = \"king\"\npassword = \"x\"\n";
        assert!(Users::parse(king).unwrap_err().contains("king"));
        let driver =
            "[[user]]\nname = \"a\"\nrole = \"driver\"\nvehicle = \"v1\"\npassword = \"x\"\n";
        assert_eq!(Users::parse(driver).unwrap().find("a").unwrap().role, Role::Vehicle);
    }
}
