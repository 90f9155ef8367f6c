//! Limits on concurrent watches (R59). A watch is a client's open stream of changes. It occupies
//! one of the concurrent calls that the server accepts. Watches are therefore limited per process,
//! to leave capacity for other calls, and per caller, so that one caller cannot use up all watches.
use crate::error::CallError;
use cpor_auth::Caller;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

/// The maximum number of concurrent watches in a process.
const MAX_WATCHES_PER_PROCESS: usize = 256;

/// The maximum number of concurrent watches that one partner, or one vendor user, has in a process.
const MAX_WATCHES_PER_CALLER: usize = 16;

/// Counts the open watches of a process by caller and issues permits. Cheap to clone.
#[derive(Clone, Default)]
pub(crate) struct WatchLimiter(Arc<Mutex<HashMap<String, usize>>>);

/// The permission to keep one watch open. The watch counts as open until the permit is dropped.
pub(crate) struct WatchPermit {
    limiter: WatchLimiter,
    /// The key of the caller in the limiter's map.
    caller_key: String,
}

impl WatchLimiter {
    /// Issues a permit for a watch of `caller`. All users of one partner count as one caller.
    ///
    /// # Errors
    /// Returns [`CallError::TooManyWatches`] if the caller has reached its limit, and
    /// [`CallError::Overloaded`] if the process has reached its limit.
    pub(crate) fn acquire(&self, caller: &Caller) -> Result<WatchPermit, CallError> {
        let caller_key =
            caller.partner.as_ref().map_or_else(|| caller.id().to_owned(), |partner| format!("partners/{partner}"));
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if counts.get(&caller_key).is_some_and(|count| *count >= MAX_WATCHES_PER_CALLER) {
            return Err(CallError::TooManyWatches { limit: MAX_WATCHES_PER_CALLER });
        }
        if counts.values().sum::<usize>() >= MAX_WATCHES_PER_PROCESS {
            return Err(CallError::Overloaded);
        }
        *counts.entry(caller_key.clone()).or_default() += 1;
        Ok(WatchPermit { limiter: self.clone(), caller_key })
    }
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
    use super::*;
    use cpor_types::{Actor, ActorSide};

    fn caller(subject: &str, partner: Option<&str>) -> Caller {
        Caller {
            subject: subject.to_owned(),
            roles: Vec::new(),
            partner: partner.map(|id| id.parse().unwrap()),
            tenant: None,
            service: None,
            actor: Actor::new(ActorSide::Partner, subject),
        }
    }

    #[test]
    fn watches_are_limited_per_caller_and_per_process() {
        let limiter = WatchLimiter::default();
        let acquire = |subject: &str, partner: Option<&str>| limiter.acquire(&caller(subject, partner));
        let mut permits: Vec<WatchPermit> =
            (0..MAX_WATCHES_PER_CALLER).map(|n| acquire(&format!("user-{n}"), Some("contoso")).ok().unwrap()).collect();
        let refused = acquire("another", Some("contoso"));
        assert!(matches!(refused, Err(CallError::TooManyWatches { limit: MAX_WATCHES_PER_CALLER })));
        assert!(acquire("another", None).is_ok(), "and the permit is dropped at once");
        permits.pop();
        permits.push(acquire("another", Some("contoso")).ok().unwrap());
        let process_limit = MAX_WATCHES_PER_PROCESS;
        permits.extend((permits.len()..process_limit).map(|n| acquire(&format!("staff-{n}"), None).ok().unwrap()));
        assert!(matches!(acquire("one-more", None), Err(CallError::Overloaded)));
        drop(permits);
        assert!(limiter.0.lock().unwrap().is_empty());
    }
}
