//! The events that the registry sends to other services. An association puts a partner on record
//! for a *key*, a workload or subscription of a tenant. It is *official* once the claim is approved
//! and the customer has consented. A *legacy* association was recorded before claims existed (R58);
//! its *holder* is the partner that is on record by it. The holder is *gone* when its association
//! with the key has ended.
use std::collections::{BTreeMap, HashMap};

use cpor_durable::{Change, OutgoingEvent, RecordedEvent};
use cpor_proto::WireEnum as _;
use cpor_proto::events::v1::event::Payload;
use cpor_proto::events::v1::{
    AssociationBecameOfficial, AssociationEnded, CatalogChanged, EnrollmentFacts, LegacyHolderErased, LegacyHolderGone,
    LegacyHolderNotified, LegacyStatementReported, LineFacts, PartnerChanged, PartnerFacts, ProductFacts,
    SubscriptionChanged, SubscriptionFacts, legacy_holder_notified::Subject, legacy_statement_reported::Status,
};
use cpor_proto::r#type::v1::Contact;
use cpor_proto::wire_time::to_wire_time;
use cpor_types::{Activity, AssociationKey, ProductId, ProductName, Service, SubscriptionId};

use crate::domain::association::{EndReason, HolderContact};
use crate::domain::catalog_record::{CatalogRecord, CatalogReplaced};
use crate::domain::directory::{Enrollment, PartnerProfile, Subscription};
use crate::domain::partner::{Partner, PartnerEvent};
use crate::domain::tenant::{
    AssociationsEnded, AssociationsGranted, GrantedAssociation, HolderNotice, NoticeSubject, Tenant, TenantEvent,
};

/// Returns the events that a change of a tenant causes.
pub(crate) fn tenant_events(change: &Change<Tenant>) -> Vec<OutgoingEvent> {
    change.events.iter().flat_map(|recorded| tenant_event(change, recorded)).collect()
}

/// Returns the events that a change of a partner causes.
pub(crate) fn partner_events(change: &Change<Partner>) -> Vec<OutgoingEvent> {
    let partner = &change.after.state.id;
    let event = |recorded: &RecordedEvent<PartnerEvent>| match &recorded.event {
        PartnerEvent::Changed(profile) => OutgoingEvent::from_recorded(
            recorded,
            Service::Eligibility,
            Payload::PartnerChanged(PartnerChanged {
                partner: format!("partners/{partner}"),
                location_regions: location_regions(profile),
                enrollments: profile.enrollments.iter().map(enrollment_facts).collect(),
            }),
        ),
    };
    change.events.iter().map(event).collect()
}

/// Returns the events that a start with another catalog than before causes.
pub(crate) fn catalog_events(change: &Change<CatalogRecord>) -> Vec<OutgoingEvent> {
    let product = |(product, incentivized): (&ProductId, &bool)| ProductFacts {
        product: ProductName { product: product.clone() }.to_string(),
        incentivized: *incentivized,
    };
    let event = |recorded: &RecordedEvent<CatalogReplaced>| {
        let CatalogReplaced(CatalogRecord(products)) = &recorded.event;
        let changed = CatalogChanged { products: products.iter().map(product).collect() };
        OutgoingEvent::from_recorded(recorded, Service::Eligibility, Payload::CatalogChanged(changed))
    };
    change.events.iter().map(event).collect()
}

