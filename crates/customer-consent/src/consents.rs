//! Reads and changes consents, for the API and for the consent page. A consent is the customer's
//! side of one claim. A *notice* is a mail to the customer contact.

use std::sync::{Arc, OnceLock};

use cpor_database::Db;
use cpor_durable::{AggregateKey, BusinessClock, Command, CommandError, CommandOutcome, StoreError, Versioned, Writer};
use cpor_listing::Cursor;
use cpor_types::Timestamp;
use uuid::Uuid;

use crate::domain::{Channel, Consent, DeliveryReport, Refusal, Rules, TermsError};
use crate::store::{self, ConsentQuery, ConsentStore, NoConflict};

/// Gives access to the consents of this service.
#[derive(Clone)]
pub(crate) struct Consents {
    /// The database of the service.
    pub(crate) db: Db,
    /// The business clock, which deadlines use. It can be virtual.
    pub(crate) clock: BusinessClock,
    /// The writer that commits all changes of consents.
    pub(crate) writer: Writer<ConsentStore>,
    /// The policy profiles and calendars.
    pub(crate) rules: Arc<Rules>,
}

/// A decision of the customer about a claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum CustomerDecision {
    /// Approve the claim (R26a).
    Approve,
    /// Approve the claim through the link of the notice with this id (R26a).
    ApproveByLink(Uuid),
    /// Decline the claim through the link of a notice (R26).
    DeclineByLink {
        /// The id of the notice.
        notice: Uuid,
        /// The customer's comment; may be empty.
        comment: String,
    },
    /// Decline the claim (R26).
    Decline {
        /// The customer's comment; may be empty.
        comment: String,
    },
}

/// The result of a command: the committed consent, or why the command failed.
pub(crate) type CommandResult = Result<CommandOutcome<Consent>, CommandError<Refusal, NoConflict>>;

impl Consents {
    /// Reads a consent with its stored version. Passed deadlines are applied to the result (R47),
    /// but not stored. It takes two round trips to the database, or one if the business clock is
    /// the clock of the process (real time on SQLite).
    pub(crate) async fn find(&self, key: &AggregateKey) -> Result<Option<Versioned<Consent>>, StoreError> {
        let Some(Versioned { version, state }) = store::find(&self.db, key).await? else { return Ok(None) };
        Ok(Some(Versioned::new(version, state.with_deadlines_applied(self.now().await?))))
    }

    /// Lists up to `limit` consents after the position `after`, as last committed. `query` contains
    /// the filter and the order. If `owner` is given, only the consents of this tenant are listed.
    /// Takes one round trip to the database.
    pub(crate) async fn list(
        &self,
        owner: Option<&str>,
        query: &ConsentQuery,
        after: Option<&Cursor>,
        limit: u64,
    ) -> Result<Vec<(Cursor, Versioned<Consent>)>, StoreError> {
        store::list_consents(&self.db, owner, query, after, limit).await
    }

    /// Executes a decision of the customer (R43). The writer commits the decision, in one
    /// transaction with other waiting commands.
    pub(crate) async fn submit_decision(
        &self,
        command: Command,
        decision: CustomerDecision,
        channel: Channel,
    ) -> CommandResult {
        let decide = move |consent: Option<&Consent>, now: Timestamp| {
            let consent = consent.ok_or(Refusal::NotFound)?;
            match &decision {
                CustomerDecision::Approve => consent.approve(channel, now),
                CustomerDecision::ApproveByLink(notice) => consent.approve_by_link(*notice, now),
                CustomerDecision::DeclineByLink { notice, comment } => consent.decline_by_link(*notice, comment, now),
                CustomerDecision::Decline { comment } => consent.decline(channel, comment, now),
            }
        };
        self.writer.execute(command, decide).await
    }

    /// Sends the last notice again (R44), as a new notice with the id `notice`. The writer commits
    /// the command. `count` counts the notice or refuses the command. It is called at most once,
    /// and only if a notice is about to be queued: not for a repeated request id, for example.
    pub(crate) async fn resend_notice(
        &self,
        command: Command,
        notice: Uuid,
        count: impl Fn() -> Result<(), Refusal> + Send + 'static,
    ) -> CommandResult {
        // The writer calls the decision again if a shared transaction fails.
        let counted: OnceLock<Result<(), Refusal>> = OnceLock::new();
        let decide = move |consent: Option<&Consent>, now: Timestamp| {
            let transition = consent.ok_or(Refusal::NotFound)?.resend_notice(notice, now)?;
            if transition.is_some() {
                (*counted.get_or_init(&count))?;
            }
            Ok(transition)
        };
        self.writer.execute(command, decide).await
    }

    /// Records that a notice bounced after it was sent (R41b). The writer commits the command.
    pub(crate) async fn record_bounce(&self, command: Command, notice: Uuid, reason: String) -> CommandResult {
        let rules = self.rules.clone();
        let decide = move |consent: Option<&Consent>, now: Timestamp| {
            let consent = consent.ok_or(Refusal::NotFound)?;
            let terms = rules.terms_of(&consent.claim).map_err(|_| Refusal::TermsMissing)?;
            consent.record_bounce(notice, &reason, &terms, now)
        };
        self.writer.execute(command, decide).await
    }

    /// Records the mail system's report on a notice (R41, R41b). If the consent does not exist,
    /// nothing changes. The writer commits the command.
    pub(crate) async fn report_delivery(
        &self,
        command: Command,
        notice: Uuid,
        report: DeliveryReport,
    ) -> Result<CommandOutcome<Consent>, CommandError<TermsError, NoConflict>> {
        let rules = self.rules.clone();
        let decide = move |consent: Option<&Consent>, now: Timestamp| {
            let Some(consent) = consent else { return Ok(None) };
            let terms = rules.terms_of(&consent.claim)?;
            Ok(consent.on_notice_reported(notice, report.clone(), &terms, now))
        };
        self.writer.execute(command, decide).await
    }

    /// Returns the current time of the business clock.
    pub(crate) async fn now(&self) -> Result<Timestamp, StoreError> {
        Ok(self.clock.now(&self.db).await?)
    }
}
