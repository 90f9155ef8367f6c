//! Arbitration (R37): what a lead has decided, carried out. Like an approval: the decision is committed first, asking the
//! registry is idempotent per decision, and telling the cases may be repeated; so whoever finds one pending can complete it.
use crate::{
    approver::Unfinished,
    domain::{
        ReviewCase,
        arbitration::{Arbitration, ArbitrationState, Award, AwardFault, AwardProblem, Outcome, Plan, Verdict, plan},
    },
    store::{
        self, CaseStore,
        approvals::{Pending, PendingApprovals, Work},
        arbitrations::{self, ArbitrationStore},
        query::Cases,
    },
};
use cpor_durable::{Command, Committed, Writer};
use cpor_kit::Db;
use cpor_registry_client as registry;
use cpor_types::{AssociationKey, Calendar, CaseId};
use std::{collections::BTreeSet, convert::Infallible, sync::Arc};

/// Completes arbitrations.
#[derive(Clone)]
pub(crate) struct Arbiter {
    pub db: Db,
    pub writer: Writer<ArbitrationStore>,
    pub cases: Writer<CaseStore>,
    pub registry: registry::SharedRegistry,
    pub pending: PendingApprovals,
    pub calendar: Arc<Calendar>,
}

impl Arbiter {
    /// Judges the awards, asks the registry, tells the cases and commits the outcome. After a failure it rests, and the
    /// resumer goes on.
    pub(crate) async fn complete(
        &self,
        arbitration: &Arbitration,
        attempts: u32,
    ) -> Result<Committed<Arbitration>, Unfinished> {
        let completed = self.judge(arbitration).await;
        let (key, decision_id) = (arbitrations::key(arbitration.tenant, arbitration.id), arbitration.id);
        let pending = Pending { key, work: Work::Arbitration, decision_id, attempts };
        self.pending.resting(completed, &pending).await
    }

    /// Judged is the arbitration under way alone, whose keys no other can touch: so what it comes to stays true.
    async fn judge(&self, arbitration: &Arbitration) -> Result<Committed<Arbitration>, Unfinished> {
        match &arbitration.state {
            ArbitrationState::Begun => {
                let cases = self.concerned(arbitration).await?;
                let judged = match plan(&arbitration.awards, &cases) {
                    Ok(plan) => ArbitrationState::Planned { plan },
                    Err(faults) => ArbitrationState::Refused { faults },
                };
                let judged = self.settle(arbitration, judged).await?;
                match &judged.state {
                    Some(Arbitration { state: ArbitrationState::Planned { plan }, .. }) => {
                        self.carry_out(arbitration, plan).await
                    }
                    Some(_) | None => Ok(judged),
                }
            }
            ArbitrationState::Planned { plan } => self.carry_out(arbitration, plan).await,
            ArbitrationState::Done { .. } | ArbitrationState::Refused { .. } => {
                self.settle(arbitration, arbitration.state.clone()).await
            }
        }
    }

    async fn carry_out(&self, arbitration: &Arbitration, plan: &Plan) -> Result<Committed<Arbitration>, Unfinished> {
        let request = self.request(arbitration).await?;
        let state = match self.registry.arbitrate(&arbitration.by, request).await? {
            registry::ArbitrationAnswer::Refused(refusals) => {
                ArbitrationState::Refused { faults: refusals.into_iter().map(fault).collect() }
            }
            registry::ArbitrationAnswer::Awarded(outcomes) => {
                let outcomes: Vec<Outcome> = outcomes.into_iter().map(outcome).collect();
                let succeeding = arbitration.succeeding(&outcomes);
                for (case, verdict) in plan {
                    self.tell(arbitration, *case, verdict, &succeeding).await?;
                }
                ArbitrationState::Done { outcomes }
            }
        };
        self.settle(arbitration, state).await
    }

    /// The winners, and every live case with a key in common with them.
    async fn concerned(&self, arbitration: &Arbitration) -> Result<Vec<ReviewCase>, Unfinished> {
        let mut keys: BTreeSet<_> = arbitration.awards.iter().map(|award| award.key.clone()).collect();
        for winner in self.winners(arbitration).await? {
            keys.extend(winner.contended_keys());
        }
        let cases =
            Cases::of(self.db.writer(), arbitration.tenant).contending(keys).await.map_err(Unfinished::storage)?;
        Ok(cases.into_iter().map(|case| case.state).collect())
    }

    /// One for each award, but for those that do not exist.
    async fn winners(&self, arbitration: &Arbitration) -> Result<Vec<ReviewCase>, Unfinished> {
        let (cases, mut found) = (Cases::of(self.db.writer(), arbitration.tenant), Vec::new());
        for Award { winner, .. } in &arbitration.awards {
            found.extend(cases.find(*winner).await.map_err(Unfinished::storage)?.map(|case| case.state));
        }
        Ok(found)
    }

    async fn request(&self, arbitration: &Arbitration) -> Result<registry::Arbitration, Unfinished> {
        let winners = self.winners(arbitration).await?;
        let award = |(Award { key, .. }, winner): (&Award, ReviewCase)| registry::Award {
            key: key.clone(),
            winner: winner.snapshot.claim,
            review_case: winner.id,
            activities: winner.snapshot.activities,
        };
        let awards = arbitration.awards.iter().zip(winners).map(award).collect();
        Ok(registry::Arbitration { decision_id: arbitration.id, tenant: arbitration.tenant, awards })
    }

    async fn tell(
        &self,
        arbitration: &Arbitration,
        case: CaseId,
        verdict: &Verdict,
        succeeding: &BTreeSet<AssociationKey>,
    ) -> Result<(), Unfinished> {
        let command = Command::new("award_lines", store::key(arbitration.tenant, case), arbitration.by.clone());
        let (told, verdict, calendar) = (arbitration.clone(), verdict.clone(), Arc::clone(&self.calendar));
        let succeeding = succeeding.clone();
        let decide = move |case: Option<&ReviewCase>, now| {
            Ok::<_, Infallible>(case.and_then(|case| case.awarded(&told, &verdict, &succeeding, now, &calendar)))
        };
        self.cases.execute(command, decide).await.map(drop).map_err(Unfinished::storage)
    }

    async fn settle(
        &self,
        arbitration: &Arbitration,
        state: ArbitrationState,
    ) -> Result<Committed<Arbitration>, Unfinished> {
        let key = arbitrations::key(arbitration.tenant, arbitration.id);
        let command = Command::new("settle_arbitration", key, arbitration.by.clone());
        let decide = move |found: Option<&Arbitration>, _now| {
            Ok::<_, Infallible>(found.and_then(|arbitration| arbitration.judged(state.clone())))
        };
        self.writer.execute(command, decide).await.map_err(Unfinished::storage)
    }
}

fn outcome(outcome: registry::AwardOutcome) -> Outcome {
    match outcome {
        registry::AwardOutcome::Cleared => Outcome::Cleared,
        registry::AwardOutcome::Yielded => Outcome::Yielded,
        registry::AwardOutcome::Successor => Outcome::Successor,
    }
}

fn fault(registry::AwardRefusal { key, reason }: registry::AwardRefusal) -> AwardFault {
    let problem = match reason {
        registry::AwardRefusalReason::SuccessorExists => AwardProblem::SuccessorExists,
        registry::AwardRefusalReason::KeyUnknown => AwardProblem::Unknown,
        // Who is closed competes no more; its case is about to hear of it.
        registry::AwardRefusalReason::ClaimClosed => AwardProblem::NotContested,
    };
    AwardFault { key, problem }
}
