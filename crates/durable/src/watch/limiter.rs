//! Limits on concurrent watches (R59), which are response streams that send a client each change.
//! An open watch occupies one of the concurrent calls that the server accepts. Watches are
//! therefore limited per hosted service, to leave capacity for other calls, and per caller, so that
//! one caller cannot use up all watches.
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use cpor_auth::Caller;
use cpor_call::status;
use cpor_proto::options::v1::ErrorReason;
use tonic::Status;

use crate::RETRY_AFTER;

/// The maximum number of concurrent watches of a hosted service.
const MAX_WATCHES_PER_SERVICE: usize = 256;

/// The maximum number of concurrent watches that one partner, one tenant, or one vendor user has of
/// a hosted service.
const MAX_WATCHES_PER_CALLER: usize = 16;

/// Counts the open watches of a hosted service by caller and issues permits. Cheap to clone.
#[derive(Clone, Default)]
pub(super) struct WatchLimiter(Arc<Mutex<HashMap<String, usize>>>);

/// The permission to keep one watch open. Dropping the permit frees its place.
pub(super) struct WatchPermit {
    limiter: WatchLimiter,
    /// The key of the caller in the limiter's map.
    caller_key: String,
}

impl WatchLimiter {
    /// Issues a permit for a watch of `caller`. All users of one partner, and all administrators of
    /// one tenant, count as one caller.
    ///
    /// # Errors
    /// Returns RESOURCE_EXHAUSTED: `TOO_MANY_WATCHES` if the caller has reached its limit,
    /// `OVERLOADED` if the service has reached its limit.
    pub(super) fn acquire(&self, caller: &Caller) -> Result<WatchPermit, Status> {
        let caller_key = match (&caller.partner, caller.tenant) {
            (Some(partner), _) => format!("partners/{partner}"),
            (None, Some(tenant)) => format!("tenants/{tenant}"),
            (None, None) => caller.id().to_owned(),
        };
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if counts.get(&caller_key).is_some_and(|count| *count >= MAX_WATCHES_PER_CALLER) {
            return Err(too_many_watches());
        }
        if counts.values().sum::<usize>() >= MAX_WATCHES_PER_SERVICE {
            return Err(status::overloaded(RETRY_AFTER));
        }
        *counts.entry(caller_key.clone()).or_default() += 1;
        Ok(WatchPermit { limiter: self.clone(), caller_key })
    }
}

fn too_many_watches() -> Status {
    let limit = MAX_WATCHES_PER_CALLER;
    status::resource_exhausted(
        ErrorReason::TooManyWatches.as_str_name(),
        format!("too many concurrent watches: at most {limit} per partner, tenant or vendor user"),
        &[("limit", &limit.to_string())],
        RETRY_AFTER,
    )
}

impl Drop for WatchPermit {
    fn drop(&mut self) {
        let mut counts = self.limiter.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&self.caller_key) {
            *count -= 1;
        }
        counts.retain(|_, count| *count > 0);
    }
}

#[cfg(test)]
mod tests {
    use cpor_types::{Actor, ActorSide};

    use super::*;

    fn caller(subject: &str, partner: Option<&str>, tenant: Option<&str>) -> Caller {
        Caller {
            subject: subject.into(),
            roles: Vec::new(),
            partner: partner.map(|id| id.parse().unwrap()),
            tenant: tenant.map(|id| id.parse().unwrap()),
            service: None,
            actor: Actor::new(ActorSide::Partner, subject),
        }
    }

    #[test]
    fn watches_are_limited_per_caller_and_per_service() {
        let limiter = WatchLimiter::default();
        let acquire = |subject: &str, partner: Option<&str>, tenant: Option<&str>| {
            let refused = |status: &Status| status::reason(status).unwrap_or_default();
            limiter.acquire(&caller(subject, partner, tenant)).map_err(|status| refused(&status))
        };
        let tenant = Some("0a1b2c3d-0000-4000-8000-000000000001");
        let mut permits = Vec::new();
        for (partner, tenant) in [(Some("contoso"), None), (None, tenant)] {
            permits.extend(
                (0..MAX_WATCHES_PER_CALLER).map(|n| acquire(&format!("user-{n}"), partner, tenant).ok().unwrap()),
            );
            assert_eq!(acquire("another", partner, tenant).err().as_deref(), Some("TOO_MANY_WATCHES"));
        }
        assert!(acquire("another", None, None).is_ok(), "and the permit is dropped at once");
        permits.pop();
        permits.push(acquire("another", None, tenant).ok().unwrap());
        let staff = permits.len()..MAX_WATCHES_PER_SERVICE;
        permits.extend(staff.map(|n| acquire(&format!("staff-{n}"), None, None).ok().unwrap()));
        assert_eq!(acquire("one-more", None, None).err().as_deref(), Some("OVERLOADED"));
        drop(permits);
        assert!(limiter.0.lock().unwrap().is_empty());
    }
}
