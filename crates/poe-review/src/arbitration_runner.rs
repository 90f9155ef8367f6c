//! Completes arbitrations (R37). An arbitration is a review lead's decision on contested keys:
//! workloads or subscriptions of a tenant that claims of several companies compete for. Each award
//! gives one key to one claim.
//!
//! An arbitration begins with the review lead's request. Then it is planned, carried out by the
//! registry, applied to each competing case, and marked as done. Each step is committed before the
//! next one. The registry gives one answer per decision id, and an award that is applied to a case
//! again changes nothing. So an interrupted arbitration can be completed at any time.
use crate::{
    domain::{
        ReviewCase,
        arbitration::{
            Arbitration, ArbitrationState, Award, AwardOutcome, AwardPlan, AwardRefusal, AwardRefusalReason, Verdict,
            plan_awards,
        },
    },
    error::IncompleteDecision,
    store::{
        CaseStore,
        arbitrations::{self, ArbitrationStore},
        case_key,
        case_query::CaseQuery,
        pending_decisions::{DecisionKind, PendingDecision, PendingDecisions},
    },
};
use cpor_database::Db;
use cpor_durable::{Command, CommandOutcome, Writer};
use cpor_registry_client as registry;
use cpor_types::{AssociationKey, Calendar, CaseId};
use std::{collections::BTreeSet, convert::Infallible, sync::Arc};

/// Completes arbitrations.
#[derive(Clone)]
pub(crate) struct ArbitrationRunner {
    /// The database of the service.
    pub db: Db,
    /// Commits the states of arbitrations.
    pub arbitration_writer: Writer<ArbitrationStore>,
    /// Commits the verdicts to review cases.
    pub case_writer: Writer<CaseStore>,
    /// The client of the registry.
    pub registry: registry::SharedRegistry,
    /// Postpones an arbitration after a failure.
    pub pending_decisions: PendingDecisions,
    /// The calendar that counts the business days of review deadlines.
    pub calendar: Arc<Calendar>,
}

impl ArbitrationRunner {
    /// Plans the awards, sends them to the registry, applies the result to the cases and commits
    /// the outcome.
    ///
    /// After a failure, the arbitration is postponed by a delay that grows with `failed_attempts`,
    /// the number of failures so far. Then
    /// [`ApprovalRecovery`](crate::approval_recovery::ApprovalRecovery) retries it.
    pub(crate) async fn complete(
        &self,
        arbitration: &Arbitration,
        failed_attempts: u32,
    ) -> Result<CommandOutcome<Arbitration>, IncompleteDecision> {
        let result = self.resume(arbitration).await;
        let (key, decision_id) = (arbitrations::key(arbitration.tenant, arbitration.id), arbitration.id);
        let pending = PendingDecision { key, kind: DecisionKind::Arbitration, decision_id, failed_attempts };
        self.pending_decisions.postpone_on_failure(result, &pending).await
    }

    /// Continues the arbitration from its current state. Its keys are reserved in the table
    /// `arbitrated_key`, so no other pending arbitration can contain them, and a plan stays valid.
    async fn resume(&self, arbitration: &Arbitration) -> Result<CommandOutcome<Arbitration>, IncompleteDecision> {
        match &arbitration.state {
            ArbitrationState::Begun => {
                let planned = self.plan(arbitration).await?;
                let committed = self.commit_state(arbitration, planned).await?;
                match &committed.state {
                    Some(Arbitration { state: ArbitrationState::Planned { plan }, .. }) => {
                        self.carry_out(arbitration, plan).await
                    }
                    Some(_) | None => Ok(committed),
                }
            }
            ArbitrationState::Planned { plan } => self.carry_out(arbitration, plan).await,
            ArbitrationState::Done { .. } | ArbitrationState::Refused { .. } => {
                self.commit_state(arbitration, arbitration.state.clone()).await
            }
        }
    }

    /// Returns the state that follows `Begun`: `Planned` if the awards are possible, or else
    /// `Refused`. Executes one query for each award, and two for the competing cases.
    pub(crate) async fn plan(&self, arbitration: &Arbitration) -> Result<ArbitrationState, IncompleteDecision> {
        let cases = self.affected_cases(arbitration).await?;
        Ok(match plan_awards(&arbitration.awards, &cases) {
            Ok(plan) => ArbitrationState::Planned { plan },
            Err(refusals) => ArbitrationState::Refused { refusals },
        })
    }

    /// Sends the awards to the registry, applies the result to the cases, and commits the final
    /// state of the arbitration.
    async fn carry_out(
        &self,
        arbitration: &Arbitration,
        plan: &AwardPlan,
    ) -> Result<CommandOutcome<Arbitration>, IncompleteDecision> {
        let request = self.registry_request(arbitration).await?;
        let state = match self.registry.arbitrate(&arbitration.actor, request).await? {
            registry::ArbitrationOutcome::Refused(refusals) => {
                ArbitrationState::Refused { refusals: refusals.into_iter().map(award_refusal).collect() }
            }
            registry::ArbitrationOutcome::Awarded(outcomes) => {
                let outcomes: Vec<AwardOutcome> = outcomes.into_iter().map(award_outcome).collect();
                let successor_keys = arbitration.successor_keys(&outcomes);
                self.apply_plan(arbitration, plan, &successor_keys).await?;
                ArbitrationState::Done { outcomes }
            }
        };
        self.commit_state(arbitration, state).await
    }

