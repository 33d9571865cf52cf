//! The gate that every request passes before any route sees it: origin, credentials, role, pace. Fails closed (I13).

use std::net::IpAddr;
use std::sync::Arc;

use tokio::sync::Semaphore;
use warp::http::{HeaderMap, Method, header};

use super::config::AuthConfig;
use super::keys::KeyRing;
use super::oidc::Provider;
use super::password;
use super::rate::Rates;
use super::ticket::Tickets;
use super::token::{self, Identity, unix_now};
use super::users::{User, Users};
use super::visitor::Visitor;
use super::watched::{FileError, LOOK_EVERY, Watched, text};
use crate::access::{self, Audience};
use crate::intent::Caller;
use crate::limits::{PASSWORDS_AT_A_TIME, Rates as RateLimits};
use crate::wire::error::{Code, WireError};
use crate::wire::message::Role;
use crate::ws::handshake;

/// The gate.
pub struct Gate {
    origins: Vec<String>,
    lock: Option<Lock>,
}

/// What makes people prove who they are.
struct Lock {
    keys: Watched<KeyRing>,
    users: Option<Watched<Users>>,
    provider: Option<Provider>,
    tickets: Tickets,
    rates: Rates,
    token_s: u64,
    session_s: u64,
    /// Passwords take memory and time on purpose; only so many at once.
    passwords: Arc<Semaphore>,
}

/// A token and whom it is for.
pub struct Issued {
    /// The token.
    pub token: String,
    /// Whom.
    pub identity: Identity,
}

impl Gate {
    /// A gate that lets everybody be who they say they are: for demonstrations and tests on one machine.
    #[must_use]
    pub const fn open(origins: Vec<String>) -> Self {
        Self { origins, lock: None }
    }

    /// A gate that asks for proof.
    ///
    /// # Errors
    /// [`FileError`] if keys, users or a provider's keys can't be read.
    pub fn locked(
        origins: Vec<String>,
        config: &AuthConfig,
        rates: &RateLimits,
    ) -> Result<Self, FileError> {
        let keys =
            Watched::open(&[&config.keys], LOOK_EVERY, |contents| KeyRing::parse(text(contents)?))?;
        let users = config.users.as_ref().map(|path| {
            Watched::open(&[path], LOOK_EVERY, |contents| Users::parse(text(contents)?))
        });
        let lock = Lock {
            keys,
            users: users.transpose()?,
            provider: config.oidc.as_ref().map(Provider::open).transpose()?,
            tickets: Tickets::default(),
            rates: Rates::new(rates),
            token_s: config.token_s,
            session_s: config.session_s,
            passwords: Arc::new(Semaphore::new(PASSWORDS_AT_A_TIME)),
        };
        Ok(Self { origins, lock: Some(lock) })
    }

