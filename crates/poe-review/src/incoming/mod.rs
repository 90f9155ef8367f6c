//! What claim-intake tells: each fact becomes a command on the case, in the same transaction as its place in the
//! stream.
mod read;

use crate::{
    domain::{CaseKind, Dispute, Opening, ReviewCase},
    store::{self, CaseStore, query::Cases},
};
use cpor_durable::{Command, Inbox, Incoming, ReceiveError, Receiver, Transition, Writer};
use cpor_kit::Db;
use cpor_proto::events::v1::{ClaimClosed, ClaimDisputed, LinesEnded, PersonalDataErased, event::Payload};
use cpor_types::{
    Calendar, CaseId, ClaimName, LineId, PersonalData, PolicyProfiles, PrimaryRejection, TenantId, TenantName,
    Timestamp,
};
use read::{Told, case, parsed, snapshot};
use std::sync::Arc;

/// Takes in what claim-intake tells.
pub(crate) struct Events {
    pub db: Db,
    pub writer: Writer<CaseStore>,
    pub inbox: Inbox,
    pub policies: PolicyProfiles,
    pub calendar: Arc<Calendar>,
}

/// A fact about a case that was never opened: its stream must have lost an event.
#[derive(Debug)]
struct NeverOpened;

#[async_trait::async_trait]
impl Receiver for Events {
    async fn apply(&self, incoming: Incoming) -> Result<(), ReceiveError> {
        match incoming.payload.clone() {
            Payload::ClaimSubmitted(fact) => self.submitted(&incoming, snapshot(fact.snapshot)?).await,
            Payload::ClaimResubmitted(fact) => self.resubmitted(&incoming, snapshot(fact.snapshot)?).await,
            Payload::ClaimDisputed(fact) => self.disputed(&incoming, fact).await,
            Payload::ClaimEdited(fact) => self.edited(&incoming, snapshot(fact.snapshot)?).await,
            Payload::LinesEnded(fact) => self.lines_ended(&incoming, &fact).await,
            Payload::ClaimClosed(fact) => self.closed(&incoming, &fact).await,
            Payload::PersonalDataErased(fact) => self.erased(&incoming, &fact).await,
            Payload::ClaimApproved(_)
            | Payload::AssociationGranted(_)
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
            | Payload::AssociationBecameOfficial(_)
            | Payload::AssociationEnded(_)
            | Payload::SubscriptionChanged(_)
            | Payload::PartnerChanged(_)
            | Payload::ClaimAssessed(_) => Err(ReceiveError::park("poe-review does not take this event")),
        }
    }
}

impl Events {
    /// Opens the case (R18).
    async fn submitted(&self, incoming: &Incoming, told: Told) -> Result<(), ReceiveError> {
        self.open(incoming, told, CaseKind::Submission).await
    }

    /// Opens the case of the dispute (R28).
    async fn disputed(&self, incoming: &Incoming, fact: ClaimDisputed) -> Result<(), ReceiveError> {
        let dispute = Dispute {
            previous: parsed(&fact.previous_review_case_id)?,
            number: u32::try_from(fact.number).map_err(ReceiveError::park)?,
            justification: fact.justification,
            customer_declined: fact.customer_declined,
        };
        self.open(incoming, snapshot(fact.snapshot)?, CaseKind::Dispute(dispute)).await
    }

    /// Opens a case. One that is there already stays as it is.
    async fn open(
        &self,
        incoming: &Incoming,
        (tenant, id, snapshot): Told,
        kind: CaseKind,
    ) -> Result<(), ReceiveError> {
        let policy = self.policies.get(&snapshot.policy).map_err(ReceiveError::park)?;
        let (lengths, remind_before) = (policy.review, policy.reminder_before);
        let opening = Opening { id, tenant, kind, snapshot, lengths, remind_before };
        let (since, calendar) = (incoming.effective_time, Arc::clone(&self.calendar));
        let decide = move |existing: Option<&ReviewCase>, _now| {
            let open = || ReviewCase::open(opening.clone(), since, &calendar);
            Ok::<_, NeverOpened>(existing.is_none().then(open))
        };
        self.writer.execute(incoming.command("open_case", store::key(tenant, id)), decide).await?;
        Ok(())
    }

