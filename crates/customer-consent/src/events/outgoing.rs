//! Builds the events that are sent to claim-intake, the service that owns the claims, and to
//! poe-review. A *legacy association* was recorded before claims existed.

use cpor_durable::{AggregateKey, OutgoingEvent, RecordedEvent};
use cpor_proto::WireEnum as _;
use cpor_proto::events::v1::event::Payload;
use cpor_proto::events::v1::{
    ConsentEnded, ConsentWindowOpened, ConsentWindowPassed, ConsentWindowStopped, CustomerApproved, CustomerDeclined,
    CustomerNotReached, DeliveryReminded, LegacyStatementErased, LegacyStatementReported, NoticeReported, NoticeResent,
    legacy_statement_reported::Status,
};
use cpor_proto::wire_time::to_wire_time;
use cpor_types::{ClaimName, Service};

use crate::domain::{DeliveryReport, Event, HolderEvent, LegacyHolder};

/// Returns the event for poe-review about a statement of the holder of a legacy association (R58a),
/// or `None` if poe-review does not need this event of the holder.
pub(crate) fn holder_event(
    key: &AggregateKey,
    holder: &LegacyHolder,
    recorded: &RecordedEvent<HolderEvent>,
) -> Option<OutgoingEvent> {
    let (review_case, status, due, text) = match &recorded.event {
        HolderEvent::NoticeQueued { .. } | HolderEvent::ReminderQueued { .. } | HolderEvent::PersonalDataErased => {
            return None;
        }
        HolderEvent::StatementErased { review_case } => {
            let payload = Payload::LegacyStatementErased(LegacyStatementErased {
                tenant: format!("tenants/{}", key.owner),
                review_case_id: review_case.to_string(),
                key: holder.details.key.clone(),
                legacy_holder_id: key.id.to_string(),
            });
            return Some(OutgoingEvent::from_recorded(recorded, Service::PoeReview, payload));
        }
        HolderEvent::DeadlineSet { review_case, due } => (review_case, Status::Open, Some(*due), String::new()),
        HolderEvent::StatementGiven { review_case, text } => {
            (review_case, Status::Given, None, text.expose().to_owned())
        }
        HolderEvent::StatementMissed { review_case } => (review_case, Status::NotGiven, None, String::new()),
    };
    let payload = Payload::LegacyStatementReported(LegacyStatementReported {
        tenant: format!("tenants/{}", key.owner),
        review_case_id: review_case.to_string(),
        status: status.into(),
        due_time: due.map(to_wire_time),
        text,
        key: holder.details.key.clone(),
        legacy_holder_id: key.id.to_string(),
    });
    Some(OutgoingEvent::from_recorded(recorded, Service::PoeReview, payload))
}

/// Returns the event for claim-intake, or `None` if claim-intake does not need this event of the
/// consent.
pub(crate) fn outgoing_event(claim: &ClaimName, recorded: &RecordedEvent<Event>) -> Option<OutgoingEvent> {
    let claim = claim.to_string();
    let payload = match &recorded.event {
        Event::NoticeQueued { .. } | Event::ConfirmationQueued { .. } | Event::PersonalDataErased { .. } => {
            return None;
        }
        Event::NoticeResent { kind, previous } => Payload::NoticeResent(NoticeResent {
            claim,
            notice: kind.to_number(),
            previous_state: previous.to_number(),
        }),
        Event::NoticeDeliveryReported { kind, report, previous, consent_request_number } => {
            let (accepted, bounce_reason) = match report {
                DeliveryReport::Accepted => (true, String::new()),
                DeliveryReport::Bounced(reason) => (false, reason.clone()),
            };
            let notice = kind.to_number();
            let previous_state = previous.to_number();
            let consent_request_number = *consent_request_number;
            Payload::NoticeReported(NoticeReported {
                claim,
                notice,
                accepted,
                bounce_reason,
                previous_state,
                consent_request_number,
            })
        }
        Event::WindowOpened { due, rule } => Payload::ConsentWindowOpened(ConsentWindowOpened {
            claim,
            due_time: Some(to_wire_time(*due)),
            rule: rule.clone(),
        }),
        Event::WindowStopped { delivery_due } => Payload::ConsentWindowStopped(ConsentWindowStopped {
            claim,
            delivery_due_time: delivery_due.map(to_wire_time),
        }),
        Event::DeliveryReminderDue => Payload::DeliveryReminded(DeliveryReminded { claim }),
        Event::CustomerNotReached { consent_request_number } => Payload::CustomerNotReached(CustomerNotReached {
            claim,
            consent_request_number: Some(*consent_request_number),
        }),
        Event::ConsentEnded { consent_request_number } => {
            Payload::ConsentEnded(ConsentEnded { claim, consent_request_number: *consent_request_number })
        }
        Event::WindowPassed { awaits_confirmation, consent_request_number } => {
            Payload::ConsentWindowPassed(ConsentWindowPassed {
                claim,
                awaits_confirmation: *awaits_confirmation,
                consent_request_number: *consent_request_number,
            })
        }
        Event::CustomerApproved { channel, consent_request_number, awaits_confirmation } => {
            Payload::CustomerApproved(CustomerApproved {
                claim,
                channel: channel.to_number(),
                consent_request_number: *consent_request_number,
                awaits_confirmation: *awaits_confirmation,
            })
        }
        Event::CustomerDeclined { channel, comment, consent_request_number, decline_time } => {
            let payload = Payload::CustomerDeclined(CustomerDeclined {
                claim,
                channel: channel.to_number(),
                comment: comment.expose().to_owned(),
                consent_request_number: Some(*consent_request_number),
            });
            let declined = OutgoingEvent::from_recorded(recorded, Service::ClaimIntake, payload);
            let effective_time = decline_time.unwrap_or(declined.effective_time);
            return Some(OutgoingEvent { effective_time, ..declined });
        }
    };
    Some(OutgoingEvent::from_recorded(recorded, Service::ClaimIntake, payload))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Channel;
    use crate::domain::samples::{claim, day};
    use cpor_types::{Actor, ActorSide, Personal};

    #[test]
    fn r47_a_decline_reported_again_keeps_its_time() {
        let effective_time = |decline_time| {
            let event = Event::CustomerDeclined {
                channel: Channel::Link,
                comment: Personal::empty(),
                consent_request_number: 0,
                decline_time,
            };
            let actor = Actor::new(ActorSide::System, "");
            let recorded = RecordedEvent { event, version: 5, actor, effective_time: day(3), recorded_time: day(6) };
            outgoing_event(&claim().name, &recorded).unwrap().effective_time
        };
        assert_eq!(effective_time(None), day(3));
        assert_eq!(effective_time(Some(day(4))), day(4));
    }
}
