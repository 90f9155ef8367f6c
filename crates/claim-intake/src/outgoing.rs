//! What the other services are told: domain events → events on the wire.
//!
//! | happened | told | to |
//! |---|---|---|
//! | submitted (R18) | `ClaimSubmitted` | poe-review, customer-consent |
//! | resubmitted (R21) | `ClaimResubmitted` | poe-review |
//! | disputed (R28) | `ClaimDisputed` | poe-review, customer-consent |
//! | edited (R29), some lines lost (R37) | `ClaimEdited` | poe-review, customer-consent |
//! | evidence added after the submission, but for a dispute (R29) | `ClaimEdited` | poe-review |
//! | approved (R23) | `ClaimApproved` | customer-consent |
//! | associations ended (R37, R39) | `LinesEnded` | poe-review, customer-consent |
//! | granted (R26a, R27) | `AssociationGranted` | registry |
//! | closed (R22, R24–R26) | `ClaimClosed` | poe-review, customer-consent, registry |
//! | personal data erased, once there was a submission (R56) | `PersonalDataErased` | poe-review, customer-consent |
use crate::{
    domain::{Claim, Contact, Event, Evidence, Line, StateKind, Submission, What},
    wire::timestamp,
};
use cpor_durable::{Change, Outgoing, Recorded};
use cpor_proto::events::v1::{
    AssociationGranted, ClaimApproved, ClaimClosed, ClaimDisputed, ClaimEdited, ClaimResubmitted, ClaimSnapshot,
    ClaimSubmitted, ContactSnapshot, EvidenceSnapshot, LineSnapshot, LinesEnded, PersonalDataErased, event::Payload,
};
use cpor_types::{ProductName, Service, TenantId, TenantName, program};

/// Everything that the others must hear of one step.
pub(crate) fn of(change: &Change<Claim>) -> Vec<Outgoing> {
    change.events.iter().flat_map(|recorded| told(change, recorded)).collect()
}

fn told(change: &Change<Claim>, recorded: &Recorded<Event>) -> Vec<Outgoing> {
    let claim = &change.after.state;
    let snapshot = || claim.state.submission().map(|submission| snapshot(claim, change.after.version, submission));
    let both: &[Service] = &[Service::PoeReview, Service::CustomerConsent];
    let (payload, destinations): (Payload, &[Service]) = match &recorded.event.what {
        What::Submitted => (Payload::ClaimSubmitted(ClaimSubmitted { snapshot: snapshot() }), both),
        What::Resubmitted => {
            (Payload::ClaimResubmitted(ClaimResubmitted { snapshot: snapshot() }), &[Service::PoeReview])
        }
        What::Disputed { previous_case, justification } => {
            let submission = claim.state.submission();
            let disputed = ClaimDisputed {
                snapshot: snapshot(),
                previous_review_case_id: previous_case.to_string(),
                number: submission.map_or(0, |submission| i32::try_from(submission.disputes).unwrap_or(i32::MAX)),
                justification: justification.clone(),
                customer_declined: submission.is_some_and(Submission::needs_explicit_approval),
                customer_approved: submission.is_some_and(|submission| submission.explicit_approval.is_some()),
            };
            (Payload::ClaimDisputed(disputed), both)
        }
        What::Edited { renotify, previous_contact } => {
            let previous_contact = previous_contact.as_ref().map(contact);
            (Payload::ClaimEdited(ClaimEdited { snapshot: snapshot(), renotify: *renotify, previous_contact }), both)
        }
        What::LinesLost => (Payload::ClaimEdited(edited(snapshot())), both),
        What::EvidenceAdded(_) => match recorded.event.to {
            StateKind::Submitted | StateKind::PartnerActionRequired | StateKind::Approved => {
                (Payload::ClaimEdited(edited(snapshot())), &[Service::PoeReview])
            }
            // A draft's goes with its submission, a rejected claim's with its dispute.
            StateKind::Editing
            | StateKind::Rejected
            | StateKind::Deleted
            | StateKind::UnderReview
            | StateKind::Disputed => return Vec::new(),
        },
        What::Approved { official, explicit_approval_needed } => {
            let (official, explicit_approval_needed) = (*official, *explicit_approval_needed);
            let approved = ClaimApproved { snapshot: snapshot(), official, explicit_approval_needed };
            (Payload::ClaimApproved(approved), &[Service::CustomerConsent])
        }
        What::LinesEnded { lines, all } => {
            let submission = claim.state.submission();
            let ended = LinesEnded {
                claim: claim.name.to_string(),
                tenant: submission.map(|submission| named(submission.tenant)).unwrap_or_default(),
                review_case_id: submission.map(|submission| submission.review_case.to_string()).unwrap_or_default(),
                line_ids: lines.iter().map(ToString::to_string).collect(),
                all: *all,
            };
            (Payload::LinesEnded(ended), both)
        }
        What::Granted { tenant } => {
            let granted = AssociationGranted { claim: claim.name.to_string(), tenant: named(*tenant) };
            (Payload::AssociationGranted(granted), &[Service::Registry])
        }
        What::Closed(closing) => {
            let closed = ClaimClosed {
                claim: claim.name.to_string(),
                tenant: named(closing.tenant),
                primary_reason: closing.primary.to_string(),
                review_case_id: closing.review_case.to_string(),
                dispute_due_time: closing.dispute_due.map(timestamp),
            };
            let everybody = &[Service::PoeReview, Service::CustomerConsent, Service::Registry];
            (Payload::ClaimClosed(closed), everybody)
        }
        What::PersonalDataErased(kinds) => {
            // Of a draft nobody was ever told.
            let Some(submission) = claim.state.submission() else { return Vec::new() };
            let erased = PersonalDataErased {
                claim: claim.name.to_string(),
                tenant: named(submission.tenant),
                kinds: kinds.iter().map(ToString::to_string).collect(),
            };
            (Payload::PersonalDataErased(erased), both)
        }
        What::Created
        | What::Updated
        | What::Deleted
        | What::Commented
        | What::EvidenceRemoved(_)
        | What::Reported(_)
        | What::Overtaken(_) => return Vec::new(),
    };
    destinations.iter().map(|destination| Outgoing::of(recorded, *destination, payload.clone())).collect()
}

