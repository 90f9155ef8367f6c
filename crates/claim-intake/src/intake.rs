//! The service, as its RPCs see it: a decision goes in, a committed claim comes out.
use crate::{
    call::Call,
    domain::{Claim, Content, Facts, Refusal, Rules},
    evidence::{BadDocument, ObjectError, Objects, UploadError},
    store::{AlreadyClaimed, ClaimStore, Claims},
    watches::Watches,
};
use cpor_durable::{Aggregate as _, Command, Committed, Host, StoreError, Transition, Versioned, Writer};
use cpor_kit::auth::{MethodTable, TokenSigner};
use cpor_registry_client::SharedRegistry;
use cpor_types::{Clock, Entropy, Timestamp};
use sea_orm::DatabaseConnection;
use std::{sync::Arc, time::Duration};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

/// Everything that the RPCs and the events work with. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Intake {
    pub(crate) host: Host,
    pub(crate) writer: Writer<ClaimStore>,
    pub(crate) registry: SharedRegistry,
    pub(crate) rules: Rules,
    pub(crate) objects: Objects,
    /// Real time: of uploads, which the sweeper goes by.
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
    /// Who may call what, of the services that an explanation speaks of.
    pub(crate) methods: Arc<MethodTable>,
    /// Room for the rows of batches in work, [`ROWS_TOGETHER`] of them.
    pub(crate) rows: Arc<Semaphore>,
    /// Room for watches.
    pub(crate) watches: Watches,
    /// Signs receipts.
    pub(crate) signer: TokenSigner,
    /// How often a watch that has nothing to say says so.
    pub(crate) heartbeat: Duration,
    /// Cancelled when the process drains: whatever would not end by itself must.
    pub(crate) draining: CancellationToken,
}

/// Rows of batches that are decided at once: as many as the registry is asked about in one question and the writer commits together, and a
/// quarter of what may wait for it.
pub(crate) const ROWS_TOGETHER: usize = cpor_registry_client::CLAIMS_AT_ONCE;

/// A claim as a call left it, or would leave it.
#[derive(Clone, Debug)]
pub(crate) struct Judged {
    /// The claim with its version.
    pub(crate) claim: Versioned<Claim>,
    /// The request id was handled before, so that nothing was decided this time.
    pub(crate) replayed: bool,
}

/// Why a call changed nothing. `api/error.rs` says how each is answered.
#[derive(Debug)]
pub(crate) enum Failed {
    /// There is no such resource, or it is not the caller's; the name that was asked for.
    NotFound(String),
    /// The claim refuses.
    Refused(Refusal),
    /// Another claim of the company has a line (R38).
    AlreadyClaimed(AlreadyClaimed),
    /// The document is not taken (R14).
    BadDocument(BadDocument),
    /// The upload's messages are not in order.
    UploadOutOfOrder,
    /// The claim has another version than the call expects.
    Moved,
    /// The claim kept changing while it was judged.
    ConcurrentChange,
    /// The request id was used for another request.
    RequestIdReused,
    /// The registry cannot be asked now.
    RegistryUnavailable,
    /// The caller has as many watches as it may (R59).
    TooManyWatches {
        /// How many.
        limit: usize,
    },
    /// Too many commands wait.
    Overloaded,
    /// The outcome is not known; the text is for the log.
    Unavailable(String),
    /// A fault of ours; the text is for the log.
    Internal(String),
}

/// How often a decision is repeated because the claim changed while its facts were gathered.
const ATTEMPTS: usize = 3;

/// What the facts of a decision are needed for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Need {
    /// To show what is wrong with a draft: without the registry the rest is shown.
    Draft,
    /// To let a claim through: without the registry it cannot be.
    Submission,
}

impl Need {
    /// What a change of `claim` needs the registry for.
    pub(crate) const fn of(claim: &Claim) -> Self {
        if claim.state.submission().is_none() { Self::Draft } else { Self::Submission }
    }
}

impl Intake {
    /// For single reads.
    pub(crate) fn reader(&self) -> &DatabaseConnection {
        self.host.db().reader()
    }

    /// The call's claim as last committed; one indexed read.
    pub(crate) async fn read(&self, call: &Call) -> Result<Versioned<Claim>, Failed> {
        Claims::get(self.reader(), &call.claim).await?.ok_or_else(|| call.not_found())
    }

    /// Steps 3 to 5: has the writer load the claim, decide and save; with `validate_only` decides and saves nothing.
    pub(crate) async fn decide<D>(&self, call: &Call, decide: D) -> Result<Judged, Failed>
    where
        D: Fn(&Claim, Timestamp) -> Result<Option<Transition<Claim>>, Refusal> + Send + 'static,
    {
        self.decide_at(call, call.etag, decide).await
    }

