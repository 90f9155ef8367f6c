//! Tests of the domain: the whole transition table, the single rules, and random sequences of steps
//! against a model.
mod competition;
mod completeness;
mod disputes;
mod edits;
pub(crate) mod fixtures;
mod model;
mod partner_mails;
mod reminders;
mod state_machine_proptest;
mod transition_table;
mod transitions;
mod waiting;
