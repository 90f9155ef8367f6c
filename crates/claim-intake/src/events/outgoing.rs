//! Derives the events for the other services from the changes of a claim.
//!
//! A line is the part of a claim that is about one workload or subscription; it is lost when a
//! review lead awards it to another company. A statement is the partner's answer to a reviewer's
//! question about a line that another company also claims. A notice is a mail to the customer
//! contact. An association is granted when the customer has approved or the consent window has
//! ended; the registry then puts it on record. A claim is closed when it is rejected or withdrawn.
//! The *consent window* is the time in which silence of the customer counts as consent.
//!
//! | change of the claim | event | receivers |
//! |---|---|---|
//! | submitted (R18) | `ClaimSubmitted` | poe-review, customer-consent |
//! | resubmitted (R21) | `ClaimResubmitted` | poe-review |
//! | disputed (R28) | `ClaimDisputed` | poe-review, customer-consent |
//! | edited (R29), some lines lost (R37), contact confirmed (R43a) | `ClaimEdited` | poe-review, customer-consent |
//! | evidence added after the submission, except for a dispute (R29) | `ClaimEdited` | poe-review |
//! | a statement was requested, given or missed (R37a) | `StatementReported` | poe-review |
//! | approved (R23) | `ClaimApproved` | customer-consent |
//! | notice bounced after the approval (R41a, R41b) | `NoticeBounced` | poe-review |
//! | associations ended (R37, R39) | `LinesEnded` | poe-review, customer-consent |
//! | ended associations are official after all (R47) | `LinesReinstated` | poe-review, customer-consent |
//! | association granted (R26a, R27) | `AssociationGranted` | registry |
//! | payment declined (R54b) | `PaymentDeclined` | eligibility |
//! | closed (R22, R24–R26) | `ClaimClosed` | poe-review, customer-consent, registry |
//! | personal data erased, if the claim was submitted (R56) | `PersonalDataErased` | poe-review, customer-consent |
use crate::domain::{
    Claim, ClaimStateKind, Contact, EditNotice, Event, EventKind, Evidence, Line, StatementStatus, Submission,
};
use cpor_durable::{Change, OutgoingEvent, RecordedEvent};
use cpor_proto::wire_time::to_wire_time;
use cpor_proto::{
    WireEnum as _,
    events::v1::{
        AssociationGranted, ClaimApproved, ClaimClosed, ClaimDisputed, ClaimEdited, ClaimResubmitted, ClaimSnapshot,
        ClaimSubmitted, EvidenceSnapshot, LineSnapshot, LinesEnded, LinesReinstated, NoticeBounced, PaymentDeclined,
        PersonalDataErased, StatementReported, event::Payload, statement_reported::Status,
    },
    r#type::v1 as types,
};
use cpor_types::{
    Activity, PersonalData, ProductName, Program, Service, SolutionArea, TenantId, TenantName, program_for,
};

/// Returns the events that one change of a claim causes at the other services.
pub(crate) fn outgoing_events(change: &Change<Claim>) -> Vec<OutgoingEvent> {
    let events = change.events.iter().flat_map(|recorded| events_for(change, recorded));
    events.chain(statement_event(change)).collect()
}

/// Returns the event about a request for a statement, if the change opens or ends one (R37a). There
/// is no event if the request lapsed with the end of the competition, because poe-review finds out
/// by itself that the competition has ended.
fn statement_event(change: &Change<Claim>) -> Option<OutgoingEvent> {
    let statement = |claim: &Claim| claim.state.submission().and_then(|submission| submission.statement.clone());
    let before = change.before.as_ref().and_then(|before| statement(&before.state));
    let after = statement(&change.after.state)?;
    let status = match after.status {
        StatementStatus::Open => Status::Open,
        StatementStatus::Given => Status::Given,
        StatementStatus::NotGiven => Status::NotGiven,
        StatementStatus::Lapsed => return None,
    };
    let is_new = before.is_none_or(|before| (before.status, before.request_time) != (after.status, after.request_time));
    let submission = change.after.state.state.submission().filter(|_| is_new)?;
    let reported = StatementReported {
        claim: change.after.state.name.to_string(),
        tenant: tenant_name(submission.tenant),
        review_case_id: submission.review_case.to_string(),
        status: status.into(),
        due_time: Some(to_wire_time(after.window.deadline.due)),
    };
    let payload = Payload::StatementReported(reported);
    change.events.last().map(|recorded| OutgoingEvent::from_recorded(recorded, Service::PoeReview, payload))
}

