//! A service that is told of the toy's tickets.
use std::sync::Mutex;

use cpor_durable::{Incoming, Key, ReceiveError, Receiver, Transition, Writer};
use cpor_proto::events::v1::event::Payload;

use crate::toy::{Happened, Ticket, Tickets};

/// How the receiving service behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mood {
    Well,
    Busy,
    Confused,
    Panicking,
}

/// A service that keeps a mirror of the tickets it is told of.
pub(crate) struct Mirror {
    pub(crate) writer: Writer<Tickets>,
    pub(crate) mood: Mutex<Mood>,
}

#[async_trait::async_trait]
impl Receiver for Mirror {
    async fn apply(&self, incoming: Incoming) -> Result<(), ReceiveError> {
        let mood = *self.mood.lock().unwrap();
        match mood {
            Mood::Well => {}
            Mood::Busy => return Err(ReceiveError::Retry("busy".to_owned())),
            Mood::Confused => return Err(ReceiveError::park("what is that?")),
            Mood::Panicking => panic!("the receiver has a fault"),
        }
        let Payload::ClaimClosed(told) = &incoming.payload else { return Err(ReceiveError::park("not for us")) };
        let key = Key::new(told.tenant.clone(), told.claim.parse().map_err(ReceiveError::park)?);
        let (title, n) = (key.id.to_string(), told.primary_reason.parse::<i64>().map_err(ReceiveError::park)?);
        let mirrored = self.writer.execute(incoming.command("mirror", key), move |ticket, _| {
            let before =
                ticket.cloned().unwrap_or(Ticket { title: title.clone(), count: 0, closes: None, closed: false });
            let after = Ticket { count: before.count + n, ..before };
            Ok::<_, std::convert::Infallible>(Some(Transition::new(after, [Happened::Opened])))
        });
        mirrored.await?;
        Ok(())
    }
}
