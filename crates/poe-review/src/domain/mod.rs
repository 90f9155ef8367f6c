//! The review case: its states, commands, facts and clocks. Pure: time, people and answers of others come as arguments.

mod approval;
pub mod arbitration;
mod awarded;
mod case;
mod clocks;
mod commands;
mod contest;
mod erase;
mod event;
mod facts;
mod kind;
mod note;
mod refusal;
mod snapshot;
mod state;
mod table;
mod time;

pub use case::{ReviewCase, Reviewer};
pub use clocks::{Clock, ClockKind, Clocks};
pub use commands::Decision;
pub use contest::{Contest, Rivals};
pub use event::CaseEvent;
pub use facts::Opening;
pub use kind::{CaseKind, Dispute};
pub use note::Note;
pub use refusal::Refusal;
pub use snapshot::{Evidence, Line, Snapshot};
pub use state::{Approval, Closing, LineRefusal, PartnerAction, Rejection, State};
pub use table::{CommandKind, Needs, Phase, Row, Standing, TABLE, Who};

#[cfg(test)]
pub(crate) mod tests;
