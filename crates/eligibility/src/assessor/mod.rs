//! The assessor: assesses what is stale, and what looks at usage that it has not been assessed with (R52).
//!
//! It holds no state of its own. What there is to do stands in the database, so that a restart or a second replica
//! changes nothing: whoever comes second finds that the version has moved, or that nothing is left to do.
#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use cpor_durable::{Command, Failure, Key, StoreError, Transition, Versioned, Writer};
use cpor_kit::Db;
use cpor_types::{Actor, Service, TenantKey};
use futures_util::future::join_all;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::{
    domain::{Assessment, Basis, Guides, MonthOfUse, NoneInForce, UsageByKey},
    store::{
        AssessmentStore,
        assessments::{self, Answers},
        guides,
        usage::{self, News},
    },
};

/// Stale assessments, and months of usage, that a round takes on.
const BATCH: u64 = 250;

/// Waking is by notification; this is how long it takes when one is lost, or when a month begins.
const POLL: Duration = Duration::from_secs(1);

/// What a round came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Round {
    /// There was nothing to do.
    Idle,
    /// Something was done, and there may be more.
    Progress,
    /// There was something to do, and nothing of it could be done now.
    Stuck,
}

/// Assesses in the background. Cheap to clone; the clones are the same assessor.
#[derive(Clone)]
pub(crate) struct Assessor(Arc<Parts>);

struct Parts {
    db: Db,
    writer: Writer<AssessmentStore>,
    wake: Notify,
}

impl Assessor {
    /// An assessor that commands by `writer`.
    pub(crate) fn new(db: Db, writer: Writer<AssessmentStore>) -> Self {
        Self(Arc::new(Parts { db, writer, wake: Notify::new() }))
    }

    /// There may be something to do.
    pub(crate) fn wake(&self) {
        self.0.wake.notify_one();
    }

    /// Works until `stop`.
    ///
    /// # Errors
    /// The database's; whoever runs it begins anew.
    pub(crate) async fn run(&self, stop: CancellationToken) -> Result<(), StoreError> {
        while !stop.is_cancelled() {
            match self.round().await? {
                Round::Progress => {}
                Round::Idle => tokio::select! {
                    () = stop.cancelled() => {}
                    () = self.0.wake.notified() => {}
                    () = tokio::time::sleep(POLL) => {}
                },
                // A wake-up would change nothing about what is in the way.
                Round::Stuck => tokio::select! {
                    () = stop.cancelled() => {}
                    () = tokio::time::sleep(POLL) => {}
                },
            }
        }
        Ok(())
    }

    /// Works until nothing is left to do, or what is left cannot be done now.
    ///
    /// # Errors
    /// The database's.
    pub(crate) async fn drain(&self) -> Result<(), StoreError> {
        while self.round().await? == Round::Progress {}
        Ok(())
    }

    /// Works if there is anything to do, and answers what is left: one line for each kind of work, none when all is done. Three reads when there is nothing.
    ///
    /// # Errors
    /// The database's.
    pub(crate) async fn settle(&self) -> Result<Vec<String>, StoreError> {
        if self.left().await?.is_empty() {
            return Ok(Vec::new());
        }
        self.drain().await?;
        self.left().await
    }

    async fn left(&self) -> Result<Vec<String>, StoreError> {
        let db = self.0.db.reader();
        let due = assessments::count_due(db, guides::load(db).await?.edition).await?;
        let unseen = usage::count_unseen(db).await?;
        let lines = [("claims to be assessed", due), ("months of usage to be assessed with", unseen)];
        Ok(lines.into_iter().filter(|(_, n)| *n > 0).map(|(what, n)| format!("{what}: {n}")).collect())
    }

