//! The rules of customer consent. This module is pure: the current time is an argument, and nothing
//! here depends on a wire format or a database.
//!
//! A [`Consent`] is the customer's side of one claim. It changes when claim-intake (the service
//! that owns the claims) reports something about the claim, when the mail system reports on a
//! notice, when the customer approves or declines, and when a deadline passes. [`table`] defines
//! what each of these inputs does in each state.

mod claim;
mod confirmation;
mod consent;
mod customer;
mod delivery;
mod erase;
mod event;
mod facts;
mod holder;
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
pub(crate) use confirmation::Confirmation;
pub(crate) use consent::Consent;
pub(crate) use event::Event;
pub(crate) use facts::{ClaimApproval, EarlierDecision, EditNotice};
pub(crate) use holder::{
    Answer, HolderDetails, HolderEvent, HolderNotice, HolderNoticeKind, LegacyHolder, Reminder, StatementRefusal,
};
pub(crate) use notice::{Delivery, DeliveryReport, Notice, NoticeKind};
pub(crate) use refusal::Refusal;
#[cfg(test)]
pub(crate) use state::DecisionRecord;
pub(crate) use state::{Channel, DeliveryPeriod, State, StateKind, Window};
pub(crate) use table::CustomerCommand;
pub(crate) use terms::{Rules, Terms, TermsError};
