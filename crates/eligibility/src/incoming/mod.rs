//! The registry's events, each turned into commands on assessments.
mod read;
#[cfg(test)]
mod tests;

use std::convert::Infallible;

use cpor_durable::{Command, Failure, Inbox, Incoming, Key, ReceiveError, Receiver, StoreError, Transition, Writer};
use cpor_kit::Db;
use cpor_proto::events::v1::{
    AssociationBecameOfficial, AssociationEnded, PartnerChanged, SubscriptionChanged, event::Payload,
};
use cpor_types::PartnerId;
use futures_util::future::try_join_all;

use crate::{
    assessor::Assessor,
    domain::{Assessment, Ended, PartnerRecord},
    store::{
        self, AssessmentStore,
        assessments::{self, Scope},
        partners,
    },
};

/// Assessments that a change of a partner touches are read and commanded so many at a time.
const FAN: u64 = 500;

/// Takes in the registry's events.
pub(crate) struct Intake {
    db: Db,
    writer: Writer<AssessmentStore>,
    inbox: Inbox,
    assessor: Assessor,
}

#[async_trait::async_trait]
impl Receiver for Intake {
    async fn apply(&self, incoming: Incoming) -> Result<(), ReceiveError> {
        let applied = match &incoming.payload {
            Payload::AssociationBecameOfficial(event) => self.official(&incoming, event).await,
            Payload::AssociationEnded(event) => self.ended(&incoming, event).await,
            Payload::SubscriptionChanged(event) => self.subscription(&incoming, event).await,
            Payload::PartnerChanged(event) => self.partner(&incoming, event).await,
            Payload::ClaimSubmitted(_)
            | Payload::ClaimResubmitted(_)
            | Payload::ClaimApproved(_)
            | Payload::AssociationGranted(_)
            | Payload::ClaimClosed(_)
            | Payload::ClaimDisputed(_)
            | Payload::ClaimEdited(_)
            | Payload::LinesEnded(_)
            | Payload::PersonalDataErased(_)
            | Payload::ReviewAssigned(_)
            | Payload::ReviewStarted(_)
            | Payload::PartnerActionRequested(_)
            | Payload::ReviewApproved(_)
            | Payload::ReviewRejected(_)
            | Payload::ReviewOverdue(_)
            | Payload::ReviewNoted(_)
            | Payload::ApprovalRefused(_)
            | Payload::LinesAwarded(_)
            | Payload::CompetitionChanged(_)
            | Payload::ReviewOpened(_)
            | Payload::ApprovalBegun(_)
            | Payload::ReviewReminded(_)
            | Payload::NoticeResent(_)
            | Payload::NoticeSettled(_)
            | Payload::ConsentWindowOpened(_)
            | Payload::ConsentWindowPassed(_)
            | Payload::CustomerApproved(_)
            | Payload::CustomerDeclined(_)
            | Payload::ClaimAssessed(_) => Err(ReceiveError::park("not an event for eligibility")),
        };
        self.assessor.wake();
        applied
    }
}

impl Intake {
    /// An intake that commands by `writer` and wakes `assessor`.
    pub(crate) fn new(db: Db, writer: Writer<AssessmentStore>, inbox: Inbox, assessor: Assessor) -> Self {
        Self { db, writer, inbox, assessor }
    }

    /// An association became official: its assessment begins. The record of the partner is looked at before, so that
    /// the first answer stands on what is known; and after, in case it changed beside this.
    async fn official(&self, incoming: &Incoming, event: &AssociationBecameOfficial) -> Result<(), ReceiveError> {
        let mut about = read::opening(event)?;
        let partner = about.claim.partner.clone();
        if let Some(record) = self.record(&partner).await? {
            about.partner = record.of_location(&about.partner.mpn_id);
        }
        let key = store::key(about.tenant, about.claim.claim);
        let command = incoming.command("open_assessment", key.clone());
        self.execute(command, move |known| Assessment::official(known, about.clone())).await?;
        match self.record(&partner).await? {
            Some(record) => self.tell(incoming, key, record).await,
            None => Ok(()),
        }
    }

    /// Lines ended, or the whole association. A claim whose association was still pending has no assessment.
    async fn ended(&self, incoming: &Incoming, event: &AssociationEnded) -> Result<(), ReceiveError> {
        let command = incoming.command("end_assessment", read::key(&event.tenant, &event.claim)?);
        let ended = Ended { time: incoming.effective_time, reason: event.reason.clone() };
        let lines = read::ended_lines(event)?;
        self.execute(command, move |known| known?.end(&lines, &ended)).await
    }

    async fn subscription(&self, incoming: &Incoming, event: &SubscriptionChanged) -> Result<(), ReceiveError> {
        let command = incoming.command("change_subscription", read::key(&event.tenant, &event.claim)?);
        let subscription = read::subscription(event.subscription.as_ref())?;
        let time = incoming.effective_time;
        self.execute(command, move |known| known?.subscription_changed(&subscription, time)).await
    }

    /// A partner changed, and with it each of its assessments. Each command is idempotent, and the stream advances
    /// after the last, so that a repeat after a failure finds the rest.
    async fn partner(&self, incoming: &Incoming, event: &PartnerChanged) -> Result<(), ReceiveError> {
        let (partner, told) = read::partner_record(event)?;
        if self.inbox.check(&incoming.position).await? {
            return Ok(());
        }
        partners::keep(self.db.writer(), &partner, incoming.position.sequence, &told).await.map_err(unavailable)?;
        let scope = Scope::Partner(partner.clone());
        let mut after = None;
        loop {
            let page = assessments::list(self.db.reader(), &scope, None, after.as_ref(), FAN).await;
            let page = page.map_err(unavailable)?;
            let Some((last, _)) = page.last() else { break };
            after = Some(last.clone());
            // As it is kept by now, which may be later than what this event told.
            let record = self.record(&partner).await?.unwrap_or_else(|| told.clone());
            try_join_all(page.into_iter().map(|(key, _)| self.tell(incoming, key, record.clone()))).await?;
        }
        self.inbox.advance(&incoming.position).await
    }

    async fn record(&self, partner: &PartnerId) -> Result<Option<PartnerRecord>, ReceiveError> {
        partners::get(self.db.reader(), partner).await.map_err(unavailable)
    }

    /// Tells one assessment of a partner's record.
    async fn tell(&self, incoming: &Incoming, key: Key, record: PartnerRecord) -> Result<(), ReceiveError> {
        let time = incoming.effective_time;
        let command = Command::new("change_partner", key, incoming.actor.clone()).at(time);
        self.execute(command, move |known| known?.partner_changed(&record, time)).await
    }

    /// No fact is refused: one that changes nothing, or of a claim that has no assessment, is only noted as received.
    async fn execute(
        &self,
        command: Command,
        change: impl Fn(Option<&Assessment>) -> Option<Transition<Assessment>> + Send + 'static,
    ) -> Result<(), ReceiveError> {
        let done = self.writer.execute(command, move |known, _| Ok::<_, Infallible>(change(known))).await;
        done.map(drop).map_err(|failure: Failure<Infallible, Infallible>| failure.into())
    }
}

fn unavailable(error: StoreError) -> ReceiveError {
    tracing::error!(%error, "an event could not be applied");
    ReceiveError::Retry("unavailable".to_owned())
}
