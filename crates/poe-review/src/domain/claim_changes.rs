//! Applies the events of claim-intake to a case. claim-intake is the service that owns the claims,
//! so its events are never refused: an event that comes too late for the state of the case changes
//! nothing.
//!
//! A *line* is the part of a claim that is about one workload or subscription of the tenant (its
//! *key*). A *legacy holder* is a company that holds a key (is on record for it) by an association
//! from before claims existed.
use super::{
    CaseClosure, CaseEvent, CaseKind, Competition, CompetitionTerms, Phase, ReviewCase, Snapshot, State,
    case::{legacy_contest_event, transition},
};
use cpor_durable::Transition;
use cpor_types::{
    AssociationKey, Calendar, CaseId, LegacyHolderId, Length, LineId, PrimaryRejectionReason, ReviewLengths, TenantId,
    Timestamp,
};
use std::collections::BTreeSet;

/// The data from which a case is opened.
#[derive(Clone, Debug)]
pub struct NewCase {
    /// The id of the case, which claim-intake generates.
    pub id: CaseId,
    /// The tenant (customer) of the claim.
    pub tenant: TenantId,
    /// Whether the claim was submitted or disputed.
    pub kind: CaseKind,
    /// The claim at its submission or dispute.
    pub snapshot: Snapshot,
    /// The lengths of the review clocks, from the claim's policy profile.
    pub clock_lengths: ReviewLengths,
    /// The time between the reminder of a clock and its due time (R48), from the policy profile.
    pub remind_before: Length,
    /// The values of the policy profile about competition.
    pub competition_terms: CompetitionTerms,
}

impl ReviewCase {
    /// Opens the case of a submitted (R18) or disputed (R28) claim. Its clocks run from
    /// `effective_time`, the time of the submission or dispute, even if the event arrives later
    /// (R47).
    #[must_use]
    pub fn open(new_case: NewCase, effective_time: Timestamp, calendar: &Calendar) -> Transition<Self> {
        let NewCase { id, tenant, kind, snapshot, clock_lengths, remind_before, competition_terms } = new_case;
        let case_without_running_clocks = Self {
            tenant,
            id,
            clocks: kind.new_clocks(clock_lengths),
            remind_before,
            competition_terms,
            kind,
            snapshot,
            reviewer: None,
            round: 1,
            state: State::Waiting,
            competition: Competition::default(),
            ended_lines: BTreeSet::new(),
            approval_refusals: Vec::new(),
            statement: None,
            legacy_statements: Vec::new(),
            create_time: effective_time,
            update_time: effective_time,
            close_time: None,
        };
        let opened = case_without_running_clocks.with_state(State::Waiting, effective_time, calendar);
        let lines = opened.contested_lines();
        let is_contested = !lines.is_empty();
        let competition_event = is_contested.then_some(CaseEvent::CompetitionChanged { lines, awarded: Vec::new() });
        let legacy_event = legacy_contest_event(None, &opened);
        Transition::new(opened, std::iter::once(CaseEvent::Opened).chain(competition_event).chain(legacy_event))
    }

    /// Applies a resubmission of the claim (R21). The case waits for its review again and keeps its
    /// reviewer. Its clocks continue with the time left. Returns `None` if the case does not wait
    /// for the partner.
    #[must_use]
    pub fn apply_resubmission(
        &self,
        snapshot: Snapshot,
        effective_time: Timestamp,
        calendar: &Calendar,
    ) -> Option<Transition<Self>> {
        match self.state {
            State::PartnerActionRequired(_) => {
                let next = Self { state: State::Waiting, round: self.round + 1, ..self.with_snapshot(snapshot) };
                let next = next.with_updated_clocks(effective_time, calendar);
                Some(transition(self, next, CaseEvent::Resubmitted))
            }
            State::Waiting
            | State::UnderReview
            | State::Approving(_)
            | State::Approved(_)
            | State::Rejected(_)
            | State::Closed(_) => None,
        }
    }

    /// Applies an edit of the claim (R29, R37). In an approved case only the documents, which the
    /// partner can add while a line is contested (R37a), and the customer contact change (R29a,
    /// R43a). Returns `None` if nothing changes, or if the case was rejected or closed.
    #[must_use]
    pub fn apply_edit(
        &self,
        snapshot: Snapshot,
        effective_time: Timestamp,
        calendar: &Calendar,
    ) -> Option<Transition<Self>> {
        let next = match (self.phase().is_open(), self.phase().is_approved()) {
            (true, _) => self.with_snapshot(snapshot),
            (false, true) => {
                let Snapshot { evidence, customer_contact, .. } = snapshot;
                Self { snapshot: Snapshot { evidence, customer_contact, ..self.snapshot.clone() }, ..self.clone() }
            }
            (false, false) => return None,
        };
        (next != *self).then(|| transition(self, next.with_updated_clocks(effective_time, calendar), CaseEvent::Edited))
    }