    /// Applies the verdicts to the cases: first the keys that they win, then the keys that they
    /// lose. A claim may have given up a key that it was planned to win; then the other claims do
    /// not lose that key. The comment is sent to each claim once: with the keys that the claim
    /// wins, or if it wins none, with those that it loses.
    async fn apply_plan(
        &self,
        arbitration: &Arbitration,
        plan: &AwardPlan,
        successor_keys: &BTreeSet<AssociationKey>,
    ) -> Result<(), IncompleteDecision> {
        let mut given_up = BTreeSet::new();
        for (case, verdict) in plan.iter().filter(|(_, verdict)| !verdict.won.is_empty()) {
            let winner = self.apply_to_case(arbitration, *case, verdict.wins(), successor_keys).await?;
            let competing_keys = winner.map(|winner| winner.competing_keys()).unwrap_or_default();
            given_up.extend(verdict.won.difference(&competing_keys).cloned());
        }
        let without_comment = Arbitration { comment: String::new(), ..arbitration.clone() };
        for (case, verdict) in plan {
            let losses = verdict.losses_without(&given_up);
            if !losses.lost.is_empty() {
                let has_won = !verdict.won.is_subset(&given_up);
                let arbitration = if has_won { &without_comment } else { arbitration };
                self.apply_to_case(arbitration, *case, losses, successor_keys).await?;
            }
        }
        Ok(())
    }

    /// Loads the winners, and every case that competes for a key with one of them.
    async fn affected_cases(&self, arbitration: &Arbitration) -> Result<Vec<ReviewCase>, IncompleteDecision> {
        let mut keys: BTreeSet<_> = arbitration.awards.iter().map(|award| award.key.clone()).collect();
        for winner in self.winners(arbitration).await? {
            keys.extend(winner.competing_keys());
        }
        let query = CaseQuery::for_tenant(self.db.writer(), arbitration.tenant);
        let cases = query.competing_for(keys).await.map_err(IncompleteDecision::storage)?;
        Ok(cases.into_iter().map(|case| case.state).collect())
    }

    /// Loads the winning case of each award, in the order of the awards. Winners that do not exist
    /// are left out.
    async fn winners(&self, arbitration: &Arbitration) -> Result<Vec<ReviewCase>, IncompleteDecision> {
        let (query, mut winners) = (CaseQuery::for_tenant(self.db.writer(), arbitration.tenant), Vec::new());
        for Award { winner, .. } in &arbitration.awards {
            winners.extend(query.find(*winner).await.map_err(IncompleteDecision::storage)?.map(|case| case.state));
        }
        Ok(winners)
    }

    async fn registry_request(&self, arbitration: &Arbitration) -> Result<registry::Arbitration, IncompleteDecision> {
        let winners = self.winners(arbitration).await?;
        let to_registry_award = |(Award { key, .. }, winner): (&Award, ReviewCase)| registry::Award {
            key: key.clone(),
            winner: winner.snapshot.claim,
            review_case: winner.id,
            activities: winner.snapshot.activities,
            revenue_association_exclusive: winner.competition_terms.revenue_association_exclusive,
        };
        // The awards were planned, so every winner exists and the pairs match.
        let awards = arbitration.awards.iter().zip(winners).map(to_registry_award).collect();
        Ok(registry::Arbitration { decision_id: arbitration.id, tenant: arbitration.tenant, awards })
    }

    /// Applies a verdict to a case. Returns the changed case.
    async fn apply_to_case(
        &self,
        arbitration: &Arbitration,
        case: CaseId,
        verdict: Verdict,
        successor_keys: &BTreeSet<AssociationKey>,
    ) -> Result<Option<ReviewCase>, IncompleteDecision> {
        let command = Command::new("award_lines", case_key(arbitration.tenant, case), arbitration.actor.clone());
        let arbitration = arbitration.clone();
        let (successor_keys, calendar) = (successor_keys.clone(), Arc::clone(&self.calendar));
        let decide = move |case: Option<&ReviewCase>, now| {
            let apply = |case: &ReviewCase| case.apply_award(&arbitration, &verdict, &successor_keys, now, &calendar);
            Ok::<_, Infallible>(case.and_then(apply))
        };
        let applied = self.case_writer.execute(command, decide).await.map_err(IncompleteDecision::storage)?;
        Ok(applied.state)
    }

    async fn commit_state(
        &self,
        arbitration: &Arbitration,
        state: ArbitrationState,
    ) -> Result<CommandOutcome<Arbitration>, IncompleteDecision> {
        let key = arbitrations::key(arbitration.tenant, arbitration.id);
        let command = Command::new("advance_arbitration", key, arbitration.actor.clone());
        let decide = move |stored: Option<&Arbitration>, _now| {
            Ok::<_, Infallible>(stored.and_then(|arbitration| arbitration.advance(state.clone())))
        };
        self.arbitration_writer.execute(command, decide).await.map_err(IncompleteDecision::storage)
    }
}

fn award_outcome(outcome: registry::AwardOutcome) -> AwardOutcome {
    match outcome {
        registry::AwardOutcome::Unopposed => AwardOutcome::Unopposed,
        registry::AwardOutcome::PendingHoldEnded => AwardOutcome::PendingHoldEnded,
        registry::AwardOutcome::SucceedsHolder => AwardOutcome::SucceedsHolder,
    }
}

fn award_refusal(registry::AwardRefusal { key, reason }: registry::AwardRefusal) -> AwardRefusal {
    let reason = match reason {
        registry::AwardRefusalReason::SuccessorExists => AwardRefusalReason::SuccessorExists,
        registry::AwardRefusalReason::KeyUnknown => AwardRefusalReason::KeyUnknown,
        // A closed claim no longer competes, but the event that closes its case has not arrived
        // yet.
        registry::AwardRefusalReason::ClaimClosed => AwardRefusalReason::NotContested,
    };
    AwardRefusal { key, reason }
}
