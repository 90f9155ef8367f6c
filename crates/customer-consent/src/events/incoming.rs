//! Applies the events of claim-intake, the service that owns the claims, to consents. A consent is
//! the customer's side of one claim. Also applies the events of the registry to holders of legacy
//! associations, which were recorded before claims existed.

use std::convert::Infallible;
use std::sync::Arc;

use cpor_durable::{AggregateKey, Command, EventReceiver, IncomingEvent, ReceiveError, StoreError, Writer};
use cpor_mail::Sender;
use cpor_proto::WireEnum as _;
use cpor_proto::events::v1::event::Payload;
use cpor_proto::events::v1::{
    ClaimApproved, ClaimClosed, ClaimDisputed, ClaimEdited, ClaimSnapshot, ClaimSubmitted, LegacyHolderErased,
    LegacyHolderNotified, LineSnapshot, LinesEnded, LinesReinstated, PersonalDataErased,
    legacy_holder_notified::Subject,
};
use cpor_proto::r#type::v1::AssociationEndReason;
use cpor_proto::wire_time::from_wire_time;
use cpor_types::{Activity, ClaimName, Entropy, Malformed, PersonalData, TenantName, Timestamp};

use crate::consents::Consents;
use crate::domain::{
    Answer, ClaimApproval, ClaimSummary, Consent, Contact, EarlierDecision, EditNotice, HolderDetails, HolderNotice,
    HolderNoticeKind, LegacyHolder, Line, Refusal, Reminder, TermsError,
};
use crate::notices::NoticeRenderer;
use crate::store::holder::{self, HolderStore};
use uuid::Uuid;

/// Turns each event into a command. The transaction of the command also stores the event's position
/// in its stream, so that a repeated event changes nothing.
pub(crate) struct ClaimEventReceiver {
    /// The consents that events are applied to.
    pub(crate) consents: Consents,
    /// Commits the changes of holders of legacy associations.
    pub(crate) holders: Writer<HolderStore>,
    /// The source of ids for notices.
    pub(crate) entropy: Arc<dyn Entropy>,
    /// The sender of notices (mails to the customer). It is woken up after each event.
    pub(crate) sender: Sender<NoticeRenderer>,
}

#[async_trait::async_trait]
impl EventReceiver for ClaimEventReceiver {
    #[expect(clippy::wildcard_enum_match_arm, reason = "all other kinds of events are unexpected")]
    async fn apply(&self, incoming: IncomingEvent) -> Result<(), ReceiveError> {
        let result = match &incoming.payload {
            Payload::ClaimSubmitted(event) => self.apply_claim_submitted(&incoming, event).await,
            Payload::ClaimApproved(event) => self.apply_claim_approved(&incoming, event).await,
            Payload::ClaimEdited(event) => self.apply_claim_edited(&incoming, event).await,
            Payload::ClaimClosed(event) => self.apply_claim_closed(&incoming, event).await,
            Payload::ClaimDisputed(event) => self.apply_claim_disputed(&incoming, event).await,
            Payload::LinesEnded(event) => self.apply_lines_ended(&incoming, event).await,
            Payload::LinesReinstated(event) => self.apply_lines_reinstated(&incoming, event).await,
            Payload::PersonalDataErased(event) => self.apply_personal_data_erased(&incoming, event).await,
            Payload::LegacyHolderNotified(event) => self.apply_legacy_holder_notified(&incoming, event).await,
            Payload::LegacyHolderErased(event) => self.apply_legacy_holder_erased(&incoming, event).await,
            _ => Err(incoming.unexpected()),
        };
        self.sender.wake();
        result
    }
}

impl ClaimEventReceiver {
    /// Creates the consent of a submitted claim (R18). If it exists, nothing changes.
    async fn apply_claim_submitted(
        &self,
        incoming: &IncomingEvent,
        event: &ClaimSubmitted,
    ) -> Result<(), ReceiveError> {
        let claim = claim_summary(event.snapshot.as_ref())?;
        let terms = self.consents.rules.terms_of(&claim).map_err(ReceiveError::park)?;
        let (key, notice) = (consent_key_of(&claim), self.entropy.uuid());
        let decide = move |consent: Option<&Consent>, now: Timestamp| -> Result<_, Infallible> {
            let is_new = consent.is_none();
            Ok(is_new.then(|| Consent::request(claim.clone(), notice, &terms, now)))
        };
        self.consents.writer.execute(incoming.command("request_consent", key), decide).await?;
        Ok(())
    }

