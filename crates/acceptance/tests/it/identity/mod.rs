//! Who may call which method, and what the others learn: generated from the access that the protos
//! declare.

mod database_roles;
mod events;
pub(crate) mod fixture;
mod issuers;
mod matrix;
mod outcome;
pub(crate) mod requests;
mod rotation;
mod stolen_keys;
mod tokens;