fn tenant_event(change: &Change<Tenant>, recorded: &RecordedEvent<TenantEvent>) -> Vec<OutgoingEvent> {
    let tenant = change.after.state.id;
    let tenant = format!("tenants/{tenant}");
    let to = |service, payload| OutgoingEvent::from_recorded(recorded, service, payload);
    match &recorded.event {
        TenantEvent::AssociationsGranted(granted) => {
            let event = association_became_official(tenant, granted);
            let payload = || Payload::AssociationBecameOfficial(event.clone());
            vec![to(Service::ClaimIntake, payload()), to(Service::Eligibility, payload())]
        }
        TenantEvent::AssociationsEnded(ended) => {
            let event = association_ended(tenant, ended);
            let to =
                |service| OutgoingEvent::from_recorded(recorded, service, Payload::AssociationEnded(event.clone()));
            // R47: the association ended while it was pending, and a consent that arrived late has
            // made it official until that end. Claim-intake got an event about this end before.
            // Eligibility did not, because it learns of an association only when it becomes
            // official.
            if let Some(effective_time) = ended.reported_end {
                return vec![OutgoingEvent { effective_time, ..to(Service::Eligibility) }];
            }
            receivers_of_end(ended).into_iter().map(to).collect()
        }
        TenantEvent::LegacyHolderNotified(notice) => {
            let customer = &change.after.state.directory.profile.display_name;
            match (&notice.contact, &notice.subject) {
                (Some(contact), _) => {
                    let event = legacy_holder_notified(tenant, customer, contact, notice);
                    vec![to(Service::CustomerConsent, Payload::LegacyHolderNotified(event))]
                }
                // Without a contact, the holder cannot be asked. The reviewer learns this.
                (None, NoticeSubject::StatementRequested(review_case, _)) => {
                    let event = LegacyStatementReported {
                        tenant,
                        review_case_id: review_case.to_string(),
                        status: Status::NoContact.into(),
                        due_time: None,
                        text: String::new(),
                        key: notice.key.to_string(),
                        legacy_holder_id: notice.holder.to_string(),
                    };
                    vec![to(Service::PoeReview, Payload::LegacyStatementReported(event))]
                }
                (None, NoticeSubject::Contested(_) | NoticeSubject::Ended(_)) => Vec::new(),
            }
        }
        // poe-review still knows the holder as a competitor for the key.
        TenantEvent::LegacyHolderGone { key, holder } => {
            let event = LegacyHolderGone { tenant, key: key.to_string(), legacy_holder_id: holder.to_string() };
            vec![to(Service::PoeReview, Payload::LegacyHolderGone(event))]
        }
        TenantEvent::LegacyHolderErased { holder } => {
            let event = LegacyHolderErased { tenant, holder_id: holder.to_string() };
            vec![to(Service::CustomerConsent, Payload::LegacyHolderErased(event))]
        }
        TenantEvent::SubscriptionChanged { claim, id, subscription } => {
            let event = SubscriptionChanged {
                tenant,
                claim: claim.to_string(),
                subscription: Some(subscription_facts(*id, subscription)),
            };
            vec![to(Service::Eligibility, Payload::SubscriptionChanged(event))]
        }
    }
}

/// Returns the event that lets customer-consent send a mail to the holder of a legacy association.
/// `calendar` is the business calendar of the holder's location, in which its deadline is counted.
fn legacy_holder_notified(
    tenant: String,
    customer: &str,
    contact: &HolderContact,
    notice: &HolderNotice,
) -> LegacyHolderNotified {
    let (subject, review_case, comment, end_reason) = match &notice.subject {
        NoticeSubject::Contested(case) => (Subject::Contested, Some(case), "", None),
        NoticeSubject::StatementRequested(case, comment) => {
            (Subject::StatementRequested, Some(case), comment.as_str(), None)
        }
        NoticeSubject::Ended(reason) => (Subject::Ended, None, "", Some(*reason)),
    };
    LegacyHolderNotified {
        tenant,
        holder_id: notice.holder.to_string(),
        key: notice.key.to_string(),
        subject: subject.into(),
        customer_display_name: customer.to_owned(),
        partner_display_name: contact.partner.clone(),
        product_display_name: contact.product.clone(),
        calendar: contact.calendar.clone(),
        contact: Some(Contact {
            name: contact.name.expose().to_owned(),
            title: String::new(),
            email: contact.email.expose().to_owned(),
        }),
        review_case_id: review_case.map(ToString::to_string).unwrap_or_default(),
        comment: comment.to_owned(),
        end_reason: end_reason.map_or(0, |reason| reason.to_number()),
    }
}

fn association_ended(tenant: String, ended: &AssociationsEnded) -> AssociationEnded {
    AssociationEnded {
        claim: ended.claim.to_string(),
        tenant,
        reason: ended.reason.to_number(),
        line_ids: ended.lines.iter().map(ToString::to_string).collect(),
        none_left: ended.is_last,
    }
}

