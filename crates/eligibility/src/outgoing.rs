//! What the other services hear of assessments.
use cpor_durable::{Change, Outgoing, Recorded};
use cpor_proto::events::v1::{ClaimAssessed, LineVerdict, event::Payload};
use cpor_types::Service;

use crate::domain::{Answer, Assessment, Event, LineResult, Opening};

/// `ClaimAssessed` to claim-intake for every new answer for the present month; nobody hears of the rest.
pub(crate) fn of(change: &Change<Assessment>) -> Vec<Outgoing> {
    let state = &change.after.state;
    let last = state.latest.as_ref().filter(|_| state.ended().is_none()).map(|latest| latest.month);
    let told = |recorded: &Recorded<Event>| match &recorded.event {
        Event::Assessed(answer) if last == Some(answer.month) => {
            Some(Outgoing::of(recorded, Service::ClaimIntake, assessed(state.about(), answer)))
        }
        Event::Assessed(_) | Event::Opened | Event::BecameStale | Event::Booked(_) | Event::Ended => None,
    };
    change.events.iter().filter_map(told).collect()
}

fn assessed(about: &Opening, answer: &Answer) -> Payload {
    Payload::ClaimAssessed(ClaimAssessed {
        claim: about.claim.name().to_string(),
        month: answer.month.to_string(),
        verdicts: answer.results.iter().map(verdict).collect(),
    })
}

fn verdict(result: &LineResult) -> LineVerdict {
    LineVerdict {
        line_id: result.line.to_string(),
        activity: result.activity.to_string(),
        verdict: result.verdict.as_str().to_owned(),
        failed_conditions: result.failed().map(str::to_owned).collect(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use cpor_durable::{Key, Versioned};
    use cpor_types::Actor;

    use super::*;
    use crate::domain::{Basis, UsageByKey, examples};

    #[test]
    fn r52_claim_intake_hears_the_verdicts_and_what_failed() {
        let mut about = examples::presales();
        about.partner.location_region = "americas".to_owned();
        let opened = Assessment::official(None, about).unwrap().next;
        let now = examples::time("2026-04-01T00:00:00Z");
        let (guides, usage, answers) = (examples::guides(), UsageByKey::default(), BTreeMap::new());
        let assessed = opened.assess(Basis { guides: &guides, usage: &usage, answers: &answers }, now).unwrap();
        let actor = Actor::system(Service::Eligibility);
        let record =
            |event| Recorded { event, version: 2, actor: actor.clone(), effective_time: now, recorded_time: now };
        let change = Change {
            key: Key::new("t", uuid::Uuid::nil()),
            before: Some(Versioned::new(1, opened)),
            after: Versioned::new(2, assessed.next),
            events: [vec![Event::BecameStale], assessed.events].concat().into_iter().map(record).collect(),
        };
        let told = of(&change);
        let verdict = LineVerdict {
            line_id: "00000000-0000-0000-0000-000000000003".to_owned(),
            activity: "pre_sales".to_owned(),
            verdict: "not_eligible".to_owned(),
            failed_conditions: vec!["same_region".to_owned()],
        };
        let event = ClaimAssessed {
            claim: "partners/contoso/claims/00000000-0000-0000-0000-000000000001".to_owned(),
            month: "2026-04".to_owned(),
            verdicts: vec![verdict],
        };
        let payload = Payload::ClaimAssessed(event);
        assert_eq!(told, [Outgoing { destination: Service::ClaimIntake, payload, actor, effective_time: now }]);
    }
}
