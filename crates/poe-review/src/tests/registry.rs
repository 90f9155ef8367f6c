//! A registry that loses answers and lets things happen while it works.
use cpor_registry_client::{
    Arbitration, ArbitrationAnswer, CheckedClaim, ClaimToCheck, HoldAnswer, HoldRequest, Registry, RegistryError,
    fake::FakeRegistry,
};
use cpor_types::{Actor, PartnerId, TenantKey, Timestamp};
use std::{
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex},
};

type Meanwhile = Pin<Box<dyn Future<Output = ()> + Send>>;

/// The fake, with mishaps.
#[derive(Clone, Default)]
pub(crate) struct MishapRegistry {
    pub fake: FakeRegistry,
    lost_answers: Arc<Mutex<u32>>,
    meanwhile: Arc<Mutex<Option<Meanwhile>>>,
    asked: Arc<Mutex<Vec<HoldRequest>>>,
}

impl MishapRegistry {
    /// The next `n` holds are placed, but nobody hears of it.
    pub(crate) fn lose_answers(&self, n: u32) {
        *self.lost_answers.lock().unwrap() = n;
    }

    /// This happens while the next hold is placed, before its answer arrives.
    pub(crate) fn meanwhile(&self, what: impl Future<Output = ()> + Send + 'static) {
        *self.meanwhile.lock().unwrap() = Some(Box::pin(what));
    }

    /// Every hold asked for so far.
    pub(crate) fn asked(&self) -> Vec<HoldRequest> {
        self.asked.lock().unwrap().clone()
    }

    fn loses(&self) -> bool {
        let mut left = self.lost_answers.lock().unwrap();
        let loses = *left > 0;
        *left = left.saturating_sub(1);
        loses
    }
}

#[async_trait::async_trait]
impl Registry for MishapRegistry {
    async fn check_claim(&self, actor: &Actor, claim: ClaimToCheck) -> Result<CheckedClaim, RegistryError> {
        self.fake.check_claim(actor, claim).await
    }

    async fn place_hold(&self, actor: &Actor, hold: HoldRequest) -> Result<HoldAnswer, RegistryError> {
        self.asked.lock().unwrap().push(hold.clone());
        let answer = self.fake.place_hold(actor, hold).await?;
        let meanwhile = self.meanwhile.lock().unwrap().take();
        if let Some(meanwhile) = meanwhile {
            meanwhile.await;
        }
        if self.loses() { Err(RegistryError::Unavailable("the answer was lost".to_owned())) } else { Ok(answer) }
    }

    async fn arbitrate(&self, actor: &Actor, arbitration: Arbitration) -> Result<ArbitrationAnswer, RegistryError> {
        let answer = self.fake.arbitrate(actor, arbitration).await?;
        if self.loses() { Err(RegistryError::Unavailable("the answer was lost".to_owned())) } else { Ok(answer) }
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
