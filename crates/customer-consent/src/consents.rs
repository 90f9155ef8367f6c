//! Reading and changing consents: what the API and the consent page have in common.

use std::sync::Arc;

use cpor_durable::{AggregateKey, BusinessClock, Command, CommandError, CommandOutcome, StoreError, Versioned, Writer};
use cpor_kit::Db;
use cpor_types::Timestamp;
use uuid::Uuid;

use crate::domain::{Channel, Consent, Refusal, Rules};
use crate::store::{self, ConsentStore, Cursor, Filter, NoConflict};

/// Gives access to the consents of this service.
#[derive(Clone)]
pub(crate) struct Consents {
    /// The database of the service.
    pub(crate) db: Db,
    /// The business clock.
    pub(crate) clock: BusinessClock,
    /// The writer that commits all changes of consents.
    pub(crate) writer: Writer<ConsentStore>,
    /// The policy profiles and calendars.
    pub(crate) rules: Arc<Rules>,
}

/// A command of the customer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum CustomerDecision {
    /// Approve the claim (R26a).
    Approve,
    /// Approve the claim through the link of the notice with this id (R26a).
    ApproveByLink(Uuid),
    /// Decline the claim (R26).
    Decline {
        /// The customer's comment; may be empty.
        comment: String,
    },
}

/// The result of a command: the committed consent, or why the command failed.
pub(crate) type CommandResult = Result<CommandOutcome<Consent>, CommandError<Refusal, NoConflict>>;

impl Consents {
    /// Reads a consent, with passed deadlines applied (R47), and its stored version. It takes two
    /// round trips to the database, or one if the business clock is real time.
    pub(crate) async fn find(&self, key: &AggregateKey) -> Result<Option<Versioned<Consent>>, StoreError> {
        let Some(Versioned { version, state }) = store::find(&self.db, key).await? else { return Ok(None) };
        Ok(Some(Versioned::new(version, state.with_deadlines_applied(self.now().await?))))
    }

    /// Lists consents as last committed, newest first. It takes one round trip to the database.
    pub(crate) async fn list(
        &self,
        owner: Option<&str>,
        filter: &Filter,
        after: Option<Cursor>,
        limit: u64,
    ) -> Result<Vec<(Cursor, Versioned<Consent>)>, StoreError> {
        store::list_consents(&self.db, owner, filter, after, limit).await
    }

    /// Executes a command of the customer (R43) in a transaction of the writer, which it shares
    /// with waiting commands.
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
                CustomerDecision::Decline { comment } => consent.decline(channel, comment, now),
            }
        };
        self.writer.execute(command, decide).await
    }

    /// Sends the last notice again (R44), as a notice with the id `notice`, in a transaction of the
    /// writer.
    pub(crate) async fn resend_notice(&self, command: Command, notice: Uuid) -> CommandResult {
        let decide = move |consent: Option<&Consent>, now: Timestamp| {
            consent.ok_or(Refusal::NotFound)?.resend_notice(notice, now)
        };
        self.writer.execute(command, decide).await
    }

    /// Returns the business time.
    pub(crate) async fn now(&self) -> Result<Timestamp, StoreError> {
        Ok(self.clock.now(&self.db).await?)
    }
}
