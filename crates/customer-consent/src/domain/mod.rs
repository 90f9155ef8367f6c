//! What the customer is told and says, and what that makes of a consent. Pure: no clock, no wire, no storage.
//!
//! One consent belongs to one claim. claim-intake reports what becomes of the claim, the mail system what becomes of the notices, the
//! customer speaks, and time passes; [`table`] says what each of these does in each state.

mod claim;
mod consent;
mod customer;
mod delivery;
mod erase;
mod event;
mod facts;
mod notice;
mod refusal;
mod state;
mod table;
mod terms;

#[cfg(test)]
pub(crate) mod samples;
#[cfg(test)]
mod tests;

pub(crate) use claim::{ClaimChange, ClaimSummary, Contact, Line};
pub(crate) use consent::Consent;
pub(crate) use event::Event;
pub(crate) use facts::{ClaimApproval, EarlierDecision};
pub(crate) use notice::{Delivery, DeliveryReport, Notice, NoticeKind};
pub(crate) use refusal::Refusal;
#[cfg(test)]
pub(crate) use state::DecisionRecord;
pub(crate) use state::{Channel, State, StateKind, Window};
pub(crate) use table::CustomerCommand;
pub(crate) use terms::{Rules, Terms, TermsError};