/// Returns the outgoing events for one recorded event of the claim.
fn events_for(change: &Change<Claim>, recorded: &RecordedEvent<Event>) -> Vec<OutgoingEvent> {
    let claim = &change.after.state;
    let snapshot =
        || claim.state.submission().map(|submission| claim_snapshot(claim, change.after.version, submission));
    let review_and_consent: &[Service] = &[Service::PoeReview, Service::CustomerConsent];
    let (payload, destinations): (Payload, &[Service]) = match &recorded.event.kind {
        EventKind::Submitted => (Payload::ClaimSubmitted(ClaimSubmitted { snapshot: snapshot() }), review_and_consent),
        EventKind::Resubmitted => {
            (Payload::ClaimResubmitted(ClaimResubmitted { snapshot: snapshot() }), &[Service::PoeReview])
        }
        EventKind::Disputed { previous_case, justification } => {
            let submission = claim.state.submission();
            let disputed = ClaimDisputed {
                snapshot: snapshot(),
                previous_review_case_id: previous_case.to_string(),
                number: submission.map_or(0, |submission| i32::try_from(submission.disputes).unwrap_or(i32::MAX)),
                justification: justification.clone(),
                customer_declined: submission.is_some_and(Submission::needs_explicit_approval),
                customer_approved: submission.is_some_and(|submission| submission.explicit_approval.is_some()),
            };
            (Payload::ClaimDisputed(disputed), review_and_consent)
        }
        EventKind::Edited { notice, previous_contact } => {
            let edited = ClaimEdited {
                snapshot: snapshot(),
                renotify: *notice == EditNotice::AskedAnew,
                notify_again: *notice == EditNotice::NotifiedAgain,
                previous_contact: previous_contact.as_ref().map(contact_snapshot),
            };
            (Payload::ClaimEdited(edited), review_and_consent)
        }
        EventKind::ContactConfirmed => {
            (Payload::ClaimEdited(edited_without_new_notice(snapshot())), review_and_consent)
        }
        EventKind::LinesLost => (Payload::ClaimEdited(edited_without_new_notice(snapshot())), review_and_consent),
        EventKind::EvidenceAdded(_) => match recorded.event.to {
            ClaimStateKind::Submitted | ClaimStateKind::PartnerActionRequired | ClaimStateKind::Approved => {
                (Payload::ClaimEdited(edited_without_new_notice(snapshot())), &[Service::PoeReview])
            }
            // The evidence of a draft is sent with its submission, the evidence of a rejected claim
            // with its dispute.
            ClaimStateKind::Editing
            | ClaimStateKind::Rejected
            | ClaimStateKind::Deleted
            | ClaimStateKind::UnderReview
            | ClaimStateKind::Disputed => return Vec::new(),
        },
        EventKind::NoticeBounced { consent_complete, .. } => {
            let submission = claim.state.submission();
            let bounced = NoticeBounced {
                claim: claim.name.to_string(),
                tenant: submission.map(|submission| tenant_name(submission.tenant)).unwrap_or_default(),
                review_case_id: submission.map(|submission| submission.review_case.to_string()).unwrap_or_default(),
                official: *consent_complete,
            };
            (Payload::NoticeBounced(bounced), &[Service::PoeReview])
        }
        EventKind::Approved { customer_approved, explicit_approval_needed } => {
            let (official, explicit_approval_needed) = (*customer_approved, *explicit_approval_needed);
            let approved = ClaimApproved { snapshot: snapshot(), official, explicit_approval_needed };
            (Payload::ClaimApproved(approved), &[Service::CustomerConsent])
        }
        EventKind::LinesEnded { lines, all } => {
            let submission = claim.state.submission();
            let ended = LinesEnded {
                claim: claim.name.to_string(),
                tenant: submission.map(|submission| tenant_name(submission.tenant)).unwrap_or_default(),
                review_case_id: submission.map(|submission| submission.review_case.to_string()).unwrap_or_default(),
                line_ids: lines.iter().map(ToString::to_string).collect(),
                none_left: *all,
            };
            (Payload::LinesEnded(ended), review_and_consent)
        }
        EventKind::LinesReinstated { lines, since } => {
            let submission = claim.state.submission();
            let reinstated = LinesReinstated {
                claim: claim.name.to_string(),
                tenant: submission.map(|submission| tenant_name(submission.tenant)).unwrap_or_default(),
                review_case_id: submission.map(|submission| submission.review_case.to_string()).unwrap_or_default(),
                line_ids: lines.iter().map(ToString::to_string).collect(),
                official_time: Some(to_wire_time(*since)),
            };
            (Payload::LinesReinstated(reinstated), review_and_consent)
        }
        EventKind::Granted { tenant } => {
            let granted = AssociationGranted { claim: claim.name.to_string(), tenant: tenant_name(*tenant) };
            (Payload::AssociationGranted(granted), &[Service::Registry])
        }
        EventKind::PaymentDeclined { tenant } => {
            let declined = PaymentDeclined { claim: claim.name.to_string(), tenant: tenant_name(*tenant) };
            (Payload::PaymentDeclined(declined), &[Service::Eligibility])
        }
        EventKind::Closed(closure) => {
            let closed = ClaimClosed {
                claim: claim.name.to_string(),
                tenant: tenant_name(closure.tenant),
                primary_reason: closure.primary_reason.to_number(),
                review_case_id: closure.review_case.to_string(),
                dispute_due_time: closure.dispute_due.map(to_wire_time),
            };
            let destinations = &[Service::PoeReview, Service::CustomerConsent, Service::Registry];
            (Payload::ClaimClosed(closed), destinations)
        }
        EventKind::PersonalDataErased(kinds) => {
            // A draft was never sent to another service.
            let Some(submission) = claim.state.submission() else { return Vec::new() };
            let erased = PersonalDataErased {
                claim: claim.name.to_string(),
                tenant: tenant_name(submission.tenant),
                kinds: PersonalData::to_numbers(kinds),
            };
            (Payload::PersonalDataErased(erased), review_and_consent)
        }
        EventKind::Created
        | EventKind::Updated
        | EventKind::Deleted
        | EventKind::Commented
        | EventKind::EvidenceRemoved(_)
        | EventKind::FactApplied(_)
        | EventKind::FactOvertaken(_) => return Vec::new(),
    };
    destinations
        .iter()
        .map(|destination| OutgoingEvent::from_recorded(recorded, *destination, payload.clone()))
        .collect()
}

