//! Tests of the domain: the whole transition table and the page that shows it, the single rules,
//! and random sequences of steps against a model.
mod competition;
mod completeness;
mod disputes;
mod edits;
pub(crate) mod fixtures;
mod model;
mod partner_mails;
mod reminders;
mod state_diagram;
mod state_machine_proptest;
mod transition_table;
mod transitions;
mod waiting;