fn named(tenant: TenantId) -> String {
    TenantName { tenant }.to_string()
}

/// Nothing that the customer has to be asked about anew.
const fn edited(snapshot: Option<ClaimSnapshot>) -> ClaimEdited {
    ClaimEdited { snapshot, renotify: false, previous_contact: None }
}

fn contact(contact: &Contact) -> ContactSnapshot {
    let Contact { name, title, email } = contact.clone();
    ContactSnapshot { name, title, email }
}

fn evidence(evidence: &Evidence) -> EvidenceSnapshot {
    EvidenceSnapshot {
        evidence_id: evidence.id.to_string(),
        file_name: evidence.file_name.clone(),
        kind: evidence.kind.to_string(),
        size_bytes: i64::try_from(evidence.size_bytes).unwrap_or(i64::MAX),
        sha256: evidence.sha256.clone(),
        create_time: Some(timestamp(evidence.create_time)),
        signature_time: evidence.signature_time.map(timestamp),
    }
}

fn snapshot(claim: &Claim, version: u64, submission: &Submission) -> ClaimSnapshot {
    let Claim { name, content, directory, .. } = claim;
    let customer = directory.tenant.as_ref().map(|tenant| tenant.display_name.clone());
    let paid = |area| content.activities.iter().filter_map(move |activity| program(area, *activity).ok().flatten());
    ClaimSnapshot {
        claim: name.to_string(),
        version,
        partner_display_name: directory.partner_display_name.clone(),
        mpn_id: content.mpn_id.as_ref().map(ToString::to_string).unwrap_or_default(),
        tenant: named(submission.tenant),
        // As the directory reads what somebody typed; those who are told take a domain name and nothing else.
        customer_domain: content.customer_domain.trim().trim_end_matches('.').to_owned(),
        customer_display_name: customer.unwrap_or_default(),
        claim_display_name: content.display_name.clone(),
        solution_area: content.solution_area.map(|area| area.to_string()).unwrap_or_default(),
        activities: content.activities.iter().map(ToString::to_string).collect(),
        lines: content.lines.iter().map(line).collect(),
        policy: submission.policy.to_string(),
        tenant_calendar: submission.tenant_calendar.clone(),
        customer_contact: Some(contact(&content.customer_contact)),
        review_case_id: submission.review_case.to_string(),
        submit_time: Some(timestamp(submission.submit_time)),
        programs: content.solution_area.into_iter().flat_map(paid).map(|program| program.to_string()).collect(),
        evidence: claim.evidence.iter().map(evidence).collect(),
        askings: submission.askings,
    }
}