    /// Whether everybody is who they say they are.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        self.lock.is_none()
    }

    /// Lets a request in, as whom.
    ///
    /// # Errors
    /// `not_allowed`, `unauthenticated` or `overloaded`.
    pub fn admit(
        &self,
        method: &Method,
        path: &str,
        headers: &HeaderMap,
        from: IpAddr,
    ) -> Result<Visitor, WireError> {
        let is_socket = path == "/v1/ws";
        if is_socket || !matches!(*method, Method::GET | Method::HEAD) {
            handshake::check_origin(headers, &self.origins)?;
        }
        let Some(lock) = &self.lock else { return Ok(Visitor::Anyone) };
        let shown = match handshake::ticket(headers).filter(|_| is_socket) {
            Some(ticket) => Some(lock.tickets.redeem(ticket)),
            None => bearer(headers).map(|token| lock.verify(token)),
        };
        let visitor = match shown {
            Some(Some(identity)) => Visitor::known(identity),
            Some(None) => {
                lock.rates.stranger(from)?;
                let message = "the token or ticket is not good, or not any more";
                return Err(WireError::new(Code::Unauthenticated, message));
            }
            None => {
                lock.rates.stranger(from)?;
                Visitor::Public
            }
        };
        let audience = access::audience(method, path);
        match (visitor.identity(), audience) {
            (_, Audience::Everybody) => Ok(visitor),
            (None, Audience::Here(_)) if from.is_loopback() => Ok(visitor),
            (None, _) => Err(WireError::new(Code::Unauthenticated, "a token is needed")),
            (Some(identity), Audience::Roles(roles) | Audience::Here(roles)) => {
                if !roles.contains(&identity.role) {
                    let message = "this role may not use this address";
                    return Err(WireError::new(Code::NotAllowed, message));
                }
                Ok(visitor)
            }
        }
    }

    /// Counts one command or question of somebody known.
    ///
    /// # Errors
    /// `overloaded`.
    pub fn pace(&self, visitor: &Visitor, caller: &Caller) -> Result<(), WireError> {
        match (&self.lock, visitor) {
            (Some(lock), Visitor::Known(..)) => lock.rates.caller(caller),
            _ => Ok(()),
        }
    }

    /// A token for a name and password.
    ///
    /// # Errors
    /// `unauthenticated`, `overloaded`, or `not_allowed` if nobody logs in here.
    pub async fn log_in(
        &self,
        from: IpAddr,
        name: &str,
        password: String,
    ) -> Result<Issued, WireError> {
        let lock = self.lock.as_ref().ok_or_else(nobody_logs_in)?;
        let users = lock.users.as_ref().ok_or_else(nobody_logs_in)?.get();
        lock.rates.login(from, name)?;
        let permit = lock.passwords.clone().acquire_owned().await;
        let user = users.find(name).cloned();
        let kept = user.as_ref().map(|user| user.password.clone());
        let is_right = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            password::verify(&password, kept.as_deref())
        });
        let is_right = is_right.await.unwrap_or(false);
        match user.filter(|_| is_right) {
            Some(user) => lock.issue(&user, unix_now(), unix_now()),
            None => Err(WireError::new(Code::Unauthenticated, "name or password is wrong")),
        }
    }

    /// A new token for one that has not expired, as long as the account is still there and the password was asked for
    /// not too long ago.
    ///
    /// # Errors
    /// `unauthenticated`.
    pub fn renew(&self, visitor: &Visitor) -> Result<Issued, WireError> {
        let again = || WireError::new(Code::Unauthenticated, "log in again");
        let lock = self.lock.as_ref().ok_or_else(nobody_logs_in)?;
        let identity = visitor.identity().ok_or_else(again)?;
        let auth_at = identity.auth_at.ok_or_else(again)?;
        let users = lock.users.as_ref().ok_or_else(again)?.get();
        let user = users.find(&identity.account).ok_or_else(again)?;
        let now = unix_now();
        if auth_at + lock.session_s <= now {
            return Err(again());
        }
        lock.issue(user, auth_at, now)
    }

    /// A ticket for a socket.
    ///
    /// # Errors
    /// `unauthenticated`, or `overloaded` if too many are about.
    pub fn ticket(&self, visitor: &Visitor) -> Result<String, WireError> {
        let lock = self.lock.as_ref().ok_or_else(nobody_logs_in)?;
        let identity = visitor.identity();
        let identity =
            identity.ok_or_else(|| WireError::new(Code::Unauthenticated, "a token is needed"))?;
        let full = || WireError::new(Code::Overloaded, "too many tickets are about");
        lock.tickets.issue(identity.clone()).ok_or_else(full)
    }
}

impl Lock {
    fn verify(&self, token: &str) -> Option<Arc<Identity>> {
        let own = token::verify(&self.keys.get(), token).filter(|own| self.is_current(own));
        let other = || self.provider.as_ref().and_then(|provider| provider.verify(token));
        own.or_else(other).map(Arc::new)
    }

    /// Whether an account is still there as it was: who was removed or moved is out at once, not when the token expires.
    fn is_current(&self, identity: &Identity) -> bool {
        let Some(users) = &self.users else { return true };
        let users = users.get();
        let user = users.find(&identity.account);
        user.is_some_and(|user| user.role == identity.role && acts_as(user) == identity.name)
    }

    fn issue(&self, user: &User, auth_at: u64, now: u64) -> Result<Issued, WireError> {
        let identity = Identity {
            account: user.name.clone(),
            role: user.role,
            name: acts_as(user).to_owned(),
            expires: (now + self.token_s).min(auth_at + self.session_s),
            auth_at: Some(auth_at),
        };
        let token = token::issue(&self.keys.get(), &identity, now).map_err(|reason| {
            tracing::error!(%reason, "a token can't be signed");
            WireError::new(Code::Overloaded, "no token can be made just now")
        })?;
        Ok(Issued { token, identity })
    }
}

fn acts_as(user: &User) -> &str {
    let vehicle = user.vehicle.as_deref().filter(|_| user.role == Role::Vehicle);
    vehicle.unwrap_or(&user.name)
}

fn nobody_logs_in() -> WireError {
    WireError::new(Code::NotAllowed, "nobody logs in to this service")
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().unwrap_or_default();
    let (scheme, token) = value.split_once(' ').unwrap_or((value, ""));
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}
