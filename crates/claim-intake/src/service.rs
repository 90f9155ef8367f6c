//! The state that the RPC handlers and the event receiver share, and the functions by which they
//! execute a command: they pass a decision function and get the committed claim back. A *policy
//! profile* is a versioned set of values that the business rules leave open (R61).
//!
//! The *writer* is the task that commits the commands on claims. *Business time* is the time of the
//! clock that deadlines and histories use; it can differ from real time. The *facts* for a decision
//! are the registry service's answer about the content of a claim.
use crate::{
    call::Call,
    domain::{Claim, Content, Refusal, RegistryAnswer, Rules},
    error::CallError,
    evidence::{EvidenceKeys, EvidenceStore, Scanner},
    facts::submitted_fields,
    store::{ClaimReader, ClaimStore, EvidenceUsage},
};
use cpor_auth::{MethodTable, ReceiptSigner};
use cpor_call::directory_budget::DirectoryBudget;
use cpor_durable::{
    Aggregate as _, Command, CommandError, CommandOutcome, Host, StoreError, Transition, Versioned, Writer,
    watch::Watches,
};
use cpor_registry_client::{SharedRegistry, SubmittedFields};
use cpor_types::{Clock, Entropy, Timestamp};
use sea_orm::DatabaseConnection;
use std::sync::Arc;
use tokio::sync::Semaphore;

/// The claim-intake service. It implements the gRPC service and the event receiver. Cheap to clone.
#[derive(Clone)]
pub(crate) struct ClaimIntake {
    /// The database and the background tasks of the service.
    pub(crate) host: Host,
    /// The task that commits commands on claims.
    pub(crate) writer: Writer<ClaimStore>,
    /// Reads single claims.
    pub(crate) claims: ClaimReader,
    /// The client of the registry service.
    pub(crate) registry: SharedRegistry,
    /// Limits how often partners name domains that are not the tenant's.
    pub(crate) wrong_domains: Arc<DirectoryBudget>,
    /// The policy profiles and calendars.
    pub(crate) rules: Rules,
    /// The store of the documents' bytes.
    pub(crate) evidence_store: EvidenceStore,
    /// The keys that encrypt the documents.
    pub(crate) evidence_keys: EvidenceKeys,
    /// The malware scanner, if there is one.
    pub(crate) scanner: Option<Scanner>,
    /// The maximum number of documents and bytes that a partner may store.
    pub(crate) evidence_quota: EvidenceUsage,
    /// The clock of real time. The start times of uploads are taken from it.
    pub(crate) clock: Arc<dyn Clock>,
    /// The source of random ids.
    pub(crate) entropy: Arc<dyn Entropy>,
    /// The access declarations of the gRPC methods that ExplainClaim lists.
    pub(crate) methods: Arc<MethodTable>,
    /// Limits how many rows of BatchCreateClaims are processed at the same time: one permit for
    /// each of [`MAX_ROWS_IN_FLIGHT`] rows.
    pub(crate) row_permits: Arc<Semaphore>,
    /// What all watches share. A watch is a client's open stream of changes.
    pub(crate) watches: Watches,
    /// Signs receipts.
    pub(crate) receipt_signer: ReceiptSigner,
}

/// The maximum number of rows of all BatchCreateClaims calls that are processed at the same time.
/// Each row creates one draft. The number equals the number of claims that the registry checks in
/// one request. It is a quarter of the length of the writer's queue, so that the queue always has
/// room for other commands.
pub(crate) const MAX_ROWS_IN_FLIGHT: usize = cpor_registry_client::MAX_CLAIMS_PER_CALL;

/// The result of a command. With `validate_only`, the claim is as it would have been committed.
#[derive(Clone, Debug)]
pub(crate) struct DecisionOutcome {
    /// The claim after the decision, with its version.
    pub(crate) claim: Versioned<Claim>,
    /// Whether a request with the same request id was already handled. This call has then changed
    /// nothing.
    pub(crate) replayed: bool,
}

/// The maximum number of attempts to execute a command if the claim changes between reading it and
/// deciding.
const MAX_ATTEMPTS: usize = 3;

/// Whether a decision can be made without the registry's facts about the claim's content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RegistryNeed {
    /// The decision concerns a draft. If the registry does not answer, the draft is stored without
    /// facts.
    Optional,
    /// The decision concerns a submission or a submitted claim. If the registry does not answer,
    /// the command fails.
    Required,
}

impl RegistryNeed {
    /// Returns whether an update of `claim` requires the registry's facts. For a draft they are
    /// optional.
    pub(crate) const fn for_update(claim: &Claim) -> Self {
        if claim.state.submission().is_none() { Self::Optional } else { Self::Required }
    }
}

impl ClaimIntake {
    /// Returns the database connection for reads outside a transaction.
    pub(crate) fn reader(&self) -> &DatabaseConnection {
        self.host.db().reader()
    }

    /// Reads the call's claim as last committed, with one indexed read.
    pub(crate) async fn read(&self, call: &Call) -> Result<Versioned<Claim>, CallError> {
        self.claims.get(&call.claim).await?.ok_or_else(|| call.not_found())
    }

