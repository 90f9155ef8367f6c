//! Receives the events of claim-intake, the service that owns the claims. From customer-consent and
//! the registry, it receives events about the holders of legacy associations, which were recorded
//! before claims existed. An event becomes a command on a case. The command is committed in the
//! same transaction as the event's position in its stream, so the event is applied exactly once. A
//! *line* is the part of a claim that is about one workload or subscription.
use super::parse::{SnapshotOfCase, case_id, parse, parse_enum, snapshot};
use crate::{
    domain::{CaseKind, Dispute, NewCase, ReviewCase, StatementSender, StatementStatus},
    store::{CaseStore, case_key, case_query::CaseQuery},
};
use cpor_database::Db;
use cpor_durable::{Command, EventReceiver, Inbox, IncomingEvent, ReceiveError, Transition, Writer};
use cpor_proto::events::v1::{
    ClaimClosed, ClaimDisputed, LegacyHolderGone, LegacyStatementErased, LegacyStatementReported, LinesEnded,
    LinesReinstated, NoticeBounced, PersonalDataErased, StatementReported, event::Payload,
    legacy_statement_reported::Status as LegacyStatus, statement_reported::Status,
};
use cpor_proto::wire_time::from_wire_time;
use cpor_types::{
    AssociationKey, Calendar, CaseId, ClaimName, LegacyHolderId, LineId, PersonalData, PolicyProfiles,
    PrimaryRejectionReason, TenantId, TenantName, Timestamp,
};
use std::sync::Arc;

/// Applies the events of other services to review cases.
pub(crate) struct ClaimEventReceiver {
    pub db: Db,
    /// Commits the changes of review cases.
    pub writer: Writer<CaseStore>,
    /// Records which events have been applied.
    pub inbox: Inbox,
    /// The policy profiles, which set the lengths of review deadlines (R61).
    pub policies: PolicyProfiles,
    /// The calendar that counts the business days of review deadlines.
    pub calendar: Arc<Calendar>,
}

/// The refusal of an event about a case that does not exist: an earlier event of the stream was
/// lost.
#[derive(Debug)]
struct CaseMissing;

#[async_trait::async_trait]
impl EventReceiver for ClaimEventReceiver {
    #[expect(clippy::wildcard_enum_match_arm, reason = "all other kinds of events are unexpected")]
    async fn apply(&self, incoming: IncomingEvent) -> Result<(), ReceiveError> {
        match incoming.payload.clone() {
            Payload::ClaimSubmitted(event) => self.claim_submitted(&incoming, snapshot(event.snapshot)?).await,
            Payload::ClaimResubmitted(event) => self.claim_resubmitted(&incoming, snapshot(event.snapshot)?).await,
            Payload::ClaimDisputed(event) => self.claim_disputed(&incoming, event).await,
            Payload::ClaimEdited(event) => self.claim_edited(&incoming, snapshot(event.snapshot)?).await,
            Payload::LinesEnded(event) => self.lines_ended(&incoming, &event).await,
            Payload::LinesReinstated(event) => self.lines_reinstated(&incoming, &event).await,
            Payload::NoticeBounced(event) => self.notice_bounced(&incoming, &event).await,
            Payload::ClaimClosed(event) => self.claim_closed(&incoming, &event).await,
            Payload::StatementReported(event) => self.statement_reported(&incoming, &event).await,
            Payload::LegacyStatementReported(event) => self.legacy_statement_reported(&incoming, event).await,
            Payload::LegacyStatementErased(event) => self.legacy_statement_erased(&incoming, &event).await,
            Payload::LegacyHolderGone(event) => self.legacy_holder_gone(&incoming, &event).await,
            Payload::PersonalDataErased(event) => self.personal_data_erased(&incoming, &event).await,
            _ => Err(incoming.unexpected()),
        }
    }
}

impl ClaimEventReceiver {
    /// Opens the case of a submission (R18).
    async fn claim_submitted(&self, incoming: &IncomingEvent, snapshot: SnapshotOfCase) -> Result<(), ReceiveError> {
        self.open_case(incoming, snapshot, CaseKind::Submission).await
    }