fn tenant_name(tenant: TenantId) -> String {
    TenantName { tenant }.to_string()
}

/// Returns the `ClaimEdited` event of an edit that needs no new notice to the customer.
const fn edited_without_new_notice(snapshot: Option<ClaimSnapshot>) -> ClaimEdited {
    ClaimEdited { snapshot, renotify: false, notify_again: false, previous_contact: None }
}

fn contact_snapshot(contact: &Contact) -> types::Contact {
    let Contact { name, title, email } = contact.clone();
    types::Contact { name: name.into_exposed(), title: title.into_exposed(), email: email.into_exposed() }
}

fn evidence_snapshot(evidence: &Evidence) -> EvidenceSnapshot {
    EvidenceSnapshot {
        evidence_id: evidence.id.to_string(),
        file_name: evidence.file_name.clone(),
        kind: evidence.kind.to_number(),
        size_bytes: i64::try_from(evidence.size_bytes).unwrap_or(i64::MAX),
        sha256: evidence.sha256.clone(),
        create_time: Some(to_wire_time(evidence.create_time)),
        signature_time: evidence.signature_time.map(to_wire_time),
    }
}

/// Returns the content of a submitted claim as the other services store it.
fn claim_snapshot(claim: &Claim, version: u64, submission: &Submission) -> ClaimSnapshot {
    let Claim { name, content, registry_data, .. } = claim;
    let customer = registry_data.tenant.as_ref().map(|tenant| tenant.display_name.clone());
    let programs =
        |area| content.activities.iter().filter_map(move |activity| program_for(area, *activity).ok().flatten());
    ClaimSnapshot {
        claim: name.to_string(),
        version,
        partner_display_name: registry_data.partner_display_name.clone(),
        mpn_id: content.mpn_id.as_ref().map(ToString::to_string).unwrap_or_default(),
        tenant: tenant_name(submission.tenant),
        // The registry ignores spaces around the domain and a final dot. The other services accept
        // only a domain name without them.
        customer_domain: content.customer_domain.trim().trim_end_matches('.').to_owned(),
        customer_display_name: customer.unwrap_or_default(),
        claim_display_name: content.display_name.clone(),
        solution_area: content.solution_area.map_or(0, SolutionArea::to_number),
        activities: Activity::to_numbers(&content.activities),
        lines: content.lines.iter().map(line_snapshot).collect(),
        policy: submission.policy.to_string(),
        tenant_calendar: submission.tenant_calendar.clone(),
        customer_contact: Some(contact_snapshot(&content.customer_contact)),
        review_case_id: submission.review_case.to_string(),
        submit_time: Some(to_wire_time(submission.submit_time)),
        programs: content.solution_area.into_iter().flat_map(programs).map(Program::to_number).collect(),
        evidence: claim.evidence.iter().map(evidence_snapshot).collect(),
        consent_request_number: submission.consent_request_number,
        customer_contact_authorized: claim.is_contact_authorized(),
    }
}