    /// Queues a mail that tells the holder of a legacy association what the registry reports
    /// (R58a). The time to answer a request starts at the time of the request, even if the event
    /// arrives late (R47).
    async fn apply_legacy_holder_notified(
        &self,
        incoming: &IncomingEvent,
        event: &LegacyHolderNotified,
    ) -> Result<(), ReceiveError> {
        let TenantName { tenant } = parse(&event.tenant)?;
        let holder: Uuid = event.holder_id.parse().map_err(ReceiveError::park)?;
        let contact = event.contact.clone().unwrap_or_default();
        let kind = match event.subject() {
            Subject::Contested => HolderNoticeKind::Contested,
            Subject::StatementRequested => HolderNoticeKind::StatementRequested,
            Subject::Ended => match event.end_reason() {
                AssociationEndReason::Superseded => HolderNoticeKind::Superseded,
                AssociationEndReason::Declined => HolderNoticeKind::Declined,
                // A legacy association has no claim that could be withdrawn or rejected, so it can
                // only have expired.
                AssociationEndReason::Unspecified
                | AssociationEndReason::Expired
                | AssociationEndReason::Withdrawn
                | AssociationEndReason::Rejected => HolderNoticeKind::Expired,
            },
            Subject::Unspecified => return Err(ReceiveError::park("subject: is required")),
        };
        let review_case = (!event.review_case_id.is_empty()).then(|| parse(&event.review_case_id));
        let calendar = self.consents.rules.calendars.get(&event.calendar).map_err(ReceiveError::park)?;
        let (answer, reminder) = match kind {
            HolderNoticeKind::Contested => (Answer::Open(None), None),
            HolderNoticeKind::StatementRequested => {
                let (start, profile) =
                    (incoming.effective_time, self.consents.rules.profiles.in_force(incoming.effective_time));
                let deadline = calendar.deadline(LegacyHolder::STATEMENT_DEADLINE, start, profile.partner_response);
                let remind = calendar.reminder(deadline.due, profile.reminder_before);
                (Answer::Open(Some(deadline)), (remind > start).then_some(Reminder::Due(remind)))
            }
            HolderNoticeKind::Superseded | HolderNoticeKind::Declined | HolderNoticeKind::Expired => {
                (Answer::Over, None)
            }
        };
        let details = HolderDetails {
            customer: event.customer_display_name.clone(),
            partner: event.partner_display_name.clone(),
            product: event.product_display_name.clone(),
            key: event.key.clone(),
            calendar: event.calendar.clone(),
            contact_name: contact.name.into(),
            contact_email: contact.email.into(),
        };
        let notice = HolderNotice {
            id: self.entropy.uuid(),
            kind,
            review_case: review_case.transpose()?,
            comment: event.comment.clone(),
            answer,
            reminder,
        };
        let decide = move |holder: Option<&LegacyHolder>, now: Timestamp| -> Result<_, Infallible> {
            Ok(Some(LegacyHolder::notify(holder, details.clone(), notice.clone(), now)))
        };
        let key = AggregateKey::new(tenant.to_string(), holder);
        self.holders.execute(incoming.command("notify_legacy_holder", key), decide).await?;
        Ok(())
    }

    /// Erases the personal data of the holder of a legacy association (R56).
    async fn apply_legacy_holder_erased(
        &self,
        incoming: &IncomingEvent,
        event: &LegacyHolderErased,
    ) -> Result<(), ReceiveError> {
        let TenantName { tenant } = parse(&event.tenant)?;
        let holder: Uuid = event.holder_id.parse().map_err(ReceiveError::park)?;
        let decide = move |holder: Option<&LegacyHolder>, now: Timestamp| -> Result<_, Infallible> {
            Ok(holder.and_then(|holder| holder.erase(now)))
        };
        let key = AggregateKey::new(tenant.to_string(), holder);
        self.holders.execute(incoming.command("erase_legacy_holder", key), decide).await?;
        Ok(())
    }