    /// Opens the case of a dispute (R28).
    async fn claim_disputed(&self, incoming: &IncomingEvent, event: ClaimDisputed) -> Result<(), ReceiveError> {
        let dispute = Dispute {
            previous: parse(&event.previous_review_case_id)?,
            number: u32::try_from(event.number).map_err(ReceiveError::park)?,
            justification: event.justification,
            customer_declined: event.customer_declined,
        };
        self.open_case(incoming, snapshot(event.snapshot)?, CaseKind::Dispute(dispute)).await
    }

    /// Opens a case. If the case exists already, nothing changes.
    async fn open_case(
        &self,
        incoming: &IncomingEvent,
        SnapshotOfCase { tenant, id, snapshot }: SnapshotOfCase,
        kind: CaseKind,
    ) -> Result<(), ReceiveError> {
        let policy = self.policies.get(&snapshot.policy).map_err(ReceiveError::park)?;
        let (clock_lengths, remind_before) = (policy.review, policy.reminder_before);
        let competition_terms = policy.into();
        let new_case = NewCase { id, tenant, kind, snapshot, clock_lengths, remind_before, competition_terms };
        let (effective_time, calendar) = (incoming.effective_time, Arc::clone(&self.calendar));
        let decide = move |existing: Option<&ReviewCase>, _now| {
            let open = || ReviewCase::open(new_case.clone(), effective_time, &calendar);
            Ok::<_, CaseMissing>(existing.is_none().then(open))
        };
        self.writer.execute(incoming.command("open_case", case_key(tenant, id)), decide).await?;
        Ok(())
    }

    /// Puts the case of a resubmitted claim back into the queue for review (R21).
    async fn claim_resubmitted(
        &self,
        incoming: &IncomingEvent,
        SnapshotOfCase { tenant, id, snapshot }: SnapshotOfCase,
    ) -> Result<(), ReceiveError> {
        self.change_case("resubmit_case", incoming, (tenant, id), move |case, effective_time, calendar| {
            case.apply_resubmission(snapshot.clone(), effective_time, calendar)
        })
        .await
    }

    /// Replaces the case's snapshot of the claim (R29).
    async fn claim_edited(
        &self,
        incoming: &IncomingEvent,
        SnapshotOfCase { tenant, id, snapshot }: SnapshotOfCase,
    ) -> Result<(), ReceiveError> {
        self.change_case("edit_case", incoming, (tenant, id), move |case, effective_time, calendar| {
            case.apply_edit(snapshot.clone(), effective_time, calendar)
        })
        .await
    }

    /// Marks lines of an approved case as ended: their associations have ended, so they no longer
    /// compete with other claims (R37, R39).
    async fn lines_ended(&self, incoming: &IncomingEvent, event: &LinesEnded) -> Result<(), ReceiveError> {
        let lines = event.line_ids.iter().map(|line| parse(line)).collect::<Result<Vec<LineId>, _>>()?;
        let case = case_id(&event.tenant, &event.review_case_id)?;
        self.change_case("end_lines", incoming, case, move |case, effective_time, calendar| {
            case.end_lines(&lines, effective_time, calendar)
        })
        .await
    }

    /// Marks lines of an approved case as not ended: their associations are on record after all, so
    /// they compete with other claims again (R47).
    async fn lines_reinstated(&self, incoming: &IncomingEvent, event: &LinesReinstated) -> Result<(), ReceiveError> {
        let lines = event.line_ids.iter().map(|line| parse(line)).collect::<Result<Vec<LineId>, _>>()?;
        let case = case_id(&event.tenant, &event.review_case_id)?;
        self.change_case("reinstate_lines", incoming, case, move |case, effective_time, calendar| {
            case.reinstate_lines(&lines, effective_time, calendar)
        })
        .await
    }