    /// Marks lines of an approved case as ended, because their associations have ended (R37, R39).
    /// The case no longer competes for their keys. Returns `None` if the case is not approved or no
    /// line changes.
    #[must_use]
    pub fn end_lines(&self, lines: &[LineId], now: Timestamp, calendar: &Calendar) -> Option<Transition<Self>> {
        let competing_ids = self.competing_lines().map(|line| line.id);
        let lines: Vec<LineId> = competing_ids.filter(|line| lines.contains(line)).collect();
        (self.phase().is_approved() && !lines.is_empty()).then(|| {
            let ended_lines = self.ended_lines.iter().chain(&lines).copied().collect();
            let next = Self { ended_lines, ..self.clone() }.with_updated_clocks(now, calendar);
            transition(self, next, CaseEvent::LinesEnded { lines })
        })
    }

    /// Marks lines of an approved case as not ended, because their associations are on record after
    /// all (R47). The case competes for their keys again. Keys that a review lead has awarded to
    /// rivals stay awarded to them: the case keeps these lines only until the association of the
    /// rival becomes official (R37). Returns `None` if the case is not approved or no line changes.
    #[must_use]
    pub fn reinstate_lines(&self, lines: &[LineId], now: Timestamp, calendar: &Calendar) -> Option<Transition<Self>> {
        let lines: Vec<LineId> = self.ended_lines.iter().filter(|line| lines.contains(line)).copied().collect();
        (self.phase().is_approved() && !lines.is_empty()).then(|| {
            let mut next = self.clone();
            next.ended_lines.retain(|line| !lines.contains(line));
            let keys = next.snapshot.lines.iter().filter(|line| lines.contains(&line.id)).map(|line| line.key.clone());
            next.competition.restore_awards_to_rivals(&keys.collect());
            transition(self, next.with_updated_clocks(now, calendar), CaseEvent::LinesReinstated { lines })
        })
    }

    /// Records that a legacy holder does not hold the key any more (R58), so that the case no
    /// longer competes with this holder. If `holder` is `None`, the present legacy holder of the
    /// key is meant. Returns `None` if no line of the claim has this legacy holder.
    ///
    /// The holder's id is kept, because claim-intake may still send the claim with this holder.
    /// Another legacy holder can hold the key later.
    #[must_use]
    pub fn end_legacy_holder(
        &self,
        key: &AssociationKey,
        holder: Option<LegacyHolderId>,
        now: Timestamp,
        calendar: &Calendar,
    ) -> Option<Transition<Self>> {
        let mut next = self.clone();
        let mut ended_holders = BTreeSet::<LegacyHolderId>::new();
        for line in next.snapshot.lines.iter_mut().filter(|line| line.key == *key) {
            ended_holders.extend(line.legacy_holder.take_if(|found| holder.is_none_or(|holder| holder == *found)));
        }
        (!ended_holders.is_empty()).then(|| {
            next.competition.former_legacy_holders.extend(ended_holders);
            transition(self, next.with_updated_clocks(now, calendar), CaseEvent::LegacyAssociationEnded)
        })
    }

    /// Records that a notice (a mail to the customer contact) about the approved claim bounced
    /// (R41a, R41b), so that the reviewer is told by mail. `consent_complete` says whether the
    /// customer's consent is complete already, so that the association is official or about to
    /// become so. Returns `None` if the case is not approved.
    #[must_use]
    pub fn record_bounce(&self, consent_complete: bool, now: Timestamp) -> Option<Transition<Self>> {
        let next = Self { update_time: now.max(self.update_time), ..self.clone() };
        self.phase().is_approved().then(|| Transition::new(next, [CaseEvent::NoticeBounced { consent_complete }]))
    }

    /// Closes an open case because its claim was closed without a reviewer's decision, for example
    /// by a withdrawal. This also ends a pending approval. In an approved case, all lines end. A
    /// rejected or closed case does not change.
    #[must_use]
    pub fn close(
        &self,
        primary_reason: PrimaryRejectionReason,
        now: Timestamp,
        calendar: &Calendar,
    ) -> Option<Transition<Self>> {
        match self.phase() {
            Phase::Waiting | Phase::UnderReview | Phase::PartnerActionRequired | Phase::Approving => {
                let next = self.with_state(State::Closed(CaseClosure { primary_reason }), now, calendar);
                Some(transition(self, next, CaseEvent::Closed { primary_reason }))
            }
            Phase::Approved => {
                let all_lines: Vec<LineId> = self.snapshot.lines.iter().map(|line| line.id).collect();
                self.end_lines(&all_lines, now, calendar)
            }
            Phase::Rejected | Phase::Closed => None,
        }
    }

    /// Returns the open case with a new snapshot of the claim. Lines and legacy associations that
    /// have ended are removed from the snapshot, because claim-intake may have sent it before it
    /// learned of their end. Awards of keys that the claim no longer contains are dropped.
    fn with_snapshot(&self, mut snapshot: Snapshot) -> Self {
        snapshot.lines.retain(|line| !self.ended_lines.contains(&line.id));
        let former_holders = &self.competition.former_legacy_holders;
        for line in &mut snapshot.lines {
            line.legacy_holder.take_if(|holder| former_holders.contains(holder));
        }
        let mut next = Self { snapshot, ..self.clone() };
        let keys = next.competing_keys();
        next.competition.retain_awards(&keys);
        next
    }
}