    /// Applies the approval of the claim (R23).
    async fn apply_claim_approved(&self, incoming: &IncomingEvent, event: &ClaimApproved) -> Result<(), ReceiveError> {
        let claim = claim_summary(event.snapshot.as_ref())?;
        let terms = self.consents.rules.terms_of(&claim).map_err(ReceiveError::park)?;
        let (key, notice) = (consent_key_of(&claim), self.entropy.uuid());
        let approval = ClaimApproval {
            time: incoming.effective_time,
            customer_approved: event.official,
            explicit_approval_needed: event.explicit_approval_needed,
        };
        let decide = move |consent: Option<&Consent>, now: Timestamp| -> Result<_, Refusal> {
            let consent = consent.ok_or(Refusal::NotFound)?;
            Ok(consent.on_claim_approved(claim.clone(), approval, notice, &terms, now))
        };
        self.consents.writer.execute(incoming.command("claim_approved", key), decide).await?;
        Ok(())
    }

    /// Applies an edit of the claim (R29).
    async fn apply_claim_edited(&self, incoming: &IncomingEvent, event: &ClaimEdited) -> Result<(), ReceiveError> {
        let claim = claim_summary(event.snapshot.as_ref())?;
        let edit = match (event.renotify, event.notify_again) {
            (true, _) => EditNotice::NewRequest,
            (false, true) => EditNotice::Repeat,
            (false, false) => EditNotice::None,
        };
        let (key, notices) = (consent_key_of(&claim), [self.entropy.uuid(), self.entropy.uuid()]);
        let terms = self.consents.rules.terms_of(&claim).map_err(ReceiveError::park)?;
        let time = incoming.effective_time;
        let decide = move |consent: Option<&Consent>, now: Timestamp| -> Result<_, Refusal> {
            let consent = consent.ok_or(Refusal::NotFound)?;
            let edit = if consent.was_closed_at(time) { EditNotice::None } else { edit };
            Ok(consent.on_claim_edited(claim.clone(), edit, notices, &terms, now))
        };
        self.consents.writer.execute(incoming.command("claim_edited", key), decide).await?;
        Ok(())
    }

    /// Applies the closing of the claim (R22, R24, R25). If there is no consent, nothing changes.
    async fn apply_claim_closed(&self, incoming: &IncomingEvent, event: &ClaimClosed) -> Result<(), ReceiveError> {
        let disputable_until = event.dispute_due_time.and_then(from_wire_time);
        let decide = move |consent: Option<&Consent>, now: Timestamp| -> Result<_, Infallible> {
            Ok(consent.and_then(|consent| consent.on_claim_closed(disputable_until, now)))
        };
        let key = consent_key(&event.tenant, &event.claim)?;
        self.consents.writer.execute(incoming.command("claim_closed", key), decide).await?;
        Ok(())
    }

    /// Applies a dispute of the claim's rejection (R28).
    async fn apply_claim_disputed(&self, incoming: &IncomingEvent, event: &ClaimDisputed) -> Result<(), ReceiveError> {
        let claim = claim_summary(event.snapshot.as_ref())?;
        let earlier_decision = match (event.customer_declined, event.customer_approved) {
            (true, _) => EarlierDecision::Declined,
            (false, true) => EarlierDecision::Approved,
            (false, false) => EarlierDecision::None,
        };
        let terms = self.consents.rules.terms_of(&claim).map_err(ReceiveError::park)?;
        let (key, notice) = (consent_key_of(&claim), self.entropy.uuid());
        let decide = move |consent: Option<&Consent>, now: Timestamp| -> Result<_, Refusal> {
            let consent = consent.ok_or(Refusal::NotFound)?;
            Ok(consent.on_claim_disputed(claim.clone(), earlier_decision, notice, &terms, now))
        };
        self.consents.writer.execute(incoming.command("claim_disputed", key), decide).await?;
        Ok(())
    }

