//! A receiver that keeps copies of the tickets of another service.
use std::sync::Mutex;

use cpor_durable::{AggregateKey, EventReceiver, IncomingEvent, ReceiveError, Transition, Writer};
use cpor_proto::events::v1::event::Payload;

use crate::tickets::{Ticket, TicketEvent, TicketStore};

/// What the receiver does with an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ReceiverBehavior {
    Accept,
    Retry,
    Park,
    Panic,
}

/// Applies events by keeping a copy of each ticket's count.
pub(crate) struct Mirror {
    pub(crate) writer: Writer<TicketStore>,
    pub(crate) behavior: Mutex<ReceiverBehavior>,
}

#[async_trait::async_trait]
impl EventReceiver for Mirror {
    async fn apply(&self, incoming: IncomingEvent) -> Result<(), ReceiveError> {
        let behavior = *self.behavior.lock().unwrap();
        match behavior {
            ReceiverBehavior::Accept => {}
            ReceiverBehavior::Retry => return Err(ReceiveError::Retry("busy".to_owned())),
            ReceiverBehavior::Park => return Err(ReceiveError::park("unknown event")),
            ReceiverBehavior::Panic => panic!("the receiver is faulty"),
        }
        let Payload::ClaimClosed(ticket_event) = &incoming.payload else {
            return Err(ReceiveError::park("not an event of a ticket"));
        };
        let key =
            AggregateKey::new(ticket_event.tenant.clone(), ticket_event.claim.parse().map_err(ReceiveError::park)?);
        let (title, n) = (key.id.to_string(), ticket_event.review_case_id.parse::<i64>().map_err(ReceiveError::park)?);
        let mirrored = self.writer.execute(incoming.command("mirror", key), move |ticket, _| {
            let before =
                ticket.cloned().unwrap_or(Ticket { title: title.clone(), count: 0, closes: None, closed: false });
            let after = Ticket { count: before.count + n, ..before };
            Ok::<_, std::convert::Infallible>(Some(Transition::new(after, [TicketEvent::Opened])))
        });
        mirrored.await?;
        Ok(())
    }
}
