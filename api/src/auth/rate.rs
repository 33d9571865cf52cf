//! How often anybody may ask: a bucket for each user and for each address (generic cell rate algorithm, governor).

use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use crate::intent::Caller;
use crate::limits::{RATE_KEYS_MAX, Rate, Rates as RateLimits};
use crate::wire::error::{Code, WireError};
use crate::wire::message::Role;

/// Shortest time between two tidyings of a full table.
const TIDY_EVERY: Duration = Duration::from_secs(1);

/// Buckets of one kind, one for each key.
struct Buckets<K: Hash + Eq + Clone> {
    limiter: DefaultKeyedRateLimiter<K>,
    tidied: Mutex<Option<Instant>>,
}

impl<K: Hash + Eq + Clone> Buckets<K> {
    fn new(rate: Rate) -> Self {
        let burst = NonZeroU32::new(rate.burst).unwrap_or(NonZeroU32::MIN);
        let one = rate.one_per.max(Duration::from_micros(1));
        let quota = Quota::with_period(one)
            .unwrap_or_else(|| Quota::per_second(NonZeroU32::MIN))
            .allow_burst(burst);
        Self { limiter: RateLimiter::hashmap(quota), tidied: Mutex::default() }
    }

    /// Whether one more is in order. When the table is full, keys whose buckets are full again are forgotten; if none
    /// are, everybody has to wait rather than anybody pass uncounted.
    fn take(&self, key: &K) -> Result<(), WireError> {
        if RATE_KEYS_MAX <= self.limiter.len() && !self.tidy() {
            return Err(too_often());
        }
        self.limiter.check_key(key).map_err(|_not_until| too_often())
    }

    /// Makes room; whether there is any.
    fn tidy(&self) -> bool {
        let mut tidied = self.tidied.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if tidied.is_none_or(|last| TIDY_EVERY <= last.elapsed()) {
            *tidied = Some(Instant::now());
            self.limiter.retain_recent();
        }
        self.limiter.len() < RATE_KEYS_MAX
    }
}

fn too_often() -> WireError {
    WireError::new(Code::Overloaded, "too many in too short a time; wait a little")
}

/// All buckets of the service.
pub struct Rates {
    strangers: Buckets<IpAddr>,
    logins: Buckets<IpAddr>,
    accounts: Buckets<String>,
    riders: Buckets<String>,
    vehicles: Buckets<String>,
    staff: Buckets<String>,
}

impl Rates {
    /// Full buckets.
    #[must_use]
    pub fn new(limits: &RateLimits) -> Self {
        Self {
            strangers: Buckets::new(limits.stranger),
            logins: Buckets::new(limits.login),
            accounts: Buckets::new(limits.login),
            riders: Buckets::new(limits.rider),
            vehicles: Buckets::new(limits.vehicle),
            staff: Buckets::new(limits.staff),
        }
    }

    /// One request of somebody unknown.
    ///
    /// # Errors
    /// `overloaded`.
    pub fn stranger(&self, from: IpAddr) -> Result<(), WireError> {
        self.strangers.take(&network(from))
    }

    /// One try of a password.
    ///
    /// # Errors
    /// `overloaded`.
    pub fn login(&self, from: IpAddr, account: &str) -> Result<(), WireError> {
        self.logins.take(&network(from))?;
        self.accounts.take(&account.to_owned())
    }

    /// One command or question of somebody known.
    ///
    /// # Errors
    /// `overloaded`.
    pub fn caller(&self, caller: &Caller) -> Result<(), WireError> {
        let buckets = match caller.role {
            Role::Rider => &self.riders,
            Role::Vehicle => &self.vehicles,
            Role::Operator | Role::Dispatcher | Role::Analyst => &self.staff,
        };
        buckets.take(&caller.name)
    }
}

/// What one customer of a provider has: an address, or the 64 bits in front of one (RFC 6177).
fn network(from: IpAddr) -> IpAddr {
    match from.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate(burst: u32) -> Rate {
        Rate { one_per: Duration::from_secs(3600), burst }
    }

    #[test]
    fn each_has_a_bucket_of_its_own() {
        let limits = RateLimits { login: rate(2), rider: rate(3), ..RateLimits::default() };
        let rates = Rates::new(&limits);
        let (here, there) = ("10.0.0.1".parse().unwrap(), "10.0.0.2".parse().unwrap());
        assert!(rates.login(here, "anna").is_ok() && rates.login(here, "bert").is_ok());
        assert_eq!(rates.login(here, "carl").unwrap_err().code, Code::Overloaded, "the address");
        assert!(rates.login(there, "anna").is_ok());
        let elsewhere = "10.0.0.3".parse().unwrap();
        assert_eq!(
            rates.login(elsewhere, "anna").unwrap_err().code,
            Code::Overloaded,
            "the account"
        );
        let rider = |name: &str| Caller { role: Role::Rider, name: name.into() };
        for _ in 0..3 {
            assert!(rates.caller(&rider("anna")).is_ok());
        }
        assert!(rates.caller(&rider("anna")).is_err());
        assert!(rates.caller(&rider("bert")).is_ok());
        assert!(rates.caller(&Caller { role: Role::Vehicle, name: "anna".into() }).is_ok());
    }

    #[test]
    fn a_full_table_lets_nobody_pass_uncounted() {
        let buckets: Buckets<usize> = Buckets::new(rate(1));
        for key in 0..RATE_KEYS_MAX {
            assert!(buckets.take(&key).is_ok());
        }
        assert!(buckets.take(&RATE_KEYS_MAX).is_err());
        let quick = Rate { one_per: Duration::from_micros(1), burst: 1 };
        let buckets: Buckets<usize> = Buckets::new(quick);
        for key in 0..=RATE_KEYS_MAX {
            assert!(buckets.take(&key).is_ok(), "{key}");
        }
    }

    #[test]
    fn a_customer_is_an_address_or_a_network() {
        let of = |text: &str| network(text.parse().unwrap()).to_string();
        assert_eq!(of("192.0.2.7"), "192.0.2.7");
        assert_eq!(of("::ffff:192.0.2.7"), "192.0.2.7");
        assert_eq!(of("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
    }
}
