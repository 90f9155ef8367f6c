//! The steps of the transition table, one function each. Every function checks its guard, builds
//! the next claim and records an event.
mod apply;
mod association;
mod close;
mod comment;
mod consent;
mod dispute;
mod draft;
mod edit;
mod erase;
mod evidence;
mod lines;
mod payment;
mod review;
mod statement;
mod submit;
mod time;

pub use close::Withdraw;
pub use dispute::Dispute;
pub use draft::Update;
pub use erase::Erase;
pub use submit::{Resubmit, Submit};
