//! The domain of claim-intake: how a claim changes. The code here is pure and synchronous: it uses
//! no clock, no wire format and no database.
//!
//! Read [`machine`] first: its table defines which state allows which step. `step` lists the steps:
//! the commands of users, and the facts that other services report or that passed deadlines cause.
//! `guards` checks a step against the table, and `transitions` contains one function for each step.
//! [`state`] contains the data of each state. `completeness` checks whether a claim can be
//! submitted, and `registry_answer` contains what the registry service has found out about the
//! partner, the customer and the products of a claim.
mod allowed_methods;
mod claim;
mod completeness;
mod content;
mod event;
mod evidence;
mod explanation;
mod facts;
mod guards;
mod line;
pub mod machine;
mod next_calls;
mod partner_mail;
mod personal_data;
mod refusal;
mod registry_answer;
mod rejection;
mod rules;
pub mod state;
mod step;
mod submission;
mod transitions;
mod violation;
mod waiting;
mod window;

#[cfg(test)]
pub(crate) mod tests;

pub use allowed_methods::{AllowedMethod, Party, PartyMethod, SERVICES};
pub use claim::{Claim, Erasure};
pub use content::{Contact, Content, Field};
pub use event::{ClaimClosure, ClosureCause, EditNotice, Event, EventKind};
pub use evidence::{Comment, Evidence, EvidenceKind};
pub use facts::{Awards, ConsentFact, Fact, LineVerdict, ReviewFact};
pub use line::{Assessment, AssociationEnd, EndReason, Line, LineRegistryData, LostLine, Verdict};
pub use next_calls::NextCall;
pub use partner_mail::PartnerMailKind;
pub use refusal::Refusal;
pub(crate) use refusal::paths;
pub use registry_answer::{ClaimRegistryData, RegistryAnswer, Tenant};
pub use rejection::{NotDisputableReason, Rejection, Remedy};
pub use rules::Rules;
pub use state::{Association, PartnerAction, State};
pub use step::{Command, FactKind, Step};
pub use submission::{PolicyValues, ReviewProgress, StatementRequest, StatementStatus, Submission};
pub use transitions::{Dispute, Erase, Resubmit, Submit, Update, Withdraw};
pub use violation::{Violation, ViolationReason};
pub use waiting::{Wait, WaitStatus};
pub use window::Window;

pub use cpor_history::FieldChange;
pub use cpor_types::ClaimStateKind;
use cpor_types::string_enum;
pub(crate) use personal_data::{ERASURE_ACTION, ERASURE_FIELD, is_human_side, personal_data_rules};