    /// Records that a notice (a mail to the customer contact) bounced, so that the reviewer is told
    /// by mail (R41a, R41b).
    async fn notice_bounced(&self, incoming: &IncomingEvent, event: &NoticeBounced) -> Result<(), ReceiveError> {
        let (case, consent_complete) = (case_id(&event.tenant, &event.review_case_id)?, event.official);
        self.change_case("record_bounce", incoming, case, move |case, effective_time, _| {
            case.record_bounce(consent_complete, effective_time)
        })
        .await
    }

    /// Closes the case of a closed claim (R45). A claim that was never submitted has no case.
    async fn claim_closed(&self, incoming: &IncomingEvent, event: &ClaimClosed) -> Result<(), ReceiveError> {
        if event.review_case_id.is_empty() {
            return self.inbox.mark_applied(&incoming.position).await;
        }
        let reason: PrimaryRejectionReason = parse_enum(event.primary_reason)?;
        let case = case_id(&event.tenant, &event.review_case_id)?;
        self.change_case("close_case", incoming, case, move |case, effective_time, calendar| {
            case.close(reason, effective_time, calendar)
        })
        .await
    }

    /// Records the status of a request to the partner for a statement (R37a).
    async fn statement_reported(
        &self,
        incoming: &IncomingEvent,
        event: &StatementReported,
    ) -> Result<(), ReceiveError> {
        let status = match event.status() {
            Status::Open => StatementStatus::Open,
            Status::Given => StatementStatus::Given,
            Status::NotGiven => StatementStatus::NotGiven,
            Status::Unspecified => return Err(ReceiveError::park("status: is required")),
        };
        let due_time = event.due_time.and_then(from_wire_time);
        let case = case_id(&event.tenant, &event.review_case_id)?;
        self.change_case("report_statement", incoming, case, move |case, effective_time, _| {
            case.report_statement(status, due_time, effective_time)
        })
        .await
    }

    /// Records the statement of the holder of a legacy association, or the status of the request
    /// for it (R58a).
    async fn legacy_statement_reported(
        &self,
        incoming: &IncomingEvent,
        event: LegacyStatementReported,
    ) -> Result<(), ReceiveError> {
        let status = match event.status() {
            LegacyStatus::Open => StatementStatus::Open,
            LegacyStatus::Given => StatementStatus::Given,
            LegacyStatus::NotGiven => StatementStatus::NotGiven,
            LegacyStatus::NoContact => StatementStatus::NoContact,
            LegacyStatus::Unspecified => return Err(ReceiveError::park("status: is required")),
        };
        let due_time = event.due_time.and_then(from_wire_time);
        let case = case_id(&event.tenant, &event.review_case_id)?;
        let sender = statement_sender(&event.key, &event.legacy_holder_id)?;
        self.change_case("report_legacy_statement", incoming, case, move |case, effective_time, _| match status {
            StatementStatus::Given => Some(case.add_legacy_statement(&sender, event.text.clone(), effective_time)),
            StatementStatus::Open
            | StatementStatus::NotGiven
            | StatementStatus::Lapsed
            | StatementStatus::NoContact => case.report_legacy_statement(&sender, status, due_time, effective_time),
        })
        .await
    }

    /// Erases the statements of the holder of a legacy association (R56).
    async fn legacy_statement_erased(
        &self,
        incoming: &IncomingEvent,
        event: &LegacyStatementErased,
    ) -> Result<(), ReceiveError> {
        let case = case_id(&event.tenant, &event.review_case_id)?;
        let sender = statement_sender(&event.key, &event.legacy_holder_id)?;
        self.change_case("erase_legacy_statement", incoming, case, move |case, effective_time, _| {
            case.erase_legacy_statements(&sender, effective_time)
        })
        .await
    }

