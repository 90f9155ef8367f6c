//! A fake registry (the service that records which partner is on record for which workload or
//! subscription) that can lose answers and delay them. A *hold* reserves the workloads and
//! subscriptions of a claim for its partner; an *arbitration* decides between competing claims.

use std::{
    collections::{BTreeSet, VecDeque},
    pin::Pin,
    sync::{Arc, Mutex},
};

use cpor_registry_client::{
    Arbitration, ArbitrationOutcome, CheckedClaim, ClaimToCheck, HoldOutcome, HoldRequest, Registry, RegistryError,
    fake::FakeRegistry,
};
use cpor_types::{Actor, PartnerId, TenantKey, Timestamp};

/// Code that runs before an answer of the registry reaches the caller.
type Interruption = Pin<Box<dyn Future<Output = ()> + Send>>;

/// The in-memory registry with faults: it can lose answers, and run other code before an answer
/// arrives. Clones share the data and the faults.
#[derive(Clone, Default)]
pub struct FaultyRegistry {
    /// The registry behind the faults.
    pub fake: FakeRegistry,
    /// The number of next answers to lose.
    answers_to_lose: Arc<Mutex<u32>>,
    /// The code to run during the next checks, one piece for each.
    during_checks: Arc<Mutex<VecDeque<Interruption>>>,
    /// The code to run during the next holds, one piece for each.
    during_holds: Arc<Mutex<VecDeque<Interruption>>>,
    /// All hold requests so far.
    hold_requests: Arc<Mutex<Vec<HoldRequest>>>,
}

impl std::fmt::Debug for FaultyRegistry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FaultyRegistry").field("fake", &self.fake).finish_non_exhaustive()
    }
}

impl FaultyRegistry {
    /// Returns a registry with this content.
    #[must_use]
    pub fn new(fake: FakeRegistry) -> Self {
        Self { fake, ..Self::default() }
    }

    /// Lets the next `count` holds and arbitrations take effect, but loses their answers.
    ///
    /// # Panics
    /// Panics if another thread panicked.
    pub fn lose_answers(&self, count: u32) {
        *self.answers_to_lose.lock().unwrap() = count;
    }

    /// Runs `action` after the next check of a claim, before its answer arrives. Several actions
    /// run one after the other, one for each check.
    ///
    /// # Panics
    /// Panics if another thread panicked.
    pub fn during_next_check(&self, action: impl Future<Output = ()> + Send + 'static) {
        self.during_checks.lock().unwrap().push_back(Box::pin(action));
    }

    /// Runs `action` after the next hold is placed, before its answer arrives.
    ///
    /// # Panics
    /// Panics if another thread panicked.
    pub fn during_next_hold(&self, action: impl Future<Output = ()> + Send + 'static) {
        self.during_holds.lock().unwrap().push_back(Box::pin(action));
    }

    /// Returns the number of actions of [`Self::during_next_check`] that have not run.
    ///
    /// # Panics
    /// Panics if another thread panicked.
    #[must_use]
    pub fn pending_interruptions(&self) -> usize {
        self.during_checks.lock().unwrap().len()
    }

    /// Returns all hold requests so far.
    ///
    /// # Panics
    /// Panics if another thread panicked.
    #[must_use]
    pub fn hold_requests(&self) -> Vec<HoldRequest> {
        self.hold_requests.lock().unwrap().clone()
    }

    /// Returns the answer, or an error if it is to be lost.
    fn lose_or_return<T>(&self, answer: T) -> Result<T, RegistryError> {
        let mut left = self.answers_to_lose.lock().unwrap();
        if *left > 0 {
            *left -= 1;
            return Err(RegistryError::Unavailable("the answer was lost".to_owned()));
        }
        Ok(answer)
    }
}

async fn interrupt(interruptions: &Mutex<VecDeque<Interruption>>) {
    let next = interruptions.lock().unwrap().pop_front();
    if let Some(action) = next {
        action.await;
    }
}

#[async_trait::async_trait]
impl Registry for FaultyRegistry {
    async fn check_claim(&self, actor: &Actor, claim: ClaimToCheck) -> Result<CheckedClaim, RegistryError> {
        let answer = self.fake.check_claim(actor, claim).await;
        interrupt(&self.during_checks).await;
        answer
    }

    async fn place_hold(&self, actor: &Actor, hold: HoldRequest) -> Result<HoldOutcome, RegistryError> {
        self.hold_requests.lock().unwrap().push(hold.clone());
        let answer = self.fake.place_hold(actor, hold).await?;
        interrupt(&self.during_holds).await;
        self.lose_or_return(answer)
    }

    async fn arbitrate(&self, actor: &Actor, arbitration: Arbitration) -> Result<ArbitrationOutcome, RegistryError> {
        let answer = self.fake.arbitrate(actor, arbitration).await?;
        self.lose_or_return(answer)
    }

    async fn check_usage_access(
        &self,
        actor: &Actor,
        partner: &PartnerId,
        key: &TenantKey,
    ) -> Result<Option<Timestamp>, RegistryError> {
        self.fake.check_usage_access(actor, partner, key).await
    }

    async fn unknown_keys(
        &self,
        actor: &Actor,
        keys: &BTreeSet<TenantKey>,
    ) -> Result<BTreeSet<TenantKey>, RegistryError> {
        self.fake.unknown_keys(actor, keys).await
    }
}