    /// Six reads; the assessments themselves, which share transactions; one statement for the usage seen.
    async fn round(&self) -> Result<Round, StoreError> {
        let db = self.0.db.reader();
        // First, so that whatever looks at a month by now, or soon, is either found below or reads that month itself.
        let news = usage::unseen(db, BATCH).await?;
        // Before the assessments: one that was made by these guides has their edition.
        let shelf = guides::load(db).await?;
        let due = self.due(&news, shelf.edition).await?;
        if news.is_empty() && due.is_empty() {
            return Ok(Round::Idle);
        }
        // After the versions: what arrives between the two is assessed with once more, and never missed.
        let usage = usage::of_keys(db, due.values().flat_map(|due| looked_at(&due.state)).collect()).await?;
        let mut answers = assessments::answers(db, &due.keys().cloned().collect::<Vec<_>>()).await?;
        let guides = Arc::new(guides::compiled(&shelf)?);
        let work = due.iter().map(|(key, due)| {
            let basis = Gathered {
                guides: Arc::clone(&guides),
                usage: own(&usage, &due.state),
                answers: answers.remove(key).unwrap_or_default(),
            };
            self.assess(key, due.version, basis)
        });
        let done = join_all(work.collect::<Vec<_>>()).await;
        let undone = due.values().zip(&done).filter(|(_, done)| **done != Done::Assessed);
        let left: BTreeSet<TenantKey> = undone.flat_map(|(due, _)| looked_at(&due.state)).collect();
        let seen: Vec<News> = news.into_iter().filter(|news| !left.contains(news.key())).collect();
        usage::seen(self.0.db.writer(), &seen).await?;
        let moved = done.iter().any(|done| *done != Done::Failed) || !seen.is_empty();
        Ok(if moved { Round::Progress } else { Round::Stuck })
    }

    /// What is stale, what looks at these months, and what other guides have been activated for since.
    async fn due(&self, news: &[News], edition: u64) -> Result<BTreeMap<Key, Versioned<Assessment>>, StoreError> {
        let db = self.0.db.reader();
        let looking = usage::assessed_with(db, news).await?;
        let mut due: BTreeMap<_, _> = assessments::of_keys(db, &looking).await?.into_iter().collect();
        due.extend(assessments::stale(db, BATCH).await?);
        due.extend(assessments::outdated(db, edition, BATCH).await?);
        Ok(due)
    }

    /// Assesses one claim by what was read after its version.
    async fn assess(&self, key: &Key, version: u64, basis: Gathered) -> Done {
        let actor = Actor::system(Service::Eligibility);
        let command = Command::new("assess", key.clone(), actor).expecting(version);
        let decide = move |known: Option<&Assessment>, now| -> Result<Option<Transition<_>>, NoneInForce> {
            let Gathered { guides, usage, answers } = &basis;
            known.map(|known| known.assess(Basis { guides, usage, answers }, now)).transpose()
        };
        match self.0.writer.execute(command, decide).await {
            Ok(_) => Done::Assessed,
            Err(Failure::Moved { .. }) => Done::Moved,
            Err(failure) => {
                tracing::warn!(claim = %key.id, %failure, "a claim could not be assessed");
                Done::Failed
            }
        }
    }
}

/// What one assessment is made by.
struct Gathered {
    guides: Arc<Guides>,
    usage: UsageByKey,
    answers: Answers,
}

/// What became of one assessment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Done {
    Assessed,
    /// Something else happened to it meanwhile: the next round finds it as it is by then.
    Moved,
    Failed,
}

/// The keys whose usage an assessment looks at.
pub(crate) fn looked_at(assessment: &Assessment) -> impl Iterator<Item = TenantKey> {
    let tenant = assessment.about().tenant;
    assessment.keys().into_iter().map(move |key| TenantKey { tenant, key: key.clone() })
}

/// The usage that an assessment looks at.
pub(crate) fn own(usage: &BTreeMap<TenantKey, Vec<MonthOfUse>>, assessment: &Assessment) -> UsageByKey {
    let months = |key: TenantKey| usage.get(&key).map(|months| (key.key, months.clone()));
    UsageByKey(looked_at(assessment).filter_map(months).collect())
}
