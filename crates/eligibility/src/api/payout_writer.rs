//! Executes commands on payouts for the methods that change them. The *writer* is the task that
//! commits commands.
use cpor_auth::Caller;
use cpor_durable::{AggregateKey, Command, CommandError, RequestId};
use cpor_types::Timestamp;
use tonic::Status;

use super::{Api, error};
use crate::{
    domain::{Payout, PayoutCommand, PayoutRefusal},
    store::payouts::{self, PayoutConflict, StoredPayout},
};

/// The reason why a command on a payout changed nothing.
pub(super) type PayoutError = CommandError<PayoutRefusal, PayoutConflict>;

/// A request to change a payout.
pub(super) struct PayoutChange {
    /// The name of the command, for traces.
    pub(super) command: &'static str,
    /// The key of the payout, which may not exist yet.
    pub(super) key: AggregateKey,
    /// The version that the caller expects; empty if any version may be changed.
    pub(super) etag: String,
    /// The id that the caller gave the request, so that it can be repeated safely (AIP-155).
    pub(super) request_id: Option<RequestId>,
    /// Whether the change is only decided and not stored.
    pub(super) validate_only: bool,
}

/// The payout after a change.
pub(super) struct ChangedPayout {
    /// The payout. With `validate_only`, it is the payout as it would be.
    pub(super) stored: StoredPayout,
    /// Whether the request id was used before, so that nothing was changed this time.
    pub(super) is_replayed: bool,
}

impl Api {
    /// Decides a change by `decide`, which returns the next payout, and commits it.
    pub(super) async fn change_payout(
        &self,
        caller: &Caller,
        change: &PayoutChange,
        decide: impl Fn(Option<&Payout>, Timestamp) -> Result<Payout, PayoutRefusal> + Clone + Send + 'static,
    ) -> Result<ChangedPayout, PayoutError> {
        let execute = || {
            let command = Command::new(change.command, change.key.clone(), caller.actor.clone());
            let command = command.expect_etag(&change.etag).request(change.request_id.clone());
            let decide = decide.clone();
            self.payout_writer.execute(command.validate_only(change.validate_only), move |current, now| {
                Ok(decide(current, now)?.transition_from(current))
            })
        };
        let outcome = match execute().await {
            // A concurrent request with the same request id may have created the payout. The second
            // attempt then returns that payout.
            Err(CommandError::Conflict(_)) if change.request_id.is_some() => execute().await?,
            other => other?,
        };
        let payout = outcome.state.ok_or(CommandError::Refused(PayoutRefusal::NotFound))?;
        // The writer's connection is used because a reader might not see the commit yet.
        let db = self.db.writer();
        let stored = payouts::get(db, &payout.name()).await.map_err(store_failure)?;
        if change.validate_only {
            // The writer finds conflicts only when it saves, which it has not done.
            let conflict = payouts::find_conflict(db, &payout, stored.is_none()).await.map_err(store_failure)?;
            conflict.map_or(Ok(()), |conflict| Err(CommandError::Conflict(conflict)))?;
        }
        let stored = match stored {
            Some(stored) if !change.validate_only => stored,
            Some(stored) => StoredPayout { payout, ..stored },
            None => {
                let due = payouts::load_totals_due(db, &payout.payee, payout.period).await.map_err(store_failure)?;
                let totals = due.ok_or(CommandError::Conflict(PayoutConflict::NothingDue))?;
                StoredPayout { version: 0, payout, totals }
            }
        };
        Ok(ChangedPayout { stored, is_replayed: outcome.replayed })
    }

    /// Applies a command to an existing payout.
    pub(super) async fn execute_payout_command(
        &self,
        caller: &Caller,
        change: PayoutChange,
        command: PayoutCommand,
    ) -> Result<StoredPayout, Status> {
        let decide = move |current: Option<&Payout>, now| match current {
            None => Err(PayoutRefusal::NotFound),
            Some(payout) => payout.apply(command.clone(), now),
        };
        let changed = self.change_payout(caller, &change, decide).await;
        Ok(changed.map_err(|error| error::payout_error(&change.key, "", error))?.stored)
    }
}

fn store_failure(error: cpor_durable::StoreError) -> PayoutError {
    CommandError::Unavailable(error.to_string())
}
