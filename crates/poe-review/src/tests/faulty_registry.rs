//! A fake registry with faults: it can lose answers, and run other code while it places a hold.
use cpor_registry_client::{
    Arbitration, ArbitrationOutcome, CheckedClaim, ClaimToCheck, HoldOutcome, HoldRequest, Registry, RegistryError,
    fake::FakeRegistry,
};
use cpor_types::{Actor, PartnerId, TenantKey, Timestamp};
use std::{
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex},
};

type ConcurrentAction = Pin<Box<dyn Future<Output = ()> + Send>>;

/// The in-memory registry with injected faults.
#[derive(Clone, Default)]
pub(crate) struct FaultyRegistry {
    pub fake: FakeRegistry,
    lost_answers: Arc<Mutex<u32>>,
    during_next_hold: Arc<Mutex<Option<ConcurrentAction>>>,
    hold_requests: Arc<Mutex<Vec<HoldRequest>>>,
}

impl FaultyRegistry {
    /// Lets the next `n` requests take effect, but loses their answers.
    pub(crate) fn lose_answers(&self, n: u32) {
        *self.lost_answers.lock().unwrap() = n;
    }

    /// Runs `action` after the next hold is placed, before its answer arrives.
    pub(crate) fn during_next_hold(&self, action: impl Future<Output = ()> + Send + 'static) {
        *self.during_next_hold.lock().unwrap() = Some(Box::pin(action));
    }

    /// Returns all hold requests so far.
    pub(crate) fn hold_requests(&self) -> Vec<HoldRequest> {
        self.hold_requests.lock().unwrap().clone()
    }

    fn loses_answer(&self) -> bool {
        let mut left = self.lost_answers.lock().unwrap();
        let loses_answer = *left > 0;
        *left = left.saturating_sub(1);
        loses_answer
    }
}

#[async_trait::async_trait]
impl Registry for FaultyRegistry {
    async fn check_claim(&self, actor: &Actor, claim: ClaimToCheck) -> Result<CheckedClaim, RegistryError> {
        self.fake.check_claim(actor, claim).await
    }

    async fn place_hold(&self, actor: &Actor, hold: HoldRequest) -> Result<HoldOutcome, RegistryError> {
        self.hold_requests.lock().unwrap().push(hold.clone());
        let answer = self.fake.place_hold(actor, hold).await?;
        let action = self.during_next_hold.lock().unwrap().take();
        if let Some(action) = action {
            action.await;
        }
        if self.loses_answer() { Err(RegistryError::Unavailable("the answer was lost".to_owned())) } else { Ok(answer) }
    }

    async fn arbitrate(&self, actor: &Actor, arbitration: Arbitration) -> Result<ArbitrationOutcome, RegistryError> {
        let answer = self.fake.arbitrate(actor, arbitration).await?;
        if self.loses_answer() { Err(RegistryError::Unavailable("the answer was lost".to_owned())) } else { Ok(answer) }
    }

    async fn check_usage_access(
        &self,
        actor: &Actor,
        partner: &PartnerId,
        key: &TenantKey,
    ) -> Result<Option<Timestamp>, RegistryError> {
        self.fake.check_usage_access(actor, partner, key).await
    }
}
