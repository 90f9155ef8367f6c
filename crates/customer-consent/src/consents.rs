//! What the API and the page do alike: read a consent, and take the customer's word.

use std::sync::Arc;

use cpor_durable::{BusinessClock, Command, Committed, Failure, Key, StoreError, Versioned, Writer};
use cpor_kit::Db;
use cpor_types::Timestamp;
use uuid::Uuid;

use crate::domain::{Channel, Consent, Refusal, Rules};
use crate::store::{self, ConsentStore, Cursor, Filter, NoConflict};

/// The consents of this service.
#[derive(Clone)]
pub(crate) struct Consents {
    pub(crate) db: Db,
    pub(crate) clock: BusinessClock,
    pub(crate) writer: Writer<ConsentStore>,
    pub(crate) rules: Arc<Rules>,
}

/// What the customer says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum CustomerDecision {
    /// Yes (R26a).
    Approve,
    /// Yes, by the link of this notice.
    ApproveByLink(Uuid),
    /// No (R26).
    Decline {
        /// Why; may be empty.
        comment: String,
    },
}

/// What becomes of a customer's word.
pub(crate) type CommandResult = Result<Committed<Consent>, Failure<Refusal, NoConflict>>;

impl Consents {
    /// A consent as it stands now (R47), with the version that it is stored under. Two round trips, or one where the clock is the
    /// process's.
    pub(crate) async fn find(&self, key: &Key) -> Result<Option<Versioned<Consent>>, StoreError> {
        let Some(Versioned { version, state }) = store::find(&self.db, key).await? else { return Ok(None) };
        Ok(Some(Versioned::new(version, state.with_deadlines_applied(self.now().await?))))
    }

    /// A page of consents as they were last committed, newest first. One round trip.
    pub(crate) async fn list(
        &self,
        owner: Option<&str>,
        filter: &Filter,
        after: Option<Cursor>,
        limit: u64,
    ) -> Result<Vec<(Cursor, Versioned<Consent>)>, StoreError> {
        store::list_consents(&self.db, owner, filter, after, limit).await
    }

    /// Takes the customer's word (R43). One transaction of the writer, shared with others that wait.
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

    /// Sends the last notice again (R44), under this id. As [`Self::say`].
    pub(crate) async fn resend_notice(&self, command: Command, notice: Uuid) -> CommandResult {
        let decide = move |consent: Option<&Consent>, now: Timestamp| {
            consent.ok_or(Refusal::NotFound)?.resend_notice(notice, now)
        };
        self.writer.execute(command, decide).await
    }

    /// Business time.
    pub(crate) async fn now(&self) -> Result<Timestamp, StoreError> {
        Ok(self.clock.now(&self.db).await?)
    }
}