    /// Records that a legacy holder does not hold a key any more, in each case that competes for
    /// the key (R58). There is one command per case, and each may be repeated. Cases that are
    /// opened later need no command, because their snapshots name the holder of that time.
    async fn legacy_holder_gone(&self, incoming: &IncomingEvent, event: &LegacyHolderGone) -> Result<(), ReceiveError> {
        if self.inbox.is_applied(&incoming.position).await? {
            return Ok(());
        }
        let (TenantName { tenant }, key): (_, AssociationKey) = (parse(&event.tenant)?, parse(&event.key)?);
        let holder = legacy_holder(&event.legacy_holder_id)?;
        let cases = CaseQuery::for_tenant(self.db.writer(), tenant).competing_for([key.clone()].into()).await;
        for case in cases.map_err(|error| ReceiveError::Retry(error.to_string()))? {
            let command = Command::new("end_legacy_holder", case_key(tenant, case.state.id), incoming.actor.clone())
                .effective_at(incoming.effective_time);
            let (key, effective_time, calendar) = (key.clone(), incoming.effective_time, Arc::clone(&self.calendar));
            let decide = move |case: Option<&ReviewCase>, _now| {
                case.ok_or(CaseMissing).map(|case| case.end_legacy_holder(&key, holder, effective_time, &calendar))
            };
            self.writer.execute(command, decide).await?;
        }
        self.inbox.mark_applied(&incoming.position).await
    }

    /// Erases personal data in every case of the claim (R56). There is one command per case, and
    /// each may be repeated. The stream position advances after the last command, so a repeated
    /// delivery completes an interrupted erasure.
    async fn personal_data_erased(
        &self,
        incoming: &IncomingEvent,
        event: &PersonalDataErased,
    ) -> Result<(), ReceiveError> {
        if self.inbox.is_applied(&incoming.position).await? {
            return Ok(());
        }
        let (TenantName { tenant }, claim): (_, ClaimName) = (parse(&event.tenant)?, parse(&event.claim)?);
        let kinds = event.kinds.iter().map(|kind| parse_enum(*kind)).collect::<Result<Vec<PersonalData>, _>>()?;
        let cases = CaseQuery::for_tenant(self.db.writer(), tenant).ids_of_claim(&claim).await;
        for case in cases.map_err(|error| ReceiveError::Retry(error.to_string()))? {
            let key = case_key(tenant, case);
            let command =
                Command::new("erase_personal_data", key, incoming.actor.clone()).effective_at(incoming.effective_time);
            let kinds = kinds.clone();
            let decide = move |case: Option<&ReviewCase>, now| {
                Ok::<_, CaseMissing>(Some(case.ok_or(CaseMissing)?.erase_personal_data(&kinds, now)))
            };
            self.writer.execute(command, decide).await?;
        }
        self.inbox.mark_applied(&incoming.position).await
    }

    /// Applies an event to one existing case with a command of the given name. `change` receives
    /// the case, the effective time of the event and the reviewers' calendar.
    async fn change_case(
        &self,
        command_name: &'static str,
        incoming: &IncomingEvent,
        (tenant, case): (TenantId, CaseId),
        change: impl Fn(&ReviewCase, Timestamp, &Calendar) -> Option<Transition<ReviewCase>> + Send + 'static,
    ) -> Result<(), ReceiveError> {
        let (effective_time, calendar) = (incoming.effective_time, Arc::clone(&self.calendar));
        let decide = move |existing: Option<&ReviewCase>, _now| {
            existing.ok_or(CaseMissing).map(|case| change(case, effective_time, &calendar))
        };
        self.writer.execute(incoming.command(command_name, case_key(tenant, case)), decide).await?;
        Ok(())
    }
}

/// Parses the key and the holder of a legacy association whose statement an event is about.
fn statement_sender(key: &str, holder_id: &str) -> Result<StatementSender, ReceiveError> {
    Ok(StatementSender { key: parse(key)?, holder: legacy_holder(holder_id)? })
}

/// Parses the id of a legacy holder. Events that were sent before the field was added do not
/// contain the id.
fn legacy_holder(id: &str) -> Result<Option<LegacyHolderId>, ReceiveError> {
    Some(id).filter(|id| !id.is_empty()).map(parse).transpose()
}
