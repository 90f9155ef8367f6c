//! What each step of the transition table does. Every function reads as: the guard, the next claim, what is recorded.
mod apply;
mod close;
mod comment;
mod consent;
mod draft;
mod evidence;
mod review;
mod submit;
mod time;

pub use close::Withdraw;
pub use draft::Update;
pub use submit::{Resubmit, Submit};