/// Converts a line. The legacy holder is another company that holds the line's workload or
/// subscription by an association from before claims existed (R58).
fn line_snapshot(line: &Line) -> LineSnapshot {
    let display_name = line.registry_data.as_ref().map(|data| data.product_display_name.clone());
    let legacy_holder = line.registry_data.as_ref().and_then(|data| data.legacy_holder);
    LineSnapshot {
        line_id: line.id.to_string(),
        product: ProductName { product: line.product.clone() }.to_string(),
        product_display_name: display_name.unwrap_or_default(),
        key: line.key().map(ToString::to_string).unwrap_or_default(),
        held_by_legacy: legacy_holder.is_some(),
        legacy_holder_id: legacy_holder.map(String::from).unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::tests::fixtures::{TestClaim, customer_approved, declined, erase, review, withdraw};
    use crate::domain::{ConsentFact, Fact, ReviewFact};
    use cpor_durable::{AggregateKey, Versioned};
    use cpor_types::{Actor, ActorSide, PrimaryRejectionReason};

    /// The outgoing events that the last `events` recorded events cause, each with its receiver.
    fn outgoing_for_last(life: &TestClaim, events: usize) -> Vec<(Service, Payload)> {
        let recorded = |event: &Event| RecordedEvent {
            event: event.clone(),
            version: 7,
            actor: Actor::new(ActorSide::Partner, "alice"),
            effective_time: life.now,
            recorded_time: life.now,
        };
        let change = Change {
            key: AggregateKey::new("contoso", life.claim.name.claim.uuid()),
            before: None,
            after: Versioned::new(7, life.claim.clone()),
            events: life.events[life.events.len() - events..].iter().map(recorded).collect(),
        };
        outgoing_events(&change).into_iter().map(|outgoing| (outgoing.destination, outgoing.payload)).collect()
    }

    fn destinations(outgoing: &[(Service, Payload)]) -> Vec<Service> {
        outgoing.iter().map(|(destination, _)| *destination).collect()
    }

    #[test]
    fn r18_a_submission_is_sent_as_a_full_snapshot() {
        let outgoing = outgoing_for_last(&TestClaim::submitted(), 1);
        assert_eq!(destinations(&outgoing), [Service::PoeReview, Service::CustomerConsent]);
        let Payload::ClaimSubmitted(ClaimSubmitted { snapshot: Some(snapshot) }) = &outgoing[0].1 else { panic!() };
        assert_eq!(snapshot.claim, "partners/contoso/claims/00000000-0000-4000-8000-0000000000c1");
        assert_eq!((snapshot.version, snapshot.policy.as_str()), (7, "2021@1"));
        assert_eq!(
            (snapshot.tenant_calendar.as_str(), snapshot.solution_area()),
            ("us-east", types::SolutionArea::Microsoft365)
        );
        assert_eq!(
            (&snapshot.activities[..], &snapshot.programs[..]),
            (&[Activity::Usage.to_number()][..], &[Program::OsuMicrosoft365.to_number()][..])
        );
        let [line] = &snapshot.lines[..] else { panic!() };
        assert_eq!((line.product.as_str(), line.key.as_str()), ("products/teams", "workloads/teams"));
        assert!(snapshot.submit_time.is_some() && snapshot.customer_contact.is_some());
    }

    /// The directory tolerates spaces and a final dot; the other services park the event instead.
    #[test]
    fn r12_the_domain_is_sent_as_the_directory_reads_it() {
        let mut life = TestClaim::submitted();
        life.claim.content.customer_domain = " Fabrikam.example. ".into();
        let Payload::ClaimSubmitted(ClaimSubmitted { snapshot: Some(snapshot) }) = &outgoing_for_last(&life, 1)[0].1
        else {
            panic!()
        };
        assert_eq!(snapshot.customer_domain.parse::<cpor_types::DomainName>().unwrap().as_str(), "fabrikam.example");
    }

    #[test]
    fn r26a_an_early_approval_sends_the_grant_too() {
        let life =
            TestClaim::submitted().fact(&customer_approved()).fact(&review(ReviewFact::Started("rita".into(), None)));
        let outgoing = outgoing_for_last(&life.fact(&review(ReviewFact::Approved(None))), 2);
        assert_eq!(destinations(&outgoing), [Service::CustomerConsent, Service::Registry]);
        assert!(matches!(&outgoing[0].1, Payload::ClaimApproved(ClaimApproved { official: true, .. })));
        assert!(matches!(&outgoing[1].1, Payload::AssociationGranted(_)));
    }

    #[test]
    fn r27_the_grant_is_sent_to_the_registry_only() {
        let life = TestClaim::approved()
            .fact(&Fact::Consent(ConsentFact::WindowPassed { awaits_confirmation: false, consent_request_number: 0 }));
        assert_eq!(destinations(&outgoing_for_last(&life, 2)), [Service::Registry]);
    }

    #[test]
    fn a_closed_claim_is_sent_to_all_receivers() {
        let due = TestClaim::asked().claim.state.partner_action().unwrap().response.deadline.due;
        let closed_claims = [
            (
                TestClaim::submitted().step(|claim, now| claim.withdraw(withdraw(), now)),
                PrimaryRejectionReason::PartnerRequest,
            ),
            (TestClaim::approved().fact(&declined()), PrimaryRejectionReason::CustomerDeclined),
            (
                TestClaim::under_review().fact(&review(ReviewFact::Rejected(Vec::new(), None))),
                PrimaryRejectionReason::InsufficientPoe,
            ),
            (TestClaim::asked().apply_passed_deadline(due), PrimaryRejectionReason::InsufficientPoe),
        ];
        for (life, reason) in closed_claims {
            let outgoing = outgoing_for_last(&life, 1);
            assert_eq!(destinations(&outgoing), [Service::PoeReview, Service::CustomerConsent, Service::Registry]);
            let Payload::ClaimClosed(closed) = &outgoing[0].1 else { panic!() };
            assert_eq!(closed.primary_reason, reason.to_number());
            assert!(!closed.review_case_id.is_empty() && closed.tenant.starts_with("tenants/"));
        }
    }

    #[test]
    fn r56_an_erasure_is_sent_if_the_claim_was_submitted() {
        let erased = |life: TestClaim| life.step(|claim, now| claim.erase(&erase(), now).map(Option::unwrap));
        let outgoing = outgoing_for_last(&erased(TestClaim::withdrawn()), 1);
        assert_eq!(destinations(&outgoing), [Service::PoeReview, Service::CustomerConsent]);
        let Payload::PersonalDataErased(event) = &outgoing[0].1 else { panic!() };
        assert_eq!(event.kinds, PersonalData::to_numbers(PersonalData::ALL));
        assert!(event.tenant.starts_with("tenants/") && !event.claim.is_empty());
        assert!(outgoing_for_last(&erased(TestClaim::deleted()), 1).is_empty(), "a draft was never sent");
    }

    #[test]
    fn an_overtaken_fact_sends_no_event() {
        let life = TestClaim::withdrawn().fact(&declined());
        assert!(outgoing_for_last(&life, 1).is_empty());
    }
}