    /// Applies the end of lines (the parts of a claim for one workload or subscription, R37, R39),
    /// if no line of the claim is left.
    async fn apply_lines_ended(&self, incoming: &IncomingEvent, event: &LinesEnded) -> Result<(), ReceiveError> {
        let has_no_lines_left = event.none_left;
        let decide = move |consent: Option<&Consent>, now: Timestamp| -> Result<_, Infallible> {
            Ok(consent.filter(|_| has_no_lines_left).and_then(|consent| consent.on_lines_ended(now)))
        };
        let key = consent_key(&event.tenant, &event.claim)?;
        self.consents.writer.execute(incoming.command("lines_ended", key), decide).await?;
        Ok(())
    }

    /// Applies the report that lines are on record after all, although they were reported as ended
    /// (R47).
    async fn apply_lines_reinstated(
        &self,
        incoming: &IncomingEvent,
        event: &LinesReinstated,
    ) -> Result<(), ReceiveError> {
        let since = event.official_time.and_then(from_wire_time);
        let since = since.ok_or_else(|| ReceiveError::park("official_time: is required"))?;
        let (rules, notice) = (self.consents.rules.clone(), self.entropy.uuid());
        let decide = move |consent: Option<&Consent>, now: Timestamp| -> Result<_, TermsError> {
            let Some(consent) = consent else { return Ok(None) };
            let terms = rules.terms_of(&consent.claim)?;
            Ok(consent.on_lines_reinstated(since, notice, &terms, now))
        };
        let key = consent_key(&event.tenant, &event.claim)?;
        self.consents.writer.execute(incoming.command("lines_reinstated", key), decide).await?;
        Ok(())
    }

    /// Erases personal data of the claim (R56). The stream position advances with the last command,
    /// so a repeated delivery completes an interrupted erasure.
    async fn apply_personal_data_erased(
        &self,
        incoming: &IncomingEvent,
        event: &PersonalDataErased,
    ) -> Result<(), ReceiveError> {
        let kinds = PersonalData::from_numbers::<Vec<_>>(&event.kinds).map_err(ReceiveError::park)?;
        let key = consent_key(&event.tenant, &event.claim)?;
        if kinds.contains(&PersonalData::FreeText) {
            self.erase_comments_to_holders(incoming, &key).await?;
        }
        let decide = move |consent: Option<&Consent>, now: Timestamp| -> Result<_, Infallible> {
            Ok(consent.and_then(|consent| consent.erase(&kinds, now)))
        };
        self.consents.writer.execute(incoming.command("erase_personal_data", key), decide).await?;
        Ok(())
    }

    /// Erases the comments of the claim's reviewers to holders of legacy associations (R56, R58a).
    /// There is one command per holder, and each may be repeated.
    async fn erase_comments_to_holders(
        &self,
        incoming: &IncomingEvent,
        consent_key: &AggregateKey,
    ) -> Result<(), ReceiveError> {
        let retry = |error: StoreError| ReceiveError::Retry(error.to_string());
        let Some(consent) = self.consents.find(consent_key).await.map_err(retry)? else { return Ok(()) };
        let cases = consent.state.claim.review_cases;
        let holders = holder::find_keys_of_cases(&self.consents.db, &consent_key.owner, &cases).await.map_err(retry)?;
        for key in holders {
            let command = Command::new("erase_comments_to_holder", key, incoming.actor.clone())
                .effective_at(incoming.effective_time);
            let cases = cases.clone();
            let decide = move |holder: Option<&LegacyHolder>, now: Timestamp| -> Result<_, Infallible> {
                Ok(holder.and_then(|holder| holder.erase_comments(&cases, now)))
            };
            self.holders.execute(command, decide).await?;
        }
        Ok(())
    }
}

/// Returns the storage key of the consent, from the resource names of tenant and claim.
fn consent_key(tenant: &str, claim: &str) -> Result<AggregateKey, ReceiveError> {
    let (tenant, claim): (TenantName, ClaimName) = (parse(tenant)?, parse(claim)?);
    Ok(AggregateKey::new(tenant.tenant.to_string(), claim.claim.uuid()))
}

