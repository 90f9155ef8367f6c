//! What claim-intake is told.

use cpor_durable::{Outgoing, Recorded};
use cpor_proto::events::v1::event::Payload;
use cpor_proto::events::v1::{
    ConsentWindowOpened, ConsentWindowPassed, CustomerApproved, CustomerDeclined, NoticeSettled,
};
use cpor_types::{ClaimName, Service};

use crate::domain::Event;
use crate::wire;

/// The fact that an event of a consent is to claim-intake; `None` where it is none of its business.
pub(crate) fn event(claim: &ClaimName, recorded: &Recorded<Event>) -> Option<Outgoing> {
    let claim = claim.to_string();
    let payload = match &recorded.event {
        Event::NoticeQueued { .. } => return None,
        Event::NoticeSettled { kind, accepted } => {
            Payload::NoticeSettled(NoticeSettled { claim, notice: kind.as_str().to_owned(), accepted: *accepted })
        }
        Event::WindowOpened { due, rule } => Payload::ConsentWindowOpened(ConsentWindowOpened {
            claim,
            due_time: Some(wire::timestamp(*due)),
            rule: rule.clone(),
        }),
        Event::WindowPassed => Payload::ConsentWindowPassed(ConsentWindowPassed { claim }),
        Event::CustomerApproved { channel } => {
            Payload::CustomerApproved(CustomerApproved { claim, channel: channel.as_str().to_owned() })
        }
        Event::CustomerDeclined { channel, comment } => Payload::CustomerDeclined(CustomerDeclined {
            claim,
            channel: channel.as_str().to_owned(),
            comment: comment.clone(),
        }),
    };
    Some(Outgoing::of(recorded, Service::ClaimIntake, payload))
}
