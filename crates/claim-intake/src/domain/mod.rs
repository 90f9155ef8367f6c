//! The life of a claim: pure, synchronous, no clock, no wire, no storage.
//!
//! Read [`machine`] first: the table says which state admits what; `step` has its words, `guards` what reads it. Then [`state`] (what each
//! state carries), `completeness` (what a submission needs) and `transitions/` (what each step does).
mod claim;
mod completeness;
mod content;
mod directory;
mod event;
mod evidence;
mod explanation;
mod facts;
mod guards;
pub mod history;
mod line;
pub mod machine;
mod notice;
mod offers;
mod refusal;
mod rejection;
mod rules;
pub mod state;
mod step;
mod submission;
mod transitions;
mod violation;
mod waiting;
mod window;
mod words;

#[cfg(test)]
pub(crate) mod tests;

pub use claim::{Claim, Erasure};
pub use content::{Contact, Content, Field};
pub use directory::{Directory, Facts, Tenant};
pub use event::{ClosedBy, Closing, Event, FieldChange, What};
pub use evidence::{Comment, Evidence};
pub use facts::{Awards, ConsentFact, Fact, LineVerdict, ReviewFact};
pub use line::{Assessment, EndReason, Ended, KnownLine, Line, LostLine};
pub use notice::NoticeKind;
pub use offers::{By, Offer, Party, SERVICES};
pub use refusal::Refusal;
pub(crate) use refusal::paths;
pub use rejection::{Finality, Rejection, Remedy};
pub use rules::Rules;
pub use state::{Association, PartnerAction, State, StateKind};
pub use step::{Command, FactKind, Step};
pub use submission::{Leeway, ReviewProgress, Submission};
pub use transitions::{Dispute, Erase, Resubmit, Submit, Update, Withdraw};
pub use violation::{Fault, Violation};
pub use waiting::{Wait, Waiting};
pub use window::Window;
pub use words::{EvidenceKind, Verdict};

use words::words;
