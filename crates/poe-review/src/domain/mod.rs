//! The domain of reviews: the review case with its states, commands, events and clocks, and the
//! arbitration of contested keys (workloads or subscriptions that claims of several companies
//! compete for). These modules are pure: the current time, the acting person and the answers of
//! other services are arguments.

mod approval;
pub mod arbitration;
mod case;
mod claim_changes;
mod clock;
mod clocks;
mod commands;
mod competition;
mod deadlines;
mod erase;
mod event;
mod kind;
mod note;
mod phase;
mod refusal;
mod snapshot;
mod state;
mod statement;
mod transition_table;

pub use case::{ReviewCase, Reviewer};
pub use claim_changes::NewCase;
pub use clock::{Clock, ClockKind};
pub use clocks::Clocks;
pub use commands::CommandResult;
pub use competition::{CheckedRivals, Competition, CompetitionTerms, Rivals};
pub use event::{CaseEvent, ClockAlert};
pub use kind::{CaseKind, Dispute};
pub use note::Note;
pub use phase::Phase;
pub use refusal::Refusal;
pub use snapshot::{CustomerContact, Evidence, Line, Snapshot};
pub use state::{Approval, CaseClosure, LineRefusal, PartnerAction, Rejection, State};
pub use statement::{LegacyStatement, StatementRequest, StatementSender, StatementStatus};
pub use transition_table::{AssigneeGuard, CaseRole, CommandKind, RequiredRole, TRANSITION_TABLE, TransitionRow};

#[cfg(test)]
pub(crate) mod tests;
