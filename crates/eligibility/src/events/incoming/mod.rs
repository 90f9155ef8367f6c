//! Applies the events of the registry, the service that stores which partner is on record for which
//! workload or subscription. Each event becomes commands on assessments.
mod parse;
#[cfg(test)]
mod tests;

use std::convert::Infallible;

use cpor_database::Db;
use cpor_durable::{
    AggregateKey, Command, CommandError, EventReceiver, Inbox, IncomingEvent, ReceiveError, StoreError, Transition,
    Writer,
};
use cpor_proto::events::v1::{
    AssociationBecameOfficial, AssociationEnded, PartnerChanged, SubscriptionChanged, event::Payload,
};
use cpor_types::{AssociationEndReason, PartnerId};
use futures_util::future::try_join_all;

use crate::{
    assessor::Assessor,
    domain::{Assessment, AssociationEnd, PartnerRecord},
    store::{
        self, AssessmentStore,
        assessments::{self, Scope},
        partner_records,
    },
};

/// The number of assessments that are read and changed at a time after a change of a partner.
const PAGE_SIZE: u64 = 500;

/// Applies the registry's events.
pub(crate) struct EventHandler {
    db: Db,
    writer: Writer<AssessmentStore>,
    inbox: Inbox,
    assessor: Assessor,
}

#[async_trait::async_trait]
impl EventReceiver for EventHandler {
    #[expect(clippy::wildcard_enum_match_arm, reason = "all other kinds of events are unexpected")]
    async fn apply(&self, incoming: IncomingEvent) -> Result<(), ReceiveError> {
        let applied = match &incoming.payload {
            Payload::AssociationBecameOfficial(event) => self.on_association_official(&incoming, event).await,
            Payload::AssociationEnded(event) => self.on_association_ended(&incoming, event).await,
            Payload::SubscriptionChanged(event) => self.on_subscription_changed(&incoming, event).await,
            Payload::PartnerChanged(event) => self.on_partner_changed(&incoming, event).await,
            _ => Err(incoming.unexpected()),
        };
        self.assessor.wake();
        applied
    }
}

impl EventHandler {
    /// Returns a handler that sends commands to `writer` and wakes `assessor` after each event.
    pub(crate) fn new(db: Db, writer: Writer<AssessmentStore>, inbox: Inbox, assessor: Assessor) -> Self {
        Self { db, writer, inbox, assessor }
    }

    /// Opens the assessment of an association that became official.
    ///
    /// The stored record of the partner is applied twice: before the command, so that the first
    /// assessment uses current facts, and after it, in case the record changed at the same time.
    async fn on_association_official(
        &self,
        incoming: &IncomingEvent,
        event: &AssociationBecameOfficial,
    ) -> Result<(), ReceiveError> {
        let mut facts = parse::association_facts(event)?;
        let partner = facts.claim.partner.clone();
        if let Some(record) = self.partner_record(&partner).await? {
            facts.partner = record.facts_for_location(&facts.partner.mpn_id);
        }
        let key = store::assessment_key(facts.tenant, facts.claim.claim);
        let command = incoming.command("open_assessment", key.clone());
        self.execute(command, move |current| Assessment::open(current, facts.clone())).await?;
        match self.partner_record(&partner).await? {
            Some(record) => self.change_partner(incoming, key, record).await,
            None => Ok(()),
        }
    }

    /// Ends some lines or the whole association. Nothing happens if the association never became
    /// official, because then the claim has no assessment.
    async fn on_association_ended(
        &self,
        incoming: &IncomingEvent,
        event: &AssociationEnded,
    ) -> Result<(), ReceiveError> {
        let key = parse::assessment_key(&event.tenant, &event.claim)?;
        let command = incoming.command("end_assessment", key);
        let reason = parse::parse_enum::<AssociationEndReason>(event.reason)?.to_string();
        let end = AssociationEnd { time: incoming.effective_time, reason };
        let lines = parse::ended_lines(event)?;
        self.execute(command, move |current| current?.end_lines(&lines, &end)).await
    }

    async fn on_subscription_changed(
        &self,
        incoming: &IncomingEvent,
        event: &SubscriptionChanged,
    ) -> Result<(), ReceiveError> {
        let key = parse::assessment_key(&event.tenant, &event.claim)?;
        let command = incoming.command("change_subscription", key);
        let subscription = parse::subscription_facts(event.subscription.as_ref())?;
        let time = incoming.effective_time;
        self.execute(command, move |current| current?.change_subscription(&subscription, time)).await
    }

    /// Stores the partner's record and applies it to each assessment of the partner.
    ///
    /// The event is marked as applied after the last command. The commands may be repeated, so
    /// another delivery after a failure completes the rest.
    async fn on_partner_changed(&self, incoming: &IncomingEvent, event: &PartnerChanged) -> Result<(), ReceiveError> {
        let (partner, reported) = parse::partner_record(event)?;
        if self.inbox.is_applied(&incoming.position).await? {
            return Ok(());
        }
        let saved = partner_records::save(self.db.writer(), &partner, incoming.position.sequence, &reported).await;
        saved.map_err(storage_failure)?;
        let scope = Scope::Partner(partner.clone());
        let mut after = None;
        loop {
            let page = assessments::list(self.db.reader(), &scope, None, after.as_ref(), PAGE_SIZE).await;
            let page = page.map_err(storage_failure)?;
            let Some((last, _)) = page.last() else { break };
            after = Some(last.clone());
            // The stored record may be from a later event than this one.
            let record = self.partner_record(&partner).await?.unwrap_or_else(|| reported.clone());
            try_join_all(page.into_iter().map(|(key, _)| self.change_partner(incoming, key, record.clone()))).await?;
        }
        self.inbox.mark_applied(&incoming.position).await
    }

    async fn partner_record(&self, partner: &PartnerId) -> Result<Option<PartnerRecord>, ReceiveError> {
        partner_records::get(self.db.reader(), partner).await.map_err(storage_failure)
    }

    /// Applies a partner's record to one assessment.
    async fn change_partner(
        &self,
        incoming: &IncomingEvent,
        key: AggregateKey,
        record: PartnerRecord,
    ) -> Result<(), ReceiveError> {
        let time = incoming.effective_time;
        let command = Command::new("change_partner", key, incoming.actor.clone()).effective_at(time);
        self.execute(command, move |current| current?.change_partner(&record, time)).await
    }

    /// Executes a command that is never refused. If `change` returns `None`, only the position of
    /// the event's stream is saved.
    async fn execute(
        &self,
        command: Command,
        change: impl Fn(Option<&Assessment>) -> Option<Transition<Assessment>> + Send + 'static,
    ) -> Result<(), ReceiveError> {
        let committed = self.writer.execute(command, move |current, _| Ok::<_, Infallible>(change(current))).await;
        committed.map(drop).map_err(|failure: CommandError<Infallible, Infallible>| failure.into())
    }
}

fn storage_failure(error: StoreError) -> ReceiveError {
    tracing::error!(%error, "an event could not be applied");
    ReceiveError::Retry("unavailable".to_owned())
}
