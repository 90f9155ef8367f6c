//! Applies the events of the registry, the service that stores which partner is on record for which
//! workload or subscription, and of claim-intake. Each event becomes commands on assessments.
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
    AssociationBecameOfficial, AssociationEnded, CatalogChanged, PartnerChanged, PaymentDeclined, SubscriptionChanged,
    event::Payload,
};
use cpor_types::{AssociationEndReason, PartnerId};
use futures_util::future::try_join_all;

use crate::{
    domain::{Assessment, AssociationEnd, CatalogVersion, PartnerRecord},
    store::{
        self, AssessmentStore,
        assessments::{self, Scope},
        catalog_facts, declined_payments, partner_records,
    },
};

/// The number of assessments that are read and changed at a time after a change of a partner.
const PAGE_SIZE: u64 = 500;

/// Applies the events of the registry and of claim-intake.
pub(crate) struct EventHandler {
    db: Db,
    writer: Writer<AssessmentStore>,
    inbox: Inbox,
}

#[async_trait::async_trait]
impl EventReceiver for EventHandler {
    #[expect(clippy::wildcard_enum_match_arm, reason = "all other kinds of events are unexpected")]
    async fn apply(&self, incoming: IncomingEvent) -> Result<(), ReceiveError> {
        match &incoming.payload {
            Payload::AssociationBecameOfficial(event) => self.on_association_official(&incoming, event).await,
            Payload::AssociationEnded(event) => self.on_association_ended(&incoming, event).await,
            Payload::SubscriptionChanged(event) => self.on_subscription_changed(&incoming, event).await,
            Payload::PartnerChanged(event) => self.on_partner_changed(&incoming, event).await,
            Payload::CatalogChanged(event) => self.on_catalog_changed(&incoming, event).await,
            Payload::PaymentDeclined(event) => self.on_payment_declined(&incoming, event).await,
            _ => Err(incoming.unexpected()),
        }
    }
}

impl EventHandler {
    /// Returns a handler that sends commands to `writer`.
    pub(crate) fn new(db: Db, writer: Writer<AssessmentStore>, inbox: Inbox) -> Self {
        Self { db, writer, inbox }
    }

    /// Opens the assessment of an association that became official.
    ///
    /// The stored record of the partner and the stored versions of the product catalog are applied
    /// twice: with the command, so that the first assessment uses current facts, and after it, in
    /// case they changed at the same time. If the event arrives late, each month since the
    /// association became official gets the catalog version of its time.
    async fn on_association_official(
        &self,
        incoming: &IncomingEvent,
        event: &AssociationBecameOfficial,
    ) -> Result<(), ReceiveError> {
        let mut facts = parse::association_facts(event)?;
        let partner = facts.claim.partner.clone();
        if let Some(record) = self.partner_record(&partner).await? {
            facts.partner = record.updated_facts(&facts.partner);
        }
        let catalog = self.catalog_versions().await?;
        let key = store::assessment_key(facts.tenant, facts.claim.claim);
        let command = incoming.command("open_assessment", key.clone());
        self.execute(command, move |current| {
            let opened = Assessment::open(current, facts.clone())?;
            let next = opened.next.apply_catalog(&catalog).map_or(opened.next, |applied| applied.next);
            Some(Transition { next, ..opened })
        })
        .await?;
        if declined_payments::contains(self.db.writer(), &key).await.map_err(storage_failure)? {
            let command = Command::new("decline_payment", key.clone(), incoming.actor.clone());
            self.execute(command, |current| current?.decline_payment()).await?;
        }
        let catalog = self.catalog_versions().await?;
        self.apply_catalog(incoming, key.clone(), catalog).await?;
        match self.partner_record(&partner).await? {
            Some(record) => self.change_partner(incoming, key, record).await,
            None => Ok(()),
        }
    }

    /// Ends the association of a claim, or only its parts for some lines (workloads or
    /// subscriptions). Nothing happens if the association never became official, because then the
    /// claim has no assessment.
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

    /// Stores that the partner declined payment for a claim, and applies it to the assessment if
    /// the claim has one. The claim gets its assessment when its association becomes official.
    async fn on_payment_declined(&self, incoming: &IncomingEvent, event: &PaymentDeclined) -> Result<(), ReceiveError> {
        let key = parse::assessment_key(&event.tenant, &event.claim)?;
        declined_payments::save(self.db.writer(), &key).await.map_err(storage_failure)?;
        self.execute(incoming.command("decline_payment", key), |current| current?.decline_payment()).await
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
        while let Some(page) = self.next_assessments(&scope, &mut after).await? {
            // The stored record may be from a later event than this one.
            let record = self.partner_record(&partner).await?.unwrap_or_else(|| reported.clone());
            try_join_all(page.into_iter().map(|key| self.change_partner(incoming, key, record.clone()))).await?;
        }
        self.inbox.mark_applied(&incoming.position).await
    }

    /// Stores the version of the product catalog and applies it to each assessment, in the same way
    /// as [`Self::on_partner_changed`] does with a partner's record (R52).
    async fn on_catalog_changed(&self, incoming: &IncomingEvent, event: &CatalogChanged) -> Result<(), ReceiveError> {
        let reported = CatalogVersion { start_time: incoming.effective_time, facts: parse::catalog_facts(event)? };
        if self.inbox.is_applied(&incoming.position).await? {
            return Ok(());
        }
        let saved = catalog_facts::save(self.db.writer(), incoming.position.sequence, &reported).await;
        saved.map_err(storage_failure)?;
        let mut after = None;
        while let Some(page) = self.next_assessments(&Scope::All, &mut after).await? {
            let catalog = self.catalog_versions().await?;
            try_join_all(page.into_iter().map(|key| self.apply_catalog(incoming, key, catalog.clone()))).await?;
        }
        self.inbox.mark_applied(&incoming.position).await
    }

    /// Returns the keys of the next page of assessments after the key `after`, and moves `after` to
    /// the end of the page. Returns `None` if there are no more.
    async fn next_assessments(
        &self,
        scope: &Scope,
        after: &mut Option<AggregateKey>,
    ) -> Result<Option<Vec<AggregateKey>>, ReceiveError> {
        let page = assessments::list_in_key_order(self.db.reader(), scope, None, after.as_ref(), PAGE_SIZE).await;
        let keys: Vec<_> = page.map_err(storage_failure)?.into_iter().map(|(key, _)| key).collect();
        *after = keys.last().cloned();
        Ok((!keys.is_empty()).then_some(keys))
    }

    /// Returns all versions of the product catalog that the registry has reported. The writer's
    /// connection is used because a reader might not see the latest version yet.
    async fn catalog_versions(&self) -> Result<Vec<CatalogVersion>, ReceiveError> {
        catalog_facts::list(self.db.writer()).await.map_err(storage_failure)
    }

    /// Applies all versions of the product catalog to one assessment.
    async fn apply_catalog(
        &self,
        incoming: &IncomingEvent,
        key: AggregateKey,
        catalog: Vec<CatalogVersion>,
    ) -> Result<(), ReceiveError> {
        let command = Command::new("apply_catalog", key, incoming.actor.clone());
        let command = command.effective_at(incoming.effective_time);
        self.execute(command, move |current| current?.apply_catalog(&catalog)).await
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

    /// Executes a command that is never refused. If `change` returns `None`, the assessment stays
    /// the same. A command that was made from the event also records that the event was applied.
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
