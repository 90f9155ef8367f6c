//! Competition (R37): tells each case who its rivals are. What concerns a case is noted in the transaction that changes
//! it; here the case looks at the index of keys and takes over what it finds, which is safe to repeat. Replicas may all
//! run one.
use crate::{
    domain::ReviewCase,
    store::{
        CaseStore,
        contests::{self, Check},
        query::Cases,
    },
};
use cpor_durable::{Command, Versioned, Writer};
use cpor_kit::Db;
use cpor_types::{Actor, Calendar, CaseId, Malformed, Service, TenantId};
use std::{convert::Infallible, sync::Arc, time::Duration};
use tokio_util::sync::CancellationToken;

/// The loop.
#[derive(Clone)]
pub(crate) struct Contender {
    pub db: Db,
    pub writer: Writer<CaseStore>,
    pub calendar: Arc<Calendar>,
    /// How often it looks.
    pub poll: Duration,
}

impl Contender {
    pub(crate) async fn run(self, stop: CancellationToken) -> Result<(), anyhow::Error> {
        while stop.run_until_cancelled(tokio::time::sleep(self.poll)).await.is_some() {
            self.drain().await?;
        }
        Ok(())
    }

    /// Until no case must look.
    pub(crate) async fn drain(&self) -> Result<(), anyhow::Error> {
        loop {
            let checks = contests::asked(self.db.writer()).await?;
            if checks.is_empty() {
                return Ok(());
            }
            for check in checks {
                self.check(&check).await?;
            }
        }
    }

    /// How many must.
    pub(crate) async fn waiting(&self) -> Result<u64, anyhow::Error> {
        Ok(contests::waiting(self.db.writer()).await?)
    }

    async fn check(&self, check: &Check) -> Result<(), anyhow::Error> {
        let tenant: TenantId = check.key.owner.parse().map_err(|malformed: Malformed| anyhow::anyhow!(malformed))?;
        let cases = Cases::of(self.db.writer(), tenant);
        if let Some(Versioned { state: case, .. }) = cases.find(CaseId(check.key.id)).await? {
            let others = cases.contending(case.contended_keys()).await?;
            let rivals = case.rivals_among(others.iter().map(|other| &other.state));
            let calendar = Arc::clone(&self.calendar);
            let decide = move |case: Option<&ReviewCase>, now| {
                Ok::<_, Infallible>(case.and_then(|case| case.competing(rivals.clone(), now, &calendar)))
            };
            let command = Command::new("compete", check.key.clone(), Actor::system(Service::PoeReview));
            self.writer.execute(command, decide).await?;
        }
        Ok(contests::answered(self.db.writer(), check).await?)
    }
}
