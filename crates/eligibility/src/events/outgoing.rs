//! The events that the eligibility service sends: `ClaimAssessed`, to claim-intake (the service
//! that owns the claims).
use cpor_durable::{Change, OutgoingEvent, RecordedEvent};
use cpor_proto::WireEnum as _;
use cpor_proto::events::v1::{ClaimAssessed, LineVerdict, event::Payload};
use cpor_types::Service;

use crate::domain::{Assessment, AssessmentEvent, AssociationFacts, LineResult, MonthlyResult};

/// Returns a `ClaimAssessed` for each new result of the latest month. Results of earlier months and
/// of ended associations are not sent.
pub(crate) fn outgoing_events(change: &Change<Assessment>) -> Vec<OutgoingEvent> {
    let state = &change.after.state;
    let is_official = state.association_end().is_none();
    let latest_month = state.latest.as_ref().filter(|_| is_official).map(|latest| latest.month);
    let to_outgoing = |recorded: &RecordedEvent<AssessmentEvent>| match &recorded.event {
        AssessmentEvent::MonthAssessed(result) if latest_month == Some(result.month) => {
            let payload = claim_assessed(state.facts(), result);
            Some(OutgoingEvent::from_recorded(recorded, Service::ClaimIntake, payload))
        }
        AssessmentEvent::MonthAssessed(_)
        | AssessmentEvent::Opened
        | AssessmentEvent::BecameStale
        | AssessmentEvent::EarningsRecorded(_)
        | AssessmentEvent::Ended => None,
    };
    change.events.iter().filter_map(to_outgoing).collect()
}

fn claim_assessed(facts: &AssociationFacts, result: &MonthlyResult) -> Payload {
    Payload::ClaimAssessed(ClaimAssessed {
        claim: facts.claim.name().to_string(),
        month: result.month.to_string(),
        verdicts: result.results.iter().map(line_verdict).collect(),
    })
}

fn line_verdict(result: &LineResult) -> LineVerdict {
    LineVerdict {
        line_id: result.line.to_string(),
        activity: result.activity.to_number(),
        verdict: result.verdict.to_number(),
        failed_conditions: result.failed_conditions().map(str::to_owned).collect(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use cpor_durable::{AggregateKey, Versioned};
    use cpor_types::Actor;

    use super::*;
    use crate::domain::{AssessmentInputs, UsageByKey, examples};

    #[test]
    fn r52_verdicts_and_failed_conditions_are_sent() {
        let mut facts = examples::presales();
        facts.partner.location_region = "americas".to_owned();
        let opened = Assessment::open(None, facts).unwrap().next;
        let now = examples::time("2026-04-01T00:00:00Z");
        let (guides, usage, previous_results) = (examples::active_guides(), UsageByKey::default(), BTreeMap::new());
        let inputs = AssessmentInputs { guides: &guides, usage: &usage, previous_results: &previous_results };
        let assessed = opened.assess(inputs, now).unwrap();
        let actor = Actor::system(Service::Eligibility);
        let record =
            |event| RecordedEvent { event, version: 2, actor: actor.clone(), effective_time: now, recorded_time: now };
        let change = Change {
            key: AggregateKey::new("t", uuid::Uuid::nil()),
            before: Some(Versioned::new(1, opened)),
            after: Versioned::new(2, assessed.next),
            events: [vec![AssessmentEvent::BecameStale], assessed.events].concat().into_iter().map(record).collect(),
        };
        let verdict = LineVerdict {
            line_id: "00000000-0000-0000-0000-000000000003".to_owned(),
            activity: cpor_types::Activity::PreSales.to_number(),
            verdict: cpor_types::Verdict::NotEligible.to_number(),
            failed_conditions: vec!["same_region".to_owned()],
        };
        let payload = Payload::ClaimAssessed(ClaimAssessed {
            claim: "partners/contoso/claims/00000000-0000-0000-0000-000000000001".to_owned(),
            month: "2026-04".to_owned(),
            verdicts: vec![verdict],
        });
        let expected = OutgoingEvent { destination: Service::ClaimIntake, payload, actor, effective_time: now };
        assert_eq!(outgoing_events(&change), [expected]);
    }
}