    /// Steps 2 to 5: gathers the facts of the content that the decision is about, and what they are needed for (`None`: it will be refused
    /// without), then decides on the very version that they were gathered for; up to three times while it moves.
    pub(crate) async fn decide_with_facts<C, D>(&self, call: &Call, content: C, decide: D) -> Result<Judged, Failed>
    where
        C: Fn(&Claim) -> Option<(Need, Content)> + Send,
        D: Fn(&Claim, Option<&Facts>, Timestamp) -> Result<Option<Transition<Claim>>, Refusal> + Clone + Send + 'static,
    {
        for _ in 0..ATTEMPTS {
            let seen = self.read(call).await?;
            let expected = call.etag.unwrap_or(seen.version);
            let facts = match content(&seen.state) {
                Some((need, content)) if expected == seen.version => self.facts(call, need, &content).await?,
                Some(_) | None => None,
            };
            let decide = decide.clone();
            let decide = move |claim: &Claim, now| decide(claim, facts.as_ref(), now);
            match self.decide_at(call, Some(expected), decide).await {
                Err(Failed::Moved) if call.etag.is_none() => {}
                judged => return judged,
            }
        }
        Err(Failed::ConcurrentChange)
    }

    async fn decide_at<D>(&self, call: &Call, version: Option<u64>, decide: D) -> Result<Judged, Failed>
    where
        D: Fn(&Claim, Timestamp) -> Result<Option<Transition<Claim>>, Refusal> + Send + 'static,
    {
        if call.validate_only {
            return self.preview(call, version, decide).await;
        }
        let command = Command::new(call.method, call.key(), call.actor.clone());
        let command = command.expecting(version).request(call.request.clone());
        let decide = move |claim: Option<&Claim>, now| decide(claim.ok_or(Refusal::NotFound)?, now);
        self.execute(call, command, decide).await
    }

    /// Has the writer execute `command` for `call`.
    pub(crate) async fn execute<D>(&self, call: &Call, command: Command, decide: D) -> Result<Judged, Failed>
    where
        D: Fn(Option<&Claim>, Timestamp) -> Result<Option<Transition<Claim>>, Refusal> + Send + 'static,
    {
        let committed = self.writer.execute(command, decide).await.map_err(|failure| call.failed(failure))?;
        let Committed { version, state, replayed, .. } = committed;
        let claim = state.ok_or_else(|| call.not_found())?;
        Ok(Judged { claim: Versioned::new(version, claim), replayed })
    }

    /// What the decision would be, on the claim as last committed and with the deadlines that have passed since (R47).
    async fn preview<D>(&self, call: &Call, version: Option<u64>, decide: D) -> Result<Judged, Failed>
    where
        D: Fn(&Claim, Timestamp) -> Result<Option<Transition<Claim>>, Refusal>,
    {
        let seen = Claims::any(self.reader(), &call.claim).await?.ok_or_else(|| call.not_found())?;
        if version.is_some_and(|expected| expected != seen.version) {
            return Err(Failed::Moved);
        }
        let now = self.now().await?;
        let claim = elapsed(seen.state, now);
        let next = decide(&claim, now).map_err(|refusal| call.refused(refusal))?.map_or(claim, |made| made.next);
        Ok(Judged { claim: Versioned::new(seen.version, next), replayed: false })
    }

    /// The business time, outside of a transaction.
    pub(crate) async fn now(&self) -> Result<Timestamp, Failed> {
        Ok(self.host.now().await.map_err(StoreError::Db)?)
    }
}

/// The claim with the deadlines that have passed by `now` (R47).
pub(crate) fn elapsed(mut claim: Claim, now: Timestamp) -> Claim {
    while let Some(elapsed) = claim.elapse(now) {
        claim = elapsed.transition.next;
    }
    claim
}

impl From<BadDocument> for Failed {
    fn from(bad: BadDocument) -> Self {
        Self::BadDocument(bad)
    }
}

impl From<StoreError> for Failed {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Db(error) => Self::Unavailable(error.to_string()),
            StoreError::Lost(_) | StoreError::Inconsistent { .. } => Self::Internal(error.to_string()),
        }
    }
}

impl From<ObjectError> for Failed {
    fn from(error: ObjectError) -> Self {
        Self::Unavailable(error.to_string())
    }
}

impl From<UploadError> for Failed {
    fn from(error: UploadError) -> Self {
        match error {
            UploadError::Bad(bad) => bad.into(),
            UploadError::Store(error) => error.into(),
        }
    }
}