fn line(line: &Line) -> LineSnapshot {
    let display_name = line.known.as_ref().map(|known| known.product_display_name.clone());
    LineSnapshot {
        line_id: line.id.to_string(),
        product: ProductName { product: line.product.clone() }.to_string(),
        product_display_name: display_name.unwrap_or_default(),
        key: line.key().map(ToString::to_string).unwrap_or_default(),
        held_by_legacy: line.known.as_ref().is_some_and(|known| known.held_by_legacy),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::tests::story::{Life, customer_approved, declined, erase, review, withdraw};
    use crate::domain::{ConsentFact, Fact, ReviewFact};
    use cpor_durable::{Key, Versioned};
    use cpor_types::{Actor, ActorSide};

    /// What the last step of a life tells: `name` of the event and to whom.
    fn told(life: &Life, events: usize) -> Vec<(Service, Payload)> {
        let recorded = |event: &Event| Recorded {
            event: event.clone(),
            version: 7,
            actor: Actor::new(ActorSide::Partner, "alice"),
            effective_time: life.now,
            recorded_time: life.now,
        };
        let change = Change {
            key: Key::new("contoso", life.claim.name.claim.uuid()),
            before: None,
            after: Versioned::new(7, life.claim.clone()),
            events: life.events[life.events.len() - events..].iter().map(recorded).collect(),
        };
        of(&change).into_iter().map(|outgoing| (outgoing.destination, outgoing.payload)).collect()
    }

    fn destinations(told: &[(Service, Payload)]) -> Vec<Service> {
        told.iter().map(|(destination, _)| *destination).collect()
    }

    #[test]
    fn r18_a_submission_is_told_with_all_that_others_need() {
        let told = told(&Life::submitted(), 1);
        assert_eq!(destinations(&told), [Service::PoeReview, Service::CustomerConsent]);
        let Payload::ClaimSubmitted(ClaimSubmitted { snapshot: Some(snapshot) }) = &told[0].1 else { panic!() };
        assert_eq!(snapshot.claim, "partners/contoso/claims/00000000-0000-4000-8000-0000000000c1");
        assert_eq!((snapshot.version, snapshot.policy.as_str()), (7, "2021@1"));
        assert_eq!((snapshot.tenant_calendar.as_str(), snapshot.solution_area.as_str()), ("us-east", "microsoft_365"));
        assert_eq!(
            (&snapshot.activities[..], &snapshot.programs[..]),
            (&["usage".into()][..], &["osu_microsoft_365".into()][..])
        );
        let [line] = &snapshot.lines[..] else { panic!() };
        assert_eq!((line.product.as_str(), line.key.as_str()), ("products/teams", "workloads/teams"));
        assert!(snapshot.submit_time.is_some() && snapshot.customer_contact.is_some());
    }

    /// The directory takes what somebody typed; the others park a claim whose domain is none.
    #[test]
    fn r12_the_domain_is_told_as_the_directory_reads_it() {
        let mut life = Life::submitted();
        life.claim.content.customer_domain = " Fabrikam.example. ".into();
        let Payload::ClaimSubmitted(ClaimSubmitted { snapshot: Some(snapshot) }) = &told(&life, 1)[0].1 else {
            panic!()
        };
        assert_eq!(snapshot.customer_domain.parse::<cpor_types::DomainName>().unwrap().as_str(), "fabrikam.example");
    }

    #[test]
    fn r26a_an_early_approval_is_told_with_the_grant() {
        let life = Life::submitted().fact(&customer_approved()).fact(&review(ReviewFact::Started("rita".into(), None)));
        let told = told(&life.fact(&review(ReviewFact::Approved(None))), 2);
        assert_eq!(destinations(&told), [Service::CustomerConsent, Service::Registry]);
        assert!(matches!(&told[0].1, Payload::ClaimApproved(ClaimApproved { official: true, .. })));
        assert!(matches!(&told[1].1, Payload::AssociationGranted(_)));
    }

    #[test]
    fn r27_the_grant_is_told_to_the_registry_alone() {
        let life = Life::approved().fact(&Fact::Consent(ConsentFact::WindowPassed));
        assert_eq!(destinations(&told(&life, 2)), [Service::Registry]);
    }

    #[test]
    fn whatever_closes_a_claim_is_told_to_everybody_who_holds_something_of_it() {
        let due = Life::asked().claim.state.partner_action().unwrap().response.deadline.due;
        let ways = [
            (Life::submitted().step(|claim, now| claim.withdraw(withdraw(), now)), "partner_request"),
            (Life::approved().fact(&declined()), "customer_declined"),
            (Life::under_review().fact(&review(ReviewFact::Rejected(Vec::new(), None))), "insufficient_poe"),
            (Life::asked().elapse(due), "insufficient_poe"),
        ];
        for (life, reason) in ways {
            let told = told(&life, 1);
            assert_eq!(destinations(&told), [Service::PoeReview, Service::CustomerConsent, Service::Registry]);
            let Payload::ClaimClosed(closed) = &told[0].1 else { panic!() };
            assert_eq!(closed.primary_reason, reason);
            assert!(!closed.review_case_id.is_empty() && closed.tenant.starts_with("tenants/"));
        }
    }

    #[test]
    fn r56_an_erasure_is_told_to_whoever_was_told_of_the_claim() {
        let erased = |life: Life| life.step(|claim, now| claim.erase(&erase(), now).map(Option::unwrap));
        let told_of = told(&erased(Life::withdrawn()), 1);
        assert_eq!(destinations(&told_of), [Service::PoeReview, Service::CustomerConsent]);
        let Payload::PersonalDataErased(event) = &told_of[0].1 else { panic!() };
        assert_eq!(event.kinds, ["contacts", "subjects", "words"]);
        assert!(event.tenant.starts_with("tenants/") && !event.claim.is_empty());
        assert!(told(&erased(Life::deleted()), 1).is_empty(), "nobody was told of a draft");
    }

    #[test]
    fn what_is_overtaken_is_told_to_nobody() {
        let life = Life::withdrawn().fact(&declined());
        assert!(told(&life, 1).is_empty());
    }
}
