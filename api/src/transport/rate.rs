//! The rate of each caller: a bucket of cost units that refills over a minute.

use super::{
    credentials::Caller,
    limits::Limits,
    refusal::{Refusal, code},
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use governor::{
    Quota, RateLimiter,
    clock::{Clock, DefaultClock},
    middleware::StateInformationMiddleware,
    state::keyed::DashMapStateStore,
};
use std::{
    net::IpAddr,
    num::NonZeroU32,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
/// Charges between two sweeps of buckets that are full again.
const SWEEP_EVERY: u32 = 4_096;

type Buckets =
    RateLimiter<Arc<str>, DashMapStateStore<Arc<str>>, DefaultClock, StateInformationMiddleware>;

/// The buckets of all callers.
pub(super) struct Rates {
    users: Option<Bucket>,
    anonymous: Option<Bucket>,
    charges: AtomicU32,
}

struct Bucket {
    name: &'static str,
    units: NonZeroU32,
    buckets: Buckets,
    clock: DefaultClock,
}

/// Where a caller stands after a charge, for the `RateLimit` headers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Standing {
    policy: &'static str,
    quota: u32,
    remaining: u32,
}

impl Standing {
    /// Writes `RateLimit` and `RateLimit-Policy`.
    pub fn write(self, headers: &mut HeaderMap) {
        let Self {
            policy,
            quota,
            remaining,
        } = self;
        let used = u64::from(quota.saturating_sub(remaining));
        let reset = used.saturating_mul(60).div_ceil(u64::from(quota.max(1)));
        for (name, value) in [
            (RATE_LIMIT, format!("\"{policy}\";r={remaining};t={reset}")),
            (RATE_LIMIT_POLICY, format!("\"{policy}\";q={quota};w=60")),
        ] {
            if let Ok(value) = HeaderValue::from_str(&value) {
                headers.insert(name, value);
            }
        }
    }
}

impl Rates {
    pub fn new(limits: &Limits) -> Self {
        Self {
            users: Bucket::new("user", limits.rate_user),
            anonymous: Bucket::new("anonymous", limits.rate_anonymous),
            charges: AtomicU32::new(0),
        }
    }

    /// Takes units from the bucket of a caller, or of the address when there is no user.
    pub fn charge(
        &self,
        caller: Option<&Caller>,
        peer: Option<IpAddr>,
        units: u32,
    ) -> Result<Option<Standing>, Refusal> {
        let Some(units) = NonZeroU32::new(units) else {
            return Ok(None);
        };
        let (bucket, key) = match caller.and_then(Caller::key) {
            Some(key) => (&self.users, Arc::from(key)),
            None => (&self.anonymous, network(peer)),
        };
        let Some(bucket) = bucket else {
            return Ok(None);
        };
        if self.charges.fetch_add(1, Ordering::Relaxed) % SWEEP_EVERY == SWEEP_EVERY - 1 {
            bucket.buckets.retain_recent();
        }
        bucket.take(&key, units).map(Some)
    }
}

impl Bucket {
    fn new(name: &'static str, units: u32) -> Option<Self> {
        let units = NonZeroU32::new(units)?;
        let quota = Quota::per_minute(units);
        let buckets = RateLimiter::dashmap(quota).with_middleware::<StateInformationMiddleware>();
        Some(Self {
            name,
            units,
            buckets,
            clock: DefaultClock::default(),
        })
    }

    fn take(&self, key: &Arc<str>, units: NonZeroU32) -> Result<Standing, Refusal> {
        match self.buckets.check_key_n(key, units.min(self.units)) {
            Ok(Ok(state)) => Ok(Standing {
                policy: self.name,
                quota: self.units.get(),
                remaining: state.remaining_burst_capacity(),
            }),
            Ok(Err(wait)) => {
                let wait = wait.wait_time_from(self.clock.now());
                Err(too_many(wait.as_secs().saturating_add(1)))
            }
            Err(_) => Err(too_many(60)),
        }
    }
}

fn too_many(retry_after_s: u64) -> Refusal {
    let refusal = Refusal::request(
        StatusCode::TOO_MANY_REQUESTS,
        code::RATE,
        "Demasiadas peticiones en un minuto; espere antes de continuar.",
        "Too many requests in a minute; please wait before going on.",
    );
    Refusal {
        retry_after_s: Some(retry_after_s),
        ..refusal
    }
}

/// An address as a key: an IPv6 client owns a /64.
pub(super) fn network(peer: Option<IpAddr>) -> Arc<str> {
    match peer {
        Some(IpAddr::V6(address)) => match address.to_ipv4_mapped() {
            Some(v4) => Arc::from(v4.to_string()),
            None => {
                let [a, b, c, d, ..] = address.segments();
                Arc::from(format!("{a:x}:{b:x}:{c:x}:{d:x}::/64"))
            }
        },
        Some(IpAddr::V4(address)) => Arc::from(address.to_string()),
        None => Arc::from("unknown"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_empties_by_cost_and_callers_do_not_share() {
        let limits = Limits {
            rate_user: 10,
            rate_anonymous: 2,
            ..Limits::default()
        };
        let rates = Rates::new(&limits);
        let (ana, bea) = (
            Caller::known("ana", |_, _| ()),
            Caller::known("bea", |_, _| ()),
        );
        let standing = rates.charge(Some(&ana), None, 4).unwrap().unwrap();
        assert_eq!((standing.quota, standing.remaining), (10, 6));
        assert!(rates.charge(Some(&ana), None, 6).is_ok());
        let refused = rates.charge(Some(&ana), None, 1).unwrap_err();
        assert_eq!(refused.code, code::RATE);
        assert!(refused.retry_after_s.unwrap() >= 1);
        assert!(rates.charge(Some(&bea), None, 1).is_ok());
        let address = "192.0.2.1".parse().ok();
        assert!(rates.charge(None, address, 2).is_ok());
        assert!(rates.charge(None, address, 1).is_err());
        assert!(rates.charge(None, "192.0.2.2".parse().ok(), 1).is_ok());
    }

    #[test]
    fn the_headers_name_policy_quota_and_reset() {
        let mut headers = HeaderMap::new();
        Standing {
            policy: "user",
            quota: 300,
            remaining: 295,
        }
        .write(&mut headers);
        assert_eq!(headers.get("ratelimit").unwrap(), "\"user\";r=295;t=1");
        assert_eq!(
            headers.get("ratelimit-policy").unwrap(),
            "\"user\";q=300;w=60"
        );
    }

    #[test]
    fn an_ipv6_network_is_one_caller_and_zero_is_no_rate() {
        let of = |a: &str| network(a.parse().ok());
        assert_eq!(of("2001:db8:1:2:aaaa::1"), of("2001:db8:1:2:bbbb::9"));
        assert_ne!(of("2001:db8:1:2::1"), of("2001:db8:1:3::1"));
        assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.1"));
        let rates = Rates::new(&Limits::for_testing());
        assert!((0..1000).all(|_| rates.charge(None, None, 100).unwrap().is_none()));
    }
}