    /// Lets the case wait again (R21).
    async fn resubmitted(&self, incoming: &Incoming, (tenant, id, snapshot): Told) -> Result<(), ReceiveError> {
        self.tell("resubmit_case", incoming, (tenant, id), move |case, at, calendar| {
            case.resubmitted(snapshot.clone(), at, calendar)
        })
        .await
    }

    /// Takes over what the claim says now (R29).
    async fn edited(&self, incoming: &Incoming, (tenant, id, snapshot): Told) -> Result<(), ReceiveError> {
        self.tell("edit_case", incoming, (tenant, id), move |case, at, calendar| {
            case.edited(snapshot.clone(), at, calendar)
        })
        .await
    }

    /// Frees the keys of lines that are over (R37, R39).
    async fn lines_ended(&self, incoming: &Incoming, fact: &LinesEnded) -> Result<(), ReceiveError> {
        let lines = fact.line_ids.iter().map(|line| parsed(line)).collect::<Result<Vec<LineId>, _>>()?;
        let case = case(&fact.tenant, &fact.review_case_id)?;
        self.tell("end_lines", incoming, case, move |case, at, calendar| case.lines_ended(&lines, at, calendar)).await
    }

    /// Closes the case (R45), where the claim has one.
    async fn closed(&self, incoming: &Incoming, fact: &ClaimClosed) -> Result<(), ReceiveError> {
        if fact.review_case_id.is_empty() {
            return self.inbox.advance(&incoming.position).await;
        }
        let reason: PrimaryRejection = parsed(&fact.primary_reason)?;
        let case = case(&fact.tenant, &fact.review_case_id)?;
        self.tell("close_case", incoming, case, move |case, at, calendar| case.closed(reason, at, calendar)).await
    }

    /// Erases personal data in every case of the claim (R56). Each command is idempotent, and the stream advances after the last, so that a
    /// repeat after a failure finds the rest.
    async fn erased(&self, incoming: &Incoming, fact: &PersonalDataErased) -> Result<(), ReceiveError> {
        if self.inbox.check(&incoming.position).await? {
            return Ok(());
        }
        let (TenantName { tenant }, claim): (_, ClaimName) = (parsed(&fact.tenant)?, parsed(&fact.claim)?);
        let kinds = fact.kinds.iter().map(|kind| parsed(kind)).collect::<Result<Vec<PersonalData>, _>>()?;
        let cases = Cases::of(self.db.writer(), tenant).of_claim(&claim).await;
        for case in cases.map_err(|error| ReceiveError::Retry(error.to_string()))? {
            let key = store::key(tenant, case);
            let command = Command::new("erase_personal_data", key, incoming.actor.clone()).at(incoming.effective_time);
            let kinds = kinds.clone();
            let decide = move |case: Option<&ReviewCase>, now| {
                Ok::<_, NeverOpened>(Some(case.ok_or(NeverOpened)?.erase(&kinds, now)))
            };
            self.writer.execute(command, decide).await?;
        }
        self.inbox.advance(&incoming.position).await
    }

    /// Tells a case a fact.
    async fn tell(
        &self,
        name: &'static str,
        incoming: &Incoming,
        (tenant, case): (TenantId, CaseId),
        fact: impl Fn(&ReviewCase, Timestamp, &Calendar) -> Option<Transition<ReviewCase>> + Send + 'static,
    ) -> Result<(), ReceiveError> {
        let (at, calendar) = (incoming.effective_time, Arc::clone(&self.calendar));
        let decide = move |existing: Option<&ReviewCase>, _now| {
            existing.ok_or(NeverOpened).map(|case| fact(case, at, &calendar))
        };
        self.writer.execute(incoming.command(name, store::key(tenant, case)), decide).await?;
        Ok(())
    }
}