/// Returns the services that receive the event about ended associations.
///
/// Claim-intake receives it unless the associations ended because claim-intake itself closed the
/// claim. Eligibility receives it if it received the event that the association became official.
fn receivers_of_end(ended: &AssociationsEnded) -> Vec<Service> {
    let is_unknown_to_claim_intake = match ended.reason {
        EndReason::Expired | EndReason::Superseded => true,
        EndReason::Declined | EndReason::Withdrawn | EndReason::Rejected => false,
    };
    let claim_intake = is_unknown_to_claim_intake.then_some(Service::ClaimIntake);
    let eligibility = ended.was_official.then_some(Service::Eligibility);
    claim_intake.into_iter().chain(eligibility).collect()
}

fn association_became_official(tenant: String, granted: &AssociationsGranted) -> AssociationBecameOfficial {
    // A line that is claimed for two activities has two associations, but is reported once.
    let mut lines = BTreeMap::<String, LineFacts>::new();
    for granted_association in &granted.associations {
        let facts = line_facts(granted_association);
        let name = format!("{tenant}/associations/{}", granted_association.id);
        lines.entry(facts.line_id.clone()).or_insert(facts).associations.push(name);
    }
    let mut activities: Vec<_> = granted.associations.iter().map(|granted| granted.association.activity).collect();
    activities.sort_unstable();
    activities.dedup();
    let first = granted.associations.first().map(|granted| &granted.association);
    AssociationBecameOfficial {
        claim: granted.claim.to_string(),
        tenant,
        lines: lines.into_values().collect(),
        partner: first.map(|first| PartnerFacts {
            partner: format!("partners/{}", granted.claim.partner),
            mpn_id: first.mpn_id.to_string(),
            location_region: granted
                .partner
                .as_ref()
                .and_then(|partner| partner.region(&first.mpn_id))
                .unwrap_or_default()
                .to_owned(),
            enrollments: granted
                .partner
                .iter()
                .flat_map(|partner| &partner.profile.enrollments)
                .map(enrollment_facts)
                .collect(),
        }),
        tenant_region: granted.tenant_region.clone(),
        submit_time: first.and_then(|first| first.claimed_line()).map(|line| to_wire_time(line.submit_time)),
        official_time: first.and_then(|first| first.official_since()).map(to_wire_time),
        activities: Activity::to_numbers(&activities),
        solution_area: first.map_or(0, |first| first.solution_area().to_number()),
    }
}

/// Returns what eligibility needs to know about the claim's line (its part about one key) to which
/// the association belongs.
fn line_facts(granted: &GrantedAssociation) -> LineFacts {
    let GrantedAssociation { association, incentivized, subscription, .. } = granted;
    let end = association.time_and_reason_of_end();
    let subscription = match (&association.key, subscription) {
        (AssociationKey::Subscription(id), Some(subscription)) => Some(subscription_facts(*id, subscription)),
        (AssociationKey::Subscription(_), None) | (AssociationKey::Workload(_), _) => None,
    };
    LineFacts {
        line_id: association.claimed_line().map(|line| line.line_id.to_string()).unwrap_or_default(),
        key: association.key.to_string(),
        product: format!("products/{}", association.product),
        incentivized: *incentivized,
        subscription,
        associations: Vec::new(),
        association_end_time: end.map(|(end_time, _)| to_wire_time(end_time)),
        association_end_reason: end.map_or(0, |(_, reason)| reason.to_number()),
    }
}

fn subscription_facts(id: SubscriptionId, subscription: &Subscription) -> SubscriptionFacts {
    SubscriptionFacts {
        subscription_id: id.to_string(),
        status: subscription.status.to_number(),
        channel: subscription.channel.to_number(),
        purchase_time: Some(to_wire_time(subscription.purchase_time)),
        end_time: subscription.end_time.map(to_wire_time),
    }
}

fn enrollment_facts(enrollment: &Enrollment) -> EnrollmentFacts {
    EnrollmentFacts {
        program: enrollment.program.to_number(),
        start_time: Some(to_wire_time(enrollment.start_time)),
        end_time: enrollment.end_time.map(to_wire_time),
    }
}

/// Returns the region of each location, by its MPN (Microsoft Partner Network) id.
fn location_regions(profile: &PartnerProfile) -> HashMap<String, String> {
    profile.locations.iter().map(|(mpn_id, location)| (mpn_id.to_string(), location.region.clone())).collect()
}