    /// Reads the call's claim as last committed, even if it is a deleted draft. It is for calls
    /// that read the claim before the writer looks up their request id: a repeated request gets its
    /// first answer even if the draft was deleted since then. The transition table refuses all
    /// other commands on a deleted draft.
    pub(crate) async fn read_with_deleted(&self, call: &Call) -> Result<Versioned<Claim>, CallError> {
        self.claims.get_with_deleted(&call.claim).await?.ok_or_else(|| call.not_found())
    }

    /// Executes a command that needs no facts from the registry. The writer loads the claim, calls
    /// `decide` and saves the result. With `validate_only`, nothing is saved.
    pub(crate) async fn decide<D>(&self, call: &Call, decide: D) -> Result<DecisionOutcome, CallError>
    where
        D: Fn(&Claim, Timestamp) -> Result<Option<Transition<Claim>>, Refusal> + Send + 'static,
    {
        self.decide_at_version(call, call.etag, decide).await
    }

    /// Executes a command that needs facts from the registry.
    ///
    /// `content_to_check` returns the content that the registry checks and whether the check is
    /// required, or `None` if the claim refuses the command in any case. The decision is made on
    /// the version of the claim for which the facts were fetched. If the claim has changed in
    /// between, both steps are repeated, up to [`MAX_ATTEMPTS`] times in total.
    pub(crate) async fn decide_with_facts<C, D>(
        &self,
        call: &Call,
        content_to_check: C,
        decide: D,
    ) -> Result<DecisionOutcome, CallError>
    where
        C: Fn(&Claim) -> Option<(RegistryNeed, Content)> + Send,
        D: Fn(&Claim, Option<&RegistryAnswer>, Timestamp) -> Result<Option<Transition<Claim>>, Refusal>
            + Clone
            + Send
            + 'static,
    {
        for _ in 0..MAX_ATTEMPTS {
            let current = self.read_with_deleted(call).await?;
            let expected = call.etag.unwrap_or(current.version);
            let facts = match content_to_check(&current.state) {
                Some((need, content)) if expected == current.version => {
                    self.facts_unless_repeated(call, need, &content, submitted_fields(&current.state)).await?
                }
                Some(_) | None => None,
            };
            let decide = decide.clone();
            let decide = move |claim: &Claim, now| decide(claim, facts.as_ref(), now);
            match self.decide_at_version(call, Some(expected), decide).await {
                Err(CallError::Command { error: CommandError::VersionMismatch { .. }, .. }) if call.etag.is_none() => {}
                outcome => return outcome,
            }
        }
        Err(CallError::ConcurrentChange)
    }

    /// Fetches the facts for a decision. A repeated request is not decided again, so it gets its
    /// answer also if the registry does not answer.
    async fn facts_unless_repeated(
        &self,
        call: &Call,
        need: RegistryNeed,
        content: &Content,
        submitted: Option<SubmittedFields>,
    ) -> Result<Option<RegistryAnswer>, CallError> {
        let facts = self.fetch_facts(call, need, content, submitted).await;
        if let (Err(_), Some(request), false) = (&facts, &call.request, call.validate_only)
            && self.host.knows_request_id(&request.caller, request.method, &request.id).await?
        {
            return Ok(None);
        }
        facts
    }

    /// Executes a command if the claim has this version; `None` accepts every version.
    async fn decide_at_version<D>(
        &self,
        call: &Call,
        version: Option<u64>,
        decide: D,
    ) -> Result<DecisionOutcome, CallError>
    where
        D: Fn(&Claim, Timestamp) -> Result<Option<Transition<Claim>>, Refusal> + Send + 'static,
    {
        let command = call.command().expect_version(version);
        let decide = move |claim: Option<&Claim>, now| decide(claim.ok_or(Refusal::NotFound)?, now);
        self.execute(call, command, decide).await
    }

    /// Passes `command` to the writer and returns the committed claim.
    pub(crate) async fn execute<D>(
        &self,
        call: &Call,
        command: Command,
        decide: D,
    ) -> Result<DecisionOutcome, CallError>
    where
        D: Fn(Option<&Claim>, Timestamp) -> Result<Option<Transition<Claim>>, Refusal> + Send + 'static,
    {
        let committed = self.writer.execute(command, decide).await.map_err(|failure| call.command_error(failure))?;
        let CommandOutcome { version, state, replayed, .. } = committed;
        let claim = state.ok_or_else(|| call.not_found())?;
        Ok(DecisionOutcome { claim: Versioned::new(version, claim), replayed })
    }

    /// Returns the current business time, read outside a transaction.
    pub(crate) async fn now(&self) -> Result<Timestamp, CallError> {
        Ok(self.host.now().await.map_err(StoreError::Db)?)
    }
}

/// Returns `claim` with all deadlines applied that have passed by `now` (R47). Nothing is stored.
pub(crate) fn apply_passed_deadlines(mut claim: Claim, now: Timestamp) -> Claim {
    while let Some(passed) = claim.apply_passed_deadline(now) {
        claim = passed.transition.next;
    }
    claim
}