/// Returns the storage key of the claim's consent.
fn consent_key_of(claim: &ClaimSummary) -> AggregateKey {
    AggregateKey::new(claim.tenant.to_string(), claim.name.claim.uuid())
}

/// Reads the parts of the claim that concern the customer.
fn claim_summary(snapshot: Option<&ClaimSnapshot>) -> Result<ClaimSummary, ReceiveError> {
    let snapshot = snapshot.ok_or_else(|| ReceiveError::park("the event has no snapshot"))?;
    let contact = snapshot.customer_contact.as_ref().ok_or_else(|| ReceiveError::park("the claim has no contact"))?;
    let submit_time = snapshot.submit_time.and_then(from_wire_time);
    let tenant: TenantName = parse(&snapshot.tenant)?;
    let review_case = (!snapshot.review_case_id.is_empty()).then(|| parse(&snapshot.review_case_id));
    Ok(ClaimSummary {
        name: parse(&snapshot.claim)?,
        partner: snapshot.partner_display_name.clone(),
        mpn_id: parse(&snapshot.mpn_id)?,
        tenant: tenant.tenant,
        customer: snapshot.customer_display_name.clone(),
        customer_domain: parse(&snapshot.customer_domain)?,
        display_name: snapshot.claim_display_name.clone(),
        activities: Activity::from_numbers(&snapshot.activities).map_err(ReceiveError::park)?,
        lines: snapshot.lines.iter().map(read_line).collect::<Result<_, _>>()?,
        policy: parse(&snapshot.policy)?,
        calendar: snapshot.tenant_calendar.clone(),
        contact: read_contact(contact),
        contact_authorized: snapshot.customer_contact_authorized,
        submit_time: submit_time.ok_or_else(|| ReceiveError::park("the claim has no submit time"))?,
        consent_request_number: snapshot.consent_request_number,
        review_cases: review_case.transpose()?.into_iter().collect(),
    })
}

/// Reads the customer contact.
fn read_contact(contact: &cpor_proto::r#type::v1::Contact) -> Contact {
    Contact { name: contact.name.as_str().into(), email: contact.email.as_str().into() }
}

/// Reads one line of the claim.
fn read_line(line: &LineSnapshot) -> Result<Line, ReceiveError> {
    Ok(Line { product: line.product_display_name.clone(), key: parse(&line.key)? })
}

/// Parses a value. An event with a malformed value is parked: its stream waits for an operator.
fn parse<T: std::str::FromStr<Err = Malformed>>(text: &str) -> Result<T, ReceiveError> {
    text.parse().map_err(ReceiveError::park)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_system::{TestSystem, snapshot};
    use cpor_testing::on_both_databases;

    on_both_databases![invalid_events_are_parked_with_a_reason];

    fn claim_submitted(change: impl FnOnce(&mut ClaimSnapshot)) -> Payload {
        let mut snapshot = snapshot();
        change(&mut snapshot);
        Payload::ClaimSubmitted(ClaimSubmitted { snapshot: Some(snapshot) })
    }

    async fn invalid_events_are_parked_with_a_reason(system: TestSystem) {
        let invalid_events = [
            (claim_submitted(|claim| claim.tenant_calendar = "mars".into()), "the calendar `mars` does not exist"),
            (claim_submitted(|claim| claim.policy = "1999@1".into()), "the policy profile `1999@1` does not exist"),
            (claim_submitted(|claim| claim.customer_contact = None), "no contact"),
            (claim_submitted(|claim| claim.claim = "claims/1".into()), "partners/{partner}/claims/{claim}"),
            (Payload::ClaimSubmitted(ClaimSubmitted { snapshot: None }), "no snapshot"),
            (Payload::ClaimApproved(ClaimApproved { snapshot: Some(snapshot()), ..Default::default() }), "NotFound"),
            (Payload::ClaimAssessed(Default::default()), "does not accept events of the kind `claim_assessed`"),
        ];
        for (payload, expected) in invalid_events {
            let Err(ReceiveError::Park(reason)) = system.try_receive(payload).await else {
                panic!("not parked: {expected}")
            };
            assert!(reason.contains(expected), "{reason}");
        }
    }
}
